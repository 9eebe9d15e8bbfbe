"""`x.at[index].add(v)`: changing part of an array without writing into it, in JAX's words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.primitive import linear, primitive
from ..core.registry import functions
from ..core.tensor import ArrayLike, Tensor
from ..errors import DTypeError
from .accumulating import accumulate
from .elementwise import divide, multiply, negative
from .gathering import take
from .indexing import Slot, explain_index, filled, fitted, getitem, index_set, scatter_to, taken_at, template_of
from .masks import kept
from .places import settled
from .powers import power
from .samples import arrays
from .shaping import astype, ravel, reshape

__all__ = ["at"]


def _explain(x: Any, v: Any, *slots: Any, template: tuple[Any, ...]) -> Exception | None:
    """The error for an index that does not fit x."""
    return explain_index(x, *slots, template=template)


SAMPLES: list[Any] = [
    [*arrays((3, 4), (4,)), {"template": (1,)}],
    [*arrays((3, 4), (3, 2)), {"template": (slice(None), slice(0, 4, 2))}],
    [*arrays((3, 4), (3, 4)), np.array([2, 0, 2]), {"template": (Slot(0),)}],
    [*arrays((4,), (5,)), np.array([2, 0, 2, 2, -1]), {"template": (Slot(0),)}],
    [*arrays((3,), (2,)), np.array([True, False, True]), {"template": (Slot(0),)}],
    [*arrays((3, 4), (2,)), np.array([0, 2]), np.array([1, 1]), {"template": (Slot(0), Slot(1))}],
]


@linear(
    lambda g, y, x, v, *slots, index, template: (
        g if index == 0 else taken_at(g, *slots, template=template) if index == 1 else None
    ),
    formula="y = x, then y[index] += v",
    derivative="∂y/∂x = 1, ∂y/∂v = 1 at the element it was added to",
    explain=_explain,
    samples=lambda: SAMPLES,
)
def _index_add(x: ArrayLike, v: ArrayLike, *slots: ArrayLike, template: tuple[Any, ...]) -> Any:
    """Adding at an index, for `x.at[index].add(v)`.

    >>> tg.at(tg.tensor([1.0, 2.0]))[0].add(5.0)
    tensor([6., 2.])
    """
    return accumulate(np.add, np.array(x, order="C"), filled(template, slots), v)


def _share(g: Any, y: Any, x: Any, v: Any, slots: tuple[Any, ...], index: int, template: tuple[Any, ...]) -> Any:
    """The gradient of the extreme: in equal parts to all that are equal to it, element (index 0) and values."""
    if index > 1:
        return None
    stayed, attained = x == y, v == taken_at(y, *slots, template=template)
    count = stayed + scatter_to(attained.astype(g.dtype), *slots, shape=np.shape(x), template=template)
    part = np.divide(g, np.maximum(count, 1))
    return kept(stayed, part) if index == 0 else kept(attained, taken_at(part, *slots, template=template))


@primitive(
    lambda g, y, x, v, *slots, index, template: _share(g, y, x, v, slots, index, template),
    formula="y = x, then y[index] = max(y[index], v)",
    derivative="∂y/∂x = 1 where x stayed, ∂y/∂v = 1 where v took its place",
    kink="what is equally large shares the gradient evenly",
    explain=_explain,
    samples=lambda: SAMPLES,
)
def _index_max(x: ArrayLike, v: ArrayLike, *slots: ArrayLike, template: tuple[Any, ...]) -> Any:
    """The larger of element and value, for `x.at[index].max(v)`.

    >>> tg.at(tg.tensor([1.0, 2.0]))[:].max(1.5)
    tensor([1.5, 2. ])
    """
    return accumulate(np.maximum, np.array(x, order="C"), filled(template, slots), v)


@primitive(
    lambda g, y, x, v, *slots, index, template: _share(g, y, x, v, slots, index, template),
    formula="y = x, then y[index] = min(y[index], v)",
    derivative="∂y/∂x = 1 where x stayed, ∂y/∂v = 1 where v took its place",
    kink="what is equally small shares the gradient evenly",
    explain=_explain,
    samples=lambda: SAMPLES,
)
def _index_min(x: ArrayLike, v: ArrayLike, *slots: ArrayLike, template: tuple[Any, ...]) -> Any:
    """The smaller of element and value, for `x.at[index].min(v)`.

    >>> tg.at(tg.tensor([1.0, 2.0]))[:].min(1.5)
    tensor([1. , 1.5])
    """
    return accumulate(np.minimum, np.array(x, order="C"), filled(template, slots), v)


def _merged(v: Any, places: Any) -> tuple[Any, Any]:
    """The product of all values with the same place, and the places, each once.

    In rounds: each multiplies the second, fourth, ... value of a place into the one before it, so that
    there are log₂ of the largest number of values rounds.
    """
    order = np.argsort(places, kind="stable")
    places, v = places[order], take(v, order)
    while True:
        count = np.arange(places.size)
        begins = np.append(True, places[1:] != places[:-1])[: places.size]
        if begins.all():
            return v, places
        rank = count - np.maximum.accumulate(np.where(begins, count, 0))
        even = np.flatnonzero(rank % 2 == 0)
        partner = np.minimum(even + 1, places.size - 1)
        paired = (rank[partner] % 2 == 1) & (partner > even)
        v = multiply(take(v, even), np.where(paired, take(v, partner), 1))
        places = places[even]


class At:
    """Part of an array, by an index: `x.at[index]`, with what can be done to it.

    Each method gives a new array and leaves x alone. Where the index names an element several times,
    `add`, `subtract`, `multiply`, `divide`, `power`, `min` and `max` apply every value; `set` keeps the last one.

    >>> x = tg.tensor([1.0, 2.0, 3.0])
    >>> tg.at(x)[[0, 0, 2]].add(10.0)
    tensor([21.,  2., 13.])
    """

    __slots__ = ("_index", "_x")

    def __init__(self, x: ArrayLike, index: Any = None) -> None:
        self._x = x if isinstance(x, Tensor) else np.asarray(x)
        self._index = index

    def __getitem__(self, index: Any) -> At:
        return At(self._x, index)

    def _value(self, value: ArrayLike, name: str) -> Any:
        """The value in the dtype of x; one with a gradient cannot go into integers."""
        x = self._x
        if x.dtype.kind != "f" and isinstance(value, Tensor) and value.requires_grad:
            raise DTypeError(
                f"x.at[index].{name}(v) cannot put a value with a gradient into an array of {x.dtype}.",
                "The array must be of floats: integers would cut the value and lose its gradient.",
                "Make the array with dtype=float.",
            )
        value = value if isinstance(value, Tensor) else np.asarray(value)
        return value if value.dtype == x.dtype else astype(value, x.dtype)

    def get(self) -> Tensor:
        """The part itself, x[index].

        >>> tg.at(tg.tensor([1.0, 2.0]))[1].get()
        tensor(2.)
        """
        return getitem(self._x, self._index)

    def set(self, values: ArrayLike) -> Tensor:
        """The array with `values` there (see `tg.index_set`); the old elements get no gradient.

        >>> tg.at(tg.tensor([1.0, 2.0]))[1].set(9.0)
        tensor([1., 9.])
        """
        return index_set(self._x, self._index, self._value(values, "set"))

    def _recorded(self, op: Callable[..., Any], values: ArrayLike, name: str) -> Any:
        """The result of one of the ops above, with the values repeated to the shape of the part."""
        template, slots = template_of(self._index)
        return op(self._x, self._repeated(self._value(values, name), template, slots), *slots, template=template)

    def _repeated(self, v: Any, template: tuple[Any, ...], slots: list[Any]) -> Any:
        """The values, repeated to the shape of the part."""
        try:
            return fitted(v, self._x.shape, template, slots)
        except IndexError:
            values = [getattr(slot, "_value", slot) for slot in slots]
            raise explain_index(self._x, *values, template=template) from None  # type: ignore[misc]

    def add(self, values: ArrayLike) -> Tensor:
        """The array with `values` added there; ∂y/∂x = 1 and ∂y/∂v = 1.

        >>> tg.at(tg.tensor([1.0, 2.0]))[1].add(5.0)
        tensor([1., 7.])
        """
        return self._recorded(_index_add, values, "add")

    def subtract(self, values: ArrayLike) -> Tensor:
        """The array with `values` subtracted there.

        >>> tg.at(tg.tensor([1.0, 2.0]))[1].subtract(5.0)
        tensor([ 1., -3.])
        """
        return self._recorded(_index_add, negative(self._value(values, "subtract")), "subtract")

    def max(self, values: ArrayLike) -> Tensor:
        """The array with the larger of element and value there; what is equal shares the gradient.

        >>> tg.at(tg.tensor([1.0, 2.0]))[0].max(5.0)
        tensor([5., 2.])
        """
        return self._recorded(_index_max, values, "max")

    def min(self, values: ArrayLike) -> Tensor:
        """The array with the smaller of element and value there; what is equal shares the gradient.

        >>> tg.at(tg.tensor([1.0, 2.0]))[1].min(0.0)
        tensor([1., 0.])
        """
        return self._recorded(_index_min, values, "min")

    def _combined(self, op: Callable[..., Any], values: ArrayLike, name: str) -> Any:
        """The array with op(element, product of its values) there."""
        x, v = self._x, self._value(values, name)
        template, slots = template_of(self._index)
        if all(slot.dtype.kind == "b" for slot in slots):  # no element can be named twice
            return index_set(x, self._index, op(getitem(x, self._index), v))
        v = self._repeated(v, template, slots)
        known = tuple(settled(slot, f".at[index].{name}") for slot in slots)
        places = np.arange(x.size).reshape(x.shape)[filled(template, known)]
        v, places = _merged(ravel(v), places.ravel())
        row = ravel(x)
        return reshape(index_set(row, places, op(take(row, places), v)), x.shape)

    def multiply(self, values: ArrayLike) -> Tensor:
        """The array with its elements there times `values`; ∂y/∂x = v and ∂y/∂v = x.

        >>> tg.at(tg.tensor([1.0, 2.0]))[[1, 1]].multiply(5.0)
        tensor([ 1., 50.])
        """
        return self._combined(multiply, values, "multiply")

    def divide(self, values: ArrayLike) -> Tensor:
        """The array with its elements there divided by `values`.

        >>> tg.at(tg.tensor([1.0, 2.0]))[1].divide(4.0)
        tensor([1. , 0.5])
        """
        return self._combined(divide, values, "divide")

    def power(self, values: ArrayLike) -> Tensor:
        """The array with its elements there to the power `values`.

        >>> tg.at(tg.tensor([1.0, 2.0]))[1].power(3.0)
        tensor([1., 8.])
        """
        return self._combined(power, values, "power")

    def apply(self, function: Callable[[Any], Any]) -> Tensor:
        """The array with function(elements) there, called once with all of them.

        >>> tg.at(tg.tensor([1.0, 4.0]))[1].apply(tg.sqrt)
        tensor([1., 2.])
        """
        return self.set(function(self.get()))


def at(x: ArrayLike) -> At:
    """The array, to be changed in part: `tg.at(x)[index].add(v)` gives a new array and leaves x alone.

    Its methods are `get`, `set`, `add`, `subtract`, `multiply`, `divide`, `power`, `min`, `max` and `apply`.

    >>> tg.at(tg.tensor([1.0, 2.0, 3.0]))[1:].set(0.0)
    tensor([1., 0., 0.])
    """
    return At(x)


functions["at"] = at
