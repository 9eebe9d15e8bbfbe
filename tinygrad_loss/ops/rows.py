"""Several axes as one: how a reduction over any axes becomes one over the last."""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ..errors import AxisError

__all__ = ["Axis", "as_rows", "axes_last", "axes_of", "from_rows"]

Axis: TypeAlias = int | tuple[int, ...] | None


def axes_of(x: Any, axis: Axis) -> tuple[int, ...]:
    """The axes meant, all of them by None, counted from the first.

    Raises:
        AxisError: for an axis that x does not have.
    """
    ndim = np.ndim(x)
    if type(axis) is int and -ndim <= axis < ndim:
        return (axis % ndim,)
    try:
        return tuple(range(ndim)) if axis is None else normalize_axis_tuple(axis, ndim)  # type: ignore[return-value]
    except np.exceptions.AxisError:
        raise AxisError(
            f"Axis {axis} is not an axis of shape {np.shape(x)}.",
            f"Axes run from 0 to {ndim - 1}, or from -1 to {-ndim}." if ndim else "A 0-d array has no axes.",
            "Look at the shape: the last axis is -1.",
        ) from None


def axes_last(x: Any, axis: Axis) -> tuple[tuple[int, ...], int]:
    """The order of axes that puts those in `axis` last, and the number of the others."""
    reduced = axes_of(x, axis if np.ndim(x) else None)
    kept = tuple(i for i in range(np.ndim(x)) if i not in reduced)
    return kept + reduced, len(kept)


def as_rows(x: Any, axis: Axis) -> Any:
    """The elements over `axis` as one last axis."""
    order, kept = axes_last(x, axis)
    shape = [np.shape(x)[i] for i in order]
    return np.reshape(np.transpose(x, order), (*shape[:kept], math.prod(shape[kept:])))


def from_rows(rows: Any, like: Any, axis: Axis) -> Any:
    """The opposite of `as_rows`: the last axis as the axes of `like` again that it was made of."""
    order, _ = axes_last(like, axis)
    apart = np.reshape(rows, tuple(np.shape(like)[i] for i in order))
    return np.transpose(apart, tuple(np.argsort(order).tolist()))
