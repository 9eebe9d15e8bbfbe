"""Reductions: sums, means, products, extremes and truth over axes."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from ..core.primitive import constant, linear, primitive
from ..core.registry import functions
from ..core.tensor import ArrayLike, Tensor
from .samples import arrays, scalars
from .shaping import broadcast_to

__all__ = [
    "all",
    "any",
    "argmax",
    "argmin",
    "count_nonzero",
    "logsumexp",
    "max",
    "mean",
    "min",
    "prod",
    "std",
    "sum",
    "var",
]

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


@constant(formula="y = every x is true", samples=lambda: [arrays((2, 3)), [*arrays((2, 3)), 0]])
def all(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Whether every element over `axis` is true (not 0).

    >>> tg.all(tg.tensor([[1.0, 0.0], [3.0, 2.0]]), axis=1)
    tensor([False,  True])
    """
    return np.all(x, axis=axis, keepdims=keepdims)


@constant(formula="y = some x is true", samples=lambda: [arrays((2, 3)), [*arrays((2, 3)), 0]])
def any(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Whether some element over `axis` is true (not 0).

    >>> tg.any(tg.tensor([[0.0, 0.0], [3.0, 2.0]]), axis=1)
    tensor([False,  True])
    """
    return np.any(x, axis=axis, keepdims=keepdims)


@constant(formula="y = how many x ≠ 0", samples=lambda: [arrays((2, 3)), [*arrays((2, 3)), 0]])
def count_nonzero(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """How many elements over `axis` are not 0.

    >>> tg.count_nonzero(tg.tensor([[0.0, 1.0], [3.0, 2.0]]), axis=1)
    tensor([1, 2])
    """
    return np.count_nonzero(x, axis=axis, keepdims=keepdims)


def other_products(x: Any, axis: Axis) -> Any:
    """For each element the product of all the others over `axis`: right where elements are 0, unlike y / x."""
    ndim = np.ndim(x)
    axes = tuple(range(ndim)) if axis is None else tuple(a % ndim for a in (axis if isinstance(axis, tuple) else (axis,)))
    order = (*(i for i in range(ndim) if i not in axes), *axes)
    shape = tuple(np.shape(x)[i] for i in order)
    rows = np.reshape(np.transpose(x, order), (*shape[: ndim - len(axes)], -1))  # (..., elements reduced)
    count = np.shape(rows)[-1]
    without = np.where(np.eye(count, dtype=bool), 1, np.expand_dims(rows, -2))  # row i: all but element i
    products = np.prod(without, axis=-1)
    return np.transpose(np.reshape(products, shape), tuple(int(i) for i in np.argsort(order)))


@primitive(
    lambda g, y, x, axis, keepdims: restored(g, x, axis, keepdims) * other_products(x, axis),
    pushes=[lambda t, y, x, axis, keepdims: np.sum(t * other_products(x, axis), axis=axis, keepdims=keepdims)],
    formula="y = Π x",
    derivative="∂y/∂xᵢ = Π of all the others",
    samples=lambda: [
        arrays((2, 3)),
        [*arrays((2, 3)), 0],
        [*arrays((2, 3, 2)), (0, 2), True],
        [np.array([2.0, 0.0, 3.0]), -1],
        [np.array([2.0, 0.0, 0.0]), 0],
    ],
)
def prod(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The product over `axis` (all axes if None); its derivative is exact where elements are 0.

    >>> tg.prod(tg.tensor([2.0, 3.0, 4.0]))
    tensor(24.)
    """
    return np.prod(x, axis=axis, keepdims=keepdims)


@primitive(
    lambda g, y, x, axis, keepdims: restored(g, x, axis, keepdims) * np.exp(x - restored(y, x, axis, keepdims)),
    pushes=[
        lambda t, y, x, axis, keepdims: np.sum(
            t * np.exp(x - restored(y, x, axis, keepdims)), axis=axis, keepdims=keepdims
        )
    ],
    formula="y = ln Σ exp(x)",
    derivative="∂y/∂xᵢ = softmax(x)ᵢ",
    samples=lambda: [arrays((2, 3)), [*arrays((2, 3)), 0], [*arrays((2, 3, 2)), (0, 2), True]],
)
def logsumexp(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The logarithm of the sum of exponentials, without overflow: ln Σ exp(x). Its gradient is softmax.

    >>> tg.logsumexp(tg.tensor([1000.0, 1000.0]))
    tensor(1000.69314718)
    """
    top = np.max(x, axis=axis, keepdims=True)
    top = np.where(np.isfinite(top), top, 0)
    y = np.log(np.sum(np.exp(x - top), axis=axis, keepdims=True)) + top
    return y if keepdims else np.squeeze(y, axis=axis)


def var(x: ArrayLike, axis: Axis = None, ddof: float = 0, keepdims: bool = False) -> Tensor:
    """The variance over `axis`: the mean squared deviation, its divisor lessened by `ddof`.

    >>> tg.var(tg.tensor([1.0, 2.0, 3.0]), ddof=1)
    tensor(1.)
    """
    deviation = x - mean(x, axis=axis, keepdims=True)
    squares = mean(deviation * deviation, axis=axis, keepdims=keepdims)
    if not ddof:
        return squares
    count = np.size(x) / np.size(squares)
    return squares * (count / (count - ddof))


def std(x: ArrayLike, axis: Axis = None, ddof: float = 0, keepdims: bool = False) -> Tensor:
    """The standard deviation over `axis`; where nothing varies its gradient is 0.

    >>> tg.std(tg.tensor([1.0, 2.0, 3.0]), ddof=1)
    tensor(1.)
    """
    variance = var(x, axis=axis, ddof=ddof, keepdims=keepdims)
    still = functions["equal"](variance, 0)
    return np.where(still, 0, np.sqrt(np.where(still, 1, variance)))


functions.update(var=var, std=std)
