"""Numbers, arrays and sizes as short text for people."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

__all__ = ["brief", "describe", "in_one_line", "memory", "norm", "number", "power", "shape_text"]

FEW = 6  # an array of at most this many elements is shown in full


def number(x: Any, digits: int = 4) -> str:
    """A number in four significant digits: "6.0", "0.3333", "1.2e-05".

    >>> from tinygrad_loss.visualize.wording import number
    >>> number(6.0), number(1 / 3), number(7), number(float("inf"))
    ('6.0', '0.3333', '7', '∞')
    """
    kind = np.asarray(x).dtype.kind
    if kind == "b":
        return str(bool(x))
    if kind in "iu":
        return str(int(x))
    value = float(x)
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    text = f"{value:.{digits}g}"
    return text + ".0" if text.lstrip("-").isdigit() else text


def norm(value: Any) -> float:
    """The Euclidean norm over all elements, in double precision; of all parts for a tuple of arrays."""
    if value is None:
        return math.nan
    if isinstance(value, tuple):
        return math.hypot(*(norm(part) for part in value))
    flat = np.asarray(value, dtype=np.float64).ravel()
    largest = float(np.max(np.abs(flat))) if flat.size else 0.0
    if not math.isfinite(largest) or largest == 0.0:
        return largest
    if 1e-100 < largest < 1e100:
        return float(math.sqrt(flat @ flat))
    return largest * float(np.linalg.norm(flat / largest))  # the squares would leave the range of doubles


def shape_text(value: Any, dtype: bool = True) -> str:
    """The shape and dtype: "(32, 10) float32", "scalar float64"."""
    if isinstance(value, tuple):
        return " and ".join(shape_text(part, dtype) for part in value)
    array = np.asarray(value)
    axes = f"({', '.join(map(str, array.shape))}{',' if array.ndim == 1 else ''})"
    return (axes if array.ndim else "scalar") + (f" {array.dtype}" if dtype else "")


def brief(value: Any) -> str:
    """One short text for a value: the number if it is one, else the norm; the range of integers."""
    if not isinstance(value, tuple):
        if np.size(value) == 1:
            return number(np.ravel(value)[0])
        if np.asarray(value).dtype.kind != "f":
            return describe(value)[0]
    return f"norm {number(norm(value))}"


def power(x: float) -> str:
    """A mark on a scale: a power of ten by its exponent where that is shorter, "10⁻⁸", else the number.

    >>> from tinygrad_loss.visualize.wording import power
    >>> power(1e-8), power(0.1), power(20.0)
    ('10⁻⁸', '0.1', '20')
    """
    exponent = round(math.log10(x))
    if abs(exponent) < 3 or not math.isclose(x, 10.0**exponent, rel_tol=1e-9):
        return f"{x:.3g}"
    return "10" + str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def memory(count: int) -> str:
    """Bytes in a fitting unit: "48 B", "1.5 kB", "3.1 MB"."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return f"{count} B"


def describe(value: Any) -> list[str]:
    """An array in a few lines: its elements if they are few, else its norm and range."""
    if value is None:
        return []
    if isinstance(value, tuple):
        return [line for part in value for line in describe(part)]
    array = np.asarray(value)
    if array.ndim == 0:
        return [number(array[()])]
    if not array.size:
        return ["empty"]
    if array.size <= FEW:
        return _rows(array)
    if array.dtype.kind == "b":
        return [f"{int(array.sum())} of {array.size} true"]
    finite = array[np.isfinite(array)]
    extent = [f"{number(finite.min())} … {number(finite.max())}"] if finite.size else []
    if array.dtype.kind in "iu":
        return extent
    bad = [f"{array.size - finite.size} of {array.size} not finite"] if finite.size < array.size else []
    return [f"norm {number(norm(array))}", *extent, *bad]


def in_one_line(lines: list[str]) -> str:
    """The lines of `describe` as one: rows of a matrix with commas between, as NumPy takes them."""
    first, *rest = lines or [""]
    if first.startswith("norm"):
        return ", ".join(lines)
    return first + "".join(f",{line}" if line.startswith(" ") else f" {line}" for line in rest)


def _rows(array: Any) -> list[str]:
    """The elements, one line for each row; rows of different matrices are told apart by their brackets."""
    if array.ndim == 1:
        return ["[" + ", ".join(number(x) for x in array) + "]"]
    inner = [line for part in array for line in _rows(part)]
    return [("[" if i == 0 else " ") + line + ("]" if i == len(inner) - 1 else "") for i, line in enumerate(inner)]
