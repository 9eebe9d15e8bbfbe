"""What the engine costs beyond NumPy: deep small layers and scalar chains, against PyTorch's eager mode.

    python benchmarks/bench_overhead.py [--cpu] [--record]

What one call of an op costs is compared with benchmarks/overhead.json; --record writes that file anew.
On a busy machine --cpu takes the processor's time instead of the wall clock's.
One thread everywhere. Without PyTorch the ratios are to hand-written NumPy only.
"""

from __future__ import annotations

import importlib.util
import statistics
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from timing import Work, interleaved, machine, one_blas_thread, table

one_blas_thread()

import numpy as np
import per_op

import tinygrad_loss as tg

HAS_TORCH = importlib.util.find_spec("torch") is not None
LAYERS, WIDTH, BATCH, CHAIN = 50, 32, 16, 10_000
HAND, PEER = "hand-written NumPy", "PyTorch eager"


def deep_network() -> dict[str, Work]:
    """Forward and backward through fifty Dense(32, tanh) layers at batch 16, gradients of all weights."""
    random = np.random.default_rng(0)
    weights = [random.normal(size=(WIDTH, WIDTH)).astype(np.float32) * 0.2 for _ in range(LAYERS)]
    biases = [np.zeros(WIDTH, np.float32) for _ in range(LAYERS)]
    x = random.normal(size=(BATCH, WIDTH)).astype(np.float32)

    model = tg.Sequential([tg.layers.Dense(WIDTH, activation="tanh") for _ in range(LAYERS)])
    model(x)
    model.set_weights([array for pair in zip(weights, biases, strict=True) for array in pair])
    parameters = list(model.parameters())
    bare = [tg.Tensor(w, requires_grad=True) for w in weights], [tg.Tensor(b, requires_grad=True) for b in biases]
    start = tg.Tensor(x)

    def layers() -> None:
        model(x, training=True).mean().backward(retain_graph=False)
        for parameter in parameters:
            parameter.grad = None

    def ops() -> None:
        h = start
        for w, b in zip(*bare, strict=True):
            h = tg.tanh(tg.affine(h, w, b))
        h.mean().backward(retain_graph=False)
        for leaf in (*bare[0], *bare[1]):
            leaf.grad = None

    def by_hand() -> list[tuple[np.ndarray, np.ndarray]]:
        values = [x]
        for w, b in zip(weights, biases, strict=True):
            values.append(np.tanh(values[-1] @ w + b))
        g = np.full((BATCH, WIDTH), 1 / (BATCH * WIDTH), np.float32)
        gradients = []
        for i in range(LAYERS - 1, -1, -1):
            y = values[i + 1]
            g = g * (1 - y * y)
            gradients.append((values[i].T @ g, g.sum(axis=0)))
            g = g @ weights[i].T
        return gradients

    works: dict[str, Work] = {"tinygrad_loss layers": layers, "tinygrad_loss ops": ops, HAND: by_hand}
    if HAS_TORCH:
        import torch

        torch.set_num_threads(1)
        blocks = [part for _ in range(LAYERS) for part in (torch.nn.Linear(WIDTH, WIDTH), torch.nn.Tanh())]
        network = torch.nn.Sequential(*blocks)
        given = torch.tensor(x)

        def peer() -> None:
            network(given).mean().backward()
            network.zero_grad()

        works[PEER] = peer
    return works


def scalar_chain(shape: tuple[int, ...] = ()) -> dict[str, Work]:
    """`y = y * 1.0001`, ten thousand times, forward and backward, in float64."""

    def ours() -> None:
        y = x = tg.Tensor(np.ones(shape), requires_grad=True)
        for _ in range(CHAIN):
            y = y * 1.0001
        y.sum().backward(retain_graph=False)
        assert x.grad is not None

    def by_hand() -> Any:
        y = np.ones(shape)[()]
        for _ in range(CHAIN):
            y = y * 1.0001
        g = np.ones(shape)[()]
        for _ in range(CHAIN):
            g = g * 1.0001
        return y, g

    works: dict[str, Work] = {"tinygrad_loss": ours, HAND: by_hand}
    if HAS_TORCH:
        import torch

        torch.set_num_threads(1)

        def peer() -> None:
            y = torch.ones(shape, dtype=torch.float64, requires_grad=True)
            for _ in range(CHAIN):
                y = y * 1.0001
            y.sum().backward()

        works[PEER] = peer
    return works


MOONS, WIDTHS = 100, [2, 16, 16, 1]  # micrograd's own demonstration


def micrograd_network() -> dict[str, Work]:
    """Micrograd's demonstration: 2-16-16-1 relu on 100 points, hinge loss; forward and backward.

    As arrays is how one writes it here; with a Tensor for each number it is micrograd's own program, neuron by neuron.
    """
    random = np.random.default_rng(0)
    x, y = random.normal(size=(MOONS, 2)), random.choice([-1.0, 1.0], size=(MOONS, 1))
    pairs = list(pairwise(WIDTHS))
    weights = [(random.uniform(-1, 1, size=(m, n)), np.zeros(n)) for m, n in pairs]
    leaves = [(tg.Tensor(w, requires_grad=True), tg.Tensor(b, requires_grad=True)) for w, b in weights]

    def arrays() -> Any:
        h: Any = x
        for i, (w, b) in enumerate(leaves):
            h = tg.affine(h, w, b)
            h = tg.relu(h) if i < len(leaves) - 1 else h
        loss = tg.relu(1 - y * h).mean()
        loss.backward(retain_graph=False)
        for w, b in leaves:
            w.grad = b.grad = None
        return loss

    def neurons(number: Any, points: int) -> Callable[[], Any]:
        cells = [
            [([number(v) for v in w[:, j]], number(b[j])) for j in range(w.shape[1])] for w, b in weights
        ]  # one for each neuron of each layer

        def work() -> Any:
            total: Any = 0.0
            for row, target in zip(x[:points], y[:points, 0], strict=True):
                h: list[Any] = [float(v) for v in row]
                for i, layer in enumerate(cells):
                    sums = [sum((w * v for w, v in zip(ws, h, strict=True)), b) for ws, b in layer]
                    h = [s.relu() for s in sums] if i < len(cells) - 1 else sums
                total = total + (1 + -float(target) * h[0]).relu()
            loss = total * (1 / points)
            loss.backward()
            for layer in cells:
                for ws, b in layer:
                    for each in (*ws, b):
                        each.grad = cleared
            return loss

        cleared = 0 if number is not leaf else None
        return work

    def leaf(value: float) -> Any:
        return tg.Tensor(float(value), requires_grad=True)

    works: dict[str, Work] = {"tinygrad_loss, arrays": arrays, "tinygrad_loss, a Tensor each": neurons(leaf, MOONS)}
    works["tinygrad_loss, arrays, replay"] = tg.jit(arrays)
    losses: dict[str, Any] = {name: float(work()) for name, work in works.items()}
    if importlib.util.find_spec("micrograd") is not None:
        from micrograd.engine import Value

        works["micrograd"] = scalars = neurons(lambda v: Value(float(v)), MOONS)
        losses["micrograd"] = scalars().data
    assert np.allclose(list(losses.values()), losses["tinygrad_loss, arrays"]), losses
    return works


def inference() -> dict[str, Work]:
    """Forward alone through the fifty layers: recorded, under no_grad, and by hand."""
    random = np.random.default_rng(0)
    weights = [random.normal(size=(WIDTH, WIDTH)).astype(np.float32) * 0.2 for _ in range(LAYERS)]
    bias, x = np.zeros(WIDTH, np.float32), random.normal(size=(BATCH, WIDTH)).astype(np.float32)
    leaves = [tg.Tensor(w, requires_grad=True) for w in weights]
    bias_leaf, start = tg.Tensor(bias, requires_grad=True), tg.Tensor(x)

    def recorded() -> Any:
        h = start
        for w in leaves:
            h = tg.tanh(tg.affine(h, w, bias_leaf))
        return h

    def unrecorded() -> Any:
        with tg.no_grad():
            return recorded()

    def by_hand() -> Any:
        h = x
        for w in weights:
            h = np.tanh(h @ w + bias)
        return h

    works: dict[str, Work] = {"recorded": recorded, "no_grad": unrecorded, HAND: by_hand}
    if HAS_TORCH:
        import torch

        torch.set_num_threads(1)
        given = [torch.tensor(w) for w in weights]
        first, zero = torch.tensor(x), torch.tensor(bias)

        def peer() -> Any:
            with torch.no_grad():
                h = first
                for w in given:
                    h = torch.tanh(torch.addmm(zero, h, w))
                return h

        works["PyTorch no_grad"] = peer
    return works


def overhead(times: dict[str, list[float]]) -> None:
    """Print what an engine adds to the hand-written program, as a ratio to what PyTorch adds to it."""
    if PEER in times:
        bare = statistics.median(times[HAND])
        peer = statistics.median(times[PEER]) - bare
        found = {name: (statistics.median(each) - bare) / peer for name, each in times.items() if "tinygrad" in name}
        print("  beyond the hand-written program: " + ", ".join(f"{n} {r:.2f} of {PEER}" for n, r in found.items()))


def main() -> None:
    clock = time.process_time if "--cpu" in sys.argv else time.perf_counter
    print(machine("numpy", "torch"))
    base = PEER if HAS_TORCH else HAND
    times = interleaved(deep_network(), clock=clock)
    table("50 x Dense(32, tanh), batch 16, float32, forward + backward", times, base)
    overhead(times)
    for shape in ((), (4,)):
        times = interleaved(scalar_chain(shape), rounds=9, clock=clock)
        table(f"{CHAIN:,} x (y * 1.0001), shape {shape}", times, base)
        overhead(times)
    scalars = interleaved(micrograd_network(), rounds=7, clock=clock)
    slow = "micrograd" if "micrograd" in scalars else "tinygrad_loss, a Tensor each"
    table("micrograd's demonstration, 2-16-16-1 on 100 points, forward + backward", scalars, slow)
    table("forward alone, 50 x tanh(affine)", interleaved(inference(), clock=clock), HAND)
    found = per_op.measure()
    per_op.show(found)
    if "--record" in sys.argv:
        per_op.record(found)


if __name__ == "__main__":
    main()
