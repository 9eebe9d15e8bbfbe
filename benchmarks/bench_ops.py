"""The time of every op, forward and forward with backward, as a ratio to PyTorch's eager mode.

    python benchmarks/bench_ops.py
    python benchmarks/bench_ops.py --only gelu,sort --sizes 10000

float32, one thread for both, processor time. Forward records the graph; backward starts from a given gradient and frees
it. Before anything is timed, values and gradients are compared with PyTorch's. Where PyTorch has no
counterpart, marked *, both ratios are to NumPy's forward alone. Without PyTorch all are.
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
from op_cases import FAMILIES, Case

import tinygrad_loss as tg
from tinygrad_loss.core.registry import functions, ops

HAS_TORCH = importlib.util.find_spec("torch") is not None
SIZES = (100, 10_000, 1_000_000)
SMALL, LARGE = SIZES[0], SIZES[-1]
NOT_CALLED_BY_HAND = {"item"}  # part of every op with several results: split, lstm_gates, slogdet, ...
VIEW = "PyTorch makes a view in C++ in less time than Python calls a function"
SHARED = "PyTorch lets the leaf's gradient share memory with the given one, here it is the leaf's own array"
SCALAR = "NumPy computes {} one number at a time on processors without AVX-512, PyTorch several"
LAPACK = "small matrices: the calls to numpy.linalg that make the gradient cost more than what they compute"
FRONT = "the arguments of NumPy's signature are sorted out in Python"
STEPS = "many steps, each a call of NumPy that reads and writes whole arrays; PyTorch has one loop"
SERIES = "a series of many steps, each a call of NumPy"
# By op and what was timed ("forward", "both" or "" for either): why a goal is missed, where it is.
REASONS: dict[tuple[str, str], str] = {
    **{(name, "both"): SHARED for name in ("reshape", "squeeze")},
    ("expand_dims", "both"): f"{VIEW}; {SHARED}",
    **{(name, "forward"): VIEW for name in ("reshape", "squeeze", "expand_dims", "split", "unstack", "swapaxes")},
    **{(name, ""): VIEW for name in ("split", "unstack", "windows")},
    **{(name, ""): SCALAR.format("it") for name in ("arctanh", "arctan2", "logaddexp", "logaddexp2", "remainder")},
    ("expm1", ""): SCALAR.format("expm1"),
    ("sinh", "both"): SCALAR.format("sinh and cosh"),
    ("cosh", "both"): SCALAR.format("sinh and cosh"),
    **{(name, ""): LAPACK for name in ("cholesky", "qr", "eigh", "svd")},
    **{(name, ""): FRONT for name in ("pad", "extend", "index_add", "linspace", "roll", "einsum")},
    **{(name, ""): SERIES for name in ("i0", "i1", "lgamma", "digamma", "polygamma", "erf", "erfc", "erfinv", "sinc")},
    **{(name, ""): STEPS for name in ("gelu", "lstm_gates", "gru_gates", "standardize", "sigmoid", "prod", "cumprod")},
}


def limit(size: int, part: str) -> float:
    """The goal: the largest ratio to PyTorch."""
    return 1.0 if size == SMALL and part == "both" else 3.0


def floating(x: Any) -> bool:
    return getattr(x, "dtype", np.dtype(int)).kind == "f"


def first(result: Any) -> Any:
    """Of several results the first that has a gradient."""
    return next(y for y in result if y.requires_grad) if isinstance(result, (tuple, list)) else result


def ours(name: str, case: Case, inputs: list[Any]) -> tuple[Work, Callable[[Any], list[Any]]]:
    """Forward, and forward with backward from a gradient, giving the gradients of the inputs."""
    op = name.split(maxsplit=1)[0]
    function = case.ours or functions[op]
    xs = [tg.Tensor(x, requires_grad=True) if floating(x) else x for x in inputs]
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
    xs = [torch.tensor(x, requires_grad=floating(x)) for x in (case.layout(*inputs) if case.layout else inputs)]
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
    g, g_other = np.ones(y.shape, y.dtype), torch.ones(y_other.shape, dtype=y_other.dtype)
    pairs = zip(my_both(g), other_both(g_other), strict=True)
    return [
        f"{name}: gradient {i} differs from PyTorch's"
        for i, (a, b) in enumerate(pairs)
        if a is not None and b is not None and not same(a, b)
    ]


def measured(name: str, case: Case, size: int, rounds: int, budget: float) -> dict[str, float]:
    """Our time and its ratio to PyTorch's, for forward and for both, and whether PyTorch has it at all."""
    inputs = case.make(size)
    forward, both = ours(name, case, inputs)
    y: Any = forward()
    g = tg.Tensor(np.random.default_rng(1).normal(size=y.shape).astype(y.dtype))
    works: dict[str, Work] = {"forward": forward, "both": lambda: both(g)}
    peers = ["NumPy", "NumPy"]
    if HAS_TORCH and case.peer:
        import torch

        forward_peer, both_peer = theirs(case, inputs)
        g_peer = torch.tensor(np.ones(tuple(forward_peer().shape), y.dtype))  # type: ignore[attr-defined]
        works |= {"peer": forward_peer, "peer both": lambda: both_peer(g_peer)}
        peers = ["peer", "peer both"]
    else:
        works["NumPy"] = plain(name, case, inputs)
    own = None if case.ours else getattr(np, name, getattr(np.linalg, name, None))
    if own is not None:
        works["NumPy's own"] = lambda: own(*inputs)
    del y
    times = interleaved(works, rounds, budget, clock=time.process_time)
    found = {"seconds": statistics.median(times["both"])}
    for part, peer in zip(("forward", "both"), peers, strict=True):
        found[part] = ratio(times, part, peer)
        if own is not None:
            found[f"{part}, NumPy's own"] = ratio(times, "NumPy's own", peer)
    return found


def reason_for(name: str, size: int, part: str, found: dict[str, float]) -> str:
    """Why a goal is missed: NumPy's own function, measured in the same rounds, or what the table above says."""
    own = found.get(f"{part}, NumPy's own", 0.0)
    if own > limit(size, part) or own > 0.85 * found[part]:
        return f"NumPy's own function alone takes {own:.1f}"
    op = name.split(maxsplit=1)[0]
    return REASONS.get((op, part)) or REASONS.get((op, "")) or "no reason found"


def verdict(results: dict[tuple[str, int], dict[str, float]], starred: set[str]) -> None:
    """The summary: how many hold the goals, and which do not, with the reason where there is one."""
    judged = [(key, part, found[part]) for key, found in results.items() for part in ("forward", "both")]
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
            medians = [
                statistics.median(results[name, n][part] for name in names)
                for n in sizes
                for part in ("forward", "both")
            ]
            print(f"| {family} | {len(names)} | " + " | ".join(f"{m:.2f}" for m in medians) + " |")


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
    """The differentiable ops that no case times."""
    timed = {name.split()[0] for cases in FAMILIES.values() for name in cases}
    return sorted(name for name, op in ops.items() if op.rules and name not in timed | NOT_CALLED_BY_HAND)


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
                line += f"{found['forward']:>21.2f} {found['both']:>6.2f} {found['seconds'] * 1e6:>7,.0f}"
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
