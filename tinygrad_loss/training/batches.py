"""The data of training: checked once, before anything is trained, and cut into batches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..core.tensor import Tensor
from ..errors import ArgumentError, DTypeError, LabelError

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Rows:
    """Inputs, targets and weights with one row for each example; targets and weights may be None."""

    x: Array
    y: Array | None = None
    weight: Array | None = None

    def __len__(self) -> int:
        return len(self.x)

    def at(self, index: Any) -> Rows:
        """Some of the rows."""
        y = None if self.y is None else self.y[index]
        return Rows(self.x[index], y, None if self.weight is None else self.weight[index])


def rows_of(what: str, x: Any, y: Any = None, sample_weight: Any = None) -> Rows:
    """The data of one call of `fit`, `evaluate` or `predict`, as arrays of equal length.

    Raises:
        ArgumentError: for no rows, lengths that differ, or a missing x.
        DTypeError: for text, objects or ragged lists.
    """
    if x is None:
        raise ArgumentError(
            f"{what} got no x.", "It needs inputs, one row for each example.", "Pass x and y as arrays."
        )
    parts = {"x": _array(what, "x", x)}
    if y is not None:
        parts["y"] = _array(what, "y", y)
    if sample_weight is not None:
        parts["sample_weight"] = _array(what, "sample_weight", sample_weight)
    sizes = {name: len(part) for name, part in parts.items()}
    if len(set(sizes.values())) > 1:
        raise ArgumentError(
            "Data cardinality is ambiguous: "
            + ", ".join(f"{name} has {size} rows" for name, size in sizes.items())
            + ".",
            "Every example is one row of x and one of y.",
            "Look at x.shape and y.shape: the first lengths must be equal.",
        )
    if not sizes["x"]:
        raise ArgumentError(
            f"{what} got no examples: x has shape {parts['x'].shape}.",
            "It needs at least one row.",
            "Look at how the data was selected.",
        )
    return Rows(parts["x"], parts.get("y"), parts.get("sample_weight"))


def _array(what: str, name: str, value: Any) -> Array:
    """One argument as an array of numbers with at least one axis."""
    try:
        array = np.asarray(value.detach() if isinstance(value, Tensor) else value)
    except ValueError as error:
        raise DTypeError(
            f"{what} cannot use {name}: {error}.", "It needs rows of equal lengths.", "Look for a row that is shorter."
        ) from None
    if array.dtype.kind not in "biuf":
        raise DTypeError(
            f"{what} cannot use {name} of dtype {array.dtype}.",
            "It needs numbers: floats, integers or booleans.",
            "Make integer labels of names: np.unique(names, return_inverse=True)[1].",
        )
    if array.ndim == 0:
        raise ArgumentError(
            f"{what} got a single number as {name}.", "It needs one row for each example.", f"Write [{value!r}]."
        )
    return array


def whole(what: str, name: str, value: Any, least: int = 1) -> int:
    """An integer argument of at least `least`.

    Raises:
        ArgumentError: for anything else.
    """
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise ArgumentError(
            f"{what} got {name}={value!r}.", f"It is an integer of at least {least}.", f"Write {name}={max(least, 10)}."
        )
    return int(value)


def held_out(rows: Rows, share: float) -> tuple[Rows, Rows]:
    """The rows before and in the last `share`: what is trained on, and what is kept for validation.

    Raises:
        ArgumentError: for a share outside (0, 1), or one that leaves a part without rows.
    """
    count = int(len(rows) * (1 - share)) if 0 < share < 1 else 0
    if not 0 < count < len(rows):
        raise ArgumentError(
            f"fit got validation_split={share!r} for {len(rows)} rows.",
            "It is the share of rows held out, above 0 and below 1, and leaves rows on both sides.",
            "Write validation_split=0.2 for a fifth.",
        )
    return rows.at(slice(count)), rows.at(slice(count, None))


def weighted_by_class(rows: Rows, class_weight: Mapping[int, float] | None) -> Rows:
    """The rows with each example's weight multiplied by that of its class; unnamed classes weigh 1."""
    if class_weight is None:
        return rows
    if rows.y is None:
        raise ArgumentError("class_weight needs labels, and y is missing.", "It is found by label.", "Pass y.")
    labels = rows.y.argmax(axis=-1) if rows.y.ndim > 1 and rows.y.shape[-1] > 1 else rows.y.reshape(len(rows))
    if not np.array_equal(labels, labels.astype(int)):
        raise LabelError("class_weight got targets that are no labels.", "Labels are integers.", "Use sample_weight.")
    weights = np.array([class_weight.get(int(label), 1.0) for label in labels], dtype=float)
    return replace(rows, weight=weights if rows.weight is None else rows.weight * weights)


def batches(rows: Rows, size: int, order: Any = None) -> Iterator[Rows]:
    """The rows in pieces of `size`, the last perhaps shorter, in the given order."""
    for start in range(0, len(rows), size):
        yield rows.at(slice(start, start + size) if order is None else order[start : start + size])
