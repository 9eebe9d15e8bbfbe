"""Sums over the first or the last axes as products with a row of ones: BLAS adds several numbers at a time."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .ir import Step, Value

__all__ = ["as_product"]

LONGEST = 4096  # numbers in a row that are summed: of more, NumPy's sum in pairs is the more exact


def as_product(writer: Any, step: Step, made: str) -> str | None:
    """The line that writes a sum into the place `made`; None where it is none of these."""
    x, y = step.arguments[0], step.results[0]
    if step.function is not np.add or not isinstance(x, Value) or x.dtype != y.dtype or x.dtype.char not in "fd":
        return None
    axes, rank = step.options["axis"], len(x.shape)
    if axes is None or not x.size or not writer.layout.sums:
        return None
    ends = (tuple(range(len(axes))), tuple(range(rank - len(axes), rank)))
    if axes not in ends or len(axes) == rank:
        return None
    if len(y.shape) > 1 and id(y) not in writer.placed:  # another place each time: no view of it stands anywhere
        return None
    length, rest = math.prod(x.shape[axis] for axis in axes), y.size
    first = axes == ends[0]
    rows = _matrix(writer, x, (length, rest) if first else (rest, length))
    if rows is None or (not first and length > LONGEST):
        return None
    name, turned = rows
    ones = writer.once("ones", f"np.ones({length}, np.{x.dtype.name})")
    into = made if y.shape == (rest,) else writer.once(f"{made}_in_a_row", f"{made}.reshape({rest})")
    return f"{ones}.dot({name}, {into})" if first is not turned else f"{name}.dot({ones}, {into})"


def _matrix(writer: Any, x: Value, shape: tuple[int, int]) -> tuple[str, bool] | None:
    """The name of an array as a matrix, without a copy, and whether it lies there as its transpose."""
    if id(x) in writer.turns:
        return writer.turns[id(x)], True
    if id(x) not in writer.placed or not (id(x) in writer.layout.in_block or id(x) in writer.layout.in_flat):
        return None
    name = writer.namer.of(x)
    return (name if x.shape == shape else writer.once(f"{name}_as_rows", f"{name}.reshape({shape})")), False
