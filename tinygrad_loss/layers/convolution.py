"""Convolution layers, with Keras's arguments, defaults and shapes of weights; channels last."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from ..core.tensor import Tensor
from ..errors import ArgumentError, ShapeError
from ..ops.axes import moveaxis
from ..ops.convolution import Pairs, Sizes, as_pairs, as_sizes, convolve, convolve_transposed
from ..ops.shaping import reshape
from .activation import get as activation_named
from .base import Layer
from .constraints import get as constraint_named
from .initializers import get as initializer_named
from .regularizers import get as regularizer_named

__all__ = [
    "Conv1D",
    "Conv1DTranspose",
    "Conv2D",
    "Conv2DTranspose",
    "Conv3D",
    "Conv3DTranspose",
    "DepthwiseConv1D",
    "DepthwiseConv2D",
    "SeparableConv1D",
    "SeparableConv2D",
]


class Convolution(Layer):
    """Base of convolution layers: what they share, for `rank` axes of space."""

    rank: ClassVar[int] = 2

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        groups: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        kind = type(self).__name__
        if isinstance(filters, bool) or not isinstance(filters, (int, np.integer)) or filters < 1 or filters % groups:
            raise ArgumentError(
                f"{kind} got filters={filters!r} with groups={groups}.",
                "filters is the number of output channels: positive, and divisible by groups.",
                f"Say {kind}(32, 3), for example.",
            )
        if padding not in self._paddings():
            raise ArgumentError(
                f"{kind} got padding={padding!r}.",
                f"It is one of {', '.join(self._paddings())}.",
                "Say padding='same'.",
            )
        self.filters, self.groups, self.padding = int(filters), int(groups), padding
        self.kernel_size = as_sizes(kernel_size, self.rank, "kernel_size")
        self.strides = as_sizes(strides, self.rank, "strides")
        self.dilation_rate = as_sizes(dilation_rate, self.rank, "dilation_rate")
        self.data_format = checked_format(kind, data_format)
        self.activation = activation_named(activation)
        self.use_bias = bool(use_bias)
        self.kernel_initializer = initializer_named(kernel_initializer)
        self.bias_initializer = initializer_named(bias_initializer)
        self.kernel_regularizer = regularizer_named(kernel_regularizer)
        self.bias_regularizer = regularizer_named(bias_regularizer)
        self.kernel_constraint = constraint_named(kernel_constraint)
        self.bias_constraint = constraint_named(bias_constraint)
        self.kernel: Any = None
        self.bias: Any = None

    def _paddings(self) -> tuple[str, ...]:
        return ("valid", "same", "causal") if self.rank == 1 else ("valid", "same")

    def build(self, input_shape: Any) -> None:
        """Make the kernel and the bias for images of that many channels."""
        channels = self._channels(input_shape)
        if channels % self.groups:
            raise ShapeError(
                f"Layer {self.name!r} ({type(self).__name__}) got {channels} channels for {self.groups} groups.",
                "groups divides the number of input channels.",
                "Choose another number of groups.",
            )
        self.kernel = self._kernel_of((*self.kernel_size, channels // self.groups, self.filters))
        self._make_bias(self.filters)

    def _channels(self, input_shape: Any) -> int:
        if len(input_shape) != self.rank + 2 or not input_shape[-1 if self.data_format == "channels_last" else 1]:
            raise ShapeError(
                f"Layer {self.name!r} ({type(self).__name__}) cannot take an input of shape {tuple(input_shape)}.",
                f"It needs (batch, {self.rank} axes of space, channels).",
                "Use x[..., None] for images without an axis of channels, x[None] for one image.",
            )
        return int(input_shape[-1 if self.data_format == "channels_last" else 1])

    def _kernel_of(self, shape: Sizes, name: str = "kernel") -> Any:
        return self.add_weight(
            shape=shape,
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
            name=name,
        )

    def _make_bias(self, count: int) -> None:
        if self.use_bias:
            self.bias = self.add_weight(
                shape=(count,),
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
                name="bias",
            )

    def call(self, inputs: Tensor) -> Tensor:
        """activation(inputs * kernel + bias)."""
        if inputs.ndim != self.rank + 2:
            self._channels(inputs.shape)
        x = inputs if self.data_format == "channels_last" else moveaxis(inputs, 1, -1)
        y = self._convolved(x)
        y = y if self.bias is None else y + self.bias
        y = y if self.data_format == "channels_last" else moveaxis(y, -1, 1)
        return self.activation(y)

    def _convolved(self, x: Any) -> Any:
        return convolve(x, self.kernel, self.strides, self._pairs(x), self.dilation_rate, self.groups)

    def _pairs(self, x: Any) -> Pairs:
        if self.padding == "causal":
            return (((self.kernel_size[0] - 1) * self.dilation_rate[0], 0),)
        return as_pairs(self.padding, x.shape[1:-1], self.kernel_size, self.strides, self.dilation_rate)


def checked_format(kind: str, data_format: str | None) -> str:
    """Where the channels stand: "channels_last" unless said otherwise.

    Raises:
        ArgumentError: for an unknown format.
    """
    if data_format not in (None, "channels_last", "channels_first"):
        raise ArgumentError(
            f"{kind} got data_format={data_format!r}.",
            "It is 'channels_last' or 'channels_first'.",
            "Leave it out for channels last.",
        )
    return data_format or "channels_last"


class Conv1D(Convolution):
    """Convolution of sequences: (batch, steps, channels) → (batch, places, filters) (see `Conv2D`).

    >>> tg.layers.Conv1D(4, 3, padding="causal")(np.ones((2, 5, 3))).shape
    (2, 5, 4)
    """

    rank = 1


class Conv2D(Convolution):
    """Convolution of images: (batch, height, width, channels) → (batch, height, width, filters).

    Args:
        filters: the number of output channels.
        kernel_size: the kernel's length along each axis; one number for all.
        strides: places between patches.
        padding: "valid" takes whole patches only; "same" adds zeros so that strides alone shorten; Conv1D
            also has "causal", whose zeros all stand before.
        data_format: "channels_last", or "channels_first".
        dilation_rate: places between the elements of a patch.
        groups: parts of the channels that are convolved apart.
        activation: a name or a function.
        use_bias: add a number for each output channel.
        kernel_initializer: of the kernel, (height, width, channels / groups, filters).
        bias_initializer: of the bias.
        kernel_regularizer: a penalty on the kernel.
        bias_regularizer: a penalty on the bias.
        kernel_constraint: applied to the kernel after each step.
        bias_constraint: applied to the bias after each step.
        options: see `Layer`.

    >>> tg.layers.Conv2D(4, 3, activation="relu")(np.ones((2, 8, 8, 3))).shape
    (2, 6, 6, 4)
    """

    rank = 2


class Conv3D(Convolution):
    """Convolution of volumes: (batch, a, b, c, channels) → (batch, a, b, c, filters) (see `Conv2D`).

    >>> tg.layers.Conv3D(2, 2)(np.ones((1, 3, 3, 3, 1))).shape
    (1, 2, 2, 2, 2)
    """

    rank = 3


class TransposedConvolution(Convolution):
    """Base of transposed convolutions: the adjoint of a convolution for its image, with weights of its own."""

    def __init__(
        self, filters: int, kernel_size: Any, strides: Any = 1, padding: str = "valid", **options: Any
    ) -> None:
        output_padding = options.pop("output_padding", None)
        super().__init__(filters, kernel_size, strides, padding, **options)
        self.output_padding = (
            None
            if output_padding is None
            else ((output_padding,) * self.rank if isinstance(output_padding, int) else tuple(output_padding))
        )

    def _paddings(self) -> tuple[str, ...]:
        return ("valid", "same")

    def build(self, input_shape: Any) -> None:
        """Make the kernel, (*kernel, filters, channels), and the bias."""
        self.kernel = self._kernel_of((*self.kernel_size, self.filters, self._channels(input_shape)))
        self._make_bias(self.filters)

    def _convolved(self, x: Any) -> Any:
        space, pairs = [], []
        reach = [(k - 1) * d + 1 for k, d in zip(self.kernel_size, self.dilation_rate, strict=True)]
        for i, (n, r, s) in enumerate(zip(x.shape[1:-1], reach, self.strides, strict=True)):
            if self.output_padding is not None:
                cut = r // 2 if self.padding == "same" else 0
                space.append((n - 1) * s + r - 2 * cut + self.output_padding[i])
                pairs.append((cut, cut))
            else:
                space.append(n * s if self.padding == "same" else n * s + max(r - s, 0))
                over = max((n - 1) * s + r - space[-1], 0)
                pairs.append((over // 2, over - over // 2))
        return convolve_transposed(x, self.kernel, tuple(space), self.strides, tuple(pairs), self.dilation_rate)


class Conv1DTranspose(TransposedConvolution):
    """Transposed convolution of sequences (see `Conv2DTranspose`).

    >>> tg.layers.Conv1DTranspose(4, 3, strides=2)(np.ones((2, 5, 3))).shape
    (2, 11, 4)
    """

    rank = 1


class Conv2DTranspose(TransposedConvolution):
    """Transposed convolution of images: each input lays down a copy of the kernel; strides enlarge.

    Args as `Conv2D`, with `output_padding` for a result that is longer at its end.

    >>> tg.layers.Conv2DTranspose(4, 3, strides=2, padding="same")(np.ones((2, 4, 4, 3))).shape
    (2, 8, 8, 4)
    """

    rank = 2


class Conv3DTranspose(TransposedConvolution):
    """Transposed convolution of volumes (see `Conv2DTranspose`).

    >>> tg.layers.Conv3DTranspose(2, 2)(np.ones((1, 3, 3, 3, 1))).shape
    (1, 4, 4, 4, 2)
    """

    rank = 3


class DepthwiseConvolution(Convolution):
    """Base of depthwise convolutions: each channel is convolved alone, `depth_multiplier` times."""

    def __init__(
        self, kernel_size: Any, strides: Any = 1, padding: str = "valid", depth_multiplier: int = 1, **options: Any
    ) -> None:
        options["kernel_initializer"] = options.pop("depthwise_initializer", "glorot_uniform")
        options["kernel_regularizer"] = options.pop("depthwise_regularizer", None)
        options["kernel_constraint"] = options.pop("depthwise_constraint", None)
        super().__init__(1, kernel_size, strides, padding, **options)
        self.depth_multiplier = int(depth_multiplier)

    def build(self, input_shape: Any) -> None:
        """Make the kernel, (*kernel, channels, depth_multiplier), and the bias."""
        channels = self._channels(input_shape)
        self.kernel = self._kernel_of((*self.kernel_size, channels, self.depth_multiplier))
        self._make_bias(channels * self.depth_multiplier)

    def _convolved(self, x: Any) -> Any:
        channels = x.shape[-1]
        each = reshape(self.kernel, (*self.kernel_size, 1, channels * self.depth_multiplier))
        return convolve(x, each, self.strides, self._pairs(x), self.dilation_rate, channels)


class DepthwiseConv1D(DepthwiseConvolution):
    """Depthwise convolution of sequences (see `DepthwiseConv2D`).

    >>> tg.layers.DepthwiseConv1D(3)(np.ones((2, 5, 3))).shape
    (2, 3, 3)
    """

    rank = 1


class DepthwiseConv2D(DepthwiseConvolution):
    """Convolution of each channel alone, by `depth_multiplier` kernels of its own.

    Args as `Conv2D`, without `filters`; `depthwise_initializer`, `depthwise_regularizer` and
    `depthwise_constraint` are the kernel's.

    >>> tg.layers.DepthwiseConv2D(3, depth_multiplier=2)(np.ones((2, 8, 8, 3))).shape
    (2, 6, 6, 6)
    """

    rank = 2


class SeparableConvolution(Convolution):
    """Base of separable convolutions: depthwise, then a mix of the channels at each place."""

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        depth_multiplier: int = 1,
        depthwise_initializer: Any = "glorot_uniform",
        pointwise_initializer: Any = "glorot_uniform",
        **options: Any,
    ) -> None:
        super().__init__(filters, kernel_size, strides, padding, kernel_initializer=depthwise_initializer, **options)
        self.depth_multiplier = int(depth_multiplier)
        self.pointwise_initializer = initializer_named(pointwise_initializer)
        del self.bias  # which stands last among the weights, as in Keras
        self.depthwise_kernel: Any = None
        self.pointwise_kernel: Any = None
        self.bias = None

    def build(self, input_shape: Any) -> None:
        """Make both kernels, (*kernel, channels, depth_multiplier) and (1, ..., filters), and the bias."""
        channels = self._channels(input_shape)
        self.depthwise_kernel = self._kernel_of(
            (*self.kernel_size, channels, self.depth_multiplier), "depthwise_kernel"
        )
        self.pointwise_kernel = self.add_weight(
            shape=(*(1,) * self.rank, channels * self.depth_multiplier, self.filters),
            initializer=self.pointwise_initializer,
            name="pointwise_kernel",
        )
        self._make_bias(self.filters)

    def _convolved(self, x: Any) -> Any:
        channels = x.shape[-1]
        each: Any = reshape(self.depthwise_kernel, (*self.kernel_size, 1, channels * self.depth_multiplier))
        deep = convolve(x, each, self.strides, self._pairs(x), self.dilation_rate, channels)
        ones = (1,) * self.rank
        return convolve(deep, self.pointwise_kernel, ones, ((0, 0),) * self.rank, ones)


class SeparableConv1D(SeparableConvolution):
    """Separable convolution of sequences (see `SeparableConv2D`).

    >>> tg.layers.SeparableConv1D(4, 3)(np.ones((2, 5, 3))).shape
    (2, 3, 4)
    """

    rank = 1


class SeparableConv2D(SeparableConvolution):
    """Depthwise convolution, then a mix of the channels at each place: far fewer weights than `Conv2D`.

    Args as `Conv2D`, with `depth_multiplier`, `depthwise_initializer` and `pointwise_initializer`.

    >>> tg.layers.SeparableConv2D(4, 3)(np.ones((2, 8, 8, 3))).shape
    (2, 6, 6, 4)
    """

    rank = 2
