"""The program: a listing, its texts, and the function made of them, bound to the Tensors it was written down from."""

from __future__ import annotations

import linecache
from collections.abc import Sequence
from itertools import count
from typing import Any

import numpy as np

from ..core.tensor import wrap
from .batchlast import BatchLast, batch_last
from .capture import CaptureError
from .codegen import readable_text
from .ir import Listing, Step
from .layout import Layout, laid_out
from .leases import Ended, Lease
from .names import Namer
from .passes import optimize
from .sources import standalone
from .split import split
from .threads import alone, available, beside, side_by_side
from .writer import optimized_text

__all__ = ["Program"]

SHARED = 2**18  # multiplications, from which on OpenBLAS uses several threads
WORTH = 4_000_000  # and from which on two of them are faster than one

_numbers = count(1)


class Program:
    """A straight-line NumPy program, derived from one run of a function.

    `source` is the program as one would write it by hand, `optimized_source` the one that runs: the
    same steps with their memory laid out beforehand. `constants` is what was taken as it was.
    """

    def __init__(self, listing: Listing, leave_out: frozenset[str] = frozenset()) -> None:
        optimize(listing, leave_out)
        refuse_old_values(listing)
        self.listing = listing
        running = listing if "parts of the batch" in leave_out else split(listing, available())
        batch = BatchLast(running) if "batch last" in leave_out else batch_last(running)
        self.layout: Layout = laid_out(batch.listing, reuse="reuse memory" not in leave_out, batch=batch)
        self.layout.threads = available()
        self.layout.sums = "sums as products" not in leave_out
        self._namer = Namer(listing)
        for value in batch.copies:
            self._namer.name(value, value.name)
        self._text = optimized_text(batch.listing, self.layout, self._namer)
        name = f"<program {next(_numbers)}>"
        self._module: dict[str, Any] = {**self._namer.functions, **self._namer.arrays}
        if self._namer.functions.get("side_by_side") is beside:
            self._module["side_by_side"] = side_by_side
        linecache.cache[name] = (len(self._text), None, self._text.splitlines(keepends=True), name)
        exec(compile(self._text, name, "exec"), self._module)
        self._run = self._module["program"]
        if self.layout.threads > 1 and _threads_would_wait(batch.listing):
            self._run = alone(self._run)
        self._updated: list[int] = self._module.get("updated", [])
        counted = {each.update.counts for each in self.layout.flats}
        self._counted_here = [each for i, each in enumerate(listing.optimizers) if i not in counted]
        flat = self.layout.in_flat
        leaves = list(listing.leaves.values())
        self.leases = [Lease(leaf.owner, self._module[self._namer.of(leaf)]) for leaf in leaves if id(leaf) in flat]
        self._read = [leaf.owner for leaf in leaves if id(leaf) not in flat]
        self._assigned = [leaf.owner for leaf, _ in listing.assigned if id(leaf) not in flat]
        self._gradients = [leaf.owner for leaf, g in listing.gradients if g is not None]
        self._cleared = [leaf.owner for leaf, g in listing.gradients if g is None]
        trains = bool(listing.gradients or self.leases)
        self._frozen = [(tensor, tensor._node is None) for tensor in self._read] if trains else []
        self._seen = -1
        listing.forget()
        self.unstarted: list[Any] = []  # leaves whose .grad has to be None before a run

    @property
    def source(self) -> str:
        """The program before memory is laid out, readable, runnable on its own."""
        namer = Namer(self.listing)
        return standalone(readable_text(self.listing, namer), namer)

    @property
    def optimized_source(self) -> str:
        """The program that runs, runnable on its own."""
        return standalone(self._text, self._namer)

    @property
    def leaf_names(self) -> list[str]:
        """The names of parameters and states in `optimized_source`, in the order of `source`'s arguments."""
        return [self._namer.of(leaf) for leaf in self.listing.leaves.values()]

    @property
    def constants(self) -> dict[str, Any]:
        """The arrays that were taken as they were when the program was written down."""
        return dict(self._namer.arrays)

    def is_alone(self) -> bool:
        """Whether it reads nothing but its arguments, and leaves nothing behind."""
        listing = self.listing
        return not (self._read or self.leases or listing.optimizers or listing.assigned or listing.gradients)

    def has_gradients(self) -> bool:
        """Whether a leaf has a .grad that was None when the program was written down."""
        for tensor in self.unstarted:  # noqa: SIM110 - a generator would cost more than the rest
            if tensor._grad is not None:
                return True
        return False

    def fits(self) -> bool:
        """Whether every leaf still requires a gradient, or not, as it did."""
        if Ended.count != self._seen:
            for lease in self.leases:
                if not lease.held and (lease.tensor._node is None) is not lease.frozen:
                    return False
        for tensor, frozen in self._frozen:  # noqa: SIM110 - as above
            if (tensor._node is None) is not frozen:
                return False
        return True

    def run(self, arrays: Sequence[Any]) -> Any:
        """The results for these arguments; parameters, states and gradients change as they would have."""
        if Ended.count != self._seen:
            for lease in self.leases:
                if not lease.held:
                    lease.take()
            self._seen = Ended.count
        numbers: list[Any] = []
        for optimizer in self.listing.optimizers:
            numbers += [optimizer.learning_rate, optimizer.iterations + 1]
        try:
            results = self._run(*arrays, *[tensor._value for tensor in self._read], *numbers)
        finally:  # an interrupt may come after the update: then the step counts
            while self._updated:
                self.listing.optimizers[self._updated.pop()].iterations += 1
        for optimizer in self._counted_here:
            optimizer.iterations += 1
        first = len(self.listing.outputs)
        if len(results) > first:
            rest = iter(results[first:])
            for tensor in self._assigned:
                tensor.assign(next(rest), copy=False)
            for tensor in self._gradients:
                tensor._grad = wrap(next(rest), None)
        for tensor in self._cleared:
            tensor._grad = None
        return results[:first]

    def __repr__(self) -> str:
        return f"<Program of {len(self.listing.steps)} steps>"

    def __str__(self) -> str:
        return self.source


def refuse_old_values(listing: Listing) -> None:
    """An update works in place: nothing after it may use what was there before.

    Raises:
        CaptureError: where something does.
    """
    gone: set[int] = set()
    for step in listing.steps:
        if any(id(value) in gone for value in step.operands):
            raise CaptureError(
                "jit cannot keep a parameter's value from before the optimizer's step.",
                "The step works in place, and something uses the old value after it.",
                "Use the old value before optimizer.step(), or leave the step out of the function.",
            )
        if step.kind == "view" and id(step.arguments[0]) in gone:
            gone.add(id(step.result))
        if step.kind == "update":
            gone |= {id(leaf) for row in step.arguments for leaf in row[:-1]}
    if any(id(value) in gone for value in listing.outputs):
        raise CaptureError(
            "jit cannot return a parameter's value from before the optimizer's step.",
            "The step works in place.",
            "Return it from outside the function, or after the step.",
        )


def _threads_would_wait(listing: Listing) -> bool:
    """Whether BLAS would share out the largest product, and its threads wait for one another longer than they work."""
    products = [step for step in listing.steps if step.kind in ("product", "dense")]
    largest = max((_multiplications(step) for step in products), default=0)
    return SHARED <= largest <= WORTH


def _multiplications(step: Step) -> int:
    a, b = step.arguments[:2]
    return int(a.size * b.size / max(a.shape[-1] if step.kind == "product" else a.shape[0], 1))


def size_of(program: Program) -> int:
    """The bytes of memory that a program keeps: parameters, state, gradients and what is between."""
    arrays = {id(a): a for a in program._module.values() if isinstance(a, np.ndarray) and a.base is None}
    return sum(array.nbytes for array in arrays.values())
