"""Matrices of few entries: their memory stays, with what is the same in each run; steps write the entries in place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .codegen import shape_comment
from .ir import Listing, Step, Value
from .linear_assembly import assembled
from .traced import subscript

__all__ = ["Matrix", "matrices_of", "place_matrix", "write_matrix"]

INTO = {"ufunc", "where", "cast"}  # kinds of steps that can write with gaps between elements


@dataclass(slots=True, eq=False)
class Matrix:
    """A matrix that keeps its memory: its parts, and whether their steps write them where they belong."""

    result: Value
    base: Value
    written: list[tuple[slice, Value, bool]]
    added: list[tuple[slice, Value]]


def matrices_of(listing: Listing, roots: dict[int, Value]) -> dict[int, Matrix]:
    """The matrices that can keep their memory, by the id of their step."""
    makers = {id(step.results[0]): step for step in listing.steps if step.kind in INTO and len(step.results) == 1}
    leaving = {id(roots.get(id(value), value)) for value in listing.kept()}
    stored = [new for _, new in listing.assigned] + [g for _, g in listing.gradients if g is not None]
    stays = {id(roots.get(id(value), value)) for value in stored}  # given away without a copy
    found: dict[int, Matrix] = {}
    inside: set[int] = set()
    for step in listing.steps:
        if step.function is not assembled or id(step.result) in stays or not _is_simple(step):
            continue
        base, written, added, _ = step.arguments
        parts = []
        for place, part in written:
            free = id(part) in makers and id(part) not in leaving | inside
            inside.add(id(part))
            parts.append((place, part, free))
        found[id(step)] = Matrix(step.results[0], base, parts, list(added))
    return found


def _is_simple(step: Step) -> bool:
    """Whether all entries are known slices, apart from each other, of computed numbers of the matrix's dtype."""
    base, written, added, repeated = step.arguments
    taken = np.zeros(base.size, bool)
    if base.source != "constant" or repeated:
        return False
    for place, part in (*written, *added):
        if not isinstance(place, slice) or not isinstance(part, Value) or part.dtype != base.dtype:
            return False
        if part.shape != taken[place].shape or np.any(taken[place]):
            return False
        taken[place] = True
    return True


def place_matrix(writer: Any, matrix: Matrix) -> None:
    """The matrix at module level, and in it the places that steps write to."""
    name = writer.namer.of(matrix.result)
    writer.head.append(f"{name} = {writer.namer.of(matrix.base)}.copy()")
    for place, part, free in matrix.written:
        if free:
            writer.head.append(f"{writer.namer.of(part)} = {entries_text(matrix, name, place)}")
            writer.placed.add(id(part))
    writer.placed.add(id(matrix.result))


def write_matrix(writer: Any, matrix: Matrix) -> None:
    """The entries that no step has written yet."""
    name = writer.namer.of(matrix.result)
    comment = f"  # into {name}: {shape_comment(matrix.result)}"
    for number, (place, part, free) in enumerate(matrix.written):
        if not free:
            entries = writer.named(f"{name}_part_{number}", entries_text(matrix, name, place))
            writer.body.append(f"{writer.function('np.copyto')}({entries}, {writer.namer.of(part)}){comment}")
    for number, (place, part) in enumerate(matrix.added):
        entries = writer.named(f"{name}_sum_{number}", entries_text(matrix, name, place))
        base = writer.named(f"{name}_base_{number}", f"{entries}.copy()")
        writer.body.append(f"{writer.function('np.add')}({base}, {writer.namer.of(part)}, {entries}){comment}")


def entries_text(matrix: Matrix, name: str, place: Any) -> str:
    """How a part of a matrix is written, as a view."""
    flat = name if len(matrix.result.shape) == 1 else f"{name}.reshape(-1)"
    return f"{flat}[{subscript(place)}]"
