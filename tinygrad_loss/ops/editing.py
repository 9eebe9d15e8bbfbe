"""Putting elements in, leaving them out, and writing over them: each gives a new array."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.registry import functions
from ..core.tensor import ArrayLike, Tensor
from ..errors import ArgumentError, DTypeError, IndexingError, ShapeError
from .gathering import take
from .indexing import index_set
from .joining import concatenate
from .places import settled
from .repeating import resize
from .rows import axes_of
from .selection import where
from .shaping import astype, broadcast_to, ravel, reshape

__all__ = ["delete", "insert", "place", "put", "putmask", "trim_zeros"]


def _numbers(obj: Any) -> Any:
    """What names elements in `insert` and `delete`: a slice as it is, anything else as its values."""
    if isinstance(obj, slice):
        return obj
    values = settled(obj, "insert and delete")
    return values if values.size else values.astype(int)  # an empty list has no dtype of its own


def _outside(name: str, obj: Any, length: int, error: Exception) -> IndexingError:
    """The error for numbers that are not on the axis."""
    return IndexingError(
        f"{name} got {obj!r} on an axis of length {length}: {str(error).rstrip('.')}.",
        f"Numbers run from 0, or from the end from -1 to -{length}; a mask has one value for each element.",
        "Look at x.shape.",
    )


def delete(arr: ArrayLike, obj: Any, axis: int | None = None) -> Tensor:
    """The array without some elements (or rows, along `axis`); what is left out gets no gradient.

    Args:
        arr: the array.
        obj: which to leave out: a number, several, a slice, or a mask.
        axis: the axis; None for the elements in one row.

    Raises:
        IndexError: for a number that is not on the axis.

    >>> tg.delete(tg.tensor([1.0, 2.0, 3.0]), 1)
    tensor([1., 3.])
    """
    x = ravel(arr) if axis is None else arr
    along = 0 if axis is None else axes_of(x, axis)[0]
    length = np.shape(x)[along]
    try:
        kept = np.delete(np.arange(length), _numbers(obj))
    except (IndexError, ValueError) as error:
        raise _outside("delete", obj, length, error) from None
    return take(x, kept, along)


def insert(arr: ArrayLike, obj: Any, values: ArrayLike, axis: int | None = None) -> Tensor:
    """The array with values put in before some elements (or rows, along `axis`).

    Each element's derivative is 1 at its new place, those of the old array and of the values alike.

    Args:
        arr: the array.
        obj: before which elements: a number, several, a slice, or a mask, all counted in the old array.
        values: what to put in; broadcast along the other axes, and to each place of several.
        axis: the axis; None for the elements in one row.

    Raises:
        IndexError: for a number that is not on the axis.
        ShapeError: for values that do not fit the other axes.

    >>> tg.insert(tg.tensor([1.0, 2.0, 3.0]), 1, 9.0)
    tensor([1., 9., 2., 3.])
    """
    x = ravel(arr) if axis is None else arr if isinstance(arr, Tensor) else np.asarray(arr)
    along = 0 if axis is None else axes_of(x, axis)[0]
    length, ndim = x.shape[along], x.ndim
    numbers = np.arange(length)[obj] if isinstance(obj, slice) else _numbers(obj)
    if numbers.dtype.kind == "b":
        numbers = np.flatnonzero(numbers)
    new: Any = values if isinstance(values, Tensor) else np.asarray(values)
    new = reshape(new, (1,) * (ndim - new.ndim) + new.shape) if new.ndim < ndim else new
    if numbers.ndim == 0:
        new = np.moveaxis(new, 0, along)
    count = new.shape[along] if numbers.size == 1 else numbers.size
    try:
        where_to = numbers.ravel()[0] if numbers.size == 1 else numbers.astype(int)
        order = np.insert(np.arange(length), where_to, length + np.arange(count))
        new = broadcast_to(new, (*x.shape[:along], count, *x.shape[along + 1 :]))
    except IndexError as error:
        raise _outside("insert", obj, length, error) from None
    return take(concatenate([x, astype(new, x.dtype, copy=False)], along), order, along)


def trim_zeros(filt: ArrayLike, trim: str = "fb", axis: Any = None) -> Tensor:
    """The array without the zeros at its front ("f"), its back ("b"), or both, along some or all axes.

    What is cut off depends on the values, so a compiled program cannot hold it.

    >>> tg.trim_zeros(tg.tensor([0.0, 1.0, 0.0, 2.0, 0.0]))
    tensor([1., 0., 2.])
    """
    sides = trim.lower()
    if sides not in ("f", "b", "fb", "bf"):
        raise ArgumentError(f"trim_zeros got trim={trim!r}.", "It is 'f', 'b' or 'fb'.", "Leave it out for both ends.")
    x = filt if isinstance(filt, Tensor) else np.asarray(filt)
    there = np.argwhere(settled(x, "trim_zeros"))
    kept = [slice(None)] * x.ndim
    for own in axes_of(x, axis):
        if not len(there):
            kept[own] = slice(0)
            continue
        first, last = there[:, own].min(), there[:, own].max() + 1
        kept[own] = slice(int(first) if "f" in sides else 0, int(last) if "b" in sides else x.shape[own])
    return x[tuple(kept)]


def put(a: ArrayLike, ind: ArrayLike, v: ArrayLike, mode: str = "raise") -> Tensor:
    """A copy of the array with values at these numbers, counted through the whole of it.

    NumPy's own np.put(t, ...) writes into its argument: on a Tensor it assigns, as t[i] = v does.

    Args:
        a: the array.
        ind: the numbers.
        v: the values, from the start again where there are fewer.
        mode: of a number out of range: "raise" an error, "wrap" it around, "clip" it to the ends.

    >>> tg.put(tg.tensor([[1.0, 2.0], [3.0, 4.0]]), [0, 3], [9.0, 8.0])
    tensor([[9., 2.],
            [3., 8.]])
    """
    size = int(np.size(a))
    if mode not in ("raise", "wrap", "clip"):
        raise ArgumentError(f"put got mode={mode!r}.", "It is 'raise', 'wrap' or 'clip'.", "Leave it out for an error.")
    numbers: Any = ravel(ind)
    if mode == "wrap":
        numbers = np.mod(numbers, max(size, 1))
    elif mode == "clip":
        numbers = np.clip(numbers, 0, max(size - 1, 0))
    if not np.size(v) or not np.size(numbers):
        return a
    return reshape(index_set(ravel(a), numbers, resize(v, np.size(numbers))), np.shape(a))


def putmask(a: ArrayLike, mask: ArrayLike, values: ArrayLike) -> Tensor:
    """A copy of the array with values where the mask holds, each at its own number, from the start again.

    NumPy's own np.putmask(t, ...) writes into its argument: on a Tensor it assigns, as t[mask] = v does.

    >>> tg.putmask(tg.tensor([1.0, 2.0, 3.0]), [True, False, True], [9.0, 8.0, 7.0])
    tensor([9., 2., 7.])
    """
    if np.shape(mask) != np.shape(a):
        raise ShapeError(
            f"putmask got a mask of shape {np.shape(mask)} for shape {np.shape(a)}.",
            "They must be the same.",
            "Use tg.where, which broadcasts.",
        )
    return where(mask, resize(values, np.shape(a)), a)


def place(arr: ArrayLike, mask: ArrayLike, vals: ArrayLike) -> Tensor:
    """A copy of the array with values where the mask holds, one after the other, from the start again.

    NumPy's own np.place(t, ...) writes into its argument: on a Tensor it assigns, as t[mask] = v does.

    >>> tg.place(tg.tensor([1.0, 2.0, 3.0]), [True, False, True], [9.0, 8.0])
    tensor([9., 2., 8.])
    """
    numbers = np.flatnonzero(settled(mask, "place"))
    if numbers.size and not np.size(vals):
        raise ArgumentError("place got no values.", "It needs at least one, to repeat.", "Give the values to put in.")
    return put(arr, numbers, vals)


# NumPy's functions that write into their first argument: on Tensors they assign, which rebinds it


def _put_in_place(a: Tensor, ind: ArrayLike, v: ArrayLike, mode: str = "raise") -> None:
    """NumPy's np.put on a Tensor: the assignment.

    >>> t = tg.tensor([1.0, 2.0])
    >>> np.put(t, [0], 9.0)
    >>> t
    tensor([9., 2.])
    """
    a[...] = put(a, ind, v, mode)


def _putmask_in_place(a: Tensor, mask: ArrayLike, values: ArrayLike) -> None:
    """NumPy's np.putmask on a Tensor: the assignment.

    >>> t = tg.tensor([1.0, 2.0])
    >>> np.putmask(t, t > 1.5, 9.0)
    >>> t
    tensor([1., 9.])
    """
    a[...] = putmask(a, mask, values)


def _place_in_place(arr: Tensor, mask: ArrayLike, vals: ArrayLike) -> None:
    """NumPy's np.place on a Tensor: the assignment.

    >>> t = tg.tensor([1.0, 2.0])
    >>> np.place(t, t > 1.5, 9.0)
    >>> t
    tensor([1., 9.])
    """
    arr[...] = place(arr, mask, vals)


def _copy_to(dst: Any, src: ArrayLike, casting: Any = "same_kind", where: ArrayLike = True) -> None:
    """NumPy's np.copyto with a Tensor: the assignment, of all elements or of those where a mask holds.

    >>> t = tg.tensor([1.0, 2.0])
    >>> np.copyto(t, tg.tensor([7.0, 8.0]), where=[True, False])
    >>> t
    tensor([7., 2.])
    """
    if not np.can_cast(src.dtype if hasattr(src, "dtype") else np.asarray(src).dtype, dst.dtype, casting):
        raise DTypeError(
            f"copyto cannot put {getattr(src, 'dtype', type(src).__name__)} into {dst.dtype} with casting={casting!r}.",
            "The values must be of a kind that the array can hold.",
            "Use .astype first, or casting='unsafe'.",
        )
    new = functions["where"](where, src, dst)
    dst[...] = new if isinstance(dst, Tensor) else np.asarray(new)


for _function, _name in (
    (_put_in_place, "put"),
    (_putmask_in_place, "putmask"),
    (_place_in_place, "place"),
    (_copy_to, "copyto"),
):
    _function.__name__ = _name
    functions[_name] = _function
functions.update(delete=delete, insert=insert, trim_zeros=trim_zeros)
