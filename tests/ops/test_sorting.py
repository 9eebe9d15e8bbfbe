"""Sorting and searching: NumPy's orders, and gradients that are arranged back."""

from __future__ import annotations

import numpy as np
import pytest
from numpy_agreement import agrees, same_values

import tinygrad_loss as tg
from tinygrad_loss.errors import AxisError, NoRuleError

RANDOM = np.random.default_rng(3)
ROW, MATRIX, CUBE = RANDOM.normal(size=7), RANDOM.normal(size=(3, 4)), RANDOM.normal(size=(2, 3, 4))
TIES = np.array([2.0, 1.0, 2.0, 1.0, 0.0])


@pytest.mark.parametrize("axis", [0, 1, 2, -1, None])
def test_sort_along_any_axis(axis):
    agrees(lambda x: np.sort(x, axis=axis), CUBE)
    agrees(lambda x: np.sort(x, axis), CUBE)
    same_values(np.argsort(tg.tensor(CUBE), axis), np.argsort(CUBE, axis))


@pytest.mark.parametrize("kind", [None, "quicksort", "heapsort", "mergesort", "stable"])
def test_every_kind_of_sort(kind):
    agrees(lambda x: np.sort(x, kind=kind), ROW)
    same_values(np.argsort(tg.tensor(TIES), kind=kind), np.argsort(TIES, kind=kind))
    same_values(np.argsort(tg.tensor(TIES), stable=True), np.argsort(TIES, stable=True))


def test_equal_elements_keep_their_order():
    x = tg.tensor(TIES, requires_grad=True)
    (tg.sort(x) * np.array([1.0, 10.0, 100.0, 1000.0, 10000.0])).sum().backward()
    np.testing.assert_array_equal(x.grad, [1000.0, 10.0, 10000.0, 100.0, 1.0])  # sorted: 0, 1, 1, 2, 2


def test_nan_comes_last_and_keeps_its_gradient():
    x = tg.tensor([2.0, np.nan, 1.0], requires_grad=True)
    y = tg.sort(x)
    np.testing.assert_array_equal(y.data, [1.0, 2.0, np.nan])
    y.backward(np.array([1.0, 2.0, 3.0]))
    np.testing.assert_array_equal(x.grad, [2.0, 3.0, 1.0])


def test_sorting_is_a_rearrangement_in_forward_mode_too():
    y, t = tg.jvp(tg.sort, (np.array([3.0, 1.0, 2.0]),), (np.array([30.0, 10.0, 20.0]),))
    np.testing.assert_array_equal(y, [1.0, 2.0, 3.0])
    np.testing.assert_array_equal(t, [10.0, 20.0, 30.0])


def test_float32_and_integers_stay():
    assert tg.sort(tg.tensor([2.0, 1.0], dtype="float32")).dtype == np.float32
    np.testing.assert_array_equal(tg.sort(tg.tensor([2, 1])).data, [1, 2])


@pytest.mark.parametrize("kth", [0, 3, -1, (1, 4)])
def test_partition_puts_the_kth_in_its_place(kth):
    x = tg.tensor(ROW, requires_grad=True)
    y = np.partition(x, kth)
    for place in np.atleast_1d(kth):
        assert y.data[place] == np.sort(ROW)[place]
    np.testing.assert_array_equal(np.sort(y.detach()), np.sort(ROW))
    y.backward(y.detach())  # each element's gradient is then its own value
    np.testing.assert_array_equal(x.grad, ROW)
    np.testing.assert_array_equal(ROW[np.argpartition(x, kth).data], y.data)


def test_partition_along_axes():
    for axis in (0, 1, None):
        y = np.partition(tg.tensor(MATRIX), 1, axis)
        expected = np.partition(MATRIX, 1, axis)
        assert y.shape == expected.shape
        np.testing.assert_array_equal(np.take(y.detach(), 1, axis), np.take(expected, 1, axis))
    assert tg.gradcheck(lambda x: tg.partition(x, 2, axis=1), [MATRIX])


def test_lexsort_by_the_last_key_first():
    first, last = np.array([1, 1, 0, 0]), np.array([2, 1, 2, 1])
    same_values(np.lexsort((tg.tensor(first), tg.tensor(last))), np.lexsort((first, last)))
    same_values(np.lexsort(tg.tensor(MATRIX)), np.lexsort(MATRIX))
    same_values(np.lexsort(tg.tensor(CUBE), axis=0), np.lexsort(CUBE, axis=0))


@pytest.mark.parametrize("side", ["left", "right"])
def test_searchsorted(side):
    points, values = np.sort(ROW), np.append(ROW, [-9.0, 9.0])
    same_values(np.searchsorted(tg.tensor(points), values, side), np.searchsorted(points, values, side))
    same_values(np.searchsorted(points, tg.tensor(values), side=side), np.searchsorted(points, values, side=side))
    order = np.argsort(ROW)
    same_values(np.searchsorted(tg.tensor(ROW), values, sorter=order), np.searchsorted(ROW, values, sorter=order))


@pytest.mark.parametrize("right", [False, True])
def test_digitize_rising_and_falling(right):
    bins = np.sort(ROW)
    for edges in (bins, bins[::-1]):
        same_values(np.digitize(tg.tensor(CUBE), edges, right), np.digitize(CUBE, edges, right))


def test_orders_carry_no_gradient():
    x = tg.tensor(ROW, requires_grad=True)
    for y in (tg.argsort(x), tg.argpartition(x, 2), tg.searchsorted(tg.sort(x), 0.0), tg.digitize(x, [0.0])):
        assert not y.requires_grad
        assert y.dtype.kind == "i"


def test_an_axis_that_is_not_there():
    with pytest.raises(AxisError, match="Axes run from 0 to 1"):
        tg.sort(tg.tensor(MATRIX), axis=2)


def test_complex_order_is_refused_by_name():
    with pytest.raises(NoRuleError, match=r"np\.sort_complex has no derivative rule"):
        np.sort_complex(tg.tensor(ROW))
