"""Dense networks, one whole training step each: forward, loss, backward, update.

    python benchmarks/bench_dense.py

float32. The hand-written step uses flat parameters and arrays made beforehand; it runs on one BLAS thread,
on two, and with the batch split over two workers of one BLAS thread each: the fastest is the yardstick.
"""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from handmade import Flat, Update, gate, trained
from peers.all import own, peers
from turns import Contender, Family, Step, main

Array = Any


class Task(NamedTuple):
    """A dense network with its data, loss and optimizer."""

    title: str
    widths: tuple[int, ...]
    activation: str  # "relu" or "tanh", which the last layer has too
    batch: int
    loss: str  # "mse", "cross-entropy" (labels and logits) or "kl" (distributions and a softmax)
    optimizer: str  # "adam", "sgd" or "momentum" (0.9)
    rate: float

    @property
    def activations(self) -> list[str]:
        """The activation of each layer."""
        last = "tanh" if self.activation == "tanh" else "softmax" if self.loss == "kl" else "linear"
        return [self.activation] * (len(self.widths) - 2) + [last]


TASKS = {
    "W1": Task("8-10 relu-1, MSE, Adam, batch 32", (8, 10, 1), "relu", 32, "mse", "adam", 0.01),
    "W2": Task(
        "784-512-256-10 relu, cross-entropy, Adam, 128",
        (784, 512, 256, 10),
        "relu",
        128,
        "cross-entropy",
        "adam",
        0.001,
    ),
    "W3": Task(
        "3 x Dense(1024, relu), MSE, SGD momentum, batch 512", (1024,) * 4, "relu", 512, "mse", "momentum", 0.01
    ),
    "W4": Task("50 x Dense(32, tanh), MSE, SGD, batch 16", (32,) * 51, "tanh", 16, "mse", "sgd", 0.01),
    "W9": Task("64-128-128-32 softmax, KL, Adam, batch 64", (64, 128, 128, 32), "relu", 64, "kl", "adam", 0.001),
}


def data_of(task: Task) -> tuple[Array, Array, list[Array]]:
    """Inputs, targets and initial weights: the kernel (inputs, outputs) and the bias of each layer."""
    random = np.random.default_rng(0)
    x = random.normal(size=(task.batch, task.widths[0])).astype(np.float32)
    y: Array = random.normal(size=(task.batch, task.widths[-1])).astype(np.float32)
    if task.loss == "cross-entropy":
        y = random.integers(0, task.widths[-1], task.batch)
    elif task.loss == "kl":
        y = np.exp(2 * y)
        y /= y.sum(axis=1, keepdims=True)
    weights = []
    for m, n in zip(task.widths[:-1], task.widths[1:], strict=True):
        weights += [(random.normal(size=(m, n)) / np.sqrt(m)).astype(np.float32), np.zeros(n, np.float32)]
    return x, y, weights


def part_by_hand(task: Task, x: Array, y: Array, ws: list[Array]) -> Any:
    """Forward and backward of some rows of the batch, as one writes them in NumPy; gives their part of the loss."""
    layers, rows = len(task.widths) - 1, np.arange(len(x))
    kinds = task.activations
    hs = [np.empty((len(x), n), np.float32) for n in task.widths[1:]]
    ds = [np.empty_like(h) for h in hs]
    ones = np.ones(len(x), np.float32)
    size = task.batch * (task.widths[-1] if task.loss == "mse" else 1)
    entropy = float((y * np.log(y)).sum()) if task.loss == "kl" else 0.0

    def loss() -> float:
        h, d = hs[-1], ds[-1]
        if task.loss == "mse":
            np.subtract(h, y, out=d)
            value = float(np.dot(d.ravel(), d.ravel()))
            np.multiply(d, 2 / size, out=d)
            return value / size
        np.subtract(h, h.max(axis=1, keepdims=True), out=h)
        np.exp(h, out=d)
        total = d.sum(axis=1, keepdims=True)
        np.divide(d, total, out=d)
        if task.loss == "kl":  # Σ y (log y - z + log Σ exp z)
            value = entropy - float(np.dot(y.ravel(), h.ravel())) + float(np.log(total).sum())
            np.subtract(d, y, out=d)
        else:
            value = float(np.log(total).sum()) - float(h[rows, y].sum())
            d[rows, y] -= 1
        np.multiply(d, 1 / size, out=d)
        return value / size

    def forward_backward(gs: list[Array]) -> float:
        h = x
        for i in range(layers):
            np.dot(h, ws[2 * i], out=hs[i])
            h = hs[i]
            np.add(h, ws[2 * i + 1], out=h)
            if kinds[i] == "relu":
                np.maximum(h, 0, out=h)
            elif kinds[i] == "tanh":
                np.tanh(h, out=h)
        value = loss()
        for i in range(layers - 1, -1, -1):
            d = ds[i]
            if kinds[i] == "relu":
                gate(d, hs[i])
            elif kinds[i] == "tanh":
                np.multiply(hs[i], hs[i], out=hs[i])
                np.subtract(1, hs[i], out=hs[i])
                np.multiply(d, hs[i], out=d)
            np.dot((hs[i - 1] if i else x).T, d, out=gs[2 * i])
            np.dot(ones, d, out=gs[2 * i + 1])  # BLAS adds rows at twice the speed of sum
            if i:
                np.dot(d, ws[2 * i].T, out=ds[i - 1])
        return value

    return forward_backward


def by_hand(task: Task, workers: int = 1) -> Step:
    """The whole step by hand."""
    x, y, weights = data_of(task)
    flat = Flat.of(weights)
    update = Update(task.optimizer, task.rate, flat.all, workers)
    middle = (0, task.batch) if workers == 1 else (0, task.batch // 2, task.batch)
    parts = [part_by_hand(task, x[a:b], y[a:b], flat.parts) for a, b in pairwise(middle)]
    return Step(trained(parts, [Flat(weights) for _ in parts], update))


def straight_line(task: Task) -> Step:
    """W1 without loops and indexing: of arrays this small, they cost as much as a quarter of the calls."""
    x, y, weights = data_of(task)
    flat, gradient = Flat.of(weights), Flat(weights)
    (w1, b1, w2, b2), (g1, gb1, g2, gb2) = flat.parts, gradient.parts
    w, g = flat.all, gradient.all
    m, v, s, count = np.zeros_like(w), np.zeros_like(w), np.empty_like(w), 0
    h, d, gates = (np.empty((task.batch, task.widths[1]), np.float32) for _ in range(3))
    z, ones = np.empty((task.batch, 1), np.float32), np.ones(task.batch, np.float32)
    line, x_turned, h_turned, w2_turned, size, rate = z.ravel(), x.T, h.T, w2.T, z.size, task.rate
    dot, add, subtract, multiply, divide, sqrt = np.dot, np.add, np.subtract, np.multiply, np.divide, np.sqrt
    maximum, sign, scale = np.maximum, np.sign, 2 / z.size

    def step() -> float:
        nonlocal count
        dot(x, w1, h)
        add(h, b1, h)
        maximum(h, 0, out=h)
        dot(h, w2, z)
        add(z, b2, z)
        subtract(z, y, z)
        value = float(dot(line, line)) / size
        multiply(z, scale, z)
        dot(h_turned, z, g2)
        dot(ones, z, gb2)
        dot(z, w2_turned, d)
        sign(h, gates)
        multiply(d, gates, d)
        dot(x_turned, d, g1)
        dot(ones, d, gb1)
        count += 1
        subtract(g, m, s)
        multiply(s, 0.1, s)
        add(m, s, m)
        multiply(g, g, g)
        subtract(g, v, g)
        multiply(g, 0.001, g)
        add(v, g, v)
        sqrt(v, s)
        add(s, 1e-7, s)
        divide(m, s, s)
        multiply(s, rate * (1 - 0.999**count) ** 0.5 / (1 - 0.9**count), s)
        subtract(w, s, w)
        return value

    return Step(step)


def ours(task: Task, how: str) -> Step:
    """The library's step: "replay", "eager" or "fit"."""
    import library

    import tinygrad_loss as tg

    x, y, weights = data_of(task)
    layers = [tg.layers.Dense(n, activation=a) for n, a in zip(task.widths[1:], task.activations, strict=True)]
    model = tg.Sequential(layers)
    model(x)
    model.set_weights(weights)
    optimizer = library.optimizer_named(task.optimizer, task.rate)
    loss: Any = {
        "mse": tg.losses.MeanSquaredError(),
        "cross-entropy": tg.losses.SparseCategoricalCrossentropy(from_logits=True),
        "kl": tg.losses.KLDivergence(),
    }[task.loss]
    if how == "fit":
        return library.Fit(model, loss, optimizer, x, y)
    call = partial(model, training=True)
    return library.stepping(call, list(model.parameters()), loss, optimizer, x, y, how == "replay")


FAMILY = Family(
    "dense",
    TASKS,
    [
        Contender("hand, 1 BLAS thread", by_hand, blas=1, numpy=True),
        Contender("hand, 2 BLAS threads", by_hand, blas=2, threads=2, numpy=True),
        Contender("hand, 2 workers", partial(by_hand, workers=2), blas=1, threads=2, numpy=True),
        Contender(
            "hand, straight line",
            straight_line,
            blas=1,
            numpy=True,
            skips=tuple(name for name in TASKS if name != "W1"),
        ),
        *own(ours),
        *peers("dense", data_of),
    ],
)

if __name__ == "__main__":
    main(FAMILY)
