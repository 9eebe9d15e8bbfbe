"""NumPy's own functions on Tensors: `np.exp(t)`, `np.sum(t)`, `array @ t` find the op of that name.

A function without an op raises and names the nearest that has one: nothing is converted silently.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..arguments import PLAIN_ANSWERS, VALUE_ANSWERS, from_numpy, numpy_path, plain
from ..errors import no_rule
from .registry import functions


def array_ufunc(tensor: Any, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
    """`Tensor.__array_ufunc__`: calls of ufuncs, with their options, and their methods."""
    own = functions.get(ufunc.__name__)
    if own is None:
        raise no_rule(f"np.{ufunc.__name__}", ufunc.__name__, _known())
    if method == "__call__" and not kwargs:
        return own(*inputs)
    return functions["call_ufunc"](ufunc, method, inputs, kwargs)


def array_function(tensor: Any, function: Callable[..., Any], types: Any, args: Any, kwargs: Any) -> Any:
    """`Tensor.__array_function__`: every other NumPy function, by its path below `numpy`."""
    name = numpy_path(function)
    if name in PLAIN_ANSWERS:
        if name in VALUE_ANSWERS:
            tensor._leaving(f"np.{name}")
        return function(*plain(args), **plain(kwargs))
    own, shown, kwargs = functions.get(name), f"np.{name}", dict(kwargs)
    if own is None:
        raise no_rule(shown, name, _known())
    out = kwargs.pop("out", None)
    args, kwargs = from_numpy(shown, function, own, args, kwargs)
    result = own(*args, **kwargs)
    return result if out is None else functions["stored"](shown, out, result)


def _known() -> list[str]:
    """NumPy's names among the functions, for a message."""
    return [name for name in functions if hasattr(np, name.split(".")[0])]
