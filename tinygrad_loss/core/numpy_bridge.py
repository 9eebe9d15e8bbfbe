"""NumPy's own functions on Tensors: `np.exp(t)`, `np.sum(t)`, `array @ t` find the op of that name.

A function without an op raises and names the nearest that has one: nothing is converted silently.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..arguments import PLAIN_ANSWERS, UFUNC_METHODS, VALUE_ANSWERS, collected, from_numpy, numpy_path, plain
from ..errors import no_rule
from .registry import functions


def array_ufunc(tensor: Any, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
    """`Tensor.__array_ufunc__`: calls of ufuncs, and `reduce` where there is a reduction of that name."""
    name, shown = ufunc.__name__, f"np.{ufunc.__name__}"
    if f"{name}.{method}" in UFUNC_METHODS:
        name, method, kwargs = UFUNC_METHODS[f"{name}.{method}"], "__call__", {"axis": 0, **kwargs}
    if method != "__call__":
        raise no_rule(f"{shown}.{method}", name, functions)
    if kwargs.get("where") is True:
        del kwargs["where"]
    return _call(None, name, shown, inputs, kwargs)


def array_function(tensor: Any, function: Callable[..., Any], types: Any, args: Any, kwargs: Any) -> Any:
    """`Tensor.__array_function__`: every other NumPy function, by its path below `numpy`."""
    name = numpy_path(function)
    if name in PLAIN_ANSWERS:
        if name in VALUE_ANSWERS:
            tensor._leaving(f"np.{name}")
        return function(*plain(args), **plain(kwargs))
    return _call(function, name, f"np.{name}", args, dict(kwargs))


def _call(function: Any, name: str, shown: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    own = functions.get(name)
    if own is None:
        raise no_rule(shown, name, (known for known in functions if hasattr(np, known.split(".")[0])))
    out = kwargs.pop("out", None)
    args, kwargs = from_numpy(shown, function, own, args, kwargs)
    result = own(*args, **kwargs)
    return result if out is None else collected(shown, out, result)
