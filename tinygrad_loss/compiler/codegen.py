"""From a listing to Python: `source`, which reads as written by hand, and `optimized_source`, which runs."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

import numpy as np

from .ir import Listing, Step, Update, Value
from .layout import Flat, Layout
from .names import Namer

__all__ = ["optimized_text", "readable_text"]

OPERATORS = {
    np.add: "+", np.subtract: "-", np.multiply: "*", np.divide: "/", np.true_divide: "/", np.matmul: "@", np.power: "**",
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
REDUCERS = {np.add: "sum", np.multiply: "prod", np.maximum: "max", np.minimum: "min", np.logical_and: "all", np.logical_or: "any"}
LINE = 100  # an expression longer than this is not put inside another


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
        left, right = in_brackets(say(arguments[0]), level + turned), in_brackets(say(arguments[1]), level + (not turned))
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


# The readable program


def readable_text(listing: Listing, namer: Namer) -> str:
    """A function of all inputs that returns all results, with single uses put inside expressions."""
    inputs = [namer.of(value) for value in (*listing.arguments, *listing.leaves.values())]
    inputs += [name for i, _ in enumerate(listing.optimizers) for name in (f"learning_rate{i or ''}", f"step{i or ''}")]
    lines, functions = [], []
    uses = _uses(listing)
    inside: dict[int, str] = {}

    def say(thing: Any) -> str:
        if isinstance(thing, Value) and id(thing) in inside:
            return inside[id(thing)]
        if isinstance(thing, (tuple, list)):
            parts = ", ".join(say(each) for each in thing)
            return (f"({parts},)" if len(thing) == 1 else f"({parts})") if isinstance(thing, tuple) else f"[{parts}]"
        return namer.of(thing)

    group: tuple[Any, ...] = ()
    for index, step in enumerate(listing.steps):
        here = (step.phase, step.scope)
        if step.kind == "update":
            functions.append(_update_function(step, namer))
            lines += ["", f"# update: {step.function!r}".replace("<", "").replace(">", "")]
            lines += _update_calls(step, namer)
            continue
        text = expression(step, say, namer)
        single = len(step.results) == 1 and uses.get(id(step.results[0]), []) == [index + 1 + _gap(listing, index, uses, step)]
        nested = (
            len(step.results) == 1
            and len(uses.get(id(step.results[0]), [])) == 1
            and step.kind in ("ufunc", "view")
            and not step.results[0].name.startswith("d_")
            and len(text) < LINE
            and (single or step.kind == "view")
        )
        if nested:
            inside[id(step.results[0])] = text
            continue
        if here != group:
            lines += ["", f"# {step.phase}: {' / '.join(step.scope) or step.op}"]
            group = here
        made = ", ".join(namer.of(value) for value in step.results)
        lines.append(f"{made} = {text}  # {shape_comment(step.results[0])}")
    ends = [say(value) for value in listing.kept()]
    lines += ["", f"return {', '.join(ends)}{',' if len(ends) == 1 else ''}"]
    body = "\n".join(f"    {line}" if line else "" for line in lines)
    head = "".join(f"{text}\n\n\n" for text in dict.fromkeys(functions))
    constants = "".join(f"{line}\n" for line in namer.definitions())
    return f"import numpy as np\n\n{constants}\n\n{head}def program({', '.join(inputs)}):{body}\n"


def _uses(listing: Listing) -> dict[int, list[int]]:
    """The indices of the steps that use each value; the end counts as one."""
    uses: dict[int, list[int]] = {}
    for index, step in enumerate(listing.steps):
        for value in step.operands:
            uses.setdefault(id(value), []).append(index)
    for value in listing.kept():
        uses.setdefault(id(value), []).append(len(listing.steps))
    return uses


def _gap(listing: Listing, index: int, uses: dict[int, list[int]], step: Step) -> int:
    """How many steps stand between this one and its only use, all of them in the same op."""
    where = uses.get(id(step.results[0]), [-1])
    between = where[0] - index - 1
    if len(where) != 1 or not 0 <= between < 4 or where[0] >= len(listing.steps):
        return -1
    span = listing.steps[index : where[0] + 1]
    return between if all(each.phase == step.phase for each in span) else -1


def _update_function(step: Step, namer: Namer) -> str:
    """The rule of an update as a function of the arrays of one parameter."""
    update: Update = step.function  # type: ignore[assignment]
    names = {id(value): slot for value, slot in zip(update.inputs, update.slots, strict=True)}
    hosts = _hosts(update)
    lines = []
    results = {id(value): f"new_{slot}" for value, slot in zip(update.results, (update.slots[0], *update.slots[2:]), strict=True)}
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


def _hosts(update: Update) -> dict[str, str]:
    """The host numbers of an update by text, with names: alpha where there is one, a, b, ... else."""
    texts = dict.fromkeys(v.owner for step in update.steps for v in step.operands if v.source == "host")
    return {text: text if text.isidentifier() else f"alpha{i or ''}" for i, text in enumerate(texts)}


def _update_calls(step: Step, namer: Namer) -> list[str]:
    update: Update = step.function  # type: ignore[assignment]
    hosts = _hosts(update)
    lines = [f"{name} = {text[1:-1] if text[0] == '(' else text}" for text, name in hosts.items() if name != text]
    width = len(update.slots) - 1
    for i, row in enumerate(step.arguments):
        made = ", ".join(namer.of(value) for value in step.results[i * width : (i + 1) * width])
        given = ", ".join([namer.of(row[0]), namer.of(row[-1]), *map(namer.of, row[1:-1]), *hosts.values()])
        lines.append(f"{made} = {update.name}({given})")
    return lines


# The program that runs


def optimized_text(listing: Listing, layout: Layout, namer: Namer) -> str:
    """A module: memory first, then a function that computes into it, the update last."""
    writer = _Writer(listing, layout, namer)
    for index, step in enumerate(listing.steps):
        writer.step(step)
        gone = [namer.of(value) for value in layout.ends.get(index, [])]
        if gone:
            writer.body.append(f"del {', '.join(gone)}")
    return writer.text()


class _Writer:
    """Collects the lines of the optimized program."""

    def __init__(self, listing: Listing, layout: Layout, namer: Namer) -> None:
        self.listing, self.layout, self.namer = listing, layout, namer
        self.head: list[str] = []
        self.body: list[str] = []
        self.imports = {"from collections import deque as run", "from itertools import starmap", "from operator import call"}
        self.placed: set[int] = set()  # values that have a name at module level
        self.bound: dict[str, str] = {}  # functions bound to short names
        self.numbers: dict[str, str] = {}  # 0-d arrays, by how they are made
        for block in layout.blocks:
            self.head.append(f"{block.name} = np.empty({block.size}, np.uint8)")
        for flat in layout.flats:
            for name, dtype in zip(flat.names, flat.dtypes, strict=True):
                self.head.append(f"{name} = np.empty({flat.size}, np.{dtype.name})")
        for leaf in listing.leaves.values():
            self._at_its_place(leaf)

    def _at_its_place(self, value: Value) -> None:
        """A name at module level for a value that has memory."""
        if id(value) in self.placed:
            return
        if value.name and any(self.namer.names.get(key) == self.namer.of(value) for key in self.placed & self.layout.in_flat.keys()):
            self.placed.add(id(value))  # the new value of a parameter stands where the old one did
            return
        name, shape = self.namer.of(value), value.shape
        if id(value) in self.layout.in_flat:
            flat, start = self.layout.in_flat[id(value)]
            self.head.append(f"{name} = {flat}[{start}:{start + value.size}].reshape({shape})")
        elif id(value) in self.layout.in_block:
            block = self.layout.in_block[id(value)]
            self.head.append(f"{name} = {block.name}.view(np.{value.dtype.name}).reshape({shape})")
        else:
            return
        self.placed.add(id(value))

    def _static(self, value: Any) -> bool:
        return not isinstance(value, Value) or id(value) in self.placed or value.source == "constant"

    def _function(self, text: str) -> str:
        """A short name for a function of NumPy."""
        if not text.startswith("np."):
            return text
        short = text[3:].replace(".", "_")
        short = f"{short}_" if short in ("all", "any", "sum", "max", "min", "abs", "round", "pow") else short
        self.bound[short] = text
        return short

    def step(self, step: Step) -> None:
        """Write one step."""
        for value in step.results:
            self._at_its_place(value)
        if step.kind == "update":
            self._update(step)
        elif step.kind == "view":
            line = f"{self.namer.of(step.result)} = {expression(step, self._say, self.namer)}"
            if self._static(step.arguments[0]):
                self.head.append(line)
                self.placed.add(id(step.result))
            else:
                self.body.append(line)
        else:
            self.body.append(self._line(step))

    def _number(self, thing: Any, step: Step) -> str:
        """An argument of a ufunc; a number as a 0-d array, which NumPy takes in half the time."""
        dtype = step.results[0].dtype if step.results[0].dtype.kind == "f" else _float_operand(step)
        literal = isinstance(thing, Value) and thing.source == "constant" and not thing.shape
        number = np.asarray(thing.array).item() if literal else thing
        if dtype is None or isinstance(number, bool) or not isinstance(number, (int, float)) or (literal and thing.dtype != dtype):
            return self.namer.of(thing)
        text = f"np.array({self.namer.of(float(number))}, np.{dtype.name})"
        if text not in self.numbers:
            self.numbers[text] = f"number_{len(self.numbers)}"
            self.head.append(f"{self.numbers[text]} = {text}")
        return self.numbers[text]

    def _into(self, step: Step, made: str) -> str:
        return f"out={made}" if step.function in (np.maximum, np.minimum) else made

    def _say(self, thing: Any) -> str:
        return self.namer.of(thing)

    def _line(self, step: Step) -> str:
        value = step.results[0]
        made = self.namer.of(value)
        given = [self.namer.of(each) for each in step.arguments]
        options = "".join(f", {key}={self.namer.of(each)}" for key, each in step.options.items())
        comment = f"  # {shape_comment(value)}"
        into = id(value) in self.placed
        if not value.shape and len(step.results) == 1 and step.kind == "ufunc":
            return f"{made} = {expression(step, self._say, self.namer)}{comment}"  # Python's operators are quicker on one number
        if step.kind == "ufunc":
            given = [self._number(each, step) for each in step.arguments]
            f = self._function(f"np.{step.function.__name__}") if not options else called(step, self.namer)
            return f"{f}({', '.join(given)}, {self._into(step, made)}{options}){comment}" if into else f"{made} = {f}({', '.join(given)}{options}){comment}"
        if step.kind == "reduce":
            axis = step.options["axis"]
            f = self._function(f"np.{step.function.__name__}.reduce")
            axis_text = "None" if axis is None else str(axis[0]) if len(axis) == 1 else str(axis)
            keep = ", True" if step.options["keepdims"] else ""
            end = f"None, {made if into else None}{keep}"
            line = f"{f}({given[0]}, {axis_text}, {end})" if into or keep else f"{f}({given[0]}, {axis_text})"
            return f"{line}{comment}" if into else f"{made} = {line}{comment}"
        if step.kind == "product":
            flat = all(isinstance(x, Value) and len(x.shape) <= 2 for x in step.arguments)
            f = self._function("np.dot" if flat else "np.matmul")
            return f"{f}({', '.join(given)}, {made}){comment}" if into else f"{made} = {f}({', '.join(given)}){comment}"
        if step.kind == "where" and into:
            copy = self._function("np.copyto")
            first, second = (self._number(each, step) for each in step.arguments[1:])
            return f"{copy}({made}, {second}); {copy}({made}, {first}, where={given[0]}){comment}"
        if step.kind == "cast" and into:
            return f"{self._function('np.copyto')}({made}, {given[0]}, casting='unsafe'){comment}"
        several = ", ".join(self.namer.of(each) for each in step.results)
        comma = "," if isinstance(step.result, tuple) and len(step.results) == 1 else ""
        return f"{several}{comma} = {expression(step, self._say, self.namer)}{comment}"

    def _update(self, step: Step) -> None:
        """An update as a list of calls that C runs through: an interrupt comes before or after, never inside."""
        flat = next(each for each in self.layout.flats if each.step is step)
        number = self.layout.flats.index(flat) or ""
        for row, (name, start) in zip(_copied(step, flat, self.layout), self.layout.copied.get(id(step), []), strict=True):
            g = row[-1]
            self.body.append(f"{self._function('np.copyto')}({name}[{start}:{start + g.size}].reshape({g.shape}), {self.namer.of(g)})")
        hosts = {text: f"{name}_{number}" if number and not text.isidentifier() else name for text, name in _hosts(flat.update).items()}
        calls = self._calls(flat, hosts, number)
        for text, name in hosts.items():
            self.head.append(f"{name}_now = np.empty((), np.{flat.dtypes[0].name})")
            self.body.append(f"{name}_now[...] = {text[1:-1] if text[0] == '(' else text}")
        if flat.blocks:
            self.head.append(f"blocks{number} = [slice(i, min(i + {flat.blocks}, {flat.size})) for i in range(0, {flat.size}, {flat.blocks})]")
            self.head += [f"update{number} = [line for s in blocks{number} for line in [", *[f"    {line}," for line in calls], "]]"]
        else:
            self.head += [f"update{number} = [", *[f"    {line}," for line in calls], "]"]
        self.body.append(f"run(starmap(call, update{number}), 0)  # in C: an interrupt is taken before or after, not inside")

    def _calls(self, flat: Flat, hosts: dict[str, str], number: Any) -> list[str]:
        """The steps of an update on the flat arrays, or on a block of each: `[s]` marks where a block is cut out."""
        update, cut = flat.update, "[s]" if flat.blocks else ""
        names = {id(value): name + cut for value, name in zip(update.inputs, flat.names, strict=True)}
        final = {id(value): name + cut for value, name in zip(update.results, [flat.names[0], *flat.names[2:]], strict=True)}
        last = {id(value): i for i, each in enumerate(update.steps) for value in each.operands}
        gradients = flat.names[1] + cut
        scratch = {gradients} if flat.gradients_end else set()
        free: list[str] = []
        calls = []
        for i, each in enumerate(update.steps):
            value = each.results[0]
            given = [f"{hosts[x.owner]}_now" if isinstance(x, Value) and x.source == "host" else names[id(x)] if isinstance(x, Value) and id(x) in names else self._number(x, each) for x in each.arguments]
            ends = [names[id(x)] for x in dict.fromkeys(each.operands) if last[id(x)] == i and names.get(id(x)) in scratch]
            old = final.get(id(value))
            # A new state stands in the old one's place, once nobody reads the old one any more.
            readers = [v for v in update.inputs if names[id(v)] == old and last.get(id(v), -1) > i] if old else []
            if old and not readers:
                made = old
            elif ends or free:
                made = (ends or free).pop()
            else:
                base = f"scratch{number}_{len(scratch)}"
                made = f"{base}[: s.stop - s.start]" if flat.blocks else base
                scratch.add(made)
                self.head.append(f"{base} = np.empty({min(flat.size, flat.blocks or flat.size)}, np.{value.dtype.name})")
            free += [name for name in ends if name != made]
            names[id(value)] = made
            f = self._function(f"np.{each.function.__name__}")
            if each.function in (np.maximum, np.minimum):
                self.imports.add("from functools import partial")
                calls.append(f"(partial({f}, {', '.join(given)}, out={made}),)")
            else:
                calls.append(f"({f}, {', '.join([*given, made])})")
        return calls + [f"({self._function('np.copyto')}, {name}, {names[key]})" for key, name in final.items() if names[key] != name]

    def _given_out(self, value: Any) -> str:
        """What is returned is the caller's own: a copy where it would be the program's memory, or an input."""
        text = self.namer.of(value)
        own = isinstance(value, Value) and (value.source != "step" or id(value) in self.placed)
        return f"np.array({text})" if own else text

    def text(self) -> str:
        """The module."""
        listing, namer = self.listing, self.namer
        inputs = [namer.of(value) for value in listing.arguments]
        inputs += [namer.of(leaf) for leaf in listing.leaves.values() if id(leaf) not in self.placed]
        inputs += [name for i, _ in enumerate(listing.optimizers) for name in (f"learning_rate{i or ''}", f"step{i or ''}")]
        ends = [self._given_out(value) for value in listing.outputs]
        ends += [namer.of(new) for leaf, new in listing.assigned if id(leaf) not in self.layout.in_flat]
        ends += [namer.of(g) for _, g in listing.gradients if g is not None]
        bound = [f"{short} = {full}" for short, full in self.bound.items()]
        body = [*self.body, f"return {', '.join(ends)}{',' if len(ends) == 1 else ''}" if ends else "return ()"]
        imports = "\n".join(sorted(self.imports)) + "\n\nimport numpy as np\n"
        parts = [imports, "\n".join(bound), "", "# Memory", *namer.definitions(), "\n".join(self.head), ""]
        lines = "\n".join(f"    {line}" for line in body)
        return "\n".join(parts) + f"\ndef program({', '.join(inputs)}):\n{lines}\n"


def _float_operand(step: Step) -> np.dtype[Any] | None:
    """The dtype in which a comparison compares, if it is of floats of one kind."""
    dtypes = {value.dtype for value in step.operands}
    return next(iter(dtypes)) if len(dtypes) == 1 and next(iter(dtypes)).kind == "f" else None


def _copied(step: Step, flat: Flat, layout: Layout) -> list[Any]:
    """The rows of an update whose gradient is made elsewhere, in the order of `layout.copied`."""
    places = set(layout.copied.get(id(step), []))
    return [row for row, start in zip(step.arguments, flat.starts, strict=True) if (flat.names[1], start) in places]
