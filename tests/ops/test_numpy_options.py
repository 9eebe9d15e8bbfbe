"""Arguments that NumPy's functions have beside their arrays: honoured on Tensors, or refused by name."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from numpy_agreement import agrees

import tinygrad_loss as tg
from tinygrad_loss.errors import ArgumentError, ShapeError

RANDOM = np.random.default_rng(8)
MATRIX, OTHER = RANDOM.normal(size=(3, 4)), RANDOM.normal(size=(3, 4))


@pytest.mark.parametrize(
    "f",
    [
        lambda a, b: np.cross(a, b, axis=0),
        lambda a, b: np.cross(a, b.T, axisa=0, axisb=1),
        lambda a, b: np.cross(a, b, axisa=0, axisb=0, axisc=1),
        lambda a, b: np.einsum("ij,ij->i", a, b, order="F", casting="safe", optimize="greedy"),
        lambda a, b: np.reshape(a, (4, 3), order="F", copy=True) @ b,
    ],
)
def test_of_two(f):
    agrees(f, MATRIX, OTHER)


def test_dtype_of_products():
    a = tg.tensor(MATRIX.astype(np.float32), requires_grad=True)
    for y in (np.einsum("ij->j", a, dtype=float), np.trace(a, dtype=float)):
        assert y.dtype == np.float64
        y.sum().backward()
    assert a.grad.dtype == np.float32
    with pytest.raises(ArgumentError, match="einsum got where="):
        tg.einsum("ij->j", a, where=True)


class TestSlidingWindows:
    @pytest.mark.parametrize(
        ("window", "axis"), [(2, 0), (3, -1), ((2, 3), None), ((2, 2), (1, 0)), ((2, 2), (1, 1)), ((1,), (1,))]
    )
    def test_values_and_gradients(self, window, axis):
        agrees(lambda x: sliding_window_view(x, window, axis=axis), MATRIX)

    def test_overlapping_windows_add_up(self):
        np.testing.assert_array_equal(tg.grad(lambda x: tg.sliding_window_view(x, 2).sum())(np.zeros(4)), [1, 2, 2, 1])

    def test_refusals(self):
        with pytest.raises(ShapeError, match="a window of 5 for an axis of 4"):
            sliding_window_view(tg.tensor(MATRIX), 5, axis=1)
        with pytest.raises(ShapeError, match=r"a window of shape \(2,\) for the axes \(0, 1\)"):
            sliding_window_view(tg.tensor(MATRIX), 2)
