"""compile, fit, evaluate, predict: the loops of training."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .. import losses, optimizers
from ..compiler import Jitted
from ..core.tensor import Tensor
from ..errors import ArgumentError, NotCompiledError
from ..modes import drawing, no_grad, seeds
from .batches import Array, Rows, batches, held_out, rows_of, weighted_by_class, whole
from .callback import CallbackList, Logs
from .history import History
from .judging import Judge
from .progress import printer


class Trainer:
    """The part of a model that trains it."""

    optimizer: Any = None
    loss: Any = None
    stop_training = False
    _judge: Judge | None = None
    _generator: np.random.Generator | None = None
    _steps: tuple[Callable[..., Any], Callable[..., Any]]  # of training, and of looking

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        jit_compile: bool | str = "auto",
    ) -> None:
        """Say how to train: with which optimizer, on which loss, and what to report besides.

        Args:
            optimizer: a name ("adam", "sgd", ...) or an optimizer.
            loss: a name ("mse", "categorical_crossentropy", ...), a loss, or a function.
            metrics: names ("accuracy", "mae", ...), metrics or functions; "accuracy" is the binary,
                categorical or sparse one, whichever fits loss and shapes.
            weighted_metrics: the same, weighted by `sample_weight` and `class_weight`.
            jit_compile: "auto" or True replays each step as a NumPy program where that is possible (see
                `tg.jit`), with the same results; False runs every step eagerly.

        Raises:
            UnknownNameError: for a name that is not known, with the nearest ones.

        >>> model = tg.Sequential([tg.layers.Dense(1)])
        >>> model.compile(optimizer="adam", loss="mse")
        """
        chosen = optimizers.get(optimizer)
        wanted = None if loss is None else losses.as_loss(loss)
        judge = Judge(wanted, metrics, weighted_metrics)
        self.optimizer, self.loss, self._judge = chosen, wanted, judge  # all or nothing
        self._steps = (self._learn, self._look)
        if jit_compile:
            self._steps = (Jitted(self._learn, strict=False), Jitted(self._look, strict=False))

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Any = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: Mapping[int, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        validation_batch_size: int | None = None,
        validation_freq: int = 1,
    ) -> History:
        """Train for some epochs, each a pass over all rows in batches, and return what happened.

        A step that fails, or Ctrl-C, leaves the weights as they were after the last finished step.

        Args:
            x: inputs, one row for each example.
            y: targets, as many rows.
            batch_size: rows for each step, 32 by default; the last batch may be smaller. With
                `GradientDescent` a step takes all rows, and there is one for each epoch.
            epochs: passes over the data, counted from `initial_epoch`.
            verbose: 1 or "auto" for progress bars, 2 for a line for each epoch, 0 for silence.
            callbacks: see `tg.callbacks`.
            validation_split: the share of rows, taken from the end before shuffling, to validate on.
            validation_data: (x, y) or (x, y, sample_weight) to validate on.
            shuffle: draw a new order of rows for each epoch.
            class_weight: the weight of each label in the loss.
            sample_weight: the weight of each row in the loss.
            initial_epoch: the number of the first epoch.
            validation_batch_size: rows for each batch of validation; by default `batch_size`.
            validation_freq: validate after every so many epochs.

        Raises:
            NotCompiledError: before `compile`.
            ArgumentError: for data or numbers that do not fit; nothing is trained then.

        >>> model = tg.Sequential([tg.layers.Dense(1)])
        >>> model.compile(loss="mse")
        >>> history = model.fit(np.ones((8, 2)), np.ones((8, 1)), epochs=3, verbose=0)
        >>> len(history.history["loss"])
        3
        """
        self._compiled()
        rows = rows_of("fit", x, y, sample_weight)
        checked = rows_of("fit", *validation_data) if validation_data is not None else None
        if checked is None and validation_split:
            rows, checked = held_out(rows, validation_split)
        rows = weighted_by_class(rows, class_weight)
        size = self._step_rows(batch_size, len(rows))
        whole("fit", "epochs", epochs)
        history = History()
        params = {"verbose": verbose, "epochs": epochs, "steps": math.ceil(len(rows) / size)}
        listeners = CallbackList([*_several(callbacks), history, *printer(verbose)], self, params)
        self.history = history
        self.stop_training = False
        listeners.call("on_train_begin")
        logs: Logs = {}
        try:
            for epoch in range(initial_epoch, epochs):
                listeners.call("on_epoch_begin", epoch)
                logs = self._epoch(rows, size, shuffle, listeners)
                if epoch == initial_epoch and verbose not in (0, False):
                    self._say_why_eager()
                if checked is not None and (epoch + 1) % validation_freq == 0:
                    result = self._pass(checked, validation_batch_size or size, listeners)
                    logs |= {f"val_{name}": value for name, value in result.items()}
                listeners.call("on_epoch_end", epoch, logs=logs)
                if self.stop_training:
                    break
        finally:
            listeners.call("on_train_end", logs=logs)
        return history

    def _say_why_eager(self) -> None:
        """Where steps were to be replayed and could not, say why, once."""
        reason = getattr(self._steps[0], "reason", None)
        if reason is not None:
            print(f"Steps run eagerly, not replayed: {reason}")

    def _epoch(self, rows: Rows, size: int, shuffle: bool, listeners: CallbackList) -> Logs:
        """One pass of training."""
        judge = self._compiled()
        judge.reset()
        order = self._order(len(rows)) if shuffle and size < len(rows) else None
        for index, batch in enumerate(batches(rows, size, order)):
            listeners.batch("on_train_batch_begin", index)
            self._train(batch)
            listeners.batch("on_train_batch_end", index, judge.logs)
            if self.stop_training:
                break
        return judge.logs()

    def _order(self, count: int) -> Array:
        if self._generator is None:
            self._generator = seeds.generator()
        return drawing(self._generator).permutation(count)

    def _train(self, batch: Rows) -> None:
        """One step: forward, backward, update."""
        judge = self._compiled()
        loss, prediction = self._steps[0](batch.x, batch.y, batch.weight)
        judge.see(float(loss), len(batch), batch.y, _array(prediction), batch.weight)

    def _learn(self, x: Any, y: Any, weight: Any) -> tuple[Any, Any]:
        """What a step of training computes: the loss before the update, and the prediction."""
        prediction = self(x, training=True)  # type: ignore[operator]
        loss = self._total_loss(y, prediction, weight)
        parameters = self.trainable_weights  # type: ignore[attr-defined]
        for parameter in parameters:
            parameter.grad = None
        loss.backward(retain_graph=False)
        self.optimizer.step(parameters)
        for parameter in parameters:
            parameter.grad = None
        return loss, prediction

    def _look(self, x: Any, y: Any, weight: Any) -> tuple[Any, Any]:
        """Loss and prediction without training."""
        prediction = self(x, training=False)  # type: ignore[operator]
        return self._total_loss(y, prediction, weight), prediction

    def _total_loss(self, y: Any, prediction: Any, weight: Any) -> Any:
        """The loss of a batch, with the penalties of regularizers."""
        extra = self.losses  # type: ignore[attr-defined]
        if self.loss is None:
            if not extra:
                raise ArgumentError(
                    "There is nothing to train on: compile got no loss.",
                    "A loss tells how wrong an output is.",
                    'Write compile(optimizer="adam", loss="mse"), or another loss.',
                )
            return sum(extra[1:], extra[0])
        if y is None:
            raise ArgumentError("The loss needs targets, and y is missing.", "Each row of x has one.", "Pass y.")
        return sum(extra, self.loss(y, prediction, weight))

    def _pass(self, rows: Rows, size: int, listeners: CallbackList | None = None) -> Logs:
        """Loss and metrics over all rows, without training."""
        judge = self._compiled()
        judge.reset()
        if listeners:
            listeners.call("on_test_begin")
        with no_grad():
            for index, batch in enumerate(batches(rows, size)):
                loss, prediction = self._steps[1](batch.x, batch.y, batch.weight)
                judge.see(float(loss), len(batch), batch.y, _array(prediction), batch.weight)
                if listeners:
                    listeners.batch("on_test_batch_end", index, judge.logs)
        logs = judge.logs()
        if listeners:
            listeners.call("on_test_end", logs=logs)
        return logs

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: Any = "auto",
        sample_weight: Any = None,
        callbacks: Any = None,
        return_dict: bool = False,
    ) -> Any:
        """Loss and metrics on data, with the weights as they are.

        Returns: the loss; with metrics a list of the loss and them; with `return_dict` a dict.
        """
        judge = self._compiled()
        rows = rows_of("evaluate", x, y, sample_weight)
        size = whole("evaluate", "batch_size", 32 if batch_size is None else batch_size)
        params = {"verbose": verbose, "steps": math.ceil(len(rows) / size)}
        listeners = CallbackList([*_several(callbacks), *printer(verbose, "Evaluate")], self, params)
        logs = self._pass(rows, size, listeners)
        if return_dict:
            return logs
        values = [logs[name] for name in judge.names()]
        return values if len(values) > 1 else values[0]

    def predict(self, x: Any, batch_size: int | None = None, verbose: Any = 0, callbacks: Any = None) -> Array:
        """The outputs for all rows of x, as an array.

        >>> tg.Sequential([tg.layers.Dense(2)]).predict(np.ones((5, 3))).shape
        (5, 2)
        """
        rows = rows_of("predict", x)
        size = whole("predict", "batch_size", 32 if batch_size is None else batch_size)
        params = {"verbose": verbose, "steps": math.ceil(len(rows) / size)}
        listeners = CallbackList(callbacks, self, params)
        listeners.call("on_predict_begin")
        outputs = []
        for index, batch in enumerate(batches(rows, size)):
            outputs.append(self.predict_on_batch(batch.x))
            listeners.batch("on_predict_batch_end", index, lambda: {"outputs": outputs[-1]})
        listeners.call("on_predict_end")
        return np.concatenate(outputs)

    def predict_on_batch(self, x: Any) -> Array:
        """The outputs for one batch, as an array."""
        with no_grad():
            return np.asarray(self(x, training=False))  # type: ignore[operator]

    def train_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, class_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """One step on one batch; returns loss and metrics of that batch, as `evaluate` does."""
        judge = self._compiled()
        judge.reset()
        self._train(weighted_by_class(rows_of("train_on_batch", x, y, sample_weight), class_weight))
        return self._answer(judge, return_dict)

    def test_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False) -> Any:
        """Loss and metrics of one batch, without training."""
        judge = self._compiled()
        rows = rows_of("test_on_batch", x, y, sample_weight)
        self._pass(rows, len(rows))
        return self._answer(judge, return_dict)

    def _answer(self, judge: Judge, return_dict: bool) -> Any:
        logs = judge.logs()
        values = [logs[name] for name in judge.names()]
        return logs if return_dict else values if len(values) > 1 else values[0]

    def _compiled(self) -> Judge:
        if self._judge is None:
            raise NotCompiledError(
                "You must call `compile()` before using the model.",
                "compile says with which optimizer and on which loss to train.",
                'Write model.compile(optimizer="adam", loss="mse") first.',
            )
        return self._judge

    def _step_rows(self, batch_size: int | None, count: int) -> int:
        """How many rows a step takes."""
        if not self.optimizer.full_batch:
            return whole("fit", "batch_size", 32 if batch_size is None else batch_size)
        if batch_size not in (None, count):
            raise ArgumentError(
                f"fit got batch_size={batch_size!r} with {type(self.optimizer).__name__} and {count} rows.",
                "Gradient descent takes the whole data set in each step.",
                "Leave batch_size out, or use SGD (stochastic gradient descent), which takes batches.",
            )
        return count

    @property
    def metrics_names(self) -> list[str]:
        """The names of what `evaluate` returns, in order."""
        return self._compiled().names()


def _array(prediction: Any) -> Array:
    """A prediction as metrics take it."""
    return prediction._value if isinstance(prediction, Tensor) else prediction


def _several(callbacks: Any) -> list[Any]:
    return list(callbacks) if isinstance(callbacks, (list, tuple)) else [] if callbacks is None else [callbacks]
