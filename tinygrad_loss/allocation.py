"""Freed memory is kept for the next array, where the C library can be told so."""

from __future__ import annotations

import numpy as np

__all__ = ["keep_freed_memory"]

LARGEST = 2**25 - 2**16  # bytes, a little less than the largest piece from which glibc learns


def keep_freed_memory() -> None:
    """Let the C library keep freed arrays of up to 32 MB, up to 64 MB of them.

    glibc maps a large array anew each time one is made and unmaps it when it dies; the system then fills each of
    its pages with zeros at the first touch. Where every op makes an array, that is up to a third of the time. It
    stops after a larger piece was freed: this one, which is never touched and so takes no memory. Other C
    libraries take no notice.
    """
    np.empty(LARGEST, np.uint8)
