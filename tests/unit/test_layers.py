"""Layers alone and by law: shapes, dropout's statistics, moving averages, bad arguments."""

import json

import numpy as np
import pytest

from dlkit import Network, activations, check_gradients, randomness, regularizers
from dlkit.layers import (
    LAYERS,
    Activation,
    BatchNormalization,
    Dense,
    Dropout,
    Flatten,
    Layer,
    Reshape,
)
from dlkit.regularizers import L1, L1L2, L2

# As saved settings, so that each test makes layers of its own.
RESIDUAL = [
    {"kind": "Dense", "units": 4, "activation": "tanh"},
    {"kind": "Dropout", "rate": 0.4},
    {"kind": "Dense", "units": 3, "name": "last"},
]
# One row per layer of the registry: arguments, input shape, output shape.
EXAMPLES = {
    "Dense": ({"units": 4, "activation": "tanh", "kernel_regularizer": L2(0.1)}, (3,), (4,)),
    "Activation": ({"activation": "gelu"}, (2, 3), (2, 3)),
    "Dropout": ({"rate": 0.4}, (3,), (3,)),
    "BatchNormalization": ({"beta_initializer": "random_normal"}, (2, 3), (2, 3)),
    "Flatten": ({}, (2, 3), (6,)),
    "Reshape": ({"target_shape": (3, -1)}, (2, 3), (3, 2)),
    "Conv2D": ({"filters": 2, "kernel_size": (1, 2), "activation": "tanh"}, (1, 3, 2), (1, 2, 2)),
    "Conv1D": ({"filters": 2, "kernel_size": 3, "padding": "same"}, (2, 3), (2, 2)),
    "MaxPooling2D": ({"pool_size": (1, 2), "strides": 1}, (1, 3, 2), (1, 2, 2)),
    "AveragePooling2D": ({"pool_size": 2, "padding": "same"}, (1, 3, 2), (1, 2, 2)),
    "GlobalAveragePooling2D": ({"keepdims": True}, (1, 3, 2), (1, 1, 2)),
    "GlobalAveragePooling1D": ({}, (2, 3), (3,)),
    "LayerNormalization": ({"gamma_initializer": "random_normal"}, (2, 3), (2, 3)),
    "Embedding": ({"input_dim": 5, "output_dim": 3}, (6,), (6, 3)),
    "PositionalEncoding": ({"kind": "learned", "sequence_length": 4}, (2, 3), (2, 3)),
    "MultiHeadAttention": ({"num_heads": 2, "key_dim": 3, "dropout": 0.4}, (2, 3), (2, 3)),
    "TransformerEncoder": ({"intermediate_dim": 3, "num_heads": 3}, (2, 3), (2, 3)),
    "TransformerDecoder": ({"intermediate_dim": 3, "num_heads": 1}, (2, 3), (2, 3)),
    "Residual": ({"layers": RESIDUAL}, (3,), (3,)),
    "SimpleRNN": ({"units": 4, "dropout": 0.4}, (2, 3), (4,)),
    "LSTM": (
        {"units": 4, "return_sequences": True, "recurrent_regularizer": L2(0.1)},
        (2, 3),
        (2, 4),
    ),
    "GRU": ({"units": 2, "reset_after": False, "go_backwards": True}, (2, 3), (2,)),
    "Bidirectional": ({"layer": {"kind": "GRU", "units": 2}, "merge_mode": "mul"}, (2, 3), (2,)),
}
X = np.random.default_rng(0).normal(0.5, 2, (5, 2, 3))


def example(name):
    arguments, input_shape, _ = EXAMPLES[name]
    x = X if name != "Embedding" else np.arange(X.size).reshape(X.shape) % 4.0
    return LAYERS[name](**arguments), x.reshape(-1, *input_shape)


def test_there_is_an_example_of_every_layer():
    assert set(EXAMPLES) == set(LAYERS)
    assert all(kind.__name__ == name for name, kind in LAYERS.items())


@pytest.mark.parametrize("name", EXAMPLES)
def test_shapes_and_dtypes(name):
    _, input_shape, output_shape = EXAMPLES[name]
    for samples in (1, 5):
        for dtype in ("float64", "float32", "float16", "int64"):
            layer, x = example(name)
            x = x[:samples].astype(dtype)
            y = layer.forward(x, training=True)
            expected = "float64" if dtype == "float64" else "float32"
            assert (layer.input_shape, layer.output_shape) == (input_shape, output_shape)
            assert y.shape == (len(x), *output_shape) and y.dtype == expected
            assert layer.backward(np.ones_like(y)).shape == x.shape
            for key, array in layer.parameters.items():
                assert layer.gradients[key].shape == array.shape and array.dtype == expected


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name", EXAMPLES)
def test_gradients_by_nudging_every_number(name, training):
    layer, x = example(name)
    network = Network([layer, Flatten(), Dense(2)], x.shape[1:], dtype="float64")
    nudged = name != "Embedding"  # a whole number cannot be nudged
    report = check_gradients(
        network, x[:4], np.ones((4, 2)), "mse", training=training, input_gradient=nudged
    )
    assert report.passed, report


@pytest.mark.parametrize("name", EXAMPLES)
def test_inputs_are_left_alone_and_earlier_outputs_stay(name):
    layer, x = example(name)
    strided = np.repeat(x, 2, axis=0)[::2]
    strided.flags.writeable = False
    first = layer.forward(strided)
    kept = first.copy()
    layer.forward(x + 1)
    np.testing.assert_array_equal(first, kept)
    np.testing.assert_array_equal(strided, x)
    layer.forward(strided)
    upstream = np.asfortranarray(np.ones((len(x), *layer.output_shape)))
    upstream.flags.writeable = False
    layer.backward(upstream)
    assert (upstream == 1).all()


@pytest.mark.parametrize("name", EXAMPLES)
def test_configuration_makes_the_same_layer(name):
    layer, x = example(name)
    twin = LAYERS[name](**json.loads(json.dumps(layer.get_config())))
    np.testing.assert_array_equal(layer.forward(x), twin.forward(x))
    assert twin.get_config() == layer.get_config()


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize(
    "bad",
    [np.nan * X[:1], X[:0], "text", None, [[1.0], [1.0, 2.0]], X[0, 0], np.ones((2, 5, 7, 2))],
)
def test_bad_inputs_are_refused(name, bad):
    layer, x = example(name)
    layer.forward(x)
    if isinstance(bad, np.ndarray) and bad.shape[1:] == X.shape[1:]:
        bad = bad.reshape(-1, *layer.input_shape)
    with pytest.raises((TypeError, ValueError), match="^(x|query) "):
        layer.forward(bad)
    with pytest.raises(TypeError, match="training"):
        layer.forward(x, training="yes")


@pytest.mark.parametrize("name", EXAMPLES)
def test_bad_upstream_is_refused(name):
    layer, x = example(name)
    with pytest.raises(RuntimeError, match="forward"):
        layer.backward(x)
    y = layer.forward(x)
    for bad in (y[:-1], y[..., None], np.full_like(y, np.inf), "text"):
        with pytest.raises((TypeError, ValueError), match="upstream"):
            layer.backward(bad)


def test_dense_worked_by_hand():
    layer = Dense(1)
    layer.forward([[1.0, 2.0]])
    layer.parameters["kernel"][...] = [[3.0], [-1.0]]
    layer.parameters["bias"][...] = 0.5
    assert layer.forward([[1.0, 2.0], [0.0, 4.0]]).tolist() == [[1.5], [-3.5]]
    assert layer.backward([[1.0], [2.0]]).tolist() == [[3.0, -1.0], [6.0, -2.0]]
    assert layer.gradients["kernel"].tolist() == [[1.0], [10.0]]
    assert layer.gradients["bias"].tolist() == [3.0]


def test_dropout_keeps_the_mean_and_drops_its_share():
    layer, n, rate = Dropout(0.3), 200_000, 0.3
    y = layer.forward(np.ones((1, n)), training=True)
    dropped = np.mean(y == 0)
    assert set(np.unique(y)) == {0.0, y.max()} and y.max() == pytest.approx(1 / 0.7)
    # five standard deviations of a share of n coin tosses
    assert abs(dropped - rate) < 5 * np.sqrt(rate * (1 - rate) / n)
    assert abs(y.mean() - 1) < 5 * np.sqrt(rate / (1 - rate) / n)


def test_dropout_draws_for_each_sample():
    kept = Dropout(0.5).forward(np.ones((20, 50)), training=True) > 0
    assert len(np.unique(kept, axis=0)) == 20


def test_dropout_is_the_identity_outside_training_and_draws_nothing():
    layer = Dropout(0.5)
    before = layer.forward(X[:, 0], training=False), layer.random.bit_generator.state
    np.testing.assert_array_equal(before[0], X[:, 0])
    np.testing.assert_array_equal(layer.backward(X[:, 1]), X[:, 1])
    assert layer.random.bit_generator.state == before[1]
    np.testing.assert_array_equal(Dropout(0).forward(X[:, 0], training=True), X[:, 0])


def test_dropout_sends_gradients_through_the_same_mask():
    layer = Dropout(0.5)
    x = np.ones((50, 20))
    first = layer.forward(x, training=True)
    np.testing.assert_array_equal(layer.backward(x), first)
    second = layer.forward(x, training=True)
    assert (first != second).any()
    np.testing.assert_array_equal(layer.backward(x), second)


@pytest.mark.parametrize(
    ("method", "wrong"),
    [
        ("compute_output", lambda self, x, training: x * _mask(self, x, 1.0)),
        ("compute_output", lambda self, x, training: x * _mask(self, x, 4.0)),
        ("compute_gradients", lambda self, upstream: upstream * _mask(self, upstream, 2.0)),
        ("compute_gradients", lambda self, upstream: upstream),
    ],
    ids=["not divided", "divided twice", "a fresh mask", "no mask"],
)
def test_wrong_dropouts_are_caught(method, wrong, monkeypatch):
    monkeypatch.setattr(Dropout, method, wrong)
    with pytest.raises(AssertionError):
        layer = Dropout(0.5)
        y = layer.forward(np.ones((100, 100)), training=True)
        assert abs(y.mean() - 1) < 0.05
        np.testing.assert_array_equal(layer.backward(np.ones((100, 100))), y)


def _mask(layer, x, scale):
    layer.mask = scale * (layer.random.random(x.shape) >= layer.rate)
    return layer.mask


def test_batch_normalization_normalizes_and_follows():
    layer = BatchNormalization(momentum=0.75, epsilon=1e-9)
    x = np.random.default_rng(1).normal(3, 5, (64, 4))
    y = layer.forward(x, training=True)
    np.testing.assert_allclose(y.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(y.var(axis=0), 1, rtol=1e-9)
    np.testing.assert_allclose(layer.state["moving_mean"], 0.25 * x.mean(axis=0))
    np.testing.assert_allclose(layer.state["moving_variance"], 0.75 + 0.25 * x.var(axis=0))
    kept = {name: array.copy() for name, array in layer.state.items()}
    layer.forward(x, training=False)
    for name, array in kept.items():
        np.testing.assert_array_equal(layer.state[name], array)
    for _ in range(60):
        layer.forward(x, training=True)
    np.testing.assert_allclose(layer.forward(x, training=False), y, atol=1e-6)


def test_batch_normalization_of_one_sample_and_of_a_constant_is_finite():
    layer = BatchNormalization()
    for x in (X[:1], np.full((6, 2, 3), 7.0)):
        assert np.isfinite(layer.forward(x, training=True)).all()
        assert np.isfinite(layer.backward(np.ones_like(x))).all()
    assert (layer.forward(np.full((6, 2, 3), 7.0), training=True) == 0).all()


def test_flatten_and_reshape_go_back_and_forth():
    x = np.arange(24.0).reshape(2, 3, 4)
    flat = Flatten().forward(x)
    np.testing.assert_array_equal(Reshape((3, 4)).forward(flat), x)
    np.testing.assert_array_equal(Reshape((4, -1)).forward(x), x.reshape(2, 4, 3))
    with pytest.raises(ValueError, match="12 numbers"):
        Reshape((5, -1)).forward(x)


def test_regularizers():
    w = np.array([[1.0, -2.0], [0.0, 3.0]])
    assert L1(0.5)(w) == 3.0 and L2(0.5)(w) == 7.0 and L1L2(1.0, 0.5)(w) == 13.0
    both = L1L2(0.25, 0.125)
    nudges = [(both(w + e) - both(w - e)) / 2e-6 for e in 1e-6 * np.eye(4).reshape(4, 2, 2)]
    np.testing.assert_allclose(both.gradient(w).ravel(), nudges, atol=1e-8)
    for given in ("l1", "l2", "l1_l2", both, both.get_config(), None):
        regularizer = regularizers.get(given)
        assert regularizer is None or regularizer.get_config()["name"] == "l1_l2"
    assert regularizers.get("l2").l2 == 0.01
    for bad in (-1, np.nan, "1", None):
        with pytest.raises((TypeError, ValueError), match="l2"):
            L1L2(l2=bad)
    with pytest.raises(ValueError, match="Did you mean"):
        regularizers.get("l3")


def test_regularization_of_a_layer():
    layer = Dense(2, kernel_regularizer=L2(0.5), bias_regularizer="l1")
    assert layer.regularization_loss() == 0.0
    y = layer.forward(X[:, 0])
    layer.backward(np.zeros_like(y))
    layer.add_regularization_gradients()
    kernel = layer.parameters["kernel"]
    np.testing.assert_allclose(layer.gradients["kernel"], kernel)
    assert layer.regularization_loss() == pytest.approx(0.5 * np.sum(kernel**2))


def test_the_seed_of_a_layer_alone():
    x = X[:, 0]
    assert (Dense(3, seed=1).forward(x) == Dense(3, seed=1).forward(x)).all()
    assert (Dense(3, seed=1).forward(x) != Dense(3, seed=2).forward(x)).any()


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: Dense(0), ValueError, "units"),
        (lambda: Dense(2.5), ValueError, "units"),
        (lambda: Dense("4"), TypeError, "units"),
        (lambda: Dense(True), TypeError, "units"),
        (lambda: Dense(4, "rellu"), ValueError, "Did you mean 'relu'"),
        (lambda: Dense(4, use_bias=1), TypeError, "use_bias"),
        (lambda: Dense(4, kernel_initializer="he"), ValueError, "initializer"),
        (lambda: Dense(4, kernel_regularizer="l7"), ValueError, "regularizer"),
        (lambda: Dense(4, name=""), ValueError, "name"),
        (lambda: Dense(4, name="a/b"), ValueError, "name"),
        (lambda: Dense(4, name=3), ValueError, "name"),
        (lambda: Dense(4, seed=-1), ValueError, "seed"),
        (lambda: Dropout(1.0), ValueError, "rate"),
        (lambda: Dropout(-0.1), ValueError, "rate"),
        (lambda: Dropout(np.nan), ValueError, "rate"),
        (lambda: BatchNormalization(momentum=1.5), ValueError, "momentum"),
        (lambda: BatchNormalization(epsilon=0), ValueError, "epsilon"),
        (lambda: BatchNormalization(scale=None), TypeError, "scale"),
        (lambda: Reshape(4), TypeError, "target_shape"),
        (lambda: Reshape((-1, -1)), ValueError, "target_shape"),
        (lambda: Reshape((0, 2)), ValueError, "target_shape"),
        (lambda: Activation("soft_max"), ValueError, "Did you mean 'softmax'"),
        (lambda: Dense(4).build((0,)), ValueError, "input_shape"),
    ],
)
def test_bad_arguments(make, error, words):
    with pytest.raises(error, match=words):
        make()


def test_a_layer_of_ones_own():
    class Double(Layer):
        def compute_output(self, x, training):
            return 2 * x

        def compute_gradients(self, upstream):
            return 2 * upstream

    network = Network([Dense(3, activations.tanh), Double()], (2,))
    assert check_gradients(network, X[:, 0, :2], X[:, 0], "mse").passed


def test_a_layer_draws_from_its_own_child_of_the_stream_however_late_it_asks():
    dense, drop = Dense(3), Dropout(0.5)
    network = Network([dense, drop], (2,), seed=7)
    for layer, child in ((drop, 1), (dense, 0)):
        expected = np.random.default_rng(randomness.stream(7, "dropout", child))
        assert layer.random.bit_generator.state == expected.bit_generator.state
    drop.random.random(5)
    network.initialize()
    assert drop.random.bit_generator.state == (
        np.random.default_rng(randomness.stream(7, "dropout", 1)).bit_generator.state
    )
