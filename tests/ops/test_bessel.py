"""The modified Bessel functions against their power series in decimal arithmetic, and where the tables end."""

from __future__ import annotations

from decimal import Decimal, localcontext

import numpy as np
import pytest

import tinygrad_loss as tg

RANDOM = np.random.default_rng(11)
NEAR = np.concatenate([RANDOM.uniform(-36, 36, 200), RANDOM.uniform(-3, 3, 200), [-32.0, 32.0, 32.04, 0.5]])


def exact(x, order):
    """Σ (x/2)²ᵏ⁺ⁿ / (k!·(k + n)!)."""
    with localcontext() as context:
        context.prec = 50
        half = Decimal(float(x)) / 2
        total = term = half**order
        k = 0
        while abs(term) > abs(total) * Decimal("1e-40"):
            k += 1
            term *= half * half / (k * (k + order))
            total += term
        return float(total)


@pytest.mark.parametrize("order", [0, 1])
def test_they_are_their_series(order):
    function = (tg.i0, tg.i1)[order]
    np.testing.assert_allclose(function(NEAR), [exact(x, order) for x in NEAR], rtol=3e-15)
    small = NEAR[np.abs(NEAR) < 4]
    np.testing.assert_allclose(function(small), [exact(x, order) for x in small], rtol=1e-15)


@pytest.mark.parametrize("function", [tg.i0, tg.i1])
def test_single_precision(function):
    x = np.concatenate([RANDOM.uniform(-80, 80, 5000), RANDOM.uniform(-3, 3, 5000)])
    x = np.concatenate([x, 10.0 ** RANDOM.uniform(-30, -1, 300)]).astype(np.float32)
    values = function(x)
    assert values.dtype == np.float32
    assert np.max(np.abs(values - function(x.astype(np.float64))) / np.spacing(np.abs(values))) < 3
    assert function(x.astype(np.float16)[-300:]).dtype == np.float16


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_even_and_odd(dtype):
    x = np.concatenate([[0.0], NEAR]).astype(dtype)
    np.testing.assert_array_equal(tg.i0(-x), tg.i0(x))
    np.testing.assert_array_equal(tg.i1(-x), -tg.i1(x))
    assert np.signbit(tg.i1(dtype(-0.0)))
    assert np.isnan(tg.i1(np.array([np.nan], dtype))).all()
