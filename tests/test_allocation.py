"""Freed memory is kept: counted by the system's page faults, which do not depend on the load."""

from __future__ import annotations

import subprocess
import sys

import pytest

FAULTS = """
import resource, sys
import numpy as np
if sys.argv[1] == "with":
    import tinygrad_loss

def run():
    for _ in range(20):
        several = [np.ones(2**17) for _ in range(8)]
        del several

run()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
run()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(which):
    done = subprocess.run([sys.executable, "-c", FAULTS, which], capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="counts pages as Linux does")
def test_arrays_made_and_dropped_take_no_new_pages():
    import os

    if "glibc" not in os.confstr("CS_GNU_LIBC_VERSION"):
        pytest.skip("it is glibc that learns")
    assert faults("with") < 1000  # 160 arrays of 256 pages
    assert faults("without") > 10_000  # else the check above would say nothing
