"""Replay: a recorded computation as the straight-line NumPy program that one would write by hand."""

from .capture import CaptureError
from .jit import Jitted, jit
from .passes import PASSES
from .program import Program

__all__ = ["PASSES", "CaptureError", "Jitted", "Program", "jit"]
