"""The ops by name; `ops/` fills it. `Tensor` needs the ops (for `a * b`) and the ops need `Tensor` (to
record): the circle is cut here, since methods of `Tensor` ask this registry when they are called."""

from typing import Any

ops: dict[str, Any] = {}  # every declared Op
functions: dict[str, Any] = {}  # the public functions: of the ops, and of what is composed of them


def op_named(name: str) -> Any:
    """The op of that name: how an Op is pickled."""
    return ops[name]
