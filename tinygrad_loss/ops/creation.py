"""Making tensors: from data, filled with a value, or counted out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from ..core.registry import functions
from ..core.tensor import ArrayLike, Tensor

__all__ = [
    "arange",
    "array",
    "asarray",
    "empty",
    "eye",
    "full",
    "full_like",
    "identity",
    "linspace",
    "ones",
    "ones_like",
    "tensor",
    "zeros",
    "zeros_like",
]

Shape: TypeAlias = int | Sequence[int]


def tensor(data: ArrayLike, requires_grad: bool = False, dtype: Any = None, name: str | None = None) -> Tensor:
    """A Tensor of `data`; see `tg.Tensor`.

    >>> tg.tensor([1, 2, 3])
    tensor([1, 2, 3])
    """
    return Tensor(data, requires_grad, dtype, name)


def array(data: ArrayLike, dtype: Any = None, *, requires_grad: bool = False, name: str | None = None) -> Tensor:
    """A Tensor of a copy of `data`, with NumPy's order of arguments.

    >>> tg.array([1, 2], float)
    tensor([1., 2.])
    """
    return Tensor(np.array(getattr(data, "_value", data), dtype=dtype), requires_grad, None, name)


def asarray(data: ArrayLike, dtype: Any = None) -> Tensor:
    """`data` itself if it is a Tensor of that dtype, else a Tensor of it.

    >>> x = tg.tensor([1.0])
    >>> tg.asarray(x) is x
    True
    """
    if isinstance(data, Tensor):
        return data if dtype is None or data.dtype == np.dtype(dtype) else functions["astype"](data, dtype)
    return Tensor(data, dtype=dtype)


def zeros(shape: Shape, dtype: Any = float, *, requires_grad: bool = False, name: str | None = None) -> Tensor:
    """A Tensor of zeros.

    >>> tg.zeros((2, 2))
    tensor([[0., 0.],
            [0., 0.]])
    """
    return Tensor(np.zeros(shape, dtype), requires_grad, None, name)


def ones(shape: Shape, dtype: Any = float, *, requires_grad: bool = False, name: str | None = None) -> Tensor:
    """A Tensor of ones.

    >>> tg.ones(3)
    tensor([1., 1., 1.])
    """
    return Tensor(np.ones(shape, dtype), requires_grad, None, name)


def full(
    shape: Shape, fill_value: float, dtype: Any = None, *, requires_grad: bool = False, name: str | None = None
) -> Tensor:
    """A Tensor that holds one value everywhere.

    >>> tg.full(2, 7.0)
    tensor([7., 7.])
    """
    return Tensor(np.full(shape, fill_value, dtype), requires_grad, None, name)


def empty(shape: Shape, dtype: Any = float) -> Tensor:
    """A Tensor whose values are whatever the memory held; to be assigned.

    >>> tg.empty((2, 3)).shape
    (2, 3)
    """
    return Tensor(np.empty(shape, dtype))


def eye(N: int, M: int | None = None, k: int = 0, dtype: Any = float) -> Tensor:
    """Ones on the k-th diagonal, zeros elsewhere.

    >>> tg.eye(2)
    tensor([[1., 0.],
            [0., 1.]])
    """
    return Tensor(np.eye(N, M, k, dtype))


def identity(n: int, dtype: Any = float) -> Tensor:
    """The identity matrix.

    >>> tg.identity(1)
    tensor([[1.]])
    """
    return eye(n, dtype=dtype)


def arange(*limits: float, dtype: Any = None) -> Tensor:
    """Evenly spaced values, up to but without a stop, as NumPy's: (stop), (start, stop) or (start, stop, step).

    >>> tg.arange(3)
    tensor([0, 1, 2])
    """
    return Tensor(np.arange(*limits, dtype=dtype))


def linspace(start: float, stop: float, num: int = 50, endpoint: bool = True, dtype: Any = None) -> Tensor:
    """`num` evenly spaced values from start to stop.

    >>> tg.linspace(0.0, 1.0, 3)
    tensor([0. , 0.5, 1. ])
    """
    return Tensor(np.linspace(start, stop, num, endpoint, dtype=dtype))


def zeros_like(a: ArrayLike, dtype: Any = None) -> Tensor:
    """Zeros of the shape and dtype of `a`; no gradient flows.

    >>> tg.zeros_like(tg.tensor([1.0, 2.0]))
    tensor([0., 0.])
    """
    return Tensor(np.zeros_like(getattr(a, "_value", a), dtype))


def ones_like(a: ArrayLike, dtype: Any = None) -> Tensor:
    """Ones of the shape and dtype of `a`; no gradient flows.

    >>> tg.ones_like(tg.tensor([1.0, 2.0]))
    tensor([1., 1.])
    """
    return Tensor(np.ones_like(getattr(a, "_value", a), dtype))


def full_like(a: ArrayLike, fill_value: float, dtype: Any = None) -> Tensor:
    """One value everywhere, of the shape and dtype of `a`; no gradient flows.

    >>> tg.full_like(tg.tensor([1.0, 2.0]), 7.0)
    tensor([7., 7.])
    """
    return Tensor(np.full_like(getattr(a, "_value", a), fill_value, dtype))


functions.update(tensor=tensor, zeros_like=zeros_like, ones_like=ones_like, full_like=full_like)
