"""Text that terminals print and notebooks set: a table of exercises, and the sheet of one."""

from __future__ import annotations

import html
from collections.abc import Sequence

from ..visualize.columns import table

__all__ = ["Sheet", "Table"]


class Sheet:
    """A title and a text with examples of code; nothing in it is taken for markup.

    >>> from tinygrad_loss.teaching.shown import Sheet
    >>> Sheet("A title", "A text.")
    A title
    <BLANKLINE>
    A text.
    """

    def __init__(self, title: str, text: str) -> None:
        self.title = title
        self.text = text

    def __str__(self) -> str:
        return f"{self.title}\n\n{self.text}"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        text = html.escape(self.text)
        return (
            f"<b>{html.escape(self.title)}</b><pre style='font-family: monospace; white-space: pre-wrap'>{text}</pre>"
        )


class Table:
    """Rows under a heading, and a line below.

    >>> from tinygrad_loss.teaching.shown import Table
    >>> Table([["exercise", "tries"], ["square", "2"]], "1 row")
    exercise  tries
    square    2
    1 row
    """

    def __init__(self, rows: Sequence[Sequence[str]], below: str) -> None:
        self.rows = rows
        self.below = below

    def __str__(self) -> str:
        return "\n".join([*table(self.rows), self.below])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        heading, *rows = [[html.escape(cell) for cell in row] for row in self.rows]
        head = "".join(f"<th style='text-align: left'>{cell}</th>" for cell in heading)
        body = "".join(
            "<tr>" + "".join(f"<td style='text-align: left'>{cell}</td>" for cell in row) + "</tr>" for row in rows
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table><p>{html.escape(self.below)}</p>"
