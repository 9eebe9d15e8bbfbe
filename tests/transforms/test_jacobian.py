"""Jacobians and Hessians, by both modes."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_loss as tg
from tinygrad_loss import errors

A = np.array([[1.0, 2.0, 3.0], [0.5, -1.0, 0.25]])
X = np.array([0.3, -1.2, 2.0])


@pytest.mark.parametrize("mode", ["auto", "forward", "reverse"])
def test_jacobian_of_a_linear_map_is_its_matrix(mode):
    np.testing.assert_allclose(tg.jacobian(lambda x: A @ x, mode=mode)(X), A)


def test_shapes_and_trees():
    def f(p):
        return p["a"][:, None] * p["b"], p["b"].sum()

    p = {"a": np.array([1.0, 2.0]), "b": X}
    first, second = tg.jacobian(f)(p)
    assert first["a"].shape == (2, 3, 2)
    assert first["b"].shape == (2, 3, 3)
    assert second["b"].shape == (3,)
    for mode in ("forward", "reverse"):
        other, _ = tg.jacobian(f, mode=mode)(p)
        np.testing.assert_allclose(other["a"], first["a"])
        np.testing.assert_allclose(other["b"], first["b"])


def test_hessian_of_rosenbrock():
    def rosenbrock(x):
        return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()

    x = np.array([-1.0, 0.5, 2.0])
    expected = np.array(
        [
            [1200 * x[0] ** 2 - 400 * x[1] + 2, -400 * x[0], 0],
            [-400 * x[0], 202 + 1200 * x[1] ** 2 - 400 * x[2], -400 * x[1]],
            [0, -400 * x[1], 200],
        ]
    )
    np.testing.assert_allclose(tg.hessian(rosenbrock)(x), expected)


def test_hvp_of_several_primals():
    f = lambda a, b: (a * b**2).sum()  # noqa: E731
    a, b = X, X + 1
    moved = tg.hvp(f, (a, b), (np.ones(3), np.zeros(3)))
    np.testing.assert_allclose(moved[0], np.zeros(3))
    np.testing.assert_allclose(moved[1], 2 * b)


def test_grad_through_a_jacobian():
    result = tg.grad(lambda x: (tg.jacobian(lambda y: y**3)(x)).sum())(X)
    np.testing.assert_allclose(result, 6 * X)


def test_unknown_mode():
    with pytest.raises(errors.ArgumentError, match="no mode 'fwd'"):
        tg.jacobian(np.sin, mode="fwd")


def test_aux_is_handed_on():
    x = np.array([1.0, 2.0])
    matrix, aux = tg.jacobian(lambda x: (x**3, {"x": x}), has_aux=True)(x)
    np.testing.assert_allclose(matrix, np.diag(3 * x**2))
    np.testing.assert_array_equal(aux["x"], x)
    matrix, aux = tg.hessian(lambda x: ((x**3).sum(), "seen"), has_aux=True)(x)
    np.testing.assert_allclose(matrix, np.diag(6 * x))
    assert aux == "seen"
