"""Draw the pictures of the README: one neuron, a network of three layers, and thirty layers in which gradients vanish.

python benchmarks/draw_readme.py [folder]
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

import tinygrad_loss as tg


def neuron() -> tg.visualize.Picture:
    x = tg.tensor(2.0, requires_grad=True, name="x")
    w = tg.tensor(-3.0, requires_grad=True, name="w")
    b = tg.tensor(6.8, requires_grad=True, name="b")
    y = tg.tanh(w * x + b)
    y.backward()
    return tg.draw(y, direction="LR")


def network() -> tg.visualize.Picture:
    tg.set_random_seed(0)
    dense = tg.layers.Dense
    model = tg.Sequential([dense(8, activation="tanh"), dense(8, activation="relu"), dense(3, activation="softmax")])
    images = np.random.default_rng(0).normal(size=(32, 4)).astype("float32")
    labels = np.arange(32) % 3
    loss = tg.losses.SparseCategoricalCrossentropy()(labels, model(images))
    loss.backward()
    return tg.draw(loss, check=True)


def vanishing() -> tg.visualize.Picture:
    tg.set_random_seed(0)
    small = tg.initializers.RandomNormal(stddev=0.15)
    hidden = [tg.layers.Dense(16, activation="tanh", kernel_initializer=small) for _ in range(30)]
    model = tg.Sequential([*hidden, tg.layers.Dense(1)])
    x = np.random.default_rng(0).normal(size=(8, 4))
    loss = tg.losses.MeanSquaredError()(np.ones((8, 1)), model(x))
    return tg.draw(loss, depth=1, heat="gradient")


def main(folder: Path) -> None:
    for picture in (neuron, network, vanishing):
        print(picture().save(folder / f"{picture.__name__}.svg"))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else Path(__file__).parent.parent / "notebooks")
