"""Repeating elements and whole arrays; the adjoints add the copies' gradients up."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.primitive import linear
from ..core.registry import functions
from ..core.tensor import ArrayLike, Tensor
from ..errors import ArgumentError, ShapeError
from .axes import moveaxis
from .gathering import take
from .indexing import scatter_add
from .places import like
from .rows import Axis, axes_of
from .samples import arrays
from .shaping import ravel, reshape

__all__ = ["repeat", "resize", "sliding_window_view", "tile"]


def _repeat_adjoint(g: Any, x: Any, repeats: Any, axis: int) -> Any:
    """The gradient of each element: the sum over its copies, which stand together."""
    shape = np.shape(x)
    if np.size(repeats) == 1:
        count = np.shape(g)[axis] // shape[axis] if shape[axis] else 1
        return np.sum(np.reshape(g, (*shape[: axis + 1], count, *shape[axis + 1 :])), axis=axis + 1)
    owners = _repeat(np.arange(shape[axis]), repeats, axis=0)
    return scatter_add(g, (*(slice(None),) * axis, owners), shape)


def _explain_repeat(x: Any, repeats: Any, axis: int) -> Exception | None:
    """The error for counts that are not one, or one for each element."""
    if np.any(np.less(repeats, 0)):
        return ArgumentError(
            f"repeat got a negative count: {np.min(repeats)}.",
            "Counts are at least 0.",
            "Use 0 to leave an element out.",
        )
    if np.size(repeats) not in (1, np.shape(x)[axis]):
        return ShapeError(
            f"repeat got {np.size(repeats)} counts for axis {axis} of shape {np.shape(x)}.",
            "It needs one count for all elements along the axis, or one for each.",
            "Look at x.shape; without axis= all elements are repeated in one row.",
        )
    return None


@linear(
    [lambda g, y, x, repeats, axis: _repeat_adjoint(g, x, repeats, axis), None],
    formula="y = x₀, x₀, ..., x₁, x₁, ... along an axis",
    derivative="∂y/∂xᵢ = 1 for each copy of xᵢ",
    explain=_explain_repeat,
    samples=lambda: [
        [*arrays((3,)), np.array(2), 0],
        [*arrays((2, 3)), np.array([2]), 1],
        [*arrays((2, 3)), np.array([2, 0, 3]), 1],
        [*arrays((2, 3)), np.array(0), 0],
    ],
)
def _repeat(x: ArrayLike, repeats: ArrayLike, axis: int) -> Any:
    return np.repeat(x, repeats, axis)


@_repeat.op.front
def repeat(a: ArrayLike, repeats: ArrayLike, axis: int | None = None) -> Tensor:
    """The array with each element (along `axis`) repeated, in all by one count or each by its own.

    Raises:
        ShapeError: for as many counts as fit neither all nor each.
        ArgumentError: for a negative count.

    >>> tg.repeat(tg.tensor([1.0, 2.0]), [1, 3])
    tensor([1., 2., 2., 2.])
    """
    if axis is None:
        return _repeat(ravel(a), repeats, axis=0)
    return _repeat(a, repeats, axis=axes_of(a, axis)[0])


def _tile_adjoint(g: Any, x: Any, reps: tuple[int, ...]) -> Any:
    """The gradient of the tile: the sum over all its copies."""
    apart = [length for pair in zip(reps, np.shape(x), strict=True) for length in pair]
    return np.sum(np.reshape(g, apart), axis=tuple(range(0, len(apart), 2)))


@linear(
    lambda g, y, x, reps: _tile_adjoint(g, x, reps),
    formula="y = x, laid side by side along each axis",
    derivative="∂y/∂xᵢ = 1 for each copy of xᵢ",
    samples=lambda: [
        [*arrays((3,)), (2,)],
        [*arrays((2, 3)), (2, 3)],
        [*arrays((1, 2, 3)), (2, 1, 2)],
        [*arrays((2, 3)), (0, 1)],
        [*arrays(()), ()],
    ],
)
def _tile(x: ArrayLike, reps: tuple[int, ...]) -> Any:
    return np.tile(x, reps)[()]


@_tile.op.front
def tile(A: ArrayLike, reps: int | Sequence[int]) -> Tensor:
    """The array laid side by side as often as `reps` says for each axis, counted from the last.

    >>> tg.tile(tg.tensor([1.0, 2.0]), 2)
    tensor([1., 2., 1., 2.])
    >>> tg.tile(tg.tensor([1.0, 2.0]), (2, 1))
    tensor([[1., 2.],
            [1., 2.]])
    """
    counts = tuple(int(n) for n in np.atleast_1d(reps))
    axes = max(len(counts), np.ndim(A))
    full = reshape(A, (1,) * (axes - np.ndim(A)) + np.shape(A)) if np.ndim(A) < axes else A
    return _tile(full, reps=(1,) * (axes - len(counts)) + counts)


def resize(a: ArrayLike, new_shape: int | Sequence[int]) -> Tensor:
    """An array of the new shape, filled with the elements in a row, from the start again where they run out.

    Derivative: the sum over the copies of each element.

    >>> tg.resize(tg.tensor([1.0, 2.0, 3.0]), (2, 2))
    tensor([[1., 2.],
            [3., 1.]])
    """
    shape = tuple(int(n) for n in np.atleast_1d(new_shape))
    if any(n < 0 for n in shape):
        raise ArgumentError(
            f"resize got the shape {shape}.", "Lengths are at least 0.", "Use reshape, where one length may be -1."
        )
    row, size = ravel(a), math.prod(shape)
    if not np.size(a):  # nothing to repeat: NumPy fills with zeros
        return like(a, np.zeros(shape, row.dtype))
    return reshape(tile(row, -(-size // np.size(a)))[:size], shape)


def sliding_window_view(
    x: ArrayLike,
    window_shape: int | tuple[int, ...],
    axis: Axis = None,
    *,
    subok: bool = False,
    writeable: bool = False,
) -> Tensor:
    """Every window of that shape, moved by one element at a time; its adjoint adds up the windows that overlap.

    Here it is a copy, not a view of the memory, so that the gradient of each element is its own.

    Shapes: each axis gets shorter by the window's length less 1; the windows' axes come last.

    Args:
        x: the array.
        window_shape: the window's length along each of the axes.
        axis: the axes along which it moves; all by default.
        subok: accepted, without effect.
        writeable: accepted, without effect.

    Raises:
        ShapeError: for a window that is longer than its axis, or that has another number of axes.

    >>> tg.sliding_window_view(tg.tensor([1.0, 2.0, 3.0]), 2)
    tensor([[1., 2.],
            [2., 3.]])
    """
    sizes = (window_shape,) if isinstance(window_shape, (int, np.integer)) else tuple(window_shape)
    given = range(np.ndim(x)) if axis is None else (axis,) if isinstance(axis, int) else axis
    axes = tuple(axes_of(x, each)[0] for each in given)
    if len(sizes) != len(axes):
        raise ShapeError(
            f"sliding_window_view got a window of shape {sizes} for the axes {axes}.",
            "A window has one length for each axis.",
            "Give as many lengths as axes.",
        )
    for size, along in zip(sizes, axes, strict=True):
        length = np.shape(x)[along]
        if not 0 < size <= length:
            raise ShapeError(
                f"sliding_window_view got a window of {size} for an axis of {length}.",
                "A window is no longer than its axis, and not empty.",
                "Give a shorter window, or pad the array.",
            )
        places = np.arange(length - size + 1)[:, None] + np.arange(size)
        x = moveaxis(take(x, places, along), along + 1, -1)
    return x  # type: ignore[return-value]


functions["resize"] = resize
functions["sliding_window_view"] = sliding_window_view
