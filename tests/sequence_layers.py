"""Layers for sequences and normalizations held against what tests/oracle/layers_sequence.py recorded of Keras."""

from __future__ import annotations

import importlib
import importlib.util
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np

import tinygrad_loss as tg

ORACLE = Path(__file__).parent / "oracle" / "layers_sequence.py"
SPEC = importlib.util.spec_from_file_location("oracle_layers_sequence", ORACLE)
oracle = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(oracle)
RECORDED = json.loads(ORACLE.with_suffix(".json").read_text(encoding="utf-8"))
MODULES = "attention dense dropout embedding noise normalization recurrent wrappers".split()
LAYERS = SimpleNamespace(
    **{
        name: thing
        for module in MODULES
        for name, thing in vars(importlib.import_module(f"tinygrad_loss.layers.{module}")).items()
        if isinstance(thing, type) and issubclass(thing, tg.layers.Layer)
    }
)


def cases(*names):
    """The recorded cases of these layers."""
    return [case for case, (made, *_) in oracle.CASES.items() if made.name in names]


def agree(case):
    """Values, gradients and moving averages are Keras's, to ten digits, from the same weights."""
    tg.config.set_floatx("float64")
    layer = oracle.CASES[case][0].by(LAYERS)
    inputs = [tg.tensor(x, requires_grad=True) for x in oracle.inputs_of(case)]
    oracle.called(layer, case, inputs)
    layer.set_weights(oracle.drawn([w.shape for w in layer.weights]))
    outputs = oracle.called(layer, case, inputs)
    oracle.total(outputs, np.sum).backward()
    gradients = [np.zeros(w.shape) if w.grad is None else w.grad for w in (*inputs, *layer.trainable_weights)]
    detached = [y.detach() for y in oracle.flat(outputs)]
    for part, found in oracle.record(case, layer, detached, gradients, inputs).items():
        assert len(found) == len(RECORDED[case][part]), f"{case}: {part}"
        for mine, theirs in zip(found, RECORDED[case][part], strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=1e-10, atol=1e-11, err_msg=f"{case}: {part}")
