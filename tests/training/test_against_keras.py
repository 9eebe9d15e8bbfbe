"""fit and evaluate against Keras, from the same weights in float64: recorded by tests/oracle/training.py."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

import tinygrad_loss as tg

ORACLE = Path(__file__).parent.parent / "oracle" / "training.py"
SPEC = importlib.util.spec_from_file_location("oracle_training", ORACLE)
oracle = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(oracle)
RECORDED = json.loads(ORACLE.with_suffix(".json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", oracle.CASES)
def test_history_and_evaluation_are_keras(case):
    tg.config.set_floatx("float64")
    mine = oracle.run(tg, case)
    for part in ("history", "evaluate"):
        assert mine[part].keys() == RECORDED[case][part].keys()
        for name, values in RECORDED[case][part].items():
            np.testing.assert_allclose(mine[part][name], values, rtol=1e-6, atol=1e-9, err_msg=f"{case}: {part} {name}")
