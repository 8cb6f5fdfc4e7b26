"""A `Network` and its Keras twin: the same outputs, the same gradients, and back again."""

import keras
import numpy as np
import pytest

from dlkit import Network, activations, initializers, layers, regularizers
from dlkit.keras.convert import from_keras, to_keras

# Exact in binary: Keras rounds the strength of a penalty to float32.
EXACT = regularizers.L2(2.0**-7)


def all_layers(activation="relu"):
    return [
        layers.Flatten(),
        layers.Dense(12, activation, kernel_initializer="he_normal", kernel_regularizer=EXACT),
        layers.BatchNormalization(momentum=0.5, epsilon=2.0**-10),
        layers.Dropout(0.25),
        layers.Reshape((3, 4)),
        layers.Activation(activation),
        layers.Dense(3, "softmax", use_bias=False),
    ]


@pytest.fixture
def x():
    return np.random.default_rng(0).normal(size=(6, 4, 4, 1))


def trained_network(dtype, x, activation="relu"):
    network = Network(all_layers(activation), (4, 4, 1), seed=3, dtype=dtype)
    network.forward(x.astype(dtype), training=True)  # moves the moving averages off 0 and 1
    return network


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("activation", activations.ACTIVATIONS)
def test_outputs_agree_for_every_layer_and_activation(x, dtype, activation):
    network = trained_network(dtype, x, activation)
    model = network.to_keras()
    assert model.dtype == dtype or model.outputs[0].dtype == dtype
    expected = network.predict(x.astype(dtype))
    found = keras.ops.convert_to_numpy(model(x.astype(dtype)))
    # Keras keeps the slopes of leaky_relu and gelu in float32, hence not 1e-15 for float64.
    tolerance = 1e-6 if dtype == "float32" else 1e-7
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance)


@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid", "softplus"])
def test_loss_and_gradients_agree_in_float64(x, activation):
    import tensorflow

    stack = [layer for layer in all_layers(activation) if not isinstance(layer, layers.Dropout)]
    network = Network(
        [*stack[:-1], layers.Flatten(), layers.Dense(3, "softmax")], (4, 4, 1), dtype="float64"
    )
    model, y = to_keras(network), np.array([0, 1, 2, 2, 1, 0])
    value = network.loss_and_gradients(x, y, "sparse_categorical_crossentropy")
    loss = keras.losses.SparseCategoricalCrossentropy(dtype="float64")
    with tensorflow.GradientTape() as tape:
        expected = loss(y, model(x, training=True)) + sum(model.losses)
    gradients = tape.gradient(expected, [each.value for each in model.trainable_variables])
    assert value == pytest.approx(float(expected), rel=1e-12)
    found = network.gradients
    names = [
        f"{layer.name}/{variable.name}"
        for layer in model.layers
        for variable in layer.trainable_variables
    ]
    assert set(names) == set(found)
    for name, gradient in zip(names, gradients, strict=True):
        np.testing.assert_allclose(found[name], gradient.numpy(), rtol=0, atol=1e-12)
    twin = from_keras(model)  # the moving averages have moved on both sides
    for name, array in network.state.items():
        np.testing.assert_allclose(twin.state[name], array, atol=1e-12)


def image_layers():
    return [
        layers.Conv2D(4, 3, strides=2, padding="same", activation="tanh", kernel_regularizer=EXACT),
        layers.MaxPooling2D(2, strides=1, padding="same"),
        layers.Conv2D(3, (2, 1)),
        layers.AveragePooling2D(2, padding="same"),
        layers.GlobalAveragePooling2D(),
    ]


def sequence_layers():
    inside = [layers.Dense(4, "tanh"), layers.Dropout(0.5), layers.BatchNormalization(**BINARY)]
    nested = layers.Residual([layers.Dense(4, kernel_regularizer=EXACT)])
    return [
        layers.Embedding(5, 4),
        layers.PositionalEncoding(9),
        layers.Residual([layers.LayerNormalization(epsilon=2.0**-10), *inside, nested]),
        layers.PositionalEncoding(6, "learned"),
        layers.Conv1D(3, 2, padding="same"),
        layers.GlobalAveragePooling1D(keepdims=True),
    ]


def recurrent_layers():
    """Layers of every recurrent kind, behind an embedding that masks padding."""
    sequences = {"return_sequences": True}
    other_way = layers.GRU(4, go_backwards=True, dropout=0.25, **sequences)
    return [
        layers.Embedding(5, 3, mask_zero=True),
        layers.LSTM(4, recurrent_activation="hard_sigmoid", dropout=0.5, **sequences),
        layers.Bidirectional(layers.LSTM(3, unit_forget_bias=False, **sequences), "ave"),
        layers.GRU(3, reset_after=False, recurrent_regularizer=EXACT, **sequences),
        layers.Bidirectional(layers.SimpleRNN(4, "softsign", **sequences), "concat", other_way),
        layers.GRU(3, use_bias=False, go_backwards=True, name="last"),
    ]


BINARY = {"momentum": 0.5, "epsilon": 2.0**-10}


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-6), ("float64", 1e-12)])
@pytest.mark.parametrize("make", [image_layers, sequence_layers, recurrent_layers])
def test_images_and_sequences_there_and_back(make, dtype, tolerance):
    generator = np.random.default_rng(0)
    shape = (9, 8, 2) if make is image_layers else (6,)
    words = [[0, 4, 1, 1, 2, 3], [2, 0, 3, 1, 0, 0]]
    x = generator.normal(size=(4, *shape)) if make is image_layers else words
    x = np.asarray(x, dtype)
    network = Network(make(), shape, dtype=dtype)
    network.flat_parameters[...] = generator.normal(0, 0.5, network.flat_parameters.size)
    network.forward(x, training=True)
    model = to_keras(network)
    expected = network.predict(x)
    np.testing.assert_allclose(np.asarray(model(x)), expected, rtol=0, atol=tolerance)
    back = from_keras(model)
    assert back.get_config() == network.get_config()
    np.testing.assert_array_equal(back.predict(x), expected)


def test_a_residual_in_keras_is_saved_and_trained(tmp_path):
    network = Network([layers.Residual([layers.Dense(3, "relu"), layers.Dropout(0.2)])], (3,))
    model = to_keras(network)
    x = np.ones((4, 3), "float32")
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(np.asarray(again(x)), np.asarray(model(x)))
    again.compile("sgd", "mse")
    again.fit(x, x, verbose=0)
    assert (np.asarray(again(x)) != np.asarray(model(x))).any()
    assert (from_keras(again).predict(x) != network.predict(x)).any()


@pytest.mark.parametrize(
    ("layer", "word"),
    [
        (keras.layers.Conv2D(2, 3, dilation_rate=2), "dilation_rate"),
        (keras.layers.Conv2D(2, 3, groups=2), "groups"),
        (keras.layers.Conv1D(2, 3, padding="causal"), "padding"),
        (keras.layers.MaxPooling2D(data_format="channels_first"), "data_format"),
        (keras.layers.LayerNormalization(axis=1), "axis"),
        (keras.layers.Embedding(3, 2, embeddings_constraint="non_neg"), "embeddings_constraint"),
    ],
)
def test_what_dlkit_does_not_know_is_refused(layer, word):
    images = isinstance(layer, keras.layers.Conv2D | keras.layers.MaxPooling2D)
    model = keras.Sequential([keras.Input((8, 8, 2) if images else (8, 8)), layer])
    with pytest.raises(ValueError, match=word):
        from_keras(model)


def test_names_and_weights_are_copied_and_stay_apart(x):
    network = trained_network("float32", x)
    model = to_keras(network)
    assert [layer.name for layer in model.layers] == [layer.name for layer in network.layers]
    before = keras.ops.convert_to_numpy(model(x))
    network.flat_parameters[...] = 0
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(model(x)), before)


@pytest.mark.parametrize(
    "activation",
    [activations.get("leaky_relu", negative_slope=0.25), activations.get("elu", alpha=0.5)],
)
def test_an_activation_keeps_its_parameters(activation):
    network = Network([layers.Dense(5, activation)], (4,), dtype="float64")
    x = np.random.default_rng(0).normal(size=(3, 4))
    model = to_keras(network)
    np.testing.assert_allclose(model(x), network.predict(x), rtol=0, atol=1e-12)
    np.testing.assert_allclose(from_keras(model).predict(x), network.predict(x), atol=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_there_and_back_gives_the_same_network(x, dtype):
    network = trained_network(dtype, x)
    back = from_keras(to_keras(network), seed=network.seed)
    assert back.get_config() == network.get_config()
    for name, array in network.get_weights().items():
        np.testing.assert_array_equal(back.get_weights()[name], array)


def test_a_functional_chain_comes_back_and_keras_defaults_are_kept():
    inputs = keras.Input((4,))
    hidden = keras.layers.Dense(5, activation="leaky_relu", kernel_regularizer="l1")(inputs)
    model = keras.Model(inputs, keras.layers.Dense(2)(keras.layers.Dropout(0.5)(hidden)))
    x = np.random.default_rng(0).normal(size=(3, 4)).astype("float32")
    network = from_keras(model)
    np.testing.assert_allclose(network.predict(x), model(x), atol=1e-6)
    assert network.layers[0].activation.negative_slope == 0.2  # Keras's default, not the textbook's
    assert network.layers[0].kernel_regularizer.l1 == pytest.approx(0.01)


def test_initializers_keep_their_arguments():
    start = initializers.get("constant", value=0.5)
    network = Network([layers.Dense(3, kernel_initializer=start)], (2,))
    model = to_keras(network)
    assert model.layers[0].kernel_initializer.value == 0.5
    assert from_keras(model).layers[0].kernel_initializer.value == 0.5


@pytest.mark.parametrize("wrong", [None, 3, "model", keras.layers.Dense(2), np.ones(3)])
def test_wrong_types_are_named(wrong):
    with pytest.raises(TypeError, match="network must be a dlkit.Network"):
        to_keras(wrong)
    with pytest.raises(TypeError, match="model must be a Keras model"):
        from_keras(wrong)


def test_models_that_are_no_stack_are_refused_with_the_reason():
    inputs = keras.Input((4,))
    hidden = keras.layers.Dense(4)(inputs)
    side = keras.layers.Dense(4)(inputs)
    with pytest.raises(ValueError, match="Add"):
        from_keras(keras.Model(inputs, keras.layers.Add()([hidden, side])))
    with pytest.raises(ValueError, match="one chain"):
        from_keras(keras.Model(inputs, [hidden, side]))
    with pytest.raises(ValueError, match="must be built"):
        from_keras(keras.Sequential([keras.layers.Dense(2)]))
    with pytest.raises(ValueError, match="noise_shape"):
        from_keras(keras.Sequential([keras.Input((4,)), keras.layers.Dropout(0.5, (1, 4))]))
    with pytest.raises(ValueError, match="axis"):
        from_keras(keras.Sequential([keras.Input((4, 3)), keras.layers.BatchNormalization(axis=1)]))
    with pytest.raises(TypeError, match="seed"):
        from_keras(keras.Model(inputs, hidden), seed="0")


def test_a_layer_that_is_not_converted_is_named():
    class Double(layers.Layer):
        def compute_output(self, x, training):
            return 2 * x

    network = Network([Double(), layers.Dense(1)], (2,))
    with pytest.raises(ValueError, match="'double' \\(Double\\), which is not converted"):
        to_keras(network)
