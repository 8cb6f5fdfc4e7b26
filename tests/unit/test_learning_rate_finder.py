"""The range test: its curve, its two rules, and a model that is left as it was."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlkit import Network, TrainingConfig, datasets, layers, plots
from dlkit.plots.chart import Points
from dlkit.training import LearningRateRange, TrainingJob, find_learning_rate

RATES = np.geomspace(1e-5, 10, 61)


def network(dropout=0.0):
    stack = [layers.Dense(32, activation="relu"), layers.Dropout(dropout), layers.Dense(10)]
    return Network(stack, (64,), dtype="float64")


def result(smoothed):
    return LearningRateRange(RATES[: len(smoothed)], np.asarray(smoothed), np.asarray(smoothed))


@pytest.fixture(scope="module")
def digits():
    return datasets.digits(flat=True)


def test_the_two_rules_on_a_curve_whose_answers_are_known():
    # a smooth step down in log(rate), steepest at 1e-2, then a rise from 1 on
    position = np.log10(RATES)
    curve = 1 - np.tanh(2 * (position + 2)) + np.where(position > 0, position**2, 0)
    found = result(curve)
    assert found.steepest == pytest.approx(1e-2)
    assert found.one_tenth == pytest.approx(RATES[curve.argmin()] / 10)
    assert found.suggestion == min(found.steepest, found.one_tenth)


@pytest.mark.parametrize("curve", [np.ones(61), np.linspace(1, 2, 61)], ids=["flat", "rising"])
def test_a_loss_that_never_falls_suggests_nothing(curve):
    found = result(curve)
    assert found.suggestion is None
    assert "never fell" in found.summary
    assert not [
        m for m in plots.learning_rate_range(found).panels[0].marks if isinstance(m, Points)
    ]


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam", "rmsprop"])
def test_the_suggestion_trains_far_better_than_a_hundredth_of_it(digits, optimizer):
    config = TrainingConfig(optimizer=optimizer, epochs=3, early_stopping=False)
    found = find_learning_rate(network(), digits, config)

    def final_loss(rate):
        job = TrainingJob(network(), digits, config.replace(learning_rate=rate))
        job.start()
        job.wait()
        return job.history.history["val_loss"][-1]

    good, small = final_loss(found.suggestion), final_loss(found.suggestion / 100)
    assert good < 0.5 * small, f"{optimizer}: {found.summary} gave {good}, not far below {small}"


def test_the_rates_rise_geometrically_and_the_average_is_bias_corrected(digits):
    found = find_learning_rate(network(), digits, minimum=1e-6, maximum=1e-3, steps=50)
    assert found.learning_rates[[0, -1]] == pytest.approx([1e-6, 1e-3])
    np.testing.assert_allclose(np.diff(np.log(found.learning_rates)), np.log(1e3) / 49)
    assert found.smoothed[0] == pytest.approx(found.losses[0])
    plain = find_learning_rate(network(), digits, minimum=1e-6, maximum=1e-3, steps=50, smoothing=0)
    np.testing.assert_array_equal(plain.losses, plain.smoothed)
    np.testing.assert_array_equal(plain.losses, found.losses)


def test_a_run_that_blows_up_ends_early(digits):
    found = find_learning_rate(network(), digits, TrainingConfig(optimizer="sgd"), maximum=1e8)
    assert len(found.losses) < 200
    assert np.isfinite(found.losses).all()


def test_more_steps_than_batches_begin_another_epoch(digits):
    found = find_learning_rate(network(), digits, TrainingConfig(batch_size=512), steps=20)
    assert len(found.losses) >= 10


def test_the_network_is_left_as_it_was(digits):
    model = network(0.3)
    weights, stream = model.get_weights(), str(model.random_state)
    gradients = model.flat_gradients.copy()
    find_learning_rate(model, digits)
    assert str(model.random_state) == stream
    np.testing.assert_array_equal(model.flat_gradients, gradients)
    for name, array in model.get_weights().items():
        np.testing.assert_array_equal(array, weights[name], name)


def test_a_keras_model_is_left_as_it_was(digits):
    import keras

    model = keras.Sequential(
        [
            keras.Input((64,)),
            keras.layers.Dense(16, "relu"),
            keras.layers.BatchNormalization(),
            keras.layers.Dropout(0.5, seed=3),
            keras.layers.Dense(10),
        ]
    )
    before = [variable.numpy() for variable in model.variables]
    found = find_learning_rate(model, digits, TrainingConfig(optimizer="adam"), steps=60)
    assert 1e-5 < found.suggestion < 1
    for variable, value in zip(model.variables, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value, variable.path)


@pytest.mark.parametrize("kind", ["numpy", "keras"])
def test_a_job_that_rests_on_the_model_goes_on_as_if_nothing_had_been(digits, kind):
    config = TrainingConfig(optimizer="adam", epochs=2, early_stopping=False)

    def job():
        stack = [layers.Dense(8, "relu"), layers.Dropout(0.5), layers.Dense(10)]
        model = Network(stack, (64,))
        return TrainingJob(model.to_keras() if kind == "keras" else model, digits, config)

    whole, broken = job(), job()
    broken.step(20)
    find_learning_rate(broken.model, digits, config, steps=10)
    for each in (whole, broken):
        each.resume()
        each.wait()
    np.testing.assert_array_equal(broken.history.batch_losses, whole.history.batch_losses)


def test_wrong_ends_are_refused_in_words(digits):
    with pytest.raises(ValueError, match="minimum must be below maximum"):
        find_learning_rate(network(), digits, minimum=1.0, maximum=0.1)


@given(st.lists(st.floats(0.01, 100), min_size=1, max_size=61))
@settings(deadline=None)
def test_any_curve_has_words_and_a_picture(curve):
    found = result(curve)
    chart = plots.learning_rate_range(found)
    assert chart.summary == found.summary
    if found.suggestion is not None:
        assert found.learning_rates[0] / 10 <= found.suggestion <= found.learning_rates[-1]
