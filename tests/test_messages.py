# ruff: noqa: E501 - a table, one case to a line
"""The text of every error, provoked by the wrong call that people really make.

A message has four parts: what failed and what it got (the first line), what it needs, what to do.
"""

from __future__ import annotations

import inspect

import numpy as np
import pytest

import tinygrad_loss as tg
from tinygrad_loss import errors
from tinygrad_loss.core.primitive import primitive
from tinygrad_loss.core.registry import functions, ops


def leaf(shape=(2, 3)):
    return tg.tensor(np.ones(shape), requires_grad=True)


def twice():
    y = leaf().sum()
    y.backward(retain_graph=False)
    y.backward()


def with_rule(rule):
    before = dict(ops), dict(functions)
    try:
        careless = primitive(rule, name="careless")(lambda x: x * 1.0)
        careless(leaf((3,))).sum().backward()
    finally:
        for registry, old in zip((ops, functions), before, strict=True):
            registry.clear()
            registry.update(old)


def hook_of_wrong_shape():
    x = leaf((3,))
    x.register_hook(lambda g: np.ones(2))
    x.sum().backward()


def assign_after_view():
    x = tg.tensor(np.ones((2, 3)))
    row = x[0]
    x[0, 0] = 5.0
    row + 1


def under_no_grad(f):
    with tg.no_grad():
        f()


def step_outside_no_grad():
    w = leaf()
    w -= 0.1


def stored_in_an_array():
    y = np.zeros(3)
    try:
        y[0] = leaf().sum()
    except ValueError as numpys:  # NumPy's own, raised from ours
        raise numpys.__cause__ from None


CASES = {
    # name: (wrong call, class, builtin, first line has, second has, third has)
    "freed_graph": (twice, errors.GraphError, RuntimeError, "Trying to backward through the graph a second time", "retain_graph=False", "retain_graph=True"),
    "no_graph": (lambda: tg.tensor(1.0).backward(), errors.GraphError, RuntimeError, "element 0 of tensors does not require grad and does not have a grad_fn", "at least one leaf", "requires_grad=True"),
    "not_a_scalar": ((leaf() * 2).backward, errors.GraphError, RuntimeError, "grad can be implicitly created only for scalar outputs; this one has shape (2, 3)", "needs one", "loss.mean().backward()"),
    "gradient_shape": (lambda: (leaf() * 2).backward(np.ones(3)), errors.ShapeError, ValueError, "gradient= has shape (3,)", "(2, 3) here", None),
    "gradient_shape of .grad": (lambda: setattr(leaf(), "grad", np.ones(3)), errors.ShapeError, ValueError, "The new .grad has shape (3,)", "(2, 3) here", None),
    "gradient_shape of a hook": (hook_of_wrong_shape, errors.ShapeError, ValueError, "The gradient that a hook returned has shape (2,)", "(3,) here", None),
    "rule_shape": (lambda: with_rule(lambda g, y, x: g[:2]), errors.ShapeError, ValueError, "The gradient that the rule of careless gave for input 0 has shape (2,)", "(3,) here", "Sum over the axes"),
    "rule_nothing": (lambda: with_rule(lambda g, y, x: None), errors.DTypeError, TypeError, "The rule of careless for input 0 gave None", "an array or Tensor", "return"),
    "rule_complex": (lambda: with_rule(lambda g, y, x: g * 1j), errors.DTypeError, TypeError, "The rule of careless for input 0 gave a complex gradient", "float64", "real part"),
    "not_differentiable": (lambda: tg.tensor([1, 2], requires_grad=True), errors.DTypeError, TypeError, "A tensor of int64 cannot require gradients", "floating point", "3.0 instead of 3"),
    "not_numbers complex": (lambda: tg.tensor(1j), errors.DTypeError, TypeError, "complex numbers", "not supported", "two tensors"),
    "not_numbers text": (lambda: tg.tensor("three"), errors.DTypeError, TypeError, "Cannot make a tensor of str", "floats, integers or booleans", "integer labels"),
    "not_numbers ragged": (lambda: tg.tensor([[1.0], [1.0, 2.0]]), errors.DTypeError, TypeError, "Cannot make a tensor of list (", "nested lists of equal lengths", None),
    "not_numbers in an op": (lambda: leaf() + "a", errors.DTypeError, TypeError, "of str", "floats, integers or booleans", None),
    "needs_detach": (lambda: leaf().numpy(), errors.GraphError, RuntimeError, "Can't turn a Tensor that requires grad into a NumPy array", "np.exp(t)", "tensor.detach().numpy()"),
    "stored_in_array": (stored_in_an_array, errors.GraphError, RuntimeError, "array[i] = tensor cannot store a Tensor that requires grad", "plain numbers", "tg.zeros(n)"),
    "steps_only": (lambda: tg.grad(lambda x: (x > 0).sum())(1.0), errors.DTypeError, TypeError, "cannot differentiate a value of dtype int64", "in steps", "tg.sigmoid"),
    "needs_detach list": (lambda: tg.tensor([leaf(), leaf()]), errors.GraphError, RuntimeError, "graph would be lost", "NumPy's own functions", "tg.stack"),
    "not_one_element": (lambda: leaf().item(), errors.ShapeError, ValueError, "item cannot turn a tensor of shape (2, 3) into one number", "exactly one element", ".tolist()"),
    "not_one_element float": (lambda: float(leaf()), errors.ShapeError, ValueError, "shape (2, 3)", "exactly one element", ".tolist()"),
    "not_picklable": ((leaf() * 2).__reduce__, errors.GraphError, RuntimeError, "cannot be pickled or copied", "Leaves", ".detach()"),
    "stale_view": (assign_after_view, errors.StaleViewError, RuntimeError, "This view is out of date", "at the time it was taken", ".copy()"),
    "view_assignment": (lambda: tg.tensor(np.ones((2, 3)))[0].__setitem__(0, 1.0), errors.GraphError, RuntimeError, "Assignment cannot write through a view", "shares the memory", "x[0, 1] = v"),
    "view_assignment by assign": (lambda: tg.tensor(np.ones((2, 3)))[0].assign(np.ones(3)), errors.GraphError, RuntimeError, "assign cannot write through a view", "shares the memory", ".copy()"),
    "assigned_shape": (lambda: leaf().assign(np.ones(3)), errors.ShapeError, ValueError, "shape (3,) to a tensor of shape (2, 3)", "tensor's shape", "new tensor"),
    "computed_assignment": (lambda: (leaf() * 2).assign(np.ones((2, 3))), errors.GraphError, RuntimeError, "assign cannot change a tensor that an op computed", "Only leaves", ".detach()"),
    "leaf_in_place": (step_outside_no_grad, errors.GraphError, RuntimeError, "a leaf Variable that requires grad is being used in an in-place operation", "w -= ...", "with tg.no_grad():"),
    "leaf_in_place index": (lambda: leaf().__setitem__(0, 1.0), errors.GraphError, RuntimeError, "a leaf Variable", "x[i] = v", "with tg.no_grad():"),
    "computed_requires_grad": (lambda: (leaf() * 2).requires_grad_(False), errors.GraphError, RuntimeError, "you can only change requires_grad flags of leaf variables", "computed by an op", ".detach()"),
    "hook_without_graph": (lambda: tg.tensor(1.0).register_hook(print), errors.GraphError, RuntimeError, "cannot register a hook on a tensor that doesn't require gradient", "A hook sees", "requires_grad=True"),
    "no_rule": (lambda: np.packbits(leaf()), errors.NoRuleError, TypeError, "np.packbits has no derivative rule", "op of the same name", ".detach().numpy()"),
    "unknown_argument": (lambda: np.vecdot(leaf(), leaf(), keepdims=True), errors.ArgumentError, ValueError, "np.vecdot on Tensors does not take keepdims=", "Its signature here is vecdot(", "Leave the argument out"),
    "no_method": (lambda: leaf().unsqueeze(0), errors.NoMethodError, AttributeError, "'Tensor' object has no attribute 'unsqueeze'", "NumPy's arrays", "np.expand_dims(x, axis)"),
    "no_method function": (lambda: leaf().tan(), errors.NoMethodError, AttributeError, "no attribute 'tan'", None, "Write tg.tan(x)"),
    "no_method unknown": (lambda: leaf().values, errors.NoMethodError, AttributeError, "no attribute 'values'", None, "help(tg.Tensor)"),
    "unrecorded_out": (lambda: np.exp(leaf(), out=np.ones((2, 3))), errors.ArgumentError, ValueError, "np.exp(out=...) cannot be recorded", "plain numbers", "y = np.exp(...)"),
    "unknown_name": (lambda: (_ for _ in ()).throw(errors.unknown_name("optimizer", "adm", ["adam", "sgd"])), errors.UnknownNameError, ValueError, "Could not interpret optimizer identifier: 'adm'", "name of a known optimizer", "Did you mean 'adam'?"),
    "unknown_name object": (lambda: (_ for _ in ()).throw(errors.unknown_name("loss", 3, ["mse"])), errors.UnknownNameError, ValueError, "identifier: 3", "known loss", "Known names: mse."),
    "matmul": (lambda: leaf((32, 784)) @ np.ones((128, 784)), errors.ShapeError, ValueError, "matmul cannot multiply (32, 784) by (128, 784)", "The last axis of the first (784) must equal the second-last axis of the second (128)", "Did you mean  a @ b.T ?"),
    "matmul left": (lambda: leaf((5, 2)) @ np.ones((5, 3)), errors.ShapeError, ValueError, "(5, 2) by (5, 3)", "(2) must equal", "Did you mean  a.T @ b ?"),
    "matmul vector": (lambda: leaf((5, 2)) @ np.ones(3), errors.ShapeError, ValueError, "(5, 2) by (3,)", "must equal", None),
    "matmul number": (lambda: leaf() @ 2.0, errors.ShapeError, ValueError, "(2, 3) by ()", "at least one axis", "a * b"),
    "matmul batch": (lambda: leaf((2, 3, 4)) @ np.ones((5, 4, 3)), errors.ShapeError, ValueError, "(2, 3, 4) by (5, 4, 3)", "batch axes", None),
    "affine": (lambda: tg.affine(leaf((2, 3)), np.ones((4, 2)), np.ones(2)), errors.ShapeError, ValueError, "(2, 3) by (4, 2)", "(3) must equal", None),
    "affine bias": (lambda: tg.affine(leaf((2, 3)), np.ones((3, 2)), np.ones(5)), errors.ShapeError, ValueError, "(5,)", "bias", None),
    "broadcast": (lambda: leaf((2, 3)) + np.ones(4), errors.ShapeError, ValueError, "add cannot combine shapes (2, 3) and (4,)", "Counted from the last axis", "x[:, None]"),
    "broadcast where": (lambda: tg.where(leaf((2, 3)) > 0, leaf((4,)), 0.0), errors.ShapeError, ValueError, "where cannot combine shapes (2, 3) and (4,)", "Counted from the last axis", None),
    "reshape": (lambda: leaf((2, 3)).reshape(4), errors.ShapeError, ValueError, "reshape", "6", None),
    "broadcast_to": (lambda: tg.broadcast_to(leaf((2, 3)), (4, 4)), errors.ShapeError, ValueError, "cannot turn shape (2, 3) into (4, 4)", "each length", None),
    "concatenate": (lambda: tg.concatenate([leaf((2, 3)), leaf((3, 4))]), errors.ShapeError, ValueError, "cannot join shapes (2, 3), (3, 4)", "equal lengths", "tg.stack"),
    "concatenate nothing": (lambda: tg.concatenate([]), errors.ShapeError, ValueError, "concatenate got no arrays", "at least one", "Check the list"),
    "squeeze": (lambda: leaf((2, 3)).squeeze(0), errors.ShapeError, ValueError, "squeeze", "length 1", None),
    "index out of range": (lambda: leaf((2, 3))[5], IndexError, IndexError, "5", "2", None),
    "too many indices": (lambda: leaf((2, 3))[0, 0, 0], IndexError, IndexError, "(2, 3)", "2", None),
    "axis out of range": (lambda: leaf((2, 3)).sum(axis=5), errors.AxisError, IndexError, "axis 5", "Axes run from 0 to 1", None),
    "index by float": (lambda: leaf((2, 3))[0.5], errors.DTypeError, TypeError, "Cannot index with float of float64", "An index is an integer", ".astype(int)"),
    "index by text": (lambda: leaf((2, 3))["a"], errors.DTypeError, TypeError, "Cannot index with str", "An index is an integer", None),
    "max of nothing": (lambda: leaf((0, 3)).max(), errors.TinygradLossError, ValueError, "max", "at least one", None),
    "floatx": (lambda: tg.config.set_floatx("float8"), errors.ArgumentError, ValueError, "set_floatx cannot use 'float8'", "'float16'", "tg.config.set_floatx('float64')"),
    "seed": (lambda: tg.set_random_seed(-1), errors.ArgumentError, ValueError, "set_random_seed cannot use -1", "at least 0", "tg.set_random_seed(0)"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_text(name):
    call, kind, builtin, *parts = CASES[name]
    with pytest.raises(kind) as caught:
        call()
    assert isinstance(caught.value, builtin)
    assert isinstance(caught.value, errors.TinygradLossError)
    text = str(caught.value)
    lines = text.split("\n  ")
    assert len(lines) == 3, text
    for line, part in zip(lines, parts, strict=True):
        assert line.strip()
        assert line[-1] in ".?!", line
        assert part is None or part in line, text


@pytest.mark.parametrize(
    ("call", "shown"),
    [
        (lambda: tg.getitem(leaf()), "missing 1 required positional argument: 'index'"),
        (lambda: tg.dropout(leaf(), 0.5), "dropout(x, mask, rate): missing a required argument: 'rate'"),
        (lambda: tg.affine(leaf(), 0, 0, foo=1), "affine(x, w, b): got an unexpected keyword argument 'foo'"),
        (lambda: tg.add(leaf()), "add() missing 1 required positional argument: 'b'"),
        (lambda: tg.softmax(leaf(), 0, 1), "softmax() takes from 1 to 2 positional arguments"),
    ],
)
def test_a_wrong_call_names_the_public_function(call, shown):
    """A wrong call is Python's TypeError; a signature in its text is the public one, without annotations."""
    with pytest.raises(TypeError) as caught:
        call()
    assert shown in str(caught.value)


def test_every_constructor_is_provoked_above():
    constructors = {
        name
        for name, thing in vars(errors).items()
        if inspect.isfunction(thing) and thing.__module__ == errors.__name__ and name not in ("nearest", "failed_call")
    }
    assert constructors == {name.split()[0] for name in CASES} & constructors


def test_the_tree():
    expected = {
        errors.ShapeError: ValueError,
        errors.DTypeError: TypeError,
        errors.ArgumentError: ValueError,
        errors.UnknownNameError: errors.ArgumentError,
        errors.LabelError: errors.ArgumentError,
        errors.GraphError: RuntimeError,
        errors.StaleViewError: errors.GraphError,
        errors.NoRuleError: errors.GraphError,
        errors.NotCompiledError: ValueError,
        errors.GradientError: AssertionError,
        errors.IndexingError: IndexError,
        errors.AxisError: errors.IndexingError,
        errors.RendererError: RuntimeError,
        errors.NoMethodError: AttributeError,
    }
    for kind, parent in expected.items():
        assert issubclass(kind, parent)
        assert issubclass(kind, errors.TinygradLossError)
        assert kind.__name__ in errors.__doc__
    defined = {
        thing
        for thing in vars(errors).values()
        if inspect.isclass(thing) and issubclass(thing, errors.TinygradLossError)
    }
    assert defined == {*expected, errors.TinygradLossError}


@pytest.mark.parametrize(("state", "kind"), [("raise", FloatingPointError), ("warn", RuntimeWarning)])
def test_floating_point_errors_keep_their_class(state, kind):
    """Under np.errstate(all="raise"), or with warnings as errors, the user catches what NumPy would raise."""
    with np.errstate(all=state), pytest.raises(kind, match="divide by zero"):
        tg.log(tg.tensor([0.0]))


def test_an_error_inside_an_op_shows_no_chain_of_numpys():
    with pytest.raises(errors.ShapeError) as caught:
        leaf((2, 3)) + np.ones(4)
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(("name", "expected"), [("adm", "Did you mean 'adam'?"), ("zzz", "Known names: adam, sgd.")])
def test_nearest(name, expected):
    assert errors.nearest(name, ["sgd", "adam"]) == expected
