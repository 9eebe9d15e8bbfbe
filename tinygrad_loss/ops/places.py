"""Where elements are: index arrays from conditions, from shapes, and between flat and full numbering."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.primitive import constant
from ..core.registry import functions
from ..core.tensor import ArrayLike, Tensor
from ..errors import ShapeError

__all__ = [
    "argwhere",
    "diag_indices",
    "diag_indices_from",
    "flatnonzero",
    "indices",
    "ix_",
    "mask_indices",
    "nonzero",
    "ravel_multi_index",
    "tril_indices",
    "tril_indices_from",
    "triu_indices",
    "triu_indices_from",
    "unravel_index",
]

Numbers = tuple[Tensor, ...]


def settled(x: ArrayLike, why: str) -> Any:
    """The values of x, where the shape of a result depends on them: a program that is being recorded is told."""
    return x._leaving(why) if isinstance(x, Tensor) else np.asarray(x)


def like(x: ArrayLike, found: Any) -> Any:
    """What was found from x, as x is: a Tensor (or a tuple of them) for a Tensor."""
    if not isinstance(x, Tensor):
        return found
    return tuple(map(Tensor, found)) if isinstance(found, tuple) else Tensor(found)


def nonzero(a: ArrayLike) -> Numbers:
    """The places of the elements that are not 0 (or are True): for each axis, its numbers.

    Shapes: as many results as a has axes, each with one number for every such element. How many there
    are depends on the values, so a compiled program cannot hold it.

    >>> x = tg.tensor([3.0, 0.0, 5.0])
    >>> x[tg.nonzero(x > 1.0)]
    tensor([3., 5.])
    """
    return like(a, np.nonzero(settled(a, "nonzero")))


def flatnonzero(a: ArrayLike) -> Tensor:
    """The numbers of the elements that are not 0, counted through the whole array.

    >>> tg.flatnonzero(tg.tensor([[3.0, 0.0], [0.0, 5.0]]))
    tensor([0, 3])
    """
    return like(a, np.flatnonzero(settled(a, "flatnonzero")))


def argwhere(a: ArrayLike) -> Tensor:
    """The places of the elements that are not 0, one row for each.

    >>> tg.argwhere(tg.tensor([[3.0, 0.0], [0.0, 5.0]]))
    tensor([[0, 0],
            [1, 1]])
    """
    return like(a, np.argwhere(settled(a, "argwhere")))


@constant(
    formula="k = the number, on each axis, of the element with that number in the whole array",
    samples=lambda: [
        [np.array([5, 0, 3]), (2, 3), "C"],
        [np.array([[5], [1]]), (2, 3), "F"],
    ],
)
def unravel_index(indices: ArrayLike, shape: tuple[int, ...], order: str = "C") -> Numbers:
    """The numbers on each axis of elements that are numbered through the whole array.

    >>> tg.unravel_index(tg.tensor([5, 0]), (2, 3))
    (tensor([1, 0]), tensor([2, 0]))
    """
    return np.unravel_index(indices, shape, order)  # type: ignore[arg-type]


@constant(
    formula="k = the number in the whole array of the element with these numbers on the axes",
    reference=lambda *numbers, dims, mode, order: np.ravel_multi_index(numbers, dims, mode, order),
    samples=lambda: [
        [np.array([1, 0]), np.array([2, 0]), {"dims": (2, 3), "mode": "raise", "order": "C"}],
        [np.array([1, 3]), np.array([2, -1]), {"dims": (2, 3), "mode": "wrap", "order": "F"}],
    ],
)
def _ravel_multi_index(*numbers: ArrayLike, dims: tuple[int, ...], mode: Any, order: str) -> Any:
    return np.ravel_multi_index(numbers, dims, mode, order)  # type: ignore[arg-type]


@_ravel_multi_index.op.front
def ravel_multi_index(
    multi_index: Sequence[ArrayLike], dims: int | Sequence[int], mode: Any = "raise", order: str = "C"
) -> Tensor:
    """The numbers, through the whole array of shape `dims`, of elements with these numbers on the axes.

    Args:
        multi_index: for each axis its numbers.
        dims: the shape of the array.
        mode: of a number out of range: "raise" an error, "wrap" it around, "clip" it to the ends; or one of
            these for each axis.
        order: "C" counts with the last axis fastest, "F" with the first.

    >>> tg.ravel_multi_index((tg.tensor([1, 0]), tg.tensor([2, 0])), (2, 3))
    tensor([5, 0])
    """
    lengths = (int(dims),) if np.ndim(dims) == 0 else tuple(int(n) for n in dims)  # type: ignore[arg-type, union-attr]
    return _ravel_multi_index(*multi_index, dims=lengths, mode=mode, order=order)


def ix_(*args: ArrayLike) -> Numbers:
    """Index arrays for every combination of these rows, columns, ...: each along an axis of its own.

    Raises:
        ShapeError: for an array of more than one axis.

    >>> x = tg.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    >>> x[tg.ix_([0, 1], [2, 0])]
    tensor([[3., 1.],
            [6., 4.]])
    """
    found: list[Any] = []
    for axis, given in enumerate(args):
        numbers = given if isinstance(given, Tensor) else np.asarray(given)
        if numbers.ndim != 1:
            raise ShapeError(
                f"ix_ got an array of shape {numbers.shape}.",
                "It needs the numbers along each axis, as arrays of one axis.",
                "Use x[array] for an index array of several axes.",
            )
        if numbers.dtype.kind == "b":
            numbers = nonzero(numbers)[0]
        elif not numbers.size:
            numbers = np.asarray(numbers, int)
        found.append(numbers[(None,) * axis + (slice(None),) + (None,) * (len(args) - axis - 1)])
    return tuple(found)


def indices(dimensions: Sequence[int], dtype: Any = int, sparse: bool = False) -> Any:
    """For each place of an array of this shape, its number on each axis.

    Shapes: (axes, *dimensions); under `sparse` a tuple instead, each part as long as its own axis only.

    >>> rows, columns = tg.indices((2, 2))
    >>> columns
    tensor([[0, 1],
            [0, 1]])
    """
    found = np.indices(tuple(dimensions), dtype, sparse=sparse)
    return tuple(map(Tensor, found)) if sparse else Tensor(found)


def diag_indices(n: int, ndim: int = 2) -> Numbers:
    """The places of the main diagonal of an array with `ndim` axes of length n.

    >>> x = tg.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> x[tg.diag_indices(2)]
    tensor([1., 4.])
    """
    return tuple(map(Tensor, np.diag_indices(n, ndim)))


def diag_indices_from(arr: ArrayLike) -> Numbers:
    """The places of the main diagonal of this array, whose axes are all equally long.

    >>> tg.diag_indices_from(tg.zeros((2, 2)))
    (tensor([0, 1]), tensor([0, 1]))
    """
    shape = np.shape(arr)
    if len(shape) < 2 or len(set(shape)) > 1:
        raise ShapeError(
            f"diag_indices_from got shape {shape}.",
            "It needs at least two axes, all equally long.",
            "Use tg.diagonal for the diagonal of other arrays.",
        )
    return like(arr, np.diag_indices(shape[0], len(shape)))


def tril_indices(n: int, k: int = 0, m: int | None = None) -> Numbers:
    """The places on and below the k-th diagonal of an n by m matrix.

    >>> tg.tril_indices(2)
    (tensor([0, 1, 1]), tensor([0, 0, 1]))
    """
    return tuple(map(Tensor, np.tril_indices(n, k, m)))


def triu_indices(n: int, k: int = 0, m: int | None = None) -> Numbers:
    """The places on and above the k-th diagonal of an n by m matrix.

    >>> tg.triu_indices(2)
    (tensor([0, 0, 1]), tensor([0, 1, 1]))
    """
    return tuple(map(Tensor, np.triu_indices(n, k, m)))


def _matrix_shape(arr: ArrayLike, name: str) -> tuple[int, int]:
    """The shape of a matrix; an error for anything else."""
    shape = np.shape(arr)
    if len(shape) != 2:
        raise ShapeError(f"{name} got shape {shape}.", "It needs a matrix.", "Give one of the matrices of a stack.")
    return shape


def tril_indices_from(arr: ArrayLike, k: int = 0) -> Numbers:
    """The places on and below the k-th diagonal of this matrix.

    >>> tg.tril_indices_from(tg.zeros((2, 2)))
    (tensor([0, 1, 1]), tensor([0, 0, 1]))
    """
    rows, columns = _matrix_shape(arr, "tril_indices_from")
    return like(arr, np.tril_indices(rows, k, columns))


def triu_indices_from(arr: ArrayLike, k: int = 0) -> Numbers:
    """The places on and above the k-th diagonal of this matrix.

    >>> tg.triu_indices_from(tg.zeros((2, 2)))
    (tensor([0, 0, 1]), tensor([0, 1, 1]))
    """
    rows, columns = _matrix_shape(arr, "triu_indices_from")
    return like(arr, np.triu_indices(rows, k, columns))


def mask_indices(n: int, mask_func: Callable[..., Any], k: Any = 0) -> Numbers:
    """The places that `mask_func(ones, k)` leaves of an n by n matrix of ones.

    >>> tg.mask_indices(2, np.triu, 1)
    (tensor([0]), tensor([1]))
    """
    return nonzero(mask_func(Tensor(np.ones((n, n), int)), k))


functions.update(
    argwhere=argwhere,
    diag_indices_from=diag_indices_from,
    flatnonzero=flatnonzero,
    ix_=ix_,
    nonzero=nonzero,
    tril_indices_from=tril_indices_from,
    triu_indices_from=triu_indices_from,
)
