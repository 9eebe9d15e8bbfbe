"""erf, erfc and erfinv to the last digits, against series in decimal arithmetic; and where they end."""

from __future__ import annotations

import math
from decimal import Decimal, localcontext

import numpy as np
import pytest

import tinygrad_loss as tg

RANDOM = np.random.default_rng(0)
PI = Decimal("3.14159265358979323846264338327950288419716939937510582097494459230781640628620899862803482534211707")
NEAR = np.concatenate([RANDOM.uniform(-6.2, 6.2, 600), RANDOM.uniform(-1.5, 1.5, 1500), [0.5, 1.0, 5.8, 5.92, -6.0]])
TINY = 10.0 ** RANDOM.uniform(-300, -1, 300)


def exact_erf(x):
    """(2/√π) e^(-x²) Σ 2ⁿ x^(2n+1) / (1·3·5···(2n+1)), whose terms are all of one sign."""
    with localcontext() as context:
        context.prec = 60
        square = Decimal(x) ** 2
        term = total = Decimal(x)
        n = 0
        while abs(term) > abs(total) * Decimal("1e-55"):
            n += 1
            term *= 2 * square / (2 * n + 1)
            total += term
        return 2 / PI.sqrt() * (-square).exp() * total


def exact_erfc(x):
    """1 - erf x with room for what the difference cancels; far out the continued fraction."""
    with localcontext() as context:
        context.prec = 60
        if x < 3:
            return 1 - exact_erf(x)
        z, fraction = Decimal(x), Decimal(0)
        for k in range(400, 0, -1):
            fraction = Decimal(k) / 2 / (z + fraction)
        return (-(z**2)).exp() / PI.sqrt() / (z + fraction)


def units(got, exact):
    """The error in units of the last place of what was got."""
    with localcontext() as context:
        context.prec = 60
        spacing = Decimal(float(np.spacing(np.abs(got))))
        return float(abs(Decimal(float(got)) - exact) / spacing)


def test_the_series_agree_with_the_c_library():
    for x in (0.3, 1.7, 2.9, 3.1, 6.0, 20.0):
        assert float(exact_erfc(x)) == pytest.approx(math.erfc(x), rel=1e-15)
        assert float(exact_erf(x)) == pytest.approx(math.erf(x), rel=1e-15)


def test_erf_is_right_to_four_units_in_float64():
    for points in (NEAR, TINY, -TINY):
        values = tg.erf(points)
        assert values.dtype == np.float64
        assert max(units(y, exact_erf(x)) for x, y in zip(points, values, strict=True)) < 4


def test_erf_is_right_to_four_units_in_float32():
    points = np.concatenate([NEAR, 10.0 ** RANDOM.uniform(-30, -1, 300)]).astype(np.float32)
    values = tg.erf(points)
    assert values.dtype == np.float32
    assert max(units(y, exact_erf(float(x))) for x, y in zip(points, values, strict=True)) < 4


def test_erf_is_right_at_the_seams_of_its_table():
    for dtype, spacing in ((np.float64, 2.0**-8), (np.float32, 2.0**-10)):
        seams = (np.concatenate([np.arange(12), RANDOM.integers(12, 6 / spacing, 200)]) + 0.5) * spacing
        seams = np.concatenate([seams, [5.999, 6.0]]).astype(dtype)
        points = np.concatenate(
            [seams, np.nextafter(seams, dtype(0)), np.nextafter(seams, dtype(7)), seams - spacing / 2]
        )
        points = points[points != 0].astype(dtype)
        assert max(units(y, exact_erf(float(x))) for x, y in zip(points, tg.erf(points), strict=True)) < 2.5


def test_erf_grows():
    for dtype, rounding in ((np.float64, 2e-16), (np.float32, 1e-7)):
        values = tg.erf(np.linspace(-6.1, 6.1, 100_001).astype(dtype))
        assert np.diff(values).min() > -rounding
        assert np.abs(values).max() == 1


def test_erf_agrees_with_the_c_library_on_many_points():
    points = RANDOM.uniform(-7, 7, 50_000)
    np.testing.assert_allclose(tg.erf(points), [math.erf(x) for x in points], rtol=8e-16, atol=0)


def test_erfc_is_right_to_four_units():
    points = np.concatenate(
        [RANDOM.uniform(-6, 26, 600), RANDOM.uniform(-1, 3, 600), [-6, 8, *np.nextafter([-6, 8], 9)]]
    )
    assert max(units(y, exact_erfc(x)) for x, y in zip(points, tg.erfc(points), strict=True)) < 4


def in_single_precision(function, points, most):
    """The error of a function in float32 against its own float64, whose digits the tests above count."""
    points = points.astype(np.float32)
    values, exact = function(points), function(points.astype(np.float64))
    assert values.dtype == np.float32
    assert np.max(np.abs(values - exact) / np.spacing(np.abs(values))) < most


def test_erfc_and_erfinv_in_float32():
    in_single_precision(tg.erfc, np.concatenate([RANDOM.uniform(-7, 9.1, 20_000), TINY]), 2)
    close = 1 - 2.0 ** -RANDOM.uniform(1, 24, 5000)
    y = np.concatenate([RANDOM.uniform(-1, 1, 20_000), close, -close, TINY[TINY > 1e-37]]).astype(np.float32)
    in_single_precision(tg.erfinv, y[np.abs(y) < 1], 3)
    assert tg.erfc(np.float32([10.0])) > 0
    np.testing.assert_array_equal(tg.erfc(np.float32([-8, 11, np.nan, np.inf])), np.float32([2, 0, np.nan, 0]))
    np.testing.assert_array_equal(tg.erfinv(np.float32([1, -1, 2, np.nan])), [np.inf, -np.inf, np.nan, np.nan])


def test_erfinv_is_right_to_four_units():
    """Between two numbers where erf passes y, as bisection in decimal arithmetic finds them."""
    for y in (*RANDOM.uniform(0, 1, 20), 1e-5, 0.5, 0.999999, 1 - 2.0**-50):
        x = float(tg.erfinv(y))
        step = 4 * np.spacing(x)
        assert exact_erf(x - step) < Decimal(float(y)) < exact_erf(x + step)


def test_gelu_and_its_slope_in_float32():
    x = RANDOM.normal(size=20_000, scale=2).astype(np.float32)
    double = x.astype(np.float64)
    np.testing.assert_allclose(tg.gelu(x), tg.gelu(double), rtol=4e-7, atol=2e-8)
    slope = tg.elementwise_grad(tg.gelu)
    assert slope(x).dtype == np.float32
    np.testing.assert_allclose(slope(x), slope(double), rtol=2e-7, atol=1e-7)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gelu_far_out(dtype):
    x = np.array([-1e30, -20, -9, 9, 20, 1e30, np.nan], dtype)
    np.testing.assert_array_equal(tg.gelu(x)[[0, 1, 3, 4, 5, 6]], x[[0, 1, 3, 4, 5, 6]] * [0, 0, 1, 1, 1, 1])
    np.testing.assert_allclose(tg.elementwise_grad(tg.gelu)(x[1:]), [0, 0, 1, 1, 1, np.nan], atol=1e-15)


def test_few_numbers_outside_change_no_others():
    x = RANDOM.normal(size=1000)
    for f in (tg.erf, tg.erfc, tg.erfinv, tg.gelu, tg.i0, tg.i1, tg.lgamma, tg.digamma):
        for dtype in (np.float32, np.float64):
            inside = np.abs(x).clip(0.01, 0.99).astype(dtype)
            mixed = np.concatenate([inside, [40, -40.5, np.nan]]).astype(dtype)
            np.testing.assert_array_equal(f(mixed)[:1000], f(inside))


def test_erfinv_goes_back():
    y = np.concatenate([RANDOM.uniform(-1, 1, 2000), 1 - 10.0 ** RANDOM.uniform(-15, -1, 500), TINY])
    x = tg.erfinv(y)
    inner = np.abs(y) < 0.9
    np.testing.assert_allclose(tg.erf(x[inner]), y[inner], rtol=2e-15)
    np.testing.assert_allclose(tg.erfc(x[~inner & (y > 0)]), 1 - y[~inner & (y > 0)], rtol=3e-14)


def test_where_they_end():
    with np.errstate(all="raise", under="ignore"):
        np.testing.assert_array_equal(tg.erf([np.inf, -np.inf, 1e300, -6.0, np.nan]), [1, -1, 1, -1, np.nan])
        np.testing.assert_array_equal(tg.erfc([np.inf, -np.inf, 1e300, 28.0, np.nan]), [0, 2, 0, 0, np.nan])
        np.testing.assert_array_equal(tg.erfinv([1.0, -1.0, 2.0, np.nan, 0.0]), [np.inf, -np.inf, np.nan, np.nan, 0])
    assert tg.erf(5e-324) == 5e-324
    assert np.signbit(tg.erf(-0.0))
    assert np.signbit(tg.erfinv(-0.0))


def test_erf_is_odd_and_does_not_depend_on_the_pieces():
    for dtype in (np.float32, np.float64):
        x = RANDOM.normal(size=70_001).astype(dtype)
        whole = tg.erf(x)
        np.testing.assert_array_equal(tg.erf(-x), -whole)
        np.testing.assert_array_equal(np.concatenate([tg.erf(x[:10]), tg.erf(x[10:33_000]), tg.erf(x[33_000:])]), whole)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_dtypes_and_shapes(dtype):
    for f in (tg.erf, tg.erfc, tg.erfinv):
        x = RANDOM.uniform(-0.9, 0.9, (3, 4)).astype(dtype)
        assert f(x).dtype == dtype
        np.testing.assert_array_equal(f(x.T), f(x).T)
        assert f(x[0, 0]).shape == ()
        assert f(x[:0]).shape == (0, 4)
    assert tg.erf(np.array([1, 2])).dtype == np.float64


@pytest.mark.oracle
def test_against_torch():
    torch = pytest.importorskip("torch")
    x = RANDOM.normal(size=1000)
    y = RANDOM.uniform(-1, 1, 1000)
    np.testing.assert_allclose(tg.erf(x), torch.erf(torch.tensor(x)).numpy(), rtol=1e-15)
    np.testing.assert_allclose(tg.erfc(x), torch.erfc(torch.tensor(x)).numpy(), rtol=3e-15)
    np.testing.assert_allclose(tg.erfinv(y), torch.erfinv(torch.tensor(y)).numpy(), rtol=3e-15)
