"""Products that are symmetric: found where the weights cannot be negative, and equal to rounding."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_loss as tg
from tinygrad_loss.compiler.symmetric import bounds_of

RANDOM = np.random.default_rng(0)
ROWS, LABELS, W = RANDOM.normal(size=(30, 4)), RANDOM.integers(0, 2, 30).astype(float), RANDOM.normal(size=4)

LOSSES = {  # of the products with the rows, and whether the second derivatives are seen not to be negative
    "logaddexp": (lambda z: np.logaddexp(0, z) - LABELS * z, True),
    "softplus": (lambda z: tg.softplus(z) - LABELS * z, True),
    "squares": (lambda z: (z - LABELS) ** 2, False),  # a number: nothing is scaled row by row
    "exponentials": (lambda z: np.exp(z / 100) - LABELS * z, True),
    "sine": (lambda z: np.sin(z), False),
    "cubes": (lambda z: z**3, False),
}


@pytest.mark.parametrize("name", LOSSES)
def test_hessians_of_sums_over_rows(name):
    loss, seen = LOSSES[name]
    hessian = tg.hessian(lambda w: loss(ROWS @ w).mean())
    program, plain = tg.jit(hessian), tg.jit(hessian, leave_out={"symmetric products"})
    for w in (W, -W, W * 1e3, np.zeros(4)):
        expected = hessian(w)
        np.testing.assert_allclose(plain(w), expected, rtol=1e-12, atol=1e-12 * np.abs(expected).max())
        np.testing.assert_allclose(program(w), expected, rtol=1e-12, atol=1e-12 * np.abs(expected).max())
    roots = [step for step in program.program.listing.steps if step.function is np.sqrt]
    assert bool(roots) == seen
    assert not any(step.function is np.sqrt for step in plain.program.listing.steps)


def test_both_texts_agree_and_what_is_not_finite_stays_so():
    hessian = tg.hessian(lambda w: (np.logaddexp(0, ROWS @ w)).sum())
    program = tg.jit(hessian)
    program(W)
    program(W)
    with np.errstate(all="ignore"):
        assert np.isnan(program(np.full(4, np.nan))).all()
    results = []
    for text in (program.program.source, program.program.optimized_source):
        module = dict(program.program.constants)
        exec(text, module)
        results.append(module["program"](W)[0])
    np.testing.assert_allclose(*results, rtol=1e-14)


def test_many_rows():
    rows = RANDOM.normal(size=(500, 20))  # more than is folded
    hessian = tg.hessian(lambda w: np.logaddexp(0, rows @ w).mean())
    program = tg.jit(hessian)
    for w in RANDOM.normal(size=(3, 20)):
        np.testing.assert_allclose(program(w), hessian(w), rtol=1e-11, atol=1e-14)
    assert any(step.function is np.sqrt for step in program.program.listing.steps)


def test_weights_that_are_an_argument_may_be_negative():
    program = tg.jit(lambda x, s: x.T @ (x * s[:, None]))
    for sign in (1, -1, 1):
        found = program(ROWS, sign * LABELS)
        np.testing.assert_allclose(found, ROWS.T @ (ROWS * sign * LABELS[:, None]), rtol=1e-13, atol=1e-13)
    assert not any(step.function is np.sqrt for step in program.program.listing.steps)


def test_a_scaled_array_that_is_used_elsewhere_stays():
    program = tg.jit(lambda x, s: (x.T @ (x * np.abs(s)[:, None]), x * np.abs(s)[:, None]))
    for _ in range(2):
        np.testing.assert_allclose(program(ROWS, LABELS)[0], ROWS.T @ (ROWS * LABELS[:, None]), rtol=1e-13, atol=1e-13)
    assert not any(step.function is np.sqrt for step in program.program.listing.steps)


EXPRESSIONS = st.recursive(
    st.sampled_from(["x", "y", "0.1", "-3.0", "2.0", "1e30"]),
    lambda inner: (
        st.tuples(st.sampled_from("+-*/"), inner, inner).map(lambda t: f"({t[1]} {t[0]} {t[2]})")
        | st.tuples(st.sampled_from(["maximum", "minimum"]), inner, inner).map(lambda t: f"np.{t[0]}({t[1]}, {t[2]})")
        | st.tuples(st.sampled_from(["exp", "abs", "square", "negative", "tanh", "sqrt"]), inner).map(
            lambda t: f"np.{t[0]}({t[1]})"
        )
    ),
    max_leaves=7,
)


@settings(max_examples=80, deadline=None)
@given(EXPRESSIONS, st.sampled_from([np.float32, np.float64]))
def test_values_lie_between_their_bounds(text, dtype):
    function = eval(f"lambda x, y: ({text}) + x * 0")
    small = np.array([1e-45, 1e-17, 1e-9, 0.1, 1.0, 3.0, 90.0, 1e30], dtype)
    x = np.concatenate([small, -small, np.zeros(1, dtype)])
    y = np.roll(x, 5)
    with np.errstate(all="ignore"):
        listing = tg.jit(function, leave_out=set(tg.compiler.PASSES))
        listing(x, y)
        steps = listing.program.listing.steps
        for step in steps:
            low, high = bounds_of(listing.program.listing).get(id(step.results[0]), (-np.inf, np.inf))
            values = tg.jit(lambda x, y: function(x, y))(x, y) if step is steps[-1] else None
            assert not low > high
            if values is not None:
                known = values[~np.isnan(values)]
                assert np.all((known >= low) & (known <= high)) or np.isnan(low) or np.isnan(high)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_functions_keep_to_the_bounds_that_are_taken_for_them(dtype):
    x = np.concatenate([-np.logspace(-45, 2, 20_001), -np.linspace(0, 1, 20_001), -np.geomspace(1e-17, 1e-6, 20_001)])
    x = x.astype(dtype)
    assert np.exp(x).max() <= 1
    assert np.exp(x).min() >= 0
    assert np.abs(np.tanh(x * 3)).max() <= 1
