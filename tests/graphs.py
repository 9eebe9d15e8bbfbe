"""Leaves and graphs for the tests of the engine."""

from __future__ import annotations

import numpy as np

import tinygrad_loss as tg
from tinygrad_loss.core.node import Node


def leaf(values, dtype=float):
    return tg.tensor(np.asarray(values, dtype), requires_grad=True)


def nodes_of(tensor):
    """Every node that `tensor` was computed from, the leaves too."""
    found, stack = set(), [tensor.node]
    while stack:
        node = stack.pop()
        if node not in found:
            found.add(node)
            stack += [edge for edge in node.inputs if isinstance(edge, Node)]
    return found
