"""Reductions: sum, mean, max, min over axes."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from ..core.primitive import constant, linear, primitive
from ..core.tensor import ArrayLike, Tensor
from .samples import arrays, scalars
from .shaping import broadcast_to

Axis: TypeAlias = int | tuple[int, ...] | None


def restored(g: Any, x: Any, axis: Axis, keepdims: bool) -> Any:
    """A reduced array with its reduced axes back, as axes of length 1, so that it broadcasts against x."""
    if keepdims or axis is None or np.ndim(x) == 0:
        return g
    return np.expand_dims(g, axis)


@linear(
    lambda g, y, x, axis, keepdims: broadcast_to(restored(g, x, axis, keepdims), shape=np.shape(x)),
    formula="y = Σ x",
    derivative="∂y/∂xᵢ = 1",
    samples=lambda: [
        arrays((2, 3)),
        [*arrays((2, 3)), 0],
        [*arrays((2, 3, 2)), (0, 2), True],
        [*arrays((2, 3)), -1],
        scalars(1),
    ],
)
def sum(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The sum over `axis` (all axes if None). Its adjoint is `broadcast_to`: the gradient is copied back.

    Shapes: the axes in `axis` vanish, or stay with length 1 under `keepdims`.

    >>> tg.sum(tg.tensor([[1.0, 2.0], [3.0, 4.0]]), axis=0)
    tensor([4., 6.])
    """
    return np.sum(x, axis=axis, keepdims=keepdims)


@linear(
    lambda g, y, x, axis, keepdims: broadcast_to(
        restored(g, x, axis, keepdims) * (np.size(y) / np.size(x) if np.size(x) else 1.0), shape=np.shape(x)
    ),
    formula="y = (1/n) Σ x",
    derivative="∂y/∂xᵢ = 1/n",
    samples=lambda: [arrays((2, 3)), [*arrays((2, 3)), 0], [*arrays((2, 3, 2)), (0, 2), True], scalars(1)],
)
def mean(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The arithmetic mean over `axis` (all axes if None).

    Shapes: the axes in `axis` vanish, or stay with length 1 under `keepdims`.

    >>> tg.mean(tg.tensor([[1.0, 2.0], [3.0, 4.0]]), axis=0)
    tensor([2., 3.])
    """
    return np.mean(x, axis=axis, keepdims=keepdims)


def shared(g: Any, y: Any, x: Any, axis: Axis, keepdims: bool) -> Any:
    """The gradient of a maximum or minimum: to the elements that attain it, ties in equal parts."""
    attained = x == restored(y, x, axis, keepdims)
    count = np.sum(attained, axis=axis, keepdims=True) if np.ndim(x) else 1
    return np.where(attained, restored(g, x, axis, keepdims) / count, 0)


@primitive(
    shared,
    pushes=[
        lambda t, y, x, axis, keepdims: np.sum(
            np.where(x == restored(y, x, axis, keepdims), t, 0), axis=axis, keepdims=keepdims
        )
        / np.sum(x == restored(y, x, axis, keepdims), axis=axis, keepdims=keepdims)
    ],
    formula="y = max x",
    derivative="∂y/∂xᵢ = 1 at the maximum, 0 elsewhere",
    kink="ties share the gradient evenly",
    samples=lambda: [
        arrays((2, 3)),
        [*arrays((2, 3)), 0],
        [*arrays((2, 3, 2)), (0, 2), True],
        scalars(1),
    ],
)
def max(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The largest element over `axis` (all axes if None); ties share the gradient evenly.

    >>> tg.max(tg.tensor([[1.0, 4.0], [3.0, 2.0]]), axis=0)
    tensor([3., 4.])
    """
    return np.max(x, axis=axis, keepdims=keepdims)


@primitive(
    shared,
    pushes=[
        lambda t, y, x, axis, keepdims: np.sum(
            np.where(x == restored(y, x, axis, keepdims), t, 0), axis=axis, keepdims=keepdims
        )
        / np.sum(x == restored(y, x, axis, keepdims), axis=axis, keepdims=keepdims)
    ],
    formula="y = min x",
    derivative="∂y/∂xᵢ = 1 at the minimum, 0 elsewhere",
    kink="ties share the gradient evenly",
    samples=lambda: [arrays((2, 3)), [*arrays((2, 3)), 0], [*arrays((2, 3, 2)), (0, 2), True]],
)
def min(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The smallest element over `axis` (all axes if None); ties share the gradient evenly.

    >>> tg.min(tg.tensor([[1.0, 4.0], [3.0, 2.0]]), axis=0)
    tensor([1., 2.])
    """
    return np.min(x, axis=axis, keepdims=keepdims)


@constant(formula="y = arg max x", samples=lambda: [[*arrays((2, 3)), 0]])
def argmax(x: ArrayLike, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """The index of the largest element along `axis`; no gradient flows through.

    >>> tg.argmax(tg.tensor([[1.0, 4.0], [3.0, 2.0]]), axis=1)
    tensor([1, 0])
    """
    return np.argmax(x, axis=axis, keepdims=keepdims)


@constant(formula="y = arg min x", samples=lambda: [[*arrays((2, 3)), 0]])
def argmin(x: ArrayLike, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """The index of the smallest element along `axis`; no gradient flows through.

    >>> tg.argmin(tg.tensor([[1.0, 4.0], [3.0, 2.0]]), axis=1)
    tensor([0, 1])
    """
    return np.argmin(x, axis=axis, keepdims=keepdims)
