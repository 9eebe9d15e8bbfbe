"""The Kullback-Leibler divergence: what it costs to believe one distribution while another holds."""

from __future__ import annotations

from typing import Any

from ..core.tensor import ArrayLike
from ..ops.activations import logits_of
from ..ops.losses import kl_divergence_with_logits, relative_entropy
from ..ops.reductions import sum
from .alignment import aligned, operand
from .base import FunctionLoss
from .labels import checked_distributions, checked_probabilities

__all__ = ["KLDivergence", "kl_divergence"]


def kl_divergence(y_true: ArrayLike, y_pred: ArrayLike) -> Any:
    """Σ y ln(y/p) over the last axis, y and p being probabilities, both held within 1e-7 and 1.

    Where softmax made the predictions, its logits are used and p is not held: the derivative by them
    is p - y. By raw probabilities it is -y / max(p, 1e-7), also where p was held.

    Raises:
        LabelError: where y_true holds class numbers.
        ShapeError: where y_true and y_pred differ in shape.
        ArgumentError: for predictions outside 0 ... 1.
    Source: Kullback, Leibler, On Information and Sufficiency, 1951.

    >>> tg.losses.kl_divergence([[0.5, 0.5]], tg.tensor([[0.25, 0.75]]))
    tensor([0.14384104])
    """
    name = "kl_divergence"
    y_pred = operand(y_pred)
    y_true = checked_distributions(name, y_true, y_pred, -1)
    z = logits_of(y_pred, "softmax", -1)
    y_true, y = aligned(name, y_true, y_pred if z is None else z)
    if z is not None:
        return kl_divergence_with_logits(y_true, y)
    checked_probabilities(name, y, "softmax", at_most_one=True, or_logits=False)
    return sum(relative_entropy(y_true, y), axis=-1)


class KLDivergence(FunctionLoss):
    """The Kullback-Leibler divergence of the predictions from the targets (see `kl_divergence`).

    >>> tg.losses.KLDivergence()([[0.5, 0.5]], tg.tensor([[0.5, 0.5]]))
    tensor(0., dtype=float32)
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str = "kl_divergence", dtype: Any = None
    ) -> None:
        super().__init__(kl_divergence, reduction, name, dtype)
