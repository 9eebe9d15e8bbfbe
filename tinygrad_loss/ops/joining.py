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
from .shaping import astype, atleast_1d, atleast_2d, atleast_3d, expand_dims, ravel, reshape

__all__ = [
    "append",
    "block",
    "column_stack",
    "concat",
    "concatenate",
    "dstack",
    "hstack",
    "stack",
    "vstack",
]


def _section(g: Any, axis: int, arrays: Sequence[Any], index: int) -> Any:
    """The part of `g` that belongs to the array `index` of a concatenation."""
    start = 0
    for x in arrays[:index]:
        start += x.shape[axis]
    return g[(slice(None),) * (axis % g.ndim) + (slice(start, start + arrays[index].shape[axis]),)]


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


def _as_floats(arrays: Sequence[Any]) -> list[Any]:
    """The arrays; whole numbers among floats as floats, so that the op is linear in all of them."""
    given = [x if isinstance(x, Tensor) else np.asarray(x) for x in arrays]
    kinds = {x.dtype.kind for x in given}
    if "f" not in kinds or len(kinds) == 1:
        return given
    dtype = np.result_type(*(x.dtype for x in given))
    return [x if x.dtype.kind == "f" else astype(x, dtype) for x in given]


@_concatenate.op.front
def concatenate(arrays: Sequence[ArrayLike], axis: int | None = 0, *, dtype: Any = None) -> Tensor:
    """The arrays joined along an existing axis; its adjoint is cutting the gradient at the same places.

    Without an axis (None) all elements are joined in one row.

    Raises:
        ShapeError: for no arrays, or lengths that differ elsewhere than along `axis`.

    >>> tg.concatenate([tg.tensor([1.0]), tg.tensor([2.0, 3.0])])
    tensor([1., 2., 3.])
    """
    if len(arrays) == 0:
        raise ShapeError("concatenate got no arrays.", "It needs at least one.", "Check the list that you pass.")
    if axis is None:
        arrays, axis = [ravel(x) for x in arrays], 0
    joined = _concatenate(*_as_floats(arrays), axis=axis)
    return joined if dtype is None else astype(joined, dtype)


concat = functions["concat"] = concatenate  # NumPy 2's other name


def stack(arrays: Sequence[ArrayLike], axis: int = 0, *, dtype: Any = None) -> Tensor:
    """Arrays of one shape joined along a new axis.

    Derivative: the gradient is cut apart along the new axis.

    >>> tg.stack([tg.tensor([1.0, 2.0]), tg.tensor([3.0, 4.0])])
    tensor([[1., 2.],
            [3., 4.]])
    """
    return concatenate([expand_dims(x, axis) for x in arrays], axis, dtype=dtype)


def vstack(arrays: Sequence[ArrayLike], *, dtype: Any = None) -> Tensor:
    """Arrays joined as rows, along the first axis.

    Derivative: the gradient is cut apart where the arrays were joined.

    >>> tg.vstack([tg.tensor([1.0, 2.0]), tg.tensor([3.0, 4.0])])
    tensor([[1., 2.],
            [3., 4.]])
    """
    return concatenate([atleast_2d(x) for x in arrays], dtype=dtype)


def hstack(arrays: Sequence[ArrayLike], *, dtype: Any = None) -> Tensor:
    """Arrays joined side by side: along the second axis, vectors along their only one.

    Derivative: the gradient is cut apart where the arrays were joined.

    >>> tg.hstack([tg.tensor([1.0]), tg.tensor([2.0, 3.0])])
    tensor([1., 2., 3.])
    """
    parts = [atleast_1d(x) for x in arrays]
    return concatenate(parts, axis=0 if parts and np.ndim(parts[0]) == 1 else 1, dtype=dtype)


def dstack(tup: Sequence[ArrayLike]) -> Tensor:
    """Arrays joined one behind the other, along the third axis.

    Derivative: the gradient is cut apart where the arrays were joined.

    >>> tg.dstack([tg.tensor([1.0, 2.0]), tg.tensor([3.0, 4.0])])
    tensor([[[1., 3.],
             [2., 4.]]])
    """
    return concatenate([atleast_3d(x) for x in tup], 2)


def column_stack(tup: Sequence[ArrayLike]) -> Tensor:
    """Vectors joined as the columns of a matrix; matrices side by side.

    Derivative: the gradient is cut apart where the arrays were joined.

    >>> tg.column_stack([tg.tensor([1.0, 2.0]), tg.tensor([3.0, 4.0])])
    tensor([[1., 3.],
            [2., 4.]])
    """
    return concatenate([x if np.ndim(x) > 1 else reshape(x, (-1, 1)) for x in tup], 1)


def append(arr: ArrayLike, values: ArrayLike, axis: int | None = None) -> Tensor:
    """The array with values after it, along `axis`, or both in one row.

    Derivative: the gradient is cut apart where the arrays were joined.

    >>> tg.append(tg.tensor([1.0]), [2.0, 3.0])
    tensor([1., 2., 3.])
    """
    return concatenate((arr, values), axis)


def _depth(arrays: Any) -> int:
    """How deep lists are nested: 0 for what is no list."""
    return 1 + max(map(_depth, arrays), default=0) if isinstance(arrays, list) else 0


def _most_axes(arrays: Any) -> int:
    """The largest number of axes among the arrays in nested lists."""
    return max(map(_most_axes, arrays), default=0) if isinstance(arrays, list) else np.ndim(arrays)


def _assembled(arrays: Any, axis: int, axes: int) -> Any:
    """Nested lists of arrays joined: the outermost along `axis`, counted from the end, each inner one a step on."""
    if not isinstance(arrays, list):
        return reshape(arrays, (1,) * (axes - np.ndim(arrays)) + np.shape(arrays))
    return concatenate([_assembled(part, axis + 1, axes) for part in arrays], axis)


def block(arrays: Any) -> Tensor:
    """An array put together of blocks: innermost lists are joined along the last axis, outer ones along those before.

    Derivative: the gradient is cut apart where the blocks were joined.

    Raises:
        ShapeError: for an empty list, lists of different depth, or blocks that do not fit.

    >>> a = tg.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> tg.block([[a, tg.zeros((2, 1))], [tg.zeros((1, 2)), 5.0]])
    tensor([[1., 2., 0.],
            [3., 4., 0.],
            [0., 0., 5.]])
    """
    depth, level = _depth(arrays), [arrays]
    for _ in range(depth):
        if not all(isinstance(part, list) and part for part in level):
            raise ShapeError(
                "block got nested lists that are empty or of different depths.",
                "Every array stands at the same depth, and no list is empty.",
                "Write [[a], [b]] for two rows of one block each.",
            )
        level = [inner for part in level for inner in part]
    if any(isinstance(part, tuple) for part in level):
        raise ShapeError("block got a tuple among its blocks.", "Blocks stand in lists.", "Write [a, b] for (a, b).")
    return _assembled(arrays, -depth, max(depth, _most_axes(arrays)))


functions.update(
    append=append, block=block, column_stack=column_stack, dstack=dstack, hstack=hstack, stack=stack, vstack=vstack
)
