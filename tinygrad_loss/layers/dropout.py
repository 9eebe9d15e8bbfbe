"""Dropout: leaving out random inputs while training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.tensor import Tensor
from ..errors import ArgumentError
from ..modes import drawing, seeds
from .base import Layer


class Dropout(Layer):
    """While training, set a random part `rate` of the inputs to 0 and divide the rest by 1 - rate.

    The expected value stays, so that inference, which leaves the inputs alone, sees the same scale.
    The derivative is the same mask.

    Args:
        rate: the part left out, from 0 to below 1.
        noise_shape: the mask's shape where it is shared along axes, with 1 there; None for the input's.
        seed: an integer, or a NumPy generator; by default from the seed of the process.
        options: see `Layer`.

    Raises:
        ArgumentError: for a rate outside 0 to 1.

    Source: N. Srivastava et al., Dropout: a simple way to prevent neural networks from overfitting,
    JMLR 15, 2014.

    >>> tg.layers.Dropout(0.5)(np.ones((1, 3)))
    tensor([[1., 1., 1.]], dtype=float32)
    """

    def __init__(
        self,
        rate: float,
        noise_shape: Sequence[int | None] | None = None,
        seed: int | np.random.Generator | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        if isinstance(rate, bool) or not isinstance(rate, (int, float, np.number)) or not 0 <= rate < 1:
            raise ArgumentError(
                f"Dropout got rate={rate!r}.",
                "The rate is the part that is left out: at least 0 and below 1.",
                "Say Dropout(0.5) to leave out half.",
            )
        self.rate = float(rate)
        self.noise_shape = noise_shape
        self.generator = seeds.generator(seed)

    def call(self, inputs: Tensor, training: bool | None = None) -> Tensor:
        """The inputs, thinned out while training."""
        if not training or not self.rate:
            return inputs
        shape: Any = inputs.shape
        if self.noise_shape is not None:
            shape = tuple(length or full for length, full in zip(self.noise_shape, shape, strict=True))
        kept = Tensor(drawing(self.generator).random(shape)) >= self.rate
        return inputs * (kept.astype(self.dtype) / (1.0 - self.rate))
