"""The workloads in tinygrad on the CPU, the whole step under TinyJit."""

from __future__ import annotations

from typing import Any

import numpy as np
from tinygrad import Context, Tensor, TinyJit, nn
from turns import Step

Array = Any


def _step(loss: Any, weights: list[Array], kind: str, rate: float, x: Array, y: Array) -> Step:
    w = [Tensor(each.copy()).realize() for each in weights]
    if kind == "adam":
        optimizer = nn.optim.Adam(w, lr=rate, eps=1e-7)
    else:
        optimizer = nn.optim.SGD(w, lr=rate, momentum=0.9 if kind == "momentum" else 0.0)
    given, target = Tensor(x).realize(), Tensor(y).realize()

    @TinyJit
    def whole(x: Any, y: Any) -> Any:
        with Context(TRAINING=1):
            optimizer.zero_grad()
            value = loss(w, x, y).backward()
            return value.realize(*optimizer.schedule_step())

    return Step(lambda: whole(given, target), lambda value: float(value.item()), lambda value: value.item())


def dense(task: Any, data: Any) -> Step:
    """Tensor's methods."""
    x, y, weights = data
    kinds = {"relu": Tensor.relu, "tanh": Tensor.tanh}
    losses = {
        "mse": lambda h, y: ((h - y) ** 2).mean(),
        "cross-entropy": lambda z, y: z.sparse_categorical_crossentropy(y),
        "kl": lambda z, y: (y * (y.log() - z.log_softmax())).sum(axis=1).mean(),
    }

    def loss(w: Any, x: Any, y: Any) -> Any:
        for i, kind in enumerate(task.activations):
            x = x.dot(w[2 * i]) + w[2 * i + 1]
            x = kinds[kind](x) if kind in kinds else x
        return losses[task.loss](x, y)

    return _step(loss, weights, task.optimizer, task.rate, x, y)


def convolution(task: Any, data: Any) -> Step:
    """conv2d and max_pool2d, channels first."""
    x, y, weights = data
    given = np.ascontiguousarray(x.transpose(0, 3, 1, 2))
    side = task.size // 4
    moved = weights[6].reshape(side, side, -1, task.classes).transpose(2, 0, 1, 3).reshape(weights[6].shape)
    kernels = [np.ascontiguousarray(w.transpose(3, 2, 0, 1)) if w.ndim == 4 else w for w in weights]
    kernels[6] = np.ascontiguousarray(moved)

    def loss(w: Any, x: Any, y: Any) -> Any:
        h = x.conv2d(w[0], w[1], padding=1).relu().conv2d(w[2], w[3], padding=1).relu().max_pool2d(2)
        h = h.conv2d(w[4], w[5], padding=1).relu().max_pool2d(2)
        return (h.flatten(1).dot(w[6]) + w[7]).sparse_categorical_crossentropy(y)

    return _step(loss, kernels, "momentum", task.rate, given, y)


def transformer(task: Any, data: Any) -> Step:
    """The encoder written out."""
    x, y, weights = data
    count, heads = len(weights) // task.layers, task.heads

    def layer(x: Any, w: Any) -> Any:
        qkv, b_qkv, o, b_o, s1, b1, wide, b_wide, narrow, b_narrow, s2, b2 = w
        batch, time, d = x.shape
        q, k, v = ((x.dot(qkv) + b_qkv).reshape(batch, time, 3, heads, d // heads).permute(2, 0, 3, 1, 4)).chunk(3)
        found = q.squeeze(0).scaled_dot_product_attention(k.squeeze(0), v.squeeze(0))
        found = found.permute(0, 2, 1, 3).reshape(batch, time, d)
        h = (x + found.dot(o) + b_o).layernorm(eps=1e-5) * s1 + b1
        return (h + (h.dot(wide) + b_wide).gelu().dot(narrow) + b_narrow).layernorm(eps=1e-5) * s2 + b2

    def loss(w: Any, x: Any, y: Any) -> Any:
        for i in range(task.layers):
            x = layer(x, w[i * count : (i + 1) * count])
        return ((x - y) ** 2).mean()

    return _step(loss, weights, "adam", task.rate, x, y)
