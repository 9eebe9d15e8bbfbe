"""Attention: each query takes the mean of the values, weighted by how well their keys fit it."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from ..core.array_methods import read_only
from ..core.primitive import primitive
from ..core.registry import functions
from ..core.tensor import ArrayLike, Tensor
from ..errors import ShapeError
from .samples import arrays
from .shaping import astype
from .softmax import softmax

__all__ = ["attention_weights", "masked_softmax", "scaled_dot_product_attention"]


def _by_rows(x: Any, mask: Any, axis: int) -> Any:
    """Softmax of what the mask leaves, slice by slice."""
    x, mask = np.moveaxis(x, axis, -1), np.moveaxis(np.broadcast_to(mask, x.shape), axis, -1)
    y = np.zeros(x.shape)
    for place in np.ndindex(x.shape[:-1]):
        kept = x[place][mask[place]]
        y[place][mask[place]] = np.exp(kept) / np.sum(np.exp(kept))
    return np.moveaxis(y, -1, axis)


@primitive(
    lambda g, y, x, mask, axis: y * (g - np.sum(g * y, axis=axis, keepdims=True)),
    None,
    pushes=[lambda t, y, x, mask, axis: y * (t - np.sum(t * y, axis=axis, keepdims=True)), None],
    formula="yᵢ = maskᵢ exp(xᵢ) / Σⱼ maskⱼ exp(xⱼ); all 0 where nothing is left",
    derivative="∂yᵢ/∂xⱼ = yᵢ(δᵢⱼ - yⱼ)",
    reference=_by_rows,
    samples=lambda: [
        [*arrays((2, 3)), np.array([[True, False, True], [False, False, True]]), -1],
        [*arrays((2, 2, 3)), np.array([True, True, False]), -1],
        [*arrays((3, 2)), np.array([[True, False], [True, False], [False, False]]), 0],
    ],
)
def _masked_softmax(x: ArrayLike, mask: ArrayLike, axis: int) -> Tensor:
    kept = np.where(mask, x, -math.inf)
    top = np.max(kept, axis=axis, keepdims=True)
    e = np.exp(kept - np.where(np.isneginf(top), 0, top))  # where nothing is left, all are exp(-∞) = 0
    total = np.sum(e, axis=axis, keepdims=True)
    return e / np.where(total > 0, total, 1)


@_masked_softmax.op.front
def masked_softmax(x: ArrayLike, mask: ArrayLike, axis: int = -1) -> Tensor:
    """Softmax along `axis` over the elements where the mask is True; the others get 0.

    Where the mask leaves nothing, all are 0, and so is their gradient: no NaN comes of a row of padding.

    >>> tg.masked_softmax(tg.tensor([1.0, 5.0, 1.0]), np.array([True, False, True]))
    tensor([0.5, 0. , 0.5])
    """
    if np.broadcast_shapes(np.shape(x), np.shape(mask)) != np.shape(x):
        raise ShapeError(
            f"masked_softmax got a mask of shape {np.shape(mask)} for an array of shape {np.shape(x)}.",
            "The mask broadcasts to the shape of the array.",
            "Use mask[:, None] or the like to say which axes belong together.",
        )
    return _masked_softmax(x, mask, axis=axis)


@lru_cache(maxsize=32)
def causal_mask(queries: int, keys: int) -> Any:
    """True where a query may look: at the keys up to its own place."""
    return read_only(np.tri(queries, keys, dtype=bool))


def attention_weights(
    query: ArrayLike,
    key: ArrayLike,
    mask: ArrayLike | None = None,
    is_causal: bool = False,
    scale: float | None = None,
) -> Tensor:
    """The weight of each key for each query: softmax(query·keyᵀ·scale), 0 where the mask forbids it.

    What the arguments mean, `scaled_dot_product_attention` says. These are the weights that pictures of
    attention show.

    >>> x = tg.tensor([[1.0, 0.0], [0.0, 1.0]])
    >>> tg.attention_weights(x, x, is_causal=True, scale=1.0)
    tensor([[1.        , 0.        ],
            [0.26894142, 0.73105858]])
    """
    _fit(query, key)
    size = np.shape(query)[-1]
    factor = 1 / math.sqrt(max(size, 1)) if scale is None else float(scale)
    scores = np.matmul(query * factor, np.swapaxes(key, -1, -2))
    allowed: Any = None
    if mask is not None:
        mask = mask if isinstance(mask, Tensor) else np.asarray(mask)
        if mask.dtype.kind == "f":
            scores = scores + (mask if mask.dtype == scores.dtype else astype(mask, scores.dtype))
            allowed = True
        else:
            allowed = mask if mask.dtype.kind == "b" else mask != 0
    if is_causal:
        past = causal_mask(*np.shape(scores)[-2:])
        allowed = past if allowed is None or allowed is True else np.logical_and(allowed, past)
    return softmax(scores) if allowed is None else masked_softmax(scores, allowed)


def scaled_dot_product_attention(
    query: ArrayLike,
    key: ArrayLike,
    value: ArrayLike,
    mask: ArrayLike | None = None,
    is_causal: bool = False,
    scale: float | None = None,
) -> Tensor:
    """softmax(query·keyᵀ/√size)·value: for each query the mean of the values whose keys fit it.

    A query for which the mask leaves no key gives zeros (PyTorch gives NaN).

    Shapes: query (..., queries, size), key (..., keys, size), value (..., keys, features)
    → (..., queries, features).

    Args:
        query: what is asked for.
        key: what each value offers.
        value: what is taken.
        mask: booleans, True where a query may look at a key; or floats that are added to the scores,
            -∞ to forbid. It broadcasts to (..., queries, keys).
        is_causal: let each query look only at the keys up to its own place.
        scale: what the scores are multiplied by; None for 1/√size.

    Raises:
        ShapeError: for sizes or numbers of keys that differ.

    Source: Vaswani et al., Attention Is All You Need, 2017.

    >>> x = tg.tensor([[1.0, 0.0], [0.0, 1.0]])
    >>> tg.scaled_dot_product_attention(x, x, tg.tensor([[2.0], [4.0]]), is_causal=True, scale=1.0)
    tensor([[2.        ],
            [3.46211716]])
    """
    _fit(query, key, value)
    return np.matmul(attention_weights(query, key, mask, is_causal, scale), value)


def _fit(query: ArrayLike, key: ArrayLike, value: ArrayLike | None = None) -> None:
    """Raise unless the sizes of queries and keys, and the numbers of keys and values, agree."""
    q, k = np.shape(query), np.shape(key)
    what = f"Attention got queries of shape {q} and keys of shape {k}."
    if len(q) < 2 or len(k) < 2:
        raise ShapeError(what, "Both need two axes at least: (..., number, size).", "Use x[None] for a single one.")
    if q[-1] != k[-1]:
        raise ShapeError(
            what,
            f"The last axes, the sizes, must be equal; they are {q[-1]} and {k[-1]}.",
            "Project queries and keys to one size.",
        )
    if value is not None and (np.ndim(value) < 2 or np.shape(value)[-2] != k[-2]):
        raise ShapeError(
            f"Attention got keys of shape {k} and values of shape {np.shape(value)}.",
            f"There must be one value for each key: {k[-2]} on the second-last axis.",
            "Keys and values are usually made from the same sequence.",
        )


functions.update(
    attention_weights=attention_weights,
    scaled_dot_product_attention=scaled_dot_product_attention,
)
