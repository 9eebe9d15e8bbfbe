"""Writing several values to one place: `ufunc.at`, by the quickest way for each kind of index."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

WIDE = 32  # elements in a row from which on whole rows are moved instead of single elements
MANY = 4096  # elements in all from which on it pays to number them through all axes
ROUNDS = 32768  # elements in all from which on it pays to look for repeated rows
FEW = 256  # elements in all up to which nothing pays: what NumPy does by itself costs less than any preparation
OFTEN = 4  # how often a row may be named, on average, for it to pay to move each row's first use at once


def accumulate(ufunc: np.ufunc, out: Any, index: tuple[Any, ...], x: Any) -> Any:
    """`ufunc.at(out, index, x)`, and `out`, which nobody else holds and whose elements follow each other.

    NumPy is quick along a single axis: places in several axes become numbers of elements.
    """
    if np.size(x) <= FEW:
        ufunc.at(out, index, x)
        return out[()]
    numbers = [part for part in index if isinstance(part, np.ndarray) and part.dtype.kind != "b"]
    if not numbers:  # masks and slices name nothing twice
        out[index] = ufunc(out[index], x)
    elif len(numbers) != len(index) or out.ndim == 1 or not out.size or not np.size(x):
        ufunc.at(out, index, x)
    elif len(index) == 1:
        rows = np.ravel(_from_start(numbers[0], len(out)))
        _rows(ufunc, out.reshape(len(out), -1), rows, np.reshape(x, (rows.size, -1)))
    else:
        places = np.ravel(places_of(numbers, out.shape[: len(index)]))
        _rows(ufunc, out.reshape(math.prod(out.shape[: len(index)]), -1), places, np.reshape(x, (places.size, -1)))
    return out[()]


def places_of(numbers: Any, shape: tuple[int, ...]) -> Any:
    """The numbers of the elements, all axes counted through, that are named by one array for each axis."""
    places = 0
    for part, length in zip(numbers, shape, strict=True):
        places = places * length + _from_start(part, length)
    return places


def places_along(shape: tuple[int, ...], numbers: Any, axis: int) -> Any:
    """The numbers of the elements, all axes counted through, of which those along `axis` have these numbers."""
    axis %= len(shape)
    inner, length = math.prod(shape[axis + 1 :]), shape[axis]
    places = _from_start(numbers, length)
    if inner > 1:
        places = places * inner + np.arange(inner).reshape(shape[axis + 1 :])
    lead = np.arange(math.prod(shape[:axis])) * (length * inner)
    return places + lead.reshape(*shape[:axis], *(1,) * (len(shape) - axis))


def _from_start(numbers: Any, length: int) -> Any:
    """The numbers with those from the end counted from the start, wide enough to number all elements.

    Raises:
        IndexError: for one out of range, which would name an element of another row.
    """
    numbers = numbers.astype(np.intp, copy=False)
    if not numbers.size or numbers.view(np.uintp).max() < length:  # without a sign, negative numbers are huge
        return numbers
    least = numbers.min()
    if least < -length or numbers.max() >= length:
        raise IndexError(f"an index is out of range for an axis of length {length}")
    return np.where(numbers < 0, numbers + length, numbers) if least < 0 else numbers


def _rows(ufunc: np.ufunc, out: Any, rows: Any, x: Any) -> None:
    """Accumulate the rows of x into those of `out`."""
    width = out.shape[1]
    if width == 1:
        ufunc.at(out[:, 0], rows, x[:, 0])
        return
    while width >= WIDE and x.size >= ROUNDS:
        order = np.arange(rows.size)
        first = np.empty(len(out), order.dtype)
        first[rows[::-1]] = order[::-1]  # of what is written to one place the last stays
        new = first[rows] == order
        count = np.count_nonzero(new)
        if count == rows.size:
            _distinct(ufunc, out, rows, x)
            return
        if count * OFTEN < rows.size:
            break
        chosen, again = np.flatnonzero(new), np.flatnonzero(~new)
        _distinct(ufunc, out, rows[chosen], np.take(x, chosen, axis=0))
        rows, x = rows[again], np.take(x, again, axis=0)
    places = rows[:, None] * width + np.arange(width)
    ufunc.at(out.reshape(-1), places.ravel(), x.ravel())


def _distinct(ufunc: np.ufunc, out: Any, rows: Any, x: Any) -> None:
    """The same for rows that are all different."""
    moved = np.take(out, rows, axis=0)
    out[rows] = ufunc(moved, x, out=moved)
