"""From one loss per sample to the loss: weights, masks and the reduction, once for all losses."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arguments import plain
from ..core.tensor import ArrayLike, Tensor, as_value
from ..errors import ArgumentError, ShapeError, nearest
from ..ops.reductions import mean, sum
from ..ops.selection import maximum, where
from ..ops.shaping import astype, reshape

__all__ = ["REDUCTIONS", "checked_reduction", "reduced"]

REDUCTIONS = ("sum_over_batch_size", "mean", "sum", "mean_with_sample_weight", "none", None)


def checked_reduction(reduction: Any) -> str | None:
    """`reduction`, if it is one of REDUCTIONS.

    Raises:
        ArgumentError: for anything else.
    """
    if reduction in REDUCTIONS:
        return reduction
    raise ArgumentError(
        f"A loss cannot reduce by {reduction!r}.",
        "The reductions are " + ", ".join(map(repr, REDUCTIONS)) + ".",
        nearest(reduction, filter(None, REDUCTIONS)) if isinstance(reduction, str) else "Leave it out for the mean.",
    )


def reduced(
    values: Any, sample_weight: ArrayLike | None = None, mask: Any = None, reduction: str | None = "sum_over_batch_size"
) -> Any:
    """The loss from `values`, one per sample.

    "sum_over_batch_size", also called "mean", is Σ w·ℓ / N: weights do not enter the divisor.
    "mean_with_sample_weight" is Σ w·ℓ / Σ w. "sum" is Σ w·ℓ. "none" and None keep the vector w·ℓ.
    Samples outside `mask` do not count, not even in N.

    >>> from tinygrad_loss.losses.reduction import reduced
    >>> reduced(tg.tensor([2.0, 4.0]), sample_weight=[3.0, 1.0])
    tensor(5.)
    >>> reduced(tg.tensor([2.0, 4.0]), [3.0, 1.0], reduction="mean_with_sample_weight")
    tensor(2.5)
    """
    weight = None if sample_weight is None else _fitted(sample_weight, values)
    if mask is not None:
        share = values.size / maximum(sum(mask), 1) if reduction in ("sum_over_batch_size", "mean") else 1.0
        counting = astype(where(mask, share, 0.0), values.dtype)
        weight = counting if weight is None else weight * counting
    if weight is not None:
        values = values * weight
    if reduction in (None, "none") or values.ndim == 0:
        return values
    if reduction == "sum" or not values.size:
        return sum(values)
    if reduction == "mean_with_sample_weight" and weight is not None:
        total = sum(weight)
        return sum(values) / where(total == 0, 1, total)  # without any weight the loss is 0
    return mean(values)


def _fitted(sample_weight: ArrayLike, values: Any) -> Any:
    """Weights in the dtype of `values`, with axes of length 1 for those that they do not tell apart."""
    weight = sample_weight if isinstance(sample_weight, Tensor) else as_value(sample_weight)
    weight = weight if weight.dtype == values.dtype else astype(weight, values.dtype)
    given = weight.shape
    while given and given[-1] == 1:
        given = given[:-1]
    if given != values.shape[: len(given)]:
        raise ShapeError(
            f"A loss cannot weight values of shape {values.shape} by sample_weight of shape {np.shape(plain(weight))}.",
            "There is one weight per sample, along the first axis.",
            "For a single column of numbers give y_true and y_pred as (n, 1), so that each row is a sample."
            if not values.ndim
            else "Give sample_weight one number per row of y_true.",
        )
    shape = given + (1,) * (values.ndim - len(given))
    return weight if weight.shape == shape else reshape(weight, shape)
