"""What a picture shows of a graph: which nodes, which layers folded, which facts and colours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .badges import Badge, joined
from .boxes import arrow_of, box_of, check_rows
from .drawn import Arrow, Box, Row, View
from .folding import Layer, arrow_between, deepest, homes, in_order, layers_of
from .heat import heat_of, scale_of
from .selecting import hidden_text
from .walk import EdgeRecord, Graph
from .wording import memory, number

__all__ = ["Arrow", "Box", "View", "box_count", "fitting_depth", "title_of", "view_of"]

MANY = 60  # boxes: beyond, each says less
MANY_IN_A_HEAT_MAP = 10  # there the colours matter


def view_of(
    graph: Graph,
    *,
    shown: Sequence[str] | None = None,
    depth: int | None = None,
    heat: str | None = None,
    badges: Mapping[str, Badge] | None = None,
    details: bool | None = None,
) -> View:
    """The view of the nodes `shown`, by default all, with layers nested deeper than `depth` folded."""
    ids = list(graph.nodes) if shown is None else list(shown)
    home = homes(graph, ids, depth)
    layers = layers_of(graph, home, depth)
    count = len(set(home.values()))
    if details is None:
        details = count <= (MANY if heat is None else MANY_IN_A_HEAT_MAP)
    bundles = _bundles(graph, home)
    boxes = _boxes(graph, home, layers, depth, details)
    if heat is not None:
        _warm(graph, heat, boxes, layers, bundles)
    if badges is not None:
        _pin(graph, boxes, layers, badges)
    if len(ids) < len(graph.nodes):
        _say_what_is_hidden(graph, boxes, layers, set(ids))
    arrows = _arrows(graph, bundles, layers)
    if not details:
        for arrow in arrows:
            arrow.label = arrow.label.split("\n")[0]
    if layers:
        boxes = in_order(boxes, arrows)
    notes = [graph.note] if graph.note else []
    return View(
        boxes,
        arrows,
        title_of(graph, ids),
        notes,
        None if heat is None else scale_of(heat, (box.heat for box in boxes)),
    )


def title_of(graph: Graph, shown: Sequence[str] | None = None) -> str:
    """The caption's first line: of what, and how big."""
    output = graph.nodes[graph.output]
    held = memory(sum(record.held for record in graph.nodes.values()))
    part = "" if shown is None or len(shown) == len(graph.nodes) else f"{len(shown):,} of "
    return f"{output.name or output.title}: {part}{len(graph.nodes):,} nodes, {held} held"


def fitting_depth(graph: Graph, shown: Sequence[str], limit: int) -> int | None:
    """The largest depth at which at most `limit` boxes are drawn; None if there is none."""
    for depth in range(deepest(graph, shown) - 1, -1, -1):
        if box_count(graph, shown, depth) <= limit:
            return depth
    return None


def box_count(graph: Graph, shown: Sequence[str], depth: int | None) -> int:
    """How many boxes are drawn at that depth."""
    return len(set(homes(graph, shown, depth).values()))


def _bundles(graph: Graph, home: dict[str, str]) -> dict[tuple[str, str], list[EdgeRecord]]:
    """The edges between each pair of boxes; those within a box, and those out of the part shown, are left out."""
    bundles: dict[tuple[str, str], list[EdgeRecord]] = {}
    for edge in graph.edges:
        source, target = home.get(edge.source), home.get(edge.target)
        if source is not None and target is not None and source != target:
            bundles.setdefault((source, target), []).append(edge)
    return bundles


def _boxes(graph: Graph, home: dict[str, str], layers: dict[str, Layer], depth: int | None, details: bool) -> list[Box]:
    boxes: dict[str, Box] = {}
    for identity, box in home.items():
        if box in boxes:
            continue
        if box in layers:
            boxes[box] = layers[box].box(details)
        else:
            boxes[box] = box_of(graph.nodes[identity], graph, details)
            if depth is not None:
                boxes[box].scope = boxes[box].scope[:depth]
    return list(boxes.values())


def _arrows(graph: Graph, bundles: dict[tuple[str, str], list[EdgeRecord]], layers: dict[str, Layer]) -> list[Arrow]:
    arrows = []
    for ends, edges in bundles.items():
        if ends[0] in layers or ends[1] in layers:
            arrows.append(arrow_between(graph, ends, edges, layers))
        else:
            arrows += [arrow_of(graph, edge) for edge in edges]
    return arrows


def _warm(
    graph: Graph,
    heat: str,
    boxes: list[Box],
    layers: dict[str, Layer],
    bundles: dict[tuple[str, str], list[EdgeRecord]],
) -> None:
    """Give each box the number that the heat map shows, as a row too where it is not there yet."""
    entering: dict[str, list[EdgeRecord]] = {}
    for (_, target), edges in bundles.items():
        entering.setdefault(target, []).extend(edges)
    for box in boxes:
        layer = layers.get(box.id)
        if layer is not None:
            box.heat = layer.heat(heat, entering.get(box.id, []))
        else:
            box.heat = heat_of(heat, graph.nodes[box.id], graph)
        if heat == "gain" and box.heat is not None:
            box.rows.append(Row("gain", [number(box.heat)]))


def _pin(graph: Graph, boxes: list[Box], layers: dict[str, Layer], badges: Mapping[str, Badge]) -> None:
    for box in boxes:
        layer = layers.get(box.id)
        box.badge = badges.get(box.id) if layer is None else joined(badges, layer.members)
        box.rows += check_rows(box.badge)


def _say_what_is_hidden(graph: Graph, boxes: list[Box], layers: dict[str, Layer], shown: set[str]) -> None:
    users = graph.users()
    for box in boxes:
        records = layers[box.id].members if box.id in layers else [graph.nodes[box.id]]
        inputs = [edge for record in records for edge in record.inputs]
        text = hidden_text(inputs, [edge for record in records for edge in users[record.id]], shown)
        if text:
            box.rows.append(Row("not drawn", [text]))
