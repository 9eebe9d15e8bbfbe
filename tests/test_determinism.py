"""The same seed gives the same bytes: in one process, in another, and whatever order a hash gives to sets."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

import tinygrad_loss as tg

PROGRAM = """
import hashlib
import numpy as np
import tinygrad_loss as tg

tg.set_random_seed(5)
model = tg.Sequential([tg.layers.Dense(8, activation="relu"), tg.layers.Dropout(0.3), tg.layers.Dense(2)])
model.compile(optimizer="adam", loss="mse")
x = np.linspace(-1, 1, 60).reshape(20, 3)
history = model.fit(x, x[:, :2] ** 2, epochs=3, batch_size=6, validation_split=0.2, verbose=0)
weights = b"".join(w.tobytes() for w in model.get_weights())
loss = model.evaluate(x, x[:, :2], verbose=0, return_dict=True)["loss"]
picture = tg.draw(tg.losses.MeanSquaredError()(x[:, :2], model(x))).dot
print(hashlib.sha256(weights + repr((history.history, loss)).encode() + picture.encode()).hexdigest())
"""


def digest_of(hash_seed: str) -> str:
    """What PROGRAM prints in a process of its own."""
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def expected():
    return digest_of("0")


@pytest.mark.parametrize("hash_seed", ["1", "12345"])
def test_training_and_pictures_do_not_depend_on_the_hash_seed(expected, hash_seed):
    assert len(expected) == 64
    assert digest_of(hash_seed) == expected


def test_another_seed_gives_other_weights():
    def weights(seed):
        tg.set_random_seed(seed)
        return tg.layers.Dense(4)(tg.ones((1, 3))).tolist()

    assert weights(1) == weights(1)
    assert weights(1) != weights(2)
