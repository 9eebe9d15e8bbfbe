"""Matrices that keep their memory: what is given away is the caller's own, and entries are always of this run."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_loss as tg

X = np.random.default_rng(0).normal(size=9)


def rosenbrock(x):
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def hessian(x):
    return tg.hessian(rosenbrock)(x)


def test_results_are_the_callers_own():
    program = tg.jit(hessian)
    program(X)
    first = program(X)
    first[...] = 7.0
    second = program(X)
    third = program(X + 1)
    np.testing.assert_allclose(second, hessian(X), rtol=1e-13)
    np.testing.assert_allclose(third, hessian(X + 1), rtol=1e-13)
    assert not np.shares_memory(second, third)
    assert len(program.program.layout.matrices) == 1


@pytest.mark.parametrize("leave_out", [(), ("reuse memory",), ("entries known before",)])
def test_with_and_without(leave_out):
    program = tg.jit(hessian, leave_out=set(leave_out))
    for x in (X, X - 1, X):
        np.testing.assert_allclose(program(x), hessian(x), rtol=1e-13)
    assert bool(program.program.layout.matrices) == (not leave_out)


def test_a_matrix_that_is_used_inside_or_twice():
    def f(x):
        h = tg.hessian(rosenbrock)(x)
        return np.linalg.solve(h + 1000 * np.eye(9), x), h, h.T, (h * h).sum()

    program = tg.jit(f)
    for x in (X, X - 1, X):
        for found, expected in zip(program(x), f(x), strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-11)


def test_an_entry_that_is_given_away_too():
    def f(x):
        return tg.hessian(lambda x: (x[1:] * x[:-1] ** 2).sum())(x), 2 * x[:-1]

    program = tg.jit(f)
    program(X)
    held = program(X)
    program(X + 1)
    for found, expected in zip(held, f(X), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-13)


def test_a_matrix_that_is_assigned():
    state = tg.tensor(np.zeros((9, 9)))

    @tg.jit
    def f(x):
        state.assign(tg.hessian(rosenbrock)(x))

    kept = []
    for x in (X, X + 1, X - 1):
        f(x)
        kept.append(state.numpy())
    for matrix, x in zip(kept, (X, X + 1, X - 1), strict=True):
        np.testing.assert_allclose(matrix, hessian(x), rtol=1e-13)


def test_both_texts_run_alone_and_agree():
    program = tg.jit(hessian)
    program(X)
    results = []
    for text in (program.program.source, program.program.optimized_source):
        module = dict(program.program.constants)
        exec(text, module)
        results.append(module["program"](X)[0])
    np.testing.assert_array_equal(*results)
    assert "jacobian.reshape(-1)[" in program.program.optimized_source
