"""Recurrent layers: SimpleRNN, LSTM and GRU, which read a sequence step by step and keep a state."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..ops.activations import sigmoid
from ..ops.hyperbolic import tanh
from ..ops.linalg import affine, matmul
from ..ops.recurrent import gru_gates, lstm_gates, part
from .activation import get as activation_named
from .sequence import Recurrent

__all__ = ["GRU", "LSTM", "SimpleRNN"]


class SimpleRNN(Recurrent):
    """h ← activation(x·kernel + h·recurrent_kernel + bias), step by step.

    Shapes: (batch, time, features) → (batch, units), or (batch, time, units) with return_sequences.

    Args:
        units: how many numbers the state has.
        activation: of the new state: a name or a function.
        use_bias: whether there is a bias.
        kernel_initializer: of the kernel that acts on the inputs.
        recurrent_initializer: of the kernel that acts on the state.
        bias_initializer: of the bias.
        kernel_regularizer: a penalty on the kernel; see `tg.regularizers`.
        recurrent_regularizer: a penalty on the recurrent kernel.
        bias_regularizer: a penalty on the bias.
        activity_regularizer: a penalty on the output.
        kernel_constraint: what the kernel is brought back to after each step; see `tg.constraints`.
        recurrent_constraint: the same for the recurrent kernel.
        bias_constraint: the same for the bias.
        dropout: the part of the inputs left out while training, the same at every step of a sequence.
        recurrent_dropout: the part of the state left out on its way into the gates.
        seed: of the dropout.
        return_sequences: give the output of every step, not only of the last.
        return_state: give the last state too: output, *state.
        go_backwards: read from the end; the outputs come in the order of reading.
        stateful: refused; give `initial_state` instead.
        zero_output_for_mask: give 0 for steps that are passed over, not the output before.
        options: name, dtype, trainable, input_shape; see `Layer`.

    Raises:
        ArgumentError: for units that are not a positive integer, a rate outside 0 to 1, or stateful=True.
        ShapeError: for inputs of other than three axes, or another number of features than it was built for.

    Source: Elman, Finding Structure in Time, 1990.

    >>> layer = tg.layers.SimpleRNN(1, kernel_initializer="ones", recurrent_initializer="ones", activation=None)
    >>> layer(np.array([[[1.0], [2.0], [3.0]]])).detach()
    tensor([[6.]], dtype=float32)
    """

    def step(self, x: Any, h: Any, state: Any) -> tuple[Any, ...]:
        """The new h."""
        return (self.activation(x + matmul(h, self.recurrent_kernel)),)


class OpenForgetGate:
    """The bias of an LSTM to begin with: 1 for the forget gate, the rest by another initializer."""

    def __init__(self, rest: Callable[..., Any]) -> None:
        self.rest = rest

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Any:
        """A bias of that shape."""
        bias = np.array(self.rest(shape, dtype=dtype))
        units = len(bias) // 4
        bias[units : 2 * units] = 1
        return bias


class LSTM(Recurrent):
    """Long short-term memory: a cell state that gates let in, keep and show.

    i, f, o = σ(...), g = tanh(...) of x·kernel + h·recurrent_kernel + bias; c ← f·c + i·g; h ← o·tanh(c).

    Shapes: (batch, time, features) → (batch, units), or (batch, time, units) with return_sequences. The
    kernels have 4·units columns in the order input, forget, candidate, output. The state is [h, c].

    Args:
        units: how many numbers h and c have each.
        activation: in place of tanh.
        recurrent_activation: in place of the sigmoid.
        use_bias: whether there is a bias.
        kernel_initializer: of the kernel that acts on the inputs.
        recurrent_initializer: of the kernel that acts on h.
        bias_initializer: of the bias.
        unit_forget_bias: let the forget gate's bias begin at 1, so that the cell keeps what it has.
        options: what every recurrent layer takes: dropout, return_sequences, return_state, go_backwards,
            regularizers and constraints; see `SimpleRNN`.

    Source: Hochreiter, Schmidhuber, Long Short-Term Memory, 1997.

    >>> tg.layers.LSTM(4, return_sequences=True)(np.ones((2, 3, 5))).shape
    (2, 3, 4)
    """

    gates = 4
    states = 2

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        **options: Any,
    ) -> None:
        weights = kernel_initializer, recurrent_initializer, bias_initializer
        super().__init__(units, activation, use_bias, *weights, **options)
        self.recurrent_activation = activation_named(recurrent_activation)
        self.unit_forget_bias = bool(unit_forget_bias)
        if unit_forget_bias:
            usual = self.settings["bias"]
            self.settings["bias"] = usual._replace(initializer=OpenForgetGate(usual.initializer))
        self._usual = self.activation is tanh and self.recurrent_activation is sigmoid

    def step(self, x: Any, h: Any, state: Any) -> tuple[Any, ...]:
        """The new h and c."""
        z = x + matmul(h, self.recurrent_kernel)
        if self._usual:
            return lstm_gates(z, state[1])
        let_in, keep, show = (self.recurrent_activation(part(z, number, 4)) for number in (0, 1, 3))
        cell = keep * state[1] + let_in * self.activation(part(z, 2, 4))
        return show * self.activation(cell), cell


class GRU(Recurrent):
    """The gated recurrent unit: a state that an update gate mixes with a candidate.

    u, s = σ(...), n = tanh(x·W + s·(h·R)); h ← u·h + (1 - u)·n.

    Shapes: (batch, time, features) → (batch, units), or (batch, time, units) with return_sequences. The
    kernels have 3·units columns in the order update, reset, candidate; the bias is (2, 3·units), its
    second row for h, or (3·units,) without reset_after.

    Args:
        units: how many numbers the state has.
        activation: in place of tanh.
        recurrent_activation: in place of the sigmoid.
        use_bias: whether there is a bias.
        kernel_initializer: of the kernel that acts on the inputs.
        recurrent_initializer: of the kernel that acts on h.
        bias_initializer: of the bias.
        reset_after: whether the reset gate acts after the product with the recurrent kernel, or before.
        options: what every recurrent layer takes: dropout, return_sequences, return_state, go_backwards,
            regularizers and constraints; see `SimpleRNN`.

    Source: Cho et al., Learning Phrase Representations using RNN Encoder-Decoder, 2014.

    >>> tg.layers.GRU(4)(np.ones((2, 3, 5))).shape
    (2, 4)
    """

    gates = 3

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        reset_after: bool = True,
        **options: Any,
    ) -> None:
        weights = kernel_initializer, recurrent_initializer, bias_initializer
        super().__init__(units, activation, use_bias, *weights, **options)
        self.recurrent_activation = activation_named(recurrent_activation)
        self.reset_after = bool(reset_after)
        self._usual = self.activation is tanh and self.recurrent_activation is sigmoid

    def bias_shape(self) -> tuple[int, ...]:
        """One row for the inputs and, where the reset gate acts after it, one for the product with h."""
        return (2, 3 * self.units) if self.reset_after else (3 * self.units,)

    def projected(self, steps: Any) -> Any:
        """What the inputs tell the gates, for all steps at once."""
        return self.mapped(steps, self.bias[0] if self.use_bias and self.reset_after else self.bias)

    def step(self, x: Any, h: Any, state: Any) -> tuple[Any, ...]:
        """The new h."""
        if not self.reset_after:
            return (self._reset_before(x, h, state[0]),)
        r = matmul(h, self.recurrent_kernel) if self.bias is None else affine(h, self.recurrent_kernel, self.bias[1])
        if self._usual:
            return (gru_gates(x, r, state[0]),)
        update, reset = (self.recurrent_activation(part(x, i, 3) + part(r, i, 3)) for i in (0, 1))
        candidate = self.activation(part(x, 2, 3) + reset * part(r, 2, 3))
        return (update * state[0] + (1 - update) * candidate,)

    def _reset_before(self, x: Any, h: Any, old: Any) -> Any:
        """The form of 2014: the reset gate acts on h before the product."""
        kernel = self.recurrent_kernel
        for_gates = matmul(h, kernel[:, : 2 * self.units])
        update, reset = (self.recurrent_activation(part(x, i, 3) + part(for_gates, i, 2)) for i in (0, 1))
        candidate = self.activation(part(x, 2, 3) + matmul(reset * h, kernel[:, 2 * self.units :]))
        return update * old + (1 - update) * candidate
