"""One entry of PyTorch's operator tests, put to both libraries: value, gradient, second derivative."""

from __future__ import annotations

import math
import sys
import types
import unittest
import warnings
import zlib
from functools import cache

import numpy as np

from tinygrad_loss.core.backward import pull_back
from tinygrad_loss.core.tensor import Tensor

from .table import NotCompared


@cache
def entries():
    """The entries of PyTorch's operator tests that have a derivative in float64, by name."""
    if "expecttest" not in sys.modules:  # of it, PyTorch's test classes need a base class, and nothing here needs those
        try:
            import expecttest  # noqa: F401
        except ModuleNotFoundError:
            stand_in = types.ModuleType("expecttest")
            stand_in.TestCase = unittest.TestCase
            sys.modules["expecttest"] = stand_in
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from torch.testing._internal.common_methods_invocations import op_db
    named = {}
    for op in op_db:
        if op.supports_autograd and torch.float64 in op.dtypes:
            named[f"{op.name}.{op.variant_test_name}" if op.variant_test_name else op.name] = op
    return named


def samples(name, count=8):
    """A few of the entry's own sample inputs, spread evenly over all of them, the same in every run."""
    import torch

    op = entries()[name]
    torch.manual_seed(zlib.crc32(name.encode()))
    np.random.seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = list(op.sample_inputs("cpu", torch.float64, requires_grad=True))
    return made[:: math.ceil(len(made) / count)]


def nested(value, change):
    """`value` with `change` applied to everything in its lists, tuples and dicts."""
    if isinstance(value, (list, tuple)):
        return (
            type(value)(nested(x, change) for x in value)
            if type(value) in (list, tuple)
            else tuple(nested(x, change) for x in value)
        )
    if isinstance(value, dict):
        return {k: nested(x, change) for k, x in value.items()}
    return change(value)


def floats_of(result, is_float):
    """The floating arrays of a result, in order."""
    found = []
    nested(result, lambda y: found.append(y) if is_float(y) else None)
    return found


class Sample:
    """The arguments of one call, for either library, with the same floating arrays as leaves."""

    def __init__(self, sample):
        import torch

        self.theirs, self.ours, self._known = [], [], {}
        given = (sample.input, *sample.args), dict(sample.kwargs)
        self.torch_arguments = nested(given, lambda x: self._pair(x)[0] if isinstance(x, torch.Tensor) else x)
        self.arguments = nested(given, self._translated)

    def _pair(self, x):
        import torch

        if id(x) not in self._known:
            if x.is_sparse or x.layout != torch.strided:
                raise NotCompared("sparse")
            if x.is_complex():
                raise NotCompared("complex")
            theirs = x.detach().clone()
            if not x.is_floating_point():
                ours = theirs.numpy()
            else:
                theirs.requires_grad_(x.requires_grad)
                ours = Tensor(theirs.detach().numpy(), requires_grad=x.requires_grad)
                if x.requires_grad:
                    self.theirs.append(theirs)
                    self.ours.append(ours)
            self._known[id(x)] = (theirs, ours, x)
        return self._known[id(x)]

    def _translated(self, x):
        import torch

        if isinstance(x, torch.Tensor):
            return self._pair(x)[1]
        if isinstance(x, torch.Size):
            return tuple(x)
        if isinstance(x, torch.dtype):
            if x.is_complex:
                raise NotCompared("complex")
            return np.dtype(str(x).removeprefix("torch."))
        return x


def compare(name, translation, sample):
    """Raise unless both libraries agree on one sample."""
    import torch

    op, call = entries()[name], Sample(sample)
    args, keywords = call.torch_arguments
    process, rtol = translation.process, translation.rtol
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        plainly = torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH)  # the others have no second order
        with np.errstate(all="ignore"), plainly:
            theirs = op.gradcheck_wrapper(op.op, *args, **keywords)  # makes symmetric what is taken as symmetric
            theirs = process(theirs) if process else sample.output_process_fn_grad(theirs)
            expected = floats_of(theirs, lambda y: isinstance(y, torch.Tensor) and y.is_floating_point())
            args, keywords = call.arguments
            ours = translation.call(*args, **keywords)
            ours = process(ours) if process else ours
            got = floats_of(ours, lambda y: getattr(y, "dtype", np.dtype(int)).kind == "f")
            assert len(got) == len(expected), f"{len(got)} results for {len(expected)}"
            for y, z in zip(got, expected, strict=True):
                assert y.shape == tuple(z.shape), f"shape {y.shape} for {tuple(z.shape)}"
                assert str(y.dtype) == str(z.dtype).removeprefix("torch."), f"dtype {y.dtype} for {z.dtype}"
                np.testing.assert_allclose(plain(y), z.detach().numpy(force=True), rtol, rtol / 10, err_msg="value")
            _compare_gradients(op.supports_gradgrad and translation.order > 1, call, got, expected, rtol)


def plain(y):
    return y.detach().numpy() if isinstance(y, Tensor) else np.asarray(y)


def _compare_gradients(second, call, got, expected, rtol):
    import torch

    random = np.random.default_rng(0)
    weights = [random.normal(size=y.shape) for y in got]
    theirs = sum(((torch.tensor(w) * z).sum() for w, z in zip(weights, expected, strict=True) if z.requires_grad), 0.0)
    if not isinstance(theirs, torch.Tensor) or not call.theirs:
        assert not any(isinstance(y, Tensor) and y.requires_grad for y in got), "a gradient where PyTorch has none"
        return
    total = sum(((w * y).sum() for w, y in zip(weights, got, strict=True)), Tensor(0.0))
    nodes = [x.node for x in call.ours]
    one = Tensor(1.0) if second else 1.0
    found = {} if total.node is None else pull_back([total.node], [one], nodes, record=second)
    first = torch.autograd.grad(theirs, call.theirs, create_graph=second, allow_unused=True)
    for node, z in zip(nodes, first, strict=True):
        close(found.get(node), z, node.value.shape, rtol, "gradient")
    if not second:
        return
    turns = [random.normal(size=np.shape(node.value)) for node in nodes]
    theirs = sum(
        ((torch.tensor(v) * z).sum() for v, z in zip(turns, first, strict=True) if z is not None), torch.tensor(0.0)
    )
    total = sum(((v * found[n]).sum() for v, n in zip(turns, nodes, strict=True) if n in found), Tensor(0.0))
    expected = (
        torch.autograd.grad(theirs, call.theirs, allow_unused=True) if theirs.requires_grad else [None] * len(nodes)
    )
    found = {} if total.node is None else pull_back([total.node], [1.0], nodes)
    for node, z in zip(nodes, expected, strict=True):
        close(found.get(node), z, node.value.shape, rtol * 10, "second derivative")


def close(got, expected, shape, rtol, what):
    got = np.zeros(shape) if got is None else plain(got)
    expected = np.zeros(shape) if expected is None else expected.detach().numpy(force=True)
    if what == "second derivative":  # PyTorch's is NaN where it differentiates a masked infinity
        got, expected = (np.where(np.isnan(expected), 0, z) for z in (got, expected))
    np.testing.assert_allclose(got, expected, rtol, rtol / 10, err_msg=what)


def agree(name, translation):
    """Compare every sample of an entry; how many there were to compare."""
    compared = 0
    for sample in samples(name, translation.samples):
        try:
            compare(name, translation, sample)
        except NotCompared:
            continue
        compared += 1
    return compared
