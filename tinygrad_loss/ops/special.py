"""Special functions: the error function."""

from __future__ import annotations

import math

import numpy as np

from ..core.primitive import elementwise
from ..core.tensor import ArrayLike, Tensor
from .samples import arrays, scalars

__all__ = ["erf"]

_each_erf = np.frompyfunc(math.erf, 1, 1)


@elementwise(
    lambda t, y, x: t * 1.1283791670955126 * np.exp(-np.square(x)),
    formula="y = (2/√π) ∫₀ˣ e^(-s²) ds",
    derivative="∂y/∂x = (2/√π) e^(-x²)",
    samples=lambda: [arrays((2, 3)), scalars(1)],
    reference=lambda x: np.array(_each_erf(x), dtype=float),
)
def erf(x: ArrayLike) -> Tensor:
    """The error function, to the last digits of the C library's, element by element.

    >>> tg.erf(tg.tensor([0.0, 1.0]))
    tensor([0.        , 0.84270079])
    """
    value = np.asarray(_each_erf(x), dtype=np.result_type(x, np.float16))
    return value[()]
