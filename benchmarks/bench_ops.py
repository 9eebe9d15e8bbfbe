"""The time of every op, forward and forward with backward, as a ratio to PyTorch's eager mode.

    python benchmarks/bench_ops.py
    python benchmarks/bench_ops.py --only gelu,sort --sizes 10000

float32, one thread for both, processor time. Forward records the graph; backward starts from a given gradient and frees
it. Ops without a derivative have forward alone. Before anything is timed, values and gradients are compared
with PyTorch's. Where PyTorch has no counterpart, marked *, both ratios are to NumPy's forward alone. Without
PyTorch all are. Where a goal is missed, NumPy's own function, or the op's kernel and rule on plain arrays, are
timed beside PyTorch as well: they tell what NumPy costs, and what recording does.
"""

from __future__ import annotations

import argparse
import importlib.util
import operator
import statistics
import time
import warnings
from collections.abc import Callable
from typing import Any

from timing import Work, interleaved, machine, one_blas_thread, ratio

one_blas_thread()

import numpy as np
from op_bare import Bare
from op_cases import FAMILIES, Case
from op_constants import CONSTANT

import tinygrad_loss as tg
from tinygrad_loss.core.registry import functions, ops

HAS_TORCH = importlib.util.find_spec("torch") is not None
SIZES = (100, 10_000, 1_000_000)
SMALL, LARGE = SIZES[0], SIZES[-1]
FAMILIES = {**FAMILIES, "without a derivative": CONSTANT}
# `item` is part of every op with several results (split, lstm_gates, slogdet, ...), `last_writes` of index_set,
# `places_in_order` of sort; the others are the rules of pooling and of padding with what is there, timed with these.
NOT_CALLED_BY_HAND = {"item", "last_writes", "places_in_order", "fold"} | {
    f"{op}_{rule}" for op in ("max_pool", "average_pool") for rule in ("gradient", "tangent")
}
VIEW = "PyTorch makes a view in C++ in less time than Python calls a function"
SHARED = "PyTorch lets the leaf's gradient share memory with the given one, here it is the leaf's own array"
SCALAR = "NumPy computes {} one number at a time on processors without AVX-512, PyTorch several"
LAPACK = "small matrices: the calls to numpy.linalg cost more than what they compute"
FRONT = "the arguments of NumPy's signature are sorted out in Python"
STEPS = "several calls of NumPy, each with its own cost and its own passage over the array; PyTorch has one loop"
SERIES = "a series of many steps, each a call of NumPy"
TABLE = "a polynomial looked up in a table, in steps that are each a call of NumPy"
ORDER = "NumPy combines one element after the other, PyTorch several at a time"
PAIRS = "np.add.reduce adds in an order that keeps rounding small, with few additions at a time"
MASK = "a comparison, its mask widened to the numbers' bits, the choice by it: NumPy has no single loop for that"
ROWS = "NumPy takes rows that do not follow one another in memory one by one"
EXACT = "of log2, which NumPy computes one number at a time but precisely; its fast log errs by up to 3.8 units"
NUMBERED = "every element's number is made first, then ufunc.at takes one after the other; PyTorch goes by rows"
ROUNDS = "rows named first are gathered, combined and put back, then those named again: three passages each"
GATHERED = "the numbers of the elements, all axes counted through, are made before they are taken"
OVERLAP = "masks, counts and sums of every place in the window, each a call of NumPy; PyTorch has kept the index"
PATCHES = "patches are copied, and each image is multiplied: calls of NumPy that cost more than so few numbers"
FOLDED = "each side of each axis is copied, or added back, by a call of its own"
SHARES = "its two gradients each count anew how many share the extreme, in a dozen calls of NumPy"
UNUSED = "the three results share one record: zeros are made for the mean and variance, which nothing used"
# By op and what was timed ("forward", "both" or "" for either), with the size in between, or in its place, where it
# matters: why a goal is missed, where it is. What is printed beside it is measured in the same run.
REASONS: dict[tuple[Any, ...], str] = {
    **{(name, "both"): SHARED for name in ("reshape", "squeeze")},
    ("expand_dims", "both"): f"{VIEW}; {SHARED}",
    **{
        (name, "forward"): VIEW
        for name in ("reshape", "squeeze", "expand_dims", "split", "unstack", "swapaxes", "stop_gradient")
    },
    **{(name, ""): VIEW for name in ("split", "unstack", "windows")},
    **{(name, ""): SCALAR.format("it") for name in ("arctan2", "remainder", "floor_divide")},
    **{(name, "both"): SCALAR.format("it") for name in ("fmod", "arctan", "arcsin", "arccos", "tan", "exp2")},
    ("expm1", ""): SCALAR.format("expm1"),
    ("sinh", "both"): SCALAR.format("sinh and cosh"),
    ("cosh", "both"): SCALAR.format("sinh and cosh"),
    **{(name, ""): EXACT for name in ("log1p", "log10", "arctanh", "logaddexp", "logaddexp2")},
    **{(name, SMALL): STEPS for name in ("log1p", "arctanh", "logaddexp", "logaddexp2")},
    **{(name, ""): LAPACK for name in ("cholesky", "qr", "eigh", "svd")},
    **{(name, ""): FRONT for name in ("pad", "linspace", "roll", "einsum")},
    **{(name, ""): TABLE for name in ("lgamma", "digamma", "polygamma", "erf", "erfc", "erfinv", "gelu")},
    **{(name, ""): SERIES for name in ("i0", "i1", "sinc")},
    **{(name, ""): PAIRS for name in ("sum", "mean")},
    **{(name, ""): ORDER for name in ("prod", "cumprod", "cumsum", "logcumsumexp", "running_argmax")},
    **{(name, ""): MASK for name in ("threshold", "hard_shrink", "soft_shrink", "relu")},
    ("diff", ""): ROWS,
    **{(name, 10_000): NUMBERED for name in ("scatter_add", "index_add", "index_max", "index_min")},
    **{(name, LARGE): ROUNDS for name in ("scatter_add", "index_add", "index_max", "index_min")},
    **{(name, SMALL, "both"): SHARES for name in ("index_max", "index_min")},
    ("take_along_axis", ""): GATHERED,
    ("max_pool", "both"): OVERLAP,
    **{(name, SMALL): PATCHES for name in ("convolution", "convolution_image")},
    ("extend", ""): FOLDED,
    ("standardize", "both"): f"{STEPS}; {UNUSED}",
}


def limit(size: int, part: str) -> float:
    """The goal: the largest ratio to PyTorch."""
    return 1.0 if size == SMALL and part == "both" else 3.0


def floating(x: Any) -> bool:
    return getattr(x, "dtype", np.dtype(int)).kind == "f"


def parts_of(case: Case) -> tuple[str, ...]:
    """What is timed of it."""
    return ("forward",) if case in CONSTANT.values() else ("forward", "both")


def first(result: Any) -> Any:
    """Of several results the first that has a gradient."""
    return next(y for y in result if y.requires_grad) if isinstance(result, (tuple, list)) else result


def leaf(x: Any, graded: bool) -> Any:
    """An input of ours: floats get gradients; where nothing does, all are Tensors."""
    return tg.Tensor(x, requires_grad=graded) if floating(x) or not graded else x


def ours(name: str, case: Case, inputs: list[Any]) -> tuple[Work, Callable[[Any], list[Any]]]:
    """Forward, and forward with backward from a gradient, giving the gradients of the inputs."""
    op = name.split(maxsplit=1)[0]
    function = case.ours or functions[op]
    xs = [leaf(x, "both" in parts_of(case)) for x in inputs]
    leaves = [x for x in xs if isinstance(x, tg.Tensor)]

    def both(g: Any) -> list[Any]:
        first(function(*xs)).backward(g, retain_graph=False)
        found = [leaf.grad for leaf in leaves]
        for leaf in leaves:
            leaf.grad = None
        return found

    return lambda: first(function(*xs)), both


def theirs(case: Case, inputs: list[Any]) -> tuple[Work, Callable[[Any], list[Any]]]:
    """The same in PyTorch."""
    import torch

    function = operator.attrgetter(case.peer)(torch) if isinstance(case.peer, str) else None
    graded = "both" in parts_of(case)
    given = case.layout(*inputs) if case.layout else inputs
    xs = [torch.tensor(x, requires_grad=floating(x) and graded) for x in given]
    leaves = [x for x in xs if x.requires_grad]

    def forward() -> Any:
        return first(function(*xs) if function else case.peer(torch, *xs))

    def both(g: Any) -> list[Any]:
        forward().backward(g)
        found = [leaf.grad for leaf in leaves]
        for leaf in leaves:
            leaf.grad = None
        return found

    return forward, both


def plain(name: str, case: Case, inputs: list[Any]) -> Work:
    """NumPy's forward alone: the same call on plain arrays."""
    function = case.ours or functions[name.split(maxsplit=1)[0]]
    return lambda: function(*inputs)


def same(a: Any, b: Any) -> bool:
    """Whether two arrays agree in single precision; where only the order of axes differs, sorted."""
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape:
        a, b = np.sort(a, None), np.sort(b, None)
    return a.shape == b.shape and bool(np.allclose(a, b, rtol=1e-2, atol=1e-3 * max(1.0, float(np.abs(b).max()))))


def compared(name: str, case: Case) -> list[str]:
    """What differs between our values and gradients and PyTorch's, at the smallest size."""
    import torch

    inputs = case.make(SMALL)
    (mine, my_both), (other, other_both) = ours(name, case, inputs), theirs(case, inputs)
    y, y_other = mine(), other()
    if not same(y.detach(), y_other.detach()):
        return [f"{name}: the values differ from PyTorch's"]
    if "both" not in parts_of(case):
        return []
    g, g_other = np.ones(y.shape, y.dtype), torch.ones(y_other.shape, dtype=y_other.dtype)
    pairs = zip(my_both(g), other_both(g_other), strict=True)
    return [
        f"{name}: gradient {i} differs from PyTorch's"
        for i, (a, b) in enumerate(pairs)
        if a is not None and b is not None and not same(a, b)
    ]


def measured(name: str, case: Case, size: int, rounds: int, budget: float) -> dict[str, float]:
    """Our time and its ratio to PyTorch's, for forward and for both; where a goal is missed that of its parts too."""
    inputs = case.make(size)
    forward, both = ours(name, case, inputs)
    y: Any = forward()
    graded = "both" in parts_of(case)
    g = tg.Tensor(np.random.default_rng(1).normal(size=y.shape).astype(y.dtype)) if graded else None
    works: dict[str, Work] = {"forward": forward, **({"both": lambda: both(g)} if graded else {})}
    peers: dict[str, Work] = dict.fromkeys(works, plain(name, case, inputs))
    if HAS_TORCH and case.peer:
        import torch

        forward_peer, both_peer = theirs(case, inputs)
        g_peer = torch.ones(forward_peer().shape, dtype=forward_peer().dtype) if graded else None
        peers = {"forward": forward_peer, "both": lambda: both_peer(g_peer)}
    del y
    works |= {f"peer of {part}": peers[part] for part in works}
    times = interleaved(works, rounds, budget, clock=time.process_time)
    found = {"seconds": statistics.median(times[parts_of(case)[-1]])}
    for part in parts_of(case):
        found[part] = ratio(times, part, f"peer of {part}")
        if case.peer and found[part] > limit(size, part):
            causes = alone(name, case, inputs, part, g) | {"whole": works[part], "peer": peers[part]}
            again = interleaved(causes, rounds, budget, clock=time.process_time)
            found |= {f"{part}, {cause}": ratio(again, cause, "peer") for cause in causes}
            found[part] = min(found[part], found[f"{part}, whole"])  # a busy moment is no miss
    return found


def alone(name: str, case: Case, inputs: list[Any], part: str, g: Any) -> dict[str, Work]:
    """What of our time could be the cause: NumPy's function of that name, the kernels and rules without recording."""
    own = None if case.ours else getattr(np, name, getattr(np.linalg, name, None))
    works: dict[str, Work] = {} if own is None else {"NumPy's own": lambda: own(*inputs)}
    made = ours(name, case, inputs)[0]()
    if part == "both":
        return works | {"calls": Bare(made).both(g.data)}
    return works | {"calls": plain(name, case, inputs) if made._node is None else Bare(made).forward}


def reason_for(name: str, size: int, part: str, found: dict[str, float]) -> str:
    """Why a goal is missed: by what was timed beside it, and what the table above says of the op."""
    own, calls = found.get(f"{part}, NumPy's own", 0.0), found.get(f"{part}, calls", 0.0)
    if 0.85 * min(limit(size, part), found[part]) < own < 1.2 * found[part]:
        return f"NumPy's own function alone takes {own:.1f}"
    op = name.split(maxsplit=1)[0]
    keys: list[tuple[Any, ...]] = [(op, size, part), (op, size), (op, part), (op, "")]
    why = next((REASONS[key] for key in keys if key in REASONS), "")
    if part == "both" and why == VIEW:
        why = ""
    what = "kernel alone takes" if part == "forward" else "kernel and rules alone take"
    if calls > 0.85 * limit(size, part):
        return f"its {what} {calls:.2f}: {why or STEPS}"
    rest = [] if SHARED in why and size > SMALL else ["the rest is recording in Python"]
    return f"its {what} {calls:.2f}; {'; '.join(rest + [why] * bool(why))}"


def verdict(results: dict[tuple[str, int], dict[str, float]], starred: set[str]) -> None:
    """The summary: how many hold the goals, and which do not, with the reason where there is one."""
    judged = [
        (key, part, found[part]) for key, found in results.items() for part in ("forward", "both") if part in found
    ]
    judged = [each for each in judged if each[0][0] not in starred]
    missed = [(key, part, r) for key, part, r in judged if r > limit(key[1], part)]
    print(f"\n{len(judged) - len(missed)} of {len(judged)} ratios hold the goals:", end=" ")
    print(f"forward with backward at most 1 at {SMALL:,}, all others at most 3.")
    for (name, size), part, r in sorted(missed, key=lambda each: -each[2] / limit(each[0][1], each[1])):
        reason = reason_for(name, size, part, results[name, size])
        print(f"  {name} at {size:,}, {'forward' if part == 'forward' else 'with backward'}: {r:.2f}; {reason}")


def by_family(results: dict[tuple[str, int], dict[str, float]], starred: set[str], sizes: list[int]) -> None:
    """The medians of each family, as a table in Markdown."""
    print(
        "\n| median ratio to PyTorch | cases | " + " | ".join(f"{n:,}: forward | with backward" for n in sizes) + " |"
    )
    print("|---|---|" + "---|" * 2 * len(sizes))
    groups = {**FAMILIES, "all": {name: case for cases in FAMILIES.values() for name, case in cases.items()}}
    for family, cases in groups.items():
        names = [name for name in cases if name not in starred and (name, sizes[0]) in results]
        if names:
            columns = [(n, part) for n in sizes for part in ("forward", "both")]
            found = [[results[name, n][part] for name in names if part in results[name, n]] for n, part in columns]
            medians = [f"{statistics.median(each):.2f}" if each else "–" for each in found]
            print(f"| {family} | {len(names)} | " + " | ".join(medians) + " |")


def error_function() -> None:
    """erf and the exact gelu, beside np.tanh and SciPy's erf."""
    print("\nA million numbers, forward, as a ratio to np.tanh (goal for gelu: 7 in float64, 10 in float32)")
    for dtype in (np.float64, np.float32):
        x = np.random.default_rng(0).normal(size=1_000_000).astype(dtype)
        works: dict[str, Work] = {
            "np.tanh": lambda x=x: np.tanh(x),
            "erf": lambda x=x: functions["erf"](x),
            "gelu": lambda x=x: functions["gelu"](x),
        }
        if importlib.util.find_spec("scipy") is not None:
            from scipy import special

            works["SciPy's erf"] = lambda x=x: special.erf(x)
        times = interleaved(works, rounds=7, budget=0.02, clock=time.process_time)
        ratios = [f"{name} {ratio(times, name, 'np.tanh'):.2f}" for name in works]
        print(f"  {np.dtype(dtype).name}: {', '.join(ratios)}")


def missing() -> list[str]:
    """The ops that no case times."""
    timed = {name.split()[0] for cases in FAMILIES.values() for name in cases}
    return sorted(name for name in ops if name not in timed | NOT_CALLED_BY_HAND)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="names of ops or cases, with commas")
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--budget", type=float, default=0.006, help="about how many seconds each call takes in a round")
    options = parser.parse_args()
    only, sizes = {name for name in options.only.split(",") if name}, [int(n) for n in options.sizes.split(",")]
    warnings.simplefilter("ignore")  # of PyTorch, about things it may drop
    if HAS_TORCH:
        import torch

        torch.set_num_threads(1)
    start = time.perf_counter()
    print(machine("numpy", "torch"))
    results: dict[tuple[str, int], dict[str, float]] = {}
    starred, differences = set(), []
    print(f"\n{'':34}" + "".join(f"{n:>12,}: forward   both      µs" for n in sizes))
    for family, cases in FAMILIES.items():
        chosen = {name: case for name, case in cases.items() if not only or {name, name.split()[0]} & only}
        if chosen:
            print(family)
        for name, case in chosen.items():
            if HAS_TORCH and case.peer:
                differences += compared(name, case)
            else:
                starred.add(name)
            line = f"  {name + ('*' if name in starred else ''):<32}"
            for n in sizes:
                found = results[name, n] = measured(name, case, n, options.rounds, options.budget)
                both = f"{found['both']:.2f}" if "both" in found else "–"
                line += f"{found['forward']:>21.2f} {both:>6} {found['seconds'] * 1e6:>7,.0f}"
            print(line, flush=True)
    by_family(results, starred, sizes)
    if not only or only & {"erf", "gelu"}:
        error_function()
    verdict(results, starred)
    print("\n".join(differences) or "Values and gradients are PyTorch's.")
    print(f"{time.perf_counter() - start:.0f} s")
    if missing() and not only:
        raise SystemExit(f"These ops are timed nowhere: {', '.join(missing())}. Add a case for each.")


if __name__ == "__main__":
    main()
