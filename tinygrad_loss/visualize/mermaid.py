"""A view in Mermaid."""

from __future__ import annotations

from .view import View

__all__ = ["mermaid_source"]


def mermaid_source(view: View, direction: str = "TB") -> str:
    """The Mermaid source of a view."""
    lines = [f"flowchart {direction}"]
    for box in view.boxes:
        rows = [box.name or box.title, *(f"{row.label} {' '.join(row.lines)}" for row in box.rows)]
        lines.append(f'  {box.id}["{"<br/>".join(escape(row) for row in rows)}"]')
    for arrow in view.arrows:
        label = f'|"{escape(arrow.label)}"|' if arrow.label else ""
        lines.append(f"  {arrow.source} -->{label} {arrow.target}")
    return "\n".join([*lines, ""])


def escape(text: str) -> str:
    """Text as Mermaid takes it literally inside quotes: everything special by its number."""
    return "".join(c if c.isalnum() or c in " .,:()+-=·×∂" else f"#{ord(c)};" for c in text)
