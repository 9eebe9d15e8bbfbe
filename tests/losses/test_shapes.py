"""What a loss compares with what: a column with or without its axis, never a broadcast."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_loss as tg
from tinygrad_loss import errors, losses

ELEMENTWISE = [
    losses.mean_squared_error,
    losses.mean_absolute_error,
    losses.mean_absolute_percentage_error,
    losses.mean_squared_logarithmic_error,
    losses.huber,
    losses.log_cosh,
    losses.poisson,
    losses.hinge,
    losses.squared_hinge,
    losses.binary_crossentropy,
    losses.binary_focal_crossentropy,
]


def random(*shape):
    return np.random.default_rng(1).uniform(0.1, 0.9, size=shape)


@pytest.mark.parametrize("function", ELEMENTWISE, ids=lambda f: f.__name__)
class TestAlignment:
    @pytest.mark.parametrize(("true", "pred"), [((5,), (5, 1)), ((5, 1), (5,))])
    def test_a_column_with_or_without_its_axis(self, function, true, pred):
        y = random(10)
        expected = function(y[:5, None], y[5:, None])
        result = function(y[:5].reshape(true), tg.tensor(y[5:].reshape(pred)))
        assert result.shape == (5,)
        np.testing.assert_allclose(result.numpy(), expected, rtol=1e-14)

    @pytest.mark.parametrize(("true", "pred"), [((2, 3), (2, 3, 1)), ((2, 3, 1), (2, 3))])
    def test_sequences_lose_the_axis(self, function, true, pred):
        y = random(12)
        expected = function(y[:6].reshape(2, 3), y[6:].reshape(2, 3))
        result = function(y[:6].reshape(true), y[6:].reshape(pred))
        assert result.shape == (2,)
        np.testing.assert_allclose(result, expected, rtol=1e-14)

    @pytest.mark.parametrize(
        ("true", "pred"),
        [
            ((5,), (5, 3)),
            ((5, 3), (5,)),
            ((5, 2), (5, 3)),
            ((5, 1), (5, 3)),
            ((1, 3), (5, 3)),
            ((), (5,)),
            ((3,), (5, 3)),
        ],
    )
    def test_never_a_broadcast(self, function, true, pred):
        with pytest.raises(errors.ShapeError) as caught:
            function(random(*true), tg.tensor(random(*pred)))
        text = str(caught.value)
        assert text.startswith(
            f"{function.__name__} cannot compare y_true of shape {true} with y_pred of shape {pred}."
        )
        assert len(text.splitlines()) == 3

    def test_numbers(self, function):
        assert function(0.25, tg.tensor(0.5)).shape == ()
        np.testing.assert_allclose(float(function(0.25, tg.tensor(0.5))), function([[0.25]], [[0.5]])[0])

    def test_integers_are_numbers(self, function):
        whole, floats = np.array([[1, 0]]), np.eye(1, 2, dtype=np.float32)
        np.testing.assert_array_equal(function(whole, whole), function(floats, floats))


@pytest.mark.parametrize(
    ("true", "pred", "cure"),
    [
        ((4, 1), (4, 3), "End the model with 1 units, or give y_true 3 columns."),
        (
            (4,),
            (4, 3),
            "Each sample has one target but 3 predictions: end the model with 1 unit, or make y_true (4, 3).",
        ),
        ((4, 3), (4,), "Each sample has 3 targets but one prediction: end the model with 3 units."),
        ((4, 2), (4, 3), "End the model with 2 units, or give y_true 3 columns."),
        ((4, 2), (5, 2), "Compare as many: y_true has 4 samples, y_pred has 5."),
        (
            (4, 2),
            (4, 7, 2),
            "Reshape y_true to (4, 7, 2), or look for a missing Flatten or a missing axis in the model.",
        ),
    ],
)
def test_text_of_the_error(true, pred, cure):
    with pytest.raises(errors.ShapeError) as caught:
        losses.MeanSquaredError()(np.zeros(true), tg.tensor(np.zeros(pred)))
    assert str(caught.value).splitlines() == [
        f"mean_squared_error cannot compare y_true of shape {true} with y_pred of shape {pred}.",
        "  Both must have the same shape; only a last axis of length 1 may be left out. Losses never broadcast.",
        f"  {cure}",
    ]


def test_targets_receive_gradients_too():
    y_true = tg.tensor([[1.0, 2.0]], requires_grad=True)
    y_pred = tg.tensor([[3.0, 2.0]], requires_grad=True)
    losses.mean_squared_error(y_true, y_pred).sum().backward()
    np.testing.assert_array_equal(y_true.grad.numpy(), -y_pred.grad.numpy())
    np.testing.assert_array_equal(y_pred.grad.numpy(), [[2.0, 0.0]])


def test_a_tensor_of_targets_and_an_array_of_predictions():
    y_true = tg.tensor([[1.0, 2.0]], requires_grad=True)
    losses.MeanSquaredError()(y_true, np.array([[3.0, 2.0]])).backward()
    np.testing.assert_array_equal(y_true.grad.numpy(), [[-2.0, 0.0]])


class TestDtype:
    def test_floatx(self):
        y = np.array([[1.0]])
        assert losses.MeanSquaredError()(y, tg.tensor(y)).dtype == np.float32
        tg.config.set_floatx("float64")
        assert losses.MeanSquaredError()(y, tg.tensor(y)).dtype == np.float64

    def test_own_dtype(self):
        x = tg.tensor(np.array([[1.0]], np.float32), requires_grad=True)
        loss = losses.MeanSquaredError(dtype="float64")([[0.0]], x)
        loss.backward()
        assert (loss.dtype, x.grad.dtype) == (np.float64, np.float32)

    def test_functions_keep_the_dtype_of_predictions(self):
        for dtype in (np.float32, np.float64):
            assert losses.mean_squared_error(np.array([[1]]), np.ones((1, 1), dtype)).dtype == dtype


def test_kinks_are_zero():
    x = tg.tensor([[1.0, 2.0]], requires_grad=True)
    losses.mean_absolute_error(np.array([[1.0, 0.0]]), x).sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), [[0.0, 0.5]])


def test_cosine_of_a_zero_vector():
    x = tg.tensor([[0.0, 0.0]], requires_grad=True)
    loss = losses.cosine_similarity([[1.0, 0.0]], x)
    loss.sum().backward()
    assert float(loss) == 0
    assert np.isfinite(x.grad.numpy()).all()


@pytest.mark.parametrize("delta", [0, -1.0, np.inf, "1", True])
def test_huber_delta(delta):
    with pytest.raises(errors.ArgumentError) as caught:
        losses.Huber(delta=delta)
    assert str(caught.value).startswith(f"huber cannot use delta={delta!r}.")


def test_far_out_nothing_overflows():
    x = tg.tensor([[1e4, -1e4]], requires_grad=True)
    loss = losses.log_cosh([[0.0, 0.0]], x)
    loss.sum().backward()
    np.testing.assert_allclose(float(loss), 1e4 - np.log(2))
    np.testing.assert_array_equal(x.grad.numpy(), [[0.5, -0.5]])
