"""NumPy's ways of calling a ufunc: `np.add.reduce(t)`, `np.maximum.accumulate(t)`, `np.log(t, where=mask, out=y)`.

Each is made of the function of that name and of others that have derivatives: nothing here has a rule of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..arguments import from_numpy
from ..core.registry import functions
from ..core.tensor import Tensor
from ..errors import ArgumentError, no_rule, stored_in_array, unrecorded_out
from . import reductions
from .at import at
from .axes import moveaxis
from .cumulative import cummax, cummin, cumprod, cumsum
from .indexing import getitem, index_set
from .joining import stack
from .logsums import logcumsumexp, logsumexp
from .missing import nanmax, nanmin
from .products import given
from .shaping import astype, broadcast_to, reshape

__all__ = ["call_ufunc"]

Function = Callable[..., Any]
REDUCTIONS: dict[str, Function] = {
    "add": reductions.sum,
    "multiply": reductions.prod,
    "maximum": reductions.max,
    "minimum": reductions.min,
    "fmax": nanmax,
    "fmin": nanmin,
    "logaddexp": logsumexp,
    "logical_and": reductions.all,
    "logical_or": reductions.any,
}
RUNNING: dict[str, Function] = {
    "add": cumsum,
    "multiply": cumprod,
    "maximum": cummax,
    "minimum": cummin,
    "logaddexp": logcumsumexp,
}
IN_PLACE = {  # ufunc.at, by the method of `tg.at`
    "add": "add",
    "subtract": "subtract",
    "multiply": "multiply",
    "divide": "divide",
    "power": "power",
    "maximum": "max",
    "minimum": "min",
}
LAYOUT = ("order", "subok", "casting")  # how NumPy's result lies in memory, what it is, what dtype= may change


def call_ufunc(ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """What `ufunc.method(*inputs, **options)` is on Tensors, for every method and option of NumPy's ufuncs.

    Shapes: `reduce` and `accumulate` go over one axis (the first unless given); `outer` gives the axes of
    its first argument, then those of the second.

    Raises:
        NoRuleError: for what is not made of functions with derivatives.
        ArgumentError: for `where` without a Tensor to start from, and for `out` that would lose a graph.

    >>> np.multiply.outer(tg.tensor([1.0, 2.0]), tg.tensor([3.0, 4.0]))
    tensor([[3., 4.],
            [6., 8.]])
    >>> x = tg.tensor([0.0, 1.0], requires_grad=True)
    >>> np.log(x, where=x > 0, out=tg.zeros(2))
    tensor([0., 0.], op=index_set)
    """
    own, shown = functions[ufunc.__name__], f"np.{ufunc.__name__}"
    if method == "__call__":
        return _called(ufunc, own, shown, inputs, options)
    known = METHODS.get(method)
    if known is None or ufunc.nin != 2 or ufunc.signature is not None:
        raise no_rule(f"{shown}.{method}", ufunc.__name__, functions)
    return known(ufunc, own, f"{shown}.{method}", *inputs, **options)


def _called(ufunc: np.ufunc, own: Function, shown: str, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """The plain call, with NumPy's options."""
    out, where = options.pop("out", None), options.pop("where", True)
    dtype, signature = options.pop("dtype", None), options.pop("signature", None)
    if dtype is not None or signature is not None:
        inputs = _cast(ufunc, inputs, dtype, signature, options.get("casting", "same_kind"))
    options = {key: value for key, value in options.items() if key not in LAYOUT}
    inputs, options = from_numpy(shown, None, own, inputs, options)
    if where is True:
        result = own(*inputs, **options)
        return result if out is None else stored(shown, out, result)
    return _where(shown, lambda *parts: own(*parts, **options), inputs, where, out)


def _cast(ufunc: np.ufunc, inputs: tuple[Any, ...], dtype: Any, signature: Any, casting: Any) -> tuple[Any, ...]:
    """The inputs in the dtypes in which NumPy would compute."""
    given_types = tuple(type(x) if type(x) in (int, float) else given(x).dtype for x in inputs)
    if dtype is not None:
        signature = (None,) * ufunc.nin + (np.dtype(dtype),) * ufunc.nout
    types = ufunc.resolve_dtypes((*given_types, *(None,) * ufunc.nout), signature=signature, casting=casting)
    return tuple(astype(given(x), kind) for x, kind in zip(inputs, types, strict=False))


def _where(shown: str, own: Function, inputs: tuple[Any, ...], where: Any, out: Any) -> Any:
    """The function of the chosen elements alone, put among those of `out`: the others never meet it."""
    targets = out if isinstance(out, tuple) else (out,)
    if any(target is None for target in targets):
        raise ArgumentError(
            f"{shown}(where=...) got no out=.",
            "Where the mask is False nothing is computed, and the values are those of out.",
            "Give out=tg.zeros(shape), or use np.where(mask, values, others).",
        )
    shape = np.shape(targets[0])
    mask = broadcast_to(where, shape)
    chosen = [getitem(broadcast_to(x, shape), mask) if np.ndim(x) else x for x in inputs]
    parts = own(*chosen)
    pairs = zip(targets, parts if isinstance(parts, tuple) else (parts,), strict=True)
    whole = tuple(index_set(given(target), mask, _fitting(shown, target, part)) for target, part in pairs)
    return stored(shown, out, whole if isinstance(parts, tuple) else whole[0])


def _fitting(shown: str, target: Any, result: Any) -> Any:
    """The result, which `target` must be able to hold."""
    if not np.can_cast(result.dtype, target.dtype, "same_kind"):
        raise ArgumentError(
            f"{shown}(out=...) cannot put {result.dtype} into an array of {target.dtype}.",
            "What is kept must be of the same kind, floats or integers.",
            "Make out with dtype=float.",
        )
    return result


def stored(shown: str, out: Any, result: Any) -> Any:
    """A result put into `out=`: a Tensor is assigned, an ndarray collects plain values alone, so no graph is lost.

    >>> y = tg.zeros(2)
    >>> np.exp(tg.tensor([0.0, 0.0]), out=y) is y, y
    (True, tensor([1., 1.]))
    """
    if isinstance(out, tuple):
        many = isinstance(result, tuple)
        kept = tuple(
            part if target is None else stored(shown, target, part)
            for target, part in zip(out, result if many else (result,), strict=True)
        )
        return kept if many else kept[0]
    _fitting(shown, out, result)
    if isinstance(out, Tensor):
        out[...] = result
    elif isinstance(result, Tensor) and result.requires_grad:
        raise unrecorded_out(shown)
    else:
        out[...] = result.detach().numpy() if isinstance(result, Tensor) else result
    return out


def _reduce(ufunc: np.ufunc, own: Function, shown: str, x: Any, axis: Any = 0, **options: Any) -> Any:
    """All elements along an axis combined, from the first to the last."""
    out, dtype = options.pop("out", None), options.pop("dtype", None)
    x = x if dtype is None else astype(given(x), dtype)
    reduction = REDUCTIONS.get(ufunc.__name__)
    if reduction is not None:
        inputs, options = from_numpy(shown, None, reduction, (x,), {"axis": axis, **options})
        result = reduction(*inputs, **options)
    else:
        keepdims = options.pop("keepdims", False)
        inputs, _ = from_numpy(shown, None, lambda x, axis=0, *, keepdims=False: x, (x,), options)
        result = _folded(ufunc, own, shown, given(inputs[0]), axis)[-1]
        result = np.expand_dims(result, axis) if keepdims else result
    return result if out is None else stored(shown, out, result)


def _folded(ufunc: np.ufunc, own: Function, shown: str, x: Any, axis: Any) -> list[Any]:
    """The running results of a function without a shorter way, one after the other along one axis."""
    if not isinstance(axis, int) or not x.ndim or not x.shape[axis]:
        raise ArgumentError(
            f"{shown} got axis={axis} of shape {x.shape}.",
            "It goes along one axis, with at least one element.",
            "Give an axis number, or reshape the array to one axis.",
        )
    steps = [moveaxis(x, axis, 0)[i] for i in range(x.shape[axis])]
    for i in range(1, len(steps)):
        steps[i] = own(steps[i - 1], steps[i])
    return steps


def _accumulate(
    ufunc: np.ufunc, own: Function, shown: str, x: Any, axis: int = 0, dtype: Any = None, out: Any = None
) -> Any:
    """The results of combining all elements up to each one."""
    x = given(x) if dtype is None else astype(given(x), dtype)
    running = RUNNING.get(ufunc.__name__)
    result = stack(_folded(ufunc, own, shown, x, axis), axis) if running is None else running(x, axis)
    return result if out is None else stored(shown, out, result)


def _outer(ufunc: np.ufunc, own: Function, shown: str, a: Any, b: Any, **options: Any) -> Any:
    """The function of every pair."""
    a = reshape(given(a), np.shape(a) + (1,) * np.ndim(b))
    return _called(ufunc, own, shown, (a, b), options)


def _reduceat(
    ufunc: np.ufunc, own: Function, shown: str, x: Any, indices: Any, axis: int = 0, dtype: Any = None, out: Any = None
) -> Any:
    """The elements from each index to the next combined; one element where the next index is no larger."""
    x = moveaxis(given(x), axis, 0)
    begins = np.asarray(indices)
    ends = np.append(begins[1:], len(x))
    parts = [x[begin : max(end, begin + 1)] for begin, end in zip(begins.tolist(), ends.tolist(), strict=True)]
    result = moveaxis(stack([_reduce(ufunc, own, shown, part, dtype=dtype) for part in parts]), 0, axis)
    return result if out is None else stored(shown, out, result)


def _at(ufunc: np.ufunc, own: Function, shown: str, target: Any, index: Any, values: Any) -> None:
    """The elements at an index changed by every value that is given for them: the Tensor is assigned."""
    change = IN_PLACE.get(ufunc.__name__)
    if change is None:
        raise no_rule(shown, ufunc.__name__, functions)
    if not isinstance(target, Tensor):
        if values.requires_grad:
            raise stored_in_array(shown)
        ufunc.at(target, index, values.numpy())
        return
    target[...] = getattr(at(target)[index], change)(values)


METHODS: dict[str, Function] = {
    "reduce": _reduce,
    "accumulate": _accumulate,
    "outer": _outer,
    "reduceat": _reduceat,
    "at": _at,
}
functions["call_ufunc"] = call_ufunc
functions["stored"] = stored
