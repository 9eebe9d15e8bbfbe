"""Attention layers: several heads with learned projections, and the two forms without."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.registry import functions
from ..core.tensor import Tensor
from ..errors import ArgumentError, ShapeError
from ..modes import seeds
from ..ops.attention import attention_weights, causal_mask, masked_softmax
from ..ops.dropout import dropout, dropout_mask
from ..ops.linalg import affine, matmul
from ..ops.softmax import softmax
from .base import Layer
from .constraints import get as constraint_named
from .dropout import rate_of
from .initializers import get as initializer_named
from .inputs import taken
from .regularizers import get as regularizer_named

__all__ = ["AdditiveAttention", "Attention", "MultiHeadAttention"]


class Projection(Layer):
    """A dense map from the last axes of the input to new ones, such as (heads, size).

    Shapes: (..., *inputs) → (..., *output); the kernel is (*inputs, *output).
    """

    kernel: Any
    bias: Any

    def __init__(self, output: Sequence[int], inputs: int, settings: dict[str, Any], **options: Any) -> None:
        super().__init__(**options)
        self.output = tuple(output)
        self.inputs = inputs  # how many axes
        self.settings = settings
        self.kernel = self.bias = None

    def build(self, input_shape: Any) -> None:
        """Make the kernel and the bias."""
        given = self.settings
        self.kernel = self.add_weight(
            (*input_shape[-self.inputs :], *self.output),
            given["kernel_initializer"],
            regularizer=given["kernel_regularizer"],
            constraint=given["kernel_constraint"],
            name="kernel",
        )
        if given["use_bias"]:
            self.bias = self.add_weight(
                self.output,
                given["bias_initializer"],
                regularizer=given["bias_regularizer"],
                constraint=given["bias_constraint"],
                name="bias",
            )

    def call(self, inputs: Tensor) -> Tensor:
        """inputs·kernel + bias over the axes of the kernel."""
        before, own = inputs.shape[: -self.inputs], inputs.shape[-self.inputs :]
        if own != self.kernel.shape[: self.inputs]:
            raise ShapeError(
                f"Layer {self.name!r} cannot take an input of shape {inputs.shape}.",
                f"Its kernel was built for last axes of {self.kernel.shape[: self.inputs]}.",
                "Check which axis counts the features.",
            )
        size, width = math.prod(own), math.prod(self.output)
        rows, matrix = inputs.reshape((math.prod(before), size)), self.kernel.reshape((size, width))
        rows = matmul(rows, matrix) if self.bias is None else affine(rows, matrix, self.bias.reshape((width,)))
        return rows.reshape((*before, *self.output))


class MultiHeadAttention(Layer):
    """Several attentions side by side, each on projections of its own, and one projection of all results.

    Shapes: query (batch, T, features), value and key (batch, S, ...) → (batch, T, features). The kernels of
    query, key and value are (features, heads, size), that of the output (heads, value size, features).

    Args:
        num_heads: how many attentions.
        key_dim: the size of queries and keys in each head.
        value_dim: the size of values in each head; None for key_dim.
        dropout: the part of the weights left out while training.
        use_bias: whether the projections have biases.
        output_shape: the number of features of the result; None for that of the query.
        kernel_initializer: a name or an initializer; see `tg.initializers`.
        bias_initializer: the same for the biases.
        kernel_regularizer: a penalty on the kernels; see `tg.regularizers`.
        bias_regularizer: a penalty on the biases.
        activity_regularizer: a penalty on the output.
        kernel_constraint: what the kernels are brought back to after each step; see `tg.constraints`.
        bias_constraint: the same for the biases.
        seed: of the dropout.
        options: name, dtype, trainable; see `Layer`.

    Source: Vaswani et al., Attention Is All You Need, 2017.

    >>> layer = tg.layers.MultiHeadAttention(num_heads=2, key_dim=3)
    >>> x = np.ones((1, 5, 4))
    >>> layer(x, x, use_causal_mask=True).shape
    (1, 5, 4)
    """

    def __init__(
        self,
        num_heads: int,
        key_dim: int,
        value_dim: int | None = None,
        dropout: float = 0.0,
        use_bias: bool = True,
        output_shape: int | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        seed: int | np.random.Generator | None = None,
        **options: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **options)
        value_dim = key_dim if value_dim is None else value_dim
        for name, value in (("num_heads", num_heads), ("key_dim", key_dim), ("value_dim", value_dim)):
            if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value <= 0:
                raise ArgumentError(
                    f"MultiHeadAttention got {name}={value!r}.",
                    "It is a positive integer.",
                    "Say MultiHeadAttention(num_heads=8, key_dim=64).",
                )
        self.num_heads, self.key_dim, self.value_dim = int(num_heads), int(key_dim), int(value_dim)
        self.dropout = rate_of("MultiHeadAttention", dropout)
        self.generator = seeds.generator(seed)
        self._features = output_shape
        self._settings = {
            "use_bias": bool(use_bias),
            "kernel_initializer": initializer_named(kernel_initializer),
            "bias_initializer": initializer_named(bias_initializer),
            "kernel_regularizer": regularizer_named(kernel_regularizer),
            "bias_regularizer": regularizer_named(bias_regularizer),
            "kernel_constraint": constraint_named(kernel_constraint),
            "bias_constraint": constraint_named(bias_constraint),
        }
        self.query = self._projection((self.num_heads, self.key_dim), "query")
        self.key = self._projection((self.num_heads, self.key_dim), "key")
        self.value = self._projection((self.num_heads, self.value_dim), "value")
        self.attention_output: Any = None

    def _projection(self, output: Sequence[int], name: str, inputs: int = 1) -> Projection:
        return Projection(output, inputs, self._settings, name=name, dtype=self.dtype, trainable=self.trainable)

    def build(self, input_shape: Any) -> None:
        """Make the projection of the results; the others are made when they meet their inputs."""
        features = input_shape[-1] if self._features is None else self._features
        self.attention_output = self._projection((features,), "attention_output", inputs=2)

    def __call__(self, query: Any, *rest: Any, **options: Any) -> Any:  # type: ignore[override]
        """As `call` says; the query may be given by name."""
        return super().__call__(query, *rest, **options)

    def call(  # type: ignore[override]
        self,
        query: Tensor,
        value: Any,
        key: Any = None,
        query_mask: Any = None,
        value_mask: Any = None,
        key_mask: Any = None,
        attention_mask: Any = None,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
        training: bool | None = None,
    ) -> Any:
        """What each query found; with return_attention_scores also the weights (batch, heads, T, S).

        A query that may look nowhere finds zeros, to which the output's bias is added.

        Args:
            query: (batch, T, features).
            value: (batch, S, features).
            key: (batch, S, features); None for the value.
            query_mask: (batch, T), False for padding.
            value_mask: (batch, S), False for padding.
            key_mask: (batch, S), False for padding.
            attention_mask: (batch, T, S), or (T, S): True where a query may look.
            return_attention_scores: give the weights too.
            use_causal_mask: let each query look only up to its own place.
            training: whether to leave out weights.
        """
        value = taken(value, self.dtype, False, self.name)
        key = value if key is None else taken(key, self.dtype, False, self.name)
        q, k, v = (
            functions["swapaxes"](projection(x), 1, 2)  # (batch, heads, time, size)
            for projection, x in ((self.query, query), (self.key, key), (self.value, value))
        )
        mask = allowed(attention_mask, query_mask, (value_mask, key_mask))
        if mask is not None and mask.ndim == 3:
            mask = mask.reshape((mask.shape[0], 1, *mask.shape[1:]))  # the same for all heads
        weights = attention_weights(q, k, mask, is_causal=use_causal_mask)
        found = functions["swapaxes"](matmul(_thinned(self, weights, training), v), 1, 2)
        outputs = self.attention_output(found)
        return (outputs, weights) if return_attention_scores else outputs


def _thinned(layer: Any, weights: Tensor, training: bool | None) -> Tensor:
    """The weights, a part of them left out while training."""
    if not training or not layer.dropout:
        return weights
    return dropout(weights, dropout_mask(weights.shape, layer.dropout, layer.generator), rate=layer.dropout)


def allowed(attention_mask: Any, query_mask: Any, key_masks: Sequence[Any]) -> Any:
    """Where a query may look at a key, from the masks of pairs, of queries and of keys; None for everywhere."""
    masks = [attention_mask, None if query_mask is None else _truth(query_mask)[:, :, None]]
    masks += [None if mask is None else _truth(mask)[:, None, :] for mask in key_masks]
    total: Any = None
    for mask in masks:
        if mask is not None:
            total = _truth(mask) if total is None else functions["logical_and"](total, _truth(mask))
    return total


def _truth(mask: Any) -> Any:
    mask = mask if isinstance(mask, Tensor) else Tensor(mask)
    return mask if mask.dtype.kind == "b" else mask != 0


class Attention(Layer):
    """Attention without projections: each query takes the mean of the values, weighted by its fit to their keys.

    It is called on a list [query, value] or [query, value, key].

    Shapes: query (batch, T, size), value (batch, S, features), key (batch, S, size) → (batch, T, features).

    Args:
        use_scale: multiply the scores by a number that is learned.
        score_mode: "dot" for query·key; "concat" for Σ tanh(query + key), times a number that is learned.
        dropout: the part of the weights left out while training.
        seed: of the dropout.
        options: name, dtype, trainable; see `Layer`.

    Source: Luong, Pham, Manning, Effective Approaches to Attention-based Neural Machine Translation, 2015.

    >>> query, value = np.array([[[0.0]]]), np.array([[[1.0], [3.0]]])
    >>> tg.layers.Attention()([query, value])
    tensor([[[2.]]], dtype=float32)
    """

    scale: Any
    concat_score_weight: Any

    def __init__(
        self,
        use_scale: bool = False,
        score_mode: str = "dot",
        dropout: float = 0.0,
        seed: int | np.random.Generator | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        if score_mode not in ("dot", "concat"):
            raise ArgumentError(
                f"{type(self).__name__} got score_mode={score_mode!r}.",
                "It is 'dot' or 'concat'.",
                "'dot' is the usual one.",
            )
        self.use_scale = bool(use_scale)
        self.score_mode = score_mode
        self.dropout = rate_of(type(self).__name__, dropout)
        self.generator = seeds.generator(seed)
        self.scale = self.concat_score_weight = None

    def build(self, input_shape: Any) -> None:
        """Make the numbers that are learned, if any."""
        if self.use_scale:
            self.scale = self.add_weight((), "ones", name="scale")
        if self.score_mode == "concat":
            self.concat_score_weight = self.add_weight((), "ones", name="concat_score_weight")

    def call(
        self,
        inputs: Sequence[Tensor],
        mask: Any = None,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
        training: bool | None = None,
    ) -> Any:
        """What each query found; with return_attention_scores also the weights (batch, T, S).

        Args:
            inputs: [query, value] or [query, value, key].
            mask: [query_mask, value_mask], (batch, T) and (batch, S): False for padding; either may be None.
                The result is 0 for queries that are padding.
            return_attention_scores: give the weights too.
            use_causal_mask: let each query look only up to its own place.
            training: whether to leave out weights.
        """
        if not isinstance(inputs, (list, tuple)) or len(inputs) not in (2, 3):
            raise ArgumentError(
                f"Layer {self.name!r} ({type(self).__name__}) was not called on a list of two or three arrays.",
                "It needs [query, value] or [query, value, key].",
                "Say layer([x, x]) for attention of a sequence to itself.",
            )
        query, value, key = inputs if len(inputs) == 3 else (*inputs, inputs[1])
        query_mask, value_mask = (None, None) if mask is None else mask[:2]
        scores = self.scores(query, key)
        where = allowed(None, None, (value_mask,))
        if use_causal_mask:
            past = causal_mask(*scores.shape[-2:])
            where = past if where is None else functions["logical_and"](where, past)
        weights = softmax(scores) if where is None else masked_softmax(scores, where)
        weights = _thinned(self, weights, training)
        found: Any = matmul(weights, value)
        if query_mask is not None:
            found = np.where(_truth(query_mask)[:, :, None], found, 0)
        return (found, weights) if return_attention_scores else found

    def scores(self, query: Any, key: Any) -> Any:
        """How well each key fits each query."""
        scale = 1.0 if self.scale is None else self.scale
        if self.score_mode == "concat":
            pairs = query[:, :, None, :] + key[:, None, :, :]
            return self.concat_score_weight * np.sum(np.tanh(scale * pairs), axis=-1)
        scores = matmul(query, functions["swapaxes"](key, -1, -2))
        return scores if self.scale is None else scores * scale


class AdditiveAttention(Attention):
    """Attention with the scores Σ scale·tanh(query + key).

    It is called as `Attention` is.

    Args:
        use_scale: weigh the features by numbers that are learned.
        dropout: the part of the weights left out while training.
        options: name, dtype, trainable; see `Layer`.

    Source: Bahdanau, Cho, Bengio, Neural Machine Translation by Jointly Learning to Align and Translate, 2014.

    >>> x = np.ones((1, 3, 2))
    >>> tg.layers.AdditiveAttention()([x, x]).shape
    (1, 3, 2)
    """

    def __init__(self, use_scale: bool = True, dropout: float = 0.0, **options: Any) -> None:
        super().__init__(use_scale, "dot", dropout, **options)

    def build(self, input_shape: Any) -> None:
        """Make the weights of the features."""
        if self.use_scale:
            self.scale = self.add_weight((input_shape[0][-1],), "glorot_uniform", name="scale")

    def scores(self, query: Any, key: Any) -> Any:
        """How well each key fits each query."""
        bent = np.tanh(query[:, :, None, :] + key[:, None, :, :])
        return np.sum(bent if self.scale is None else self.scale * bent, axis=-1)
