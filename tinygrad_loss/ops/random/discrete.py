"""Draws that are whole numbers. They change in steps with their parameters, so no gradient flows to these."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.tensor import ArrayLike, Tensor
from ...errors import ArgumentError
from ..comparisons import less
from ..shaping import astype
from .stream import Seed, Size, draw, drawn_from, numbers, shape_of, value_of

__all__ = [
    "bernoulli",
    "binomial",
    "geometric",
    "hypergeometric",
    "integers",
    "multinomial",
    "negative_binomial",
    "poisson",
    "randint",
]


def _settled(name: str, *parameters: ArrayLike) -> list[Any]:
    """The values of the parameters; a program that is being recorded is told that they leave."""
    return [p._leaving(f"tg.random.{name}") if isinstance(p, Tensor) else p for p in parameters]


def _counted(name: str, size: Size, seed: Seed, *parameters: ArrayLike) -> Tensor:
    """Draws of the generator's method of that name; what it refuses is explained."""
    values = _settled(name, *parameters)
    shape = shape_of(size, *values)
    try:
        return draw(name, *values, size=shape, seed=seed)
    except ValueError as error:
        shown = ", ".join(repr(value) for value in values)
        raise ArgumentError(
            f"{name} got {shown}: {str(error).rstrip('.')}.",
            "Probabilities are from 0 to 1, counts at least 0.",
            "Use tg.sigmoid for probabilities, tg.exp or tg.softplus for rates.",
        ) from None


def integers(
    low: ArrayLike,
    high: ArrayLike | None = None,
    size: Size = None,
    dtype: Any = np.int64,
    endpoint: bool = False,
    *,
    seed: Seed = None,
) -> Tensor:
    """Whole numbers from low up to, but without, high, all equally likely; from 0 up to low if high is None.

    Args:
        low: the smallest number.
        high: the number after the largest; or the largest itself, if `endpoint`.
        size: the shape, to which low and high are broadcast; theirs if None.
        dtype: the dtype of the result.
        endpoint: let high be drawn, too.
        seed: an integer, or a NumPy generator; by default from the seed of the process (`tg.set_random_seed`).

    Raises:
        ArgumentError: when there is no number to draw.

    >>> y = tg.random.integers(1, 7, 100, seed=0)
    >>> int(y.min()), int(y.max())
    (1, 6)
    """
    first, last = _settled("integers", *((0, low) if high is None else (low, high)))
    if np.any(np.greater(first, last) if endpoint else np.greater_equal(first, last)):
        raise ArgumentError(
            f"integers got low={first} and high={last}.",
            "There must be a whole number from low up to high.",
            "Say integers(6) for 0 to 5, integers(1, 6, endpoint=True) for a die.",
        )
    return draw("integers", first, last, size=shape_of(size, first, last), seed=seed, dtype=dtype, endpoint=endpoint)


randint = integers  # the name in NumPy's older interface


def bernoulli(p: ArrayLike = 0.5, size: Size = None, *, dtype: Any = bool, seed: Seed = None) -> Tensor:
    """True with probability p, else False: y = u < p, with u from 0 to 1.

    It goes in steps, so no gradient flows to p; `tg.random.gumbel` and a softmax make a smooth stand-in.

    Args:
        p: the probability, from 0 to 1.
        size: the shape, to which p is broadcast; its own if None.
        dtype: the dtype of the result, such as float for a mask to multiply with.
        seed: an integer, or a NumPy generator; by default from the seed of the process (`tg.set_random_seed`).

    Raises:
        ArgumentError: for a probability outside 0 to 1.

    >>> float(tg.random.bernoulli(0.3, 10000, seed=0).mean().round(1))
    0.3
    """
    value = value_of(p)
    if not np.all((np.asarray(value) >= 0) & (np.asarray(value) <= 1)):
        raise ArgumentError(
            f"bernoulli got p={value!r}.", "A probability is from 0 to 1.", "Use tg.sigmoid for logits."
        )
    hit = less(numbers("random", np.dtype(float), shape_of(size, p), seed), p)
    return hit if np.dtype(dtype) == bool else astype(hit, dtype)


def binomial(n: ArrayLike, p: ArrayLike, size: Size = None, *, seed: Seed = None) -> Tensor:
    """How many of n trials succeed, each with probability p.

    >>> int(tg.random.binomial(10, 1.0, seed=0))
    10
    """
    return _counted("binomial", size, seed, n, p)


def poisson(lam: ArrayLike = 1.0, size: Size = None, *, seed: Seed = None) -> Tensor:
    """How many events happen, at a mean of `lam`.

    >>> int(tg.random.poisson(0.0, seed=0))
    0
    """
    return _counted("poisson", size, seed, lam)


def geometric(p: ArrayLike, size: Size = None, *, seed: Seed = None) -> Tensor:
    """The number of the first trial that succeeds, each with probability p.

    >>> int(tg.random.geometric(1.0, seed=0))
    1
    """
    return _counted("geometric", size, seed, p)


def negative_binomial(n: ArrayLike, p: ArrayLike, size: Size = None, *, seed: Seed = None) -> Tensor:
    """How many trials fail before the n-th success, each with probability p.

    >>> int(tg.random.negative_binomial(3, 1.0, seed=0))
    0
    """
    return _counted("negative_binomial", size, seed, n, p)


def hypergeometric(
    ngood: ArrayLike, nbad: ArrayLike, nsample: ArrayLike, size: Size = None, *, seed: Seed = None
) -> Tensor:
    """How many good ones are in a sample taken, without putting back, from good and bad ones.

    >>> int(tg.random.hypergeometric(3, 0, 2, seed=0))
    2
    """
    return _counted("hypergeometric", size, seed, ngood, nbad, nsample)


def multinomial(n: ArrayLike, pvals: ArrayLike, size: Size = None, *, seed: Seed = None) -> Tensor:
    """How often each of several outcomes happens in n trials, with these probabilities.

    Shapes: pvals (k,), result (*size, k).

    >>> int(tg.random.multinomial(10, [0.2, 0.8], seed=0).sum())
    10
    """
    count, chances = _settled("multinomial", n, pvals)
    shape = None if size is None else shape_of(size)
    return Tensor(drawn_from(seed).multinomial(count, np.asarray(chances, float), size=shape))
