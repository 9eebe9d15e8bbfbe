"""Random numbers in a program: drawn through the recorder, and told from others by their type."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["Drawing", "Drawn"]


class Drawn(np.ndarray[Any, Any]):
    """Random numbers: what is computed from them outside Tensors can be told by its type."""


class Drawing:
    """A random generator that tells the recorder what is drawn from it."""

    def __init__(self, recorder: Any, generator: np.random.Generator) -> None:
        self._recorder = recorder
        self._generator = generator

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._generator, name)

        def drawn(*args: Any, **options: Any) -> Any:
            array = method(*args, **options)
            return self._recorder.drew(method, args, options, array)

        return drawn
