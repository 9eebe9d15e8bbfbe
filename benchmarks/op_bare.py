"""What was recorded, computed again without recording: kernels and rules alone, on plain arrays.

Beside a whole call this tells what NumPy costs, and what recording and walking back in Python do.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from timing import Work

from tinygrad_loss.core.node import Node, newest_first
from tinygrad_loss.core.registry import ops


class Bare:
    """The steps that made a tensor, in order; an input is the number of a step, or a value."""

    def __init__(self, made: Any) -> None:
        nodes = newest_first([made._node])[::-1]
        number = {node: i for i, node in enumerate(nodes)}
        self.steps: list[tuple[Any, list[Any], list[int | None], dict[str, Any]]] = []
        for node in nodes:
            places = [number.get(edge) if type(edge) is Node else None for edge in node.inputs]
            values = [edge.value if type(edge) is Node else edge for edge in node.inputs]
            self.steps.append((node.op, values, places, node.attributes))
        self.wanted = [[type(edge) is Node for edge in node.inputs] for node in nodes]

    def forward(self) -> list[tuple[Any, list[Any]]]:
        """For each step its result and its inputs."""
        made: list[tuple[Any, list[Any]]] = []
        for op, values, places, attributes in self.steps:
            inputs = [x if place is None else made[place][0] for x, place in zip(values, places, strict=True)]
            y = inputs[0][attributes["index"]] if op.name == "item" else op.kernel(*inputs, **attributes)
            made.append((y, inputs))
        return made

    def both(self, g: Any) -> Work:
        """Forward, and the rules from the gradient g of the last step."""
        sum_to = ops["sum_to"].kernel

        def work() -> None:
            made, gradients = self.forward(), [None] * len(self.steps)
            gradients[-1] = g
            with np.errstate(all="ignore"):
                for i in range(len(self.steps) - 1, -1, -1):
                    (op, _, places, attributes), (y, inputs), g_y = self.steps[i], made[i], gradients[i]
                    if type(y) is tuple:
                        g_y = g_y.filled(y)  # type: ignore[attr-defined]
                    for k, rule in enumerate(op.rules_for(len(inputs))):
                        if rule is None or not self.wanted[i][k]:
                            continue
                        c, place = rule(g_y, y, *inputs, **attributes), places[k]
                        if type(c) is np.ndarray and c.shape != inputs[k].shape:
                            c = sum_to(c, inputs[k].shape)
                        if place is not None:
                            gradients[place] = c if gradients[place] is None else gradients[place] + c

        return work
