"""What the hand-written NumPy programs share: flat parameters, the updates, and two threads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Array = Any


class Pair:
    """`both(work)` computes work(0) here and work(1) on another thread, and waits for both.

    NumPy releases the interpreter's lock in its loops and products, so the two run side by side.
    """

    def __init__(self) -> None:
        self._go, self._done = threading.Lock(), threading.Lock()
        self._go.acquire()
        self._done.acquire()
        self._work: Callable[[int], Any] | None = None
        self._result: Any = None
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            self._go.acquire()
            assert self._work is not None
            self._result = self._work(1)
            self._done.release()

    def both(self, work: Callable[[int], Any]) -> tuple[Any, Any]:
        """The results of work(0) and work(1)."""
        self._work = work
        self._go.release()
        mine = work(0)
        self._done.acquire()
        return mine, self._result


class Flat:
    """Arrays of given shapes that lie one after another in one array."""

    def __init__(self, like: Sequence[Array]) -> None:
        self.all = np.zeros(sum(each.size for each in like), np.float32)
        self.parts, start = [], 0
        for each in like:
            self.parts.append(self.all[start : start + each.size].reshape(each.shape))
            start += each.size

    @classmethod
    def of(cls, arrays: Sequence[Array]) -> Flat:
        """The same with the arrays' values."""
        made = cls(arrays)
        for part, array in zip(made.parts, arrays, strict=True):
            part[...] = array
        return made


class Update:
    """Adam as in Keras, SGD, or SGD with momentum 0.9, in place over flat parameters; the gradient is used up."""

    def __init__(self, kind: str, rate: float, w: Array, workers: int = 1) -> None:
        self.kind, self.rate, self.count = kind, rate, 0
        self.w, self.scratch = w, np.empty_like(w)
        self.m, self.v = (np.zeros_like(w), np.zeros_like(w)) if kind == "adam" else (np.zeros_like(w), None)
        middle = w.size // 2 // 16 * 16
        self.parts = [slice(0, middle), slice(middle, w.size)] if workers == 2 else [slice(0, w.size)]

    def begin(self) -> None:
        """Count the step."""
        self.count += 1

    def __call__(self, gradient: Array, part: int = 0) -> None:
        """Update that part of the parameters."""
        here = self.parts[part]
        w, g, s = self.w[here], gradient[here], self.scratch[here]
        if self.kind == "sgd":
            np.multiply(g, self.rate, out=s)
            np.subtract(w, s, out=w)
            return
        m = self.m[here]
        if self.kind == "momentum":
            np.multiply(m, 0.9, out=m)
            np.multiply(g, self.rate, out=s)
            np.subtract(m, s, out=m)
            np.add(w, m, out=w)
            return
        assert self.v is not None
        v, t = self.v[here], self.count
        np.subtract(g, m, out=s)
        np.multiply(s, 0.1, out=s)
        np.add(m, s, out=m)
        np.multiply(g, g, out=g)
        np.subtract(g, v, out=g)
        np.multiply(g, 0.001, out=g)
        np.add(v, g, out=v)
        np.sqrt(v, out=s)
        np.add(s, 1e-7, out=s)
        np.divide(m, s, out=s)
        np.multiply(s, self.rate * (1 - 0.999**t) ** 0.5 / (1 - 0.9**t), out=s)
        np.subtract(w, s, out=w)


def gate(d: Array, h: Array, small: int = 4096) -> None:
    """d where h, a relu's result, is positive, else zero, in place: by whichever of two ways is faster at that size."""
    if h.size <= small:
        np.multiply(d, np.sign(h), out=d)
    else:
        np.multiply(d, h > 0, out=d)


def trained(
    parts: Sequence[Callable[[Array], float]], gradients: Sequence[Flat], update: Update
) -> Callable[[], float]:
    """A step: each part of the batch writes into its own gradients, the sum of which updates the parameters.

    One part runs here; of two, each has a thread, and then half of the parameters.
    """
    if len(parts) == 1:
        part, gradient = parts[0], gradients[0]

        def alone() -> float:
            value = part(gradient.parts)
            update.begin()
            update(gradient.all)
            return value

        return alone
    pair, (ours, theirs) = Pair(), gradients

    def forward_backward(i: int) -> float:
        return parts[i](gradients[i].parts)

    def add_and_update(i: int) -> None:
        here = update.parts[i]
        ours.all[here] += theirs.all[here]
        update(ours.all, i)

    def step() -> float:
        a, b = pair.both(forward_backward)
        update.begin()
        pair.both(add_and_update)
        return a + b

    return step
