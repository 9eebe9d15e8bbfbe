"""Optimizers that give each weight a step of its own, from the gradients it has had.

The defaults are Keras's, and so are the numbers: see `rules` for each formula.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Unpack

import numpy as np

from .arguments import number, share
from .base import Bounds, Optimizer, Options, Rule
from .rules import adadelta, adagrad, adam, adamax, amsgrad, centered_rmsprop, lion, nadam, rmsprop, rmsprop_momentum

__all__ = ["Adadelta", "Adagrad", "Adam", "AdamW", "Adamax", "Lion", "Nadam", "RMSprop"]


class _WithMoments(Optimizer):
    """What Adam and its relatives have in common: two decay rates and ε."""

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **options: Unpack[Options],
    ) -> None:
        self.beta_1 = share(self, "beta_1", beta_1)
        self.beta_2 = share(self, "beta_2", beta_2)
        self.epsilon = number(self, "epsilon", epsilon)
        super().__init__(learning_rate, **options)

    def _with(self, rule: Rule, learning_rate: float, step: int) -> Rule:
        return partial(
            rule,
            learning_rate=learning_rate,
            step=step,
            beta_1=self.beta_1,
            beta_2=self.beta_2,
            epsilon=self.epsilon,
        )


class Adam(_WithMoments):
    """Steps of about η, whatever the size of the gradient: running mean over running size (see `rules.adam`).

    Args:
        learning_rate: η, or a schedule.
        beta_1: β₁, how much of the running mean of g is kept in each step.
        beta_2: β₂, the same for the running mean of g².
        epsilon: ε, which keeps steps finite where gradients are tiny. It stands where the paper has "ε̂".
        amsgrad: never let the denominator shrink (see `rules.amsgrad`).
        options: weight_decay, clipnorm, clipvalue, global_clipnorm, parameters, name (see `Optimizer`).

    Source: Kingma, Ba, Adam: A Method for Stochastic Optimization, 2015.

    >>> w = tg.tensor([1.0, -300.0], requires_grad=True)
    >>> (w * w).sum().backward()
    >>> tg.optimizers.Adam(0.1).step([w])
    >>> np.round(w.detach(), 4)
    tensor([   0.9, -299.9])
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **options: Unpack[Options],
    ) -> None:
        self.amsgrad = bool(amsgrad)
        self.slots = ("momentum", "velocity", "velocity_hat") if amsgrad else ("momentum", "velocity")
        super().__init__(learning_rate, beta_1, beta_2, epsilon, **options)

    def rule(self, learning_rate: float, step: int) -> Rule:
        """This step's update."""
        return self._with(amsgrad if self.amsgrad else adam, learning_rate, step)


class AdamW(Adam):
    """Adam with weight decay: each step first takes the share η·λ off each weight.

    Source: Loshchilov, Hutter, Decoupled Weight Decay Regularization, 2019.

    >>> w = tg.tensor([1.0], requires_grad=True)
    >>> (0.0 * w).sum().backward()
    >>> tg.optimizers.AdamW(learning_rate=0.1, weight_decay=0.5).step([w])
    >>> w
    tensor([0.95], requires_grad=True)
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        weight_decay: float = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **options: Unpack[Bounds],
    ) -> None:
        decay = number(self, "weight_decay", weight_decay)
        super().__init__(learning_rate, beta_1, beta_2, epsilon, amsgrad, weight_decay=decay, **options)


class Adamax(_WithMoments):
    """Adam by the largest recent gradient instead of the root of a mean (see `rules.adamax`).

    >>> w = tg.tensor([1.0], requires_grad=True)
    >>> (w * w).sum().backward()
    >>> tg.optimizers.Adamax(0.1).step([w])
    >>> np.round(w.detach(), 4)
    tensor([0.9])
    """

    slots = ("momentum", "norm")

    def rule(self, learning_rate: float, step: int) -> Rule:
        """This step's update."""
        return self._with(adamax, learning_rate, step)


class Nadam(_WithMoments):
    """Adam with Nesterov's look ahead (see `rules.nadam`).

    >>> w = tg.tensor([1.0], requires_grad=True)
    >>> (w * w).sum().backward()
    >>> tg.optimizers.Nadam(0.1).step([w])
    >>> np.round(w.detach(), 4)
    tensor([0.8937])
    """

    slots = ("momentum", "velocity", "product")

    def initial_state(self, w: Any) -> tuple[Any, ...]:
        """Two means at 0, and the product of momenta so far."""
        return np.zeros_like(w), np.zeros_like(w), w.dtype.type(1)

    def rule(self, learning_rate: float, step: int) -> Rule:
        """This step's update."""
        return self._with(nadam, learning_rate, step)


class RMSprop(Optimizer):
    """Gradients divided by the root of their running mean square (see `rules.rmsprop`).

    Args:
        learning_rate: η, or a schedule.
        rho: ρ, how much of the running mean of g² is kept in each step.
        momentum: μ, from 0 to below 1 (see `rules.rmsprop_momentum`).
        epsilon: ε, added to the mean under the root.
        centered: divide by the root of the variance instead (see `rules.centered_rmsprop`).
        options: weight_decay, clipnorm, clipvalue, global_clipnorm, parameters, name (see `Optimizer`).

    Source: Tieleman, Hinton, Lecture 6.5 of Neural Networks for Machine Learning, 2012.

    >>> w = tg.tensor([1.0], requires_grad=True)
    >>> (w * w).sum().backward()
    >>> tg.optimizers.RMSprop(0.1).step([w])
    >>> np.round(w.detach(), 4)
    tensor([0.6838])
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        **options: Unpack[Options],
    ) -> None:
        self.rho = share(self, "rho", rho)
        self.momentum = share(self, "momentum", momentum)
        self.epsilon = number(self, "epsilon", epsilon)
        self.centered = bool(centered)
        self.slots = ("velocity",)
        if centered:
            self.slots = ("velocity", "average_gradient", "momentum")
        elif momentum:
            self.slots = ("velocity", "momentum")
        super().__init__(learning_rate, **options)

    def rule(self, learning_rate: float, step: int) -> Rule:
        """This step's update."""
        if len(self.slots) == 1:
            return partial(rmsprop, learning_rate=learning_rate, rho=self.rho, epsilon=self.epsilon)
        return partial(
            centered_rmsprop if self.centered else rmsprop_momentum,
            learning_rate=learning_rate,
            rho=self.rho,
            momentum=self.momentum,
            epsilon=self.epsilon,
        )


class Adagrad(Optimizer):
    """Gradients divided by the root of the sum of all their squares so far (see `rules.adagrad`).

    >>> w = tg.tensor([1.0], requires_grad=True)
    >>> (w * w).sum().backward()
    >>> tg.optimizers.Adagrad(0.1, initial_accumulator_value=0.0).step([w])
    >>> np.round(w.detach(), 4)
    tensor([0.9])
    """

    slots = ("accumulator",)

    def __init__(
        self,
        learning_rate: Any = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
        **options: Unpack[Options],
    ) -> None:
        self.initial_accumulator_value = number(self, "initial_accumulator_value", initial_accumulator_value)
        self.epsilon = number(self, "epsilon", epsilon)
        super().__init__(learning_rate, **options)

    def initial_state(self, w: Any) -> tuple[Any, ...]:
        """The sum of squares starts above 0, so that first steps are not too long."""
        return (np.full_like(w, self.initial_accumulator_value)[()],)

    def rule(self, learning_rate: float, step: int) -> Rule:
        """This step's update."""
        return partial(adagrad, learning_rate=learning_rate, epsilon=self.epsilon)


class Adadelta(Optimizer):
    """Gradients scaled to the size of recent steps over that of recent gradients (see `rules.adadelta`).

    >>> w = tg.tensor([1.0], requires_grad=True)
    >>> (w * w).sum().backward()
    >>> tg.optimizers.Adadelta(1.0).step([w])
    >>> np.round(w.detach(), 4)
    tensor([0.9986])
    """

    slots = ("accumulated_grad", "accumulated_delta_var")

    def __init__(
        self, learning_rate: Any = 0.001, rho: float = 0.95, epsilon: float = 1e-7, **options: Unpack[Options]
    ) -> None:
        self.rho = share(self, "rho", rho)
        self.epsilon = number(self, "epsilon", epsilon)
        super().__init__(learning_rate, **options)

    def rule(self, learning_rate: float, step: int) -> Rule:
        """This step's update."""
        return partial(adadelta, learning_rate=learning_rate, rho=self.rho, epsilon=self.epsilon)


class Lion(Optimizer):
    """Steps of exactly η in the direction of the sign of a running mean (see `rules.lion`).

    >>> w = tg.tensor([1.0, -300.0], requires_grad=True)
    >>> (w * w).sum().backward()
    >>> tg.optimizers.Lion(0.1).step([w])
    >>> w
    tensor([   0.9, -299.9], requires_grad=True)
    """

    slots = ("momentum",)

    def __init__(
        self, learning_rate: Any = 0.001, beta_1: float = 0.9, beta_2: float = 0.99, **options: Unpack[Options]
    ) -> None:
        self.beta_1 = share(self, "beta_1", beta_1)
        self.beta_2 = share(self, "beta_2", beta_2)
        super().__init__(learning_rate, **options)

    def rule(self, learning_rate: float, step: int) -> Rule:
        """This step's update."""
        return partial(lion, learning_rate=learning_rate, beta_1=self.beta_1, beta_2=self.beta_2)
