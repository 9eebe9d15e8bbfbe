"""Focal cross-entropies: answers that are already right count less, so that rare classes are heard.

Source: Lin, Goyal, Girshick, He, Dollár, Focal Loss for Dense Object Detection, 2017.
"""

from __future__ import annotations

from typing import Any

from ..core.tensor import ArrayLike
from ..ops.activations import sigmoid
from ..ops.losses import EPSILON, binary_cross_entropy, binary_cross_entropy_with_logits, clipped_log
from ..ops.powers import power
from ..ops.reductions import mean, sum
from ..ops.selection import maximum, minimum
from ..ops.softmax import log_softmax, softmax
from .alignment import aligned, operand
from .base import FunctionLoss
from .crossentropy import logits_for, smoothed
from .labels import checked_distributions, checked_fractions, checked_probabilities, checked_smoothing

__all__ = [
    "BinaryFocalCrossentropy",
    "CategoricalFocalCrossentropy",
    "binary_focal_crossentropy",
    "categorical_focal_crossentropy",
]


def categorical_focal_crossentropy(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """-Σ α (1 - p)^γ y ln p over the classes; see `categorical_crossentropy`, which is α = 1, γ = 0.

    Derivative by p: α y (1 - p)^γ (γ ln p / (1 - p) - 1/p).

    >>> tg.losses.categorical_focal_crossentropy([[0.0, 1.0]], tg.tensor([[0.5, 0.5]]))
    tensor([0.0433217])
    """
    name = "categorical_focal_crossentropy"
    y_pred = operand(y_pred)
    y_true = checked_distributions(name, y_true, y_pred, axis)
    z = logits_for(name, y_pred, "softmax", from_logits, axis)
    y_true, y = aligned(name, y_true, y_pred if z is None else z)
    y_true = smoothed(y_true, checked_smoothing(name, label_smoothing), y.shape[axis])
    if z is not None:
        p, log_p = softmax(y, axis=axis), log_softmax(y, axis=axis)
    else:
        checked_probabilities(name, y, "softmax", at_most_one=False)
        p = y / sum(y, axis=axis, keepdims=True)
        log_p = clipped_log(p)
    held = minimum(maximum(p, EPSILON), 1 - EPSILON)
    return -sum(alpha * power(1.0 - held, gamma) * y_true * log_p, axis=axis)


def binary_focal_crossentropy(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """The mean of (1 - r)^γ times binary cross-entropy, r being the probability of the right answer.

    With `apply_class_balancing` the answer 1 counts α and the answer 0 counts 1 - α. See
    `binary_crossentropy`, which is γ = 0.

    Derivative by r, the answer being 0 or 1: (1 - r)^γ (γ ln r / (1 - r) - 1/r) / n.

    >>> tg.losses.binary_focal_crossentropy([[1.0]], tg.tensor([[0.5]]))
    tensor([0.1732868])
    """
    name = "binary_focal_crossentropy"
    y_pred = operand(y_pred)
    z = logits_for(name, y_pred, "sigmoid", from_logits)
    y_true, y = aligned(name, y_true, y_pred if z is None else z)
    checked_fractions(name, y_true)
    y_true = smoothed(y_true, checked_smoothing(name, label_smoothing), 2)
    if z is not None:
        p, losses = sigmoid(y), binary_cross_entropy_with_logits(y_true, y)
    else:
        checked_probabilities(name, y, "sigmoid", at_most_one=True)
        p, losses = y, binary_cross_entropy(y_true, y)
    right = y_true * p + (1.0 - y_true) * (1.0 - p)
    losses = power(1.0 - right, gamma) * losses
    if apply_class_balancing:
        losses = (y_true * alpha + (1.0 - y_true) * (1.0 - alpha)) * losses
    return mean(losses, axis=axis)


class CategoricalFocalCrossentropy(FunctionLoss):
    """Focal cross-entropy for one-hot labels (see `categorical_focal_crossentropy`).

    >>> tg.losses.CategoricalFocalCrossentropy()([[0.0, 1.0]], tg.tensor([[0.5, 0.5]]))
    tensor(0.0433217, dtype=float32)
    """

    def __init__(
        self,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "categorical_focal_crossentropy",
        dtype: Any = None,
    ) -> None:
        options = {
            "alpha": alpha,
            "gamma": gamma,
            "from_logits": from_logits,
            "label_smoothing": checked_smoothing("CategoricalFocalCrossentropy", label_smoothing),
            "axis": axis,
        }
        super().__init__(categorical_focal_crossentropy, reduction, name, dtype, **options)


class BinaryFocalCrossentropy(FunctionLoss):
    """Focal cross-entropy for yes-or-no questions (see `binary_focal_crossentropy`).

    >>> tg.losses.BinaryFocalCrossentropy()([[1.0]], tg.tensor([[0.5]]))
    tensor(0.1732868, dtype=float32)
    """

    def __init__(
        self,
        apply_class_balancing: bool = False,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "binary_focal_crossentropy",
        dtype: Any = None,
    ) -> None:
        options = {
            "apply_class_balancing": apply_class_balancing,
            "alpha": alpha,
            "gamma": gamma,
            "from_logits": from_logits,
            "label_smoothing": checked_smoothing("BinaryFocalCrossentropy", label_smoothing),
            "axis": axis,
        }
        super().__init__(binary_focal_crossentropy, reduction, name, dtype, **options)
