"""Capture: watch one eager run of a function, backward and optimizer step included, and write it down as a listing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..core.hooks import Observer
from ..core.tensor import Tensor
from ..errors import GraphError
from ..modes import observed_by
from .draws import Drawing, Drawn
from .ir import Listing, Step, Update, Value
from .known import Known
from .linear_maps import matrices
from .traced import Host, Traced, UntraceableError

__all__ = ["CaptureError", "Recorder", "capture"]


SHAPED_BY_DATA = {  # ops whose result has a shape that its inputs' values decide, and which inputs
    **dict.fromkeys(("getitem", "scatter_add"), "masks"),
    **dict.fromkeys(("repeat", "compress", "extract"), "others"),
    **dict.fromkeys(("nonzero", "flatnonzero", "argwhere", "unique", "trim_zeros"), "all"),
}
FEW = 3  # elements on which an optimizer's rule is tried: of the flat arrays only shapes and dtypes matter


class CaptureError(GraphError):
    """A function does what a program cannot repeat."""


class Member(NamedTuple):
    """One parameter of an update, with its state and its gradient."""

    parameter: Tensor
    leaves: list[Value]  # the parameter, then what the optimizer remembers of it
    gradient: Traced

    @property
    def kind(self) -> Any:
        """What has to be equal to stand side by side; None where it has to stand alone."""
        alike = all(leaf.shape == self.leaves[0].shape for leaf in self.leaves)
        if not alike or getattr(self.parameter, "constraint", None) is not None:
            return None
        return tuple(value.dtype.str for value in (*self.leaves, self.gradient.value))


class Recorder(Observer):
    """Writes a listing of everything that it sees happen to Tensors."""

    traces = watches = True

    def __init__(self, strict: bool = False, columns: bool = True) -> None:
        self.columns = columns  # whether all columns of a matrix are to come from one pass
        self.strict = strict  # whether a value that is asked for is an error, or a reason to stay eager
        self.listing = Listing()
        self.reasons: list[str] = []  # why no program can be made
        self.known = Known(self.reasons)
        self.real = 0  # above 0, values keep what they were: more is to be computed from them
        self.touched: dict[int, tuple[Tensor, Any]] = {}  # leaves, with their .grad before the run
        self.phase, self.op, self.scope = "forward", "", ()
        self.updating: set[int] = set()
        self.pulled = False

    # What the engine tells

    def on_call(self, op: Any, inputs: tuple[Any, ...], attributes: dict[str, Any], result: Any) -> None:
        """Take the kernel apart into steps; or, where that is not possible, make it one step."""
        self.op = op.name
        node = getattr(result, "_node", None)
        self.scope = node.scope if node is not None else self.scope
        values = [self.value_of(x) for x in inputs]
        if op.name in SHAPED_BY_DATA:
            self._refuse_data_shapes(op.name, values)
        start = len(self.listing.steps)
        traced = [self.traced(value, x) for value, x in zip(values, inputs, strict=True)]
        try:
            with np.errstate(all="ignore"):
                made = op.kernel(*traced, **attributes)
            made = made if isinstance(made, tuple) else (made,)
            if not all(isinstance(each, (Traced, np.ndarray, np.generic)) for each in made):
                raise UntraceableError("not an array")
        except UntraceableError:
            del self.listing.steps[start:]
            made = None
        results = result if isinstance(result, tuple) else (result,)
        if made is None:
            fresh = tuple(Value(each._value) for each in results)
            kernel = op.kernel
            step = Step(
                "call", kernel, tuple(values), dict(attributes), fresh if isinstance(result, tuple) else fresh[0]
            )
            step.shares = _shared(fresh, inputs)
            self.emit(step)
            made = fresh
        for tensor, each in zip(results, made, strict=True):
            if type(tensor._value) is np.bool_:  # a singleton: known by identity, it would be any other
                tensor._value = np.array(tensor._value)
            value = each.value if isinstance(each, Traced) else each
            if self.known.find(tensor._value) is None:
                array = tensor._value
                value = value if isinstance(value, Value) else Value(np.asarray(array), "constant")
                self.known.put(array, value)
                if not any(np.may_share_memory(array, getattr(x, "_value", x)) for x in inputs):
                    self.known.put_base(array, value)
        self._release(start)

    def _refuse_data_shapes(self, name: str, values: list[Any]) -> None:
        """A program's shapes are fixed: what takes as many elements as a mask has True cannot be in it."""
        arrays = [x for x in values[1:] if isinstance(x, Value) and x.source != "constant"]
        if SHAPED_BY_DATA[name] == "masks":
            arrays = [x for x in arrays if x.dtype.kind == "b"]
        elif SHAPED_BY_DATA[name] == "all":
            arrays = [x for x in values if isinstance(x, Value) and x.source != "constant"]
        if arrays:
            self._forbid(
                f"{name} gives a shape that depends on values",
                "The shapes of a program are fixed.",
                "Use np.where(mask, x, 0) instead of x[mask], or leave this part out of the function.",
            )

    def _forbid(self, what: str, why: str, cure: str) -> None:
        if self.strict:
            raise CaptureError(f"jit cannot go on: {what}.", why, cure)
        self.refuse(what, why)

    def on_assign(self, tensor: Any, value: Any) -> None:
        """A new value of a leaf or state is what the program leaves behind."""
        leaf = self.leaf(tensor)
        if id(tensor) in self.updating:  # the eager end of a step that is written down already
            self.updating.discard(id(tensor))
            new = next(made for old, made in self.listing.assigned if old is leaf)
        else:
            new = self._cast(self.value_of(value if isinstance(value, Tensor) else np.asarray(value)), leaf)
            self._assign(leaf, new)
        self.known.put(tensor._value, new)

    def _assign(self, leaf: Value, new: Value) -> None:
        self.listing.assigned = [(old, made) for old, made in self.listing.assigned if old is not leaf]
        self.listing.assigned.append((leaf, new))

    def on_escape(self, tensor: Any, what: str) -> None:
        """A value that Python decides by may be another one at the next run."""
        shown = f"a tensor of shape {tensor.shape}" + (f", {tensor.name!r}," if tensor.name else "")
        self._forbid(
            f"{what} asked for the value of {shown} while the program is written down",
            "A program repeats NumPy calls; what Python does with a value would be decided once, for all calls.",
            "Use np.where instead of if, return the tensor and ask outside, or leave this part out of it.",
        )

    def on_check(self, check: Callable[..., None], args: tuple[Any, ...]) -> None:
        """A check of values is made again at each run."""
        values = tuple(self.value_of(x) if isinstance(x, (Tensor, np.ndarray)) else x for x in args)
        self.op = check.__name__.strip("_")
        self.emit(Step("call", check, values, {}, ()))

    def on_draw(self, generator: Any) -> Any:
        """Draw through the recorder."""
        return Drawing(self, generator)

    def on_linear_map(self, move: Any, seeds: list[Any]) -> Any:
        """A matrix is made of one run, on all of its columns at once."""
        if not self.columns:
            return None
        start = len(self.listing.steps)
        self.known.recall()  # the forward pass is alive: its graph holds it
        self.real += 1
        try:
            return matrices(self, move, seeds)
        finally:
            self.real -= 1
            self._release(start)
            if not self.real:
                self.known.forget()

    def on_gradient(self, node: Any, gradient: Any) -> None:
        """Backward has come to a node: the steps to come are its rule."""
        self.phase = "backward"
        self.pulled = True
        self.scope = node.scope
        if isinstance(gradient, tuple):
            return
        value = self.value_of(getattr(gradient, "_value", gradient))
        seen = self.known.find(node.value)
        name = "" if seen is None else seen.name
        if isinstance(value, Value) and not value.name and name and value.source == "step":
            value.name = f"d_{name}"

    def on_update(self, optimizer: Any, parameters: list[Any], gradients: list[Any]) -> None:
        """Write down the optimizer's rule for these parameters; the eager step that follows is left alone."""
        self.phase, self.scope, self.op = "update", (), optimizer.name
        start = len(self.listing.steps)
        if any(optimizer is known for known in self.listing.optimizers):
            self.refuse(f"a second step of {type(optimizer).__name__}", "A program makes one step of each optimizer.")
        number = len(self.listing.optimizers) or ""
        self.listing.optimizers.append(optimizer)
        rate, step = (
            Host(optimizer.learning_rate, f"learning_rate{number}"),
            Host(optimizer.iterations + 1, f"step{number}"),
        )
        try:
            given = [self.traced(self._array(g), g) for g in gradients]
            members = [
                Member(p, [self.leaf(owner) for owner in (p, *optimizer.state_of(p))], g)
                for p, g in zip(parameters, optimizer.clipped(given), strict=True)
            ]
            rule = optimizer.whole_rule(rate, step)
            groups: dict[Any, list[Member]] = {}
            for member in members:
                groups.setdefault(member.kind, []).append(member)
            updates = []
            for kind, group in groups.items():
                update = None if kind is None else self._update_flat(optimizer, rule, group)
                if update is None:
                    self._update_each(rule, group)
                else:
                    updates.append(update)
            if updates:
                updates[-1].counts = len(self.listing.optimizers) - 1
        except UntraceableError as error:
            self.refuse(f"{type(optimizer).__name__}'s step", str(error))
        self._release(start)
        self.phase = "forward"

    def _update_flat(self, optimizer: Any, rule: Any, group: list[Member]) -> Update | None:
        """One step for all parameters of a group, if the rule treats each element by itself."""
        slots = ("w", "g", *optimizer.slots)
        columns = [[m.leaves[0] for m in group], [m.gradient.value for m in group]]
        columns += [[m.leaves[i] for m in group] for i in range(1, len(slots) - 1)]
        flat = [Value(np.zeros(FEW, column[0].dtype), name=slot) for slot, column in zip(slots, columns, strict=True)]
        steps: list[Step] = []
        with np.errstate(all="ignore"):
            results = rule(*[Traced(value, steps.append) for value in flat])
        made = [each.value for each in results]
        small = {(), flat[0].shape}
        if any(step.kind != "ufunc" or step.results[0].shape not in small for step in steps):
            return None
        if [v.dtype for v in made] != [flat[0].dtype, *[v.dtype for v in flat[2:]]]:
            return None
        total = sum(value.size for value in columns[0])
        for value in (*flat, *(result for step in steps for result in step.results)):
            if value.shape:
                value.array = np.broadcast_to(value.array[0], (total,))
        update = Update(optimizer.name, slots, flat, made, steps)
        new = [[Value(leaf.array, name=leaf.name) for leaf in m.leaves] for m in group]
        arguments = tuple((*m.leaves, m.gradient.value) for m in group)
        self.emit(Step("update", update, arguments, {}, tuple(value for row in new for value in row)))
        for member, row in zip(group, new, strict=True):
            self._updated(member, row)
        return update

    def _update_each(self, rule: Any, group: list[Member]) -> None:
        """The rule for one parameter after the other, with its constraint."""
        for member in group:
            first, *rest = [self.traced(leaf, leaf.owner) for leaf in member.leaves]
            with np.errstate(all="ignore"):
                new = rule(first, member.gradient, *rest)
            constraint = getattr(member.parameter, "constraint", None)
            if constraint is not None:
                new = (constraint(new[0]), *new[1:])
            self._updated(
                member, [self._cast(self._array(made), leaf) for made, leaf in zip(new, member.leaves, strict=True)]
            )

    def _updated(self, member: Member, new: list[Value]) -> None:
        for leaf, made in zip(member.leaves, new, strict=True):
            self._assign(leaf, made)
            self.updating.add(id(leaf.owner))

    # What is written down

    def emit(self, step: Step) -> None:
        """Add a step, marked with what it belongs to."""
        step.op, step.scope, step.phase = self.op, self.scope, self.phase
        self.listing.steps.append(step)

    def drew(self, method: Any, args: Any, options: Any, array: Any) -> Any:
        """A draw is a step that is made again at each run, in the same order."""
        array = np.asarray(array)
        value = Value(array, name="draw")
        self.known.put(array, value)
        value.forget()
        array = array.view(Drawn)
        self.op = method.__name__
        self.emit(Step("call", method, args, options, value))
        self.listing.draws.append(value)
        self.known.put(array, value)
        return array

    def traced(self, value: Any, x: Any) -> Any:
        """A value as a kernel gets it, to compute with what it is now; a number stays one."""
        if not isinstance(value, Value):
            return value
        return Traced(value, self.emit, getattr(x, "_value", x), lazy=not self.real)

    def _release(self, start: int) -> None:
        """Keep of what the steps from `start` on made only shapes and dtypes: else all of a run would be in memory."""
        for step in self.listing.steps[start:] if not self.real else ():
            for value in step.results:
                value.forget()

    def value_of(self, x: Any) -> Any:
        """The Value that a Tensor or an array stands for; numbers stay as they are."""
        if isinstance(x, Tensor):
            array = x._value
            seen = self.known.find(array)
            if seen is None:
                seen = self.known.behind(array) if isinstance(array, np.ndarray) else None
                if seen is None:
                    return self.leaf(x)
                self.known.put(array, seen)
            return seen
        if isinstance(x, (np.ndarray, np.generic)):
            return self._array(x)
        return x if isinstance(x, (int, float, bool)) else self._array(np.asarray(x))

    def _array(self, array: Any) -> Value:
        return array.value if isinstance(array, Traced) else self.known.of(array)

    def leaf(self, tensor: Any) -> Value:
        """A Tensor that was there before: its data is read at each run."""
        found = self.listing.leaves.get(id(tensor))
        if found is None:
            if any(tensor is before for _, before in self.touched.values()):
                self.refuse("adding to a .grad that was there before", "Set it to None first.")
            extra = None if tensor._node is None else tensor._node.extra
            if extra is not None and extra.hooks:
                self.refuse("a tensor with hooks", "Hooks are called by the engine only.")
            if (
                tensor._node is None
                and getattr(tensor._value, "base", None) is not None
                and not tensor._value.flags.writeable
            ):
                self.refuse(
                    "a detached value", "Its tensor was not seen before: use that one first, or detach outside."
                )
            found = Value(np.asarray(tensor._value), "leaf", tensor.name or "", tensor)
            self.listing.leaves[id(tensor)] = found
            self.touched[id(tensor)] = (tensor, getattr(tensor, "_grad", None))
            self.known.put(tensor._value, found)
            self.known.put_base(tensor._value, found)
            found.forget()
        return found

    def refuse(self, what: str, why: str) -> None:
        """No program can be made of this function: note it, and go on eagerly."""
        self.reasons.append(f"{what}: {why}")

    def _cast(self, value: Value, leaf: Value) -> Value:
        if value.dtype == leaf.dtype:
            return value
        made = Value(np.asarray(value.array).astype(leaf.dtype))
        self.emit(Step("cast", np.ndarray.astype, (value, leaf.dtype), {}, made))
        return made


def _shared(results: tuple[Value, ...], inputs: tuple[Any, ...]) -> int | None:
    """Which input's memory a kernel's result looks at."""
    for index, x in enumerate(inputs):
        array = x._value if isinstance(x, Tensor) else x
        if isinstance(array, np.ndarray) and len(results) == 1 and np.may_share_memory(results[0].array, array):
            return index
    return None


def capture(
    function: Callable[..., Any],
    tensors: Sequence[Tensor],
    names: Sequence[str],
    strict: bool = False,
    columns: bool = True,
) -> tuple[Any, Recorder]:
    """Run `function()` once, eagerly, and write down what happens to the Tensors `tensors`, its arguments."""
    recorder = Recorder(strict, columns)
    for tensor, name in zip(tensors, names, strict=True):
        value = Value(tensor._value, "argument", name)
        recorder.listing.arguments.append(value)
        recorder.known.put(tensor._value, value)
        value.forget()
    with observed_by(recorder):
        result = function()
    return result, recorder


def finish(recorder: Recorder, outputs: Sequence[Any]) -> Listing:
    """Add to the listing what the program returns and which gradients it leaves in its leaves."""
    listing = recorder.listing
    listing.outputs = [recorder.value_of(y) for y in outputs]
    for tensor, before in list(recorder.touched.values()):
        after = getattr(tensor, "_grad", None)
        if after is not before:
            leaf = listing.leaves[id(tensor)]
            listing.gradients.append((leaf, None if after is None else recorder.value_of(after)))
            if getattr(after, "_node", None) is not None:
                recorder.refuse("a gradient with a graph of its own", "create_graph=True needs the engine.")
    return listing
