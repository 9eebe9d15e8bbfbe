"""Record 20 steps of each of Keras's optimizers, in float64, and its schedules, in optimizers.json.

Needs Keras 3 on TensorFlow: `python tests/oracle/optimizers.py`. All optimizers see the same gradients,
among them large ones, zeros and a step in which they all vanish.
"""

from __future__ import annotations

import json
import pathlib

import keras
import numpy as np
import tensorflow as tf
from keras.src import ops

keras.config.set_floatx("float64")
random = np.random.default_rng(17)
STEPS = 20
START = [random.normal(size=(3, 2)), random.normal(size=(2,))]
GRADIENTS = [[random.normal(size=w.shape) * 10.0 ** random.integers(-3, 2) for w in START] for _ in range(STEPS)]
GRADIENTS[4][0][1] = 0.0
GRADIENTS[7] = [np.zeros_like(w) for w in START]

CASES = [
    ("SGD", {}),
    ("SGD", {"learning_rate": 0.1, "momentum": 0.9}),
    ("SGD", {"learning_rate": 0.1, "momentum": 0.8, "nesterov": True}),
    ("SGD", {"learning_rate": 0.1, "weight_decay": 0.02}),
    ("SGD", {"learning_rate": 0.1, "clipnorm": 0.5}),
    ("SGD", {"learning_rate": 0.1, "clipvalue": 0.2}),
    ("SGD", {"learning_rate": 0.1, "momentum": 0.9, "global_clipnorm": 0.5}),
    ("Adam", {}),
    ("Adam", {"learning_rate": 0.1, "beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-3}),
    ("Adam", {"learning_rate": 0.1, "amsgrad": True}),
    ("AdamW", {"learning_rate": 0.1}),
    ("AdamW", {"learning_rate": 0.1, "weight_decay": 0.1, "amsgrad": True}),
    ("RMSprop", {}),
    ("RMSprop", {"learning_rate": 0.01, "rho": 0.8, "momentum": 0.5}),
    ("RMSprop", {"learning_rate": 0.01, "centered": True, "epsilon": 1e-3}),
    ("RMSprop", {"learning_rate": 0.01, "momentum": 0.9, "centered": True, "epsilon": 1e-3}),
    ("Adagrad", {"learning_rate": 0.1}),
    ("Adagrad", {"learning_rate": 0.1, "initial_accumulator_value": 1.0, "epsilon": 1e-2}),
    ("Adadelta", {"learning_rate": 1.0}),
    ("Adadelta", {"learning_rate": 0.5, "rho": 0.8, "epsilon": 1e-3}),
    ("Adamax", {"learning_rate": 0.1}),
    ("Adamax", {"learning_rate": 0.1, "beta_1": 0.5, "beta_2": 0.9, "epsilon": 1e-2}),
    ("Nadam", {"learning_rate": 0.1}),
    ("Nadam", {"learning_rate": 0.1, "beta_1": 0.7, "beta_2": 0.9, "epsilon": 1e-2}),
    ("Lion", {"learning_rate": 0.1}),
    ("Lion", {"learning_rate": 0.1, "beta_1": 0.5, "beta_2": 0.8, "weight_decay": 0.1}),
]
SCHEDULES = [
    ("ExponentialDecay", {"initial_learning_rate": 0.1, "decay_steps": 7, "decay_rate": 0.5}),
    ("ExponentialDecay", {"initial_learning_rate": 0.1, "decay_steps": 7, "decay_rate": 0.5, "staircase": True}),
    ("InverseTimeDecay", {"initial_learning_rate": 0.1, "decay_steps": 7, "decay_rate": 0.5}),
    ("InverseTimeDecay", {"initial_learning_rate": 0.1, "decay_steps": 7, "decay_rate": 0.5, "staircase": True}),
    ("PolynomialDecay", {"initial_learning_rate": 0.1, "decay_steps": 10}),
    ("PolynomialDecay", {"initial_learning_rate": 0.1, "decay_steps": 10, "power": 2.0, "end_learning_rate": 0.01}),
    ("PolynomialDecay", {"initial_learning_rate": 0.1, "decay_steps": 10, "cycle": True}),
    ("PiecewiseConstantDecay", {"boundaries": [3, 10, 25], "values": [0.1, 0.05, 0.02, 0.01]}),
    ("CosineDecay", {"initial_learning_rate": 0.1, "decay_steps": 20}),
    ("CosineDecay", {"initial_learning_rate": 0.1, "decay_steps": 20, "alpha": 0.1}),
    (
        "CosineDecay",
        {"initial_learning_rate": 0.01, "decay_steps": 20, "alpha": 0.1, "warmup_target": 0.2, "warmup_steps": 6},
    ),
    ("CosineDecayRestarts", {"initial_learning_rate": 0.1, "first_decay_steps": 5}),
    (
        "CosineDecayRestarts",
        {"initial_learning_rate": 0.1, "first_decay_steps": 5, "t_mul": 1.0, "m_mul": 0.5, "alpha": 0.1},
    ),
    ("CosineDecayRestarts", {"initial_learning_rate": 0.1, "first_decay_steps": 5, "t_mul": 1.5, "m_mul": 0.9}),
]


def in_float64(function):
    """`function` given Python floats as float64 scalars: TensorFlow would round them to float32 first."""

    def exact(x, *args, **kwargs):
        return function(np.float64(x) if type(x) is float else x, *args, **kwargs)

    return exact


ops.cast, ops.convert_to_tensor, tf.cast = map(in_float64, (ops.cast, ops.convert_to_tensor, tf.cast))


def trajectory(optimizer, change=None):
    """The variables after each step; `change` is called with the optimizer and the step before it."""
    variables = [keras.Variable(w, dtype="float64") for w in START]
    path = []
    for step, gradients in enumerate(GRADIENTS):
        if change is not None:
            change(optimizer, step)
        optimizer.apply_gradients(zip([tf.constant(g) for g in gradients], variables, strict=True))
        path.append([v.numpy().tolist() for v in variables])
    return path


def lower_rate(optimizer, step):
    if step == 3:
        optimizer.learning_rate = 0.01


def main():
    optimizers, schedules = keras.optimizers, keras.optimizers.schedules
    decay = {"initial_learning_rate": 0.1, "decay_steps": 7, "decay_rate": 0.5}
    facts = {
        "made by": f"Keras {keras.__version__} on TensorFlow {tf.__version__}",
        "start": [w.tolist() for w in START],
        "gradients": [[g.tolist() for g in gradients] for gradients in GRADIENTS],
        "trajectories": [
            {"kind": kind, "options": options, "path": trajectory(getattr(optimizers, kind)(**options))}
            for kind, options in CASES
        ],
        "rate lowered to 0.01 before step 3": trajectory(optimizers.SGD(0.1, momentum=0.9), lower_rate),
        "Adam under ExponentialDecay": {
            "schedule": decay,
            "path": trajectory(optimizers.Adam(schedules.ExponentialDecay(**decay))),
        },
        "schedules": [
            {
                "kind": kind,
                "options": options,
                "rates": [float(getattr(schedules, kind)(**options)(tf.constant(k, tf.int64))) for k in range(40)],
            }
            for kind, options in SCHEDULES
        ],
        "first steps of Adam(0.1) from 0": {
            str(g): float(-first_step(optimizers.Adam(0.1), g)) for g in (1.0, 1e-6, 1e-8)
        },
    }
    path = pathlib.Path(__file__).with_suffix(".json")
    path.write_text(json.dumps(facts, indent=1) + "\n")


def first_step(optimizer, gradient):
    variable = keras.Variable(0.0, dtype="float64")
    optimizer.apply_gradients([(tf.constant(gradient, tf.float64), variable)])
    return variable.numpy()


if __name__ == "__main__":
    main()
