"""Tables of short polynomials: where a number finds its row, and what happens to numbers that have none."""

from __future__ import annotations

import numpy as np
import pytest

from tinygrad_loss.ops.tables import PIECE, Table, fitted, in_pieces

RANDOM = np.random.default_rng(2)
DTYPES = [np.float32, np.float64]


def cubic(x):
    return (0.5 * x - 1) * x * (x + 2) + 0.25


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_polynomial_is_its_own_table(dtype):
    def minus(x):
        return -np.ones_like(x)

    x = RANDOM.uniform(-2, 2, 1000).astype(dtype)
    equal = Table(fitted(cubic, 5), -2, 2, 0.25, minus, dtype)
    np.testing.assert_allclose(equal(x), cubic(x), rtol=1e-5 if dtype == np.float32 else 1e-14, atol=1e-6)
    relative = Table(fitted(cubic, 5), 2.0**-6, 4, 2.0**-3, minus, dtype, relative=True)
    x = (2.0 ** RANDOM.uniform(-6, 2, 1000)).astype(dtype)
    np.testing.assert_allclose(relative(x), cubic(x), rtol=1e-5 if dtype == np.float32 else 1e-14, atol=1e-6)


@pytest.mark.parametrize("dtype", DTYPES)
def test_numbers_without_a_row(dtype):
    """Far, near, on the wrong side by as many rows as there are, without end: all the same."""
    outside = np.array([-1e30, -9, -5.0001, -4.2, 4.2, 5, 9, 1e30, np.inf, -np.inf], dtype)
    x = np.concatenate([outside, [1.0]]).astype(dtype)
    told = Table(fitted(cubic, 3), -4, 4, 0.25, lambda x: np.full_like(x, 7), dtype)
    np.testing.assert_array_equal(told(x)[:-1], 7)
    ended = Table(fitted(np.tanh, 3), -4, 4, 0.25, dtype=dtype)
    ends = np.array([-4, 4], dtype)
    np.testing.assert_array_equal(ended(x)[:-1], np.where(outside < 0, *ended(ends)))
    assert np.isnan(ended(np.array([np.nan, -np.nan, 9], dtype))[:2]).all()
    relative = Table(fitted(cubic, 3), 0.5, 4, 2.0**-3, lambda x: np.full_like(x, 7), dtype, relative=True)
    x = np.array([-1, -0.0, 0, 1e-30, 0.4, 5, 1e30, np.inf, np.nan], dtype)
    np.testing.assert_array_equal(relative(x), 7)


@pytest.mark.parametrize("terms", [2, 3, 5])
def test_odd_functions_are_odd_to_the_last_bit(terms):
    table = Table(fitted(np.sin, terms), -3, 3, 2.0**-6, parity=-1)
    x = RANDOM.uniform(-3, 3, 1000).astype(np.float32)
    np.testing.assert_array_equal(table(-x), -table(x))


def test_pieces():
    x = RANDOM.normal(size=(3, PIECE + 5))
    double = in_pieces(lambda x, factor: factor * x, x, 2.0)
    np.testing.assert_array_equal(double, 2 * x)
    np.testing.assert_array_equal(in_pieces(np.negative, x.T), -x.T)
    assert in_pieces(np.negative, np.arange(3)).dtype == np.float64
    for dtype, inner in ((np.float16, np.float32), (np.float32, np.float32), (np.float64, np.float64)):
        assert in_pieces(np.negative, x.astype(dtype), single=True).dtype == dtype
        assert in_pieces(
            lambda x, width: x.itemsize == width + 0 * x, x.astype(dtype), inner().itemsize, single=True
        ).all()
    assert in_pieces(np.negative, np.array(2.0)).shape == ()
    assert in_pieces(np.negative, np.empty((0, 3))).shape == (0, 3)
