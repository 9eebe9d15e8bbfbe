"""Records what Keras computes with convolution and pooling layers: python convolution.py convolution.json."""

import os
import json

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras
import numpy as np

keras.config.set_floatx("float64")
r = np.random.default_rng(0)
out = []
cases = [
    ("Conv1D", dict(filters=3, kernel_size=2, padding="causal", dilation_rate=2), (2, 6, 2)),
    ("Conv2D", dict(filters=4, kernel_size=3, strides=2, padding="same", groups=1, activation="relu"), (2, 6, 5, 2)),
    ("Conv2D", dict(filters=4, kernel_size=(2, 3), groups=2), (2, 6, 5, 2)),
    ("Conv3D", dict(filters=2, kernel_size=2, padding="same"), (1, 3, 4, 3, 2)),
    ("Conv1DTranspose", dict(filters=3, kernel_size=3, strides=2), (2, 5, 2)),
    ("Conv2DTranspose", dict(filters=3, kernel_size=3, strides=2, padding="same"), (2, 4, 5, 2)),
    ("Conv2DTranspose", dict(filters=3, kernel_size=2, strides=3, padding="valid"), (2, 4, 5, 2)),
    ("Conv2DTranspose", dict(filters=3, kernel_size=4, strides=2, padding="same"), (1, 3, 3, 2)),
    ("DepthwiseConv1D", dict(kernel_size=3, depth_multiplier=2), (2, 6, 2)),
    ("DepthwiseConv2D", dict(kernel_size=3, depth_multiplier=2, padding="same"), (2, 5, 5, 3)),
    ("SeparableConv1D", dict(filters=3, kernel_size=3), (2, 6, 2)),
    ("SeparableConv2D", dict(filters=4, kernel_size=3, padding="same", depth_multiplier=2), (2, 5, 5, 3)),
    ("MaxPooling1D", dict(pool_size=3, strides=2, padding="same"), (2, 6, 2)),
    ("MaxPooling2D", dict(pool_size=2), (2, 5, 6, 2)),
    ("AveragePooling2D", dict(pool_size=3, strides=2, padding="same"), (2, 6, 5, 2)),
    ("AveragePooling3D", dict(pool_size=2), (1, 4, 4, 4, 2)),
    ("GlobalAveragePooling2D", dict(keepdims=True), (2, 4, 3, 2)),
    ("GlobalMaxPooling1D", dict(), (2, 4, 2)),
    ("ZeroPadding2D", dict(padding=((1, 2), (0, 3))), (1, 2, 3, 2)),
    ("Cropping2D", dict(cropping=((1, 0), (1, 1))), (1, 4, 5, 2)),
    ("UpSampling2D", dict(size=(2, 3)), (1, 2, 3, 2)),
]
for n, kw, shape in cases:
    x = r.normal(size=shape)
    l = getattr(keras.layers, n)(**kw)
    l(x)
    ws = [r.normal(size=w.shape) for w in l.get_weights()]
    l.set_weights(ws)
    import tensorflow as tf

    X = tf.Variable(x)
    with tf.GradientTape() as t:
        y = l(X)
        s = tf.reduce_sum(y * y)
    g = t.gradient(s, [X, *l.trainable_weights])
    out.append(
        dict(
            layer=n,
            arguments=kw,
            x=x.tolist(),
            weights=[w.tolist() for w in ws],
            y=np.asarray(y).tolist(),
            gradients=[np.asarray(tf.convert_to_tensor(v)).tolist() for v in g],
        )
    )
import sys

json.dump(dict(keras=keras.__version__, cases=out), open(sys.argv[1], "w"))
