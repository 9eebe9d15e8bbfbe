"""Pooling, padding, cropping and enlarging, with Keras's arguments; channels last unless said otherwise."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from ..core.tensor import Tensor
from ..ops.axes import moveaxis
from ..ops.convolution import as_sizes
from ..ops.padding import pad
from ..ops.pooling import average_pool, max_pool, upsample
from ..ops.reductions import max as largest
from ..ops.reductions import mean as average
from .base import Layer
from .convolution import checked_format

__all__ = [
    "AveragePooling1D",
    "AveragePooling2D",
    "AveragePooling3D",
    "Cropping1D",
    "Cropping2D",
    "Cropping3D",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalAveragePooling3D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "GlobalMaxPooling3D",
    "MaxPooling1D",
    "MaxPooling2D",
    "MaxPooling3D",
    "UpSampling1D",
    "UpSampling2D",
    "UpSampling3D",
    "ZeroPadding1D",
    "ZeroPadding2D",
    "ZeroPadding3D",
]


class Spatial(Layer):
    """Base of layers without weights that work on `rank` axes of space."""

    rank: ClassVar[int] = 2

    def __init__(self, data_format: str | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.data_format = checked_format(type(self).__name__, data_format)

    def call(self, inputs: Tensor) -> Tensor:
        """What `compute` makes of the inputs, with channels last."""
        if self.data_format == "channels_last":
            return self.compute(inputs)
        return moveaxis(self.compute(moveaxis(inputs, 1, -1)), -1, 1)

    def compute(self, x: Any) -> Any:
        """The layer's map, channels last."""
        raise NotImplementedError


class Pooling(Spatial):
    """Base of pooling layers."""

    pool: ClassVar[Any]

    def __init__(
        self,
        pool_size: Any = 2,
        strides: Any = None,
        padding: str = "valid",
        data_format: str | None = None,
        **options: Any,
    ) -> None:
        super().__init__(data_format, **options)
        self.pool_size = as_sizes(pool_size, self.rank, "pool_size")
        self.strides = self.pool_size if strides is None else as_sizes(strides, self.rank, "strides")
        self.padding = padding

    def compute(self, x: Any) -> Any:
        """The pooled image."""
        return type(self).pool(x, self.pool_size, self.strides, self.padding)


class GlobalPooling(Spatial):
    """Base of pooling over all of space."""

    reduce: ClassVar[Any]

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **options: Any) -> None:
        super().__init__(data_format, **options)
        self.keepdims = bool(keepdims)

    def call(self, inputs: Tensor) -> Tensor:
        """One number for each channel."""
        first = 1 if self.data_format == "channels_last" else 2
        axes = tuple(range(first, first + self.rank))
        return type(self).reduce(inputs, axis=axes, keepdims=self.keepdims)


def _pairs(value: Any, rank: int) -> tuple[tuple[int, int], ...]:
    """Numbers before and after each axis, from one number, one for each axis, or pairs."""
    if isinstance(value, (int, np.integer)):
        return ((int(value),) * 2,) * rank
    if rank == 1:
        return ((int(value[0]), int(value[1])),)
    return tuple((int(v), int(v)) if isinstance(v, (int, np.integer)) else (int(v[0]), int(v[1])) for v in value)


class Padding(Spatial):
    """Base of layers that put zeros around."""

    def __init__(self, padding: Any = 1, data_format: str | None = None, **options: Any) -> None:
        super().__init__(data_format, **options)
        self.padding = _pairs(padding, self.rank)

    def compute(self, x: Any) -> Any:
        """The image with zeros around it."""
        return pad(x, ((0, 0), *self.padding, (0, 0)))


class Cropping(Spatial):
    """Base of layers that cut off around."""

    def __init__(self, cropping: Any = 1, data_format: str | None = None, **options: Any) -> None:
        super().__init__(data_format, **options)
        self.cropping = _pairs(cropping, self.rank)

    def compute(self, x: Any) -> Any:
        """The inner part of the image."""
        inside = tuple(slice(a, n - b) for n, (a, b) in zip(x.shape[1:-1], self.cropping, strict=True))
        return x[(slice(None), *inside)]


class Enlarging(Spatial):
    """Base of layers that repeat elements."""

    def __init__(self, size: Any = 2, data_format: str | None = None, **options: Any) -> None:
        super().__init__(data_format, **options)
        self.size = as_sizes(size, self.rank, "size")

    def compute(self, x: Any) -> Any:
        """The image, each element repeated."""
        return upsample(x, self.size)


class MaxPooling1D(Pooling):
    """The largest element of each window, for sequences (see `tg.max_pool`).

    >>> tg.layers.MaxPooling1D()(np.ones((2, 6, 3))).shape
    (2, 3, 3)
    """

    rank = 1
    pool = staticmethod(max_pool)


class AveragePooling1D(Pooling):
    """The mean of each window, for sequences; padding does not count (see `tg.average_pool`).

    >>> tg.layers.AveragePooling1D()(np.ones((2, 6, 3))).shape
    (2, 3, 3)
    """

    rank = 1
    pool = staticmethod(average_pool)


class GlobalMaxPooling1D(GlobalPooling):
    """The largest element of each channel, for sequences.

    >>> tg.layers.GlobalMaxPooling1D()(np.ones((2, 6, 3))).shape
    (2, 3)
    """

    rank = 1
    reduce = staticmethod(largest)


class GlobalAveragePooling1D(GlobalPooling):
    """The mean of each channel, for sequences.

    >>> tg.layers.GlobalAveragePooling1D()(np.ones((2, 6, 3))).shape
    (2, 3)
    """

    rank = 1
    reduce = staticmethod(average)


class ZeroPadding1D(Padding):
    """Zeros around sequences: one number, one for each axis, or pairs (before, after).

    >>> tg.layers.ZeroPadding1D()(np.ones((2, 6, 3))).shape
    (2, 8, 3)
    """

    rank = 1


class Cropping1D(Cropping):
    """The inner part of sequences: what is cut off as one number, one for each axis, or pairs.

    >>> tg.layers.Cropping1D()(np.ones((2, 6, 3))).shape
    (2, 4, 3)
    """

    rank = 1


class UpSampling1D(Enlarging):
    """Each element of sequences repeated `size` times along each axis of space.

    >>> tg.layers.UpSampling1D()(np.ones((2, 6, 3))).shape
    (2, 12, 3)
    """

    rank = 1


class MaxPooling2D(Pooling):
    """The largest element of each window, for images (see `tg.max_pool`).

    >>> tg.layers.MaxPooling2D()(np.ones((2, 6, 6, 3))).shape
    (2, 3, 3, 3)
    """

    rank = 2
    pool = staticmethod(max_pool)


class AveragePooling2D(Pooling):
    """The mean of each window, for images; padding does not count (see `tg.average_pool`).

    >>> tg.layers.AveragePooling2D()(np.ones((2, 6, 6, 3))).shape
    (2, 3, 3, 3)
    """

    rank = 2
    pool = staticmethod(average_pool)


class GlobalMaxPooling2D(GlobalPooling):
    """The largest element of each channel, for images.

    >>> tg.layers.GlobalMaxPooling2D()(np.ones((2, 6, 6, 3))).shape
    (2, 3)
    """

    rank = 2
    reduce = staticmethod(largest)


class GlobalAveragePooling2D(GlobalPooling):
    """The mean of each channel, for images.

    >>> tg.layers.GlobalAveragePooling2D()(np.ones((2, 6, 6, 3))).shape
    (2, 3)
    """

    rank = 2
    reduce = staticmethod(average)


class ZeroPadding2D(Padding):
    """Zeros around images: one number, one for each axis, or pairs (before, after).

    >>> tg.layers.ZeroPadding2D()(np.ones((2, 6, 6, 3))).shape
    (2, 8, 8, 3)
    """

    rank = 2


class Cropping2D(Cropping):
    """The inner part of images: what is cut off as one number, one for each axis, or pairs.

    >>> tg.layers.Cropping2D()(np.ones((2, 6, 6, 3))).shape
    (2, 4, 4, 3)
    """

    rank = 2


class UpSampling2D(Enlarging):
    """Each element of images repeated `size` times along each axis of space.

    >>> tg.layers.UpSampling2D()(np.ones((2, 6, 6, 3))).shape
    (2, 12, 12, 3)
    """

    rank = 2


class MaxPooling3D(Pooling):
    """The largest element of each window, for volumes (see `tg.max_pool`).

    >>> tg.layers.MaxPooling3D()(np.ones((2, 6, 6, 6, 3))).shape
    (2, 3, 3, 3, 3)
    """

    rank = 3
    pool = staticmethod(max_pool)


class AveragePooling3D(Pooling):
    """The mean of each window, for volumes; padding does not count (see `tg.average_pool`).

    >>> tg.layers.AveragePooling3D()(np.ones((2, 6, 6, 6, 3))).shape
    (2, 3, 3, 3, 3)
    """

    rank = 3
    pool = staticmethod(average_pool)


class GlobalMaxPooling3D(GlobalPooling):
    """The largest element of each channel, for volumes.

    >>> tg.layers.GlobalMaxPooling3D()(np.ones((2, 6, 6, 6, 3))).shape
    (2, 3)
    """

    rank = 3
    reduce = staticmethod(largest)


class GlobalAveragePooling3D(GlobalPooling):
    """The mean of each channel, for volumes.

    >>> tg.layers.GlobalAveragePooling3D()(np.ones((2, 6, 6, 6, 3))).shape
    (2, 3)
    """

    rank = 3
    reduce = staticmethod(average)


class ZeroPadding3D(Padding):
    """Zeros around volumes: one number, one for each axis, or pairs (before, after).

    >>> tg.layers.ZeroPadding3D()(np.ones((2, 6, 6, 6, 3))).shape
    (2, 8, 8, 8, 3)
    """

    rank = 3


class Cropping3D(Cropping):
    """The inner part of volumes: what is cut off as one number, one for each axis, or pairs.

    >>> tg.layers.Cropping3D()(np.ones((2, 6, 6, 6, 3))).shape
    (2, 4, 4, 4, 3)
    """

    rank = 3


class UpSampling3D(Enlarging):
    """Each element of volumes repeated `size` times along each axis of space.

    >>> tg.layers.UpSampling3D()(np.ones((2, 6, 6, 6, 3))).shape
    (2, 12, 12, 12, 3)
    """

    rank = 3
