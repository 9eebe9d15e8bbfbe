"""The ops by name. This file imports nothing: it lies under the whole engine, and `ops/` fills it.

`Tensor` needs the ops (for `a * b`) and the ops need `Tensor` (to record). The circle is cut here:
methods of `Tensor` ask this registry by name, when they are called.
"""

from typing import Any

ops: dict[str, Any] = {}  # every declared Op
functions: dict[str, Any] = {}  # the public functions: of the ops, and of what is composed of them


def op_named(name: str) -> Any:
    """The op of that name: how an Op is pickled."""
    return ops[name]
