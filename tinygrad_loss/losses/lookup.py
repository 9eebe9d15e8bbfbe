"""Losses by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import unknown_name
from .base import FunctionLoss, Loss
from .crossentropy import BinaryCrossentropy, CategoricalCrossentropy, SparseCategoricalCrossentropy
from .divergence import KLDivergence
from .focal import BinaryFocalCrossentropy, CategoricalFocalCrossentropy
from .hinge import CategoricalHinge, Hinge, SquaredHinge
from .regression import (
    CosineSimilarity,
    Huber,
    LogCosh,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    Poisson,
)

__all__ = ["as_loss", "get"]

_ALL: tuple[Callable[..., FunctionLoss], ...] = (
    BinaryCrossentropy,
    BinaryFocalCrossentropy,
    CategoricalCrossentropy,
    CategoricalFocalCrossentropy,
    CategoricalHinge,
    CosineSimilarity,
    Hinge,
    Huber,
    KLDivergence,
    LogCosh,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    Poisson,
    SparseCategoricalCrossentropy,
    SquaredHinge,
)
_CLASSES: dict[str, Any] = {kind.__name__: kind for kind in _ALL}
_OF_FUNCTION: dict[Callable[..., Any], Any] = {kind().function: kind for kind in _ALL}
_FUNCTIONS = {function.__name__: function for function in _OF_FUNCTION}
_SHORT = {
    "bce": "binary_crossentropy",
    "kld": "kl_divergence",
    "mae": "mean_absolute_error",
    "mape": "mean_absolute_percentage_error",
    "mse": "mean_squared_error",
    "msle": "mean_squared_logarithmic_error",
}
_ALIASES = {**_SHORT, **{short.upper(): name for short, name in _SHORT.items()}}


def get(identifier: Any) -> Any:
    """The loss that `identifier` stands for, as Keras finds it.

    A function's name ("mse", "mean_squared_error") gives the function, which returns one loss per
    sample; a class's name or a class gives an instance, which reduces; a dict of "class_name" and
    "config" an instance; anything that can be called, itself; None, None.

    Raises:
        UnknownNameError: for a name that is not known, or what cannot be called.

    >>> tg.losses.get("mse") is tg.losses.mean_squared_error
    True
    """
    if identifier is None:
        return None
    if isinstance(identifier, str):
        name = _ALIASES.get(identifier, identifier)
        if name in _FUNCTIONS:
            return _FUNCTIONS[name]
        if name in _CLASSES:
            return _CLASSES[name]()
    elif isinstance(identifier, dict) and identifier.get("class_name") in _CLASSES:
        return _CLASSES[identifier["class_name"]].from_config(identifier.get("config", {}))
    elif isinstance(identifier, type) and issubclass(identifier, Loss):
        return identifier()
    elif callable(identifier):
        return identifier
    raise unknown_name("loss", identifier, [*_ALIASES, *_FUNCTIONS, *_CLASSES])


def as_loss(identifier: Any) -> Loss:
    """The `Loss` that `compile(loss=identifier)` trains with: whatever `get` finds, reduced to one number.

    Raises:
        UnknownNameError: for a name that is not known, or what cannot be called.

    >>> tg.losses.as_loss("mse")
    MeanSquaredError()
    """
    found = get(identifier)
    if isinstance(found, Loss):
        return found
    if found is None:
        raise unknown_name("loss", None, [*_ALIASES, *_FUNCTIONS, *_CLASSES])
    return _OF_FUNCTION[found]() if found in _OF_FUNCTION else FunctionLoss(found)
