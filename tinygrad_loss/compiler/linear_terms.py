"""A linear function of seeds as a sum of terms: a diagonal of coefficients times a fixed map of the seeds.

Σ c ⊙ (B t): what is elementwise multiplies the coefficients c, which are as small as one value, and not
the matrix B, which has a column for each seed. B is a selection of seeds, known by its indices alone, or
a dense matrix. Terms with the same B are one. So the matrix of the whole, its Jacobian, is put together
from its entries that can differ from zero.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np

from .ir import Step
from .traced import _taken

__all__ = [
    "Dense",
    "Form",
    "Indices",
    "Selection",
    "Term",
    "broadcast",
    "is_one",
    "moved",
    "numbered",
    "places",
    "take",
]

_REORDERED = (np.transpose, np.swapaxes, np.moveaxis)

Indices: TypeAlias = Any  # an integer array
Coefficient: TypeAlias = Any  # a Traced array, or one NumPy number


class NotFollowedError(Exception):
    """A step is not linear in the seeds, or of a kind that no rule follows."""


@dataclass(slots=True, eq=False)
class Selection:
    """For each k, seed columns[k] times its coefficient is added to the element at rows[k] (counted flat)."""

    coefficient: Coefficient  # broadcasts to the shape of rows
    rows: Indices
    columns: Indices

    def key(self) -> Any:
        """What terms have in common that can be one."""
        return self.rows.shape, self.rows.tobytes(), self.columns.tobytes()

    def is_full(self, shape: tuple[int, ...]) -> bool:
        """Whether each element of the value has one seed, in order."""
        return self.rows.shape == shape and bool(np.array_equal(self.rows, numbered(shape)))


@dataclass(slots=True, eq=False)
class Dense:
    """A matrix with an axis of seeds, before or after the axes of the value."""

    coefficient: Coefficient  # broadcasts to the shape of the value
    matrix: Any  # traced
    first: bool  # where the axis of seeds is
    start: int  # the first seed that it has

    def key(self) -> Any:
        """What terms have in common that can be one."""
        return id(self.matrix.value), self.first, self.start

    @property
    def width(self) -> int:
        """How many seeds it has."""
        return int(self.matrix.shape[0 if self.first else -1])

    def scaled(self) -> Any:
        """The coefficients times the matrix."""
        c, matrix = self.coefficient, self.matrix
        if is_one(c) and c.dtype == matrix.dtype:
            return matrix
        return matrix * (c if self.first or np.ndim(c) == 0 else c[..., None])

    def turned(self, first: bool) -> Dense:
        """The same with the axis of seeds where it is wanted."""
        if first == self.first:
            return self
        ends = (0, -1) if self.first else (-1, 0)
        return replace(self, matrix=np.moveaxis(self.matrix, *ends), first=first)


Term: TypeAlias = Selection | Dense


@dataclass(slots=True, eq=False)
class Form:
    """A value that is linear in the seeds."""

    shape: tuple[int, ...]
    dtype: Any
    terms: list[Term]

    @property
    def size(self) -> int:
        """How many elements the value has."""
        return int(np.prod(self.shape, dtype=int))

    def merged(self) -> Form:
        """The same with one term for each map of the seeds."""
        found: dict[Any, Term] = {}
        for term in self.terms:
            key = term.key()
            known = found.get(key)
            found[key] = term if known is None else replace(known, coefficient=known.coefficient + term.coefficient)
        return Form(self.shape, self.dtype, list(found.values()))


def is_one(x: Any) -> bool:
    """Whether a coefficient is the number 1."""
    return isinstance(x, (int, float, np.generic)) and x == 1


def numbered(shape: tuple[int, ...]) -> Indices:
    """The flat place of each element."""
    return np.arange(int(np.prod(shape, dtype=int))).reshape(shape)


def slice_of(places: Indices) -> slice | None:
    """The slice that takes these places in this order, if there is one."""
    flat = places.reshape(-1)
    if not flat.size:
        return slice(0, 0, 1)
    step = int(flat[1] - flat[0]) if flat.size > 1 else 1
    if step == 0 or not np.array_equal(flat, flat[0] + step * np.arange(flat.size)):
        return None
    stop = int(flat[-1]) + (1 if step > 0 else -1)
    return slice(int(flat[0]), stop if stop >= 0 else None, step)


def take(x: Any, places: Indices) -> Any:
    """The elements of x at flat places, in the shape of `places`: a view where that can be."""
    if np.ndim(x) == 0:
        return x
    flat = x if x.ndim == 1 else x.reshape((-1,))
    part = slice_of(places)
    if part is None:
        return flat[places]
    taken = flat if part == slice(0, flat.size, 1) else flat[part]
    return taken if places.ndim == 1 else taken.reshape(places.shape)


def places(found: Indices) -> Any:
    """Places as they are written in an index: a slice where that can be."""
    part = slice_of(found)
    return found.reshape(-1) if part is None else part


def broadcast(x: Any, shape: tuple[int, ...]) -> Any:
    """An array of exactly this shape; a number stays one."""
    return x if np.ndim(x) == 0 or x.shape == shape else np.broadcast_to(x, shape)


def moved(term: Selection, size: int, source: Indices) -> tuple[Selection, Indices]:
    """A selection of a selection: element o of the result is element source[o], or zero where that is -1.

    Returns: the new term, with the old coefficient, and which of the old coefficients it needs.
    """
    rows, flat = term.rows.reshape(-1), source.reshape(-1)
    order = np.argsort(rows, kind="stable")
    begin = np.searchsorted(rows[order], np.arange(size), "left")
    count = np.searchsorted(rows[order], np.arange(size), "right") - begin
    here = np.flatnonzero(flat >= 0)
    times = count[flat[here]]
    within = np.arange(times.sum()) - np.repeat(np.cumsum(times) - times, times)
    made = np.repeat(here, times)
    used = order[np.repeat(begin[flat[here]], times) + within]
    same = np.argsort(used, kind="stable")  # in the order of the old coefficients, which then often stay as they are
    used, made = used[same], made[same]
    if np.array_equal(used, np.arange(rows.size)):
        used, made = used.reshape(term.rows.shape), made.reshape(term.rows.shape)
    return Selection(term.coefficient, made, term.columns.reshape(-1)[used]), used


def spread(term: Dense, shape: tuple[int, ...], wider: tuple[int, ...]) -> Dense:
    """A dense term whose value is broadcast."""
    if not term.first:
        return replace(term, matrix=np.broadcast_to(term.matrix, (*wider, term.width)))
    matrix = term.matrix.reshape((term.width, *[1] * (len(wider) - len(shape)), *shape))
    return replace(term, matrix=np.broadcast_to(matrix, (term.width, *wider)))


def viewed(step: Step, term: Dense, shape: tuple[int, ...], source: Indices) -> Dense:
    """A view of a dense term's value: the same view beside the axis of seeds."""
    _, *rest = step.arguments
    c = term.coefficient if np.ndim(term.coefficient) == 0 else broadcast(term.coefficient, shape)
    first, width = term.first, term.width
    if step.function is _taken:
        index = rest[0] if isinstance(rest[0], tuple) else (rest[0],)
        end = (slice(None),) if any(each is Ellipsis for each in index) else (...,)
        matrix = term.matrix[(slice(None), *index) if first else (*index, *end)]
        c = c if np.ndim(c) == 0 else c[index]
    elif step.function in _REORDERED:
        sizes = step.function(np.empty(range(2, 2 + len(shape))), *rest, **step.options).shape
        order = [n - 2 for n in sizes]
        matrix = np.transpose(term.matrix, (0, *[i + 1 for i in order]) if first else (*order, len(shape)))
        c = c if np.ndim(c) == 0 else np.transpose(c, tuple(order))
    elif step.options.get("order", "C") == "C":
        matrix = term.matrix.reshape((width, *source.shape) if first else (*source.shape, width))
        c = c if np.ndim(c) == 0 else c.reshape(source.shape)
    else:
        raise NotFollowedError("a view in another order of memory")
    return replace(term, coefficient=c, matrix=matrix)


def summed(term: Dense, shape: tuple[int, ...], axes: tuple[int, ...], result: tuple[int, ...]) -> Dense:
    """A dense term summed over axes of the value: a product where it is over all of them."""
    c, width = term.coefficient, term.width
    if len(axes) == len(shape) == 1 and np.ndim(c) == 1:
        matrix = term.matrix @ c if term.first else c @ term.matrix
    else:
        matrix = np.sum(term.scaled(), axis=tuple(axis + term.first for axis in axes))
    matrix = matrix.reshape((width, *result) if term.first else (*result, width))
    return Dense(term.matrix.dtype.type(1), matrix, term.first, term.start)


def gathered(term: Selection, shape: tuple[int, ...], axes: tuple[int, ...], result: tuple[int, ...]) -> Term:
    """A selection summed over axes: rows become one, and so do coefficients where their seeds are the same."""
    if term.is_full(shape):
        same = tuple(axis for axis in axes if np.all(term.columns == term.columns.take([0], axis)) and shape[axis])
        if same:
            c = term.coefficient
            count = int(np.prod([shape[axis] for axis in same], dtype=int))
            c = c * c.dtype.type(count) if np.ndim(c) == 0 else np.sum(broadcast(c, shape), axis=same)
            kept = tuple(0 if axis in same else slice(None) for axis in range(len(shape)))
            left = tuple(n for axis, n in enumerate(shape) if axis not in same)
            term = Selection(c, numbered(left), term.columns[kept])
            axes = tuple(axis - sum(s < axis for s in same) for axis in axes if axis not in same)
            shape = left
        if not axes:
            return replace(term, rows=numbered(result), columns=term.columns.reshape(result))
    into = np.broadcast_to(numbered(result).reshape([1 if i in axes else n for i, n in enumerate(shape)]), shape)
    return replace(term, rows=into.reshape(-1)[term.rows])
