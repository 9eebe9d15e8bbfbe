"""The explorer page: how long Python takes to write it, a browser to open it, and one step in it.

    python benchmarks/bench_explorer.py

It needs playwright and a Chromium on the PATH (or its path in CHROMIUM). Two graphs of about 2,000 nodes:
a network of single numbers, and a long chain whose leaves are used again and again.
"""

from __future__ import annotations

import os
import shutil
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
from timing import machine

import tinygrad_loss as tg

ROUNDS = 7
STEPS = 60  # timed in each round, spread over the whole pass
STEP_TIMES = """([count, jump]) => {
  const slider = document.querySelector("#steps");
  const last = Number(slider.max);
  const times = [];
  for (let k = 0; k < count; k++) {
    slider.value = jump ? Math.round((last * ((k * 37) % count)) / count) : Math.round(last / 2) + k;
    const start = performance.now();
    slider.dispatchEvent(new Event("input"));
    document.querySelector("svg.shown").getBoundingClientRect();  // what the step changed is laid out
    times.push(performance.now() - start);
  }
  return times;
}"""


def network(width: int = 16) -> tg.Tensor:
    """Three layers of neurons, each number a node."""
    random = np.random.default_rng(0)
    values = [tg.tensor(float(x), requires_grad=True) for x in random.normal(size=6)]
    for _ in range(3):
        values = [_neuron(values, random) for _ in range(width)]
    return sum((x * x for x in values[1:]), values[0] * values[0])


def _neuron(values: list[tg.Tensor], random: np.random.Generator) -> tg.Tensor:
    total = tg.tensor(0.1, requires_grad=True)
    for x in values:
        total = total + x * tg.tensor(float(random.normal()), requires_grad=True)
    return np.tanh(total)


def chain(length: int = 650) -> tg.Tensor:
    """One long chain that uses forty leaves in turn."""
    leaves = [tg.tensor(place / 40, requires_grad=True) for place in range(40)]
    y = leaves[0]
    for place in range(length):
        y = np.tanh(y * leaves[place % 40] + 0.1) if place % 3 else y + leaves[7 * place % 40]
    return y


def main() -> None:
    """Print medians over the rounds."""
    from playwright.sync_api import sync_playwright

    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    print(machine())
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        print(f"Chromium {browser.version}\n")
        for name, graph in (("network", network()), ("chain", chain())):
            written, ready, steps, jumps = [], [], [], []
            file = Path(folder) / f"{name}.html"
            for _ in range(ROUNDS):
                start = time.perf_counter()
                explorer = tg.explore(graph)
                explorer.save(file)
                written.append(time.perf_counter() - start)
                page = browser.new_page(viewport={"width": 1400, "height": 900})
                page.goto(file.as_uri())
                page.wait_for_selector("html[data-ready=true]", state="attached")
                ready.append(page.evaluate("performance.getEntriesByName('ready')[0].startTime"))
                steps += page.evaluate(STEP_TIMES, [STEPS, False])[1:]  # the first goes to the middle
                jumps += page.evaluate(STEP_TIMES, [STEPS, True])
                page.close()
            size = file.stat().st_size / 1e6
            print(f"{name}: {len(explorer.graph.nodes):,} nodes, {size:.1f} MB")
            print(f"  written by Python in {statistics.median(written):.2f} s")
            print(f"  ready in the browser {statistics.median(ready):.0f} ms after it was opened")
            print(f"  a step {statistics.median(steps):.1f} ms, the longest of {len(steps)}: {max(steps):.1f} ms")
            print(f"  a jump of the slider {statistics.median(jumps):.1f} ms, the longest {max(jumps):.1f} ms")
        browser.close()


if __name__ == "__main__":
    main()
