"""Activation functions by name, and the layers that only apply one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..core.registry import functions
from ..core.tensor import ArrayLike, Tensor
from ..errors import UnknownNameError, nearest
from .base import Layer

Function = Callable[..., Any]

_SAME_NAME = (
    "celu elu gelu glu hard_shrink hard_sigmoid hard_silu hard_tanh leaky_relu log_sigmoid log_softmax mish relu relu6 "
    "selu sigmoid silu soft_shrink softmax softplus softsign sparsemax squareplus tanh tanh_shrink threshold"
)
# Keras's name for each activation, and the name of the function here
NAMES = {name: name for name in _SAME_NAME.split()}
NAMES |= {"exponential": "exp", "swish": "silu", "hard_swish": "hard_silu", "linear": "linear"}


def linear(x: ArrayLike) -> Tensor:
    """x itself: what "no activation" means.

    >>> tg.activations.linear(tg.tensor([1.0, -2.0]))
    tensor([ 1., -2.])
    """
    return x


functions["linear"] = linear


def get(identifier: str | Function | None) -> Function:
    """The activation function that a name stands for; a function stands for itself, None for `linear`.

    Raises:
        UnknownNameError: for anything else.

    >>> tg.activations.get("relu")(tg.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """
    if identifier is None:
        return linear
    if isinstance(identifier, type) and issubclass(identifier, Layer):
        return identifier()
    if callable(identifier):
        return identifier
    found = functions.get(NAMES.get(identifier, "")) if isinstance(identifier, str) else None
    if found is None:
        raise unknown_activation(identifier)
    return found


def named(name: str) -> Function:
    """The activation function of that name, as the attribute of a module.

    Raises:
        AttributeError: where there is none.
    """
    found = functions.get(NAMES.get(name, ""))
    if found is None:
        raise AttributeError(f"tg.activations has no {name!r}. {nearest(name, NAMES)}")
    return found


def unknown_activation(identifier: object) -> UnknownNameError:
    """The error for what is no activation: a name misspelt, or PyTorch's Dense(inputs, outputs)."""
    what = f"Could not interpret activation function identifier: {identifier!r}."
    if isinstance(identifier, int):
        return UnknownNameError(
            what,
            "The second argument of Dense is the activation; the number of inputs is found at the first call.",
            f"Say Dense({identifier}) for {identifier} outputs.",
        )
    known = [name for name, function in NAMES.items() if function in functions]
    cure = nearest(identifier, known) if isinstance(identifier, str) else "Known names: " + ", ".join(known) + "."
    return UnknownNameError(what, "It must be the name of an activation, a function, or None.", cure)


class Activation(Layer):
    """Apply an activation function.

    >>> tg.layers.Activation("relu")(np.array([-1.0, 2.0]))
    tensor([0., 2.], dtype=float32)
    """

    def __init__(self, activation: str | Function, **options: Any) -> None:
        super().__init__(**options)
        self.activation = get(activation)

    def call(self, inputs: Tensor) -> Tensor:
        """The function's value at each input."""
        return self.activation(inputs)


class ReLU(Layer):
    """max(x, 0), or Keras's general form: a slope below `threshold`, a ceiling at `max_value`.

    >>> tg.layers.ReLU()(np.array([-1.0, 2.0]))
    tensor([0., 2.], dtype=float32)
    """

    def __init__(
        self, max_value: float | None = None, negative_slope: float = 0.0, threshold: float = 0.0, **options: Any
    ) -> None:
        super().__init__(**options)
        self.settings = {"negative_slope": negative_slope, "max_value": max_value, "threshold": threshold}
        self.plain = not (negative_slope or threshold) and max_value is None

    def call(self, inputs: Tensor) -> Tensor:
        """The rectified inputs."""
        return functions["relu"](inputs) if self.plain else functions["relu"](inputs, **self.settings)


class LeakyReLU(Layer):
    """x where x > 0, else negative_slope·x.

    >>> tg.layers.LeakyReLU(0.5)(np.array([-1.0, 2.0]))
    tensor([-0.5,  2. ], dtype=float32)
    """

    def __init__(self, negative_slope: float = 0.3, **options: Any) -> None:
        super().__init__(**options)
        self.negative_slope = negative_slope

    def call(self, inputs: Tensor) -> Tensor:
        """The inputs, the negative ones made smaller."""
        return functions["leaky_relu"](inputs, negative_slope=self.negative_slope)


class ELU(Layer):
    """x where x > 0, else alpha·(eˣ - 1).

    >>> tg.layers.ELU()(np.array([0.0, 2.0]))
    tensor([0., 2.], dtype=float32)
    """

    def __init__(self, alpha: float = 1.0, **options: Any) -> None:
        super().__init__(**options)
        self.alpha = alpha

    def call(self, inputs: Tensor) -> Tensor:
        """The inputs, the negative ones saturating at -alpha."""
        return functions["elu"](inputs, alpha=self.alpha)


class Softmax(Layer):
    """Probabilities from logits, along `axis`.

    >>> tg.layers.Softmax()(np.array([[0.0, 0.0]]))
    tensor([[0.5, 0.5]], dtype=float32)
    """

    def __init__(self, axis: int = -1, **options: Any) -> None:
        super().__init__(**options)
        self.axis = axis

    def call(self, inputs: Tensor) -> Tensor:
        """exp(x) / Σ exp(x)."""
        return functions["softmax"](inputs, axis=self.axis)
