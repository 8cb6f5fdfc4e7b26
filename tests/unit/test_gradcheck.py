"""The gradient check: passes what is right, names what is wrong, and changes nothing."""

import numpy as np
import pytest

from dlkit import Network, check_gradients
from dlkit.activations import Tanh
from dlkit.layers import BatchNormalization, Dense, Dropout
from dlkit.losses import MeanSquaredError
from dlkit.regularizers import L1L2

GENERATOR = np.random.default_rng(2)
X = GENERATOR.normal(size=(6, 4))
LABELS = GENERATOR.integers(0, 3, 6)


def make(dtype="float32"):
    layers = [
        Dense(5, "tanh", kernel_regularizer=L1L2(0.01, 0.02)),
        BatchNormalization(),
        Dropout(0.3),
        Dense(3, "softmax"),
    ]
    return Network(layers, 4, dtype=dtype)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_right_network_passes(dtype, training):
    report = check_gradients(make(dtype), X, LABELS, training=training)
    assert report.passed and report.max_relative_error < 1e-7
    names = [line.name for line in report.parameters]
    assert names == [*make().parameters, "input"]
    text = str(report)
    assert all(name in text for name in names) and "passed" in text and "WRONG" not in text


def test_the_network_is_left_as_it_is():
    network = make()
    before = network.get_weights(), network.random_state, network.flat_gradients.copy()
    x = X.copy()
    check_gradients(network, x, LABELS)
    np.testing.assert_array_equal(x, X)
    np.testing.assert_array_equal(network.flat_gradients, before[2])
    assert network.random_state == before[1]
    for name, array in network.get_weights().items():
        np.testing.assert_array_equal(array, before[0][name])


def test_a_gradient_that_is_exactly_zero_passes():
    """A bias before batch normalization has no effect: both gradients are only rounding."""
    network = Network([Dense(5), BatchNormalization(), Dense(3)], 4)
    report = check_gradients(network, X, LABELS)
    bias = next(line for line in report.parameters if line.name == "dense/bias")
    assert bias.analytic < 1e-12 and report.passed


@pytest.mark.parametrize(
    ("kind", "method", "wrong", "blamed"),
    [
        (Tanh, "slope", lambda self, x, y: 1 - y, "dense/kernel"),
        (Tanh, "slope", lambda self, x, y: (1 - y * y) * 1.0001, "dense/bias"),
        (
            Dropout,
            "compute_gradients",
            lambda self, upstream: upstream,
            "batch_normalization/gamma",
        ),
        (
            BatchNormalization,
            "compute_gradients",
            lambda self, upstream: upstream * self.factor,
            "batch_normalization/beta",
        ),
        (
            Dense,
            "add_regularization_gradients",
            lambda self: None,
            "dense/kernel",
        ),
    ],
)
def test_a_wrong_gradient_is_named(kind, method, wrong, blamed, monkeypatch):
    monkeypatch.setattr(kind, method, wrong)
    report = check_gradients(make(), X, LABELS)
    assert not report.passed
    line = next(line for line in report.parameters if line.name == blamed)
    assert line.relative_error > report.tolerance
    assert any(blamed in row and "WRONG" in row for row in str(report).splitlines())


def test_a_small_wrong_gradient_below_the_floor_is_named(monkeypatch):
    """The floor compares absolutely; it must not hide a gradient of a tiny loss."""
    network = Network([Dense(2)], 4)
    y = network.copy("float64").predict(X) + 1e-5
    assert check_gradients(network, X, y, "mse").passed
    right = MeanSquaredError.slope
    monkeypatch.setattr(MeanSquaredError, "slope", lambda *given: 1.01 * right(*given))
    assert not check_gradients(network, X, y, "mse").passed


def test_a_large_loss_passes():
    network = Network([Dense(2)], 4)
    assert check_gradients(network, X, 1e4 * X[:, :2], "mse").passed


def test_without_the_input():
    report = check_gradients(make(), X, LABELS, input_gradient=False)
    assert [line.name for line in report.parameters] == list(make().parameters)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"network": "net"}, TypeError, "network"),
        ({"x": X[:, :2]}, ValueError, "x "),
        ({"x": X * np.nan}, ValueError, "x "),
        ({"y": LABELS[:2]}, ValueError, "samples"),
        ({"loss": "mean"}, ValueError, "loss"),
        ({"training": None}, TypeError, "training"),
        ({"step": 0}, ValueError, "step"),
        ({"step": "1e-5"}, TypeError, "step"),
        ({"tolerance": -1}, ValueError, "tolerance"),
        ({"tolerance": np.nan}, ValueError, "tolerance"),
        ({"input_gradient": 2}, TypeError, "input_gradient"),
    ],
)
def test_bad_arguments(arguments, error, words):
    with pytest.raises(error, match=words):
        check_gradients(**{"network": make(), "x": X, "y": LABELS, **arguments})
