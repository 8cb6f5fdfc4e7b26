"""ReduceLROnPlateau: equal to Keras's own on the same numbers, in runs of both engines."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlkit import TrainingConfig, TrainingJob, datasets, schedules
from dlkit.layers import Dense
from dlkit.network import Network
from dlkit.training import EpochRecord, ReduceLROnPlateau

IRIS = datasets.iris()
arguments = st.fixed_dictionaries(
    {
        "factor": st.sampled_from([0.5, 0.25]),
        "patience": st.integers(1, 4),
        "mode": st.sampled_from(["min", "max"]),
        "min_delta": st.sampled_from([0.0, 0.125, 0.5]),
        "cooldown": st.integers(0, 3),
        "min_lr": st.sampled_from([0.0, 2.0**-4, 2.0]),
    }
)
losses = st.lists(st.integers(-8, 8).map(lambda n: n / 8), min_size=1, max_size=20)


def record(epoch, val_loss, rate, accuracy=0.5):
    metrics = {"accuracy": accuracy}
    return EpochRecord(epoch, 1.0, metrics, val_loss, {} if val_loss is None else metrics, rate, 0)


def ours(values, **given):
    """Return the learning rate after each epoch; exact in binary, as are the losses."""
    callback, rates = ReduceLROnPlateau(**given), []
    engine = SimpleNamespace(rate=1.0)
    engine.set_learning_rate = lambda rate: setattr(engine, "rate", rate)
    for epoch, value in enumerate(values, start=1):
        assert callback.after_epoch(engine, record(epoch, value, engine.rate)) is None
        rates.append(engine.rate)
    return rates


def kerass(values, **given):
    import keras

    callback = keras.callbacks.ReduceLROnPlateau(**given)
    model = SimpleNamespace(optimizer=SimpleNamespace(learning_rate=np.float64(1.0)), metrics=[])
    callback.set_model(model)
    callback.on_train_begin()
    rates = []
    for epoch, value in enumerate(values):
        callback.on_epoch_end(epoch, {"val_loss": value})
        rates.append(float(model.optimizer.learning_rate))
    return rates


@settings(max_examples=settings.default.max_examples // 10)  # Keras takes milliseconds an epoch
@given(losses, arguments)
def test_equal_to_kerass_own(values, given_):
    assert ours(values, **given_) == kerass(values, **given_)


def test_by_hand():
    values = [1.0, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25, 0.25]
    # patience 2: reduced at the 4th; better at the 5th; reduced at the 7th and 9th
    assert ours(values, factor=0.5, patience=2) == [1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.125]
    # reduced at the 7th; with a cooldown of 2 the 8th does not count, so that the 9th is the first
    assert ours(values, factor=0.5, patience=2, cooldown=2)[-3:] == [0.25, 0.25, 0.25]
    assert ours(values, factor=0.5, patience=2, cooldown=1)[-3:] == [0.25, 0.25, 0.125]
    assert ours(values, factor=0.5, patience=2, min_lr=0.375)[-3:] == [0.375] * 3


def test_what_is_monitored():
    engine = SimpleNamespace(set_learning_rate=lambda rate: None)
    for monitor, better in (("val_accuracy", 0.75), ("accuracy", 0.75), ("val_loss", None)):
        callback = ReduceLROnPlateau(monitor, patience=1)
        callback.after_epoch(engine, record(1, 1.0, 1.0, accuracy=0.5))
        callback.after_epoch(engine, record(2, 0.5, 1.0, accuracy=better or 0.5))
        assert callback.wait == 0 and callback.best == (better or 0.5)
    callback = ReduceLROnPlateau()
    callback.after_epoch(engine, record(1, None, 1.0))  # no validation data: the training loss
    assert callback.best == 1.0
    with pytest.raises(ValueError, match="monitor must be one of loss, accuracy.* got 'mae'"):
        ReduceLROnPlateau("mae").after_epoch(engine, record(1, 1.0, 1.0))


def small_network():
    return Network([Dense(4, "tanh"), Dense(3, "softmax")], (4,))


EAGER = ReduceLROnPlateau(factor=0.5, patience=2, min_delta=0.2, cooldown=1, min_lr=0.001)
CONFIG = TrainingConfig(
    epochs=14, batch_size=16, learning_rate=0.02, plateau=EAGER, early_stopping=False
)


def finished(model, config=CONFIG, **more):
    job = TrainingJob(model, IRIS, config, **more)
    job.start()
    assert job.wait(60)
    return job


@pytest.mark.parametrize("kind", ["numpy", "keras"])
def test_what_is_not_measured_is_refused_before_the_first_epoch(kind):
    model = small_network() if kind == "numpy" else small_network().to_keras()
    for monitor in ("val_mae", "mae"):
        wrong = CONFIG.replace(plateau=ReduceLROnPlateau(monitor))
        with pytest.raises(
            ValueError, match="one of loss, accuracy, val_loss, val_acc.* got '.*mae"
        ):
            TrainingJob(model, IRIS, wrong)
    job = TrainingJob(model, IRIS, CONFIG.replace(plateau=ReduceLROnPlateau("val_accuracy")))
    before = job.config
    with pytest.raises(ValueError, match="monitor must be one of"):
        job.reconfigure(wrong)
    assert job.config is before and job.step()


def rates_of(history):
    return [record.learning_rate for record in history.records]


@pytest.mark.parametrize("kind", ["numpy", "keras"])
def test_runs_of_both_engines_slow_down_and_say_so(kind):
    make = small_network if kind == "numpy" else lambda: small_network().to_keras()
    job = finished(make())
    rates = [0.02, *rates_of(job.history)]
    expected, at, callback = [], SimpleNamespace(rate=0.02), ReduceLROnPlateau(**EAGER.get_config())
    at.set_learning_rate = lambda rate: setattr(at, "rate", rate)
    for epoch, val_loss in enumerate(job.history.history["val_loss"], start=1):
        expected.append(at.rate)
        callback.after_epoch(at, record(epoch, val_loss, at.rate))
    assert rates[1:] == expected and rates[-1] < 0.02
    plain = finished(make(), CONFIG.replace(plateau=None)).history.history["loss"]
    first, losses_now = rates.index(0.01), job.history.history["loss"]
    assert plain[: first - 1] == losses_now[: first - 1] and plain[-1] != losses_now[-1]


def test_a_run_again_begins_anew_to_the_bit():
    job = finished(small_network())
    first = job.history
    job.rewind()
    job.start()
    job.wait()
    assert job.history.history == first.history and rates_of(job.history) == rates_of(first)


def test_a_run_goes_on_from_a_checkpoint_to_the_same_bits(tmp_path):
    first = finished(small_network())
    job = TrainingJob(small_network(), IRIS, CONFIG, checkpoint_dir=tmp_path)
    job.step(8 * 9 + 3)
    job.stop()
    again = TrainingJob.from_checkpoint(tmp_path, small_network(), IRIS)
    again.resume()
    again.wait()
    assert again.history.history == first.history.history
    assert rates_of(again.history) == rates_of(first.history)


def test_configuration():
    again = TrainingConfig.from_json(CONFIG.to_json())
    assert again == CONFIG and again.plateau == EAGER and hash(EAGER) == hash(again.plateau)
    assert TrainingConfig(plateau={"factor": 0.5}).plateau == ReduceLROnPlateau(factor=0.5)
    assert eval(repr(EAGER)) == EAGER
    with pytest.raises(ValueError, match="Only one of plateau and learning_rate_schedule"):
        CONFIG.replace(learning_rate_schedule=schedules.Constant(0.1))
    with pytest.raises(ValueError, match="Did you mean 'patience'"):
        TrainingConfig(plateau={"patiense": 3})
    with pytest.raises(TypeError, match="plateau must be a ReduceLROnPlateau"):
        TrainingConfig(plateau=3)
    EAGER.after_epoch(SimpleNamespace(set_learning_rate=None), record(1, 1.0, 1.0))
    assert CONFIG.plateau.best is None  # the configuration has one of its own


@pytest.mark.parametrize(
    ("given_", "error"),
    [
        ({"monitor": "val_los"}, ValueError),
        ({"factor": 1.0}, ValueError),
        ({"factor": 0}, ValueError),
        ({"patience": 0}, ValueError),
        ({"mode": "down"}, ValueError),
        ({"min_delta": -1}, ValueError),
        ({"cooldown": 1.5}, ValueError),
        ({"min_lr": "0"}, TypeError),
    ],
)
def test_wrong_arguments_are_refused(given_, error):
    with pytest.raises(error, match=next(iter(given_))):
        ReduceLROnPlateau(**given_)
