"""The inputs that `op_cases.py` makes: for about n elements, in float32, from one seed."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

random = np.random.default_rng(0)


def normal(*shape: int) -> Any:
    return random.normal(size=shape).astype(np.float32)


def positive(*shape: int) -> Any:
    return random.uniform(0.5, 2.0, size=shape).astype(np.float32)


def side(n: int) -> int:
    return math.isqrt(n)


def square(n: int) -> list[Any]:
    return [normal(side(n), side(n))]


def squares(n: int) -> list[Any]:
    return square(n) + square(n)


def positives(n: int) -> list[Any]:
    return [positive(side(n), side(n))]


def quotient(n: int) -> list[Any]:
    return square(n) + positives(n)


def fractions(n: int) -> list[Any]:
    return [random.uniform(-0.9, 0.9, size=(side(n), side(n))).astype(np.float32)]


def probabilities(n: int) -> list[Any]:
    return [random.uniform(0.1, 0.9, size=(side(n), side(n))).astype(np.float32)]


def row(n: int) -> list[Any]:
    return [normal(n)]


def masked(n: int) -> list[Any]:
    return [*square(n), random.random((side(n), side(n))) < 0.7]


def picked(n: int) -> list[Any]:
    """Rows of a matrix, with repeats."""
    return [*square(n), random.integers(0, side(n), side(n))]


def places(n: int) -> list[Any]:
    """An element of each row, as many as there are."""
    return [*square(n), random.integers(0, side(n), (side(n), side(n)))]


def written(n: int) -> list[Any]:
    """A matrix, rows to put into it, and where, with repeats."""
    return [*square(n), normal(side(n), side(n)), random.integers(0, side(n), side(n))]


def distinct(n: int) -> list[Any]:
    return [*square(n), normal(side(n), side(n)), random.permutation(side(n))]


def matrices(n: int) -> list[Any]:
    """Well-conditioned square matrices of up to 100 rows: one, or a batch."""
    size = min(side(n), 100)
    return [normal(*([n // size**2] if n > size**2 else []), size, size) / size + np.eye(size, dtype=np.float32) * 2]


def definite(n: int) -> list[Any]:
    x = matrices(n)[0]
    steps = np.arange(x.shape[-1], dtype=np.float32)
    return [x @ np.swapaxes(x, -1, -2) + np.diag(steps)]


def spread(n: int) -> list[Any]:
    """Matrices whose singular values lie well apart."""
    x = matrices(n)[0]
    return [x + np.diag(np.arange(x.shape[-1], dtype=np.float32))]


def images(n: int) -> list[Any]:
    """Channels last: (batch, height, width, channels)."""
    shape = {100: (1, 5, 5, 4), 10_000: (4, 25, 25, 4)}.get(n, (max(1, n // 100_000), 50, 50, 40))
    return [normal(*shape)]


def convolved(n: int) -> list[Any]:
    (x,) = images(n)
    return [x, normal(3, 3, x.shape[-1], x.shape[-1])]


def first_channels(*arrays: Any) -> list[Any]:
    """Images in PyTorch's order of axes, (batch, channels, height, width); kernels (out, in, height, width)."""
    x, *others = arrays
    turned = [w.transpose(3, 2, 0, 1) if len(w) == 3 else w.transpose(0, 3, 1, 2) for w in others]
    return [np.ascontiguousarray(a) for a in (x.transpose(0, 3, 1, 2), *turned)]
