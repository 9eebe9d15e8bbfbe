"""The ops by name; `ops/` fills it. Methods of `Tensor` ask here when called: so the circle of imports is cut."""

from typing import Any

ops: dict[str, Any] = {}  # every declared Op
functions: dict[str, Any] = {}  # the public functions: of the ops, and of what is composed of them


def op_named(name: str) -> Any:
    """The op of that name: how an Op is pickled."""
    return ops[name]
