"""Activation functions of straight lines: their slopes are 0 or another constant, with a kink where they meet.

Defaults and values are Keras's.
"""

from __future__ import annotations

import numpy as np

from ..core.primitive import elementwise
from ..core.registry import functions
from ..core.tensor import ArrayLike, Tensor
from .masks import either, kept
from .samples import arrays, scalars

__all__ = ["hard_shrink", "hard_sigmoid", "hard_silu", "hard_tanh", "relu6", "soft_shrink", "threshold"]


@elementwise(
    lambda t, y, x: kept((x > 0) & (x < 6), t),
    formula="y = min(max(x, 0), 6)",
    derivative="∂y/∂x = 1 for 0 < x < 6, else 0",
    kink="0 at 0 and at 6",
    samples=lambda: [arrays((2, 3)), [np.array([-1.0, 3.0, 7.0])], scalars(1)],
    reference=lambda x: np.clip(x, 0, 6),
)
def relu6(x: ArrayLike) -> Tensor:
    """A relu that stops growing at 6.

    >>> tg.relu6(tg.tensor([-1.0, 3.0, 8.0]))
    tensor([0., 3., 6.])
    """
    return np.clip(x, 0, 6)


@elementwise(
    lambda t, y, x: kept(np.abs(x) < 3, t / 6),
    formula="y = min(max(x/6 + ½, 0), 1)",
    derivative="∂y/∂x = 1/6 for |x| < 3, else 0",
    kink="0 at ±3",
    samples=lambda: [arrays((2, 3)), [np.array([-4.0, 1.0, 5.0])], scalars(1)],
    reference=lambda x: np.clip(x / 6 + 0.5, 0, 1),
)
def hard_sigmoid(x: ArrayLike) -> Tensor:
    """A sigmoid of straight lines.

    >>> tg.hard_sigmoid(tg.tensor([-4.0, 0.0, 4.0]))
    tensor([0. , 0.5, 1. ])
    """
    return np.clip(x / 6 + 0.5, 0, 1)


@elementwise(
    lambda t, y, x: kept(np.abs(x) < 1, t),
    formula="y = min(max(x, -1), 1)",
    derivative="∂y/∂x = 1 for |x| < 1, else 0",
    kink="0 at ±1",
    samples=lambda: [arrays((2, 3)), [np.array([-2.0, 0.5, 1.5])], scalars(1)],
    reference=lambda x: np.clip(x, -1, 1),
)
def hard_tanh(x: ArrayLike) -> Tensor:
    """A tanh of straight lines.

    >>> tg.hard_tanh(tg.tensor([-4.0, 0.5, 4.0]))
    tensor([-1. ,  0.5,  1. ])
    """
    return np.clip(x, -1, 1)


@elementwise(
    lambda t, y, x, threshold: kept(np.abs(x) > threshold, t),
    formula="y = x for |x| > threshold, else 0",
    derivative="∂y/∂x = 1 for |x| > threshold, else 0",
    kink="0 at ±threshold, where it jumps",
    samples=lambda: [arrays((2, 3)), [np.array([-2.0, 0.3, 1.5]), 1.0]],
    reference=lambda x, threshold=0.5: np.where(np.abs(x) > threshold, x, 0),
)
def hard_shrink(x: ArrayLike, threshold: float = 0.5) -> Tensor:
    """x, with what is small set to 0.

    >>> tg.hard_shrink(tg.tensor([-0.3, 2.0]))
    tensor([0., 2.])
    """
    return kept(np.abs(x) > threshold, x)


@elementwise(
    lambda t, y, x, threshold: kept(np.abs(x) > threshold, t),
    formula="y = sign(x)·max(|x| - threshold, 0)",
    derivative="∂y/∂x = 1 for |x| > threshold, else 0",
    kink="0 at ±threshold",
    samples=lambda: [arrays((2, 3)), [np.array([-2.0, 0.3, 1.5]), 1.0]],
    reference=lambda x, threshold=0.5: np.sign(x) * np.maximum(np.abs(x) - threshold, 0),
)
def soft_shrink(x: ArrayLike, threshold: float = 0.5) -> Tensor:
    """x moved towards 0 by the threshold, and no further.

    >>> tg.soft_shrink(tg.tensor([-0.3, 2.0]))
    tensor([0. , 1.5])
    """
    return x - np.clip(x, -threshold, threshold)


@elementwise(
    lambda t, y, x, threshold, default_value: kept(x > threshold, t),
    formula="y = x for x > threshold, else the default",
    derivative="∂y/∂x = 1 for x > threshold, else 0",
    kink="0 at the threshold, where it jumps",
    samples=lambda: [[*arrays((2, 3)), 0.1, -1.0]],
    reference=lambda x, threshold, default_value: np.where(x > threshold, x, default_value),
)
def threshold(x: ArrayLike, threshold: float, default_value: float) -> Tensor:
    """x where it is above the threshold, else the default value.

    >>> tg.threshold(tg.tensor([-1.0, 2.0]), 0.5, 0.0)
    tensor([0., 2.])
    """
    return either(x > threshold, x, default_value)


def hard_silu(x: ArrayLike) -> Tensor:
    """x·hard_sigmoid(x), also called hard_swish.

    Derivative: ∂y/∂x = hard_sigmoid(x) + x/6 where |x| < 3; 0 below, 1 above.

    >>> tg.hard_silu(tg.tensor([-4.0, 0.0, 4.0]))
    tensor([-0.,  0.,  4.])
    """
    return x * hard_sigmoid(x)


functions["hard_silu"] = hard_silu
