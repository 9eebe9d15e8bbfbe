"""Aᵀ diag(s) A with s ≥ 0 as the product of one array with itself, of which BLAS computes a triangle only.

What Hessians of sums over rows come to: A holds the rows, s the second derivatives. That s is never
negative is seen from how it was computed, by bounds: exp(-|x|) is between 0 and 1, and so on.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from .ir import Listing, Step, Value, same_memory

__all__ = ["bounds_of", "with_symmetric_products"]

Bounds = tuple[float, float]
ANY: Bounds = (-np.inf, np.inf)


def with_symmetric_products(listing: Listing) -> None:
    """Aᵀ(s A) is RᵀR for R = √s A: half the work of the product, equal to rounding."""
    made = {id(step.results[0]): step for step in listing.steps if len(step.results) == 1}
    uses = Counter(id(value) for value in (*listing.kept(), *(v for step in listing.steps for v in step.operands)))
    bounds: dict[int, Bounds] | None = None
    steps = []
    for step in listing.steps:
        found = _weighted(step, made, uses) if step.kind == "product" else None
        if found is not None:
            rows, weights = found
            bounds = bounds_of(listing) if bounds is None else bounds
            if bounds.get(id(weights), ANY)[0] >= 0:
                steps += _as_square(step, rows, weights)
        steps.append(step)
    listing.steps = steps


def _weighted(step: Step, made: dict[int, Step], uses: Counter[int]) -> tuple[Value, Value] | None:
    """A and the weights of its rows; None if the product is another."""
    left, right = step.arguments
    if not all(isinstance(x, Value) and len(x.shape) == 2 for x in (left, right)) or uses[id(right)] > 1:
        return None
    scaled = made.get(id(right))
    while scaled is not None and scaled.kind == "view" and scaled.function is np.reshape:
        right_of_it = scaled.arguments[0]
        scaled = made.get(id(right_of_it)) if uses[id(right_of_it)] == 1 else None
    if scaled is None or scaled.function is not np.multiply or len(scaled.arguments) != 2:
        return None
    for i in (0, 1):
        array, weights = scaled.arguments[i], scaled.arguments[1 - i]
        if not isinstance(array, Value) or not isinstance(weights, Value) or not array.shape or not weights.shape:
            continue
        rows = _turned(left, array, right.shape, made)
        one_each = weights.size == weights.shape[0] == right.shape[0] and len(weights.shape) == len(array.shape)
        if rows is not None and one_each and array.shape[0] == right.shape[0] and rows.dtype == weights.dtype:
            return rows, weights
    return None


def _turned(left: Value, array: Value, shape: tuple[int, ...], made: dict[int, Step]) -> Value | None:
    """The matrix that `left` is the transpose of and `array` a reshape of, if there is one."""
    step = made.get(id(array))
    while step is not None and step.kind == "view" and step.function is np.reshape:
        array = step.arguments[0]
        step = made.get(id(array))
    turn = made.get(id(left))
    if turn is not None and turn.function is np.transpose and not (turn.arguments[1:] or turn.options):
        return array if turn.arguments[0] is array and array.shape == shape else None
    if array.source != "constant" or left.source != "constant":
        return None
    whole = array.array.reshape(shape)  # views of constants were folded into constants of their own
    same = same_memory(left.array.T, whole)
    return (array if array.shape == shape else Value(whole, "constant")) if same else None


def _as_square(step: Step, rows: Value, weights: Value) -> list[Step]:
    """The steps before the product, which becomes one of an array with itself."""
    shape = (rows.shape[0], 1)
    with np.errstate(all="ignore"):
        root = Value(np.sqrt(weights.array))
        made = Value(rows.array * np.reshape(root.array, shape))
    column = Value(np.reshape(root.array, shape))
    turned = Value(made.array.T)
    before = [
        Step("ufunc", np.sqrt, (weights,), {}, root),
        Step("view", np.reshape, (root, shape), {}, column, text=f"np.reshape({{0}}, {shape})"),
        Step("ufunc", np.multiply, (rows, column), {}, made),
        Step("view", np.transpose, (made,), {}, turned, text="{0}.T"),
    ]
    for each in before:
        each.op, each.scope, each.phase = step.op, step.scope, step.phase
    step.arguments = (turned, made)
    return before


def bounds_of(listing: Listing) -> dict[int, Bounds]:
    """What every value is certain to lie between, unless it is NaN. Rounding keeps the order of numbers."""
    found: dict[int, Bounds] = {}

    def known(x: Any, dtype: Any) -> Bounds:
        if isinstance(x, Value):
            if x.source == "constant" and x.dtype.kind in "fiub" and x.size and np.all(np.isfinite(x.array)):
                return float(np.min(x.array)), float(np.max(x.array))
            return found.get(id(x), (0.0, 1.0) if x.dtype.kind == "b" else ANY)
        return (float(dtype.type(x)),) * 2 if isinstance(x, (int, float)) else ANY

    with np.errstate(all="ignore"):
        _collect(listing, found, known)
    return found


def _collect(listing: Listing, found: dict[int, Bounds], known: Any) -> None:
    """The bounds of each step's result from those of its operands."""
    for step in listing.steps:
        made = step.results[0] if len(step.results) == 1 else None
        if made is None or made.dtype.kind != "f":
            continue
        if step.kind == "view":
            found[id(made)] = known(step.arguments[0], made.dtype)
            continue
        given = [known(x, made.dtype) for x in step.arguments]
        if step.kind == "where":
            (a, b), (c, d) = given[1:]
            low, high = min(a, c), max(b, d)
        elif step.kind == "ufunc" and not step.options and step.function in _RULES:
            low, high = _RULES[step.function](*given)
        else:
            continue
        found[id(made)] = float(made.dtype.type(low)), float(made.dtype.type(high))  # rounded as the values are


def _products(x: Bounds, y: Bounds) -> Bounds:
    """0·∞ is NaN in arithmetic, but between bounds it is 0."""
    ends = [0.0 if a == 0 or b == 0 else a * b for a in x for b in y]
    return min(ends), max(ends)


def _quotients(x: Bounds, y: Bounds) -> Bounds:
    if y[0] <= 0:
        return ANY
    ends = [float(np.divide(a, b)) for a in x for b in y]
    return ANY if np.any(np.isnan(ends)) else (min(ends), max(ends))


def _absolute(x: Bounds) -> Bounds:
    return max(0.0, x[0], -x[1]), max(abs(x[0]), abs(x[1]))


def _exponential(x: Bounds) -> Bounds:
    """An exponential may be wrong in its last bit, but not beyond 0 and 1."""
    return 1.0 if x[0] >= 0 else 0.0, 1.0 if x[1] <= 0 else np.inf


_RULES: dict[Any, Any] = {
    np.negative: lambda x: (-x[1], -x[0]),
    np.positive: lambda x: x,
    np.absolute: _absolute,
    np.square: lambda x: _products(_absolute(x), _absolute(x)),
    np.sqrt: lambda x: (float(np.sqrt(max(0.0, x[0]))), np.inf),
    np.exp: _exponential,
    np.maximum: lambda x, y: (max(x[0], y[0]), max(x[1], y[1])),
    np.minimum: lambda x, y: (min(x[0], y[0]), min(x[1], y[1])),
    np.add: lambda x, y: (x[0] + y[0], x[1] + y[1]),
    np.subtract: lambda x, y: (x[0] - y[1], x[1] - y[0]),
    np.multiply: _products,
    np.divide: _quotients,
    np.tanh: lambda x: (0.0 if x[0] >= 0 else -1.0, 0.0 if x[1] <= 0 else 1.0),
}
