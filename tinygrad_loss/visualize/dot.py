"""A view as DOT, Graphviz's language. Every text from outside is escaped; ids are the walk's own."""

from __future__ import annotations

from collections.abc import Iterator

from .theme import FONT, LIGHT, Theme
from .view import Arrow, Box, View

__all__ = ["dot_source"]


def dot_source(view: View, theme: Theme = LIGHT, direction: str = "TB") -> str:
    """The DOT source of a view, the same for the same view."""
    lines = [
        "digraph gradient {",
        f'  graph [rankdir={direction} bgcolor="{theme.paper}" fontname="{FONT}" fontsize=13 fontcolor="{theme.faint}"'
        f" labelloc=t labeljust=l pad=0.3 nodesep=0.35 ranksep=0.5 label=<{_caption(view, theme)}>]",
        f'  node [shape=box style="rounded,filled" fontname="{FONT}" fontsize=11 margin="0.12,0.07" penwidth=1.2]',
        f'  edge [fontname="{FONT}" fontsize=10 arrowsize=0.7 color="{theme.line}" fontcolor="{theme.gradient}"]',
    ]
    lines += _grouped(view.boxes, theme)
    lines += [_arrow(arrow, theme) for arrow in view.arrows]
    return "\n".join([*lines, "}", ""])


def escape(text: str) -> str:
    """Text as it may stand in an HTML-like label."""
    kept = "".join(c if c.isprintable() else "�" for c in text)
    return kept.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def _quoted(text: str) -> str:
    """Text as a quoted DOT string that Graphviz takes literally."""
    kept = "".join(c if c.isprintable() else "�" for c in text)
    return '"' + kept.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _caption(view: View, theme: Theme) -> str:
    rows = [f"<B>{escape(view.title)}</B>", *map(escape, view.notes)]
    return '<BR ALIGN="LEFT"/>'.join(rows) + '<BR ALIGN="LEFT"/>'


def _grouped(boxes: list[Box], theme: Theme) -> Iterator[str]:
    """The boxes, inside a cluster for each layer, nested as the layers are; a stack instead of recursion."""
    by_scope: dict[tuple[str, ...], list[Box]] = {}
    for box in boxes:
        for depth in range(len(box.scope) + 1):
            by_scope.setdefault(box.scope[:depth], [])
        by_scope[box.scope].append(box)
    open_scopes: list[tuple[str, ...]] = []
    for number, scope in enumerate(sorted(by_scope)):  # a layer comes right before what is inside it
        while open_scopes and scope[: len(open_scopes[-1])] != open_scopes[-1]:
            open_scopes.pop()
            yield "  " * (len(open_scopes) + 1) + "}"
        if scope:
            indent = "  " * (len(open_scopes) + 1)
            yield f'{indent}subgraph cluster_{number} {{ id="layer{number}" label={_quoted(scope[-1])}'
            yield (
                f'{indent}  style="rounded,filled" fillcolor="{theme.layer}" color="{theme.layer_line}"'
                f' fontcolor="{theme.faint}" fontsize=12 margin=10'
            )
            open_scopes.append(scope)
        for box in by_scope[scope]:
            yield "  " * (len(open_scopes) + 1) + _box(box, theme)
    for depth in range(len(open_scopes), 0, -1):
        yield "  " * depth + "}"


def _box(box: Box, theme: Theme) -> str:
    return (
        f'{box.id} [id="{box.id}" fillcolor="{theme.fills[box.kind]}" color="{theme.borders[box.kind]}"'
        f" tooltip={_quoted(box.line or box.title)} label=<{_label(box, theme)}>]"
    )


def _label(box: Box, theme: Theme) -> str:
    """A table: the name and the op, the formula, then one row for each fact."""
    title = f"<B>{escape(box.title)}</B>"
    if box.name:
        title = f'<B>{escape(box.name)}</B>  <FONT COLOR="{theme.faint}">{escape(box.title)}</FONT>'
    cells = [f'<TR><TD COLSPAN="2"><FONT COLOR="{theme.ink}" POINT-SIZE="12">{title}</FONT></TD></TR>']
    if box.formula:
        formula = f'<FONT COLOR="{theme.faint}" POINT-SIZE="10"><I>{escape(box.formula)}</I></FONT>'
        cells.append(f'<TR><TD COLSPAN="2">{formula}</TD></TR>')
    for row in box.rows:
        colour = theme.gradient if row.label in ("gradient", ".grad") else theme.ink
        text = "<BR/>".join(escape(line) for line in row.lines)
        cells.append(
            f'<TR><TD ALIGN="LEFT" VALIGN="TOP"><FONT COLOR="{theme.faint}" POINT-SIZE="9">{escape(row.label)}</FONT>'
            f'</TD><TD ALIGN="RIGHT"><FONT COLOR="{colour}">{text}</FONT></TD></TR>'
        )
    return f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="2">{"".join(cells)}</TABLE>'


def _arrow(arrow: Arrow, theme: Theme) -> str:
    style = " style=dashed" if arrow.dashed else ""
    label = f" label={_quoted(' ' + arrow.label)}" if arrow.label else ""
    return f'  {arrow.source} -> {arrow.target} [id="{arrow.source}_{arrow.target}_{arrow.index}"{label}{style}]'
