"""Every layer agrees with Keras's in float64: outputs, gradients, moving averages; wrong ones fail."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from layer_case import Case, largest_difference
from layer_cases_attention import ATTENTION_CASES
from layer_cases_images import IMAGE_CASES
from layer_cases_recurrent import RECURRENT_CASES
from layer_cases_sequences import SEQUENCE_CASES

from dlkit import Network, activations, losses
from dlkit.layers import (
    LAYERS,
    Activation,
    BatchNormalization,
    Dense,
    Dropout,
    Flatten,
    Reshape,
)
from dlkit.regularizers import L1L2

EXACT = {"momentum": 0.875, "epsilon": 2.0**-10}


pytestmark = pytest.mark.usefixtures("module_in_float64")


def batch_normalization_output(self, x, training, ddof=0, outside=False):
    """BatchNormalization with a planted fault; what ``compute_gradients`` needs is kept."""
    self.used_batch = training
    axes = tuple(range(x.ndim - 1))
    mean, variance = self.state["moving_mean"], self.state["moving_variance"]
    if training:
        mean, variance = x.mean(axis=axes), x.var(axis=axes, ddof=ddof)
        self.state["moving_mean"][...] = 0.875 * self.state["moving_mean"] + 0.125 * mean
        self.state["moving_variance"][...] *= 0.875
        self.state["moving_variance"] += 0.125 * variance
    root = np.sqrt(variance) + self.epsilon if outside else np.sqrt(variance + self.epsilon)
    self.factor = 1 / root
    self.normalized = (x - mean) * self.factor
    return self.normalized * self.parameters["gamma"] + self.parameters["beta"]


def backward_with(change):
    """Return a ``linear_gradients`` whose result is spoilt by ``change(layer)``."""

    def linear_gradients(self, delta):
        result = np.matmul(delta, self.parameters["kernel"].T)
        self.gradients["kernel"][...] = self.x.reshape(-1, 3).T @ delta.reshape(-1, self.units)
        self.gradients["bias"][...] = delta.reshape(-1, self.units).sum(axis=0)
        change(self, len(delta))
        return result

    return linear_gradients


def divide(name):
    def change(layer, samples):
        layer.gradients[name] /= samples

    return backward_with(change)


DENSE_FAULTS = {
    "no bias": ("linear", lambda self, x: _plain_product(self, x)),
    "kernel gradient divided by the batch": ("linear_gradients", divide("kernel")),
    "bias gradient averaged": ("linear_gradients", divide("bias")),
    "upstream not multiplied by the slope": (
        "compute_gradients",
        lambda self, upstream: self.linear_gradients(upstream),
    ),
}


def _plain_product(self, x):
    self.x, self.z = x, x @ self.parameters["kernel"]
    return self.z


CASES = {
    "Dense": Case(
        lambda: Dense(5, "tanh"),
        lambda: keras.layers.Dense(5, "tanh"),
        (3,),
        DENSE_FAULTS,
    ),
    "Dense, no bias": Case(
        lambda: Dense(5, "softmax", use_bias=False),
        lambda: keras.layers.Dense(5, "softmax", use_bias=False),
        (3,),
    ),
    "Dense, slope not a function of the output": Case(
        lambda: Dense(5, "silu"),
        lambda: keras.layers.Dense(5, "silu"),
        (3,),
        {
            "slope at the output": (
                "compute_gradients",
                lambda self, upstream: self.linear_gradients(
                    self.activation.backward(self.y, self.y, upstream)
                ),
            )
        },
    ),
    "Dense, time steps": Case(
        lambda: Dense(5, "sigmoid"),
        lambda: keras.layers.Dense(5, "sigmoid"),
        (4, 3),
        {"bias gradient averaged": ("linear_gradients", divide("bias"))},
    ),
    "Activation": Case(
        lambda: Activation("softplus"),
        lambda: keras.layers.Activation("softplus"),
        (3, 2),
        {"gradient passed on": ("compute_gradients", lambda self, upstream: upstream)},
    ),
    "BatchNormalization": Case(
        lambda: BatchNormalization(**EXACT),
        lambda: keras.layers.BatchNormalization(**EXACT),
        (3,),
        {
            "variance by n - 1": (
                "compute_output",
                lambda self, x, training: batch_normalization_output(self, x, training, ddof=1),
            ),
            "epsilon outside the root": (
                "compute_output",
                lambda self, x, training: batch_normalization_output(
                    self, x, training, outside=True
                ),
            ),
            "always the batch's statistics": (
                "compute_output",
                lambda self, x, training: batch_normalization_output(self, x, True),
            ),
            "statistics taken as constants": (
                "compute_gradients",
                lambda self, upstream: upstream * self.factor * self.parameters["gamma"],
            ),
        },
    ),
    "BatchNormalization, images": Case(
        lambda: BatchNormalization(**EXACT),
        lambda: keras.layers.BatchNormalization(**EXACT),
        (2, 2, 3),
    ),
    "BatchNormalization, bare": Case(
        lambda: BatchNormalization(center=False, scale=False, **EXACT),
        lambda: keras.layers.BatchNormalization(center=False, scale=False, **EXACT),
        (3,),
    ),
    "BatchNormalization, defaults": Case(
        lambda: BatchNormalization(),
        lambda: keras.layers.BatchNormalization(),
        (3,),
    ),
    "Dropout": Case(
        lambda: Dropout(0.0),  # with a rate the masks differ: see the unit tests
        lambda: keras.layers.Dropout(0.0),
        (3,),
        {
            "halved": ("compute_output", lambda self, x, training: x / 2),
        },
    ),
    "Flatten": Case(
        lambda: Flatten(),
        lambda: keras.layers.Flatten(),
        (2, 2, 3),
        {
            "columns first": (
                "compute_output",
                lambda self, x, training: x.transpose(0, 3, 2, 1).reshape(len(x), -1),
            )
        },
    ),
    "Reshape": Case(
        lambda: Reshape((2, -1)),
        lambda: keras.layers.Reshape((2, -1)),
        (4, 3),
        {
            "columns first": (
                "compute_output",
                lambda self, x, training: x.transpose(0, 2, 1).reshape(len(x), 2, 6),
            )
        },
    ),
}
CASES |= IMAGE_CASES | SEQUENCE_CASES | RECURRENT_CASES | ATTENTION_CASES
MUTANTS = [
    # time makes them slow: of each recurrent layer's faults a few come at once, the rest with --full
    pytest.param(name, wrong, marks=pytest.mark.full if name in RECURRENT_CASES and k > 2 else ())
    for name, case in CASES.items()
    for k, wrong in enumerate(case.wrong)
]


def test_the_table_has_every_layer():
    assert {name.split(",")[0] for name in CASES} == set(LAYERS)


@pytest.mark.parametrize("name", CASES)
def test_output_gradients_and_state_agree(name):
    assert largest_difference(CASES[name]) <= CASES[name].tolerance


@pytest.mark.parametrize(("name", "wrong"), MUTANTS)
def test_a_wrong_formula_is_caught(name, wrong, monkeypatch):
    method, function = CASES[name].wrong[wrong]
    monkeypatch.setattr(LAYERS[name.split(",")[0]], method, function)
    assert largest_difference(CASES[name]) > 1e6 * CASES[name].tolerance


@pytest.mark.parametrize(
    ("loss", "last"),
    [
        ("sparse_categorical_crossentropy", "softmax"),
        ("categorical_crossentropy", "softmax"),
        ("binary_crossentropy", "sigmoid"),
        ("mean_squared_error", None),
        ("sparse_categorical_crossentropy", None),
    ],
)
def test_a_whole_network_agrees(loss, last):
    """Loss, penalty and every gradient, with the softmax and the loss taken together."""
    generator = np.random.default_rng(5)
    x = generator.normal(size=(12, 4, 2))
    y = generator.integers(0, 3, 12)
    if loss in ("categorical_crossentropy", "binary_crossentropy", "mean_squared_error"):
        y = np.eye(3)[y]
    penalty = {"l1": 2.0**-6, "l2": 2.0**-7}
    network = Network(
        [
            Flatten(),
            Dense(6, kernel_regularizer=L1L2(**penalty)),
            BatchNormalization(**EXACT),
            Activation("tanh"),
            Dense(3, last),
        ],
        (4, 2),
        dtype="float64",
    )
    twin = keras.Sequential(
        [
            keras.layers.Input((4, 2)),
            keras.layers.Flatten(),
            keras.layers.Dense(6, kernel_regularizer=keras.regularizers.L1L2(**penalty)),
            keras.layers.BatchNormalization(**EXACT),
            keras.layers.Activation("tanh"),
            keras.layers.Dense(3, last),
        ]
    )
    for layer, copy in zip(network.layers, twin.layers, strict=True):
        copy.set_weights(list((layer.parameters | layer.state).values()))
    arguments = {"from_logits": last is None} if "crossentropy" in loss else {}
    ours = losses.get(loss, **arguments)
    theirs = getattr(keras.losses, type(ours).__name__)(**arguments)
    with tf.GradientTape() as tape:
        value = theirs(tf.constant(y), twin(tf.constant(x), training=True)) + sum(twin.losses)
    wanted = tape.gradient(value, twin.trainable_variables)
    found = network.loss_and_gradients(x, y, ours)
    assert found == pytest.approx(float(value), abs=1e-12)
    for gradient, want in zip(network.gradients.values(), wanted, strict=True):
        np.testing.assert_allclose(gradient, want.numpy(), atol=1e-12)
    evaluated = network.evaluate(x, y, ours)["loss"]
    twin.compile(loss=theirs)
    assert evaluated == pytest.approx(twin.evaluate(x, y, verbose=0), abs=1e-6)


def test_dense_agrees_with_every_activation():
    """The activation inside the layer is the one that Keras would use there."""
    x = np.random.default_rng(2).normal(size=(5, 3))
    for name in activations.ACTIVATIONS:
        arguments = {"negative_slope": 0.25} if name == "leaky_relu" else {}
        layer = Dense(4, activations.get(name, **arguments))
        found = layer.forward(x)
        expected = getattr(keras.activations, name)(tf.constant(layer.z), **arguments)
        np.testing.assert_allclose(found, expected.numpy(), atol=1e-7)
