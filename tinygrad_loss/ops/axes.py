"""The order of the axes: transposes and their kin. The adjoint of each is the order undone."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ..core.primitive import linear
from ..core.registry import functions
from ..core.tensor import ArrayLike, Tensor
from ..errors import ArgumentError, ShapeError
from .samples import arrays

__all__ = ["matrix_transpose", "moveaxis", "permute_dims", "rollaxis", "swapaxes", "transpose"]


def _explain_transpose(x: Any, axes: Any) -> Exception:
    """The error for axes that are not all axes of x, once each."""
    return ShapeError(
        f"transpose cannot put the axes of shape {np.shape(x)} in the order {axes}.",
        f"The order names each of the {np.ndim(x)} axes once.",
        "Leave axes out to reverse them; use swapaxes or moveaxis to move only some.",
    )


@cache
def _inverse(axes: tuple[int, ...]) -> tuple[int, ...]:
    """The order of axes that undoes `axes`."""
    return tuple(sorted(range(len(axes)), key=axes.__getitem__))


@linear(
    lambda g, y, x, axes: _transpose(g, axes=None if axes is None else _inverse(axes)),
    formula="y = x, with its axes in another order",
    derivative="∂y/∂x = 1",
    views=True,
    explain=_explain_transpose,
    samples=lambda: [[*arrays((2, 3)), None], [*arrays((2, 3, 4)), (2, 0, 1)], [*arrays((3,)), None]],
)
def _transpose(x: ArrayLike, axes: tuple[int, ...] | None) -> Any:
    return np.transpose(x, axes)


@_transpose.op.front
def transpose(x: ArrayLike, axes: Sequence[int] | None = None) -> Tensor:
    """The array x with its axes reversed, or in the order `axes`.

    Raises:
        ShapeError: when `axes` does not name each axis once.

    >>> tg.transpose(tg.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor([[1., 3.],
            [2., 4.]])
    """
    if axes is None:
        return _transpose(x, axes=None)
    count = np.ndim(x)
    return _transpose(x, axes=tuple(int(axis) + count if -count <= axis < 0 else int(axis) for axis in axes))


permute_dims = transpose  # the array API's name
functions["permute_dims"] = permute_dims


def explain_axes(x: Any, **axes: Any) -> Exception | None:
    """The error for an axis that x does not have."""
    for axis in axes.values():
        for one in axis if isinstance(axis, tuple) else (axis,):
            if one is not None and not -np.ndim(x) <= one < np.ndim(x):
                return ShapeError(
                    f"Axis {one} is not an axis of shape {np.shape(x)}.",
                    f"Axes count from 0 to {np.ndim(x) - 1}, or from the end from -1 to -{np.ndim(x)}."
                    if np.ndim(x)
                    else "A 0-d array has no axes.",
                    "Look at x.shape.",
                )
    return None


@linear(
    lambda g, y, x, axis1, axis2: swapaxes(g, axis1, axis2),
    formula="y = x, with two axes exchanged",
    derivative="∂y/∂x = 1",
    views=True,
    explain=explain_axes,
    samples=lambda: [[*arrays((2, 3, 4)), 0, 2], [*arrays((2, 3)), -1, -2], [*arrays((3,)), 0, -1]],
)
def swapaxes(x: ArrayLike, axis1: int, axis2: int) -> Tensor:
    """The array x with two axes exchanged.

    >>> tg.swapaxes(tg.tensor([[1.0, 2.0], [3.0, 4.0]]), 0, 1)
    tensor([[1., 3.],
            [2., 4.]])
    """
    return np.swapaxes(x, axis1, axis2)


def matrix_transpose(x: ArrayLike) -> Tensor:
    """The transpose of each matrix: the last two axes exchanged.

    >>> tg.matrix_transpose(tg.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor([[1., 3.],
            [2., 4.]])
    """
    return swapaxes(x, -1, -2)


functions["matrix_transpose"] = functions["linalg.matrix_transpose"] = matrix_transpose


def moveaxis(x: ArrayLike, source: int | Sequence[int], destination: int | Sequence[int]) -> Tensor:
    """The array x with the axes `source` moved to `destination`; the others keep their order.

    Derivative: the gradient with its axes moved back.

    >>> tg.moveaxis(tg.tensor(np.zeros((2, 3, 4))), 0, -1).shape
    (3, 4, 2)
    """
    count = np.ndim(x)
    sources = normalize_axis_tuple(source, count, "source")
    targets = normalize_axis_tuple(destination, count, "destination")
    if len(sources) != len(targets):
        raise ArgumentError(
            f"moveaxis cannot move the axes {sources} to {targets}.",
            "It needs as many destinations as sources.",
            "Give the two the same length.",
        )
    order = [axis for axis in range(count) if axis not in sources]
    for target, axis in sorted(zip(targets, sources, strict=True)):
        order.insert(target, axis)
    return _transpose(x, axes=tuple(order))


def rollaxis(x: ArrayLike, axis: int, start: int = 0) -> Tensor:
    """The array x with `axis` moved to stand before the axis `start` (`moveaxis` is the plainer way).

    >>> tg.rollaxis(tg.tensor(np.zeros((2, 3, 4))), 2).shape
    (4, 2, 3)
    """
    count = np.ndim(x)
    axis, start = axis % count, start + count if start < 0 else start
    return moveaxis(x, axis, start - 1 if axis < start else start)


functions["moveaxis"], functions["rollaxis"] = moveaxis, rollaxis
