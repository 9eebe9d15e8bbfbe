"""Turning arrays over and around: the same elements at other places of the same axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.primitive import linear
from ..core.registry import functions
from ..core.tensor import ArrayLike, Tensor
from ..errors import ArgumentError, AxisError, ShapeError
from .axes import explain_axes, swapaxes
from .rows import axes_of
from .samples import arrays
from .shaping import ravel, reshape

__all__ = ["flip", "fliplr", "flipud", "roll", "rot90"]


@linear(
    lambda g, y, x, axis: flip(g, axis),
    formula="yᵢ = xₙ₋₁₋ᵢ along the axes turned over",
    derivative="∂yᵢ/∂xₙ₋₁₋ᵢ = 1",
    views=True,
    explain=lambda x, axis: explain_axes(x, axis=axis),
    samples=lambda: [
        [*arrays((2, 3)), None],
        [*arrays((2, 3)), -1],
        [*arrays((2, 3, 2)), (0, -1)],
        [*arrays((0, 3)), 0],
        [*arrays(()), None],
    ],
)
def flip(m: ArrayLike, axis: int | tuple[int, ...] | None = None) -> Tensor:
    """The array turned over along an axis, several, or all of them (None): the last element comes first.

    It is its own adjoint: the gradient is turned over in the same way.

    >>> tg.flip(tg.tensor([1.0, 2.0, 3.0]))
    tensor([3., 2., 1.])
    """
    return np.flip(m, axis)


def _axes_needed(m: ArrayLike, name: str, least: int) -> ArrayLike:
    """The array, if it has enough axes."""
    if np.ndim(m) < least:
        raise ShapeError(
            f"{name} got shape {np.shape(m)}.",
            f"It needs at least {least} axes." if least > 1 else "It needs at least one axis.",
            "Use tg.flip, which turns over any axes.",
        )
    return m


def fliplr(m: ArrayLike) -> Tensor:
    """The array with its columns in the opposite order.

    Derivative: the gradient is put in the opposite order again.

    >>> tg.fliplr(tg.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor([[2., 1.],
            [4., 3.]])
    """
    return flip(_axes_needed(m, "fliplr", 2), 1)


def flipud(m: ArrayLike) -> Tensor:
    """The array with its rows in the opposite order.

    Derivative: the gradient is put in the opposite order again.

    >>> tg.flipud(tg.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor([[3., 4.],
            [1., 2.]])
    """
    return flip(_axes_needed(m, "flipud", 1), 0)


@linear(
    lambda g, y, x, shift, axis: _roll(g, shift=tuple(-steps for steps in shift), axis=axis),
    formula="yᵢ = xᵢ₋ₛ, around the end",
    derivative="∂yᵢ/∂xᵢ₋ₛ = 1",
    samples=lambda: [
        [*arrays((5,)), (2,), (0,)],
        [*arrays((2, 3)), (-4,), (1,)],
        [*arrays((2, 3)), (1, 1), (0, 1)],
        [*arrays((2, 3)), (1, 1), (1, 1)],
        [*arrays((0, 3)), (1,), (0,)],
    ],
)
def _roll(x: ArrayLike, shift: tuple[int, ...], axis: tuple[int, ...]) -> Any:
    for steps, along in zip(shift, axis, strict=True):
        cut = x.shape[along] - steps % max(x.shape[along], 1)
        before = (slice(None),) * (along % x.ndim)
        x = np.concatenate([x[(*before, slice(cut, None))], x[(*before, slice(cut))]], axis=along)
    return x


@_roll.op.front
def roll(a: ArrayLike, shift: int | Sequence[int], axis: int | Sequence[int] | None = None) -> Tensor:
    """The array moved on by `shift` places along an axis; what leaves at the end comes in at the start.

    The adjoint moves the gradient back. Without an axis the elements move on in one row. Several shifts
    and axes belong together in pairs; one of either serves for all.

    >>> tg.roll(tg.tensor([1.0, 2.0, 3.0]), 1)
    tensor([3., 1., 2.])
    """
    if axis is None:
        return reshape(_roll(ravel(a), shift=(int(np.sum(shift)),), axis=(0,)), np.shape(a))
    if isinstance(shift, int) and isinstance(axis, int):
        return _roll(a, shift=(shift,), axis=axes_of(a, axis))
    shifts, along = np.atleast_1d(shift), np.atleast_1d(axis)
    if shifts.ndim > 1 or along.ndim > 1 or (len(shifts) != len(along) and 1 not in (len(shifts), len(along))):
        raise ArgumentError(
            f"roll got shift={shift} and axis={axis}.",
            "Several shifts need as many axes.",
            "Give one shift for each axis, or one for all.",
        )
    count = max(len(shifts), len(along))
    axes = tuple(axes_of(a, int(each))[0] for each in np.broadcast_to(along, count))
    return _roll(a, shift=tuple(np.broadcast_to(shifts, count).tolist()), axis=axes)


def rot90(m: ArrayLike, k: int = 1, axes: Sequence[int] = (0, 1)) -> Tensor:
    """The array turned by k right angles in the plane of two axes, from the first towards the second.

    Derivative: the gradient is turned back.

    Raises:
        AxisError: when `axes` are not two different axes.

    >>> tg.rot90(tg.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor([[2., 4.],
            [1., 3.]])
    """
    plane = axes_of(m, axes[0]) + axes_of(m, axes[1]) if len(axes) == 2 else ()
    if len(set(plane)) != 2:
        raise AxisError(
            f"rot90 got axes={tuple(axes)} for shape {np.shape(m)}.",
            "A plane is spanned by two different axes.",
            "Say axes=(0, 1) for the first two.",
        )
    first, second = plane
    if k % 4 == 0:
        return flip(m, ())
    if k % 4 == 2:
        return flip(m, plane)
    if k % 4 == 1:
        return swapaxes(flip(m, second), first, second)
    return flip(swapaxes(m, first, second), second)


functions["fliplr"], functions["flipud"], functions["rot90"] = fliplr, flipud, rot90
