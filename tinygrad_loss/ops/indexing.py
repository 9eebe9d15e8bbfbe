"""Indexing: taking elements, and its adjoint, adding into places.

An index expression is recorded as a template with slots: what is fixed (integers, slices) is an
attribute, every array in it an input, so that a recorded program can be run with other indices.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.backward import Parts
from ..core.primitive import linear
from ..core.tensor import ArrayLike, Tensor
from ..errors import DTypeError
from .samples import arrays
from .shaping import sum_to


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
            template.append(slice(*(None if end is None else end.__index__() for end in (part.start, part.stop, part.step))))
        elif isinstance(part, np.integer):
            template.append(int(part))
        else:
            value = part if isinstance(part, (Tensor, np.ndarray)) else np.asarray(part)
            if not value.size and value.dtype.kind == "f":
                value = np.asarray(value, int)  # an empty list
            if value.dtype.kind not in "biu":
                raise DTypeError(
                    f"Cannot index with {type(part).__name__} of {value.dtype}.",
                    "An index is an integer, a slice, None, ..., or an array of integers or booleans.",
                    "Use .astype(int) for whole numbers kept as floats.",
                )
            template.append(Slot(len(slots)))
            slots.append(value)
    return tuple(template), slots


def filled(template: tuple[Any, ...], slots: tuple[Any, ...]) -> Any:
    """The index expression again."""
    return tuple(slots[part] if type(part) is Slot else part for part in template)


@linear(
    lambda g, y, x, *slots, index, template: None if index else _scatter_add(g, *slots, shape=np.shape(x), template=template),
    name="getitem",
    formula="y = x[index]",
    derivative="∂y/∂x = 1 at the elements taken",
    views=True,
    samples=lambda: [
        [*arrays((3, 4)), {"template": (1,)}],
        [*arrays((3, 4)), {"template": (slice(None), slice(1, None, 2))}],
        [*arrays((3, 4)), np.array([0, 2, 0]), {"template": (Slot(0),)}],
        [*arrays((3,)), np.array([True, False, True]), {"template": (Slot(0),)}],
        [*arrays((3, 4)), np.array([0, 2]), np.array([1, 1]), {"template": (Slot(0), Slot(1))}],
        [*arrays((3, 4)), np.array([0, 2]), {"template": (None, Slot(0), Ellipsis, 1)}],
    ],
)
def _getitem(x: ArrayLike, *slots: ArrayLike, template: tuple[Any, ...]) -> Any:
    return x[filled(template, slots)]


@_getitem.op.front
def getitem(x: ArrayLike, index: Any) -> Tensor:
    """x[index]: any NumPy index. Its adjoint is `scatter_add`, where repeated indices add up.

    >>> x = tg.tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> x[[0, 0, 2]].sum().backward()
    >>> x.grad
    tensor([2., 0., 1.])
    """
    if type(index) is int:
        return _getitem(x, template=(index,))  # type: ignore[no-any-return]
    template, slots = template_of(index)
    return _getitem(x, *slots, template=template)  # type: ignore[no-any-return]


@linear(
    lambda g, y, x, *slots, index, shape, template: _getitem(g, *slots, template=template),
    name="scatter_add",
    formula="y = 0 everywhere, then y[index] += x",
    derivative="∂y/∂x = 1 at the element it was added to",
    samples=lambda: [
        [*arrays((4,)), {"shape": (3, 4), "template": (1,)}],
        [*arrays((3, 4)), np.array([0, 2, 0]), {"shape": (3, 4), "template": (Slot(0),)}],
        [*arrays((2,)), np.array([True, False, True]), {"shape": (3,), "template": (Slot(0),)}],
    ],
)
def _scatter_add(x: ArrayLike, *slots: ArrayLike, shape: tuple[int, ...], template: tuple[Any, ...]) -> Any:
    out = np.zeros(shape, np.asarray(x).dtype)
    if slots:
        np.add.at(out, filled(template, slots), x)
    else:
        out[template] = x  # no element is named twice by integers and slices
    return out[()]


@_scatter_add.op.front
def scatter_add(x: ArrayLike, index: Any, shape: tuple[int, ...]) -> Tensor:
    """Zeros of `shape` with x added at `index`; repeated indices add up. The adjoint of indexing.

    >>> tg.scatter_add(tg.tensor([1.0, 2.0, 3.0]), [0, 0, 2], (4,))
    tensor([3., 0., 3., 0.])
    """
    template, slots = template_of(index)
    return _scatter_add(x, *slots, shape=tuple(shape), template=template)  # type: ignore[no-any-return]


@linear(
    lambda g, y, x, v, *slots, index, template: _set_adjoint(g, v, slots, index, template) if index < 2 else None,
    name="index_set",
    formula="y = x, but y[index] = v",
    derivative="∂y/∂x = 1 outside the index, ∂y/∂v = 1 inside",
    samples=lambda: [
        [*arrays((3, 4), (4,)), {"template": (1,)}],
        [*arrays((3, 4), ()), {"template": (slice(None), 2)}],
        [*arrays((3, 4), (2, 4)), np.array([2, 0]), {"template": (Slot(0),)}],
        [*arrays((3,), (2,)), np.array([True, False, True]), {"template": (Slot(0),)}],
    ],
)
def _index_set(x: ArrayLike, v: ArrayLike, *slots: ArrayLike, template: tuple[Any, ...]) -> Any:
    out = np.array(x)
    out[filled(template, slots)] = v
    return out[()]


@_index_set.op.front
def index_set(x: ArrayLike, index: Any, value: ArrayLike) -> Tensor:
    """A copy of x with `value` at `index`: what the assignment x[index] = value binds x to.

    >>> tg.index_set(tg.tensor([1.0, 2.0, 3.0]), 1, 9.0)
    tensor([1., 9., 3.])
    """
    template, slots = template_of(index)
    return _index_set(x, value, *slots, template=template)  # type: ignore[no-any-return]


def _set_adjoint(g: Any, v: Any, slots: tuple[Any, ...], index: int, template: tuple[Any, ...]) -> Any:
    if index == 0:
        return _index_set(g, 0.0, *slots, template=template)
    taken = _getitem(g, *slots, template=template)
    return taken if np.shape(taken) == np.shape(v) else sum_to(taken, shape=np.shape(v))


@linear(
    lambda g, y, x, index: Parts({index: g}),
    formula="y = the result number `index` of an op with several",
    derivative="∂y/∂x = 1",
)
def item(x: ArrayLike, index: int) -> Any:
    """One of the several results of an op (qr, svd, ...): made by the engine, not called by hand."""
    return x[index]
