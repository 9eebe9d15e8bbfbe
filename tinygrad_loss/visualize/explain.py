"""`explain`: the chain rule for one tensor, with its real numbers."""

from __future__ import annotations

import html
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ..core.tensor import Tensor
from ..errors import ArgumentError
from .columns import table
from .elements import added, largest_element, multiplied
from .formulas import derivative_of, right_side, with_numbers
from .lines import shown_line
from .names import values_in_frame
from .paths import Path, count_paths, count_text, edges_passed, paths_between
from .stepper import brief, factor, label
from .typeset import literal, typeset
from .walk import EdgeRecord, Graph, NodeRecord, walk
from .wording import norm, number, shape_text

__all__ = ["Explanation", "explain"]

FEW_PATHS = 12  # so many are listed one by one
LONG_PATH = 12  # of a longer path only the ends are shown
MANY = 20  # rows of a table
WIDE = 60  # cells for one array
BAR = "\u0304"  # over a letter, in a derivative whose matrix is not formed
BARS = "   (a bar means the gradient of L)"


@dataclass(slots=True)
class Use:
    """One use of a value: the op, and how the gradient comes back through it."""

    edge: EdgeRecord
    target: NodeRecord
    derivative: str  # the op's own text for this input
    local: Any

    @property
    def scalar(self) -> bool:
        """Whether upstream, derivative and contribution are single numbers."""
        numbers = (self.edge.upstream, self.local, self.edge.contribution)
        return all(each is not None and not isinstance(each, tuple) and np.size(each) == 1 for each in numbers)

    @property
    def product(self) -> str:
        """Upstream times derivative, in numbers; for matrices only the result."""
        contribution = brief(self.edge.contribution, WIDE)
        if self.local is None:
            return f"the rule gives {contribution}"
        summed = "" if np.shape(self.local) == np.shape(self.edge.contribution) else ", summed over the broadcast axes,"
        return f"{multiplied(brief(self.edge.upstream), brief(self.local))}{summed} = {contribution}"


class Explanation:
    """The chain rule for one value: printed as text, and shown by notebooks with typeset formulas."""

    def __init__(self, graph: Graph, node: NodeRecord) -> None:
        self.graph = graph
        self.node = node
        self.output = graph.nodes[graph.output]

    @cached_property
    def uses(self) -> list[Use]:
        """Where the value was used, as far as a gradient comes back from there."""
        edges = [edge for edge in self.graph.edges if edge.source == self.node.id and edge.contribution is not None]
        return [self._use(edge) for edge in edges]

    @cached_property
    def inputs(self) -> list[Use]:
        """What the value was made from, as far as a gradient flows there."""
        return [self._use(edge) for edge in self.node.inputs if edge.contribution is not None]

    def _use(self, edge: EdgeRecord) -> Use:
        target = self.graph.nodes[edge.target]
        arguments = [each.argument for each in target.inputs]
        text = derivative_of(target.text("derivative"), edge.argument, arguments)
        return Use(edge, target, text, factor(self.graph, edge))

    @cached_property
    def path_counts(self) -> dict[str, int]:
        """The number of paths to the output from the value, and from every leaf, by id."""
        wanted = {record.id for record in self.graph.nodes.values() if record.kind == "leaf"}
        return count_paths(self.graph, wanted | {self.node.id})

    @property
    def path_count(self) -> int:
        """The number of paths from the value to the output."""
        return self.path_counts[self.node.id]

    @cached_property
    def paths(self) -> list[Path]:
        """Every path from the value to the output with its product, if they are few; else none."""
        return paths_between(self.graph, self.node.id) if self.path_count <= FEW_PATHS else []

    @property
    def is_output(self) -> bool:
        """Whether the value explained is the output itself."""
        return self.node is self.output

    # As text

    def __str__(self) -> str:
        parts = [self._head(), self._making()]
        if self.node.gradient is None:
            parts.append(["No gradient flows to it: every way to the output passes an op without a derivative."])
        elif self.is_output:
            parts += [self._downward(), self._leaves()]
        else:
            parts += [self._chain(), self._path_lines()]
        return "\n\n".join("\n".join(part) for part in parts if part)

    __repr__ = __str__

    def _head(self) -> list[str]:
        name = label(self.node)
        if self.is_output:
            return [f"{name}, and how its inputs move it", f"L = {name} = {brief(self.node.value, WIDE)}"]
        gradient = "" if self.node.gradient is None else f"∂L/∂{name} = {brief(self.node.gradient, WIDE)}"
        title = f"How L = {label(self.output)} depends on {name}, {shape_text(self.node.value)}"
        return [title, gradient] if gradient else [title]

    def _making(self) -> list[str]:
        """How the value was computed, or that it is a leaf."""
        node = self.node
        if node.op is None:
            return [f"{label(node)} = {brief(node.value, WIDE)} is a {node.kind}: no op made it."]
        inputs = ", ".join(f"{edge.argument} = {self._input(edge)}" for edge in node.inputs)
        lines = [f"Made by {node.title}({inputs})" + (f" in {'/'.join(node.scope)}" if node.scope else "")]
        if node.line:
            lines.append(f"  at {shown_line(node.line)}")
        formula = node.text("formula")
        value = brief(node.value, WIDE)
        substituted = self.substituted(node, formula)
        lines.append(f"  {_equal(formula or 'y', substituted, value)}")
        lines += [f"  {which}: {node.text(which)}" for which in ("domain", "kink") if node.text(which)]
        return lines

    def _input(self, edge: EdgeRecord) -> str:
        source = self.graph.nodes[edge.source]
        shown = label(source)
        value = brief(source.value)
        return shown if shown == value else f"{shown} ({value})"

    def substituted(self, node: NodeRecord, text: str) -> str:
        """The right side of a formula with the node's numbers, where all of them are single numbers."""
        values = {edge.argument: self.graph.nodes[edge.source].value for edge in node.inputs}
        sizes = [np.size(value) for value in (node.value, *values.values())]
        right = right_side(text)
        if isinstance(node.value, tuple) or set(sizes) != {1} or not right:
            return ""
        numbers = {name: number(np.ravel(value)[0]) for name, value in (*values.items(), ("y", node.value))}
        result = with_numbers(right, numbers)
        return "" if result == right or " where " in right or ", " in right.partition("(")[0] else result

    def _chain(self) -> list[str]:
        """Each use with its upstream, derivative and contribution, and their sum."""
        many, name = len(self.uses), label(self.node)
        times = "once" if many == 1 else f"{many:,} times; the contributions add up"
        lines = [f"It is used {times}:"]
        for use in self.uses[:MANY]:
            lines += self._use_lines(use, f"{label(use.target)}, as {use.edge.argument}")
        if many > MANY:
            lines.append(f"  ... and {many - MANY:,} more")
        if many > 1:
            parts = [brief(use.edge.contribution) for use in self.uses[:MANY]] + ["..."] * (many > MANY)
            lines.append(f"  ∂L/∂{name} = {added(parts)} = {brief(self.node.gradient, WIDE)}")
        return lines

    def _use_lines(self, use: Use, title: str) -> list[str]:
        left = f"∂y/∂{use.edge.argument}"
        derivative = use.derivative or left
        numbers = "" if use.local is None else self.substituted(use.target, use.derivative)
        shown = [derivative, numbers, "" if use.local is None else brief(use.local)]
        if shown[-1] and _same_number(right_side(derivative), use.local):
            shown.pop()
        rows = [
            ["formula", use.target.text("formula")],
            ["upstream", f"∂L/∂y = {brief(use.edge.upstream, WIDE)}"],
            ["derivative", _equal(*shown) + (BARS if BAR in derivative else "")],
            ["contribution", f"∂L/∂y · {left} = {use.product}" if use.local is not None else use.product],
        ]
        element = largest_element(self.graph, use.edge) if use.local is None else None
        if element is not None:
            rows.append([f"its largest, {element[0]}", element[1]])
        return [f"  {title}", *table([row for row in rows if row[1]], "    ")]

    def _downward(self) -> list[str]:
        """The output's own inputs: how each moves it."""
        if not self.inputs:
            return []
        lines = ["What flows back to its inputs:"]
        for use in self.inputs[:MANY]:
            lines += self._use_lines(use, f"{label(self.graph.nodes[use.edge.source])}, as {use.edge.argument}")
        if len(self.inputs) > MANY:
            lines.append(f"  ... and {len(self.inputs) - MANY:,} more")
        return lines

    def _leaves(self) -> list[str]:
        """Every leaf with its gradient and the number of paths that it is a sum over."""
        leaves = [record for record in self.graph.nodes.values() if record.kind == "leaf"]
        rows = [["leaf", "gradient", "paths"]]
        counts = self.path_counts
        rows += [[label(leaf), brief(leaf.gradient, WIDE), count_text(counts[leaf.id])] for leaf in leaves[:MANY]]
        lines = ["The leaves, and the sum over paths that each gradient is:", *table(rows, "  ")]
        if len(leaves) > MANY:
            lines.append(f"  ... and {len(leaves) - MANY:,} more")
        return [*lines, self._cost(sum(counts[leaf.id] for leaf in leaves))]

    def _cost(self, paths: int) -> str:
        """Why reverse mode is cheap: paths against edges."""
        passed = edges_passed(self.graph)
        ways = "1 path" if paths == 1 else f"{count_text(paths)} paths"
        rules = "1 edge" if passed == 1 else f"{passed:,} edges"
        return f"  {ways} in all; backward passes {rules} of the graph, each once, and so sums over all of them."

    def _path_lines(self) -> list[str]:
        count = self.path_count
        heading = f"As a sum over paths from {label(self.node)} to L: {count_text(count)}"
        if not self.paths:
            return [heading, self._cost(count)]
        rows = [[self._way(path), _factors(path), f"= {brief(path.product)}"] for path in self.paths]
        lines = [heading, *table(rows, "  ")]
        total = None if isinstance(self.node.value, tuple) else sum(path.product for path in self.paths)
        rounding = 1e-5 * max(norm(path.product) for path in self.paths)
        if total is not None and not np.allclose(total, self.node.gradient, 1e-5, rounding, equal_nan=True):
            lines.append(f"  Their sum is {brief(total)}: a hook has changed a gradient on the way.")
        elif count > 1:
            lines.append(f"  Their sum is {brief(self.node.gradient, WIDE)}, what backward finds in one pass.")
        return [*lines, self._cost(count)]

    def _way(self, path: Path) -> str:
        names = [label(self.graph.nodes[identity]) for identity in path.nodes] or [label(self.node)]
        if len(names) > LONG_PATH:
            left = len(names) - LONG_PATH
            names = [*names[: LONG_PATH // 2], f"({left:,} more)", *names[-LONG_PATH // 2 :]]
        return " → ".join(names)

    # In notebooks

    def _repr_latex_(self) -> str:
        """The chain rule as one block of LaTeX."""
        return typeset(self)

    def _repr_markdown_(self) -> str:
        """The formulas typeset, then the whole explanation as text."""
        title = html.escape(self._head()[0])
        text = html.escape(str(self)).replace("$", "&#36;")
        return f"**{literal(title)}**\n\n{self._repr_latex_()}\n\n<pre>{text}</pre>\n"


def explain(
    tensor: Tensor | str,
    output: Tensor | None = None,
    *,
    gradient: Any = None,
    names: Mapping[str, Any] | None = None,
) -> Explanation:
    """The chain rule for one tensor with its real numbers: how the output depends on it, use by use and path by path.

    ∂L/∂x = Σ over the uses of x of ∂L/∂y · ∂y/∂x, where y is what the use made; followed to the end, it is a
    sum over all paths from x to L of the product of the derivatives on the way. Formulas are the ops' own texts,
    numbers come from running the ops' own rules.

    Args:
        tensor: what to explain; of a larger graph also a name in it.
        output: whose gradient it is; left out, how `tensor` itself depends on its inputs and leaves.
        gradient: the gradient at the output to start from; ones by default.
        names: what to call tensors; by default what your variables are called.

    Raises:
        ArgumentError: for a leaf without `output`, or a tensor that is not in the output's graph.
        GraphError: where there is no graph, or it was freed.

    >>> w, x = tg.tensor(-3.0, requires_grad=True), tg.tensor(2.0, requires_grad=True)
    >>> print(tg.explain(w, w * x))
    How L = multiply n2 depends on w, scalar float64
    ∂L/∂w = 2.0
    <BLANKLINE>
    w = -3.0 is a leaf: no op made it.
    <BLANKLINE>
    It is used once:
      multiply n2, as a
        formula       y = a·b
        upstream      ∂L/∂y = 1.0
        derivative    ∂y/∂a = b = 2.0
        contribution  ∂L/∂y · ∂y/∂a = 1.0 × 2.0 = 2.0
    <BLANKLINE>
    As a sum over paths from w to L: 1
      w → multiply n2  2.0  = 2.0
      1 path in all; backward passes 2 edges of the graph, each once, and so sums over all of them.
    """
    start = tensor if output is None else output
    if output is None and isinstance(tensor, Tensor) and tensor.is_leaf and tensor.requires_grad:
        raise ArgumentError(
            f"explain got a leaf{f' ({tensor.name})' if tensor.name else ''} and no output.",
            "A leaf's gradient is that of something computed from it.",
            "Say of what: tg.explain(w, loss).",
        )
    graph = walk(start, gradient, names, values_in_frame(sys._getframe(1)))  # type: ignore[arg-type]
    return Explanation(graph, graph.nodes[graph.find(tensor, "tensor")])


def _equal(*sides: str) -> str:
    """Sides with equals signs between; after a formula in words, what it comes to here."""
    kept = list(dict.fromkeys(filter(None, sides)))
    if len(kept) == 2 and any(word in kept[0] for word in (" where ", " for ", " else", " with ")):
        return "; here ".join(kept)
    return " = ".join(kept)


def _factors(path: Path) -> str:
    """A path's product, where all its factors are numbers."""
    if len(path.factors) > LONG_PATH or not all(each is not None and np.size(each) == 1 for each in path.factors):
        return ""
    return " × ".join(brief(factor) for factor in path.factors)


def _same_number(text: str, value: Any) -> bool:
    """Whether a formula's right side is already the number itself."""
    try:
        return bool(np.all(np.asarray(value) == float(text)))
    except ValueError:
        return False
