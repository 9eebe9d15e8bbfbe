"""A small convolution net (W6), one whole training step: forward, loss, backward, update.

    python benchmarks/bench_convolution.py

float32, channels last, "same" padding. By hand it goes image by image, so that an image's arrays stay in the
cache: columns of a few rows at a time, one matrix product with the kernel. Backward makes columns of the
upstream gradient alone and uses them twice, for the image's gradient (with the kernel turned round) and for
the kernel's (with the image). Pooling stands before bias and relu, which commute with a maximum and then
cost a quarter.
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
ROWS = 8  # of an image whose columns are made at a time: 256 x 288 numbers, 300 kB


class Task(NamedTuple):
    """conv 3x3, relu, conv 3x3, relu, pool, conv 3x3, relu, pool, dense; softmax cross-entropy; SGD momentum 0.9."""

    title: str
    size: int
    channels: tuple[int, int, int, int]
    classes: int
    batch: int
    rate: float


TASKS = {"W6": Task("3x32x32: conv 32, conv 32, pool, conv 64, pool, 10; batch 32", 32, (3, 32, 32, 64), 10, 32, 0.001)}


def data_of(task: Task) -> tuple[Array, Array, list[Array]]:
    """Images (batch, rows, columns, channels), labels, and each layer's kernel (3, 3, inputs, outputs) and bias."""
    random = np.random.default_rng(0)
    x = random.normal(size=(task.batch, task.size, task.size, task.channels[0])).astype(np.float32)
    y = random.integers(0, task.classes, task.batch)
    weights = []
    for m, n in pairwise(task.channels):
        weights += [
            (random.normal(size=(3, 3, m, n)) * np.sqrt(2 / (9 * m))).astype(np.float32),
            np.zeros(n, np.float32),
        ]
    flat = (task.size // 4) ** 2 * task.channels[-1]
    weights += [(random.normal(size=(flat, task.classes)) * 4 / flat).astype(np.float32)]
    return x, y, [*weights, np.zeros(task.classes, np.float32)]


def columns_of(image: Array, room: Array) -> list[tuple[slice, Array, Array]]:
    """The patches of a padded image as views to copy from, some rows at a time: (places, patches, where to)."""
    size, channels = image.shape[0] - 2, image.shape[-1]
    rows = min(ROWS, size)
    down, along, _ = image.strides
    shape = (rows, size, 3, 3 * channels)  # three neighbours in a row lie side by side in memory
    found = []
    for row in range(0, size, rows):
        view = np.lib.stride_tricks.as_strided(image[row:], shape, (down, along, down, image.itemsize))
        target = room[: rows * size * 9 * channels]
        found.append((slice(row * size, (row + rows) * size), view, target.reshape(shape)))
    return found


def quarters(image: Array) -> list[Array]:
    """The four places of each window of two by two, as views."""
    return [image[i::2, j::2] for i in (0, 1) for j in (0, 1)]


def part_by_hand(task: Task, x: Array, y: Array, ws: list[Array]) -> Any:
    """Forward and backward of some images; gives their part of the loss."""
    count, size, (c0, c1, c2, c3) = len(x), task.size, task.channels
    half, quarter = size // 2, size // 4
    padded = np.zeros((count, size + 2, size + 2, c0), np.float32)
    first = np.empty((count, size * size, 9 * c0), np.float32)  # narrow columns, kept for backward
    h1 = np.zeros((count, size + 2, size + 2, c1), np.float32)
    z2, h2 = np.empty((count, size, size, c2), np.float32), np.zeros((count, half + 2, half + 2, c2), np.float32)
    z3, h3 = np.empty((count, half, half, c3), np.float32), np.empty((count, quarter, quarter, c3), np.float32)
    best2, best3 = np.empty((count, half, half, c2), np.float32), np.empty_like(h3)
    d1 = np.empty((size * size, c1), np.float32)
    d2, d3 = np.zeros((size + 2, size + 2, c2), np.float32), np.zeros((half + 2, half + 2, c3), np.float32)
    e2, e3 = np.empty((half * half, c2), np.float32), np.empty_like(h3)
    room = np.empty(max(ROWS * size * 9 * max(c1, c2), ROWS * half * 9 * max(c2, c3)), np.float32)
    products = [
        np.empty((9 * c0, c1), np.float32),
        np.empty((c1, 9 * c2), np.float32),
        np.empty((c2, 9 * c3), np.float32),
    ]
    turned = [np.empty((3, 3, c2, c1), np.float32), np.empty((3, 3, c3, c2), np.float32)]
    sums = [np.zeros_like(each) for each in products]
    z, d, rows = (
        np.empty((count, task.classes), np.float32),
        np.empty((count, task.classes), np.float32),
        np.arange(count),
    )
    pictures = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (1, 2)).transpose(0, 1, 2, 4, 5, 3)
    cut1, cut2 = [columns_of(each, room) for each in h1], [columns_of(each, room) for each in h2]
    back2, back3 = columns_of(d2, room), columns_of(d3, room)
    ones = np.ones(max(size * size, count * quarter * quarter), np.float32)

    def convolve(cut: Any, w: Array, out: Array) -> None:
        for places, patches, target in cut:
            np.copyto(target, patches)
            np.dot(target.reshape(-1, len(w)), w, out=out[places])

    def pool(z: Array, best: Array, bias: Array, h: Array) -> None:
        a, b, c, d = quarters(z)
        np.maximum(a, b, out=best)
        np.maximum(best, c, out=best)
        np.maximum(best, d, out=best)
        np.add(best, bias, out=h)
        np.maximum(h, 0, out=h)

    def unpool(z: Array, best: Array, e: Array, out: Array) -> None:
        for part, place in zip(quarters(z), quarters(out), strict=True):
            np.multiply(np.equal(part, best), e, out=place)

    def back(cut: Any, h: Array, w: Array, out: Array, product: Array, total: Array) -> None:
        """From columns of the upstream gradient: the gradient of the image, and what is added to the kernel's."""
        for places, patches, target in cut:
            np.copyto(target, patches)
            columns = target.reshape(-1, len(w))
            np.dot(columns, w, out=out[places])
            here = slice(places.start // h.shape[1], places.stop // h.shape[1])
            np.dot(h[here].reshape(-1, h.shape[-1]).T, columns, out=product)
            np.add(total, product, out=total)

    def forward_backward(gs: list[Array]) -> float:
        k1, k2, k3 = (ws[i].reshape(-1, ws[i].shape[-1]) for i in (0, 2, 4))
        padded[:, 1:-1, 1:-1] = x
        np.copyto(first.reshape(pictures.shape), pictures)
        for i in range(count):
            np.dot(first[i], k1, out=d1)
            np.add(d1, ws[1], out=d1)
            np.maximum(d1.reshape(size, size, c1), 0, out=h1[i, 1:-1, 1:-1])
            convolve(cut1[i], k2, z2[i].reshape(-1, c2))
            pool(z2[i], best2[i], ws[3], h2[i, 1:-1, 1:-1])
            convolve(cut2[i], k3, z3[i].reshape(-1, c3))
            pool(z3[i], best3[i], ws[5], h3[i])
        flat = h3.reshape(count, -1)
        np.dot(flat, ws[6], out=z)
        np.add(z, ws[7], out=z)
        np.subtract(z, z.max(axis=1, keepdims=True), out=z)
        np.exp(z, out=d)
        total = d.sum(axis=1, keepdims=True)
        value = float(np.log(total).sum()) - float(z[rows, y].sum())
        np.divide(d, total, out=d)
        d[rows, y] -= 1
        np.multiply(d, 1 / task.batch, out=d)
        np.dot(flat.T, d, out=gs[6])
        np.dot(ones[:count], d, out=gs[7])
        np.dot(d, ws[6].T, out=e3.reshape(count, -1))
        gate(e3, h3)
        np.dot(ones[: e3.size // c3], e3.reshape(-1, c3), out=gs[5])
        for kernel, there in zip((ws[2], ws[4]), turned, strict=True):
            there[...] = kernel[::-1, ::-1].swapaxes(2, 3)
        t2, t3 = (each.reshape(-1, each.shape[-1]) for each in turned)
        for each in (*sums, gs[1], gs[3]):
            each[...] = 0
        for i in range(count):
            unpool(z3[i], best3[i], e3[i], d3[1:-1, 1:-1])
            back(back3, h2[i, 1:-1, 1:-1], t3, e2, products[2], sums[2])
            e = e2.reshape(half, half, c2)
            gate(e, h2[i, 1:-1, 1:-1])
            gs[3] += np.dot(ones[: len(e2)], e2)
            unpool(z2[i], best2[i], e, d2[1:-1, 1:-1])
            back(back2, h1[i, 1:-1, 1:-1], t2, d1, products[1], sums[1])
            gate(d1.reshape(size, size, c1), h1[i, 1:-1, 1:-1])
            gs[1] += np.dot(ones[: size * size], d1)
            np.dot(first[i].T, d1, out=products[0])
            np.add(sums[0], products[0], out=sums[0])
        gs[0].reshape(-1, c1)[...] = sums[0]
        for g, found in ((gs[2], sums[1]), (gs[4], sums[2])):
            inputs, outputs = g.shape[2:]
            g[...] = found.reshape(inputs, 3, 3, outputs)[:, ::-1, ::-1].transpose(1, 2, 0, 3)
        return value / task.batch

    return forward_backward


def by_hand(task: Task, workers: int = 1) -> Step:
    """The whole step by hand."""
    x, y, weights = data_of(task)
    flat = Flat.of(weights)
    update = Update("momentum", task.rate, flat.all, workers)
    middle = (0, task.batch) if workers == 1 else (0, task.batch // 2, task.batch)
    parts = [part_by_hand(task, x[a:b], y[a:b], flat.parts) for a, b in pairwise(middle)]
    return Step(trained(parts, [Flat(weights) for _ in parts], update))


def ours(task: Task, how: str) -> Step:
    """The library's step: "replay", "eager" or "fit"."""
    import library

    import tinygrad_loss as tg

    x, y, weights = data_of(task)
    layers = tg.layers
    a, b, c = (layers.Conv2D(n, 3, padding="same", activation="relu") for n in task.channels[1:])
    pool = layers.MaxPooling2D
    model = tg.Sequential([a, b, pool(), c, pool(), layers.Flatten(), layers.Dense(task.classes)])
    model(x)
    model.set_weights(weights)
    optimizer = library.optimizer_named("momentum", task.rate)
    loss = tg.losses.SparseCategoricalCrossentropy(from_logits=True)
    if how == "fit":
        return library.Fit(model, loss, optimizer, x, y)
    call = partial(model, training=True)
    return library.stepping(call, list(model.parameters()), loss, optimizer, x, y, how == "replay")


FAMILY = Family(
    "convolution",
    TASKS,
    [
        Contender("hand, 1 BLAS thread", by_hand, blas=1, numpy=True),
        Contender("hand, 2 BLAS threads", by_hand, blas=2, threads=2, numpy=True),
        Contender("hand, 2 workers", partial(by_hand, workers=2), blas=1, threads=2, numpy=True),
        *own(ours),
        *peers("convolution", data_of, ("HIPS autograd",)),
    ],
)

if __name__ == "__main__":
    main(FAMILY)
