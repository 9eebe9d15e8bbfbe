"""Weights on disk, in safetensors: numbers and names only, nothing that could run."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from .errors import ArgumentError, ShapeError

__all__ = ["load_weights", "save_weights"]


def save_weights(model: Any, path: str | Path) -> Path:
    """Write every parameter of `model` to `path`, by its name; a file that is there is replaced whole or not at all."""
    from safetensors.numpy import save_file

    model.need_built("save its weights")
    path = Path(path)
    beside = path.with_name(f".{path.name}.part")
    try:
        save_file({name: np.array(parameter.detach(), order="C") for name, parameter in model.named_weights()}, beside)
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)
    return path


def load_weights(model: Any, path: str | Path) -> None:
    """Set every parameter of `model` from `path`.

    Raises:
        ArgumentError: for a file that is missing, or is no safetensors file.
        ShapeError: where names or shapes differ; nothing is changed then.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    model.need_built("load weights")
    try:
        found = load_file(path)
    except (FileNotFoundError, SafetensorError) as error:
        raise ArgumentError(
            f"load_weights cannot read {str(path)!r}: {error}.",
            "It reads files that save_weights wrote, in safetensors.",
            "Check the path.",
        ) from None
    named = dict(model.named_weights())
    if named.keys() != found.keys():
        missing, extra = sorted(named.keys() - found.keys()), sorted(found.keys() - named.keys())
        raise ShapeError(
            f"{str(path)!r} holds the weights of another model.",
            f"Missing there: {', '.join(missing) or 'none'}; unknown here: {', '.join(extra) or 'none'}.",
            "Make the model with the same layers and names.",
        )
    for name, parameter in named.items():
        if parameter.shape != found[name].shape:
            raise ShapeError(
                f"{str(path)!r} has shape {found[name].shape} for {name}.",
                f"Here it has shape {parameter.shape}.",
                "Make the model with the same sizes.",
            )
    for name, parameter in named.items():
        parameter.assign(found[name])
