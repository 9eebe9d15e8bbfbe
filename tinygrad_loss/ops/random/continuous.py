"""Draws that are functions of their parameters and of a draw free of them: so they have derivatives.

With z drawn from the standard distribution, y = loc + scale·z is drawn from the one with these parameters,
and ∂y/∂loc = 1, ∂y/∂scale = z. (D. P. Kingma and M. Welling, Auto-encoding variational Bayes, 2014.)
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...core.registry import functions
from ...core.tensor import ArrayLike, Tensor
from ...errors import ArgumentError, ShapeError
from ..elementwise import add, divide, multiply, negative, subtract
from ..exponentials import exp, expm1
from ..powers import power as raised
from ..powers import sqrt
from ..selection import where
from ..shaping import astype, reshape
from .stream import Seed, Size, checked, draw, kind_of, numbers, shape_of, value_of

__all__ = [
    "exponential",
    "gumbel",
    "laplace",
    "logistic",
    "lognormal",
    "multivariate_normal",
    "normal",
    "pareto",
    "power",
    "rand",
    "randn",
    "random",
    "rayleigh",
    "standard_cauchy",
    "standard_exponential",
    "standard_normal",
    "triangular",
    "uniform",
    "weibull",
]


def random(size: Size = None, dtype: Any = float, *, seed: Seed = None) -> Tensor:
    """Numbers from 0 up to, but without, 1, all equally likely.

    Args:
        size: the shape; a single number if None.
        dtype: the dtype of the result.
        seed: an integer, or a NumPy generator; by default from the seed of the process (`tg.set_random_seed`).

    >>> tg.random.random(3, seed=0).shape
    (3,)
    """
    return numbers("random", np.dtype(dtype), shape_of(size), seed)


def standard_normal(size: Size = None, dtype: Any = float, *, seed: Seed = None) -> Tensor:
    """Numbers from the normal distribution with mean 0 and standard deviation 1.

    >>> tg.random.standard_normal((2, 3), seed=0).shape
    (2, 3)
    """
    return numbers("standard_normal", np.dtype(dtype), shape_of(size), seed)


def standard_exponential(size: Size = None, dtype: Any = float, *, seed: Seed = None) -> Tensor:
    """Numbers from the exponential distribution with mean 1.

    >>> bool(tg.random.standard_exponential(seed=0) > 0)
    True
    """
    return numbers("standard_exponential", np.dtype(dtype), shape_of(size), seed)


def rand(*size: int, seed: Seed = None) -> Tensor:
    """`tg.random.random`, with the lengths of the axes one by one.

    >>> tg.random.rand(2, 3, seed=0).shape
    (2, 3)
    """
    return random(size, seed=seed)


def randn(*size: int, seed: Seed = None) -> Tensor:
    """`tg.random.standard_normal`, with the lengths of the axes one by one.

    >>> tg.random.randn(2, 3, seed=0).shape
    (2, 3)
    """
    return standard_normal(size, seed=seed)


def _located(z: Tensor, loc: ArrayLike, scale: ArrayLike) -> Tensor:
    """loc + scale·z."""
    return add(loc, multiply(scale, z))


def _standard(method: str, size: Size, dtype: Any, seed: Seed, *parameters: ArrayLike, **of: ArrayLike) -> Tensor:
    """Draws of a method with its standard parameters, in the shape and dtype that the parameters ask for."""
    shape, kind = shape_of(size, *parameters), kind_of(dtype, *parameters)
    if method in ("random", "standard_normal", "standard_exponential"):
        return numbers(method, kind, shape, seed)
    found = draw(method, *of.values(), size=shape, seed=seed)
    return found if found.dtype == kind else astype(found, kind)


def normal(
    loc: ArrayLike = 0.0, scale: ArrayLike = 1.0, size: Size = None, *, dtype: Any = None, seed: Seed = None
) -> Tensor:
    """Numbers from the normal distribution: y = loc + scale·z, with z drawn from the standard one.

    The derivatives are ∂y/∂loc = 1 and ∂y/∂scale = z, so a network can learn both.

    Args:
        loc: the mean.
        scale: the standard deviation, at least 0.
        size: the shape, to which the parameters are broadcast; theirs if None.
        dtype: the dtype drawn in; that of floating parameters, or float64, if None.
        seed: an integer, or a NumPy generator; by default from the seed of the process (`tg.set_random_seed`).

    Raises:
        ArgumentError: for a negative scale.
        ShapeError: for parameters that do not broadcast to `size`.

    Source: D. P. Kingma and M. Welling, Auto-encoding variational Bayes, ICLR 2014.

    >>> loc = tg.tensor([1.0, 2.0], requires_grad=True)
    >>> tg.random.normal(loc, 0.1, (3, 2), seed=0).sum().backward()
    >>> loc.grad
    tensor([3., 3.])
    """
    checked("normal", scale=scale)
    return _located(_standard("standard_normal", size, dtype, seed, loc, scale), loc, scale)


def uniform(
    low: ArrayLike = 0.0, high: ArrayLike = 1.0, size: Size = None, *, dtype: Any = None, seed: Seed = None
) -> Tensor:
    """Numbers from low to high, all equally likely: y = low + (high - low)·u, with u from 0 to 1.

    The derivatives are ∂y/∂low = 1 - u and ∂y/∂high = u. Arguments as in `tg.random.normal`.

    >>> y = tg.random.uniform(-1.0, 1.0, 100, seed=0)
    >>> bool((abs(y) <= 1).all())
    True
    """
    return _located(_standard("random", size, dtype, seed, low, high), low, subtract(high, low))


def exponential(scale: ArrayLike = 1.0, size: Size = None, *, dtype: Any = None, seed: Seed = None) -> Tensor:
    """Numbers from the exponential distribution with mean `scale`: y = scale·z, with derivative z.

    >>> bool(tg.random.exponential(2.0, seed=0) > 0)
    True
    """
    checked("exponential", scale=scale)
    return multiply(scale, _standard("standard_exponential", size, dtype, seed, scale))


def laplace(
    loc: ArrayLike = 0.0, scale: ArrayLike = 1.0, size: Size = None, *, dtype: Any = None, seed: Seed = None
) -> Tensor:
    """Numbers from the Laplace distribution, of density e^(-|y - loc|/scale) / (2·scale): y = loc + scale·z.

    >>> tg.random.laplace(size=2, seed=0).shape
    (2,)
    """
    checked("laplace", scale=scale)
    return _located(_standard("laplace", size, dtype, seed, loc, scale), loc, scale)


def gumbel(
    loc: ArrayLike = 0.0, scale: ArrayLike = 1.0, size: Size = None, *, dtype: Any = None, seed: Seed = None
) -> Tensor:
    """Numbers from the Gumbel distribution of largest values: y = loc + scale·z.

    The largest of logits + z falls on each class with the probability that softmax gives it.

    >>> tg.random.gumbel(size=2, seed=0).shape
    (2,)
    """
    checked("gumbel", scale=scale)
    return _located(_standard("gumbel", size, dtype, seed, loc, scale), loc, scale)


def logistic(
    loc: ArrayLike = 0.0, scale: ArrayLike = 1.0, size: Size = None, *, dtype: Any = None, seed: Seed = None
) -> Tensor:
    """Numbers whose distribution function is the sigmoid: y = loc + scale·z.

    >>> tg.random.logistic(size=2, seed=0).shape
    (2,)
    """
    checked("logistic", scale=scale)
    return _located(_standard("logistic", size, dtype, seed, loc, scale), loc, scale)


def lognormal(
    mean: ArrayLike = 0.0, sigma: ArrayLike = 1.0, size: Size = None, *, dtype: Any = None, seed: Seed = None
) -> Tensor:
    """Numbers whose logarithm is normal: y = e^(mean + sigma·z), with ∂y/∂mean = y and ∂y/∂sigma = y·z.

    >>> bool(tg.random.lognormal(seed=0) > 0)
    True
    """
    checked("lognormal", sigma=sigma)
    return exp(_located(_standard("standard_normal", size, dtype, seed, mean, sigma), mean, sigma))


def rayleigh(scale: ArrayLike = 1.0, size: Size = None, *, dtype: Any = None, seed: Seed = None) -> Tensor:
    """Distances from 0 of points with two normal coordinates of standard deviation `scale`: y = scale·z.

    >>> bool(tg.random.rayleigh(seed=0) > 0)
    True
    """
    checked("rayleigh", scale=scale)
    return multiply(scale, _standard("rayleigh", size, dtype, seed, scale))


def standard_cauchy(size: Size = None, *, dtype: Any = float, seed: Seed = None) -> Tensor:
    """Numbers from the Cauchy distribution, of density 1 / (π·(1 + y²)), which has no mean.

    >>> tg.random.standard_cauchy(2, seed=0).shape
    (2,)
    """
    return _standard("standard_cauchy", size, dtype, seed)


def weibull(a: ArrayLike, size: Size = None, *, dtype: Any = None, seed: Seed = None) -> Tensor:
    """Numbers from the Weibull distribution: y = z^(1/a), with z exponential and ∂y/∂a = -y·ln(z)/a².

    >>> bool(tg.random.weibull(2.0, seed=0) > 0)
    True
    """
    checked("weibull", positive=True, a=a)
    return raised(_standard("standard_exponential", size, dtype, seed, a), divide(1.0, a))


def pareto(a: ArrayLike, size: Size = None, *, dtype: Any = None, seed: Seed = None) -> Tensor:
    """Numbers from the Pareto distribution, moved to begin at 0: y = e^(z/a) - 1, with z exponential.

    >>> bool(tg.random.pareto(3.0, seed=0) > 0)
    True
    """
    checked("pareto", positive=True, a=a)
    return expm1(divide(_standard("standard_exponential", size, dtype, seed, a), a))


def power(a: ArrayLike, size: Size = None, *, dtype: Any = None, seed: Seed = None) -> Tensor:
    """Numbers from 0 to 1 of density a·yᵃ⁻¹: y = (1 - e⁻ᶻ)^(1/a), with z exponential.

    >>> bool(tg.random.power(3.0, seed=0) < 1)
    True
    """
    checked("power", positive=True, a=a)
    z = _standard("standard_exponential", size, dtype, seed, a)
    return raised(negative(expm1(negative(z))), divide(1.0, a))


def triangular(
    left: ArrayLike, mode: ArrayLike, right: ArrayLike, size: Size = None, *, dtype: Any = None, seed: Seed = None
) -> Tensor:
    """Numbers from left to right, most often near `mode`: the density rises to it and falls from it in a line.

    With u from 0 to 1, y = left + √(u·(right - left)·(mode - left)) up to the mode, and the same from the
    right beyond it: so there are derivatives by all three.

    Raises:
        ArgumentError: unless left ≤ mode ≤ right, and left < right.

    >>> y = tg.random.triangular(0.0, 1.0, 3.0, 100, seed=0)
    >>> bool(((y >= 0) & (y <= 3)).all())
    True
    """
    ends = [value_of(each) for each in (left, mode, right)]
    if np.any(np.greater(ends[0], ends[1])) or np.any(np.greater(ends[1], ends[2])) or np.any(ends[0] == ends[2]):
        raise ArgumentError(
            f"triangular got left={ends[0]}, mode={ends[1]}, right={ends[2]}.",
            "It needs left ≤ mode ≤ right, and left < right.",
            "Check the order of the arguments.",
        )
    u = _standard("random", size, dtype, seed, left, mode, right)
    width, rise, fall = subtract(right, left), subtract(mode, left), subtract(right, mode)
    before = value_of(u) * value_of(width) <= value_of(rise)
    rising = where(before, multiply(multiply(u, width), rise), 1.0)  # 1 where it is not used: √0 has no slope
    falling = where(before, 1.0, multiply(multiply(subtract(1.0, u), width), fall))
    return where(before, add(left, sqrt(rising)), subtract(right, sqrt(falling)))


def multivariate_normal(
    mean: ArrayLike, cov: ArrayLike, size: Size = None, *, dtype: Any = None, seed: Seed = None
) -> Tensor:
    """Vectors from the normal distribution with this mean and covariance: y = mean + L·z, with L·Lᵀ = cov.

    The derivatives by `cov` are those of its Cholesky factor L.

    Shapes: mean (n,), cov (n, n), result (*size, n).

    Raises:
        ShapeError: for a covariance that is not n by n.

    >>> tg.random.multivariate_normal([0.0, 1.0], [[1.0, 0.5], [0.5, 1.0]], 4, seed=0).shape
    (4, 2)
    """
    count = np.shape(mean)[-1] if np.ndim(mean) == 1 else -1
    if np.shape(cov) != (count, count):
        raise ShapeError(
            f"multivariate_normal got a mean of shape {np.shape(mean)} and a covariance of shape {np.shape(cov)}.",
            "It needs n means, and a covariance of n by n.",
            "Use tg.diag(variances) for independent numbers.",
        )
    shape = (*shape_of(() if size is None else size), count)
    z = numbers("standard_normal", kind_of(dtype, mean, cov), shape, seed)
    factor = functions["linalg.cholesky"](cov)
    moved = functions["matmul"](reshape(z, (math.prod(shape[:-1]), count)), np.swapaxes(factor, -1, -2))
    return add(mean, reshape(moved, shape))
