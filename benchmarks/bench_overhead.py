"""What the engine costs beyond NumPy: deep small layers and scalar chains, against PyTorch's eager mode.

    python benchmarks/bench_overhead.py

One thread everywhere. Without PyTorch the ratios are to hand-written NumPy only.
"""

from __future__ import annotations

import importlib.util

from timing import Work, interleaved, machine, one_blas_thread, table

one_blas_thread()

import numpy as np

import tinygrad_loss as tg

HAS_TORCH = importlib.util.find_spec("torch") is not None
LAYERS, WIDTH, BATCH, CHAIN = 50, 32, 16, 10_000


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

    works: dict[str, Work] = {"tinygrad_loss layers": layers, "tinygrad_loss ops": ops, "hand-written NumPy": by_hand}
    if HAS_TORCH:
        import torch

        torch.set_num_threads(1)
        blocks = [part for _ in range(LAYERS) for part in (torch.nn.Linear(WIDTH, WIDTH), torch.nn.Tanh())]
        network = torch.nn.Sequential(*blocks)
        given = torch.tensor(x)

        def peer() -> None:
            network(given).mean().backward()
            network.zero_grad()

        works["PyTorch eager"] = peer
    return works


def scalar_chain(shape: tuple[int, ...] = ()) -> dict[str, Work]:
    """`y = y * 1.0001`, ten thousand times, forward and backward, in float64."""

    def ours() -> None:
        y = x = tg.Tensor(np.ones(shape), requires_grad=True)
        for _ in range(CHAIN):
            y = y * 1.0001
        y.sum().backward(retain_graph=False)
        assert x.grad is not None

    works: dict[str, Work] = {"tinygrad_loss": ours}
    if HAS_TORCH:
        import torch

        torch.set_num_threads(1)

        def peer() -> None:
            y = torch.ones(shape, dtype=torch.float64, requires_grad=True)
            for _ in range(CHAIN):
                y = y * 1.0001
            y.sum().backward()

        works["PyTorch eager"] = peer
    return works


def main() -> None:
    print(machine("numpy", "torch"))
    base = "PyTorch eager" if HAS_TORCH else "hand-written NumPy"
    table("50 x Dense(32, tanh), batch 16, float32, forward + backward", interleaved(deep_network()), base)
    for shape in ((), (4,)):
        times = interleaved(scalar_chain(shape), rounds=9)
        table(f"{CHAIN:,} x (y * 1.0001), shape {shape}", times, base if HAS_TORCH else "tinygrad_loss")


if __name__ == "__main__":
    main()
