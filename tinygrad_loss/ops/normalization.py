"""Normalization: values brought to mean 0 and variance 1 over some axes, then scaled and shifted.

One op standardizes, over any axes; batch, layer, group and instance normalization differ only in the
axes. It gives the mean and variance too, so that moving averages cost no second pass, and its rule
holds for all three results: that makes every higher derivative right.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.primitive import elementwise, primitive
from ..core.registry import functions
from ..core.tensor import ArrayLike, Tensor
from ..errors import ArgumentError, ShapeError
from .blocks import scaled_rows
from .elementwise import add, divide, multiply, subtract
from .rows import Axis
from .samples import arrays, scalars

__all__ = [
    "batch_norm",
    "group_norm",
    "instance_norm",
    "layer_norm",
    "rms_norm",
    "scale_and_shift",
    "standardize",
    "unit_norm",
]


def mean_over(x: Any, axis: Axis) -> Any:
    """The mean over axes that stay with length 1: np.mean in a third of the time for small arrays."""
    if x.dtype.itemsize < 4:  # half precision, in which the sum itself might overflow
        return np.mean(x, axis=axis, keepdims=True)
    total = np.add.reduce(x, axis=axis, keepdims=True)
    return total / max(x.size // max(total.size, 1), 1)


def _standardize_adjoint(g: Any, y: Any, x: Any, axis: Axis, epsilon: float) -> Any:
    """x̄ from the gradients of the standardized values, of the mean and of the variance."""
    (g_values, g_mean, g_variance), (values, mean, variance) = g, y
    count = max(x.size // max(mean.size, 1), 1)
    shrink = 1 / np.sqrt(variance + epsilon)
    slope = g_variance * (2 / count) / shrink - shrink * mean_over(g_values * values, axis)
    level = g_mean * (1 / count) - shrink * mean_over(g_values, axis)
    return shrink * g_values + slope * values + level


def _from_moments(x: Any, axis: Axis, epsilon: float) -> Any:
    """What `standardize` gives, by NumPy's mean and var."""
    mean, variance = np.mean(x, axis=axis, keepdims=True), np.var(x, axis=axis, keepdims=True)
    return (x - mean) / np.sqrt(variance + epsilon), mean, variance


@primitive(
    _standardize_adjoint,
    formula="y = (x - μ)/√(σ² + ε), μ = mean x, σ² = mean (x - μ)²",
    derivative="x̄ = (ȳ - mean ȳ - y·mean(ȳ y))/√(σ² + ε) + μ̄/n + 2σ̄²(x - μ)/n",
    samples=lambda: [
        [*arrays((4, 3)), (0,), 1e-3],
        [*arrays((2, 5)), (-1,), 1e-5],
        [*arrays((2, 3, 4)), (0, 2), 0.5],
        [*arrays((2, 1)), (-1,), 1e-3],
    ],
)
def _standardize(x: ArrayLike, axis: Axis, epsilon: float) -> Any:
    mean = mean_over(x, axis)
    centred = x - mean
    variance = mean_over(np.square(centred), axis)
    return centred * (1 / np.sqrt(variance + epsilon)), mean, variance


@_standardize.op.front
def standardize(x: ArrayLike, axis: int | tuple[int, ...] = -1, epsilon: float = 1e-3) -> tuple[Tensor, Tensor, Tensor]:
    """x brought to mean 0 and variance 1 over `axis`; and the mean and variance that it had.

    The variance is the mean square of the differences (a division by n); mean and variance keep the
    axes with length 1. `epsilon` is added to the variance, so that equal values give 0.

    >>> y, mean, variance = tg.standardize(tg.tensor([1.0, 3.0]), epsilon=0.0)
    >>> y, mean, variance
    (tensor([-1.,  1.]), tensor([2.]), tensor([1.]))
    """
    values, mean, variance = _standardize(x, axis=axes_of(np.shape(x), axis, np.ndim(x)), epsilon=float(epsilon))
    return values, mean, variance


def axes_of(shape: Sequence[Any], axis: Any, ndim: int) -> tuple[int, ...]:
    """The axes as a tuple; an error where a shape of `ndim` lengths has no such axis."""
    if type(axis) is int and -ndim <= axis < ndim:
        return (axis,)
    axes = tuple(axis) if isinstance(axis, (tuple, list)) else (int(axis),)
    if not all(-ndim <= each < ndim for each in axes):
        raise ShapeError(
            f"A normalization over axis {axis} got shape {tuple(shape)}.",
            f"Axes of this array run from {-ndim} to {ndim - 1}." if ndim else "A single number has no axes.",
            "The features are usually the last axis: axis=-1.",
        )
    return axes


@elementwise(
    lambda t, y, x, gamma, beta: t * gamma,
    lambda t, y, x, gamma, beta: t * x,
    lambda t, y, x, gamma, beta: t,
    formula="y = γx + β",
    derivative="∂y/∂x = γ, ∂y/∂γ = x, ∂y/∂β = 1",
    reference=lambda x, gamma, beta: x * gamma + beta,
    samples=lambda: [arrays((2, 3), (3,), (3,)), arrays((2, 3), (2, 1), ()), scalars(3)],
)
def scale_and_shift(x: ArrayLike, gamma: ArrayLike, beta: ArrayLike) -> Tensor:
    """γx + β: the scale and offset that a normalization learns.

    >>> tg.scale_and_shift(tg.tensor([1.0, 2.0]), 10.0, 0.5)
    tensor([10.5, 20.5])
    """
    return scaled_rows(x, gamma, beta)


def learned(y: Any, gamma: ArrayLike | None, beta: ArrayLike | None, axes: tuple[int, ...]) -> Any:
    """y scaled by gamma and shifted by beta, which have the lengths of y's `axes`; either may be missing."""
    if gamma is None and beta is None:
        return y
    gamma, beta = (_aligned(each, y.shape, axes) for each in (gamma, beta))
    if gamma is None or beta is None:
        return y + beta if gamma is None else y * gamma
    return scale_and_shift(y, gamma, beta)


def _aligned(parameter: Any, shape: tuple[int, ...], axes: tuple[int, ...]) -> Any:
    """A scale or offset in a shape that broadcasts: with axes of length 1 where there is one for all."""
    own = np.shape(parameter)
    if parameter is None or not own:
        return parameter
    kept = {axis % len(shape) for axis in axes}
    lengths = tuple(length if i in kept else 1 for i, length in enumerate(shape))
    if math.prod(own) != math.prod(lengths):
        raise ShapeError(
            f"A normalization of shape {shape} over its axes {axes} got a scale or offset of shape {own}.",
            f"It needs one number for each feature: {math.prod(lengths)}.",
            "Check which axis counts the features.",
        )
    trailing = own == lengths[len(lengths) - len(own) :]  # broadcasting adds leading axes by itself
    return parameter if trailing else functions["reshape"](parameter, lengths)


def layer_norm(
    x: ArrayLike,
    gamma: ArrayLike | None = None,
    beta: ArrayLike | None = None,
    axis: int | tuple[int, ...] = -1,
    epsilon: float = 1e-3,
) -> Tensor:
    """Each example standardized over its features: γ(x - μ)/√(σ² + ε) + β.

    Shapes: gamma and beta have the lengths of the axes in `axis`; the result is of x's shape.

    Raises:
        ShapeError: for axes that x does not have, or a gamma or beta of another size.

    Source: Ba, Kiros, Hinton, Layer Normalization, 2016. PyTorch's epsilon is 1e-5.

    >>> tg.layer_norm(tg.tensor([[1.0, 3.0], [5.0, 5.0]]), epsilon=0.001).round(3)
    tensor([[-1.,  1.],
            [ 0.,  0.]])
    """
    return learned(standardize(x, axis, epsilon)[0], gamma, beta, axes_of(np.shape(x), axis, np.ndim(x)))


def batch_norm(
    x: ArrayLike,
    gamma: ArrayLike | None = None,
    beta: ArrayLike | None = None,
    mean: ArrayLike | None = None,
    variance: ArrayLike | None = None,
    axis: int = -1,
    epsilon: float = 1e-3,
) -> Tensor:
    """Each feature standardized over the batch: γ(x - μ)/√(σ² + ε) + β.

    With `mean` and `variance` given these are used, as in inference; else those of the batch, through
    which the gradient flows too.

    Args:
        x: the input.
        gamma: the scale of each feature.
        beta: the offset of each feature.
        mean: of each feature; given together with `variance`.
        variance: of each feature.
        axis: the axis that counts the features; all others are averaged over.
        epsilon: added to the variance.

    Raises:
        ArgumentError: for a mean without a variance, or the other way round.
        ShapeError: for an axis that x does not have, or a parameter of another size.

    Source: Ioffe, Szegedy, Batch Normalization, 2015. PyTorch's axis is 1 and its epsilon 1e-5.

    >>> tg.batch_norm(tg.tensor([[1.0], [3.0]]), epsilon=0.0)
    tensor([[-1.],
            [ 1.]])
    """
    if (mean is None) is not (variance is None):
        raise ArgumentError(
            f"batch_norm got a {'variance without a mean' if mean is None else 'mean without a variance'}.",
            "Inference needs both; training neither.",
            "Give mean= and variance=, or leave both out to use the batch's own.",
        )
    (feature,) = axes_of(np.shape(x), axis, np.ndim(x))
    if mean is None or variance is None:
        others = tuple(i for i in range(np.ndim(x)) if i != feature % np.ndim(x))
        return learned(standardize(x, others, epsilon)[0], gamma, beta, (feature,))
    scale = divide(1, np.sqrt(add(variance, epsilon)))
    scale = scale if gamma is None else scale * gamma
    shift = multiply(mean, scale)
    return learned(x, scale, -shift if beta is None else subtract(beta, shift), (feature,))


def group_norm(
    x: ArrayLike,
    groups: int = 32,
    gamma: ArrayLike | None = None,
    beta: ArrayLike | None = None,
    axis: int = -1,
    epsilon: float = 1e-3,
) -> Tensor:
    """Each example standardized over each group of neighbouring features, and over all other axes but the first.

    Args:
        x: the input; the first axis counts the examples.
        groups: how many groups; -1 for one group for each feature.
        gamma: the scale of each feature.
        beta: the offset of each feature.
        axis: the axis that counts the features.
        epsilon: added to the variance.

    Raises:
        ShapeError: where the features cannot be divided into so many groups.

    Source: Wu, He, Group Normalization, 2018.

    >>> tg.group_norm(tg.tensor([[1.0, 3.0, 10.0, 30.0]]), groups=2, epsilon=0.0)
    tensor([[-1.,  1., -1.,  1.]])
    """
    (feature,) = axes_of(np.shape(x), axis, np.ndim(x))
    feature %= np.ndim(x)
    shape = np.shape(x)
    groups = shape[feature] if groups == -1 else int(groups)
    if feature == 0 or groups < 1 or shape[feature] % groups:
        raise ShapeError(
            f"group_norm cannot divide axis {axis} of shape {shape} into {groups} groups.",
            "The number of features must be a multiple of the number of groups, on another axis than the first.",
            "Choose groups that divide the features; 1 for all of them together.",
        )
    split = (*shape[:feature], groups, shape[feature] // groups, *shape[feature + 1 :])
    over = tuple(i for i in range(1, len(split)) if i != feature)
    y = standardize(np.reshape(x, split), over, epsilon)[0]
    return learned(np.reshape(y, shape), gamma, beta, (feature,))


def instance_norm(
    x: ArrayLike,
    gamma: ArrayLike | None = None,
    beta: ArrayLike | None = None,
    axis: int = -1,
    epsilon: float = 1e-3,
) -> Tensor:
    """Each feature of each example standardized over the example's other axes, such as height and width.

    Source: Ulyanov, Vedaldi, Lempitsky, Instance Normalization, 2016.

    >>> tg.instance_norm(tg.tensor([[[1.0, 10.0], [3.0, 30.0]]]), epsilon=0.0)
    tensor([[[-1., -1.],
             [ 1.,  1.]]])
    """
    return group_norm(x, -1, gamma, beta, axis, epsilon)


def _rms_adjoint(g: Any, y: Any, x: Any, axis: Axis, epsilon: float) -> Any:
    """x̄ from the gradients of the normalized values and of the mean square."""
    (g_values, g_square), (values, square) = g, y
    count = max(x.size // max(square.size, 1), 1)
    shrink = 1 / np.sqrt(square + epsilon)
    slope = g_square * (2 / count) / shrink - shrink * mean_over(g_values * values, axis)
    return shrink * g_values + slope * values


@primitive(
    _rms_adjoint,
    formula="y = x/√(m + ε), m = mean x²",
    derivative="x̄ = (ȳ - y·mean(ȳ y))/√(m + ε) + 2m̄x/n",
    samples=lambda: [[*arrays((2, 5)), (-1,), 1e-3], [*arrays((2, 3, 2)), (0, 2), 0.1], [*arrays((3,)), (0,), 1e-6]],
)
def _rms_norm(x: ArrayLike, axis: Axis, epsilon: float) -> Any:
    square = mean_over(np.square(x), axis)
    return x * (1 / np.sqrt(square + epsilon)), square


@_rms_norm.op.front
def rms_norm(
    x: ArrayLike, gamma: ArrayLike | None = None, axis: int | tuple[int, ...] = -1, epsilon: float = 1e-6
) -> Tensor:
    """x divided by its root mean square over `axis`, times γ: layer normalization without the mean.

    Shapes: gamma has the lengths of the axes in `axis`; the result is of x's shape.

    Source: Zhang, Sennrich, Root Mean Square Layer Normalization, 2019.

    >>> tg.rms_norm(tg.tensor([1.0, 7.0]), epsilon=0.0)
    tensor([0.2, 1.4])
    """
    axes = axes_of(np.shape(x), axis, np.ndim(x))
    return learned(_rms_norm(x, axis=axes, epsilon=float(epsilon))[0], gamma, None, axes)


def unit_norm(x: ArrayLike, axis: int | tuple[int, ...] = -1, epsilon: float = 1e-12) -> Tensor:
    """x divided by its length √Σx² over `axis`; by `epsilon` where the length is below it.

    >>> tg.unit_norm(tg.tensor([3.0, 4.0]))
    tensor([0.6, 0.8])
    """
    square = np.sum(np.square(x), axis=axes_of(np.shape(x), axis, np.ndim(x)), keepdims=True)
    return x / np.sqrt(np.maximum(square, epsilon * epsilon))


functions.update(
    batch_norm=batch_norm, group_norm=group_norm, instance_norm=instance_norm, layer_norm=layer_norm,
    unit_norm=unit_norm,
)  # fmt: skip
