"""A whole training step (forward, loss, backward, update): replayed, eager, written by hand, and in PyTorch.

    python benchmarks/bench_replay.py

float32; every program starts from the same weights, and their losses after five steps are compared
before anything is timed. BLAS and PyTorch use the threads they choose, unless the environment says otherwise.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from timing import Work, interleaved, machine, table

import tinygrad_loss as tg

HAS_TORCH = importlib.util.find_spec("torch") is not None
Array = Any


class Task(NamedTuple):
    """A dense network with its data, loss and optimizer."""

    title: str
    widths: tuple[int, ...]
    activation: str
    batch: int
    loss: str  # "mse" or "cross-entropy"
    optimizer: str  # "adam" or "sgd"
    rate: float


TASKS = [
    Task("8-10-1, relu, MSE, Adam, batch 32", (8, 10, 1), "relu", 32, "mse", "adam", 0.01),
    Task("784-512-256-10, Adam, batch 128", (784, 512, 256, 10), "relu", 128, "cross-entropy", "adam", 0.001),
    Task("50 x Dense(32, tanh), MSE, SGD, batch 16", (32,) * 51, "tanh", 16, "mse", "sgd", 0.01),
]  # fmt: skip


def data_of(task: Task) -> tuple[Array, Array, list[Array]]:
    """Inputs, targets and initial weights."""
    random = np.random.default_rng(0)
    x = random.normal(size=(task.batch, task.widths[0])).astype(np.float32)
    y: Array = random.normal(size=(task.batch, task.widths[-1])).astype(np.float32)
    if task.loss == "cross-entropy":
        y = random.integers(0, task.widths[-1], task.batch)
    weights = []
    for m, n in zip(task.widths[:-1], task.widths[1:], strict=True):
        weights += [(random.normal(size=(m, n)) / np.sqrt(m)).astype(np.float32), np.zeros(n, np.float32)]
    return x, y, weights


def ours(task: Task) -> tuple[Callable[[], float], Callable[[], float]]:
    """The library's step, replayed and eager."""
    x, y, weights = data_of(task)

    def program(replay: bool) -> Callable[[], float]:
        count = len(task.widths) - 1
        last = "linear" if task.loss == "cross-entropy" else ("tanh" if task.activation == "tanh" else "linear")
        kinds = [task.activation] * (count - 1) + [last]
        model = tg.Sequential([tg.layers.Dense(n, activation=a) for n, a in zip(task.widths[1:], kinds, strict=True)])
        model(x)
        model.set_weights(weights)
        entropy = tg.losses.SparseCategoricalCrossentropy(from_logits=True)
        loss = tg.losses.MeanSquaredError() if task.loss == "mse" else entropy
        optimizer = tg.optimizers.Adam(task.rate) if task.optimizer == "adam" else tg.optimizers.SGD(task.rate)
        parameters = list(model.parameters())

        def step(x: Array, y: Array) -> Any:
            value = loss(y, model(x, training=True))
            value.backward(retain_graph=False)
            optimizer.step(parameters)
            optimizer.zero_grad()
            return value

        made = tg.jit(step) if replay else step
        return lambda: float(made(x, y))

    return program(True), program(False)


def by_hand(task: Task) -> Callable[[], float]:
    """The step as one writes it in NumPy: flat parameters, results written into arrays made beforehand."""
    x, y, weights = data_of(task)
    size = sum(w.size for w in weights)
    flat, gradient, scratch = (np.empty(size, np.float32) for _ in range(3))
    m, v, t = np.zeros(size, np.float32), np.zeros(size, np.float32), [0]
    ws, gs, start = [], [], 0
    for w in weights:
        ws.append(flat[start : start + w.size].reshape(w.shape))
        gs.append(gradient[start : start + w.size].reshape(w.shape))
        ws[-1][...] = w
        start += w.size
    layers = len(weights) // 2
    hs = [np.empty((task.batch, n), np.float32) for n in task.widths[1:]]
    ds = [np.empty_like(h) for h in hs]
    rows = np.arange(task.batch)
    tanh_last = task.activation == "tanh" and task.loss == "mse"

    def step() -> float:
        h = x
        for i in range(layers):
            np.dot(h, ws[2 * i], out=hs[i])
            hs[i] += ws[2 * i + 1]
            if i < layers - 1 or tanh_last:
                np.maximum(hs[i], 0, out=hs[i]) if task.activation == "relu" else np.tanh(hs[i], out=hs[i])
            h = hs[i]
        d = ds[-1]
        if task.loss == "mse":
            np.subtract(h, y, out=d)
            value = float(np.dot(d.ravel(), d.ravel())) / d.size
            d *= 2 / d.size
        else:
            h -= h.max(axis=1, keepdims=True)
            np.exp(h, out=d)
            total = d.sum(axis=1, keepdims=True)
            value = float(np.mean(np.log(total[:, 0]) - h[rows, y]))
            d /= total
            d[rows, y] -= 1
            d /= task.batch
        for i in range(layers - 1, -1, -1):
            d = ds[i]
            if i < layers - 1 or tanh_last:
                d *= (hs[i] > 0) if task.activation == "relu" else 1 - hs[i] * hs[i]
            np.dot((hs[i - 1] if i else x).T, d, out=gs[2 * i])
            d.sum(axis=0, out=gs[2 * i + 1])
            if i:
                np.dot(d, ws[2 * i].T, out=ds[i - 1])
        if task.optimizer == "sgd":
            np.multiply(gradient, task.rate, out=scratch)
        else:
            t[0] += 1
            alpha = task.rate * (1 - 0.999 ** t[0]) ** 0.5 / (1 - 0.9 ** t[0])
            np.subtract(gradient, m, out=scratch)
            np.multiply(scratch, 0.1, out=scratch)
            np.add(m, scratch, out=m)
            np.multiply(gradient, gradient, out=gradient)
            np.subtract(gradient, v, out=gradient)
            np.multiply(gradient, 0.001, out=gradient)
            np.add(v, gradient, out=v)
            np.sqrt(v, out=scratch)
            np.add(scratch, 1e-7, out=scratch)
            np.divide(m, scratch, out=scratch)
            np.multiply(scratch, alpha, out=scratch)
        np.subtract(flat, scratch, out=flat)
        return value

    return step


def torchs(task: Task) -> Callable[[], float]:
    """The step in PyTorch's eager mode."""
    import torch

    x, y, weights = data_of(task)
    given, target = torch.tensor(x), torch.tensor(y)
    kind = torch.nn.ReLU if task.activation == "relu" else torch.nn.Tanh
    blocks: list[Any] = []
    for i, (m, n) in enumerate(zip(task.widths[:-1], task.widths[1:], strict=True)):
        layer = torch.nn.Linear(m, n)
        with torch.no_grad():
            layer.weight.copy_(torch.tensor(weights[2 * i].T))
            layer.bias.copy_(torch.tensor(weights[2 * i + 1]))
        blocks.append(layer)
        if i < len(task.widths) - 2 or (task.activation == "tanh" and task.loss == "mse"):
            blocks.append(kind())
    network = torch.nn.Sequential(*blocks)
    loss: Any = torch.nn.MSELoss() if task.loss == "mse" else torch.nn.CrossEntropyLoss()
    parameters = network.parameters()
    adam = task.optimizer == "adam"
    optimizer: Any = (
        torch.optim.Adam(parameters, task.rate, eps=1e-7) if adam else torch.optim.SGD(parameters, task.rate)
    )

    def step() -> float:
        optimizer.zero_grad()
        value = loss(network(given), target)
        value.backward()
        optimizer.step()
        return float(value.detach())

    return step


def works_of(task: Task) -> dict[str, Work]:
    """Every way of computing the step, held to one another over five steps first."""
    replayed, eager = ours(task)
    works: dict[str, Work] = {"hand-written NumPy": by_hand(task), "tinygrad_loss replay": replayed}
    works["tinygrad_loss eager"] = eager
    if HAS_TORCH:
        works["PyTorch eager"] = torchs(task)
    losses = {name: [work() for _ in range(5)] for name, work in works.items()}
    expected = losses["hand-written NumPy"]
    for name, found in losses.items():
        if not np.allclose(
            found, expected, rtol=1e-2 if name.startswith("PyTorch") else 1e-3
        ):  # its epsilon is another
            raise SystemExit(f"{task.title}: {name} computes {found}, by hand it is {expected}.")
    return works


def main() -> None:
    print(machine("numpy", "torch"))
    for task in TASKS:
        table(task.title, interleaved(works_of(task), rounds=9), "hand-written NumPy")


if __name__ == "__main__":
    main()
