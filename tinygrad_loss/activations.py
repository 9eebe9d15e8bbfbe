"""Keras's path to the activation functions: `tg.activations.relu`, `tg.activations.get("relu")`."""

from .layers.activation import get, linear
from .ops.activations import relu, sigmoid
from .ops.hyperbolic import tanh
from .ops.softmax import log_softmax, softmax

__all__ = ["get", "linear", "log_softmax", "relu", "sigmoid", "softmax", "tanh"]
