"""Records what Keras computes with convolution and pooling layers: python convolution.py convolution.json."""

import json
import sys

import keras
import numpy as np
import tensorflow as tf

CASES = [
    ("Conv1D", {"filters": 3, "kernel_size": 2, "padding": "causal", "dilation_rate": 2}, (2, 6, 2)),
    ("Conv2D", {"filters": 4, "kernel_size": 3, "strides": 2, "padding": "same", "activation": "relu"}, (2, 6, 5, 2)),
    ("Conv2D", {"filters": 4, "kernel_size": [2, 3], "groups": 2}, (2, 6, 5, 2)),
    ("Conv3D", {"filters": 2, "kernel_size": 2, "padding": "same"}, (1, 3, 4, 3, 2)),
    ("Conv1DTranspose", {"filters": 3, "kernel_size": 3, "strides": 2}, (2, 5, 2)),
    ("Conv2DTranspose", {"filters": 3, "kernel_size": 3, "strides": 2, "padding": "same"}, (2, 4, 5, 2)),
    ("Conv2DTranspose", {"filters": 3, "kernel_size": 2, "strides": 3}, (2, 4, 5, 2)),
    ("Conv2DTranspose", {"filters": 3, "kernel_size": 4, "strides": 2, "padding": "same"}, (1, 3, 3, 2)),
    ("DepthwiseConv1D", {"kernel_size": 3, "depth_multiplier": 2}, (2, 6, 2)),
    ("DepthwiseConv2D", {"kernel_size": 3, "depth_multiplier": 2, "padding": "same"}, (2, 5, 5, 3)),
    ("SeparableConv1D", {"filters": 3, "kernel_size": 3}, (2, 6, 2)),
    ("SeparableConv2D", {"filters": 4, "kernel_size": 3, "padding": "same", "depth_multiplier": 2}, (2, 5, 5, 3)),
    ("MaxPooling1D", {"pool_size": 3, "strides": 2, "padding": "same"}, (2, 6, 2)),
    ("MaxPooling2D", {"pool_size": 2}, (2, 5, 6, 2)),
    ("AveragePooling2D", {"pool_size": 3, "strides": 2, "padding": "same"}, (2, 6, 5, 2)),
    ("GlobalAveragePooling2D", {"keepdims": True}, (2, 4, 3, 2)),
    ("GlobalMaxPooling1D", {}, (2, 4, 2)),
    ("ZeroPadding2D", {"padding": [[1, 2], [0, 3]]}, (1, 2, 3, 2)),
    ("Cropping2D", {"cropping": [[1, 0], [1, 1]]}, (1, 4, 5, 2)),
    ("UpSampling2D", {"size": [2, 3]}, (1, 2, 3, 2)),
]


def as_tuples(value):
    return tuple(map(as_tuples, value)) if isinstance(value, list) else value


def recorded(random, kind, arguments, shape):
    x = random.normal(size=shape)
    layer = getattr(keras.layers, kind)(**{key: as_tuples(value) for key, value in arguments.items()})
    layer(x)
    weights = [random.normal(size=w.shape) for w in layer.get_weights()]
    layer.set_weights(weights)
    variable = tf.Variable(x)
    with tf.GradientTape() as tape:
        y = layer(variable)
        total = tf.reduce_sum(y * y)
    gradients = tape.gradient(total, [variable, *layer.trainable_weights])
    return {
        "layer": kind,
        "arguments": arguments,
        "x": x.tolist(),
        "weights": [w.tolist() for w in weights],
        "y": np.asarray(y).tolist(),
        "gradients": [np.asarray(tf.convert_to_tensor(g)).tolist() for g in gradients],
    }


def main():
    keras.config.set_floatx("float64")
    random = np.random.default_rng(0)
    cases = [recorded(random, *case) for case in CASES]
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        json.dump({"keras": keras.__version__, "cases": cases}, file)


main()
