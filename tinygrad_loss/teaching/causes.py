"""How a wrong result is wrong: one of the exercise's own known mistakes, or one of the usual ways."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import numpy as np

from .attempts import Answer, Attempt, attempts_at, is_equal, is_unchanged, is_wrong
from .comparing import cause_of_rows, cause_of_shape, in_one_row, parts_of, plain, same, shown
from .confusions import cause_of_confusion, cause_of_factors, cause_of_form
from .exercise import Case, Exercise

__all__ = ["cause_of", "known_failure"]


def cause_of(exercise: Exercise, answer: Answer, wrong: Attempt, attempts: Sequence[Attempt]) -> str | None:
    """How the answer is wrong on one call: a mistake known for this exercise, or one of the usual ways."""
    if exercise.judge:
        return exercise.judge(wrong.got, *wrong.case.arguments)
    known = _known_mistake(exercise, wrong, attempts) or _cause_of_kind(wrong)
    if known:
        return known
    confused = None if wrong.case.at else cause_of_confusion(exercise, attempts)
    if confused:
        return confused
    got, wanted = parts_of(wrong.got), parts_of(wrong.wanted)
    for place, (part, right) in enumerate(zip(got, wanted, strict=True)):
        if is_equal(part, right):
            continue
        name = _part_name(exercise, wrong, place, len(wanted))
        cause = cause_of_shape(part, right) if plain(right).dtype.kind in "biuf" else None
        if cause is None and plain(right).dtype.kind in "biuf":
            cause = _cause_of_numbers(exercise, answer, wrong, attempts, place)
        if cause is None and wrong.case.at:
            return f"{name}wrong" if name else None
        return f"{name}{cause or _extent(part, right)}"
    return None


def _extent(got: Any, wanted: Any) -> str:
    """How much of a result is wrong, where no cause is known."""
    if plain(wanted).dtype.kind not in "biuf" or np.size(wanted) == 1:
        return "wrong"
    wrong = sum(not same(a, b) for a, b in zip(np.ravel(plain(got)), np.ravel(plain(wanted)), strict=True))
    return "wrong throughout" if wrong == np.size(wanted) else f"wrong at {wrong} of {np.size(wanted)} numbers"


def _cause_of_kind(wrong: Attempt) -> str | None:
    """What is wrong with the kind of a result, or with how many there are."""
    if wrong.got is None:
        return "gives nothing: None"
    if isinstance(wrong.wanted, dict):
        if isinstance(wrong.got, dict) and wrong.got.keys() == wrong.wanted.keys():
            return None
        text = f"gives {shown(wrong.got)} where a dict with the keys {', '.join(map(str, wrong.wanted))} is needed"
        missing = [str(key) for key in wrong.wanted if isinstance(wrong.got, dict) and key not in wrong.got]
        return f"{text}: {', '.join(missing)} missing" if missing else text
    if not isinstance(wrong.wanted, (tuple, list)):
        several = isinstance(wrong.got, (tuple, list, dict))
        return f"gives a {type(wrong.got).__name__} where the result itself is needed" if several else None
    got, wanted = parts_of(wrong.got), parts_of(wrong.wanted)
    results = "1 result" if len(got) == 1 else f"{len(got)} results"
    return f"gives {results} where {len(wanted)} are needed" if len(got) != len(wanted) else None


def _known_mistake(exercise: Exercise, wrong: Attempt, attempts: Sequence[Attempt]) -> str | None:
    """The known mistake that gives the same on all these calls; a special call's is right on the plain calls."""
    for text, mistake in exercise.mistakes.items():
        if all(_is_made(exercise, mistake, attempt) for attempt in attempts) and (
            not wrong.case.at or _right_on_plain_calls(exercise, mistake)
        ):
            return text
    return None


def known_failure(exercise: Exercise, failed: Attempt) -> str | None:
    """The known mistake that fails with the same words on the same call."""
    for text, mistake in exercise.mistakes.items():
        if _is_made(exercise, mistake, failed, word_for_word=True):
            return text
    return None


def _is_made(exercise: Exercise, mistake: Answer, attempt: Attempt, word_for_word: bool = False) -> bool:
    """Whether a mistake gives what the answer gave on one call; failing alike counts too."""
    arguments = next(case.arguments for case in exercise.calls() if _same_call(case, attempt.case))
    try:
        result = mistake(*arguments)
    except Exception as error:  # noqa: BLE001 - a mistake may fail where it does not apply
        return type(error) is type(attempt.error) and (str(error) == str(attempt.error) or not word_for_word)
    return attempt.error is None and not is_wrong(exercise, Attempt(attempt.case, attempt.got, result, None, ""))


def _right_on_plain_calls(exercise: Exercise, mistake: Answer) -> bool:
    attempts = attempts_at(exercise, mistake, np.float64)
    return not any(each.error or is_wrong(exercise, each) for each in attempts if not each.case.at)


def _same_call(case: Case, other: Case) -> bool:
    return case.at == other.at and is_unchanged(list(case.arguments), list(other.arguments))


def _cause_of_numbers(
    exercise: Exercise, answer: Answer, wrong: Attempt, attempts: Sequence[Attempt], place: int
) -> str | None:
    """How one part of the result is wrong in value: by the whole Jacobian for a rule, else over all plain calls."""
    shape = plain(parts_of(wrong.wanted)[place]).shape
    pairs = [(parts_of(each.got), parts_of(each.wanted)) for each in attempts]
    pairs = [(a[place], b[place]) for a, b in pairs if place < min(len(a), len(b))]
    pairs = [(a, b) for a, b in pairs if a is not None and plain(a).shape == plain(b).shape]
    rule = exercise.forward is not None
    cause = (_misuse_of_gradient(answer, wrong.case) if rule else None) or cause_of_factors(exercise, attempts, pairs)
    if cause:
        return cause
    if rule:
        cause = _cause_of_jacobian(exercise, answer, wrong.case, place, shape)
    else:
        got, wanted = (in_one_row(side) for side in zip(*pairs, strict=True))
        cause = cause_of_rows(got, wanted, shape if len(pairs) == 1 else ())
    return cause or (None if wrong.case.at else cause_of_form(exercise, attempts, pairs))


def _cause_of_jacobian(
    exercise: Exercise, answer: Answer, case: Case, place: int, shape: tuple[int, ...]
) -> str | None:
    try:
        got, wanted = (_rows(rule, case, place) for rule in (answer, exercise.reference))
    except Exception:  # noqa: BLE001 - it fails for some gradient of the result
        return None
    moved = wanted != 0
    turned = (
        moved.any() and not same(np.abs(wanted[moved]), np.ones(moved.sum())) and same(got[moved], 1 / wanted[moved])
    )
    return "the reciprocal of the right derivative" if turned else cause_of_rows(got, wanted, shape)


def _misuse_of_gradient(rule: Answer, case: Case) -> str | None:
    """A rule is linear in g: doubling g doubles what it gives."""
    try:
        zero, once, twice = (
            parts_of(rule(factor * g, *others)) for factor in (0, 1, 2) for g, *others in [_copied(case)]
        )
    except Exception:  # noqa: BLE001 - it fails for some gradient of the result
        return None
    if not all(np.isfinite(plain(part)).all() for part in (*zero, *once)):
        return None
    if all(same(a, b) for a, b in zip(once, twice, strict=True)):
        return "does not use g, the gradient of the result" if any(plain(part).any() for part in once) else None
    if any(plain(part).any() for part in zero):
        return "gives something for g = 0: g is multiplied by the derivative, nothing is added to it"
    opposite = parts_of(rule(-_copied(case)[0], *_copied(case)[1:]))
    if not all(same(-plain(a), b) for a, b in zip(once, opposite, strict=True)):
        return "treats positive and negative g differently: it depends on x, not on g, what passes"
    return None


def _copied(case: Case) -> list[Any]:
    """A call's arguments, which the answer may write into."""
    return [np.array(x)[()] if isinstance(x, np.ndarray) else x for x in case.arguments]


def _rows(rule: Answer, case: Case, place: int) -> Any:
    """The Jacobian behind a rule, row by row: its result for each unit gradient."""
    rows = []
    for element in range(np.size(case.arguments[0])):
        g, *others = _copied(case)
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
