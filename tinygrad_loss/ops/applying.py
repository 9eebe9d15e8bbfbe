"""Applying functions of the user's own to parts of an array, one part after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.registry import functions
from ..core.tensor import ArrayLike, Tensor
from ..errors import ArgumentError, ShapeError
from .axes import moveaxis
from .indexing import index_set
from .joining import stack
from .places import like
from .rows import axes_of
from .shaping import astype, broadcast_to, expand_dims, reshape
from .splitting import unstack

__all__ = ["apply_along_axis", "apply_over_axes", "piecewise"]


def apply_along_axis(func1d: Callable[..., Any], axis: int, arr: ArrayLike, *args: Any, **kwargs: Any) -> Tensor:
    """The results of a function of sequences, called with each sequence along an axis, put in its place.

    The function is called once for every sequence, in Python: where it can take a whole array and an axis
    (`tg.sum(x, axis)`), that is much faster. The derivatives are those of the calls.

    Shapes: the axis is replaced by those of the function's result.

    Raises:
        ShapeError: for an array without a single sequence.

    >>> tg.apply_along_axis(lambda row: row[-1] - row[0], 1, tg.tensor([[1.0, 4.0], [2.0, 3.0]]))
    tensor([3., 1.])
    """
    own = axes_of(arr, axis)[0]
    rows = moveaxis(arr, own, -1)
    outer = np.shape(rows)[:-1]
    if 0 in outer:
        raise ShapeError(
            f"apply_along_axis got shape {np.shape(arr)}.",
            "There is no sequence along that axis to call the function with.",
            "Look for an empty selection.",
        )
    calls = unstack(reshape(rows, (-1, np.shape(rows)[-1])) if np.size(rows) else rows, axis=0)
    found = stack([func1d(row, *args, **kwargs) for row in calls])
    inner = np.shape(found)[1:]
    placed = reshape(found, outer + inner)
    return moveaxis(placed, tuple(range(len(outer), len(outer) + len(inner))), tuple(range(own, own + len(inner))))


def apply_over_axes(func: Callable[..., Any], a: ArrayLike, axes: int | Sequence[int]) -> Tensor:
    """The result of `func(x, axis)` for one axis after the other; an axis that is gone is put back with length 1.

    >>> tg.apply_over_axes(tg.sum, tg.tensor([[1.0, 2.0], [3.0, 4.0]]), (0, 1))
    tensor([[10.]])
    """
    result = a
    for axis in axes_of(a, tuple(np.atleast_1d(axes).tolist())):
        found = func(result, axis)
        if np.ndim(found) == np.ndim(result) - 1:
            found = expand_dims(found, axis)
        if np.ndim(found) != np.ndim(result):
            raise ShapeError(
                f"apply_over_axes got shape {np.shape(found)} from the function for shape {np.shape(result)}.",
                "The function takes an axis away, or keeps all.",
                "Give it a reduction such as tg.sum.",
            )
        result = found
    return result


def _chosen(condlist: Any, shape: tuple[int, ...]) -> list[Any]:
    """The conditions as masks of the whole array; a single one may stand without its list."""
    single = np.ndim(condlist) == 0 or (np.ndim(condlist[0]) == 0 and len(shape) > 0)
    given = [condlist] if single else list(condlist)
    return [np.asarray(functions["as_discrete"](broadcast_to(mask, shape), dtype=np.dtype(bool))) for mask in given]


def piecewise(x: ArrayLike, condlist: Sequence[ArrayLike], funclist: Sequence[Any], *args: Any, **kw: Any) -> Tensor:
    """A function given piece by piece: where a condition holds, the value of its function, or its number.

    Each function sees only the elements of its own piece, so a piece may be undefined outside of it. Where
    several conditions hold, the last counts; where none does, the value is 0, or that of one more function.

    Args:
        x: the array.
        condlist: the conditions, each of the shape of x.
        funclist: for each condition a function or a number, and possibly one more for the rest.
        args: more arguments of the functions.
        kw: more named arguments of the functions.

    Raises:
        ArgumentError: when there are not as many functions as conditions, or one more.

    >>> x = tg.tensor([-4.0, 4.0])
    >>> tg.piecewise(x, [x < 0, x >= 0], [0.0, tg.sqrt])
    tensor([0., 2.])
    """
    x = x if isinstance(x, Tensor) else np.asarray(x)
    masks = _chosen(condlist, x.shape)
    if len(funclist) == len(masks) + 1:
        masks.append(~np.any(masks, axis=0))
    elif len(funclist) != len(masks):
        raise ArgumentError(
            f"piecewise got {len(masks)} conditions and {len(funclist)} functions.",
            "It needs a function for each condition, and possibly one more for the rest.",
            "Check the two lists.",
        )
    y = like(x, np.zeros(x.shape, x.dtype))
    for mask, piece in zip(masks, funclist, strict=True):
        if not callable(piece):
            y = index_set(y, mask, piece)
        elif mask.any():
            y = index_set(y, mask, astype(piece(x[mask], *args, **kw), x.dtype))
    return y


functions.update(apply_along_axis=apply_along_axis, apply_over_axes=apply_over_axes, piecewise=piecewise)
