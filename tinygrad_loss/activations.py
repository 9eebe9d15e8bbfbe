"""Keras's path to the activation functions: `tg.activations.relu`, `tg.activations.get("relu")`."""

from .layers.activation import get, linear
from .ops.activations import relu, sigmoid
from .ops.exponentials import exp as exponential
from .ops.gating import glu
from .ops.hyperbolic import tanh
from .ops.nonlinearities import (
    celu,
    elu,
    gelu,
    leaky_relu,
    log_sigmoid,
    mish,
    selu,
    silu,
    softplus,
    softsign,
    squareplus,
    tanh_shrink,
)
from .ops.softmax import log_softmax, softmax
from .ops.sparse import sparse_plus, sparse_sigmoid, sparsemax
from .ops.straight_lines import hard_shrink, hard_sigmoid, hard_silu, hard_tanh, relu6, soft_shrink, threshold

swish, hard_swish = silu, hard_silu

__all__ = [
    "celu",
    "elu",
    "exponential",
    "gelu",
    "get",
    "glu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "leaky_relu",
    "linear",
    "log_sigmoid",
    "log_softmax",
    "mish",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "soft_shrink",
    "softmax",
    "softplus",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "squareplus",
    "swish",
    "tanh",
    "tanh_shrink",
    "threshold",
]
