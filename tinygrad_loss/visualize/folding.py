"""Layers folded into one box each: who goes into which box, and what the boxes and the arrows between them say."""

from __future__ import annotations

import math
import textwrap
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from .boxes import gain_text
from .drawn import Arrow, Box, Row
from .heat import gain
from .walk import EdgeRecord, Graph, NodeRecord
from .wording import brief, describe, memory, norm, number, shape_text

__all__ = ["Layer", "arrow_between", "deepest", "homes", "in_order", "layers_of"]


def homes(graph: Graph, shown: Sequence[str], depth: int | None) -> dict[str, str]:
    """Which box each node is drawn in: its own, or that of the call of the layer it was made in.

    Layers nested deeper than `depth` are folded. The nodes of one call follow each other in the order of
    their making, so that a layer called twice is two boxes, and no boxes lead to each other in a circle.
    """
    home = {identity: identity for identity in shown}
    if depth is None:
        return home
    ops = [graph.nodes[identity] for identity in shown if graph.nodes[identity].op is not None]
    before: tuple[str, ...] = ()
    box, folds = "", set()
    for record in sorted(ops, key=lambda record: record.made):
        layer = record.scope[: depth + 1] if len(record.scope) > depth else ()
        if layer:
            box = box if layer == before else f"layer_{record.id}"
            home[record.id] = box
            folds.add(box)
        before = layer
    users: dict[str, set[str]] = {}
    for edge in graph.edges:
        if edge.source in home and edge.target in home:
            users.setdefault(edge.source, set()).add(home[edge.target])
    for identity in shown:  # a parameter goes where its one user is; a shared one stays outside
        record, targets = graph.nodes[identity], users.get(identity, set())
        if record.op is None and len(record.scope) > depth and len(targets) == 1 and targets <= folds:
            home[identity] = next(iter(targets))
    return home


def deepest(graph: Graph, shown: Sequence[str]) -> int:
    """How deep layers are nested in the part shown."""
    return max((len(graph.nodes[identity].scope) for identity in shown), default=0)


class Layer:
    """One call of a layer, folded."""

    def __init__(self, graph: Graph, identity: str, members: list[NodeRecord], depth: int) -> None:
        self.graph = graph
        self.id = identity
        self.members = members
        self.scope = next(record.scope for record in members if record.op is not None)[: depth + 1]
        self.title = self.scope[-1]
        self.outputs: list[NodeRecord] = []  # what is used outside, or is the output of the whole graph

    def box(self, details: bool = True) -> Box:
        """The box: what happens inside, its result, and what it weighs."""
        inside = {record.id for record in self.members}
        kind = "output" if self.graph.output in inside else "layer"
        box = Box(self.id, kind, self.title, scope=self.scope[:-1])
        leaves = [record for record in self.members if record.kind == "leaf"]
        if details:
            box.rows.append(Row("ops", textwrap.wrap(_counted(self.members), 34)))
            values = [output.value for output in self.outputs if output.value is not None]
            box.rows += [Row("value", self._words(value)) for value in values]
        for output in self.outputs:
            if output.gradient is not None:
                box.rows.append(Row("gradient", self._words(output.gradient, details)))
        if leaves:
            size = math.hypot(*(norm(record.gradient) for record in leaves if record.gradient is not None))
            numbers = sum(np.size(record.value) for record in leaves)
            if details:
                box.rows.append(Row("parameters", [f"{numbers:,} in {len(leaves)} array{'s' * (len(leaves) > 1)}"]))
            box.rows.append(Row("their gradient" if details else "of parameters", [f"norm {number(size)}"]))
        if details:
            held = memory(sum(record.held for record in self.members))
            shapes = " and ".join(shape_text(output.value) for output in self.outputs if output.value is not None)
            box.rows.append(Row("shape", [f"{shapes} · {held}" if shapes else held]))
        return box

    def _words(self, value: Any, details: bool = True) -> list[str]:
        """A value in full where it is the only one, else in brief."""
        return describe(value) if details and len(self.outputs) == 1 else [brief(value)]

    def received(self) -> float:
        """The norm of the gradients at its outputs."""
        return math.hypot(*(norm(output.gradient) for output in self.outputs if output.gradient is not None))

    def heat(self, kind: str, entering: Iterable[EdgeRecord]) -> float | None:
        """As of a node: the norm at its outputs, or what it passes on to other ops over that."""
        if not any(output.gradient is not None for output in self.outputs):
            return None
        if kind == "gradient":
            return self.received()
        flowing = [edge for edge in entering if edge.contribution is not None]
        onward = [edge for edge in flowing if self.graph.nodes[edge.source].kind == "op"] or flowing
        return gain(_together(onward), self.received()) if onward else None


def _counted(members: list[NodeRecord]) -> str:
    """The ops inside: "3 × affine, 2 × tanh"."""
    counts = Counter(record.title for record in members if record.kind == "op")
    words = [title if count == 1 else f"{count} × {title}" for title, count in counts.most_common(6)]
    return ", ".join(words) + (f" and {len(counts) - 6} other ops" if len(counts) > 6 else "")


def layers_of(graph: Graph, home: dict[str, str], depth: int | None) -> dict[str, Layer]:
    """The folded layers by the ids of their boxes; calls of the same layer are numbered."""
    members: dict[str, list[NodeRecord]] = {}
    for identity, box in home.items():
        if box != identity:
            members.setdefault(box, []).append(graph.nodes[identity])
    layers = {box: Layer(graph, box, records, depth or 0) for box, records in members.items()}
    calls: dict[tuple[str, ...], list[Layer]] = {}
    for layer in layers.values():
        calls.setdefault(layer.scope, []).append(layer)
    for several in calls.values():
        if len(several) > 1:
            for number, layer in enumerate(several, 1):
                layer.title += f" · call {number}"
    used_outside = {edge.source for edge in graph.edges if home.get(edge.target) != home.get(edge.source)}
    for layer in layers.values():
        layer.outputs = [
            record
            for record in layer.members
            if record.kind == "op" and (record.id in used_outside or record.id == graph.output)
        ]
    return layers


def arrow_between(graph: Graph, ends: tuple[str, str], edges: list[EdgeRecord], layers: dict[str, Layer]) -> Arrow:
    """The arrow for all the edges from one box to another, of which at least one is a layer."""
    source, target = ends
    flowing = [edge for edge in edges if edge.contribution is not None]
    dashed = all(graph.nodes[edge.target].kind == "bypassed" for edge in edges)
    if not flowing:
        return Arrow(source, target, dashed=dashed)
    received = layers[target].received() if target in layers else norm(flowing[0].upstream)
    sources = {edge.source for edge in flowing}
    shape = shape_text(flowing[0].contribution, dtype=False) if len(sources) == 1 else f"{len(sources)} arrays"
    return Arrow(source, target, f"{gain_text(_together(flowing), received)}\n{shape}")


def _together(edges: Iterable[EdgeRecord]) -> float:
    """The norm of what flows along several edges: contributions to the same value add up first."""
    flows: dict[str, list[Any]] = {}
    for edge in edges:
        flows.setdefault(edge.source, []).append(edge.contribution)
    totals = [parts[0] if len(parts) == 1 else _sum(parts) for parts in flows.values()]
    return math.hypot(*(norm(total) for total in totals))


def _sum(parts: list[Any]) -> Any:
    """The sum of contributions; those to different results of one op stay side by side."""
    if len({np.shape(part) for part in parts}) > 1:
        return tuple(parts)
    with np.errstate(all="ignore"):
        return np.sum(np.asarray(parts, dtype=np.float64), axis=0)


def in_order(boxes: list[Box], arrows: list[Arrow]) -> list[Box]:
    """The boxes, each after those that lead to it: depth first, with a work list."""
    by_id = {box.id: box for box in boxes}
    inputs: dict[str, list[str]] = {box.id: [] for box in boxes}
    leads = set()
    for arrow in arrows:
        inputs[arrow.target].append(arrow.source)
        leads.add(arrow.source)
    order: dict[str, Box] = {}
    for end in [box.id for box in boxes if box.id not in leads]:
        stack = [(end, iter(inputs[end]))]
        begun = {end}
        while stack:
            identity, rest = stack[-1]
            following = next((each for each in rest if each not in begun and each not in order), None)
            if following is None:
                order[identity] = by_id[identity]
                stack.pop()
            else:
                begun.add(following)
                stack.append((following, iter(inputs[following])))
    return list(order.values())
