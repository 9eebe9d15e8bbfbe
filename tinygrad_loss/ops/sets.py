"""Arrays as sets: which values there are. The values are gathered, so they keep their gradient."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..core.primitive import constant
from ..core.registry import functions
from ..core.tensor import ArrayLike, Tensor
from .gathering import take
from .joining import concatenate
from .places import like, settled
from .shaping import ravel

__all__ = [
    "intersect1d",
    "isin",
    "setdiff1d",
    "setxor1d",
    "union1d",
    "unique",
    "unique_all",
    "unique_counts",
    "unique_inverse",
    "unique_values",
]


class UniqueAll(NamedTuple):
    """What `unique_all` finds."""

    values: Any
    indices: Any
    inverse_indices: Any
    counts: Any


class UniqueCounts(NamedTuple):
    """What `unique_counts` finds."""

    values: Any
    counts: Any


class UniqueInverse(NamedTuple):
    """What `unique_inverse` finds."""

    values: Any
    inverse_indices: Any


def unique(
    ar: ArrayLike,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
    *,
    equal_nan: bool = True,
    sorted: bool = True,
) -> Any:
    """The different values (or rows, along `axis`) in rising order; each gets the gradient of its first occurrence.

    How many there are depends on the values, so a compiled program cannot hold it.

    Args:
        ar: the array.
        return_index: give the number of the first occurrence of each as well.
        return_inverse: give the numbers that make the array again from its values.
        return_counts: give how often each occurs.
        axis: the axis along which rows are compared; None for single elements.
        equal_nan: count all NaN as one value.
        sorted: NumPy's permission to leave the order open; the result is in order anyway.

    >>> values, counts = tg.unique(tg.tensor([3.0, 1.0, 3.0]), return_counts=True)
    >>> values
    tensor([1., 3.])
    >>> counts
    tensor([1, 2])
    """
    _, index, *others = np.unique(settled(ar, "unique"), True, return_inverse, return_counts, axis, equal_nan=equal_nan)
    values = take(ravel(ar) if axis is None else ar, index, axis)
    found = (values, *like(ar, (*([index] if return_index else []), *others)))
    return found if len(found) > 1 else values


def unique_values(x: ArrayLike) -> Tensor:
    """The different values, each NaN for itself (see `tg.unique`).

    >>> tg.unique_values(tg.tensor([3.0, 1.0, 3.0]))
    tensor([1., 3.])
    """
    return unique(x, equal_nan=False)


def unique_counts(x: ArrayLike) -> UniqueCounts:
    """The different values and how often each occurs (see `tg.unique`).

    >>> tg.unique_counts(tg.tensor([3.0, 1.0, 3.0])).counts
    tensor([1, 2])
    """
    return UniqueCounts(*unique(x, return_counts=True, equal_nan=False))


def unique_inverse(x: ArrayLike) -> UniqueInverse:
    """The different values and the numbers that make the array again from them (see `tg.unique`).

    >>> tg.unique_inverse(tg.tensor([3.0, 1.0, 3.0])).inverse_indices
    tensor([1, 0, 1])
    """
    return UniqueInverse(*unique(x, return_inverse=True, equal_nan=False))


def unique_all(x: ArrayLike) -> UniqueAll:
    """The different values, where each is first, how they make the array again, how often each occurs.

    >>> tg.unique_all(tg.tensor([3.0, 1.0, 3.0])).indices
    tensor([1, 0])
    """
    return UniqueAll(*unique(x, True, True, True, equal_nan=False))


def union1d(ar1: ArrayLike, ar2: ArrayLike) -> Tensor:
    """The values that are in one array or the other, in rising order.

    >>> tg.union1d(tg.tensor([3.0, 1.0]), tg.tensor([2.0, 3.0]))
    tensor([1., 2., 3.])
    """
    return unique(concatenate((ar1, ar2), None))


def _with(other: ArrayLike, values: Any) -> Any:
    """The values as a Tensor, if the other set was one."""
    return like(other, values) if not isinstance(values, Tensor) else values


def intersect1d(ar1: ArrayLike, ar2: ArrayLike, assume_unique: bool = False, return_indices: bool = False) -> Any:
    """The values that are in both arrays, in rising order; the gradient goes to the first array.

    >>> tg.intersect1d(tg.tensor([3.0, 1.0]), tg.tensor([2.0, 3.0]))
    tensor([3.])
    """
    first, second = settled(ar1, "intersect1d"), settled(ar2, "intersect1d")
    _, here, there = np.intersect1d(first, second, assume_unique, return_indices=True)
    values = _with(ar2, take(ravel(ar1), here))
    return (values, *like(values, (here, there))) if return_indices else values


def setdiff1d(ar1: ArrayLike, ar2: ArrayLike, assume_unique: bool = False) -> Tensor:
    """The values of the first array that are not in the second, in rising order.

    >>> tg.setdiff1d(tg.tensor([3.0, 1.0]), tg.tensor([2.0, 3.0]))
    tensor([1.])
    """
    own = ravel(ar1) if assume_unique else unique(ar1)
    other = np.isin(settled(own, "setdiff1d"), settled(ar2, "setdiff1d"), invert=True)
    return _with(ar2, take(own, np.flatnonzero(other)))


def setxor1d(ar1: ArrayLike, ar2: ArrayLike, assume_unique: bool = False) -> Tensor:
    """The values that are in just one of the arrays, in rising order.

    >>> tg.setxor1d(tg.tensor([3.0, 1.0]), tg.tensor([2.0, 3.0]))
    tensor([1., 2.])
    """
    parts = (ar1, ar2) if assume_unique else (unique(ar1), unique(ar2))
    both = concatenate(parts, None)
    _, index, counts = np.unique(settled(both, "setxor1d"), return_index=True, return_counts=True)
    return take(both, index[counts == 1])


@constant(
    formula="y = x is one of the values",
    reference=lambda element, test_elements, invert: np.isin(element, test_elements, invert=invert),
    samples=lambda: [
        [np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([2.0, 4.0, 7.0]), False],
        [np.array([1, 2]), np.array([], int), True],
    ],
)
def _isin(element: ArrayLike, test_elements: ArrayLike, invert: bool) -> Any:
    return np.isin(element, test_elements, invert=invert)


@_isin.op.front
def isin(
    element: ArrayLike, test_elements: ArrayLike, assume_unique: bool = False, invert: bool = False, *, kind: Any = None
) -> Tensor:
    """Whether each element is one of the values (or, under `invert`, none of them).

    `assume_unique` and `kind`, by which NumPy chooses how to look, are accepted; the answer is the same.

    >>> tg.isin(tg.tensor([1.0, 2.0]), [2.0, 3.0])
    tensor([False,  True])
    """
    return _isin(element, test_elements, invert=bool(invert))


functions.update(
    intersect1d=intersect1d,
    setdiff1d=setdiff1d,
    setxor1d=setxor1d,
    union1d=union1d,
    unique=unique,
    unique_all=unique_all,
    unique_counts=unique_counts,
    unique_inverse=unique_inverse,
    unique_values=unique_values,
)
