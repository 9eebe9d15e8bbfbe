"""A recorded step on other operands: written down again, or tried out to see which elements it moves where."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .ir import Step, Value, computed, replaced
from .linear_terms import Indices, numbered
from .traced import Traced

__all__ = ["again", "sources", "tried", "zeros"]


def again(step: Step, instead: dict[int, Any], emit: Callable[[Step], None]) -> list[Traced]:
    """Write a step down again, with other operands."""

    def exchanged(value: Value) -> Value:
        new = instead.get(id(value))
        return value if new is None else new.value if isinstance(new, Traced) else Value(new, "constant")

    arguments, options = replaced(step.arguments, exchanged), replaced(step.options, exchanged)
    new = Step(step.kind, step.function, arguments, options, step.result, text=step.text)
    array = computed(new)
    new.result = tuple(map(Value, array)) if isinstance(step.result, tuple) else Value(array)
    emit(new)
    return [Traced(each, emit) for each in new.results]


def zeros(seeded: dict[int, Value]) -> dict[int, Any]:
    """Zeros in place of operands."""
    return {key: np.zeros(x.shape, x.dtype) for key, x in seeded.items()}


def tried(step: Step, arrays: dict[int, Any]) -> list[Any]:
    """What a step makes of these operands."""
    arguments, options = replaced((step.arguments, step.options), lambda v: arrays.get(id(v), v.array))
    made = step.function(*arguments, **options)
    return list(made) if isinstance(step.result, tuple) else [made]


def sources(step: Step, key: int, seeded: dict[int, Value]) -> list[Indices] | None:
    """For each result of a function, which element of an operand each of its elements is, -1 for zero.

    Found by what becomes of the elements' numbers; other numbers must show the same.
    """
    shape = seeded[key].shape
    others = {other: np.zeros(x.shape) for other, x in seeded.items()}
    found = []
    for made in tried(step, {**others, key: numbered(shape) + 1.0}):
        if np.any(made != np.round(made)) or np.any(made < 0) or np.any(made > np.prod(shape, dtype=int)):
            return None
        found.append(np.asarray(made).astype(int) - 1)
    other = np.random.default_rng(0).normal(size=shape)
    padded = np.append(other.reshape(-1), 0.0)
    again = tried(step, {**others, key: other})
    same = all(np.array_equal(padded[source], made) for source, made in zip(found, again, strict=True))
    return found if same else None
