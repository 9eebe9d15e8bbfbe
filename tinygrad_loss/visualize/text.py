"""A view as text: a tree in a terminal."""

from __future__ import annotations

from .view import View

__all__ = ["text_of"]


def text_of(view: View) -> str:
    """The view as lines of text, the output first."""
    lines = [view.title, *view.notes]
    for box in reversed(view.boxes):
        facts = "  ".join(f"{row.label} {' '.join(row.lines)}" for row in box.rows)
        lines.append(f"{box.id}  {box.name or ''}  {box.title}  {facts}")
    return "\n".join(lines)
