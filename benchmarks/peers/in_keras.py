"""The workloads in Keras on TensorFlow, trained by `fit`.

A step is timed inside fit, from the beginning of an epoch to its end: what fit does before and after does not count.
"""

from __future__ import annotations

import os
from typing import Any

from turns import FIRST, Step, clock

Array = Any


def _keras() -> tuple[Any, Any]:
    import keras
    import tensorflow as tf

    threads = int(os.environ.get("BENCHMARK_THREADS", "2"))
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    return keras, tf


class Fit(Step):
    """Steps of `fit`, one or several in each call of TensorFlow's function."""

    def __init__(self, model: Any, loss: Any, kind: str, rate: float, x: Array, y: Array, per_call: int) -> None:
        keras, tf = _keras()
        self.model, self.loss, self.kind, self.rate, self.per_call = model, loss, kind, rate, per_call
        self.keras = keras
        self.data = tf.data.Dataset.from_tensors((x, y)).repeat()
        self.seconds, self.history = 0.0, None
        fit = self

        class Watch(keras.callbacks.Callback):  # type: ignore[misc]
            """Takes the time of an epoch."""

            def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
                fit.seconds = -clock()

            def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
                fit.seconds += clock()

        self.watch = Watch()
        self.compile(1)

    def compile(self, per_call: int) -> None:
        """Set the optimizer and the number of steps per call."""
        optimizers = self.keras.optimizers
        optimizer: Any = {
            "adam": lambda: optimizers.Adam(self.rate),
            "sgd": lambda: optimizers.SGD(self.rate),
            "momentum": lambda: optimizers.SGD(self.rate, momentum=0.9),
        }[self.kind]()
        self.model.compile(optimizer=optimizer, loss=self.loss, steps_per_execution=per_call)

    def fit(self, steps: int, epochs: int = 1) -> Any:
        """So many steps."""
        given = {"steps_per_epoch": steps, "epochs": epochs, "verbose": 0, "callbacks": [self.watch]}
        return self.model.fit(self.data, **given).history["loss"]

    def first(self) -> tuple[float, list[Any]]:
        """Five epochs of one step; with several steps per call, the first such call is timed apart."""
        start = clock()
        values = self.fit(1)
        seconds = clock() - start
        values += self.fit(1, FIRST - 1)
        if self.per_call > 1:
            self.compile(self.per_call)
            start = clock()
            self.fit(self.per_call)
            seconds = clock() - start
        return seconds, values

    def run(self, count: int) -> float:
        """The seconds of `count` steps; whole calls are made, and enough steps to make an epoch's start small."""
        steps = max(count, 8, self.per_call)
        steps = -(-steps // self.per_call) * self.per_call
        self.fit(steps)
        return self.seconds * count / steps


def dense(task: Any, data: Any, per_call: int = 1) -> Step:
    """A Sequential of Dense layers."""
    keras, _ = _keras()
    x, y, weights = data
    layers = [keras.layers.Dense(n, a) for n, a in zip(task.widths[1:], task.activations, strict=True)]
    model = keras.Sequential([keras.Input((task.widths[0],)), *layers])
    model.set_weights(weights)
    losses = {
        "mse": keras.losses.MeanSquaredError,
        "cross-entropy": lambda: keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        "kl": keras.losses.KLDivergence,
    }
    return Fit(model, losses[task.loss](), task.optimizer, task.rate, x, y, per_call)


def convolution(task: Any, data: Any, per_call: int = 1) -> Step:
    """Conv2D and MaxPooling2D."""
    keras, _ = _keras()
    x, y, weights = data
    layers = keras.layers
    a, b, c = (layers.Conv2D(n, 3, padding="same", activation="relu") for n in task.channels[1:])
    pool = layers.MaxPooling2D
    model = keras.Sequential(
        [keras.Input(x.shape[1:]), a, b, pool(), c, pool(), layers.Flatten(), layers.Dense(task.classes)]
    )
    model.set_weights(weights)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return Fit(model, loss, "momentum", task.rate, x, y, per_call)


def transformer(task: Any, data: Any, per_call: int = 1) -> Step:
    """MultiHeadAttention, LayerNormalization and Dense."""
    keras, _ = _keras()
    x, y, weights = data
    layers, d, heads, count = keras.layers, task.features, task.heads, len(weights) // task.layers
    h = given = keras.Input(x.shape[1:])
    ordered = []
    for i in range(task.layers):
        attended = layers.MultiHeadAttention(heads, d // heads)(h, h)
        h = layers.LayerNormalization(epsilon=1e-5)(h + attended)
        wide = layers.Dense(task.hidden, activation=lambda z: keras.activations.gelu(z, approximate=True))(h)
        h = layers.LayerNormalization(epsilon=1e-5)(h + layers.Dense(d)(wide))
        qkv, b_qkv, o, b_o, s1, b1, *dense, s2, b2 = weights[i * count : (i + 1) * count]
        for j in (0, 1, 2):
            part = slice(j * d, (j + 1) * d)
            ordered += [qkv[:, part].reshape(d, heads, -1), b_qkv[part].reshape(heads, -1)]
        ordered += [o.reshape(heads, -1, d), b_o, s1, b1, *dense, s2, b2]
    model = keras.Model(given, h)
    model.set_weights(ordered)
    return Fit(model, keras.losses.MeanSquaredError(), "adam", task.rate, x, y, per_call)


def hessian(task: Any, data: Any) -> Step:
    """TensorFlow's tapes: the Jacobian of a gradient, in a tf.function."""
    from bench_hessians import as_list, function_of

    _, tf = _keras()
    x, rows, labels = (tf.constant(each) for each in data)

    class Namespace:
        sum, mean = tf.reduce_sum, tf.reduce_mean

        @staticmethod
        def logaddexp(a: float, b: Any) -> Any:
            return tf.math.softplus(b) if a == 0 else tf.reduce_logsumexp(tf.stack([a, b]), 0)

    tf.experimental.numpy.experimental_enable_numpy_behavior()  # rows @ w for a matrix and a vector
    function = function_of(task, Namespace, rows, labels)

    @tf.function
    def made(x: Any) -> Any:
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                value = function(x)
            gradient = inner.gradient(value, x)
        return outer.jacobian(gradient, x)

    return Step(lambda: made(x), as_list)
