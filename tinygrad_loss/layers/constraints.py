"""Constraints: what a parameter is brought back to after each step of training."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .names import by_name

Array = np.ndarray[Any, Any]
Axis = int | tuple[int, ...]
TINY = 1e-7  # keeps a norm of 0 from dividing


class Constraint:
    """Base of constraints: called with an array, gives the nearest array that is allowed."""

    def __call__(self, w: Array) -> Array:
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{key}={value!r}' for key, value in vars(self).items())})"


class NonNeg(Constraint):
    """No weight below zero.

    >>> tg.constraints.NonNeg()(np.array([-1.0, 2.0]))
    array([0., 2.])
    """

    def __call__(self, w: Array) -> Array:
        return np.maximum(w, 0)


class MaxNorm(Constraint):
    """The norm along `axis` at most `max_value`: longer columns are shortened, shorter ones left.

    >>> tg.constraints.MaxNorm(1.0)(np.array([[3.0], [4.0]])).round(3)
    array([[0.6],
           [0.8]])
    """

    def __init__(self, max_value: float = 2, axis: Axis = 0) -> None:
        self.max_value = max_value
        self.axis = axis

    def __call__(self, w: Array) -> Array:
        norms = _norms(w, self.axis)
        return w * (np.minimum(norms, self.max_value) / (TINY + norms))


class UnitNorm(Constraint):
    """The norm along `axis` is 1."""

    def __init__(self, axis: Axis = 0) -> None:
        self.axis = axis

    def __call__(self, w: Array) -> Array:
        return w / (TINY + _norms(w, self.axis))


class MinMaxNorm(Constraint):
    """The norm along `axis` between two values; `rate` says how much of the way is gone in one step."""

    def __init__(self, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: Axis = 0) -> None:
        self.min_value = min_value
        self.max_value = max_value
        self.rate = rate
        self.axis = axis

    def __call__(self, w: Array) -> Array:
        norms = _norms(w, self.axis)
        wanted = self.rate * np.clip(norms, self.min_value, self.max_value) + (1 - self.rate) * norms
        return w * (wanted / (TINY + norms))


def _norms(w: Array, axis: Axis) -> Array:
    return np.sqrt(np.sum(np.square(w), axis=axis, keepdims=True))


CLASSES: dict[str, type[Constraint]] = {
    "non_neg": NonNeg,
    "max_norm": MaxNorm,
    "unit_norm": UnitNorm,
    "min_max_norm": MinMaxNorm,
}


def get(identifier: Any) -> Callable[[Any], Any] | None:
    """The constraint that a name, a class or a function of the array stands for.

    Raises:
        UnknownNameError: for anything else.

    >>> tg.constraints.get("max_norm")
    MaxNorm(max_value=2, axis=0)
    """
    return by_name("constraint", identifier, Constraint, CLASSES)
