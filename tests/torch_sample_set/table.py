"""How PyTorch's functions are written with this library: the table that the families of translations fill.

A translation takes what PyTorch's function takes (Tensors for tensors, ndarrays for those of integers) and
either names the function of the same meaning (`same`) or composes it of several (`composed`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Translation:
    """One of PyTorch's functions in this library's terms, and how close the two are held."""

    call: Callable[..., Any]
    composed: bool  # of several functions, rather than one of the same meaning
    process: Callable[[Any], Any] | None = None  # brings both libraries' results into line
    rtol: float = 1e-8
    order: int = 2  # the highest derivative that PyTorch has
    samples: int = 8


class NotCompared(Exception):
    """Raised for a sample that asks for what is excepted as a whole, such as complex numbers."""


TRANSLATIONS: dict[str, Translation] = {}


def renamed(keywords):
    return {{"dim": "axis", "keepdim": "keepdims"}.get(k, k): v for k, v in keywords.items()}


def same(names, function, **how):
    """`function` is PyTorch's, but for the words dim and keepdim."""
    _enter(names, lambda *args, **keywords: function(*args, **renamed(keywords)), False, how)


def written(names, **how):
    """Decorates a function that only brings the arguments into this library's order."""

    def decorate(function):
        _enter(names, function, False, how)
        return function

    return decorate


def composed(names, **how):
    """Decorates a function that composes PyTorch's of several of this library's."""

    def decorate(function):
        _enter(names, function, True, how)
        return function

    return decorate


def _enter(names, call, is_composed, how):
    for name in names.split():
        assert name not in TRANSLATIONS, f"{name} is translated twice"
        TRANSLATIONS[name] = Translation(call, is_composed, **how)
