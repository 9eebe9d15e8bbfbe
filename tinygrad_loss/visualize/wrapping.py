"""Long thin graphs in several columns, as text is set: where one column ends and the next begins."""

from __future__ import annotations

import math

from .drawn import Arrow, Box, View

__all__ = ["wrapped"]

LONG = 16  # levels; a graph of fewer stays in one column
THIN = 1.6  # ops in a level, on average; a wider graph stays as it is
SHAPE = 4  # levels in a column for each column, so that the whole is about as wide as high
CROSSING = 4  # arrows from column to column, for each; of more none can be followed, and Graphviz takes minutes
WIDER = 3  # times, where parameters stand on both sides of their ops


def wrapped(view: View, beside: dict[str, list[str]]) -> set[tuple[str, str]]:
    """The pairs of boxes whose arrow leads from one column to another; none where one column is enough.

    Boxes of one layer stay in one column. `beside` are the parameters that stand at the level of their op.
    """
    levels = _levels(view, beside)
    ops = [box for box in view.boxes if not _comes_in(box)]
    count = max(levels.values(), default=0) + 1
    if count <= LONG or len(ops) > THIN * count:
        return set()
    columns = math.ceil(math.sqrt(count / (SHAPE * WIDER if beside else SHAPE)))
    height = math.ceil(count / columns)
    spans: dict[tuple[str, ...], list[int]] = {}
    for box in ops:
        spans.setdefault(box.scope, []).append(levels[box.id])
    places = {}
    for box in view.boxes:
        level, span = levels[box.id], spans.get(box.scope, [])
        together = span and box.scope and max(span) - min(span) < height / 2
        places[box.id] = (min(span) if together else level) // height
    _take_along(view.arrows, view.boxes, places)
    ends = {(arrow.source, arrow.target) for arrow in view.arrows}
    crossing = {(source, target) for source, target in ends if places[source] != places[target]}
    return crossing if len(crossing) <= CROSSING * columns else set()


def _comes_in(box: Box) -> bool:
    return box.kind in ("leaf", "constant")


def _levels(view: View, beside: dict[str, list[str]]) -> dict[str, int]:
    """How many arrows lead to each box, along the longest way."""
    entering: dict[str, list[Arrow]] = {}
    for arrow in view.arrows:
        entering.setdefault(arrow.target, []).append(arrow)
    levels: dict[str, int] = {}
    for box in view.boxes:  # each after those that lead to it
        aside = beside.get(box.id, [])
        above = [levels.get(arrow.source, -1) for arrow in entering.get(box.id, []) if arrow.source not in aside]
        levels[box.id] = max(above, default=-1) + 1
    return levels


def _take_along(arrows: list[Arrow], boxes: list[Box], places: dict[str, int]) -> None:
    """Leaves and constants stand in the column of their first use."""
    first: dict[str, int] = {}
    for arrow in arrows:
        first[arrow.source] = min(first.get(arrow.source, places[arrow.target]), places[arrow.target])
    for box in boxes:
        if _comes_in(box):
            places[box.id] = first.get(box.id, places[box.id])
