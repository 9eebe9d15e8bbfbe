"""Functions of functions: derivatives of any order, checked, recomputed, or declared by hand."""

from .checking import gradcheck, gradgradcheck
from .custom import checkpoint, primitive, stop_gradient
from .gradient import elementwise_grad, grad, jvp, linearize, value_and_grad, vjp
from .jacobian import hessian, hvp, jacobian

__all__ = [
    "checkpoint",
    "elementwise_grad",
    "grad",
    "gradcheck",
    "gradgradcheck",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "linearize",
    "primitive",
    "stop_gradient",
    "value_and_grad",
    "vjp",
]
