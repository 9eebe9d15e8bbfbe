"""Draw the picture that the README opens with.

python benchmarks/draw_readme.py
"""

from __future__ import annotations

from pathlib import Path

import tinygrad_loss as tg


def main() -> None:
    x = tg.tensor(2.0, requires_grad=True, name="x")
    w = tg.tensor(-3.0, requires_grad=True, name="w")
    b = tg.tensor(6.8, requires_grad=True, name="b")
    y = tg.tanh(w * x + b)
    y.backward()
    print(tg.draw(y, direction="LR").save(Path(__file__).parent.parent / "notebooks" / "neuron.svg"))


if __name__ == "__main__":
    main()
