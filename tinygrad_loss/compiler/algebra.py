"""Passes of algebra on floating point numbers that gives the same bits: signs, scalings, powers of zero, copies."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from ..core.registry import ops
from .ir import Listing, Step, Value
from .linear_assembly import assembled

__all__ = [
    "with_entries_in_base",
    "with_gathered_factors",
    "with_joined_choices",
    "with_merged_scalings",
    "with_merged_signs",
    "without_copies",
    "without_zero_powers",
]


def without_zero_powers(listing: Listing) -> None:
    """x**0 is 1, for every x: derivatives of x**1 are full of it."""
    for step in listing.steps:
        if step.function is np.power and number(step, 1) == 0 and step.results[0].dtype.kind == "f":
            value = step.results[0]
            _become(step, np.positive, Value(np.broadcast_to(value.dtype.type(1), value.shape), "constant"))


def with_merged_signs(listing: Listing) -> None:
    """a + (-b) is a - b, (-a)·(-b) is a·b, -(a·2) is a·(-2), and so on."""
    made = {id(step.results[0]): step for step in _floats(listing)}
    for step in _floats(listing):
        rule = _SIGNS.get(step.function)
        if rule is not None:
            rule(step, made)


def with_merged_scalings(listing: Listing) -> None:
    """(x·2)·100 is x·200: nothing is rounded twice if all factors but one are powers of two, none below 1."""
    made = {id(step.results[0]): step for step in _floats(listing)}
    for step in _floats(listing):
        inner, factor = _scaled(step)
        earlier = made.get(id(inner))
        if earlier is None or inner.dtype != step.results[0].dtype:
            continue
        x, other = _scaled(earlier)
        if factor is None or other is None or x.shape != inner.shape or x.dtype != inner.dtype:
            continue
        both = factor * other
        if _is_exact(factor, other, inner.dtype):
            _become(step, np.multiply, x, _like(step, both))


def _is_exact(factor: float, other: float, dtype: Any) -> bool:
    """Whether two factors can be one: neither rounds to less than it would, and at most one rounds at all."""
    powers = [math.frexp(abs(each))[0] == 0.5 for each in (factor, other)]
    return any(powers) and abs(factor) >= 1 and abs(other) >= 1 and bool(np.isfinite(dtype.type(factor * other)))


def with_gathered_factors(listing: Listing) -> None:
    """(x·100)·(y·2) is (x·200)·y, if y·2 is used nowhere else."""
    made = {id(step.results[0]): step for step in _floats(listing)}
    uses = Counter(id(value) for value in (*listing.kept(), *(v for step in listing.steps for v in step.operands)))
    steps = []
    for step in listing.steps:
        for i in (0, 1) if step.function is np.multiply and id(step.results[0]) in made else ():
            kept, gone = (made.get(id(x)) for x in (step.arguments[i], step.arguments[1 - i]))
            if kept is None or gone is None or {kept.function, gone.function} != {np.multiply}:
                continue
            (x, c), (y, d) = _scaled(kept), _scaled(gone)
            if c is None or d is None or uses[id(gone.results[0])] > 1 or math.frexp(abs(d))[0] != 0.5:
                continue
            if _is_exact(c, d, step.results[0].dtype) and _same_kind(x, kept, y, gone, step):
                factor = _like(step, c * d)
                scaled = replace(kept, arguments=(x, factor), result=Value(np.multiply(x.array, factor.array)))
                steps.append(scaled)
                made[id(scaled.result)] = scaled
                _become(step, np.multiply, scaled.result, y)
                break
        steps.append(step)
    listing.steps = steps


def _same_kind(x: Value, kept: Step, y: Value, gone: Step, step: Step) -> bool:
    """Whether scaling changes neither shapes nor dtypes."""
    shapes = x.shape == kept.results[0].shape and y.shape == gone.results[0].shape
    return shapes and {x.dtype, y.dtype, kept.results[0].dtype, gone.results[0].dtype} == {step.results[0].dtype}


def with_joined_choices(listing: Listing) -> None:
    """where(m, 2, 0) + where(m, 0, 3) is where(m, 2, 3): derivatives of choices are full of it."""
    made = {id(step.results[0]): step for step in listing.steps if step.kind == "where"}
    opposite = {id(step.results[0]): step.arguments[0] for step in listing.steps if step.function is np.logical_not}
    for step in _floats(listing):
        first, second = (made.get(id(x)) for x in step.arguments) if step.function is np.add else (None, None)
        if first is None or second is None or first.results[0].shape != step.results[0].shape:
            continue
        mask, other = first.arguments[0], second.arguments[0]
        a, b = [number(first, i) for i in (1, 2)], [number(second, i) for i in (1, 2)]
        if opposite.get(id(other)) is mask or opposite.get(id(mask)) is other:
            b.reverse()
        elif other is not mask:
            continue
        chosen = [float(x or y or 0) for x, y in zip(a, b, strict=True) if x == 0 or y == 0]
        if None in (*a, *b) or len(chosen) < 2 or not all(chosen):
            continue
        if chosen[0] == chosen[1]:
            value = step.results[0]
            _become(step, np.positive, Value(np.broadcast_to(value.dtype.type(chosen[0]), value.shape), "constant"))
        else:
            _become(step, np.where, mask, _like(step, chosen[0]), _like(step, chosen[1]))
            step.kind = "where"


def without_copies(listing: Listing) -> None:
    """A copy that stays inside is not needed where nothing is written over what it is a copy of."""
    trains = any(step.kind == "update" for step in listing.steps)
    roots: dict[int, Value] = {}
    for step in listing.steps:
        if step.kind == "view" or _is_copy(step):
            roots[id(step.result)] = roots.get(id(step.arguments[0]), step.arguments[0])
    leaving = {id(value) for value in listing.kept()}
    for step in reversed(listing.steps):  # what is looked at by something that leaves, leaves as well
        if (step.kind == "view" or _is_copy(step)) and id(step.result) in leaving:
            leaving.add(id(step.arguments[0]))
    for step in listing.steps:
        if _is_copy(step) and id(step.result) not in leaving:
            x = step.arguments[0]
            if isinstance(x, Value) and not (trains and roots.get(id(x), x).source == "leaf"):
                _become(step, np.positive, x)


def with_entries_in_base(listing: Listing) -> None:
    """What is the same in each run of the entries of a matrix stands in the array that it is a copy of."""
    made = {id(step.results[0]): step for step in _floats(listing)}
    for step in listing.steps:
        if step.function is not assembled or step.arguments[0].source != "constant":
            continue
        base, written, added, repeated = step.arguments
        array, moving, found = base.array, [], False
        for place, part in (*written, *added):
            rest, fixed = _split(part, made)
            if fixed is not None:
                array = assembled(array, (), ((_real(place), fixed),), ())
                found = True
            if rest is not None:
                moving.append((place, rest))
        if found:
            filled = np.asarray(array).reshape(-1) != 0
            groups: tuple[list[Any], list[Any]] = [], []
            for place, part in moving:
                groups[bool(np.any(filled[_real(place)]))].append((place, part))
                filled[_real(place)] = True
            step.arguments = (Value(array, "constant"), *map(tuple, groups), repeated)


def _split(part: Any, made: dict[int, Step]) -> tuple[Any, Any]:
    """What of a part is another in each run, and what is added to it that is not."""
    if not isinstance(part, Value) or part.source == "constant":
        return None, _real(part)
    step = made.get(id(part))
    if step is None or step.function not in (np.add, np.subtract):
        return part, None
    for i in (0, 1) if step.function is np.add else (1,):
        rest, fixed = step.arguments[1 - i], number(step, i)
        if fixed is not None and isinstance(rest, Value) and (rest.shape, rest.dtype) == (part.shape, part.dtype):
            return rest, fixed if step.function is np.add else -fixed
    return part, None


def _real(x: Any) -> Any:
    return x.array if isinstance(x, Value) else x


def _floats(listing: Listing) -> list[Step]:
    return [s for s in listing.steps if s.kind == "ufunc" and not s.options and s.results[0].dtype.kind == "f"]


def _become(step: Step, function: Callable[..., Any], *arguments: Any) -> None:
    step.kind, step.function, step.arguments, step.options, step.text = "ufunc", function, arguments, {}, ""


def number(step: Step, index: int) -> float | None:
    """An argument as one number in the dtype of the result; None if it is none, or not the same in each run."""
    if len(step.arguments) <= index:
        return None
    x, dtype = step.arguments[index], step.results[0].dtype
    if isinstance(x, (int, float)) and not isinstance(x, bool):
        return float(dtype.type(x)) if dtype.kind == "f" else None
    if not isinstance(x, Value) or x.source != "constant" or x.shape or x.dtype != dtype:
        return None
    return float(np.asarray(x.array))


def _scaled(step: Step) -> tuple[Any, float | None]:
    """What the step multiplies by a number, and the number; (None, None) if it does not."""
    if step.function is np.negative:
        return step.arguments[0], -1.0
    if step.function is np.multiply:
        for i in (0, 1):
            factor = number(step, i)
            if factor is not None and isinstance(step.arguments[1 - i], Value):
                return step.arguments[1 - i], factor
    return None, None


def _like(step: Step, x: float) -> Value:
    return Value(step.results[0].dtype.type(x), "constant")


def _negated(x: Any, made: dict[int, Step]) -> Any:
    """What x is the negative of, if it is one."""
    step = made.get(id(x))
    return step.arguments[0] if step is not None and step.function is np.negative else None


def _sum(step: Step, made: dict[int, Step]) -> None:
    a, b = step.arguments
    if (y := _negated(b, made)) is not None:
        _become(step, np.subtract, a, y)
    elif (y := _negated(a, made)) is not None:
        _become(step, np.subtract, b, y)


def _difference(step: Step, made: dict[int, Step]) -> None:
    a, b = step.arguments
    if (y := _negated(b, made)) is not None:
        _become(step, np.add, a, y)


def _product(step: Step, made: dict[int, Step]) -> None:
    a, b = step.arguments
    x, y = _negated(a, made), _negated(b, made)
    if x is not None and y is not None:
        _become(step, step.function, x, y)
    elif x is not None and (factor := number(step, 1)) is not None:
        _become(step, step.function, x, _like(step, -factor))
    elif y is not None and (factor := number(step, 0)) is not None:
        _become(step, step.function, _like(step, -factor), y)
    elif step.function is np.multiply and -1.0 in (number(step, 0), number(step, 1)):
        other = b if number(step, 0) == -1.0 else a
        if isinstance(other, Value) and (other.shape, other.dtype) == (step.results[0].shape, step.results[0].dtype):
            _become(step, np.negative, other)


def _negative(step: Step, made: dict[int, Step]) -> None:
    """The sign goes into a number, or into a product that is negative itself."""
    inner = made.get(id(step.arguments[0]))
    if inner is None or inner.results[0].dtype != step.results[0].dtype:
        return
    if inner.function is np.negative:
        _become(step, np.positive, inner.arguments[0])
    elif inner.function in (np.multiply, np.divide):
        a, b = inner.arguments
        for i in (0, 1):
            if (factor := number(inner, i)) is not None:
                changed = _like(step, -factor)
                _become(step, inner.function, *((changed, b) if i == 0 else (a, changed)))
                return
        if (x := _negated(a, made)) is not None:
            _become(step, inner.function, x, b)
        elif (x := _negated(b, made)) is not None:
            _become(step, inner.function, a, x)


_SIGNS: dict[Any, Callable[[Step, dict[int, Step]], None]] = {
    np.add: _sum,
    np.subtract: _difference,
    np.multiply: _product,
    np.divide: _product,
    np.negative: _negative,
}


def _is_copy(step: Step) -> bool:
    return step.function is ops["copy"].kernel
