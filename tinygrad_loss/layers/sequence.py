"""The walk along a sequence: what all recurrent layers have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..core.registry import functions
from ..core.tensor import Tensor
from ..errors import ArgumentError, ShapeError
from ..modes import seeds
from ..ops.dropout import dropout, dropout_mask
from ..ops.joining import stack
from ..ops.linalg import affine, matmul
from ..ops.splitting import unstack
from .activation import get as activation_named
from .base import Layer
from .constraints import get as constraint_named
from .dropout import rate_of
from .initializers import get as initializer_named
from .inputs import taken
from .regularizers import get as regularizer_named

__all__ = ["Recurrent"]


class WeightSettings(NamedTuple):
    """How a weight begins and what holds it."""

    initializer: Any
    regularizer: Any
    constraint: Any


class Recurrent(Layer):
    """What recurrent layers have in common: the walk along the sequence. The arguments are those of `SimpleRNN`.

    A subclass says how many `gates` share the kernels' columns, of how many parts its state is, and what
    one `step` does.
    """

    gates = 1  # how many shares of `units` columns the kernels have
    states = 1
    kernel: Any
    recurrent_kernel: Any
    bias: Any

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        zero_output_for_mask: bool = False,
        seed: int | np.random.Generator | None = None,
        **options: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **options)
        kind = type(self).__name__
        if isinstance(units, bool) or not isinstance(units, (int, np.integer)) or units <= 0:
            raise ArgumentError(
                f"{kind} got units={units!r}.", "The length of the state is a positive integer.", f"Say {kind}(32)."
            )
        if stateful:
            raise ArgumentError(
                f"{kind} got stateful=True.",
                "A state here belongs to a call, not to the layer.",
                "Use return_state=True, and give the state to the next call as initial_state=.",
            )
        self.units = int(units)
        self.activation = activation_named(activation)
        self.use_bias = bool(use_bias)
        self.settings = {
            name: WeightSettings(initializer_named(initial), regularizer_named(penalty), constraint_named(bound))
            for name, initial, penalty, bound in (
                ("kernel", kernel_initializer, kernel_regularizer, kernel_constraint),
                ("recurrent_kernel", recurrent_initializer, recurrent_regularizer, recurrent_constraint),
                ("bias", bias_initializer, bias_regularizer, bias_constraint),
            )
        }
        self.dropout = rate_of(kind, dropout)
        self.recurrent_dropout = rate_of(kind, recurrent_dropout)
        self.return_sequences = bool(return_sequences)
        self.return_state = bool(return_state)
        self.go_backwards = bool(go_backwards)
        self.zero_output_for_mask = bool(zero_output_for_mask)
        self.seed = seed
        self.generator = seeds.generator(seed)
        self.kernel = self.recurrent_kernel = self.bias = None

    def build(self, input_shape: Any) -> None:
        """Make the kernel, the recurrent kernel and the bias."""
        if len(input_shape) != 3 or not input_shape[-1]:
            raise self._misfit(tuple(input_shape))
        width = self.gates * self.units
        self.kernel = self._weight("kernel", (input_shape[-1], width))
        self.recurrent_kernel = self._weight("recurrent_kernel", (self.units, width))
        if self.use_bias:
            self.bias = self._weight("bias", self.bias_shape())

    def bias_shape(self) -> tuple[int, ...]:
        """The bias has one number for each column of the kernel."""
        return (self.gates * self.units,)

    def _weight(self, name: str, shape: tuple[int, ...]) -> Any:
        initializer, regularizer, constraint = self.settings[name]
        return self.add_weight(shape, initializer, None, True, regularizer, constraint, name)

    def call(self, sequences: Tensor, initial_state: Any = None, mask: Any = None, training: bool | None = None) -> Any:
        """The output of the last step, or of all; with return_state the last state too.

        Args:
            sequences: of shape (batch, time, features).
            initial_state: an array (batch, units), or a list of them; None for zeros.
            mask: (batch, time), False for steps that are passed over: the state stays, and the output too.
            training: whether to leave out inputs.
        """
        if sequences.ndim != 3 or sequences.shape[-1] != self.kernel.shape[0]:
            raise self._misfit(sequences.shape)
        batch, time, features = sequences.shape
        steps: Any = functions["swapaxes"](sequences, 0, 1)  # (time, batch, features)
        if training and self.dropout:
            steps = dropout(steps, dropout_mask((batch, features), self.dropout, self.generator), rate=self.dropout)
        passing: Any = None
        if training and self.recurrent_dropout:
            passing = dropout_mask((batch, self.units), self.recurrent_dropout, self.generator)
        state, steps = self._first_state(initial_state, batch), unstack(self.projected(steps))
        steps = steps if not self.go_backwards else steps[::-1]
        outputs, state = self._walk(steps, state, self._masks(mask, batch, time), passing)
        result = stack(outputs, axis=1) if self.return_sequences else outputs[-1]
        return (result, *state) if self.return_state else result

    def _walk(self, steps: Sequence[Any], state: Any, masks: Any, passing: Any) -> tuple[list[Any], Any]:
        """The output of every step, and the last state."""
        outputs: list[Any] = []
        for step, kept in zip(steps, masks or (None,) * len(steps), strict=True):
            h = state[0] if passing is None else dropout(state[0], passing, rate=self.recurrent_dropout)
            new = self.step(step, h, state)
            if kept is None:
                state = new
                outputs.append(new[0])
                continue
            outputs.append(np.where(kept, new[0], 0 if self.zero_output_for_mask or not outputs else outputs[-1]))
            state = tuple(np.where(kept, a, b) for a, b in zip(new, state, strict=True))
        return outputs, state

    def projected(self, steps: Any) -> Any:
        """What the inputs tell the gates, for all steps at once."""
        return self.mapped(steps, self.bias)

    def mapped(self, steps: Any, bias: Any) -> Any:
        """steps·kernel + bias, as one product of two matrices."""
        time, batch, features = steps.shape
        rows = steps.reshape((time * batch, features))
        rows = matmul(rows, self.kernel) if bias is None else affine(rows, self.kernel, bias)
        return rows.reshape((time, batch, self.kernel.shape[1]))

    def step(self, x: Any, h: Any, state: Any) -> tuple[Any, ...]:
        """The new state, from the projected input, the output before (thinned out by dropout) and the old state."""
        raise NotImplementedError

    def _first_state(self, initial_state: Any, batch: int) -> tuple[Any, ...]:
        """The state to begin with, one array for each of its parts."""
        if initial_state is None:
            zeros = Tensor(np.zeros((batch, self.units), self.dtype))
            return (zeros,) * self.states
        given = initial_state if isinstance(initial_state, (list, tuple)) else [initial_state]
        parts = tuple(taken(each, self.dtype, False, self.name) for each in given)
        if len(parts) != self.states or any(each.shape != (batch, self.units) for each in parts):
            raise ShapeError(
                f"Layer {self.name!r} got initial_state of shapes {[each.shape for each in parts]}.",
                f"It needs {self.states} of shape {(batch, self.units)}.",
                "An LSTM's state is [h, c]; GRU and SimpleRNN have h alone.",
            )
        return parts

    def _masks(self, mask: Any, batch: int, time: int) -> Any:
        """For each step, in the order of reading, a column that is True where it counts."""
        if mask is None:
            return None
        mask = mask if isinstance(mask, Tensor) else Tensor(mask)
        if mask.shape != (batch, time):
            raise ShapeError(
                f"Layer {self.name!r} got a mask of shape {mask.shape}.",
                f"It needs one truth value for each step: {(batch, time)}.",
                "For padding by 0 say mask=words != 0.",
            )
        columns = unstack((mask != 0).reshape((batch, time, 1)), axis=1)
        return columns[::-1] if self.go_backwards else columns

    def _misfit(self, shape: tuple[int, ...]) -> ShapeError:
        """The error for an input that this layer cannot take."""
        what = f"Layer {self.name!r} ({type(self).__name__}) cannot take an input of shape {shape}."
        if len(shape) != 3:
            cure = "Write x[:, :, None] for sequences of single numbers, x[None] for one sequence."
            return ShapeError(what, "It needs three axes: (examples, time, features).", cure)
        if self.kernel is None:
            return ShapeError(
                what, "The last axis, the features, must have a length.", "Look at how the data was made."
            )
        needed = f"Its kernel was built for {self.kernel.shape[0]} features."
        return ShapeError(what, needed, "Check which axis counts the features; it is the last.")
