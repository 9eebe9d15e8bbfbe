"""Record what Keras's layers for sequences and normalizations give, for the tests in tests/layers.

python tests/oracle/layers_sequence.py      (needs Keras; writes layers_sequence.json beside this file)

A case is a layer, what it is called on, and how. Recorded are its outputs and the gradients of a weighted
sum of them by the inputs and by every weight, all in float64 from the same weights; and for batch
normalization the moving averages afterwards.
"""

from __future__ import annotations

import json
import zlib
from pathlib import Path

import numpy as np

SEQUENCE, PICTURE, ROWS = (3, 5, 4), (3, 2, 4, 6), (6, 4)
MASK = np.array([[1, 1, 1, 0, 0], [1, 0, 1, 1, 0], [0, 0, 1, 1, 1]], bool)
PAIRS = np.array([[1, 0, 1, 1, 1], [1, 1, 0, 0, 1], [0, 1, 1, 1, 0], [1, 1, 1, 1, 1], [0, 0, 0, 1, 0]], bool)
ALL = {"return_sequences": True}
BOTH = {"return_sequences": True, "return_state": True}


class Made:
    """A layer to be made: its name and arguments, other layers among them."""

    def __init__(self, name, *args, **options):
        self.name, self.args, self.options = name, args, options

    def by(self, layers):
        args = [each.by(layers) if isinstance(each, Made) else each for each in self.args]
        return getattr(layers, self.name)(*args, **self.options)


CASES = {
    # name: (layer, shapes of the inputs, arguments of the call)
    "batch norm, training": (Made("BatchNormalization"), [ROWS], {"training": True}),
    "batch norm, inference": (Made("BatchNormalization"), [ROWS], {"training": False}),
    "batch norm of pictures": (Made("BatchNormalization", momentum=0.9), [PICTURE], {"training": True}),
    "batch norm, axis 1": (Made("BatchNormalization", axis=1, epsilon=1e-5), [PICTURE], {"training": True}),
    "batch norm, no scale": (Made("BatchNormalization", scale=False), [ROWS], {"training": True}),
    "batch norm, no center, inference": (Made("BatchNormalization", center=False), [ROWS], {}),
    "layer norm": (Made("LayerNormalization"), [ROWS], {}),
    "layer norm, two axes": (Made("LayerNormalization", axis=[1, 2], epsilon=1e-5), [PICTURE], {}),
    "layer norm, axis 1": (Made("LayerNormalization", axis=1), [SEQUENCE], {}),
    "layer norm, no center": (Made("LayerNormalization", center=False), [SEQUENCE], {}),
    "group norm": (Made("GroupNormalization", 3), [PICTURE], {}),
    "group norm, axis 1": (Made("GroupNormalization", 2, axis=1), [PICTURE], {}),
    "instance norm": (Made("GroupNormalization", -1), [PICTURE], {}),
    "rms norm": (Made("RMSNormalization"), [SEQUENCE], {}),
    "unit norm": (Made("UnitNormalization"), [SEQUENCE], {}),
    "unit norm, two axes": (Made("UnitNormalization", axis=[1, 2]), [PICTURE], {}),
    "attention": (Made("Attention"), [(3, 2, 4), (3, 5, 4)], {"return_attention_scores": True}),
    "attention, scaled": (Made("Attention", use_scale=True), [(3, 2, 4), (3, 5, 6), (3, 5, 4)], {}),
    "attention, causal": (Made("Attention"), [SEQUENCE, SEQUENCE], {"use_causal_mask": True}),
    "attention, masked": (Made("Attention"), [SEQUENCE, SEQUENCE], {"mask": [MASK, MASK]}),
    "attention, concat": (Made("Attention", True, score_mode="concat"), [SEQUENCE, SEQUENCE], {}),
    "additive attention": (Made("AdditiveAttention"), [(3, 2, 4), (3, 5, 4)], {}),
    "additive attention, unscaled": (Made("AdditiveAttention", use_scale=False), [SEQUENCE, SEQUENCE], {}),
    "heads": (Made("MultiHeadAttention", 2, 3), [SEQUENCE, (3, 6, 5)], {"return_attention_scores": True}),
    "heads, a key of its own": (
        Made("MultiHeadAttention", 2, 3, value_dim=5, output_shape=7),
        [SEQUENCE, (3, 6, 5), (3, 6, 2)],
        {},
    ),
    "heads, causal": (Made("MultiHeadAttention", 3, 2, use_bias=False), [SEQUENCE] * 2, {"use_causal_mask": True}),
    "heads, masked": (Made("MultiHeadAttention", 2, 3), [SEQUENCE] * 2, {"attention_mask": PAIRS[None]}),
    "heads, padded": (Made("MultiHeadAttention", 2, 3), [SEQUENCE] * 2, {"value_mask": MASK}),
    "simple rnn": (Made("SimpleRNN", 3), [SEQUENCE], {}),
    "simple rnn, all": (Made("SimpleRNN", 3, activation="relu", use_bias=False, **ALL), [SEQUENCE], {}),
    "simple rnn, masked": (Made("SimpleRNN", 3, **BOTH), [SEQUENCE], {"mask": MASK}),
    "lstm": (Made("LSTM", 3), [SEQUENCE], {}),
    "lstm, all": (Made("LSTM", 3, **BOTH), [SEQUENCE], {}),
    "lstm, backwards": (Made("LSTM", 3, go_backwards=True, use_bias=False, **ALL), [SEQUENCE], {}),
    "lstm, other activations": (
        Made("LSTM", 3, activation="relu", recurrent_activation="hard_sigmoid", **ALL),
        [SEQUENCE],
        {},
    ),
    "lstm, masked": (Made("LSTM", 3, **BOTH), [SEQUENCE], {"mask": MASK}),
    "lstm, masked, backwards": (Made("LSTM", 3, go_backwards=True, **BOTH), [SEQUENCE], {"mask": MASK}),
    "gru": (Made("GRU", 3), [SEQUENCE], {}),
    "gru, all": (Made("GRU", 3, **BOTH), [SEQUENCE], {}),
    "gru, no bias": (Made("GRU", 3, use_bias=False, go_backwards=True), [SEQUENCE], {}),
    "gru, reset before": (Made("GRU", 3, reset_after=False, **ALL), [SEQUENCE], {}),
    "gru, other activations": (Made("GRU", 3, "softsign", "hard_sigmoid"), [SEQUENCE], {}),
    "gru, masked": (Made("GRU", 3, **BOTH), [SEQUENCE], {"mask": MASK}),
    "both ways": (Made("Bidirectional", Made("LSTM", 3)), [SEQUENCE], {}),
    "both ways, all": (Made("Bidirectional", Made("GRU", 3, **BOTH)), [SEQUENCE], {}),
    "both ways, added": (Made("Bidirectional", Made("LSTM", 3, **ALL), merge_mode="sum"), [SEQUENCE], {}),
    "both ways, multiplied": (Made("Bidirectional", Made("SimpleRNN", 3), merge_mode="mul"), [SEQUENCE], {}),
    "both ways, averaged, masked": (
        Made("Bidirectional", Made("LSTM", 3, **ALL), merge_mode="ave"),
        [SEQUENCE],
        {"mask": MASK},
    ),
    "both ways, apart": (Made("Bidirectional", Made("GRU", 3), merge_mode=None), [SEQUENCE], {}),
    "every step": (Made("TimeDistributed", Made("Dense", 3, activation="tanh")), [PICTURE], {}),
}
LISTED = {"Attention", "AdditiveAttention"}  # called on a list


def inputs_of(case):
    random = np.random.default_rng(zlib.crc32(case.encode()))
    return [random.normal(size=shape) for shape in CASES[case][1]]


def drawn(shapes):
    """Weights of these shapes; positive, as a variance must be."""
    random = np.random.default_rng(1)
    return [random.uniform(0.1, 0.9, size=shape) for shape in shapes]


def flat(outputs):
    if isinstance(outputs, (list, tuple)):
        return [part for each in outputs for part in flat(each)]
    return [outputs]


def total(outputs, summed):
    """A sum of all outputs, each number with a weight of its own; `summed` adds up an array."""
    random = np.random.default_rng(2)
    return sum(summed(random.normal(size=tuple(y.shape)) * y) for y in flat(outputs))


def called(layer, case, inputs):
    options = CASES[case][2]
    return layer(inputs, **options) if CASES[case][0].name in LISTED else layer(*inputs, **options)


def record(case, layer, outputs, gradients, inputs):
    """What is kept of a case; `gradients` by the inputs, then by the trainable weights."""
    return {
        "outputs": [np.asarray(y).tolist() for y in flat(outputs)],
        "inputs": [np.asarray(g).tolist() for g in gradients[: len(inputs)]],
        "weights": [np.asarray(g).tolist() for g in gradients[len(inputs) :]],
        "moving": [np.asarray(w).tolist() for w in layer.non_trainable_weights if "moving" in w.name],
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
    keras.config.set_floatx("float64")
    found = {"keras": keras.__version__}
    for case in CASES:
        layer, inputs = CASES[case][0].by(keras.layers), [tf.constant(x) for x in inputs_of(case)]
        called(layer, case, inputs)
        layer.set_weights(drawn([w.shape for w in layer.weights]))
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            outputs = called(layer, case, inputs)
            loss = total(outputs, tf.reduce_sum)
        trained = [w.value for w in layer.trainable_weights]
        found[case] = record(case, layer, outputs, tape.gradient(loss, [*inputs, *trained]), inputs)
    lines = ",\n".join(f"{json.dumps(case)}: {json.dumps(kept)}" for case, kept in found.items())
    Path(__file__).with_suffix(".json").write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")
