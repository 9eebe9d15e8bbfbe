"""From a listing to Python that reads as written by hand: a function of all inputs that returns all results."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from .ir import Listing, Step, Update, Value
from .names import Namer

__all__ = ["Line", "called", "expression", "hosts_of", "program_lines", "readable_text", "shape_comment"]

OPERATORS: dict[Any, str] = {
    np.add: "+", np.subtract: "-", np.multiply: "*", np.divide: "/", np.matmul: "@", np.power: "**",
    np.greater: ">", np.greater_equal: ">=", np.less: "<", np.less_equal: "<=", np.equal: "==", np.not_equal: "!=",
    np.floor_divide: "//", np.remainder: "%", np.bitwise_and: "&", np.bitwise_or: "|", np.bitwise_xor: "^",
}  # fmt: skip
LEVELS = {"<": 0, ">": 0, "<=": 0, ">=": 0, "==": 0, "!=": 0, "|": 1, "^": 2, "&": 3, "+": 5, "-": 5}
LEVELS |= {"*": 6, "/": 6, "@": 6, "//": 6, "%": 6, "**": 8}
ATOM = 9
SYMBOLS = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.MatMult: "@", ast.Pow: "**", ast.FloorDiv: "//",
    ast.Mod: "%", ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^",
}  # fmt: skip
REDUCERS: dict[Any, str] = {
    np.add: "sum",
    np.multiply: "prod",
    np.maximum: "max",
    np.minimum: "min",
    np.logical_and: "all",
    np.logical_or: "any",
}
LINE = 100  # an expression longer than this is not put inside another
NEAR = 6  # steps


def expression(step: Step, say: Callable[[Any], str], namer: Namer) -> str:
    """A step as an expression; `say` writes an argument, which gets brackets where it needs them."""
    function, arguments = step.function, step.arguments
    options = "".join(f", {key}={namer.of(each)}" for key, each in step.options.items())
    if step.kind == "view" or (step.kind == "call" and step.text):
        whole = not step.text.startswith("{0}")
        return step.text.format(say(arguments[0]) if whole else in_brackets(say(arguments[0]), ATOM))
    if step.kind == "reduce":
        axis = step.options["axis"]
        options = "" if axis is None else f", axis={axis[0] if len(axis) == 1 else axis}"
        options += ", keepdims=True" if step.options["keepdims"] else ""
        return f"np.{REDUCERS.get(function, function.__name__ + '.reduce')}({say(arguments[0])}{options})"
    if step.kind == "cast":
        return f"{in_brackets(say(arguments[0]), ATOM)}.astype({namer.of(arguments[1])})"
    if function in OPERATORS and len(arguments) == 2 and not options:
        symbol = OPERATORS[function]
        level = LEVELS[symbol]
        turned = symbol == "**"
        left, right = (
            in_brackets(say(arguments[0]), level + turned),
            in_brackets(say(arguments[1]), level + (not turned)),
        )
        return f"{left} {symbol} {right}"
    if function is np.negative:
        return f"-{in_brackets(say(arguments[0]), LEVELS['**'])}"
    written = ", ".join(say(each) for each in arguments)
    return f"{called(step, namer)}({written}{options})"


def in_brackets(text: str, level: int) -> str:
    """The text, in brackets if it binds less tightly than `level`."""
    node = ast.parse(text, mode="eval").body
    bound = ATOM
    if isinstance(node, ast.BinOp):
        bound = LEVELS[SYMBOLS[type(node.op)]]
    elif isinstance(node, ast.UnaryOp):
        bound = LEVELS["*"]
    elif isinstance(node, (ast.Compare, ast.BoolOp, ast.IfExp)):
        bound = LEVELS["<"]
    return text if bound >= level else f"({text})"


def called(step: Step, namer: Namer) -> str:
    """The name of the function that a step calls."""
    function: Any = step.function
    name = getattr(function, "__name__", type(function).__name__)
    if getattr(np, name, None) is function:
        return f"np.{name}"
    if getattr(np.linalg, name, None) is function:
        return f"np.linalg.{name}"
    if name == "_taken":
        return namer.function(function, "taken")
    return namer.function(function, name.strip("_"))


def shape_comment(value: Value) -> str:
    """A value's shape and dtype, as they stand at the end of a line."""
    return f"{value.shape} {value.dtype.name}" if value.shape else value.dtype.name


@dataclass(slots=True, eq=False)
class Line:
    """One line of the readable program: a step, with those that stand inside its expression."""

    step: Step
    text: str
    results: tuple[Value, ...]
    operands: list[Value]  # what it reads, in the order of the text

    def made(self, namer: Namer) -> str:
        """The names on its left."""
        return ", ".join(namer.of(value) for value in self.results)


def readable_text(listing: Listing, namer: Namer) -> str:
    """A function of all inputs that returns all results, with single uses put inside expressions."""
    inputs = [namer.of(value) for value in (*listing.arguments, *listing.leaves.values())]
    inputs += [name for i, _ in enumerate(listing.optimizers) for name in (f"learning_rate{i or ''}", f"step{i or ''}")]
    lines, last = program_lines(listing, namer)
    body = "\n".join(f"    {line}" if line else "" for line in [*_written(lines, namer), "", last.text])
    rules = (_update_function(line.step, namer) for line in lines if line.step.kind == "update")
    head = "".join(f"{text}\n\n\n" for text in dict.fromkeys(rules))
    constants = "".join(f"{line}\n" for line in namer.definitions())
    return f"import numpy as np\n\n{constants}\n\n{head}def program({', '.join(inputs)}):{body}\n"


def _written(lines: list[Line], namer: Namer) -> Iterator[str]:
    """The lines as text, with a heading where another layer or phase begins."""
    group: Any = ()
    for line in lines:
        step = line.step
        if step.kind == "update":
            if group is not step:
                group = step
                title = f"{step.function.name}: {', '.join(step.function.slots)}"  # type: ignore[attr-defined]
                yield from ("", f"# update by {title}", *_update_hosts(step))
            yield f"{line.made(namer)} = {line.text}"
            continue
        if (step.phase, step.scope) != group:
            group = step.phase, step.scope
            yield from ("", f"# {step.phase}: {' / '.join(step.scope) or step.op}")
        made = line.made(namer)
        yield f"{made} = {line.text}  # {shape_comment(step.results[0])}" if made else line.text


def program_lines(listing: Listing, namer: Namer) -> tuple[list[Line], Line]:
    """The lines of the readable program, and its last one, which returns."""
    reader = _Reader(listing, namer)
    for index, step in enumerate(listing.steps):
        reader.step(index, step)
    ends = [reader.say(value) for value in listing.kept()]
    text = f"return {', '.join(ends)}{',' if len(ends) == 1 else ''}"
    end = Step("call", tuple, (), {}, (), op="return", phase="")
    return reader.lines, Line(end, text, (), reader.read(listing.kept()))


class _Reader:
    """Collects the lines of the readable program."""

    def __init__(self, listing: Listing, namer: Namer) -> None:
        self.listing, self.namer = listing, namer
        self.uses = _uses(listing)
        self.inside: dict[int, Line] = {}  # expressions that stand where they are used
        self.lines: list[Line] = []

    def say(self, thing: Any) -> str:
        """An argument as it is written."""
        if isinstance(thing, Value) and id(thing) in self.inside:
            return self.inside[id(thing)].text
        if isinstance(thing, (tuple, list)):
            parts = ", ".join(self.say(each) for each in thing)
            return (f"({parts},)" if len(thing) == 1 else f"({parts})") if isinstance(thing, tuple) else f"[{parts}]"
        return self.namer.of(thing)

    def read(self, operands: Iterable[Value]) -> list[Value]:
        """These values, and in place of an expression those that it reads."""
        found: list[Value] = []
        for value in operands:
            found += self.inside[id(value)].operands if id(value) in self.inside else [value]
        return found

    def step(self, index: int, step: Step) -> None:
        """Write one step, or keep it for the expression that uses it."""
        if step.kind == "update":
            self.lines += _update_lines(step, self.namer)
            return
        line = Line(step, expression(step, self.say, self.namer), step.results, self.read(step.operands))
        if self._stands_inside(index, step, line.text):
            self.inside[id(step.results[0])] = line
        else:
            self.lines.append(line)

    def _stands_inside(self, index: int, step: Step, text: str) -> bool:
        """Whether a result is used once, soon, in the same phase, and short enough to be read there."""
        if step.kind not in ("ufunc", "view") or len(text) >= LINE or step.results[0].name.startswith("d_"):
            return False
        where = self.uses.get(id(step.results[0]), [])
        if len(where) != 1 or where[0] >= len(self.listing.steps):
            return False
        span = self.listing.steps[index : where[0] + 1]
        return step.kind == "view" or (len(span) <= NEAR and all(each.phase == step.phase for each in span))


def _uses(listing: Listing) -> dict[int, list[int]]:
    """The indices of the steps that use each value; the end counts as one."""
    uses: dict[int, list[int]] = {}
    for index, step in enumerate(listing.steps):
        for value in step.operands:
            uses.setdefault(id(value), []).append(index)
    for value in listing.kept():
        uses.setdefault(id(value), []).append(len(listing.steps))
    return uses


def _update_function(step: Step, namer: Namer) -> str:
    """The rule of an update as a function of the arrays of one parameter."""
    update: Update = step.function  # type: ignore[assignment]
    names = {id(value): slot for value, slot in zip(update.inputs, update.slots, strict=True)}
    hosts = hosts_of(update)
    lines: list[str] = []
    results = {
        id(value): f"new_{slot}"
        for value, slot in zip(update.results, (update.slots[0], *update.slots[2:]), strict=True)
    }
    uses: dict[int, int] = {}
    for each in update.steps:
        for value in each.operands:
            uses[id(value)] = uses.get(id(value), 0) + 1

    def say(thing: Any) -> str:
        if isinstance(thing, Value) and id(thing) in names:
            return names[id(thing)]
        if isinstance(thing, Value) and thing.source == "host":
            return hosts[thing.owner]
        return namer.of(thing)

    for each in update.steps:
        text = expression(each, say, namer)
        value = each.results[0]
        if uses.get(id(value), 0) == 1 and id(value) not in results:
            names[id(value)] = text
        else:
            names[id(value)] = results.get(id(value)) or f"t{len(lines)}"
            lines.append(f"    {names[id(value)]} = {text}")
    given = ", ".join([*update.slots, *hosts.values()])
    made = ", ".join(say(value) for value in update.results)
    return "\n".join([f"def {update.name}({given}):", *lines, f"    return {made}"])


def hosts_of(update: Update) -> dict[str, str]:
    """The host numbers of an update by text, with names: alpha where there is one, a, b, ... else."""
    texts = dict.fromkeys(v.owner for step in update.steps for v in step.operands if v.source == "host")
    return {text: text if text.isidentifier() else f"alpha{i or ''}" for i, text in enumerate(texts)}


def _update_hosts(step: Step) -> list[str]:
    """The lines that compute the host numbers of an update."""
    hosts = hosts_of(step.function)  # type: ignore[arg-type]
    return [f"{name} = {text[1:-1] if text[0] == '(' else text}" for text, name in hosts.items() if name != text]


def _update_lines(step: Step, namer: Namer) -> Iterator[Line]:
    """A line for each parameter."""
    update: Update = step.function  # type: ignore[assignment]
    hosts = hosts_of(update).values()
    width = len(update.slots) - 1
    for i, row in enumerate(step.arguments):
        read = [row[0], row[-1], *row[1:-1]]
        text = f"{update.name}({', '.join([*map(namer.of, read), *hosts])})"
        yield Line(step, text, step.results[i * width : (i + 1) * width], read)
