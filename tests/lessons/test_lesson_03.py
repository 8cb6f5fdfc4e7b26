"""What lesson 03 says of its runs, from five seeds, none picked."""

import functools

import numpy as np

from dlkit import Network, check_gradients, datasets
from dlkit.layers import Dense

SEEDS = range(5)


class HastyDense(Dense):
    """A Dense layer whose backward pass forgets the slope of the activation."""

    def compute_gradients(self, upstream):
        return self.linear_gradients(upstream)


def network(middle_layer, seed):
    layers = [Dense(8, "tanh"), middle_layer(8, "tanh"), Dense(2, "softmax")]
    return Network(layers, input_shape=(2,), seed=seed, dtype="float64")


@functools.cache
def losses(middle_layer):
    moons = datasets.moons()
    exam = (moons.x_validation, moons.y_validation)
    runs = [
        network(middle_layer, seed).fit(
            moons.x_train, moons.y_train, validation_data=exam, epochs=40, seed=seed
        )
        for seed in SEEDS
    ]
    return np.array([run.history["loss"] for run in runs])


def test_a_wrong_backward_pass_learns_nearly_as_well():
    hasty, right = losses(HastyDense), losses(Dense)
    assert (hasty[:, -1] < 0.5 * hasty[:, 0]).all()
    assert abs(hasty[:, -1].mean() / right[:, -1].mean() - 1) < 0.1


def test_and_the_gradient_check_finds_it():
    moons = datasets.moons()
    x, y = moons.x_train[:16], moons.y_train[:16]
    for seed in SEEDS:
        loss = "sparse_categorical_crossentropy"
        assert check_gradients(network(Dense, seed), x, y, loss).passed
        assert not check_gradients(network(HastyDense, seed), x, y, loss).passed
