"""`draw`: the picture of a gradient."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from ..core.tensor import Tensor
from ..errors import ArgumentError, RendererError
from .dot import dot_source
from .mermaid import mermaid_source
from .names import values_in_frame
from .render import render
from .text import text_of
from .view import View, view_of
from .walk import walk

__all__ = ["Picture", "draw"]


class Picture:
    """A drawn graph: shown by notebooks, saved by `save`, printed by `text`."""

    def __init__(self, view: View, direction: str = "TB") -> None:
        self.view = view
        self.direction = direction

    @cached_property
    def dot(self) -> str:
        """The picture in DOT, Graphviz's language."""
        return dot_source(self.view, direction=self.direction)

    def svg(self) -> str:
        """The picture as SVG."""
        return render(self.dot, "svg").decode()

    def text(self) -> str:
        """The picture as text for a terminal."""
        return text_of(self.view)

    def mermaid(self) -> str:
        """The picture in Mermaid, which GitHub and many editors draw."""
        return mermaid_source(self.view, self.direction)

    def save(self, path: str | Path) -> Path:
        """Write the picture to `path`: its suffix says how (.svg .png .pdf .dot .mmd .txt).

        Raises:
            ArgumentError: for another suffix.
            RendererError: for SVG, PNG and PDF where nothing can render them.
        """
        path = Path(path)
        plain = {".dot": lambda: self.dot, ".gv": lambda: self.dot, ".mmd": self.mermaid, ".txt": self.text}
        suffix = path.suffix.lower()
        if suffix in plain:
            path.write_text(plain[suffix](), encoding="utf-8")
        elif suffix in (".svg", ".png", ".pdf"):
            path.write_bytes(render(self.dot, suffix[1:]))
        else:
            raise ArgumentError(
                f"save cannot write {path.name!r}.",
                "The suffix says the format: .svg .png .pdf .dot .mmd .txt.",
                'For example  tg.draw(loss).save("graph.svg").',
            )
        return path

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """What a notebook shows: the SVG, or where nothing can render it, the text."""
        bundle = {"text/plain": self.text()}
        try:
            bundle["image/svg+xml"] = self.svg()
        except RendererError as error:
            bundle["text/plain"] += f"\n\n{error}"
        return bundle

    def __repr__(self) -> str:
        return self.text()


def draw(
    tensor: Tensor,
    *,
    gradient: Any = None,
    names: Mapping[str, Any] | None = None,
    direction: str = "TB",
) -> Picture:
    """The graph behind a tensor as a picture, with every value and every gradient.

    >>> a, b = tg.tensor(2.0, requires_grad=True), tg.tensor(3.0, requires_grad=True)
    >>> picture = tg.visualize.draw(a * b)
    >>> print(picture.dot.splitlines()[0])
    digraph gradient {
    """
    found = values_in_frame(sys._getframe(1))
    return Picture(view_of(walk(tensor, gradient, names, found)), direction)
