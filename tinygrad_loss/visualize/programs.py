"""From a compiled program to plain records: a box for each line of its source."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ..compiler.codegen import Line, program_lines, shape_comment
from ..compiler.ir import Value
from ..compiler.jit import Jitted
from ..compiler.names import Namer
from ..compiler.program import Program
from ..errors import GraphError
from .walk import EdgeRecord, Graph, NodeRecord

__all__ = ["program_of", "program_records"]

NOTE = "each box is a line of the program's source; what a line makes has a value only while the program runs"
LONG = 200  # characters: of a longer line the rest is left out


@dataclass(frozen=True)
class LineOp:
    """A line of a program in the place of an op: it has a name and code, but no rule."""

    name: str
    kind: str = "line"
    kernel: None = None
    info: dict[str, str] = field(default_factory=dict)


def program_of(thing: Any) -> Program | None:
    """The program behind a program or a jitted function; None for anything else.

    Raises:
        GraphError: for a jitted function that has no program.
    """
    if not isinstance(thing, Jitted):
        return thing if isinstance(thing, Program) else None
    if thing.program is None:
        raise GraphError(
            "This jitted function has no program yet.",
            thing.reason or "A program is written down at the first call.",
            "Call the function with its arguments, and draw it then.",
        )
    return thing.program


def program_records(program: Program) -> Graph:
    """The lines of a program and what they read, the inputs first.

    Parameters and states bring the values they hold now. A layer is placed inside its phase, so forward,
    backward and update stand apart.
    """
    namer = Namer(program.listing)
    lines, end = program_lines(program.listing, namer)
    return _Lines(namer).graph(lines, end)


class _Lines:
    """Writes the records of lines in their order."""

    def __init__(self, namer: Namer) -> None:
        self.namer = namer
        self.records: list[NodeRecord] = []
        self.makers: dict[int, NodeRecord] = {}  # by id of the value

    def graph(self, lines: list[Line], end: Line) -> Graph:
        """The records of all lines; the last one returns."""
        for line in [*lines, end]:
            self._line(line)
        self.records[-1].name = "program"
        nodes = {record.id: record for record in self.records}
        return Graph(nodes, self.records[-1].id, [], NOTE)

    def _line(self, line: Line) -> None:
        step, scope = line.step, tuple(filter(None, [line.step.phase, *line.step.scope]))
        read = [
            value for value in line.operands if value.source != "host" and (value.shape or value.source != "constant")
        ]
        sources = [self._source(value, scope) for value in read]
        record = self._add("op", LineOp(step.op), line.made(self.namer), scope)
        record.inputs = _edges(record.id, (source.id for source in sources))
        record.facts = {
            "code": textwrap.shorten(line.text, LONG, placeholder=" …"),
            "shape": "; ".join(map(shape_comment, line.results)),
        }
        self.makers |= {id(value): record for value in line.results}

    def _source(self, value: Value, scope: tuple[str, ...]) -> NodeRecord:
        """The record of what a line reads: made by a line before, or an input, placed where it is first read."""
        if id(value) not in self.makers:
            kind = "constant" if value.source == "constant" else "leaf"
            name = self.namer.of(value)
            record = self._add(kind, None, name, () if value.source == "argument" else scope)
            record.value = value.owner._value if value.source == "leaf" else value.array if kind == "constant" else None
            record.held = getattr(record.value, "nbytes", 0)
            record.facts = {} if record.value is not None else {"shape": shape_comment(value)}
            self.makers[id(value)] = record
        return self.makers[id(value)]

    def _add(self, kind: str, op: Any, name: str | None, scope: tuple[str, ...]) -> NodeRecord:
        number = len(self.records)
        self.records.append(NodeRecord(f"n{number}", kind, op, name or None, None, scope, made=number))
        return self.records[-1]


def _edges(target: str, sources: Iterable[str]) -> list[EdgeRecord]:
    return [EdgeRecord(source, target, index, "") for index, source in enumerate(dict.fromkeys(sources))]
