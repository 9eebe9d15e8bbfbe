"""What is drawn, before any format: boxes, arrows and a caption, as plain data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from .badges import Badge
from .heat import Scale

__all__ = ["Arrow", "Box", "Row", "View", "nested"]


@dataclass(slots=True)
class Row:
    """One labelled fact in a box."""

    label: str  # "value", "gradient", ...
    lines: list[str]


@dataclass(slots=True)
class Box:
    """One thing drawn: a node, or a folded layer."""

    id: str
    kind: str  # "leaf", "constant", "op", "output", "layer", "bypassed" or "summary"
    title: str
    name: str | None = None
    formula: str = ""
    rows: list[Row] = field(default_factory=list)
    scope: tuple[str, ...] = ()
    heat: float | None = None  # what the heat map shows of it: a norm or a gain
    line: str | None = None  # where the user's code made it
    badge: Badge | None = None


@dataclass(slots=True)
class Arrow:
    """One edge drawn, in the direction of the values; its label is what flows back."""

    source: str
    target: str
    label: str = ""
    index: int = 0
    argument: str = ""  # as which input, where the op has several
    dashed: bool = False


@dataclass(slots=True)
class View:
    """All that a picture shows."""

    boxes: list[Box]  # each after those it was computed from
    arrows: list[Arrow]
    title: str
    notes: list[str] = field(default_factory=list)
    scale: Scale | None = None  # of the heat map


def nested(boxes: list[Box]) -> Iterator[tuple[int, Box | tuple[str, ...] | None]]:
    """The boxes as they stand in their layers: (level, a layer that opens, a box, or None where a layer closes)."""
    inside: dict[tuple[str, ...], list[Box | tuple[str, ...]]] = {(): []}
    for box in boxes:
        for depth in range(1, len(box.scope) + 1):
            if box.scope[:depth] not in inside:
                inside[box.scope[:depth]] = []
                inside[box.scope[: depth - 1]].append(box.scope[:depth])
        inside[box.scope].append(box)
    stack = [iter(inside[()])]
    while stack:
        item = next(stack[-1], None)
        if item is None:
            stack.pop()
            if stack:
                yield len(stack), None
        else:
            yield len(stack), item
            if not isinstance(item, Box):
                stack.append(iter(inside[item]))
