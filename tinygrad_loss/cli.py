"""The command line: `tinygrad-loss demo`, `draw script.py:function`, `explore script.py:function`."""

from __future__ import annotations

import argparse
import importlib.util
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from types import FrameType, ModuleType, TracebackType
from typing import Any

import numpy as np

from .core.tensor import Tensor
from .demo import run_demo
from .errors import ArgumentError, TinygradLossError, nearest
from .visualize import draw, record_lines
from .visualize.names import values_in_frame


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status: 0 for success, 1 for an error that was explained."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except TinygradLossError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        line = _script_line(error.__traceback__, getattr(options, "target", ""))
        if line:
            print(f"  It was raised at {line}.", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tinygrad-loss", description="A reverse-mode autograd engine on NumPy.")
    commands = parser.add_subparsers(dest="command", required=True)
    demo = commands.add_parser("demo", help="train on real digits with the three optimizers and draw the gradients")
    demo.add_argument("--folder", default=".", help="where the pictures are written (default: here)")
    demo.set_defaults(run=_demo)
    target = "a Python file and a function in it that returns a Tensor: train.py:loss"
    drawing = commands.add_parser("draw", help="draw the graph behind the tensor that a function returns")
    drawing.add_argument("target", metavar="script.py:function", help=target)
    drawing.add_argument("-o", "--output", help=".svg .png .pdf .dot .mmd .txt, or - for text (default: function.svg)")
    drawing.add_argument("--depth", type=int, help="fold layers that are nested deeper than this")
    drawing.set_defaults(run=_draw)
    exploring = commands.add_parser("explore", help="write a page in which that graph can be stepped through")
    exploring.add_argument("target", metavar="script.py:function", help=target)
    exploring.add_argument("-o", "--output", help="the page (default: function.html)")
    exploring.set_defaults(run=_explore)
    return parser


def _demo(options: argparse.Namespace) -> None:
    run_demo(options.folder)


def _draw(options: argparse.Namespace) -> None:
    tensor, names = _run(options.target, lines=False)
    folding = {} if options.depth is None else {"depth": options.depth}
    picture = draw(tensor, names=names, **folding)
    if options.output == "-":
        print(picture.text())
    else:
        print(f"Wrote {picture.save(options.output or f'{_function_name(options.target)}.svg')}")


def _explore(options: argparse.Namespace) -> None:
    from .visualize.explorer import explore

    tensor, names = _run(options.target, lines=True)
    path = Path(options.output or f"{_function_name(options.target)}.html")
    explore(tensor, names=names).save(path)
    print(f"Wrote {path}")


def _function_name(target: str) -> str:
    return target.rpartition(":")[2]


def _run(target: str, lines: bool) -> tuple[Tensor, dict[str, Any]]:
    """The tensor that the script's function returns, and what the function's variables call tensors and arrays."""
    with record_lines(True) if lines else nullcontext():
        function = _load(target)
        result, variables = _called(function, target)
    if not isinstance(result, Tensor):
        raise ArgumentError(
            f"{target} returned {_described(result)}.",
            "It must return the Tensor to look at, such as the loss.",
            "End the function with `return loss`, without .item(), .numpy() or float().",
        )
    named: dict[str, Any] = {name: value for name, value in variables if isinstance(value, np.ndarray)}
    named |= {name: value for name, value in variables if isinstance(value, Tensor) and value.name is None}
    return result, named


def _load(target: str) -> Callable[..., Any]:
    """The function that "script.py:function" stands for; the script is run as an import runs it."""
    script, colon, name = target.rpartition(":")
    if not colon or not script or not name:
        raise ArgumentError(
            f"{target!r} does not name a function.",
            "It needs a Python file, a colon and a function in it.",
            "For example  tinygrad-loss draw train.py:loss",
        )
    path = Path(script)
    if not path.is_file():
        there = sorted(str(each) for each in path.parent.glob("*.py")) if path.parent.is_dir() else []
        raise ArgumentError(
            f"There is no file {script!r} in {Path.cwd()}.",
            "It needs the path of a Python file.",
            nearest(script, there) if there else "Say it from the folder you are in, or in full.",
        )
    module = _imported(path)
    function = getattr(module, name, None)
    if not callable(function):
        functions = [key for key, value in vars(module).items() if callable(value) and _is_of(value, module)]
        raise ArgumentError(
            f"{script} has no function {name!r}.",
            "It needs a function without required arguments that returns a Tensor.",
            nearest(name, functions) if functions else "Put the computation into one: def loss(): ... return loss.",
        )
    return function


def _is_of(value: Any, module: ModuleType) -> bool:
    return getattr(value, "__module__", None) == module.__name__


def _imported(path: Path) -> ModuleType:
    """The script as a module, with its own folder to import from; its `if __name__ == "__main__"` stays shut."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ArgumentError(
            f"{str(path)!r} is not a Python file.",
            "It needs a file whose name ends in .py.",
            "For example  tinygrad-loss draw train.py:loss",
        )
    module = importlib.util.module_from_spec(spec)
    before = sys.modules.get(path.stem)
    sys.modules[path.stem] = module  # dataclasses and pickle look a module up by name
    sys.path.insert(0, str(path.parent.resolve()))
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(path.parent.resolve()))
        if before is None:
            del sys.modules[path.stem]
        else:
            sys.modules[path.stem] = before
    return module


def _called(function: Callable[..., Any], target: str) -> tuple[Any, list[tuple[str, Any]]]:
    """The function's result, with its variables as they were when it returned."""
    variables: list[tuple[str, Any]] = []
    code = getattr(function, "__code__", None)

    def watch(frame: FrameType, event: str, _: Any) -> None:
        if event == "return" and frame.f_code is code:
            variables[:] = values_in_frame(frame)

    before = sys.getprofile()
    sys.setprofile(watch)
    try:
        return function(), variables
    except TypeError as error:
        if error.__traceback__ is not None and error.__traceback__.tb_next is None:  # the call itself was refused
            raise ArgumentError(
                f"{target} cannot be called: {error}.",
                "It is called without arguments.",
                "Give its parameters defaults, or write a function that calls it.",
            ) from None
        raise
    finally:
        sys.setprofile(before)


def _described(value: Any) -> str:
    kind = type(value).__name__
    return "None" if value is None else f"{'an' if kind[0].lower() in 'aeiou' else 'a'} {kind}"


def _script_line(traceback: TracebackType | None, target: str) -> str:
    """The last line of the user's script in a traceback: where an error came from."""
    script, line = target.rpartition(":")[0], ""
    while traceback is not None:
        filename = traceback.tb_frame.f_code.co_filename
        if script and Path(filename).name == Path(script).name:
            line = f"{script}:{traceback.tb_lineno}"
        traceback = traceback.tb_next
    return line
