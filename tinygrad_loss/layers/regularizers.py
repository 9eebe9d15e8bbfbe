"""Penalties on parameters or outputs, added to the loss: small weights, or few that are not zero."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.tensor import ArrayLike, Tensor
from ..errors import ArgumentError
from .names import by_name


class Regularizer:
    """Base of regularizers: called with a parameter, gives the penalty as a 0-d Tensor."""

    def __call__(self, x: ArrayLike) -> Tensor:
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{key}={value!r}' for key, value in vars(self).items())})"


class L1L2(Regularizer):
    """The penalty l1·Σ|x| + l2·Σx², with derivative l1·sign(x) + 2·l2·x.

    Raises:
        ArgumentError: for a factor that is negative or not finite.

    >>> tg.regularizers.L1L2(l1=0.1, l2=0.01)(tg.tensor([3.0, -4.0]))
    tensor(0.95)
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0) -> None:
        self.l1 = _factor("l1", l1)
        self.l2 = _factor("l2", l2)

    def __call__(self, x: ArrayLike) -> Tensor:
        absolute = self.l1 * np.sum(np.abs(x)) if self.l1 else 0.0
        squared = self.l2 * np.sum(np.square(x)) if self.l2 else 0.0
        return absolute + squared  # type: ignore[return-value]


class L1(L1L2):
    """The penalty l1·Σ|x|: drives weights to exactly zero.

    >>> tg.regularizers.L1(0.1)(tg.tensor([3.0, -4.0]))
    tensor(0.7)
    """

    def __init__(self, l1: float = 0.01) -> None:
        super().__init__(l1=l1)


class L2(L1L2):
    """The penalty l2·Σx²: keeps weights small. Its derivative is 2·l2·x.

    >>> tg.regularizers.L2(0.01)(tg.tensor([3.0, -4.0]))
    tensor(0.25)
    """

    def __init__(self, l2: float = 0.01) -> None:
        super().__init__(l2=l2)


def _factor(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number)) or not 0 <= value < math.inf:
        raise ArgumentError(
            f"A regularizer cannot use {name}={value!r}.",
            "The factor is a finite number of at least 0.",
            "Say tg.regularizers.L2(0.01).",
        )
    return float(value)


CLASSES: dict[str, type[Regularizer]] = {"l1": L1, "l2": L2, "l1_l2": L1L2, "l1l2": L1L2}


def get(identifier: Any) -> Callable[[Any], Any] | None:
    """The regularizer that a name, a class or a function of the parameter stands for.

    Raises:
        UnknownNameError: for anything else.

    >>> tg.regularizers.get("l2")
    L2(l1=0.0, l2=0.01)
    """
    return by_name("regularizer", identifier, Regularizer, CLASSES)
