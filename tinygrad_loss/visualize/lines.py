"""Which line of the user's program made a node: kept only while asked for, since it costs time at every op."""

from __future__ import annotations

import os
import sys
from functools import cache
from types import FrameType
from typing import Any

import numpy as np

from ..core.hooks import Observer
from ..modes import MODE, Mode

__all__ = ["record_lines"]

NOT_THE_USERS = tuple(os.path.dirname(path) + os.sep for path in (os.path.dirname(__file__), np.__file__))


class record_lines:
    """Keep, with every node made from now on, the file and line of your program that made it.

    A switch, `tg.record_lines(True)`, and a context manager, `with tg.record_lines(True):`, which sets
    back what was before. It holds for this thread or task; a switch thrown inside a `with` block of
    another mode ends with that block. Pictures, steps, explanations and error messages show the lines.
    It is off by default: an op costs about a microsecond more while it is on, and nothing while it is off.

    Args:
        on: whether lines are kept.

    >>> x = tg.tensor(2.0, requires_grad=True)
    >>> with tg.record_lines(True):
    ...     y = x * 3
    >>> y.node.extra.line is None, (x * 3).node.extra is None
    (False, True)
    """

    def __init__(self, on: bool = True) -> None:
        before = MODE.get()
        self._before = before.observers
        observers = tuple(observer for observer in before.observers if type(observer) is not LineRecorder)
        if on:
            observers = (LineRecorder(), *observers)  # first, so that other observers find the line
        MODE.set(Mode(before.recording, before.scope, observers))

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exc: object) -> None:
        now = MODE.get()
        MODE.set(Mode(now.recording, now.scope, self._before))


class LineRecorder(Observer):
    """Writes the user's line into every node as it is made."""

    def on_call(self, op: Any, inputs: tuple[Any, ...], attributes: dict[str, Any], result: Any) -> None:
        """Note where the op was called."""
        tensors = result if type(result) is tuple else (result,)
        nodes = [tensor.node for tensor in tensors if tensor.node is not None]
        if nodes:
            line = line_of(users_frame())
            for node in nodes:
                node.annotate().line = line
                if type(result) is tuple:
                    node.inputs[0].annotate().line = line  # the node that all the results share


def users_frame() -> FrameType | None:
    """The innermost frame that is neither the library's nor NumPy's."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and not is_users(frame.f_code.co_filename):
        frame = frame.f_back
    return frame


@cache
def is_users(filename: str) -> bool:
    """Whether a file is the user's: not one of the library's, nor of NumPy's."""
    return not filename.startswith(NOT_THE_USERS)


def line_of(frame: FrameType | None) -> str | None:
    """A frame's place as "file.py:12"."""
    return None if frame is None else f"{frame.f_code.co_filename}:{frame.f_lineno}"


def shown_line(line: str | None) -> str:
    """A place as people read it: the path from the working directory, and the text of the line where it can be had."""
    if line is None:
        return ""
    from linecache import getline

    path, _, number = line.rpartition(":")
    text = getline(path, int(number)).strip()
    near = os.path.relpath(path) if os.path.isabs(path) and path.startswith(os.getcwd() + os.sep) else path
    return f"{near}:{number}" + (f": {text}" if text else "")
