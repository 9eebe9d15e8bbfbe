"""Jacobians and Hessians in programs: one pass for all columns, and only the entries that can differ from zero."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_loss as tg
from tinygrad_loss.compiler.linear_assembly import assembled
from tinygrad_loss.compiler.linear_terms import slice_of

RANDOM = np.random.default_rng(0)
A, B, C = RANDOM.normal(size=(4, 6)), RANDOM.normal(size=(6, 3)), RANDOM.normal(size=(2, 4, 6))
X, W = RANDOM.normal(size=6), RANDOM.normal(size=(6, 3))
ROWS, BATCH = np.array([5, 0, 0, 3]), RANDOM.normal(size=(9, 6))
INDEX = np.array([1, 0, 2, 2, 1, 0, 0, 1, 2])


def cross_entropy(w):
    p = tg.log_softmax(BATCH @ w.reshape((6, 3)))
    return -p[np.arange(9), INDEX].mean()


VECTORS = {
    "elementwise": lambda x: np.sin(x) * np.exp(x / 2) - x**3,
    "differences": lambda x: (x[1:] - x[:-1]) ** 2,
    "both directions": lambda x: x[::-1] * x[:3].sum() + np.repeat(x[::-2], 2),
    "linear": lambda x: A @ x,
    "product on the left": lambda x: x @ B,
    "chain of products": lambda x: np.tanh(np.tanh(A @ x) @ A) @ B,
    "matrix products": lambda x: (A @ (x.reshape((2, 3)).T @ x.reshape((2, 3)) @ B.T).T).ravel(),
    "batched products": lambda x: (C @ x[:, None])[..., 0],
    "softmax": lambda x: tg.softmax(x),
    "softmax of rows": lambda x: tg.softmax(BATCH * x, axis=1)[:3],
    "mean and variance": lambda x: (x - x.mean()) / np.sqrt(((x - x.mean()) ** 2).mean() + 1e-3),
    "gather": lambda x: x[ROWS] ** 2,
    "where": lambda x: np.where(x > 0, x**2, -x) + np.maximum(x, 0.1),
    "max": lambda x: np.max(x.reshape((2, 3)), axis=1) * x[:2],
    "concatenated": lambda x: np.concatenate([x[3:], x[:3] ** 2, np.zeros(2)]),
    "stacked": lambda x: np.stack([x, x**2, x[::-1]]),
    "cumulated": lambda x: np.cumsum(x) * x,
    "outer": lambda x: x[:, None] * x[None, :] + np.outer(x, X),
    "transposed": lambda x: np.transpose((x[:, None, None] * C.T), (2, 0, 1))[0],
    "swapped": lambda x: np.swapaxes(np.moveaxis(C * x, 0, 2), 0, 1).sum(axis=2),
    "broadcast": lambda x: np.broadcast_to((x**2).sum(), (3, 2)) * 2 + x.reshape((3, 2)),
    "divided": lambda x: x / (1 + (x**2).sum()) / x[0],
    "padded": lambda x: np.pad(x, 2) ** 2,
    "solved": lambda x: np.linalg.solve(np.eye(6) * 5 + np.outer(x, x), x),
    "constant": lambda x: np.ones(3) * 2,
    "nothing moves": lambda x: x[:0],
    "single number": lambda x: x.prod(),
    "cast": lambda x: x.astype(np.float32) * 2,
    "quadratic form": lambda x: x @ (A.T @ A) @ x,
    "cross-entropy": lambda x: cross_entropy(tg.concatenate([x, x**2, np.sin(x)])),
}


def agree(got, expected, rtol=1e-12):
    assert type(got) is type(expected)
    if isinstance(got, (tuple, list)):
        assert len(got) == len(expected)
        for a, b in zip(got, expected, strict=True):
            agree(a, b, rtol)
    elif isinstance(got, dict):
        assert got.keys() == expected.keys()
        for key in got:
            agree(got[key], expected[key], rtol)
    else:
        assert np.shape(got) == np.shape(expected)
        assert got.dtype == expected.dtype
        np.testing.assert_allclose(got, expected, rtol=rtol, atol=rtol)


def replayed(function, *args, moved=None, rtol=1e-12):
    """The function under jit at its first call, at the next one, and elsewhere, against the same run eagerly."""
    program = tg.jit(function)
    agree(program(*args), function(*args), rtol)
    agree(program(*args), function(*args), rtol)
    other = moved or [(x * 0.9 + 0.05).astype(x.dtype) for x in args]
    agree(program(*other), function(*other), rtol)
    assert program.reason is None
    return program.program


@pytest.mark.parametrize("mode", ["forward", "reverse"])
@pytest.mark.parametrize("name", VECTORS)
def test_jacobian(name, mode):
    rtol = 1e-6 if name == "cast" else 1e-12
    replayed(tg.jacobian(lambda x: VECTORS[name](x), mode=mode), X, rtol=rtol)


@pytest.mark.parametrize("name", VECTORS)
def test_hessian(name):
    rtol = 1e-4 if name == "cast" else 1e-11
    replayed(tg.hessian(lambda x: (np.sin(VECTORS[name](x)) ** 2).sum()), X, rtol=rtol)


def test_trees_and_arguments():
    def f(p, x, n):
        return {"a": p["w"] @ x * n, "b": (p["w"][0] * x).sum() + p["b"], "c": p["b"] ** 2}

    p = {"w": RANDOM.normal(size=(2, 3)), "b": np.array(0.5)}
    other = {"w": RANDOM.normal(size=(2, 3)), "b": np.array(-1.5)}
    x = RANDOM.normal(size=3)
    for mode in ("forward", "reverse"):
        for argnums in (0, 1, (0, 1), (1,)):
            replayed(tg.jacobian(f, argnums, mode=mode), p, x, 3, moved=(other, x + 1, 3))
    replayed(tg.hessian(lambda p, x: (f(p, x, 2)["a"] ** 2).sum() * p["b"] ** 2, (0, 1)), p, x, moved=(other, x + 1))


def test_matrices_and_single_numbers():
    m = RANDOM.normal(size=(3, 2))
    replayed(tg.hessian(lambda m: (np.tanh(m @ m.T) ** 2).sum()), m)
    replayed(tg.hessian(lambda x: np.sin(x) * x), np.float64(0.3))
    replayed(tg.hessian(lambda x: np.sin(x[0]) * x[0]), np.array([0.3]))
    replayed(tg.jacobian(lambda x: x**2), np.zeros((0,)))


def test_dtypes_stay():
    x = X.astype(np.float32)
    replayed(tg.hessian(lambda x: (np.exp(x[1:]) * x[:-1]).sum()), x, rtol=1e-6)
    replayed(tg.jacobian(lambda x: A @ x), x, rtol=1e-6)
    replayed(tg.jacobian(lambda x: tg.softmax(BATCH.astype(np.float32) * x)[0]), x, rtol=1e-5)


def test_index_arrays_among_the_arguments():
    def loss(w, x, labels):
        return -tg.log_softmax(x @ w)[np.arange(len(labels)), labels].mean()

    replayed(tg.hessian(loss), W, BATCH, INDEX, moved=(W * 2, BATCH - 1, INDEX[::-1].copy()))
    replayed(tg.jacobian(lambda x, i: x[i] ** 2, mode="reverse"), X, ROWS, moved=(X * 2, ROWS[::-1].copy()))


def test_other_transforms_around_and_inside():
    def f(x):
        return (np.sin(x) * x[::-1] ** 2).sum()

    replayed(lambda x: np.linalg.solve(tg.hessian(f)(x) + 9 * np.eye(6), tg.grad(f)(x)), X, rtol=1e-10)
    replayed(lambda x: (tg.hessian(f)(x) @ x, tg.hvp(f, (x,), (x,))), X)
    replayed(tg.grad(lambda x: (tg.hessian(f)(x) ** 2).sum()), X)
    replayed(tg.jacobian(tg.jacobian(tg.grad(f))), X, rtol=1e-11)
    replayed(lambda x: tg.vjp(tg.grad(f), x)[1](x)[0], X)
    np.testing.assert_allclose(tg.hessian(tg.jit(f))(X), tg.hessian(f)(X))
    np.testing.assert_allclose(tg.grad(tg.jit(f))(X), tg.grad(f)(X))
    np.testing.assert_allclose(tg.jit(tg.hessian(tg.jit(f)))(X), tg.hessian(f)(X), rtol=1e-12)


def test_a_parameter_that_requires_gradients():
    w = tg.tensor(X, requires_grad=True)

    def curvature(x):
        with tg.no_grad():
            return tg.hessian(lambda x: (w * x**3).sum())(x)

    program = tg.jit(curvature)
    for x in (X, X + 1):
        np.testing.assert_allclose(program(x), np.diag(6 * X * x))
    assert program.reason is None


def test_the_length_of_a_program_does_not_depend_on_the_number_of_columns():
    def rosenbrock(x):
        return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()

    short = replayed(tg.hessian(rosenbrock), X)
    long = replayed(tg.hessian(rosenbrock), RANDOM.normal(size=50), rtol=1e-12)
    assert len(short.listing.steps) == len(long.listing.steps) < 40


def test_a_sparse_matrix_is_written_at_the_places_of_its_entries():
    program = replayed(tg.hessian(lambda x: (x[1:] ** 2 * x[:-1] ** 2).sum()), RANDOM.normal(size=50))
    assert not any(step.kind == "product" for step in program.listing.steps)
    sizes = [value.size for step in program.listing.steps for value in step.results]
    assert sorted(sizes)[-2] <= 50
    assert max(sizes) == 2500


def test_columns_pass_by_pass():
    f = tg.hessian(lambda x: (np.sin(x[1:]) * x[:-1]).sum())
    slow, quick = tg.jit(f, leave_out={"columns in one pass"}), tg.jit(f)
    for x in (X, X + 1):
        agree(slow(x), f(x))
        agree(quick(x), f(x))
    assert len(slow.program.listing.steps) > 2 * len(quick.program.listing.steps)


def test_a_structural_zero_stays_one_where_values_are_not_finite():
    program = tg.jit(tg.hessian(lambda x: x[0] * x[1] + np.exp(x[2])))
    program(np.ones(3))
    with np.errstate(all="ignore"):
        found = program(np.array([np.nan, np.inf, 1000.0]))
    np.testing.assert_array_equal(found, [[0, 1, 0], [1, 0, 0], [0, 0, np.inf]])


def test_assembled_writes_adds_and_adds_repeatedly():
    base = np.zeros((2, 3))
    made = assembled(
        base,
        ((slice(0, 6, 4), np.array([1.0, 2.0])),),
        ((np.array([4, 5]), np.array([10.0, 20.0])),),
        ((np.array([0, 0]), np.array([0.5, 0.5])),),
    )
    np.testing.assert_array_equal(made, [[2, 0, 0], [0, 12, 20]])
    assert not base.any()


@given(st.integers(-5, 20), st.integers(-4, 4), st.integers(0, 6))
def test_slice_of_takes_the_places(start, step, count):
    places = start + 25 + step * np.arange(count)
    found = slice_of(places)
    if step == 0 and count > 1:
        assert found is None
    else:
        np.testing.assert_array_equal(np.arange(100)[found], places)


PIECES = {  # from a vector of 4 to a vector of 4
    "sin": np.sin,
    "square": lambda x: x**2 / 4,
    "turned": lambda x: x[::-1] * 0.5,
    "shifted": lambda x: np.concatenate([x[1:], x[:1]]),
    "neighbours": lambda x: x * np.concatenate([x[2:], np.ones(2)]),
    "product": lambda x: A[:, :4] @ x / 3,
    "row product": lambda x: x @ A[:, 2:] / 3,
    "softmax": lambda x: tg.softmax(x),
    "centred": lambda x: x - x.mean(),
    "normed": lambda x: x / np.sqrt(1 + (x * x).sum()),
    "positive part": lambda x: np.where(x > 0, x, 0.1 * x),
    "taken": lambda x: x[np.array([3, 1, 1, 0])],
    "outer": lambda x: (x[:, None] * x).sum(axis=0) / 3,
    "matrix": lambda x: (x.reshape((2, 2)) @ x.reshape((2, 2))).ravel() / 3,
    "largest": lambda x: np.maximum(x, x[::-1] + 0.1),
    "times max": lambda x: x * x.max(),
}


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(sorted(PIECES)), min_size=1, max_size=4), st.booleans(), st.integers(0, 1000))
def test_random_programs(names, reverse, seed):
    def f(x):
        for name in names:
            x = PIECES[name](x) + 0.1 * x
        return x

    random = np.random.default_rng(seed)
    x, y = random.normal(size=(2, 4))
    mode = "reverse" if reverse else "forward"
    replayed(tg.jacobian(f, mode=mode), x, moved=[y], rtol=1e-10)
    replayed(tg.hessian(lambda x: (f(x) ** 2).sum()), x, moved=[y], rtol=1e-9)
