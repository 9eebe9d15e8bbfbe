"""Loss and metrics of a model over an epoch: what `compile` was given, found by name and averaged."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..losses import BinaryCrossentropy, SparseCategoricalCrossentropy
from . import metrics as known
from .callback import Logs
from .metrics import Metric

_FITTING = {"accuracy", "acc"}


class FittingAccuracy(Metric):
    """The accuracy that fits: binary, categorical or sparse, chosen at the first batch from shapes and loss."""

    higher_is_better = True

    def __init__(self, loss: Any, name: str = "accuracy") -> None:
        super().__init__(name)
        self.loss = loss
        self.chosen: Metric | None = None

    def reset_state(self) -> None:
        """Forget what was seen; the choice stays."""
        if self.chosen is not None:
            self.chosen.reset_state()

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """See one batch."""
        if self.chosen is None:
            self.chosen = self._fitting(np.shape(y_true), np.shape(y_pred))
        self.chosen.update_state(y_true, y_pred, sample_weight)

    def result(self) -> Any:
        """The accuracy since the last reset."""
        return 0.0 if self.chosen is None else self.chosen.result()

    def _fitting(self, true: tuple[int, ...], pred: tuple[int, ...]) -> Metric:
        if len(pred) == 1 or pred[-1] == 1 or isinstance(self.loss, BinaryCrossentropy):
            logits = getattr(self.loss, "options", {}).get("from_logits") or getattr(self.loss, "from_logits", False)
            return known.BinaryAccuracy(threshold=0.0 if logits else 0.5)
        sparse = len(true) < len(pred) or true[-1] == 1 or isinstance(self.loss, SparseCategoricalCrossentropy)
        return known.SparseCategoricalAccuracy() if sparse else known.CategoricalAccuracy()


def metric_for(identifier: Any, loss: Any) -> Metric:
    """The metric that an entry of `compile(metrics=[...])` stands for, named as it was written.

    Raises:
        UnknownNameError: for a name that is not known.
    """
    if isinstance(identifier, str) and identifier in _FITTING:
        return FittingAccuracy(loss, identifier)
    if isinstance(identifier, known.Accuracy) or identifier is known.Accuracy:
        name = identifier.name if isinstance(identifier, Metric) else "accuracy"
        return FittingAccuracy(loss, name)
    metric: Metric = known.get(identifier)
    if isinstance(identifier, str):
        metric.name = identifier
    return metric


class Judge:
    """The running loss and metrics of one pass over the data."""

    def __init__(self, loss: Any, metrics: Any, weighted: Any) -> None:
        self.loss = loss
        self.metrics = [metric_for(each, loss) for each in _listed(metrics)]
        self.weighted = [metric_for(each, loss) for each in _listed(weighted)]
        self._mean = known.Mean("loss")

    def reset(self) -> None:
        """Begin a pass."""
        for metric in (self._mean, *self.metrics, *self.weighted):
            metric.reset_state()

    def see(self, loss: float, count: int, y: Any, prediction: Any, weight: Any) -> None:
        """Take in one batch: its loss, how many examples it had, targets and outputs."""
        self._mean.add(loss * count, count)
        for metric in self.metrics:
            metric.update_state(y, prediction)
        for metric in self.weighted:
            metric.update_state(y, prediction, weight)

    def logs(self) -> Logs:
        """What was seen since the pass began, by name."""
        values = {metric.name: metric.result() for metric in (*self.metrics, *self.weighted)}
        return {**values, "loss": self._mean.result()}

    def names(self) -> list[str]:
        """The names in `evaluate`'s order: the loss, then the metrics as they were given."""
        return ["loss", *(metric.name for metric in (*self.metrics, *self.weighted))]


def _listed(metrics: Any) -> Iterable[Any]:
    if metrics is None:
        return []
    return metrics if isinstance(metrics, (list, tuple)) else [metrics]
