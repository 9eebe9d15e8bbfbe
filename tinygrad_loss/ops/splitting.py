"""Cutting arrays apart: `split` and its adjoint, joining the gradients of the parts."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from operator import le
from typing import Any

import numpy as np

from ..core.primitive import linear
from ..core.registry import functions
from ..core.tensor import ArrayLike, Tensor, wrap_view
from ..errors import ArgumentError, ShapeError
from .cumulative import along
from .indexing import scatter_add
from .places import settled
from .rows import axes_of
from .samples import arrays

__all__ = ["array_split", "dsplit", "hsplit", "split", "unstack", "vsplit"]


def _bounds(places: tuple[int, ...], length: int) -> list[slice]:
    """The slices between the places, as NumPy reads them: a place beyond the end leaves an empty part."""
    ends = (0, *places, length)
    return [slice(start, stop) for start, stop in pairwise(ends)]


def _joined(g: tuple[Any, ...], x: Any, places: tuple[int, ...], axis: int) -> Any:
    """The gradient of x: those of its parts, put back where they were cut out."""
    length = np.shape(x)[axis]
    ends = (0, *places, length)
    if all(map(le, ends, ends[1:])):
        return np.concatenate(g, axis=axis)
    taken = [range(length)[part] for part in _bounds(places, length)]
    owners = np.concatenate([np.array(part, int) for part in taken])  # places that overlap, or leave something out
    return scatter_add(np.concatenate(g, axis=axis), (*(slice(None),) * axis, owners), np.shape(x))


@linear(
    lambda g, y, x, places, axis: _joined(g, x, places, axis),
    formula="y₀, y₁, ... = the parts of x between the places",
    derivative="∂y/∂x = 1 in each part",
    samples=lambda: [
        [*arrays((6,)), (2, 3), 0],
        [*arrays((2, 5)), (1,), 1],
        [*arrays((2, 5)), (3, 1, 7), 1],
        [*arrays((4,)), (), 0],
    ],
)
def _split(x: ArrayLike, places: tuple[int, ...], axis: int) -> Any:
    return tuple(x[along(axis, part)] for part in _bounds(places, np.shape(x)[axis]))


def _parts(x: ArrayLike, places: Sequence[int], axis: int) -> list[Any]:
    """The parts of x; those of a Tensor are views of it, which say so when it was assigned since."""
    parts = _split(x, places=tuple(places), axis=axis)
    return [wrap_view(part._value, part._node, x) for part in parts] if isinstance(x, Tensor) else list(parts)


def array_split(ary: ArrayLike, indices_or_sections: int | Sequence[int], axis: int = 0) -> list[Tensor]:
    """The array cut into parts along an axis: that many, the first ones longer by 1 where it does not divide.

    Args:
        ary: the array.
        indices_or_sections: how many parts, or the places at which to cut.
        axis: the axis to cut.

    >>> tg.array_split(tg.tensor([1.0, 2.0, 3.0]), 2)
    [tensor([1., 2.]), tensor([3.])]
    """
    x = ary if isinstance(ary, Tensor) else np.asarray(ary)
    axis = axes_of(x, axis)[0]
    if type(indices_or_sections) is not int and np.ndim(indices_or_sections):
        return _parts(x, settled(indices_or_sections, "split").tolist(), axis)
    count = int(indices_or_sections)  # type: ignore[arg-type]
    if count < 1:
        raise ArgumentError(
            f"array_split cannot make {count} parts.", "It makes at least one.", "Give the number of parts, or places."
        )
    short, longer = divmod(x.shape[axis], count)
    return _parts(x, [part * short + min(part, longer) for part in range(1, count)], axis)


@_split.op.front
def split(ary: ArrayLike, indices_or_sections: int | Sequence[int], axis: int = 0) -> list[Tensor]:
    """The array cut along an axis into that many equal parts, or at these places.

    The adjoint joins the gradients of the parts, with zeros for a part that nobody used.

    Raises:
        ShapeError: when the axis cannot be cut into so many equal parts.

    >>> tg.split(tg.tensor([1.0, 2.0, 3.0, 4.0]), 2)
    [tensor([1., 2.]), tensor([3., 4.])]
    >>> tg.split(tg.tensor([1.0, 2.0, 3.0, 4.0]), [1, 3])
    [tensor([1.]), tensor([2., 3.]), tensor([4.])]
    """
    if type(indices_or_sections) is int or not np.ndim(indices_or_sections):
        count = int(indices_or_sections)  # type: ignore[arg-type]
        length = np.shape(ary)[axes_of(ary, axis)[0]]
        if count > 0 and length % count:
            raise ShapeError(
                f"split cannot cut axis {axis} of shape {np.shape(ary)} into {count} equal parts.",
                f"Its length {length} must be a multiple of their number.",
                "Use tg.array_split for parts that are only nearly equal.",
            )
    return array_split(ary, indices_or_sections, axis)


def _cut(name: str, ary: ArrayLike, indices_or_sections: Any, axis: int) -> list[Tensor]:
    """`split` along a fixed axis, which must be there."""
    if np.ndim(ary) <= axis:
        raise ShapeError(
            f"{name} got shape {np.shape(ary)}.",
            f"It cuts axis {axis}, so it needs at least {axis + 1} axes.",
            "Use tg.split, which takes any axis.",
        )
    return split(ary, indices_or_sections, axis)


def hsplit(ary: ArrayLike, indices_or_sections: int | Sequence[int]) -> list[Tensor]:
    """The array cut side by side: along the second axis, a vector along its only one.

    >>> tg.hsplit(tg.tensor([[1.0, 2.0]]), 2)
    [tensor([[1.]]), tensor([[2.]])]
    """
    return _cut("hsplit", ary, indices_or_sections, 1 if np.ndim(ary) > 1 else 0)


def vsplit(ary: ArrayLike, indices_or_sections: int | Sequence[int]) -> list[Tensor]:
    """The array cut between rows, along the first axis.

    >>> tg.vsplit(tg.tensor([[1.0], [2.0]]), 2)
    [tensor([[1.]]), tensor([[2.]])]
    """
    if np.ndim(ary) < 2:
        raise ShapeError(
            f"vsplit got shape {np.shape(ary)}.", "It cuts between rows, so it needs two axes.", "Use tg.split."
        )
    return _cut("vsplit", ary, indices_or_sections, 0)


def dsplit(ary: ArrayLike, indices_or_sections: int | Sequence[int]) -> list[Tensor]:
    """The array cut along the third axis.

    >>> [part.shape for part in tg.dsplit(tg.zeros((2, 3, 4)), 2)]
    [(2, 3, 2), (2, 3, 2)]
    """
    return _cut("dsplit", ary, indices_or_sections, 2)


@linear(
    lambda g, y, x, axis: np.stack(g, axis),
    formula="y₀, y₁, ... = the slices of x along an axis",
    derivative="∂y/∂x = 1 in each slice",
    samples=lambda: [[*arrays((3,)), 0], [*arrays((2, 3)), 1], [*arrays((2, 3, 2)), -2]],
)
def _unstack(x: ArrayLike, axis: int) -> Any:
    rows = np.moveaxis(x, axis, 0) if axis else x
    return tuple(rows) if rows.ndim > 1 else tuple(part[()] for part in rows)


@_unstack.op.front
def unstack(x: ArrayLike, /, *, axis: int = 0) -> tuple[Tensor, ...]:
    """The slices of x along an axis, which is gone from each; the adjoint stacks their gradients.

    >>> tg.unstack(tg.tensor([[1.0, 2.0], [3.0, 4.0]]))
    (tensor([1., 2.]), tensor([3., 4.]))
    """
    if not np.ndim(x):
        raise ShapeError("unstack got a 0-d array.", "It needs an axis to take apart.", "A single number has no parts.")
    axis = axes_of(x, axis)[0]
    if not np.shape(x)[axis]:
        return ()
    parts = _unstack(x, axis=axis)
    return tuple(wrap_view(part._value, part._node, x) for part in parts) if isinstance(x, Tensor) else parts


functions.update(array_split=array_split, dsplit=dsplit, hsplit=hsplit, vsplit=vsplit)
