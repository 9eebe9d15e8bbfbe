"""What one node costs, in microseconds and bytes: measured, kept in a file, compared with it.

The file `overhead.json` holds the figures of one machine. On another one, or a busy one, all microseconds
change together: so they are compared in units of NumPy's own multiplication of two arrays of four.
"""

from __future__ import annotations

import gc
import json
import tracemalloc
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from timing import machine, seconds

import tinygrad_loss as tg
from tinygrad_loss.core.backward import pull_back

FILE = Path(__file__).with_name("overhead.json")
COUNT, ROUNDS = 50, 61  # calls in a row, few enough to be undisturbed; rounds, of which the fastest counts
FOUR, MATRIX, PLACES = np.linspace(0.1, 0.9, 4), np.eye(4) + 0.1, np.arange(4)

OPS: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "multiply by a number, 0-d": (lambda x: x * 1.0001, np.float64(0.5)),
    "multiply by a number": (lambda x: x * 1.0001, FOUR),
    "multiply": (lambda x: x * x, FOUR),
    "add": (lambda x: x + x, FOUR),
    "exp": (tg.exp, FOUR),
    "tanh": (tg.tanh, FOUR),
    "relu": (tg.relu, FOUR),
    "matmul": (lambda x: x @ x, MATRIX),
    "reshape": (lambda x: x.reshape(2, 2), FOUR),
    "transpose": (lambda x: x.T, MATRIX),
    "sum": (lambda x: x.sum(), FOUR),
    "sum over an axis": (lambda x: x.sum(axis=0), MATRIX),
    "a slice": (lambda x: x[1:], FOUR),
    "an index array": (lambda x: x[PLACES], FOUR),
    "where": (lambda x: tg.where(FOUR > 0.5, x, 0.0), FOUR),
    "softmax": (tg.softmax, FOUR),
}
FIGURES = ("forward µs", "no_grad µs", "backward µs", "bytes")


def _forward(op: Callable[[Any], Any], x: Any) -> float:
    return seconds(lambda: op(x), COUNT)


def _backward(op: Callable[[Any], Any], x: Any) -> float:
    """One walk over many results of the same leaf, for each of them: its rule, and adding to the leaf's gradient."""
    nodes = [op(x).node for _ in range(COUNT)]
    gradients = [np.ones_like(node.value) for node in nodes]
    return seconds(lambda: pull_back(nodes, gradients, release=True), 1) / COUNT


def _bytes(op: Callable[[Any], Any], x: Any) -> float:
    """What a recorded call keeps: Tensor, node and value."""
    gc.collect()
    tracemalloc.start()
    held = [None] * COUNT
    before = tracemalloc.get_traced_memory()[0]
    for i in range(COUNT):
        held[i] = op(x)
    after = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return (after - before) / COUNT


def measure() -> dict[str, Any]:
    """All figures, and `reference`: the microseconds of NumPy's multiplication."""
    leaves = {name: tg.Tensor(start, requires_grad=True) for name, (_, start) in OPS.items()}
    times: dict[str, list[list[float]]] = {name: [[], [], []] for name in OPS}
    reference = []
    for _ in range(ROUNDS):
        reference.append(seconds(lambda: np.multiply(FOUR, FOUR), COUNT))
        for name, (op, _) in OPS.items():
            x = leaves[name]
            times[name][0].append(_forward(op, x))
            with tg.no_grad():
                times[name][1].append(_forward(op, x))
            times[name][2].append(_backward(op, x))
    figures = {}
    for name, (op, _) in OPS.items():
        found = [round(min(each) * 1e6, 3) for each in times[name]]
        figures[name] = dict(zip(FIGURES, [*found, round(_bytes(op, leaves[name]))], strict=True))
    return {"reference": round(min(reference) * 1e6, 4), "ops": figures}


def record(found: dict[str, Any]) -> None:
    """Keep these figures as those to compare with."""
    kept = {"date": date.today().isoformat(), "machine": machine("numpy"), **found}
    FILE.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")


def show(found: dict[str, Any]) -> None:
    """Print the figures, and behind each the change since the recorded ones."""
    old = json.loads(FILE.read_text()) if FILE.exists() else None
    print(f"\nOne call on small arrays (fastest of {ROUNDS}; NumPy's multiply here takes {found['reference']:.3f} µs)")
    if old:
        print(f"In brackets the change since {old['date']}, times in units of NumPy's multiply ({old['machine']})")
    print(f"  {'':<26}" + "".join(f"{name:>20}" for name in FIGURES))
    for name, figures in found["ops"].items():
        cells = [_cell(figure, value, name, found, old) for figure, value in figures.items()]
        print(f"  {name:<26}" + "".join(f"{cell:>20}" for cell in cells))


def _cell(figure: str, value: float, name: str, found: dict[str, Any], old: Any) -> str:
    text = f"{value:.0f}" if figure == "bytes" else f"{value:.2f}"
    before = old and old["ops"].get(name, {}).get(figure)
    if not before:
        return text
    scale = 1.0 if figure == "bytes" else old["reference"] / found["reference"]
    return f"{text} ({(value * scale / before - 1) * 100:+.0f} %)"
