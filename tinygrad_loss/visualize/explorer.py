"""`explore`: a page in which every value and gradient of a graph can be looked at, stepped through and changed."""

from __future__ import annotations

import html
import json
import re
import sys
from collections.abc import Mapping
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any

from ..core.tensor import Tensor
from ..errors import ArgumentError
from .drawn import Row
from .facts import facts_of
from .folding import deepest, homes, layers_of
from .javascript import WhatIf, what_if
from .layout import laid_out
from .names import values_in_frame
from .picture import Picture, check_arguments, fitting_view, graph_of, refuse_for_programs
from .selecting import selected
from .stepper import brief
from .theme import DARK, LIGHT, Theme
from .view import box_count, title_of, view_of
from .walk import Graph, NodeRecord

__all__ = ["Explorer", "explore"]

READABLE = 600  # boxes: a larger view is not the first to be shown
DRAWN = 400  # boxes of the picture that stands in for the page where no script runs
SCRIPTS = (  # in the order in which they are put together; what stands at the top of one may use those before it
    *("data", "words", "steps", "views", "moving", "arrays"),
    *("panel", "what_if", "state", "search", "main"),
)
HEIGHT = 640  # pixels of the frame in a notebook


class Explorer:
    """A graph as a page of its own: `save` writes it; a notebook shows it in a frame."""

    def __init__(self, graph: Graph, shown: list[str], limit: int) -> None:
        self.graph = graph
        self.shown = shown
        self.limit = limit

    @cached_property
    def html(self) -> str:
        """The page: one file that needs no network and no server."""
        page, style = _part("explorer.html"), _part("explorer.css")
        script = "\n".join(_part(f"{name}.js") for name in SCRIPTS)
        views, svgs = self._views()
        whole = len(self.shown) == len(self.graph.nodes)
        change = (
            what_if(self.graph) if whole else WhatIf(reason="Numbers can be changed where the whole graph is shown.")
        )
        title = title_of(self.graph, self.shown)
        data = facts_of(self.graph, self.shown) | {"title": title, "views": views}
        data["whatIf"] = {"function": change.function, "reason": change.reason}
        parts = {
            "title": html.escape(title),
            "style": _colours(":root", LIGHT) + _colours(":root[data-theme=dark]", DARK) + style,
            "views": "".join(svgs),
            "data": _for_script(json.dumps(data, allow_nan=False, ensure_ascii=False, separators=(",", ":"))),
            "ops": change.script,
            "script": script,
        }
        return re.sub(r"/\*(\w+)\*/", lambda place: parts[place[1]], page)  # once: names may look like places

    def save(self, path: str | Path) -> Path:
        """Write the page to `path`, a file that any browser opens without a network.

        Raises:
            ArgumentError: for a suffix other than .html.
            RendererError: where Graphviz is missing.
        """
        path = Path(path)
        if path.suffix.lower() not in (".html", ".htm"):
            raise ArgumentError(
                f"save cannot write {path.name!r}.",
                "The explorer is a page of HTML.",
                'For example  tg.explore(loss).save("backprop.html").',
            )
        path.write_text(self.html, encoding="utf-8")
        return path

    def _views(self) -> tuple[list[dict[str, Any]], list[str]]:
        """The layouts: layers folded at each depth, and all nodes; with the one to begin with marked."""
        views: list[dict[str, Any]] = []
        svgs = []
        sizes: dict[int, int] = {}
        for depth in [*range(deepest(self.graph, self.shown)), None]:
            count = box_count(self.graph, self.shown, depth)
            if count <= self.limit and count not in sizes.values():
                sizes[len(views)] = count
                view, svg = self._view(depth, "full" if depth is None else f"layers{depth}")
                views.append(view)
                svgs.append(svg)
        if not views:
            raise ArgumentError(
                f"explore got a graph whose smallest view has {count:,} boxes, over limit={self.limit:,}.",
                "A page of so many boxes cannot be read, and is slow in a browser.",
                "Show a part with between= or around=, or raise limit=.",
            )
        readable = [place for place, size in sizes.items() if size <= READABLE]
        views[readable[-1] if readable else 0]["first"] = True
        missing = box_count(self.graph, self.shown, None)
        if missing > self.limit:
            views[-1]["note"] = f"All {missing:,} nodes would be over limit={self.limit:,}: layers are folded."
        return views, svgs

    def _view(self, depth: int | None, name: str) -> tuple[dict[str, Any], str]:
        graph, shown = self.graph, self.shown
        view = view_of(graph, shown=shown, depth=depth, details=False)
        home = homes(graph, shown, depth)
        layers = layers_of(graph, home, depth)
        folded = {
            box: {"members": [each.id for each in layer.members], "outputs": [each.id for each in layer.outputs]}
            for box, layer in layers.items()
        }
        for box in view.boxes:  # wide enough for what the page writes into it
            held = layers[box.id].outputs if box.id in layers else [graph.nodes[box.id]]
            texts = (" and ".join(map(brief, values)) for values in _shown(held))
            box.rows = box.rows and [Row("", [text]) for text in texts]
        laid = laid_out(view, name)
        label = "all nodes" if depth is None else "layers" if depth == 0 else f"layers, {depth + 1} deep"
        titles = {box.id: box.title for box in view.boxes if box.id in layers}
        return {"name": name, "label": label, "layers": folded, "titles": titles}, laid.svg

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """What a notebook shows: the page in a frame of its own; the picture where only pictures are shown."""
        picture = Picture(fitting_view(self.graph, self.shown, None, DRAWN))
        bundle = picture._repr_mimebundle_()
        if "image/svg+xml" in bundle:
            page = html.escape(self.html, quote=True)
            style = f"width:100%;height:{HEIGHT}px;border:1px solid #8884"
            bundle["text/html"] = f'<iframe srcdoc="{page}" style="{style}"></iframe>'
        return bundle

    def __repr__(self) -> str:
        return f'<Explorer of {title_of(self.graph, self.shown)}; .save("backprop.html") writes the page>'


def explore(
    tensor: Tensor | Any,
    *,
    gradient: Any = None,
    names: Mapping[str, Any] | None = None,
    between: tuple[Any, Any] | None = None,
    around: Any = None,
    radius: int = 2,
    limit: int = 2000,
) -> Explorer:
    """The graph behind a tensor as a page to look around in: one HTML file that works without a network.

    In the page: click a box for its value and gradient (as a table or an image), its formula, its rule and
    local derivatives, its shape, memory and the line of your program that made it (inside
    `with tg.record_lines(True):`); step through the forward and then the backward pass and watch each
    contribution arrive; fold the layers or see all nodes; search; and in graphs of single numbers change a
    number and see every value and gradient follow at once. The keys are listed under `?`.

    `.save("backprop.html")` writes the page. A notebook shows it in a frame. All gradients are those of
    this tensor, computed afresh, as in `draw`.

    Args:
        tensor: what to explore, usually the loss; or a function made by `jit`, or its program.
        gradient: the upstream gradient at `tensor`, of its shape; by default ones.
        names: names for values, {"w": w}. Others are called by their tensor's own name, or as the variables are
            called where `explore` is called.
        between: a pair (a, b): only the paths from a to b, as in `draw`.
        around: only what is near this value.
        radius: how many arrows away `around` reaches.
        limit: the most boxes in one view. A larger graph is shown with its layers folded.

    Raises:
        GraphError: if there is no graph behind the tensor, or it was freed.
        ArgumentError: for an argument outside what is allowed, and for a graph that cannot be folded enough.
        RendererError: when the page is made, where Graphviz is missing.

    >>> a, b = tg.tensor(2.0, requires_grad=True), tg.tensor(3.0, requires_grad=True)
    >>> tg.explore(a * b)
    <Explorer of multiply: 3 nodes, 24 B held; .save("backprop.html") writes the page>
    """
    check_arguments(names, {"radius": radius, "limit": limit})
    refuse_for_programs(tensor, gradient=gradient, names=names)
    graph = graph_of(tensor, gradient, names, values_in_frame(sys._getframe(1)))
    return Explorer(graph, selected(graph, between, around, radius), limit)


def _shown(records: list[NodeRecord]) -> tuple[list[Any], list[Any]]:
    """The values of a box, and the gradients that there are."""
    return [record.value for record in records], [g for record in records if (g := record.gradient) is not None]


def _part(name: str) -> str:
    """A file of the page, as it stands in the package."""
    return files(__package__).joinpath("page", name).read_text(encoding="utf-8")


def _colours(selector: str, theme: Theme) -> str:
    """A theme as CSS variables."""
    plain = ("paper", "ink", "faint", "line", "gradient", "layer", "layer_line", "good", "bad")
    variables = [f"--{name.replace('_', '-')}:{getattr(theme, name)}" for name in plain]
    variables += [f"--{kind}-fill:{colour}" for kind, colour in theme.fills.items()]
    variables += [f"--{kind}-border:{colour}" for kind, colour in theme.borders.items()]
    return f"{selector}{{{';'.join(variables)}}}\n"


def _for_script(text: str) -> str:
    """JSON as it may stand inside a script element: nothing in it can end the element or open another."""
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
