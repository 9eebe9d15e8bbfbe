"""The batch in parts: steps that treat each sample by itself run part by part, in cache, and on several threads.

A group of such steps becomes one step of kind "rows": a listing for a part of the batch, repeated for every
part. What lives only inside the group takes memory for a part, not for the batch; what others read is
written part by part; what is summed over the batch is summed for each thread, then over the threads.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from .ir import Listing, Step, Value, replaced
from .rows import Meeting, along, own_rows

__all__ = ["Rows", "split"]

# The table of choices. All by size, none by a clock: the same program gives the same bits.
LEAST = 1e6  # nanoseconds of work from which threads are worth their start
SHARE = 0.1  # of that work outside products: BLAS alone keeps all cores busy with products
CACHE = 1 << 21  # bytes that one step should touch
PRODUCT, ELEMENT, CURVE, CALL = 1 / 60, 0.4, 2.0, 12.0  # nanoseconds for each multiplication, element, ...
CURVES = {np.exp, np.log, np.tanh, np.sin, np.cos, np.power, np.expm1, np.log1p, np.logaddexp, np.arctan}


@dataclass(slots=True, eq=False)
class Rows:
    """Steps for one part of the batch, and how their values are parts of the program's."""

    inner: Listing
    cut: list[tuple[Value, Value, int]]  # read in parts: the whole, the part, the axis
    made: list[tuple[Value, Value, int]]  # written in parts
    sums: list[tuple[Value, Value]]  # the whole, and what a part adds to it
    parts: int
    workers: int

    @property
    def bounds(self) -> list[int]:
        """Where each thread's parts begin, and the end of the last."""
        return [self.parts * worker // self.workers for worker in range(self.workers + 1)]

    def __call__(self, *_: Any) -> Any:
        """Rows run as generated code only."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"<{len(self.inner.steps)} steps in {self.parts} parts>"


@dataclass(slots=True, eq=False)
class _Group:
    """Steps that can run in parts, with those that have to come before and after."""

    steps: list[Step] = field(default_factory=list)  # all, in their order
    before: list[Step] = field(default_factory=list)
    inside: list[tuple[Step, Meeting]] = field(default_factory=list)
    after: list[Step] = field(default_factory=list)
    late: set[int] = field(default_factory=set)  # ids of values that are there only after the parts
    parted: set[int] = field(default_factory=set)  # ids of values made in parts


def split(listing: Listing, threads: int) -> Listing:
    """The listing with groups of steps in parts where that is worth it."""
    count = _batch(listing)
    if count is None:
        return listing
    groups = _grouped(listing, count)
    chosen = {id(group): _parts(group, count, threads) for group in groups}
    if not any(parts for parts, _ in chosen.values()):
        return listing
    steps: list[Step] = []
    for index, group in enumerate(groups):
        parts, workers = chosen[id(group)]
        if not parts:
            steps += group.steps
            continue
        outside = [*group.after, *(step for later in groups[index + 1 :] for step in later.steps)]
        steps += _in_parts(group, outside, listing, parts, workers)
    return replace(listing, steps=steps)


def _batch(listing: Listing) -> int | None:
    """How many samples the arguments hold, if they agree."""
    lengths = {x.shape[0] for x in listing.arguments if x.shape}
    return lengths.pop() if len(lengths) == 1 and min(lengths) > 1 else None


def _grouped(listing: Listing, count: int) -> list[_Group]:
    seeds = [*listing.arguments, *listing.draws]
    axes = {id(x): 0 for x in seeds if x.shape and x.shape[0] == count}
    groups = [_Group()]
    for step in listing.steps:
        meeting = along(step, axes, count)
        group, reads = groups[-1], {id(x) for x in step.operands}
        if meeting is None:
            waits = bool(reads & (group.late | group.parted)) or step.kind == "update"
            (group.after if waits else group.before).append(step)
            if waits:
                group.late |= {id(x) for x in step.results}
            group.steps.append(step)
            continue
        if reads & group.late:
            group = _Group()
            groups.append(group)
        group.steps.append(step)
        group.inside.append((step, meeting))
        if meeting.axis is None:
            group.late.add(id(step.result))
        else:
            axes[id(step.result)] = meeting.axis
            group.parted.add(id(step.result))
    return groups


def _work(step: Step) -> float:
    """About how many nanoseconds a step takes on one thread."""
    size = max(value.size for value in (*step.operands, *step.results))
    if step.kind == "product":
        return step.results[0].size * step.arguments[0].shape[-1] * PRODUCT
    if step.kind == "view":
        return 0
    return size * (CURVE if step.function in CURVES else CALL if step.kind == "call" else ELEMENT)


def _parts(group: _Group, count: int, threads: int) -> tuple[int, int]:
    """Into how many parts the batch goes, and on how many threads; 0 parts where it stays whole."""
    work = sum(_work(step) for step, _ in group.inside)
    products = sum(_work(step) for step, _ in group.inside if step.kind == "product")
    if work < LEAST or work - products < SHARE * work:
        return 0, 0
    touched = max(
        sum(
            x.size * x.dtype.itemsize
            for x in (*step.operands, *step.results)
            if id(x) in meeting.cut or x in step.results
        )
        for step, meeting in group.inside
        if meeting.axis is not None
    )
    wanted = max(threads, min(count, math.ceil(touched / CACHE)))
    parts = next((n for n in range(wanted, count + 1) if count % n == 0), count)
    return (parts, min(threads, parts)) if parts > 1 else (0, 0)


def _touched(step: Step, meeting: Meeting) -> int:
    """How many bytes a step reads and writes, as far as they are cut."""
    values = [x for x in step.operands if id(x) in meeting.cut]
    values += [] if meeting.axis is None else [*step.results]
    return sum(x.size * x.dtype.itemsize for x in values)


def _in_parts(group: _Group, outside: list[Step], listing: Listing, parts: int, workers: int) -> list[Step]:
    """The steps before, one step for the group, and those after."""
    makers = {id(step.result): step for step, _ in group.inside}
    axis_of = {id(step.result): meeting.axis for step, meeting in group.inside}
    wanted = [x for step in outside for x in step.operands] + listing.kept()
    visible, again = _visible(wanted, makers)
    cutter = _Cutter(parts)
    inner = Listing()
    for step, meeting in group.inside:
        inner.steps.append(cutter.step(step, meeting))
    made = [(x, cutter.part(x, axis), axis) for x in visible if (axis := axis_of[id(x)]) is not None]
    sums = [(step.results[0], cutter.part(step.results[0], None)) for step, m in group.inside if m.axis is None]
    own = {key[0] for key in cutter.parts if key[0] in makers}
    cut = [(whole, part, axis) for (key, axis), (whole, part) in cutter.parts.items() if key not in own]
    inner.arguments = [part for _, part, _ in cut]
    rows = Rows(inner, [(w, p, a) for w, p, a in cut if a is not None], made, sums, parts, workers)
    reads = {id(x): x for step, _ in group.inside for x in step.operands if id(x) not in makers}
    results = tuple([whole for whole, _, _ in made] + [whole for whole, _ in sums])
    return [*group.before, Step("rows", rows, tuple(reads.values()), {}, results, phase="rows"), *again, *group.after]


def _visible(wanted: list[Value], makers: dict[int, Step]) -> tuple[list[Value], list[Step]]:
    """The values that have to be there for the whole batch, and the views of them to be taken again outside."""
    visible: dict[int, Value] = {}
    again: dict[int, Step] = {}
    work = [x for x in wanted if id(x) in makers]
    while work:
        x = work.pop()
        step = makers[id(x)]
        if step.kind == "view":
            again[id(step)] = step
            base = step.arguments[0]
            work += [base] if id(base) in makers else []
        else:
            visible[id(x)] = x
    order = {id(step): index for index, step in enumerate(makers.values())}
    ordered = sorted(again.values(), key=lambda step: order[id(step)])
    return sorted(visible.values(), key=lambda x: order[id(makers[id(x)])]), ordered


class _Cutter:
    """Makes steps for a part of the batch out of steps for all of it."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.parts: dict[tuple[int, int | None], tuple[Value, Value]] = {}

    def part(self, whole: Value, axis: int | None) -> Value:
        """The value that stands for a part of another one, cut along an axis; without one, for what it adds."""
        key = (id(whole), axis)
        if key not in self.parts:
            shape = tuple(n // self.count if i == axis else n for i, n in enumerate(whole.shape))
            array = np.broadcast_to(np.zeros((), whole.dtype), shape)
            self.parts[key] = whole, Value(array, "step", whole.name)
        return self.parts[key][1]

    def step(self, step: Step, meeting: Meeting) -> Step:
        """The same step for a part."""

        def instead(x: Value) -> Value:
            return self.part(x, meeting.cut[id(x)]) if id(x) in meeting.cut else x

        result = self.part(step.results[0], meeting.axis)
        arguments, text = replaced(step.arguments, instead), step.text
        if step.function in (np.reshape, np.broadcast_to):
            arguments = (arguments[0], result.shape)
            text = f"np.{step.function.__name__}({{0}}, {result.shape})"
        if own_rows(step):
            arguments = (arguments[0], (Value(np.arange(result.shape[0]), "constant"), arguments[1][1]))
        options = replaced(step.options, instead) if step.function not in (np.reshape, np.broadcast_to) else {}
        return Step(
            step.kind, step.function, arguments, options, result, step.op, step.scope, step.phase, text, step.shares
        )
