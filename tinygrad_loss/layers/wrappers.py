"""Layers around a layer: read in both directions, or apply at every step of a sequence."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from ..core.registry import functions
from ..core.tensor import Tensor
from ..errors import ArgumentError, ShapeError
from ..modes import seeds
from .base import Layer
from .sequence import Recurrent

__all__ = ["Bidirectional", "TimeDistributed"]


class Bidirectional(Layer):
    """A recurrent layer that reads forwards, and a second one that reads backwards.

    Args:
        layer: the recurrent layer that reads forwards; a copy of it, with weights of its own, reads
            backwards.
        merge_mode: how the two outputs become one: "concat", "sum", "mul", "ave"; None gives both.
        backward_layer: in place of the copy; it goes backwards.
        options: name, dtype, trainable, input_shape; see `Layer`.

    Raises:
        ArgumentError: for an unknown merge_mode, or a layer that does not fit.

    Source: Schuster, Paliwal, Bidirectional Recurrent Neural Networks, 1997.

    >>> tg.layers.Bidirectional(tg.layers.LSTM(4))(np.ones((2, 3, 5))).shape
    (2, 8)
    """

    def __init__(
        self,
        layer: Recurrent,
        merge_mode: str | None = "concat",
        backward_layer: Recurrent | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        if merge_mode not in ("concat", "sum", "mul", "ave", None):
            raise ArgumentError(
                f"Bidirectional got merge_mode={merge_mode!r}.",
                "It is 'concat', 'sum', 'mul', 'ave' or None.",
                "None gives the two outputs unmerged.",
            )
        if not isinstance(layer, Recurrent) or layer.built:
            raise ArgumentError(
                f"Bidirectional got {layer!r}.",
                "It needs a recurrent layer that was not called yet.",
                "Say Bidirectional(LSTM(32)).",
            )
        self.merge_mode = merge_mode
        self.forward_layer = layer
        self.backward_layer = _turned(layer) if backward_layer is None else backward_layer
        other = self.backward_layer
        for each in (layer, other):  # so that steps passed over in one direction add nothing to the other's outputs
            each.zero_output_for_mask = each.return_sequences
        same = all(getattr(layer, each) == getattr(other, each) for each in ("return_sequences", "return_state"))
        if not same or layer.go_backwards == other.go_backwards:
            raise ArgumentError(
                f"Bidirectional got the layers {layer.name!r} and {other.name!r}, which do not go together.",
                "Both have the same return_sequences and return_state, and go in different directions.",
                "Give the backward layer go_backwards=True.",
            )

    def call(self, inputs: Tensor, initial_state: Any = None, mask: Any = None) -> Any:
        """The merged outputs; with return_state the states of the forward layer and of the backward one too.

        Args:
            inputs: of shape (batch, time, features).
            initial_state: the forward layer's state, then the backward layer's.
            mask: (batch, time), False for steps that are passed over.
        """
        half = None if initial_state is None else len(initial_state) // 2
        states: Any = (None, None) if half is None else (initial_state[:half], initial_state[half:])
        ahead = self.forward_layer(inputs, initial_state=states[0], mask=mask)
        back = self.backward_layer(inputs, initial_state=states[1], mask=mask)
        rest: tuple[Any, ...] = ()
        if self.forward_layer.return_state:
            (ahead, *first), (back, *second) = ahead, back
            rest = (*first, *second)
        if self.forward_layer.return_sequences:
            back = functions["flip"](back, 1)
        merged = self._merged(ahead, back)
        return (*(merged if self.merge_mode is None else (merged,)), *rest) if rest else merged

    def _merged(self, ahead: Any, back: Any) -> Any:
        if self.merge_mode == "concat":
            return functions["concatenate"]([ahead, back], axis=-1)
        if self.merge_mode == "mul":
            return ahead * back
        if self.merge_mode is None:
            return ahead, back
        return ahead + back if self.merge_mode == "sum" else 0.5 * (ahead + back)


def _turned(layer: Recurrent) -> Recurrent:
    """A copy of a layer that is not built yet, going the other way, with random numbers of its own."""
    turned = copy.deepcopy(layer)
    turned.go_backwards = not layer.go_backwards
    turned.generator = seeds.generator(layer.seed)
    turned._name, layer._name = f"backward_{layer.name}", f"forward_{layer.name}"
    turned._named = layer._named = True
    return turned


class TimeDistributed(Layer):
    """One layer applied to every step of a sequence, with the same weights.

    The steps of all examples are put into one batch: a layer that looks at the whole batch, such as
    BatchNormalization, sees them together.

    Shapes: (batch, time, ...) → (batch, time, *the layer's output).

    >>> tg.layers.TimeDistributed(tg.layers.Dense(4))(np.ones((2, 3, 5))).shape
    (2, 3, 4)
    """

    takes_integers = True

    def __init__(self, layer: Layer, **options: Any) -> None:
        super().__init__(**options)
        if not isinstance(layer, Layer):
            raise ArgumentError(
                f"TimeDistributed got {layer!r}.", "It needs a layer.", "Say TimeDistributed(Dense(4))."
            )
        self.layer = layer

    def call(self, inputs: Tensor) -> Tensor:
        """The layer's outputs for every step."""
        if inputs.ndim < 2:
            raise ShapeError(
                f"Layer {self.name!r} (TimeDistributed) cannot take an input of shape {inputs.shape}.",
                "It needs axes for examples and time.",
                "Write x[None] for a single sequence.",
            )
        batch, time = inputs.shape[:2]
        outputs = self.layer(inputs.reshape((batch * time, *inputs.shape[2:])))
        return outputs.reshape((batch, time, *np.shape(outputs)[1:]))
