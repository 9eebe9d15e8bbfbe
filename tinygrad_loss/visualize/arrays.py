"""Arrays as data for the explorer's page: their elements where they are few, else an image and what sums them up.

An array of three axes or more is shown as tiles, each a matrix: the last two axes, or of pictures their height
and width.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from .walk import Graph
from .wording import norm

__all__ = ["Keep", "layouts"]

CELLS = (1024, 256, 64, 16)  # elements kept of one array: as many as leave the page small
ALL_CELLS = 400_000  # elements kept of all arrays together
DIGITS = 6  # significant ones in the elements of arrays; single numbers keep all
PICTURES = (0, 3, 1, 2)  # (picture, height, width, channel) with height and width last
KERNELS = (2, 3, 0, 1)  # (height, width, channel, filter) likewise


def layouts(graph: Graph) -> dict[str, tuple[int, ...]]:
    """How to turn the axes of arrays that hold pictures or the filters of a convolution, by the ids of their nodes."""
    convolutions = [record for record in graph.nodes.values() if record.title == "convolution"]
    filters = {record.inputs[1].source for record in convolutions}
    four = [record.id for record in graph.nodes.values() if np.ndim(_parts(record.value)[0]) == 4]
    return {identity: KERNELS if identity in filters else PICTURES for identity in four if convolutions}


class Keep:
    """Arrays as data, with so many of their elements that the page stays small."""

    def __init__(self, values: Iterable[Any], turned: Mapping[str, tuple[int, ...]]) -> None:
        sizes = [np.size(part) for value in values for part in _parts(value)]
        self.cells = next((c for c in CELLS if 4 * sum(min(size, c) for size in sizes) <= ALL_CELLS), CELLS[-1])
        self.turned = turned

    def value(self, value: Any, identity: str = "") -> Any:
        """An array with its shape, dtype and elements, or an image of it; with its statistics."""
        if value is None:
            return None
        if isinstance(value, tuple):
            return {"parts": [self.value(part, identity) for part in value]}
        array = np.asarray(value)
        found: dict[str, Any] = {"shape": list(array.shape), "dtype": str(array.dtype)}
        if array.dtype.kind not in "fiub":
            return found | {"text": str(array)[:200]}
        if array.size == 1:
            return found | {"cells": [_plain(array.ravel()[0])]}
        if array.ndim > 2 and array.size:
            turned = self.turned.get(identity)
            tiles = array.transpose(turned) if turned and array.ndim == 4 else array
            found["image"] = self.tiled(tiles)
        elif array.size <= self.cells:
            found["cells"] = _short(array)
        else:
            image = _pooled(array, math.isqrt(self.cells))
            found["image"] = {"shape": list(image.shape), "cells": _short(image), "note": POOLED}
        return found | _statistics(array)

    def tiled(self, array: Any) -> dict[str, Any]:
        """The matrices of the last two axes side by side; of an array that is too large the first ones, pooled."""
        high, wide = array.shape[-2:]
        matrices = array.reshape(-1, high, wide)
        channels = array.shape[-3] if array.ndim > 3 else 1
        chosen = matrices[: channels * max(self.cells // (channels * high * wide), 1)]
        block = math.ceil(math.sqrt(max(chosen.size / self.cells, 1)))
        tiles = [_pooled(matrix, math.ceil(high / block), math.ceil(wide / block)) for matrix in chosen]
        tiles = tiles[: max(self.cells // tiles[0].size, 1)]
        left_out = [f"the first {len(tiles)} of {len(matrices)} matrices"] * (len(tiles) < len(matrices))
        note = "; ".join(left_out + [POOLED] * (block > 1))
        across = channels if channels > 1 else math.ceil(math.sqrt(len(tiles) * high / wide))
        image = _side_by_side(tiles, min(across, len(tiles)))
        found = {"shape": list(image.shape), "cells": _short(image), "tile": list(tiles[0].shape), "tiles": len(tiles)}
        return found | ({"note": note} if note else {})


POOLED = "blocks of elements: from each the one furthest from 0"


def _parts(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def _plain(x: Any) -> Any:
    """A number as JSON has it; NaN and the infinities by name."""
    if isinstance(x, (bool, np.bool_)):
        return bool(x)
    value = float(x)
    if math.isfinite(value):
        return int(x) if np.asarray(x).dtype.kind in "iu" else value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _short(array: Any) -> list[Any]:
    """The elements in a few digits."""
    if array.dtype.kind != "f":
        return [_plain(x) for x in array.ravel()]
    return [float(f"{x:.{DIGITS}g}") if math.isfinite(x) else _plain(x) for x in array.ravel().tolist()]


def _pooled(array: Any, rows: int, columns: int | None = None) -> Any:
    """A smaller matrix: from each block the element furthest from zero, as a gradient hides in few."""
    matrix = array if array.ndim > 1 else array.reshape(1, -1)
    if matrix.shape[0] == 1 and columns is None:  # a vector: folded into rows
        length = math.isqrt(matrix.size - 1) + 1
        matrix = np.pad(matrix.ravel(), (0, -matrix.size % length)).reshape(-1, length)
    for axis, most in enumerate((rows, rows if columns is None else columns)):
        length = matrix.shape[axis]
        if length > most:
            starts = np.linspace(0, length, most, endpoint=False).astype(int)
            magnitude = np.abs(matrix.astype(np.float64)) if matrix.dtype.kind != "b" else matrix
            peaks = np.maximum.reduceat(magnitude, starts, axis=axis)
            lowest = np.minimum.reduceat(matrix, starts, axis=axis)
            highest = np.maximum.reduceat(matrix, starts, axis=axis)
            matrix = np.where(highest == peaks, highest, lowest)
    return matrix


def _side_by_side(tiles: list[Any], across: int) -> Any:
    """Matrices of one shape as one, so many in a row; the last row is filled up with zeros."""
    high, wide = tiles[0].shape
    rows = math.ceil(len(tiles) / across)
    sheet = np.zeros((rows * across, high, wide), tiles[0].dtype)
    sheet[: len(tiles)] = tiles
    return sheet.reshape(rows, across, high, wide).swapaxes(1, 2).reshape(rows * high, across * wide)


def _statistics(array: Any) -> dict[str, Any]:
    if not array.size or array.dtype.kind == "b":
        return {}
    finite = array[np.isfinite(array)]
    found = {"norm": _plain(norm(array)), "zeros": int(array.size - np.count_nonzero(array))}
    if finite.size:
        found |= {"min": _plain(finite.min()), "max": _plain(finite.max()), "mean": _plain(finite.mean(dtype=float))}
    if finite.size < array.size:
        found["bad"] = int(array.size - finite.size)
    return found
