"""An explanation as LaTeX: the formulas of the ops, with the numbers that they had."""

from __future__ import annotations

from typing import Any

import numpy as np

from .elements import added, multiplied
from .formulas import latex, latex_name, right_side
from .stepper import brief, label
from .wording import number

__all__ = ["literal", "typeset"]

MANY = 20  # uses that are typeset


def typeset(explanation: Any) -> str:
    """The chain rule of an `Explanation` as one block of LaTeX."""
    node, name = explanation.node, latex_name(label(explanation.node))
    uses = (explanation.inputs if explanation.is_output else explanation.uses)[:MANY]
    lines = []
    if node.op is not None and node.text("formula"):
        left, _, right = node.text("formula").partition(" = ")
        numbers = explanation.substituted(node, node.text("formula"))
        sides = [latex(right), *([latex(numbers)] if numbers else []), _value(node.value)]
        lines.append(f"{name if left in ('y', 'Y') else latex(left)} &= " + " = ".join(sides))
    for use in uses:
        lines += _use(explanation, use)
    if not explanation.is_output and node.gradient is not None:
        total = _value(node.gradient)
        sides = [added([_value(use.edge.contribution) for use in uses]), total] if len(uses) > 1 else [total]
        lines.append(rf"\frac{{\partial L}}{{\partial {name}}} &= " + " = ".join(sides))
    lines = lines or [rf"{name} &= {_value(node.value)}"]
    return "$$\\begin{aligned}\n" + " \\\\\n".join(lines) + "\n\\end{aligned}$$"


def _use(explanation: Any, use: Any) -> list[str]:
    """One use: the op's derivative with its numbers, and upstream times derivative."""
    argument = use.edge.argument
    end = explanation.graph.nodes[use.edge.source] if explanation.is_output else use.target
    through = latex_name(f"{'to' if explanation.is_output else 'through'} {label(end)}:") + r"\quad "
    left = rf"\frac{{\partial y}}{{\partial {latex_name(argument)}}}"
    lines = []
    if use.derivative:
        head, _, right = use.derivative.partition(" = ")
        numbers = explanation.substituted(use.target, use.derivative) if use.scalar else ""
        sides = [latex(right), *([latex(numbers)] if numbers else [])]
        if use.scalar and right_side(use.derivative) and not _is_number(right):
            sides.append(_value(use.local))
        sides = list(dict.fromkeys(sides))
        lines.append(
            f"{through}{latex(head)} &= {' = '.join(sides)}" if right else rf"& {through}{latex(use.derivative)}"
        )
    if use.scalar:
        numbers = multiplied(_value(use.edge.upstream), _value(use.local), r"\cdot")
        lines.append(rf"\frac{{\partial L}}{{\partial y}} \cdot {left} &= {numbers} = {_value(use.edge.contribution)}")
    return lines


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _value(value: Any) -> str:
    """A value in a formula: a number, a few numbers, or its norm and shape."""
    array = np.asarray(value) if not isinstance(value, tuple) else None
    if array is not None and array.ndim == 0:
        return latex(number(array[()]))
    if array is not None and array.ndim == 1 and 0 < array.size <= 4:
        return r"\begin{bmatrix} " + " & ".join(latex(number(x)) for x in array) + r" \end{bmatrix}"
    return rf"\mathrm{{array}}\ {latex(brief(value))}"


def literal(text: str) -> str:
    """Text that Markdown takes literally."""
    return "".join(f"\\{each}" if each in "\\`*_{}[]()#+-.!|$" else each for each in text)
