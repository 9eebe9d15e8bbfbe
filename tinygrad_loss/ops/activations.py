"""Activation functions: elementwise nonlinearities of neural networks."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..core.primitive import elementwise
from ..core.tensor import ArrayLike, Tensor
from ..errors import StaleViewError
from .blocks import written_in_blocks
from .masks import at_least, kept
from .samples import arrays, scalars

__all__ = ["relu", "sigmoid"]


@elementwise(
    lambda t, y, x: kept(x > 0, t),
    formula="y = max(x, 0)",
    derivative="∂y/∂x = 1 where x > 0, else 0",
    kink="0 at 0",
    samples=lambda: [arrays((2, 3)), scalars(1)],
)
def _relu(x: ArrayLike) -> Tensor:
    return at_least(x, 0)


@_relu.op.front
def relu(x: ArrayLike, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Tensor:
    """The rectified linear unit max(x, 0); its derivative at 0 is 0.

    Args:
        x: the input.
        negative_slope: the slope below the threshold.
        max_value: what the result is held below, if anything.
        threshold: below it the result is negative_slope · (x - threshold).

    >>> tg.relu(tg.tensor([-1.0, 0.0, 2.0]))
    tensor([0., 0., 2.])
    >>> tg.relu(tg.tensor([-1.0, 7.0]), negative_slope=0.5, max_value=6.0)
    tensor([-0.5,  6. ])
    """
    y: Any = _relu(x)
    if threshold or negative_slope:
        below = np.multiply(np.subtract(x, threshold), negative_slope)
        y = np.where(np.greater(x, threshold), x, below)
    return y if max_value is None else np.minimum(y, max_value)


def _share(x: Any) -> Any:
    e = np.exp(-np.abs(x))  # never above 1, so nothing overflows
    return np.maximum(e, x >= 0) / (1 + e)  # 1 where x ≥ 0, else e


def _write_share(x: Any, out: Any, e: Any) -> None:
    np.abs(x, out=e)
    np.negative(e, out=e)
    np.exp(e, out=e)
    out[...] = x >= 0
    np.maximum(e, out, out=out)
    e += 1
    out /= e


@elementwise(
    lambda t, y, x: t * y * (1 - y),
    formula="y = 1/(1 + e⁻ˣ)",
    derivative="∂y/∂x = y(1 - y)",
    samples=lambda: [arrays((2, 3)), scalars(1)],
)
def _sigmoid(x: ArrayLike) -> Tensor:
    return written_in_blocks(_write_share, _share, x)


@_sigmoid.op.front
def sigmoid(x: ArrayLike) -> Tensor:
    """The logistic sigmoid 1/(1 + e⁻ˣ), with derivative y(1 - y).

    The result remembers x, so that binary cross-entropy can be computed from the logits.

    >>> tg.sigmoid(tg.tensor([0.0, 2.0]))
    tensor([0.5       , 0.88079708])
    """
    return with_origin(_sigmoid(x), x, "sigmoid")


class Origin(NamedTuple):
    """How a function that a loss can see through made its result."""

    function: str
    axis: int | None
    x: Tensor
    value: Any  # of x, and
    result: Any  # of y, at that time: either may be assigned later


def with_origin(y: Tensor, x: ArrayLike, function: str, axis: int | None = None) -> Tensor:
    """y, remembering the tensor x that `function` made it from: a loss can then avoid going through y."""
    if isinstance(y, Tensor) and isinstance(x, Tensor):
        y._origin = Origin(function, axis, x, x._value, y._value)
    return y


def logits_of(y: ArrayLike, function: str, axis: int | None = None) -> Tensor | None:
    """The tensor that `function` (along `axis`) made y from; None if it did not, or either was assigned since."""
    origin = getattr(y, "_origin", None)
    if origin is None or origin.function != function or origin.result is not y._value:
        return None
    if axis is not None and (axis - origin.axis) % y.ndim:
        return None
    try:
        return origin.x if origin.x._value is origin.value else None
    except StaleViewError:
        return None
