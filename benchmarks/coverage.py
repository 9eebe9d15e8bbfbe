"""The README's table of what is covered, from the registry.

python benchmarks/coverage.py
python benchmarks/coverage.py --write    (puts it into the README)
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from functools import reduce
from pathlib import Path

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
    built_in = [op for op in ops.values() if not op.info.get("custom")]
    counts = Counter(op.kind for op in built_in)
    public = [name for name in functions if is_public(name) and not (name in ops and ops[name].info.get("custom"))]
    lines = ["| kind of map | ops | what follows from the declaration |", "|---|---|---|"]
    lines += [f"| {kind} | {counts[kind]} | {text} |" for kind, text in FOLLOWS.items()]
    lines.append(f"| all | {len(built_in)} | {len(public)} functions, with those composed of ops |")
    return "\n".join(lines)


def is_public(name: str) -> bool:
    """Whether a user finds the function under that name: `tg.exp`, `tg.linalg.inv`."""
    return reduce(lambda thing, part: getattr(thing, part, None), name.split("."), tg) is not None


def write(readme: Path) -> None:
    """Replace the table in that file."""
    text = readme.read_text(encoding="utf-8")
    pattern = re.compile(r"\| kind of map \|.*?\n(?!\|)", re.DOTALL)
    readme.write_text(pattern.sub(table() + "\n", text, count=1), encoding="utf-8")


if __name__ == "__main__":
    if "--write" in sys.argv:
        write(Path(__file__).parent.parent / "README.md")
    print(f"tinygrad_loss {tg.__version__}\n")
    print(table())
