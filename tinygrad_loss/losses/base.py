"""The base of losses: a function that gives one loss per sample, with weights and a reduction around it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, ClassVar

from ..core.tensor import ArrayLike
from ..modes import config
from ..ops.activations import logits_of, with_origin
from .alignment import operand
from .reduction import checked_reduction, reduced

__all__ = ["FunctionLoss", "Loss"]


class Loss:
    """Base of losses; for one of your own write `call(y_true, y_pred)`, which gives one loss per sample.

    Args:
        name: a name for logs and pictures.
        reduction: how the losses of the samples become one number: "sum_over_batch_size" or "mean"
            (Σ w·ℓ / N), "sum", "mean_with_sample_weight" (Σ w·ℓ / Σ w), or "none" for the vector.
        dtype: the dtype it computes in; by default `tg.config.floatx()`.

    >>> class FourthPower(tg.losses.Loss):
    ...     def call(self, y_true, y_pred):
    ...         return np.mean((y_true - y_pred) ** 4, axis=-1)
    >>> FourthPower(dtype="float64")(np.array([[1.0], [0.0]]), tg.tensor([[3.0], [0.0]]))
    tensor(8.)
    """

    keeps_labels: ClassVar[bool] = False  # True where y_true holds class numbers, which are not to become floats

    def __init__(
        self, name: str | None = None, reduction: str | None = "sum_over_batch_size", dtype: Any = None
    ) -> None:
        self.name = name or re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", type(self).__name__).lower()
        self.reduction = checked_reduction(reduction)
        self.dtype = dtype

    def __call__(self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None) -> Any:
        """The loss, reduced; `sample_weight` has one number per sample."""
        dtype = self.dtype or config.floatx()
        y_pred = _with_logits(y_pred, operand(y_pred, dtype))
        y_true = y_true if self.keeps_labels else operand(y_true, dtype)
        losses = self.call(y_true, y_pred)
        return reduced(losses, sample_weight, self.mask(y_true, losses), self.reduction)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss of each sample."""
        raise NotImplementedError(f"{type(self).__name__} needs a method call(self, y_true, y_pred).")

    def mask(self, y_true: Any, losses: Any) -> Any:
        """True for the samples that count, in the shape of `losses`; None where all do."""
        return None

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal loss: `type(loss)(**loss.get_config())`."""
        return {"name": self.name, "reduction": self.reduction, "dtype": self.dtype}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Loss:
        """The loss that `get_config` described."""
        return cls(**config)

    def __repr__(self) -> str:
        shown = "".join(f", {key}={value!r}" for key, value in self.get_config().items() if key not in _COMMON)
        return f"{type(self).__name__}({shown[2:]})"


_COMMON = ("name", "reduction", "dtype")


def _with_logits(before: Any, y_pred: Any) -> Any:
    """`y_pred` after a cast, still knowing the logits it was made from."""
    origin: Any = getattr(before, "_origin", None)
    logits = None if origin is None else logits_of(before, origin.function, origin.axis)
    if logits is None or y_pred is before:
        return y_pred
    return with_origin(y_pred, operand(logits, y_pred.dtype), origin.function, origin.axis)


class FunctionLoss(Loss):
    """A loss from a function `(y_true, y_pred, **options)` that gives one loss per sample.

    >>> loss = tg.losses.FunctionLoss(tg.losses.huber, delta=2.0, dtype="float64")
    >>> loss(np.array([[0.0]]), tg.tensor([[3.0]]))
    tensor(4.)
    """

    def __init__(
        self,
        function: Callable[..., Any],
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(name or getattr(function, "__name__", None), reduction, dtype)
        self.function = function
        self.options = options

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss of each sample."""
        return self.function(y_true, y_pred, **self.options)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal loss."""
        own = {"function": self.function} if type(self) is FunctionLoss else {}
        return {**own, **self.options, **super().get_config()}
