"""How a wrong result is wrong: one of the exercise's own known mistakes, or one of the usual ways."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import numpy as np

from .attempts import Answer, Attempt, attempts_at, is_equal, is_unchanged, is_wrong
from .comparing import cause_of_rows, cause_of_shape, in_one_row, parts_of, plain, same, shown
from .exercise import Case, Exercise

__all__ = ["cause_of"]


def cause_of(exercise: Exercise, answer: Answer, wrong: Attempt, attempts: Sequence[Attempt]) -> str | None:
    """How the answer is wrong on one call: a mistake known for this exercise, or one of the usual ways."""
    if exercise.judge:
        return exercise.judge(wrong.got, *wrong.case.arguments)
    known = _known_mistake(exercise, wrong)
    if known:
        return known
    got, wanted = parts_of(wrong.got), parts_of(wrong.wanted)
    if isinstance(wrong.wanted, dict) and not (isinstance(wrong.got, dict) and wrong.got.keys() == wrong.wanted.keys()):
        return f"gives {shown(wrong.got)} where a dict with the keys {', '.join(map(str, wrong.wanted))} is needed"
    if len(got) != len(wanted):
        if wrong.got is None:
            return "gives nothing: None"
        results = "1 result" if len(got) == 1 else f"{len(got)} results"
        return f"gives {results} where {len(wanted)} {'is' if len(wanted) == 1 else 'are'} needed"
    for place, (part, right) in enumerate(zip(got, wanted, strict=True)):
        if is_equal(part, right):
            continue
        name = _part_name(exercise, wrong, place, len(wanted))
        cause = cause_of_shape(part, right) if plain(right).dtype.kind in "biuf" else None
        if cause is None and plain(right).dtype.kind in "biuf":
            cause = _cause_of_numbers(exercise, answer, wrong, attempts, place)
        return f"{name}{cause}" if cause else (name.removesuffix(": ") + " is wrong" if name else None)
    return None


def _known_mistake(exercise: Exercise, wrong: Attempt) -> str | None:
    """The known mistake that gives the same result; at a special call only one that is right on the plain calls."""
    for text, mistake in exercise.mistakes.items():
        arguments = next(case.arguments for case in exercise.calls() if _same_call(case, wrong.case))
        try:
            result = mistake(*arguments)
            if is_wrong(exercise, Attempt(wrong.case, wrong.got, result, None, "")):
                continue
            if not wrong.case.at or _right_on_plain_calls(exercise, mistake):
                return text
        except Exception:  # noqa: BLE001 - a mistake may fail where it does not apply
            continue
    return None


def _right_on_plain_calls(exercise: Exercise, mistake: Answer) -> bool:
    attempts = attempts_at(exercise, mistake, np.float64)
    return not any(each.error or is_wrong(exercise, each) for each in attempts if not each.case.at)


def _same_call(case: Case, other: Case) -> bool:
    return case.at == other.at and is_unchanged(list(case.arguments), list(other.arguments))


def _cause_of_numbers(
    exercise: Exercise, answer: Answer, wrong: Attempt, attempts: Sequence[Attempt], place: int
) -> str | None:
    """How one part of the result is wrong in value: by the whole Jacobian for a rule, else over all plain calls."""
    right = parts_of(wrong.wanted)[place]
    if exercise.forward is None:
        pairs = [(parts_of(each.got), parts_of(each.wanted)) for each in attempts]
        pairs = [(a[place], b[place]) for a, b in pairs if place < min(len(a), len(b))]
        pairs = [(a, b) for a, b in pairs if a is not None and plain(a).shape == plain(b).shape]
        got, wanted = (in_one_row(side) for side in zip(*pairs, strict=True))
        return cause_of_rows(got, wanted, plain(right).shape if len(pairs) == 1 else ())
    if _ignores_gradient(answer, wrong.case):
        return "does not use g, the gradient of the result"
    try:
        rows = [_rows(rule, wrong.case, place) for rule in (answer, exercise.reference)]
        return cause_of_rows(rows[0], rows[1], plain(right).shape)
    except Exception:  # noqa: BLE001 - it fails for some gradient of the result
        return None


def _ignores_gradient(rule: Answer, case: Case) -> bool:
    g, *others = case.arguments
    once, twice = (parts_of(rule(factor * g, *others)) for factor in (1, 2))
    zero = all(not plain(part).any() for part in once)
    return not zero and all(same(a, b) for a, b in zip(once, twice, strict=True))


def _rows(rule: Answer, case: Case, place: int) -> Any:
    """The Jacobian behind a rule, row by row: its result for each unit gradient."""
    g, *others = case.arguments
    rows = []
    for element in range(np.size(g)):
        unit = np.zeros(np.shape(g))
        unit.flat[element] = 1
        rows.append(np.ravel(plain(parts_of(rule(unit[()], *others))[place])).astype(float))
    return np.stack(rows)


def _part_name(exercise: Exercise, attempt: Attempt, place: int, count: int) -> str:
    if isinstance(attempt.wanted, dict):
        return f"{sorted(attempt.wanted, key=str)[place]}: "
    if count == 1:
        return ""
    names = list(inspect.signature(exercise.reference).parameters)
    return f"the gradient of {names[2 + place]}: " if exercise.forward else f"result {place + 1}: "
