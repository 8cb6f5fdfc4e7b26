"""Convolution and its company: by hand, by nudging, in slabs of any size, and on digits."""

import numpy as np
import pytest

from dlkit import Network, check_gradients, datasets
from dlkit.layers import (
    Activation,
    AveragePooling2D,
    BatchNormalization,
    Conv1D,
    Conv2D,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    LayerNormalization,
    MaxPooling2D,
    PositionalEncoding,
    Residual,
    sliding,
)


def image(rows):
    return np.array(rows, float)[np.newaxis, :, :, np.newaxis]


def conv(kernel, **arguments):
    """Return a convolution of one channel into one, with this kernel and no bias."""
    kernel = np.array(kernel, float)
    layer = Conv2D(1, kernel.shape, use_bias=False, **arguments)
    layer.build((3, 3, 1), dtype="float64")
    layer.parameters["kernel"][...] = kernel[:, :, np.newaxis, np.newaxis]
    return layer


PICTURE = image([[1, 2, 3], [4, 5, 6], [7, 8, 9]])


def test_convolution_worked_by_hand():
    layer = conv([[1, 0], [0, -2]])
    y = layer.forward(PICTURE)
    assert y[0, :, :, 0].tolist() == [[1 - 10, 2 - 12], [4 - 16, 5 - 18]]
    assert layer.feature_maps is y
    gradient = layer.backward(image([[1, 0], [0, 3]]))
    assert gradient[0, :, :, 0].tolist() == [[1, 0, 0], [0, -2 + 3, 0], [0, 0, -6]]
    assert layer.gradients["kernel"][:, :, 0, 0].tolist() == [
        [1 + 3 * 5, 2 + 3 * 6],
        [4 + 3 * 8, 5 + 3 * 9],
    ]


def test_an_odd_zero_goes_right_and_below():
    y = conv([[1, 10], [100, 1000]], padding="same").forward(PICTURE)
    assert y[0, :, :, 0].tolist() == [[5421, 6532, 603], [8754, 9865, 906], [87, 98, 9]]


@pytest.mark.parametrize(
    ("length", "size", "stride", "pads"),
    [(5, 3, 1, (1, 1)), (6, 3, 2, (0, 1)), (5, 3, 2, (1, 1)), (4, 1, 3, (0, 0)), (2, 5, 1, (2, 2))],
)
def test_padding_same_by_hand(length, size, stride, pads):
    assert sliding.pads_for(length, size, stride, "same") == pads
    assert sliding.pads_for(length, size, stride, "valid") == (0, 0)


@pytest.mark.parametrize("slab", [1, 60, 300, 10**9])
def test_slabs_of_any_size_give_the_same(slab, monkeypatch):
    """From one row of one image at a time to the whole batch at once."""
    x = np.random.default_rng(0).normal(size=(5, 7, 6, 2))
    results = []
    for limit in (sliding.SLAB, slab):
        monkeypatch.setattr(sliding, "SLAB", limit)
        layer = Conv2D(3, 3, strides=(2, 1), padding="same")
        y = layer.forward(x)
        results.append([y, layer.backward(np.cos(y)), *layer.gradients.values()])
    for ours, theirs in zip(*results):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-13)


def test_pooling_worked_by_hand():
    largest = MaxPooling2D(2, strides=1)
    assert largest.forward(PICTURE)[0, :, :, 0].tolist() == [[5, 6], [8, 9]]
    spread = largest.backward(image([[1, 2], [3, 4]]))
    assert spread[0, :, :, 0].tolist() == [[0, 0, 0], [0, 1, 2], [0, 3, 4]]
    largest.forward(image(np.zeros((3, 3))))  # of equals the first one gets it
    spread = largest.backward(image([[1, 2], [3, 4]]))
    assert spread[0, :, :, 0].tolist() == [[1, 2, 0], [3, 4, 0], [0, 0, 0]]
    mean = AveragePooling2D(2, padding="same")
    assert mean.forward(PICTURE)[0, :, :, 0].tolist() == [[3, 4.5], [7.5, 9]]
    spread = mean.backward(image([[4, 2], [2, 1]]))
    assert spread[0, :, :, 0].tolist() == [[1, 1, 1], [1, 1, 1], [1, 1, 1]]


def test_layer_normalization_treats_each_sample_alone():
    x = np.random.default_rng(1).normal(3, 5, (6, 4, 8))
    layer = LayerNormalization(epsilon=1e-9)
    y = layer.forward(x, training=True)
    np.testing.assert_allclose(y.mean(axis=-1), 0, atol=1e-12)
    np.testing.assert_allclose(y.var(axis=-1), 1, rtol=1e-9)
    np.testing.assert_array_equal(layer.forward(x[2:3], training=False), y[2:3])
    same = np.full((2, 3), 7.0)
    assert (LayerNormalization().forward(same) == 0).all()


def test_sinusoidal_positions_by_hand():
    y = PositionalEncoding().forward(np.zeros((1, 3, 4)))
    for t in range(3):
        expected = [np.sin(t), np.cos(t), np.sin(t / 100), np.cos(t / 100)]
        np.testing.assert_allclose(y[0, t], expected, rtol=0, atol=1e-15)


def test_embedding_looks_up_and_sums_where_a_number_repeats():
    layer = Embedding(4, 2)
    y = layer.forward([[2, 0, 2]])
    np.testing.assert_array_equal(y[0], layer.parameters["embeddings"][[2, 0, 2]])
    assert (layer.backward([[[1, 2], [3, 4], [10, 20]]]) == 0).all()
    assert layer.gradients["embeddings"].tolist() == [[3, 4], [0, 0], [11, 22], [0, 0]]


# Layers of this family one behind the other, with windows that overlap, leave gaps, and reach over the border.
STACKS = {
    "images": (
        lambda: [
            Conv2D(3, (2, 3), padding="same", activation="relu"),
            MaxPooling2D((3, 2), strides=2, padding="same"),
            Conv2D(4, 3, strides=2, padding="same", kernel_regularizer="l2"),
            Activation("tanh"),
            GlobalAveragePooling2D(),
        ],
        (7, 6, 2),
    ),
    "strides": (lambda: [Conv2D(2, 2, strides=3), AveragePooling2D(2, 1), Flatten()], (9, 8, 1)),
    "large kernel": (
        lambda: [Conv2D(2, 5, padding="same", activation="tanh"), Flatten()],
        (2, 3, 2),
    ),
    "sequences": (
        lambda: [
            Conv1D(4, 3, strides=2, padding="same", activation="gelu"),
            PositionalEncoding(9, "learned"),
            LayerNormalization(),
            Residual([Dense(4, "tanh"), Dropout(0.3), LayerNormalization(), Dense(4)]),
            GlobalAveragePooling1D(),
        ],
        (7, 3),
    ),
    "nested residuals": (
        lambda: [
            Residual([Dense(3, "tanh"), Residual([Dense(3, "relu", kernel_regularizer="l2")])])
        ],
        (3,),
    ),
}
SEEDS = [pytest.param(seed, marks=pytest.mark.full if seed > 2 else ()) for seed in range(20)]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("stack", STACKS)
def test_gradients_by_nudging_every_number(stack, seed):
    make, shape = STACKS[stack]
    network = Network(make(), shape, seed=seed, dtype="float64")
    generator = np.random.default_rng(seed)
    network.flat_parameters[...] += generator.normal(0, 0.3, network.flat_parameters.size)
    x = generator.normal(size=(1 + seed % 3, *shape))
    y = generator.normal(size=(len(x), *network.output_shape))
    report = check_gradients(network, x, y, "mse", tolerance=1e-7)
    assert report.passed, report


def residual_network(seed=3):
    inside = [Dense(4, "relu"), Dropout(0.5), BatchNormalization(), Dense(4)]
    return Network([Residual(inside), Dense(2, "softmax")], (4,), seed=seed)


def test_a_residual_hands_on_what_is_inside(tmp_path):
    network = residual_network()
    assert list(network.parameters)[:2] == ["residual/dense/kernel", "residual/dense/bias"]
    assert "residual/dense_1/kernel" in network.parameters and len(network.state) == 2
    inside = network.layers[0].layers[0].parameters["kernel"]
    assert np.shares_memory(inside, network.flat_parameters)
    first = network.get_weights()
    x = np.random.default_rng(0).normal(size=(8, 4)).astype("float32")
    before = network.random_state
    masked = network.forward(x, training=True)
    assert (network.forward(x, training=True) != masked).any()
    network.random_state = before
    for name in network.state:
        network.state[name][...] = first[name]
    np.testing.assert_array_equal(network.forward(x, training=True), masked)
    network.save(tmp_path / "network.npz")
    twin = Network.load(tmp_path / "network.npz")
    np.testing.assert_array_equal(twin.predict(x), network.predict(x))
    network.flat_parameters[...] = 0
    network.initialize()
    for name, array in network.parameters.items():
        np.testing.assert_array_equal(array, first[name])


def test_a_residual_of_nothing_new_doubles():
    layer = Residual([Activation("linear")])
    assert layer.forward([[1.0, 2.0]]).tolist() == [[2.0, 4.0]]
    assert layer.backward([[3.0, 1.0]]).tolist() == [[6.0, 2.0]]


def test_a_small_network_learns_digits():
    data = datasets.digits()
    network = Network(
        [
            Conv2D(32, 3, padding="same", activation="relu", kernel_initializer="he_uniform"),
            MaxPooling2D(),
            Flatten(),
            Dense(10, "softmax"),
        ],
        data.input_shape,
    )
    network.fit(data.x_train, data.y_train, epochs=8, learning_rate=0.01)
    assert network.evaluate(data.x_validation, data.y_validation)["accuracy"] >= 0.97
    assert network.layers[0].feature_maps.shape[1:] == (8, 8, 32)


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: Conv2D(0, 3), ValueError, "filters"),
        (lambda: Conv2D(4, 0), ValueError, "kernel_size"),
        (lambda: Conv2D(4, (3, 3, 3)), ValueError, "kernel_size must be a whole number or 2"),
        (lambda: Conv2D(4, "3"), TypeError, "kernel_size"),
        (lambda: Conv2D(4, 3, strides=(1, -1)), ValueError, "strides"),
        (lambda: Conv2D(4, 3, padding="sane"), ValueError, "Did you mean 'same'"),
        (lambda: Conv2D(4, 3, kernel_initializer="he"), ValueError, "initializer"),
        (lambda: Conv2D(4, 3).build((8, 8)), ValueError, r"\(height, width, channels\)"),
        (lambda: Conv2D(4, 9).build((8, 8, 1)), ValueError, "do not fit"),
        (lambda: Conv1D(4, (3, 3)), ValueError, "kernel_size must be a whole number or 1"),
        (lambda: Conv1D(4, 3).build((8, 8, 1)), ValueError, r"\(time, channels\)"),
        (lambda: MaxPooling2D(pool_size=0), ValueError, "pool_size"),
        (lambda: MaxPooling2D(strides=1.5), ValueError, "strides"),
        (lambda: AveragePooling2D(3).build((2, 8, 1)), ValueError, "padding='same'"),
        (lambda: GlobalAveragePooling2D(keepdims=1), TypeError, "keepdims"),
        (lambda: LayerNormalization(epsilon=0), ValueError, "epsilon"),
        (lambda: Embedding(0, 3), ValueError, "input_dim"),
        (lambda: Embedding(2**24 + 1, 3), ValueError, "input_dim"),
        (lambda: Embedding(5, 3).forward([[1, 5]]), ValueError, "from 0 to 4"),
        (lambda: Embedding(5, 3).forward([[1, -1]]), ValueError, "from 0 to 4"),
        (lambda: Embedding(5, 3).forward([[1, 0.5]]), ValueError, "whole numbers"),
        (lambda: Network([Embedding(5, 3)], (2,)).predict([[7, 0]]), ValueError, "from 0 to 4"),
        (lambda: PositionalEncoding(kind="sinusodal"), ValueError, "Did you mean 'sinusoidal'"),
        (lambda: PositionalEncoding(3).build((4, 2)), ValueError, "3 positions"),
        (lambda: Residual(Dense(3)), TypeError, "layers"),
        (lambda: Residual([]), ValueError, "layers"),
        (lambda: Residual([Dense(3)]).build((4,)), ValueError, "shape"),
        (lambda: Residual([{"kind": "Dence", "units": 3}]), ValueError, "Did you mean 'Dense'"),
    ],
)
def test_bad_arguments(make, error, words):
    with pytest.raises(error, match=words):
        make()


def test_a_layer_cannot_serve_two_masters():
    dense = Dense(3)
    Residual([dense])
    with pytest.raises(ValueError, match="belongs to a network already"):
        Network([dense], (3,))
