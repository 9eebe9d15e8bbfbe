"""Layers that disturb their inputs while training, so that a model does not rely on single numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.tensor import Tensor
from ..errors import ArgumentError
from ..modes import drawing, seeds
from ..ops.dropout import dropout_mask
from ..ops.nonlinearities import SELU_ALPHA, SELU_SCALE
from .base import Layer
from .dropout import Dropout, rate_of

__all__ = ["AlphaDropout", "GaussianDropout", "GaussianNoise"]

Seed = int | np.random.Generator | None


def normals(generator: np.random.Generator, inputs: Tensor) -> Any:
    """Normal numbers of the shape and dtype of `inputs`."""
    drawn: Any = drawing(generator).standard_normal(inputs.shape)
    return Tensor(drawn).astype(inputs.dtype)


class GaussianNoise(Layer):
    """While training, add normal noise.

    Args:
        stddev: the standard deviation of the noise.
        seed: an integer, or a NumPy generator; by default from the seed of the process.
        options: see `Layer`.

    >>> tg.layers.GaussianNoise(0.1)(np.ones((1, 2)))
    tensor([[1., 1.]], dtype=float32)
    """

    def __init__(self, stddev: float, seed: Seed = None, **options: Any) -> None:
        super().__init__(**options)
        if not stddev >= 0:
            raise ArgumentError(f"GaussianNoise got stddev={stddev!r}.", "It is at least 0.", "Say GaussianNoise(0.1).")
        self.stddev = float(stddev)
        self.generator = seeds.generator(seed)

    def call(self, inputs: Tensor, training: bool | None = None) -> Tensor:
        """The inputs, with noise while training."""
        if not training or not self.stddev:
            return inputs
        return inputs + normals(self.generator, inputs) * self.stddev


class GaussianDropout(Layer):
    """While training, multiply by normal noise of mean 1 and variance rate/(1 - rate), as Dropout's is.

    Source: Srivastava et al., Dropout, JMLR 15, 2014, section 10.

    >>> tg.layers.GaussianDropout(0.5)(np.ones((1, 2)))
    tensor([[1., 1.]], dtype=float32)
    """

    def __init__(self, rate: float, seed: Seed = None, **options: Any) -> None:
        super().__init__(**options)
        self.rate = rate_of("GaussianDropout", rate)
        self.generator = seeds.generator(seed)

    def call(self, inputs: Tensor, training: bool | None = None) -> Tensor:
        """The inputs, times noise while training."""
        if not training or not self.rate:
            return inputs
        return inputs * (normals(self.generator, inputs) * math.sqrt(self.rate / (1 - self.rate)) + 1)


class AlphaDropout(Dropout):
    """Dropout for selu: what is left out gets selu's lowest value, so that mean 0 and variance 1 stay.

    Args:
        rate: the part left out, from 0 to below 1.
        noise_shape: the mask's shape where it is shared along axes, with 1 there; None for the input's.
        seed: an integer, or a NumPy generator; by default from the seed of the process.
        options: see `Layer`.

    Source: Klambauer, Unterthiner, Mayr, Hochreiter, Self-Normalizing Neural Networks, 2017.

    >>> tg.layers.AlphaDropout(0.5)(np.ones((1, 2)))
    tensor([[1., 1.]], dtype=float32)
    """

    def __init__(
        self, rate: float, noise_shape: Sequence[int | None] | None = None, seed: Seed = None, **options: Any
    ) -> None:
        super().__init__(rate, noise_shape, seed, **options)
        lowest = -SELU_ALPHA * SELU_SCALE
        self._lowest = lowest
        self._scale = ((1 - self.rate) * (1 + self.rate * lowest**2)) ** -0.5
        self._shift = -self._scale * lowest * self.rate

    def call(self, inputs: Tensor, training: bool | None = None) -> Tensor:
        """The inputs, thinned out while training."""
        if not training or not self.rate:
            return inputs
        mask = dropout_mask(self.mask_shape(inputs.shape), self.rate, self.generator)
        thinned: Any = np.where(mask, inputs, self._lowest)
        return thinned * self._scale + self._shift
