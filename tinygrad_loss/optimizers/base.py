"""The base of optimizers: which parameters, which gradients, and one step of a rule over all of them."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, ClassVar, TypedDict, Unpack

import numpy as np

from ..core.tensor import Tensor, as_value
from ..errors import ArgumentError, GraphError, ShapeError
from .arguments import bound, number, refuse_parameters, refuse_unknown
from .clipping import clip_by_global_norm, clip_by_norm, clip_by_value
from .rules import decayed
from .schedules import LearningRateSchedule

__all__ = ["Optimizer", "Options"]

Rule = Callable[..., tuple[Any, ...]]


class Options(TypedDict, total=False):
    """What every optimizer takes besides the numbers of its own rule."""

    weight_decay: float | None
    clipnorm: float | None
    clipvalue: float | None
    global_clipnorm: float | None
    parameters: Iterable[Tensor] | None
    name: str | None


class Optimizer:
    """Base of optimizers; for one of your own write `rule`, and name its state in `slots`.

    Args:
        learning_rate: η, a positive number (or 0), or a schedule.
        weight_decay: λ; each step first takes the share η·λ off each weight.
        clipnorm: the greatest length of each gradient.
        clipvalue: the greatest size of each element of a gradient.
        global_clipnorm: the greatest length of all gradients together; only one of the three.
        parameters: the tensors that `step()` updates, if they are not given there.
        name: a name for pictures and files.

    Raises:
        ArgumentError: for numbers out of range, parameters in the wrong place, or PyTorch's names.

    >>> from functools import partial
    >>> class SignDescent(tg.optimizers.Optimizer):
    ...     def rule(self, learning_rate, step):
    ...         return lambda w, g: (w - learning_rate * np.sign(g),)
    >>> w = tg.tensor([1.0, -2.0], requires_grad=True)
    >>> (w * w).sum().backward()
    >>> SignDescent(0.5).step([w])
    >>> w
    tensor([ 0.5, -1.5], requires_grad=True)
    """

    full_batch: ClassVar[bool] = False  # True where one step should see the whole data set
    slots: Sequence[str] = ()  # what is remembered of each parameter, in the order of the rule's arguments

    def __init__(self, learning_rate: Any = 0.001, **options: Unpack[Options]) -> None:
        refuse_unknown(type(self).__name__, options, Options.__annotations__)
        self.name = options.get("name") or type(self).__name__.lower()
        self.learning_rate = learning_rate
        self.iterations = 0
        self.weight_decay = number(self, "weight_decay", options.get("weight_decay"), optional=True)
        self.clipnorm = bound(self, "clipnorm", options)
        self.clipvalue = bound(self, "clipvalue", options)
        self.global_clipnorm = bound(self, "global_clipnorm", options)
        self.parameters: list[Tensor] = []
        self._state: dict[Tensor, tuple[Tensor, ...]] = {}
        self._loaded: list[dict[str, Any]] = []  # states that wait for their parameters
        self._add(options.get("parameters") or ())

    @property
    def learning_rate(self) -> float:
        """The learning rate of the next step; assign a number or a schedule to change it."""
        rate = self._learning_rate
        return float(rate(self.iterations)) if isinstance(rate, LearningRateSchedule) else rate

    @learning_rate.setter
    def learning_rate(self, value: float | LearningRateSchedule) -> None:
        refuse_parameters(self, value)
        self._learning_rate: float | LearningRateSchedule = (
            value if isinstance(value, LearningRateSchedule) else number(self, "learning_rate", value)
        )

    @property
    def schedule(self) -> LearningRateSchedule | None:
        """The schedule that sets the learning rate; None where it is a number."""
        return self._learning_rate if isinstance(self._learning_rate, LearningRateSchedule) else None

    def rule(self, learning_rate: float, step: int) -> Rule:
        """This step's update: a function of (w, g, *state) that gives the new (w, *state), all arrays."""
        raise NotImplementedError(f"{type(self).__name__} needs a method rule(self, learning_rate, step).")

    def initial_state(self, w: Any) -> tuple[Any, ...]:
        """What is remembered of a weight before the first step: zeros for each slot."""
        return tuple(np.zeros_like(w) for _ in self.slots)

    def state_of(self, parameter: Tensor) -> tuple[Tensor, ...]:
        """What is remembered of `parameter`, one Tensor for each slot."""
        if parameter not in self._state:
            self._add([parameter])
        return self._state[parameter]

    def step(self, parameters: Iterable[Tensor] | None = None) -> None:
        """Update the parameters by the gradients that `backward` stored in them.

        A parameter without a gradient stays as it is, if others have one.

        Args:
            parameters: the tensors to update; by default those that the optimizer was made with.

        Raises:
            GraphError: where no parameter has a gradient.
            ArgumentError: where there are no parameters, or one of them is no leaf.
        """
        chosen = self.parameters if parameters is None else self._add(parameters)
        if not chosen:
            raise _no_parameters(type(self).__name__)
        pairs = [(p, p._grad._value) for p in chosen if p.grad is not None and p.requires_grad]
        if not pairs:
            raise _no_gradients(type(self).__name__, chosen)
        self._update([p for p, _ in pairs], [g for _, g in pairs])

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Tensor]]) -> None:
        """Update by gradients of your own: pairs of (gradient, parameter), as from `zip`.

        >>> w = tg.tensor([1.0], requires_grad=True)
        >>> tg.optimizers.SGD(0.1).apply_gradients(zip([np.array([2.0])], [w]))
        >>> w
        tensor([0.8], requires_grad=True)
        """
        pairs = [(g, p) for g, p in grads_and_vars if g is not None]
        if not pairs:
            raise _no_gradients(type(self).__name__, [])
        parameters = [p for _, p in pairs]
        self._add(parameters)
        gradients = [as_value(g, p.dtype) for g, p in pairs]
        for g, p in zip(gradients, parameters, strict=True):
            if g.shape != p.shape:
                raise ShapeError(
                    f"apply_gradients got a gradient of shape {g.shape} for a parameter of shape {p.shape}.",
                    "A gradient has its parameter's shape.",
                    "The pairs are (gradient, parameter): zip(gradients, parameters), in the same order.",
                )
        self._update(parameters, gradients)

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters this optimizer knows."""
        for parameter in self.parameters:
            parameter._grad = None

    def clipped(self, gradients: list[Any]) -> list[Any]:
        """The gradients, held within the bounds that were asked for."""
        if self.clipnorm is not None:
            return clip_by_norm(gradients, self.clipnorm)
        if self.global_clipnorm is not None:
            return clip_by_global_norm(gradients, self.global_clipnorm)
        return gradients if self.clipvalue is None else clip_by_value(gradients, self.clipvalue)

    def _update(self, parameters: list[Tensor], gradients: list[Any]) -> None:
        """One step: all is computed before anything is assigned, so that an error leaves all as it was."""
        rate, decay, states = self.learning_rate, self.weight_decay, self._state
        rule = self.rule(rate, self.iterations + 1)
        if decay is not None:
            rule = partial(_after_decay, rule, rate, decay)
        computed = [
            rule(p._value, g, *[s._value for s in states[p]])
            for p, g in zip(parameters, self.clipped(gradients), strict=True)
        ]
        for parameter, (w, *state) in zip(parameters, computed, strict=True):
            constraint = getattr(parameter, "constraint", None)
            parameter.assign(w if constraint is None else constraint(w), copy=False)
            for old, new in zip(states[parameter], state, strict=True):
                old.assign(new, copy=False)
        self.iterations += 1
