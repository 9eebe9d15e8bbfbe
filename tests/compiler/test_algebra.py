"""Passes of algebra: each leaves the same bits, and the step that it is there for is gone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_loss as tg
from tinygrad_loss.compiler import PASSES

X = np.random.default_rng(0).normal(size=5)
Y = np.random.default_rng(1).normal(size=5)
ALGEBRA = {
    "drop copies",
    "powers of zero",
    "merge signs",
    "merge scalings",
    "gather factors",
    "entries known before",
    "join choices",
}

CASES = {  # what is computed, and how many steps there are without the passes and with them
    "power of zero": (lambda x, y: x**0 * y, 2, 0),
    "minus a negative": (lambda x, y: x - (-y), 2, 1),
    "plus a negative": (lambda x, y: x + (-y), 2, 1),
    "a negative plus": (lambda x, y: -x + y, 2, 1),
    "twice negative": (lambda x, y: np.negative(-(x * y)), 3, 1),
    "two negatives": (lambda x, y: (-x) * (-y), 3, 1),
    "a negative scaled": (lambda x, y: (-x) * 3.0, 2, 1),
    "scaled by a negative": (lambda x, y: 3.0 * (-x), 2, 1),
    "a negative divided": (lambda x, y: (-x) / 3.0, 2, 1),
    "a scaled one negative": (lambda x, y: -(x * 3.0), 2, 1),
    "a negative product": (lambda x, y: -((-x) * y), 3, 1),
    "times minus one": (lambda x, y: y + x * -1.0, 2, 1),
    "scaled twice": (lambda x, y: x * 2 * 100.0, 2, 1),
    "scaled three times": (lambda x, y: 4.0 * (2 * (x * 0.3)), 3, 3 - 1),
    "two choices": (lambda x, y: (np.where(x > y, 2.0, 0.0) + np.where(x > y, 0.0, 3.0)) * y, 5, 3),
    "two equal choices": (lambda x, y: (np.where(x > y, 2.0, 0.0) + np.where(x > y, 0.0, 2.0)) * y, 5, 1),
    "opposite choices": (
        lambda x, y: (np.where(x > y, 2.0, 0.0) + np.where(np.logical_not(x > y), 2.0, 0.0)) * y,
        6,
        1,
    ),
    "choices that meet": (lambda x, y: np.where(x > y, 2.0, 1.0) + np.where(x > y, 0.0, 3.0) * y, 5, 5),
    "two scaled ones": (lambda x, y: (x * 100.0) * (2 * y), 3, 2),
}


@pytest.mark.parametrize("name", CASES)
def test_pass(name):
    function, before, after = CASES[name]
    with_it, without = tg.jit(function), tg.jit(function, leave_out=ALGEBRA)
    with_it(X, Y), without(X, Y)
    for x, y in ((X, Y), (Y, -X), (X * 1e308, Y), (np.array([0.0, -0.0, np.inf, -np.inf, np.nan]), X)):
        with np.errstate(all="ignore"):
            expected = function(x, y)
            np.testing.assert_array_equal(with_it(x, y), expected)
            np.testing.assert_array_equal(np.signbit(with_it(x, y)), np.signbit(expected) & ~np.isnan(expected))
    assert len(without.program.listing.steps) == before
    assert len(with_it.program.listing.steps) == after


def test_scalings_that_would_round_otherwise_stay():
    for function in (lambda x: x * 3.0 * 7.0, lambda x: x * 0.5 * 0.25, lambda x: x * 0.5 * 2.0):
        program = tg.jit(function)
        program(X)
        assert len(program.program.listing.steps) == 2
        tiny = np.array([5e-324, 3e-308, 1.1, 1e308, 0.1])
        with np.errstate(all="ignore"):
            np.testing.assert_array_equal(program(tiny), function(tiny))


def test_a_factor_used_elsewhere_stays():
    program = tg.jit(lambda x, y: ((x * 100.0) * (2 * y), 2 * y))
    program(X, Y)
    assert len(program.program.listing.steps) == 3


def test_copies():
    inside = tg.jit(lambda x: np.copy(x) * 2)
    inside(X)
    assert len(inside.program.listing.steps) == 1
    for function in (lambda x: np.copy(x), lambda x: np.copy(x)[1:], lambda x: np.copy(x).reshape((5, 1))[2:]):
        leaving = tg.jit(function)
        leaving(tg.tensor(X))
        given = X.copy()
        found = leaving(given)
        assert not np.shares_memory(found, given)


def test_a_copy_of_a_parameter_from_before_its_step():
    w = tg.tensor([1.0, 2.0], requires_grad=True)
    optimizer = tg.optimizers.SGD(0.5)

    @tg.jit
    def step(x):
        before = np.copy(w)
        (w * x).sum().backward(retain_graph=False)
        optimizer.step([w])
        optimizer.zero_grad()
        return before.detach()

    for expected in ([1.0, 2.0], [0.5, 1.5], [0.0, 1.0]):
        np.testing.assert_array_equal(np.asarray(step(np.ones(2))), expected)


def test_entries_that_are_always_the_same_are_not_computed():
    def f(x):
        return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()

    hessian = tg.jit(tg.hessian(f))
    for x in (np.arange(9.0), np.arange(9.0) - 7, np.arange(9.0)):
        np.testing.assert_allclose(hessian(x), tg.hessian(f)(x), rtol=1e-13)
    base = next(s for s in hessian.program.listing.steps if s.op == "jacobian").arguments[0]
    np.testing.assert_array_equal(np.diag(base.array), [2, *[202] * 7, 200])
    assert len(hessian.program.listing.steps) <= 10


def test_every_pass_can_be_left_out():
    assert PASSES.keys() >= ALGEBRA
    f = tg.hessian(lambda x: (np.exp(-(x[1:] ** 2)) * x[:-1] * 3).sum())
    for name in sorted(ALGEBRA):
        np.testing.assert_allclose(tg.jit(f, leave_out={name})(X), f(X), rtol=1e-13)


LEAVES = st.sampled_from(["x", "y", "2", "-1", "0.5", "3.0", "100.0"])
EXPRESSIONS = st.recursive(
    LEAVES,
    lambda inner: (
        st.tuples(st.sampled_from("+-*"), inner, inner).map(lambda t: f"({t[1]} {t[0]} {t[2]})")
        | inner.map(lambda e: f"(-{e})")
        | inner.map(lambda e: f"(({e}) ** 0)")
    ),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(EXPRESSIONS, st.sampled_from([np.float32, np.float64]))
def test_random_expressions_keep_their_bits(text, dtype):
    function = eval(f"lambda x, y: {text} + 0 * x")
    x = np.array([1.5, -0.0, 3e38, 1e-44, np.inf], dtype)
    y = np.array([0.1, 7.0, -5e37, 3e-45, 2.0], dtype)
    with np.errstate(all="ignore"):
        expected = function(x, y)
        program = tg.jit(function)
        program(y, x)
        np.testing.assert_array_equal(program(x, y), expected)
