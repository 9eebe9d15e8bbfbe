"""What differs between two graphs: ops, shapes, attributes, and gradients that are off by a factor."""

from __future__ import annotations

import math
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.tensor import Tensor
from .names import values_in_frame
from .stepper import brief, label
from .walk import Graph, NodeRecord, walk
from .wording import norm, number, shape_text

__all__ = ["Change", "Comparison", "compare_graphs"]

MOST_EDITS = 300  # beyond so many insertions and removals nodes are paired by their place among their like
SHOWN = 15  # lines for each kind of difference
PURE = 1e-3  # a gradient is off by a factor if what the factor leaves unexplained is below this share


@dataclass(slots=True, eq=False)
class Change:
    """One node that is in both graphs and differs."""

    before: NodeRecord
    after: NodeRecord
    what: str  # in words

    def __str__(self) -> str:
        place = _place(self.after)
        return f"{label(self.after)}{place and f' {place}'}: {self.what}"


@dataclass(slots=True, eq=False)
class GradientChange(Change):
    """A node whose gradient differs."""

    factor: float | None = None  # after = factor · before; None where it is no mere factor


class Comparison:
    """What differs between graph `a` and graph `b`; true if anything does.

    `removed` and `added` hold the records only one graph has; `shapes`, `dtypes`, `attributes` and
    `gradients` hold a `Change` for each pair of nodes that differs, gradients in backward's order.
    """

    def __init__(self, a: Graph, b: Graph, tolerance: float) -> None:
        self.a, self.b, self.tolerance = a, b, tolerance
        left, right = _records(a), _records(b)
        places = matched([record.title for record in left], [record.title for record in right])
        self.pairs = [(left[i], right[j]) for i, j in places]
        self.removed = _others(left, {i for i, _ in places})
        self.added = _others(right, {j for _, j in places})
        self.shapes = [Change(x, y, f"{_shapes(x)} → {_shapes(y)}") for x, y in self.pairs if _shapes(x) != _shapes(y)]
        self.dtypes = [Change(x, y, f"{_dtypes(x)} → {_dtypes(y)}") for x, y in self.pairs if _dtypes(x) != _dtypes(y)]
        self.attributes = [Change(x, y, text) for x, y in self.pairs if (text := _attributes(x, y))]
        order = {identity: place for place, identity in enumerate(b.backward)}
        changes = (_gradient_change(x, y, tolerance) for x, y in self.pairs)
        found = [change for change in changes if change is not None]
        self.gradients = sorted(found, key=lambda change: order.get(change.after.id, len(order)))

    def __bool__(self) -> bool:
        return any((self.removed, self.added, self.shapes, self.dtypes, self.attributes, self.gradients))

    def __str__(self) -> str:
        sizes = f"{_title(self.a)} ({len(self.a.nodes):,} nodes) and {_title(self.b)} ({len(self.b.nodes):,} nodes)"
        if not self:
            return f"{sizes} are the same: ops, shapes, dtypes, and gradients within {self.tolerance:g}."
        parts = [f"{sizes}: {len(self.pairs):,} nodes in both"]
        parts += _listed("removed", [_described(record) for record in self.removed])
        parts += _listed("added", [_described(record) for record in self.added])
        parts += _listed("another shape", list(map(str, self.shapes)))
        parts += _listed("another dtype", list(map(str, self.dtypes)))
        parts += _listed("other attributes", list(map(str, self.attributes)))
        parts += _listed("another gradient, first to last on the way back", list(map(str, self.gradients)))
        return "\n".join(parts)

    __repr__ = __str__


def compare_graphs(
    a: Tensor, b: Tensor, *, tolerance: float = 1e-5, names: Mapping[str, Any] | None = None
) -> Comparison:
    """What differs between the graphs behind two tensors: ops, shapes, dtypes, attributes and gradients.

    Nodes are paired in order, by op, so that as many as possible have a partner. For each pair the gradient
    of its own graph's output is compared: off by a mere factor, or in direction too.

    Args:
        a: the tensor before.
        b: the tensor after.
        tolerance: gradients closer than this share of their norm are equal.
        names: what to call tensors; by default what your variables are called.

    Raises:
        GraphError: without a graph, or where it was freed.

    >>> x = tg.tensor([1.0, 2.0], requires_grad=True)
    >>> tg.compare_graphs((x * x).sum(), (x * x).mean())
    sum n2 (3 nodes) and mean n2 (3 nodes): 2 nodes in both
    removed: 1
      sum n2  y = Σ x  scalar float64
    added: 1
      mean n2  y = (1/n) Σ x  scalar float64
    another gradient, first to last on the way back: 2
      multiply n1: 0.5 times what it was
      x: 0.5 times what it was
    """
    variables = values_in_frame(sys._getframe(1))
    return Comparison(walk(a, None, names, variables), walk(b, None, names, variables), tolerance)


def matched(a: Sequence[str], b: Sequence[str]) -> list[tuple[int, int]]:
    """The places of two sequences that correspond, in order: by the fewest insertions and removals (Myers 1986).

    Its time is that of the length times the number of differences, and past MOST_EDITS differences the k-th of
    a kind is paired with the k-th of that kind, so it stays linear.
    """
    start, shorter = 0, min(len(a), len(b))
    while start < shorter and a[start] == b[start]:
        start += 1
    end = 0
    while end < shorter - start and a[-1 - end] == b[-1 - end]:
        end += 1
    middle_a, middle_b = a[start : len(a) - end], b[start : len(b) - end]
    middle = _fewest_edits(middle_a, middle_b)
    if middle is None:
        middle = _by_kind(middle_a, middle_b)
    ends = [(len(a) - k, len(b) - k) for k in range(end, 0, -1)]
    return [(k, k) for k in range(start)] + [(start + i, start + j) for i, j in middle] + ends


def _fewest_edits(a: Sequence[str], b: Sequence[str]) -> list[tuple[int, int]] | None:
    """The pairs of a shortest edit script, or None if it takes more than MOST_EDITS edits.

    `reach[k]` is how far into `a` the best script of so many edits gets on the diagonal i - j = k.
    """
    reach = {1: 0}
    history = []
    for edits in range(min(len(a) + len(b), MOST_EDITS) + 1):
        history.append(dict(reach))
        for k in range(-edits, edits + 1, 2):
            down = k == -edits or (k != edits and reach[k - 1] < reach[k + 1])
            i = reach[k + 1] if down else reach[k - 1] + 1
            j = i - k
            while i < len(a) and j < len(b) and a[i] == b[j]:
                i, j = i + 1, j + 1
            reach[k] = i
            if i >= len(a) and j >= len(b):
                return list(_traced(history, len(a), len(b)))[::-1]
    return None


def _traced(history: list[dict[int, int]], i: int, j: int) -> Iterator[tuple[int, int]]:
    """The pairs along a shortest script, last first."""
    for edits in range(len(history) - 1, -1, -1):
        reach, k = history[edits], i - j
        down = k == -edits or (k != edits and reach[k - 1] < reach[k + 1])
        before_k = k + 1 if down else k - 1
        before_i = reach[before_k]
        before_j = before_i - before_k
        while i > max(before_i, 0) and j > max(before_j, 0):
            i, j = i - 1, j - 1
            yield i, j
        i, j = before_i, before_j


def _by_kind(a: Sequence[str], b: Sequence[str]) -> list[tuple[int, int]]:
    """The k-th of each kind in one paired with the k-th in the other."""
    places: dict[str, list[int]] = defaultdict(list)
    for j, kind in enumerate(b):
        places[kind].append(j)
    waiting = {kind: iter(found) for kind, found in places.items()}
    pairs = ((i, next(waiting[kind], None)) for i, kind in enumerate(a) if kind in waiting)
    return [(i, j) for i, j in pairs if j is not None]


def _gradient_change(before: NodeRecord, after: NodeRecord, tolerance: float) -> GradientChange | None:
    """How the gradients of a pair differ; None if they do not, or cannot be compared."""
    old, new = before.gradient, after.gradient
    if old is None or new is None:
        if old is None and new is None:
            return None
        words = f"none, where it was {brief(old)}" if new is None else f"{brief(new)}, where there was none"
        return GradientChange(before, after, words)
    if _shapes(before) != _shapes(after) or isinstance(old, tuple):
        return None
    old, new = np.asarray(old, np.float64).ravel(), np.asarray(new, np.float64).ravel()
    if not (np.isfinite(old).all() and np.isfinite(new).all()):
        same = np.array_equal(old, new, equal_nan=True)
        return None if same else GradientChange(before, after, f"{_summary(old)} → {_summary(new)}")
    sizes = norm(old), norm(new)
    if norm(new - old) <= tolerance * max(sizes):
        return None
    if not all(sizes):
        return GradientChange(before, after, f"{_summary(old)} → {_summary(new)}")
    cosine = float((old / sizes[0]) @ (new / sizes[1]))
    ratio = sizes[1] / sizes[0]
    if 1 - abs(cosine) < PURE**2:
        factor = math.copysign(ratio, cosine)
        return GradientChange(before, after, f"{number(factor)} times what it was", factor)
    angle = math.degrees(math.acos(min(max(cosine, -1.0), 1.0)))
    return GradientChange(before, after, f"norm {number(ratio)} times what it was, turned by {number(angle, 3)}°")


def _summary(gradient: Any) -> str:
    bad = int(gradient.size - np.isfinite(gradient).sum())
    return f"{bad} of {gradient.size} not finite" if bad else f"norm {number(norm(gradient))}"


def _records(graph: Graph) -> list[NodeRecord]:
    return [record for record in graph.nodes.values() if record.kind != "bypassed"]


def _others(records: list[NodeRecord], paired: set[int]) -> list[NodeRecord]:
    return [record for place, record in enumerate(records) if place not in paired]


def _parts(record: NodeRecord) -> tuple[Any, ...]:
    return record.value if isinstance(record.value, tuple) else (record.value,)


def _shapes(record: NodeRecord) -> str:
    return " and ".join(str(np.shape(part)) for part in _parts(record))


def _dtypes(record: NodeRecord) -> str:
    return " and ".join(str(np.asarray(part).dtype) for part in _parts(record))


def _attributes(before: NodeRecord, after: NodeRecord) -> str:
    """The attributes that differ, shapes apart: those are reported as shapes."""
    old, new = before.attributes, after.attributes
    keys = [key for key in {**old, **new} if key != "shape" and old.get(key) != new.get(key)]
    return ", ".join(f"{key} {old.get(key)!r} → {new.get(key)!r}" for key in keys)


def _title(graph: Graph) -> str:
    return label(graph.nodes[graph.output])


def _described(record: NodeRecord) -> list[str]:
    return list(filter(None, [label(record), record.text("formula"), shape_text(record.value), _place(record)]))


def _place(record: NodeRecord) -> str:
    """The layers that an op was called in."""
    return f"in {'/'.join(record.scope)}" if record.scope and record.op is not None else ""


def _listed(title: str, entries: Sequence[str | list[str]]) -> list[str]:
    """A titled list of differences, the first few of them."""
    if not entries:
        return []
    lines = [f"  {entry if isinstance(entry, str) else '  '.join(entry)}" for entry in entries[:SHOWN]]
    left = [f"  ... and {len(entries) - SHOWN:,} more"] if len(entries) > SHOWN else []
    return [f"{title}: {len(entries):,}", *lines, *left]
