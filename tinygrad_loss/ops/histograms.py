"""Counting: how many values, or how much weight, lies in each bin. Counts are linear in the weights."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.primitive import constant, linear
from ..core.registry import functions
from ..core.tensor import ArrayLike, Tensor
from ..errors import DTypeError, ShapeError
from .elementwise import divide, multiply
from .places import like, settled
from .reductions import sum
from .samples import arrays
from .shaping import ravel, reshape

__all__ = ["bincount", "histogram", "histogram2d", "histogram_bin_edges", "histogramdd"]

Bins = Any  # a number of bins, the name of a rule, or the edges; for several axes one for each


@constant(
    formula="yₖ = how often k occurs in x",
    samples=lambda: [[np.array([0, 2, 2, 1]), 5], [np.array([], int), 0]],
    reference=lambda x, length: np.bincount(x, minlength=length),
)
def _occurrences(x: ArrayLike, length: int) -> Any:
    """How often each number occurs, for `bincount`.

    >>> tg.bincount(tg.tensor([0, 2, 2]))
    tensor([1, 0, 2])
    """
    return np.bincount(x, minlength=length)


@linear(
    [None, lambda g, y, x, weights, length: g[x]],
    formula="yₖ = Σ wᵢ over all i with xᵢ = k",
    derivative="∂yₖ/∂wᵢ = 1 where xᵢ = k",
    samples=lambda: [[np.array([0, 2, 2, 1]), *arrays((4,)), 5], [np.array([], int), *arrays((0,)), 2]],
    reference=lambda x, weights, length: np.bincount(x, weights, minlength=length),
)
def _bincount(x: ArrayLike, weights: ArrayLike, length: int) -> Any:
    kind = np.asarray(weights).dtype
    return np.bincount(x, weights, length).astype(kind if kind.kind == "f" else float, copy=False)


@_bincount.op.front
def bincount(x: ArrayLike, /, weights: ArrayLike | None = None, minlength: int = 0) -> Tensor:
    """How often each whole number from 0 occurs in x, or the sum of the weights where it does.

    Args:
        x: whole numbers of at least 0.
        weights: one for each x; the result is linear in them, with derivative 1 where x is k.
        minlength: make the result at least that long.

    Raises:
        DTypeError: for x of floats.
        ShapeError: for x that is no sequence, or weights of another length.

    >>> tg.bincount([0, 2, 2], tg.tensor([0.5, 1.0, 2.0]))
    tensor([0.5, 0. , 3. ])
    """
    numbers = settled(x, "bincount")
    given = numbers.shape if weights is None else np.shape(weights)
    if numbers.ndim != 1 or given != numbers.shape:
        raise ShapeError(
            f"bincount got x of shape {numbers.shape} and weights of shape {given}.",
            "It needs a sequence of whole numbers, and as many weights.",
            "Use tg.ravel for arrays of several axes.",
        )
    if numbers.size and (numbers.dtype.kind not in "biu" or numbers.min() < 0):
        raise DTypeError(
            f"bincount got {'negative numbers' if numbers.dtype.kind in 'biu' else numbers.dtype}.",
            "It counts whole numbers of at least 0.",
            "Use tg.histogram for other values.",
        )
    length = max(int(numbers.max(initial=-1)) + 1, int(minlength))
    counted = x if isinstance(x, Tensor) else numbers.astype(int)
    return _occurrences(counted, length=length) if weights is None else _bincount(counted, weights, length=length)


def _columns(sample: Any) -> list[Any]:
    """The coordinates of the points, axis by axis: rows are points in an array, axes in a list."""
    if isinstance(sample, (Tensor, np.ndarray)):
        return [sample[:, k] for k in range(np.shape(sample)[1])] if np.ndim(sample) == 2 else [sample]
    return list(sample)


def _weights_in(places: Any, inside: Any, weights: ArrayLike | None, shape: tuple[int, ...]) -> Any:
    """The weights (or counts) of the cells that points fell into, in an array of `shape`."""
    flat = np.ravel_multi_index([k[inside] for k in places], shape) if places[0].size else np.zeros(0, int)
    given = None if weights is None else ravel(weights)[np.flatnonzero(inside)]
    return reshape(bincount(flat, given, math.prod(shape)), shape)


def histogramdd(
    sample: Any, bins: Bins = 10, range: Any = None, density: bool | None = None, weights: ArrayLike | None = None
) -> tuple[Tensor, tuple[Any, ...]]:
    """How many points, or how much weight, lies in each cell of a grid; and the edges of the grid on each axis.

    The counts change in steps with the points, so only the weights have a derivative: 1 in their cell.

    Args:
        sample: the points, as rows; or a list of their coordinates, axis by axis.
        bins: how many bins on each axis, or their edges.
        range: for each axis its first and last edge; those of the points unless given.
        density: divide by the total and the size of each cell.
        weights: one for each point.

    >>> counts, edges = tg.histogramdd(tg.tensor([[0.0, 0.0], [1.0, 1.0], [0.9, 0.1]]), bins=2)
    >>> counts
    tensor([[1., 0.],
            [1., 1.]])
    """
    columns = _columns(sample)
    values = [settled(column, "a histogram") for column in columns]
    _, edges = np.histogramdd(values, bins, range)
    lengths = tuple(len(edge) - 1 for edge in edges)
    places, inside = [], np.ones(values[0].shape, bool)
    for value, edge in zip(values, edges, strict=True):
        found = np.where(value == edge[-1], len(edge) - 2, np.searchsorted(edge, value, "right") - 1)
        inside &= (found >= 0) & (found < len(edge) - 1)
        places.append(found)
    counts = _weights_in(places, inside, weights, lengths)
    counts = functions["astype"](counts, float) if weights is None else counts
    if density:
        for axis, edge in enumerate(edges):
            counts = divide(counts, np.diff(edge).reshape((-1,) + (1,) * (len(edges) - axis - 1)))
        counts = divide(counts, sum(_weights_in(places, inside, weights, lengths)))
    tensors = any(isinstance(x, Tensor) for x in (*columns, weights))
    return (counts if isinstance(counts, Tensor) or not tensors else Tensor(counts)), like(
        next((x for x in columns if isinstance(x, Tensor)), None), tuple(edges)
    )


def histogram2d(
    x: ArrayLike,
    y: ArrayLike,
    bins: Bins = 10,
    range: Any = None,
    density: bool | None = None,
    weights: ArrayLike | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """How many points (x, y), or how much weight, lies in each cell; and the edges on both axes.

    The derivative is that of `tg.histogramdd`.

    >>> counts, x_edges, y_edges = tg.histogram2d(tg.tensor([0.0, 1.0]), tg.tensor([0.0, 1.0]), bins=2)
    >>> counts
    tensor([[1., 0.],
            [0., 1.]])
    """
    shared = hasattr(bins, "__len__") and len(bins) not in (1, 2)
    edges = [settled(bins, "a histogram")] * 2 if shared else bins
    counts, both = histogramdd([x, y], edges, range, density, weights)
    return counts, both[0], both[1]


def histogram_bin_edges(
    a: ArrayLike, bins: int | str | Sequence[float] = 10, range: Any = None, weights: ArrayLike | None = None
) -> Tensor:
    """The edges of the bins of `tg.histogram`, as constants.

    >>> tg.histogram_bin_edges(tg.tensor([0.0, 1.0]), bins=2)
    tensor([0. , 0.5, 1. ])
    """
    given = None if weights is None else settled(weights, "a histogram")
    return like(a, np.histogram_bin_edges(settled(a, "a histogram"), getattr(bins, "_value", bins), range, given))


def histogram(
    a: ArrayLike,
    bins: int | str | Sequence[float] = 10,
    range: Any = None,
    density: bool | None = None,
    weights: ArrayLike | None = None,
) -> tuple[Tensor, Tensor]:
    """How many values, or how much weight, lies in each bin; and the edges of the bins.

    The counts change in steps with the values, so only the weights have a derivative: 1 in their bin.

    Args:
        a: the values.
        bins: how many bins, the name of a rule for their number, or their edges.
        range: the first and last edge; the smallest and largest value unless given.
        density: divide by the total and the width of each bin, for an integral of 1.
        weights: one for each value.

    >>> counts, edges = tg.histogram(tg.tensor([0.0, 0.2, 1.0]), bins=2)
    >>> counts
    tensor([2, 1])
    """
    values = settled(a, "a histogram")
    given: Any = None if weights is None else settled(weights, "a histogram")
    if given is not None and given.shape != values.shape:
        raise ShapeError(
            f"histogram got {given.shape} weights for values of shape {values.shape}.",
            "It needs one weight for each value.",
            "Leave the weights out to count.",
        )
    edges = np.histogram_bin_edges(values, getattr(bins, "_value", bins), range, given)
    found = np.searchsorted(edges, values.ravel(), "right") - 1
    found = np.where(values.ravel() == edges[-1], len(edges) - 2, found)
    counts = _weights_in([found], (found >= 0) & (found < len(edges) - 1), weights, (len(edges) - 1,))
    if density:
        counts = divide(counts, multiply(np.diff(edges), sum(counts)))
    if isinstance(a, Tensor) and not isinstance(counts, Tensor):
        counts = Tensor(counts)
    return counts, like(a, edges)


functions.update(
    histogram=histogram, histogram2d=histogram2d, histogram_bin_edges=histogram_bin_edges, histogramdd=histogramdd
)
