"""The README's table of what is covered, from the registry.

python benchmarks/coverage.py
"""

from __future__ import annotations

from collections import Counter

import tinygrad_loss as tg
from tinygrad_loss.core.registry import functions, ops

FOLLOWS = {
    "elementwise": "both modes from one partial derivative for each input",
    "linear": "forward mode is the op itself, reverse mode its adjoint",
    "bilinear": "two adjoints: matrix products and convolutions",
    "primitive": "a vector-Jacobian product for each input; forward mode given, or that product twice",
    "constant": "no derivative: comparisons, orders, floors",
}


def table() -> str:
    """The table in Markdown."""
    counts = Counter(op.kind for op in ops.values())
    lines = ["| kind of map | ops | what follows from the declaration |", "|---|---|---|"]
    lines += [f"| {kind} | {counts[kind]} | {text} |" for kind, text in FOLLOWS.items()]
    lines.append(f"| all | {len(ops)} | {len(functions)} functions, with those composed of ops |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(f"tinygrad_loss {tg.__version__}\n")
    print(table())
