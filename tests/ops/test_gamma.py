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
