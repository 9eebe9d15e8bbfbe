"""Indexing: taking elements, and its adjoint, adding into places.

An index expression is recorded as a template with slots: what is fixed (integers, slices) is an
attribute, every array in it an input, so that a recorded program can be run with other indices.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np

from ..core.backward import Parts
from ..core.primitive import constant, linear
from ..core.tensor import ArrayLike, Tensor
from ..errors import DTypeError, IndexingError, ShapeError
from .accumulating import accumulate
from .plainly import plainly
from .samples import arrays
from .shaping import broadcast_to, reshape, sum_to

__all__ = ["getitem", "index_set", "scatter_add"]


class Slot(int):
    """The place of the n-th index array in a template."""

    def __repr__(self) -> str:
        return f"<array {int(self)}>"


def template_of(index: Any) -> tuple[tuple[Any, ...], list[Any]]:
    """Split an index expression into its template and the arrays in it."""
    parts = index if type(index) is tuple else (index,)
    template: list[Any] = []
    slots: list[Any] = []
    for part in parts:
        if part is None or part is Ellipsis or type(part) is int:
            template.append(part)
        elif type(part) is slice:
            ends = (part.start, part.stop, part.step)
            template.append(slice(*(None if end is None else end.__index__() for end in ends)))
        elif isinstance(part, np.integer):
            template.append(int(part))
        else:
            template.append(Slot(len(slots)))
            slots.append(_index_array(part))
    return tuple(template), slots


def _index_array(part: Any) -> Any:
    """An array, list or Tensor in an index expression, checked to be of integers or booleans."""
    value = part if isinstance(part, (Tensor, np.ndarray)) else np.asarray(part)
    if not value.size and value.dtype.kind == "f":
        return np.asarray(value, int)  # an empty list
    if value.dtype.kind not in "biu":
        raise DTypeError(
            f"Cannot index with {type(part).__name__} of {value.dtype}.",
            "An index is an integer, a slice, None, ..., or an array of integers or booleans.",
            "Use .astype(int) for whole numbers kept as floats.",
        )
    return value


def filled(template: tuple[Any, ...], slots: tuple[Any, ...]) -> Any:
    """The index expression again."""
    if len(template) == 1 and type(template[0]) is Slot:
        return tuple(slots)
    return tuple(slots[part] if type(part) is Slot else part for part in template)


def _axes_taken(part: Any) -> int:
    """How many axes of the array one part of an index expression speaks of."""
    if part is None or part is Ellipsis:
        return 0
    return np.ndim(part) if np.asarray(part).dtype.kind == "b" else 1


def explain_index(x: Any, *slots: Any, template: tuple[Any, ...]) -> Exception | None:
    """The error for an index that does not fit the shape of x."""
    shape, axis, parts = np.shape(x), 0, filled(template, slots)
    taken = sum(_axes_taken(part) for part in parts)
    if taken > len(shape):
        what = f"Too many indices: {taken} for an array of shape {shape}."
        return IndexingError(what, f"It has {len(shape)} axes.", "Look at x.shape; ... stands for all axes not named.")
    for part in parts:
        if part is Ellipsis:
            axis += len(shape) - taken
        elif part is not None and type(part) is not slice:
            wrong = _misfit(np.asarray(part), shape, axis)
            if wrong is not None:
                return wrong
        if part is not Ellipsis:
            axis += _axes_taken(part)
    shapes = " and ".join(str(np.shape(part)) for part in parts if isinstance(part, np.ndarray))
    return IndexingError(
        f"The index arrays of shapes {shapes} cannot be used together.",
        "Several index arrays are broadcast to one shape.",
        "Use tg.ix_(rows, columns) for every combination of rows and columns.",
    )


def _misfit(part: Any, shape: tuple[int, ...], axis: int) -> Exception | None:
    """The error for one integer, or one index array, that does not fit the axis it speaks of."""
    if part.dtype.kind == "b":
        own = shape[axis : axis + part.ndim]
        if part.shape == own:
            return None
        what = f"A mask of shape {part.shape} does not fit an array of shape {shape}."
        return IndexingError(
            what, f"It needs the shape of what it selects from, {own}.", "Make the mask from the array."
        )
    length = shape[axis]
    outside = part[(part < -length) | (part >= length)]
    if not outside.size:
        return None
    needs = f"It counts from 0 to {length - 1}, or from the end from -1 to -{length}." if length else "It is empty."
    what = f"Index {outside.flat[0]} is out of range for axis {axis} of shape {shape}."
    return IndexingError(what, needs, "Check how the index was computed: the last element is x[-1].")


@linear(
    lambda g, y, x, *slots, index, template: (
        None if index else plainly(_scatter_add, g, *slots, shape=np.shape(x), template=template)
    ),
    name="getitem",
    formula="y = x[index]",
    derivative="∂y/∂x = 1 at the elements taken",
    views=True,
    explain=explain_index,
    samples=lambda: [
        [*arrays((3, 4)), {"template": (1,)}],
        [*arrays((3, 4)), {"template": (slice(None), slice(1, None, 2))}],
        [*arrays((3, 4)), {"template": (slice(None, None, -2), -1)}],
        [*arrays((3, 4)), {"template": (slice(3, 3),)}],
        [*arrays((3, 4)), {"template": (..., 0)}],
        [*arrays((3,)), {"template": (1,)}],
        [*arrays(()), {"template": (None, ...)}],
        [*arrays((3, 4)), np.array([0, 2, 0]), {"template": (Slot(0),)}],
        [*arrays((3,)), np.array([True, False, True]), {"template": (Slot(0),)}],
        [*arrays((2, 3)), np.array([[True, False, True], [False, False, True]]), {"template": (Slot(0),)}],
        [*arrays((3, 4)), np.array([0, 2]), np.array([1, 1]), {"template": (Slot(0), Slot(1))}],
        [*arrays((3, 4)), np.array([[0], [2]]), np.array([1, -1]), {"template": (Slot(0), Slot(1))}],
        [*arrays((3, 4)), np.array([0, 2]), {"template": (None, Slot(0), Ellipsis, 1)}],
        [*arrays((2, 3, 4)), np.array([0, 0]), np.array([3, 1]), {"template": (Slot(0), slice(1, None), Slot(1))}],
        [*arrays((3, 4)), np.array([], int), {"template": (Slot(0),)}],
    ],
)
def _getitem(x: ArrayLike, *slots: ArrayLike, template: tuple[Any, ...]) -> Any:
    return x[filled(template, slots)]


@_getitem.op.front
def getitem(x: ArrayLike, index: Any) -> Tensor:
    """x[index]: any NumPy index. Its adjoint is `scatter_add`, where repeated indices add up.

    Raises:
        IndexError: for an index out of range, too many of them, or a mask of another shape.

    >>> x = tg.tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> x[[0, 0, 2]].sum().backward()
    >>> x.grad
    tensor([2., 0., 1.])
    """
    if type(index) is int:
        return _getitem(x, template=(index,))
    template, slots = template_of(index)
    return _getitem(x, *slots, template=template)


def _may_repeat(slots: tuple[Any, ...]) -> bool:
    """Whether an index can name an element twice: integers in arrays can, a single one, masks and slices cannot."""
    return bool(slots) and any(not isinstance(slot, int) and slot.dtype.kind != "b" for slot in slots)


def _scattered(x: Any, slots: tuple[Any, ...], shape: tuple[int, ...], template: tuple[Any, ...]) -> Any:
    """Zeros of `shape` with x added at the index."""
    out = np.zeros(shape, x.dtype)
    if not _may_repeat(slots):
        out[filled(template, slots)] = x
    else:
        accumulate(np.add, out, filled(template, slots), x)
    return out[()]


@linear(
    lambda g, y, x, *slots, index, shape, template: taken_at(g, *slots, template=template),
    name="scatter_add",
    formula="y = 0 everywhere, then y[index] += x",
    derivative="∂y/∂x = 1 at the element it was added to",
    explain=lambda x, *slots, shape, template: explain_index(np.empty(shape), *slots, template=template),
    samples=lambda: [
        [*arrays((4,)), {"shape": (3, 4), "template": (1,)}],
        [*arrays((3, 4)), np.array([0, 2, 0]), {"shape": (3, 4), "template": (Slot(0),)}],
        [*arrays((2,)), np.array([True, False, True]), {"shape": (3,), "template": (Slot(0),)}],
        [*arrays((3, 2)), np.array([1, 1]), {"shape": (3, 4), "template": (slice(None), Slot(0))}],
        [*arrays(()), {"shape": (3,), "template": (-1,)}],
    ],
)
def _scatter_add(x: ArrayLike, *slots: ArrayLike, shape: tuple[int, ...], template: tuple[Any, ...]) -> Any:
    return _scattered(np.asarray(x), slots, shape, template)


# For rules: what the user's calls do once their arguments are sorted.
scatter_to, taken_at = partial(plainly, _scatter_add), partial(plainly, _getitem)


@_scatter_add.op.front
def scatter_add(x: ArrayLike, index: Any, shape: tuple[int, ...]) -> Tensor:
    """Zeros of `shape` with x added at `index`; repeated indices add up. The adjoint of indexing.

    >>> tg.scatter_add(tg.tensor([1.0, 2.0, 3.0]), [0, 0, 2], (4,))
    tensor([3., 0., 3., 0.])
    """
    template, slots = template_of(index)
    return _scatter_add(fitted(x, shape, template, slots), *slots, shape=tuple(shape), template=template)


def fitted(x: ArrayLike, shape: tuple[int, ...], template: tuple[Any, ...], slots: list[Any]) -> Any:
    """The values x, repeated to the shape that the index selects from an array of `shape`."""
    own, selected = np.shape(x), _selected_shape(shape, template, slots)
    if own == selected:
        return x
    lead = len(own) - len(selected)
    if lead > 0 and own[:lead] == (1,) * lead:  # assignment lets a value have more axes of length 1
        x = reshape(x, own[lead:])
    return broadcast_to(x, selected)


def _selected_shape(shape: tuple[int, ...], template: tuple[Any, ...], slots: list[Any]) -> tuple[int, ...]:
    """The shape of what an index selects from an array of `shape`."""
    if len(slots) == len(template) == 1 and shape and slots[0].dtype.kind != "b":
        return (*slots[0].shape, *shape[1:])  # rows by number: nothing has to be looked up
    values = (getattr(slot, "_value", slot) for slot in slots)
    return _getitem(np.broadcast_to(False, shape), *values, template=template).shape  # type: ignore[no-any-return]


@linear(
    lambda g, y, x, v, *slots, index, template: _set_adjoint(g, v, slots, index, template) if index < 2 else None,
    name="index_set",
    formula="y = x, but y[index] = v",
    derivative="∂y/∂x = 1 outside the index, ∂y/∂v = 1 inside",
    kink="of several values for one element the last is kept, and gets the gradient",
    explain=lambda x, v, *slots, template: _explain_set(x, v, slots, template),
    samples=lambda: [
        [*arrays((3, 4), (4,)), {"template": (1,)}],
        [*arrays((3, 4), (1, 4)), {"template": (1,)}],
        [*arrays((3, 4), ()), {"template": (slice(None), 2)}],
        [*arrays((3, 4), (2, 4)), np.array([2, 0]), {"template": (Slot(0),)}],
        [*arrays((3, 4), (4,)), np.array([2, 0, 2]), {"template": (Slot(0),)}],
        [*arrays((4,), (3,)), np.array([2, 0, 2]), {"template": (Slot(0),)}],
        [*arrays((3,), (2,)), np.array([True, False, True]), {"template": (Slot(0),)}],
    ],
)
def _index_set(x: ArrayLike, v: ArrayLike, *slots: ArrayLike, template: tuple[Any, ...]) -> Any:
    return _assigned(np.array(x), v, filled(template, slots))


def _assigned(out: Any, v: Any, index: Any) -> Any:
    """`out`, which nobody else holds, after the assignment."""
    out[index] = v
    return out[()]


@_index_set.op.front
def index_set(x: ArrayLike, index: Any, value: ArrayLike) -> Tensor:
    """A copy of x with `value` at `index`: what the assignment x[index] = value binds x to.

    Where the index names an element several times, the last value is kept.

    Raises:
        IndexError: for an index that does not fit x.
        ShapeError: for a value that does not fit the elements selected.
        DTypeError: for a value with a gradient assigned into integers, which would cut its fraction off.

    >>> tg.index_set(tg.tensor([1.0, 2.0, 3.0]), 1, 9.0)
    tensor([1., 9., 3.])
    """
    dtype = getattr(x, "dtype", None)
    if dtype is not None and dtype.kind != "f" and isinstance(value, Tensor) and value.requires_grad:
        raise DTypeError(
            f"x[index] = v cannot put a value with a gradient into an array of {dtype}.",
            "The array must be of floats: integers would cut the value and lose its gradient.",
            "Make the array with dtype=float.",
        )
    template, slots = template_of(index)
    return _index_set(x, value, *slots, template=template)


def _explain_set(x: Any, v: Any, slots: tuple[Any, ...], template: tuple[Any, ...]) -> Exception | None:
    """The error for an assignment: of an index that does not fit, or of a value that does not."""
    try:
        selected = np.asarray(x)[filled(template, slots)]
    except IndexError:
        return explain_index(x, *slots, template=template)
    return ShapeError(
        f"x[index] = v cannot put a value of shape {np.shape(v)} where x[index] has shape {selected.shape}.",
        "Counted from the last axis, lengths must be equal, or the value's 1.",
        "Use reshape or v[:, None] to say which axes belong together.",
    )


def _set_adjoint(g: Any, v: Any, slots: tuple[Any, ...], index: int, template: tuple[Any, ...]) -> Any:
    """The gradient of x (index 0): what was not overwritten; of v: what was written and kept."""
    if index == 0:
        return plainly(_index_set, g, 0.0, *slots, template=template)
    taken = taken_at(g, *slots, template=template)
    if _may_repeat(slots):
        taken = np.where(plainly(_last_writes, *slots, shape=np.shape(g), template=template), taken, 0)
    lead = len(np.shape(v)) - len(np.shape(taken))
    if lead > 0:
        return reshape(sum_to(taken, shape=np.shape(v)[lead:]), np.shape(v))
    return taken if np.shape(taken) == np.shape(v) else sum_to(taken, shape=np.shape(v))


def _by_hand(*slots: Any, shape: tuple[int, ...], template: tuple[Any, ...]) -> Any:
    """What `last_writes` says, element by element."""
    places = np.arange(math.prod(shape)).reshape(shape)[filled(template, slots)]
    last = {place: number for number, place in enumerate(places.ravel().tolist())}
    kept = [last[place] == number for number, place in enumerate(places.ravel().tolist())]
    return np.array(kept, bool).reshape(places.shape)


@constant(
    name="last_writes",
    formula="y = which of the values assigned at the index are still there afterwards",
    reference=_by_hand,
    samples=lambda: [
        [np.array([2, 0, 2]), {"shape": (3, 4), "template": (Slot(0),)}],
        [np.array([1, -1, 1]), {"shape": (2,), "template": (Slot(0),)}],
    ],
)
def _last_writes(*slots: ArrayLike, shape: tuple[int, ...], template: tuple[Any, ...]) -> Any:
    """Of several values assigned to one element the last stays: True for those that did.

    >>> from tinygrad_loss.core.registry import functions
    >>> from tinygrad_loss.ops.indexing import Slot
    >>> functions["last_writes"](np.array([0, 0]), shape=(2,), template=(Slot(0),))
    array([False,  True])
    """
    index = filled(template, slots)
    if all(type(part) is Slot for part in template) and all(slot.dtype.kind != "b" for slot in slots):
        rest = shape[len(template) :]  # rows are written as wholes
        found = _still_there(np.zeros(shape[: len(template)], int), index)
        return np.broadcast_to(found.reshape(*found.shape, *(1 for _ in rest)), (*found.shape, *rest))
    return _still_there(np.zeros(shape, int), index)


def _still_there(writer: Any, index: Any) -> Any:
    """Where `writer`, that nobody else holds, still has the number of the value assigned to it."""
    numbers = _numbers_at(writer, index)
    return _assigned(writer, numbers, index)[index] == numbers


def _numbers_at(writer: Any, index: Any) -> Any:
    """The assigned values' numbers, in the order of the assignment."""
    return np.arange(writer[index].size).reshape(writer[index].shape)


@linear(
    lambda g, y, x, index: Parts({index: g}),
    formula="y = the result number `index` of an op with several",
    derivative="∂y/∂x = 1",
)
def item(x: ArrayLike, index: int) -> Any:
    """One of the several results of an op (qr, svd, ...): made by the engine, not called by hand."""
    return x[index]
