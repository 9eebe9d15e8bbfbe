"""Names: of layers ("dense_1"), and of the classes that a string such as "glorot_uniform" stands for."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from ..errors import unknown_name


def snake_case(name: str) -> str:
    """A class name as a plain name, as Keras writes it: GlorotUniform is glorot_uniform.

    >>> from tinygrad_loss.layers.names import snake_case
    >>> snake_case("GlorotUniform"), snake_case("ReLU"), snake_case("MaxPooling2D")
    ('glorot_uniform', 're_lu', 'max_pooling2d')
    """
    return re.sub(r"(?<=.)(?=[A-Z][a-z])|(?<=[a-z])(?=[A-Z])", "_", name).strip("_").lower()


def free_name(wanted: str, taken: Collection[str]) -> str:
    """`wanted`, or with the first number after it that makes it new: dense, dense_1, dense_2."""
    name, number = wanted, 0
    while name in taken:
        number += 1
        name = f"{wanted}_{number}"
    return name


def by_name(kind: str, identifier: Any, base: type, classes: dict[str, type]) -> Any:
    """The object that a user's identifier stands for: a name, a class, an object, a function, or None.

    Raises:
        UnknownNameError: for a name that is not in `classes`, or anything that cannot be called.
    """
    if identifier is None:
        return None
    if isinstance(identifier, type) and issubclass(identifier, base):
        return identifier()
    if callable(identifier):
        return identifier
    if isinstance(identifier, str):
        found = classes.get(identifier)
        for each in classes.values():
            found = each if each.__name__ == identifier else found
        if found is not None:
            return found()
    raise unknown_name(kind, identifier, classes)
