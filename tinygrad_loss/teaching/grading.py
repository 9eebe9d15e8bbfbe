"""The grader: tries an answer on hidden calls, and where it differs from the reference says how it is wrong.

Plain calls come first; only an answer that is right on these is tried on ties, empty arrays, float32 and at
second order, so that what is said is what to mend next.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..transforms import vjp
from .attempts import Answer, Attempt, attempts_at, call_of, called, details_of, is_wrong, line_of, said
from .causes import cause_of, known_failure
from .comparing import cause_of_rows, in_one_row, parts_of, plain, same, shown
from .exercise import Case, Exercise
from .verdict import UNWRITTEN, Finding, Verdict

__all__ = ["grade"]

EMPTY = "an empty array"
WIDENS = (
    "np.zeros, np.ones and np.eye are float64 unless given a dtype; so is float32 times an array of whole numbers, or "
    "times np.float64(2). Plain Python numbers and masks widen nothing."
)
CONSTANTS = "float(), .item() and saved arrays count as constants in a derivative."
AS_ARRAY = "np.array and np.asarray make a plain array of a Tensor: use it as it is, NumPy's functions run on it."


def grade(exercise: Exercise, answer: Answer) -> Verdict:
    """Try an answer on the exercise's calls.

    >>> from tinygrad_loss.teaching.exercise import EXERCISES
    >>> from tinygrad_loss.teaching.grading import grade
    >>> import tinygrad_loss.teaching
    >>> grade(EXERCISES["square"], lambda g, y, x: g * x).diagnoses
    ['right up to a factor 0.5']
    """
    misfit = _misfit(exercise, answer)
    if misfit:
        return Verdict(exercise.name, [Finding(misfit)])
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        attempts = attempts_at(exercise, answer, np.float64)
        usual = [attempt for attempt in attempts if not attempt.case.at]
        findings = _usual_findings(exercise, answer, usual)
        if findings:
            return Verdict(exercise.name, findings)
        tried = ["1 call" if len(usual) == 1 else f"{len(usual)} calls"]
        for attempt in attempts:
            if attempt.case.at:
                finding = _special_finding(exercise, answer, attempt)
                findings += [finding] if finding and finding.diagnosis not in {f.diagnosis for f in findings} else []
                tried += [] if finding or attempt.case.at in tried else [attempt.case.at]
        for what, check in (("float32", _float32), ("its own derivative", _derived)):
            finding, done = check(exercise, answer)
            findings += [finding] if finding else []
            tried += [what] if done and not finding else []
    return Verdict(exercise.name, findings, tried)


def _misfit(exercise: Exercise, answer: Answer) -> str:
    """Why the answer cannot be called as the exercise needs, or ""."""
    count = len(inspect.signature(exercise.reference).parameters)
    try:
        inspect.signature(answer).bind(*range(count))
    except TypeError:
        return f"takes other arguments: it is called as {exercise.signature}"
    except ValueError:  # a built-in without a signature
        return ""
    return ""


def _usual_findings(exercise: Exercise, answer: Answer, attempts: Sequence[Attempt]) -> list[Finding]:
    changing = next((attempt for attempt in attempts if attempt.changed), None)
    bad = next((attempt for attempt in attempts if attempt.error or is_wrong(exercise, attempt)), None)
    findings = []
    if changing:
        call = [] if changing is bad else call_of(exercise, changing)  # which is shown below
        findings.append(Finding(f"changes its input: {changing.changed}", call))
    if bad and isinstance(bad.error, NotImplementedError):
        findings.append(Finding(UNWRITTEN))
    elif bad and bad.error:
        known = known_failure(exercise, bad)
        details = [*([said(bad.error)] if known else []), *line_of(answer, bad.error), *call_of(exercise, bad)]
        findings.append(Finding(f"fails: {known or said(bad.error)}", details))
    elif bad:
        cause = cause_of(exercise, answer, bad, attempts)
        findings.append(Finding(cause or "wrong", details_of(exercise, bad)))
    return findings


def _special_finding(exercise: Exercise, answer: Answer, attempt: Attempt) -> Finding | None:
    at = attempt.case.at
    if attempt.error:
        details = [*line_of(answer, attempt.error), *call_of(exercise, attempt)]
        return Finding(f"fails on {at}: {said(attempt.error)}", details)
    if attempt.changed:
        return Finding(f"changes its input: {attempt.changed}", call_of(exercise, attempt))
    if not is_wrong(exercise, attempt):
        return None
    cause = cause_of(exercise, answer, attempt, [attempt])
    verb = "fails on" if at == EMPTY else "wrong at"
    return Finding(f"{verb} {at}{f': {cause}' if cause else ''}", details_of(exercise, attempt))


def _float32(exercise: Exercise, answer: Answer) -> tuple[Finding | None, bool]:
    """Whether float32 stays float32; also, whether there was anything to look at."""
    done = False
    for attempt in attempts_at(exercise, answer, np.float32):
        if attempt.case.at or attempt.error:
            continue
        for got, wanted in zip(parts_of(attempt.got), parts_of(attempt.wanted), strict=False):
            if plain(wanted).dtype != np.float32:
                continue
            done = True
            if plain(got).dtype != np.float32:
                text = f"float32 becomes {plain(got).dtype}"
                return Finding(text, [WIDENS]), True
    return None, done


def _derived(exercise: Exercise, answer: Answer) -> tuple[Finding | None, bool]:
    """Whether the answer's own derivative is right, where the exercise asks for it."""
    if not exercise.derive:
        return None, False
    rule = exercise.second or exercise.forward is not None
    start = "right at first order, " if rule else "right in value, "
    of = "at second" if rule else "in its gradient"
    for place, case in enumerate(exercise.calls()):
        if case.at:
            continue
        wanted = _gradients(exercise, exercise.reference, case)
        fresh = exercise.calls()[place]
        try:
            got = _gradients(exercise, answer, fresh)
        except Exception as error:  # noqa: BLE001 - whatever an answer raises on Tensors is a finding
            advice = [AS_ARRAY] if "into a NumPy array" in str(error) else []
            return Finding(f"{start}fails {of}: {said(error)}", [*advice, *line_of(answer, error)]), True
        for a, b in zip(got, wanted, strict=True):
            if not same(a, b):
                cause = cause_of_rows(in_one_row([a]), in_one_row([b]), np.shape(b))
                advice = [] if plain(a).any() else [CONSTANTS]
                details = [*advice, *called(exercise, case), f"gave    {shown(a)}", f"wanted  {shown(b)}"]
                return Finding(f"{start}wrong {of}{f': {cause}' if cause else ''}", details), True
    return None, True


def _gradients(exercise: Exercise, function: Answer, case: Case) -> list[Any]:
    """The gradients, by the arguments that `derive` names, of a random combination of the results."""
    lead = 0 if exercise.forward is None else 2

    def results(*moving: Any) -> list[Any]:
        arguments = list(case.arguments)
        for i, x in zip(exercise.derive, moving, strict=True):
            arguments[i] = x
        if exercise.forward is not None:
            arguments[1] = exercise.forward(*arguments[lead:])
        return parts_of(function(*arguments))

    values, pull = vjp(results, *(np.asarray(case.arguments[i]) for i in exercise.derive))
    random = np.random.default_rng(31)
    seeds = [random.normal(size=np.shape(value)) for value in values]
    return [plain(each) for each in parts_of(pull(seeds))]
