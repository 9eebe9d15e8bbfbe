"""Steps in parts, as Python: a function that goes through some parts of the batch, made once for each thread."""

from __future__ import annotations

from typing import Any

from .ir import Step, Value
from .layout import laid_out
from .split import Rows
from .threads import beside

__all__ = ["write_rows"]


def write_rows(writer: Any, step: Step, name: str) -> None:
    """The factory and its functions at module level, and the lines that run them."""
    rows: Rows = step.function  # type: ignore[assignment]
    inner = _inner(writer, rows)
    namer = writer.namer
    totals = [f"sum_{i}" for i, _ in enumerate(rows.sums)]
    whole = {id(x): x for x in step.arguments if not writer._static(x) and x.source != "host"}
    parted = {id(x): (x, part, axis) for x, part, axis in (*rows.cut, *rows.made)}
    given = {id(x): f"all_{namer.of(x)}" for x, _, _ in parted.values()}
    straight = {key: namer.of(x) for key, x in whole.items() if key not in given}
    parameters = ["first", "last", *given.values(), *straight.values()]
    lines = [_slice(namer.of(part), f"all_{namer.of(x)}", x, axis, rows.parts) for x, part, axis in parted.values()]
    zeros = [] if rows.parts == rows.workers else [f"        {total}.fill(0)" for total in totals]
    writer.head += [
        f"def make_{name}({', '.join(totals)}):  # each thread has memory of its own",
        *(f"    {line}" for line in inner.head),
        "",
        f"    def rows({', '.join(parameters)}):  # some parts of the batch, one after the other",
        *zeros,
        "        for part in range(first, last):",
        *(f"            {line}" for line in (*lines, *inner.body)),
        "",
        "    return rows",
    ]
    _run(writer, rows, name, [*(namer.of(x) for x, _, _ in parted.values()), *straight.values()])


def _inner(writer: Any, rows: Rows) -> Any:
    """A writer for the steps of one part, which shares names with the program's own."""
    namer = writer.namer
    several = rows.parts > rows.workers
    elsewhere = {id(part) for _, part, _ in rows.made} | {id(part) for _, part in rows.sums if not several}
    layout = laid_out(rows.inner, elsewhere=frozenset(elsewhere))
    layout.sums = writer.layout.sums
    for value, part, *_ in (*rows.cut, *rows.made):
        namer.names[id(part)] = namer.of(value)
    for number, (_, part) in enumerate(rows.sums):
        namer.names[id(part)] = f"addend_{number}" if several else f"sum_{number}"
    for step in rows.inner.steps:
        for value in step.results:
            namer.name(value, step.op)
    inner = type(writer)(rows.inner, layout, namer)
    inner.bound, inner.imports = writer.bound, writer.imports
    inner.placed |= writer.placed
    inner.given |= elsewhere
    own = {id(value) for step in rows.inner.steps for value in step.results}
    sums = {id(part): f"sum_{number}" for number, (_, part) in enumerate(rows.sums)}
    for index, step in enumerate(rows.inner.steps):
        inner.step(step)
        total = sums.get(id(step.results[0]))
        if several and total is not None:
            addend, add = namer.of(step.results[0]), inner.function("np.add")
            inner.body.append(f"{add}({total}, {addend}, {total})")
        gone = [namer.of(value) for value in layout.ends.get(index, []) if id(value) in own]
        if gone:
            inner.body.append(f"del {', '.join(gone)}")
    return inner


def _slice(part: str, whole: str, value: Value, axis: int, parts: int) -> str:
    """The line that cuts a part out of an array."""
    length = value.shape[axis] // parts
    here = f"part * {length} : (part + 1) * {length}" if length > 1 else "part : part + 1"
    return f"{part} = {whole}[{':, ' * axis}{here}]"


def _run(writer: Any, rows: Rows, name: str, given: list[str]) -> None:
    """Make a function for each thread, run them, and add up what they summed."""
    namer, head, body = writer.namer, writer.head, writer.body
    totals: list[list[str]] = []
    for worker in range(rows.workers):
        mine = []
        for number, (value, _) in enumerate(rows.sums):
            if not worker and id(value) in writer.placed:
                mine.append(namer.of(value))  # the first thread sums where the result belongs
                continue
            mine.append(f"{name}_sum_{number}_{worker}")
            head.append(f"{mine[-1]} = np.empty({value.shape}, np.{value.dtype.name})")
        totals.append(mine)
        head.append(f"{name}_{worker} = make_{name}({', '.join(mine)})")
    for value, _, _ in rows.made:
        if id(value) not in writer.placed:
            body.append(f"{namer.of(value)} = np.empty({value.shape}, np.{value.dtype.name})")
    ends = zip(rows.bounds, rows.bounds[1:], strict=False)
    calls = [", ".join([f"{name}_{worker}", str(a), str(b), *given]) for worker, (a, b) in enumerate(ends)]
    if rows.workers == 1:
        run, _, arguments = calls[0].partition(", ")
        body.append(f"{run}({arguments})")
    else:
        writer.imports.add("from functools import partial")
        run = namer.function(beside, "side_by_side")
        body.append(f"{run}([{', '.join(f'partial({call})' for call in calls)}])")
    for number, (value, _) in enumerate(rows.sums):
        _total(writer, value, [mine[number] for mine in totals])


def _total(writer: Any, value: Value, parts: list[str]) -> None:
    """The threads' sums added, in their order."""
    made, body = writer.namer.of(value), writer.body
    if id(value) not in writer.placed:
        body.append(f"{made} = {' + '.join(parts)}" if len(parts) > 1 else f"{made} = {parts[0]}.copy()[()]")
        return
    for other in parts[1:]:
        body.append(f"{writer.function('np.add')}({made}, {other}, {made})")
