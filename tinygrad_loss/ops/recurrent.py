"""Recurrent cells: one step of LSTM and GRU.

The products with the kernels are ops of their own (`affine`, `matmul`); what stands here is what the
gates do with them. Gates and biases stand in Keras's order: input, forget, candidate, output for LSTM;
update, reset, candidate for GRU.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.primitive import primitive
from ..core.registry import functions
from ..core.tensor import ArrayLike, Tensor
from ..errors import ShapeError
from .linalg import affine, matmul
from .samples import arrays

__all__ = ["gru_cell", "gru_gates", "lstm_cell", "lstm_gates"]


def opened(z: Any) -> Any:
    """How far a gate is open: the sigmoid of z, by one tanh."""
    return 0.5 * np.tanh(0.5 * z) + 0.5


def part(z: Any, number: int, count: int) -> Any:
    """One gate's share of the last axis."""
    size = z.shape[-1] // count
    return z[..., number * size : (number + 1) * size]


def _lstm_flow(g: Any, y: Any, z: Any) -> Any:
    """The whole gradient of the new cell state: its own, and what comes through h."""
    (g_h, g_c), (_, cell) = g, y
    return g_c + g_h * opened(part(z, 3, 4)) * (1 - np.square(np.tanh(cell)))


def _lstm_adjoint(g: Any, y: Any, z: Any, c: Any) -> Any:
    """z̄: the flow into each gate, times the slope of its sigmoid or tanh."""
    let_in, keep, candidate, show = opened(part(z, 0, 4)), opened(part(z, 1, 4)), np.tanh(part(z, 2, 4)), part(z, 3, 4)
    flow, show = _lstm_flow(g, y, z), opened(show)
    into = [
        flow * candidate * let_in * (1 - let_in),
        flow * c * keep * (1 - keep),
        flow * let_in * (1 - np.square(candidate)),
        g[0] * np.tanh(y[1]) * show * (1 - show),
    ]
    return np.concatenate(into, axis=-1)


def _explain_gates(count: int, name: str, state: Any, *others: Any) -> Exception:
    """The error for shapes of which the last axis is not `count` times the state's."""
    units = np.shape(state)[-1] if np.ndim(state) else 0
    got = " and ".join(str(np.shape(other)) for other in others)
    return ShapeError(
        f"{name} got {got} for a state of shape {np.shape(state)}.",
        f"The last axis holds {count} gates of {units} units each: {count * units}.",
        "The state's batch axis must be that of the inputs; kernels have shape (inputs, gates·units).",
    )


@primitive(
    _lstm_adjoint,
    lambda g, y, z, c: _lstm_flow(g, y, z) * opened(part(z, 1, 4)),
    formula="c' = σ(f)·c + σ(i)·tanh(g), h = σ(o)·tanh(c'), with i, f, g, o = the quarters of z",
    derivative="with δ = c̄' + h̄·σ(o)(1 - tanh² c'):  c̄ = δ·σ(f), ī = δ·tanh(g)·σ'(i), f̄ = δ·c·σ'(f), "
    "ḡ = δ·σ(i)·tanh'(g), ō = h̄·tanh(c')·σ'(o)",
    explain=lambda z, c: _explain_gates(4, "lstm_gates", c, z),
    samples=lambda: [arrays((2, 12), (2, 3)), arrays((4,), (1,)), arrays((2, 3, 8), (2, 3, 2))],
)
def lstm_gates(z: ArrayLike, c: ArrayLike) -> tuple[Tensor, Tensor]:
    """The new output h and cell state c' of an LSTM, from what its four gates are told and the old cell state.

    Shapes: z (..., 4·units) in the order input, forget, candidate, output; c (..., units).

    Source: Hochreiter, Schmidhuber, Long Short-Term Memory, 1997; Gers et al. for the forget gate, 2000.

    >>> h, c = tg.lstm_gates(tg.tensor([0.0, 0.0, 0.0, 0.0]), tg.tensor([2.0]))
    >>> h, c
    (tensor([0.38079708]), tensor([1.]))
    """
    cell = opened(part(z, 1, 4)) * c + opened(part(z, 0, 4)) * np.tanh(part(z, 2, 4))
    return opened(part(z, 3, 4)) * np.tanh(cell), cell


def lstm_cell(
    x: ArrayLike,
    h: ArrayLike,
    c: ArrayLike,
    kernel: ArrayLike,
    recurrent_kernel: ArrayLike,
    bias: ArrayLike | None = None,
) -> tuple[Tensor, Tensor]:
    """One step of an LSTM: the new output and cell state, from the input and the old ones.

    Derivative: through the gates, σ' = σ(1 - σ) and tanh' = 1 - tanh², and the old cell state times the forget gate.

    Shapes: x (batch, inputs), h and c (batch, units), kernel (inputs, 4·units), recurrent_kernel
    (units, 4·units), bias (4·units,) → two of (batch, units).

    >>> zeros = np.zeros((1, 2))
    >>> h, c = tg.lstm_cell(np.ones((1, 3)), zeros, zeros, np.full((3, 8), 0.1), np.zeros((2, 8)))
    >>> h.shape, c.shape
    ((1, 2), (1, 2))
    """
    z = matmul(x, kernel) if bias is None else affine(x, kernel, bias)
    return lstm_gates(z + matmul(h, recurrent_kernel), c)


def _gru_parts(x: Any, r: Any) -> tuple[Any, Any, Any]:
    """How far the update and the reset gate are open, and the candidate."""
    update, reset = opened(part(x, 0, 3) + part(r, 0, 3)), opened(part(x, 1, 3) + part(r, 1, 3))
    return update, reset, np.tanh(part(x, 2, 3) + reset * part(r, 2, 3))


def _gru_adjoint(g: Any, x: Any, r: Any, h: Any, recurrent: bool) -> Any:
    """x̄ or, if `recurrent`, r̄: they differ in the candidate, where r passed the reset gate."""
    update, reset, candidate = _gru_parts(x, r)
    into_candidate = g * (1 - update) * (1 - np.square(candidate))
    into = [
        g * (h - candidate) * update * (1 - update),
        into_candidate * part(r, 2, 3) * reset * (1 - reset),
        into_candidate * reset if recurrent else into_candidate,
    ]
    return np.concatenate(into, axis=-1)


@primitive(
    lambda g, y, x, r, h: _gru_adjoint(g, x, r, h, False),
    lambda g, y, x, r, h: _gru_adjoint(g, x, r, h, True),
    lambda g, y, x, r, h: g * opened(part(x, 0, 3) + part(r, 0, 3)),
    formula="h' = u·h + (1 - u)·n, u = σ(x₀ + r₀), s = σ(x₁ + r₁), n = tanh(x₂ + s·r₂)",
    derivative="h̄ = h̄'·u, ū = h̄'(h - n)·u(1 - u), n̄ = h̄'(1 - u)(1 - n²), s̄ = n̄·r₂·s(1 - s); r̄₂ = s·n̄",
    explain=lambda x, r, h: _explain_gates(3, "gru_gates", h, x, r),
    samples=lambda: [arrays((2, 9), (2, 9), (2, 3)), arrays((3,), (3,), (1,)), arrays((2, 3, 6), (2, 3, 6), (2, 3, 2))],
)
def gru_gates(x: ArrayLike, r: ArrayLike, h: ArrayLike) -> Tensor:
    """The new state of a GRU, from what input x and state r tell its three gates, and the old state.

    The reset gate acts after the product with the recurrent kernel, as in Keras (`reset_after=True`)
    and PyTorch.

    Shapes: x and r (..., 3·units) in the order update, reset, candidate; h (..., units).

    Source: Cho et al., Learning Phrase Representations using RNN Encoder-Decoder, 2014.

    >>> tg.gru_gates(tg.tensor([0.0, 0.0, 0.0]), tg.tensor([0.0, 0.0, 0.0]), tg.tensor([2.0]))
    tensor([1.])
    """
    update = opened(part(x, 0, 3) + part(r, 0, 3))
    candidate = np.tanh(part(x, 2, 3) + opened(part(x, 1, 3) + part(r, 1, 3)) * part(r, 2, 3))
    return update * h + (1 - update) * candidate


def gru_cell(
    x: ArrayLike, h: ArrayLike, kernel: ArrayLike, recurrent_kernel: ArrayLike, bias: ArrayLike | None = None
) -> Tensor:
    """One step of a GRU: the new state, from the input and the old one.

    Derivative: through the gates, σ' = σ(1 - σ) and tanh' = 1 - tanh², and the old state times the update gate.

    Shapes: x (batch, inputs), h (batch, units), kernel (inputs, 3·units), recurrent_kernel
    (units, 3·units), bias (2, 3·units): one row for x, one for h → (batch, units).

    >>> tg.gru_cell(np.ones((1, 3)), np.zeros((1, 2)), np.full((3, 6), 0.1), np.zeros((2, 6))).shape
    (1, 2)
    """
    if bias is None:
        return gru_gates(matmul(x, kernel), matmul(h, recurrent_kernel), h)
    return gru_gates(affine(x, kernel, bias[0]), affine(h, recurrent_kernel, bias[1]), h)


functions.update(lstm_cell=lstm_cell, gru_cell=gru_cell)
