"""Passes: each takes a listing and makes it shorter or cheaper, exactly (products of sums: to rounding)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .algebra import (
    with_entries_in_base,
    with_gathered_factors,
    with_joined_choices,
    with_merged_scalings,
    with_merged_signs,
    without_copies,
    without_zero_powers,
)
from .ir import Listing, Step, Value, computed, replaced
from .symmetric import with_symmetric_products

__all__ = ["PASSES", "optimize"]


def without_dead_steps(listing: Listing) -> None:
    """Drop the steps whose results nobody uses. Draws stay: what follows them depends on their number."""
    needed = set(map(id, listing.kept()))
    kept = []
    drawn = set(map(id, listing.draws))
    for step in reversed(listing.steps):
        if not step.results or any(id(value) in needed or id(value) in drawn for value in step.results):
            kept.append(step)
            needed.update(map(id, step.operands))
    listing.steps = kept[::-1]


def with_folded_constants(listing: Listing) -> None:
    """Compute now what depends on constants only."""
    kept = []
    drawn = set(map(id, listing.draws))
    for step in listing.steps:
        constant = all(value.source == "constant" for value in step.operands)
        small = all(value.size <= 4096 for value in step.results)  # a large one is cheaper made than kept
        if constant and small and not any(id(value) in drawn for value in step.results):
            made = computed(step)
            for value, array in zip(step.results, made if isinstance(step.result, tuple) else (made,), strict=True):
                value.source, value.array = "constant", array
        else:
            kept.append(step)
    listing.steps = kept


def without_reductions_of_one(listing: Listing) -> None:
    """A sum or a maximum over axes of length 1 is a reshape."""
    for step in listing.steps:
        if step.kind == "reduce" and step.function in (np.add, np.maximum, np.minimum, np.multiply):
            x, made = step.arguments[0], step.results[0]
            if x.size == made.size and made.shape and x.dtype == made.dtype:
                step.kind, step.function, step.text = "view", np.reshape, f"{{0}}.reshape({made.shape})"
                step.arguments, step.options = (x, made.shape), {}


def without_repeats(listing: Listing) -> None:
    """Let equal calls on equal values be one (common subexpressions)."""
    seen: dict[Any, Step] = {}
    drawn = set(map(id, listing.draws))

    def visit(step: Step) -> Step | None:
        if any(id(value) in drawn for value in step.results):
            return None
        key = (step.function, _key(step.arguments), _key(step.options))
        return seen.setdefault(key, step)

    _merge(listing, visit)


def without_identities(listing: Listing) -> None:
    """Drop what changes nothing: x * 1, x / 1, x - 0, choices of x or x, casts to the dtype it has, views of all."""

    def visit(step: Step) -> Any:
        same = _unchanged(step)
        return None if same is None else same

    _replace(listing, visit)


def with_scalars_for_broadcasts(listing: Listing) -> None:
    """Where a number was repeated to a shape only to meet an array of that shape, let it meet it as it is."""
    source = {id(step.result): step for step in listing.steps if not isinstance(step.result, tuple)}
    for step in listing.steps:
        if step.kind != "ufunc":
            continue
        arguments = list(step.arguments)
        for i, x in enumerate(arguments):
            others = [_shape(y) for j, y in enumerate(arguments) if j != i]
            if isinstance(x, Value) and x.source == "constant" and x.shape and _uniform(x.array):
                if np.broadcast_shapes((), *others) == step.results[0].shape:
                    arguments[i] = Value(x.array.flat[0], "constant")
                continue
            made = source.get(id(x)) if isinstance(x, Value) else None
            if made is None or made.function is not np.broadcast_to:
                continue
            narrow = made.arguments[0]
            if np.broadcast_shapes(narrow.shape, *others) == step.results[0].shape:
                arguments[i] = narrow
        step.arguments = tuple(arguments)


def _uniform(array: Any) -> bool:
    """Whether all elements are the same number (and none is NaN)."""
    return bool(array.size and np.all(array == array.flat[0]))


def _shape(x: Any) -> tuple[int, ...]:
    return x.shape if isinstance(x, Value) else ()


def _unchanged(step: Step) -> Value | None:
    """The operand that the step's result equals, element by element; None if there is none."""
    operand = step.arguments[0]
    if step.kind == "cast" and isinstance(operand, Value) and operand.dtype == step.results[0].dtype:
        return operand
    if (
        step.kind == "view"
        and operand.shape == step.results[0].shape
        and step.function in (np.reshape, np.broadcast_to)
    ):
        return operand
    if step.kind == "where" and step.arguments[1] is step.arguments[2]:
        same = step.arguments[1]
        alike = isinstance(same, Value) and (same.shape, same.dtype) == (step.results[0].shape, step.results[0].dtype)
        return same if alike else None
    if step.kind != "ufunc" or isinstance(step.result, tuple):
        return None
    if step.function is np.subtract and _is_zero(step.arguments[1]) and isinstance(operand, Value):
        return operand if (operand.shape, operand.dtype) == (step.result.shape, step.result.dtype) else None
    if step.function is np.positive and isinstance(operand, Value):
        return operand
    if step.function in (np.multiply, np.divide):
        pairs = [(operand, step.arguments[1])]
        if step.function is np.multiply:
            pairs.append((step.arguments[1], operand))
        for kept, one in pairs:
            if (
                isinstance(kept, Value)
                and _is_one(one)
                and (kept.shape, kept.dtype) == (step.result.shape, step.result.dtype)
            ):
                return kept
    return None


def _is_zero(x: Any) -> bool:
    """Whether it is 0 and not -0: x - 0 is x, where x + 0 would not be for x = -0."""
    array = x.array if isinstance(x, Value) and x.source == "constant" else x
    return isinstance(array, (int, float, np.generic)) and array == 0 and not np.signbit(array)


def _is_one(x: Any) -> bool:
    if isinstance(x, Value):
        return x.source == "constant" and bool(np.all(x.array == 1))
    return isinstance(x, (int, float)) and x == 1


def _key(thing: Any) -> Any:
    """What makes two arguments the same: Values by identity, constants by content."""
    if isinstance(thing, Value):
        if thing.source == "constant" and thing.size <= 64:
            return ("constant", thing.shape, thing.dtype.str, np.asarray(thing.array).tobytes())
        if thing.source == "host":
            return ("host", thing.owner)
        return id(thing)
    if isinstance(thing, (tuple, list)):
        return tuple(map(_key, thing))
    if isinstance(thing, dict):
        return tuple(sorted((key, _key(each)) for key, each in thing.items()))
    if isinstance(thing, slice):
        return ("slice", thing.start, thing.stop, thing.step)
    return (type(thing).__name__, repr(thing))


def _merge(listing: Listing, find: Callable[[Step], Step | None]) -> None:
    """Use an earlier step's results in place of a later one's."""
    instead: dict[int, Value] = {}
    kept = []
    for step in listing.steps:
        _rewire(step, instead)
        earlier = find(step)
        if earlier is None or earlier is step:
            kept.append(step)
        else:
            instead.update({id(old): new for old, new in zip(step.results, earlier.results, strict=True)})
    listing.steps = kept
    _rewire_ends(listing, instead)


def _replace(listing: Listing, find: Callable[[Step], Value | None]) -> None:
    """Use another value in place of a step's result."""
    instead: dict[int, Value] = {}
    kept = []
    for step in listing.steps:
        _rewire(step, instead)
        other = find(step)
        if other is None:
            kept.append(step)
        else:
            instead[id(step.results[0])] = other
    listing.steps = kept
    _rewire_ends(listing, instead)


def _rewire(step: Step, instead: dict[int, Value]) -> None:
    if instead:
        step.arguments = replaced(step.arguments, lambda value: instead.get(id(value), value))
        step.options = replaced(step.options, lambda value: instead.get(id(value), value))


def _rewire_ends(listing: Listing, instead: dict[int, Value]) -> None:
    listing.outputs = [replaced(value, lambda v: instead.get(id(v), v)) for value in listing.outputs]
    listing.assigned = [(leaf, instead.get(id(value), value)) for leaf, value in listing.assigned]
    listing.gradients = [(leaf, instead.get(id(g), g) if g is not None else None) for leaf, g in listing.gradients]


PASSES: dict[str, Callable[[Listing], None]] = {
    "fold constants": with_folded_constants,
    "drop copies": without_copies,
    "powers of zero": without_zero_powers,
    "merge signs": with_merged_signs,
    "merge scalings": with_merged_scalings,
    "join choices": with_joined_choices,
    "gather factors": with_gathered_factors,
    "entries known before": with_entries_in_base,
    "drop identities": without_identities,
    "reductions of one": without_reductions_of_one,
    "merge repeats": without_repeats,
    "scalars for broadcasts": with_scalars_for_broadcasts,
    "drop dead steps": without_dead_steps,
    "symmetric products": with_symmetric_products,
}


def optimize(listing: Listing, leave_out: frozenset[str] = frozenset()) -> None:
    """Run every pass, until none of them shortens the listing."""
    before = -1
    while before != len(listing.steps):
        before = len(listing.steps)
        for name, each in PASSES.items():
            if name not in leave_out:
                each(listing)
