"""Layers that normalize: over the batch, over features, over groups of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..core.tensor import Tensor
from ..errors import ArgumentError
from ..modes import no_grad
from ..ops.normalization import axes_of, batch_norm, group_norm, layer_norm, learned, rms_norm, standardize, unit_norm
from .base import Layer
from .constraints import get as constraint_named
from .initializers import get as initializer_named
from .regularizers import get as regularizer_named

__all__ = ["BatchNormalization", "GroupNormalization", "LayerNormalization", "RMSNormalization", "UnitNormalization"]


class ScaledAndShifted(Layer):
    """What normalizations have in common: a scale gamma and an offset beta for each feature.

    The arguments are those of `LayerNormalization`.
    """

    gamma: Any
    beta: Any

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.axis: Any = tuple(axis) if isinstance(axis, (list, tuple)) else axis
        self.epsilon = float(epsilon)
        self.center = bool(center)
        self.scale = bool(scale)
        self.beta_initializer = initializer_named(beta_initializer)
        self.gamma_initializer = initializer_named(gamma_initializer)
        self.beta_regularizer = regularizer_named(beta_regularizer)
        self.gamma_regularizer = regularizer_named(gamma_regularizer)
        self.beta_constraint = constraint_named(beta_constraint)
        self.gamma_constraint = constraint_named(gamma_constraint)
        self.gamma = self.beta = None

    def lengths(self, input_shape: Any) -> tuple[int, ...]:
        """The lengths of the axes of features."""
        axes = axes_of(input_shape, self.axis, len(input_shape))
        lengths = tuple(input_shape[axis] for axis in axes)
        if not all(lengths):
            raise ArgumentError(
                f"Layer {self.name!r} ({type(self).__name__}) cannot be built for shape {tuple(input_shape)}.",
                f"The length of axis {self.axis}, the features, must be known.",
                "Say it in tg.layers.Input, or call the layer on data.",
            )
        return lengths

    def build(self, input_shape: Any) -> None:
        """Make gamma and beta."""
        shape = self.lengths(input_shape)
        if self.scale:
            self.gamma = self.add_weight(
                shape, self.gamma_initializer, None, True, self.gamma_regularizer, self.gamma_constraint, "gamma"
            )
        if self.center:
            self.beta = self.add_weight(
                shape, self.beta_initializer, None, True, self.beta_regularizer, self.beta_constraint, "beta"
            )


class BatchNormalization(ScaledAndShifted):
    """Each feature brought to mean 0 and variance 1 over the batch, then scaled and shifted.

    In training (`training=True`, inside `fit`) the batch's own mean and variance are used, and the moving
    averages follow them: moving ← momentum·moving + (1 - momentum)·batch. In inference the moving
    averages are used. They are weights that no gradient changes. A frozen layer (trainable=False) infers
    in training too.

    Shapes: any with an axis of features; all other axes are averaged over.

    Args:
        axis: the axis of the features.
        momentum: what part of the moving averages stays at each step (PyTorch's is what part goes).
        epsilon: added to the variance.
        center: whether there is an offset beta.
        scale: whether there is a scale gamma.
        beta_initializer: a name or an initializer.
        gamma_initializer: the same for gamma.
        moving_mean_initializer: the same for the moving mean.
        moving_variance_initializer: the same for the moving variance.
        options: regularizers and constraints as in `LayerNormalization`; name, dtype, trainable.

    Source: Ioffe, Szegedy, Batch Normalization, 2015.

    >>> layer = tg.layers.BatchNormalization(momentum=0.5, epsilon=0.0)
    >>> layer(np.array([[1.0], [3.0]]), training=True).detach()
    tensor([[-1.],
            [ 1.]], dtype=float32)
    >>> layer.moving_mean.detach(), layer.moving_variance.detach()
    (tensor([1.], dtype=float32), tensor([1.], dtype=float32))
    """

    moving_mean: Any
    moving_variance: Any

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        **options: Any,
    ) -> None:
        super().__init__(axis, epsilon, center, scale, beta_initializer, gamma_initializer, **options)
        if not 0 <= momentum <= 1:
            raise ArgumentError(
                f"BatchNormalization got momentum={momentum!r}.",
                "It is the part of the moving averages that stays: from 0 to 1.",
                "Keras's default is 0.99; PyTorch's momentum 0.1 is 0.9 here.",
            )
        self.momentum = float(momentum)
        self.moving_mean_initializer = initializer_named(moving_mean_initializer)
        self.moving_variance_initializer = initializer_named(moving_variance_initializer)
        self.moving_mean = self.moving_variance = None

    def build(self, input_shape: Any) -> None:
        """Make gamma and beta, and the moving averages."""
        super().build(input_shape)
        shape = self.lengths(input_shape)
        self.moving_mean = self.add_weight(shape, self.moving_mean_initializer, trainable=False, name="moving_mean")
        self.moving_variance = self.add_weight(
            shape, self.moving_variance_initializer, trainable=False, name="moving_variance"
        )

    def call(self, inputs: Tensor, training: bool | None = None) -> Tensor:
        """γ(inputs - μ)/√(σ² + ε) + β, with the batch's statistics while training, else the moving ones."""
        if not (training and self.trainable):
            moving = self.moving_mean, self.moving_variance
            return batch_norm(inputs, self.gamma, self.beta, *moving, axis=self.axis, epsilon=self.epsilon)
        (feature,) = axes_of(inputs.shape, self.axis, inputs.ndim)
        others = tuple(i for i in range(inputs.ndim) if i != feature % inputs.ndim)
        outputs, mean, variance = standardize(inputs, others, self.epsilon)
        with no_grad():
            for moving, batch in ((self.moving_mean, mean), (self.moving_variance, variance)):
                moving.assign(moving * self.momentum + batch.reshape(moving.shape) * (1 - self.momentum), copy=False)
        return learned(outputs, self.gamma, self.beta, (feature,))


class LayerNormalization(ScaledAndShifted):
    """Each example brought to mean 0 and variance 1 over its features, then scaled and shifted.

    Shapes: any; gamma and beta have the lengths of the axes in `axis`.

    Args:
        axis: the axis of the features, or a list of axes.
        epsilon: added to the variance, so that equal values do not divide by 0.
        center: whether there is an offset beta.
        scale: whether there is a scale gamma.
        beta_initializer: a name or an initializer; see `tg.initializers`.
        gamma_initializer: the same for gamma.
        beta_regularizer: a penalty on beta; see `tg.regularizers`.
        gamma_regularizer: the same for gamma.
        beta_constraint: what beta is brought back to after each step; see `tg.constraints`.
        gamma_constraint: the same for gamma.
        options: name, dtype, trainable, input_shape; see `Layer`.

    Source: Ba, Kiros, Hinton, Layer Normalization, 2016.

    >>> tg.layers.LayerNormalization(epsilon=0.0)(np.array([[1.0, 3.0]])).detach()
    tensor([[-1.,  1.]], dtype=float32)
    """

    def call(self, inputs: Tensor) -> Tensor:
        """γ(inputs - μ)/√(σ² + ε) + β."""
        return layer_norm(inputs, self.gamma, self.beta, self.axis, self.epsilon)


class GroupNormalization(ScaledAndShifted):
    """Each example brought to mean 0 and variance 1 over each group of neighbouring features.

    All axes but the first and that of the features are averaged over too. groups=1 takes all features
    together, groups=-1 each by itself (instance normalization).

    Args:
        groups: how many groups; it divides the number of features.
        axis: the axis of the features.
        epsilon: added to the variance.
        options: center, scale and so on, as in `LayerNormalization`.

    Source: Wu, He, Group Normalization, 2018.

    >>> tg.layers.GroupNormalization(2, epsilon=0.0)(np.array([[1.0, 3.0, 10.0, 30.0]])).detach()
    tensor([[-1.,  1., -1.,  1.]], dtype=float32)
    """

    def __init__(self, groups: int = 32, axis: int = -1, epsilon: float = 1e-3, **options: Any) -> None:
        super().__init__(axis, epsilon, **options)
        self.groups = int(groups)

    def call(self, inputs: Tensor) -> Tensor:
        """γ(inputs - μ)/√(σ² + ε) + β, with μ and σ² of each group."""
        return group_norm(inputs, self.groups, self.gamma, self.beta, self.axis, self.epsilon)


class RMSNormalization(Layer):
    """Each example divided by its root mean square over the features, then scaled.

    Source: Zhang, Sennrich, Root Mean Square Layer Normalization, 2019.

    >>> tg.layers.RMSNormalization()(np.array([[1.0, 7.0]])).detach()
    tensor([[0.2, 1.4]], dtype=float32)
    """

    scale: Any

    def __init__(self, axis: int | Sequence[int] = -1, epsilon: float = 1e-6, **options: Any) -> None:
        super().__init__(**options)
        self.axis: Any = tuple(axis) if isinstance(axis, (list, tuple)) else axis
        self.epsilon = float(epsilon)
        self.scale = None

    def build(self, input_shape: Any) -> None:
        """Make the scale."""
        axes = axes_of(input_shape, self.axis, len(input_shape))
        self.scale = self.add_weight([input_shape[axis] for axis in axes], "ones", name="scale")

    def call(self, inputs: Tensor) -> Tensor:
        """scale·inputs/√(mean inputs² + ε)."""
        return rms_norm(inputs, self.scale, self.axis, self.epsilon)


class UnitNormalization(Layer):
    """Each example divided by its length √Σx² over the features.

    >>> tg.layers.UnitNormalization()(np.array([[3.0, 4.0]]))
    tensor([[0.6, 0.8]], dtype=float32)
    """

    def __init__(self, axis: int | Sequence[int] = -1, **options: Any) -> None:
        super().__init__(**options)
        self.axis: Any = tuple(axis) if isinstance(axis, (list, tuple)) else axis

    def call(self, inputs: Tensor) -> Tensor:
        """inputs/√Σ inputs²."""
        return unit_norm(inputs, self.axis)
