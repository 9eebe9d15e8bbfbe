"""Differences of neighbours, and what they approximate: derivatives and integrals of sampled functions."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.primitive import linear
from ..core.registry import functions
from ..core.tensor import ArrayLike, Tensor
from ..errors import ArgumentError, ShapeError
from .cumulative import along
from .elementwise import divide
from .joining import concatenate
from .reductions import sum
from .rows import axes_of
from .samples import arrays
from .shaping import broadcast_to, reshape

__all__ = ["diff", "ediff1d", "gradient", "trapezoid"]


def minus_differences(g: Any, x: Any, axis: int) -> Any:
    """The adjoint of taking differences: minus the differences of g with a 0 before and after it."""
    axis %= np.ndim(x)
    shape = list(np.shape(x))
    if shape[axis] == 0:
        return g
    shape[axis] = 1
    end = np.zeros(shape, x.dtype)
    return -np.diff(np.concatenate([end, g, end], axis=axis), axis=axis)


@linear(
    lambda g, y, x, axis: minus_differences(g, x, axis),
    formula="yᵢ = xᵢ₊₁ - xᵢ",
    derivative="∂yᵢ/∂xᵢ₊₁ = 1, ∂yᵢ/∂xᵢ = -1",
    reference=lambda x, axis: np.diff(x, axis=axis),
    samples=lambda: [[*arrays((5,)), 0], [*arrays((2, 3, 2)), 1], [*arrays((2, 3)), -1], [*arrays((2, 1)), 1]],
)
def _diff(x: ArrayLike, axis: int) -> Any:
    return np.diff(x, axis=axis)


def end_of(x: ArrayLike, value: ArrayLike, axis: int) -> Any:
    """What is put before or after x: a number is repeated along the other axes."""
    if np.ndim(value):
        return value
    shape = np.shape(x)
    value = value if isinstance(value, Tensor) else np.asarray(value, getattr(x, "dtype", None))
    return broadcast_to(value, shape=(*shape[:axis], 1, *shape[axis + 1 :]))


@_diff.op.front
def diff(
    x: ArrayLike,
    n: int = 1,
    axis: int = -1,
    prepend: ArrayLike | None = None,
    append: ArrayLike | None = None,
) -> Tensor:
    """The differences of neighbours along an axis, taken n times; its adjoint is minus the differences of g.

    Shapes: the axis gets n elements shorter, after what is put before and behind (for n = 0 nothing is).

    Raises:
        ArgumentError: for a negative n.

    >>> tg.diff(tg.tensor([1.0, 4.0, 9.0, 16.0]))
    tensor([3., 5., 7.])
    """
    if n < 0:
        raise ArgumentError(
            f"diff got n={n}.", "Differences are taken at least 0 times.", "For running sums use tg.cumsum."
        )
    if np.ndim(x) == 0:
        raise ShapeError("diff got a 0-d array.", "It needs an axis to go along.", "Pass an array of several values.")
    if n == 0:
        return x  # type: ignore[return-value]
    place = axes_of(x, axis)[0]
    before = [] if prepend is None else [end_of(x, prepend, place)]
    after = [] if append is None else [end_of(x, append, place)]
    if before or after:
        x = concatenate([*before, x, *after], place)
    for _ in range(n):
        x = _diff(x, axis=place)
    return x


def ediff1d(x: ArrayLike, to_end: ArrayLike | None = None, to_begin: ArrayLike | None = None) -> Tensor:
    """The differences of neighbours among all elements in a row, between what is put at the ends.

    Derivative: ∂yₖ/∂xₖ₊₁ = 1, ∂yₖ/∂xₖ = -1.

    >>> tg.ediff1d(tg.tensor([1.0, 4.0, 9.0]), to_begin=0.0)
    tensor([0., 3., 5.])
    """
    differences = diff(reshape(x, (-1,)))
    before = [] if to_begin is None else [reshape(to_begin, (-1,))]
    after = [] if to_end is None else [reshape(to_end, (-1,))]
    return concatenate([*before, differences, *after]) if before or after else differences


def part(x: Any, axis: int, start: int | None, stop: int | None) -> Any:
    """A stretch of x along an axis that is counted from the first."""
    return x[along(axis, slice(start, stop))]


def on_axis(x: ArrayLike, axis: int, ndim: int) -> Any:
    """Values along one axis of an array of `ndim` axes, the others of length 1."""
    return reshape(x, (1,) * axis + (-1,) + (1,) * (ndim - axis - 1))


def trapezoid(y: ArrayLike, x: ArrayLike | None = None, dx: float = 1.0, axis: int = -1) -> Tensor:
    """The integral of sampled values by the trapezoidal rule: Σ (xᵢ₊₁ - xᵢ)(yᵢ + yᵢ₊₁)/2.

    The places x are one for each value along the axis, or as many as there are values; without them
    they are `dx` apart. The integral can be differentiated by the places too.

    >>> tg.trapezoid(tg.tensor([0.0, 1.0, 4.0]), dx=0.5)
    tensor(1.5)
    """
    y = y if isinstance(y, (Tensor, np.ndarray)) else np.asarray(y)
    axis = axes_of(y, axis)[0]
    widths: Any = dx
    if x is not None:
        widths = on_axis(diff(x), axis, np.ndim(y)) if np.ndim(x) == 1 else diff(x, axis=axis)
    return sum(widths * (part(y, axis, 1, None) + part(y, axis, None, -1)) / 2.0, axis)


def slopes(f: Any, axis: int, spacing: ArrayLike, edge_order: int) -> Any:
    """The derivative along one axis: of the parabola through three neighbours, at the edges one-sided."""
    if np.shape(f)[axis] <= edge_order:
        raise ShapeError(
            f"gradient got {np.shape(f)[axis]} values along axis {axis}.",
            f"For edge_order={edge_order} it needs at least {edge_order + 1}.",
            "Leave the axis out with axis=, or sample it more finely.",
        )
    h = on_axis(diff(spacing), axis, np.ndim(f)) if np.ndim(spacing) else spacing
    h0, h1 = (part(h, axis, None, -1), part(h, axis, 1, None)) if np.ndim(spacing) else (h, h)
    d = divide(_diff(f, axis=axis), h)  # the slope of each interval
    d0, d1 = part(d, axis, None, -1), part(d, axis, 1, None)
    bend = (d1 - d0) / (h0 + h1)
    first, last = part(d, axis, None, 1), part(d, axis, -1, None)
    if edge_order == 2:
        first = part(d0 - h0 * bend, axis, None, 1)
        last = part(d1 + h1 * bend, axis, -1, None)
    return concatenate([first, d0 + h0 * bend, last], axis)


def gradient(
    f: ArrayLike, *varargs: ArrayLike, axis: int | tuple[int, ...] | None = None, edge_order: int = 1
) -> Tensor | tuple[Tensor, ...]:
    """The derivatives of a sampled function along its axes (all of them if None), by central differences.

    This is NumPy's function on samples; the derivative of a Python function is `tg.grad`. After f
    comes the spacing of the samples: one number for all axes, or for each axis a number or the
    coordinates along it, by which the result can be differentiated too.

    Shapes: each derivative has the shape of f; several axes give a tuple of them.

    Raises:
        ShapeError: for an axis with too few values.
        ArgumentError: for another number of spacings than axes, or an edge_order but 1 and 2.

    Source: B. Fornberg, "Generation of finite difference formulas on arbitrarily spaced grids", 1988.

    >>> tg.gradient(tg.tensor([0.0, 1.0, 4.0, 9.0]))
    tensor([1., 2., 4., 5.])
    """
    f = f if isinstance(f, (Tensor, np.ndarray)) else np.asarray(f)
    axes = axes_of(f, axis)
    spacings = varargs * len(axes) if len(varargs) == 1 and np.ndim(varargs[0]) == 0 else varargs or (1.0,) * len(axes)
    if len(spacings) != len(axes) or edge_order not in (1, 2):
        raise ArgumentError(
            f"gradient got {len(varargs)} spacings for {len(axes)} axes, and edge_order={edge_order}.",
            "It needs one spacing, or one for each axis, and edge_order 1 or 2.",
            "Say which axes with axis=.",
        )
    found = [slopes(f, place, spacing, edge_order) for place, spacing in zip(axes, spacings, strict=True)]
    return found[0] if len(found) == 1 else tuple(found)


functions.update(ediff1d=ediff1d, gradient=gradient, trapezoid=trapezoid)
