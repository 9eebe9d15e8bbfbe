"""tg.jit: a function written down at its first call and replayed at the next ones."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import update_wrapper
from typing import Any, NamedTuple, TypeVar

import numpy as np

from ..core.tensor import Tensor, wrap
from ..modes import MODE, config
from .capture import CaptureError, Recorder, capture, finish
from .program import Program

__all__ = ["Jitted", "jit"]

F = TypeVar("F", bound=Callable[..., Any])


_ARRAY = np.ndarray
KEPT = 64  # programs of one function; of more kinds of arguments the oldest is made anew


class _Found(NamedTuple):
    """A program, and how its results are handed out."""

    program: Program
    rebuild: Callable[[Any, bool], Any]
    plain: bool


class _Door:
    """The short way to the program that ran last, for arguments that are plain arrays, by position."""

    __slots__ = ("count", "dtypes", "floatx", "mode", "program", "rebuild", "run", "shapes", "single")

    def __init__(self, args: tuple[Any, ...], mode: Any, found: _Found) -> None:
        self.mode, self.floatx = mode, config.floatx()
        self.count, self.shapes, self.dtypes = len(args), [x.shape for x in args], [x.dtype for x in args]
        self.program, self.rebuild = found.program, found.rebuild
        self.run = found.program._run if found.program.is_alone() else None  # nothing else to look after
        self.single = found.rebuild is _one


class Jitted:
    """A function that is replayed as a program, one for each combination of shapes, dtypes and static arguments."""

    def __init__(
        self, function: Callable[..., Any], strict: bool = True, leave_out: frozenset[str] = frozenset()
    ) -> None:
        update_wrapper(self, function)
        self.function = function
        self._found: dict[Any, _Found] = {}
        self.program: Program | None = None  # the one that ran last
        self.reason: str | None = None  # why the last call ran eagerly
        self._strict = strict
        self._leave_out = leave_out
        self._eager: dict[Any, str] = {}
        self._lock = threading.RLock()
        self._door: _Door | None = None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Replay, or capture at the first call of its kind."""
        door = self._door
        if door is not None and len(args) == door.count and not kwargs and MODE.get() is door.mode:
            for x, shape, dtype in zip(args, door.shapes, door.dtypes):  # noqa: B905 - strict= costs as much again
                if type(x) is not _ARRAY or x.shape != shape or x.dtype is not dtype:
                    break
            else:
                if config._floatx == door.floatx:
                    with self._lock:
                        if door.run is not None:
                            results = door.run(*args)
                            return results[0] if door.single else door.rebuild(iter(results), True)
                        if not door.program.has_gradients() and door.program.fits():
                            results = door.program.run(args)
                            return results[0] if door.single else door.rebuild(iter(results), True)
        return self._called(args, kwargs)

    def _called(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Find the program for these arguments, whatever they are."""
        self._door = None
        arrays: list[Any] = []
        mode = MODE.get()
        key: Any = (_key(args, arrays), _key(kwargs, arrays) if kwargs else None, mode.recording, config.floatx())
        why = self._eager.get(key) if self._eager else None
        if why is None and mode.recording and _connected(arrays):
            why = "an argument has a graph, which goes on through this call"
        if mode.observers or why:
            self.reason = why or "somebody watches the ops being called"
            return self.function(*args, **kwargs)
        with self._lock:
            found = self._found.get(key)
            begun = found is not None and found.program.has_gradients()
            if begun:
                key = (*key, "gradients there before")
                found = self._found.get(key)
            if found is None or not found.program.fits():
                return self._capture(key, args, kwargs, arrays)
            self.program, self.reason = found.program, None
            if not kwargs and not begun and all(type(x) is np.ndarray for x in args):
                self._door = _Door(args, mode, found)
            return found.rebuild(iter(found.program.run([getattr(x, "_value", x) for x in arrays])), found.plain)

    def __reduce__(self) -> tuple[Any, ...]:
        return Jitted, (self.function, self._strict, self._leave_out)  # programs are bound to Tensors: made anew

    @property
    def programs(self) -> list[Program]:
        """Every program made so far."""
        return [found.program for found in self._found.values()]

    def _capture(self, key: Any, args: Any, kwargs: Any, arrays: list[Any]) -> Any:
        """Run eagerly once, watched; keep the program if there is one."""
        plain = not any(isinstance(x, Tensor) for x in arrays)
        tensors = [wrap(x._value if isinstance(x, Tensor) else _own(x), None) for x in arrays]
        waiting = iter(tensors)
        given, named = _with(args, waiting), _with(kwargs, waiting)
        names = _names(self.function, args, kwargs)
        try:
            columns = "columns in one pass" not in self._leave_out
            result, recorder = capture(lambda: self.function(*given, **named), tensors, names, self._strict, columns)
        except CaptureError as error:
            self._eager[key] = str(error)
            raise
        leaves: list[Any] = []
        rebuild = _structure(result, leaves, recorder)
        listing = finish(recorder, leaves)
        reason = recorder.reasons[0] if recorder.reasons else _needs_graph(recorder, leaves)
        if reason is not None:
            self._eager[key] = self.reason = reason
            return _plain_results(result) if plain and not _connected(leaves) else result
        before = [tensor for tensor, grad in recorder.touched.values() if grad is None]
        stored = {id(leaf.owner) for leaf, _ in listing.gradients}
        stored |= {id(row[0].owner) for step in listing.steps if step.kind == "update" for row in step.arguments}
        try:
            program = Program(listing, self._leave_out)
        except CaptureError as error:  # the run itself went well
            self._eager[key] = self.reason = str(error)
            return result
        program.unstarted = [tensor for tensor in before if id(tensor) in stored]
        self.program, self.reason = program, None
        self._found[key] = _Found(program, rebuild, plain)
        if len(self._found) > KEPT:
            del self._found[next(iter(self._found))]
        return rebuild(iter([x._value if isinstance(x, Tensor) else x for x in leaves]), plain)


def jit(function: F | None = None, *, leave_out: frozenset[str] | set[str] = frozenset()) -> Any:
    """Python control flow is frozen: `function` runs once as it is, is written down, and replayed from then on.

    The program covers all that happened: the forward computation, `backward`, the optimizer's step. It
    is plain NumPy, with memory laid out beforehand; `jitted.program.source` shows it.

    What may change from call to call: the arrays in the arguments (other shapes or dtypes make another
    program), parameters and everything else that Tensors hold, learning rates, random draws. What may
    not: any other value, and what Python decided by `if` or a loop. Other arguments than arrays are
    compared by equality. Results carry no graph. Where a gradient is to flow on through the call, and
    where another transform traces it, the function runs as it is.

    Args:
        function: takes arrays, Tensors, or nested tuples, lists and dicts of them, and anything hashable.
        leave_out: names of passes to leave out, from `tg.compiler.PASSES`, "reuse memory",
            "parts of the batch", "batch last", "sums as products", (of Jacobians and Hessians) "columns in one pass".

    Raises:
        CaptureError: where the function asks for a value (`bool(t)`, `float(t)`, `t.item()`).

    >>> @tg.jit
    ... def area(width, height):
    ...     return width * height / 2
    >>> area(np.array([2.0, 4.0]), np.array([3.0, 3.0]))
    array([3., 6.])
    >>> area(np.array([1.0, 1.0]), np.array([2.0, 8.0]))
    array([1., 4.])
    >>> print(area.program.source)
    import numpy as np
    <BLANKLINE>
    <BLANKLINE>
    <BLANKLINE>
    def program(width, height):
        # forward: divide
        quotient = width * height / 2  # (2,) float64
    <BLANKLINE>
        return quotient,
    <BLANKLINE>
    """
    if function is None:
        return lambda actual: Jitted(actual, leave_out=frozenset(leave_out))
    return Jitted(function, leave_out=frozenset(leave_out))


def _own(x: Any) -> Any:
    """An argument as capture sees it: an array object of its own, so that no two arguments are taken for one."""
    return np.asarray(x).view()


def _connected(arrays: list[Any]) -> bool:
    """Whether a graph leads to one of them."""
    for x in arrays:  # noqa: SIM110 - a generator would double the time of a call
        if isinstance(x, Tensor) and x._node is not None:
            return True
    return False


def _key(thing: Any, arrays: list[Any]) -> Any:
    """The part of the arguments that a program is made for; the arrays in them are collected."""
    kind = type(thing)
    if kind is np.ndarray:
        arrays.append(thing)
        return thing.shape, thing.dtype
    if isinstance(thing, (Tensor, np.ndarray, np.generic)):
        arrays.append(thing)
        return kind.__name__ if isinstance(thing, Tensor) else "", thing.shape, thing.dtype
    if kind in (tuple, list):
        return kind, tuple([_key(each, arrays) for each in thing])
    if kind is dict:
        return kind, tuple([(name, _key(each, arrays)) for name, each in thing.items()])
    return kind, thing


def _with(thing: Any, tensors: Any) -> Any:
    """The arguments with the next Tensor in place of each array."""
    if isinstance(thing, (Tensor, np.ndarray, np.generic)):
        return next(tensors)
    if type(thing) in (tuple, list):
        return type(thing)(_with(each, tensors) for each in thing)
    if type(thing) is dict:
        return {name: _with(each, tensors) for name, each in thing.items()}
    return thing


def _names(function: Callable[..., Any], args: Any, kwargs: Any) -> list[str]:
    """A name for each array among the arguments."""
    code = getattr(function, "__code__", None)
    known = code.co_varnames[: code.co_argcount] if code is not None else ()
    found: list[str] = []
    for index, each in enumerate(args):
        counted: list[Any] = []
        _key(each, counted)
        name = known[index] if index < len(known) else f"argument_{index}"
        found += [name] if len(counted) == 1 else [f"{name}_{i}" for i in range(len(counted))]
    for name, each in kwargs.items():
        counted = []
        _key(each, counted)
        found += [name] if len(counted) == 1 else [f"{name}_{i}" for i in range(len(counted))]
    return found


def _structure(result: Any, leaves: list[Any], recorder: Recorder) -> Callable[[Any, bool], Any]:
    """Collect the Tensors of a result, and give a function that builds it anew from arrays."""
    if isinstance(result, (Tensor, np.ndarray, np.generic)):
        leaves.append(result)
        return _one
    if type(result) in (tuple, list):
        parts = [_structure(each, leaves, recorder) for each in result]
        return lambda values, plain: type(result)(part(values, plain) for part in parts)
    if type(result) is dict:
        named = {name: _structure(each, leaves, recorder) for name, each in result.items()}
        return lambda values, plain: {name: part(values, plain) for name, part in named.items()}
    return lambda values, plain: result


def _one(values: Any, plain: bool) -> Any:
    """A result that is one array."""
    return next(values) if plain else wrap(next(values), None)


def _needs_graph(recorder: Recorder, leaves: list[Any]) -> str | None:
    """Why the result has to be recorded: it leads to leaves, and nothing was pulled back from it yet."""
    if recorder.pulled or not _connected(leaves):
        return None
    return "the result leads to tensors that require gradients: call backward inside, or use tg.no_grad()"


def _plain_results(result: Any) -> Any:
    if isinstance(result, Tensor):
        return result._value
    if type(result) in (tuple, list):
        return type(result)(_plain_results(each) for each in result)
    if type(result) is dict:
        return {name: _plain_results(each) for name, each in result.items()}
    return result
