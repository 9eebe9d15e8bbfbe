"""A view laid out as SVG for the explorer: Graphviz places the boxes, and each has room for its numbers.

The page fills in values and gradients as it steps, so a box has a fixed size and empty lines of text.
"""

from __future__ import annotations

import html
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .beside import parameters_beside
from .drawn import Arrow, Box, View, nested
from .render import render
from .wrapping import wrapped

__all__ = ["Laid", "laid_out"]

POINTS = 72.0  # in an inch, Graphviz's unit for sizes
WIDE = 6.7  # points that a letter of 11 points takes at most, on average
LEAST, MOST = 104.0, 230.0  # the width of a box
LINE = 15.0  # the height of a line of text
LABEL = 132.0  # the width kept free for what flows along an arrow
MANY = 300  # arrows: beyond, their labels are left to the panel, and all stands in one column
LONG = 20  # rows of boxes that an arrow passes: Graphviz's time grows with them
ALL_LONG = 6000  # of such rows together, beyond which long arrows are drawn straight, without Graphviz


@dataclass
class Laid:
    """A view as SVG, and which boxes it has."""

    svg: str
    boxes: list[str] = field(default_factory=list)


def laid_out(view: View, name: str) -> Laid:
    """The SVG of a view; boxes, arrows and layers are groups with `data-id`."""
    labels = len(view.arrows) <= MANY
    sizes = {box.id: _size(box) for box in view.boxes}
    straight = _straight(view)
    found = json.loads(render(_dot(view, sizes, labels, straight), "json0"))
    width, height = (float(x) for x in found["bb"].split(",")[2:])
    objects = found.get("objects", [])
    parts = [_cluster(each, height) for each in objects if each["name"].startswith("cluster")]
    by_name = {each["name"]: each for each in objects}
    arrows = [(each["id"], each) for each in found.get("edges", [])]
    parts += [_arrow(identity, each, height, labels) for identity, each in arrows]
    parts += [_line(arrow, by_name, sizes, height) for arrow in straight]
    parts += [_box(box, by_name[box.id], sizes[box.id], height) for box in view.boxes]
    svg = (
        f'<svg class="view" data-view="{html.escape(name)}" data-width="{width:g}" data-height="{height:g}"'
        f' role="group" aria-label="the graph, {len(view.boxes)} boxes">{"".join(parts)}</svg>'
    )
    return Laid(svg, [box.id for box in view.boxes])


def _title(box: Box) -> tuple[str, str]:
    """The bold text and the faint one beside it."""
    return (box.name, box.title) if box.name else (box.title, "")


def _shortened(text: str, room: int) -> str:
    return text if len(text) <= room else text[: room - 1] + "…"


def _size(box: Box) -> tuple[float, float]:
    """Width and height in points: room for the title, a value and a gradient."""
    letters = len(" ".join(_title(box))) + 1
    values = max((len(row.label) + len(line) + 2 for row in box.rows for line in row.lines[:1]), default=0)
    lines = 1 if box.kind == "constant" and not box.rows else 3
    return min(max(LEAST, WIDE * max(letters, values) + 16), MOST), LINE * lines + 10


def _straight(view: View) -> list[Arrow]:
    """The arrows drawn as straight lines: the longest ones, where there are so many that placing them takes minutes."""
    row: dict[str, int] = {}
    for arrow in _by_target(view):
        row[arrow.target] = max(row.get(arrow.target, 0), row.get(arrow.source, 0) + 1)
    first: dict[str, int] = {}  # a leaf stands above the first op that uses it
    for arrow in view.arrows:
        first[arrow.source] = min(first.get(arrow.source, row[arrow.target]), row[arrow.target])
    spans = [
        (row[arrow.target] - max(row.get(arrow.source, 0), first[arrow.source] - 1), arrow) for arrow in view.arrows
    ]
    if sum(span for span, _ in spans) < ALL_LONG + len(spans):
        return []
    return [arrow for span, arrow in spans if span > LONG]


def _by_target(view: View) -> list[Arrow]:
    """The arrows in the order of the boxes that they lead to."""
    place = {box.id: number for number, box in enumerate(view.boxes)}
    return sorted(view.arrows, key=lambda arrow: place[arrow.target])


def _dot(view: View, sizes: dict[str, tuple[float, float]], labels: bool, straight: list[Arrow]) -> str:
    """DOT with sizes alone: all text is the page's."""
    beside = parameters_beside(view)
    to_next_column = wrapped(view, beside) if labels else set()  # of many arrows Graphviz would take minutes
    lines = ["digraph explorer {", "graph [rankdir=TB nodesep=0.25 ranksep=0.3 pad=0]"]
    lines += ['node [shape=box fixedsize=true label=""]', "edge [arrowsize=0.7]"]
    number = 0
    for _, item in nested(view.boxes):
        if item is None:
            lines.append("}")
        elif isinstance(item, Box):
            width, height = (length / POINTS for length in sizes[item.id])
            lines.append(f"{item.id} [width={width:.3f} height={height:.3f}]")
            if item.id in beside:
                lines.append(f"{{ rank=same; {'; '.join([item.id, *beside[item.id]])} }}")
        else:
            number += 1
            text = json.dumps(_shortened(item[-1], 60), ensure_ascii=False)
            lines.append(f"subgraph cluster_{number} {{ graph [label={text} labeljust=l margin=10 fontsize=12]")
    room = f'<<TABLE BORDER="0" FIXEDSIZE="TRUE" WIDTH="{LABEL:g}" HEIGHT="{LINE:g}"><TR><TD></TD></TR></TABLE>>'
    kinds = {box.id: box.kind for box in view.boxes}
    left_out = {id(arrow) for arrow in straight}
    for arrow in view.arrows:
        if id(arrow) in left_out:
            continue
        first, second = arrow.source, arrow.target
        flowing = f" label={room}" if labels and arrow.label else ""
        dashed = " style=dashed" if arrow.dashed else ""
        layout = "" if kinds[first] in ("leaf", "constant") else " weight=8"  # the way of the data is straight
        if (first, second) in to_next_column:
            layout = " constraint=false"
        elif first in beside.get(second, [])[1:]:  # the second one on the other side
            first, second, layout = second, first, " dir=back"
        lines.append(f'{first} -> {second} [id="{_identity(arrow)}"{flowing}{dashed}{layout}]')
    return "\n".join([*lines, "}"])


def _identity(arrow: Arrow) -> str:
    return f"e{arrow.source.lstrip('n')}_{arrow.target.lstrip('n')}_{arrow.index}"


def _numbers(text: str) -> list[float]:
    return [float(x) for x in text.split(",")]


def _cluster(found: dict[str, Any], height: float) -> str:
    left, bottom, right, top = _numbers(found["bb"])
    text = html.escape(found["label"])
    return (
        f'<g class="cluster" data-layer="{text}"><rect x="{left:.1f}" y="{height - top:.1f}" width="{right - left:.1f}"'
        f' height="{top - bottom:.1f}" rx="8"/><text x="{left + 10:.1f}" y="{height - top + 17:.1f}">{text}</text></g>'
    )


def _box(box: Box, found: dict[str, Any], size: tuple[float, float], height: float) -> str:
    x, y = _numbers(found["pos"])
    width, tall = size
    bold, faint = _title(box)
    room = int((width - 12) / WIDE)
    bold = _shortened(bold, room)
    faint = _shortened(faint, max(room - len(bold) - 1, 0)) if len(bold) < room - 2 else ""
    faint = f'<tspan class="faint" dx="5">{html.escape(faint)}</tspan>' if faint else ""
    texts = f'<text class="title" y="{LINE:g}">{html.escape(bold)}{faint}</text>'
    if tall > 2 * LINE:
        texts += f'<text class="value" y="{2 * LINE:g}"/><text class="gradient" y="{3 * LINE:g}"/>'
    return (
        f'<g class="node {box.kind}" data-id="{box.id}" tabindex="0" role="button"'
        f' transform="translate({x - width / 2:.1f} {height - y - tall / 2:.1f})">'
        f'<rect width="{width:.1f}" height="{tall:.1f}" rx="6"/><g transform="translate(8 3)">{texts}</g></g>'
    )


def _arrow(identity: str, found: dict[str, Any], height: float, labels: bool) -> str:
    path, head = _spline(found["pos"], height)
    label = ""
    if labels and "lp" in found:
        x, y = _numbers(found["lp"])
        label = f'<text class="flow" x="{x:.1f}" y="{height - y + 4:.1f}"/>'
    dashed = " dashed" if found.get("style") == "dashed" else ""
    return f'<g class="edge{dashed}" data-id="{identity}"><path d="{path}"/><path class="head" d="{head}"/>{label}</g>'


def _line(arrow: Arrow, places: dict[str, Any], sizes: dict[str, tuple[float, float]], height: float) -> str:
    """A straight arrow, from the lower edge of one box to the upper edge of the other."""
    (x, y), (to_x, to_y) = (_numbers(places[box]["pos"]) for box in (arrow.source, arrow.target))
    y, to_y = height - y + sizes[arrow.source][1] / 2, height - to_y - sizes[arrow.target][1] / 2
    path = f'<path d="M{x:.1f},{y:.1f}L{to_x:.1f},{to_y:.1f}"/>'
    head = (
        f'<path class="head" d="M{to_x - 3:.1f},{to_y - 7:.1f} {to_x:.1f},{to_y:.1f} {to_x + 3:.1f},{to_y - 7:.1f}z"/>'
    )
    return f'<g class="edge far" data-id="{_identity(arrow)}">{path}{head}</g>'


def _spline(text: str, height: float) -> tuple[str, str]:
    """A path for an edge's control points "e,x,y x,y ...", and one for its head; "s," where it leads back."""
    points = [(x, height - y) for x, y in _points(text)]
    tip, points = (points[0], points[1:]) if text.startswith(("e,", "s,")) else (points[-1], points)
    if text.startswith("s,"):
        points.reverse()
    curve = " ".join(f"{x:.1f},{y:.1f}" for x, y in points[1:])
    last = points[-1]
    along, across = tip[0] - last[0], tip[1] - last[1]
    side = 0.45
    corners = [
        (last[0] - side * across, last[1] + side * along),
        tip,
        (last[0] + side * across, last[1] - side * along),
    ]
    head = " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)
    return f"M{points[0][0]:.1f},{points[0][1]:.1f}C{curve}", f"M{head}z"


def _points(text: str) -> Iterator[tuple[float, float]]:
    for part in text.split(";", maxsplit=1)[0].split():
        x, y = _numbers(part.removeprefix("e,").removeprefix("s,"))
        yield x, y
