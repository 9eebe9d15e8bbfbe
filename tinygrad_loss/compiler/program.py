"""The program: a listing, its texts, and the function made of them, bound to the Tensors it was written down from."""

from __future__ import annotations

import linecache
from itertools import count
from typing import Any

import numpy as np

from ..core.tensor import wrap
from .codegen import readable_text
from .ir import Listing
from .layout import Layout, laid_out
from .leases import Lease
from .names import Namer
from .passes import optimize
from .sources import standalone
from .writer import optimized_text

__all__ = ["Program"]

_numbers = count(1)


class Program:
    """A straight-line NumPy program, derived from one run of a function.

    `source` is the program as one would write it by hand, `optimized_source` the one that runs: the
    same steps with their memory laid out beforehand. `constants` is what was taken as it was.
    """

    def __init__(self, listing: Listing, leave_out: frozenset[str] = frozenset()) -> None:
        optimize(listing, leave_out)
        self.listing = listing
        self.layout: Layout = laid_out(listing, reuse="reuse memory" not in leave_out)
        self._namer = Namer(listing)
        self._text = optimized_text(listing, self.layout, self._namer)
        name = f"<program {next(_numbers)}>"
        self._module: dict[str, Any] = {**self._namer.functions, **self._namer.arrays}
        linecache.cache[name] = (len(self._text), None, self._text.splitlines(keepends=True), name)
        exec(compile(self._text, name, "exec"), self._module)
        self._run = self._module["program"]
        flat = self.layout.in_flat
        leaves = list(listing.leaves.values())
        self.leases = [Lease(leaf.owner, self._module[self._namer.of(leaf)]) for leaf in leaves if id(leaf) in flat]
        self._read = [leaf.owner for leaf in leaves if id(leaf) not in flat]
        self._assigned = [leaf.owner for leaf, _ in listing.assigned if id(leaf) not in flat]
        self._gradients = [leaf.owner for leaf, g in listing.gradients if g is not None]
        self._cleared = [leaf.owner for leaf, g in listing.gradients if g is None]
        trains = bool(listing.gradients or self.leases)
        self._frozen = [(tensor, tensor._node is None) for tensor in self._read] if trains else []
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
    def constants(self) -> dict[str, Any]:
        """The arrays that were taken as they were when the program was written down."""
        return dict(self._namer.arrays)

    def fits(self) -> bool:
        """Whether every leaf still requires a gradient, or not, as it did."""
        return all((tensor._node is None) is frozen for tensor, frozen in self._frozen)

    def run(self, arrays: list[Any]) -> list[Any]:
        """The results for these arguments; parameters, states and gradients change as they would have."""
        for lease in self.leases:
            if type(lease.tensor) is not lease.leased_kind or lease.handed is not None:
                lease.take()
        numbers: list[Any] = []
        for optimizer in self.listing.optimizers:
            numbers += [optimizer.learning_rate, optimizer.iterations + 1]
        try:
            results = self._run(*arrays, *[tensor._value for tensor in self._read], *numbers)
        except BaseException as error:
            if getattr(error, "__traceback__", None) is not None and self._updated(error):
                self._count()
            raise
        self._count()
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

    def _count(self) -> None:
        for optimizer in self.listing.optimizers:
            optimizer.iterations += 1

    def _updated(self, error: BaseException) -> bool:
        """Whether the update had run when an interrupt came: the program's last lines come after it."""
        trace = error.__traceback__
        while trace is not None and trace.tb_frame.f_code is not self._run.__code__:
            trace = trace.tb_next
        if trace is None:
            return False
        lines = self._text.splitlines()
        calls = [i + 1 for i, line in enumerate(lines) if "run(starmap(call, update" in line]
        return bool(calls) and trace.tb_lineno >= calls[0] and not isinstance(error, Exception)

    def __repr__(self) -> str:
        return f"<Program of {len(self.listing.steps)} steps>"

    def __str__(self) -> str:
        return self.source


def size_of(program: Program) -> int:
    """The bytes of memory that a program keeps: parameters, state, gradients and what is between."""
    arrays = {id(a): a for a in program._module.values() if isinstance(a, np.ndarray) and a.base is None}
    return sum(array.nbytes for array in arrays.values())
