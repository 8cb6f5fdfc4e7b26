"""What lesson 01 says of its runs, from several starts, none picked."""

import functools

import numpy as np
import pytest

from dlkit import Network, TrainingConfig, TrainingJob, datasets, losses, optimizers
from dlkit.layers import Dense

SEEDS = range(5)
CORNERS = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
XOR = np.array([0.0, 1.0, 1.0, 0.0])


@functools.cache
def digits():
    return datasets.digits(flat=True)


def loss_of_xor(hidden, seed):
    layers = [Dense(hidden, "tanh"), Dense(1, "sigmoid")]
    network = Network(layers, input_shape=(2,), seed=seed, dtype="float64")
    optimizer, loss = optimizers.SGD(learning_rate=1.0), losses.BinaryCrossentropy()
    for _ in range(400):
        value = network.loss_and_gradients(CORNERS, XOR, loss)
        optimizer.apply(network.gradients, network.parameters)
    return value


def deep_accuracy(activation, initializer, seed):
    hidden = [Dense(32, activation, kernel_initializer=initializer) for _ in range(4)]
    network = Network([*hidden, Dense(10, "softmax")], (64,), seed=seed, dtype="float64")
    network.fit(
        digits().x_train, digits().y_train, epochs=5, optimizer=optimizers.SGD(learning_rate=0.1)
    )
    return network.evaluate(digits().x_validation, digits().y_validation)["accuracy"]


def reader(activation, seed):
    layers = [Dense(32, activation), Dense(10, "softmax")]
    return Network(layers, input_shape=(64,), seed=seed, dtype="float64")


def run(network, learning_rate, epochs=5):
    settings = {"epochs": epochs, "learning_rate": learning_rate, "optimizer": "sgd"}
    job = TrainingJob(network, digits(), TrainingConfig(**settings, early_stopping=False))
    job.start()
    job.wait()
    return job


def test_eight_hidden_neurons_learn_xor_from_every_start_and_two_from_some():
    solved = {hidden: [loss_of_xor(hidden, seed) < 0.1 for seed in range(10)] for hidden in (2, 8)}
    assert all(solved[8])
    assert 0.3 < np.mean(solved[2]) < 0.9, "two can do it, but not from everywhere"


@pytest.mark.parametrize(
    ("activation", "initializer", "low", "high"),
    [
        ("sigmoid", "glorot_uniform", 0.0, 0.15),
        ("tanh", "glorot_uniform", 0.85, 1.0),
        ("relu", "he_uniform", 0.85, 1.0),
    ],
)
def test_a_deep_network_of_sigmoids_guesses(activation, initializer, low, high):
    mean = np.mean([deep_accuracy(activation, initializer, seed) for seed in SEEDS])
    assert low <= mean <= high


def test_a_learning_rate_of_three_kills_the_hidden_layer_for_good():
    friend = reader("relu", 0)
    assert run(friend, learning_rate=3.0).diagnosis.label == "not_learning"
    assert (friend.layers[0].forward(digits().x_train) > 0).sum() == 0
    friend.loss_and_gradients(
        digits().x_train, digits().y_train, losses.SparseCategoricalCrossentropy()
    )
    assert not friend.gradients["dense/kernel"].any(), "exactly zero, so nothing can move it"


@pytest.mark.parametrize("activation", ["relu", "leaky_relu"])
def test_leaky_units_come_back_from_the_accident_and_dead_ones_do_not(activation):
    scores = []
    for seed in SEEDS:
        network = reader(activation, seed)
        run(network, learning_rate=3.0)
        scores.append(run(network, 0.1, epochs=10).history.history["val_accuracy"][-1])
    assert min(scores) > 0.5 if activation == "leaky_relu" else max(scores) < 0.5


def test_a_fresh_start_with_a_good_rate_learns():
    scores = [run(reader("relu", s), 0.1).history.history["val_accuracy"][-1] for s in SEEDS]
    assert min(scores) > 0.85
