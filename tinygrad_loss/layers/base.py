"""The layer: parameters that are made when the first input shows their shapes, and a call.

A layer is called with a Tensor or an array and gives a Tensor. It opens a scope of its name, so that
every node made inside knows its layer, and brings its input to the layer's dtype.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from functools import wraps
from typing import Any

import numpy as np

from ..core.tensor import Tensor
from ..errors import ArgumentError, ShapeError
from ..modes import MODE, config, no_grad
from . import initializers, regularizers
from .inputs import first_array, shape_of, taken
from .names import snake_case
from .parameter import Parameter

Array = np.ndarray[Any, Any]


class Call:
    """What holds during one call of a model: the mode, and the losses that layers add on the way."""

    __slots__ = ("losses", "training")

    def __init__(self, training: bool, losses: list[Any]) -> None:
        self.training = training
        self.losses = losses


CALL: ContextVar[Call | None] = ContextVar("CALL", default=None)


class Layer:
    """Base of all layers and models.

    A subclass makes its parameters in `build(input_shape)` with `add_weight`, or in `__init__` as
    `Parameter` attributes, and computes in `call(inputs, training=None)`. Layers kept as attributes,
    also in lists and dictionaries, belong to it.

    Args:
        name: shown in summaries, pictures and messages; by default the class's name.
        dtype: in which it computes; by default `tg.config.floatx()`.
        trainable: whether training may change its parameters.
        activity_regularizer: a penalty on the layer's output, added to the loss.
        input_shape: the shape of one example, for the first layer of a Sequential.
        input_dim: the same for examples of one axis: its length.

    >>> class Scale(tg.layers.Layer):
    ...     def build(self, input_shape):
    ...         self.factor = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="factor")
    ...     def call(self, inputs):
    ...         return inputs * self.factor
    >>> Scale()(np.ones((1, 2)))
    tensor([[1., 1.]], dtype=float32, op=multiply)
    """

    takes_integers = False  # else integer inputs are cast to the layer's dtype
    _takes_training = False

    def __new__(cls, *args: Any, **options: Any) -> Any:
        layer = object.__new__(cls)  # so that a subclass works that forgets super().__init__()
        layer.built = False
        layer._name = snake_case(cls.__name__)
        layer._named = False
        layer._dtype = np.dtype(config.floatx())
        layer._trainable = True
        layer._activity_regularizer = None
        layer._input_shape = None
        layer._output_shape = None
        layer._added = []
        return layer

    def __init__(
        self,
        *,
        name: str | None = None,
        dtype: Any = None,
        trainable: bool = True,
        activity_regularizer: Any = None,
        input_shape: Sequence[int | None] | None = None,
        input_dim: int | None = None,
    ) -> None:
        self._name: str = self._name if name is None else str(name)
        self._named: bool = name is not None
        self._dtype: np.dtype[Any] = self._dtype if dtype is None else np.dtype(dtype)
        self._trainable: bool = bool(trainable)
        self._activity_regularizer = regularizers.get(activity_regularizer)
        given = input_shape if input_dim is None else (input_dim,)
        self._input_shape: Any = None if given is None else (None, *given)
        self._output_shape: Any
        self._added: list[Any]
        self.built: bool = False

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls._takes_training = "training" in inspect.signature(cls.call).parameters
        if "build" in vars(cls):
            cls.build = _remembering(cls.build)  # type: ignore[method-assign]

    def build(self, input_shape: Any) -> None:
        """Make the parameters, for inputs of this shape. Called once, before the first `call`."""

    def call(self, inputs: Any) -> Any:
        """Compute the output; a subclass may also take `training`, True inside `fit`."""
        raise NotImplementedError(f"{type(self).__name__} needs a method call(self, inputs).")

    def __call__(self, inputs: Any, *rest: Any, training: bool | None = None, **options: Any) -> Any:
        """The layer's output for `inputs`, as a Tensor. Without `training=True` this is inference."""
        call = CALL.get()
        if call is None or (training is not None and training is not call.training):
            return self._begin(call, bool(training), inputs, rest, options)
        token = MODE.set(MODE.get().within(self._name))
        try:
            if type(inputs) is not Tensor or inputs._value.dtype is not self._dtype:
                inputs = taken(self, inputs)
            if not self.built:
                self._build_for(inputs)
            if self._takes_training:
                options["training"] = call.training
            outputs = self.call(inputs, *rest, **options)
            if self._output_shape is None:
                self._output_shape = _open_shape(outputs)
            if self._activity_regularizer is not None:
                call.losses.append(self._activity_regularizer(outputs) / max(len(outputs), 1))
            return outputs
        finally:
            MODE.reset(token)

    def _begin(self, call: Call | None, training: bool, inputs: Any, rest: Any, options: Any) -> Any:
        """The outermost call, or one in another mode than the call around it."""
        begun = Call(training, [] if call is None else call.losses)
        token = CALL.set(begun)
        try:
            return self(inputs, *rest, **options)
        finally:
            CALL.reset(token)
            if call is None:
                self._added = begun.losses

    def _build_for(self, inputs: Any) -> None:
        for name, layer in self._children():
            layer._name = layer._name if layer._named else name
        self._input_shape = _open_shape(inputs)
        self.build(shape_of(inputs))
        self.built = True

    def _try(self, input_shape: Sequence[int | None], dtype: Any = None) -> Any:
        """Build by calling on zeros of this shape, unknown lengths taken as 1; gives the output's shape."""
        zeros = np.zeros([length or 1 for length in input_shape], self._dtype if dtype is None else dtype)
        with no_grad(), np.errstate(all="ignore"):
            return _open_shape(self(zeros))

    # Parameters

    def add_weight(
        self,
        shape: Sequence[int] = (),
        initializer: Any = "glorot_uniform",
        dtype: Any = None,
        trainable: bool = True,
        regularizer: Any = None,
        constraint: Any = None,
        name: str | None = None,
    ) -> Parameter:
        """A new parameter; keep it as an attribute of the layer, by which it is found.

        Args:
            shape: of the parameter.
            initializer: a name, an Initializer, or a function of shape and dtype.
            dtype: by default the layer's.
            trainable: False for running statistics and counters.
            regularizer: a penalty on the parameter, added to the loss.
            constraint: applied after each step of training.
            name: shown in messages, and the key in a weights file.
        """
        from_shape: Any = initializers.get("glorot_uniform" if initializer is None else initializer)
        value = from_shape(tuple(shape), dtype=dtype or self._dtype)
        if np.shape(value) != tuple(shape):
            raise ShapeError(
                f"The initializer of {name or 'a weight'} in layer {self.name!r} gave shape {np.shape(value)}.",
                f"The weight has shape {tuple(shape)}.",
                "An initializer is a function of shape and dtype that returns an array of that shape.",
            )
        penalty, bound = regularizers.get(regularizer), constraints.get(constraint)
        parameter = Parameter(value, trainable, dtype or self._dtype, name, penalty, bound)
        parameter.freeze(not self._trainable)
        return parameter

    def _children(self) -> list[tuple[str, Layer]]:
        """The layers directly below this one, with the names by which it holds them, in attribute order."""
        return [(name, part) for name, part in _parts(vars(self)) if isinstance(part, Layer)]

    def flattened(self) -> list[Layer]:
        """This layer and every layer below it, each once, outer ones first."""
        found = {id(self): self}
        stack = [self]
        while stack:
            below = [layer for _, layer in stack.pop()._children() if id(layer) not in found]
            found.update((id(layer), layer) for layer in below)
            stack.extend(reversed(below))
        return list(found.values())

    def named_weights(self) -> list[tuple[str, Tensor]]:
        """Every parameter, trainable or not, with its path: ("hidden.kernel", ...)."""
        found: dict[int, tuple[str, Tensor]] = {}
        self._collect_weights("", found, set())
        return list(found.values())

    def _collect_weights(self, prefix: str, found: dict[int, tuple[str, Tensor]], seen: set[int]) -> None:
        seen.add(id(self))
        for name, part in _parts(vars(self)):
            if isinstance(part, Tensor):
                found.setdefault(id(part), (prefix + name, part))
        for name, layer in self._children():
            if id(layer) not in seen:
                layer._collect_weights(f"{prefix}{name}.", found, seen)

    @property
    def weights(self) -> list[Any]:
        """Every parameter, trainable or not: the layer's own first, then those of its layers in order."""
        return [parameter for _, parameter in self.named_weights()]

    variables = weights

    @property
    def trainable_weights(self) -> list[Any]:
        """The parameters that training changes."""
        return [parameter for parameter in self.weights if parameter.requires_grad]

    trainable_variables = trainable_weights

    @property
    def non_trainable_weights(self) -> list[Any]:
        """The parameters that training leaves alone: frozen ones, and running statistics."""
        return [parameter for parameter in self.weights if not parameter.requires_grad]

    def parameters(self) -> list[Any]:
        """The parameters that training changes, for an optimizer of your own loop.

        Raises:
            ArgumentError: where layers are not built yet, so that their parameters do not exist.
        """
        for layer in self.flattened():
            if not layer.built and type(layer).build is not Layer.build:
                raise not_built("give its parameters", layer)
        return self.trainable_weights

    def count_params(self) -> int:
        """How many numbers all parameters hold."""
        return sum(parameter.size for parameter in self.weights)

    def get_weights(self) -> list[Array]:
        """Copies of all parameters as arrays, in the order of `weights`."""
        return [np.array(parameter.detach()) for parameter in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Set all parameters, from arrays in the order of `weights`.

        Raises:
            ShapeError: for another number of arrays or another shape; nothing is changed then.
        """
        named = self.named_weights()
        if len(weights) != len(named):
            raise ShapeError(
                f"set_weights on {self.name!r} got {len(weights)} arrays.",
                f"It has {len(named)} weights{_listed(named)}.",
                "Call the model once before, so that it is built." if not named else "Give one array for each.",
            )
        values = [np.asarray(value) for value in weights]
        for (path, parameter), value in zip(named, values, strict=True):
            if parameter.shape != value.shape:
                raise ShapeError(
                    f"set_weights on {self.name!r} got shape {value.shape} for {path}.",
                    f"This weight has shape {parameter.shape}.",
                    f"The order is{_listed(named)[1:]}.",
                )
        for (_, parameter), value in zip(named, values, strict=True):
            parameter.assign(value)

    # Losses that belong to the layer

    def add_loss(self, loss: Any) -> None:
        """Add a term to the loss of the model that is being called; for use inside `call`."""
        call = CALL.get()
        (self._added if call is None else call.losses).append(loss)

    @property
    def losses(self) -> list[Any]:
        """The penalties of regularizers, and what layers added in the last call."""
        penalties = [
            parameter.regularizer(parameter)
            for parameter in self.weights
            if parameter.requires_grad and getattr(parameter, "regularizer", None) is not None
        ]
        return penalties + self._added

    # What it is

    @property
    def name(self) -> str:
        """The layer's name."""
        return self._name

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype in which the layer computes."""
        return self._dtype

    @property
    def trainable(self) -> bool:
        """Whether training may change the layer's parameters; setting it sets it for the layers inside too."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        for layer in self.flattened():
            layer._trainable = bool(value)
        for parameter in self.weights:
            if isinstance(parameter, Parameter):
                parameter.freeze(not value)
            else:
                parameter.requires_grad_(value)

    @property
    def input_shape(self) -> Any:
        """The shape of the inputs it was built for, the batch axis as None."""
        return self._input_shape

    @property
    def output_shape(self) -> Any:
        """The shape of the outputs it gave, the batch axis as None; None before the first call."""
        return self._output_shape

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_added": []}  # the losses of the last call have graphs
