"""A view in Mermaid, which GitHub and many editors draw."""

from __future__ import annotations

from collections.abc import Iterator

from .dot import DIRECTIONS
from .drawn import Box, View, nested
from .theme import LIGHT, Theme, ink_on

__all__ = ["mermaid_source"]

PLAIN = frozenset(" .,:()+-=/\n")


def mermaid_source(view: View, direction: str = "TB", theme: Theme = LIGHT) -> str:
    """The Mermaid source of a view, with its layers as subgraphs."""
    lines = [f"flowchart {direction}", *_boxes(view)]
    for arrow in view.arrows:
        label = f'|"{DIRECTIONS[direction]} {escape(arrow.label)}"|' if arrow.label else ""
        lines.append(f"  {arrow.source} {'-.->' if arrow.dashed else '-->'}{label} {arrow.target}")
    lines += _colours(view, theme)
    return "\n".join([*lines, ""])


def escape(text: str) -> str:
    """Text as Mermaid takes it literally inside quotes: what is special of ASCII by its number."""
    kept = (c if c.isprintable() or c == "\n" else "�" for c in text)
    spelled = (c if c.isalnum() or c in PLAIN or c > "\x7f" else f"#{ord(c)};" for c in kept)
    return "".join(spelled).replace("\n", "<br/>")


def _boxes(view: View) -> Iterator[str]:
    caption = "\n".join([view.title, *view.notes, *([view.scale.title] if view.scale else [])])
    yield f'  caption["{escape(caption)}"]'
    number = 0
    for level, item in nested(view.boxes):
        indent = "  " * level
        if item is None:
            yield indent + "end"
        elif isinstance(item, Box):
            yield f'{indent}{item.id}["{escape(_label(item))}"]'
        else:
            number += 1
            yield f'{indent}subgraph layer{number}["{escape(item[-1])}"]'


def _label(box: Box) -> str:
    title = f"{box.name} · {box.title}" if box.name else box.title
    if box.badge is not None and box.badge.sign:
        title += f" {box.badge.sign}"
    rows = [title, *([box.formula] if box.formula else [])]
    return "\n".join(rows + [f"{row.label} {' '.join(row.lines)}" for row in box.rows])


def _colours(view: View, theme: Theme) -> Iterator[str]:
    for kind in sorted({box.kind for box in view.boxes}):
        members = ",".join(box.id for box in view.boxes if box.kind == kind)
        yield f"  classDef {kind}_box fill:{theme.fills[kind]},stroke:{theme.borders[kind]},color:{theme.ink}"
        yield f"  class {members} {kind}_box"
    for box in view.boxes:
        if view.scale is not None and box.heat is not None:
            colour = view.scale.colour(box.heat)
            yield f"  style {box.id} fill:{colour},color:{ink_on(colour)}"
    yield f"  style caption fill:{theme.paper},stroke:{theme.paper},color:{theme.ink}"
