"""A graph as lanes beside lines of text, as version control draws its history: one node a line, the output first."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["Lanes"]


class Lanes:
    """The lanes open at one line: each is a value whose box is still to come further down."""

    def __init__(self) -> None:
        self.open: list[str | None] = []  # by column; None where a lane has ended

    def node(self, identity: str) -> tuple[int, str]:
        """The column of a node that comes now, and its line's drawing; it opens a lane if nothing has asked for it."""
        if identity not in self.open:
            self._take(identity, 0)
        column = self.open.index(identity)
        return column, self._drawn({column: "●"})

    def inputs(self, column: int, wanted: Sequence[str]) -> str:
        """Lead the node's lane on to its inputs, and give the line that draws it."""
        self.open[column] = None
        known = [self.open.index(each) for each in wanted if each in self.open]
        fresh = list(dict.fromkeys(each for each in wanted if each not in self.open))
        added = []
        for place, each in enumerate(fresh):
            if place == 0:
                self.open[column] = each
            else:
                added.append(self._take(each, column + 1))
        self._trim()
        ends = known + added
        if not ends:
            return self._drawn({})
        left, right = min([column, *ends]), max([column, *ends])
        going_on = {place for place, each in enumerate(self.open) if each is not None} - {*added}
        signs = {place: "┼" if place in going_on else "─" for place in range(left, right + 1)}
        for place in known:
            signs[place] = "┤" if place == right else "├" if place == left else "┼"
        for place in added:
            signs[place] = "╮" if place == right else "╭" if place == left else "┬"
        signs[column] = _corner(bool(fresh), left < column, right > column)
        return self._drawn(signs, (left, right))

    def _take(self, identity: str, start: int) -> int:
        """Open a lane in the first free column from `start`."""
        for column in range(start, len(self.open)):
            if self.open[column] is None:
                self.open[column] = identity
                return column
        self.open += [None] * (start - len(self.open)) + [identity]
        return len(self.open) - 1

    def _trim(self) -> None:
        while self.open and self.open[-1] is None:
            self.open.pop()

    def _drawn(self, signs: dict[int, str], bar: tuple[int, int] | None = None) -> str:
        """A line: these signs, │ in other open lanes, and a bar between two columns."""
        width = max([len(self.open), *(column + 1 for column in signs)])
        text = ""
        for column in range(width):
            is_open = column < len(self.open) and self.open[column] is not None
            text += signs.get(column, "│" if is_open else " ")
            text += "─" if bar is not None and bar[0] <= column < bar[1] else " "
        return text.rstrip()


def _corner(goes_on: bool, left: bool, right: bool) -> str:
    """The sign where a node's lane meets the bar to its inputs."""
    return {
        (True, False, True): "├",
        (True, True, False): "┤",
        (True, True, True): "┼",
        (False, False, True): "╰",
        (False, True, False): "╯",
        (False, True, True): "┴",
    }[goes_on, left, right]
