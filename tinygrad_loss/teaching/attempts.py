"""Calling an answer beside the reference: what each gave, and whether the answer wrote into what it was given."""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .comparing import parts_of, plain, same, shown
from .exercise import Case, Exercise

__all__ = [
    "Attempt",
    "attempts_at",
    "call_of",
    "called",
    "details_of",
    "is_equal",
    "is_unchanged",
    "is_wrong",
    "line_of",
    "said",
]

Answer = Callable[..., Any]
ONE_LINE = 90  # characters of arguments


@dataclass
class Attempt:
    """One call of the answer, beside the reference's result for it."""

    case: Case
    got: Any
    wanted: Any
    error: Exception | None
    changed: str  # the name of an argument that the answer wrote into


def attempts_at(exercise: Exercise, answer: Answer, dtype: type) -> list[Attempt]:
    """The answer's results on every call; each party gets arguments of its own."""
    made = zip(exercise.calls(dtype), exercise.calls(dtype), exercise.calls(dtype), strict=True)
    return [_attempt(exercise, answer, handed, kept, own) for handed, kept, own in made]


def _attempt(exercise: Exercise, answer: Answer, handed: Case, kept: Case, own: Case) -> Attempt:
    wanted = exercise.reference(*own.arguments)
    try:
        got = answer(*handed.arguments)
    except Exception as error:  # noqa: BLE001 - whatever an answer raises is a finding
        return Attempt(kept, None, wanted, error, "")
    names = inspect.signature(exercise.reference).parameters
    pairs = zip(names, handed.arguments, kept.arguments, strict=False)
    changed = [name for name, given, before in pairs if not is_unchanged(given, before)]
    return Attempt(kept, got, wanted, None, ", ".join(changed))


def is_unchanged(given: Any, before: Any) -> bool:
    """Whether an argument is as it was before the call."""
    if isinstance(before, np.ndarray):
        return given.shape == before.shape and np.array_equal(given, before, equal_nan=before.dtype.kind == "f")
    if isinstance(before, (list, tuple)):
        return len(given) == len(before) and all(map(is_unchanged, given, before))
    if isinstance(before, dict):
        return given.keys() == before.keys() and all(is_unchanged(given[key], before[key]) for key in before)
    return callable(before) or (np.shape(given) == np.shape(before) and bool(np.all(given == before)))


def is_wrong(exercise: Exercise, attempt: Attempt) -> bool:
    """Whether a result differs from the right one, or is refused by the exercise's own judge."""
    if exercise.judge:
        return exercise.judge(attempt.got, *attempt.case.arguments) is not None
    several = (tuple, list, dict) if not isinstance(attempt.wanted, dict) else dict
    if isinstance(attempt.got, several) != isinstance(attempt.wanted, several):
        return True
    got, wanted = parts_of(attempt.got), parts_of(attempt.wanted)
    alike = len(got) == len(wanted) and all(is_equal(a, b) for a, b in zip(got, wanted, strict=True))
    return not alike or (isinstance(attempt.wanted, dict) and attempt.got.keys() != attempt.wanted.keys())


def is_equal(got: Any, wanted: Any) -> bool:
    """Whether one part of a result is right."""
    if plain(wanted).dtype.kind in "biuf":
        return same(got, wanted)
    return type(got) is type(wanted) and got == wanted


def details_of(exercise: Exercise, attempt: Attempt) -> list[str]:
    """The call, what it gave and what was wanted, a line each."""
    wanted = [] if exercise.judge else [f"wanted  {shown(attempt.wanted)}"]
    return [*call_of(exercise, attempt), f"gave    {shown(attempt.got)}", *wanted]


def call_of(exercise: Exercise, attempt: Attempt) -> list[str]:
    """The call in words, on one line or, where it is long, a line for each argument."""
    return called(exercise, attempt.case)


def called(exercise: Exercise, case: Case) -> list[str]:
    """As `call_of`, from the arguments."""
    names = inspect.signature(exercise.reference).parameters
    given = [f"{name} = {shown(value)}" for name, value in zip(names, case.arguments, strict=False)]
    if sum(map(len, given)) < ONE_LINE:
        return [f"called with {', '.join(given)}"]
    return [f"called with {given[0]}", *(f"            {each}" for each in given[1:])]


def said(error: Exception) -> str:
    """An error on one line."""
    first = str(error).split("\n")[0]
    return f"{type(error).__name__}: {first}" if first else type(error).__name__


def line_of(answer: Answer, error: Exception) -> list[str]:
    """The line of the answer's own file at which it failed."""
    code = getattr(answer, "__code__", None)
    frames = [f for f in traceback.extract_tb(error.__traceback__) if code and f.filename == code.co_filename]
    return [f"line {frames[-1].lineno}: {frames[-1].line}"] if frames else []
