"""Attention, masks and Transformer models in Keras and in dlkit: the same outputs and gradients."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from dlkit import Network, layers, losses, models
from dlkit.keras.convert import from_keras, to_keras
from dlkit.keras.layer_twins import variables_of

EXACT = {"layer_norm_epsilon": 2.0**-10, "dropout": 0.0}  # exact in binary, as Keras needs it
TOKENS = np.array([[3, 1, 4, 1, 0, 0], [2, 0, 0, 0, 0, 0], [5, 6, 7, 8, 1, 2], [0, 0, 1, 2, 3, 4]])


def differences(network, model, twins, x, y, loss):
    """Return the largest differences: of the outputs, the loss, and each parameter's gradient."""
    logits = network.output_activation == "linear" and "crossentropy" in loss
    loss = losses.get(loss, **({"from_logits": True} if logits else {}))
    theirs = getattr(keras.losses, type(loss).__name__)
    with tf.GradientTape() as tape:
        outputs = model(x, training=False)
        options = {"from_logits": True} if logits else {}
        value = theirs(dtype=network.dtype.name, **options)(y, outputs)
    variables = {
        f"{layer.name}/{name}": each
        for layer, twin in zip(network.layers, twins, strict=True)
        for name, each in variables_of(layer, twin).items()
        if each.trainable
    }
    assert variables.keys() == network.parameters.keys()
    gradients = tape.gradient(value, [each.value for each in variables.values()])
    found = [np.abs(network.predict(x) - np.asarray(outputs)).max()]
    ours = network.loss_and_gradients(x, y, loss, training=False)
    found.append(abs(ours - float(value)))
    for name, gradient in zip(variables, gradients, strict=True):
        own = network.gradients[name]
        gradient = np.asarray(tf.convert_to_tensor(gradient)).reshape(own.shape)
        found.append(np.abs(own - gradient).max() / max(1, np.abs(gradient).max()))
    return found


@pytest.fixture
def in_float64():
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float64")
    yield
    keras.config.set_dtype_policy(before)


def fast_first(names, *slow):
    """Return the names as parameters, some of them for the full tier alone."""
    return [pytest.param(each, marks=pytest.mark.full) if each in slow else each for each in names]


def builders():
    digits = np.random.default_rng(0).normal(size=(5, 8, 8))
    labels, following = np.arange(4), np.roll(TOKENS, -1, axis=1)
    small = {"embedding_dim": 8, "num_heads": 2, "intermediate_dim": 12}
    tokens = {"vocabulary_size": 9, **small}
    return {
        "classifier": (
            lambda: models.build_transformer_model((8, 8), 10, **small),
            (digits, np.arange(5)),
        ),
        "classifier of tokens": (
            lambda: models.build_transformer_model((6,), 4, positions="sinusoidal", **tokens),
            (TOKENS, labels),
        ),
        "language model": (lambda: models.build_language_model(9, 6, **small), (TOKENS, following)),
    }


@pytest.mark.parametrize("name", fast_first(builders(), "classifier"))
def test_the_models_of_the_builders_cross_over(name, tmp_path):
    build, (x, y) = builders()[name]
    model, x = build(), x.astype("float32")
    network = Network.from_keras(model)
    kinds = [type(layer).__name__ for layer in network.layers]
    assert kinds.count("Residual") == 4 and len(network.parameters) == len(model.trainable_weights)
    attention = network.layers[kinds.index("Residual")].layers[1]
    assert attention.causal == (name == "language model")
    back = network.to_keras()
    assert from_keras(back).get_config() == network.get_config()
    loss = "sparse_categorical_crossentropy"
    assert max(differences(network, back, back.layers, x, y, loss)) < 1e-5
    np.testing.assert_allclose(network.predict(x), model(x), rtol=0, atol=1e-5)
    network.save(tmp_path / "network.npz")
    np.testing.assert_array_equal(
        Network.load(tmp_path / "network.npz").predict(x), network.predict(x)
    )


def test_a_functional_model_of_plain_keras_layers_in_float64(in_float64):
    """Gradients too, to the last digits: relu, ε and √key_dim are exact."""
    inputs = keras.Input((5, 8), dtype="float64")
    normal = keras.layers.LayerNormalization(epsilon=2.0**-10)(inputs)
    attention = keras.layers.MultiHeadAttention(2, 4)
    x = keras.layers.Add()([attention(normal, normal, use_causal_mask=True), inputs])
    inside = keras.layers.Dense(8)(keras.layers.Dense(6, "relu")(x))
    inner = keras.layers.Add()([inside, keras.layers.Dense(8, "tanh")(inside)])
    x = keras.layers.Add()([x, inner])
    model = keras.Model(inputs, keras.layers.Dense(3)(x))
    network = from_keras(model)
    assert [type(each).__name__ for each in network.layers] == ["Residual", "Residual", "Dense"]
    assert network.dtype == "float64" and network.layers[0].layers[1].causal
    x = np.random.default_rng(0).normal(size=(3, 5, 8))
    twin = to_keras(network)
    found = differences(network, twin, twin.layers, x, np.ones((3, 5, 3)), "mean_squared_error")
    assert max(found) < 1e-12
    np.testing.assert_allclose(network.predict(x), model(x), rtol=0, atol=1e-12)


@pytest.mark.parametrize("normalize_first", [False, True])
@pytest.mark.parametrize("causal", [False, True])
def test_the_block_of_the_builder_is_dlkit_s_block(normalize_first, causal):
    """Keras's layers, put together by hand, and one TransformerEncoder or TransformerDecoder."""
    kind = layers.TransformerDecoder if causal else layers.TransformerEncoder
    block = kind(7, 2, normalize_first=normalize_first, **EXACT)
    network = Network([block], (5, 8))
    inputs = keras.Input((5, 8))
    attention = keras.layers.MultiHeadAttention(2, 4)
    hidden, output = keras.layers.Dense(7, "relu"), keras.layers.Dense(8)
    norms = [keras.layers.LayerNormalization(epsilon=2.0**-10) for _ in range(2)]
    parts = (
        lambda x: attention(x, x, use_causal_mask=causal),
        lambda x: output(hidden(x)),
    )
    x = inputs
    for part, norm in zip(parts, norms, strict=True):
        x = x + part(norm(x)) if normalize_first else norm(x + part(x))
    model = keras.Model(inputs, x)
    generator = np.random.default_rng(0)
    network.flat_parameters[...] = generator.normal(0, 0.5, network.flat_parameters.size)
    ordered = [attention, norms[0], hidden, output, norms[1]]
    variables = [each for layer in ordered for each in layer.weights]
    for array, variable in zip(network.parameters.values(), variables, strict=True):
        variable.assign(array.reshape(variable.shape))
    x = generator.normal(size=(3, 5, 8)).astype("float32")
    np.testing.assert_allclose(network.predict(x), model(x), rtol=0, atol=1e-5)


def masked_layers(last):
    first = [layers.Embedding(9, 8, mask_zero=True), layers.PositionalEncoding(6, "learned")]
    return {
        "attention": [*first, layers.MultiHeadAttention(2, 4), *last()],
        "causal attention": [*first, layers.MultiHeadAttention(2, 4, causal=True), *last()],
        "encoder": [*first, layers.TransformerEncoder(6, 2, **EXACT), *last()],
        "decoder": [
            *first,
            layers.TransformerDecoder(6, 2, normalize_first=True, **EXACT),
            *last(),
        ],
        "residual": [
            *first,
            layers.Residual([layers.MultiHeadAttention(2, 4), layers.Dense(8, "tanh")]),
            layers.LayerNormalization(2.0**-10),
            *last(),
        ],
        "mean": [*first, layers.Dense(8), layers.Activation("tanh"), *last()],
        "lost": [*first, layers.Reshape((6, 8)), *last()],
        "recurrent": [
            *first,
            layers.LSTM(4, return_sequences=True),
            layers.Bidirectional(layers.GRU(3, return_sequences=True)),
            layers.SimpleRNN(4, return_sequences=True),
            *last(),
        ],
    }


def pooled():
    return [layers.GlobalAveragePooling1D(), layers.Dense(3)]


@pytest.mark.parametrize(
    "name", fast_first(masked_layers(pooled), "causal attention", "decoder", "mean")
)
def test_masks_travel_as_in_keras(name):
    """Every output and gradient, in float64, with padding at the end, in the middle, in front."""
    network = Network(masked_layers(pooled)[name], (6,), dtype="float64")
    generator = np.random.default_rng(0)
    network.flat_parameters[...] = generator.normal(0, 0.4, network.flat_parameters.size)
    model = to_keras(network)
    y = generator.normal(size=(4, 3))
    found = differences(network, model, model.layers, TOKENS, y, "mean_squared_error")
    assert max(found) < 1e-12
    plain = network.get_config()
    plain["layers"][0]["mask_zero"] = False
    unmasked = Network.from_config(plain)
    unmasked.set_weights(network.get_weights())
    changed = np.abs(unmasked.predict(TOKENS) - network.predict(TOKENS)).max(axis=1)
    assert changed[2] < 1e-14  # no padding there
    assert (changed[[0, 1, 3]] > 1e-6).all() == (name != "lost")
    assert from_keras(model).get_config() == network.get_config()


def test_batch_normalization_leaves_padding_out_of_its_statistics():
    first = [layers.Embedding(9, 4, mask_zero=True), layers.BatchNormalization(0.5, 2.0**-10)]
    network = Network([*first, *pooled()], (6,), dtype="float64")
    model = to_keras(network)
    x, normalization = network.layers[0].forward(TOKENS), network.layers[1]
    y = network.forward(TOKENS, training=True)
    np.testing.assert_allclose(y, model(TOKENS, training=True), atol=1e-6)  # Keras: n + 1e-7
    real = x[TOKENS > 0]
    np.testing.assert_allclose(normalization.state["moving_mean"], real.mean(axis=0) / 2)
    np.testing.assert_allclose(normalization.state["moving_variance"], 0.5 + real.var(axis=0) / 2)


def test_twins_are_saved(tmp_path):
    stack = [layers.MultiHeadAttention(2, 4, dropout=0.1, causal=True)]
    stack += [layers.TransformerEncoder(6, 2, activation="gelu"), layers.TransformerDecoder(6, 2)]
    network = Network(stack, (5, 8))
    model, x = to_keras(network), np.random.default_rng(0).normal(size=(3, 5, 8)).astype("float32")
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(np.asarray(again(x)), np.asarray(model(x)))
    assert from_keras(again).get_config() == network.get_config()


@pytest.mark.full
def test_twins_train():
    network = Network([layers.TransformerEncoder(6, 2), layers.TransformerDecoder(6, 2)], (5, 8))
    model, again = to_keras(network), to_keras(network)
    x = np.random.default_rng(0).normal(size=(3, 5, 8)).astype("float32")
    again.compile("sgd", "mse")
    again.fit(x, x, verbose=0)
    assert (np.asarray(again(x)) != np.asarray(model(x))).any()


def functional(change):
    inputs = keras.Input((5, 8))
    return keras.Model(inputs, change(inputs))


def attended(inputs, *others, **call):
    return keras.layers.MultiHeadAttention(2, 4)(inputs, *others, **call)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda x: attended(x, keras.layers.Dense(8)(x)), "several inputs"),
        (lambda x: attended(x, x, attention_mask=np.ones((1, 5, 5), bool)), "attention_mask"),
        (lambda x: keras.layers.MultiHeadAttention(2, 4, output_shape=3)(x, x), "output_shape"),
        (lambda x: keras.layers.MultiHeadAttention(2, 4, use_gate=True)(x, x), "use_gate"),
        (lambda x: keras.layers.Add()([x, x]), "joins others"),
        (lambda x: keras.layers.Add()([x, keras.layers.Dense(8)(x), x]), "joins others|Add"),
        (lambda x: keras.layers.Concatenate()([x, x]), "not converted"),
    ],
)
def test_what_is_no_stack_is_refused_with_the_reason(change, words):
    with pytest.raises(ValueError, match=words):
        from_keras(functional(change))


def test_open_axes_need_a_shape():
    inputs = keras.Input((None, 8))
    model = keras.Model(inputs, keras.layers.Dense(2)(inputs))
    with pytest.raises(ValueError, match=r"input_shape must .* \(64, 8\)"):
        from_keras(model)
    assert from_keras(model, input_shape=(3, 8)).input_shape == (3, 8)
    for bad in ((3, 7), (3,), 3.5):
        with pytest.raises((TypeError, ValueError), match="input_shape"):
            Network.from_keras(model, input_shape=bad)


def test_a_decoder_with_a_context_is_no_stack():
    network = Network([layers.TransformerDecoder(6, 2, context_dim=4)], (5, 8))
    with pytest.raises(ValueError, match="context"):
        to_keras(network)
