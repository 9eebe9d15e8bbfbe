"""Sequences against sequences: convolution, correlation, interpolation."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.primitive import bilinear, constant
from ..core.registry import functions
from ..core.tensor import ArrayLike, Tensor
from ..errors import ArgumentError, ShapeError
from .cumulative import backwards
from .samples import arrays
from .selection import where

__all__ = ["convolve", "correlate", "interp"]


@bilinear(
    lambda g, y, a, v: _correlate(g, v),
    lambda g, y, a, v: _correlate(g, a),
    formula="yₖ = Σᵢ aᵢ·vₖ₋ᵢ",
    derivative="∂yₖ/∂aᵢ = vₖ₋ᵢ, ∂yₖ/∂vᵢ = aₖ₋ᵢ",
    reference=np.convolve,
    samples=lambda: [arrays((5,), (3,)), arrays((2,), (4,)), arrays((1,), (1,))],
)
def _convolve(a: ArrayLike, v: ArrayLike) -> Any:
    return np.convolve(a, v)


@bilinear(
    lambda g, y, a, v: _convolve(g, v),
    lambda g, y, a, v: _correlate(a, g),
    formula="yₖ = Σᵢ aᵢ₊ₖ·vᵢ, where v fits into a",
    derivative="∂yₖ/∂aᵢ = vᵢ₋ₖ, ∂yₖ/∂vᵢ = aᵢ₊ₖ",
    reference=np.correlate,
    samples=lambda: [arrays((5,), (3,)), arrays((4,), (4,)), arrays((3,), (1,))],
)
def _correlate(a: ArrayLike, v: ArrayLike) -> Any:
    return np.correlate(a, v)


def check(name: str, a: Any, v: Any, mode: str) -> None:
    """Refuse what is no pair of sequences, and an unknown mode."""
    if np.ndim(a) != 1 or np.ndim(v) != 1 or not np.size(a) or not np.size(v):
        raise ShapeError(
            f"{name} got arrays of shapes {np.shape(a)} and {np.shape(v)}.",
            "It needs two sequences: arrays of one axis, not empty.",
            "For images and batches use the convolution layers.",
        )
    if mode not in ("full", "same", "valid"):
        raise ArgumentError(
            f"{name} got mode={mode!r}.",
            "The modes are 'full', 'same' and 'valid'.",
            "Use 'valid' for the places where both overlap wholly.",
        )


@_convolve.op.front
def convolve(a: ArrayLike, v: ArrayLike, mode: str = "full") -> Tensor:
    """The convolution of two sequences, yₖ = Σᵢ aᵢ·vₖ₋ᵢ: the coefficients of a product of polynomials.

    Shapes: (n,), (m,) → (n + m - 1,) in mode "full"; as long as the longer one, from the middle, in
    mode "same"; only where both overlap wholly in mode "valid".

    >>> tg.convolve(tg.tensor([1.0, 2.0, 3.0]), tg.tensor([1.0, 1.0]))
    tensor([1., 3., 5., 3.])
    """
    check("convolve", a, v, mode)
    long, short = (a, v) if np.size(a) >= np.size(v) else (v, a)
    if mode == "valid":
        return _correlate(long, backwards(np.asarray(short) if isinstance(short, (list, tuple)) else short, 0))
    full = _convolve(long, short)
    start = (np.size(short) - 1) // 2
    return full if mode == "full" else full[start : start + np.size(long)]


@_correlate.op.front
def correlate(a: ArrayLike, v: ArrayLike, mode: str = "valid") -> Tensor:
    """The correlation of two sequences, yₖ = Σᵢ aᵢ₊ₖ·vᵢ: how well v fits to a, moved by k.

    Shapes: as those of `tg.convolve`, with mode "valid" unless given.

    >>> tg.correlate(tg.tensor([1.0, 2.0, 3.0]), tg.tensor([1.0, 1.0]))
    tensor([3., 5.])
    """
    check("correlate", a, v, mode)
    if np.size(v) > np.size(a):
        return backwards(correlate(v, a, mode), 0)
    if mode == "valid":
        return _correlate(a, v)
    return convolve(a, backwards(np.asarray(v) if isinstance(v, (list, tuple)) else v, 0), mode)


@constant(
    formula="y = the interval of the sorted points that x lies in",
    samples=lambda: [[np.array([0.5, 2.5, 9.0]), np.array([0.0, 1.0, 2.0, 3.0])]],
)
def _interval(x: ArrayLike, xp: ArrayLike) -> Any:
    """The index of the last point not beyond x, for `interp`.

    >>> tg.interp(1.5, [0.0, 1.0, 2.0], tg.tensor([0.0, 10.0, 40.0]))
    tensor(25.)
    """
    return np.clip(np.searchsorted(xp, x, side="right") - 1, 0, len(xp) - 2)


def interp(
    x: ArrayLike,
    xp: ArrayLike,
    fp: ArrayLike,
    left: ArrayLike | None = None,
    right: ArrayLike | None = None,
    period: float | None = None,
) -> Tensor:
    """The values at x of the line that joins the points (xp, fp), with xp rising; level beyond its ends.

    The derivative by x is the slope of the interval, at a point that of the interval to its right, and
    0 beyond the ends; the derivatives by fp are the nearness of the two ends of the interval.

    Args:
        x: where to evaluate.
        xp: the points' places.
        fp: the points' values.
        left: the value below the first point, by default fp[0].
        right: the value above the last point, by default fp[-1].
        period: of x and xp, which need not rise then; it leaves no ends.

    Raises:
        ShapeError: when xp and fp are not two sequences of one length, at least 2.

    >>> tg.interp(tg.tensor([0.5, 3.0]), [0.0, 1.0, 2.0], [0.0, 10.0, 40.0])
    tensor([ 5., 40.])
    """
    x, xp, fp = (z if isinstance(z, (Tensor, np.ndarray)) else np.asarray(z) for z in (x, xp, fp))
    if np.ndim(xp) != 1 or np.shape(xp) != np.shape(fp) or np.size(xp) < 2:
        raise ShapeError(
            f"interp got points of shapes {np.shape(xp)} and {np.shape(fp)}.",
            "xp and fp are two sequences of one length, at least 2.",
            "Give one value for each point.",
        )
    if period is not None:
        period, left, right = abs(period), None, None
        xp, order = xp % period, np.argsort(xp % period)
        xp, fp, x = xp[order], fp[order], x % period
        xp = np.concatenate([xp[-1:] - period, xp, xp[:1] + period])
        fp = np.concatenate([fp[-1:], fp, fp[:1]])
    i = _interval(x, xp)
    slope = (fp[i + 1] - fp[i]) / (xp[i + 1] - xp[i])
    inside = fp[i] + slope * (x - xp[i])
    beyond = where(x > xp[-1], fp[-1] if right is None else right, inside)
    return where(x < xp[0], fp[0] if left is None else left, beyond)


functions["interp"] = interp
