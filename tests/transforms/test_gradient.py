"""grad, value_and_grad, vjp, jvp: values, nesting, trees, and what they leave alone."""

from __future__ import annotations

import math
from collections import OrderedDict

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


def test_a_cotangent_with_a_graph_keeps_it():
    def by_cotangent(u):
        _, pull = tg.vjp(np.sin, 0.3)
        return pull(u)[0]

    np.testing.assert_allclose(tg.grad(by_cotangent)(1.0), np.cos(0.3), rtol=1e-12)
    u = tg.tensor(2.0, requires_grad=True)
    by_cotangent(u).backward()
    np.testing.assert_allclose(u.grad, np.cos(0.3), rtol=1e-12)


def test_pushing_through_an_input_without_a_rule_stands_still():
    f = lambda s: np.copysign(np.array([1.5, 2.0]), s)  # noqa: E731 - the sign's bearer moves, the size does not
    np.testing.assert_array_equal(tg.jvp(f, (X[:2],), (np.ones(2),))[1], np.zeros(2))


def test_argnums_are_checked():
    def f(a, b):
        return a * b**2

    assert tg.grad(f, argnums=np.int64(1))(2.0, 3.0) == 12.0
    assert tg.grad(f, argnums=(-1, 0))(2.0, 3.0) == (12.0, 9.0)
    for wrong, text in [((0, -2), "names an argument twice"), ("a", "argnums cannot be 'a'"), (None, "cannot be None")]:
        with pytest.raises(errors.ArgumentError, match=text):
            tg.grad(f, argnums=wrong)(2.0, 3.0)


def test_a_value_in_steps_is_refused():
    with pytest.raises(errors.DTypeError, match=r"value of dtype int64(.|\n)*tg\.sigmoid"):
        tg.grad(lambda x: (x > 0).sum())(X)


def test_dicts_keep_their_kind_and_match_by_key():
    ordered = OrderedDict(b=1.0, a=2.0)
    found = tg.grad(lambda p: p["a"] * p["b"] ** 2)(ordered)
    assert type(found) is OrderedDict
    assert list(found.items()) == [("b", 4.0), ("a", 1.0)]
    moved = tg.jvp(lambda p: p["a"] * p["b"], ({"a": 2.0, "b": 3.0},), ({"b": 10.0, "a": 1.0},))[1]
    assert moved == 3.0 * 1.0 + 2.0 * 10.0
    with pytest.raises(errors.ArgumentError, match="built differently"):
        tg.jvp(lambda p: p["a"], ({"a": 2.0},), ({"b": 1.0},))


@pytest.mark.parametrize("transform", [tg.jvp, tg.hvp])
def test_primals_are_a_tuple(transform):
    with pytest.raises(errors.ArgumentError, match=r"no tuple, but ndarray(.|\n)*\(f, \(x,\), \(t,\)\)"):
        transform(lambda x: (x**2).sum(), X, X)


def test_a_tensor_is_not_stored_in_an_array_unseen():
    def filled(x):
        y = np.zeros(3)
        for i in range(3):
            y[i] = x[i] ** 2
        return y.sum()

    with pytest.raises(ValueError, match="setting an array element") as caught:
        tg.grad(filled)(X)
    assert "tg.zeros(n)" in str(caught.value.__cause__)
    y = np.zeros(3)
    y[0] = tg.tensor(2.0)  # without a graph there is nothing to lose
    with tg.no_grad():
        y[1] = tg.tensor(X, requires_grad=True)[2]
    assert y.tolist() == [2.0, X[2], 0.0]
    losses = {"loss": float(tg.tensor(X, requires_grad=True).sum())}
    assert losses["loss"] == X.sum()


def test_numbers_give_numbers():
    found = [
        *tg.jvp(lambda x: x, (3.0,), (2.0,)),
        tg.grad(lambda x: 1.0)(3.0),
        *tg.value_and_grad(np.sin)(0.5),
        *tg.jvp(lambda x: 1.0 * x.detach(), (3.0,), (2.0,)),
    ]
    assert {type(x) for x in found} == {np.float64}


@pytest.mark.parametrize(
    "f", [lambda x: math.sin(x[0]), lambda x: np.fromiter(x, float).sum(), lambda x: np.float64(float(x[0]) * 2)]
)
def test_a_graph_lost_in_plain_numbers_is_told(f):
    with pytest.warns(UserWarning, match=r"its gradient is 0\.(.|\n)*math\.sin(.|\n)*np\.sin\(x\)"):
        found = tg.grad(f)(X)
    np.testing.assert_array_equal(found, np.zeros(3))


def test_a_float_for_a_look_is_no_loss():
    def f(x):
        seen.append(float(x.sum()))
        return (x**2).sum()

    seen = []
    np.testing.assert_array_equal(tg.grad(f)(X), 2 * X)
    assert seen == [X.sum()]
    assert tg.grad(lambda x: 1.0)(2.0) == 0.0  # constant, and nothing was lost
