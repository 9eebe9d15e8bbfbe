"""A view as DOT, Graphviz's language. Every text from outside is escaped; ids are the walk's own."""

from __future__ import annotations

from collections.abc import Iterator

from .beside import parameters_beside
from .drawn import Arrow, Box, View, nested
from .heat import BAD, ZERO, Scale
from .theme import FONT, LIGHT, Theme, ink_on
from .wrapping import wrapped

__all__ = ["DIRECTIONS", "dot_source", "escape"]

DIRECTIONS = {"TB": "↑", "LR": "←", "BT": "↓", "RL": "→"}  # and which way the gradient then flows
CELLS = 40  # of the scale of colours


def dot_source(view: View, theme: Theme = LIGHT, direction: str = "TB") -> str:
    """The DOT source of a view, the same for the same view."""
    lines = [
        "digraph gradient {",
        f'  graph [rankdir={direction} bgcolor="{theme.paper}" fontname="{FONT}" fontsize=12 fontcolor="{theme.faint}"'
        f" labelloc=t labeljust=l pad=0.25 nodesep=0.3 ranksep=0.35 label=<{_caption(view, theme, direction)}>]",
        f'  node [shape=box style="rounded,filled" fontname="{FONT}" fontsize=11 margin="0.09,0.05" penwidth=1.2]',
        f'  edge [fontname="{FONT}" fontsize=10 arrowsize=0.7 color="{theme.line}" fontcolor="{theme.gradient}"]',
    ]
    beside = parameters_beside(view)
    lines += _grouped(view, theme, beside)
    lines += _arrows(view, theme, direction, beside)
    return "\n".join([*lines, "}", ""])


def escape(text: str) -> str:
    """Text as it may stand in an HTML-like label."""
    kept = "".join(c if c.isprintable() else "�" for c in text)
    return kept.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def _quoted(text: str) -> str:
    """Text as a quoted DOT string that Graphviz takes literally."""
    kept = "".join(c if c.isprintable() else "�" for c in text)
    return '"' + kept.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _font(text: str, colour: str, size: int) -> str:
    return f'<FONT COLOR="{colour}" POINT-SIZE="{size}">{text}</FONT>'


def _table(rows: list[str], padding: int = 2) -> str:
    return f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="{padding}">{"".join(rows)}</TABLE>'


# The caption


def _caption(view: View, theme: Theme, direction: str) -> str:
    """The title, what the arrows say, the notes, and the scale of the heat map."""
    texts = [_font(f"<B>{escape(view.title)}</B>", theme.ink, 13)]
    texts += [_font(escape(line), theme.gradient, 10) for line in _reading(view, direction)]
    texts += [_font(escape(note), theme.faint, 10) for note in view.notes]
    rows = [f'<TR><TD ALIGN="LEFT">{text}</TD></TR>' for text in texts]
    if view.scale is not None:
        rows.append('<TR><TD HEIGHT="4"></TD></TR>')
        rows.append(f'<TR><TD ALIGN="LEFT">{_scale_bar(view.scale, theme)}</TD></TR>')
    rows.append('<TR><TD HEIGHT="10"></TD></TR>')
    return _table(rows, 1)


def _reading(view: View, direction: str) -> list[str]:
    """How to read the labels of the arrows, for those kinds of label that are there."""
    labels = [arrow.label for arrow in view.arrows if arrow.label]
    back = DIRECTIONS[direction]
    lines = []
    if any("=" in label for label in labels):
        lines.append(f"{back} flows back: gradient received × local derivative = contribution")
    if any("norm" in label for label in labels):
        lines.append(f"{back} flows back: norm of the contribution · gain over the gradient received")
    return lines


def _scale_bar(scale: Scale, theme: Theme) -> str:
    """A strip of the colours, its ends and middle marked; what lies outside the scale beside it."""
    colours = [scale.colour(scale.at((place + 0.5) / CELLS)) for place in range(CELLS)]
    cells = "".join(  # a border of the same colour, as the paper would shine through between cells
        f'<TD BGCOLOR="{colour}" COLOR="{colour}" BORDER="1" SIDES="LR" WIDTH="6" HEIGHT="12"></TD>'
        for colour in colours
    )
    parts = (CELLS // 4, CELLS // 2, CELLS // 4)
    marks = "".join(
        f'<TD COLSPAN="{span}" ALIGN="{side}">{_font(escape(mark) or " ", theme.ink, 9)}</TD>'
        for mark, side, span in zip(scale.marks(), ("LEFT", "CENTER", "RIGHT"), parts, strict=True)
    )
    outside = [(ZERO, "0")] * scale.zeros + [(BAD, "not finite")] * scale.bad
    for colour, text in outside:
        cells += f'<TD WIDTH="12"></TD><TD BGCOLOR="{colour}" WIDTH="12" HEIGHT="12"></TD>'
        cells += f"<TD>{_font(text, theme.ink, 9)}</TD>"
    heading = (
        f'<TR><TD COLSPAN="{CELLS}" ALIGN="LEFT" HEIGHT="17">{_font(escape(scale.title), theme.ink, 10)}</TD></TR>'
    )
    return _table([heading, f"<TR>{cells}</TR>", f"<TR>{marks}</TR>"], 0)


# Boxes


def _grouped(view: View, theme: Theme, beside: dict[str, list[str]]) -> Iterator[str]:
    """The boxes, inside a cluster for each layer, nested as the layers are."""
    number = 0
    for level, item in nested(view.boxes):
        indent = "  " * level
        if item is None:
            yield indent + "}"
        elif isinstance(item, Box):
            yield indent + _box(item, theme, view.scale)
            if item.id in beside:
                yield f"{indent}{{ rank=same; {'; '.join([item.id, *beside[item.id]])} }}"
        else:
            number += 1
            yield f'{indent}subgraph cluster_{number} {{ id="layer{number}" label={_quoted(item[-1])}'
            yield (
                f'{indent}  style="rounded,filled" fillcolor="{theme.layer if len(item) % 2 else theme.paper}"'
                f' color="{theme.layer_line}" fontcolor="{theme.faint}" fontsize=12 margin=10'
            )


def _box(box: Box, theme: Theme, scale: Scale | None) -> str:
    fill, border, width, ink = theme.fills[box.kind], theme.borders[box.kind], "", None
    if scale is not None and box.heat is not None:
        fill = scale.colour(box.heat)
        ink = ink_on(fill)
    if box.badge is not None and box.badge.passed is False:
        border, width = theme.bad, " penwidth=2.4"
    return (
        f'{box.id} [id="{box.id}" fillcolor="{fill}" color="{border}"{width}'
        f" tooltip={_quoted(box.line or box.title)} label=<{_label(box, theme, ink)}>]"
    )


def _label(box: Box, theme: Theme, ink: str | None) -> str:
    """A table: the name and the op, the formula, then one row for each fact; all in one `ink` on a colour."""
    strong, faint, gradient = (ink, ink, ink) if ink else (theme.ink, theme.faint, theme.gradient)
    title = _font(f"<B>{escape(box.name or box.title)}</B>", strong, 12)
    if box.name:
        title += _font(f"  {escape(box.title)}", faint, 12)
    if box.badge is not None and box.badge.sign:
        sign = theme.good if box.badge.passed else theme.bad
        title += _font(f"  <B>{box.badge.sign}</B>", ink or sign, 12)
    rows = [f'<TR><TD COLSPAN="2">{title}</TD></TR>']
    if box.formula:
        rows.append(f'<TR><TD COLSPAN="2">{_font(f"<I>{escape(box.formula)}</I>", faint, 10)}</TD></TR>')
    for row in box.rows:
        colour = gradient if row.label in ("gradient", "their gradient", "of parameters", ".grad") else strong
        if row.label == "check" and box.badge is not None and box.badge.passed is False:
            colour = ink or theme.bad
        text = '<BR ALIGN="RIGHT"/>'.join(map(escape, row.lines)) + ('<BR ALIGN="RIGHT"/>' if row.lines[1:] else "")
        rows.append(
            f'<TR><TD ALIGN="LEFT" VALIGN="TOP">{_font(escape(row.label) + "&#160;", faint, 9)}</TD>'
            f'<TD ALIGN="RIGHT" BALIGN="RIGHT">{_font(text, colour, 11)}</TD></TR>'
        )
    return _table(rows)


# Arrows


def _arrows(view: View, theme: Theme, direction: str, beside: dict[str, list[str]]) -> Iterator[str]:
    boxes = {box.id: box for box in view.boxes}
    to_next_column = wrapped(view, beside)
    for arrow in view.arrows:
        source, target = boxes[arrow.source], boxes[arrow.target]
        first, second = arrow.source, arrow.target
        layout = ""
        if (first, second) in to_next_column:
            layout = " constraint=false"
        elif first in beside.get(second, [])[1:]:  # the second one on the other side
            first, second, layout = second, first, " dir=back"
        elif first not in beside.get(second, []):
            if source.scope != target.scope and second not in beside:
                layout = " minlen=2"  # room between a layer and what else the next op needs
            if source.kind not in ("leaf", "constant"):
                layout += " weight=8"  # the way of the data is straight
        style = " style=dashed" if arrow.dashed else ""
        identity = f"{arrow.source}_{arrow.target}_{arrow.index}"
        yield f'  {first} -> {second} [id="{identity}"{_flow(arrow, theme, direction)}{style}{layout}]'


def _flow(arrow: Arrow, theme: Theme, direction: str) -> str:
    """The label: as which input, and what flows back."""
    first, *rest = arrow.label.split("\n") if arrow.label else [""]
    text = f"{DIRECTIONS[direction]} {escape(first)}" if first else ""
    if arrow.argument:
        text = _font(escape(arrow.argument), theme.faint, 10) + (f"  {text}" if text else "")
    rows = [text, *(_font(escape(line), theme.faint, 9) for line in rest)]
    lines = [f'<TR><TD ALIGN="LEFT">{row}</TD></TR>' for row in rows]
    return f" label=<{_table(lines, 1)}>" if text else ""
