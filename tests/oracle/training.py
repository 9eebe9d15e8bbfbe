"""Record what Keras's `fit` reports, for tests/training/test_against_keras.py.

python tests/oracle/training.py      (needs Keras; writes training.json beside this file)
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(50, 4))
Y = {
    "mse": X @ np.array([[1.0], [-2.0], [0.5], [0.0]]) + 0.1 * RANDOM.normal(size=(50, 1)),
    "sparse_categorical_crossentropy": RANDOM.integers(0, 3, 50),
    "categorical_crossentropy": np.eye(3)[RANDOM.integers(0, 3, 50)],
    "binary_crossentropy": RANDOM.integers(0, 2, (50, 1)),
}
WEIGHT = RANDOM.uniform(0.5, 1.5, 50)
CASES = {
    # name: (loss, units and activation of the last layer, optimizer, its arguments, fit's arguments, metrics)
    "the first program": ("mse", (1, None), "Adam", {"learning_rate": 0.01}, {"epochs": 10}, []),
    "classes": (
        "sparse_categorical_crossentropy",
        (3, "softmax"),
        "SGD",
        {"learning_rate": 0.1, "momentum": 0.9},
        {"epochs": 4, "validation_split": 0.2},
        ["accuracy"],
    ),
    "one-hot": (
        "categorical_crossentropy",
        (3, "softmax"),
        "RMSprop",
        {},
        {"epochs": 3, "batch_size": 16},
        ["accuracy"],
    ),
    "two classes": (
        "binary_crossentropy",
        (1, "sigmoid"),
        "Adam",
        {},
        {"epochs": 3, "batch_size": 20},
        ["accuracy", "mae"],
    ),
    "weights": ("mse", (1, None), "SGD", {"learning_rate": 0.05}, {"epochs": 3, "sample_weight": True}, ["mse"]),
    "class weights": (
        "sparse_categorical_crossentropy",
        (3, "softmax"),
        "SGD",
        {},
        {"epochs": 2, "class_weight": {0: 2.0, 1: 0.5, 2: 1.0}},
        ["accuracy"],
    ),
}


def initial(units):
    random = np.random.default_rng(1)
    return [random.normal(size=(4, 10)) * 0.4, np.zeros(10), random.normal(size=(10, units)) * 0.4, np.zeros(units)]


def run(keras, case):
    """The history and the evaluation that `keras` (or what stands for it) gives for a case."""
    loss, (units, activation), optimizer, arguments, fitting, metrics = CASES[case]
    fitting = dict(fitting)
    if fitting.pop("sample_weight", False):
        fitting["sample_weight"] = WEIGHT
    last = keras.layers.Dense(units, activation=activation)
    model = keras.Sequential([keras.layers.Dense(10, activation="relu"), last])
    model(X[:1])
    model.set_weights(initial(units))
    model.compile(optimizer=getattr(keras.optimizers, optimizer)(**arguments), loss=loss, metrics=metrics)
    history = model.fit(X, Y[loss], shuffle=False, verbose=0, **fitting)
    judged = model.evaluate(X, Y[loss], verbose=0, return_dict=True)
    return {
        "history": {key: [float(value) for value in values] for key, values in history.history.items()},
        "evaluate": {key: float(value) for key, value in judged.items()},
    }


def in_float64(function):
    """`function` given Python floats as float64 scalars: TensorFlow would round them to float32 first."""

    def exact(x, *args, **kwargs):
        return function(np.float64(x) if type(x) is float else x, *args, **kwargs)

    return exact


if __name__ == "__main__":
    import keras
    import tensorflow as tf
    from keras import ops

    ops.cast, ops.convert_to_tensor, tf.cast = map(in_float64, (ops.cast, ops.convert_to_tensor, tf.cast))
    keras.backend.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    found = {"keras": keras.__version__, **{case: run(keras, case) for case in CASES}}
    Path(__file__).with_suffix(".json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
