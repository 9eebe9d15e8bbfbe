"""Dense layers with a row of ones, as Python: the memory with the batch as its last axis, and the products."""

from __future__ import annotations

from typing import Any

import numpy as np

from .codegen import shape_comment
from .ir import Step, Value

__all__ = ["place_turned", "write_dense"]


def place_turned(writer: Any, value: Value) -> bool:
    """A name for a value that lies in memory as its transpose; False for another one."""
    layout, name, (batch, length) = writer.layout, writer.namer.of(value), _two(value.shape)
    rows = length + 1 if id(value) in layout.with_ones else length
    filled, dtype = "ones" if rows > length else "empty", f"np.{value.dtype.name}"
    if id(value) in layout.stacked:
        number, index, count = layout.stacked[id(value)]
        if number not in writer.stacks:
            writer.stacks[number] = writer.named(f"stack_{number}", f"np.{filled}({(count, rows, batch)}, {dtype})")
        memory = f"{writer.stacks[number]}[{index}]"
    elif rows > length:
        memory = f"np.ones({(rows, batch)}, {dtype})"
    elif id(value) in layout.turned and id(value) in layout.in_block:
        memory = f"{layout.in_block[id(value)].name}.view({dtype}).reshape({(rows, batch)})"
    else:
        return False
    if rows > length:
        writer.rows_of[id(value)] = writer.named(f"{name}_and_ones", memory)
        memory = f"{writer.rows_of[id(value)]}[:{length}]"
    writer.turns[id(value)] = writer.named(f"{name}_turned", memory)
    writer.head.append(f"{name} = {writer.turns[id(value)]}.T")
    return True


def _two(shape: tuple[int, ...]) -> tuple[int, int]:
    return (shape[0], shape[1]) if len(shape) == 2 else (0, 0)


def write_dense(writer: Any, step: Step) -> str:
    """The line of a layer, or of the gradients of the kernels and biases of one or several."""
    if len(step.results) == 1:
        x, kernel, _ = step.arguments
        both, y = _with_bias(writer, kernel, 1, turned=True), step.results[0]
        return f"{both}.dot({writer.rows_of[id(x)]}, {writer.turns[id(y)]})  # {shape_comment(y)}"
    if step.function is not np.dot:
        return _elementwise(writer, step)
    count = len(step.results) // 2
    both = _with_bias(writer, step.results[0], count)
    inputs, units = step.results[0].shape
    if count == 1:
        rows, g = writer.rows_of[id(step.arguments[0])], writer.namer.of(step.arguments[1])
        return f"{rows}.dot({g}, {both})  # ({inputs} + 1, {units})"
    rows, stack = (writer.stacks[writer.layout.stacked[id(step.arguments[i])].stack] for i in (0, count))
    g = writer.once(f"{stack}_turned", f"{stack}.transpose(0, 2, 1)")
    return f"{writer.function('np.matmul')}({rows}, {g}, {both})  # ({count}, {inputs} + 1, {units})"


def _elementwise(writer: Any, step: Step) -> str:
    """A function of two times the same value, for several of them at once."""
    place, length = writer.layout.stacked[id(step.arguments[0])], step.arguments[0].shape[1]
    stack, made = (writer.stacks[writer.layout.stacked[id(x)].stack] for x in (step.arguments[0], step.results[0]))
    values = writer.once(f"{stack}_values", f"{stack}[{place.number}:, :{length}]")
    name = writer.function(f"np.{step.function.__name__}")
    return f"{name}({values}, {values}, {made})  # {len(step.results)} of them"


def _with_bias(writer: Any, kernel: Value, count: int, turned: bool = False) -> str:
    """A kernel, or its gradient, and below it the bias: one matrix; of several layers a stack of them."""
    flat, start = writer.layout.in_flat[id(kernel)]
    inputs, units = kernel.shape
    shape = (inputs + 1, units) if count == 1 else (count, inputs + 1, units)
    text = f"{flat}[{start}:{start + count * (inputs + 1) * units}].reshape({shape})"
    several = "_and_the_next" if count > 1 else ""
    return str(writer.once(f"{writer.namer.of(kernel)}_and_bias{several}", f"{text}.T" if turned else text))
