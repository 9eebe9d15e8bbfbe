"""Seeing a graph: pictures, steps and explanations of every value and gradient."""

from .anomaly import AnomalyError, detect_anomaly
from .compare import compare_graphs
from .explain import explain
from .explorer import Explorer, explore
from .lines import record_lines
from .picture import Picture, draw
from .stepper import trace_backward

__all__ = [
    "AnomalyError",
    "Explorer",
    "Picture",
    "compare_graphs",
    "detect_anomaly",
    "draw",
    "explain",
    "explore",
    "record_lines",
    "trace_backward",
]
