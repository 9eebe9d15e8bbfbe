"""Reductions: sums, means, products and truth over axes."""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ..core.primitive import constant, linear, primitive
from ..core.tensor import ArrayLike, Tensor
from .cumulative import backwards, delayed
from .exponentials import log_weight
from .samples import arrays, scalars
from .selection import where as chosen
from .shaping import astype, broadcast_to

__all__ = ["all", "any", "count_nonzero", "logsumexp", "mean", "prod", "sum"]

Axis: TypeAlias = int | tuple[int, ...] | None


def restored(g: Any, x: Any, axis: Axis, keepdims: bool) -> Any:
    """A reduced array with its reduced axes back, as axes of length 1, so that it broadcasts against x."""
    if keepdims or axis is None or np.ndim(x) == 0:
        return g
    return np.expand_dims(g, axis)


def last_axes(x: Any, axis: Axis) -> tuple[int, ...]:
    """The order of x's axes that puts those in `axis` last, and how many they are."""
    ndim = np.ndim(x)
    reduced = tuple(range(ndim)) if axis is None or not ndim else normalize_axis_tuple(axis, ndim)
    return (*(i for i in range(ndim) if i not in reduced), *reduced), len(reduced)  # type: ignore[return-value]
