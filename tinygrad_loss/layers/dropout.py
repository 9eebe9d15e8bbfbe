"""Dropout: leaving out random inputs, or whole channels of them, while training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.tensor import Tensor
from ..errors import ArgumentError, ShapeError
from ..modes import seeds
from ..ops.dropout import dropout, dropout_mask
from .base import Layer

__all__ = ["Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D"]


def rate_of(layer: str, rate: Any) -> float:
    """The rate as a number; an error outside 0 to 1."""
    if isinstance(rate, bool) or not isinstance(rate, (int, float, np.number)) or not 0 <= rate < 1:
        raise ArgumentError(
            f"{layer} got rate={rate!r}.",
            "The rate is the part that is left out: at least 0 and below 1.",
            f"Say {layer}(0.5) to leave out half.",
        )
    return float(rate)


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
        self.rate = rate_of(type(self).__name__, rate)
        self.noise_shape = noise_shape
        self.generator = seeds.generator(seed)

    def mask_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of the mask for inputs of this shape."""
        if self.noise_shape is None:
            return shape
        return tuple(length or full for length, full in zip(self.noise_shape, shape, strict=True))

    def call(self, inputs: Tensor, training: bool | None = None) -> Tensor:
        """The inputs, thinned out while training."""
        if not training or not self.rate:
            return inputs
        mask = dropout_mask(self.mask_shape(inputs.shape), self.rate, self.generator)
        return dropout(inputs, mask, rate=self.rate)


class SpatialDropout(Dropout):
    """While training, leave out whole channels: neighbouring places of one channel would give the rest away.

    Args:
        rate: the part of the channels left out, from 0 to below 1.
        data_format: "channels_last" or "channels_first".
        seed: an integer, or a NumPy generator; by default from the seed of the process.
        options: see `Layer`.
    """

    axes = 0  # between the examples and the channels

    def __init__(
        self,
        rate: float,
        data_format: str | None = None,
        seed: int | np.random.Generator | None = None,
        **options: Any,
    ) -> None:
        super().__init__(rate, None, seed, **options)
        if data_format not in (None, "channels_last", "channels_first"):
            raise ArgumentError(
                f"{type(self).__name__} got data_format={data_format!r}.",
                "It is 'channels_last' or 'channels_first'.",
                "Leave it out where the channels are the last axis.",
            )
        self.data_format = data_format or "channels_last"

    def mask_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """One element for each channel of each example."""
        if len(shape) != self.axes + 2:
            raise ShapeError(
                f"Layer {self.name!r} ({type(self).__name__}) got shape {shape}.",
                f"It needs {self.axes + 2} axes: examples, channels, and {self.axes} in space.",
                "Use the layer whose name has the number of axes in space, or Dropout.",
            )
        ones = (1,) * self.axes
        if self.data_format == "channels_last":
            return (shape[0], *ones, shape[-1])
        return (*shape[:2], *ones)


class SpatialDropout1D(SpatialDropout):
    """Whole features of a sequence left out while training.

    Shapes: (batch, time, features).

    Source: Tompson et al., Efficient Object Localization Using Convolutional Networks, 2014.

    >>> tg.layers.SpatialDropout1D(0.5)(np.ones((1, 2, 2))).shape
    (1, 2, 2)
    """

    axes = 1

    def __init__(self, rate: float, seed: int | np.random.Generator | None = None, **options: Any) -> None:
        super().__init__(rate, None, seed, **options)


class SpatialDropout2D(SpatialDropout):
    """Whole channels of a picture left out while training.

    Shapes: (batch, height, width, channels), or (batch, channels, height, width).

    >>> tg.layers.SpatialDropout2D(0.5)(np.ones((1, 2, 2, 3))).shape
    (1, 2, 2, 3)
    """

    axes = 2


class SpatialDropout3D(SpatialDropout):
    """Whole channels of a volume left out while training.

    Shapes: (batch, depth, height, width, channels), or the channels after the batch.

    >>> tg.layers.SpatialDropout3D(0.5)(np.ones((1, 2, 2, 2, 3))).shape
    (1, 2, 2, 2, 3)
    """

    axes = 3
