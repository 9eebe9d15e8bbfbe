"""How the arguments of a call are sorted: into inputs and attributes, and from NumPy's order into ours."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from .errors import not_numbers, unknown_argument

EMPTY = inspect.Parameter.empty
PLAIN_ANSWERS = frozenset(  # NumPy functions that ask about arrays: on Tensors they give plain values
    "shape ndim size allclose array_equal array_equiv result_type can_cast iscomplexobj isrealobj common_type "
    "array_repr array_str array2string shares_memory may_share_memory min_scalar_type".split()
)
VALUE_ANSWERS = frozenset(
    "allclose array_equal array_equiv array_repr array_str array2string".split()
)  # they read values
NUMBERS = frozenset({float, int, bool, *(kind for kind in np.sctypeDict.values() if np.dtype(kind).kind in "biuf")})


def as_value(data: Any, dtype: Any = None) -> Any:
    """`data` as the engine stores it: an ndarray, or a NumPy scalar for 0-d; only numbers pass."""
    if type(data) is np.ndarray and dtype is None and data.dtype.kind in "biuf" and data.ndim:
        return data
    try:
        array = np.asarray(getattr(data, "_value", data), dtype=dtype)
    except (ValueError, TypeError) as error:
        raise not_numbers(data, error) from None
    if array.dtype.kind not in "biuf":
        raise not_numbers(data)
    return array[()]


class Parameters(NamedTuple):
    """What a kernel's signature says: the leading parameters are inputs, the others attributes."""

    signature: inspect.Signature
    inputs: int  # -1: any number
    names: tuple[str, ...]  # of the attributes
    defaults: dict[str, Any]
    known: frozenset[str]  # the names again, to look one up

    def bind(self, shown: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Any way of calling, brought to (inputs, attributes by name)."""
        try:
            bound = self.signature.bind(*args, **kwargs).arguments
        except TypeError as error:
            raise TypeError(f"{shown}{unannotated(self.signature)}: {error}") from None
        given = list(bound.items())
        return tuple(value for _, value in given[: self.inputs]), dict(given[self.inputs :])

    def sort(self, shown: str, args: tuple[Any, ...], named: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """A call's arguments as (inputs, attributes): quickly if inputs come first and by position."""
        extra = len(args) - self.inputs
        if self.inputs >= 0 and extra:
            if 0 < extra <= len(self.names) and named.keys().isdisjoint(self.names[:extra]):
                named = {**named, **dict(zip(self.names, args[self.inputs :]))}  # noqa: B905 - the rest keep defaults
                args = args[: self.inputs]
            else:
                args, named = self.bind(shown, args, named)
        attributes = {**self.defaults, **named}
        if len(attributes) != len(self.names) or not named.keys() <= self.known:
            args, named = self.bind(shown, args, named)
            attributes = {**self.defaults, **named}
        for key, value in named.items():
            if type(value) is list:  # attributes are hashable
                attributes[key] = tuple(value)
            elif type(value) is np.ndarray or hasattr(value, "_value"):
                attributes[key] = value.item()
        return args, attributes


def read_parameters(kernel: Callable[..., Any], inputs: int | None) -> Parameters:
    """Sort a kernel's parameters: inputs are those annotated ArrayLike, or, if none is, those without defaults."""
    signature = inspect.signature(kernel)
    parameters = list(signature.parameters.values())
    variadic = any(p.kind is inspect.Parameter.VAR_POSITIONAL for p in parameters)
    if inputs is None:
        annotated = [p for p in parameters if p.annotation == "ArrayLike"]
        required = [p for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD and p.default is EMPTY]
        inputs = len(annotated or required)
    attributes = [p for p in parameters[0 if variadic else inputs :] if not variadic or p.kind is p.KEYWORD_ONLY]
    defaults = {p.name: p.default for p in attributes if p.default is not EMPTY}
    names = tuple(p.name for p in attributes)
    return Parameters(signature, -1 if variadic else inputs, names, defaults, frozenset(names))


def unannotated(signature: inspect.Signature) -> inspect.Signature:
    """The signature as a caller reads it: names and defaults."""
    plain = [p.replace(annotation=EMPTY) for p in signature.parameters.values()]
    return signature.replace(parameters=plain, return_annotation=EMPTY)


@cache
def signature_of(function: Callable[..., Any]) -> inspect.Signature | None:
    """The signature, or None: some of NumPy's C functions have none."""
    try:
        return inspect.signature(function)
    except ValueError:
        return None


def numpy_path(function: Callable[..., Any]) -> str:
    """The name below `numpy`: "sum", "linalg.inv"."""
    prefix = (function.__module__ or "").removeprefix("numpy").strip(".")
    return f"{prefix}.{function.__name__}" if prefix in ("linalg", "fft", "random") else function.__name__


def from_numpy(
    shown: str,
    theirs: Callable[..., Any] | None,
    ours: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """A NumPy call's arguments as our function of that name takes them; an unknown one is refused by name."""
    numpys, signature = theirs and signature_of(theirs), signature_of(ours)
    if signature is None:
        return args, kwargs
    kinds = {p.kind for s in (numpys, signature) if s is not None for p in s.parameters.values()}
    if numpys is not None and inspect.Parameter.VAR_POSITIONAL not in kinds:
        given = numpys.bind(*args, **kwargs).arguments
        for name, parameter in numpys.parameters.items():
            if parameter.kind is parameter.VAR_KEYWORD:  # np.pad's options
                given.update(given.pop(name, {}))
        required = sum(p.default is EMPTY for p in signature.parameters.values())
        args = tuple(given.pop(name) for name in list(given)[:required])
        kwargs = {k: v for k, v in given.items() if k in signature.parameters or not _left_out(numpys, k, v)}
    kwargs = {key: value for key, value in kwargs.items() if value is not np._NoValue}
    for key in kwargs:
        if key not in signature.parameters and inspect.Parameter.VAR_KEYWORD not in kinds:
            raise unknown_argument(shown, key, f"{ours.__name__}{unannotated(signature)}")
    return args, kwargs


def _left_out(signature: inspect.Signature, key: str, value: Any) -> bool:
    """Whether the argument only repeats NumPy's default."""
    default = signature.parameters[key].default
    return value is None or value is default or value is np._NoValue


def plain(value: Any) -> Any:
    """The arguments with every Tensor in them replaced by its value."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(plain(item) for item in value)
    return getattr(value, "_value", value)
