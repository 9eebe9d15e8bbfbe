"""What a run prints: a bar for each epoch, or a line for each."""

from __future__ import annotations

import sys
import time
from typing import Any

from ..errors import ArgumentError
from .callback import Callback, Logs


def printer(verbose: Any, title: str = "") -> list[Callback]:
    """The callback that shows progress: none for 0, a bar for 1 and "auto", lines for 2.

    Raises:
        ArgumentError: for any other value.
    """
    if verbose not in ("auto", 0, 1, 2):
        raise ArgumentError(
            f"verbose={verbose!r} is unknown.", "It is 'auto', 0, 1 or 2.", "Write verbose=0 to print nothing."
        )
    return [] if verbose == 0 else [Lines(title)] if verbose == 2 else [Bar(title)]


def shown(logs: Logs) -> dict[str, str]:
    """The values as text: four decimals, or an exponent where they would vanish."""
    return {
        key: f"{value:.4f}" if 1e-3 <= abs(value) < 1e4 or not value else f"{value:.3e}" for key, value in logs.items()
    }


class Bar(Callback):
    """A tqdm bar over the batches of each epoch, with the running loss and metrics."""

    def __init__(self, title: str = "") -> None:
        super().__init__()
        self.title = title
        self.bar: Any = None

    def _open(self, text: str) -> None:
        from tqdm import tqdm

        self.bar = tqdm(total=self.params.get("steps"), desc=text, unit="batch", file=sys.stdout, dynamic_ncols=True)

    def _move(self, logs: Logs | None) -> None:
        self.bar.update()
        self.bar.set_postfix(shown(logs or {}), refresh=False)

    def _close(self, logs: Logs | None = None) -> None:
        if self.bar is not None:
            if logs:
                self.bar.set_postfix(shown(logs))
            self.bar.close()
            self.bar = None

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Open a bar for the epoch."""
        self._open(f"Epoch {epoch + 1}/{self.params['epochs']}")

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Move it by one batch."""
        self._move(logs)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Show the epoch's values, with those of validation."""
        self._close(logs)

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Close the bar of an epoch that was interrupted."""
        self._close()

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Open a bar for an evaluation of its own."""
        if self.title:
            self._open(self.title)

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Move it by one batch."""
        if self.title:
            self._move(logs)

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Close it."""
        if self.title:
            self._close(logs)


class Lines(Callback):
    """One line for each epoch: `5/5 - 1s - 199ms/step - loss: 1.8509`."""

    def __init__(self, title: str = "") -> None:
        super().__init__()
        self.title = title

    def _start(self) -> None:
        self.began = time.perf_counter()

    def _print(self, logs: Logs | None) -> None:
        took, steps = time.perf_counter() - self.began, self.params.get("steps") or 1
        values = " - ".join(f"{key}: {value}" for key, value in shown(logs or {}).items())
        print(f"{steps}/{steps} - {took:.0f}s - {took / steps * 1000:.0f}ms/step - {values}")

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Say which epoch begins."""
        print(f"Epoch {epoch + 1}/{self.params['epochs']}")
        self._start()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Print its line."""
        self._print(logs)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Note when an evaluation of its own begins."""
        if self.title:
            self._start()

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Print its line."""
        if self.title:
            self._print(logs)
