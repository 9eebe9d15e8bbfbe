"""Sums as products with a row of ones: which are, and that they sum."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_loss as tg
from tinygrad_loss.compiler.sums import LONGEST

RANDOM = np.random.default_rng(0)


def summed(x, axis, keepdims=False, inner=np.exp, leave_out=()):
    """`sum(inner(x))` replayed, after checking it: the program's text."""

    def total(x):
        return np.sum(inner(x), axis=axis, keepdims=keepdims) * 2

    jitted = tg.jit(total, leave_out=set(leave_out))
    for number in range(3):
        given = x + number if x.dtype.kind == "f" else x
        with np.errstate(all="ignore"):
            expected = np.sum(inner(given), axis=axis, keepdims=keepdims) * 2
            found = jitted(given)
        assert found.shape == expected.shape
        assert found.dtype == expected.dtype
        np.testing.assert_allclose(found, expected, rtol=1e-5 if x.dtype == np.float32 else 1e-12)
    return jitted.program.optimized_source


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("axis", [0, (0, 1), 2, (1, 2), -1])
def test_the_first_or_the_last_axes(dtype, keepdims, axis):
    x = RANDOM.normal(size=(5, 4, 3)).astype(dtype)
    assert ".dot(" in summed(x, axis, keepdims)


@pytest.mark.parametrize("axis", [1, (0, 2), None, (0, 1, 2)])
def test_other_axes_are_summed_by_numpy(axis):
    assert ".dot(" not in summed(RANDOM.normal(size=(5, 4, 3)), axis)


@pytest.mark.parametrize("dtype", [np.float16, np.int64])
def test_other_dtypes_are_summed_by_numpy(dtype):
    x = RANDOM.integers(0, 4, size=(5, 3)).astype(dtype)
    assert ".dot(" not in summed(x, 0, inner=lambda x: x * 3)


def test_long_rows_are_summed_in_pairs_and_long_columns_are_not():
    assert ".dot(" not in summed(RANDOM.normal(size=(2, LONGEST + 1)), 1)
    assert ".dot(" in summed(RANDOM.normal(size=(2, LONGEST)), 1)
    assert ".dot(" in summed(RANDOM.normal(size=(LONGEST + 1, 2)), 0)


def test_views_are_summed_as_they_lie():
    x = RANDOM.normal(size=(6, 4))
    summed(x, 0, inner=lambda x: np.exp(x).T)
    summed(x, 1, inner=lambda x: np.exp(x)[1:, ::2])
    summed(x, 1, inner=lambda x: np.exp(x).reshape(3, 8))


@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
def test_numbers_that_are_none(bad):
    x = RANDOM.normal(size=(4, 3))
    x[1, 2] = bad
    for axis in (0, 1):
        summed(x, axis, inner=lambda x: x * 1.5)


def test_nothing_to_sum():
    summed(np.zeros((0, 3)), 0)
    summed(np.zeros((3, 0)), 0)
    summed(np.zeros((3, 0)), 1)


def test_leaving_it_out():
    assert ".dot(" not in summed(RANDOM.normal(size=(5, 3)), 0, leave_out={"sums as products"})
