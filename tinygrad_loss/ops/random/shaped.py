"""Draws whose parameters shape them in ways that have no simple derivative: it is refused where it is asked for."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.tensor import ArrayLike, Tensor
from ..elementwise import multiply
from ..shaping import astype
from .stream import Seed, Size, checked, constants, draw, drawn_from, kind_of, shape_of

__all__ = ["beta", "chisquare", "dirichlet", "f", "gamma", "standard_gamma", "standard_t", "vonmises", "wald"]


def _shaped(name: str, size: Size, dtype: Any, seed: Seed, **parameters: ArrayLike) -> Tensor:
    """Draws of the generator's method of that name, with parameters that carry no gradient."""
    values = constants(name, **parameters)
    shape, kind = shape_of(size, *values), kind_of(dtype, *parameters.values())
    found = draw(name, *values, size=shape, seed=seed)
    return found if found.dtype == kind else astype(found, kind)


def standard_gamma(shape: ArrayLike, size: Size = None, *, dtype: Any = None, seed: Seed = None) -> Tensor:
    """Numbers from the gamma distribution of density y^(shape - 1)·e⁻ʸ / Γ(shape).

    Raises:
        NoRuleError: for a shape that requires gradients.

    >>> bool(tg.random.standard_gamma(2.0, seed=0) > 0)
    True
    """
    checked("standard_gamma", shape=shape)
    return _shaped("standard_gamma", size, dtype, seed, shape=shape)


def gamma(
    shape: ArrayLike, scale: ArrayLike = 1.0, size: Size = None, *, dtype: Any = None, seed: Seed = None
) -> Tensor:
    """Numbers from the gamma distribution, stretched: y = scale·z, with ∂y/∂scale = z.

    Raises:
        NoRuleError: for a shape that requires gradients.

    >>> bool(tg.random.gamma(2.0, 3.0, seed=0) > 0)
    True
    """
    checked("gamma", scale=scale)
    z = standard_gamma(shape, shape_of(size, shape, scale), dtype=kind_of(dtype, shape, scale), seed=seed)
    return multiply(scale, z)


def beta(a: ArrayLike, b: ArrayLike, size: Size = None, *, dtype: Any = None, seed: Seed = None) -> Tensor:
    """Numbers from 0 to 1 of density proportional to y^(a - 1)·(1 - y)^(b - 1).

    Raises:
        NoRuleError: for parameters that require gradients.

    >>> bool(tg.random.beta(2.0, 3.0, seed=0) < 1)
    True
    """
    checked("beta", positive=True, a=a, b=b)
    return _shaped("beta", size, dtype, seed, a=a, b=b)


def chisquare(df: ArrayLike, size: Size = None, *, dtype: Any = None, seed: Seed = None) -> Tensor:
    """Sums of the squares of `df` standard normal numbers.

    Raises:
        NoRuleError: for degrees of freedom that require gradients.

    >>> bool(tg.random.chisquare(2, seed=0) > 0)
    True
    """
    checked("chisquare", positive=True, df=df)
    return _shaped("chisquare", size, dtype, seed, df=df)


def f(dfnum: ArrayLike, dfden: ArrayLike, size: Size = None, *, dtype: Any = None, seed: Seed = None) -> Tensor:
    """Ratios of two chi-square numbers, each divided by its degrees of freedom.

    Raises:
        NoRuleError: for degrees of freedom that require gradients.

    >>> bool(tg.random.f(2, 3, seed=0) > 0)
    True
    """
    checked("f", positive=True, dfnum=dfnum, dfden=dfden)
    return _shaped("f", size, dtype, seed, dfnum=dfnum, dfden=dfden)


def standard_t(df: ArrayLike, size: Size = None, *, dtype: Any = None, seed: Seed = None) -> Tensor:
    """Numbers from Student's t distribution with `df` degrees of freedom.

    Raises:
        NoRuleError: for degrees of freedom that require gradients.

    >>> tg.random.standard_t(5, 2, seed=0).shape
    (2,)
    """
    checked("standard_t", positive=True, df=df)
    return _shaped("standard_t", size, dtype, seed, df=df)


def vonmises(mu: ArrayLike, kappa: ArrayLike, size: Size = None, *, dtype: Any = None, seed: Seed = None) -> Tensor:
    """Angles from -π to π around mu, of density proportional to e^(kappa·cos(y - mu)).

    Raises:
        NoRuleError: for parameters that require gradients.

    >>> bool(abs(tg.random.vonmises(0.0, 4.0, seed=0)) < 3.2)
    True
    """
    checked("vonmises", kappa=kappa)
    return _shaped("vonmises", size, dtype, seed, mu=mu, kappa=kappa)


def wald(mean: ArrayLike, scale: ArrayLike, size: Size = None, *, dtype: Any = None, seed: Seed = None) -> Tensor:
    """Numbers from the inverse Gaussian distribution: times at which a moving Brownian particle first arrives.

    Raises:
        NoRuleError: for parameters that require gradients.

    >>> bool(tg.random.wald(1.0, 2.0, seed=0) > 0)
    True
    """
    checked("wald", positive=True, mean=mean, scale=scale)
    return _shaped("wald", size, dtype, seed, mean=mean, scale=scale)


def dirichlet(alpha: ArrayLike, size: Size = None, *, dtype: Any = None, seed: Seed = None) -> Tensor:
    """Vectors of positive numbers that add up to 1, of density proportional to the product of y^(alpha - 1).

    Shapes: alpha (n,), result (*size, n).

    Raises:
        NoRuleError: for parameters that require gradients.

    >>> tg.random.dirichlet([1.0, 2.0, 3.0], 4, seed=0).shape
    (4, 3)
    """
    checked("dirichlet", positive=True, alpha=alpha)
    (values,) = constants("dirichlet", alpha=alpha)
    shape = None if size is None else shape_of(size)
    found = Tensor(drawn_from(seed).dirichlet(np.asarray(values), size=shape))
    kind = kind_of(dtype, alpha)
    return found if found.dtype == kind else astype(found, kind)
