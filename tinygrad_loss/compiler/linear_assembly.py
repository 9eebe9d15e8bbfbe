"""From terms to one array: where each entry goes is known beforehand, the entries are computed by the program."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .ir import Step, Value, replaced
from .linear_terms import Dense, Form, Indices, Selection, Term, broadcast, places, take
from .traced import Traced

__all__ = ["Assembly", "assembled"]


def assembled(base: Any, written: Any, added: Any, repeated: Any) -> Any:
    """A copy of `base` with parts written at flat places, then added at places; at `repeated` ones one by one."""
    out = base.copy()
    flat = out.reshape(-1)
    for place, part in written:
        flat[place] = part
    for place, part in added:
        flat[place] += part
    for place, part in repeated:
        np.add.at(flat, place, part)
    return out


class Assembly:
    """Makes whole matrices of terms; `sizes` are the numbers of seeds in each array of them."""

    def __init__(self, emit: Callable[[Step], None]) -> None:
        self.emit = emit
        self.sizes: list[int] = []

    def range(self, terms: Sequence[Term]) -> tuple[int, int]:
        """The seeds that terms depend on, rounded to whole arrays of them."""
        low, high = sum(self.sizes), 0
        for t in terms:
            if isinstance(t, Dense):
                low, high = min(low, t.start), max(high, t.start + t.width)
            elif t.columns.size:
                low, high = min(low, int(t.columns.min())), max(high, int(t.columns.max()) + 1)
        if low >= high:
            return 0, sum(self.sizes)
        ends = np.cumsum([0, *self.sizes])
        return int(ends[ends <= low].max()), int(ends[ends >= high].min())

    def dense(self, form: Form, first: bool | None = None, seeds: tuple[int, int] | None = None) -> Dense:
        """All terms as one dense matrix for a range of seeds, by default for those that they depend on."""
        start, stop = seeds or self.range(form.terms)
        wanted = [t for t in form.terms if isinstance(t, Dense)]
        first = first if first is not None else bool(wanted and wanted[0].first)
        whole = [t.turned(first) for t in wanted if (t.start, t.start + t.width) == (start, stop)]
        if len(whole) == len(form.terms) == 1:
            return whole[0]
        total: Any = None
        for each in whole:
            total = each.scaled() if total is None else total + each.scaled()
        parts = []
        for t in form.terms:
            if isinstance(t, Selection) or (t.start, t.start + t.width) != (start, stop):
                where, part = _placed(t, form.size, (start, stop), first)
                if where.size:
                    parts.append((where, part))
        if total is None or parts:
            shape = (stop - start, *form.shape) if first else (*form.shape, stop - start)
            total = self.assembled(np.zeros(shape, form.dtype) if total is None else total, parts)
        return Dense(form.dtype.type(1), total, first, start)

    def assembled(self, base: Any, parts: list[tuple[Indices, Any]]) -> Any:
        """The base, an array or a traced one, with parts added at flat places; numbers go into an array at once."""
        fixed = isinstance(base, np.ndarray)
        taken = np.full(base.size, not fixed)
        if fixed:
            for where, part in parts:
                if not isinstance(part, Traced):
                    np.add.at(base.reshape(-1), where.reshape(-1), part)
                    taken[where.reshape(-1)] = True
            parts = [(where, part) for where, part in parts if isinstance(part, Traced)]
        groups: list[list[Any]] = [[], [], []]
        for where, part in parts:
            flat = where.reshape(-1)
            kind = 2 if np.unique(flat).size != flat.size else 1 if np.any(taken[flat]) else 0
            groups[kind].append((_value(places(where)), _value(part)))
            taken[flat] = True
        if not parts:
            return Traced(Value(base, "constant"), self.emit) if fixed else base
        if fixed and len(parts) == len(groups[0]) == 1 and _is_all(*parts[0], base.size):
            return parts[0][1].reshape(base.shape)
        start = Value(base, "constant") if fixed else base.value
        arguments = (start, *map(tuple, groups))
        result = Value(assembled(*replaced(arguments, lambda value: value.array)))
        self.emit(Step("call", assembled, arguments, {}, result))
        return Traced(result, self.emit)


def _placed(t: Term, size: int, seeds: tuple[int, int], first: bool) -> tuple[Indices, Any]:
    """The flat places of a term's entries in the matrix for these seeds, and the entries."""
    start, stop = seeds
    part: Any
    if isinstance(t, Dense):
        rows, columns = np.arange(size), np.arange(t.start, t.start + t.width)
        rows, columns = (rows, columns[:, None]) if first else (rows[:, None], columns)
        part = t.turned(first).scaled().reshape((-1,))
    else:
        rows, columns = t.rows, t.columns
        part = broadcast(t.coefficient, rows.shape)
        part = part if np.ndim(part) <= 1 else part.reshape((-1,))
    here = np.broadcast_to((columns >= start) & (columns < stop), np.broadcast_shapes(rows.shape, columns.shape))
    where = (columns - start) * size + rows if first else rows * (stop - start) + (columns - start)
    if not np.all(here):
        part = take(part, np.flatnonzero(here))
        where = where[here]
    return where, part


def _is_all(where: Indices, part: Traced, size: int) -> bool:
    """Whether a part is the whole, in order."""
    return part.size == size and bool(np.array_equal(where.reshape(-1), np.arange(size)))


def _value(x: Any) -> Any:
    if isinstance(x, Traced):
        return x.value
    return Value(x, "constant") if isinstance(x, (np.ndarray, np.generic)) else x
