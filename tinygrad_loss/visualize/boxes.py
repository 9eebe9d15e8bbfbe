"""Boxes and arrows of single nodes and edges: which facts stand on them, in words."""

from __future__ import annotations

import textwrap
from typing import Any

import numpy as np

from .badges import Badge
from .drawn import Arrow, Box, Row
from .heat import gain
from .walk import EdgeRecord, Graph, NodeRecord
from .wording import brief, describe, memory, norm, number, shape_text

__all__ = ["arrow_of", "box_of", "check_rows", "flow", "gain_text"]

CODE = 48  # characters in a line of a program


def box_of(record: NodeRecord, graph: Graph, details: bool = True) -> Box:
    """A node's box: its value and gradient, its shape and what it weighs; without details a line for each."""
    kind = "output" if record.id == graph.output else record.kind
    formula = record.text("formula") if details else ""
    box = Box(record.id, kind, record.title, record.name, formula, scope=record.scope, line=record.line)
    number_alone = not isinstance(record.value, tuple) and record.value is not None and np.size(record.value) == 1
    if record.kind == "constant" and record.name is None and number_alone:
        box.title = brief(record.value)  # a number in the program: the number says it all
        return box
    box.rows += [Row(label, textwrap.wrap(text, CODE)) for label, text in record.facts.items() if text]
    if record.kind == "bypassed":
        box.rows.append(Row("why", ["the loss used its input instead:", "exact where probabilities round to 0"]))
    words = describe if details else _in_brief
    if record.value is not None and (details or record.gradient is None):
        box.rows.append(Row("value", words(record.value)))
    if record.gradient is not None:
        box.rows.append(Row("gradient", words(record.gradient)))
    if record.stored is not None:
        box.rows.append(Row(".grad", words(record.stored)))
    if record.value is not None and details:
        box.rows.append(Row("shape", [f"{shape_text(record.value)} · {memory(record.held)}"]))
    return box


def _in_brief(value: Any) -> list[str]:
    return [brief(value)]


def check_rows(badge: Badge | None, width: int = 44) -> list[Row]:
    """What a check has to say besides its tick or cross."""
    if badge is None or not badge.lines:
        return []
    return [Row("check", [part for line in badge.lines for part in textwrap.wrap(line, width)])]


def arrow_of(graph: Graph, edge: EdgeRecord) -> Arrow:
    """The arrow of one edge."""
    target = graph.nodes[edge.target]
    argument = edge.argument if len(target.inputs) > 1 else ""
    return Arrow(edge.source, edge.target, flow(graph, edge), edge.index, argument, target.kind == "bypassed")


def flow(graph: Graph, edge: EdgeRecord) -> str:
    """What flows back along an edge: "2.0 × 3.0 = 6.0" for numbers; norm, gain and shape for arrays."""
    if edge.contribution is None:
        return ""
    if np.size(edge.contribution) == 1 and np.size(edge.upstream) == 1 and not isinstance(edge.upstream, tuple):
        factor = graph.local(edge)
        if factor is not None:
            received, local, passed_on = (
                number(np.ravel(each)[0]) for each in (edge.upstream, factor, edge.contribution)
            )
            return f"{received} × {local} = {passed_on}"
    return f"{gain_text(norm(edge.contribution), norm(edge.upstream))}\n{shape_text(edge.contribution, dtype=False)}"


def gain_text(passed_on: float, received: float) -> str:
    """The norm of what flows, and its gain over what was received, where that is a number."""
    factor = gain(passed_on, received)
    return f"norm {number(passed_on)}" + ("" if factor is None else f" · gain {number(factor)}")
