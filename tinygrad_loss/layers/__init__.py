"""Layers: what a model is made of."""

from .activation import ELU, Activation, LeakyReLU, ReLU, Softmax
from .base import Layer
from .dense import Dense
from .dropout import Dropout
from .parameter import Parameter
from .rearranging import Flatten, Input, InputLayer, Lambda, Rescaling, Reshape

__all__ = [
    "ELU",
    "Activation",
    "Dense",
    "Dropout",
    "Flatten",
    "Input",
    "InputLayer",
    "Lambda",
    "Layer",
    "LeakyReLU",
    "Parameter",
    "ReLU",
    "Rescaling",
    "Reshape",
    "Softmax",
]
