"""Where random numbers come from: a generator, announced to whoever records, and the numbers as a Tensor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from ...core.tensor import ArrayLike, Tensor
from ...errors import ArgumentError, NoRuleError, ShapeError
from ...modes import drawing, seeds
from ..shaping import astype, reshape

__all__ = ["Seed", "Size", "checked", "constants", "draw", "drawn_from", "kind_of", "numbers", "shape_of"]

Size: TypeAlias = int | Sequence[int] | None
Seed: TypeAlias = int | np.random.Generator | None


def drawn_from(seed: Seed) -> np.random.Generator:
    """The generator to draw from: the one given, one of that seed, or the next of the process's seed."""
    return drawing(seeds.generator(seed))


def shape_of(size: Size, *parameters: ArrayLike) -> tuple[int, ...]:
    """The shape to draw: `size`, to which the parameters must broadcast; their common shape if it is None."""
    shapes = [np.shape(each) for each in parameters]
    given = None if size is None else (int(size),) if np.ndim(size) == 0 else tuple(int(n) for n in size)  # type: ignore[arg-type, union-attr]
    try:
        common = np.broadcast_shapes(*shapes)
        if given is None or np.broadcast_shapes(common, given) == given:
            return common if given is None else given
    except ValueError:
        pass
    raise ShapeError(
        f"A draw of size {given} cannot have parameters of shapes {', '.join(map(str, shapes))}.",
        "The parameters are broadcast to the size; without size=, to each other.",
        "Leave size out, or make it end in the parameters' shape.",
    )


def kind_of(dtype: Any, *parameters: ArrayLike) -> np.dtype[Any]:
    """The dtype of a draw: as told, or else that of the floating parameters, or else float64."""
    if dtype is not None:
        return np.dtype(dtype)
    kinds = {p.dtype for p in parameters if getattr(p, "dtype", np.dtype(int)).kind == "f"}
    return np.result_type(*kinds) if kinds else np.dtype(float)


def draw(method: str, *args: Any, size: tuple[int, ...], seed: Seed, **options: Any) -> Tensor:
    """What a generator's method draws, as a Tensor."""
    one = size == ()  # a number has no identity by which a recorded program could know it again: draw an array
    found = Tensor(getattr(drawn_from(seed), method)(*args, size=(1,) if one else size, **options))
    return reshape(found, ()) if one else found


def numbers(method: str, dtype: np.dtype[Any], size: tuple[int, ...], seed: Seed) -> Tensor:
    """Draws of a method that knows float32 and float64, in that dtype."""
    single = dtype.itemsize <= np.dtype(np.float32).itemsize
    found = draw(method, size=size, seed=seed, dtype=np.float32 if single else np.float64)
    return found if found.dtype == dtype else astype(found, dtype)


def value_of(parameter: ArrayLike) -> Any:
    """The value of a parameter, to be checked or handed to NumPy."""
    return getattr(parameter, "_value", parameter)


def checked(name: str, positive: bool = False, **parameters: ArrayLike) -> None:
    """Refuse parameters below 0 (or, if `positive`, not above 0), as NumPy does."""
    for key, parameter in parameters.items():
        value = value_of(parameter)
        if np.any(np.less_equal(value, 0) if positive else np.less(value, 0)):
            raise ArgumentError(
                f"{name} got {key}={value!r}.",
                f"Its {key} is {'above 0' if positive else 'at least 0'}.",
                "Use tg.exp or tg.softplus to keep a learned one positive.",
            )


def constants(name: str, **parameters: ArrayLike) -> list[Any]:
    """The values of parameters through which no gradient flows; one that asks for it is refused."""
    for key, parameter in parameters.items():
        if isinstance(parameter, Tensor) and parameter.requires_grad:
            raise NoRuleError(
                f"tg.random.{name} has no derivative by {key}.",
                f"The draws are not a simple function of {key} and of a draw that is free of it.",
                f"Use {key}.detach() where no gradient is needed.",
            )
    return [
        parameter._leaving(f"tg.random.{name}") if isinstance(parameter, Tensor) else parameter
        for parameter in parameters.values()
    ]
