"""Models: layers that can be compiled, trained, summarised and saved."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from ..errors import ArgumentError
from ..layers import InputLayer, Layer
from ..layers.names import free_name
from ..saving import load_weights, save_weights
from .trainer import Trainer


class Model(Trainer, Layer):
    """A layer that trains: subclass it, keep layers as attributes, and compute in `call`.

    >>> class Net(tg.Model):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.hidden = tg.layers.Dense(4, activation="tanh")
    ...         self.out = tg.layers.Dense(1)
    ...     def call(self, inputs):
    ...         return self.out(self.hidden(inputs))
    >>> Net()(np.ones((2, 3))).shape
    (2, 1)
    """

    def summary(self, print_fn: Callable[[str], Any] = print) -> None:
        """Print each layer with its output shape and how many parameters it has.

        Args:
            print_fn: what each line is given to.

        Raises:
            ArgumentError: for a model that is not built, and so has no shapes yet.
        """
        self.need_built("be summarised")
        rows = [("Layer (type)", "Output shape", "Parameters")]
        for name, layer in self.children():
            shape = "?" if layer.output_shape is None else str(layer.output_shape)
            rows.append((f"{name} ({type(layer).__name__})", shape, f"{layer.count_params():,}"))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        print_fn(f"Model: {self.name!r}")
        for index, (title, shape, count) in enumerate(rows):
            print_fn(f"{title:<{widths[0]}}  {shape:<{widths[1]}}  {count:>{widths[2]}}")
            if not index:
                print_fn("─" * (sum(widths) + 4))
        trainable = sum(parameter.size for parameter in self.trainable_weights)
        total = self.count_params()
        print_fn("─" * (sum(widths) + 4))
        print_fn(f"{total:,} parameters, {trainable:,} trainable")

    def save_weights(self, path: str | Path) -> Path:
        """Write all parameters to a safetensors file, by their paths; see `load_weights`."""
        return save_weights(self, path)

    def load_weights(self, path: str | Path) -> None:
        """Set all parameters from a file that `save_weights` wrote.

        Raises:
            ShapeError: where names or shapes differ; nothing is changed then.
        """
        load_weights(self, path)

    @property
    def layers(self) -> list[Any]:
        """The layers directly inside, in order."""
        return [layer for _, layer in self.children()]

    def get_layer(self, name: str | None = None, index: int | None = None) -> Any:
        """A layer by name or by position."""
        found = self.layers if index is None else [self.layers[index]]
        for layer in found:
            if name in (None, layer.name):
                return layer
        names = ", ".join(layer.name for layer in self.layers)
        raise ArgumentError(f"There is no layer {name!r}.", f"The layers are: {names}.", "Use one of these names.")


class Sequential(Model):
    """Layers one after the other.

    Args:
        layers: the layers in order; more can follow with `add`. If the first is `Input(shape)`, or
            has `input_shape`, the model is built at once, else at its first call.
        name: shown in summaries and pictures.

    >>> model = tg.Sequential([tg.layers.Dense(8, activation="relu"), tg.layers.Dense(1)])
    >>> model(np.ones((4, 3))).shape
    (4, 1)
    """

    def __init__(self, layers: Iterable[Any] | None = None, name: str | None = None) -> None:
        super().__init__(name=name)
        self._stack: list[Any] = []
        for layer in layers or ():
            self._append(layer)
        self._build_if_known()

    def children(self) -> list[tuple[str, Any]]:
        """The layers with their names, in order."""
        return [(layer.name, layer) for layer in getattr(self, "_stack", ())]

    def add(self, layer: Any) -> None:
        """Put a layer at the end."""
        self._append(layer)
        self._build_if_known()

    def pop(self) -> Any:
        """Take the last layer away, and return it."""
        if not self._stack:
            raise ArgumentError("pop found no layers in the model.", "It takes the last layer.", "Add layers first.")
        return self._stack.pop()

    def call(self, inputs: Any) -> Any:
        """Each layer on the output of the one before."""
        for layer in self._stack:
            inputs = layer(inputs)
        return inputs

    @property
    def layers(self) -> list[Any]:
        """The layers in order, without the Input."""
        return [layer for layer in self._stack if not isinstance(layer, InputLayer)]

    def _append(self, layer: Any) -> None:
        if isinstance(layer, type) or not isinstance(layer, Layer):
            raise ArgumentError(
                f"Sequential got {layer!r}.",
                "It takes layers, such as tg.layers.Dense(10).",
                "Write the layer with its arguments; wrap a function in tg.layers.Lambda or tg.layers.Activation.",
            )
        if any(layer is other for other in self._stack):
            raise ArgumentError(
                f"Sequential got the layer {layer.name!r} twice.", "Each place needs a layer of its own.", "Make two."
            )
        layer._name = free_name(layer.name, {other.name for other in self._stack})
        self._stack.append(layer)

    def _build_if_known(self) -> None:
        if self._stack and self._stack[0]._input_shape is not None:
            self._output_shape = self._try(self._stack[0]._input_shape)
