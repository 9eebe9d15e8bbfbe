"""Logits recovered behind softmax and sigmoid, and gradients where probabilities are 0."""

from __future__ import annotations

import json
import pathlib
import warnings

import numpy as np
import pytest

import tinygrad_loss as tg
from tinygrad_loss import errors, losses
from tinygrad_loss.ops.activations import logits_of

HARD = np.array([[-100.0, 100.0]])


def leaf(values):
    return tg.tensor(values, requires_grad=True)


CASES = [
    ("CategoricalCrossentropy", np.array([[1.0, 0.0]]), tg.softmax, 200.0, [[-1.0, 1.0]]),
    ("SparseCategoricalCrossentropy", np.array([0]), tg.softmax, 200.0, [[-1.0, 1.0]]),
    ("BinaryCrossentropy", np.array([[1.0, 0.0]]), tg.sigmoid, 100.0, [[-0.5, 0.5]]),
]


@pytest.mark.parametrize(("kind", "y_true", "activation", "value", "gradient"), CASES, ids=lambda x: str(x)[:20])
class TestRecovery:
    def test_wholly_wrong_predictions_still_learn(self, kind, y_true, activation, value, gradient):
        z = leaf(HARD)
        loss = getattr(losses, kind)(dtype="float64")(y_true, activation(z))
        loss.backward()
        assert float(loss) == value
        np.testing.assert_allclose(z.grad.numpy(), gradient, atol=1e-12)

    def test_in_float32_from_float64(self, kind, y_true, activation, value, gradient):
        z = leaf(HARD)
        loss = getattr(losses, kind)()(y_true, activation(z))
        loss.backward()
        assert (float(loss), loss.dtype, z.grad.dtype) == (value, np.float32, np.float64)
        np.testing.assert_allclose(z.grad.numpy(), gradient, atol=1e-7)

    def test_under_no_grad(self, kind, y_true, activation, value, gradient):
        with tg.no_grad():
            assert float(getattr(losses, kind)()(y_true, activation(leaf(HARD)))) == value
        assert float(getattr(losses, kind)()(y_true, activation(tg.tensor(HARD)))) == value

    def test_from_logits(self, kind, y_true, activation, value, gradient):
        z = leaf(HARD)
        loss = getattr(losses, kind)(from_logits=True, dtype="float64")(y_true, z)
        loss.backward()
        assert float(loss) == value
        np.testing.assert_allclose(z.grad.numpy(), gradient, atol=1e-12)

    def test_probabilities_declared_as_logits(self, kind, y_true, activation, value, gradient):
        with pytest.warns(UserWarning, match=f"from_logits=True, but y_pred was made by {activation.__name__}"):
            loss = getattr(losses, kind)(from_logits=True)(y_true, activation(leaf(HARD)))
        assert float(loss) == value

    def test_logits_not_declared(self, kind, y_true, activation, value, gradient):
        with pytest.raises(errors.ArgumentError) as caught:
            getattr(losses, kind)()(y_true, tg.tensor(HARD))
        first, needs, cure = str(caught.value).splitlines()
        assert first.endswith(" got y_pred from -100 to 100: those are no probabilities.")
        assert needs == "  It needs probabilities, between 0 and 1, unless from_logits=True."
        assert cure == f"  Say from_logits=True for logits, or end the model with {activation.__name__}."


class TestKullbackLeibler:
    def test_after_a_softmax_the_gradient_lives(self):
        z = leaf(HARD)
        loss = losses.KLDivergence(dtype="float64")(np.array([[1.0, 0.0]]), tg.softmax(z))
        loss.backward()
        np.testing.assert_allclose(float(loss), 200.0, rtol=1e-6)
        np.testing.assert_allclose(z.grad.numpy(), [[-1.0, 1.0]], atol=2e-7)

    def test_of_equal_distributions_is_zero(self):
        z = leaf([[0.3, -1.2, 2.0]])
        p = tg.softmax(z)
        loss = losses.kl_divergence(p.detach(), p)
        loss.sum().backward()
        np.testing.assert_allclose(loss.detach().numpy(), [0.0], atol=1e-15)
        np.testing.assert_allclose(z.grad.numpy(), np.zeros((1, 3)), atol=1e-15)

    def test_from_raw_probabilities(self):
        p = leaf([[0.0, 1.0], [0.5, 0.5]])
        losses.kl_divergence(np.array([[0.4, 0.6], [0.0, 1.0]]), p).sum().backward()
        np.testing.assert_allclose(p.grad.numpy(), [[-0.4e7, -0.6], [0.0, -2.0]], rtol=1e-12)

    def test_no_probabilities(self):
        with pytest.raises(errors.ArgumentError) as caught:
            losses.KLDivergence()([[0.5, 0.5]], tg.tensor(HARD))
        assert str(caught.value).splitlines() == [
            "kl_divergence got y_pred from -100 to 100: those are no probabilities.",
            "  It needs probabilities, between 0 and 1.",
            "  End the model with softmax.",
        ]


class TestRawProbabilities:
    def test_categorical(self):
        p = leaf([[0.0, 1.0]])
        loss = losses.categorical_crossentropy(np.array([[1.0, 0.0]]), p)
        loss.sum().backward()
        np.testing.assert_allclose(float(loss), -np.log(1e-7))
        np.testing.assert_allclose(p.grad.numpy(), [[-1e7, 0.0]])

    def test_the_sum_is_divided_out(self):
        p = leaf([[0.2, 0.8]])
        losses.categorical_crossentropy(np.array([[1.0, 0.0]]), p).sum().backward()
        np.testing.assert_allclose(p.grad.numpy(), [[1 - 1 / 0.2, 1.0]])

    def test_sparse(self):
        p = leaf([[0.0, 1.0]])
        losses.sparse_categorical_crossentropy(np.array([0]), p).sum().backward()
        np.testing.assert_allclose(p.grad.numpy(), [[-1e7, 1.0]], rtol=1e-6)

    def test_binary(self):
        p = leaf([[0.0], [1.0], [1.0]])
        losses.binary_crossentropy(np.array([[1.0], [0.0], [1.0]]), p).sum().backward()
        np.testing.assert_allclose(p.grad.numpy(), [[-1e7], [1e7], [-1.0]])


class TestOrigin:
    def test_only_softmax_serves_a_categorical_loss(self):
        z = leaf([[0.5, -1.0]])
        p = tg.sigmoid(z)
        expected = losses.categorical_crossentropy(np.array([[1.0, 0.0]]), p.detach())
        np.testing.assert_allclose(losses.categorical_crossentropy(np.array([[1.0, 0.0]]), p).detach(), expected)
        assert logits_of(p, "softmax", -1) is None
        assert logits_of(p, "sigmoid") is z

    def test_only_along_the_axis_of_the_classes(self):
        p = tg.softmax(leaf([[0.5, -1.0], [0.0, 2.0]]), axis=0)
        assert logits_of(p, "softmax", -1) is None
        assert logits_of(p, "softmax", -2) is logits_of(p, "softmax", 0) is not None

    def test_not_after_a_change_of_the_probabilities(self):
        p = tg.softmax(tg.tensor([[0.5, -1.0]]))
        p[0, 0] = 1.0
        assert logits_of(p, "softmax", -1) is None
        loss = losses.categorical_crossentropy(np.array([[1.0, 0.0]]), p)
        np.testing.assert_allclose(loss.numpy(), -np.log(1 / (1 + p[0, 1].item())))

    def test_not_after_a_change_of_the_logits(self):
        z = tg.tensor([[0.5, -1.0]])
        p = tg.softmax(z)
        z[0, 0] = 9.0
        assert logits_of(p, "softmax", -1) is None

    def test_not_through_a_stale_view(self):
        z = tg.tensor([[[0.5, -1.0]]])
        p = tg.softmax(z[0])
        z[0, 0, 0] = 9.0
        assert logits_of(p, "softmax", -1) is None

    def test_survives_the_axis_of_a_column(self):
        z = leaf([-100.0, 100.0])
        loss = losses.binary_crossentropy(np.array([[1.0], [1.0]]), tg.sigmoid(z))
        np.testing.assert_allclose(loss.detach().numpy(), [100.0, 0.0], atol=1e-40)


def test_second_order_through_the_recovered_logits():
    z = np.array([0.3, -1.0, 0.5])
    y = np.array([0.0, 1.0, 0.0])
    hessian = tg.hessian(lambda x: losses.categorical_crossentropy(y, tg.softmax(x)))(z)
    p = np.exp(z) / np.exp(z).sum()
    np.testing.assert_allclose(np.asarray(hessian), np.diag(p) - np.outer(p, p), atol=1e-12)


def test_nothing_warns_at_extremes():
    facts = json.loads((pathlib.Path(__file__).parents[1] / "oracle" / "losses.json").read_text())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for fact in facts["held"]:
            x = leaf(fact["x"])
            getattr(losses, fact["kind"])()(np.array(fact["y_true"]), x).backward()
            assert np.isfinite(x.grad.numpy()).all()
