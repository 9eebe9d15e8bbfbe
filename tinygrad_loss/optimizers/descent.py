"""Gradient descent: on the whole data set, or step by step on batches of it, with momentum or without."""

from __future__ import annotations

from functools import partial
from typing import Any, Unpack

from .arguments import share
from .base import Optimizer, Options, Rule
from .rules import descent, momentum_descent, nesterov_descent

__all__ = ["SGD", "GradientDescent"]


class GradientDescent(Optimizer):
    """w ← w - η g, with the gradient of the whole data set in each step (see `rules.descent`).

    Training with it takes all samples as one batch: the gradient is exact, and each epoch is one step.
    SGD is the same rule on small batches.

    >>> w = tg.tensor([1.0], requires_grad=True)
    >>> (w * w).sum().backward()
    >>> tg.optimizers.GradientDescent(learning_rate=0.1).step([w])
    >>> w
    tensor([0.8], requires_grad=True)
    """

    full_batch = True

    def __init__(self, learning_rate: Any = 0.01, **options: Unpack[Options]) -> None:
        super().__init__(learning_rate, **options)

    def rule(self, learning_rate: float, step: int) -> Rule:
        """This step's update."""
        return partial(descent, learning_rate=learning_rate)


class SGD(Optimizer):
    """Stochastic gradient descent: w ← w - η g, with the gradient of a batch.

    With momentum μ: v ← μ v - η g, w ← w + v. The learning rate stands inside v, as in Keras; in PyTorch it
    multiplies v, which differs once the rate changes.

    Args:
        learning_rate: η, or a schedule.
        momentum: μ, from 0 to below 1.
        nesterov: look one step ahead: w ← w + μ v - η g.
        options: weight_decay, clipnorm, clipvalue, global_clipnorm, parameters, name (see `Optimizer`).

    Source: Robbins, Monro, A Stochastic Approximation Method, 1951.

    >>> w = tg.tensor([1.0], requires_grad=True)
    >>> optimizer = tg.optimizers.SGD(0.1, momentum=0.9, parameters=[w])
    >>> for _ in range(2):
    ...     optimizer.zero_grad()
    ...     (w * w).sum().backward()
    ...     optimizer.step()
    >>> w
    tensor([0.46], requires_grad=True)
    """

    def __init__(
        self, learning_rate: Any = 0.01, momentum: float = 0.0, nesterov: bool = False, **options: Unpack[Options]
    ) -> None:
        self.momentum = share(self, "momentum", momentum)
        self.nesterov = bool(nesterov)
        self.slots = ("velocity",) if momentum else ()
        super().__init__(learning_rate, **options)

    def rule(self, learning_rate: float, step: int) -> Rule:
        """This step's update."""
        if not self.slots:
            return partial(descent, learning_rate=learning_rate)
        rolling = nesterov_descent if self.nesterov else momentum_descent
        return partial(rolling, learning_rate=learning_rate, momentum=self.momentum)
