"""A view as text for a terminal: one node a line with its numbers, and the graph as lanes beside them."""

from __future__ import annotations

import math

from .columns import table
from .drawn import Arrow, Box, View
from .heat import Scale
from .lanes import Lanes
from .wording import in_one_line

__all__ = ["text_of"]

WIDEST = 24  # lanes; a graph wider than that is listed without them
BLOCKS = " ▏▎▍▌▋▊▉█"
BAR = 6  # characters of a heat bar


def text_of(view: View) -> str:
    """The view as lines of text, the output first, as backward goes."""
    lines = [view.title, *view.notes, *_legend(view.scale), ""]
    inputs: dict[str, list[Arrow]] = {box.id: [] for box in view.boxes}
    for arrow in view.arrows:
        inputs[arrow.target].append(arrow)
    names = {box.id: f"{box.id} {box.name or ''}".strip() for box in view.boxes}
    lanes, drawn, between = Lanes(), [], []
    for box in reversed(view.boxes):
        column, line = lanes.node(box.id)
        drawn.append(line)
        arrows = inputs[box.id]
        after = lanes.inputs(column, [arrow.source for arrow in arrows])
        flows = [_flow(arrow, names) for arrow in arrows if arrow.label]
        between.append((after, "   ".join(flows)) if arrows else None)
    room = max(len(line) for line in [*drawn, *(each[0] for each in between if each)])
    room = room if room < 2 * WIDEST else 0
    cells = _without_empty([_cells(box, view.scale) for box in reversed(view.boxes)])
    for box, line, text, rest in zip(reversed(view.boxes), drawn, table(cells), between, strict=True):
        lines.append(f"{line:<{room}}  {text}" if room else text)
        if box.kind == "summary":
            facts = table([[row.label, " · ".join(row.lines)] for row in box.rows])
            lines += [f"{'│' if rest else ' ':<{room}}    {fact}" for fact in facts]
        if rest is not None:
            flow = f"↳ {rest[1]}" if rest[1] else ""
            lines.append((f"{rest[0]:<{room}}    {flow}" if room else f"    {flow}").rstrip())
    return "\n".join(lines)


def _flow(arrow: Arrow, names: dict[str, str]) -> str:
    return f"{names[arrow.source]}: {arrow.label}".replace("\n", " ")


def _legend(scale: Scale | None) -> list[str]:
    if scale is None:
        return []
    low, middle, high = scale.marks()
    through = f" through {middle}" if middle else ""
    return [f"{scale.title}: bars from {low}{through} to {high}, logarithmic"]


def _cells(box: Box, scale: Scale | None) -> list[str]:
    """The columns of a box: id, names, heat, formula, value, gradient, other facts, layer."""
    rows = [] if box.kind == "summary" else box.rows
    facts = {row.label: row.lines[0] if row.lines[0].startswith("norm") else in_one_line(row.lines) for row in rows}
    shape = facts.pop("shape", "")
    sign = f" {box.badge.sign}" if box.badge is not None and box.badge.sign else ""
    value, gradient = (f"{label} {facts.pop(label)}" if label in facts else "" for label in ("value", "gradient"))
    others = "  ".join([shape] * bool(shape) + [f"{label} {text}".strip() for label, text in facts.items()])
    names = (f"{box.name} · {box.title}" if box.name else box.title) + sign
    return [box.id, names, _bar(box.heat, scale), box.formula, value, gradient, others, "/".join(box.scope)]


def _bar(heat: float | None, scale: Scale | None) -> str:
    """A bar as long as the heat is high; "0" and "!" for what is outside the scale."""
    if heat is None or scale is None:
        return ""
    if heat == 0 or not math.isfinite(heat):
        return "0" if heat == 0 else "!"
    eighths = max(round(scale.share(heat) * BAR * 8), 1)
    return BLOCKS[8] * (eighths // 8) + BLOCKS[eighths % 8].strip()


def _without_empty(rows: list[list[str]]) -> list[list[str]]:
    """The rows without the columns that are empty in all of them."""
    kept = [place for place in range(len(rows[0])) if any(row[place] for row in rows)]
    return [[row[place] for place in kept] for row in rows]
