"""What lesson 02 says of its runs, as the mean of five seeds, none picked."""

import functools

import numpy as np
import pytest

from dlkit import Network, datasets, losses, optimizers
from dlkit.activations import sigmoid
from dlkit.labs.loss_data import thermometers
from dlkit.labs.loss_fit import fit
from dlkit.layers import Dense

SEEDS = range(5)
SPARSE = losses.SparseCategoricalCrossentropy


@functools.cache
def digits():
    return datasets.digits(flat=True)


@functools.cache
def reads(loss, last, seed, one_hot=False):
    """The accuracy on unseen digits and the training losses of five epochs."""
    data = digits()
    loss = {"double": SPARSE(from_logits=True), "logits": SPARSE(from_logits=True)}.get(loss, loss)
    y = np.eye(10)[data.y_train] if one_hot else data.y_train
    network = Network(
        [Dense(32, "relu"), Dense(10, last)], input_shape=(64,), seed=seed, dtype="float64"
    )
    sgd = {"optimizer": "sgd", "learning_rate": 0.1}
    history = network.fit(data.x_train, y, loss=loss, epochs=5, **sgd)
    right = network.predict(data.x_validation).argmax(axis=1) == data.y_validation
    return right.mean(), tuple(history.history["loss"])


def mean_accuracy(*arguments, **settings):
    return np.mean([reads(*arguments, seed, **settings)[0] for seed in SEEDS])


def mean_cooling(name, outliers):
    found = []
    for seed in SEEDS:
        stations = thermometers(outliers, 12, seed)
        weights = np.ones(len(stations.x))
        found.append(-fit(losses.get(name), stations.x, stations.y, weights, classes=False).w)
    return np.mean(found)


def test_three_of_24_thermometers_take_the_line_of_squared_error_with_them():
    assert 3.5 < mean_cooling("mse", 3) < 4.4
    for name in ("mae", "huber", "log_cosh"):
        assert 5.8 < mean_cooling(name, 3) < 6.7


def test_six_of_them_take_absolute_error_further_than_squared_error():
    assert mean_cooling("mae", 5) > 5.3 and mean_cooling("mse", 5) < 3
    assert mean_cooling("mae", 6) < mean_cooling("mse", 6) - 0.5


def test_squared_error_needs_a_hundred_times_the_steps_to_change_its_mind():
    steps = {}
    for name in ("binary_crossentropy", "mse"):
        z, count = 8.0, 0
        while z > 0:
            p = sigmoid(np.array([[z]]))
            z -= (losses.get(name).gradient(np.array([[0.0]]), p) * p * (1 - p)).item()
            count += 1
        steps[name] = count
    assert steps["binary_crossentropy"] < 15 and steps["mse"] > 100 * steps["binary_crossentropy"]


def test_a_softmax_taken_twice_hardly_learns_in_five_epochs():
    assert mean_accuracy("sparse_categorical_crossentropy", "softmax") > 0.85
    assert mean_accuracy("double", "softmax") < 0.6
    assert np.mean([reads("double", "softmax", seed)[1][-1] for seed in SEEDS]) > 2


def test_from_logits_without_a_softmax_repairs_it():
    for seed in SEEDS:
        repaired, before = (
            reads("logits", None, seed),
            reads("sparse_categorical_crossentropy", "softmax", seed),
        )
        assert np.allclose(repaired[1], before[1])
    lowest = SPARSE(from_logits=True)(np.arange(10), np.eye(10))
    assert lowest == pytest.approx(-np.log(np.e / (np.e + 9)))


@pytest.mark.full
def test_squared_error_on_a_softmax_learns_far_more_slowly():
    assert mean_accuracy("categorical_crossentropy", "softmax", one_hot=True) > 0.85
    assert mean_accuracy("mean_squared_error", "softmax", one_hot=True) < 0.4


@pytest.mark.full
@pytest.mark.parametrize(
    ("class_weight", "low", "high"), [(None, 0, 0.01), ({0: 1.0, 1: 9.0}, 0.6, 1)]
)
def test_class_weights_find_the_eights(class_weight, low, high):
    data, accuracy, found = digits(), [], []
    exam = data.y_validation == 8
    for seed in SEEDS:
        network = Network(
            [Dense(16, "relu"), Dense(1, "sigmoid")], (64,), seed=seed, dtype="float64"
        )
        network.fit(
            data.x_train,
            (data.y_train == 8).astype(float),
            class_weight=class_weight,
            epochs=3,
            optimizer="sgd",
            learning_rate=0.05,
        )
        said = network.predict(data.x_validation)[:, 0] > 0.5
        accuracy.append(np.mean(said == exam))
        found.append(np.mean(said[exam]))
    assert np.mean(accuracy) > 0.8 and low <= np.mean(found) <= high


@pytest.mark.full
def test_regression_on_the_class_numbers_reads_about_four_in_ten():
    data, right = digits(), []
    for seed in SEEDS:
        network = Network([Dense(32, "relu"), Dense(1)], (64,), seed=seed, dtype="float64")
        network.fit(
            data.x_train,
            data.y_train.astype(float),
            loss="mse",
            epochs=20,
            optimizer=optimizers.Adam(learning_rate=0.01),
        )
        said = np.clip(np.round(network.predict(data.x_validation)[:, 0]), 0, 9)
        right.append(np.mean(said == data.y_validation))
    assert 0.3 < np.mean(right) < 0.55
