"""The dense layer: every output sees every input."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.tensor import Tensor
from ..errors import ArgumentError, ShapeError
from ..ops.linalg import affine
from .activation import get as activation_named
from .activation import linear
from .base import Layer
from .constraints import get as constraint_named
from .initializers import get as initializer_named
from .regularizers import get as regularizer_named


class Dense(Layer):
    """The map activation(x·kernel + bias).

    The derivatives are those of `tg.affine`: x̄ = ȳ·kernelᵀ, and for the kernel xᵀ·ȳ.

    Shapes: (batch, ..., inputs) → (batch, ..., units). The kernel (inputs, units) and the bias
    (units,) are made at the first call, which shows the number of inputs.

    Args:
        units: the number of outputs.
        activation: a name ("relu", "softmax", ...) or a function; None for none.
        use_bias: whether there is a bias.
        kernel_initializer: a name or an initializer; see `tg.initializers`.
        bias_initializer: the same for the bias.
        kernel_regularizer: a penalty on the kernel, added to the loss; see `tg.regularizers`.
        bias_regularizer: a penalty on the bias.
        activity_regularizer: a penalty on the output, divided by the batch size.
        kernel_constraint: what the kernel is brought back to after each step; see `tg.constraints`.
        bias_constraint: the same for the bias.
        options: name, dtype, trainable, input_shape; see `Layer`.

    Raises:
        ArgumentError: for units that are not a positive integer.
        UnknownNameError: for an unknown activation, initializer, regularizer or constraint.
        ShapeError: when called with fewer than two axes, or another number of inputs than it was built for.

    >>> layer = tg.layers.Dense(2, activation="relu", kernel_initializer="ones")
    >>> layer(np.array([[1.0, 2.0], [-3.0, 1.0]]))
    tensor([[3., 3.],
            [0., 0.]], dtype=float32, op=relu)
    """

    kernel: Any
    bias: Any

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **options)
        if isinstance(units, bool) or not isinstance(units, (int, np.integer)) or units <= 0:
            raise ArgumentError(
                f"Dense got units={units!r}.",
                "The number of outputs is a positive integer.",
                "Say Dense(10) for ten outputs.",
            )
        self.units = int(units)
        self.activation = activation_named(activation)
        self.use_bias = bool(use_bias)
        self.kernel_initializer = initializer_named(kernel_initializer)
        self.bias_initializer = initializer_named(bias_initializer)
        self.kernel_regularizer = regularizer_named(kernel_regularizer)
        self.bias_regularizer = regularizer_named(bias_regularizer)
        self.kernel_constraint = constraint_named(kernel_constraint)
        self.bias_constraint = constraint_named(bias_constraint)
        self.kernel = self.bias = None

    def build(self, input_shape: Any) -> None:
        """Make the kernel and the bias for inputs whose last axis is that of `input_shape`."""
        if len(input_shape) < 2 or not input_shape[-1]:
            raise self._misfit(tuple(input_shape))
        self.kernel = self.add_weight(
            shape=(input_shape[-1], self.units),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
            name="kernel",
        )
        if self.use_bias:
            self.bias = self.add_weight(
                shape=(self.units,),
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
                name="bias",
            )

    def call(self, inputs: Tensor) -> Tensor:
        """activation(inputs·kernel + bias)."""
        if inputs._value.ndim < 2:
            raise self._misfit(inputs.shape)
        try:
            outputs = inputs @ self.kernel if self.bias is None else affine(inputs, self.kernel, self.bias)
        except ShapeError:
            raise self._misfit(inputs.shape) from None
        return outputs if self.activation is linear else self.activation(outputs)

    def _misfit(self, shape: tuple[int, ...]) -> ShapeError:
        """The error for an input that this layer cannot take."""
        what = f"Layer {self.name!r} (Dense) cannot take an input of shape {shape}."
        if len(shape) < 2:
            cure = "Write x.reshape(1, -1) for one example, x.reshape(-1, 1) for examples of one number."
            return ShapeError(what, "It needs at least two axes: (examples, ..., inputs).", cure)
        if self.kernel is None:
            return ShapeError(what, "Its last axis, the inputs, must have a length.", "Look at how the data was made.")
        needed = self.kernel.shape[0]
        cure = "Check which axis counts the inputs; a model that was built for other data has to be made anew."
        if len(shape) > 2 and int(np.prod(shape[1:])) == needed:
            cure = f"Put tg.layers.Flatten() before it: it makes {shape} of shape ({shape[0]}, {needed})."
        return ShapeError(what, f"Its kernel was built for a last axis of {needed}.", cure)
