"""Putting elements in order. A sorted array is a rearrangement, and its gradient is arranged back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.primitive import constant, primitive
from ..core.registry import functions
from ..core.tensor import ArrayLike, Tensor
from .accumulating import MANY, places_along
from .gathering import take, take_along_axis
from .samples import arrays
from .shaping import ravel

__all__ = ["argpartition", "argsort", "digitize", "lexsort", "partition", "searchsorted", "sort"]


def order_of(x: Any, axis: int) -> Any:
    """The numbers of the elements along an axis, in rising order of their values; equal ones as they stand."""
    return np.argsort(x, axis=axis, kind="stable")


@constant(
    formula="k = the place at which x stands in y, which is x sorted; equal elements keep their order",
    samples=lambda: [
        [np.array([3.0, 1.0, 2.0]), np.array([1.0, 2.0, 3.0]), 0],
        [np.array([[2.0, 1.0, 2.0]]), np.array([[1.0, 2.0, 2.0]]), -1],
        [np.array([np.nan, 1.0, np.nan]), np.array([1.0, np.nan, np.nan]), 0],
    ],
    reference=lambda x, y, axis: np.argsort(np.argsort(x, axis, kind="stable"), axis),
)
def _places_in_order(x: ArrayLike, y: ArrayLike, axis: int) -> Any:
    """Where each element goes as the array is sorted: what the gradient of `sort` is arranged back by.

    >>> from tinygrad_loss.core.registry import functions
    >>> functions["places_in_order"](np.array([3.0, 1.0, 2.0]), np.array([1.0, 2.0, 3.0]), axis=0)
    array([2, 0, 1])
    """
    if x.size < MANY:
        return np.argsort(order_of(x, axis), axis=axis)
    rising = np.moveaxis(y, axis, -1)
    distinct = (rising[..., :-1] < rising[..., 1:]).all()  # then any method finds the one order, the quick one too
    order = np.argsort(x, axis=axis, kind=None if distinct else "stable")
    out = np.empty(x.shape, order.dtype)
    numbers = np.arange(x.shape[axis]).reshape(-1, *(1,) * (x.ndim - 1 - axis % x.ndim))
    out.reshape(-1)[places_along(x.shape, order, axis)] = numbers
    return out


@primitive(
    lambda g, y, x, axis: take_along_axis(g, _places_in_order(x, y, axis=axis), axis),
    pushes=[lambda t, y, x, axis: np.take_along_axis(t, order_of(x, axis), axis)],
    formula="y = x, in rising order along an axis",
    derivative="∂yₖ/∂xᵢ = 1 where xᵢ stands at place k of y, 0 elsewhere",
    kink="equal elements keep their order: the earlier one gets the gradient of the earlier place",
    samples=lambda: [
        [*arrays((5,)), -1],
        [*arrays((3, 4)), 0],
        [*arrays((2, 3, 2)), 1],
        [np.array([2.0, 1.0, 3.0, 0.5])[::-1], 0],
        [*arrays((2, 0)), 1],
        [*arrays((1,)), 0],
    ],
)
def _sort(x: ArrayLike, axis: int) -> Any:
    return np.sort(x, axis=axis)


@_sort.op.front
def sort(a: ArrayLike, axis: int | None = -1, kind: str | None = None, *, stable: bool | None = None) -> Tensor:
    """The elements in rising order along `axis` (all in one row if None); NaN comes last.

    The derivative is a rearrangement: the gradient of each place of the result goes to the element that
    stands there. `kind` and `stable` are taken as NumPy takes them; the result is the same.

    >>> x = tg.tensor([3.0, 1.0, 2.0], requires_grad=True)
    >>> (tg.sort(x) * np.array([10.0, 20.0, 30.0])).sum().backward()
    >>> x.grad
    tensor([30., 10., 20.])
    """
    return _sort(ravel(a), axis=0) if axis is None else _sort(a, axis=axis)


@constant(
    formula="k = the number of the element that comes to each place of the sorted array",
    samples=lambda: [
        [*arrays((5,)), -1, None],
        [*arrays((2, 3, 2)), 1, "stable"],
        [np.array([1.0, 0.0, 1.0, 0.0]), 0, "stable"],
    ],
)
def _argsort(x: ArrayLike, axis: int, kind: Any) -> Any:
    return np.argsort(x, axis=axis, kind=kind)


@_argsort.op.front
def argsort(a: ArrayLike, axis: int | None = -1, kind: str | None = None, *, stable: bool | None = None) -> Tensor:
    """The numbers of the elements in rising order of their values; whole numbers, without a gradient.

    Args:
        a: the array.
        axis: the axis to sort along; None for all elements in one row.
        kind: NumPy's name of a method; "stable" keeps equal elements in their order.
        stable: another way to say kind="stable".

    >>> tg.argsort(tg.tensor([3.0, 1.0, 2.0]))
    tensor([1, 2, 0])
    """
    kind = "stable" if stable else kind
    return _argsort(ravel(a), axis=0, kind=kind) if axis is None else _argsort(a, axis=axis, kind=kind)


@constant(
    formula="k = the number of the element that comes to each place, with place kth as if sorted",
    samples=lambda: [[*arrays((5,)), 2, -1], [*arrays((2, 5)), (1, 3), 1], [*arrays((4, 2)), -1, 0]],
)
def _argpartition(x: ArrayLike, kth: int | tuple[int, ...], axis: int) -> Any:
    return np.argpartition(x, kth, axis=axis)


@_argpartition.op.front
def argpartition(a: ArrayLike, kth: int | Sequence[int], axis: int | None = -1, kind: str = "introselect") -> Tensor:
    """The numbers of the elements in the order in which `partition` puts them.

    >>> tg.argpartition(tg.tensor([3.0, 1.0, 2.0]), 0)[0]
    tensor(1)
    """
    place: Any = tuple(int(k) for k in kth) if np.ndim(kth) else int(kth)  # type: ignore[arg-type, union-attr]
    return _argpartition(ravel(a), kth=place, axis=0) if axis is None else _argpartition(a, kth=place, axis=axis)


def partition(a: ArrayLike, kth: int | Sequence[int], axis: int | None = -1, kind: str = "introselect") -> Tensor:
    """The elements with the kth in its sorted place, none larger before it and none smaller after.

    It costs less than `sort` where only some places are needed. Within the two parts the order is left
    open. Each element's derivative is 1 by the element that it is.

    >>> tg.partition(tg.tensor([3.0, 1.0, 2.0]), 1)[1]
    tensor(2.)
    """
    x = ravel(a) if axis is None else a
    axis = 0 if axis is None else axis
    return take_along_axis(x, argpartition(x, kth, axis), axis)


@constant(
    formula="k = the numbers of the elements in rising order of the last key, among equals of the one before",
    reference=lambda *keys, axis: np.lexsort(keys, axis=axis),
    samples=lambda: [
        [np.array([2.0, 1.0, 2.0]), np.array([1.0, 1.0, 0.0]), {"axis": -1}],
        [np.array([[2, 1], [1, 1]]), np.array([[0, 0], [1, 0]]), {"axis": 0}],
    ],
)
def _lexsort(*keys: ArrayLike, axis: int) -> Any:
    return np.lexsort(keys, axis=axis)


@_lexsort.op.front
def lexsort(keys: Sequence[ArrayLike], axis: int = -1) -> Tensor:
    """The numbers of the elements in rising order of the last key; equal ones by the key before it.

    >>> surname, first = tg.tensor([2, 1, 2]), tg.tensor([1, 1, 0])
    >>> tg.lexsort((first, surname))
    tensor([1, 2, 0])
    """
    return _lexsort(*keys, axis=axis)


@constant(
    formula="k = the place at which v would be put into the sorted a",
    samples=lambda: [
        [np.array([1.0, 2.0, 3.0]), np.array([[0.5, 2.0], [2.5, 9.0]]), "left"],
        [np.array([1.0, 2.0, 3.0]), np.array(2.0), "right"],
    ],
)
def _searchsorted(a: ArrayLike, v: ArrayLike, side: Any) -> Any:
    return np.searchsorted(a, v, side)


@_searchsorted.op.front
def searchsorted(a: ArrayLike, v: ArrayLike, side: str = "left", sorter: ArrayLike | None = None) -> Tensor:
    """The places at which to put the values v into the sorted array a, so that it stays sorted.

    Args:
        a: a rising sequence; or any, if `sorter` says its order.
        v: the values.
        side: "left" of those that are equal to it, or "right".
        sorter: the result of `argsort(a)`.

    >>> tg.searchsorted(tg.tensor([1.0, 2.0, 3.0]), [2.0, 2.5])
    tensor([1, 2])
    """
    return _searchsorted(a if sorter is None else take(a, sorter), v, side=side)


@constant(
    formula="k = the number of the interval between the bins that x lies in",
    samples=lambda: [
        [np.array([0.5, 1.0, 2.5]), np.array([0.0, 1.0, 2.0]), False],
        [np.array([[0.5], [1.0]]), np.array([2.0, 1.0, 0.0]), True],
    ],
)
def digitize(x: ArrayLike, bins: ArrayLike, right: bool = False) -> Tensor:
    """The number of the interval that each x lies in: k where bins[k - 1] ≤ x < bins[k].

    Args:
        x: the values.
        bins: the bounds, rising or falling.
        right: let an interval hold its right bound instead of its left one.

    >>> tg.digitize(tg.tensor([0.5, 1.0, 9.0]), [0.0, 1.0, 2.0])
    tensor([1, 2, 3])
    """
    return np.digitize(x, bins, right)


functions["partition"] = partition
