"""Metrics: numbers that judge a model and are not differentiated, averaged over the batches of an epoch.

A metric is reset, updated with each batch, and asked for its result. It computes in double
precision on plain arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.tensor import ArrayLike, Tensor
from ..errors import ArgumentError, ShapeError
from ..layers.names import by_name, snake_case

Array = np.ndarray[Any, Any]


def array_of(value: ArrayLike) -> Array:
    """The plain array of a Tensor or of anything array-like."""
    return np.asarray(value.detach() if isinstance(value, Tensor) else value)


def aligned(y_true: ArrayLike, y_pred: ArrayLike) -> tuple[Array, Array]:
    """Targets and predictions as arrays of one shape: (n,) and (n, 1) go together, nothing is broadcast.

    Raises:
        ShapeError: for any other difference.
    """
    true, pred = array_of(y_true), array_of(y_pred)
    if true.ndim == pred.ndim + 1 and true.shape[-1] == 1:
        true = true[..., 0]
    elif pred.ndim == true.ndim + 1 and pred.shape[-1] == 1:
        pred = pred[..., 0]
    if true.shape != pred.shape:
        raise ShapeError(
            f"A metric got targets of shape {true.shape} and predictions of shape {pred.shape}.",
            "They must have the same shape: nothing is broadcast.",
            "For integer labels use a sparse metric, such as 'sparse_categorical_accuracy'.",
        )
    return true, pred


class Metric:
    """Base of metrics: override `reset_state`, `update_state(y_true, y_pred, sample_weight)` and `result`."""

    higher_is_better: bool | None = None  # which way callbacks look for improvement

    def __init__(self, name: str | None = None) -> None:
        self.name = snake_case(type(self).__name__) if name is None else name

    def reset_state(self) -> None:
        """Forget what was seen."""
        raise NotImplementedError

    def update_state(self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None) -> None:
        """See one batch."""
        raise NotImplementedError

    def result(self) -> Any:
        """The metric over everything seen since the last reset."""
        raise NotImplementedError

    def __call__(self, *args: Any, **options: Any) -> Any:
        """Update, and give the result."""
        self.update_state(*args, **options)
        return self.result()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


class Mean(Metric):
    """The weighted mean of the values it is given: Σ w·v / Σ w; 0 before the first.

    >>> mean = tg.metrics.Mean()
    >>> mean.update_state([1.0, 3.0])
    >>> mean.result()
    2.0
    """

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name)
        self.total = 0.0
        self.count = 0.0

    def reset_state(self) -> None:
        """Forget what was seen."""
        self.total = self.count = 0.0

    def update_state(self, values: ArrayLike, sample_weight: ArrayLike | None = None) -> None:  # type: ignore[override]
        """Add values, each with its weight."""
        array = array_of(values)
        if sample_weight is None:
            self.add(float(np.sum(array, dtype=np.float64)), array.size)
            return
        weights = array_of(sample_weight)
        if weights.ndim > array.ndim and weights.shape[-1] == 1:
            weights = weights[..., 0]
        weights = np.broadcast_to(weights.reshape(weights.shape + (1,) * (array.ndim - weights.ndim)), array.shape)
        self.add(float(np.sum(array * weights, dtype=np.float64)), float(np.sum(weights, dtype=np.float64)))

    def add(self, total: float, count: float) -> None:
        """Add a sum that is known already."""
        self.total += total
        self.count += count

    def result(self) -> float:
        """The mean of everything seen since the last reset."""
        return self.total / self.count if self.count else 0.0


class MeanMetricWrapper(Mean):
    """A function of (y_true, y_pred), one value for each example, as a metric: the mean of its values.

    >>> metric = tg.metrics.MeanMetricWrapper(lambda y_true, y_pred: np.abs(y_true - y_pred), name="distance")
    >>> metric([1.0, 2.0], [1.0, 4.0])
    1.0
    """

    def __init__(self, fn: Callable[..., Any], name: str | None = None, **options: Any) -> None:
        super().__init__(name or getattr(fn, "__name__", type(fn).__name__))
        self.fn = fn
        self.options = options

    def update_state(  # type: ignore[override]
        self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> None:
        """See one batch."""
        super().update_state(self.fn(array_of(y_true), array_of(y_pred), **self.options), sample_weight)


class _MeanOf(Mean):
    """The mean of `values(y_true, y_pred)`, which a subclass defines."""

    def values(self, y_true: ArrayLike, y_pred: ArrayLike) -> Array:
        raise NotImplementedError

    def update_state(  # type: ignore[override]
        self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> None:
        """See one batch."""
        super().update_state(self.values(y_true, y_pred), sample_weight)


class MeanSquaredError(_MeanOf):
    """The mean of (y_true - y_pred)².

    >>> tg.metrics.MeanSquaredError()([[1.0, 2.0]], [[1.0, 4.0]])
    2.0
    """

    higher_is_better = False

    def values(self, y_true: ArrayLike, y_pred: ArrayLike) -> Array:
        """The squared error of each example, the mean over its last axis."""
        true, pred = aligned(y_true, y_pred)
        return _over_last(np.square(np.subtract(true, pred, dtype=np.float64)))


class RootMeanSquaredError(MeanSquaredError):
    """The square root of the mean squared error, in the units of y.

    >>> tg.metrics.RootMeanSquaredError()([1.0, 2.0], [1.0, 4.0]) ** 2
    2.0000000000000004
    """

    def result(self) -> float:
        """The root of the mean of everything seen since the last reset."""
        return float(np.sqrt(super().result()))


class MeanAbsoluteError(_MeanOf):
    """The mean of |y_true - y_pred|.

    >>> tg.metrics.MeanAbsoluteError()([[1.0, 2.0]], [[1.0, 4.0]])
    1.0
    """

    higher_is_better = False

    def values(self, y_true: ArrayLike, y_pred: ArrayLike) -> Array:
        """The absolute error of each example, the mean over its last axis."""
        true, pred = aligned(y_true, y_pred)
        return _over_last(np.abs(np.subtract(true, pred, dtype=np.float64)))


def _over_last(values: Array) -> Array:
    return values.mean(axis=-1) if values.ndim > 1 else values


class Accuracy(_MeanOf):
    """How often y_true == y_pred, element by element: for predicted labels, not for probabilities.

    In `compile`, the string "accuracy" means the accuracy that fits the model's output.

    >>> tg.metrics.Accuracy()([1, 2, 3], [1, 2, 0])
    0.6666666666666666
    """

    higher_is_better = True

    def values(self, y_true: ArrayLike, y_pred: ArrayLike) -> Array:
        """Which are equal."""
        true, pred = aligned(y_true, y_pred)
        return _over_last(np.equal(true, pred))


class BinaryAccuracy(_MeanOf):
    """How often a probability lies on the right side of `threshold`.

    >>> tg.metrics.BinaryAccuracy()([1, 0, 1], [0.9, 0.2, 0.4])
    0.6666666666666666
    """

    higher_is_better = True

    def __init__(self, name: str | None = None, threshold: float = 0.5) -> None:
        super().__init__(name)
        self.threshold = threshold

    def values(self, y_true: ArrayLike, y_pred: ArrayLike) -> Array:
        """Which are on the right side."""
        true, pred = aligned(y_true, y_pred)
        return _over_last(np.equal(true, pred > self.threshold))


class CategoricalAccuracy(_MeanOf):
    """How often the largest output is the target's class; targets are one-hot.

    >>> tg.metrics.CategoricalAccuracy()([[0, 1], [1, 0]], [[0.2, 0.8], [0.4, 0.6]])
    0.5
    """

    higher_is_better = True

    def values(self, y_true: ArrayLike, y_pred: ArrayLike) -> Array:
        """Which are right."""
        true, pred = aligned(y_true, y_pred)
        return np.equal(true.argmax(axis=-1), pred.argmax(axis=-1))


class SparseCategoricalAccuracy(_MeanOf):
    """How often the largest output is the target's class; targets are integers.

    >>> tg.metrics.SparseCategoricalAccuracy()([1, 0], [[0.2, 0.8], [0.4, 0.6]])
    0.5
    """

    higher_is_better = True

    def values(self, y_true: ArrayLike, y_pred: ArrayLike) -> Array:
        """Which are right."""
        labels, pred = labels_for(y_true, y_pred)
        return np.equal(labels, pred.argmax(axis=-1))


def labels_for(y_true: ArrayLike, y_pred: ArrayLike) -> tuple[Array, Array]:
    """Integer labels (n,), also when given as (n, 1), with the outputs (n, classes) that they belong to.

    Raises:
        ShapeError: when there is not one label for each row of outputs.
    """
    labels, pred = array_of(y_true), array_of(y_pred)
    if labels.ndim == pred.ndim and labels.shape[-1] == 1:
        labels = labels[..., 0]
    if labels.shape != pred.shape[:-1]:
        raise ShapeError(
            f"A metric got labels of shape {labels.shape} and outputs of shape {pred.shape}.",
            "There is one integer label for each row of outputs.",
            "For one-hot targets use 'categorical_accuracy'.",
        )
    return labels, pred


class SparseTopKCategoricalAccuracy(_MeanOf):
    """How often the target's class is among the k largest outputs; targets are integers."""

    higher_is_better = True

    def __init__(self, k: int = 5, name: str | None = None) -> None:
        super().__init__(name)
        self.k = k

    def values(self, y_true: ArrayLike, y_pred: ArrayLike) -> Array:
        """Which are among the k largest; ties count as among them."""
        labels, pred = labels_for(y_true, y_pred)
        own = np.take_along_axis(pred, labels[..., None].astype(int), axis=-1)
        return np.sum(pred > own, axis=-1) < self.k


class TopKCategoricalAccuracy(SparseTopKCategoricalAccuracy):
    """How often the target's class is among the k largest outputs; targets are one-hot.

    >>> tg.metrics.TopKCategoricalAccuracy(k=2)([[0, 0, 1], [1, 0, 0]], [[0.1, 0.6, 0.3], [0.1, 0.6, 0.3]])
    0.5
    """

    def values(self, y_true: ArrayLike, y_pred: ArrayLike) -> Array:
        """Which are among the k largest; ties count as among them."""
        true, pred = aligned(y_true, y_pred)
        return super().values(true.argmax(axis=-1), pred)


class _Found(Metric):
    """True positives over what `of` counts: the base of precision and recall."""

    higher_is_better = True
    of: str

    def __init__(
        self, thresholds: float | Sequence[float] | None = None, class_id: int | None = None, name: str | None = None
    ) -> None:
        super().__init__(name)
        self.thresholds = np.atleast_1d(0.5 if thresholds is None else thresholds).astype(float)
        if not ((self.thresholds >= 0) & (self.thresholds <= 1)).all():
            raise ArgumentError(
                f"{type(self).__name__} got thresholds={thresholds!r}.",
                "A threshold is a probability, from 0 to 1.",
                "Put a sigmoid before it where the outputs are logits.",
            )
        self.several = isinstance(thresholds, (list, tuple, np.ndarray))
        self.class_id = class_id
        self.reset_state()

    def reset_state(self) -> None:
        """Forget what was seen."""
        self.found = np.zeros(len(self.thresholds))
        self.all = np.zeros(len(self.thresholds))

    def update_state(self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None) -> None:
        """See one batch."""
        true, pred = aligned(y_true, y_pred)
        if self.class_id is not None:
            true, pred = true[..., self.class_id], pred[..., self.class_id]
        weights = np.ones(true.shape)
        if sample_weight is not None:
            given = array_of(sample_weight)
            weights = weights * given.reshape(given.shape + (1,) * (true.ndim - given.ndim))
        true = true.astype(bool)
        for index, threshold in enumerate(self.thresholds):
            positive = pred > threshold
            self.found[index] += np.sum(weights[positive & true])
            self.all[index] += np.sum(weights[positive if self.of == "predicted" else true])

    def result(self) -> Any:
        """The part found; 0 where there was nothing to find. One number for each threshold."""
        parts = np.divide(self.found, self.all, out=np.zeros_like(self.found), where=self.all > 0)
        return parts if self.several else float(parts[0])


class Precision(_Found):
    """Of those predicted positive, the part that is: TP / (TP + FP).

    >>> tg.metrics.Precision()([0, 1, 1, 1], [1, 0, 1, 1])
    0.6666666666666666
    """

    of = "predicted"


class Recall(_Found):
    """Of those that are positive, the part predicted so: TP / (TP + FN).

    >>> tg.metrics.Recall()([0, 1, 1, 1], [1, 0, 1, 1])
    0.6666666666666666
    """

    of = "true"


CLASSES: dict[str, type[Metric]] = {
    snake_case(kind.__name__): kind
    for kind in (
        *(Accuracy, BinaryAccuracy, CategoricalAccuracy, SparseCategoricalAccuracy, TopKCategoricalAccuracy),
        *(SparseTopKCategoricalAccuracy, MeanSquaredError, RootMeanSquaredError, MeanAbsoluteError, Mean),
        *(Precision, Recall),
    )
}
CLASSES |= {"mse": MeanSquaredError, "MSE": MeanSquaredError, "mae": MeanAbsoluteError, "MAE": MeanAbsoluteError}


def get(identifier: Any) -> Any:
    """The metric that a name, a class, a metric or a function of (y_true, y_pred) stands for.

    Raises:
        UnknownNameError: for anything else.

    >>> tg.metrics.get("mae")
    <MeanAbsoluteError name=mean_absolute_error>
    """
    found = by_name("metric", identifier, Metric, CLASSES)
    return found if found is None or isinstance(found, Metric) else MeanMetricWrapper(found)
