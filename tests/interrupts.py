"""Interrupts at a line of a program, for the tests of what is all or nothing."""

from __future__ import annotations

import sys

import pytest


def lines_of(code):
    """The numbers of a function's lines, without its first."""
    return sorted({line for _, _, line in code.co_lines() if line is not None and line > code.co_firstlineno})


def interrupt_at(code, target, call, *args):
    """Call with a KeyboardInterrupt raised when that line is about to run, and see that it comes out."""

    def trace(frame, event, arg):
        if frame.f_code is code and event == "line" and frame.f_lineno == target:
            raise KeyboardInterrupt
        return trace

    sys.settrace(trace)
    try:
        with pytest.raises(KeyboardInterrupt):
            call(*args)
    finally:
        sys.settrace(None)
