"""Logarithms of float32 that are not NumPy's own: their last digits, against float64, and their ends, as NumPy's."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import tinygrad_loss as tg
from tinygrad_loss.ops import blocks

RANDOM = np.random.default_rng(0)
COUNT = 200_000
SPECIAL = np.float32([0.0, -0.0, np.inf, -np.inf, np.nan, 1.0, -1.0, 1e-45, -1e-45, 1e-38, 3e38, -3e38, 2.0, 1e9, 2e30])


def sizes(low, high):
    """Numbers of every size between two."""
    return np.exp(RANDOM.uniform(np.log(low), np.log(high), COUNT)).astype(np.float32)


def units(got, exact, of=None):
    """The largest error in units of the last place, of the exact value unless said otherwise."""
    of = np.abs(exact if of is None else of).astype(np.float32)
    return float(np.max(np.abs(got.astype(float) - exact) / np.spacing(of).astype(float)))


@pytest.mark.parametrize(
    "x",
    [sizes(1e-37, 1e-3), sizes(1e-3, 10.0), sizes(10.0, 3e38), -sizes(1e-37, 0.5), sizes(1e-7, 0.5) - 1],
    ids=["tiny", "middle", "huge", "negative", "near -1"],
)
def test_log1p_is_right_to_three_units(x):
    got = tg.log1p(tg.Tensor(x)).data
    assert got.dtype == np.float32
    assert units(got, np.log1p(x.astype(float))) < 2.2


@pytest.mark.parametrize("x", [sizes(1e-37, 3e38), 1 + sizes(1e-6, 0.5), 1 - sizes(1e-6, 0.5)])
def test_log10_is_right_to_three_units(x):
    x = np.float32(x)
    assert units(tg.log10(tg.Tensor(x)).data, np.log10(x.astype(float))) < 2.3


def test_log10_of_powers_of_ten_that_float32_holds_is_whole():
    powers = np.arange(11, dtype=np.float32)
    np.testing.assert_array_equal(tg.log10(tg.Tensor(np.float32(10) ** powers)).data, powers)


@pytest.mark.parametrize("x", [sizes(1e-37, 1e-3), sizes(1e-3, 0.99), 1 - sizes(1e-7, 0.5)])
def test_arctanh_is_right_to_three_units_and_odd(x):
    x = np.float32(x[x < 1])
    got = tg.arctanh(tg.Tensor(x)).data
    assert units(got, np.arctanh(x.astype(float))) < 3
    np.testing.assert_array_equal(tg.arctanh(tg.Tensor(-x)).data, -got)


@pytest.mark.parametrize("name", ["logaddexp", "logaddexp2"])
@pytest.mark.parametrize("scale", [1e-3, 1.0, 30.0, 1e6])
def test_logarithms_of_sums_are_right_to_five_units_of_their_terms(name, scale):
    a, b = (RANDOM.normal(size=(2, COUNT)) * scale).astype(np.float32)
    got = getattr(tg, name)(tg.Tensor(a), tg.Tensor(b)).data
    exact = getattr(np, name)(a.astype(float), b.astype(float))
    assert got.dtype == np.float32
    # where max(a, b) + ln(1 + e^-|a-b|) is near 0, its terms cancel: the error is one of the terms'
    top = np.maximum(a, b).astype(float)
    assert units(got, exact, np.maximum(np.abs(top), exact - top)) < 4.5


@pytest.mark.parametrize("name", ["log1p", "log10", "arctanh"])
def test_ends_are_numpys(name):
    x = SPECIAL if name != "arctanh" else SPECIAL[np.abs(SPECIAL) != 3e38]
    with np.errstate(all="ignore"):
        got, expected = getattr(tg, name)(tg.Tensor(x)).data, getattr(np, name)(x)
    np.testing.assert_array_equal(np.isnan(got), np.isnan(expected))
    signed = ~np.isnan(got)
    np.testing.assert_array_equal(np.signbit(got[signed]), np.signbit(expected[signed]))
    np.testing.assert_array_max_ulp(got[np.isfinite(got)], expected[np.isfinite(expected)], 3)
    np.testing.assert_array_equal(np.isinf(got), np.isinf(expected))


@pytest.mark.parametrize("name", ["logaddexp", "logaddexp2"])
def test_ends_of_sums_are_numpys(name):
    a, b = (x.ravel() for x in np.meshgrid(SPECIAL, SPECIAL))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        got = getattr(tg, name)(tg.Tensor(a), tg.Tensor(b)).data
    with np.errstate(all="ignore"):
        expected = getattr(np, name)(a, b)
    np.testing.assert_allclose(got, expected, rtol=3e-7)


@pytest.mark.parametrize(("name", "value"), [("log1p", np.inf), ("log1p", 3e38), ("log1p", -0.99), ("log10", 1e-45)])
def test_nothing_warns_where_numpy_does_not(name, value):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        getattr(tg, name)(tg.Tensor(np.full(3, value, np.float32)))


@pytest.mark.parametrize("name", ["log1p", "log10", "arctanh", "logaddexp", "logaddexp2"])
def test_parts_give_what_the_whole_gives(name):
    count = blocks.MANY + 300
    xs = [RANDOM.uniform(0.01, 0.99, count).astype(np.float32) for _ in range(2 if name.startswith("loga") else 1)]
    function = getattr(tg, name)
    whole = function(*map(tg.Tensor, xs)).data
    for part in (slice(0, 1), slice(5, 40), slice(blocks.BLOCK - 3, blocks.BLOCK + 4), slice(-77, None)):
        np.testing.assert_array_equal(function(*[tg.Tensor(x[part]) for x in xs]).data, whole[part])
    assert function(*[x[3] for x in map(tg.Tensor, xs)]).item() == whole[3]
    for kind in (np.float64, np.float16):
        assert function(*[tg.Tensor(x.astype(kind)) for x in xs]).dtype == kind
