"""Layers without arithmetic of their own: inputs, shapes, scales, functions."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.registry import functions
from ..core.tensor import Tensor
from ..errors import ArgumentError, ShapeError
from .base import Layer


class InputLayer(Layer):
    """Says what shape one example has, so that a Sequential is built at once; gives its input unchanged.

    >>> model = tg.Sequential([tg.layers.InputLayer((3,)), tg.layers.Dense(2)])
    >>> model.count_params()
    8
    """

    takes_integers = True

    def __init__(self, shape: Sequence[int | None], batch_size: int | None = None, **options: Any) -> None:
        super().__init__(**options)
        lengths = tuple(shape) if isinstance(shape, (tuple, list)) else (shape,)
        if not isinstance(shape, (tuple, list)) or not all(length is None or _positive(length) for length in lengths):
            raise ArgumentError(
                f"Input got shape={shape!r}.",
                "It is the shape of one example, without the batch axis: a tuple of positive integers.",
                f"Say tg.layers.Input(({shape},))." if _positive(shape) else "Say tg.layers.Input((784,)).",
            )
        self.batch_size = batch_size
        self._input_shape = (batch_size, *lengths)
        self._output_shape = self._input_shape
        self.built = True

    def call(self, inputs: Any) -> Any:
        """The inputs, unchanged."""
        return inputs


def _positive(length: Any) -> bool:
    return isinstance(length, (int, np.integer)) and not isinstance(length, bool) and bool(length > 0)


def Input(  # noqa: N802 - Keras's name
    shape: Sequence[int | None], batch_size: int | None = None, dtype: Any = None, name: str | None = None
) -> InputLayer:
    """The shape of one example, as the first layer of a Sequential (see `InputLayer`).

    >>> tg.Sequential([tg.layers.Input((3,)), tg.layers.Dense(2)]).output_shape
    (None, 2)
    """
    return InputLayer(shape, batch_size, dtype=dtype, name=name)


class Flatten(Layer):
    """All axes after the first as one.

    Shapes: (batch, ...) → (batch, product of the rest).

    >>> tg.layers.Flatten()(np.ones((2, 3, 4))).shape
    (2, 12)
    """

    takes_integers = True

    def call(self, inputs: Tensor) -> Tensor:
        """The same elements, one axis for each example."""
        shape = inputs.shape
        return inputs if len(shape) == 2 else functions["reshape"](inputs, (*shape[:1], math.prod(shape[1:])))


class Reshape(Layer):
    """Each example in another shape; one length may be -1.

    Shapes: (batch, ...) → (batch, *target_shape).

    Raises:
        ShapeError: when an example does not have that many elements.

    >>> tg.layers.Reshape((2, 2))(np.ones((3, 4))).shape
    (3, 2, 2)
    """

    takes_integers = True

    def __init__(self, target_shape: Sequence[int], **options: Any) -> None:
        super().__init__(**options)
        self.target_shape = tuple(int(length) for length in target_shape)

    def call(self, inputs: Tensor) -> Tensor:
        """The same elements, each example in the target shape."""
        count, size = inputs.shape[0], math.prod(inputs.shape[1:])
        known = math.prod(length for length in self.target_shape if length != -1)
        if size != known and (-1 not in self.target_shape or known == 0 or size % known):
            raise ShapeError(
                f"Layer {self.name!r} (Reshape) cannot bring shape {inputs.shape[1:]} to {self.target_shape}.",
                f"An example has {size} elements, the target {known}.",
                "Lengths multiply to the number of elements; -1 stands for what is left.",
            )
        lengths = [size // known if length == -1 else length for length in self.target_shape]
        return functions["reshape"](inputs, (count, *lengths))


class Rescaling(Layer):
    """x·scale + offset: pixels from 0 to 255 brought to 0 to 1 with scale=1/255.

    >>> tg.layers.Rescaling(0.5, offset=1.0)(np.array([[2, 4]]))
    tensor([[2., 3.]], dtype=float32)
    """

    def __init__(self, scale: Any, offset: Any = 0.0, **options: Any) -> None:
        super().__init__(**options)
        self.scale = scale
        self.offset = offset

    def call(self, inputs: Tensor) -> Tensor:
        """inputs·scale + offset, in the layer's dtype."""
        scale, offset = np.asarray(self.scale, self.dtype), np.asarray(self.offset, self.dtype)
        return inputs * scale + offset


class Lambda(Layer):
    """A function as a layer. It has no parameters that training could find: for those subclass `Layer`.

    >>> tg.layers.Lambda(lambda x: x * 2)(np.array([1.0, 2.0]))
    tensor([2., 4.], dtype=float32)
    """

    takes_integers = True

    def __init__(self, function: Callable[..., Any], arguments: dict[str, Any] | None = None, **options: Any) -> None:
        super().__init__(**options)
        if not callable(function):
            raise ArgumentError(
                f"Lambda got {function!r}.", "It needs a function of the inputs.", "Say tg.layers.Lambda(tg.exp)."
            )
        self.function = function
        self.arguments = dict(arguments or {})

    def call(self, inputs: Any) -> Any:
        """The function's value."""
        return self.function(inputs, **self.arguments)
