"""The measured rows as Markdown and as a picture."""

from __future__ import annotations

import math
import os
import platform
import re
import statistics
import sys
from datetime import date
from html import escape
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from suite import Plan, Row

PACKAGES = "numpy torch jax tensorflow tensorflow-cpu keras autograd mygrad tinygrad".split()


def versions() -> str:
    """Python and the packages that took part."""
    found = [f"Python {platform.python_version()}"]
    for name in PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return ", ".join(found)


def processor() -> str:
    """What the system calls its processor."""
    try:
        named = re.search(r"model name\s*:\s*(.*)", Path("/proc/cpuinfo").read_text())
        return named[1] if named else platform.machine()
    except OSError:
        return platform.processor() or platform.machine()


def blas() -> str:
    """The BLAS that NumPy was built with."""
    import numpy as np

    found: Any = np.show_config(mode="dicts")
    built = found.get("Build Dependencies", {}).get("blas", {})
    return f"{built.get('name', 'BLAS unknown')} {built.get('version', '')}".strip()


def conditions(plan: Plan, load: tuple[float, float]) -> str:
    """Under what all this was measured."""
    return (
        f"{date.today().isoformat()}; {processor()}, {os.cpu_count()} cores, {sys.platform}; {versions()}; {blas()}. "
        f"Every contender is a process of its own on {plan.threads} cores, with at most {plan.threads} threads (BLAS "
        f"threads of the hand-written steps as their names say); medians of {plan.rounds} rounds in turns, by the "
        f"{'wall clock' if plan.clock == 'wall' else 'time of the processor'}; load "
        f"average {load[0]:.1f} before, {load[1]:.1f} after."
    )


def columns(rows: list[Row]) -> list[str]:
    """All contenders but the hand-written ones, in the order of the rows."""
    found: dict[str, None] = {}
    for row in rows:
        found |= dict.fromkeys([*row.results, *row.failed])
    return [name for name in found if not name.startswith("hand")]


def time_of(seconds: float) -> str:
    """A time in a unit that suits it."""
    return f"{seconds * 1e6:.1f} µs" if seconds < 1e-3 else f"{seconds * 1e3:.1f} ms"


def number(value: float) -> str:
    """Three digits."""
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:,.0f}"


def _table(head: list[str], lines: list[list[str]]) -> str:
    cells = [head, ["---"] * len(head), *lines]
    return "\n".join("| " + " | ".join(line) + " |" for line in cells)


def _median(row: Row, name: str) -> float:
    return statistics.median(row.results[name].seconds)


def ratios(rows: list[Row]) -> str:
    """Times over the best hand-written program's."""
    names, lines = columns(rows), []
    for row in rows:
        label = f"{row.workload} ({row.base}: {time_of(_median(row, row.base))})"
        lines.append([label] + [number(row.ratio(name)) if name in row.results else "–" for name in names])
    return _table(["Workload (hand-written = 1.00)", *names], lines)


def hands(rows: list[Row]) -> str:
    """The hand-written programs against the best of them."""
    names = [name for name in dict.fromkeys(name for row in rows for name in row.results) if name.startswith("hand")]
    lines = [[row.workload] + [number(row.ratio(n)) if n in row.results else "–" for n in names] for row in rows]
    return _table(["Workload", *names], lines)


def firsts(rows: list[Row]) -> str:
    """The first step of each: where it is captured or compiled."""
    names = columns(rows)
    lines = []
    for row in rows:
        found = [f"{row.results[name].first * 1e3:,.0f}" if name in row.results else "–" for name in names]
        lines.append([row.workload, *found])
    return _table(["First step, ms", *names], lines)


def memories(rows: list[Row]) -> str:
    """Peaks of the processes, and what NumPy's programs hold in steady state."""
    names = columns(rows)
    traced = [name for name in names if any(row.results[name].traced for row in rows if name in row.results)]
    lines = []
    for row in rows:
        base = row.results[row.base]
        line = [row.workload, *(f"{result.peak:,.0f}" for result in [base])]
        line += [f"{row.results[name].peak:,.0f}" if name in row.results else "–" for name in names]
        steady = [row.results[name].traced if name in row.results else None for name in traced]
        lines.append(line + [f"{value:.1f}" if value is not None else "–" for value in (base.traced, *steady)])
    return _table(["Memory, MB", "hand", *names, "steady: hand", *(f"steady: {name}" for name in traced)], lines)


def markdown(rows: list[Row], plan: Plan, load: tuple[float, float]) -> str:
    """The whole report."""
    titles = "\n".join(f"- {row.workload}: {row.title}" for row in rows)
    failed = [f"- {row.workload}, {name}: {why[:200]}" for row in rows for name, why in row.failed.items()]
    parts = [
        "# Whole training steps: forward, loss, backward, update",
        conditions(plan, load),
        titles,
        "Time of a step over that of the best hand-written NumPy step in the same round; lower is better.",
        ratios(rows),
        "The hand-written steps among themselves.",
        hands(rows),
        "The first step, with what is captured or compiled in it.",
        firsts(rows),
        "Memory: the peak of the process from just before the workload was made until the last step, capture and "
        "compilation included, beyond what was held before; and, of NumPy's programs, what a step in steady state "
        "holds at most (seen by tracemalloc).",
        memories(rows),
    ]
    if failed:
        parts += ["Left out:", "\n".join(failed)]
    return "\n\n".join(parts) + "\n"


COLORS = "#d62728 #9467bd #1f77b4 #17becf #2ca02c #bcbd22 #ff7f0e #8c564b #e377c2 #7f7f7f #5254a3".split()
LEFT, TOP, LINE, WIDTH = 130, 70, 44, 900


def picture(rows: list[Row]) -> str:
    """An SVG: a line for each workload, a mark for each contender at its ratio, on a logarithmic scale."""
    names = columns(rows)
    found = [row.ratio(name) for row in rows for name in names if name in row.results]
    low, high = math.log10(min([0.8, *found])) - 0.05, math.log10(max([2.0, *found])) + 0.05
    bottom = TOP + LINE * len(rows)

    def place(ratio: float) -> float:
        return LEFT + (WIDTH - LEFT - 30) * (math.log10(ratio) - low) / (high - low)

    out = []
    ticks = [m * 10.0**e for e in range(-1, 5) for m in (1, 2, 5) if low <= math.log10(m * 10.0**e) <= high]
    for tick in ticks:
        x = place(tick)
        out.append(
            f'<line class="{"one" if tick == 1 else "grid"}" x1="{x:.1f}" y1="{TOP - 10}" x2="{x:.1f}" y2="{bottom}"/>'
        )
        out.append(f'<text x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{tick:g}</text>')
    for i, row in enumerate(rows):
        y = TOP + LINE * i + LINE / 2
        out.append(f'<text x="{LEFT - 12}" y="{y + 4}" text-anchor="end">{escape(row.workload)}</text>')
        for j, name in enumerate(names):
            if name in row.results:
                ratio, up = row.ratio(name), (j - (len(names) - 1) / 2) * 2.6
                said = escape(f"{row.workload}, {name}: {number(ratio)}")
                fill = COLORS[j % len(COLORS)]
                size = 7 if name == "tinygrad_loss replay" else 5
                mark = f'<circle cx="{place(ratio):.1f}" cy="{y + up:.1f}" r="{size}" fill="{fill}">'
                out.append(f"{mark}<title>{said}</title></circle>")
    for j, name in enumerate(names):
        x, y = 20 + 175 * (j % 5), 18 + 20 * (j // 5)
        out.append(f'<circle cx="{x}" cy="{y}" r="5" fill="{COLORS[j % len(COLORS)]}"/>')
        out.append(f'<text x="{x + 10}" y="{y + 4}">{escape(name)}</text>')
    axis = "time of a step / best hand-written NumPy step"
    out.append(f'<text x="{WIDTH / 2}" y="{bottom + 40}" text-anchor="middle">{axis}</text>')
    style = (
        "text{font:12px sans-serif;fill:#222}.grid{stroke:#ddd}.one{stroke:#222;stroke-width:1.5}.back{fill:#fff}"
        "@media(prefers-color-scheme:dark){text{fill:#ddd}.grid{stroke:#444}.one{stroke:#ddd}.back{fill:#161616}}"
    )
    height = bottom + 56
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}">'
        f"<title>Training steps against hand-written NumPy</title><style>{style}</style>"
        f'<rect class="back" width="{WIDTH}" height="{height}"/>' + "".join(out) + "</svg>\n"
    )
