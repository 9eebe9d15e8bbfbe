"""The library's own contenders: a step written out, replayed or eager, and `fit`."""

from __future__ import annotations

from typing import Any

import numpy as np
from turns import FIRST, Step, clock

import tinygrad_loss as tg

Array = Any
BATCHES = 32  # in the data of fit, the same batch again and again


def optimizer_named(kind: str, rate: float) -> Any:
    """Adam, SGD, or SGD with momentum 0.9."""
    if kind == "adam":
        return tg.optimizers.Adam(rate)
    return tg.optimizers.SGD(rate, momentum=0.9 if kind == "momentum" else 0.0)


def stepping(call: Any, parameters: list[Any], loss: Any, optimizer: Any, x: Array, y: Array, replay: bool) -> Step:
    """A training step as one writes it, through tg.jit or not."""

    def step(x: Array, y: Array) -> Any:
        value = loss(y, call(x))
        value.backward(retain_graph=False)
        optimizer.step(parameters)
        optimizer.zero_grad()
        return value

    made = tg.jit(step) if replay else step
    return Step(lambda: made(x, y))


class Fit(Step):
    """Steps of `model.fit`, timed inside it from the beginning of the epochs to their end."""

    def __init__(self, model: Any, loss: Any, optimizer: Any, x: Array, y: Array) -> None:
        model.compile(optimizer=optimizer, loss=loss)
        self.model, self.x, self.y = model, x, y
        self.many = np.concatenate([x] * BATCHES), np.concatenate([y] * BATCHES)
        self.seconds = 0.0
        fit = self

        class Watch(tg.callbacks.Callback):  # type: ignore[misc]
            """Adds up the time of the epochs."""

            def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
                fit.seconds -= clock()

            def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
                fit.seconds += clock()

        self.options = {"batch_size": len(x), "shuffle": False, "verbose": 0, "callbacks": [Watch()]}

    def first(self) -> tuple[float, list[Any]]:
        """Five epochs of one batch."""
        start = clock()
        values = self.model.fit(self.x, self.y, epochs=1, **self.options).history["loss"]
        seconds = clock() - start
        return seconds, values + self.model.fit(self.x, self.y, epochs=FIRST - 1, **self.options).history["loss"]

    def run(self, count: int) -> float:
        """The seconds of `count` steps; whole epochs are made."""
        epochs = -(-count // BATCHES)
        self.seconds = 0.0
        self.model.fit(*self.many, epochs=epochs, **self.options)
        return self.seconds * count / (epochs * BATCHES)
