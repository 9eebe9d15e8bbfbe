"""Gradients held within bounds before a step, so that one steep place cannot throw the weights away."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..core.tensor import ArrayLike, Tensor, as_value, wrap
from ..errors import ArgumentError

__all__ = ["clip_by_global_norm", "clip_by_norm", "clip_by_value"]


def clip_by_value(gradients: Iterable[ArrayLike], bound: float) -> list[Any]:
    """Each element held within ±bound. Gradients of None stay.

    >>> tg.optimizers.clip_by_value([np.array([3.0, -0.5])], 1.0)
    [array([ 1. , -0.5])]
    """
    limit = _checked("clip_by_value", bound)
    return [_like(given, lambda g: np.minimum(np.maximum(g, -limit), limit)) for given in gradients]


def clip_by_norm(gradients: Iterable[ArrayLike], norm: float) -> list[Any]:
    """Each gradient g scaled by norm / max(|g|, norm): shortened if it is longer than `norm`.

    >>> tg.optimizers.clip_by_norm([np.array([3.0, 4.0]), np.array([0.5])], 1.0)
    [array([0.6, 0.8]), array([0.5])]
    """
    limit = _checked("clip_by_norm", norm)
    return [_like(given, lambda g: g * _factor(_squares(g), limit, g.dtype)) for given in gradients]


def clip_by_global_norm(gradients: Iterable[ArrayLike], norm: float) -> list[Any]:
    """All gradients scaled by one factor, norm / max(L, norm), L being their length as one long vector.

    Their direction stays. Where L is not finite, all become NaN: there is no direction to keep.

    Source: Pascanu, Mikolov, Bengio, On the Difficulty of Training Recurrent Neural Networks, 2013.

    >>> tg.optimizers.clip_by_global_norm([np.array([3.0]), np.array([4.0])], 1.0)
    [array([0.6]), array([0.8])]
    """
    limit = _checked("clip_by_global_norm", norm)
    given = list(gradients)
    total = sum(_squares(_value(g)) for g in given if g is not None)
    return [
        _like(
            each, lambda g: g * np.where(np.isfinite(total), _factor(total, limit, g.dtype), math.nan).astype(g.dtype)
        )
        for each in given
    ]


def _squares(g: Any) -> Any:
    """|g|², in double precision: squares of large gradients overflow in single precision."""
    flat = np.ravel(g).astype(np.float64)
    return np.dot(flat, flat)


def _factor(squares: Any, limit: float, dtype: Any) -> Any:
    """What brings a gradient of that |g|² within the limit."""
    return (limit / np.maximum(np.sqrt(squares), limit)).astype(dtype)


def _value(given: ArrayLike) -> Any:
    """The array of a Tensor, or of whatever else computes as an array does."""
    return (
        given._value if isinstance(given, Tensor) else given if hasattr(given, "__array_ufunc__") else as_value(given)
    )


def _like(given: ArrayLike, change: Any) -> Any:
    """The changed value as what was given: None, a Tensor or an array."""
    if given is None:
        return None
    changed = change(_value(given))
    return wrap(changed, None) if isinstance(given, Tensor) else changed


def _checked(what: str, bound: Any) -> float:
    if isinstance(bound, bool) or not isinstance(bound, (int, float, np.number)) or not 0 < bound < math.inf:
        raise ArgumentError(
            f"{what} cannot use the bound {bound!r}.", "It is a positive number.", "Say clipnorm=1.0, for example."
        )
    return float(bound)
