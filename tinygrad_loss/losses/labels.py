"""What targets and predictions of a classifier must look like, and what to say when they do not.

The values are looked at where that costs little next to the exponentials of the loss itself.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.tensor import ArrayLike, Tensor, as_value
from ..errors import ArgumentError, LabelError, ShapeError
from ..modes import checking
from ..ops.comparisons import not_equal
from ..ops.selection import where
from ..ops.shaping import astype, squeeze

__all__ = [
    "checked_distributions",
    "checked_fractions",
    "checked_probabilities",
    "checked_smoothing",
    "class_numbers",
]

ROUNDING = 1e-3  # a probability may be outside 0 ... 1 by this much


def class_numbers(loss: str, y_true: ArrayLike, y_pred: Any, axis: int, ignore_class: int | None) -> tuple[Any, Any]:
    """Labels as integers of the shape of `y_pred` without `axis`, and which of them count (None: all).

    Raises:
        LabelError: for labels that are one-hot, not whole, or not among the classes.
        ShapeError: where labels and predictions are not as many.
    """
    labels = y_true if isinstance(y_true, Tensor) else as_value(y_true)
    axis = _checked_axis(loss, axis, y_pred.shape)
    expected = y_pred.shape[:axis] + y_pred.shape[axis + 1 :]
    if labels.ndim == y_pred.ndim and labels.shape[axis] == 1:
        labels = squeeze(labels, axis=axis)
    if labels.shape != expected:
        raise _not_class_numbers(loss, labels.shape, y_pred.shape, expected)
    if labels.dtype.kind not in "iu":
        if labels.dtype.kind == "f":
            checking(_check_whole, loss, labels)
        labels = astype(labels, np.int64)
    counts = None
    if ignore_class is not None:
        counts = not_equal(labels, ignore_class)
        labels = where(counts, labels, 0)
    checking(_check_range, loss, labels, y_pred.shape[axis])
    return labels, counts


def _check_whole(loss: str, values: Any) -> None:
    if not (values == np.floor(values)).all():
        raise LabelError(
            f"{loss} got labels that are not whole numbers, such as {values[values != np.floor(values)].flat[0]}.",
            "A label is the number of a class, counted from 0.",
            "For probabilities of classes use CategoricalCrossentropy, for numbers to predict MeanSquaredError.",
        )


def _check_range(loss: str, labels: Any, classes: int) -> None:
    if not labels.size:
        return
    low, high = labels.min(), labels.max()
    if low < 0 or high >= classes:
        wrong = low if low < 0 else high
        raise LabelError(
            f"{loss} got the label {wrong} for {classes} classes.",
            f"Labels are the numbers of classes, from 0 to {classes - 1}.",
            f"Say ignore_class={wrong} for a label to be skipped, or number the classes from 0."
            if low < 0
            else f"Number the classes from 0, or end the model with {wrong + 1} units.",
        )


def _not_class_numbers(loss: str, true: tuple[int, ...], pred: tuple[int, ...], expected: tuple[int, ...]) -> Exception:
    if true == pred:
        return LabelError(
            f"{loss} got y_true of shape {true}, the shape of y_pred: that is one-hot, or probabilities.",
            f"It needs the numbers of the right classes, of shape {expected}.",
            "Use CategoricalCrossentropy, or np.argmax(y_true, axis=-1) for the numbers.",
        )
    return ShapeError(
        f"{loss} cannot compare y_true of shape {true} with y_pred of shape {pred}.",
        f"It needs one class number per prediction: y_true of shape {expected}.",
        "Give as many labels as samples." if len(true) == len(expected) else "Look for an axis too many or too few.",
    )


def checked_distributions(loss: str, y_true: ArrayLike, y_pred: Any, axis: int) -> Any:
    """`y_true` if it has a probability for each class of `y_pred`, as far as shapes tell.

    Raises:
        LabelError: for labels that are class numbers.
        ShapeError: for a single class.
    """
    y_true = y_true if isinstance(y_true, Tensor) else as_value(y_true)
    pred = y_pred.shape
    axis = _checked_axis(loss, axis, pred)
    expected = pred[:axis] + pred[axis + 1 :]
    if pred[axis] == 1:
        raise ShapeError(
            f"{loss} got y_pred of shape {pred}: one class, whose probability is always 1.",
            "It needs the probabilities of at least two classes.",
            "Use BinaryCrossentropy with one sigmoid unit, or end the model with two units.",
        )
    if y_true.shape in (expected, (*pred[:axis], 1, *pred[axis + 1 :])):
        raise LabelError(
            f"{loss} got y_true of shape {y_true.shape} for y_pred of shape {pred}: those are class numbers.",
            f"It needs a probability for each class (one-hot): y_true of shape {pred}.",
            "Use SparseCategoricalCrossentropy, or one-hot labels.",
        )
    return y_true


def checked_probabilities(
    loss: str, y_pred: Any, activation: str, *, at_most_one: bool, or_logits: bool = True
) -> None:
    """Refuse predictions that are plainly not probabilities: they are logits that were not declared.

    Raises:
        ArgumentError: for values below 0, or, where `at_most_one`, above 1.
    """
    checking(_check_probabilities, loss, y_pred, activation, at_most_one, or_logits)


def _check_probabilities(loss: str, values: Any, activation: str, at_most_one: bool, or_logits: bool) -> None:
    if not values.size:
        return
    if values.min() < -ROUNDING or (at_most_one and values.max() > 1 + ROUNDING):
        raise ArgumentError(
            f"{loss} got y_pred from {values.min():.4g} to {values.max():.4g}: those are no probabilities.",
            "It needs probabilities, between 0 and 1" + (", unless from_logits=True." if or_logits else "."),
            ("Say from_logits=True for logits, or end" if or_logits else "End") + f" the model with {activation}.",
        )


def checked_fractions(loss: str, y_true: Any) -> None:
    """Refuse targets of a yes-or-no question outside 0 ... 1.

    Raises:
        LabelError: for such targets.
    """
    checking(_check_fractions, loss, y_true)


def _check_fractions(loss: str, values: Any) -> None:
    values = np.asarray(values)
    if values.size and (values.min() < -ROUNDING or values.max() > 1 + ROUNDING):
        raise LabelError(
            f"{loss} got y_true from {values.min():.4g} to {values.max():.4g}.",
            "Its targets are 0 or 1, or a probability between.",
            "For the numbers of several classes use SparseCategoricalCrossentropy, for -1 and 1 use Hinge.",
        )


def checked_smoothing(loss: str, label_smoothing: float) -> float:
    """`label_smoothing`, if it is a number between 0 and 1.

    Raises:
        ArgumentError: for anything else.
    """
    if (
        isinstance(label_smoothing, bool)
        or not isinstance(label_smoothing, (int, float))
        or not 0 <= label_smoothing <= 1
    ):
        raise ArgumentError(
            f"{loss} cannot use label_smoothing={label_smoothing!r}.",
            "It is the share of certainty that is spread over all classes, between 0 and 1.",
            "Say label_smoothing=0.1.",
        )
    return label_smoothing


def _checked_axis(loss: str, axis: Any, shape: tuple[int, ...]) -> int:
    if isinstance(axis, bool) or not isinstance(axis, (int, np.integer)) or not -len(shape) <= axis < len(shape):
        raise ArgumentError(
            f"{loss} got axis={axis!r} for y_pred of shape {shape}.",
            "The axis of the classes is one of y_pred's axes.",
            "Leave it out for the last one." if shape else "Give y_pred one number per class.",
        )
    return int(axis) % len(shape)
