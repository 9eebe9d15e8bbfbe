"""The points of training at which other code is called, and the list that calls it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import ArgumentError

Logs = dict[str, Any]
HOOKS = tuple(
    f"on_{phase}_{end}"
    for phase in ("train", "test", "predict", "epoch", "train_batch", "test_batch", "predict_batch")
    for end in ("begin", "end")
)


class Callback:
    """Base of callbacks: override the hooks you want.

    `self.model` is the model, `self.params` the dictionary of verbose, epochs and steps. `logs`
    holds the running loss and metrics; at the end of an epoch also those of validation. Setting
    `self.model.stop_training = True` ends training.

    >>> class Halve(tg.callbacks.Callback):
    ...     def on_epoch_end(self, epoch, logs=None):
    ...         self.model.optimizer.learning_rate = self.model.optimizer.learning_rate / 2
    """

    def __init__(self) -> None:
        self.params: Logs = {}
        self._model: Any = None

    @property
    def model(self) -> Any:
        """The model that is being trained."""
        return self._model

    def set_params(self, params: Logs) -> None:
        """Told before training: verbose, epochs, steps."""
        self.params = params

    def set_model(self, model: Any) -> None:
        """Told before training: the model."""
        self._model = model

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Training begins."""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Training ended."""

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Evaluation or validation begins."""

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Evaluation or validation ended."""

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Prediction begins."""

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """Prediction ended."""

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """An epoch begins."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """An epoch ended, with its validation."""

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Another name for `on_train_batch_begin`."""

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Another name for `on_train_batch_end`."""

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """A step of training begins."""
        self.on_batch_begin(batch, logs=logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """A step of training ended; logs are the running means since the epoch began."""
        self.on_batch_end(batch, logs=logs)

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """A batch of evaluation begins."""

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """A batch of evaluation ended."""

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """A batch of prediction begins."""

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """A batch of prediction ended; logs hold its outputs."""


def _overrides(callback: Any, hook: str) -> bool:
    """Whether the callback does something at this hook, by its class or as an attribute of its own."""
    alias = hook.replace("train_batch", "batch")
    return any(
        getattr(getattr(callback, name, None), "__func__", None) is not getattr(Callback, name)
        for name in {hook, alias}
    )


class CallbackList:
    """The callbacks of one run. A hook that no callback overrides costs nothing, not even its logs."""

    def __init__(self, callbacks: Any, model: Any, params: Logs) -> None:
        given = [callbacks] if isinstance(callbacks, Callback) else list(callbacks or ())
        for callback in given:
            if isinstance(callback, type) or not hasattr(callback, "set_model"):
                raise not_a_callback(callback)
            callback.set_params(params)
            callback.set_model(model)
        self.callbacks = given
        self._hooks = {hook: [getattr(c, hook) for c in given if _overrides(c, hook)] for hook in HOOKS}

    def wants(self, hook: str) -> bool:
        """Whether any callback does something at this hook."""
        return bool(self._hooks[hook])

    def call(self, hook: str, *args: Any, logs: Logs | None = None) -> None:
        """Call every callback's hook, in the order of the list."""
        for method in self._hooks[hook]:
            method(*args, logs=logs)

    def batch(self, hook: str, index: int, logs: Callable[[], Logs] | None = None) -> None:
        """Call a hook of a batch; `logs` are computed only if somebody listens."""
        if self._hooks[hook]:
            self.call(hook, index, logs=logs() if logs else {})


def not_a_callback(got: object) -> ArgumentError:
    """The error for what is in `callbacks=` and is none."""
    name = got.__name__ if isinstance(got, type) else repr(got)
    cure = f"Write {name}() with its arguments." if isinstance(got, type) else "Wrap functions in LambdaCallback."
    return ArgumentError(
        f"callbacks= got {name}.", "It takes callbacks: objects such as tg.callbacks.EarlyStopping().", cure
    )
