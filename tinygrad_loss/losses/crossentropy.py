"""Cross-entropies: how surprised the predicted probabilities are by the right answers.

Predictions made by softmax or sigmoid remember the logits they came from. The losses here use those:
then nothing is rounded to 0 or 1, and the gradient is the plain error p - y. Other probabilities are
held within 1e-7 and 1 - 1e-7 for the value, while the gradient keeps growing down to p = 1e-7 and stays
at -y / 1e-7 below, so that a model which is wholly wrong still learns.
"""

from __future__ import annotations

import warnings
from typing import Any

from ..core.tensor import ArrayLike
from ..ops.activations import logits_of
from ..ops.comparisons import not_equal
from ..ops.losses import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    clipped_log,
    cross_entropy_with_logits,
    sparse_cross_entropy_with_logits,
)
from ..ops.reductions import mean, sum
from ..ops.selection import where
from ..ops.shaping import reshape
from .alignment import aligned, operand
from .base import FunctionLoss
from .labels import (
    checked_distributions,
    checked_fractions,
    checked_probabilities,
    checked_smoothing,
    class_numbers,
)

__all__ = [
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "SparseCategoricalCrossentropy",
    "binary_crossentropy",
    "categorical_crossentropy",
    "logits_for",
    "smoothed",
    "sparse_categorical_crossentropy",
]


def logits_for(loss: str, y_pred: Any, activation: str, from_logits: bool, axis: int | None = None) -> Any:
    """The logits behind `y_pred`: itself, or what `activation` made it from; None for raw probabilities.

    Predictions declared as logits that an activation has made are probabilities after all: the loss
    goes by that, and warns.
    """
    origin = logits_of(y_pred, activation, axis)
    if from_logits and origin is not None:
        warnings.warn(
            f"{loss} got from_logits=True, but y_pred was made by {activation}: it holds probabilities, "
            f"and is taken as such. Leave out from_logits=True, or the {activation}.",
            UserWarning,
            stacklevel=5,
        )
    return y_pred if from_logits and origin is None else origin


def smoothed(y_true: Any, label_smoothing: float, classes: int) -> Any:
    """Targets with the share `label_smoothing` of their certainty spread over all classes."""
    return y_true * (1.0 - label_smoothing) + label_smoothing / classes if label_smoothing else y_true


def categorical_crossentropy(
    y_true: ArrayLike, y_pred: ArrayLike, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Any:
    """-Σ y ln p over the classes, where y_true holds a probability for each class (one-hot, most often).

    Derivative by the logits: p - y. By raw probabilities p, which are first divided by their sum s:
    (Σy - y / max(p/s, 1e-7)) / s.

    Args:
        y_true: a probability for each class.
        y_pred: probabilities, or logits under `from_logits`.
        from_logits: whether y_pred holds logits.
        label_smoothing: ε in y·(1 - ε) + ε / classes.
        axis: the axis of the classes.

    Raises:
        LabelError: where y_true holds class numbers.
        ShapeError: where y_true and y_pred differ in shape, or there is one class.
        ArgumentError: for negative probabilities.

    >>> tg.losses.categorical_crossentropy([[0.0, 1.0]], tg.tensor([[0.5, 0.5]]))
    tensor([0.69314718])
    """
    name = "categorical_crossentropy"
    y_pred = operand(y_pred)
    y_true = checked_distributions(name, y_true, y_pred, axis)
    z = logits_for(name, y_pred, "softmax", from_logits, axis)
    y_true, y = aligned(name, y_true, y_pred if z is None else z)
    y_true = smoothed(y_true, checked_smoothing(name, label_smoothing), y.shape[axis])
    if z is not None:
        return cross_entropy_with_logits(y_true, y, axis=axis)
    checked_probabilities(name, y, "softmax", at_most_one=False)
    return -sum(y_true * clipped_log(y / sum(y, axis=axis, keepdims=True)), axis=axis)


def sparse_categorical_crossentropy(
    y_true: ArrayLike, y_pred: ArrayLike, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1
) -> Any:
    """-ln p of the right class, where y_true holds the numbers of the right classes.

    Derivative by the logits: p, less 1 at the right class.

    Args:
        y_true: class numbers, from 0.
        y_pred: probabilities, or logits under `from_logits`.
        from_logits: whether y_pred holds logits.
        ignore_class: a label whose samples give the loss 0.
        axis: the axis of the classes.

    Shapes: y_true has the shape of y_pred without `axis`, or with length 1 there.

    Raises:
        LabelError: for labels that are one-hot, not whole numbers, or not among the classes.
        ShapeError: where labels and predictions are not as many.
        ArgumentError: for negative probabilities.

    >>> tg.losses.sparse_categorical_crossentropy([1], tg.tensor([[0.5, 0.5]]))
    tensor([0.69314718])
    """
    name = "sparse_categorical_crossentropy"
    y_pred = operand(y_pred)
    labels, counts = class_numbers(name, y_true, y_pred, axis, ignore_class)
    z = logits_for(name, y_pred, "softmax", from_logits, axis)
    if z is None:
        checked_probabilities(name, y_pred, "softmax", at_most_one=False)
        z = clipped_log(y_pred)  # log-softmax then divides by the sum, as probabilities must add up to 1
    losses = sparse_cross_entropy_with_logits(labels, z, axis=axis)
    return losses if counts is None else where(counts, losses, 0.0)


def binary_crossentropy(
    y_true: ArrayLike, y_pred: ArrayLike, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Any:
    """The mean of -y ln p - (1 - y) ln(1 - p) over n yes-or-no questions, the last axis.

    Derivative by the logits: (p - y)/n. By raw probabilities: ((1 - y)/(1 - p) - y/p)/n, with
    denominators of at least 1e-7.

    Args:
        y_true: 0 or 1, or a probability between.
        y_pred: probabilities of 1, or logits under `from_logits`.
        from_logits: whether y_pred holds logits.
        label_smoothing: ε in y·(1 - ε) + ε/2.
        axis: the axis over which the mean is taken.

    Raises:
        LabelError: for targets outside 0 ... 1.
        ShapeError: where y_true and y_pred do not go together.
        ArgumentError: for probabilities outside 0 ... 1.

    >>> tg.losses.binary_crossentropy([[1.0, 0.0]], tg.tensor([[0.5, 0.5]]))
    tensor([0.69314718])
    """
    name = "binary_crossentropy"
    y_pred = operand(y_pred)
    z = logits_for(name, y_pred, "sigmoid", from_logits)
    y_true, y = aligned(name, y_true, y_pred if z is None else z)
    checked_fractions(name, y_true)
    y_true = smoothed(y_true, checked_smoothing(name, label_smoothing), 2)
    if z is not None:
        return mean(binary_cross_entropy_with_logits(y_true, y), axis=axis)
    checked_probabilities(name, y, "sigmoid", at_most_one=True)
    return mean(binary_cross_entropy(y_true, y), axis=axis)


class CategoricalCrossentropy(FunctionLoss):
    """Cross-entropy for one-hot labels (see `categorical_crossentropy`).

    >>> z = tg.tensor([[-100.0, 100.0]], requires_grad=True)
    >>> loss = tg.losses.CategoricalCrossentropy()([[1.0, 0.0]], tg.softmax(z))
    >>> loss.backward()
    >>> z.grad
    tensor([[-1.,  1.]])
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "categorical_crossentropy",
        dtype: Any = None,
    ) -> None:
        options = {
            "from_logits": from_logits,
            "label_smoothing": checked_smoothing("CategoricalCrossentropy", label_smoothing),
            "axis": axis,
        }
        super().__init__(categorical_crossentropy, reduction, name, dtype, **options)


class SparseCategoricalCrossentropy(FunctionLoss):
    """Cross-entropy for class numbers (see `sparse_categorical_crossentropy`).

    Samples labelled `ignore_class` do not count, not even in the mean.

    >>> loss = tg.losses.SparseCategoricalCrossentropy(from_logits=True)
    >>> loss([0], tg.tensor([[0.0, 0.0]]))
    tensor(0.6931472, dtype=float32)
    """

    keeps_labels = True

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = "sum_over_batch_size",
        axis: int = -1,
        name: str = "sparse_categorical_crossentropy",
        dtype: Any = None,
    ) -> None:
        options = {"from_logits": from_logits, "ignore_class": ignore_class, "axis": axis}
        super().__init__(sparse_categorical_crossentropy, reduction, name, dtype, **options)

    def mask(self, y_true: Any, losses: Any) -> Any:
        """True for the samples whose label is not `ignore_class`."""
        skipped = self.options["ignore_class"]
        return None if skipped is None else reshape(not_equal(y_true, skipped), losses.shape)


class BinaryCrossentropy(FunctionLoss):
    """Cross-entropy for yes-or-no questions (see `binary_crossentropy`).

    >>> tg.losses.BinaryCrossentropy()([[1.0], [0.0]], tg.tensor([[0.5], [0.5]]))
    tensor(0.6931472, dtype=float32)
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "binary_crossentropy",
        dtype: Any = None,
    ) -> None:
        options = {
            "from_logits": from_logits,
            "label_smoothing": checked_smoothing("BinaryCrossentropy", label_smoothing),
            "axis": axis,
        }
        super().__init__(binary_crossentropy, reduction, name, dtype, **options)
