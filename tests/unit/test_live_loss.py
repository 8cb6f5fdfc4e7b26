"""LiveLoss: curves of anybody's own ``model.fit``, with a notebook and without one."""

import base64
import threading
import time

import keras
import numpy as np
import pytest

from dlkit import LiveLoss
from dlkit.display import live_loss
from dlkit.keras import watching
from dlkit.plots import figure_summary

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(120, 4)).astype("float32")
Y = (X[:, 0] > 0).astype("int64")


@pytest.fixture(scope="module")
def model():
    made = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, "softmax")])
    made.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return made


def fit(model, live, **more):
    more = {"epochs": 3, "verbose": 0, "validation_split": 0.25, **more}
    return model.fit(X, Y, callbacks=[live], **more)


@pytest.fixture(scope="module")
def watched(model):
    """A callback after a run, and Keras's own history of it."""
    live = LiveLoss()
    return live, fit(model, live)


@pytest.fixture
def notebook(monkeypatch):
    """Pretend that a cell of a notebook runs; return what it displays."""
    shown = []
    monkeypatch.setattr(live_loss, "_in_notebook_cell", lambda: True)
    monkeypatch.setattr(
        "IPython.display.display", lambda bundle, **more: shown.append((bundle, more))
    )
    return shown


def test_epochs_that_are_not_validated_are_no_divergence(model):
    live = LiveLoss()
    fit(model, live, epochs=5, validation_freq=2)
    assert np.isnan(live.history["val_loss"]).tolist() == [True, False, True, False, True]
    assert "nan" not in live.sentence and "(after epoch 4)" in live.sentence
    assert live.diagnosis().label != "diverging"


def test_a_fit_that_goes_on_counts_its_own_epochs(model):
    live = LiveLoss()
    fit(model, live, epochs=6, initial_epoch=3)
    assert "3 of 3" in live.sentence, f"Keras trained the epochs 4 to 6: {live.sentence}"


def test_it_keeps_what_keras_keeps(watched):
    live, history = watched
    assert live.history == history.history
    assert live.history is not live.history
    assert live.sentence.startswith(
        f"Epoch 3 of 3: training loss {history.history['loss'][-1]:.3g}, validation loss "
    )
    assert live.sentence.endswith("The run is over.")
    assert repr(live) == f"<LiveLoss: {live.sentence}>"


def test_the_picture_has_training_solid_and_validation_dashed(watched):
    live, _ = watched
    loss, accuracy = live.chart().panels
    for panel, name in ((loss, "loss"), (accuracy, "accuracy")):
        marks = {mark.label: mark for mark in panel.marks}
        assert marks["training"].dash == "solid" and marks["validation"].dash == "dashed"
        np.testing.assert_array_equal(marks["training"].y, live.history[name])
        np.testing.assert_array_equal(marks["validation"].y, live.history[f"val_{name}"])
        assert panel.x_range == (0, 1.02 * 3)
    assert "<svg" in live._picture.value and 'role="img"' in live._picture.value
    assert (
        'aria-live="polite"' in live._sentence.value and "The run is over" in live._sentence.value
    )
    assert "Loss over 3 epochs" in figure_summary(live.figure())


def test_it_diagnoses(watched):
    live, _ = watched
    with pytest.raises(ValueError, match="needs at least one epoch, but none is over"):
        LiveLoss().diagnosis()
    assert live.diagnosis().label
    assert live.diagnosis().evidence


def test_nothing_is_displayed_without_a_notebook(model, monkeypatch, capsys):
    monkeypatch.setattr("IPython.display.display", lambda *a, **k: pytest.fail("displayed"))
    fit(model, LiveLoss())
    assert capsys.readouterr().out == ""


def test_a_cell_shows_it_live_and_is_left_with_a_picture(model, notebook):
    live = LiveLoss()
    fit(model, live)
    (first, _), (last, more) = notebook
    assert "application/vnd.jupyter.widget-view+json" in first
    assert first["text/plain"] == "Live curves of this training."
    assert set(last) == {"text/plain", "image/png"}
    assert last["text/plain"] == f"LiveLoss: {live.sentence}"
    assert base64.b64decode(last["image/png"]).startswith(b"\x89PNG")
    assert more["metadata"]["image/png"]["alt"] == live.sentence
    assert live.view.layout.display == "none"  # the picture stands in its place
    fit(model, live, epochs=2)  # once more: live again, and a new picture
    assert len(notebook) == 4
    assert len(live.history["loss"]) == 2


def test_a_callback_that_is_shown_already_is_not_shown_twice(model, notebook):
    live = LiveLoss()
    bundle, _ = live._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle and "image/png" in bundle
    fit(model, live)
    assert len(notebook) == 1  # the picture at the end alone


def test_afterwards_its_picture_is_what_a_cell_shows(watched):
    live, _ = watched
    bundle, metadata = live._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "image/png"}
    assert metadata["image/png"]["alt"] == live.sentence


def test_it_draws_ten_times_a_second_at_most(monkeypatch):
    live, drawn, clock = LiveLoss(), [], [0.0]
    for module in (live_loss, watching):
        monkeypatch.setattr(module, "perf_counter", lambda: clock[0])
    draw = live._draw
    monkeypatch.setattr(live, "_draw", lambda speak=True: (drawn.append(speak), draw(speak)))
    live.set_params({"epochs": 10, "steps": 100})
    live.on_train_begin()
    for epoch in range(10):
        for batch in range(100):
            clock[0] += 0.01
            live.on_train_batch_end(batch, {"loss": 1.0})
        live.on_epoch_end(epoch, {"loss": 1.0})
    live.on_train_end()
    assert 60 < len(drawn) <= 102  # ten seconds
    assert sum(drawn) <= 6  # and it speaks every three seconds
    assert len(live.within[0]) <= 101


def test_a_frame_costs_little(watched):
    """A tenth of the time between two at most, so that training is hardly slowed down."""
    live, _ = watched
    times = []
    for _ in range(20):
        began = time.perf_counter()
        live._draw()
        times.append(time.perf_counter() - began)
    assert min(times) < 0.01


@pytest.mark.parametrize("logs", [None, {}, {"loss": float("nan")}, {"auc": 0.5}])
def test_whatever_keras_says_is_taken(logs):
    live = LiveLoss()
    live.set_params(None)
    live.on_train_begin()
    for epoch in range(2):
        live.on_train_batch_end(0, logs)
        live.on_epoch_end(epoch, logs)
    live.on_train_end()
    assert live.sentence
    assert live.figure() is not None


def test_validation_every_other_epoch_leaves_gaps(model):
    live = LiveLoss()
    fit(model, live, epochs=4, validation_freq=2)
    columns = live.history
    assert len(columns["val_loss"]) == len(columns["loss"]) == 4
    np.testing.assert_array_equal(np.isnan(columns["val_loss"]), [True, False, True, False])
    assert "lowest validation loss so far in epoch" in live.sentence
    assert live.figure() is not None


def test_it_works_from_another_thread_and_displays_nothing_there(model, monkeypatch):
    monkeypatch.setattr("IPython.display.display", lambda *a, **k: pytest.fail("displayed"))

    class Shell:
        kernel = object()

    monkeypatch.setattr("IPython.get_ipython", lambda: Shell())
    live = LiveLoss()
    thread = threading.Thread(target=fit, args=(model, live))
    thread.start()
    thread.join()
    assert len(live.history["loss"]) == 3


def test_an_interrupted_fit_keeps_what_was_seen(model):
    class Interrupt(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 1:
                raise KeyboardInterrupt

    live = LiveLoss()
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, epochs=5, verbose=0, callbacks=[live, Interrupt()])
    assert len(live.history["loss"]) == 2
    assert "Epoch 2 of 5" in live.sentence and "over" not in live.sentence
