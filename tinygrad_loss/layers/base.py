"""The layer: parameters that are made when the first input shows their shapes, and a call.

A layer is called with a Tensor or an array and gives a Tensor. It opens a scope of its name, so that
every node made inside knows its layer, and brings its input to the layer's dtype.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from functools import wraps
from typing import Any

import numpy as np

from ..core.tensor import Tensor
from ..errors import ShapeError
from ..modes import MODE, config, no_grad
from .constraints import get as constraint_named
from .holder import Holder
from .initializers import get as initializer_named
from .inputs import open_shape, shape_of, taken
from .names import snake_case
from .parameter import Parameter
from .regularizers import get as regularizer_named


class Call:
    """What holds during one call of a model: the mode, and the losses that layers add on the way."""

    __slots__ = ("losses", "training")

    def __init__(self, training: bool, losses: list[Any]) -> None:
        self.training = training
        self.losses = losses


CALL: ContextVar[Call | None] = ContextVar("CALL", default=None)


class Layer(Holder):
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
        self._activity_regularizer = regularizer_named(activity_regularizer)
        given = input_shape if input_dim is None else (input_dim,)
        self._input_shape: Any = None if given is None else (None, *given)
        self._output_shape: Any
        self._added: list[Any]
        self.built: bool = False

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls._takes_training = "training" in inspect.signature(cls.call).parameters
        if "build" in vars(cls):
            cls.build = _remembering(cls.build)  # type: ignore[method-assign, assignment]

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
        mode = MODE.get()
        token = MODE.set(mode.inner.get(self._name) or mode.within(self._name))
        try:
            if type(inputs) is not Tensor or inputs._value.dtype is not self._dtype:
                inputs = taken(inputs, self._dtype, self.takes_integers, self._name)
            if not self.built:
                self._build_for(inputs)
            if self._takes_training:
                options["training"] = call.training
            outputs = self.call(inputs, *rest, **options) if rest or options else self.call(inputs)
            if self._output_shape is None:
                self._output_shape = open_shape(outputs)
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
        for name, layer in self.children():
            layer._name = layer._name if layer._named else name
        self._input_shape = open_shape(inputs)
        self.build(shape_of(inputs))
        self.built = True

    def _try(self, input_shape: Sequence[int | None], dtype: Any = None) -> Any:
        """Build by calling on zeros of this shape, unknown lengths taken as 1; gives the output's shape."""
        zeros = np.zeros([length or 1 for length in input_shape], self._dtype if dtype is None else dtype)
        with no_grad(), np.errstate(all="ignore"):
            return open_shape(self(zeros))

    @property
    def builds(self) -> bool:
        """Whether this layer makes parameters of its own when it is built."""
        return type(self).build is not Layer.build

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
        from_shape: Any = initializer_named("glorot_uniform" if initializer is None else initializer)
        value = from_shape(tuple(shape), dtype=dtype or self._dtype)
        if np.shape(value) != tuple(shape):
            raise ShapeError(
                f"The initializer of {name or 'a weight'} in layer {self.name!r} gave shape {np.shape(value)}.",
                f"The weight has shape {tuple(shape)}.",
                "An initializer is a function of shape and dtype that returns an array of that shape.",
            )
        penalty, bound = regularizer_named(regularizer), constraint_named(constraint)
        parameter = Parameter(value, trainable, dtype or self._dtype, name, penalty, bound)
        parameter.freeze(not self._trainable)
        return parameter

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


def _remembering(build: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
    """A layer's own `build`, remembering that it was called, so that a call does not build again."""

    @wraps(build)
    def built(self: Layer, input_shape: Any) -> None:
        build(self, input_shape)
        self.built = True

    return built
