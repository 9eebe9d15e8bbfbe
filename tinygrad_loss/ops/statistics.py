"""Statistics: spread, weighted means, covariance."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.primitive import primitive
from ..core.registry import functions
from ..core.tensor import ArrayLike, Tensor
from ..errors import ArgumentError, ShapeError
from .axes import transpose
from .elementwise import divide, multiply, subtract
from .joining import concatenate
from .linalg import matmul
from .powers import sqrt, square
from .reductions import how_many, mean, restored, shared_out, sum
from .rows import Axis, axes_of
from .samples import arrays, scalars
from .selection import clip
from .selection import where as chosen
from .shaping import astype, atleast_2d, broadcast_to, reshape, squeeze

__all__ = ["average", "corrcoef", "cov", "std", "var"]


def share(x: Any, y: Any, ddof: float) -> float:
    """1/(n - ddof), for the n elements of x to each of y."""
    count = np.size(x) / np.size(y) - ddof if np.size(y) else 1
    return 1 / count if count > 0 else math.nan


def deviation(x: Any, axis: Axis) -> Any:
    """How far each element is from the mean over `axis`."""
    return x - np.mean(x, axis=axis, keepdims=True)


@primitive(
    lambda g, y, x, axis, ddof, keepdims: restored(g, x, axis, keepdims) * deviation(x, axis) * (2 * share(x, y, ddof)),
    pushes=[
        lambda t, y, x, axis, ddof, keepdims: (
            np.sum(t * deviation(x, axis), axis=axis, keepdims=keepdims) * (2 * share(x, y, ddof))
        )
    ],
    formula="y = Σ (x - mean x)² / (n - ddof)",
    derivative="∂y/∂xᵢ = 2(xᵢ - mean x)/(n - ddof)",
    samples=lambda: [
        arrays((2, 3)),
        [*arrays((2, 3)), 0],
        [*arrays((2, 3, 2)), (0, 2), 1, True],
        [*arrays((2, 3)), -1, 1],
        scalars(1),
    ],
)
def _var(x: ArrayLike, axis: Axis = None, ddof: float = 0, keepdims: bool = False) -> Any:
    return np.var(x, axis=axis, ddof=ddof, keepdims=keepdims)


@_var.op.front
def var(
    x: ArrayLike,
    axis: Axis = None,
    *,
    dtype: Any = None,
    ddof: float = 0,
    keepdims: bool = False,
    where: ArrayLike = True,
    mean: ArrayLike | None = None,
    correction: float | None = None,
) -> Tensor:
    """The variance over `axis`: Σ (x - mean x)² / (n - ddof), with derivative 2(x - mean x)/(n - ddof).

    `correction` is another name of `ddof`; a `mean` that is given is a constant to x, and keeps its axes.

    >>> tg.var(tg.tensor([1.0, 2.0, 3.0]), ddof=1)
    tensor(1.)
    """
    x = x if dtype is None else astype(x, dtype)
    ddof = lessened("var", ddof, correction)
    if where is True and mean is None:
        return _var(x, axis=axis, ddof=ddof, keepdims=keepdims)
    return spread(x, axis, ddof, keepdims, where, mean)


def lessened(name: str, ddof: float, correction: float | None) -> float:
    """What the number of elements is lessened by, given under either of its names."""
    if correction is not None and ddof != 0:
        raise ArgumentError(
            f"{name} got ddof={ddof} and correction={correction}.",
            "They are two names of one number.",
            "Give only one of them.",
        )
    return ddof if correction is None else correction


def spread(
    x: ArrayLike, axis: Axis, ddof: float, keepdims: bool, where: ArrayLike, center: ArrayLike | None = None
) -> Any:
    """The variance of the elements that a mask leaves in, around their mean or a given center."""
    if center is None:
        center = mean(x, axis, keepdims=True, where=where)
    inside = x if where is True else chosen(where, x, center)  # what is left out deviates by 0
    total = sum(square(subtract(inside, center)), axis, keepdims=keepdims)
    return shared_out(total, np.maximum(how_many(where, x, axis, keepdims) - ddof, 0))


def root(variance: Any) -> Any:
    """The square root of a variance, whose slope is taken as 0 where nothing varies."""
    still = variance == 0
    return chosen(still, 0, sqrt(chosen(still, 1, variance)))


@primitive(
    lambda g, y, x, axis, ddof, keepdims: (
        restored(np.where(y == 0, 0, g / np.where(y == 0, 1, y)), x, axis, keepdims)
        * deviation(x, axis)
        * share(x, y, ddof)
    ),
    pushes=[
        lambda t, y, x, axis, ddof, keepdims: (
            np.sum(t * deviation(x, axis), axis=axis, keepdims=keepdims) * share(x, y, ddof) / np.where(y == 0, 1, y)
        )
    ],
    formula="y = √(Σ (x - mean x)² / (n - ddof))",
    derivative="∂y/∂xᵢ = (xᵢ - mean x)/((n - ddof)·y)",
    kink="0 where all elements are equal",
    samples=lambda: [
        arrays((2, 3)),
        [*arrays((2, 3)), 0],
        [*arrays((2, 3, 2)), (0, 2), 1, True],
        [*arrays((2, 3)), -1, 1],
    ],
)
def _std(x: ArrayLike, axis: Axis = None, ddof: float = 0, keepdims: bool = False) -> Any:
    return np.std(x, axis=axis, ddof=ddof, keepdims=keepdims)


@_std.op.front
def std(
    x: ArrayLike,
    axis: Axis = None,
    *,
    dtype: Any = None,
    ddof: float = 0,
    keepdims: bool = False,
    where: ArrayLike = True,
    mean: ArrayLike | None = None,
    correction: float | None = None,
) -> Tensor:
    """The standard deviation over `axis`, the root of the variance (see `tg.var`).

    Its derivative is (x - mean x)/((n - ddof)·y); where nothing varies it is 0.

    >>> tg.std(tg.tensor([1.0, 2.0, 3.0]), ddof=1)
    tensor(1.)
    """
    x = x if dtype is None else astype(x, dtype)
    ddof = lessened("std", ddof, correction)
    if where is True and mean is None:
        return _std(x, axis=axis, ddof=ddof, keepdims=keepdims)
    return root(spread(x, axis, ddof, keepdims, where, mean))


def aligned(weights: ArrayLike, x: ArrayLike, axis: Axis) -> Any:
    """The weights in the shape of x: its own, or one weight for each place along the axes."""
    shape = np.shape(x)
    if np.shape(weights) == shape:
        return weights
    axes = axes_of(x, axis)
    if axis is None or np.shape(weights) != tuple(shape[i] for i in axes):
        raise ShapeError(
            f"average got weights of shape {np.shape(weights)} for values of shape {shape}.",
            "It needs one weight to each value, or one to each place along the given axes.",
            "Give weights of the same shape, or say which axes they belong to.",
        )
    turned = transpose(weights, tuple(sorted(range(len(axes)), key=axes.__getitem__)))
    return broadcast_to(reshape(turned, tuple(n if i in axes else 1 for i, n in enumerate(shape))), shape=shape)


def average(
    x: ArrayLike,
    axis: Axis = None,
    weights: ArrayLike | None = None,
    returned: bool = False,
    *,
    keepdims: bool = False,
) -> Tensor | tuple[Tensor, Tensor]:
    """The weighted mean Σ w·x / Σ w over `axis`; with `returned` also the sum of the weights.

    Derivative: ∂y/∂xᵢ = wᵢ/Σw, ∂y/∂wᵢ = (xᵢ - y)/Σw.

    Raises:
        ShapeError: for weights that fit neither x nor its axes.

    >>> tg.average(tg.tensor([1.0, 2.0, 4.0]), weights=[3.0, 1.0, 0.0])
    tensor(1.25)
    """
    if weights is None:
        y = mean(x, axis, keepdims=keepdims)
        total: Any = np.full(np.shape(y), np.size(x) / max(np.size(y), 1), y.dtype)
    else:
        weights = aligned(weights, x, axis)
        total = sum(weights, axis, keepdims=keepdims)
        y = divide(sum(multiply(x, weights), axis, keepdims=keepdims), total)
    if not returned:
        return y
    return y, Tensor(total) if isinstance(y, Tensor) and not isinstance(total, Tensor) else total


def as_variables(m: ArrayLike, rowvar: bool) -> Any:
    """The data with a row for each variable."""
    return transpose(m) if not rowvar and np.ndim(m) == 2 else atleast_2d(m)


def cov(
    m: ArrayLike,
    y: ArrayLike | None = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: float | None = None,
    fweights: ArrayLike | None = None,
    aweights: ArrayLike | None = None,
    *,
    dtype: Any = None,
) -> Tensor:
    """The covariance matrix of variables: Σ (a - mean a)(b - mean b) / (n - ddof) for each pair.

    Derivative: ∂yₐᵦ/∂aᵢ = (bᵢ - mean b)/(n - ddof); on the diagonal twice that.

    Shapes: (variables, observations) → (variables, variables), the other way round without `rowvar`.
    `fweights` says how often each observation was made, `aweights` how much it counts.

    >>> tg.cov(tg.tensor([[1.0, 2.0, 3.0], [1.0, 0.0, -1.0]]))
    tensor([[ 1., -1.],
            [-1.,  1.]])
    """
    data = as_variables(m, rowvar) if y is None else concatenate([as_variables(m, rowvar), as_variables(y, rowvar)])
    data = data if dtype is None else astype(data, dtype)
    ddof = (0 if bias else 1) if ddof is None else ddof
    given = [w for w in (fweights, aweights) if w is not None]
    weights = multiply(*given) if len(given) == 2 else given[0] if given else None
    centered = subtract(data, average(data, 1, weights, keepdims=True))
    if weights is None:
        factor: Any = max(np.shape(data)[1] - ddof, 0)
        products = matmul(centered, transpose(centered))
    else:
        total = sum(weights)
        counted = total if aweights is None else divide(sum(multiply(weights, aweights)), total)
        factor = subtract(total, multiply(ddof, 1 if aweights is None else counted))
        products = matmul(multiply(centered, weights), transpose(centered))
    return squeeze(divide(products, factor))


def corrcoef(x: ArrayLike, y: ArrayLike | None = None, rowvar: bool = True, *, dtype: Any = None) -> Tensor:
    """The correlation matrix of variables: their covariances over the products of their standard deviations.

    Derivative: ∂r/∂aᵢ = (zᵦᵢ - r zₐᵢ)/(n sₐ), with the standardized z and the standard deviation s.

    Shapes: (variables, observations) → (variables, variables), the other way round without `rowvar`.

    >>> tg.corrcoef(tg.tensor([[1.0, 2.0, 3.0], [1.0, 0.0, -1.0]]))
    tensor([[ 1., -1.],
            [-1.,  1.]])
    """
    c = cov(x, y, rowvar, dtype=dtype)
    if np.ndim(c) == 0:
        return divide(c, c)
    diagonal = np.arange(np.shape(c)[0])
    deviations = sqrt(c[diagonal, diagonal])
    return clip(divide(divide(c, deviations[:, None]), deviations), -1, 1)  # rounding must not leave the range


functions.update(average=average, cov=cov, corrcoef=corrcoef)
