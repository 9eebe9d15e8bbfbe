"""Dropout: some elements set to 0 at random, the others made larger."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.primitive import elementwise
from ..core.tensor import ArrayLike, Tensor
from ..modes import drawing
from .samples import arrays

__all__ = ["dropout", "dropout_mask"]


@elementwise(
    lambda t, y, x, mask, rate: t * (mask.astype(t.dtype) * (1 / (1 - rate))),
    None,
    formula="y = x·mask/(1 - rate)",
    derivative="∂y/∂x = mask/(1 - rate)",
    reference=lambda x, mask, rate: np.where(mask, x / (1 - rate), 0),
    samples=lambda: [
        [*arrays((2, 3)), np.array([[True, False, True], [False, True, True]]), 0.5],
        [*arrays((2, 3)), np.array([[True], [False]]), 0.25],
        [*arrays((2, 3)), np.array([True, True, False]), 0.0],
    ],
)
def dropout(x: ArrayLike, mask: ArrayLike, rate: float) -> Tensor:
    """x where the mask is True, divided by 1 - rate; 0 elsewhere. The mask comes from `dropout_mask`.

    Dividing keeps the expected value, so that inference leaves x alone.

    Args:
        x: the input.
        mask: True for what is kept; of x's shape, or one that broadcasts to it.
        rate: the part that the mask leaves out, below 1.

    Source: Srivastava et al., Dropout, JMLR 15, 2014.

    >>> tg.dropout(tg.tensor([1.0, 2.0]), np.array([True, False]), rate=0.5)
    tensor([2., 0.])
    """
    return x * (np.asanyarray(mask).astype(x.dtype) * (1 / (1 - rate)))  # twenty times faster than np.where


def dropout_mask(shape: tuple[int, ...], rate: float, generator: np.random.Generator) -> Tensor:
    """A mask for `dropout`: each element False with probability `rate`, drawn from `generator`.

    A replayed program draws a new one at each run.

    >>> tg.dropout_mask((3,), 0.0, np.random.default_rng(0))
    tensor([ True,  True,  True])
    """
    drawn: Any = drawing(generator).random(shape)
    return Tensor(drawn) >= rate
