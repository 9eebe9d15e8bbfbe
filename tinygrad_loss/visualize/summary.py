"""A graph too large to be read as a picture, in three boxes: what goes in, what is done, what comes out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from .boxes import box_of
from .drawn import Arrow, Box, Row, View
from .walk import Graph, NodeRecord
from .wording import memory, norm, number, shape_text

__all__ = ["summary_of"]

ROWS = 12  # of the most frequent ops, of the leaves with the largest gradients
BINS = 40
STEPS = "▁▂▃▄▅▆▇█"


def summary_of(graph: Graph, shown: Sequence[str], title: str) -> View:
    """The leaves with the largest gradients, the ops with their number and memory, and the output."""
    records = [graph.nodes[identity] for identity in shown]
    leaves = [record for record in records if record.kind == "leaf"]
    ops = [record for record in records if record.kind == "op"]
    norms = {record.id: norm(record.gradient) for record in records if record.gradient is not None}
    first = Box("leaves", "summary", f"{len(leaves):,} {'leaf' if len(leaves) == 1 else 'leaves'}")
    first.rows = _leaf_rows(leaves, norms)
    middle = Box("ops", "summary", f"{len(ops):,} ops")
    middle.rows = [*_op_rows(ops, norms), *_profile(graph, norms)]
    last = box_of(graph.nodes[graph.output], graph)
    boxes = [first, middle, last]
    return View(boxes, [Arrow(a.id, b.id) for a, b in pairwise(boxes)], title)


def _leaf_rows(leaves: list[NodeRecord], norms: dict[str, float]) -> list[Row]:
    """The leaves with the largest gradients; NaN counts as the largest."""
    sizes = [(norms.get(record.id, 0.0), record) for record in leaves]
    sizes.sort(key=lambda pair: -math.inf if math.isnan(pair[0]) else -pair[0])
    rows = [
        Row(record.name or record.id, [f"gradient {number(size)} · {shape_text(record.value)}"])
        for size, record in sizes[:ROWS]
    ]
    return rows + _rest(len(leaves))


def _op_rows(ops: list[NodeRecord], norms: dict[str, float]) -> list[Row]:
    kinds: dict[str, list[NodeRecord]] = {}
    for record in ops:
        kinds.setdefault(record.title, []).append(record)
    order = sorted(kinds.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    rows = []
    for title, records in order[:ROWS]:
        sizes = [norms[record.id] for record in records if record.id in norms]
        held = memory(sum(record.held for record in records))
        span = f" · gradient {_span(sizes)}" if sizes else ""
        rows.append(Row(title, [f"{len(records):,} · {held}{span}"]))
    return rows + _rest(len(order))


def _rest(count: int) -> list[Row]:
    return [Row("", [f"and {count - ROWS:,} more"])] if count > ROWS else []


def _span(sizes: list[float]) -> str:
    """The least and the greatest of some norms."""
    low, high = min(sizes), max(sizes)
    return number(low) if low == high else f"{number(low)} … {number(high)}"


def _profile(graph: Graph, norms: dict[str, float]) -> list[Row]:
    """How the gradient's norm changes on its way back, as bars of its logarithm: medians of equal shares."""
    passed = [norms[each] for each in graph.backward if each in norms and graph.nodes[each].kind == "op"]
    if len(passed) < BINS:
        return []
    medians = [float(np.median(part)) for part in np.array_split(np.asarray(passed), BINS)]
    positive = [math.log10(x) for x in medians if 0 < x < math.inf]
    if not positive:
        return []
    low, high = min(positive), max(positive)
    bars = "".join(_bar(x, low, high) for x in medians)
    return [Row("on the way back", [bars, f"from {number(medians[0])} at the output to {number(medians[-1])}"])]


def _bar(x: float, low: float, high: float) -> str:
    if not math.isfinite(x):
        return "!"
    if x == 0:
        return " "
    share = (math.log10(x) - low) / (high - low) if high > low else 1.0
    return STEPS[round(share * (len(STEPS) - 1))]
