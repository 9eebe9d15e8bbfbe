"""The record of a training run."""

from __future__ import annotations

from typing import Any

from .callback import Callback, Logs


class History(Callback):
    """What happened: `history` maps each name to its values by epoch, `epoch` lists the epochs.

    history["loss"] is the mean of the batch losses, weighted by batch size, while the weights
    moved: not the loss at the end of the epoch, which `evaluate` gives. Every `fit` returns one.
    """

    def __init__(self) -> None:
        super().__init__()
        self.history: dict[str, list[Any]] = {}
        self.epoch: list[int] = []

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Start anew."""
        self.history = {}
        self.epoch = []

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Note the epoch's values."""
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)
