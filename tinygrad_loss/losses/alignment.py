"""What a loss compares: predictions and targets brought to one shape, never broadcast."""

from __future__ import annotations

from typing import Any

from ..core.tensor import ArrayLike, Tensor, as_value
from ..errors import ShapeError
from ..modes import config
from ..ops.shaping import astype, reshape

__all__ = ["aligned", "operand"]


def operand(y: ArrayLike, dtype: Any = None) -> Any:
    """A Tensor as it is, anything else as an array, in floats: of `dtype`, of its own, or of floatx."""
    y = y if isinstance(y, Tensor) else as_value(y)
    if dtype is None:
        dtype = y.dtype if y.dtype.kind == "f" else config.floatx()
    return y if y.dtype == dtype else astype(y, dtype)


def aligned(loss: str, y_true: ArrayLike, y_pred: ArrayLike) -> tuple[Any, Any]:
    """Targets and predictions of one shape and of the predictions' dtype.

    A single column may be written with its last axis or without: (n,) goes with (n, 1). No other
    shapes go together, because broadcasting would compare every sample with every other.

    Raises:
        ShapeError: where the shapes differ otherwise.
    """
    y_pred = operand(y_pred)
    y_true = operand(y_true, y_pred.dtype)
    true, pred = y_true.shape, y_pred.shape
    if true == pred:
        return (y_true, y_pred) if true else (reshape(y_true, (1,)), reshape(y_pred, (1,)))
    if true == (*pred, 1):
        return (y_true, reshape(y_pred, true)) if len(true) <= 2 else (reshape(y_true, pred), y_pred)
    if pred == (*true, 1):
        return (reshape(y_true, pred), y_pred) if len(pred) <= 2 else (y_true, reshape(y_pred, true))
    raise _unlike(loss, true, pred)


def _unlike(loss: str, true: tuple[int, ...], pred: tuple[int, ...]) -> ShapeError:
    if len(true) == len(pred) and true[1:] == pred[1:]:
        cure = f"Compare as many: y_true has {true[0]} samples, y_pred has {pred[0]}."
    elif true == pred[:1]:
        cure = (
            f"Each sample has one target but {pred[-1]} predictions: end the model with 1 unit, or make y_true {pred}."
        )
    elif pred == true[:1]:
        cure = f"Each sample has {true[-1]} targets but one prediction: end the model with {true[-1]} units."
    elif len(true) == len(pred) and true[:-1] == pred[:-1]:
        cure = f"End the model with {true[-1]} units, or give y_true {pred[-1]} columns."
    else:
        cure = f"Reshape y_true to {pred}, or look for a missing Flatten or a missing axis in the model."
    return ShapeError(
        f"{loss} cannot compare y_true of shape {true} with y_pred of shape {pred}.",
        "Both must have the same shape; only a last axis of length 1 may be left out. Losses never broadcast.",
        cure,
    )
