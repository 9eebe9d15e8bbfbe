"""Convolutions under PyTorch's names and order of axes: channels first."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.tensor import ArrayLike, Tensor
from ..errors import ShapeError
from .axes import moveaxis
from .convolution import as_pairs, as_sizes, convolve, convolve_transposed
from .products import given

__all__ = ["conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d"]


def _channels_first(rank: int, x: Any, w: Any, b: Any, stride: Any, padding: Any, dilation: Any, groups: int) -> Any:
    x, w = given(x), given(w)
    if x.ndim != rank + 2 or w.ndim != rank + 2:
        raise ShapeError(
            f"conv{rank}d got an image of shape {x.shape} and a kernel of shape {w.shape}.",
            f"It needs (batch, channels, *{rank} axes) and (outputs, channels / groups, *{rank} axes).",
            "Use x[None] for a batch of one.",
        )
    image, kernel = moveaxis(x, 1, -1), moveaxis(moveaxis(w, 0, -1), 0, -2)
    stride, dilation = as_sizes(stride, rank, "stride"), as_sizes(dilation, rank, "dilation")
    pairs = as_pairs(padding, image.shape[1:-1], kernel.shape[:-2], stride, dilation)
    y = convolve(image, kernel, stride, pairs, dilation, groups)
    return moveaxis(y if b is None else y + b, -1, 1)


def conv1d(
    x: ArrayLike, w: ArrayLike, b: Any = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
) -> Tensor:
    """The convolution of sequences, channels first as in PyTorch (see `conv2d`).

    Shapes: (batch, inputs, length), (outputs, inputs / groups, kernel) → (batch, outputs, places).

    >>> tg.conv1d(tg.tensor([[[1.0, 2.0, 4.0]]]), [[[1.0, -1.0]]])
    tensor([[[-1., -2.]]])
    """
    return _channels_first(1, x, w, b, stride, padding, dilation, groups)  # type: ignore[no-any-return]


def conv2d(
    x: ArrayLike, w: ArrayLike, b: Any = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
) -> Tensor:
    """The convolution of images: at each place the sum of a patch times the kernel; channels first as in PyTorch.

    Args:
        x: images, (batch, inputs, height, width).
        w: the kernel, (outputs, inputs / groups, height, width).
        b: a number added for each output channel.
        stride: places between patches; a number or one for each axis.
        padding: zeros around the image: a number, one for each axis, "valid" or "same".
        dilation: places between the elements of a patch.
        groups: parts of the channels that are convolved apart.

    Raises:
        ShapeError: where channels or sizes do not fit.

    >>> tg.conv2d(tg.ones((1, 1, 3, 3)), np.ones((1, 1, 2, 2)))
    tensor([[[[4., 4.],
              [4., 4.]]]])
    """
    return _channels_first(2, x, w, b, stride, padding, dilation, groups)  # type: ignore[no-any-return]


def conv3d(
    x: ArrayLike, w: ArrayLike, b: Any = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
) -> Tensor:
    """The convolution of volumes, channels first as in PyTorch (see `conv2d`).

    >>> tg.conv3d(tg.ones((1, 1, 2, 2, 2)), np.ones((1, 1, 2, 2, 2)))
    tensor([[[[[8.]]]]])
    """
    return _channels_first(3, x, w, b, stride, padding, dilation, groups)  # type: ignore[no-any-return]


def _transposed_first(
    rank: int, x: Any, w: Any, b: Any, stride: Any, padding: Any, output_padding: Any, groups: int, dilation: Any
) -> Any:
    x, w = given(x), given(w)
    image = moveaxis(x, 1, -1)
    outputs = w.shape[1]
    split = np.reshape(w, (groups, w.shape[0] // groups, *w.shape[1:]))  # (groups, inputs, outputs, *kernel)
    turned = np.moveaxis(np.moveaxis(split, 2, -1), (0, 1), (-3, -2))  # (*kernel, groups, inputs, outputs)
    kernel = np.reshape(np.moveaxis(turned, -1, -3), (*w.shape[2:], outputs, w.shape[0]))
    stride, dilation = as_sizes(stride, rank, "stride"), as_sizes(dilation, rank, "dilation")
    more = (output_padding,) * rank if isinstance(output_padding, int) else tuple(output_padding)
    pairs = as_pairs(padding, image.shape[1:-1], w.shape[2:], stride, dilation)
    sizes = zip(image.shape[1:-1], w.shape[2:], stride, pairs, dilation, more, strict=True)
    space = tuple((n - 1) * s - sum(p) + d * (k - 1) + o + 1 for n, k, s, p, d, o in sizes)
    y = convolve_transposed(image, kernel, space, stride, pairs, dilation, groups)
    return moveaxis(y if b is None else y + b, -1, 1)


def conv_transpose1d(
    x: ArrayLike,
    w: ArrayLike,
    b: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Tensor:
    """The transposed convolution of sequences (see `conv_transpose2d`).

    >>> tg.conv_transpose1d(tg.tensor([[[1.0, 2.0]]]), [[[1.0, 10.0]]])
    tensor([[[ 1., 12., 20.]]])
    """
    return _transposed_first(1, x, w, b, stride, padding, output_padding, groups, dilation)  # type: ignore[no-any-return]


def conv_transpose2d(
    x: ArrayLike,
    w: ArrayLike,
    b: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Tensor:
    """The adjoint of `conv2d` for its image: each value lays down a copy of the kernel; channels first.

    Args:
        x: (batch, inputs, height, width).
        w: (inputs, outputs / groups, height, width), as for the convolution that it transposes.
        b: a number added for each output channel.
        stride: places between the copies.
        padding: how much is cut off around the result.
        output_padding: how much longer the result is at its end.
        groups: parts of the channels that are convolved apart.
        dilation: places between the elements of a copy.

    >>> tg.conv_transpose2d(tg.ones((1, 1, 1, 2)), np.ones((1, 1, 1, 2)))
    tensor([[[[1., 2., 1.]]]])
    """
    return _transposed_first(2, x, w, b, stride, padding, output_padding, groups, dilation)  # type: ignore[no-any-return]


def conv_transpose3d(
    x: ArrayLike,
    w: ArrayLike,
    b: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Tensor:
    """The transposed convolution of volumes (see `conv_transpose2d`).

    >>> tg.conv_transpose3d(tg.ones((1, 1, 1, 1, 1)), np.ones((1, 1, 1, 1, 2)))
    tensor([[[[[1., 1.]]]]])
    """
    return _transposed_first(3, x, w, b, stride, padding, output_padding, groups, dilation)  # type: ignore[no-any-return]
