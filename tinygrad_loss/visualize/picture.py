"""`draw`: the picture of a gradient."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ..compiler import Jitted, Program
from ..core.tensor import Tensor
from ..errors import ArgumentError, RendererError, UnknownNameError, nearest
from .badges import badges_of
from .dot import DIRECTIONS, dot_source
from .drawn import View
from .heat import HEATS
from .mermaid import mermaid_source
from .names import values_in_frame
from .programs import program_of, program_records
from .render import render
from .selecting import selected
from .summary import summary_of
from .text import text_of
from .view import box_count, fitting_depth, title_of, view_of
from .walk import Graph, walk

__all__ = ["Picture", "check_arguments", "draw", "fitting_view", "graph_of", "refuse_for_programs"]


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
            # a page narrower than the picture would cut it off: let it shrink instead
            bundle["image/svg+xml"] = self.svg().replace("<svg ", '<svg style="max-width:100%;height:auto" ', 1)
        except RendererError as error:
            bundle["text/plain"] += f"\n\n{error}"
        return bundle

    def __repr__(self) -> str:
        return self.text()


def draw(
    tensor: Tensor | Any,
    *,
    gradient: Any = None,
    names: Mapping[str, Any] | None = None,
    depth: int | None = None,
    between: tuple[Any, Any] | None = None,
    around: Any = None,
    radius: int = 2,
    heat: str | None = None,
    check: bool = False,
    details: bool | None = None,
    limit: int = 400,
    direction: str = "TB",
) -> Picture:
    """The graph behind a tensor as a picture, with every value and every gradient.

    A box is a value: its op and formula, value, gradient, shape, dtype and memory held. An arrow is a use
    of a value, and says what flows back along it: for numbers "2.0 × 3.0 = 6.0", the gradient received times
    the local derivative; for arrays the norm of the contribution, its gain over the gradient received, and
    its shape. Contributions that meet in a value add up to its gradient. All gradients are those of this
    tensor, computed afresh: earlier calls of `backward` make no difference, and none is needed. A leaf
    whose `.grad` holds something else, such as a sum over two calls, shows both.

    In a notebook the picture shows itself; `print` gives it as text; `.save("graph.svg")` writes .svg, .png,
    .pdf, .dot, .mmd (Mermaid) or .txt. The same program gives the same text, so a saved .dot can be compared.

    Args:
        tensor: what to draw, usually the loss; or a function made by `jit`, or its program: then the boxes are
            the lines of its source.
        gradient: the upstream gradient at `tensor`, of its shape; by default ones.
        names: names for values, {"w": w}. Others are called by their tensor's own name, or as the variables are
            called where `draw` is called.
        depth: fold layers that are nested deeper than this into one box each; 0 folds the outermost. By default
            nothing is folded.
        between: a pair (a, b): draw only the paths from a to b. Values are meant by the tensor, its name, a
            node's id such as "n3", or the name of a layer for all in it.
        around: draw only what is near this value.
        radius: how many arrows away `around` reaches.
        heat: colour the boxes by the norm of their "gradient", so that vanishing and exploding ones stand out,
            or by their "gain": the norm of what an op passes on to other ops (to its leaves if there are no
            others) over that of what it received; below 1 gradients shrink. The scale is logarithmic.
        check: hold the rule of each op against differences at its own values: a tick, or a cross with the error.
        details: False leaves one fact in each box; True keeps all. By default all in small pictures.
        limit: the most boxes drawn. A larger graph has its layers folded, and is summed up if that is not enough.
        direction: where values flow: "TB" to the bottom, "LR" to the right, "BT", "RL".

    Raises:
        GraphError: if there is no graph behind the tensor, or it was freed.
        ArgumentError: for an argument outside what is allowed.

    >>> a, b = tg.tensor(2.0, requires_grad=True), tg.tensor(3.0, requires_grad=True)
    >>> print(tg.draw(a * b))
    multiply: 3 nodes, 24 B held
    <BLANKLINE>
    ●    n2  multiply  y = a·b  value 6.0  gradient 1.0  scalar float64 · 8 B
    ├─╮    ↳ n0 a: 1.0 × 3.0 = 3.0   n1 b: 1.0 × 2.0 = 2.0
    │ ●  n1  b · leaf           value 3.0  gradient 2.0  scalar float64 · 8 B
    ●    n0  a · leaf           value 2.0  gradient 3.0  scalar float64 · 8 B
    """
    check_arguments(names, {"depth": depth, "radius": radius, "limit": limit}, heat, direction)
    refuse_for_programs(tensor, gradient=gradient, names=names, heat=heat, check=check or None)
    graph = graph_of(tensor, gradient, names, values_in_frame(sys._getframe(1)))
    shown = selected(graph, between, around, radius)
    return Picture(fitting_view(graph, shown, depth, limit, heat, check, details), direction)


def fitting_view(
    graph: Graph,
    shown: list[str],
    depth: int | None,
    limit: int,
    heat: str | None = None,
    check: bool = False,
    details: bool | None = None,
) -> View:
    """The view, folded or summed up where it would have more boxes than the limit."""
    count, notes = box_count(graph, shown, depth), []
    if count > limit:
        if depth is None:
            depth = fitting_depth(graph, shown, limit)
            notes = ["layers are folded: " + _over(count, limit)]
        if depth is None or box_count(graph, shown, depth) > limit:
            view = summary_of(graph, shown, title_of(graph, shown))
            part = "Draw a part with between= or around=, fold layers with depth=, or raise limit=."
            view.notes += [f"summed up: {_over(count, limit)}", part]
            return view
    badges = badges_of(graph, shown) if check else None
    view = view_of(graph, shown=shown, depth=depth, heat=heat, badges=badges, details=details)
    view.notes += notes
    return view


def _over(count: int, limit: int) -> str:
    return f"{count:,} boxes would be more than limit={limit:,}"


def graph_of(tensor: Any, gradient: Any, names: Mapping[str, Any] | None, variables: list[tuple[str, Any]]) -> Graph:
    """The records of a tensor, or of a compiled program."""
    program = program_of(tensor)
    if program is not None:
        return program_records(program)
    return walk(tensor, gradient, names, variables)


def refuse_for_programs(drawn: Any, **asked: Any) -> None:
    """Refuse for a compiled program the arguments that only the graph of a tensor has a meaning for."""
    given = [name for name, value in asked.items() if value is not None]
    if given and isinstance(drawn, (Program, Jitted)):
        raise ArgumentError(
            f"{given[0]}= got a value, for a compiled program.",
            "The lines of a program have code and shapes, but no values or gradients while it does not run.",
            "Leave it out, or draw the loss that the function computes when called without jit.",
        )


NUMBERS = {  # the least that each allows, and what it is for
    "depth": (0, "depth=0 folds the outermost layers, depth=1 those inside them."),
    "radius": (0, "radius=1 draws a value with its neighbours."),
    "limit": (1, "limit=1000 allows up to a thousand boxes."),
}


def check_arguments(names: Any, numbers: Mapping[str, Any], heat: Any = None, direction: Any = "TB") -> None:
    """Refuse what `draw` and `explore` cannot take, in the words of the argument that is wrong."""
    if names is not None and not isinstance(names, Mapping):
        raise ArgumentError(
            f"names= got a {type(names).__name__}.",
            "It needs a dict from names to tensors or arrays.",
            'For example  tg.draw(loss, names={"w": w, "x": x}).',
        )
    for name, value in (names or {}).items():
        if not isinstance(name, str) or not isinstance(value, (Tensor, np.ndarray)):
            raise ArgumentError(
                f"names= got a {type(value).__name__} under a key of type {type(name).__name__}.",
                "It needs a dict from names to tensors or arrays.",
                'For example  tg.draw(loss, names={"w": w, "x": x}).',
            )
    for asked, value in numbers.items():
        least, cure = NUMBERS[asked]
        if asked == "depth" and value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
            raise ArgumentError(f"{asked}= got {value!r}.", f"It needs a whole number of at least {least}.", cure)
    if heat is not None:
        _check_choice("heat", heat, HEATS)
    _check_choice("direction", direction, DIRECTIONS)


def _check_choice(asked: str, value: Any, known: Mapping[str, str]) -> None:
    if not isinstance(value, str) or value not in known:
        raise UnknownNameError(
            f"{asked}= got {value!r}.",
            f"It needs one of {', '.join(map(repr, known))}.",
            nearest(value, known) if isinstance(value, str) else f'For example  {asked}="{next(iter(known))}".',
        )
