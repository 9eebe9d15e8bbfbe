"""Functions of one number by table: near each of many centres a short polynomial in the distance from it.

A long formula costs a pass over the array for each of its steps. Here the steps are few: which row of the table, the
row, the distance, and two for each power. The rows are fitted, at first use, to the long formula's own values.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["Table", "fitted", "in_pieces"]

Array = np.ndarray[Any, Any]
Formula = Callable[[Any], Any]

PIECE = 2**14  # elements computed at a time: the few arrays of one piece stay in the second cache


def in_pieces(formula: Callable[..., Any], x: Any, *arguments: Any, single: bool = False) -> Any:
    """`formula(x, *arguments)`, which treats each element by itself, for one piece of x after the other.

    It is computed in float64, or with `single` in float32 where x is float32 or float16.
    """
    x = np.asarray(x)
    dtype = x.dtype if x.dtype.kind == "f" else np.dtype(np.float64)
    inner = np.float32 if single and dtype.itemsize <= 4 else np.float64
    flat = x.reshape(-1)  # NumPy walks through the columns of a table's rows in one go only along one axis
    if flat.dtype != inner:
        flat = flat.astype(inner)
    if 0 < x.size <= PIECE and x.ndim:
        out = formula(flat, *arguments).reshape(x.shape)
        return out if out.dtype == dtype else out.astype(dtype)
    out = np.empty(x.shape, dtype)
    places = out.reshape(-1)
    for start in range(0, x.size, PIECE):
        places[start : start + PIECE] = formula(flat[start : start + PIECE], *arguments)
    return out[()]


class Table:
    """Polynomials near centres; elsewhere a formula for any number, or without one the value at the nearer end.

    The centres are equally spaced, or with `relative` every 2⁻ᵏ of a power of two: spacing is then that share. They
    are the bits of a sum, or of the number itself, so that finding them takes two steps. A row holds the centre and
    the coefficients, highest power first; a straight line's are those of x itself, which saves the centre. With a
    parity of 1 or -1 the function is even or odd, to the last bit.
    """

    def __init__(
        self,
        rows: Callable[[Array, Array], Array],
        low: float,
        high: float,
        spacing: float,
        elsewhere: Formula | None = None,
        dtype: Any = np.float32,
        relative: bool = False,
        parity: int = 0,
    ) -> None:
        kind = np.dtype(dtype)
        bits = self.bits = np.dtype(f"u{kind.itemsize}")
        digits = np.finfo(kind).nmant
        self.relative = relative
        if relative:
            self.shift = np.array(digits + round(math.log2(spacing)), bits)
            first, last = (int(np.array(end, kind).view(bits)) >> int(self.shift) for end in (low, high))
            numbers = np.arange(first, last + 1).astype(bits) << self.shift
            centres = numbers.view(kind).astype(np.float64)
            widths = np.exp2(np.floor(np.log2(centres))) * (spacing / 2)
            self.first = np.array((first << int(self.shift)) - (1 << (int(self.shift) - 1)), bits)
        else:
            # added to x it leaves no digits below the spacing: the last bits of the sum count the centres
            self.anchor = np.array(1.5 * spacing * 2.0**digits, kind)
            centres = spacing * np.arange(round(low / spacing), round(high / spacing) + 1)
            widths = np.full(centres.shape, spacing / 2)
            self.first = np.array((self.anchor + kind.type(centres[0])).view(bits))
        found = _mirrored(rows, centres, widths, parity) if parity else rows(centres, widths)
        self.rows = self._stored(centres, found).astype(kind)
        self.count = len(centres)
        self.inner = range(2, self.rows.shape[1] - 1)  # the columns between the first coefficient and the last
        self.ends = float(centres[0]), float(centres[-1])
        self.elsewhere = elsewhere
        self.signed = np.int64 if kind.itemsize == 8 else None

    @staticmethod
    def _stored(centres: Array, coefficients: Array) -> Array:
        last = coefficients[:, -1]
        if coefficients.shape[1] == 2:
            return np.column_stack([coefficients[:, 0], last - coefficients[:, 0] * centres])
        last[last == 0] = -0.0  # added to a zero it keeps the sign
        return np.column_stack([centres, coefficients])

    def _row(self, x: Array) -> Array:
        """The number of the row; of numbers outside the table a large one, because it has no sign."""
        if self.relative:
            return (x.view(self.bits) - self.first) >> self.shift
        return (x + self.anchor).view(self.bits) - self.first

    def __call__(self, x: Array) -> Array:
        """The values at x."""
        row = self._row(x)
        near: Any = None
        if self.signed is not None:
            # `take` accepts no uint64, and int64 may be negative, which counts from the end
            if row.item(row.argmax()) < self.count:
                near = self.rows.take(row.view(self.signed), 0)
        else:
            try:
                near = self.rows.take(row, 0)
            except IndexError:
                near = None
        if near is None:
            if self.elsewhere is not None:
                return self._with_elsewhere(x, self.elsewhere)
            x = x.clip(*self.ends)
            near = self.rows.take(self._row(x).astype(np.int64), 0, None, "clip")  # NaN too has a row, and stays NaN
        if not self.inner:
            y = near[..., 0] * x
            y += near[..., 1]
            return y
        d = x - near[..., 0]
        y = near[..., 1] * d
        for k in self.inner:
            y += near[..., k]
            y *= d
        y += near[..., -1]
        return y

    def _with_elsewhere(self, x: Array, formula: Formula) -> Array:
        outside = self._row(x) >= self.count
        y = self(np.where(outside, self.ends[0], x))
        y[outside] = formula(x[outside])
        return y


def _mirrored(rows: Callable[[Array, Array], Array], centres: Array, widths: Array, parity: int) -> Array:
    """Of an even function (parity 1) or an odd one (-1), whose rows below 0 are those above 0 but for signs."""
    above = centres >= 0
    found = rows(centres[above], widths[above])
    turned = found * (parity * (-1.0) ** np.arange(found.shape[1] - 1, -1, -1))
    found[0] = 0.5 * (found[0] + turned[0])
    return np.concatenate([turned[:0:-1], found])


def fitted(function: Formula, terms: int) -> Callable[[Array, Array], Array]:
    """The polynomials through the function's values at `terms` Chebyshev nodes; of an odd number one is the centre."""
    nodes = np.cos(math.pi * (2 * np.arange(terms) + 1) / (2 * terms))
    nodes = np.rint(2**10 * nodes) / 2**10  # of few digits, so that centre + width·node is not rounded
    solve = np.linalg.inv(np.vander(nodes))

    def rows(centres: Array, widths: Array) -> Array:
        values = function(centres[:, None] + widths[:, None] * nodes)
        middle = values[:, terms // 2]
        found = np.einsum("ij,kj->ik", values - middle[:, None], solve)  # in one order, however many threads BLAS has
        found /= widths[:, None] ** np.arange(terms - 1, -1, -1)
        found[:, -1] = middle if terms % 2 else found[:, -1] + middle
        return found

    return rows
