"""Activations that are exactly 0, gated ones, and gelu: their properties, and PyTorch's numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest

import tinygrad_loss as tg
from tinygrad_loss.errors import ShapeError

X = np.random.default_rng(0).normal(size=(5, 8)) * 2


def test_sparsemax_is_the_nearest_point_of_the_simplex():
    y = tg.sparsemax(X)
    np.testing.assert_allclose(y.sum(-1), np.ones(5), rtol=1e-14)
    assert (y >= 0).all()
    assert (y == 0).any()
    others = np.random.default_rng(1).dirichlet(np.ones(8), size=2000)
    distances = ((others[:, None] - X) ** 2).sum(-1).min(0)
    assert (((y - X) ** 2).sum(-1) <= distances).all()


def test_sparsemax_along_another_axis_and_of_equal_values():
    np.testing.assert_array_equal(tg.sparsemax(X, axis=0), tg.sparsemax(X.T).T)
    np.testing.assert_allclose(tg.sparsemax(np.zeros(4)), np.full(4, 0.25))
    np.testing.assert_array_equal(tg.sparsemax(np.array([1e6, 0.0])), [1.0, 0.0])


def test_sparse_sigmoid_is_the_derivative_of_sparse_plus():
    x = tg.tensor(np.linspace(-2, 2, 41), requires_grad=True)
    tg.sparse_plus(x).sum().backward()
    np.testing.assert_allclose(x.grad, tg.sparse_sigmoid(x.detach()), rtol=1e-14, atol=1e-15)


def test_glu_takes_halves_of_any_axis():
    expected = X[:, :4] / (1 + np.exp(-X[:, 4:]))
    np.testing.assert_allclose(tg.glu(X), expected, rtol=1e-13)
    np.testing.assert_allclose(tg.glu(X.T, axis=0), expected.T, rtol=1e-13)
    with pytest.raises(ShapeError, match=r"axis -1 of length 3(.|\n)*must be even(.|\n)*twice the units"):
        tg.glu(np.ones((2, 3)))


def test_gelu_is_x_times_the_share_below_it():
    share = [0.5 * math.erfc(-x / math.sqrt(2)) for x in X.ravel()]
    np.testing.assert_allclose(tg.gelu(X).ravel(), X.ravel() * share, rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(tg.gelu(X, approximate=True), tg.gelu(X), atol=5e-4)  # the bound of the tanh form
    assert tg.gelu(X.astype(np.float32)).dtype == np.float32
    np.testing.assert_array_equal(tg.gelu(np.array([-40.0, 40.0, 0.0])), [0.0, 40.0, 0.0])


@pytest.mark.oracle
@pytest.mark.parametrize("name", ["gelu", "gelu, tanh", "glu"])
def test_against_torch(name):
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional
    ours, theirs = {
        "gelu": (tg.gelu, functional.gelu),
        "gelu, tanh": (lambda x: tg.gelu(x, True), lambda x: functional.gelu(x, approximate="tanh")),
        "glu": (tg.glu, functional.glu),
    }[name]
    x, other = tg.tensor(X, requires_grad=True), torch.tensor(X, requires_grad=True)
    y, right = ours(x), theirs(other)
    np.testing.assert_allclose(y.detach(), right.detach().numpy(), rtol=1e-12, atol=1e-14)
    (y * y).sum().backward()
    (right * right).sum().backward()
    np.testing.assert_allclose(x.grad, other.grad.numpy(), rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sparsemax_of_large_numbers(dtype):
    x = np.array([1e30, 1e30, -1e30, 0.0], dtype)
    np.testing.assert_array_equal(tg.sparsemax(x), [0.5, 0.5, 0.0, 0.0])
    near = np.array([1e6, 1e6 - 0.5, 0.0], dtype)
    np.testing.assert_allclose(tg.sparsemax(near), [0.75, 0.25, 0.0])
    assert tg.softmax(tg.tensor([1, 2])).dtype == np.float64
