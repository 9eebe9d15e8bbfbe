"""What a picture shows, before any format: boxes, arrows and a caption, made from walk records."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .walk import EdgeRecord, Graph, NodeRecord
from .wording import describe, memory, norm, number, shape_text

__all__ = ["Arrow", "Box", "View", "view_of"]


@dataclass(slots=True)
class Row:
    """One labelled fact in a box."""

    label: str  # "value", "gradient", ...
    lines: list[str]


@dataclass(slots=True)
class Box:
    """One thing drawn: a node, or a folded layer."""

    id: str
    kind: str  # "leaf", "constant", "op", "output", "layer" or "bypassed"
    title: str
    name: str | None = None
    formula: str = ""
    rows: list[Row] = field(default_factory=list)
    scope: tuple[str, ...] = ()
    heat: float | None = None
    line: str | None = None


@dataclass(slots=True)
class Arrow:
    """One edge drawn, in the direction of the values; its label is what flows back."""

    source: str
    target: str
    label: str = ""
    index: int = 0
    heat: float | None = None
    dashed: bool = False


@dataclass(slots=True)
class View:
    """All that a picture shows."""

    boxes: list[Box]
    arrows: list[Arrow]
    title: str
    notes: list[str] = field(default_factory=list)


def view_of(graph: Graph) -> View:
    """Every node and edge of the graph, in the order of the walk."""
    boxes = [box_of(record, graph) for record in graph.nodes.values()]
    arrows = [
        Arrow(e.source, e.target, flow(graph, e), e.index, dashed=graph.nodes[e.target].kind == "bypassed")
        for e in graph.edges
    ]
    return View(boxes, arrows, title_of(graph), [graph.note] if graph.note else [])


def title_of(graph: Graph) -> str:
    """The caption's first line: of what, and how big."""
    output = graph.nodes[graph.output]
    held = sum(record.held for record in graph.nodes.values())
    return f"{output.name or output.title}: {len(graph.nodes)} nodes, {memory(held)} held"


def box_of(record: NodeRecord, graph: Graph) -> Box:
    """A node's box: its value and gradient, its shape and what it weighs."""
    kind = "output" if record.id == graph.output else record.kind
    formula = record.text("formula") if record.op is not None else ""
    box = Box(record.id, kind, record.title, record.name, formula, scope=record.scope, line=record.line)
    if record.kind == "bypassed":
        box.rows.append(Row("why", ["the loss used its input instead:", "exact where probabilities round to 0"]))
    box.rows.append(Row("value", describe(record.value)))
    if record.gradient is not None:
        box.rows.append(Row("gradient", describe(record.gradient)))
    if record.stored is not None:
        box.rows.append(Row(".grad", describe(record.stored)))
    box.rows.append(Row("shape", [f"{shape_text(record.value)} · {memory(record.held)}"]))
    return box


def flow(graph: Graph, edge: EdgeRecord) -> str:
    """What flows back along an edge: "2.0 × 3.0 = 6.0" for numbers, the norm and the gain for arrays."""
    if edge.contribution is None:
        return ""
    if np.size(edge.contribution) == 1 and np.size(edge.upstream) == 1 and not isinstance(edge.upstream, tuple):
        factor = graph.local(edge)
        if factor is not None:
            return " ".join(
                (number(_only(edge.upstream)), "×", number(_only(factor)), "=", number(_only(edge.contribution)))
            )
    upstream, flowing = norm(edge.upstream), norm(edge.contribution)
    gain = f" gain {number(flowing / upstream)}" if upstream else ""
    return f"‖{number(flowing)}‖{gain}"


def _only(value: Any) -> Any:
    """The one element of an array."""
    return np.ravel(value)[0]
