"""Taking elements by number along an axis, and putting them back."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from ..core.array_methods import read_only
from ..core.primitive import linear
from ..core.registry import functions
from ..core.tensor import ArrayLike, Tensor
from ..errors import ShapeError
from .accumulating import MANY, places_along
from .indexing import Slot, explain_index, index_set, scatter_to
from .joining import stack
from .samples import arrays
from .shaping import broadcast_arrays, ravel, reshape

__all__ = [
    "choose",
    "compress",
    "extract",
    "fill_diagonal",
    "put_along_axis",
    "take",
    "take_along_axis",
]


def _brought_in(indices: Any, length: int, mode: str) -> Any:
    """The indices as `mode` brings those that are out of range back in."""
    if mode == "wrap":
        return np.mod(indices, max(length, 1))
    return np.clip(indices, 0, max(length - 1, 0)) if mode == "clip" else indices


def _take_adjoint(g: Any, indices: Any, shape: tuple[int, ...], axis: int, mode: str) -> Any:
    """The gradient of x: each element's contributions added up where it was taken from."""
    template = (*(slice(None),) * (axis % len(shape)), Slot(0)) if shape else (Slot(0),)
    places = indices if mode == "raise" else _brought_in(indices, shape[axis], mode)
    return scatter_to(g, places, shape=shape, template=template)


def _explain_take(x: Any, indices: Any, axis: int, mode: str) -> Exception | None:
    """The error for an index out of range, or an axis that x does not have."""
    if not -np.ndim(x) <= axis < np.ndim(x):
        return None
    template = (*(slice(None),) * (axis % np.ndim(x)), Slot(0))
    return explain_index(x, np.asarray(indices), template=template)


@linear(
    [lambda g, y, x, indices, axis, mode: _take_adjoint(g, indices, np.shape(x), axis, mode), None],
    name="take",
    formula="yᵢ = x[indexᵢ] along an axis",
    derivative="∂y/∂x = 1 at the elements taken",
    explain=_explain_take,
    samples=lambda: [
        [*arrays((3, 4)), np.array([2, 0, 2]), 0, "raise"],
        [*arrays((3, 4)), np.array([[1, -1], [3, 0]]), -1, "raise"],
        [*arrays((3, 4)), np.array([5, -7, 1]), 1, "wrap"],
        [*arrays((3, 4)), np.array([5, -7, 1]), 0, "clip"],
        [*arrays((3, 4)), np.array(1), 1, "raise"],
        [*arrays((3, 4)), -1, 0, "raise"],
    ],
)
def _take(x: ArrayLike, indices: ArrayLike, axis: int, mode: str) -> Any:
    return np.take(x, indices, axis=axis, mode=mode)


@_take.op.front
def take(x: ArrayLike, indices: ArrayLike, axis: int | None = None, mode: str = "raise") -> Tensor:
    """The elements (or rows, along `axis`) of these numbers; the adjoint adds up what was taken repeatedly.

    Args:
        x: the array; all its elements in a row where `axis` is None.
        indices: whole numbers, in an array of any shape, which takes the place of the axis.
        axis: the axis to take along.
        mode: of a number out of range: "raise" an error, "wrap" it around, "clip" it to the ends.

    Raises:
        IndexError: for a number out of range.

    >>> tg.take(tg.tensor([[1.0, 2.0], [3.0, 4.0]]), [1, 1, 0], axis=0)
    tensor([[3., 4.],
            [3., 4.],
            [1., 2.]])
    """
    return _take(ravel(x) if axis is None else x, indices, axis=0 if axis is None else axis, mode=mode)


def _along(shape: tuple[int, ...], indices: Any, axis: int) -> tuple[Any, ...]:
    """The full index of the elements numbered along an axis: every other axis counts through itself."""
    if not isinstance(indices, Tensor):
        indices = np.asarray(indices)
    _of_as_many_axes(indices, shape, axis)
    others = _counted(shape)
    return (*others[: axis % len(shape)], indices, *others[axis % len(shape) + 1 :])


def _of_as_many_axes(indices: Any, shape: tuple[int, ...], axis: int) -> None:
    """Raise unless the indices have as many axes as the array."""
    if indices.ndim != len(shape):
        raise ShapeError(
            f"Indices of shape {indices.shape} do not go along axis {axis} of an array of shape {shape}.",
            "They need as many axes as the array.",
            "Use indices[:, None] or keepdims=True (as in argmax) to keep the axis.",
        )


@lru_cache(256)
def _counted(shape: tuple[int, ...]) -> tuple[Any, ...]:
    """For each axis of an array its numbers, along that axis."""
    return tuple(map(read_only, np.ogrid[tuple(slice(n) for n in shape)]))


def _back_along(g: Any, shape: tuple[int, ...], indices: Any, axis: int) -> Any:
    """The gradient of x: each element's contributions added up where it was taken from."""
    return scatter_to(g, *_along(shape, indices, axis), shape=shape, template=tuple(map(Slot, range(len(shape)))))


@linear(
    [lambda g, y, x, indices, axis: _back_along(g, np.shape(x), indices, axis), None],
    name="take_along_axis",
    formula="yᵢⱼ = xᵢₖ, with k = indexᵢⱼ",
    derivative="∂y/∂x = 1 at the elements taken",
    explain=lambda x, indices, axis: explain_index(
        x, *_along(np.shape(x), indices, axis), template=tuple(map(Slot, range(np.ndim(x))))
    ),
    samples=lambda: [
        [*arrays((2, 3)), np.array([[2, 0], [1, 1]]), 1],
        [*arrays((2, 3)), np.array([[1, 0, 1]]), 0],
        [*arrays((2, 3)), np.array([[-1]]), -1],
        [*arrays((4,)), np.array([3, 3, 0]), 0],
    ],
)
def _take_along_axis(x: ArrayLike, indices: ArrayLike, axis: int) -> Any:
    if x.size < MANY:
        return np.take_along_axis(x, indices, axis)
    _of_as_many_axes(indices, x.shape, axis)
    return np.take(x, places_along(x.shape, indices, axis))  # all axes as one: half the time


@_take_along_axis.op.front
def take_along_axis(arr: ArrayLike, indices: ArrayLike, axis: int | None = -1) -> Tensor:
    """Along `axis`, the elements of these numbers, each row with numbers of its own (as argsort gives them).

    Raises:
        IndexError: for a number out of range.
        ShapeError: for indices of another number of axes.

    >>> x = tg.tensor([[3.0, 1.0], [2.0, 5.0]])
    >>> tg.take_along_axis(x, tg.argmax(x, axis=1, keepdims=True), axis=1)
    tensor([[3.],
            [5.]])
    """
    if axis is None:
        return _take_along_axis(ravel(arr), indices, axis=0)
    return _take_along_axis(arr, indices, axis=axis)


def put_along_axis(arr: ArrayLike, indices: ArrayLike, values: ArrayLike, axis: int | None) -> Tensor:
    """A copy of the array with `values` at these numbers along `axis`: what `take_along_axis` would take.

    NumPy's own np.put_along_axis(t, ...) writes into its argument: on a Tensor it assigns, as t[i] = v does.

    >>> tg.put_along_axis(tg.tensor([[3.0, 1.0], [2.0, 5.0]]), [[0], [1]], 9.0, axis=1)
    tensor([[9., 1.],
            [2., 9.]])
    """
    if axis is None:
        return reshape(put_along_axis(ravel(arr), indices, values, 0), np.shape(arr))
    return index_set(arr, _along(np.shape(arr), indices, axis), values)


def fill_diagonal(a: ArrayLike, val: ArrayLike, wrap: bool = False) -> Tensor:
    """A copy of the array with `val` on its main diagonal; under `wrap` a tall matrix starts it again below.

    NumPy's own np.fill_diagonal(t, val) writes into its argument: on a Tensor it assigns, as t[i] = v does.

    Raises:
        ShapeError: for a vector, or an array of more than two axes that are not equally long.

    >>> tg.fill_diagonal(tg.tensor([[1.0, 2.0], [3.0, 4.0]]), 0.0)
    tensor([[0., 2.],
            [3., 0.]])
    """
    shape = np.shape(a)
    if len(shape) < 2 or (len(shape) > 2 and len(set(shape)) > 1):
        raise ShapeError(
            f"fill_diagonal got shape {shape}.",
            "It needs a matrix, or an array of more axes that are all equally long.",
            "Use x[..., i, i] = v with i = range(n) for a stack of matrices.",
        )
    step = sum(int(np.prod(shape[k + 1 :])) for k in range(len(shape)))
    end = shape[1] * shape[1] if len(shape) == 2 and not wrap else None
    places = np.arange(int(np.prod(shape)))[:end:step]
    if np.ndim(val):
        val = take(val, np.arange(places.size), mode="wrap")  # as many as there is room for, from the start again
    return reshape(index_set(ravel(a), places, val), shape)


def choose(a: ArrayLike, choices: Sequence[ArrayLike], mode: str = "raise") -> Tensor:
    """From several arrays, at each place the element of the one that `a` numbers.

    >>> tg.choose([0, 1, 0], [tg.tensor([1.0, 2.0, 3.0]), tg.tensor([10.0, 20.0, 30.0])])
    tensor([ 1., 20.,  3.])
    """
    number, *options = broadcast_arrays(a, *choices)
    which = number if mode == "raise" else _brought_in(np.asarray(number), len(options), mode)
    return take_along_axis(stack(options), which[None], 0)[0]


def compress(condition: ArrayLike, a: ArrayLike, axis: int | None = None) -> Tensor:
    """The elements (or rows, along `axis`) for which the condition holds, a truth value for each.

    >>> tg.compress([True, False, True], tg.tensor([1.0, 2.0, 3.0]))
    tensor([1., 3.])
    """
    flags = np.asarray(condition)
    if flags.ndim != 1:
        raise ShapeError(
            f"compress got a condition of shape {flags.shape}.",
            "It needs one truth value for each element along the axis.",
            "Use x[mask] for a mask of the array's own shape.",
        )
    return take(a, np.flatnonzero(flags), axis)


def extract(condition: ArrayLike, arr: ArrayLike) -> Tensor:
    """The elements for which the condition of the same shape holds, in a row.

    >>> tg.extract([[True, False], [False, True]], tg.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor([1., 4.])
    """
    return take(arr, np.flatnonzero(np.asarray(condition)))


functions["choose"], functions["compress"], functions["extract"] = choose, compress, extract


# NumPy's functions that write into their first argument: on Tensors they assign, which rebinds it


def _put_along_axis_in_place(arr: Tensor, indices: ArrayLike, values: ArrayLike, axis: int | None) -> None:
    """NumPy's np.put_along_axis on a Tensor: the assignment.

    >>> t = tg.tensor([3.0, 1.0, 2.0])
    >>> np.put_along_axis(t, np.array([1]), 9.0, axis=0)
    >>> t
    tensor([3., 9., 2.])
    """
    arr[...] = put_along_axis(arr, indices, values, axis)


def _fill_diagonal_in_place(a: Tensor, val: ArrayLike, wrap: bool = False) -> None:
    """NumPy's np.fill_diagonal on a Tensor: the assignment.

    >>> t = tg.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> np.fill_diagonal(t, 0.0)
    >>> t
    tensor([[0., 2.],
            [3., 0.]])
    """
    a[...] = fill_diagonal(a, val, wrap)


_put_along_axis_in_place.__name__, _fill_diagonal_in_place.__name__ = "put_along_axis", "fill_diagonal"
functions["put_along_axis"], functions["fill_diagonal"] = _put_along_axis_in_place, _fill_diagonal_in_place
