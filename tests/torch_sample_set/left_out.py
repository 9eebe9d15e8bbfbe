"""The entries of PyTorch's operator tests that are not compared, by name, each with its reason."""

from __future__ import annotations

import numpy as np

import tinygrad_loss as tg

from .table import Translation

_REASONS = {
    "Complex numbers are refused for now": """
        view_as_complex complex polar cfloat cdouble chalf stft linalg.eig linalg.eigvals
        fft.fft fft.fft2 fft.fftn fft.ifft fft.ifft2 fft.ifftn fft.rfft fft.rfft2 fft.rfftn fft.irfft fft.irfft2
        fft.irfftn fft.hfft fft.hfft2 fft.hfftn fft.ihfft fft.ihfft2 fft.ihfftn""",
    "Random in every sample: there is nothing to agree on": """
        normal normal.number_mean bernoulli svd_lowrank pca_lowrank nn.functional.multi_head_attention_forward
        nn.functional.fractional_max_pool2d nn.functional.fractional_max_pool3d""",
    "Sparse arrays, which NumPy does not have": "sparse.sampled_addmm sparse.mm.reduce to_sparse",
    "A number format that NumPy does not have": "bfloat16",
    "Reads memory beyond the array that it is given": "as_strided.partial_views",
    "PyTorch's gradient counts values that a later one replaced; differences contradict it": """
        as_strided_scatter nn.functional.max_unpool1d nn.functional.max_unpool2d nn.functional.max_unpool3d""",
    "A step to the next float has no derivative: NumPy's nextafter is refused": "nextafter",
}

LEFT_OUT = {name: reason for reason, names in _REASONS.items() for name in names.split()}

EXCEPTED = "Complex numbers are refused for now"  # with fft: what the library does not claim


def by_name(name):
    """The translation that an entry would have without a word: a function of its name, if there is one."""
    last = name.removeprefix("nn.functional.").rsplit(".", 1)[-1] if not name.startswith("normal") else "normal"
    for place in (np, tg, np.linalg, np.fft):
        if callable(getattr(place, last, None)):
            return Translation(getattr(place, last), composed=False)
    return None
