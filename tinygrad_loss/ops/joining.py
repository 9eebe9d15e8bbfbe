"""Joining arrays and cutting them apart: adjoint to each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.primitive import linear
from ..core.registry import functions
from ..core.tensor import ArrayLike, Tensor
from ..errors import ShapeError
from .samples import arrays as sample_arrays
from .shaping import atleast_1d, atleast_2d, expand_dims, ravel

__all__ = ["concat", "concatenate", "hstack", "stack", "vstack"]


def _section(g: Any, axis: int, arrays: Sequence[Any], index: int) -> Any:
    """The part of `g` that belongs to the array `index` of a concatenation."""
    start = int(np.sum([np.shape(x)[axis] for x in arrays[:index]], dtype=int))
    place = (slice(None),) * (axis % np.ndim(g)) + (slice(start, start + np.shape(arrays[index])[axis]),)
    return g[place]


def _explain(*arrays: Any, axis: int) -> Exception:
    shapes = ", ".join(str(np.shape(x)) for x in arrays)
    return ShapeError(
        f"concatenate cannot join shapes {shapes} along axis {axis}.",
        "All axes but that one must have equal lengths, and there must be as many.",
        "Use tg.stack to join along a new axis.",
    )


@linear(
    lambda g, y, *arrays, axis, index: _section(g, axis, arrays, index),
    formula="y = [a | b | ...]",
    derivative="each input gets its section of the gradient",
    samples=lambda: [
        [*sample_arrays((2, 3), (1, 3)), {"axis": 0}],
        [*sample_arrays((2, 3), (2, 1), (2, 2)), {"axis": -1}],
    ],
    explain=_explain,
    reference=lambda *arrays, axis: np.concatenate(arrays, axis=axis),
)
def _concatenate(*arrays: ArrayLike, axis: int) -> Any:
    return np.concatenate(arrays, axis=axis)


@_concatenate.op.front
def concatenate(arrays: Sequence[ArrayLike], axis: int | None = 0) -> Tensor:
    """The arrays joined along an existing axis; its adjoint is cutting the gradient at the same places.

    Raises:
        ShapeError: for no arrays, or lengths that differ elsewhere than along `axis`.

    >>> tg.concatenate([tg.tensor([1.0]), tg.tensor([2.0, 3.0])])
    tensor([1., 2., 3.])
    """
    if len(arrays) == 0:
        raise ShapeError("concatenate got no arrays.", "It needs at least one.", "Check the list that you pass.")
    if axis is None:
        return concatenate([ravel(x) for x in arrays])
    return _concatenate(*arrays, axis=axis)


concat = functions["concat"] = concatenate  # NumPy 2's other name


def stack(arrays: Sequence[ArrayLike], axis: int = 0) -> Tensor:
    """Arrays of one shape joined along a new axis.

    >>> tg.stack([tg.tensor([1.0, 2.0]), tg.tensor([3.0, 4.0])])
    tensor([[1., 2.],
            [3., 4.]])
    """
    return concatenate([expand_dims(x, axis) for x in arrays], axis)


def vstack(arrays: Sequence[ArrayLike]) -> Tensor:
    """Arrays joined as rows, along the first axis.

    >>> tg.vstack([tg.tensor([1.0, 2.0]), tg.tensor([3.0, 4.0])])
    tensor([[1., 2.],
            [3., 4.]])
    """
    return concatenate([atleast_2d(x) for x in arrays])


def hstack(arrays: Sequence[ArrayLike]) -> Tensor:
    """Arrays joined side by side: along the second axis, vectors along their only one.

    >>> tg.hstack([tg.tensor([1.0]), tg.tensor([2.0, 3.0])])
    tensor([1., 2., 3.])
    """
    parts = [atleast_1d(x) for x in arrays]
    return concatenate(parts, axis=0 if parts and np.ndim(parts[0]) == 1 else 1)


functions.update(stack=stack, vstack=vstack, hstack=hstack)
