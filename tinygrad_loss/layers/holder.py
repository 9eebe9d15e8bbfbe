"""What holds parameters: its own, and those of the holders inside it, found by their attributes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ..core.tensor import Tensor
from ..errors import ArgumentError, ShapeError
from .parameter import Parameter

Array = np.ndarray[Any, Any]
Named = list[tuple[str, Any]]


class Holder:
    """The part of a layer that knows its parameters; `Layer` adds the call."""

    _name: str
    _trainable: bool
    built: bool

    def children(self) -> list[tuple[str, Any]]:
        """The layers directly inside, with the names by which they are held, in the order of attributes."""
        return [(name, part) for name, part in _parts("", vars(self)) if isinstance(part, Holder)]

    def flattened(self) -> list[Any]:
        """This layer and every layer inside it, each once, outer ones first."""
        found: dict[int, Holder] = {}
        stack: list[Holder] = [self]
        while stack:
            holder = stack.pop()
            if id(holder) not in found:
                found[id(holder)] = holder
                stack.extend(layer for _, layer in reversed(holder.children()))
        return list(found.values())

    def named_weights(self) -> Named:
        """Every parameter, trainable or not, with its path: ("hidden.kernel", ...), each once."""
        found: dict[int, tuple[str, Any]] = {}
        seen: set[int] = set()
        stack: list[tuple[str, Holder]] = [("", self)]
        while stack:
            prefix, holder = stack.pop()
            if id(holder) in seen:
                continue
            seen.add(id(holder))
            for name, part in _parts("", vars(holder)):
                if isinstance(part, Tensor):
                    found.setdefault(id(part), (prefix + name, part))
            stack.extend((f"{prefix}{name}.", layer) for name, layer in reversed(holder.children()))
        return list(found.values())

    @property
    def weights(self) -> list[Any]:
        """Every parameter, trainable or not: the layer's own first, then those of the layers inside."""
        return [parameter for _, parameter in self.named_weights()]

    @property
    def variables(self) -> list[Any]:
        """Keras's other name for `weights`."""
        return self.weights

    @property
    def trainable_weights(self) -> list[Any]:
        """The parameters that training changes."""
        return [parameter for parameter in self.weights if parameter.requires_grad]

    @property
    def trainable_variables(self) -> list[Any]:
        """Keras's other name for `trainable_weights`."""
        return self.trainable_weights

    @property
    def non_trainable_weights(self) -> list[Any]:
        """The parameters that training leaves alone: frozen ones, and running statistics."""
        return [parameter for parameter in self.weights if not parameter.requires_grad]

    def parameters(self) -> list[Any]:
        """The parameters that training changes, as an optimizer of your own loop takes them.

        Raises:
            ArgumentError: where a layer is not built yet, so that its parameters do not exist.
        """
        self.need_built("give its parameters")
        return self.trainable_weights

    def need_built(self, what: str) -> None:
        """Raise unless every layer that has parameters has made them."""
        for layer in self.flattened():
            if not layer.built and layer.builds:
                raise ArgumentError(
                    f"{self._name!r} cannot {what}: its layer {layer._name!r} is not built.",
                    "Parameters are made when the shape of the input is known.",
                    "Call the model once on a batch, or let the first layer of a Sequential be tg.layers.Input(shape).",
                )

    @property
    def builds(self) -> bool:
        """Whether this layer makes parameters of its own when it is built."""
        return False

    def count_params(self) -> int:
        """How many numbers all the parameters hold."""
        self.need_built("count its parameters")
        return sum(parameter.size for parameter in self.weights)

    def get_weights(self) -> list[Array]:
        """Copies of all parameters as arrays, in the order of `weights`."""
        return [np.array(parameter.detach()) for parameter in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Set all parameters from arrays in the order of `weights`.

        Raises:
            ShapeError: for another number of arrays or another shape; nothing is changed then.
        """
        named = self.named_weights()
        listed = ", ".join(f"{path} {parameter.shape}" for path, parameter in named)
        if len(weights) != len(named):
            raise ShapeError(
                f"set_weights on {self._name!r} got {len(weights)} arrays.",
                f"It has {len(named)} weights{': ' + listed if named else ''}.",
                "Give one array for each." if named else "Call the model once before, so that it is built.",
            )
        values = [np.asarray(value.detach() if isinstance(value, Tensor) else value) for value in weights]
        for (path, parameter), value in zip(named, values, strict=True):
            if parameter.shape != value.shape:
                raise ShapeError(
                    f"set_weights on {self._name!r} got shape {value.shape} for {path}.",
                    f"That weight has shape {parameter.shape}.",
                    f"The order is: {listed}.",
                )
        for (_, parameter), value in zip(named, values, strict=True):
            parameter.assign(value)

    @property
    def trainable(self) -> bool:
        """Whether training may change the parameters; setting it sets it for every layer inside."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        for layer in self.flattened():
            layer._trainable = bool(value)
        for parameter in self.weights:
            if isinstance(parameter, Parameter):
                parameter.freeze(not value)


def _parts(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """The parameters and holders in a value: an attribute, or lists and dictionaries of them."""
    if isinstance(value, (Holder, Parameter)):
        yield name, value
    elif isinstance(value, Tensor):
        if value.requires_grad and value.is_leaf:  # made by hand: tg.tensor(..., requires_grad=True)
            yield name, value
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from _parts(f"{name}.{index}", item)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _parts(f"{name}.{key}" if name else str(key).lstrip("_"), item)
