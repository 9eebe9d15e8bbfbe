"""Learning rates that change with the step: functions of the number of steps taken, from 0.

The names and numbers are Keras's. Below, η₀ is the initial learning rate, k the step and K decay_steps.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Sequence
from typing import Any

from ..errors import ArgumentError, unknown_name

__all__ = [
    "CosineDecay",
    "CosineDecayRestarts",
    "ExponentialDecay",
    "InverseTimeDecay",
    "LearningRateSchedule",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "schedule_from",
]


class LearningRateSchedule:
    """Base of schedules; for one of your own write `__call__(step)`, which gives the learning rate.

    >>> class Halving(tg.optimizers.schedules.LearningRateSchedule):
    ...     def __call__(self, step):
    ...         return 0.1 / 2**step
    >>> tg.optimizers.SGD(Halving()).learning_rate
    0.1
    """

    def __call__(self, step: int) -> float:
        """The learning rate of the step that comes after `step` others."""
        raise NotImplementedError(f"{type(self).__name__} needs a method __call__(self, step).")

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal schedule."""
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> LearningRateSchedule:
        """The schedule that `get_config` described."""
        return cls(**config)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{key}={value!r}' for key, value in self.get_config().items())})"


class ExponentialDecay(LearningRateSchedule):
    """η₀ · decay_rate^(k/K): the same share less in every K steps; in jumps under `staircase`.

    >>> tg.optimizers.schedules.ExponentialDecay(0.1, decay_steps=10, decay_rate=0.5)(20)
    0.025
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str = "ExponentialDecay",
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = _positive(self, "decay_steps", decay_steps)
        self.decay_rate = decay_rate
        self.staircase = staircase
        self.name = name

    def __call__(self, step: int) -> float:
        """The learning rate of the step that comes after `step` others."""
        passed = step / self.decay_steps
        return self.initial_learning_rate * self.decay_rate ** (math.floor(passed) if self.staircase else passed)


class InverseTimeDecay(LearningRateSchedule):
    """η₀ / (1 + decay_rate · k/K); in jumps under `staircase`.

    >>> tg.optimizers.schedules.InverseTimeDecay(0.1, decay_steps=10, decay_rate=1.0)(10)
    0.05
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str = "InverseTimeDecay",
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = _positive(self, "decay_steps", decay_steps)
        self.decay_rate = decay_rate
        self.staircase = staircase
        self.name = name

    def __call__(self, step: int) -> float:
        """The learning rate of the step that comes after `step` others."""
        passed = step / self.decay_steps
        return self.initial_learning_rate / (1 + self.decay_rate * (math.floor(passed) if self.staircase else passed))


class PolynomialDecay(LearningRateSchedule):
    """(η₀ - end) · (1 - k/K)^power + end, down to `end` in K steps; under `cycle` again in 2K, 3K, ...

    >>> tg.optimizers.schedules.PolynomialDecay(0.1, decay_steps=10, end_learning_rate=0.0)(5)
    0.05
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
        cycle: bool = False,
        name: str = "PolynomialDecay",
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = _positive(self, "decay_steps", decay_steps)
        self.end_learning_rate = end_learning_rate
        self.power = power
        self.cycle = cycle
        self.name = name

    def __call__(self, step: int) -> float:
        """The learning rate of the step that comes after `step` others."""
        steps = self.decay_steps
        if self.cycle:
            steps *= max(math.ceil(step / steps), 1)
        left = 1 - min(step, steps) / steps
        return (self.initial_learning_rate - self.end_learning_rate) * left**self.power + self.end_learning_rate


class PiecewiseConstantDecay(LearningRateSchedule):
    """values[0] up to and with step boundaries[0], then values[1] up to boundaries[1], and so on.

    >>> schedule = tg.optimizers.schedules.PiecewiseConstantDecay([100, 200], [0.1, 0.01, 0.001])
    >>> schedule(100), schedule(101)
    (0.1, 0.01)
    """

    def __init__(self, boundaries: Sequence[float], values: Sequence[float], name: str = "PiecewiseConstant") -> None:
        self.boundaries = list(boundaries)
        self.values = list(values)
        self.name = name
        if len(self.values) != len(self.boundaries) + 1:
            raise ArgumentError(
                f"PiecewiseConstantDecay got {len(self.boundaries)} boundaries and {len(self.values)} values.",
                "There is one value more than boundaries: before, between and after them.",
                "Say PiecewiseConstantDecay([1000], [0.1, 0.01]).",
            )
        if sorted(self.boundaries) != self.boundaries:
            raise ArgumentError(
                f"PiecewiseConstantDecay got boundaries out of order: {self.boundaries}.",
                "Each boundary is a later step than the one before.",
                "Sort them, with their values.",
            )

    def __call__(self, step: int) -> float:
        """The learning rate of the step that comes after `step` others."""
        return self.values[sum(step > boundary for boundary in self.boundaries)]


class CosineDecay(LearningRateSchedule):
    """Half a cosine from η₀ down to α·η₀ in K steps: η₀ · ((1 - α)(1 + cos πk/K)/2 + α).

    With `warmup_target` the rate first rises in a straight line from η₀ to the target in `warmup_steps`
    steps, and the cosine starts from there.

    Source: Loshchilov, Hutter, SGDR: Stochastic Gradient Descent with Warm Restarts, 2017.

    >>> schedule = tg.optimizers.schedules.CosineDecay(0.0, 100, warmup_target=0.1, warmup_steps=10)
    >>> schedule(5), schedule(10), schedule(110)
    (0.05, 0.1, 0.0)
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        alpha: float = 0.0,
        name: str = "CosineDecay",
        warmup_target: float | None = None,
        warmup_steps: int = 0,
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = _positive(self, "decay_steps", decay_steps)
        self.alpha = alpha
        self.name = name
        self.warmup_target = warmup_target
        self.warmup_steps = warmup_steps

    def __call__(self, step: int) -> float:
        """The learning rate of the step that comes after `step` others."""
        top = self.initial_learning_rate
        if self.warmup_target is not None:
            if step < self.warmup_steps:
                return top + (self.warmup_target - top) * step / self.warmup_steps
            top = self.warmup_target
            step -= self.warmup_steps
        wave = 0.5 * (1 + math.cos(math.pi * min(step, self.decay_steps) / self.decay_steps))
        return top * ((1 - self.alpha) * wave + self.alpha)


class CosineDecayRestarts(LearningRateSchedule):
    """Cosine decays one after the other, each `t_mul` times as long and starting `m_mul` times as high.

    Source: Loshchilov, Hutter, SGDR: Stochastic Gradient Descent with Warm Restarts, 2017.

    >>> schedule = tg.optimizers.schedules.CosineDecayRestarts(0.1, first_decay_steps=10, m_mul=0.5)
    >>> schedule(0), schedule(10), schedule(30)
    (0.1, 0.05, 0.025)
    """

    def __init__(
        self,
        initial_learning_rate: float,
        first_decay_steps: float,
        t_mul: float = 2.0,
        m_mul: float = 1.0,
        alpha: float = 0.0,
        name: str = "SGDRDecay",
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.first_decay_steps = _positive(self, "first_decay_steps", first_decay_steps)
        self.t_mul = t_mul
        self.m_mul = m_mul
        self.alpha = alpha
        self.name = name

    def __call__(self, step: int) -> float:
        """The learning rate of the step that comes after `step` others."""
        passed = step / self.first_decay_steps
        if self.t_mul == 1:
            restarts = math.floor(passed)
            passed -= restarts
        else:  # the lengths before restart i add up to (1 - t_mulⁱ) / (1 - t_mul)
            restarts = math.floor(math.log(1 - passed * (1 - self.t_mul), self.t_mul) + 1e-9)  # log(243, 3) is 4.99...
            passed = (passed - (1 - self.t_mul**restarts) / (1 - self.t_mul)) / self.t_mul**restarts
        wave = 0.5 * self.m_mul**restarts * (1 + math.cos(math.pi * passed))
        return self.initial_learning_rate * ((1 - self.alpha) * wave + self.alpha)


_BY_NAME: dict[str, type[LearningRateSchedule]] = {
    kind.__name__: kind
    for kind in (
        CosineDecay,
        CosineDecayRestarts,
        ExponentialDecay,
        InverseTimeDecay,
        PiecewiseConstantDecay,
        PolynomialDecay,
    )
}


def schedule_from(config: dict[str, Any]) -> LearningRateSchedule:
    """The schedule that a dict of "class_name" and "config" describes.

    Raises:
        UnknownNameError: for a class that is not one of the schedules here.

    >>> decay = {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.5}
    >>> tg.optimizers.schedules.schedule_from({"class_name": "ExponentialDecay", "config": decay})(10)
    0.05
    """
    if config.get("class_name") not in _BY_NAME:
        raise unknown_name("schedule", config.get("class_name"), _BY_NAME)
    return _BY_NAME[config["class_name"]].from_config(config["config"])


def _positive(schedule: LearningRateSchedule, name: str, value: float) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < math.inf:
        raise ArgumentError(
            f"{type(schedule).__name__} cannot use {name}={value!r}.",
            "It is a number of steps, and positive.",
            f"Say {name}=1000.",
        )
    return value
