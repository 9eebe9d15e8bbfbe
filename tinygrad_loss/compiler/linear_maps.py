"""The matrix of a linear function, from one recorded run of it: how Jacobians and Hessians become programs.

What a tangent (or a cotangent) goes through is linear in it. So it is sent through once, with symbols for
seeds, and each of the steps it takes is repeated on the terms of `linear_terms`: one rule for each kind of
step, and none for ops. A step that no rule follows is repeated for each seed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..core.tensor import Tensor, wrap
from .ir import Step, Value
from .linear_assembly import Assembly
from .linear_steps import again, sources, tried, zeros
from .linear_terms import (
    Dense,
    Form,
    Indices,
    NotFollowedError,
    Selection,
    Term,
    broadcast,
    gathered,
    is_one,
    moved,
    numbered,
    spread,
    summed,
    take,
    viewed,
)
from .traced import Traced

__all__ = ["matrices"]

REPEATED = 256  # seeds for which a step that no rule follows is written down again
APART = 4  # dense terms that are kept apart


def matrices(recorder: Any, move: Callable[[Sequence[Tensor]], Sequence[Any]], seeds: Sequence[Tensor]) -> Any:
    """For each result of `move`, which is linear in `seeds`, and each seed: an array of shape result + seed.

    None if the run took a step that cannot be followed; the listing is then as it was.
    """
    listing = recorder.listing
    before = recorder.op, recorder.scope, recorder.phase
    start = len(listing.steps)
    walk = _Walk(recorder)
    walk.seeded(seeds)
    results = move(seeds)
    steps = listing.steps[start:]
    del listing.steps[start:]
    try:
        for step in steps:
            walk.step(step)
        blocks = [[walk.block(result, j) for j in range(len(seeds))] for result in results]
    except NotFollowedError:
        del listing.steps[start:]
        return None
    finally:
        recorder.op, recorder.scope, recorder.phase = before
    return [[_given(recorder, block) for block in row] for row in blocks]


def _given(recorder: Any, block: Traced) -> Tensor:
    array = np.array(block.value.array)  # a copy: what is known by identity must be nothing else
    recorder.known.put(array, block.value)
    return wrap(array, None)


class _Walk:
    """Repeats steps on forms; what does not depend on the seeds is left as it was."""

    def __init__(self, recorder: Any) -> None:
        self.recorder, self.emit = recorder, recorder.emit
        self.forms: dict[int, Form] = {}
        self.values: list[Value] = []  # that are known by id stay alive
        self.whole = Assembly(recorder.emit)
        self.shapes: list[tuple[int, ...]] = []

    def seeded(self, seeds: Sequence[Tensor]) -> None:
        """Make symbols of the seeds, numbered through."""
        for seed in seeds:
            shape = seed.shape
            value = Value(seed._value, name="seed")
            columns = numbered(shape) + sum(self.whole.sizes)
            self.recorder.known.put(seed._value, value)
            self._put(value, Form(shape, seed.dtype, [Selection(seed.dtype.type(1), numbered(shape), columns)]))
            self.whole.sizes.append(seed.size)
            self.shapes.append(shape)

    def _put(self, value: Value, form: Form) -> None:
        if form.shape != value.shape or form.dtype != value.dtype:
            raise NotFollowedError(f"{form.shape} {form.dtype} for {value.shape} {value.dtype}")
        self.forms[id(value)] = form
        self.values.append(value)

    def traced(self, x: Any) -> Any:
        """An operand that does not depend on the seeds."""
        return Traced(x, self.emit) if isinstance(x, Value) else x

    def form(self, x: Any) -> Form | None:
        """What an operand is of the seeds; None if it does not depend on them."""
        return self.forms.get(id(x)) if isinstance(x, Value) else None

    # Steps

    def step(self, step: Step) -> None:
        """Repeat one step on the forms of its operands."""
        if not any(id(x) in self.forms for x in step.operands):
            self.recorder.listing.steps.append(step)
            return
        if not all(value.dtype.kind == "f" for value in step.results):
            raise NotFollowedError(f"{step.op} of a seed gives no real numbers")
        self.recorder.op, self.recorder.scope, self.recorder.phase = step.op, step.scope, step.phase
        rule = getattr(self, f"_{step.kind}", self._repeated)
        made = rule(step)
        for value, form in zip(step.results, made if isinstance(made, list) else [made], strict=True):
            self._put(value, form)

    def _ufunc(self, step: Step) -> Form:
        f, arguments, shape, dtype = step.function, step.arguments, step.results[0].shape, step.results[0].dtype
        forms = [self.form(x) for x in arguments]
        if f in (np.negative, np.positive):
            return self._each(forms[0], lambda c, _: f(c))
        if f in (np.add, np.subtract):
            a, b = (self._broadcast(self._or_zero(x, y), shape) for x, y in zip(forms, arguments, strict=True))
            if f is np.subtract:
                b = self._each(b, lambda c, _: -c)
            return self._few(Form(shape, dtype, [*self._cast_to(a, dtype), *self._cast_to(b, dtype)]).merged())
        if (f is np.multiply and None in forms) or (f is np.divide and forms[1] is None):
            i = 0 if forms[1] is None else 1
            other = self.traced(arguments[1 - i])
            form = self._broadcast(forms[i], shape)

            def times(c: Any, term: Term) -> Any:
                part = self._at(other, term, shape)
                if f is np.multiply and is_one(c) and isinstance(part, (Traced, np.generic)) and part.dtype == dtype:
                    return part
                return f(c, part) if i == 0 else f(part, c)

            return replace(self._each(form, times), dtype=dtype)
        raise NotFollowedError(f"{f.__name__} of a seed")

    def _each(self, form: Any, change: Callable[[Any, Term], Any]) -> Form:
        """The form with other coefficients."""
        return replace(form, terms=[replace(t, coefficient=change(t.coefficient, t)) for t in form.terms])

    def _at(self, x: Any, term: Term, shape: tuple[int, ...]) -> Any:
        """The elements of an operand that meet a term's coefficients."""
        if np.ndim(x) == 0 or isinstance(term, Dense) or term.is_full(shape):
            return x
        return take(broadcast(x, shape), term.rows)

    def _or_zero(self, form: Form | None, x: Any) -> Form:
        if form is not None:
            return form
        known = x.source == "constant" if isinstance(x, Value) else True
        if not known or np.any(x.array if isinstance(x, Value) else x):
            raise NotFollowedError("something is added to a seed")
        return Form(np.shape(x.array if isinstance(x, Value) else x), np.dtype(float), [])

    def _cast_to(self, form: Form, dtype: Any) -> list[Term]:
        """The terms in another dtype."""

        def cast(x: Any) -> Any:
            return x if x.dtype == dtype else x.astype(dtype) if isinstance(x, Traced) else dtype.type(x)

        terms = [replace(t, coefficient=cast(t.coefficient)) for t in form.terms]
        return [replace(t, matrix=cast(t.matrix)) if isinstance(t, Dense) else t for t in terms]

    def _cast(self, step: Step) -> Form:
        form, dtype = self.forms[id(step.arguments[0])], step.results[0].dtype
        return Form(form.shape, dtype, self._cast_to(form, dtype))

    def _where(self, step: Step) -> Form:
        mask, *branches = step.arguments
        shape, dtype = step.results[0].shape, step.results[0].dtype
        if self.form(mask) is not None:
            raise NotFollowedError("a mask depends on a seed")
        pairs: dict[Any, list[Any]] = {}  # for each map of the seeds its term, and the coefficient in each branch
        for i, x in enumerate(branches):
            form = self._broadcast(self._or_zero(self.form(x), x), shape)
            for term in Form(shape, dtype, self._cast_to(form, dtype)).merged().terms:
                pairs.setdefault(term.key(), [term, dtype.type(0), dtype.type(0)])[i + 1] = term.coefficient
        terms = []
        for term, first, second in pairs.values():
            same = _same(first, second)
            here = self._at(self.traced(mask), term, shape)
            terms.append(replace(term, coefficient=first if same else np.where(here, first, second)))
        return self._few(Form(shape, dtype, terms))

    def _reduce(self, step: Step) -> Form:
        if step.function is not np.add:
            raise NotFollowedError(f"{step.function.__name__} over a seed")
        form, made = self.forms[id(step.arguments[0])], step.results[0]
        axes = step.options["axis"] if step.options["axis"] is not None else tuple(range(len(form.shape)))
        terms: list[Term] = [
            summed(term, form.shape, axes, made.shape)
            if isinstance(term, Dense)
            else gathered(term, form.shape, axes, made.shape)
            for term in form.terms
        ]
        return self._few(Form(made.shape, made.dtype, terms).merged())

    def _few(self, form: Form) -> Form:
        """Selections of most of the seeds, and many dense terms, become one dense term."""
        entries = sum(t.rows.size for t in form.terms if isinstance(t, Selection))
        start, stop = self.whole.range(form.terms)
        crowded = entries * 2 > form.size * (stop - start)
        if crowded or sum(isinstance(t, Dense) for t in form.terms) > APART:
            return Form(form.shape, form.dtype, [self.whole.dense(form)])
        return form

    # Views and other selections

    def _broadcast(self, form: Any, shape: tuple[int, ...]) -> Form:
        if form.shape == shape:
            return form
        source = np.broadcast_to(numbered(form.shape), shape)
        return self._selected(form, shape, source, lambda c: c, lambda term: spread(term, form.shape, shape))

    def _selected(
        self, form: Form, shape: tuple[int, ...], source: Indices, same: Callable[[Any], Any], dense: Callable[..., Any]
    ) -> Form:
        """The elements source[...] of the value; `same` does it to coefficients, `dense` to a dense term."""
        terms: list[Term] = []
        for term in form.terms:
            if isinstance(term, Dense):
                terms.append(dense(term))
            elif term.is_full(form.shape) and np.all(source >= 0):
                c = term.coefficient
                c = c if np.ndim(c) == 0 else same(c)
                terms.append(Selection(c, numbered(shape), term.columns.reshape(-1)[source]))
            else:
                new, used = moved(term, form.size, source)
                if used.shape != term.rows.shape and np.ndim(new.coefficient):
                    new.coefficient = take(broadcast(new.coefficient, term.rows.shape), used)
                terms.append(new)
        return Form(shape, form.dtype, terms)

    def _view(self, step: Step) -> Form:
        x, *rest = step.arguments
        form, shape = self.forms[id(x)], step.results[0].shape
        if step.function is np.broadcast_to:
            return self._broadcast(form, shape)
        source = step.function(numbered(form.shape), *rest, **step.options)

        def same(c: Any) -> Any:
            return again(step, {id(x): broadcast(c, form.shape)}, self.emit)[0]

        return self._selected(form, shape, source, same, lambda term: viewed(step, term, form.shape, source))

    def _call(self, step: Step) -> Any:
        """A function that only moves elements about is known by what it does to their numbers."""
        seeded = {id(x): x for x in step.operands if id(x) in self.forms}
        others = [x for x in step.operands if id(x) not in self.forms]
        if any(x.source != "constant" for x in others):
            return self._repeated(step)
        made: list[Form] = [Form(value.shape, value.dtype, []) for value in step.results]
        if any(np.any(y) for y in tried(step, {key: np.zeros(x.shape) for key, x in seeded.items()})):
            raise NotFollowedError(f"{step.op} adds something to a seed")
        for key in seeded:
            found = sources(step, key, seeded)
            if found is None:
                return self._repeated(step)
            for index, source in enumerate(found):
                form = self.forms[key]
                part = self._selected(
                    form,
                    made[index].shape,
                    source,
                    lambda c, key=key, form=form, index=index: again(  # type: ignore[misc]
                        step, {**zeros(seeded), key: broadcast(c, form.shape)}, self.emit
                    )[index],
                    lambda term, form=form, source=source: self._picked(term, form.shape, source),
                )
                made[index].terms += self._cast_to(part, made[index].dtype)
        return [self._few(form.merged()) for form in made]

    def _picked(self, term: Dense, shape: tuple[int, ...], source: Indices) -> Dense:
        """Elements of a dense term by number; zeros where that is -1."""
        flat = term.turned(True).scaled().reshape((term.width, int(np.prod(shape, dtype=int))))
        whole = (term.width, *source.shape)
        if np.all(source >= 0):
            made = flat[:, source.reshape(-1)].reshape(whole)
        else:
            here = np.flatnonzero(source.reshape(-1) >= 0)
            where = np.arange(term.width)[:, None] * source.size + here
            taken = flat[:, source.reshape(-1)[here]].reshape((-1,))
            made = self.whole.assembled(np.zeros(whole, term.matrix.dtype), [(where, taken)])
        return Dense(term.matrix.dtype.type(1), made, True, term.start)

    # Products

    def _product(self, step: Step) -> Any:
        a, b = step.arguments
        left = self.form(b) is None  # whether the seeded operand is the first
        if not left and self.form(a) is not None:
            raise NotFollowedError("a product of two seeds")
        form = self.forms[id(a if left else b)]
        matrix = self.traced(b if left else a)
        if not isinstance(matrix, Traced) or max(len(form.shape), matrix.ndim) > 2:
            return self._repeated(step)
        made = step.results[0]
        term = self._diagonal_product(form, matrix, left)
        if term is None and left:
            dense = self.whole.dense(form, first=True)
            rows = dense.scaled().reshape((-1, form.shape[-1]))
            term = Dense(made.dtype.type(1), (rows @ matrix).reshape((dense.width, *made.shape)), True, dense.start)
        elif term is None:
            dense = self.whole.dense(form, first=False)
            columns = dense.scaled().reshape((form.shape[0], -1))
            term = Dense(made.dtype.type(1), (matrix @ columns).reshape((*made.shape, dense.width)), False, dense.start)
        return Form(made.shape, made.dtype, self._cast_to(Form(made.shape, made.dtype, [term]), made.dtype))

    def _diagonal_product(self, form: Form, matrix: Traced, left: bool) -> Dense | None:
        """A matrix times a diagonal one is the matrix with its columns (rows) scaled."""
        term = form.terms[0] if len(form.terms) == 1 else None
        if not isinstance(term, Selection) or len(form.shape) != 1 or not term.is_full(form.shape) or not form.size:
            return None
        start = int(term.columns[0])
        if matrix.ndim != 2 or not np.array_equal(term.columns, start + np.arange(form.size)):
            return None
        c = term.coefficient
        if not is_one(c):
            matrix = matrix * (c[:, None] if left and np.ndim(c) else c)
        return Dense(form.dtype.type(1), matrix, left, start)

    def block(self, result: Any, number: int) -> Traced:
        """The derivatives of a result by one seed, in the shape of both."""
        value = self.recorder.known.find(result._value) if isinstance(result, Tensor) else None
        form = self.form(value)
        if form is None:
            form = Form(np.shape(result), np.asarray(getattr(result, "_value", result)).dtype, [])
        self.recorder.op = "jacobian"
        start = sum(self.whole.sizes[:number])
        stop = start + self.whole.sizes[number]
        near = [t for t in form.terms if _meets(t, start, stop)]
        dense = self.whole.dense(replace(form, terms=near), seeds=(start, stop))
        whole = dense.turned(False).scaled()
        shape = (*form.shape, *self.shapes[number])
        return whole if whole.shape == shape else whole.reshape(shape)

    # Steps again

    def _repeated(self, step: Step) -> list[Form]:
        """A step once for each seed."""
        seeded = {id(x): self.forms[id(x)] for x in step.operands if id(x) in self.forms}
        start, stop = self.whole.range([term for form in seeded.values() for term in form.terms])
        if stop - start > REPEATED:
            raise NotFollowedError(f"{step.op}, with {stop - start} seeds")
        whole = {key: self.whole.dense(form, True, (start, stop)).scaled() for key, form in seeded.items()}
        runs = [again(step, {key: x[i] for key, x in whole.items()}, self.emit) for i in range(stop - start)]
        stacked = [np.stack([run[k] for run in runs]) for k in range(len(step.results))]
        return [
            Form(value.shape, value.dtype, [Dense(value.dtype.type(1), rows, True, start)])
            for value, rows in zip(step.results, stacked, strict=True)
        ]


def _same(a: Any, b: Any) -> bool:
    """Whether two coefficients are one."""
    if isinstance(a, Traced) or isinstance(b, Traced):
        return isinstance(a, Traced) and isinstance(b, Traced) and a.value is b.value
    return bool(a == b)


def _meets(term: Term, start: int, stop: int) -> bool:
    if isinstance(term, Dense):
        return term.start < stop and start < term.start + term.width
    return bool(np.any((term.columns >= start) & (term.columns < stop)))
