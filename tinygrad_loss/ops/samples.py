"""Inputs on which every op is tested: fixed numbers without ties, away from kinks."""

from __future__ import annotations

from typing import Any

import numpy as np


def arrays(*shapes: tuple[int, ...]) -> list[Any]:
    """Normal values of these shapes, no two equal, none within 0.05 of 0; the same at each call."""
    random = np.random.default_rng(7)
    values = [random.normal(size=shape) for shape in shapes]
    return [np.array(value + np.copysign(0.05, value)) for value in values]


def positives(*shapes: tuple[int, ...]) -> list[Any]:
    """Values between 0.5 and 2 of these shapes."""
    random = np.random.default_rng(8)
    return [np.array(random.uniform(0.5, 2.0, size=shape)) for shape in shapes]


def fractions(*shapes: tuple[int, ...]) -> list[Any]:
    """Values between -0.9 and 0.9 of these shapes."""
    random = np.random.default_rng(9)
    return [np.array(random.uniform(-0.9, 0.9, size=shape)) for shape in shapes]


def scalars(count: int) -> list[Any]:
    """`count` 0-d arrays."""
    return arrays(*[()] * count)
