"""Optimizers by name."""

from __future__ import annotations

from typing import Any

from ..errors import unknown_name
from . import adaptive, descent
from .base import Optimizer

__all__ = ["get"]

_CLASSES: dict[str, type[Optimizer]] = {
    name: getattr(module, name) for module in (descent, adaptive) for name in module.__all__
}
_BY_LOWER: dict[str, type[Optimizer]] = {
    **{name.lower(): kind for name, kind in _CLASSES.items()},
    "gd": descent.GradientDescent,
    "gradient_descent": descent.GradientDescent,
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
