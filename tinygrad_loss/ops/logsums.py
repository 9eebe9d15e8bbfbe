"""Logarithms of sums of exponentials, where the exponentials themselves would overflow or vanish."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.primitive import elementwise, primitive
from ..core.tensor import ArrayLike, Tensor
from .activations import _sigmoid as sigmoid
from .blocks import in_blocks
from .cumulative import as_sequence, delayed, recurrence, recurrence_backwards
from .exponentials import is_single, lost
from .masks import within
from .reductions import restored
from .rows import Axis
from .samples import arrays, scalars

__all__ = ["logaddexp", "logaddexp2", "logcumsumexp", "logsumexp"]


def log_weight(x: Any, y: Any) -> Any:
    """The logarithm x - y of the part that one term has in a sum; all or nothing where the sum is infinite or 0."""
    if isinstance(y, (np.ndarray, np.generic)) and np.isfinite(y).all():
        return x - y
    return np.where(np.isinf(y), np.where(x == math.inf, 0.0, -math.inf), x - y)


def lead(x: Any, other: Any) -> Any:
    """How far x is ahead of the other term; all the way where it is infinite itself."""
    return np.where(np.isinf(x), x, x - other)


def _gap(a: Any, b: Any) -> Any:
    """-|a - b|, without inf - inf: terms so large that one must be held back are their sum's whole logarithm."""
    return -np.abs(a - within(b, -1e30, 1e30))


def _logaddexp_single(a: Any, b: Any) -> Any:
    less = np.exp(_gap(a, b))
    return np.maximum(a, b) + (np.log2(1 + less) * math.log(2) + lost(less))


def _logaddexp2_single(a: Any, b: Any) -> Any:
    less = np.exp2(_gap(a, b))
    return np.maximum(a, b) + (np.log2(1 + less) + lost(less) * (1 / math.log(2)))


@elementwise(
    lambda t, y, a, b: t * sigmoid(lead(a, b)),
    lambda t, y, a, b: t * sigmoid(lead(b, a)),
    formula="y = ln(eᵃ + eᵇ)",
    derivative="∂y/∂a = 1/(1 + eᵇ⁻ᵃ), ∂y/∂b = 1/(1 + eᵃ⁻ᵇ)",
    kink="0 to both where both are -∞; 1 to what is +∞",
    samples=lambda: [
        arrays((2, 3), (2, 3)),
        arrays((3,), (2, 1)),
        [np.array([900.0, -900.0]), np.array([899.0, -899.5])],
    ],
)
def logaddexp(a: ArrayLike, b: ArrayLike) -> Tensor:
    """The logarithm of eᵃ + eᵇ, where the exponentials themselves would overflow or vanish.

    >>> tg.logaddexp(tg.tensor([0.0, 1000.0]), tg.tensor([0.0, 0.0]))
    tensor([6.93147181e-01, 1.00000000e+03])
    """
    return in_blocks(_logaddexp_single, a, b) if is_single(a) and is_single(b) else np.logaddexp(a, b)


@elementwise(
    lambda t, y, a, b: t * np.exp2(log_weight(a, y)),
    lambda t, y, a, b: t * np.exp2(log_weight(b, y)),
    formula="y = log₂(2ᵃ + 2ᵇ)",
    derivative="∂y/∂a = 2ᵃ⁻ʸ, ∂y/∂b = 2ᵇ⁻ʸ",
    kink="0 to both where both are -∞; 1 to what is +∞",
    samples=lambda: [arrays((2, 3), (2, 3)), arrays((3,), (2, 1))],
)
def logaddexp2(a: ArrayLike, b: ArrayLike) -> Tensor:
    """The logarithm to base 2 of 2ᵃ + 2ᵇ, where the powers themselves would overflow or vanish.

    >>> tg.logaddexp2(tg.tensor([0.0, 2000.0]), tg.tensor([0.0, 2000.0]))
    tensor([1.000e+00, 2.001e+03])
    """
    return in_blocks(_logaddexp2_single, a, b) if is_single(a) and is_single(b) else np.logaddexp2(a, b)


@primitive(
    lambda g, y, x, axis, keepdims: (
        restored(g, x, axis, keepdims) * np.exp(log_weight(x, restored(y, x, axis, keepdims)))
    ),
    pushes=[
        lambda t, y, x, axis, keepdims: np.sum(
            t * np.exp(log_weight(x, restored(y, x, axis, keepdims))), axis=axis, keepdims=keepdims
        )
    ],
    formula="y = ln Σ exp x",
    derivative="∂y/∂xᵢ = exp(xᵢ - y), the softmax of x",
    kink="0 where all elements are -∞",
    reference=lambda x, axis=None, keepdims=False: np.logaddexp.reduce(x, axis=axis, keepdims=keepdims),
    samples=lambda: [
        arrays((2, 3)),
        [*arrays((2, 3)), 0],
        [*arrays((2, 3, 2)), (0, 2), True],
        [*arrays((2, 3, 2)), (-1, 1)],
        [np.array([1000.0, 999.0, -1000.0]), -1],
        scalars(1),
    ],
)
def logsumexp(x: ArrayLike, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """The logarithm of a sum of exponentials, ln Σ exp x, without overflow; its gradient is the softmax.

    A row of nothing but -∞ gives -∞ and no gradient.

    >>> tg.logsumexp(tg.tensor([1000.0, 1000.0]))
    tensor(1000.69314718)
    """
    top = np.max(x, axis=axis, keepdims=True)
    top = np.where(np.isfinite(top), top, 0)  # the largest exponent is 0: no overflow
    total = np.sum(np.exp(x - top), axis=axis, keepdims=True)
    y = np.where(total == 0, -math.inf, np.log(np.where(total == 0, 1, total)) + top)
    return y if keepdims else np.squeeze(y, axis=axis)[()]


def fading(y: Any, axis: int) -> Any:
    """The factors exp(yₖ₋₁ - yₖ), at most 1, with which a running log-sum forgets what came before."""
    earlier = delayed(y, axis, -math.inf)
    return np.exp(np.where(np.isinf(earlier), 0, earlier - y))


@primitive(
    lambda g, y, x, axis: np.exp(log_weight(x, y)) * recurrence_backwards(fading(y, axis), g, axis),
    pushes=[lambda t, y, x, axis: recurrence(fading(y, axis), t * np.exp(log_weight(x, y)), axis)],
    formula="yₖ = ln(exp x₀ + ... + exp xₖ)",
    derivative="∂yₖ/∂xᵢ = exp(xᵢ - yₖ) for i ≤ k",
    kink="0 as long as all elements are -∞",
    reference=np.logaddexp.accumulate,
    samples=lambda: [
        [*arrays((5,)), 0],
        [*arrays((2, 3, 2)), 1],
        [*arrays((2, 3)), -1],
        [np.array([-800.0, 0.5, 800.0, 799.0]), 0],
    ],
)
def _logcumsumexp(x: ArrayLike, axis: int) -> Any:
    return np.logaddexp.accumulate(x, axis)


@_logcumsumexp.op.front
def logcumsumexp(x: ArrayLike, axis: int | None = None) -> Tensor:
    """The logarithms of the running sums of exponentials, which themselves would overflow or vanish.

    >>> tg.logcumsumexp(tg.tensor([0.0, 0.0, 1000.0])).tolist()
    [0.0, 0.6931471805599453, 1000.0]
    """
    x, axis = as_sequence(x, axis)
    return _logcumsumexp(x, axis=axis)
