"""Callbacks that watch a logged number: stop early, lower the learning rate, stop at NaN."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

from ..errors import ArgumentError, TinygradLossError, nearest
from .callback import Callback, Logs

MODES = ("auto", "min", "max")


class NotFiniteError(TinygradLossError, RuntimeError):
    """A loss that is NaN or infinite."""


class Monitor(Callback):
    """Base of callbacks that look for improvement of one logged number.

    Args:
        monitor: its name in the logs: "loss", "val_loss", "val_accuracy", ...
        mode: "min", "max", or "auto": a loss falls, accuracies rise.
        min_delta: changes smaller than this are no improvement.

    Raises:
        ArgumentError: for an unknown mode, or "auto" where the direction is not known.
    """

    def __init__(self, monitor: str = "val_loss", mode: str = "auto", min_delta: float = 0.0) -> None:
        super().__init__()
        if mode not in MODES:
            raise ArgumentError(
                f"{type(self).__name__} got mode={mode!r}.", "It is 'auto', 'min' or 'max'.", nearest(str(mode), MODES)
            )
        self.monitor = monitor
        self.mode = mode
        self.min_delta = abs(min_delta)
        self.best: float | None = None

    def rising(self) -> bool:
        """Whether larger is better."""
        if self.mode != "auto":
            return self.mode == "max"
        name = self.monitor.removeprefix("val_")
        if name == "loss":
            return False
        for metric in self.model.metrics:
            if metric.name == name and metric.higher_is_better is not None:
                return bool(metric.higher_is_better)
        raise ArgumentError(
            f"{type(self).__name__} does not know whether {self.monitor!r} should rise or fall.",
            "With mode='auto' it knows losses, errors and accuracies.",
            "Say mode='min' or mode='max'.",
        )

    def improves(self, value: float, reference: float | None) -> bool:
        """Whether `value` is better than `reference` by more than min_delta; anything is better than None."""
        if reference is None:
            return True
        if self.rising():
            return value - self.min_delta > reference
        return value + self.min_delta < reference

    def value_in(self, logs: Logs | None) -> Any:
        """The monitored number; where it is not logged a warning and None."""
        found = (logs or {}).get(self.monitor)
        if found is None:
            known = ", ".join(logs or {})
            hint = " Give fit validation_data= or validation_split=." if self.monitor.startswith("val_") else ""
            warnings.warn(
                f"{type(self).__name__} monitors {self.monitor!r}, which is not logged. Logged are: {known}.{hint}",
                stacklevel=2,
            )
        return found


class EarlyStopping(Monitor):
    """Stop training when a number has not improved for `patience` epochs.

    Args:
        monitor: see `Monitor`.
        min_delta: changes smaller than this are no improvement.
        patience: how many epochs without improvement are borne.
        verbose: 1 prints when it stops.
        mode: see `Monitor`.
        baseline: a value that has to be beaten too.
        restore_best_weights: go back to the weights of the best epoch at the end.
        start_from_epoch: epochs before this one are not judged.

    >>> tg.callbacks.EarlyStopping(patience=3).monitor
    'val_loss'
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        self.patience = patience
        self.verbose = verbose
        self.baseline = baseline
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = start_from_epoch
        self._start()

    def _start(self) -> None:
        self.wait = 0
        self.stopped_epoch = 0
        self.best = None
        self.best_epoch = 0
        self.best_weights: Any = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Start anew."""
        self._start()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Judge the epoch."""
        current = self.value_in(logs)
        if current is None or epoch < self.start_from_epoch:
            return
        if self.restore_best_weights and self.best_weights is None:
            self.best_weights = self.model.get_weights()
            self.best_epoch = epoch
        self.wait += 1
        if self.improves(current, self.best):
            self.best = current
            self.best_epoch = epoch
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            if self.baseline is None or self.improves(current, self.baseline):
                self.wait = 0
        elif self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Restore the best weights, if asked to."""
        if self.stopped_epoch > 0 and self.verbose:
            print(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.best_weights is not None:
            if self.verbose:
                print(f"Restoring the weights of the best epoch: {self.best_epoch + 1}.")
            self.model.set_weights(self.best_weights)


class ReduceLROnPlateau(Monitor):
    """Multiply the learning rate by `factor` when a number has not improved for `patience` epochs.

    Args:
        monitor: see `Monitor`.
        factor: below 1.
        patience: how many epochs without improvement are borne.
        verbose: 1 prints each reduction.
        mode: see `Monitor`.
        min_delta: changes smaller than this are no improvement.
        cooldown: epochs after a reduction that are not judged.
        min_lr: the rate is not made smaller than this.

    Raises:
        ArgumentError: for a factor of 1 or more, or not above 0.

    >>> tg.callbacks.ReduceLROnPlateau(factor=0.5).factor
    0.5
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        if not 0 < factor < 1:
            raise ArgumentError(
                f"ReduceLROnPlateau got factor={factor!r}.",
                "The learning rate is multiplied by it: above 0 and below 1.",
                "Say factor=0.5 to halve it.",
            )
        self.factor = factor
        self.patience = patience
        self.verbose = verbose
        self.cooldown = cooldown
        self.min_lr = min_lr
        self.wait = self.cooldown_counter = 0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Start anew."""
        self.best = None
        self.wait = self.cooldown_counter = 0

    def in_cooldown(self) -> bool:
        """Whether the last reduction was too recent to judge again."""
        return self.cooldown_counter > 0

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Judge the epoch; the learning rate is logged too."""
        logs = {} if logs is None else logs
        logs["learning_rate"] = float(self.model.optimizer.learning_rate)
        current = self.value_in(logs)
        if current is None:
            return
        if self.in_cooldown():
            self.cooldown_counter -= 1
            self.wait = 0
        if self.improves(current, self.best):
            self.best = current
            self.wait = 0
        elif not self.in_cooldown():
            self.wait += 1
            if self.wait >= self.patience:
                self._reduce(epoch)

    def _reduce(self, epoch: int) -> None:
        old = float(self.model.optimizer.learning_rate)
        if old <= self.min_lr:
            return
        new = max(old * self.factor, self.min_lr)
        self.model.optimizer.learning_rate = new
        self.cooldown_counter = self.cooldown
        self.wait = 0
        if self.verbose:
            print(f"\nEpoch {epoch + 1}: ReduceLROnPlateau reducing learning rate to {new}.")


class LearningRateScheduler(Callback):
    """Set the learning rate at the beginning of each epoch to `schedule(epoch, learning_rate)`.

    >>> halving = tg.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2)
    """

    def __init__(self, schedule: Callable[..., float], verbose: int = 0) -> None:
        super().__init__()
        self.schedule = schedule
        self.verbose = verbose

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Set the rate."""
        optimizer = self.model.optimizer
        try:
            rate = self.schedule(epoch, float(optimizer.learning_rate))
        except TypeError:  # a schedule of the epoch alone
            rate = self.schedule(epoch)
        try:
            rate = float(rate)
        except (TypeError, ValueError):
            raise ArgumentError(
                f"LearningRateScheduler got {rate!r} from its schedule.",
                "schedule(epoch, learning_rate) returns the new rate, a number.",
                "Check that it returns something on every path.",
            ) from None
        optimizer.learning_rate = rate
        if self.verbose:
            print(f"\nEpoch {epoch + 1}: LearningRateScheduler setting learning rate to {rate}.")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Log the rate."""
        if logs is not None:
            logs["learning_rate"] = float(self.model.optimizer.learning_rate)


class TerminateOnNaN(Callback):
    """Stop training when the loss is NaN or infinite; with `raise_error` by an error.

    Raises:
        NotFiniteError: with raise_error=True.
    """

    def __init__(self, raise_error: bool = False) -> None:
        super().__init__()
        self.raise_error = raise_error

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Look at the running loss."""
        loss = (logs or {}).get("loss")
        if loss is None or math.isfinite(loss):
            return
        if self.raise_error:
            raise NotFiniteError(
                f"The loss is {loss} at batch {batch}.",
                "Training goes on only from finite numbers.",
                "Lower the learning rate, scale the inputs, or look for a division or logarithm of 0.",
            )
        print(f"Batch {batch}: Invalid loss, terminating training")
        self.model.stop_training = True
