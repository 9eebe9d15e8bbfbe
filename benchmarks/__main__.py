"""All workloads of all families: `python -m benchmarks`, from the repository's root.

Prints the table of ratios to the best hand-written NumPy step; a run of everything also writes it to
benchmarks/results.md and draws it in benchmarks/results.svg (another place: --output).
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))  # the files here import one another by their plain names, as when one runs alone

from report import markdown, picture, ratios  # noqa: E402
from suite import Plan, Row, main  # noqa: E402

FAMILIES = ("dense", "convolution", "transformer", "hessians")


def options() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", metavar="W1,W2", help="workloads; all by default")
    parser.add_argument(
        "--contenders", metavar="NAME,...", help="whose names contain one of these, beside the hand-written"
    )
    parser.add_argument("--rounds", type=int, help="rounds in turns (21)")
    parser.add_argument("--budget", type=float, help="seconds of each contender in each round (0.05)")
    parser.add_argument("--threads", type=int, default=2, choices=(1, 2), help="cores and threads of each (2)")
    parser.add_argument(
        "--clock", default="wall", choices=("wall", "cpu"), help="cpu: on a busy machine, with one thread (wall)"
    )
    parser.add_argument("--quick", action="store_true", help="three short rounds, memory of processes only")
    parser.add_argument("--output", type=Path, metavar="PATH", help="write PATH.md and PATH.svg")
    parser.add_argument(
        "--python", action="append", default=[], metavar="MODULE=PATH", help="another interpreter for who needs MODULE"
    )
    return parser.parse_args()


def load() -> float:
    """How busy the machine is."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0


def run() -> None:
    """Measure, print, write, draw."""
    given = options()
    plan = Plan(
        rounds=given.rounds or (3 if given.quick else 21),
        budget=given.budget or (0.02 if given.quick else 0.05),
        threads=given.threads,
        clock=given.clock,
        pythons=dict(each.split("=", 1) for each in given.python),
        memory=not given.quick,
    )
    os.environ["BENCHMARK_CLOCK"] = plan.clock  # the children inherit it
    only, names = (text.split(",") if text else [] for text in (given.only, given.contenders))
    whole = not (only or names or given.quick)
    output = given.output or (HERE / "results" if whole else None)
    before, rows = load(), list[Row]()
    for family in FAMILIES:
        for row in main(family, only, names, plan):
            rows = sorted([*rows, row], key=lambda row: row.workload)
            if output is not None:  # row by row, since a run takes long
                output.with_suffix(".md").write_text(markdown(rows, plan, (before, load())))
                output.with_suffix(".svg").write_text(picture(rows))
    print("\n" + ratios(rows))


if __name__ == "__main__":
    run()
