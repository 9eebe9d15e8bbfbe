"""Where every value lives: parameters, state and gradients side by side in flat arrays, the rest in memory reused.

A program's shapes are fixed, so all of its memory is laid out before it runs: a value is a place, its
transpose another view of the same place, and a step writes where its result belongs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .batchlast import BatchLast, Place
from .entries import Matrix, matrices_of
from .ir import Listing, Step, Update, Value, roots_of

__all__ = ["Block", "Flat", "Layout", "laid_out"]

BLOCK = 32_768  # elements of an update that go through its steps together: they stay in the second-level cache
WRITES = {
    "ufunc",
    "reduce",
    "product",
    "where",
    "cast",
    "rows",
    "dense",
}  # kinds of steps that can be told where to write


@dataclass(slots=True, eq=False)
class Block:
    """A piece of memory that several values use, one after the other."""

    size: int  # bytes
    name: str = ""


@dataclass(slots=True, eq=False)
class Flat:
    """The arrays of one update: a flat array for each of its slots, and where each parameter begins."""

    update: Update
    step: Step
    names: list[str]
    starts: list[int]
    size: int
    dtypes: list[np.dtype[Any]]
    gradients_end: bool  # whether nobody reads the gradients after the update
    blocks: int  # how many elements are updated at a time; 0 for all at once


@dataclass(slots=True, eq=False)
class Layout:
    """The places of all values; a value without one is a local variable of the program."""

    blocks: list[Block] = field(default_factory=list)
    flats: list[Flat] = field(default_factory=list)
    in_block: dict[int, Block] = field(default_factory=dict)  # by id of the value
    in_flat: dict[int, tuple[str, int]] = field(default_factory=dict)  # (flat array, start)
    copied: dict[int, list[tuple[str, int]]] = field(default_factory=dict)  # gradients made elsewhere
    ends: dict[int, list[Value]] = field(default_factory=dict)  # local variables to drop, by step
    matrices: dict[int, Matrix] = field(default_factory=dict)  # those that keep their memory, by id of the step
    in_matrix: set[int] = field(default_factory=set)  # values that are one, or are written into one
    turned: set[int] = field(default_factory=set)  # values whose memory has the batch as its last axis
    threads: int = 1  # that an update may use
    sums: bool = True  # whether they may be products
    stacked: dict[int, Place] = field(default_factory=dict)  # values that lie one behind the other
    with_ones: dict[int, Value] = field(default_factory=dict)  # of those, inputs of dense layers, above a row of ones

    def placed(self, value: Value) -> bool:
        """Whether the value has memory of its own before the program runs."""
        return (
            id(value) in self.in_block
            or id(value) in self.in_flat
            or id(value) in self.in_matrix
            or id(value) in self.with_ones
            or id(value) in self.stacked
        )


def settle_views(listing: Listing) -> None:
    """Ask of every view whether it is one where the program's memory lies: a copy has to be made at each run.

    Capture saw eager arrays, in whatever layout the ops gave them; a program's values lie row by row.
    """
    lies: dict[int, Any] = {}
    for step in listing.steps:
        if step.kind == "view":
            base, *rest = step.arguments
            array = lies.get(id(base))
            array = np.empty(base.shape, base.dtype) if array is None else array  # never written: no memory is taken
            seen = step.function(array, *rest, **step.options)
            lies[id(step.result)] = seen
            if seen.size and not np.may_share_memory(seen, array):
                step.kind = "call"


def laid_out(
    listing: Listing, reuse: bool = True, elsewhere: frozenset[int] = frozenset(), batch: BatchLast | None = None
) -> Layout:
    """Find a place for every value of the listing but those `elsewhere`; without `reuse` each has its own."""
    layout = Layout()
    if batch is not None:
        layout.turned, layout.with_ones, layout.stacked = batch.turned, batch.inputs, batch.stacked
    settle_views(listing)
    roots = roots_of(listing)
    fresh = {id(roots.get(id(value), value)) for value in listing.kept()}  # what leaves the program is new each time
    fresh |= elsewhere
    for number, step in enumerate(step for step in listing.steps if step.kind == "update"):
        _flat(layout, step, number, {id(value) for value in listing.kept()})
    _gradients(layout, listing, roots, fresh)
    layout.matrices = matrices_of(listing, roots) if reuse else {}
    for matrix in layout.matrices.values():
        layout.in_matrix |= {id(matrix.result), *(id(part) for _, part, free in matrix.written if free)}
    last = _last_uses(listing, roots)
    free: dict[int, list[Block]] = {}
    for index, step in enumerate(listing.steps):
        dying = [value for value in last.get(index, []) if id(value) in layout.in_block]
        if step.kind in WRITES:
            _place(layout, step, dying, free, fresh, reuse)
        for value in last.get(index, []):
            if id(value) in layout.in_block:
                block = layout.in_block[id(value)]
                if reuse and block not in free.setdefault(block.size, []) and not _taken_over(layout, step, block):
                    free[block.size].append(block)
            elif value.source == "step" and not layout.placed(value) and value.shape and id(value) not in fresh:
                layout.ends.setdefault(index, []).append(value)
    for number, block in enumerate(layout.blocks):
        block.name = f"memory_{number}"
    return layout


def _taken_over(layout: Layout, step: Step, block: Block) -> bool:
    """Whether the step's own result stands in that block."""
    return any(layout.in_block.get(id(value)) is block for value in step.results)


def _flat(layout: Layout, step: Step, number: int, kept: set[int]) -> None:
    """Flat arrays for an update, and in them a place for each parameter and its state."""
    update: Update = step.function  # type: ignore[assignment]
    suffix = str(number) if number else ""
    names = [
        f"{slot}_flat{suffix}" if slot not in ("w", "g") else {"w": "weights", "g": "gradients"}[slot] + suffix
        for slot in update.slots
    ]
    starts, total = [], 0
    for row in step.arguments:
        starts.append(total)
        total += row[0].size
    ends = not {id(row[-1]) for row in step.arguments} & kept
    dtypes = [value.dtype for value in update.inputs]
    blocks = BLOCK if total >= 2 * BLOCK else 0
    flat = Flat(update, step, names, starts, total, dtypes, ends, blocks)
    layout.flats.append(flat)
    width = len(update.slots) - 1
    for number_of, (row, start) in enumerate(zip(step.arguments, starts, strict=True)):
        leaves = row[:-1]
        for leaf, name in zip(leaves, [names[0], *names[2:]], strict=True):
            layout.in_flat[id(leaf)] = (name, start)
        for value, name in zip(
            step.results[number_of * width : (number_of + 1) * width], [names[0], *names[2:]], strict=True
        ):
            layout.in_flat[id(value)] = (name, start)


def _gradients(layout: Layout, listing: Listing, roots: dict[int, Value], fresh: set[int]) -> None:
    """A gradient is written where its update reads it; one that is made elsewhere is copied there."""
    makers = {id(value): step for step in listing.steps for value in step.results}
    for flat in layout.flats:
        for row, start in zip(flat.step.arguments, flat.starts, strict=True):
            g = row[-1]
            maker = makers.get(id(g))
            own = maker is not None and maker.kind in WRITES and id(g) not in roots and id(g) not in fresh
            if own and g.shape and not layout.placed(g):
                layout.in_flat[id(g)] = (flat.names[1], start)
            else:
                layout.copied.setdefault(id(flat.step), []).append((flat.names[1], start))


def _last_uses(listing: Listing, roots: dict[int, Value]) -> dict[int, list[Value]]:
    """The values that are used for the last time, by the index of the step that does; views count for their root."""
    last: dict[int, int] = {}
    by_id: dict[int, Value] = {}
    for index, step in enumerate(listing.steps):
        for value in (*step.operands, *step.results):
            root = roots.get(id(value), value)
            last[id(root)] = index
            by_id[id(root)] = root
    for value in listing.kept():
        last.pop(id(roots.get(id(value), value)), None)
    found: dict[int, list[Value]] = {}
    for key, index in last.items():
        found.setdefault(index, []).append(by_id[key])
    return found


def _place(
    layout: Layout, step: Step, dying: list[Value], free: dict[int, list[Block]], fresh: set[int], reuse: bool
) -> None:
    """Give the step's results memory: that of an operand one replaces, a free block, or a new one."""
    for value in step.results:
        _place_one(layout, step, value, dying, free, fresh, reuse)


def _place_one(
    layout: Layout, step: Step, value: Value, dying: list[Value], free: Any, fresh: set[int], reuse: bool
) -> None:
    if layout.placed(value) or id(value) in fresh or not value.shape or not value.size:
        return
    size = value.size * value.dtype.itemsize
    if reuse and step.kind == "ufunc":
        for operand in dying:
            if (operand.shape, operand.dtype) == (value.shape, value.dtype) and any(
                operand is x for x in step.arguments
            ):
                layout.in_block[id(value)] = layout.in_block[id(operand)]
                return
    if reuse and free.get(size):
        block = free[size].pop()
    else:
        block = Block(size)
        layout.blocks.append(block)
    layout.in_block[id(value)] = block
