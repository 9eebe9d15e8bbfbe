"""The base of optimizers: which parameters, which gradients, and one step of a rule over all of them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from operator import attrgetter
from typing import Any, ClassVar, TypedDict, Unpack

import numpy as np

from ..core.tensor import Tensor, as_value, wrap
from ..errors import ArgumentError, GraphError, ShapeError
from ..modes import MODE
from .arguments import check_leaf, listed, number, only_one_bound, refuse_parameters, refuse_unknown
from .clipping import clip_by_global_norm, clip_by_norm, clip_by_value
from .rules import decayed
from .schedules import LearningRateSchedule, schedule_from

__all__ = ["Bounds", "Optimizer", "Options", "Rule"]

Rule = Callable[..., tuple[Any, ...]]
_value = attrgetter("_value")


class Bounds(TypedDict, total=False):
    """What every optimizer takes besides the numbers of its own rule, but for weight decay."""

    clipnorm: float | None
    clipvalue: float | None
    global_clipnorm: float | None
    parameters: Iterable[Tensor] | None
    name: str | None


class Options(Bounds, total=False):
    """What every optimizer takes besides the numbers of its own rule."""

    weight_decay: float | None


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
        refuse_unknown(self, options, Options.__annotations__)
        only_one_bound(self, options)
        self.name = options.get("name") or type(self).__name__.lower()
        self.learning_rate = learning_rate
        self.iterations = 0
        self.weight_decay = self._optional("weight_decay", options.get("weight_decay"))
        self.clipnorm = self._optional("clipnorm", options.get("clipnorm"), above=True)
        self.clipvalue = self._optional("clipvalue", options.get("clipvalue"), above=True)
        self.global_clipnorm = self._optional("global_clipnorm", options.get("global_clipnorm"), above=True)
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

    def whole_rule(self, learning_rate: Any, step: Any) -> Rule:
        """`rule`, after the weight decay if there is one."""
        rule = self.rule(learning_rate, step)
        if self.weight_decay is None:
            return rule
        return partial(_after_decay, rule, learning_rate, self.weight_decay)

    def initial_state(self, w: Any) -> tuple[Any, ...]:
        """What is remembered of a weight before the first step: zeros for each slot."""
        return tuple(np.zeros_like(w) for _ in self.slots)

    def state_of(self, parameter: Tensor) -> tuple[Tensor, ...]:
        """What is remembered of `parameter`, one Tensor for each slot."""
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
        moved = [p for p in chosen if p.grad is not None and p._node is not None]
        if not moved:
            raise _no_gradients(type(self).__name__, chosen)
        self._update(moved, [p.grad._value for p in moved])

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Tensor]]) -> None:
        """Update by gradients of your own: pairs of (gradient, parameter), as from `zip`.

        >>> w = tg.tensor([1.0], requires_grad=True)
        >>> tg.optimizers.SGD(0.1).apply_gradients(zip([np.array([2.0])], [w]))
        >>> w
        tensor([0.8], requires_grad=True)
        """
        given = list(grads_and_vars)
        pairs = [(g, p) for g, p in given if g is not None]
        if not pairs:
            raise _no_gradients(type(self).__name__, [p for _, p in given])
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

    def state_dict(self) -> dict[str, Any]:
        """The steps taken, the learning rate (None under a schedule) and the state of each parameter, as arrays.

        >>> w = tg.tensor([1.0], requires_grad=True)
        >>> optimizer = tg.optimizers.SGD(0.1, momentum=0.9)
        >>> optimizer.apply_gradients([(np.array([2.0]), w)])
        >>> optimizer.state_dict()
        {'iterations': 1, 'learning_rate': 0.1, 'state': [{'velocity': array([-0.2])}]}
        """
        state = [dict(zip(self.slots, map(_copied, self._state[p]), strict=True)) for p in self.parameters]
        rate = None if self.schedule else self.learning_rate
        return {"iterations": self.iterations, "learning_rate": rate, "state": [*state, *self._loaded]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from where `state_dict` was taken: with as many parameters, of the same shapes and order.

        Parameters that the optimizer does not know yet get their state when they are first given.

        Raises:
            ArgumentError: for the state of another kind of optimizer, or of other parameters.
        """
        state, known = list(state_dict["state"]), len(self.parameters)
        for entry in state:
            if set(entry) != set(self.slots):
                raise _other_state(type(self).__name__, f"holds {sorted(entry)}", f"remembers {sorted(self.slots)}")
        if len(state) < known:
            raise _other_state(type(self).__name__, f"is of {len(state)} parameters", f"has {known}")
        restored = [self._restored(p, entry) for p, entry in zip(self.parameters, state, strict=False)]
        self._state.update(zip(self.parameters, restored, strict=True))
        self._loaded = state[known:]
        self.iterations = int(state_dict["iterations"])
        if state_dict["learning_rate"] is not None:
            self.learning_rate = state_dict["learning_rate"]

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal optimizer, without its parameters and what it remembers."""
        names = [name for name in inspect.signature(type(self)).parameters if name != "options"]
        config = {name: getattr(self, name) for name in [*names, *Options.__annotations__] if name != "parameters"}
        if self.schedule is not None:
            config["learning_rate"] = {"class_name": type(self.schedule).__name__, "config": self.schedule.get_config()}
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Optimizer:
        """The optimizer that `get_config` described."""
        rate = config.get("learning_rate")
        if isinstance(rate, dict):
            config = {**config, "learning_rate": schedule_from(rate)}
        return cls(**config)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(learning_rate={self._learning_rate!r}, iterations={self.iterations})"

    def _optional(self, name: str, value: Any, *, above: bool = False) -> float | None:
        return None if value is None else number(self, name, value, above=above)

    def _add(self, parameters: Any) -> list[Tensor]:
        """The given parameters as a list, each once; those that are new are known from now on."""
        chosen = listed(self, parameters)
        for parameter in chosen:
            if parameter not in self._state:
                check_leaf(self, parameter)
                waiting = self._loaded.pop(0) if self._loaded else None
                fresh = tuple(wrap(value, None) for value in self.initial_state(parameter._value))
                self._state[parameter] = fresh if waiting is None else self._restored(parameter, waiting)
                self.parameters.append(parameter)
        return chosen

    def _restored(self, parameter: Tensor, entry: dict[str, Any]) -> tuple[Tensor, ...]:
        """The state of one parameter from arrays by name."""
        for name, value in zip(self.slots, self.initial_state(parameter._value), strict=True):
            if np.shape(entry[name]) != np.shape(value):
                got = f"has {name} of shape {np.shape(entry[name])}"
                raise _other_state(type(self).__name__, got, f"has a parameter of shape {parameter.shape}")
        return tuple(wrap(np.array(entry[name], parameter.dtype)[()], None) for name in self.slots)

    def _update(self, parameters: list[Tensor], gradients: list[Any]) -> None:
        """One step: all is computed before anything is assigned, so that an error leaves all as it was."""
        for observer in MODE.get().observers:
            observer.on_update(self, parameters, gradients)
        states, rule, computed = self._state, self.whole_rule(self.learning_rate, self.iterations + 1), []
        for parameter, g in zip(parameters, self.clipped(gradients), strict=True):
            state = states[parameter]
            new = rule(parameter._value, g, *map(_value, state)) if state else rule(parameter._value, g)
            constraint = getattr(parameter, "constraint", None)
            computed.append(new if constraint is None else (constraint(new[0]), *new[1:]))
        for parameter, new in zip(parameters, computed, strict=True):
            parameter.assign(new[0], copy=False)
            if len(new) > 1:
                for old, value in zip(states[parameter], new[1:], strict=True):
                    old.assign(value, copy=False)
        self.iterations += 1


def _after_decay(rule: Rule, learning_rate: float, weight_decay: float, w: Any, g: Any, *state: Any) -> tuple[Any, ...]:
    return rule(decayed(w, learning_rate, weight_decay), g, *state)


def _copied(state: Tensor) -> Any:
    return np.array(state._value)


def _no_parameters(kind: str) -> ArgumentError:
    return ArgumentError(
        f"{kind}.step got no parameters.",
        "It updates the parameters it is given, or those the optimizer was made with.",
        f"Say step(model.parameters()), once the model is built, or {kind}(0.01, parameters=...).",
    )


def _no_gradients(kind: str, parameters: list[Tensor]) -> GraphError:
    frozen = parameters and not any(p.requires_grad for p in parameters)
    return GraphError(
        f"{kind} got no gradient for any of {len(parameters)} parameters.",
        "None of them requires gradients." if frozen else "A step needs the gradients that backward stores in .grad.",
        "Make them with requires_grad=True." if frozen else "Call loss.backward() first, on a loss computed from them.",
    )


def _other_state(kind: str, got: str, needed: str) -> ArgumentError:
    return ArgumentError(
        f"{kind} cannot load a state that {got}.",
        f"This optimizer {needed}.",
        "Load it into an optimizer of the same kind, made with the same arguments, for the same model.",
    )
