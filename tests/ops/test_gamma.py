"""The gamma function's logarithm and derivatives: against the standard library, known values, identities, PyTorch."""

from __future__ import annotations

import math

import numpy as np
import pytest

import tinygrad_loss as tg

RANDOM = np.random.default_rng(5)
POSITIVE = np.concatenate([RANDOM.uniform(0.01, 30, 300), 10.0 ** RANDOM.uniform(-8, 8, 100)])
NEGATIVE = np.floor(RANDOM.uniform(-20, 0, 100)) + RANDOM.uniform(0.02, 0.98, 100)


def test_the_logarithm_is_the_standard_librarys():
    for x in (POSITIVE, NEGATIVE):
        np.testing.assert_allclose(tg.lgamma(x), [math.lgamma(v) for v in x], rtol=1e-14, atol=2e-14)


def test_factorials():
    n = np.arange(1, 25)
    np.testing.assert_allclose(np.exp(tg.lgamma(n)), [float(math.factorial(int(k) - 1)) for k in n], rtol=5e-14)


def test_known_values():
    assert float(tg.digamma(1.0)) == pytest.approx(-0.57721566490153286, rel=1e-15)
    assert float(tg.polygamma(1, 1.0)) == pytest.approx(math.pi**2 / 6, rel=1e-15)
    assert float(tg.polygamma(2, 0.5)) == pytest.approx(-14 * 1.2020569031595943, rel=1e-15)
    assert float(tg.polygamma(3, 1.0)) == pytest.approx(math.pi**4 / 15, rel=1e-15)


@pytest.mark.parametrize("n", range(6))
def test_one_step_of_the_recurrence(n):
    x = np.concatenate([POSITIVE[:300], NEGATIVE])
    step = (-1) ** n * math.factorial(n) / x ** (n + 1)
    left, right = tg.polygamma(n, x + 1), tg.polygamma(n, x) + step
    np.testing.assert_allclose(left, right, rtol=1e-11, atol=1e-12 * np.abs(step).max())


def test_poles_and_ends():
    np.testing.assert_array_equal(tg.lgamma(np.array([0.0, -1, -2, np.inf, -np.inf])), np.inf)
    assert np.isnan(tg.lgamma(np.array(np.nan)))
    assert np.isnan(tg.digamma(np.array([-1.0, -2.0]))).all()
    np.testing.assert_array_equal(tg.polygamma(1, np.array([0.0, -3.0])), np.inf)
    assert tg.lgamma(np.float32([2.5])).dtype == np.float32


def test_between_one_and_three_the_logarithm_keeps_its_digits():
    """It is 0 at 1 and 2, and in float32 the digits of such small numbers are right too."""
    x = np.concatenate([RANDOM.uniform(0.9, 2.2, 20_000), 1 + 10.0 ** RANDOM.uniform(-6, -1, 500), [1.0, 2.0]])
    x = x.astype(np.float32)
    exact = np.array([math.lgamma(v) for v in x.astype(np.float64)])
    assert np.max(np.abs(tg.lgamma(x) - exact) / np.spacing(np.abs(exact.astype(np.float32)))) < 3


@pytest.mark.parametrize("n", range(-1, 8))
def test_single_precision(n):
    """Against float64, also where the tables end."""
    function = (lambda x: tg.polygamma(n, x)) if n >= 0 else tg.lgamma
    x = np.concatenate([RANDOM.uniform(0.05, 40, 5000), 2.0 ** RANDOM.uniform(-12, 14, 2000), NEGATIVE])
    x = np.concatenate([x, [2.0**-10, 2.0**12, 2.0**12 * (1 + 2.0**-7)], 1 + np.arange(64) / 64])
    if n <= 2:
        x = np.concatenate([x, 2.0 ** RANDOM.uniform(14, 22, 500)])
    x = x.astype(np.float32)
    values, exact = function(x), function(x.astype(np.float64))
    assert values.dtype == np.float32
    unit = np.spacing(np.maximum(np.abs(exact), 0.01 if n == 0 else 0).astype(np.float32))  # ψ crosses 0 at 1.46
    assert np.max(np.abs(values - exact) / unit) < 3


@pytest.mark.parametrize("n", range(-1, 7))
def test_tables_have_no_seams(n):
    """Halfway between two centres, and where a table ends, the values on both sides are as close as the numbers."""
    function = (lambda x: tg.polygamma(n, x)) if n >= 0 else tg.lgamma
    octaves = 2.0 ** np.arange(-10, 12)[:, None]
    seams = np.concatenate([(octaves * (1 + (np.arange(32) + 0.5) / 32)).ravel(), [2.0**-10 * (1 - 2.0**-7)]])
    left, right = function(np.nextafter(seams, 0)), function(seams)
    np.testing.assert_allclose(left, right, rtol=2e-14, atol=2e-15)


def test_n_is_a_count():
    with pytest.raises(tg.errors.ArgumentError, match=r"n=-1(.|\n)*polygamma\(1, x\)"):
        tg.polygamma(-1, 2.0)


def test_derivatives_follow_each_other():
    x = np.array([0.4, 2.5, 11.0, -1.3])
    np.testing.assert_array_equal(tg.elementwise_grad(tg.lgamma)(x), tg.digamma(x))
    np.testing.assert_array_equal(tg.elementwise_grad(tg.digamma)(x), tg.polygamma(1, x))
    np.testing.assert_array_equal(tg.elementwise_grad(lambda x: tg.polygamma(3, x))(x), tg.polygamma(4, x))


@pytest.mark.oracle
def test_they_are_pytorchs():
    torch = pytest.importorskip("torch")
    x, t = np.concatenate([POSITIVE[:300], NEGATIVE]), torch.tensor(np.concatenate([POSITIVE[:300], NEGATIVE]))
    np.testing.assert_allclose(tg.digamma(x), torch.digamma(t).numpy(), rtol=1e-11, atol=1e-12)
    for n in range(1, 5):
        rtol = 1e-9 if n == 1 else 1e-12  # PyTorch's first is a short series
        theirs = torch.polygamma(n, t[:300]).numpy()
        np.testing.assert_allclose(tg.polygamma(n, POSITIVE[:300]), theirs, rtol=rtol, atol=1e-13)
