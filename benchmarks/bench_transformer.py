"""A transformer encoder (W7), one whole training step: forward, loss, backward, update.

    python benchmarks/bench_transformer.py

float32. Two layers as in Vaswani et al. (the norm after the sum), GELU by tanh, no dropout, mean squared
error against sequences of the same shape, Adam. By hand: queries, keys and values come from one product,
heads are views of it, elementwise work goes by blocks of rows that stay in the cache.
"""

from __future__ import annotations

import math
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from handmade import Flat, Update, trained
from peers.all import own, peers
from turns import Contender, Family, Step, main

Array = Any
EPSILON = 1e-5
BLOCK = 64  # rows of elementwise work at a time
PER_LAYER = 12  # arrays of weights
SLOPE, CUBE = math.sqrt(2 / math.pi), 0.044715


class Task(NamedTuple):
    """An encoder with its data."""

    title: str
    layers: int
    features: int
    heads: int
    hidden: int
    time: int
    batch: int
    rate: float


TASKS = {
    "W7": Task("encoder: 2 layers, 128 features, 4 heads, 512 hidden, 64 x batch 16", 2, 128, 4, 512, 64, 16, 0.001)
}


def data_of(task: Task) -> tuple[Array, Array, list[Array]]:
    """Inputs, targets and the weights of each layer, kernel or scale first and bias second.

    They are: q, k and v side by side, the output of attention, the first norm, the two dense maps, the second norm.
    """
    random = np.random.default_rng(0)
    x, y = (random.normal(size=(task.batch, task.time, task.features)).astype(np.float32) for _ in range(2))
    d, weights = task.features, []

    def dense(m: int, n: int) -> list[Array]:
        return [(random.normal(size=(m, n)) / np.sqrt(m)).astype(np.float32), np.zeros(n, np.float32)]

    def norm() -> list[Array]:
        return [np.ones(d, np.float32), np.zeros(d, np.float32)]

    for _ in range(task.layers):
        weights += dense(d, 3 * d) + dense(d, d) + norm() + dense(d, task.hidden) + dense(task.hidden, d) + norm()
    return x, y, weights


class Norm:
    """Layer normalization of rows, forward and backward."""

    def __init__(self, rows: int, features: int) -> None:
        self.normal, self.scratch = np.empty((rows, features), np.float32), np.empty((rows, features), np.float32)
        self.inverse, self.mean = np.empty((rows, 1), np.float32), np.empty((rows, 1), np.float32)
        self.ones = np.ones(rows, np.float32)

    def forward(self, x: Array, scale: Array, bias: Array, out: Array) -> None:
        """Each row less its mean, over its deviation, times scale, plus bias."""
        n, features = self.normal, x.shape[1]
        x.mean(axis=1, keepdims=True, out=self.mean)
        np.subtract(x, self.mean, out=n)
        np.einsum("ij,ij->i", n, n, out=self.inverse[:, 0])
        np.divide(self.inverse, features, out=self.inverse)
        np.add(self.inverse, EPSILON, out=self.inverse)
        np.sqrt(self.inverse, out=self.inverse)
        np.divide(1, self.inverse, out=self.inverse)
        np.multiply(n, self.inverse, out=n)
        np.multiply(n, scale, out=out)
        np.add(out, bias, out=out)

    def backward(self, d: Array, scale: Array, g_scale: Array, g_bias: Array) -> None:
        """The gradient d of the result becomes that of x, in place."""
        n, s, features = self.normal, self.scratch, d.shape[1]
        np.multiply(d, n, out=s)
        np.dot(self.ones, s, out=g_scale)
        np.dot(self.ones, d, out=g_bias)
        np.multiply(d, scale, out=d)
        np.einsum("ij,ij->i", d, n, out=self.mean[:, 0])
        np.divide(self.mean, features, out=self.mean)
        np.multiply(n, self.mean, out=s)
        d.mean(axis=1, keepdims=True, out=self.mean)
        np.subtract(d, self.mean, out=d)
        np.subtract(d, s, out=d)
        np.multiply(d, self.inverse, out=d)


class Block:
    """One layer of the encoder for some sequences, with the arrays that it needs."""

    def __init__(self, task: Task, batch: int, ws: list[Array]) -> None:
        rows, d, heads, time = batch * task.time, task.features, task.heads, task.time
        self.ws, size = ws, d // heads
        self.room = 1 / math.sqrt(size)

        def split(of: Array) -> Array:
            """The columns of q, k and v (or of o) as (3, batch, heads, time, size), a view."""
            return of.reshape(batch, time, -1, heads, size).transpose(2, 0, 3, 1, 4)

        self.qkv, self.o = np.empty((rows, 3 * d), np.float32), np.empty((rows, d), np.float32)
        self.d_qkv, self.d_o = np.empty_like(self.qkv), np.empty_like(self.o)
        self.q, self.k, self.v = split(self.qkv)
        self.dq, self.dk, self.dv = split(self.d_qkv)
        (self.heads,), (self.d_heads,) = split(self.o), split(self.d_o)
        self.p, self.dp, self.products = (np.empty((batch, heads, time, time), np.float32) for _ in range(3))
        self.line = np.empty((batch, heads, time, 1), np.float32)
        self.sum1, self.h1, self.sum2, self.h2 = (np.empty((rows, d), np.float32) for _ in range(4))
        self.f, self.t, self.g = (np.empty((rows, task.hidden), np.float32) for _ in range(3))
        self.scratch = np.empty((BLOCK, task.hidden), np.float32)
        self.norm1, self.norm2 = Norm(rows, d), Norm(rows, d)
        self.ones = np.ones(rows, np.float32)
        self.x: Array = None

    def forward(self, x: Array) -> Array:
        """The layer's result for rows x."""
        w_qkv, b_qkv, w_o, b_o, scale1, bias1, w1, b1, w2, b2, scale2, bias2 = self.ws
        self.x = x
        np.dot(x, w_qkv, out=self.qkv)
        np.add(self.qkv, b_qkv, out=self.qkv)
        np.matmul(self.q, self.k.swapaxes(2, 3), out=self.p)
        np.multiply(self.p, self.room, out=self.p)
        self.p.max(axis=3, keepdims=True, out=self.line)
        np.subtract(self.p, self.line, out=self.p)
        np.exp(self.p, out=self.p)
        self.p.sum(axis=3, keepdims=True, out=self.line)
        np.divide(self.p, self.line, out=self.p)
        np.matmul(self.p, self.v, out=self.heads)
        np.dot(self.o, w_o, out=self.sum1)
        np.add(self.sum1, b_o, out=self.sum1)
        np.add(self.sum1, x, out=self.sum1)
        self.norm1.forward(self.sum1, scale1, bias1, self.h1)
        np.dot(self.h1, w1, out=self.f)
        for start in range(0, len(x), BLOCK):
            f, t, g, s = (each[start : start + BLOCK] for each in (self.f, self.t, self.g, self.scratch))
            s = self.scratch[: len(f)]
            np.add(f, b1, out=f)
            np.multiply(f, f, out=s)
            np.multiply(s, SLOPE * CUBE, out=s)
            np.add(s, SLOPE, out=s)
            np.multiply(s, f, out=s)
            np.tanh(s, out=t)
            np.multiply(f, 0.5, out=g)
            np.multiply(g, t, out=s)
            np.add(g, s, out=g)
        np.dot(self.g, w2, out=self.sum2)
        np.add(self.sum2, b2, out=self.sum2)
        np.add(self.sum2, self.h1, out=self.sum2)
        self.norm2.forward(self.sum2, scale2, bias2, self.h2)
        return self.h2

    def backward(self, d: Array, gs: list[Array], first: bool) -> Array:
        """From the gradient d of the result, which is used up: that of x, and those of the weights in gs."""
        w_qkv, _, w_o, _, scale1, _, w1, _, w2, _, scale2, _ = self.ws
        g_qkv, gb_qkv, g_o, gb_o, g_scale1, g_bias1, g1, gb1, g2, gb2, g_scale2, g_bias2 = gs
        self.norm2.backward(d, scale2, g_scale2, g_bias2)
        np.dot(self.g.T, d, out=g2)
        np.dot(self.ones, d, out=gb2)
        np.dot(d, w2.T, out=self.g)
        for start in range(0, len(d), BLOCK):
            f, t, g = (each[start : start + BLOCK] for each in (self.f, self.t, self.g))
            s = self.scratch[: len(f)]
            np.multiply(f, f, out=s)
            np.multiply(s, 3 * SLOPE * CUBE, out=s)
            np.add(s, SLOPE, out=s)
            np.multiply(s, f, out=s)
            np.multiply(t, t, out=f)
            np.subtract(1, f, out=f)
            np.multiply(s, f, out=s)
            np.add(s, t, out=s)
            np.add(s, 1, out=s)
            np.multiply(s, 0.5, out=s)
            np.multiply(g, s, out=g)
        np.dot(self.h1.T, self.g, out=g1)
        np.dot(self.ones, self.g, out=gb1)
        np.dot(self.g, w1.T, out=self.sum2)
        np.add(d, self.sum2, out=d)
        self.norm1.backward(d, scale1, g_scale1, g_bias1)
        np.dot(self.o.T, d, out=g_o)
        np.dot(self.ones, d, out=gb_o)
        np.dot(d, w_o.T, out=self.d_o)
        np.matmul(self.p.swapaxes(2, 3), self.d_heads, out=self.dv)
        np.matmul(self.d_heads, self.v.swapaxes(2, 3), out=self.dp)
        np.multiply(self.dp, self.p, out=self.dp)
        self.dp.sum(axis=3, keepdims=True, out=self.line)
        np.multiply(self.p, self.line, out=self.products)
        np.subtract(self.dp, self.products, out=self.dp)
        np.multiply(self.dp, self.room, out=self.dp)
        np.matmul(self.dp, self.k, out=self.dq)
        np.matmul(self.dp.swapaxes(2, 3), self.q, out=self.dk)
        np.dot(self.x.T, self.d_qkv, out=g_qkv)
        np.dot(self.ones, self.d_qkv, out=gb_qkv)
        if not first:
            np.dot(self.d_qkv, w_qkv.T, out=self.sum1)
            np.add(d, self.sum1, out=d)
        return d


def part_by_hand(task: Task, x: Array, y: Array, ws: list[Array]) -> Any:
    """Forward and backward of some sequences; gives their part of the loss."""
    per = range(0, task.layers * PER_LAYER, PER_LAYER)
    blocks = [Block(task, len(x), ws[i : i + PER_LAYER]) for i in per]
    rows, target = x.reshape(-1, task.features), y.reshape(-1, task.features)
    d, size = np.empty_like(rows), task.batch * task.time * task.features

    def forward_backward(gs: list[Array]) -> float:
        h = rows
        for block in blocks:
            h = block.forward(h)
        np.subtract(h, target, out=d)
        value = float(np.dot(d.ravel(), d.ravel())) / size
        np.multiply(d, 2 / size, out=d)
        for block, i in zip(reversed(blocks), reversed(per), strict=True):
            block.backward(d, gs[i : i + PER_LAYER], first=i == 0)
        return value

    return forward_backward


def by_hand(task: Task, workers: int = 1) -> Step:
    """The whole step by hand."""
    x, y, weights = data_of(task)
    flat = Flat.of(weights)
    update = Update("adam", task.rate, flat.all, workers)
    middle = (0, task.batch) if workers == 1 else (0, task.batch // 2, task.batch)
    parts = [part_by_hand(task, x[a:b], y[a:b], flat.parts) for a, b in pairwise(middle)]
    return Step(trained(parts, [Flat(weights) for _ in parts], update))


def ours(task: Task, how: str) -> Step:
    """The library's step, of its own layers: "replay", "eager" or "fit"."""
    import library

    import tinygrad_loss as tg

    x, y, weights = data_of(task)
    layers, d, heads = tg.layers, task.features, task.heads

    class Encoder(tg.Model):  # type: ignore[misc]
        """One layer."""

        def __init__(self) -> None:
            super().__init__()
            self.attention = layers.MultiHeadAttention(heads, d // heads)
            self.norm1, self.norm2 = (
                layers.LayerNormalization(epsilon=EPSILON),
                layers.LayerNormalization(epsilon=EPSILON),
            )
            self.wide = layers.Dense(task.hidden, activation=lambda x: tg.gelu(x, approximate=True))
            self.narrow = layers.Dense(d)

        def call(self, x: Any) -> Any:
            h = self.norm1(x + self.attention(x, x))
            return self.norm2(h + self.narrow(self.wide(h)))

    model = tg.Sequential([Encoder() for _ in range(task.layers)])
    model(x)
    for i, block in enumerate(model.layers):
        w_qkv, b_qkv, w_o, b_o, *rest = weights[i * PER_LAYER : (i + 1) * PER_LAYER]
        parts = []
        for j in range(3):
            part = slice(j * d, (j + 1) * d)
            parts += [w_qkv[:, part].reshape(d, heads, -1), b_qkv[part].reshape(heads, -1)]
        block.attention.set_weights([*parts, w_o.reshape(heads, -1, d), b_o])
        for layer, first in ((block.norm1, 0), (block.wide, 2), (block.narrow, 4), (block.norm2, 6)):
            layer.set_weights(rest[first : first + 2])
    optimizer, loss = library.optimizer_named("adam", task.rate), tg.losses.MeanSquaredError()
    if how == "fit":
        return library.Fit(model, loss, optimizer, x, y)
    call = partial(model, training=True)
    return library.stepping(call, list(model.parameters()), loss, optimizer, x, y, how == "replay")


FAMILY = Family(
    "transformer",
    TASKS,
    [
        Contender("hand, 1 BLAS thread", by_hand, blas=1, numpy=True),
        Contender("hand, 2 BLAS threads", by_hand, blas=2, threads=2, numpy=True),
        Contender("hand, 2 workers", partial(by_hand, workers=2), blas=1, threads=2, numpy=True),
        *own(ours),
        *peers("transformer", data_of, ("MyGrad",)),
    ],
)

if __name__ == "__main__":
    main(FAMILY)
