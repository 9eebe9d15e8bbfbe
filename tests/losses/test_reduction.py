"""Weights and reductions, once for all losses."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_loss as tg
from tinygrad_loss import errors, losses
from tinygrad_loss.losses.reduction import REDUCTIONS, reduced

Y_TRUE, Y_PRED = [[0.0], [0.0]], [[1.0], [2.0]]  # losses 1 and 4


def mse(reduction="sum_over_batch_size", weight=None):
    return losses.MeanSquaredError(reduction=reduction)(Y_TRUE, tg.tensor(Y_PRED), sample_weight=weight)


@pytest.mark.parametrize(
    ("reduction", "plain", "weighted"),
    [
        ("sum_over_batch_size", 2.5, 3.5),
        ("mean", 2.5, 3.5),
        ("sum", 5.0, 7.0),
        ("mean_with_sample_weight", 2.5, 1.75),
    ],
)
def test_reductions(reduction, plain, weighted):
    assert float(mse(reduction)) == plain
    assert float(mse(reduction, [3.0, 1.0])) == weighted


@pytest.mark.parametrize("reduction", ["none", None])
def test_no_reduction(reduction):
    np.testing.assert_array_equal(mse(reduction).numpy(), [1.0, 4.0])
    np.testing.assert_array_equal(mse(reduction, [3.0, 1.0]).numpy(), [3.0, 4.0])


def test_without_any_weight_the_loss_is_zero():
    assert [float(mse(reduction, [0.0, 0.0])) for reduction in REDUCTIONS[:4]] == [0.0] * 4


@pytest.mark.parametrize("weight", [[3.0, 1.0], [[3.0], [1.0]], np.array([3, 1]), (3.0, 1.0)])
def test_weights_in_any_form(weight):
    assert float(mse(weight=weight)) == 3.5
    assert float(mse(weight=tg.tensor(weight))) == 3.5


def test_one_weight_for_all():
    assert float(mse(weight=2.0)) == 5.0


def test_weights_of_sequences():
    values = np.arange(6.0).reshape(2, 3)
    for weight in (np.array([1.0, 2.0]), np.array([[1.0], [2.0]])):
        assert float(reduced(values, weight)) == (values * [[1.0], [2.0]]).mean()
    assert float(reduced(values, values)) == (values**2).mean()


def test_weights_receive_gradients():
    weight = tg.tensor([3.0, 1.0], requires_grad=True)
    mse(weight=weight).backward()
    np.testing.assert_array_equal(weight.grad.numpy(), [0.5, 2.0])


@pytest.mark.parametrize("shape", [(3,), (1, 2), (2, 2), (2, 1, 3)])
def test_weights_that_do_not_fit(shape):
    with pytest.raises(errors.ShapeError) as caught:
        mse(weight=np.ones(shape))
    assert str(caught.value).splitlines() == [
        f"A loss cannot weight values of shape (2,) by sample_weight of shape {shape}.",
        "  There is one weight per sample, along the first axis.",
        "  Give sample_weight one number per row of y_true.",
    ]


def test_weights_of_a_single_row():
    with pytest.raises(errors.ShapeError, match=r"give y_true and y_pred as \(n, 1\), so that each row is a sample."):
        losses.MeanSquaredError()([0.0, 0.0], tg.tensor([1.0, 2.0]), sample_weight=[1.0, 2.0])


@pytest.mark.parametrize(
    ("reduction", "cure"),
    [("avg", "Known names: mean"), ("sum_over_batch", "Did you mean 'sum_over_batch_size'"), (1, "Leave it out")],
)
def test_unknown_reduction(reduction, cure):
    with pytest.raises(errors.ArgumentError) as caught:
        losses.MeanSquaredError(reduction=reduction)
    text = str(caught.value)
    assert text.startswith(
        f"A loss cannot reduce by {reduction!r}.\n  The reductions are 'sum_over_batch_size', 'mean',"
    )
    assert cure in text
    assert len(text.splitlines()) == 3


class TestMask:
    VALUES = np.array([1.0, 2.0, 6.0])
    MASK = np.array([True, False, True])

    @pytest.mark.parametrize(
        ("reduction", "plain", "weighted"),
        [("mean", 3.5, 4.5), ("sum", 7.0, 9.0), ("mean_with_sample_weight", 3.5, 9.0 / 4)],
    )
    def test_counts_the_rest_alone(self, reduction, plain, weighted):
        assert float(reduced(self.VALUES, None, self.MASK, reduction)) == pytest.approx(plain, rel=1e-15)
        assert float(reduced(self.VALUES, [3.0, 9.0, 1.0], self.MASK, reduction)) == pytest.approx(weighted, rel=1e-15)

    def test_of_tensors_in_float32(self):
        loss = reduced(tg.tensor(self.VALUES.astype(np.float32), requires_grad=True), None, tg.tensor(self.MASK))
        loss.backward()
        assert (float(loss), loss.dtype) == (3.5, np.float32)


@given(st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(0, 1e3)), min_size=1, max_size=8))
def test_the_mean_is_the_sum_over_n(pairs):
    values, weights = map(np.array, zip(*pairs, strict=True))
    total = float(reduced(values, weights, reduction="sum"))
    assert float(reduced(values, weights)) == pytest.approx(total / len(values), rel=1e-12, abs=1e-12)
    if weights.sum() > 1e-6:
        mean = float(reduced(values, weights, reduction="mean_with_sample_weight"))
        assert mean == pytest.approx(total / weights.sum(), rel=1e-12, abs=1e-12)
