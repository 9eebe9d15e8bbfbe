"""Hinge losses: a score need not be a probability, it only has to be on the right side by a margin of 1."""

from __future__ import annotations

from typing import Any

from ..core.tensor import ArrayLike
from ..ops.comparisons import equal, logical_or
from ..ops.powers import square
from ..ops.reductions import all, max, mean, sum
from ..ops.selection import maximum, where
from .alignment import aligned
from .base import FunctionLoss

__all__ = ["CategoricalHinge", "Hinge", "SquaredHinge", "categorical_hinge", "hinge", "squared_hinge"]


def hinge(y_true: ArrayLike, y_pred: ArrayLike) -> Any:
    """The mean of max(1 - y·y_pred, 0), y being -1 or 1; labels of 0 and 1 alone are taken as -1 and 1.

    Derivative by y_pred: -y/n where y·y_pred < 1, else 0; half of it at exactly 1.

    >>> tg.losses.hinge([[1.0, -1.0]], tg.tensor([[0.5, -3.0]]))
    tensor([0.25])
    """
    y_true, y_pred = aligned("hinge", y_true, y_pred)
    return mean(maximum(1.0 - _signed(y_true) * y_pred, 0.0), axis=-1)


def squared_hinge(y_true: ArrayLike, y_pred: ArrayLike) -> Any:
    """The mean of max(1 - y·y_pred, 0)², y being -1 or 1; labels of 0 and 1 alone are taken as -1 and 1.

    Derivative by y_pred: -2y·max(1 - y·y_pred, 0)/n.

    >>> tg.losses.squared_hinge([[1.0, -1.0]], tg.tensor([[0.5, -3.0]]))
    tensor([0.125])
    """
    y_true, y_pred = aligned("squared_hinge", y_true, y_pred)
    return mean(square(maximum(1.0 - _signed(y_true) * y_pred, 0.0)), axis=-1)


def categorical_hinge(y_true: ArrayLike, y_pred: ArrayLike) -> Any:
    """max(1 + n - p, 0), p being the score of the right class and n the highest of the others (not below 0).

    Derivative, where it is positive: -1 by p, 1 by n.

    >>> tg.losses.categorical_hinge([[0.0, 1.0]], tg.tensor([[0.5, 1.0]]))
    tensor([0.5])
    """
    y_true, y_pred = aligned("categorical_hinge", y_true, y_pred)
    right = sum(y_true * y_pred, axis=-1)
    wrong = max((1.0 - y_true) * y_pred, axis=-1)
    return maximum(wrong - right + 1.0, 0.0)


def _signed(y_true: Any) -> Any:
    """Labels of -1 and 1, from those or from 0 and 1."""
    binary = all(logical_or(equal(y_true, 0.0), equal(y_true, 1.0)))
    return where(binary, 2.0 * y_true - 1.0, y_true)


class Hinge(FunctionLoss):
    """The mean distance to the right side of a margin (see `hinge`).

    >>> tg.losses.Hinge()([[1.0], [0.0]], tg.tensor([[0.5], [0.5]]))
    tensor(1., dtype=float32)
    """

    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str = "hinge", dtype: Any = None) -> None:
        super().__init__(hinge, reduction, name, dtype)


class SquaredHinge(FunctionLoss):
    """The mean squared distance to the right side of a margin (see `squared_hinge`).

    >>> tg.losses.SquaredHinge()([[1.0], [0.0]], tg.tensor([[0.5], [0.5]]))
    tensor(1.25, dtype=float32)
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str = "squared_hinge", dtype: Any = None
    ) -> None:
        super().__init__(squared_hinge, reduction, name, dtype)


class CategoricalHinge(FunctionLoss):
    """The right class ahead of the others by 1 (see `categorical_hinge`).

    >>> tg.losses.CategoricalHinge()([[0.0, 1.0]], tg.tensor([[0.5, 1.0]]))
    tensor(0.5, dtype=float32)
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str = "categorical_hinge", dtype: Any = None
    ) -> None:
        super().__init__(categorical_hinge, reduction, name, dtype)
