"""grad, value_and_grad, vjp, jvp: values, nesting, trees, and what they leave alone."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_loss as tg
from tinygrad_loss import errors

X = np.array([0.3, -1.2, 2.0])


def test_arrays_give_arrays_and_tensors_tensors():
    assert isinstance(tg.grad(lambda x: (x * x).sum())(X), np.ndarray)
    result = tg.grad(lambda x: (x * x).sum())(tg.tensor(X))
    assert isinstance(result, tg.Tensor)
    assert not result.requires_grad


def test_third_derivative():
    third = tg.grad(tg.grad(tg.grad(lambda x: x**4)))
    assert third(2.0) == 48.0


def test_nested_grad_keeps_the_outer_variable():
    # d/dx [ d/dy (x y²) at y = x·x ] = d/dx (2 x³) = 6 x²
    def outer(x):
        return tg.grad(lambda y: x * y**2)(x * x)

    np.testing.assert_allclose(tg.grad(outer)(3.0), 54.0, rtol=1e-14)


def test_inner_grad_of_a_plain_value_over_an_outer_variable():
    # perturbation confusion: d/dx [x · d/dy (x + y)] = 1
    assert tg.grad(lambda x: x * tg.grad(lambda y: x + y)(1.0))(5.0) == 1.0
    assert tg.grad(lambda x: tg.grad(lambda y: x * y**2)(3.0))(2.0) == 6.0


def test_grad_leaves_the_slots_of_parameters_alone():
    w = tg.tensor([1.0, 2.0, 3.0], requires_grad=True)
    result = tg.grad(lambda x: (w * x).sum())(X)
    assert w.grad is None
    np.testing.assert_array_equal(result.detach(), w.data)


def test_a_gradient_penalty_reaches_the_parameters():
    w = tg.tensor([1.0, 2.0, 3.0], requires_grad=True)
    slope = tg.grad(lambda x: (w * x**2).sum())(X)
    (slope**2).sum().backward()
    np.testing.assert_allclose(w.grad, 8 * w.data * X**2, rtol=1e-13)


def test_under_no_grad_nothing_outside_is_recorded():
    w = tg.tensor(2.0, requires_grad=True)
    with tg.no_grad():
        assert isinstance(tg.grad(lambda x: w * x * x)(3.0), (np.ndarray, np.floating))


def test_trees_argnums_and_aux():
    def loss(parameters, x, scale=1.0):
        y = x @ parameters["w"] + parameters["layers"][0]
        return (y * y).sum() * scale, {"prediction": y}

    parameters = {"w": np.ones((3, 2)), "layers": [np.zeros(2)]}
    (value, aux), gradients = tg.value_and_grad(loss, has_aux=True)(parameters, X, scale=2.0)
    assert isinstance(aux["prediction"], np.ndarray)
    y = X @ parameters["w"]
    np.testing.assert_allclose(value, 2 * (y**2).sum())
    np.testing.assert_allclose(gradients["w"], 4 * np.outer(X, y))
    np.testing.assert_allclose(gradients["layers"][0], 4 * y)
    by_x, by_parameters = tg.grad(lambda p, x: loss(p, x)[0], argnums=(1, 0))(parameters, X)
    np.testing.assert_allclose(by_x, 2 * parameters["w"] @ y)
    assert set(by_parameters) == {"w", "layers"}


def test_unconnected_arguments_get_zeros():
    _, b = tg.grad(lambda a, b: (a * a).sum(), argnums=(0, 1))(X, np.ones((2, 2)))
    np.testing.assert_array_equal(b, np.zeros((2, 2)))
    np.testing.assert_array_equal(tg.grad(lambda x: 3.0)(X), np.zeros(3))


def test_vjp_and_jvp_agree_on_several_outputs():
    def f(a, b):
        return {"product": a * b, "sum": np.sin(a).sum()}

    a, b = X, X + 1
    outputs, pull = tg.vjp(f, a, b)
    u = {"product": np.array([1.0, 2.0, 3.0]), "sum": 0.5}
    pulled = pull(u)
    t = (np.array([0.1, 0.2, 0.3]), np.array([-1.0, 0.5, 2.0]))
    again, moved = tg.jvp(f, (a, b), t)
    np.testing.assert_array_equal(outputs["product"], again["product"])
    left = (u["product"] * moved["product"]).sum() + u["sum"] * moved["sum"]
    np.testing.assert_allclose(left, sum((p * q).sum() for p, q in zip(pulled, t, strict=True)))


def test_jvp_of_grad_is_grad_of_jvp():
    def f(x):
        return (np.tanh(x) * x).sum()

    v = np.array([1.0, -2.0, 0.5])
    forward_over_reverse = tg.jvp(tg.grad(f), (X,), (v,))[1]
    reverse_over_forward = tg.grad(lambda x: tg.jvp(f, (x,), (v,))[1])(X)
    np.testing.assert_allclose(forward_over_reverse, reverse_over_forward, rtol=1e-12)
    np.testing.assert_allclose(tg.hvp(f, (X,), (v,)), tg.hessian(f)(X) @ v, rtol=1e-12)


def test_jvp_within_jvp():
    first = lambda x: tg.jvp(lambda y: y**3, (x,), (1.0,))[1]  # noqa: E731
    assert tg.jvp(first, (2.0,), (1.0,))[1] == 12.0


def test_linearize_is_linear():
    y, push = tg.linearize(np.tanh, X)
    np.testing.assert_array_equal(y, np.tanh(X))
    np.testing.assert_allclose(push(2 * X), 2 * push(X))


def test_float32_stays():
    value, gradient = tg.value_and_grad(lambda x: np.tanh(x).mean())(X.astype(np.float32))
    assert value.dtype == gradient.dtype == np.float32


def test_messages():
    with pytest.raises(errors.GraphError, match=r"scalar outputs; this one has shape \(3,\)"):
        tg.grad(lambda x: x * x)(X)
    with pytest.raises(errors.DTypeError, match=r"dtype int64.*\n.*floating point.*\n.*3\.0 instead of 3"):
        tg.grad(lambda x: x * x)(3)
    with pytest.raises(errors.ArgumentError, match=r"argnums names argument 1, but .* 1 positional"):
        tg.grad(lambda x: x, argnums=1)(1.0)
    with pytest.raises(errors.ArgumentError, match="has_aux=True, but the function returned Tensor"):
        tg.grad(lambda x: x.sum(), has_aux=True)(X)
    with pytest.raises(errors.ShapeError, match=r"cotangent has shape \(2,\)"):
        tg.vjp(np.sin, X)[1](np.ones(2))
    with pytest.raises(errors.ArgumentError, match=r"tangents is built differently.*\n.*\n.*\(\*,?\)"):
        tg.jvp(np.sin, (X,), (X, X))
