"""What is switched on: recording, observers, layer scope, the default float type, the seed.

This is the only global state of the library. What a thread or an async task switches on stands in
one immutable `Mode` behind a ContextVar, so that an op pays one lookup for all of it; the default
float type and the seed belong to the process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ContextDecorator, contextmanager
from contextvars import ContextVar, Token
from typing import Any

import numpy as np

from .allocation import keep_freed_memory
from .errors import ArgumentError


class Mode:
    """What holds for the ops called now, in this thread or task. Never changed, only replaced."""

    __slots__ = ("inner", "observers", "recording", "scope")

    def __init__(self, recording: bool = True, scope: tuple[str, ...] = (), observers: tuple[Any, ...] = ()) -> None:
        self.recording = recording
        self.scope = scope  # the names of the layers being called, outermost first
        self.observers = observers
        self.inner: dict[str, Mode] = {}  # the mode inside a layer of that name, made once

    def within(self, name: str) -> Mode:
        """The same mode, one layer scope deeper."""
        mode = self.inner.get(name)
        if mode is None:
            mode = self.inner[name] = Mode(self.recording, (*self.scope, name), self.observers)
        return mode


MODE: ContextVar[Mode] = ContextVar("MODE", default=Mode())  # noqa: B039 - immutable
LEFT: ContextVar[int] = ContextVar("LEFT", default=0)  # how often a recorded Tensor became a plain float
_QUIET = Mode(recording=False)


class set_grad_enabled(ContextDecorator):
    """Switch the recording of graphs on or off, as a context manager or a decorator.

    >>> with tg.set_grad_enabled(False):
    ...     y = tg.tensor(2.0, requires_grad=True) * 3
    >>> y.requires_grad
    False
    """

    def __init__(self, mode: bool) -> None:
        self.mode = bool(mode)
        self._tokens: list[Token[Mode]] = []

    def _recreate_cm(self) -> set_grad_enabled:
        return set_grad_enabled(self.mode)

    def __enter__(self) -> None:
        now = MODE.get()
        plain = not (self.mode or now.scope or now.observers)
        self._tokens.append(MODE.set(_QUIET if plain else Mode(self.mode, now.scope, now.observers)))

    def __exit__(self, *exc: object) -> None:
        MODE.reset(self._tokens.pop())


class no_grad(set_grad_enabled):
    """Record nothing inside: results carry no graph, and leaves may be assigned.

    >>> w = tg.tensor(1.0, requires_grad=True)
    >>> with tg.no_grad():
    ...     w -= 0.5
    >>> w.requires_grad
    True
    """

    def __init__(self) -> None:
        super().__init__(False)


class enable_grad(set_grad_enabled):
    """Record again inside a `no_grad` block."""

    def __init__(self) -> None:
        super().__init__(True)


def is_grad_enabled() -> bool:
    """Whether ops called now are recorded."""
    return MODE.get().recording


@contextmanager
def observed_by(observer: Any) -> Iterator[Any]:
    """Let `observer` (see core/hooks.py) watch the ops called inside."""
    now = MODE.get()
    token = MODE.set(Mode(now.recording, now.scope, (*now.observers, observer)))
    try:
        yield observer
    finally:
        MODE.reset(token)


BACKWARD = "backward"  # the scope of ops that a backward pass records, and in it the layers of the ops passed


@contextmanager
def backward_scopes() -> Iterator[Callable[[tuple[str, ...]], None]]:
    """While the rules of backward are recorded: a function to call with the scope of each op that is passed."""
    now = MODE.get()
    token = MODE.set(now)
    inside: dict[tuple[str, ...], Mode] = {}

    def enter(scope: tuple[str, ...]) -> None:
        if scope not in inside:
            inside[scope] = Mode(now.recording, (*now.scope, BACKWARD, *scope), now.observers)
        MODE.set(inside[scope])

    try:
        yield enter
    finally:
        MODE.reset(token)


def tracer() -> Any:
    """The observer that writes a program down now, or None. Backward then runs its rules on Tensors, for it to see."""
    return next((observer for observer in MODE.get().observers if observer.traces), None)


def checking(check: Callable[..., None], *args: Any) -> None:
    """Call `check` on the arguments, Tensors as values: it raises or does nothing, and is repeated in a replay."""
    check(*[getattr(arg, "_value", arg) for arg in args])
    writer = tracer()
    if writer is not None:
        writer.on_check(check, args)


def watcher() -> Any:
    """The observer to which backward walks are shown now, or None."""
    return next((observer for observer in MODE.get().observers if observer.watches), None)


class Config:
    """Process-wide settings: `tg.config`."""

    def __init__(self) -> None:
        self._floatx = "float32"

    def floatx(self) -> str:
        """The dtype in which layers and losses compute, "float32" unless set."""
        return self._floatx

    def set_floatx(self, dtype: str) -> None:
        """Set the dtype in which layers and losses compute: "float32", "float64" or "float16".

        Raises:
            ArgumentError: for any other name.

        >>> tg.config.set_floatx("float32")
        """
        name = dtype if isinstance(dtype, str) else np.dtype(dtype).name
        if name not in ("float16", "float32", "float64"):
            raise ArgumentError(
                f"set_floatx cannot use {dtype!r}.",
                "It takes 'float32', 'float64' or 'float16'.",
                "Say tg.config.set_floatx('float64') for double precision.",
            )
        self._floatx = name


config = Config()
keep_freed_memory()


class SeedSource:
    """The process's stream of random generators: every owner of randomness draws its own from it."""

    def __init__(self) -> None:
        self._sequence = np.random.SeedSequence()

    def reseed(self, seed: int) -> None:
        """Start the stream again, from `seed`."""
        self._sequence = np.random.SeedSequence(seed)

    def generator(self, seed: int | np.random.Generator | None = None) -> np.random.Generator:
        """A new generator: of `seed`, or the next child of the process's seed."""
        if isinstance(seed, np.random.Generator):
            return seed
        return np.random.default_rng(self._sequence.spawn(1)[0] if seed is None else seed)


seeds = SeedSource()


def drawing(generator: np.random.Generator) -> np.random.Generator:
    """`generator`, about to be drawn from: an observer may put itself in between, to repeat the draw later."""
    for observer in MODE.get().observers:
        generator = observer.on_draw(generator) or generator
    return generator


def set_random_seed(seed: int) -> None:
    """Seed everything random in the library: initial weights, shuffling, dropout.

    NumPy's and Python's own global generators are seeded too, as in Keras.

    >>> tg.set_random_seed(0)
    """
    import random

    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise ArgumentError(
            f"set_random_seed cannot use {seed!r}.", "A seed is an integer of at least 0.", "Say tg.set_random_seed(0)."
        )
    random.seed(int(seed))
    np.random.seed(int(seed) % 2**32)  # noqa: NPY002 - the user's own code may draw from it
    seeds.reseed(int(seed))
