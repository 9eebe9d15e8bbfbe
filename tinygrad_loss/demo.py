"""The demo: Dense layers learn real digits with each of the three optimizers, and the gradients are drawn."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .data import load_digits, train_test_split
from .errors import RendererError
from .layers import Dense
from .losses import SparseCategoricalCrossentropy
from .modes import set_random_seed
from .optimizers import SGD, Adam, GradientDescent
from .training import Callback, Sequential
from .visualize import draw

SEED = 0


class Run(NamedTuple):
    """One optimizer with the settings that suit it."""

    name: str
    optimizer: Any
    epochs: int
    batch_size: int | None


class Progress(Callback):
    """One progress bar for a whole training, with loss and accuracy."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self.title = title

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Open the bar."""
        from tqdm import tqdm

        self.bar = tqdm(total=self.params["epochs"], desc=f"{self.title:<16}", unit="epoch", leave=True)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Move the bar by one epoch."""
        self.bar.update()
        self.bar.set_postfix({key: f"{value:.4f}" for key, value in (logs or {}).items()}, refresh=False)

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        """Close the bar."""
        self.bar.close()


def runs() -> list[Run]:
    """The three optimizers: the same network, each with its own learning rate and number of epochs."""
    return [
        Run("GradientDescent", GradientDescent(learning_rate=0.7), epochs=400, batch_size=None),
        Run("SGD", SGD(learning_rate=0.05, momentum=0.9), epochs=40, batch_size=32),
        Run("Adam", Adam(learning_rate=0.002), epochs=30, batch_size=32),
    ]


def network() -> Sequential:
    """Three Dense layers, the last giving ten probabilities."""
    return Sequential([Dense(256, activation="relu"), Dense(64, activation="relu"), Dense(10, activation="softmax")])


def run_demo(folder: str | Path = ".", show: Any = print) -> dict[str, float]:
    """Train with each optimizer, print test accuracies, draw the gradients of one batch and the loss curves.

    Args:
        folder: where `backprop.svg` (or `backprop.dot`) and `loss_curves.png` are written.
        show: what a line of text is given to.

    Returns: the test accuracy for each optimizer's name.
    """
    folder, start = Path(folder), time.perf_counter()
    images, labels = load_digits(flatten=True)
    split = train_test_split(images, labels)
    show(f"{len(split.x_train):,} handwritten digits to learn from, {len(split.x_test)} held out at random.")
    show("(The file is ordered by writer: holding out its last fifth instead, writers never seen, gives about 91 %.)")
    accuracies, curves = {}, {}
    model = network()
    for run in runs():
        set_random_seed(SEED)
        model = network()
        model.compile(optimizer=run.optimizer, loss=SparseCategoricalCrossentropy(), metrics=["accuracy"])
        history = model.fit(
            split.x_train,
            split.y_train,
            batch_size=run.batch_size,
            epochs=run.epochs,
            verbose=0,
            callbacks=[Progress(run.name)],
        )
        curves[run.name] = history.history["loss"]
        accuracies[run.name] = model.evaluate(split.x_test, split.y_test, verbose=0, return_dict=True)["accuracy"]
    show("")
    for name, accuracy in accuracies.items():
        show(f"{name:<16} test accuracy {accuracy:7.2%}")
    show("")
    draw_gradients(model, split.x_train[:32], split.y_train[:32], folder, show)
    draw_curves(curves, folder, show)
    show(f"Done in {time.perf_counter() - start:.1f} s.")
    return accuracies


def draw_gradients(model: Any, x: Any, y: Any, folder: Path, show: Any) -> None:
    """The graph of one batch with every value and gradient, as SVG or, where nothing renders, as DOT."""
    loss = SparseCategoricalCrossentropy()(y, model(x, training=True))
    loss.backward()
    picture = draw(loss)
    try:
        picture.save(folder / "backprop.svg")
        show(f"Wrote {folder / 'backprop.svg'}: the network's graph with the gradients of one batch.")
    except RendererError:
        picture.save(folder / "backprop.dot")
        show(f"Wrote {folder / 'backprop.dot'}; for SVG:  pip install 'tinygrad-loss[viz]'")


def draw_curves(curves: dict[str, list[float]], folder: Path, show: Any) -> None:
    """The three loss curves as PNG, if matplotlib is installed."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        show("For a picture of the loss curves:  pip install 'tinygrad-loss[plot]'")
        return
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    for name, losses in curves.items():
        axes.plot(np.linspace(0, 1, len(losses)), losses, label=f"{name}, {len(losses)} epochs")
    axes.set(xlabel="share of training done", ylabel="cross-entropy (nats)", yscale="log", title="Training loss")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(folder / "loss_curves.png", dpi=120)
    show(f"Wrote {folder / 'loss_curves.png'}: the three loss curves.")
