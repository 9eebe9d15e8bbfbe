"""Why a number became NaN or infinite, in words, and what usually helps.

The words come from the op's own formula with the numbers of the place; only the cures are written here, by op.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from .formulas import right_side, with_numbers
from .wording import number

__all__ = ["Diagnosis", "backward_diagnosis", "forward_diagnosis"]

SYMBOLS = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/", "power": "**", "matmul": "@", "negative": "-"}
SAFE = {  # of each op with edges: which inputs are safe, and a safe one to put in place of the others
    **dict.fromkeys(("log", "log2", "log10"), ("{x} > 0", "1.0")),
    "log1p": ("{x} > -1", "0.0"),
    "sqrt": ("{x} > 0", "1.0"),
    **dict.fromkeys(("cbrt", "reciprocal"), ("{x} != 0", "1.0")),
    **dict.fromkeys(("divide", "remainder", "fmod", "floor_divide"), ("{x} != 0", "1.0")),
    "power": ("{x} > 0", "1.0"),
    **dict.fromkeys(("arcsin", "arccos", "arctanh"), ("abs({x}) < 1", "0.0")),
    "arccosh": ("{x} > 1", "2.0"),
}
DIVISIONS = ("divide", "remainder", "fmod", "floor_divide")
LOGARITHMS = ("log", "log2", "log10", "log1p")
EXPONENTIALS = ("exp", "exp2", "expm1", "sinh", "cosh")
TOTALS = ("sum", "mean", "hypot", "var")  # a root of one of these is a norm or a standard deviation
FINITE = "Every number on the way has to be finite, or the gradient means nothing."
SMALLER = "Lower the learning rate, scale the inputs, or compute in float64."
NORM = (
    "This is a norm (or a standard deviation) at 0, where it has no derivative. "
    "Add a little under the root: tg.sqrt((x * x).sum() + 1e-12)."
)
DATA = "Look at the data with np.isnan(...), and fill in or leave out what is missing before it gets here."


class Diagnosis(NamedTuple):
    """What went wrong at one element."""

    cause: str
    needs: str
    cure: str


def symbol(name: str) -> str:
    """An op as people write it: * for multiply."""
    return SYMBOLS.get(name, name)


def at_text(at: Mapping[str, Any]) -> str:
    """The numbers of a place: "a = 1.0, b = 0.0"."""
    return ", ".join(f"{name} = {number(value)}" for name, value in at.items())


def forward_diagnosis(op: Any, at: Mapping[str, Any], value: Any, inputs: Mapping[str, Any]) -> Diagnosis:
    """Why an op made `value`; `at` has the inputs' numbers at that element, if the op works element by element."""
    arrays = [np.asarray(each) for each in inputs.values()]
    if any(np.isnan(each) for each in at.values()) or (not at and any(_any(np.isnan, each) for each in arrays)):
        where = "" if at else _where_nan(inputs)
        return Diagnosis(f"NaN goes in{where}, and no op made it: it came with the data.", FINITE, DATA)
    infinite = any(map(np.isinf, at.values())) if at else any(_any(np.isinf, each) for each in arrays)
    shown = _expression(op, at)
    if any(each.size == 0 for each in arrays):
        return Diagnosis("0 / 0: there is no element to go by.", f"{op.name} needs elements.", EMPTY)
    if infinite:
        cause = f"{shown} has no value." if at else "∞ - ∞ or 0 × ∞ inside it has no value."
        return Diagnosis(cause, FINITE, MASKED if "softmax" in op.name else INFINITE)
    if np.isnan(value):
        return Diagnosis(f"{shown} has no value.", _needs(op), _cure(op, at) if at else LOOK)
    if _at_pole(op, at):
        return Diagnosis(f"{shown} = {number(value)}.", _needs(op), _cure(op, at))
    return Diagnosis(f"{shown} is too large: an overflow.", _largest(value), _overflow_cure(op))


def _where_nan(inputs: Mapping[str, Any]) -> str:
    """Which element of which input is the first NaN: " at x[1, 2]"."""
    for name, value in inputs.items():
        array = np.asarray(value)
        if array.ndim and _any(np.isnan, array):
            return f" at {name}[{', '.join(map(str, first_bad(array, True) or ()))}]"
    return ""


LOOK = "Look at the inputs: it divides by 0, or takes a root or a logarithm of what has none."
EMPTY = "Look for a selection that is empty, or a length of 0."
INFINITE = "An infinity came with the data or as a constant; put a large finite number such as 1e9 in its place."
MASKED = "A row that is masked everywhere has no softmax: leave one element, or mask with -1e9 instead of -inf."


def backward_diagnosis(
    op: Any,
    argument: str,
    at: Mapping[str, Any],
    upstream: Any,
    local: Any,
    result: Any,
    origin: str,
    *,
    rule: str = "",
    made_zero: str = "",
    total: str = "",
) -> Diagnosis:
    """Why the rule of an op for one input made `result` of `upstream`.

    `local` is its derivative there (None if that is a matrix), `origin` the op that `upstream` came from,
    `rule` the derivative's text, `made_zero` the op that made the upstream 0, and `total` the op whose result
    goes in, if that is a sum.
    """
    needs, cure = _needs(op, backward=True), _cure(op, at, argument)
    if made_zero == "where":
        cure = _where_cure(op)
    elif total in TOTALS and (op.name == "sqrt" or (op.name == "power" and at.get("b") == 0.5)):
        cure = NORM
    if local is None:
        return Diagnosis(f"Its rule{rule and f', {rule},'} gave {number(result)}.", needs, cure)
    slope = f"∂{op.name}/∂{argument} at {at_text(at)} is {number(local)}"
    if len(at) == 1:
        slope = f"{op.name}'({number(next(iter(at.values())))}) = {number(local)}"
    if np.isnan(local):
        return Diagnosis(f"{slope}: it has no value.", needs, cure)
    if np.isinf(local) and upstream == 0:
        made = f" (made by {symbol(made_zero)})" if made_zero and symbol(made_zero) != origin else ""
        return Diagnosis(f"0 × ∞: {slope} met an upstream 0 from {origin}{made}.", needs, cure)
    if np.isinf(local):
        return Diagnosis(f"{number(upstream)} × ∞: {slope}.", needs, cure)
    if np.isnan(result):
        return Diagnosis(f"Its rule{rule and f', {rule},'} met ∞ inside.", needs, cure)
    cause = f"{number(upstream)} × {number(local)} is too large: an overflow."
    return Diagnosis(cause, _largest(result), _overflow_cure(op))


def _expression(op: Any, at: Mapping[str, Any]) -> str:
    """The op at a place: its formula with numbers, or where that has words in it, a call."""
    right = right_side(op.info.get("formula", ""))
    if not at:
        return f"{op.info.get('formula') or f'The result of {op.name}'}"
    if not right or any(word in right for word in (" where ", " for ", " with ", ", ", " of ")):
        return f"{op.name}({', '.join(map(number, at.values()))})"
    return with_numbers(right, {name: number(value) for name, value in at.items()})


def _at_pole(op: Any, at: Mapping[str, Any]) -> bool:
    """Whether the formula itself is infinite there, rather than only too large for the dtype."""
    values = list(at.values())
    if op.name in (*DIVISIONS, "reciprocal", "power"):
        zero = values[0 if op.name in ("reciprocal", "power") else -1]
        return bool(values) and bool(zero == 0)
    return bool(values) and op.info.get("domain") is not None


def _needs(op: Any, backward: bool = False) -> str:
    """The op's own words on where it, and its derivative, are finite."""
    domain, kink = op.info.get("domain"), op.info.get("kink")
    parts = [f"{op.name} needs {domain}."] if domain else []
    if backward and kink and "∞" in kink:
        parts.append(f"The derivative of {op.name} is {kink}.")
    return " ".join(parts) or FINITE


def _largest(value: Any) -> str:
    """How far the dtype reaches."""
    dtype = np.asarray(value).dtype
    return f"{dtype} holds numbers up to {number(np.finfo(dtype).max)}."


def _overflow_cure(op: Any) -> str:
    if op.name in EXPONENTIALS:
        return "Subtract the largest element first, as tg.softmax and tg.logsumexp do, or hold the input with tg.clip."
    return SMALLER


def _chosen(op: Any) -> tuple[str, str]:
    """A call on an input that is chosen to be safe, and the condition."""
    condition, instead = SAFE[op.name]
    if op.name in DIVISIONS:
        condition = condition.format(x="b")
        return f"a {'/' if op.name == 'divide' else '%'} tg.where({condition}, b, {instead})", condition
    condition = condition.format(x="x")
    power = "tg.power(tg.where({0}, x, {1}), b)" if op.name == "power" else "tg.{2}(tg.where({0}, x, {1}))"
    return power.format(condition, instead, op.name), condition


def _where_cure(op: Any) -> str:
    """The cure of `where(x > 0, log(x), 0)`."""
    why = "tg.where computes and differentiates both branches, and 0 × ∞ comes back from the one not taken."
    if op.name not in SAFE:
        return f"{why} Choose the op's input with tg.where as well, so that it is safe in both."
    call, condition = _chosen(op)
    return f"{why} Choose the input as well: tg.where({condition}, {call}, 0.0)."


def _cure(op: Any, at: Mapping[str, Any], argument: str = "") -> str:
    """The usual cure of an op with edges."""
    if op.name not in SAFE:
        domain = op.info.get("domain")
        return f"Keep the input inside {domain}, with tg.clip or tg.where on the input." if domain else SMALLER
    if op.name == "power" and argument == "b":
        return "Keep the base above 0: tg.power(tg.maximum(x, 1e-12), b)."
    call, _ = _chosen(op)
    advice = f"Make the input safe before the op (tg.where on its result comes too late): {call}"
    if op.name in LOGARITHMS:
        return f"{advice}; or add a little, tg.{op.name}(x + 1e-12); for probabilities, a loss with from_logits=True."
    if op.name == "sqrt" and not any(value < 0 for value in at.values()):
        return f"{advice}; or add a little, tg.sqrt(x + 1e-12)."
    if op.name == "power" and at.get("a") == 0 and at["b"] > 0:
        return f"{advice}; or add a little, (x + 1e-12) ** b."
    if op.name in ("divide", "reciprocal"):
        return f"{advice}; or add a little to a denominator that is not negative, a / (b + 1e-12)."
    return f"{advice}."


def _any(test: Any, array: Any) -> bool:
    return array.dtype.kind == "f" and bool(np.any(test(array)))


def first_bad(value: Any, allow_inf: bool) -> tuple[int, ...] | None:
    """The index of the first NaN (or infinity) of an array; None if there is none."""
    array = np.asarray(value)
    if array.dtype.kind != "f":
        return None
    bad = np.isnan(array) if allow_inf else ~np.isfinite(array)
    if not bad.any():
        return None
    return tuple(map(int, np.unravel_index(int(np.argmax(bad)), array.shape)))


def place_text(index: tuple[int, ...], shape: tuple[int, ...]) -> str:
    """Where an element is: "at index (2, 0), shape (3, 4)"; "" for a single number."""
    return f" at index {index}, shape {shape}" if shape and math.prod(shape) != 1 else ""
