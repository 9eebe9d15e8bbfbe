"""Comparing an answer's result with the right one, and putting the difference into words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..ops.shaping import sum_to
from ..transforms.checking import diagnose

__all__ = ["cause_of_rows", "cause_of_shape", "in_one_row", "parts_of", "plain", "same", "shown"]

WORDS = {  # the words of `diagnose` for rules in general, as said of an answer
    "as if contributions were overwritten instead of added": "overwrites instead of accumulating",
    "zero throughout: the rule lost the graph, or returns None": "zero throughout",
}


def plain(value: Any) -> Any:
    """A result without its graph, as an array; what is no array of numbers becomes one object."""
    try:
        return np.asarray(getattr(value, "_value", value))
    except ValueError:  # rows of different lengths
        return np.array(type(value).__name__)


def parts_of(result: Any) -> list[Any]:
    """The arrays of a result: of a tuple, a list or a dict its values, by key; else the one.

    >>> from tinygrad_loss.teaching.comparing import parts_of
    >>> parts_of({"b": 2.0, "a": 1.0})
    [1.0, 2.0]
    """
    if isinstance(result, dict):
        return [result[key] for key in sorted(result, key=str)]
    return list(result) if isinstance(result, (tuple, list)) else [result]


def same(got: Any, wanted: Any) -> bool:
    """Whether two arrays agree in shape, and in value up to rounding.

    >>> from tinygrad_loss.teaching.comparing import same
    >>> same(0.1 + 0.2, 0.3), same(np.zeros(1), 0.0)
    (True, False)
    """
    got, wanted = plain(got), plain(wanted)
    if got.shape != wanted.shape or got.dtype.kind not in "biuf":
        return False
    close = 1e-4 if wanted.dtype == np.float32 else 1e-7
    scale = float(np.abs(wanted[np.isfinite(wanted)]).max(initial=0))
    return bool(np.allclose(got, wanted, rtol=close, atol=close * max(scale, 1e-3), equal_nan=True))


def cause_of_shape(got: Any, wanted: Any) -> str | None:
    """How a result of the wrong shape came about, or of the wrong kind; None if shape and kind are right.

    >>> from tinygrad_loss.teaching.comparing import cause_of_shape
    >>> cause_of_shape(np.ones((4, 3)), np.full(3, 4.0))
    'forgot to sum over the broadcast axis'
    """
    if got is None:
        return "gives nothing: None"
    kind, got, wanted = type(got).__name__, plain(got), plain(wanted)
    if got.dtype.kind not in "biuf":
        return f"gives {kind} where numbers are needed"
    if got.shape == wanted.shape:
        return None
    shapes = f"shape {got.shape} where {wanted.shape} is needed"
    if got.ndim > 1 and same(got.T, wanted):
        return f"transposed: {shapes}"
    if _broadcasts(wanted.shape, got.shape):
        summed = sum_to(got, shape=wanted.shape)
        if same(summed, wanted) or (wanted.size and got.size > wanted.size):
            return "forgot to sum over the broadcast axis" + ("" if same(summed, wanted) else f": {shapes}")
    if wanted.size and _broadcasts(got.shape, wanted.shape) and same(np.broadcast_to(got, wanted.shape), wanted):
        return f"right numbers, but not repeated: {shapes}"
    if got.size == wanted.size and same(got.reshape(wanted.shape), wanted):
        return f"right numbers in the wrong shape: {shapes}"
    return f"has {shapes}"


def _broadcasts(small: tuple[int, ...], large: tuple[int, ...]) -> bool:
    try:
        return np.broadcast_shapes(small, large) == large
    except ValueError:
        return False


def cause_of_rows(got: Any, wanted: Any, shape: tuple[int, ...] = ()) -> str | None:
    """How numbers are wrong: rows of a Jacobian, or results in one row; None if it is none of the usual ways.

    >>> from tinygrad_loss.teaching.comparing import cause_of_rows
    >>> cause_of_rows(np.eye(3), 2 * np.eye(3))
    'right up to a factor 0.5'
    """
    if not np.isfinite(wanted).all():
        finite = np.isfinite(wanted)
        if (np.isnan(got) & ~np.isnan(wanted)).any():
            return "not a number where the right answer is one"
        got, wanted = np.where(finite, got, 0), np.where(finite, wanted, 0)
    cause = diagnose(got, wanted, shape)
    if cause == "right up to a factor 1":
        error = np.abs(got - wanted).max() / max(np.abs(wanted).max(), 1e-300)
        return f"nearly right: off by {error:.0e} of the largest number"
    return WORDS.get(cause, cause) if cause else None


def shown(value: Any) -> str:
    """A value on one line, shortened."""
    if isinstance(value, (tuple, list)) and not all(isinstance(each, (str, int)) for each in value):
        inside = ", ".join(map(shown, value))
        return f"({inside})" if isinstance(value, tuple) else f"[{inside}]"
    if not isinstance(value, (np.ndarray, np.generic, float)) and not hasattr(value, "_value"):
        return _cut(getattr(value, "__name__", "") if callable(value) else repr(value))
    array = plain(value)
    if array.ndim == 0:
        return f"{array[()]:.6g}" if array.dtype.kind == "f" else str(array[()])
    if not array.size:
        return f"an array of shape {array.shape}"
    text = " ".join(np.array2string(array, precision=4, separator=", ", threshold=24).split())
    return _cut(re.sub(r"(?<=\[) | (?=[,\]])", "", text))


def _cut(text: str, most: int = 90) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def in_one_row(parts: Sequence[Any]) -> Any:
    """All numbers of some arrays as one row of a Jacobian."""
    return np.concatenate([np.ravel(plain(each)).astype(float) for each in parts] or [np.zeros(0)])[None]
