"""How a layer takes what it is called with: arrays and Tensors, brought to its dtype."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..core.registry import functions
from ..core.tensor import Tensor, as_value, wrap
from ..errors import ArgumentError, DTypeError


def taken(value: Any, dtype: np.dtype[Any], keep_integers: bool, layer: str) -> Any:
    """`value` as a Tensor: floats in the layer's dtype, integers too unless the layer keeps them.

    A list, tuple or dictionary of arrays stays one, its members taken one by one.
    """
    if isinstance(value, Tensor):
        kind = value.dtype.kind
        keep = value.dtype == dtype or (kind in "biu" and keep_integers)
        return value if keep else functions["astype"](value, dtype=dtype)
    if several(value):
        items = value.items() if isinstance(value, Mapping) else enumerate(value)
        members = {key: taken(item, dtype, keep_integers, layer) for key, item in items}
        return members if isinstance(value, Mapping) else type(value)(members.values())
    if value is None or callable(value):
        raise ArgumentError(
            f"Layer {layer!r} was called on {'nothing' if value is None else value!r}.",
            "A layer is called on numbers: an array or a Tensor.",
            "Give Input and layers to tg.Sequential([...]) as a list, or subclass tg.Model and compute in call.",
        )
    try:
        array = as_value(value)
    except DTypeError as error:
        raise DTypeError(f"Layer {layer!r} cannot take its input. {error}") from None
    if array.dtype.kind == "f" or not keep_integers:
        array = array.astype(dtype, copy=False)
    return wrap(array, None)


def several(value: Any) -> bool:
    """Whether this is a collection of arrays, not one array written as nested lists."""
    if isinstance(value, Mapping):
        return True
    return isinstance(value, (list, tuple)) and any(isinstance(item, (np.ndarray, Tensor)) for item in value)


def shape_of(value: Any) -> Any:
    """The shape of a Tensor, or the shapes of a collection of them."""
    if isinstance(value, Mapping):
        return {key: shape_of(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [shape_of(item) for item in value]
    return np.shape(value)


def open_shape(value: Any) -> Any:
    """As `shape_of`, the batch axis as None."""
    shape = shape_of(value)
    if isinstance(shape, Mapping):
        return {key: open_shape(item) for key, item in value.items()}
    if isinstance(shape, list):
        return [open_shape(item) for item in value]
    return (None, *shape[1:]) if shape else ()
