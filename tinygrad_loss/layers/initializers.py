"""Initial values of parameters, drawn so that a signal keeps its size from layer to layer."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.tensor import Tensor
from ..errors import ArgumentError, ShapeError, unknown_name
from ..modes import config, seeds
from .names import by_name, snake_case

Array = np.ndarray[Any, Any]
Seed = int | np.random.Generator | None
# A normal variable cut off at two standard deviations has this standard deviation.
TRUNCATED_DEVIATION = 0.87962566103423978


def fans(shape: Sequence[int]) -> tuple[float, float]:
    """How many inputs feed one output of a kernel, and how many outputs one input feeds.

    Shapes: (inputs, outputs) for a matrix; (*window, inputs, outputs) for a convolution.
    """
    if len(shape) < 2:
        count = float(shape[0]) if shape else 1.0
        return count, count
    window = math.prod(shape[:-2])
    return float(shape[-2] * window), float(shape[-1] * window)


class Initializer:
    """Base of initializers: called with a shape and a dtype, gives an array.

    An integer seed gives the same values at every call, as in Keras; without a seed each call draws
    anew from the seed of the process (`tg.set_random_seed`); a NumPy generator is drawn from on and on.
    """

    def __init__(self, seed: Seed = None) -> None:
        self.seed = seed

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Array:
        lengths: Any = (shape,) if isinstance(shape, (int, np.integer)) else tuple(shape)
        values = self.draw(lengths, seeds.generator(self.seed))
        return np.asarray(values).astype(config.floatx() if dtype is None else dtype)

    def draw(self, shape: tuple[int, ...], random: np.random.Generator) -> Array:
        """The values, in double precision, so that the same seed means the same model in any dtype."""
        raise NotImplementedError

    def __repr__(self) -> str:
        settings = ", ".join(f"{key}={value!r}" for key, value in vars(self).items())
        return f"{type(self).__name__}({settings})"


class Zeros(Initializer):
    """All zeros.

    >>> tg.initializers.Zeros()((2,))
    array([0., 0.], dtype=float32)
    """

    def __init__(self) -> None:
        super().__init__()

    def draw(self, shape: tuple[int, ...], random: np.random.Generator) -> Array:
        return np.zeros(shape)


class Ones(Zeros):
    """All ones."""

    def draw(self, shape: tuple[int, ...], random: np.random.Generator) -> Array:
        return np.ones(shape)


class Constant(Initializer):
    """One value everywhere, or an array of the parameter's shape."""

    def __init__(self, value: Any = 0.0) -> None:
        super().__init__()
        self.value = value

    def draw(self, shape: tuple[int, ...], random: np.random.Generator) -> Array:
        value = np.asarray(self.value.detach() if isinstance(self.value, Tensor) else self.value)
        if value.ndim and value.shape != shape:
            raise ShapeError(
                f"Constant cannot fill a parameter of shape {shape} with an array of shape {value.shape}.",
                "It needs one number, or an array of the parameter's own shape.",
                "Kernels of Dense have the shape (inputs, units).",
            )
        return np.broadcast_to(value, shape)


class RandomNormal(Initializer):
    """Normal values: mean, standard deviation.

    >>> tg.initializers.RandomNormal(stddev=0.1, seed=0)((2, 3)).shape
    (2, 3)
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: Seed = None) -> None:
        super().__init__(seed)
        self.mean = mean
        self.stddev = stddev

    def draw(self, shape: tuple[int, ...], random: np.random.Generator) -> Array:
        return random.normal(self.mean, self.stddev, shape)


class RandomUniform(Initializer):
    """Uniform values between minval and maxval."""

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: Seed = None) -> None:
        super().__init__(seed)
        self.minval = minval
        self.maxval = maxval

    def draw(self, shape: tuple[int, ...], random: np.random.Generator) -> Array:
        return random.uniform(self.minval, self.maxval, shape)


class TruncatedNormal(RandomNormal):
    """Normal values, those beyond two standard deviations drawn again."""

    def draw(self, shape: tuple[int, ...], random: np.random.Generator) -> Array:
        return self.mean + self.stddev * truncated_normal(shape, random)


def truncated_normal(shape: tuple[int, ...], random: np.random.Generator) -> Array:
    """Standard normal values, those beyond 2 drawn again."""
    values = np.asarray(random.normal(size=shape))
    while (outside := np.abs(values) > 2).any():
        values[outside] = random.normal(size=int(outside.sum()))
    return values


class VarianceScaling(Initializer):
    """Values whose variance is scale / n, with n the inputs, the outputs, or their mean.

    A layer sums n products, so the sum keeps the size of what it sums. With the distribution
    "uniform" the bound is √(3·scale/n).

    Args:
        scale: of the variance.
        mode: what n is: "fan_in", "fan_out" or "fan_avg".
        distribution: "truncated_normal", "untruncated_normal" or "uniform".
        seed: see `Initializer`.

    Raises:
        ArgumentError: for a scale that is not positive, an unknown mode or distribution.
    """

    MODES = ("fan_in", "fan_out", "fan_avg")
    DISTRIBUTIONS = ("truncated_normal", "untruncated_normal", "uniform")

    def __init__(
        self, scale: float = 1.0, mode: str = "fan_in", distribution: str = "truncated_normal", seed: Seed = None
    ) -> None:
        super().__init__(seed)
        distribution = "truncated_normal" if distribution == "normal" else distribution
        if not scale > 0:
            raise ArgumentError(
                f"VarianceScaling cannot use scale={scale!r}.", "It must be above 0.", "Say scale=1.0, or 2.0 for ReLU."
            )
        for key, value, known in (("mode", mode, self.MODES), ("distribution", distribution, self.DISTRIBUTIONS)):
            if value not in known:
                raise unknown_name(f"{key} of VarianceScaling", value, known)
        self.scale = scale
        self.mode = mode
        self.distribution = distribution

    def draw(self, shape: tuple[int, ...], random: np.random.Generator) -> Array:
        fan_in, fan_out = fans(shape)
        count = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        deviation = math.sqrt(self.scale / max(1.0, count))
        if self.distribution == "uniform":
            bound = math.sqrt(3.0) * deviation
            return random.uniform(-bound, bound, shape)
        if self.distribution == "untruncated_normal":
            return random.normal(0.0, deviation, shape)
        return deviation / TRUNCATED_DEVIATION * truncated_normal(shape, random)


class _Scaled(VarianceScaling):
    """A VarianceScaling with its three settings fixed by the class."""

    SETTINGS: tuple[float, str, str]

    def __init__(self, seed: Seed = None) -> None:
        super().__init__(*self.SETTINGS, seed=seed)


class GlorotUniform(_Scaled):
    """Uniform within ±√(6/(inputs + outputs)): what Dense starts from.

    Source: X. Glorot, Y. Bengio, Understanding the difficulty of training deep feedforward neural
    networks, AISTATS 2010.

    >>> kernel = tg.initializers.GlorotUniform(seed=0)((100, 50))
    >>> bool(abs(kernel).max() <= (6 / 150) ** 0.5)
    True
    """

    SETTINGS = (1.0, "fan_avg", "uniform")


class GlorotNormal(_Scaled):
    """Truncated normal with variance 2/(inputs + outputs)."""

    SETTINGS = (1.0, "fan_avg", "truncated_normal")


class HeUniform(_Scaled):
    """Uniform within ±√(6/inputs): for layers followed by ReLU, which halves the variance.

    Source: K. He et al., Delving deep into rectifiers, ICCV 2015, https://arxiv.org/abs/1502.01852
    """

    SETTINGS = (2.0, "fan_in", "uniform")


class HeNormal(_Scaled):
    """Truncated normal with variance 2/inputs (see `HeUniform`)."""

    SETTINGS = (2.0, "fan_in", "truncated_normal")


class LecunUniform(_Scaled):
    """Uniform within ±√(3/inputs).

    Source: Y. LeCun et al., Efficient backprop, 1998.
    """

    SETTINGS = (1.0, "fan_in", "uniform")


class LecunNormal(_Scaled):
    """Truncated normal with variance 1/inputs: for SELU (see `LecunUniform`)."""

    SETTINGS = (1.0, "fan_in", "truncated_normal")


class Orthogonal(Initializer):
    """A matrix with orthonormal rows or columns, times gain: lengths are kept exactly.

    Shapes: axes before the last are taken as one.

    Source: A. Saxe et al., Exact solutions to the nonlinear dynamics of learning in deep linear
    neural networks, ICLR 2014, https://arxiv.org/abs/1312.6120
    """

    def __init__(self, gain: float = 1.0, seed: Seed = None) -> None:
        super().__init__(seed)
        self.gain = gain

    def draw(self, shape: tuple[int, ...], random: np.random.Generator) -> Array:
        if len(shape) < 2:
            raise _not_a_matrix("Orthogonal", shape, "at least two axes")
        rows, columns = math.prod(shape[:-1]), shape[-1]
        q, r = np.linalg.qr(random.normal(size=(max(rows, columns), min(rows, columns))))
        q = q * np.sign(np.diag(r))  # QR leaves signs open; this choice makes q uniformly distributed
        return self.gain * (q.T if rows < columns else q).reshape(shape)


class Identity(Initializer):
    """The identity matrix times gain (ones on the diagonal of a matrix that need not be square)."""

    def __init__(self, gain: float = 1.0) -> None:
        super().__init__()
        self.gain = gain

    def draw(self, shape: tuple[int, ...], random: np.random.Generator) -> Array:
        if len(shape) != 2:
            raise _not_a_matrix("Identity", shape, "exactly two axes")
        return self.gain * np.eye(*shape)


def _not_a_matrix(name: str, shape: tuple[int, ...], needed: str) -> ShapeError:
    return ShapeError(f"{name} cannot fill shape {shape}.", f"It needs {needed}.", "Use 'zeros' or 'random_normal'.")


CLASSES: dict[str, type[Initializer]] = {
    snake_case(kind.__name__): kind
    for kind in (
        *(Zeros, Ones, Constant, RandomNormal, RandomUniform, TruncatedNormal, VarianceScaling, Orthogonal, Identity),
        *(GlorotUniform, GlorotNormal, HeUniform, HeNormal, LecunUniform, LecunNormal),
    )
}


def get(identifier: Any) -> Callable[..., Array] | None:
    """The initializer that a name, a class, an array or a function `(shape, dtype)` stands for.

    Raises:
        UnknownNameError: for anything else.

    >>> tg.initializers.get("he_normal")
    HeNormal(seed=None, scale=2.0, mode='fan_in', distribution='truncated_normal')
    """
    if isinstance(identifier, (np.ndarray, Tensor)):
        return Constant(identifier)
    return by_name("initializer", identifier, Initializer, CLASSES)
