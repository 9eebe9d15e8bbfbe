"""Columns of text that stay aligned in a terminal, whatever signs they hold."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

__all__ = ["shortened", "table", "width"]


def width(text: str) -> int:
    """How many cells of a terminal a text takes: marks over letters take none, wide letters two.

    >>> from tinygrad_loss.visualize.columns import width
    >>> width("Ȳ = X̄"), width("loss"), width("損失")
    (5, 4, 4)
    """
    if text.isascii():
        return len(text)
    return sum(_cells(character) for character in text)


def _cells(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def table(rows: Sequence[Sequence[str]], indent: str = "", gap: str = "  ") -> list[str]:
    """Rows as lines in which every column is as wide as its widest cell.

    >>> from tinygrad_loss.visualize.columns import table
    >>> table([["input", "gradient"], ["w", "1.5"]])
    ['input  gradient', 'w      1.5']
    """
    widths = [max(map(width, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [cell + " " * (room - width(cell)) for cell, room in zip(row, widths, strict=True)]
        lines.append((indent + gap.join(cells)).rstrip())
    return lines


def shortened(text: str, cells: int) -> str:
    """A text of at most so many cells, with … for what was cut."""
    if width(text) <= cells:
        return text
    kept, room = "", cells - 1
    for character in text:
        room -= _cells(character)
        if room < 0:
            break
        kept += character
    return kept + "…"
