"""What a wrong answer computes instead: the right thing of other arguments, or the right result in another form."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations, permutations
from operator import itemgetter
from typing import Any

import numpy as np

from .attempts import Attempt, is_equal, is_wrong
from .comparing import parts_of, plain, same
from .exercise import Exercise

__all__ = ["cause_of_confusion", "cause_of_factors", "cause_of_form"]

Arguments = tuple[Any, ...]
Change = Callable[[Arguments], Arguments]
Pairs = Sequence[tuple[Any, Any]]  # got and wanted, one pair for each call


def cause_of_confusion(exercise: Exercise, attempts: Sequence[Attempt]) -> str | None:
    """What was confused, if the reference gives the answer's results on every call once its arguments are confused so.

    >>> from tinygrad_loss.teaching.attempts import attempts_at
    >>> from tinygrad_loss.teaching.confusions import cause_of_confusion
    >>> from tinygrad_loss.teaching.exercise import EXERCISES
    >>> import tinygrad_loss.teaching
    >>> square = EXERCISES["square"]
    >>> cause_of_confusion(square, attempts_at(square, lambda g, y, x: g * 2 * y, float))
    'y is used where x is needed'
    """
    if any(attempt.error for attempt in attempts) or _is_plainly_wrong(attempts):
        return None
    exchanged = _exchanged_results(exercise, attempts)
    if exchanged:
        return exchanged
    changes = [*_changes(exercise, attempts[0].case.arguments)]
    return next((text for text, change in changes if all(_gives(exercise, change, each) for each in attempts)), None)


def _is_plainly_wrong(attempts: Sequence[Attempt]) -> bool:
    """A wrong sign, or zero throughout, is told as such, not as what an argument was taken for."""
    pairs = [pair for each in attempts for pair in zip(parts_of(each.got), parts_of(each.wanted), strict=False)]
    if not all(plain(got).dtype.kind in "iuf" for got, _ in pairs):
        return False
    return all(same(-plain(got), wanted) for got, wanted in pairs) or not any(plain(got).any() for got, _ in pairs)


def _gives(exercise: Exercise, change: Change, attempt: Attempt) -> bool:
    try:
        result = exercise.reference(*change(attempt.case.arguments))
        return not is_wrong(exercise, Attempt(attempt.case, attempt.got, result, None, ""))
    except Exception:  # noqa: BLE001 - where the arguments cannot be confused so, the answer did not
        return False


def _exchanged_results(exercise: Exercise, attempts: Sequence[Attempt]) -> str | None:
    def turned(attempt: Attempt) -> bool:
        got, wanted = parts_of(attempt.got), parts_of(attempt.wanted)
        return len(got) == len(wanted) and all(map(is_equal, got[::-1], wanted))

    if isinstance(attempts[0].wanted, tuple) and len(attempts[0].wanted) > 1 and all(map(turned, attempts)):
        return "the gradients are exchanged" if exercise.forward else "the results are in reverse order"
    return None


def _changes(exercise: Exercise, sample: Arguments) -> Iterator[tuple[str, Change]]:
    """Ways to confuse the arguments, each with its words."""
    names = list(inspect.signature(exercise.reference).parameters)
    for i, k in permutations(range(len(names)), 2):
        yield f"{names[k]} is used where {names[i]} is needed", _put(i, itemgetter(k))
    for i, k in combinations(range(len(names)), 2):
        yield f"{names[i]} and {names[k]} are exchanged", _exchange(i, k)
    if exercise.forward is not None and len(names) == 3:
        again = _put(1, _applied(exercise.forward, 1))
        yield "the function is applied to y, which is its result already", again
        yield "the derivative is taken at y, where it is taken at x", lambda given: (*again(given)[:2], given[1])
    for i, value in enumerate(sample):
        if exercise.forward is not None and i == 0:
            continue  # what is wrong with a rule's use of g is told otherwise
        for words, change in _other_values(names[i], value):
            yield words, _put(i, _applied(change, i))


def _exchange(i: int, k: int) -> Change:
    def change(given: Arguments) -> Arguments:
        turned = list(given)
        turned[i], turned[k] = given[k], given[i]
        return tuple(turned)

    return change


def _put(i: int, value: Callable[[Arguments], Any]) -> Change:
    return lambda given: (*given[:i], value(given), *given[i + 1 :])


def _applied(function: Callable[[Any], Any], i: int) -> Callable[[Arguments], Any]:
    return lambda given: function(given[i])


def _always(value: Any) -> Callable[[Any], Any]:
    return lambda _: value


def _filled(value: float) -> Callable[[Any], Any]:
    return lambda given: given * 0 + value  # of the same dtype


def _other_values(name: str, value: Any) -> Iterator[tuple[str, Callable[[Any], Any]]]:
    """What an argument may be taken for."""
    if name == "axis":
        for axis in (0, 1, -1, None):
            yield f"works along axis {axis}, whatever axis is asked", _always(axis)
    elif isinstance(value, int) and not isinstance(value, bool):
        for other in (0, 1):
            yield f"acts as if {name} were {other}", _always(other)
        yield f"acts as if {name} were one more than it is", lambda given: given + 1
        yield f"acts as if {name} were one less than it is", lambda given: given - 1
    elif isinstance(value, (float, np.floating, np.ndarray)) and plain(value).dtype.kind == "f":
        for other in (0, 1) if np.ndim(value) == 0 else ():
            yield f"acts as if {name} were {other}", _filled(other)
        yield f"uses -{name} where {name} is needed", lambda given: -given
        yield f"uses 1/{name} where {name} is needed", lambda given: 1 / given


def cause_of_factors(exercise: Exercise, attempts: Sequence[Attempt], pairs: Pairs) -> str | None:
    """What is right up to a factor that is another one at each call, by the factor's name if it has one.

    >>> from tinygrad_loss.teaching.attempts import attempts_at
    >>> from tinygrad_loss.teaching.confusions import cause_of_factors
    >>> from tinygrad_loss.teaching.exercise import EXERCISES
    >>> import tinygrad_loss.teaching
    >>> loss = EXERCISES["mean_squared_error"]
    >>> attempts = [a for a in attempts_at(loss, lambda t, p: np.sum((p - t) ** 2), float) if not a.case.at]
    >>> cause_of_factors(loss, attempts, [(a.got, a.wanted) for a in attempts])
    'right up to a factor y_true.size'
    """
    found = [_factor(got, wanted) for got, wanted in pairs]
    factors = [factor for factor in found if factor is not None]
    if len(factors) < max(len(attempts), 2) or np.ptp(factors) < 1e-3 * abs(factors[0]):
        return None
    for name, quantities in _quantities(exercise, attempts):
        for words, values in ((name, quantities), (f"1/{name}", 1 / quantities)):
            if np.allclose(factors, values, rtol=1e-4):
                return f"right up to a factor {words}"
    if all(np.size(plain(wanted)) == 1 for _, wanted in pairs):
        return None  # any two numbers differ by a factor
    wrong = next(factor for factor in factors if abs(factor - 1) > 1e-6)
    return f"right up to a factor, but another one at each call: {wrong:.4g} here"


def _factor(got: Any, wanted: Any) -> float | None:
    got, wanted = plain(got).astype(float), plain(wanted).astype(float)
    size = float(np.vdot(wanted, wanted))
    factor = float(np.vdot(got, wanted)) / size if size else 0.0
    return factor if factor and np.allclose(got, factor * wanted, rtol=1e-4, atol=1e-12) else None


def _quantities(exercise: Exercise, attempts: Sequence[Attempt]) -> Iterator[tuple[str, Any]]:
    """What a factor may be: at each call a number that was given, how many elements there are, how long an axis is."""
    names = list(inspect.signature(exercise.reference).parameters)
    for i, name in enumerate(names):
        given = [attempt.case.arguments[i] for attempt in attempts]
        if all(isinstance(each, np.ndarray) for each in given):
            yield f"{name}.size", np.array([float(each.size) for each in given])
        if all(isinstance(each, np.ndarray) and each.ndim for each in given):
            yield f"{name}.shape[0]", np.array([float(each.shape[0]) for each in given])
            yield f"{name}.shape[-1]", np.array([float(each.shape[-1]) for each in given])
        if all(isinstance(each, (int, float)) and each for each in given):
            yield name, np.array(given, dtype=float)


def cause_of_form(exercise: Exercise, attempts: Sequence[Attempt], pairs: Pairs) -> str | None:
    """What was done to the right result on every call: turned round, shifted, mirrored, squared, not added to.

    >>> from tinygrad_loss.teaching.attempts import attempts_at
    >>> from tinygrad_loss.teaching.confusions import cause_of_form
    >>> from tinygrad_loss.teaching.exercise import EXERCISES
    >>> import tinygrad_loss.teaching
    >>> attempts = attempts_at(EXERCISES["cumsum"], lambda g, y, x: np.cumsum(g[::-1]), float)[:2]
    >>> cause_of_form(EXERCISES["cumsum"], attempts, [(a.got, a.wanted) for a in attempts])
    'in reverse order along axis 0'
    """
    pairs = [(plain(got).astype(float), plain(wanted).astype(float)) for got, wanted in pairs]
    for axis in range(min((wanted.ndim for _, wanted in pairs), default=0)):
        if all(same(np.flip(got, axis), wanted) for got, wanted in pairs):
            return f"in reverse order along axis {axis}"
        long = [(got, wanted) for got, wanted in pairs if wanted.shape[axis] > 2]
        if long and all(_is_shifted(got, wanted, axis) for got, wanted in long):
            return f"shifted by one place along axis {axis}"
    with np.errstate(all="ignore"):
        for words, change in (
            ("the square", np.square),
            ("the square root", np.sqrt),
            ("the reciprocal", np.reciprocal),
        ):
            if all(same(got, change(wanted)) for got, wanted in pairs):
                return f"{words} of the right result"
    return _beside_an_argument(exercise, attempts, pairs) if len(pairs) == len(attempts) else None


def _is_shifted(got: Any, wanted: Any, axis: int) -> bool:
    """Whether all but the ends agree after a step to one side."""
    got, wanted = np.moveaxis(got, axis, 0), np.moveaxis(wanted, axis, 0)
    return len(got) > 2 and bool(wanted.any()) and (same(got[1:], wanted[:-1]) or same(got[:-1], wanted[1:]))


def _beside_an_argument(exercise: Exercise, attempts: Sequence[Attempt], pairs: Pairs) -> str | None:
    """What is on the other side of an argument, or misses it, or has it too much."""
    for i, name in enumerate(inspect.signature(exercise.reference).parameters):
        given = [attempt.case.arguments[i] for attempt in attempts]
        if not all(isinstance(x, np.ndarray) and x.shape == y.shape for x, (_, y) in zip(given, pairs, strict=True)):
            continue
        for words, change in (
            (f"goes the wrong way from {name}: the sign of the change", lambda wanted, x: 2 * x - wanted),
            (f"the change alone: {name} is not added", lambda wanted, x: wanted - x),
            (f"{name} is added, and should not be", lambda wanted, x: wanted + x),
        ):
            if all(same(got, change(wanted, x)) for x, (got, wanted) in zip(given, pairs, strict=True)):
                return words
    return None
