"""Activations that are exactly 0 for small inputs: sparsemax and its relatives."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.primitive import elementwise, primitive
from ..core.registry import functions
from ..core.tensor import ArrayLike, Tensor
from .masks import kept
from .samples import arrays, scalars

__all__ = ["sparse_plus", "sparse_sigmoid", "sparsemax"]


def _on_support(t: Any, y: Any) -> Any:
    """t less its mean over the elements that are not 0 in y; 0 outside them. This map is its own adjoint."""
    there = y > 0
    count = np.sum(there.astype(y.dtype), axis=-1, keepdims=True)
    return kept(there, t - np.sum(kept(there, t), axis=-1, keepdims=True) / count)


def _by_bisection(x: Any) -> Any:
    """Sparsemax, found by halving the interval in which the threshold lies."""
    high = np.max(x, axis=-1, keepdims=True)
    low = high - 1
    for _ in range(80):
        middle = (low + high) / 2
        over = np.sum(np.maximum(x - middle, 0), axis=-1, keepdims=True) > 1
        low, high = np.where(over, middle, low), np.where(over, high, middle)
    return np.maximum(x - high, 0)


@primitive(
    lambda g, y, x: _on_support(g, y),
    pushes=[lambda t, y, x: _on_support(t, y)],
    formula="yᵢ = max(xᵢ - τ, 0), with τ such that Σ yᵢ = 1",
    derivative="∂yᵢ/∂xⱼ = δᵢⱼ - 1/k among the k elements that are not 0, else 0",
    kink="an element that just reaches τ counts as 0",
    reference=_by_bisection,
    samples=lambda: [arrays((2, 5)), arrays((4,)), arrays((2, 3, 4)), [np.array([0.3, 0.1, 0.25])]],
)
def _sparsemax(x: ArrayLike) -> Tensor:
    x = x - np.max(x, axis=-1, keepdims=True)  # near 0, where the 1 of the sum is not lost in rounding
    z = -np.sort(-x, axis=-1)  # largest first
    above = 1 + np.arange(1, x.shape[-1] + 1) * z > np.cumsum(z, axis=-1)
    count = np.sum(above, axis=-1, keepdims=True).astype(x.dtype)
    return np.maximum(x - (np.sum(np.where(above, z, 0), axis=-1, keepdims=True) - 1) / count, 0)


@_sparsemax.op.front
def sparsemax(x: ArrayLike, axis: int = -1) -> Tensor:
    """The probabilities nearest to x along `axis`: like softmax, but 0 for what lies far below the largest.

    Source: Martins, Astudillo, From Softmax to Sparsemax, 2016.

    >>> tg.sparsemax(tg.tensor([0.2, 0.0, -3.0]))
    tensor([0.6, 0.4, 0. ])
    """
    if axis in (-1, np.ndim(x) - 1):
        return _sparsemax(x)
    last = functions["moveaxis"](x, axis, -1)
    return functions["moveaxis"](_sparsemax(last), -1, axis)


@elementwise(
    lambda t, y, x: t * np.minimum(np.maximum(0.5 * (x + 1), 0), 1),
    formula="y = 0 for x ≤ -1, (x + 1)²/4 for |x| < 1, x for x ≥ 1",
    derivative="∂y/∂x = (x + 1)/2, held within 0 and 1",
    reference=lambda x: np.where(x <= -1, 0, np.where(x >= 1, x, (x + 1) ** 2 / 4)),
    samples=lambda: [arrays((2, 3)), [np.array([-2.0, 0.5, 1.5])], scalars(1)],
)
def sparse_plus(x: ArrayLike) -> Tensor:
    """A smooth relu that is 0 below -1 and x above 1, with a parabola between.

    >>> tg.sparse_plus(tg.tensor([-2.0, 0.0, 3.0]))
    tensor([0.  , 0.25, 3.  ])
    """
    return np.maximum(x, 0.25 * np.square(np.minimum(np.maximum(x, -1), 1) + 1))


@elementwise(
    lambda t, y, x: kept(np.abs(x) < 1, 0.5 * t),
    formula="y = (x + 1)/2, held within 0 and 1",
    derivative="∂y/∂x = ½ for |x| < 1, else 0",
    kink="0 at ±1",
    reference=lambda x: np.clip((x + 1) / 2, 0, 1),
    samples=lambda: [arrays((2, 3)), [np.array([-2.0, 0.5, 1.5])], scalars(1)],
)
def sparse_sigmoid(x: ArrayLike) -> Tensor:
    """A sigmoid of straight lines, exactly 0 below -1 and 1 above 1: the derivative of `sparse_plus`.

    >>> tg.sparse_sigmoid(tg.tensor([-2.0, 0.0, 3.0]))
    tensor([0. , 0.5, 1. ])
    """
    return np.minimum(np.maximum(0.5 * (x + 1), 0), 1)
