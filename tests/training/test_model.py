"""Models: fit, evaluate, predict, callbacks, weights on disk, summaries, determinism."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_loss as tg

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(40, 3))
Y = (X @ np.array([1.0, -2.0, 0.5]))[:, None]


def model(**compiled):
    made = tg.Sequential([tg.layers.Dense(6, activation="tanh"), tg.layers.Dense(1)])
    made.compile(**{"optimizer": tg.optimizers.Adam(0.05), "loss": "mse", **compiled})
    return made


def test_fit_lowers_the_loss_and_counts_steps():
    made = model()
    history = made.fit(X, Y, epochs=30, batch_size=16, verbose=0)
    assert history.history["loss"][-1] < history.history["loss"][0] / 5
    assert history.epoch == list(range(30))
    assert history.params == {"verbose": 0, "epochs": 30, "steps": 3}
    assert made.optimizer.iterations == 90


def test_the_default_optimizer_is_rmsprop():
    made = tg.Sequential([tg.layers.Dense(1)])
    made.compile(loss="mse")
    assert isinstance(made.optimizer, tg.optimizers.RMSprop)


def test_gradient_descent_takes_one_step_for_each_epoch():
    made = model(optimizer=tg.optimizers.GradientDescent(0.1))
    made.fit(X, Y, epochs=7, verbose=0)
    assert made.optimizer.iterations == 7
    made.fit(X, Y, batch_size=40, verbose=0)
    assert made.optimizer.iterations == 8


def test_evaluate_gives_a_number_a_list_or_a_dict():
    assert isinstance(model().evaluate(X, Y, verbose=0), float)
    made = model(metrics=["mae"])
    loss, mae = made.evaluate(X, Y, verbose=0)
    assert made.evaluate(X, Y, verbose=0, return_dict=True) == {"loss": loss, "mae": mae}
    assert made.metrics_names == ["loss", "mae"]


def test_predict_is_the_model_without_a_graph():
    made = model()
    np.testing.assert_allclose(made.predict(X, batch_size=7), made(X).detach(), rtol=1e-6)
    assert isinstance(made.predict(X), np.ndarray)


def test_the_same_seed_gives_the_same_bytes():
    runs = []
    for _ in range(2):
        tg.set_random_seed(3)
        made = model()
        made.fit(X, Y, epochs=3, verbose=0)
        runs.append(b"".join(w.tobytes() for w in made.get_weights()))
    assert runs[0] == runs[1]


def test_weights_go_to_disk_and_back(tmp_path):
    first, second = model(), model()
    first(X)
    second(X)
    second.load_weights(first.save_weights(tmp_path / "w.safetensors"))
    np.testing.assert_array_equal(first.predict(X), second.predict(X))


def test_summary_counts(capsys):
    made = model()
    made(X)
    made.summary()
    out = capsys.readouterr().out
    assert "dense (Dense)" in out
    assert "(None, 6)" in out
    assert "31 parameters, 31 trainable" in out


def test_bar_and_lines(capsys):
    model().fit(X, Y, epochs=1, verbose=1)
    assert "Epoch 1/1: 100%" in capsys.readouterr().out
    model().fit(X, Y, epochs=1, verbose=2)
    assert "2/2 - " in capsys.readouterr().out


def test_early_stopping_restores_the_best_weights():
    made = model(optimizer=tg.optimizers.SGD(2.0))
    stopping = tg.callbacks.EarlyStopping(monitor="loss", patience=2, restore_best_weights=True)
    with np.errstate(all="ignore"):
        history = made.fit(X, Y, epochs=50, verbose=0, callbacks=[stopping])
    assert len(history.epoch) < 50


def test_csv_checkpoint_schedule_and_plateau(tmp_path):
    made = model()
    callbacks = [
        tg.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2),
        tg.callbacks.CSVLogger(tmp_path / "log.csv"),
        tg.callbacks.ModelCheckpoint(tmp_path / "best-{epoch}.safetensors", monitor="loss", save_best_only=True),
        tg.callbacks.TerminateOnNaN(),
    ]
    made.fit(X, Y, epochs=3, verbose=0, callbacks=callbacks)
    assert made.optimizer.learning_rate == pytest.approx(0.05 / 8)
    assert (tmp_path / "log.csv").read_text().startswith("epoch,loss,learning_rate\n0,")
    assert (tmp_path / "best-1.safetensors").exists()
    flat = model(optimizer=tg.optimizers.SGD(0.0))
    flat.optimizer.learning_rate = 1e-9
    flat.fit(
        X, Y, epochs=4, verbose=0, callbacks=[tg.callbacks.ReduceLROnPlateau(monitor="loss", patience=1, factor=0.5)]
    )
    assert flat.optimizer.learning_rate < 1e-9


def test_training_and_inference_differ_only_in_dropout():
    made = tg.Sequential([tg.layers.Dropout(0.5)])
    ones = np.ones((4, 100))
    np.testing.assert_array_equal(made(ones).data, ones)
    assert set(np.unique(made(ones, training=True).data)) == {0.0, 2.0}


def test_hand_written_loops_in_both_dialects():
    made = model()
    optimizer = tg.optimizers.Adam(learning_rate=0.05)
    made(X)
    bound = tg.optimizers.Adam(0.05, parameters=made.parameters())
    losses = []
    for step in range(20):
        loss = ((made(X, training=True) - Y) ** 2).mean()
        loss.backward(retain_graph=False)
        if step % 2:
            bound.step()
            bound.zero_grad()
        else:
            optimizer.step(made.parameters())
            optimizer.zero_grad()
        losses.append(float(loss))
    assert losses[-1] < losses[0]
    loss = ((made(X) - Y) ** 2).mean()
    loss.backward(retain_graph=False)
    optimizer.apply_gradients(zip([p.grad for p in made.trainable_variables], made.trainable_variables, strict=True))


def test_keras_import_paths():
    assert tg.models.Sequential is tg.Sequential
    assert tg.optimizers.schedules.ExponentialDecay(0.1, 10, 0.5)(10) == pytest.approx(0.05)
    assert tg.initializers.get("he_normal") is not None
    assert tg.utils.to_categorical([1, 0]).tolist() == [[0.0, 1.0], [1.0, 0.0]]
    assert tg.activations.get("relu") is tg.relu
    assert tg.metrics.BinaryAccuracy is not None
    assert tg.callbacks.EarlyStopping is not None
