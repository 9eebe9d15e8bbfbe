"""Gated activations: one half of the features decides how much of the other half passes."""

from __future__ import annotations

import numpy as np

from ..core.registry import functions
from ..core.tensor import ArrayLike, Tensor
from ..errors import ShapeError

__all__ = ["glu"]


def glu(x: ArrayLike, axis: int = -1) -> Tensor:
    """The gated linear unit: the first half of x along `axis`, times the sigmoid of the second.

    Derivative: ∂y/∂a = s and ∂y/∂b = a·s(1 - s), with the halves a, b and s = sigmoid(b).

    Shapes: the axis has even length 2n; it is n in the result.

    Raises:
        ShapeError: for an axis of odd length.

    Source: Dauphin, Fan, Auli, Grangier, Language Modeling with Gated Convolutional Networks, 2016.

    >>> tg.glu(tg.tensor([1.0, 2.0, 0.0, 0.0]))
    tensor([0.5, 1. ])
    """
    length = np.shape(x)[axis]
    if length % 2:
        raise ShapeError(
            f"glu got axis {axis} of length {length}, in shape {np.shape(x)}.",
            "It multiplies one half of the axis by the sigmoid of the other: the length must be even.",
            "Let the layer before it give twice the units.",
        )
    values, gates = np.split(x, 2, axis=axis)
    return values * functions["sigmoid"](gates)


functions["glu"] = glu
