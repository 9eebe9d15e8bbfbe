"""The workloads in MyGrad: its tensors, layers and losses; the update in NumPy."""

from __future__ import annotations

from typing import Any

import mygrad as mg
import numpy as np
from handmade import Update
from mygrad import nnet
from turns import Step

Array = Any


def _step(loss: Any, weights: list[Array], kind: str, rate: float) -> Step:
    w = [mg.tensor(each.copy()) for each in weights]
    updates = [Update(kind, rate, each.data.reshape(-1)) for each in w]

    def step() -> Any:
        value = loss(w)
        value.backward()
        for each, update in zip(w, updates, strict=True):
            update.begin()
            each.data.flags.writeable = True  # MyGrad locks what a graph holds
            update(np.array(each.grad, np.float32).reshape(-1))
        return value.data

    return Step(step)


def dense(task: Any, data: Any) -> Step:
    """mg.matmul, activations and losses."""
    x, y, weights = data
    kinds = {"relu": nnet.relu, "tanh": mg.tanh}
    losses = {
        "mse": lambda h: mg.mean((h - y) ** 2),
        "cross-entropy": lambda z: nnet.softmax_crossentropy(z, y),
        "kl": lambda z: mg.mean(mg.sum(y * (np.log(y) - nnet.logsoftmax(z)), axis=1)),
    }

    def loss(w: Any) -> Any:
        h = x
        for i, kind in enumerate(task.activations):
            z = mg.matmul(h, w[2 * i]) + w[2 * i + 1]
            h = kinds[kind](z) if kind in kinds else z
        return losses[task.loss](h)

    return _step(loss, weights, task.optimizer, task.rate)


def convolution(task: Any, data: Any) -> Step:
    """nnet.conv_nd and nnet.max_pool, channels first."""
    x, y, weights = data
    given = np.ascontiguousarray(x.transpose(0, 3, 1, 2))
    kernels = [w.transpose(3, 2, 0, 1) if w.ndim == 4 else w for w in weights]
    side = task.size // 4
    moved = weights[6].reshape(side, side, -1, task.classes).transpose(2, 0, 1, 3).reshape(weights[6].shape)
    kernels[6] = moved
    kernels = [np.ascontiguousarray(w) for w in kernels]

    def convolved(x: Any, kernel: Any, bias: Any) -> Any:
        return nnet.relu(nnet.conv_nd(x, kernel, stride=1, padding=1) + bias.reshape(1, -1, 1, 1))

    def loss(w: Any) -> Any:
        h = nnet.max_pool(convolved(convolved(given, w[0], w[1]), w[2], w[3]), (2, 2), 2)
        h = nnet.max_pool(convolved(h, w[4], w[5]), (2, 2), 2)
        return nnet.softmax_crossentropy(mg.matmul(h.reshape(task.batch, -1), w[6]) + w[7], y)

    return _step(loss, kernels, "momentum", task.rate)
