"""Who takes part in each family: one list, so that the columns of the table stand in one order."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from turns import Contender, peer

ADAM = 1e-2  # PyTorch's and tinygrad's Adam adds epsilon at another place


def own(build: Callable[..., Any], fits: bool = True) -> list[Contender]:
    """The library's contenders, from one function of the workload and "replay", "eager" or "fit"."""
    ways = ("replay", "eager", "fit") if fits else ("replay", "eager")
    needs = ("tinygrad_loss",)
    return [Contender(f"tinygrad_loss {how}", partial(build, how=how), needs=needs, numpy=True) for how in ways]


def peers(function: str, data_of: Callable[[Any], Any], without: tuple[str, ...] = ()) -> list[Contender]:
    """The frameworks' contenders, built by that function of each file."""
    made = partial(peer, function, data_of)
    everybody = [
        Contender("PyTorch eager", made("in_pytorch"), needs=("torch",), tolerance=ADAM),
        Contender("torch.compile", made("in_pytorch", compiled=True), needs=("torch",), tolerance=ADAM),
        Contender("JAX jit", made("in_jax"), needs=("jax",)),
        Contender("Keras fit", made("in_keras"), needs=("tensorflow", "keras")),
        Contender("Keras fit, 32 steps a call", made("in_keras", per_call=32), needs=("tensorflow", "keras")),
        Contender("HIPS autograd", made("in_autograd"), needs=("autograd",)),
        Contender("MyGrad", made("in_mygrad"), needs=("mygrad",)),
        Contender("tinygrad", made("in_tinygrad"), needs=("tinygrad",), tolerance=ADAM),
    ]
    return [each for each in everybody if each.name not in without]
