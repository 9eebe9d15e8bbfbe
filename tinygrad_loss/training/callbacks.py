"""The callbacks that come with the library: stop early, change the learning rate, keep the best, log."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..errors import ArgumentError, nearest
from .callback import HOOKS, Callback, Logs


class _Watching(Callback):
    """A callback that watches one value and knows whether it got better."""

    def __init__(self, monitor: str, mode: str, min_delta: float = 0.0) -> None:
        super().__init__()
        if mode not in ("auto", "min", "max"):
            raise ArgumentError(f"mode={mode!r} is unknown.", "It is 'auto', 'min' or 'max'.", "Write mode='min'.")
        self.monitor = monitor
        upward = mode == "max" or (mode == "auto" and any(word in monitor for word in ("acc", "precision", "recall")))
        self.sign = 1.0 if upward else -1.0
        self.min_delta = abs(min_delta)
        self.worst = -math.inf * self.sign

    def current(self, logs: Logs | None) -> float:
        """The watched value of this epoch.

        Raises:
            ArgumentError: when training does not report it.
        """
        found = logs or {}
        if self.monitor not in found:
            raise ArgumentError(
                f"{type(self).__name__} watches {self.monitor!r}, which training does not report.",
                "The names are: " + ", ".join(sorted(found)) + ".",
                "Give fit validation_data for val_ names. " + nearest(self.monitor, found),
            )
        return float(found[self.monitor])

    def better(self, value: float, best: float) -> bool:
        """Whether `value` improves on `best` by more than `min_delta`."""
        return (value - best) * self.sign > self.min_delta


class EarlyStopping(_Watching):
    """Stop training when a value no longer improves.

    Args:
        monitor: the value's name.
        min_delta: what counts as an improvement is more than this.
        patience: epochs without improvement that are waited out.
        verbose: 1 to say when it stops.
        mode: "min", "max", or "auto", by the name.
        baseline: a value to improve on.
        restore_best_weights: go back to the weights of the best epoch at the end.
        start_from_epoch: epochs to wait before watching.
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
        self.patience, self.verbose, self.baseline = patience, verbose, baseline
        self.restore_best_weights, self.start_from_epoch = restore_best_weights, start_from_epoch

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Begin to watch."""
        self.wait = self.stopped_epoch = self.best_epoch = 0
        self.best, self.best_weights = self.worst, None

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Compare, and perhaps stop."""
        if epoch < self.start_from_epoch:
            return
        value = self.current(logs)
        self.wait += 1
        if self.better(value, self.best):
            self.best, self.best_epoch = value, epoch
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            if self.baseline is None or self.better(value, self.baseline):
                self.wait = 0
        if self.wait >= self.patience and epoch > 0 and self.wait:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Go back to the best weights, if that was asked for."""
        if self.stopped_epoch and self.verbose:
            print(f"Stopped early after epoch {self.stopped_epoch + 1}; the best was {self.best_epoch + 1}.")
        if self.best_weights is not None:
            self.model.set_weights(self.best_weights)


class ReduceLROnPlateau(_Watching):
    """Multiply the learning rate by `factor` when a value has not improved for `patience` epochs.

    Args:
        monitor: the value's name.
        factor: below 1.
        patience: epochs without improvement that are waited out.
        verbose: 1 to say when it happens.
        mode: "min", "max", or "auto", by the name.
        min_delta: what counts as an improvement is more than this.
        cooldown: epochs to wait after a change.
        min_lr: the learning rate is not lowered below this.
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
        if factor >= 1:
            raise ArgumentError(f"ReduceLROnPlateau got factor={factor}.", "It is below 1.", "Write factor=0.1.")
        self.factor, self.patience, self.verbose = factor, patience, verbose
        self.cooldown, self.min_lr = cooldown, min_lr

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Begin to watch."""
        self.best, self.wait, self.cooling = self.worst, 0, 0

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Compare, and perhaps lower the learning rate."""
        value = self.current(logs)
        if self.cooling:
            self.cooling -= 1
            self.wait = 0
        if self.better(value, self.best):
            self.best, self.wait = value, 0
        elif not self.cooling:
            self.wait += 1
            rate = self.model.optimizer.learning_rate
            if self.wait >= self.patience and rate > self.min_lr:
                self.model.optimizer.learning_rate = max(rate * self.factor, self.min_lr)
                self.cooling, self.wait = self.cooldown, 0
                if self.verbose:
                    print(f"Epoch {epoch + 1}: learning rate is now {self.model.optimizer.learning_rate:.3g}.")


class LearningRateScheduler(Callback):
    """Set the learning rate at each epoch's begin to `schedule(epoch, learning_rate)`.

    Args:
        schedule: a function of the epoch and the learning rate, or of the epoch alone.
        verbose: 1 to print each rate.
    """

    def __init__(self, schedule: Callable[..., float], verbose: int = 0) -> None:
        super().__init__()
        self.schedule, self.verbose = schedule, verbose

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Set the rate."""
        from inspect import signature

        rate = self.model.optimizer.learning_rate
        two = len(signature(self.schedule).parameters) > 1
        self.model.optimizer.learning_rate = float(self.schedule(epoch, rate) if two else self.schedule(epoch))
        if self.verbose:
            print(f"Epoch {epoch + 1}: learning rate {self.model.optimizer.learning_rate:.3g}.")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Report the rate among the epoch's values."""
        if logs is not None:
            logs["learning_rate"] = self.model.optimizer.learning_rate


class TerminateOnNaN(Callback):
    """Stop training as soon as the loss is not finite."""

    def __init__(self, raise_error: bool = False) -> None:
        super().__init__()
        self.raise_error = raise_error

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Look at the loss."""
        loss = (logs or {}).get("loss", 0.0)
        if math.isfinite(loss):
            return
        if self.raise_error:
            raise ArgumentError(
                f"The loss became {loss} in batch {batch}.",
                "Training needs a finite loss.",
                "Lower the learning rate, clip the gradients (clipnorm=1.0), or look for NaN in the data.",
            )
        print(f"Batch {batch}: the loss became {loss}; training stops.")
        self.model.stop_training = True


class ModelCheckpoint(_Watching):
    """Save the weights after each epoch, or only when a value improved.

    Args:
        filepath: where; may hold {epoch} and names of values: "best-{epoch:02d}-{val_loss:.2f}.safetensors".
        monitor: the value's name.
        verbose: 1 to say when it saves.
        save_best_only: save only improvements.
        mode: "min", "max", or "auto", by the name.
    """

    def __init__(
        self,
        filepath: str | Path,
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        mode: str = "auto",
    ) -> None:
        super().__init__(monitor, mode)
        self.filepath, self.verbose, self.save_best_only = str(filepath), verbose, save_best_only
        self.best = self.worst

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Perhaps save."""
        if self.save_best_only:
            value = self.current(logs)
            if not self.better(value, self.best):
                return
            self.best = value
        path = self.model.save_weights(self.filepath.format(epoch=epoch + 1, **(logs or {})))
        if self.verbose:
            print(f"Epoch {epoch + 1}: saved {path}.")


class CSVLogger(Callback):
    """Write each epoch's values as a line of a CSV file.

    Args:
        filename: where.
        separator: between the columns.
        append: go on with a file that is there.
    """

    def __init__(self, filename: str | Path, separator: str = ",", append: bool = False) -> None:
        super().__init__()
        self.filename, self.separator, self.append = Path(filename), separator, append

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Start the file."""
        self.headed = self.append and self.filename.exists() and self.filename.stat().st_size > 0
        if not self.append:
            self.filename.write_text("", encoding="utf-8")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Write a line."""
        row = {"epoch": epoch, **(logs or {})}
        with self.filename.open("a", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, row.keys(), delimiter=self.separator)
            if not self.headed:
                writer.writeheader()
                self.headed = True
            writer.writerow(row)


class LambdaCallback(Callback):
    """A callback from functions, named after the hooks.

    >>> seen = []
    >>> callback = tg.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(epoch))
    >>> model = tg.Sequential([tg.layers.Dense(1)])
    >>> model.compile(loss="mse")
    >>> history = model.fit(np.ones((4, 2)), np.ones((4, 1)), epochs=2, verbose=0, callbacks=[callback])
    >>> seen
    [0, 1]
    """

    def __init__(self, **functions: Callable[..., Any]) -> None:
        super().__init__()
        for name, function in functions.items():
            if name not in HOOKS:
                raise ArgumentError(f"LambdaCallback got {name}=.", "It takes hooks.", nearest(name, HOOKS))
            setattr(self, name, _positional(function))


def _positional(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, called with logs by position, as hooks are written."""

    def hook(*args: Any, logs: Logs | None = None) -> Any:
        return function(*args, logs)

    return hook
