"""The command line: `tinygrad-loss demo`, `draw`, `explore`, `cards`, `exercises`."""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from types import FrameType, ModuleType, TracebackType
from typing import Any

import numpy as np

from .core.tensor import Tensor
from .demo import run_demo
from .errors import ArgumentError, GradientError, TinygradLossError, nearest
from .teaching import Exercises, cards, exercises
from .teaching.exercise import EXERCISES
from .visualize import draw, explore, record_lines
from .visualize.names import values_in_frame

KEEP = "where progress is kept, such as progress.json"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status: 0 for success, 1 for an error that was explained or a wrong answer."""
    options = _parser().parse_args(arguments)
    try:
        status = options.run(options)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever reads, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except TinygradLossError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        line = _script_line(error.__traceback__, getattr(options, "target", ""))
        if line:
            print(f"  It was raised at {line}.", file=sys.stderr)
        return 1
    return status or 0


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
    drawing.add_argument("--heat", help="colour by the norm of the gradient, or by the gain: gradient or gain")
    drawing.add_argument("--check", action="store_true", help="a tick or a cross for the rule of each op")
    drawing.set_defaults(run=_draw)
    exploring = commands.add_parser("explore", help="a page to look around in the graph, to step through and change it")
    exploring.add_argument("target", metavar="script.py:function", help=target)
    exploring.add_argument("-o", "--output", help="the page (default: function.html)")
    exploring.add_argument("--limit", type=int, help="the most boxes in one view (default: 2000)")
    exploring.set_defaults(run=_explore)
    _add_teaching(commands)
    return parser


def _add_teaching(commands: Any) -> None:
    """The commands `cards` and `exercises`."""
    explaining = commands.add_parser("cards", help="an explanation card for every op, or for some")
    explaining.add_argument("ops", metavar="op", nargs="*", help="such as matmul; left out, all")
    explaining.add_argument("-o", "--output", help=".html, .md, .txt, or - for text (default: cards.html for all ops)")
    explaining.set_defaults(run=_cards)
    learning = commands.add_parser("exercises", help="exercises with a grader that says how an answer is wrong")
    learning.add_argument("--keep", metavar="FILE", help=KEEP)
    learning.set_defaults(run=_list_exercises)
    what = learning.add_subparsers(dest="what")
    what.add_parser("list", help="all exercises").set_defaults(run=_list_exercises)
    what.add_parser("progress", help="what is tried and solved").set_defaults(run=_show_progress)
    for word, text in (("show", "what an exercise asks"), ("hint", "the next hint"), ("solution", "a right answer")):
        one = what.add_parser(word, help=text)
        one.add_argument("name")
        one.set_defaults(run=_tell)
        if word == "hint":
            one.add_argument("-n", "--count", type=int, help="how many hints (default: one more than were read)")
    stubs = what.add_parser("stubs", help="a Python file to fill in")
    stubs.add_argument("names", metavar="name", nargs="*")
    stubs.add_argument("-o", "--output", help="the file (default: print it)")
    stubs.set_defaults(run=_stubs)
    checking = what.add_parser("check", help="check the answers in a Python file")
    checking.add_argument("file", help="functions named after exercises")
    checking.add_argument("names", metavar="name", nargs="*", help="which of them (default: all that are there)")
    checking.set_defaults(run=_check)
    for one in what.choices.values():  # after the word too, without undoing what stands before it
        one.add_argument("--keep", metavar="FILE", default=argparse.SUPPRESS, help=KEEP)


def _demo(options: argparse.Namespace) -> None:
    run_demo(options.folder)


def _draw(options: argparse.Namespace) -> None:
    tensor, names = _run(options.target, lines=False)
    asked = {key: value for key in ("depth", "heat") if (value := getattr(options, key)) is not None}
    picture = draw(tensor, names=names, check=options.check, **asked)
    if options.output == "-":
        print(picture.text())
    else:
        print(f"Wrote {picture.save(options.output or f'{_function_name(options.target)}.svg')}")


def _explore(options: argparse.Namespace) -> None:
    tensor, names = _run(options.target, lines=True)
    limit = {} if options.limit is None else {"limit": options.limit}
    page = explore(tensor, names=names, **limit)
    print(f"Wrote {page.save(options.output or f'{_function_name(options.target)}.html')}")


def _cards(options: argparse.Namespace) -> None:
    deck = cards(*options.ops)
    output = options.output or ("-" if options.ops else "cards.html")
    if output == "-":
        print(deck)
    else:
        print(f"Wrote {deck.save(output)}")
    if deck.wrong:
        raise GradientError(
            f"The derivatives of {', '.join(card.name for card in deck.wrong)} are wrong.",
            "Every rule must agree with differences.",
            "Its card says where it does not.",
        )


def _list_exercises(options: argparse.Namespace) -> None:
    print(_kept(options).list())


def _show_progress(options: argparse.Namespace) -> None:
    print(_kept(options).progress())
    if not options.keep:
        print("Nothing is kept without a file: tinygrad-loss exercises progress --keep progress.json")


def _tell(options: argparse.Namespace) -> None:
    """Show an exercise, a hint or a solution."""
    book = _kept(options)
    if options.what == "hint":
        print(book.hint(options.name, options.count))
        told = max(options.count or 1, 1)
        if not options.keep and told < len(EXERCISES[options.name].hints):
            print(f"\nThe next one: tinygrad-loss exercises hint {options.name} -n {told + 1}")
    else:
        print(book.show(options.name) if options.what == "show" else book.solution(options.name))


def _stubs(options: argparse.Namespace) -> None:
    text = exercises.stubs(*options.names)
    if not options.output:
        print(text)
        return
    path = Path(options.output)
    if path.exists():
        raise ArgumentError(
            f"{options.output!r} is there already.",
            "Stubs are not written over what may be answers.",
            "Give another name: tinygrad-loss exercises stubs -o more.py",
        )
    path.write_text(text, encoding="utf-8")
    print(f"Wrote {path}")


def _check(options: argparse.Namespace) -> int:
    """Check the functions of a file; 1 if one of them is not right."""
    book = _kept(options)
    module = _imported(_existing(options.file))
    found = [name for name in book.names if _is_of(getattr(module, name, None), module)]
    missing = [name for name in options.names if name not in found]
    if missing or not found:
        raise ArgumentError(
            f"{options.file} has no function {missing[0]!r}." if missing else f"{options.file} answers no exercise.",
            "An answer is a function with the name of its exercise.",
            nearest(missing[0], found) if missing and found else "tinygrad-loss exercises stubs -o answers.py",
        )
    verdicts = [book.check(name, getattr(module, name)) for name in options.names or found]
    print("\n".join(map(str, verdicts)))
    if len(verdicts) > 1:
        print(f"{sum(map(bool, verdicts))} of {len(verdicts)} right.")
    return 0 if all(verdicts) else 1


def _kept(options: argparse.Namespace) -> Exercises:
    """The exercises with the progress of the file that was named."""
    book = Exercises("tinygrad-loss exercises {} {}")
    if options.keep:
        book.keep(options.keep)
    return book


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
    tensors = [(name, value) for name, value in variables if isinstance(value, Tensor)]
    named |= {name: value for name, value in tensors if value.name is None}
    if result.name is None and not any(value.node is result.node for _, value in tensors):
        named.setdefault(_function_name(target), result)  # `return a * b`: called as the function is
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
    path = _existing(script)
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


def _existing(script: str) -> Path:
    path = Path(script)
    if path.is_file():
        return path
    there = sorted(str(each) for each in path.parent.glob("*.py")) if path.parent.is_dir() else []
    raise ArgumentError(
        f"There is no file {script!r} in {Path.cwd()}.",
        "It needs the path of a Python file.",
        nearest(script, there) if there else "Say it from the folder you are in, or in full.",
    )


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
