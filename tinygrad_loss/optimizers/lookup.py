"""Optimizers by name."""

from __future__ import annotations

from typing import Any

from ..errors import unknown_name
from .adaptive import Adadelta, Adagrad, Adam, Adamax, AdamW, Lion, Nadam, RMSprop
from .base import Optimizer
from .descent import SGD, GradientDescent

__all__ = ["get"]

_ALL: tuple[type[Optimizer], ...] = (SGD, Adadelta, Adagrad, Adam, AdamW, Adamax, GradientDescent, Lion, Nadam, RMSprop)
_BY_LOWER: dict[str, type[Optimizer]] = {
    **{kind.__name__.lower(): kind for kind in _ALL},
    "gradient_descent": GradientDescent,
}


def get(identifier: Any) -> Optimizer:
    """The optimizer that `identifier` stands for: a name in any case, a class, an optimizer, or its config.

    Raises:
        UnknownNameError: for anything else.

    >>> tg.optimizers.get("adam")
    Adam(learning_rate=0.001, iterations=0)
    """
    if isinstance(identifier, Optimizer):
        return identifier
    if isinstance(identifier, type) and issubclass(identifier, Optimizer):
        return identifier()
    if isinstance(identifier, str) and identifier.lower() in _BY_LOWER:
        return _BY_LOWER[identifier.lower()]()
    if isinstance(identifier, dict) and str(identifier.get("class_name")).lower() in _BY_LOWER:
        return _BY_LOWER[identifier["class_name"].lower()].from_config(identifier.get("config", {}))
    raise unknown_name("optimizer", identifier, _BY_LOWER)
