"""Writing several values to one place: `ufunc.at`, by the quickest way for each kind of index."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

WIDE = 32  # elements in a row from which on whole rows are moved instead of single elements
MANY = 4096  # elements in all from which on it pays to look for repeated rows


def accumulate(ufunc: np.ufunc, out: Any, index: tuple[Any, ...], x: Any) -> Any:
    """`ufunc.at(out, index, x)`, and `out`, which nobody else holds and whose elements follow each other.

    NumPy is quick along a single axis: places in several axes become numbers of elements.
    """
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


def _from_start(numbers: Any, length: int) -> Any:
    """The numbers with those from the end counted from the start.

    Raises:
        IndexError: for one out of range, which would name an element of another row.
    """
    if not numbers.size:
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
    if width >= WIDE and x.size >= MANY:
        order = np.arange(rows.size)
        first = np.empty(len(out), order.dtype)
        first[rows[::-1]] = order[::-1]  # of what is written to one place the last stays
        new = first[rows] == order
        chosen = slice(None) if new.all() else np.flatnonzero(new)
        out[rows[chosen]] = ufunc(out[rows[chosen]], x[chosen])
        if isinstance(chosen, slice):
            return
        again = np.flatnonzero(~new)
        rows, x = rows[again], x[again]
    places = rows[:, None] * width + np.arange(width)
    ufunc.at(out.reshape(-1), places.ravel(), x.ravel())
