"""Record what Keras makes of the losses, in float64: `python tests/oracle/losses.py` writes losses.json.

Needs Keras 3 on TensorFlow. Each record holds the inputs, the losses of the samples, the reductions with
and without weights, and the gradients of the mean loss by predictions (or by the logits behind them).
"""

from __future__ import annotations

import json
import pathlib

import keras
import numpy as np
import tensorflow as tf

keras.config.set_floatx("float64")
random = np.random.default_rng(11)

numbers = random.normal(size=(4, 3))
near = numbers + random.normal(size=(4, 3))
positive = random.uniform(0.1, 3.0, size=(4, 3))
counts = random.integers(0, 5, size=(4, 3)).astype(float)
one_hot = np.eye(3)[[2, 0, 1, 1]]
logits = 2 * random.normal(size=(4, 3))
probabilities = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
soft = random.dirichlet([1.0, 1.0, 1.0], size=4)
soft_with_zeros = np.array([[0.5, 0.5, 0.0], [1.0, 0.0, 0.0], [0.2, 0.3, 0.5], [0.0, 0.0, 1.0]])
yes_no = random.integers(0, 2, size=(4, 3)).astype(float)
chances = random.uniform(0.05, 0.95, size=(4, 3))
signs = np.where(yes_no > 0, 1.0, -1.0)
labels = np.array([2, 0, 1, 1])
with_skipped = np.array([2, -1, 1, -1])
weights = np.array([0.5, 2.0, 1.0, 0.0])
wide = random.normal(size=(2, 4, 3))
wide_labels = random.integers(0, 3, size=(2, 4))
wide_weights = random.uniform(0.5, 2.0, size=(2, 4))

CASES = [
    ("MeanSquaredError", {}, numbers, near, None),
    ("MeanSquaredError", {}, numbers[:, 0], near[:, :1], None),
    ("MeanSquaredError", {}, numbers[:, :1], near[:, 0], None),
    ("MeanSquaredError", {}, wide, wide + 0.5, None),
    ("MeanAbsoluteError", {}, numbers, near, None),
    ("MeanAbsolutePercentageError", {}, numbers, near, None),
    ("MeanAbsolutePercentageError", {}, counts, positive, None),
    ("MeanSquaredLogarithmicError", {}, counts, positive, None),
    ("MeanSquaredLogarithmicError", {}, numbers, near, None),
    ("Huber", {}, numbers, near, None),
    ("Huber", {"delta": 0.4}, numbers, near, None),
    ("LogCosh", {}, numbers, near, None),
    ("LogCosh", {}, 30 * numbers, near, None),
    ("Poisson", {}, counts, positive, None),
    ("CosineSimilarity", {}, numbers, near, None),
    ("CosineSimilarity", {"axis": 0}, numbers, near, None),
    ("Hinge", {}, signs, near, None),
    ("Hinge", {}, yes_no, near, None),
    ("SquaredHinge", {}, signs, near, None),
    ("SquaredHinge", {}, yes_no, near, None),
    ("CategoricalHinge", {}, one_hot, near, None),
    ("CategoricalCrossentropy", {}, one_hot, probabilities, None),
    ("CategoricalCrossentropy", {}, one_hot, 2 * probabilities, None),
    ("CategoricalCrossentropy", {}, soft, probabilities, None),
    ("CategoricalCrossentropy", {"label_smoothing": 0.1}, one_hot, probabilities, None),
    ("CategoricalCrossentropy", {"axis": 0}, one_hot, positive, None),
    ("CategoricalCrossentropy", {"from_logits": True}, one_hot, logits, None),
    ("CategoricalCrossentropy", {"from_logits": True, "label_smoothing": 0.2}, soft, logits, None),
    ("CategoricalCrossentropy", {}, one_hot, logits, "softmax"),
    ("CategoricalCrossentropy", {}, one_hot, 60 * logits, "softmax"),
    ("SparseCategoricalCrossentropy", {}, labels, probabilities, None),
    ("SparseCategoricalCrossentropy", {}, labels[:, None], probabilities / 2, None),
    ("SparseCategoricalCrossentropy", {"from_logits": True}, labels, logits, None),
    ("SparseCategoricalCrossentropy", {"from_logits": True}, wide_labels, wide, None),
    ("SparseCategoricalCrossentropy", {"from_logits": True, "ignore_class": -1}, with_skipped, logits, None),
    ("SparseCategoricalCrossentropy", {"ignore_class": 1}, labels, probabilities, None),
    ("SparseCategoricalCrossentropy", {}, labels, 60 * logits, "softmax"),
    ("BinaryCrossentropy", {}, yes_no, chances, None),
    ("BinaryCrossentropy", {"label_smoothing": 0.1}, yes_no, chances, None),
    ("BinaryCrossentropy", {}, yes_no[:, 0], chances[:, :1], None),
    ("BinaryCrossentropy", {"from_logits": True}, yes_no, logits, None),
    ("BinaryCrossentropy", {}, yes_no, 60 * logits, "sigmoid"),
    ("KLDivergence", {}, soft, probabilities, None),
    ("KLDivergence", {}, soft, logits, "softmax"),
    ("KLDivergence", {}, soft_with_zeros, logits, "softmax"),
    ("CategoricalFocalCrossentropy", {}, one_hot, probabilities, None),
    (
        "CategoricalFocalCrossentropy",
        {"alpha": 0.7, "gamma": 3.0, "label_smoothing": 0.1},
        one_hot,
        probabilities,
        None,
    ),
    ("CategoricalFocalCrossentropy", {"from_logits": True}, one_hot, logits, None),
    ("BinaryFocalCrossentropy", {}, yes_no, chances, None),
    ("BinaryFocalCrossentropy", {"apply_class_balancing": True, "gamma": 1.5}, yes_no, chances, None),
    ("BinaryFocalCrossentropy", {"from_logits": True, "label_smoothing": 0.1}, yes_no, logits, None),
]
# Where Keras holds a probability its gradient is 0 (or, for a target of 0, takes the target for 1e-7),
# so only its values are recorded.
VALUES_ONLY = [
    ("SparseCategoricalCrossentropy", {}, labels, 2 * probabilities),
    ("KLDivergence", {}, soft_with_zeros, probabilities),
    ("CategoricalCrossentropy", {}, np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]])),
    ("SparseCategoricalCrossentropy", {}, np.array([0]), np.array([[0.0, 1.0]])),
    ("BinaryCrossentropy", {}, np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]])),
    ("KLDivergence", {}, np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]])),
    ("KLDivergence", {}, np.array([[0.4, 0.6]]), np.array([[1.0, 0.0]])),
]
ACTIVATIONS = {"softmax": keras.activations.softmax, "sigmoid": keras.activations.sigmoid}


def made(kind, options, y_true, x, activation, reduction, weight=None):
    """The loss, and its gradient by x."""
    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y_pred = x if activation is None else ACTIVATIONS[activation](x)
        loss = getattr(keras.losses, kind)(**options, reduction=reduction)(y_true, y_pred, sample_weight=weight)
    return np.asarray(loss).tolist(), np.asarray(tape.gradient(loss, x)).tolist()


def record(kind, options, y_true, x, activation):
    samples = np.asarray(made(kind, options, y_true, x, activation, "none")[0]).shape
    weight = wide_weights if samples == (2, 4) else np.resize(weights, samples)
    loss, gradient = made(kind, options, y_true, x, activation, "sum_over_batch_size")
    weighted = {
        reduction: made(kind, options, y_true, x, activation, reduction, weight)[0]
        for reduction in ("sum_over_batch_size", "sum", "mean_with_sample_weight")
    }
    return {
        "kind": kind,
        "options": options,
        "y_true": y_true.tolist(),
        "x": x.tolist(),
        "activation": activation,
        "samples": made(kind, options, y_true, x, activation, "none")[0],
        "loss": loss,
        "gradient": gradient,
        "weight": weight.tolist(),
        "weighted": weighted,
    }


def main():
    records = [record(*case) for case in CASES]
    held = [
        {"kind": kind, "options": options, "y_true": y_true.tolist(), "x": x.tolist()}
        | {"loss": made(kind, options, y_true, x, None, "sum_over_batch_size")[0]}
        for kind, options, y_true, x in VALUES_ONLY
    ]
    versions = f"Keras {keras.__version__} on TensorFlow {tf.__version__}"
    path = pathlib.Path(__file__).with_suffix(".json")
    path.write_text(json.dumps({"made by": versions, "records": records, "held": held}, indent=1) + "\n")


if __name__ == "__main__":
    main()
