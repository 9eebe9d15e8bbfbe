"""Every exception of the library, as one tree.

    TinygradLossError
    ├── ShapeError      (ValueError)    shapes that do not fit together
    ├── DTypeError      (TypeError)     a dtype or kind of value that an op cannot take
    ├── IndexingError   (IndexError)    an index or axis outside an array
    │   └── AxisError   (ValueError)    an axis that an array does not have
    ├── ArgumentError   (ValueError)    an argument outside what is allowed
    │   ├── UnknownNameError            a name that stands for nothing ("adm")
    │   └── LabelError                  class labels out of range or of the wrong kind
    ├── GraphError      (RuntimeError)  a graph used in a way that it does not allow
    │   ├── StaleViewError              a view used after its base was assigned
    │   └── NoRuleError                 a function or an argument without a derivative rule
    ├── NoMethodError   (AttributeError) a method that a Tensor does not have
    ├── GradientError   (AssertionError) a gradient that does not agree with differences
    ├── NotCompiledError (ValueError)   training before compile()
    └── RendererError   (RuntimeError)  a picture that nothing here can render

A message has four parts: what failed, what it got, what it needs, what to do.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .equivalents import COMPLEX, ELSEWHERE, INSTEAD


class TinygradLossError(Exception):
    """Base of every error this library raises on purpose.

    The first line says what failed and what it got, the next what it needs, the last what to do.
    """

    def __init__(self, what: str, needs: str = "", cure: str = "") -> None:
        super().__init__("\n  ".join(part for part in (what, needs, cure) if part))


class ShapeError(TinygradLossError, ValueError):
    """Shapes that do not fit together."""


class DTypeError(TinygradLossError, TypeError):
    """A dtype, or a kind of value, that an operation cannot take."""


class IndexingError(TinygradLossError, IndexError):
    """An index outside an array."""


class AxisError(IndexingError, ValueError):
    """An axis that an array does not have."""


class ArgumentError(TinygradLossError, ValueError):
    """An argument outside what is allowed."""


class UnknownNameError(ArgumentError):
    """A name that stands for nothing."""


class LabelError(ArgumentError):
    """Class labels out of range or of the wrong kind."""


class GraphError(TinygradLossError, RuntimeError):
    """A graph used in a way that it does not allow."""


class StaleViewError(GraphError):
    """A view used after the tensor it was taken from was assigned."""


class NoRuleError(GraphError, TypeError):
    """A function, or an argument of one, that has no derivative rule."""


class GradientError(TinygradLossError, AssertionError):
    """A gradient that does not agree with differences."""


class NoMethodError(TinygradLossError, AttributeError):
    """A method or attribute that a Tensor does not have."""


class NotCompiledError(TinygradLossError, ValueError):
    """A model asked to train or evaluate before `compile`."""


class RendererError(TinygradLossError, RuntimeError):
    """A picture format that nothing on this machine can render."""


def nearest(name: str, known: Iterable[str], count: int = 3) -> str:
    """The known names most like `name`, for the last line of a message.

    >>> from tinygrad_loss.errors import nearest
    >>> nearest("adm", ["adam", "sgd"])
    "Did you mean 'adam'?"
    """
    from difflib import get_close_matches

    names = sorted(set(known))
    close = get_close_matches(name, names, n=count, cutoff=0.5)
    if close:
        return "Did you mean " + " or ".join(repr(match) for match in close) + "?"
    return "Known names: " + ", ".join(names) + "."


def unknown_name(kind: str, name: object, known: Iterable[str]) -> UnknownNameError:
    """The error for a `name` that no `kind` (loss, optimizer, ...) is known by."""
    names = sorted(known)
    cure = nearest(name, names) if isinstance(name, str) else "Known names: " + ", ".join(names) + "."
    return UnknownNameError(
        f"Could not interpret {kind} identifier: {name!r}.",
        f"It must be the name of a known {kind}, or an object of that kind.",
        cure,
    )


# The engine's messages, each in one place, so that the code that raises them stays short.


def freed_graph() -> GraphError:
    return GraphError(
        "Trying to backward through the graph a second time: its values were freed.",
        "backward(retain_graph=False) frees each node as it passes.",
        "Call the first backward with retain_graph=True, or compute the loss again.",
    )


def no_graph() -> GraphError:
    return GraphError(
        "element 0 of tensors does not require grad and does not have a grad_fn.",
        "backward needs a tensor computed from at least one leaf with requires_grad=True.",
        "Make the leaf with tg.tensor(..., requires_grad=True), and look for a no_grad block or .detach().",
    )


def not_a_scalar(shape: tuple[int, ...]) -> GraphError:
    return GraphError(
        f"grad can be implicitly created only for scalar outputs; this one has shape {shape}.",
        "Which number should be differentiated? A gradient needs one.",
        "Use loss.mean().backward(), or give gradient= of the same shape.",
    )


def steps_only(dtype: object) -> DTypeError:
    return DTypeError(
        f"grad cannot differentiate a value of dtype {dtype}.",
        "Whole numbers and truth values move in steps: their derivative is 0 wherever it exists.",
        "Return a float; to count with a slope, use something smooth in its place (tg.sigmoid instead of x > 0).",
    )


def gradient_shape(what: str, got: tuple[int, ...], needed: tuple[int, ...], cure: str = "") -> ShapeError:
    cure = cure or "Reshape it, or sum over the axes that were broadcast."
    return ShapeError(f"{what} has shape {got}.", f"A gradient has its tensor's shape, {needed} here.", cure)


def rule_shape(op: str, index: int, got: tuple[int, ...], needed: tuple[int, ...]) -> ShapeError:
    cure = "Sum over the axes that were broadcast, or transpose the result."
    return gradient_shape(f"The gradient that the rule of {op} gave for input {index}", got, needed, cure)


def rule_nothing(op: str, index: int, got: object) -> DTypeError:
    return DTypeError(
        f"The rule of {op} for input {index} gave {got!r}.",
        "A rule returns the gradient of its input, an array or Tensor.",
        "Check that it ends with a return; declare an input without a derivative by the rule None.",
    )


def rule_complex(op: str, index: int, dtype: object) -> DTypeError:
    return DTypeError(
        f"The rule of {op} for input {index} gave a complex gradient.",
        f"The input is real ({dtype}), and a gradient has its input's dtype.",
        "Return the real part.",
    )


def not_differentiable(dtype: object) -> DTypeError:
    return DTypeError(
        f"A tensor of {dtype} cannot require gradients.",
        "Only Tensors of floating point dtype can require gradients.",
        "Write the data as floats (3.0 instead of 3), or pass dtype=float.",
    )


def not_numbers(data: object, why: object = "") -> DTypeError:
    dtype = getattr(data, "dtype", None)
    if getattr(dtype, "kind", "") == "c" or isinstance(data, complex):
        return DTypeError(
            "Cannot make a tensor of complex numbers.",
            "Complex numbers are not supported.",
            "Keep real and imaginary parts as two tensors.",
        )
    return DTypeError(
        f"Cannot make a tensor of {type(data).__name__}{f' ({why})' if why else ''}.",
        "It needs numbers: floats, integers or booleans, in an array or in nested lists of equal lengths.",
        "For a list of Tensors use tg.stack; for names of classes make integer labels.",
    )


def needs_detach() -> GraphError:
    return GraphError(
        "Can't turn a Tensor that requires grad into a NumPy array: the graph would be lost.",
        "NumPy's own functions (np.exp(t), np.sum(t)) record and need no conversion.",
        "Use tensor.detach().numpy() for the plain value; tg.stack for a list of Tensors.",
    )


def stored_in_array(what: str = "array[i] = tensor") -> GraphError:
    return GraphError(
        f"{what} cannot store a Tensor that requires grad in a NumPy array: the graph would be lost.",
        "An array of NumPy holds plain numbers.",
        "Make the array a Tensor (y = tg.zeros(n); y[i] = v), or collect a list and tg.stack it.",
    )


def not_one_element(shape: tuple[int, ...]) -> ShapeError:
    return ShapeError(
        f"item cannot turn a tensor of shape {shape} into one number.",
        "It needs exactly one element.",
        "Index it first, or use .tolist().",
    )


def not_picklable() -> GraphError:
    return GraphError(
        "A Tensor with a graph cannot be pickled or copied: the graph may be of any size.",
        "Leaves, and values without a graph, can be.",
        "Use .detach() for the value alone.",
    )


def stale_view() -> StaleViewError:
    return StaleViewError(
        "This view is out of date: the tensor it was taken from was assigned since.",
        "A view shows its tensor's values at the time it was taken.",
        "Take the view again after the assignment, or .copy() it before.",
    )


def view_assignment(what: str) -> GraphError:
    return GraphError(
        f"{what} cannot write through a view.",
        "This tensor shares the memory of the tensor it was taken from.",
        "Assign to that tensor (x[0, 1] = v instead of row = x[0]; row[1] = v), or take row.copy() first.",
    )


def assigned_shape(got: tuple[int, ...], needed: tuple[int, ...]) -> ShapeError:
    return ShapeError(
        f"assign cannot bind a value of shape {got} to a tensor of shape {needed}.",
        "The new value has the tensor's shape.",
        "Make a new tensor for a value of another shape.",
    )


def computed_assignment() -> GraphError:
    return GraphError(
        "assign cannot change a tensor that an op computed.",
        "Only leaves, and tensors without a graph, can be bound to a new value.",
        "Use .detach() for a value of your own.",
    )


def leaf_in_place(what: str) -> GraphError:
    return GraphError(
        "a leaf Variable that requires grad is being used in an in-place operation.",
        f"{what} on a leaf is allowed only where nothing is recorded.",
        "Put it under `with tg.no_grad():`, or write `w = w - ...` to go on with a new tensor.",
    )


def computed_requires_grad() -> GraphError:
    return GraphError(
        "you can only change requires_grad flags of leaf variables.",
        "This tensor was computed by an op.",
        "Use .detach() for a value without its graph.",
    )


def hook_without_graph() -> GraphError:
    return GraphError(
        "cannot register a hook on a tensor that doesn't require gradient.",
        "A hook sees the gradient that backward computes for a tensor.",
        "Make the tensor with requires_grad=True.",
    )


def no_rule(shown: str, name: str, known: Iterable[str]) -> NoRuleError:
    hint = INSTEAD.get(name) or nearest(name, known)  # or a list of everything, where nothing is near
    why = "NumPy functions on Tensors need an op of the same name."
    if shown.startswith("np.fft."):
        why, hint = "A Fourier transform gives complex numbers, and complex numbers are not supported.", ""
    elif name in COMPLEX:
        why = "It gives complex numbers, and complex numbers are not supported."
    return NoRuleError(
        f"{shown} has no derivative rule, so it cannot be applied to a Tensor.",
        why,
        f"{hint} For a plain value use .detach().numpy().".lstrip()
        if len(hint) < 120
        else "For a plain value use .detach().numpy().",
    )


def no_method(name: str, known: Iterable[str]) -> NoMethodError:
    cure = ELSEWHERE.get(name) or (f"tg.{name}(x)" if name in known else "")
    return NoMethodError(
        f"'Tensor' object has no attribute {name!r}.",
        "It has the methods of NumPy's arrays, and those of its graph: backward, grad, detach, ...",
        f"Write {cure}." if cure else "See help(tg.Tensor); NumPy's functions take Tensors: np.exp(x).",
    )


def unknown_argument(shown: str, key: str, signature: object) -> ArgumentError:
    return ArgumentError(
        f"{shown} on Tensors does not take {key}=.",
        f"Its signature here is {signature}.",
        "Leave the argument out, or use .detach().numpy() where no gradient is needed.",
    )


def unrecorded_out(shown: str) -> ArgumentError:
    return ArgumentError(
        f"{shown}(out=...) cannot be recorded in a NumPy array: the graph would be lost.",
        "An array of NumPy holds plain numbers.",
        f"Use the result: y = {shown}(...), or make out a Tensor.",
    )


def failed_call(op: Any, inputs: tuple[Any, ...], attributes: dict[str, Any], error: Exception) -> Exception:
    """A clear error for what NumPy refused inside an op: NumPy fails first, so the good path never pays."""
    if isinstance(error, (TinygradLossError, ArithmeticError, Warning, MemoryError)):
        return error
    values = [getattr(x, "_value", x) for x in inputs]
    better = op.explain(*values, **attributes) if op.explain is not None else None
    if better is not None:
        return better
    listed = " and ".join(str(getattr(value, "shape", ())) for value in values)
    if op.kind == "elementwise" and isinstance(error, ValueError):
        return ShapeError(
            f"{op.name} cannot combine shapes {listed}.",
            "Counted from the last axis, lengths must be equal, or one of them 1.",
            "Use reshape or x[:, None] to say which axes belong together.",
        )
    given = "".join(f", {key}={value!r}" for key, value in attributes.items() if value is not None)
    what = f"{op.name} failed on shape {listed}{given}: {str(error).rstrip('.')}."
    if isinstance(error, IndexError):
        kind: type[TinygradLossError] = AxisError if isinstance(error, ValueError) else IndexingError
        ndim = len(getattr(values[0], "shape", ())) if values else 0
        axes = f"Axes run from 0 to {ndim - 1}, or from -1 to {-ndim}." if ndim else "A 0-d array has no axes."
        return kind(what, axes, "Look at the shape: the last axis is -1.")
    if isinstance(error, TypeError):
        return DTypeError(what, f"It takes numbers, as numpy.{op.name} does.", "Check the arguments' dtypes.")
    if any(getattr(value, "size", 1) == 0 for value in values):
        return ArgumentError(what, "It needs at least one element along the axis.", "Look for an empty selection.")
    return ArgumentError(what, f"It takes what numpy.{op.name} takes.", "Check the shapes and arguments.")
