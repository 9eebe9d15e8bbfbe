"""Primitives of one's own, stopped gradients and recomputed segments."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_loss as tg
from tinygrad_loss import errors
from tinygrad_loss.modes import drawing

X = np.array([0.3, -1.2, 2.0])


def test_a_primitive_differentiates_in_both_modes_to_any_order():
    @tg.primitive(lambda g, y, x: g * 3 * x**2)
    def own_cube(x):
        return x**3

    assert tg.gradcheck(own_cube, X)
    assert tg.gradgradcheck(own_cube, X)
    np.testing.assert_allclose(tg.jvp(own_cube, (X,), (np.ones(3),))[1], 3 * X**2)
    assert tg.grad(tg.grad(tg.grad(own_cube)))(1.0) == 6.0


def test_attributes_keep_their_defaults():
    @tg.primitive(lambda g, y, x, power: g * power * x ** (power - 1))
    def own_power(x, power=2):
        return x**power

    assert tg.grad(own_power)(3.0) == 6.0
    assert tg.grad(lambda x: own_power(x, power=3))(3.0) == 27.0


def test_names_and_numbers_of_rules_are_checked():
    with pytest.raises(errors.ArgumentError, match=r"'exp': an op of that name is built in(.|\n)*my_exp"):
        tg.primitive(lambda g, y, x: g, name="exp")(lambda x: x)
    with pytest.raises(errors.ArgumentError, match="has 1 rules for 2 inputs"):
        tg.primitive(lambda g, y, a: g)(lambda a, b: a * b)


def test_redefinition_takes_the_new_rule():
    for factor in (2.0, 3.0):
        scaled = tg.primitive(lambda g, y, x, f=factor: g * f, name="own_scaled")(lambda x: x * 2)
    assert tg.grad(scaled)(1.0) == 3.0


def test_stop_gradient():
    assert tg.stop_gradient(X) is not None
    x = tg.tensor(X, requires_grad=True)
    (x * tg.stop_gradient(x)).sum().backward()
    np.testing.assert_array_equal(x.grad, X)
    with pytest.raises(ValueError, match="read-only"):
        tg.stop_gradient(x).data[0] = 1.0


def block(x):
    return np.tanh(np.tanh(x) * 2) * x


def test_checkpoint_agrees_and_holds_less():
    plain, kept = tg.tensor(X, requires_grad=True), tg.tensor(X, requires_grad=True)
    block(plain).sum().backward()
    y = tg.checkpoint(block)(kept)
    assert y.node.inputs[0].op.name == "checkpoint(block)"
    assert y.node.inputs[0].inputs == (kept.node,)
    y.sum().backward()
    np.testing.assert_array_equal(kept.grad, plain.grad)


def test_checkpoint_differentiates_twice_and_forwards():
    f = tg.checkpoint(block)
    assert tg.gradcheck(f, X)
    assert tg.gradgradcheck(f, X)
    t = np.array([1.0, 0.5, -2.0])
    np.testing.assert_allclose(tg.jvp(f, (X,), (t,))[1], tg.jvp(block, (X,), (t,))[1], rtol=1e-12)


def test_checkpoint_reaches_the_parameters_that_the_function_uses():
    w = tg.tensor(X, requires_grad=True)
    tg.checkpoint(lambda x: np.tanh(w * x))(X).sum().backward()
    np.testing.assert_allclose(w.grad, X * (1 - np.tanh(X * X) ** 2))


def test_checkpoint_draws_the_same_numbers_again():
    generator = np.random.default_rng(4)
    x = tg.tensor(X, requires_grad=True)
    y = tg.checkpoint(lambda x: x * drawing(generator).normal(size=3))(x)
    after = generator.bit_generator.state
    y.sum().backward()
    np.testing.assert_allclose(x.grad, y.data / X)
    assert generator.bit_generator.state == after


def test_checkpoint_refuses_a_parameter_that_was_assigned():
    w = tg.tensor(X, requires_grad=True)
    y = tg.checkpoint(lambda x: w * x)(X).sum()
    w.assign(X + 1)
    with pytest.raises(errors.GraphError, match="was assigned since"):
        y.backward()


def test_a_checkpoint_is_drawn():
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    text = tg.draw(tg.checkpoint(lambda a: (a * a).sum())(x)).text()
    assert "checkpoint" in text


def test_stop_gradient_takes_trees():
    def f(p):
        held = tg.stop_gradient(p)
        return p["a"] * held["b"][0] + held["a"] * p["b"][0] ** 2

    assert tg.grad(f)({"a": 2.0, "b": [3.0]}) == {"a": 3.0, "b": [12.0]}


@pytest.mark.parametrize("result", [None, {"y": 1}, "text"])
def test_a_primitive_that_returns_no_numbers_is_refused(result):
    wrong = tg.primitive(lambda g, y, x: g, name="own_wrong")(lambda x: result)
    for x in (X, tg.tensor(X, requires_grad=True)):
        with pytest.raises(errors.DTypeError, match=rf"'own_wrong' returned {type(result).__name__}"):
            wrong(x)


def test_a_primitive_may_return_numbers_in_any_form():
    listed = tg.primitive(lambda g, y, x: g[0] + 2 * g[1], name="own_listed")(lambda x: [float(x), 2.0 * float(x)])
    x = tg.tensor(3.0, requires_grad=True)
    y = listed(x)
    assert isinstance(y, tg.Tensor)
    assert y.shape == (2,)
    y.sum().backward()
    assert x.grad.item() == 3.0


def test_neither_function_nor_rule_of_a_primitive_can_write_into_the_graph():
    def doubled_in_place(x):
        x *= 2
        return x

    def rule_in_place(g, y, x):
        g *= 2
        return g

    x = tg.tensor(X, requires_grad=True)
    with pytest.raises(ValueError, match="read-only"):
        tg.primitive(lambda g, y, x: 2 * g, name="own_writer")(doubled_in_place)(x)
    np.testing.assert_array_equal(x.data, X)
    y = tg.primitive(rule_in_place, name="own_rule_writer")(lambda x: x * 2)(x * 1.0)
    with pytest.raises(ValueError, match="read-only"):
        y.backward(np.ones(3))


def test_a_primitive_is_replayed():
    own = tg.primitive(lambda g, y, x: g * 3 * x**2, name="own_replayed")(lambda x: x**3)
    step = tg.jit(tg.value_and_grad(lambda x: own(x).sum()))
    for scale in (1.0, 2.0):
        value, gradient = step(X * scale)
        np.testing.assert_allclose(value, np.sum((X * scale) ** 3))
        np.testing.assert_allclose(gradient, 3 * (X * scale) ** 2)
