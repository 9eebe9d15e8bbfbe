"""The workloads in HIPS autograd: NumPy's functions, differentiated; the update in NumPy."""

from __future__ import annotations

import math
from typing import Any

import autograd.numpy as anp
import numpy as np
from autograd import hessian as hips_hessian
from autograd import value_and_grad
from bench_hessians import as_list, function_of
from handmade import Update
from turns import Step

Array = Any


def _step(loss: Any, weights: list[Array], kind: str, rate: float) -> Step:
    """Autograd wants arrays that do not change while it works: each is updated in place after."""
    w = [each.copy() for each in weights]
    updates = [Update(kind, rate, each.reshape(-1)) for each in w]
    both = value_and_grad(loss)

    def step() -> Any:
        value, gradients = both(w)
        for update, g in zip(updates, gradients, strict=True):
            update.begin()
            update(np.ascontiguousarray(g, np.float32).reshape(-1))
        return value

    return Step(step)


def _log_softmax(z: Any) -> Any:
    z = z - anp.max(z, axis=1, keepdims=True)
    return z - anp.log(anp.sum(anp.exp(z), axis=1, keepdims=True))


def dense(task: Any, data: Any) -> Step:
    """Products, activations and losses of autograd.numpy."""
    x, y, weights = data
    kinds = {"relu": lambda z: anp.maximum(z, 0), "tanh": anp.tanh}
    rows = np.arange(task.batch)
    losses = {
        "mse": lambda h: anp.mean((h - y) ** 2),
        "cross-entropy": lambda z: -anp.mean(_log_softmax(z)[rows, y]),
        "kl": lambda z: anp.mean(anp.sum(y * (np.log(y) - _log_softmax(z)), axis=1)),
    }

    def loss(w: Any) -> Any:
        h = x
        for i, kind in enumerate(task.activations):
            h = kinds.get(kind, lambda z: z)(anp.dot(h, w[2 * i]) + w[2 * i + 1])
        return losses[task.loss](h)

    return _step(loss, weights, task.optimizer, task.rate)


def transformer(task: Any, data: Any) -> Step:
    """The encoder written out."""
    x, y, weights = data
    count, heads = len(weights) // task.layers, task.heads

    def normal(x: Any, scale: Any, bias: Any) -> Any:
        centred = x - anp.mean(x, axis=-1, keepdims=True)
        return centred / anp.sqrt(anp.mean(centred * centred, axis=-1, keepdims=True) + 1e-5) * scale + bias

    def gelu(z: Any) -> Any:
        return 0.5 * z * (1 + anp.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z * z * z)))

    def layer(x: Any, w: Any) -> Any:
        qkv, b_qkv, o, b_o, s1, b1, wide, b_wide, narrow, b_narrow, s2, b2 = w
        rows, d = x.shape
        split = anp.transpose(
            anp.reshape(anp.dot(x, qkv) + b_qkv, (task.batch, task.time, 3, heads, d // heads)), (2, 0, 3, 1, 4)
        )
        q, k, v = split[0], split[1], split[2]
        scores = anp.matmul(q, anp.swapaxes(k, 2, 3)) / math.sqrt(d // heads)
        e = anp.exp(scores - anp.max(scores, axis=-1, keepdims=True))
        found = anp.matmul(e / anp.sum(e, axis=-1, keepdims=True), v)
        found = anp.reshape(anp.transpose(found, (0, 2, 1, 3)), (rows, d))
        h = normal(x + anp.dot(found, o) + b_o, s1, b1)
        return normal(h + anp.dot(gelu(anp.dot(h, wide) + b_wide), narrow) + b_narrow, s2, b2)

    given, target = x.reshape(-1, task.features), y.reshape(-1, task.features)

    def loss(w: Any) -> Any:
        h = given
        for i in range(task.layers):
            h = layer(h, w[i * count : (i + 1) * count])
        return anp.mean((h - target) ** 2)

    return _step(loss, weights, "adam", task.rate)


def hessian(task: Any, data: Any) -> Step:
    """autograd.hessian."""
    x, rows, labels = data
    made = hips_hessian(function_of(task, anp, rows, labels))
    return Step(lambda: made(x), as_list)
