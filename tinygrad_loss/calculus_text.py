"""What `help` says of an op's calculus: its formula and derivative, from the op's own block."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import cleandoc
from typing import Any

TEXTS = {"formula": "Formula", "derivative": "Derivative", "domain": "Domain", "kink": "Kink"}


def with_calculus(docstring: str | None, info: Mapping[str, Any]) -> str | None:
    """The docstring with the texts that the op declares, after its first sentence.

    >>> from tinygrad_loss.calculus_text import with_calculus
    >>> print(with_calculus("The square.", {"formula": "y = x²", "derivative": "∂y/∂x = 2x"}))
    The square.
    <BLANKLINE>
    Formula: y = x²
    Derivative: ∂y/∂x = 2x
    """
    lines = [f"{title}: {info[key]}" for key, title in TEXTS.items() if info.get(key)]
    if not docstring or not lines:
        return docstring
    summary, gap, rest = cleandoc(docstring).partition("\n\n")
    return "\n\n".join([summary, "\n".join(lines)]) + gap + rest
