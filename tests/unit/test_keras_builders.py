"""The Keras builders: shapes, seeds, what they are compiled with, and wrong arguments."""

import keras
import numpy as np
import pytest

from dlkit import models
from dlkit.keras.positions import Positions, sinusoidal_table

# One row per builder and kind of input: (function, its arguments before output_dim, input shape).
BUILDERS = {
    "sequential": (models.build_sequential_model, {"input_dim": 4}, (4,)),
    "sequential of one feature": (models.build_sequential_model, {"input_dim": 1}, (1,)),
    "cnn 8x8": (models.build_cnn_model, {"input_shape": (8, 8, 1)}, (8, 8, 1)),
    "cnn 28x28": (models.build_cnn_model, {"input_shape": (28, 28, 1)}, (28, 28, 1)),
    "cnn 7x5 in colour": (models.build_cnn_model, {"input_shape": (7, 5, 3)}, (7, 5, 3)),
    "cnn of one pixel": (models.build_cnn_model, {"input_shape": (1, 1, 2)}, (1, 1, 2)),
    "lstm": (models.build_rnn_model, {"input_shape": (8, 8)}, (8, 8)),
    "gru, any length": (models.build_rnn_model, {"input_shape": (None, 3), "cell": "gru"}, (5, 3)),
    "simple, both ways": (
        models.build_rnn_model,
        {"input_shape": (1, 1), "cell": "simple", "bidirectional": True},
        (1, 1),
    ),
    "lstm on tokens": (
        models.build_rnn_model,
        {"input_shape": (6,), "vocabulary_size": 2, "units": (3,)},
        (6,),
    ),
    "transformer": (models.build_transformer_model, {"input_shape": (8, 8)}, (8, 8)),
    "transformer, two steps": (
        models.build_transformer_model,
        {"input_shape": (2, 1), "num_layers": 1, "positions": "none"},
        (2, 1),
    ),
    "transformer on tokens": (
        models.build_transformer_model,
        {"input_shape": (7,), "vocabulary_size": 2, "num_layers": 1, "positions": "sinusoidal"},
        (7,),
    ),
}


@pytest.mark.parametrize("name", BUILDERS)
@pytest.mark.parametrize(
    ("task_type", "output_dim", "activation", "loss"),
    [
        ("classification", 3, "softmax", "sparse_categorical_crossentropy"),
        ("classification", 1, "sigmoid", "binary_crossentropy"),
        ("regression", 1, "linear", "mean_squared_error"),
        ("regression", 2, "linear", "mean_squared_error"),
    ],
)
def test_every_shape_and_task_builds_and_gives_the_right_outputs(
    name, task_type, output_dim, activation, loss
):
    build, arguments, shape = BUILDERS[name]
    model = build(**arguments, output_dim=output_dim, task_type=task_type)
    x = np.random.default_rng(0).integers(0, 2, size=(3, *shape)).astype("float32")
    outputs = keras.ops.convert_to_numpy(model(x))
    assert outputs.shape == (3, output_dim)
    assert np.isfinite(outputs).all()
    assert model.layers[-1].activation.__name__ == activation
    assert model.loss == loss
    if activation == "softmax":
        np.testing.assert_allclose(outputs.sum(axis=1), 1, atol=1e-6)


def kinds(model):
    return [type(layer).__name__ for layer in model.layers[1:]]


def test_the_stacks_are_those_of_the_design():
    sequential = models.build_sequential_model(4, 3)
    assert kinds(sequential) == ["Dense", "Dropout", "Dense", "Dropout", "Dense", "Dense"]
    sizes = [layer.units for layer in sequential.layers if isinstance(layer, keras.layers.Dense)]
    assert sizes == [128, 64, 32, 3]
    cnn = [kind for kind in kinds(models.build_cnn_model((8, 8, 1), 10)) if kind != "Dropout"]
    assert cnn[:6] == ["Conv2D", "MaxPooling2D", "Conv2D", "MaxPooling2D", "Conv2D", "Flatten"]
    assert cnn[6:] == ["Dense", "Dense"]
    rnn = kinds(models.build_rnn_model((8, 8), 10))
    assert rnn == ["LSTM", "Dropout", "LSTM", "Dropout", "Dense"]


@pytest.mark.parametrize(
    "build",
    [
        lambda seed: models.build_sequential_model(4, 3, seed=seed),
        lambda seed: models.build_cnn_model((8, 8, 1), 3, seed=seed),
        lambda seed: models.build_rnn_model((8, 8), 3, bidirectional=True, seed=seed),
        lambda seed: models.build_transformer_model((8, 8), 3, seed=seed),
        lambda seed: models.build_language_model(9, 6, seed=seed),
    ],
)
def test_a_seed_fixes_all_weights_and_no_two_kernels_start_alike(build):
    first, again, other = build(7), build(7), build(8)
    for a, b in zip(first.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    drawn, others = (
        [weights for weights in model.get_weights() if weights.ndim > 1 and weights.any()]
        for model in (first, other)  # biases start at zero
    )
    for a, b in zip(drawn, others, strict=True):
        assert not np.array_equal(a, b)
    for i, a in enumerate(drawn):
        assert not any(a.shape == b.shape and np.array_equal(a, b) for b in drawn[:i])


def test_no_seed_leaves_the_weights_to_keras():
    first, second = (models.build_sequential_model(4, 3, seed=None) for _ in range(2))
    assert not np.array_equal(first.get_weights()[0], second.get_weights()[0])


def test_fit_works_at_once_and_another_compile_replaces_the_learning_rate():
    model = models.build_sequential_model(4, 3, units=(5,))
    x, y = np.ones((6, 4), "float32"), np.array([0, 1, 2] * 2)
    assert set(model.fit(x, y, verbose=0).history) == {"loss", "accuracy"}
    model.compile(keras.optimizers.Adam(0.05), "sparse_categorical_crossentropy")
    model.fit(x, y, verbose=0)
    assert float(model.optimizer.learning_rate) == pytest.approx(0.05)


def test_attention_is_scaled_by_the_root_of_the_head_size():
    model = models.build_transformer_model((3, 4), 2, num_layers=1, num_heads=2, embedding_dim=32)
    layer = next(each for each in model.layers if isinstance(each, keras.layers.MultiHeadAttention))
    x = np.random.default_rng(0).normal(size=(1, 3, 32)).astype("float32") * 3
    _, found = layer(x, x, return_attention_scores=True)
    q, k = (
        np.einsum("btd,dhe->bhte", x, d.kernel.numpy())
        for d in (layer.query_dense, layer.key_dense)
    )
    scores = q @ k.swapaxes(-1, -2) / np.sqrt(16)
    expected = np.exp(scores) / np.exp(scores).sum(axis=-1, keepdims=True)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(found), expected, atol=1e-5)


def test_positions_tell_the_order_and_without_them_the_encoder_is_blind_to_it():
    x = np.random.default_rng(0).normal(size=(2, 5, 3)).astype("float32")
    swapped = x[:, ::-1]
    for positions, sees in (("learned", True), ("sinusoidal", True), ("none", False)):
        model = models.build_transformer_model((5, 3), 2, positions=positions)
        same = np.allclose(model(x), model(swapped), atol=1e-5)
        assert same is not sees


def test_the_sinusoidal_table_by_hand():
    table = sinusoidal_table(3, 4)
    np.testing.assert_allclose(table[0], [0, 1, 0, 1])
    np.testing.assert_allclose(table[2], [np.sin(2), np.cos(2), np.sin(0.02), np.cos(0.02)])


def test_the_language_model_never_looks_ahead():
    model = models.build_language_model(11, 8)
    tokens = np.random.default_rng(0).integers(0, 11, size=(2, 8))
    changed = tokens.copy()
    changed[:, 5:] = (changed[:, 5:] + 1) % 11
    before, after = np.array(model(tokens)), np.array(model(changed))
    assert before.shape == (2, 8, 11)
    np.testing.assert_allclose(before[:, :5], after[:, :5], atol=1e-6)
    assert not np.allclose(before[:, 5:], after[:, 5:], atol=1e-3)
    assert model(tokens[:, :3]).shape == (2, 3, 11)


def test_positions_keep_their_settings_in_a_config():
    layer = Positions(4, "sinusoidal", seed=3)
    assert Positions.from_config(layer.get_config()).get_config() == layer.get_config()


SEQUENTIAL, CNN, RNN, TRANSFORMER, LANGUAGE = (
    (models.build_sequential_model, {"input_dim": 4, "output_dim": 3}),
    (models.build_cnn_model, {"input_shape": (8, 8, 1), "output_dim": 3}),
    (models.build_rnn_model, {"input_shape": (8, 8), "output_dim": 3}),
    (models.build_transformer_model, {"input_shape": (8, 8), "output_dim": 3}),
    (models.build_language_model, {"vocabulary_size": 5, "sequence_length": 6}),
)
WRONG_EVERYWHERE = [("seed", -1), ("seed", 1.5), ("dropout_rate", 1.0), ("dropout_rate", -0.1)]
WRONG_EVERYWHERE += [("dropout_rate", float("nan")), ("dropout_rate", "0.2")]
WRONG_HEADS = [("output_dim", 0), ("output_dim", 2.5), ("output_dim", True), ("output_dim", None)]
WRONG_HEADS += [("task_type", "regresion"), ("task_type", None)]
WRONG_BLOCKS = [("num_layers", 0), ("num_heads", 0), ("embedding_dim", 0), ("embedding_dim", 30)]
WRONG_BLOCKS += [("intermediate_dim", -1), ("positions", "learnt")]
WRONG = [
    (
        SEQUENTIAL,
        [
            *WRONG_EVERYWHERE,
            *WRONG_HEADS,
            *[("input_dim", value) for value in (0, -3, 2.5, "4", None, float("inf"), (4,))],
            *[("units", value) for value in ((), 0, (8, 0), (8, "8"), None)],
            *[("activation", value) for value in ("rellu", None, 3)],
        ],
    ),
    (
        CNN,
        [
            *WRONG_EVERYWHERE,
            *WRONG_HEADS,
            *[("input_shape", each) for each in (8, (8, 8), (8, 8, 0), (None, 8, 1), "881", None)],
            *[("filters", value) for value in ((), (8, -1), 1.5)],
            *[(name, 0) for name in ("kernel_size", "pool_size", "units")],
            ("activation", "relut"),
        ],
    ),
    (
        RNN,
        [
            *WRONG_EVERYWHERE,
            *WRONG_HEADS,
            *[("input_shape", value) for value in ((8,), (8, None), (0, 8), None)],
            *[("units", value) for value in ((), (0,))],
            *[("cell", value) for value in ("lsmt", None)],
            *[("bidirectional", value) for value in ("yes", 1)],
            ("embedding_dim", 0),
        ],
    ),
    (
        TRANSFORMER,
        [
            *WRONG_EVERYWHERE,
            *WRONG_HEADS,
            *WRONG_BLOCKS,
            *[("input_shape", value) for value in ((8,), (None, 8), 8)],
        ],
    ),
    (
        LANGUAGE,
        [*WRONG_EVERYWHERE, *WRONG_BLOCKS, *[("vocabulary_size", 0), ("sequence_length", 0)]],
    ),
]
CASES = [(build, good, *row) for (build, good), rows in WRONG for row in rows]


@pytest.mark.parametrize(
    ("build", "good", "name", "value"),
    CASES,
    ids=[f"{build.__name__}-{name}-{value}" for build, _, name, value in CASES],
)
def test_a_wrong_argument_is_named(build, good, name, value):
    with pytest.raises((TypeError, ValueError), match=name):
        build(**{**good, name: value})


@pytest.mark.parametrize("build", [models.build_rnn_model, models.build_transformer_model])
@pytest.mark.parametrize("value", [0, 2.5, "100"])
def test_a_wrong_vocabulary_is_named(build, value):
    with pytest.raises((TypeError, ValueError), match="vocabulary_size"):
        build((8,), 3, vocabulary_size=value)


def test_unknown_names_suggest_the_nearest_and_a_missing_channel_says_what_to_give():
    with pytest.raises(ValueError, match="Did you mean 'regression'"):
        models.build_sequential_model(4, 3, "regresion")
    with pytest.raises(ValueError, match=r"for example input_shape=\(8, 8, 1\)"):
        models.build_cnn_model((8, 8), 10)


def test_attention_starts_as_the_matrices_that_its_kernels_are():
    model = models.build_transformer_model((6, 5), 3, embedding_dim=16, num_heads=4, seed=1)
    attention = next(layer for layer in model.layers if "multi_head" in layer.name)
    kernels = [w.numpy() for w in attention.weights if w.name == "kernel"]
    limit = (6 / (16 + 16)) ** 0.5
    for kernel in kernels:
        assert 0.9 * limit < abs(kernel).max() <= limit
    assert not np.allclose(kernels[0], kernels[1])
