"""What optimizers are made with: numbers within their range, under their names, in their place."""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ..core.tensor import Tensor
from ..errors import ArgumentError, nearest

__all__ = ["check_leaf", "listed", "number", "only_one_bound", "refuse_parameters", "refuse_unknown", "share"]

_ELSEWHERE = {  # PyTorch's names
    "lr": "learning_rate",
    "betas": "beta_1 and beta_2",
    "eps": "epsilon",
    "params": "parameters",
    "alpha": "rho",
    "max_norm": "global_clipnorm",
}


def number(optimizer: Any, name: str, value: Any, *, above: bool = False) -> float:
    """`value` as a float, if it is a finite number of at least 0; or above 0.

    Raises:
        ArgumentError: for anything else.
    """
    if _is_number(value) and 0 <= value < math.inf and not (above and value == 0):
        return float(value)
    raise ArgumentError(
        f"{type(optimizer).__name__} cannot use {name}={_shown(value)}.",
        f"{name} is a finite number{' above 0' if above else ', 0 or more'}.",
        f"Say {type(optimizer).__name__}({name}=0.01), for example."
        if name != "learning_rate"
        else f"Say {type(optimizer).__name__}(learning_rate=0.01), or give a schedule of tg.optimizers.schedules.",
    )


def share(optimizer: Any, name: str, value: Any) -> float:
    """`value` as a float, if it is a number from 0 up to 1 (without it): how much of a mean is kept.

    Raises:
        ArgumentError: for anything else.
    """
    if _is_number(value) and 0 <= value < 1:
        return float(value)
    raise ArgumentError(
        f"{type(optimizer).__name__} cannot use {name}={_shown(value)}.",
        f"{name} is the share that is kept from step to step: at least 0, and below 1.",
        f"Say {type(optimizer).__name__}({name}=0.9), for example.",
    )


def only_one_bound(optimizer: Any, options: Mapping[str, Any]) -> None:
    """Refuse two ways of clipping at once.

    Raises:
        ArgumentError: for two of clipnorm, clipvalue and global_clipnorm.
    """
    given = [name for name in ("clipnorm", "clipvalue", "global_clipnorm") if options.get(name) is not None]
    if len(given) > 1:
        raise ArgumentError(
            f"{type(optimizer).__name__} got {' and '.join(given)}.",
            "Gradients are clipped in one way only.",
            f"Leave out all but one, for example {given[-1]}.",
        )


def refuse_unknown(optimizer: Any, options: Mapping[str, Any], known: Iterable[str]) -> None:
    """Refuse arguments that no optimizer of this kind has, and name the right one for PyTorch's.

    Raises:
        ArgumentError: for any name outside `known`.
    """
    for name in options:
        if name in known:
            continue
        kind = type(optimizer)
        own = [each for each in inspect.signature(kind).parameters if each != "options"]
        right = _ELSEWHERE.get(name)
        raise ArgumentError(
            f"{kind.__name__} does not take {name}=.",
            f"Its arguments are {', '.join([*own, *known])}.",
            f"Say {right} instead of {name}." if right else nearest(name, [*own, *known]),
        )


def refuse_parameters(optimizer: Any, value: Any) -> None:
    """Refuse what is to be trained where the learning rate stands, which comes first here.

    Raises:
        ArgumentError: for tensors, collections and models.
    """
    if not isinstance(value, str) and (isinstance(value, (Tensor, Iterable)) or hasattr(value, "parameters")):
        kind = type(optimizer).__name__
        raise ArgumentError(
            f"{kind} got {type(value).__name__} for its learning rate.",
            "The first argument is the learning rate; parameters are given by name, or to each step.",
            f"Say {kind}(0.01, parameters=model.parameters()), or {kind}(0.01) and step(model.parameters()).",
        )


def listed(optimizer: Any, parameters: Any) -> list[Any]:
    """The given parameters as a list, in their order, each once.

    Raises:
        ArgumentError: for anything but a collection of Tensors.
    """
    if isinstance(parameters, Iterable) and not isinstance(parameters, (Tensor, str)):
        given = list(parameters)
        try:
            return list(dict.fromkeys(given))
        except TypeError:  # something in it has no hash
            raise _not_a_tensor(optimizer, next(p for p in given if not isinstance(p, Tensor))) from None
    kind, single = type(optimizer).__name__, isinstance(parameters, Tensor)
    raise ArgumentError(
        f"{kind} got {'one Tensor' if single else type(parameters).__name__} as parameters.",
        "It needs a list of Tensors, or another collection of them.",
        "Say step([w])." if single else "Say step(model.parameters()).",
    )


def check_leaf(optimizer: Any, parameter: Any) -> None:
    """Refuse what cannot be updated: no Tensor, or one that an op computed.

    Raises:
        ArgumentError: for such a parameter.
    """
    if not isinstance(parameter, Tensor):
        raise _not_a_tensor(optimizer, parameter)
    if not parameter.is_leaf:
        raise ArgumentError(
            f"{type(optimizer).__name__} got a tensor that {parameter.grad_fn.op.name} computed as a parameter.",
            "Parameters are leaves: tensors made with requires_grad=True, not computed from others.",
            "Give the tensor it was computed from, or make a leaf of its value: "
            "tg.tensor(t.detach(), requires_grad=True).",
        )


def _not_a_tensor(optimizer: Any, parameter: Any) -> ArgumentError:
    return ArgumentError(
        f"{type(optimizer).__name__} got {type(parameter).__name__} as a parameter.",
        "A parameter is a Tensor.",
        "For pairs of gradients and parameters use apply_gradients; for a dict give its values().",
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.number)) and not isinstance(value, (bool, complex))


def _shown(value: Any) -> str:
    return f"{value:g}" if _is_number(value) else repr(value)
