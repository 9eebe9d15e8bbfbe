"""Grids: evenly spaced numbers between two ends, and the arrays that span several axes."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from ..core.array_methods import read_only
from ..core.primitive import linear
from ..core.registry import functions
from ..core.tensor import ArrayLike, Tensor
from ..errors import ArgumentError, ShapeError
from .elementwise import divide, multiply, subtract
from .exponentials import log10
from .parts import sign
from .powers import power
from .samples import arrays
from .shaping import astype, broadcast_arrays, broadcast_to, reshape

__all__ = ["empty_like", "geomspace", "linspace", "logspace", "meshgrid"]


@lru_cache(maxsize=64)
def _shares(num: int, endpoint: bool, end: int, dtype: Any) -> Any:
    """The part of one end in each number: 1 at that end and evenly falling to the other."""
    steps = np.arange(num) / max(num - 1 if endpoint else num, 1)
    return read_only((steps if end else 1 - steps).astype(dtype))


def _weighted(g: Any, num: int, endpoint: bool, axis: int, end: int) -> Any:
    """The gradient of one end: the sum of all, each times the end's part in it."""
    after = g.ndim - 1 - axis % g.ndim
    return np.sum(g * _shares(num, endpoint, end, g.dtype).reshape((-1,) + (1,) * after), axis=axis)


@linear(
    [
        lambda g, y, start, stop, num, endpoint, axis: _weighted(g, num, endpoint, axis, 0),
        lambda g, y, start, stop, num, endpoint, axis: _weighted(g, num, endpoint, axis, 1),
    ],
    formula="yₖ = start + (stop - start)·k/(n - 1)",
    derivative="∂yₖ/∂start = 1 - k/(n - 1), ∂yₖ/∂stop = k/(n - 1)",
    samples=lambda: [
        [*arrays((), ()), 5, True, 0],
        [*arrays((2, 3), (2, 3)), 4, False, 1],
        [*arrays((2,), (2,)), 3, True, -1],
        [*arrays((), ()), 1, True, 0],
        [*arrays((), ()), 0, True, 0],
    ],
)
def _linspace(start: ArrayLike, stop: ArrayLike, num: int, endpoint: bool, axis: int) -> Any:
    return np.linspace(start, stop, num, endpoint, axis=axis)


def _ends(start: ArrayLike, stop: ArrayLike) -> tuple[Any, Any]:
    """The two ends as floating arrays of one shape."""
    both = [x if isinstance(x, Tensor) else np.asarray(x) for x in (start, stop)]
    if both[0].dtype == both[1].dtype and both[0].dtype.kind == "f" and both[0].shape == both[1].shape:
        return both[0], both[1]
    dtype = np.result_type(*both, 0.0)
    first, last = broadcast_arrays(*(astype(x, dtype, copy=False) for x in both))
    return first, last


@_linspace.op.front
def linspace(
    start: ArrayLike,
    stop: ArrayLike,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
) -> Any:
    """`num` evenly spaced numbers from start to stop, yₖ = start + (stop - start)·k/(num - 1).

    The derivative by each end is its part in the number: 1 at that end, falling evenly to 0 at the other.

    Args:
        start: the first number; or an array of them, for as many rows.
        stop: the last one.
        num: how many numbers.
        endpoint: whether the last number is `stop`; if not, it is the one after the last.
        retstep: give the distance of the numbers as well.
        dtype: the result's dtype; integers are rounded down.
        axis: where the numbers run, in the result.

    >>> tg.linspace(0.0, 1.0, 3)
    tensor([0. , 0.5, 1. ])
    """
    if num < 0:
        raise ArgumentError(
            f"linspace cannot make {num} numbers.", "It makes at least 0.", "Give the number of points."
        )
    first, last = _ends(start, stop)
    y = _linspace(first, last, num=int(num), endpoint=bool(endpoint), axis=axis)
    y = y if isinstance(y, Tensor) else Tensor(y)
    if dtype is not None:
        kind = np.dtype(dtype)
        y = astype(np.floor(y) if kind.kind in "iu" else y, kind)
    if not retstep:
        return y
    steps = num - 1 if endpoint else num
    return y, divide(subtract(last, first), steps) if steps > 0 else np.nan


def logspace(
    start: ArrayLike,
    stop: ArrayLike,
    num: int = 50,
    endpoint: bool = True,
    base: ArrayLike = 10.0,
    dtype: Any = None,
    axis: int = 0,
) -> Tensor:
    """The powers of `base` with evenly spaced exponents from start to stop, yₖ = baseᵉ.

    >>> tg.logspace(0.0, 2.0, 3)
    tensor([  1.,  10., 100.])
    """
    if np.ndim(base):
        start, stop, base = broadcast_arrays(*_ends(start, stop), base)
        base = np.expand_dims(base, axis)
    y = power(base, linspace(start, stop, num, endpoint, axis=axis))
    return y if dtype is None else astype(y, dtype)


def geomspace(
    start: ArrayLike, stop: ArrayLike, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0
) -> Tensor:
    """`num` numbers from start to stop, each the one before times the same factor.

    Raises:
        ArgumentError: when an end is 0, or the ends have different signs.

    >>> tg.geomspace(1.0, 8.0, 4)
    tensor([1., 2., 4., 8.])
    """
    first, last = _ends(start, stop)
    if np.any(np.asarray(getattr(first, "_value", first)) * np.asarray(getattr(last, "_value", last)) <= 0):
        raise ArgumentError(
            "geomspace got ends that are 0, or of different signs.",
            "No factor leads from one to the other.",
            "Use linspace, or make the ends both positive.",
        )
    turned = sign(first)
    exponents = linspace(log10(multiply(first, turned)), log10(multiply(last, turned)), num, endpoint, axis=axis)
    y = multiply(power(10.0, exponents), np.expand_dims(turned, axis))
    return y if dtype is None else astype(y, dtype)


def meshgrid(*xi: ArrayLike, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> tuple[Tensor, ...]:
    """Each sequence along an axis of its own, repeated along the axes of all the others.

    Args:
        xi: the sequences.
        copy: give each result memory of its own.
        sparse: leave the other axes at length 1, for broadcasting.
        indexing: "xy" puts the second sequence along the first axis (rows), "ij" keeps their order.

    Raises:
        ArgumentError: for another indexing.

    >>> x, y = tg.meshgrid(tg.tensor([1.0, 2.0, 3.0]), tg.tensor([10.0, 20.0]))
    >>> x + y
    tensor([[11., 12., 13.],
            [21., 22., 23.]])
    """
    if indexing not in ("xy", "ij"):
        raise ArgumentError(
            f"meshgrid got indexing={indexing!r}.", "It is 'xy' or 'ij'.", "Use 'ij' to keep the order of the axes."
        )
    order = list(range(len(xi)))
    if indexing == "xy" and len(xi) > 1:
        order[:2] = [1, 0]
    if any(np.ndim(x) > 1 for x in xi):
        raise ShapeError(
            f"meshgrid got arrays of shapes {', '.join(str(np.shape(x)) for x in xi)}.",
            "It needs sequences, of one axis each.",
            "Use tg.ravel for the elements of an array in one row.",
        )
    shape = [1] * len(xi)
    for x, axis in zip(xi, order, strict=True):
        shape[axis] = int(np.size(x))
    full = []
    for x, axis in zip(xi, order, strict=True):
        part = reshape(x, tuple(n if k == axis else 1 for k, n in enumerate(shape)))
        full.append(part if sparse else broadcast_to(part, tuple(shape)))
    return tuple(functions["copy"](part) for part in full) if copy else tuple(full)


def empty_like(prototype: ArrayLike, dtype: Any = None, shape: Any = None) -> Tensor:
    """A Tensor of the shape and dtype of `prototype`, whose values are whatever the memory held.

    >>> tg.empty_like(tg.tensor([1.0, 2.0])).shape
    (2,)
    """
    return Tensor(np.empty_like(getattr(prototype, "_value", prototype), dtype, shape=shape))


functions.update(empty_like=empty_like, geomspace=geomspace, logspace=logspace, meshgrid=meshgrid)
