"""Hessians (W8): of Rosenbrock's function in 50 dimensions, and of a logistic regression (50 parameters, 500 rows).

    python benchmarks/bench_hessians.py

float64. By hand stands for the closed form of the second derivatives: a tridiagonal matrix, and AᵀA for
A = √s X, of which NumPy computes one triangle only. The others derive it from the function; in the column of
Keras these are TensorFlow's tapes in a tf.function.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from peers.all import own, peers
from turns import Contender, Family, Step, main

Array = Any


class Task(NamedTuple):
    """A function of a vector; of rows and labels as well, for the regression."""

    title: str
    kind: str
    size: int
    rows: int = 0


TASKS = {
    "W8 Rosenbrock": Task("Hessian of Rosenbrock's function in 50 dimensions", "rosenbrock", 50),
    "W8 logistic": Task("Hessian of a logistic regression: 50 parameters, 500 rows", "logistic", 50, 500),
}


def data_of(task: Task) -> tuple[Array, Array, Array]:
    """The point; rows and labels of the regression."""
    random = np.random.default_rng(0)
    point = random.normal(size=task.size)
    return point, random.normal(size=(task.rows, task.size)), random.integers(0, 2, task.rows).astype(float)


def as_list(matrix: Any) -> Any:
    """The elements, to be compared."""
    return np.asarray(matrix).ravel().tolist()


def function_of(task: Task, np: Any, rows: Any, labels: Any) -> Any:
    """The function, written in any namespace like NumPy's."""

    def rosenbrock(x: Any) -> Any:
        return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)

    def logistic(w: Any) -> Any:
        z = rows @ w
        return np.mean(np.logaddexp(0.0, z) - labels * z)

    return rosenbrock if task.kind == "rosenbrock" else logistic


def by_hand(task: Task) -> Step:
    """The closed form, written into an array made beforehand."""
    x, rows, _ = data_of(task)
    n = task.size
    matrix = np.zeros((n, n))
    diagonal, above, below = matrix.ravel()[:: n + 1], matrix.ravel()[1 :: n + 1], matrix.ravel()[n :: n + 1]

    def rosenbrock() -> Array:
        start = x[:-1]
        np.multiply(start, -400, out=above)
        below[...] = above
        inner = diagonal[:-1]
        np.multiply(start, start, out=inner)
        np.multiply(inner, 1200, out=inner)
        np.add(inner, 202, out=inner)
        np.subtract(inner, 400 * x[1:], out=inner)
        diagonal[0] -= 200
        diagonal[-1] = 200
        return matrix

    z, scaled = np.empty(task.rows), np.empty_like(rows)

    def logistic() -> Array:
        np.dot(rows, x, out=z)
        np.negative(z, out=z)
        np.exp(z, out=z)
        np.add(z, 1, out=z)
        np.divide(1, z, out=z)
        s = np.sqrt((1 - z) * z / task.rows)
        np.multiply(rows, s[:, None], out=scaled)
        np.dot(scaled.T, scaled, out=matrix)  # of an array with itself NumPy computes one triangle
        return matrix

    return Step(rosenbrock if task.kind == "rosenbrock" else logistic, as_list)


def ours(task: Task, how: str) -> Step:
    """The library's transform: "replay" or "eager"."""
    import tinygrad_loss as tg

    x, rows, labels = data_of(task)
    hessian = tg.hessian(function_of(task, tg, rows, labels))
    made = tg.jit(hessian) if how == "replay" else hessian
    return Step(lambda: made(x), as_list)


FAMILY = Family(
    "hessians",
    TASKS,
    [
        Contender("hand, 1 BLAS thread", by_hand, blas=1, numpy=True),
        Contender("hand, 2 BLAS threads", by_hand, blas=2, threads=2, numpy=True),
        *own(ours, fits=False),
        *peers("hessian", data_of, ("Keras fit, 32 steps a call", "MyGrad", "tinygrad")),
    ],
)

if __name__ == "__main__":
    main(FAMILY)
