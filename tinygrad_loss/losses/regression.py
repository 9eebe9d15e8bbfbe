"""Losses of numbers: how far predictions are from targets.

Each function gives one loss per sample, a mean over the n numbers of the last axis; each class reduces
those to one number. In the formulas e is the error, y_pred - y_true.
"""

from __future__ import annotations

import math
from typing import Any

from ..core.tensor import ArrayLike
from ..errors import ArgumentError
from ..ops.elementwise import absolute
from ..ops.exponentials import log, log1p
from ..ops.losses import EPSILON
from ..ops.losses import huber as huber_of
from ..ops.losses import log_cosh as log_cosh_of
from ..ops.powers import sqrt, square
from ..ops.reductions import mean, sum
from ..ops.selection import maximum
from .alignment import aligned
from .base import FunctionLoss

__all__ = [
    "CosineSimilarity",
    "Huber",
    "LogCosh",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Poisson",
    "cosine_similarity",
    "huber",
    "log_cosh",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "poisson",
]


def mean_squared_error(y_true: ArrayLike, y_pred: ArrayLike) -> Any:
    """The mean of e², with derivative 2e/n by y_pred.

    >>> tg.losses.mean_squared_error([[0.0, 1.0]], tg.tensor([[1.0, 3.0]]))
    tensor([2.5])
    """
    y_true, y_pred = aligned("mean_squared_error", y_true, y_pred)
    return mean(square(y_pred - y_true), axis=-1)


def mean_absolute_error(y_true: ArrayLike, y_pred: ArrayLike) -> Any:
    """The mean of |e|, with derivative sign(e)/n by y_pred, 0 where e is 0.

    >>> tg.losses.mean_absolute_error([[0.0, 1.0]], tg.tensor([[1.0, 3.0]]))
    tensor([1.5])
    """
    y_true, y_pred = aligned("mean_absolute_error", y_true, y_pred)
    return mean(absolute(y_pred - y_true), axis=-1)


def mean_absolute_percentage_error(y_true: ArrayLike, y_pred: ArrayLike) -> Any:
    """The mean of |e / y_true| in percent; a target nearer to 0 than 1e-7 counts as 1e-7.

    Derivative by y_pred: 100·sign(e) / (n·|y_true|).

    >>> tg.losses.mean_absolute_percentage_error([[2.0, 10.0]], tg.tensor([[1.0, 9.0]]))
    tensor([30.])
    """
    y_true, y_pred = aligned("mean_absolute_percentage_error", y_true, y_pred)
    return 100.0 * mean(absolute((y_pred - y_true) / maximum(absolute(y_true), EPSILON)), axis=-1)


def mean_squared_logarithmic_error(y_true: ArrayLike, y_pred: ArrayLike) -> Any:
    """The mean of d², d = ln(1 + y_pred) - ln(1 + y_true): errors in proportion, for positive numbers.

    Derivative by y_pred: 2d / (n·(1 + y_pred)). Numbers below 1e-7 count as 1e-7, and have derivative 0.

    >>> tg.losses.mean_squared_logarithmic_error([[0.0, 3.0]], tg.tensor([[0.0, 1.0]]))
    tensor([0.24022651])
    """
    y_true, y_pred = aligned("mean_squared_logarithmic_error", y_true, y_pred)
    difference = log1p(maximum(y_pred, EPSILON)) - log1p(maximum(y_true, EPSILON))
    return mean(square(difference), axis=-1)


def huber(y_true: ArrayLike, y_pred: ArrayLike, delta: float = 1.0) -> Any:
    """The mean of e²/2 where |e| ≤ δ, and of δ(|e| - δ/2) further out, with derivative e held within ±δ, over n.

    Raises:
        ArgumentError: for a `delta` that is not a positive number.
    Source: Huber, Robust Estimation of a Location Parameter, 1964.

    >>> tg.losses.huber([[0.0, 0.0]], tg.tensor([[0.5, 3.0]]))
    tensor([1.3125])
    """
    y_true, y_pred = aligned("huber", y_true, y_pred)
    return mean(huber_of(y_pred - y_true, delta=_positive("delta", delta)), axis=-1)


def log_cosh(y_true: ArrayLike, y_pred: ArrayLike) -> Any:
    """The mean of ln cosh e: about e²/2 near 0 and |e| - ln 2 far out, with derivative tanh(e)/n.

    >>> tg.losses.log_cosh([[0.0, 0.0]], tg.tensor([[0.0, 1.0]]))
    tensor([0.21689042])
    """
    y_true, y_pred = aligned("log_cosh", y_true, y_pred)
    return mean(log_cosh_of(y_pred - y_true), axis=-1)


def poisson(y_true: ArrayLike, y_pred: ArrayLike) -> Any:
    """The mean of y_pred - y_true·ln(y_pred + 1e-7), for counts: y_pred is the expected count.

    Derivative by y_pred: (1 - y_true / y_pred) / n, which is 0 where the expectation is right.

    >>> tg.losses.poisson([[2.0, 0.0]], tg.tensor([[2.0, 1.0]]))
    tensor([0.80685277])
    """
    y_true, y_pred = aligned("poisson", y_true, y_pred)
    return mean(y_pred - y_true * log(y_pred + EPSILON), axis=-1)


def cosine_similarity(y_true: ArrayLike, y_pred: ArrayLike, axis: int = -1) -> Any:
    """Minus the cosine of the angle between y_true and y_pred along `axis`: -1 for the same direction.

    Derivative by y_pred: (c·p - t) / |y_pred|, with t and p of length 1 and c their cosine. A vector of
    zeros gives 0.

    >>> tg.losses.cosine_similarity([[0.0, 1.0], [1.0, 1.0]], tg.tensor([[1.0, 0.0], [2.0, 2.0]]))
    tensor([-0., -1.])
    """
    y_true, y_pred = aligned("cosine_similarity", y_true, y_pred)
    return -sum(_of_length_one(y_true, axis) * _of_length_one(y_pred, axis), axis=axis)


def _of_length_one(x: Any, axis: int) -> Any:
    return x / sqrt(maximum(sum(square(x), axis=axis, keepdims=True), EPSILON * EPSILON))


def _positive(name: str, value: float) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < math.inf:
        raise ArgumentError(
            f"huber cannot use {name}={value!r}.", f"{name} is a positive number.", "Say Huber(delta=1.0)."
        )
    return value


class MeanSquaredError(FunctionLoss):
    """The mean of squared errors (see `mean_squared_error`).

    >>> tg.losses.MeanSquaredError()([[0.0], [1.0]], tg.tensor([[1.0], [3.0]]))
    tensor(2.5, dtype=float32)
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str = "mean_squared_error", dtype: Any = None
    ) -> None:
        super().__init__(mean_squared_error, reduction, name, dtype)


class MeanAbsoluteError(FunctionLoss):
    """The mean of absolute errors (see `mean_absolute_error`).

    >>> tg.losses.MeanAbsoluteError()([[0.0], [1.0]], tg.tensor([[1.0], [3.0]]))
    tensor(1.5, dtype=float32)
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str = "mean_absolute_error", dtype: Any = None
    ) -> None:
        super().__init__(mean_absolute_error, reduction, name, dtype)


class MeanAbsolutePercentageError(FunctionLoss):
    """The mean of errors in percent of the target (see `mean_absolute_percentage_error`).

    >>> tg.losses.MeanAbsolutePercentageError()([[2.0]], tg.tensor([[1.0]]))
    tensor(50., dtype=float32)
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "mean_absolute_percentage_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(mean_absolute_percentage_error, reduction, name, dtype)


class MeanSquaredLogarithmicError(FunctionLoss):
    """The mean of squared differences of logarithms (see `mean_squared_logarithmic_error`).

    >>> tg.losses.MeanSquaredLogarithmicError()([[3.0]], tg.tensor([[3.0]]))
    tensor(0., dtype=float32)
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "mean_squared_logarithmic_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(mean_squared_logarithmic_error, reduction, name, dtype)


class Huber(FunctionLoss):
    """Squares near 0 and straight lines further out (see `huber`).

    >>> tg.losses.Huber(delta=2.0)([[0.0]], tg.tensor([[3.0]]))
    tensor(4., dtype=float32)
    """

    def __init__(
        self,
        delta: float = 1.0,
        reduction: str | None = "sum_over_batch_size",
        name: str = "huber_loss",
        dtype: Any = None,
    ) -> None:
        super().__init__(huber, reduction, name, dtype, delta=_positive("delta", delta))


class LogCosh(FunctionLoss):
    """The mean of ln cosh of the error (see `log_cosh`).

    >>> tg.losses.LogCosh()([[0.0]], tg.tensor([[0.0]]))
    tensor(0., dtype=float32)
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str = "log_cosh", dtype: Any = None
    ) -> None:
        super().__init__(log_cosh, reduction, name, dtype)


class Poisson(FunctionLoss):
    """The loss for counts (see `poisson`).

    >>> tg.losses.Poisson()([[0.0]], tg.tensor([[1.0]]))
    tensor(1., dtype=float32)
    """

    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str = "poisson", dtype: Any = None) -> None:
        super().__init__(poisson, reduction, name, dtype)


class CosineSimilarity(FunctionLoss):
    """Minus the cosine between y_true and y_pred (see `cosine_similarity`).

    >>> tg.losses.CosineSimilarity()([[3.0, 0.0]], tg.tensor([[1.0, 0.0]]))
    tensor(-1., dtype=float32)
    """

    def __init__(
        self,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "cosine_similarity",
        dtype: Any = None,
    ) -> None:
        super().__init__(cosine_similarity, reduction, name, dtype, axis=axis)
