"""One explanation card: all that an op's block says of it, with an example worked out by the op's own rules."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..core.primitive import Op
from ..core.registry import functions
from ..transforms import vjp
from ..visualize.facts import block_of
from ..visualize.formulas import right_side, with_numbers
from ..visualize.wording import number
from .checks import Check, check_op, floating, function_of, moving_inputs, sample_calls

__all__ = ["AS_CODE", "Card", "card_of"]

KINDS = {
    "elementwise": (
        "An elementwise map: each element of the result depends on one element of each input.",
        "Its Jacobian is diagonal and so its own transpose: one formula, t · ∂y/∂x, serves both modes. "
        "Reverse mode puts the result's gradient for t, and sums over axes that were broadcast; "
        "forward mode puts the input's tangent, and adds what the inputs bring.",
    ),
    "linear": (
        "A linear map: f(a·x + b·z) = a·f(x) + b·f(z).",
        "Reverse mode is its adjoint, the map with ⟨f(x), g⟩ = ⟨x, f*(g)⟩ for all x and g. "
        "Forward mode is the op itself, applied to the tangent. The derivative does not depend on x.",
    ),
    "bilinear": (
        "A bilinear map: linear in each of its two inputs while the other is held.",
        "Reverse mode has an adjoint for each input, in which the other input stands. "
        "Forward mode is the product rule: f(ȧ, b) + f(a, ḃ).",
    ),
    "primitive": (
        "A primitive: a map with rules of its own.",
        "Reverse mode has one rule for each input: from the result's gradient to that input's, Jᵀg.",
    ),
    "constant": (
        "A constant op: its result changes in steps, or not at all, with its inputs.",
        "No gradient flows back through it, and no tangent forward.",
    ),
}
PUSHED = " Forward mode has rules too: Jt."
TWICE = " Forward mode follows: Jᵀg is linear in g, so its own adjoint gives Jt."
LINE = 110  # characters, of prose; numbers and code stay as they are
AS_CODE = frozenset({"shapes", "with numbers", "try it", "its block"})  # sections whose lines and spaces count
SMALL = 12  # an example of at most so many numbers is shown
FEW = 4  # so many calls show how shapes map


@dataclass(frozen=True)
class Card:
    """What one op is: its texts in order, as (title, text), and whether its derivatives were found right."""

    name: str
    signature: str
    summary: str
    kind: str
    check: Check
    sections: Sequence[tuple[str, str]] = field(repr=False)

    def __str__(self) -> str:
        wide = max(len(title) for title, _ in self.sections)
        lines = [f"{self.signature}  [{self.badge}]", f"  {self.summary}"]
        for title, text in self.sections:
            room = LINE - wide - 4
            first, *others = [part for line in text.split("\n") for part in _wrapped(line, title, room)]
            lines.append(f"  {title.ljust(wide)}  {first}")
            lines += [f"  {' ' * wide}  {line}".rstrip() for line in others]
        return "\n".join(lines)

    @property
    def badge(self) -> str:
        """The check in a few words, with ✓ or ✗ before it."""
        return f"{({True: '✓ ', False: '✗ ', None: ''})[self.check.passed]}{self.check.text}"


def card_of(op: Op) -> Card:
    """The card of an op, checked and worked out now.

    >>> from tinygrad_loss.core.registry import ops
    >>> from tinygrad_loss.teaching.card import card_of
    >>> card = card_of(ops["exp"])
    >>> card.signature, card.check.passed
    ('exp(x)', True)
    >>> dict(card.sections)["derivative"]
    '∂y/∂x = y'
    """
    public = functions.get(op.name, op.call)
    texts = _documented(inspect.getdoc(public) or inspect.getdoc(op.kernel) or "")
    kind, modes = KINDS[op.kind]
    if op.kind == "primitive":
        modes += PUSHED if op.pushes else TWICE
    sections = [
        ("formula", op.info.get("formula", "")),
        ("derivative", op.info.get("derivative", "")),
        ("at the kink", op.info.get("kink", "")),
        ("domain", op.info.get("domain", "") or texts.get("Domain", "")),
        ("kind", kind),
        ("both modes", modes),
        ("shapes", _shapes(op, texts.get("Shapes", ""))),
        ("with numbers", _example(op)),
        ("to know", texts["more"]),
        ("raises", texts.get("Raises", "")),
        ("try it", texts["example"]),
        ("source", texts.get("Source", "")),
        ("its block", f"# {op.kernel.__module__}\n{block_of(op)}"),
    ]
    kept = [(title, text) for title, text in sections if text]
    return Card(op.name, _signature(op, public), texts["summary"], op.kind, check_op(op), kept)


def _signature(op: Op, public: Any) -> str:
    """The public call, without annotations."""
    try:
        signature = inspect.signature(public)
    except ValueError:
        signature = op.parameters.signature
    bare = [each.replace(annotation=inspect.Parameter.empty) for each in signature.parameters.values()]
    return f"{op.name}{inspect.Signature(bare)}"


def _documented(text: str) -> dict[str, str]:
    """A docstring's parts: "summary", "more", "example", and each section by its heading."""
    parts = {"summary": "", "more": "", "example": ""}
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        heading = re.match(r"(Formula|Shapes|Units|Domain|Raises|Source|Args|Returns):\s*", paragraph)
        if paragraph.startswith(">>>"):
            parts["example"] += ("\n" if parts["example"] else "") + paragraph
        elif heading:
            parts[heading[1]] = _joined(paragraph[heading.end() :])
        elif not parts["summary"]:
            parts["summary"] = _joined(paragraph)
        else:
            parts["more"] += ("\n" if parts["more"] else "") + _joined(paragraph)
    return parts


def _wrapped(line: str, title: str, room: int) -> list[str]:
    return [line] if title in AS_CODE or len(line) <= room else textwrap.wrap(line, room)


def _joined(text: str) -> str:
    return " ".join(text.replace("`", "").split())


def _shapes(op: Op, stated: str) -> str:
    """What the docstring says of shapes, what the kind of map implies, and how the samples' shapes map."""
    lines = [stated] if stated else []
    if op.kind == "elementwise":
        alone = op.parameters.inputs == 1
        rule = "The inputs broadcast against one another; each gradient is summed back to its input's shape."
        lines.append("The result has the input's shape." if alone else rule)
    maps = []
    for inputs, attributes in sample_calls(op):
        result = op.call(*inputs, **attributes)
        given = ", ".join([str(np.shape(x)) for x in inputs] + [f"{key}={value}" for key, value in attributes.items()])
        several = result if isinstance(result, tuple) else (result,)
        maps.append(f"{given} → {', '.join(str(np.shape(y)) for y in several)}")
    return "\n".join([*lines, *list(dict.fromkeys(maps))[:FEW]])


def _example(op: Op) -> str:
    """The smallest sample with its result, and the gradients that come back for a given gradient of the result."""
    calls = [call for call in sample_calls(op) if all(0 < np.size(x) <= SMALL for x in call[0])]
    if not calls:
        return ""
    inputs, attributes = calls[0]
    names = _input_names(op, len(inputs))
    lines = [f"{name} = {_array(x)}" for name, x in zip(names, inputs, strict=True)]
    lines += [f"{key} = {value}" for key, value in attributes.items()]
    result = op.call(*inputs, **attributes)
    several = result if isinstance(result, tuple) else (result,)
    lines += [f"{name} = {_array(y)}" for name, y in zip(_result_names(len(several)), several, strict=True)]
    where = moving_inputs(op, inputs)
    if where and floating(result):
        lines += _gradients(op, inputs, attributes, where, names)
    if op.kind == "elementwise" and all(np.size(x) == np.size(result) for x in inputs):
        lines += _element(op, inputs, result, names)
    return "\n".join(lines)


def _gradients(op: Op, inputs: list[Any], attributes: dict[str, Any], where: list[int], names: list[str]) -> list[str]:
    """The gradients of the inputs for 1, 2, 3, ... as the result's gradient."""
    function = function_of(op, inputs, attributes, where)
    results, pull = vjp(function, *(np.asarray(inputs[i]) for i in where))
    seeds = [np.arange(1.0, np.size(y) + 1).reshape(np.shape(y)) for y in results]
    pulled = pull(seeds)
    lines = [f"with ∂L/∂{name} = {_array(g)}" for name, g in zip(_result_names(len(seeds)), seeds, strict=True)]
    return lines + [f"∂L/∂{names[i]} = {_array(g)}" for i, g in zip(where, pulled, strict=True)]


def _element(op: Op, inputs: list[Any], result: Any, names: list[str]) -> list[str]:
    """The formula and the derivative with the numbers of the first element."""
    numbers = {name: number(np.ravel(x)[0]) for name, x in zip(names, inputs, strict=True)}
    numbers["y"] = number(np.ravel(result)[0])
    lines = []
    for which in ("formula", "derivative"):
        text = op.info.get(which, "")
        plain = text.count(" = ") == 1 and not re.search(r" (where|for|else|if|and|or|with|elsewhere)\b", text)
        substituted = with_numbers(right_side(text), numbers) if plain else ""
        if substituted and substituted != right_side(text):
            value = f" = {numbers['y']}" if which == "formula" else ""
            lines.append(f"first element: {text} = {substituted}{value}")
    return lines


def _input_names(op: Op, count: int) -> list[str]:
    names = list(op.parameters.signature.parameters)
    if not op.variadic:
        return names[:count]
    single = [n for n, each in op.parameters.signature.parameters.items() if each.kind is not each.KEYWORD_ONLY]
    return [*single[:-1], *(f"{single[-1]}[{k}]" for k in range(count - len(single) + 1))]


def _result_names(count: int) -> list[str]:
    return ["y"] if count == 1 else [f"y{'₀₁₂₃₄₅₆₇₈₉'[k]}" for k in range(count)]


def _array(value: Any) -> str:
    """An array on one line."""
    array = np.asarray(value)
    if array.ndim == 0:
        return number(array[()])
    text = np.array2string(array, precision=4, suppress_small=True, separator=", ", threshold=SMALL * 2)
    return re.sub(r"(?<=\[) | (?=[,\]])", "", " ".join(text.split()))
