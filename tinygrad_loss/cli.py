"""The command line: `tinygrad-loss demo`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from .demo import run_demo
from .errors import TinygradLossError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status: 0 for success, 1 for an error that was explained."""
    parser = argparse.ArgumentParser(prog="tinygrad-loss", description="A reverse-mode autograd engine on NumPy.")
    commands = parser.add_subparsers(dest="command", required=True)
    demo = commands.add_parser("demo", help="train on real digits with the three optimizers and draw the gradients")
    demo.add_argument("--folder", default=".", help="where the pictures are written (default: here)")
    options = parser.parse_args(arguments)
    try:
        run_demo(options.folder)
    except TinygradLossError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0
