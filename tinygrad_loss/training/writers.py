"""Callbacks that write files, and the one made of functions."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..errors import ArgumentError, nearest
from .callback import HOOKS, Callback, Logs
from .monitors import Monitor


class ModelCheckpoint(Monitor):
    """Save the model's weights while it trains.

    Args:
        filepath: ends in ".safetensors"; may hold {epoch} and logged names, as in
            "best-{epoch:02d}-{val_loss:.3f}.safetensors".
        monitor: see `Monitor`; what the best is judged by.
        verbose: 1 prints each saving.
        save_best_only: only when the monitored number improved.
        save_weights_only: accepted; weights are what a file holds, in either case.
        mode: see `Monitor`.
        save_freq: "epoch", or a number of batches.
        initial_value_threshold: what the first file already has to beat.

    Raises:
        ArgumentError: for another ending, an unknown save_freq, or a name in `filepath` that is not logged.

    >>> tg.callbacks.ModelCheckpoint("best.safetensors", save_best_only=True).monitor
    'val_loss'
    """

    def __init__(
        self,
        filepath: str | Path,
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: str | int = "epoch",
        initial_value_threshold: float | None = None,
    ) -> None:
        super().__init__(monitor, mode)
        self.filepath = checked_path(str(filepath), "ModelCheckpoint")
        if save_freq != "epoch" and (not isinstance(save_freq, int) or isinstance(save_freq, bool) or save_freq < 1):
            raise ArgumentError(
                f"ModelCheckpoint got save_freq={save_freq!r}.",
                "It is 'epoch' or a positive number of batches.",
                "Say save_freq='epoch'.",
            )
        self.verbose = verbose
        self.save_best_only = save_best_only
        self.save_weights_only = save_weights_only
        self.save_freq = save_freq
        self.best = initial_value_threshold
        self._epoch = 0
        self._batches = 0

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Remember the epoch."""
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Save after every `save_freq` batches, counted over all epochs."""
        if self.save_freq == "epoch":
            return
        self._batches += 1
        if self._batches >= int(self.save_freq):
            self._batches = 0
            self._save(self._epoch, {"batch": batch + 1, **(logs or {})})

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Save, if an epoch is what is counted."""
        if self.save_freq == "epoch":
            self._save(epoch, logs or {})

    def _save(self, epoch: int, logs: Logs) -> None:
        if self.save_best_only:
            current = self.value_in(logs)
            if current is not None and not self.improves(current, self.best):
                self._say(f"Epoch {epoch + 1}: {self.monitor} did not improve from {self.best:.5f}")
                return
            self.best = current
        path = self._path(epoch, logs)
        path.parent.mkdir(parents=True, exist_ok=True)
        self.model.save_weights(path)
        self._say(f"Epoch {epoch + 1}: saved the weights to {path}")

    def _say(self, line: str) -> None:
        if self.verbose:
            print(f"\n{line}")

    def _path(self, epoch: int, logs: Logs) -> Path:
        try:
            return Path(self.filepath.format(**{"epoch": epoch + 1, **logs}))
        except KeyError as error:
            name = str(error.args[0])
            raise ArgumentError(
                f"ModelCheckpoint cannot fill {{{name}}} in {self.filepath!r}.",
                f"Logged are: epoch, {', '.join(logs)}.",
                nearest(name, ["epoch", *logs]),
            ) from None


def checked_path(path: str, who: str) -> str:
    """The path, if it has the ending of the one format there is."""
    if not path.endswith(".safetensors"):
        raise ArgumentError(
            f"{who} cannot write {path!r}.",
            "Weights are kept in the safetensors format: the name ends in '.safetensors'.",
            f"Say {path.removesuffix('.h5').removesuffix('.keras') + '.safetensors'!r}.",
        )
    return path


class CSVLogger(Callback):
    """Write each epoch's logs as a row of a CSV file.

    Args:
        filename: the file.
        separator: between the values.
        append: go on with a file that exists instead of writing it anew.

    >>> tg.callbacks.CSVLogger("log.csv").separator
    ','
    """

    def __init__(self, filename: str | Path, separator: str = ",", append: bool = False) -> None:
        super().__init__()
        self.filename = Path(filename)
        self.separator = separator
        self.append = append
        self._names: list[str] | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Start the file."""
        self._names = None
        if not self.append:
            self.filename.write_text("", encoding="utf-8")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Write a row; the names are those of the first epoch."""
        logs = logs or {}
        first = self._names is None
        if self._names is None:
            self._names = list(logs)
        bare = not self.filename.exists() or self.filename.stat().st_size == 0
        with self.filename.open("a", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, delimiter=self.separator)
            if first and bare:
                writer.writerow(["epoch", *self._names])
            writer.writerow([epoch, *(logs.get(name, "NA") for name in self._names)])


class LambdaCallback(Callback):
    """A callback made of functions, given by the names of the hooks.

    Raises:
        ArgumentError: for a name that is no hook.

    >>> tg.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch, logs["loss"]))
    <LambdaCallback on_epoch_end>
    """

    def __init__(
        self,
        on_epoch_begin: Callable[..., Any] | None = None,
        on_epoch_end: Callable[..., Any] | None = None,
        on_train_begin: Callable[..., Any] | None = None,
        on_train_end: Callable[..., Any] | None = None,
        on_train_batch_begin: Callable[..., Any] | None = None,
        on_train_batch_end: Callable[..., Any] | None = None,
        **hooks: Callable[..., Any] | None,
    ) -> None:
        super().__init__()
        known = [*HOOKS, "on_batch_begin", "on_batch_end"]
        for name in hooks:
            if name not in known:
                raise ArgumentError(
                    f"LambdaCallback got {name}=.", "It takes functions by the names of hooks.", nearest(name, known)
                )
        first = {"on_epoch_begin": on_epoch_begin, "on_epoch_end": on_epoch_end, "on_train_begin": on_train_begin}
        then = {"on_train_end": on_train_end, "on_train_batch_begin": on_train_batch_begin}
        given = {**first, **then, "on_train_batch_end": on_train_batch_end, **hooks}
        self._given = [name for name, hook in given.items() if hook is not None]
        for name in self._given:
            setattr(self, name, given[name])

    def __repr__(self) -> str:
        return f"<LambdaCallback {' '.join(self._given)}>"
