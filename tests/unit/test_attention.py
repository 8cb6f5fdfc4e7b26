"""Attention and Transformer blocks by their laws: order, masks, weights, heads, errors."""

import numpy as np
import pytest

from dlkit import Network, check_gradients
from dlkit.layers import (
    Dense,
    Embedding,
    GlobalAveragePooling1D,
    MultiHeadAttention,
    PositionalEncoding,
    TransformerDecoder,
    TransformerEncoder,
)
from dlkit.layers.attend import attend, attend_gradients, attention, scores_are_small
from dlkit.layers.masking import check_mask, hidden_places

GENERATOR = np.random.default_rng(0)
X = GENERATOR.normal(size=(3, 5, 6))
CONTEXT = GENERATOR.normal(size=(3, 4, 7))
PADDING = np.array([[1, 1, 1, 1, 0], [1, 1, 0, 0, 0], [1, 0, 1, 0, 1]], bool)
MAKERS = {
    "attention": lambda **more: MultiHeadAttention(2, 3, **more),
    "encoder": lambda **more: TransformerEncoder(4, 2, **more),
    "encoder, normalizing first": lambda **more: TransformerEncoder(
        4, 2, normalize_first=True, **more
    ),
}
CAUSAL = {
    "attention": lambda: MultiHeadAttention(2, 3, causal=True),
    "decoder": lambda: TransformerDecoder(4, 3),
    "decoder, normalizing first": lambda: TransformerDecoder(4, 1, normalize_first=True),
}


# -- the formula -------------------------------------------------------------------------------


def arrays(*shapes, size=1.0):
    return [np.random.default_rng(5 + i).normal(0, size, each) for i, each in enumerate(shapes)]


def test_by_hand():
    """Two keys; the scores of the query differ by √2 · ln 3 / √2, so that the weights are 3 to 1."""
    query, key = np.array([[np.log(3.0), 7.0]]), np.array([[np.sqrt(2.0), 0.0], [0.0, 0.0]])
    result, weights = attention(query, key, np.array([[4.0], [8.0]]))
    np.testing.assert_allclose(weights, [[0.75, 0.25]], rtol=1e-15)
    np.testing.assert_allclose(result, [[5.0]], rtol=1e-15)


@pytest.mark.parametrize("size", [0.5, 40.0], ids=["small scores", "large scores"])
@pytest.mark.parametrize("masked", [False, True])
def test_the_fast_formula_is_the_clear_one(size, masked):
    query, key, value = arrays((2, 5, 3), (2, 4, 3), (2, 4, 2), size=size)
    hidden = np.random.default_rng(1).random((2, 5, 4)) < 0.5 if masked else None
    small = scores_are_small(query, key)
    assert small == (size == 0.5)
    result, shares, sums = attend(query, key, value, hidden, small=small)
    expected, weights = attention(query, key, value, hidden)
    np.testing.assert_allclose(result, expected, rtol=1e-12)
    np.testing.assert_allclose(shares / sums, weights, rtol=1e-12, atol=1e-300)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("dropped", [False, True])
def test_the_formula_s_gradients_are_central_differences(masked, dropped):
    given = arrays((2, 3, 4), (2, 5, 4), (2, 5, 2))
    generator = np.random.default_rng(1)
    hidden = generator.random((2, 3, 5)) < 0.5 if masked else None
    if masked:
        hidden[0, 0] = True  # a query that may look at nothing
    kept = 2.0 * (generator.random((2, 3, 5)) < 0.5) if dropped else None
    upstream = generator.normal(size=(2, 3, 2))
    found = attend_gradients(upstream, *given, attend(*given, hidden, kept), hidden, kept)
    for array, gradient in zip(given, found, strict=True):
        for place in np.ndindex(array.shape):
            kept_value, sides = array[place], []
            for step in (1e-5, -1e-5):
                array[place] = kept_value + step
                sides.append((attend(*given, hidden, kept)[0] * upstream).sum())
            array[place] = kept_value
            assert gradient[place] == pytest.approx((sides[0] - sides[1]) / 2e-5, abs=1e-9)


def test_scores_far_out_are_finite():
    for dtype in ("float32", "float64"):
        layer = MultiHeadAttention(1, 2)
        y = layer.forward(1e3 * X.astype(dtype))
        gradient = layer.backward(np.ones_like(y))
        assert np.isfinite(y).all() and np.isfinite(gradient).all() and y.dtype == dtype
        np.testing.assert_allclose(layer.weights.sum(axis=-1), 1, rtol=1e-6)


# -- order, heads, weights ---------------------------------------------------------------------


@pytest.mark.parametrize("name", MAKERS)
def test_without_positions_the_order_makes_no_difference(name):
    layer, order = MAKERS[name](), [3, 1, 4, 0, 2]
    y = layer.forward(X)
    np.testing.assert_allclose(layer.forward(X[:, order]), y[:, order], atol=1e-12)
    alone = [layer.forward(X[i : i + 1])[0] for i in range(3)]
    np.testing.assert_allclose(alone, y, atol=1e-12)


def test_with_positions_the_order_makes_a_difference():
    network = Network([PositionalEncoding(), MultiHeadAttention(2, 3)], (5, 6), dtype="float64")
    order = [3, 1, 4, 0, 2]
    assert np.abs(network.predict(X[:, order]) - network.predict(X)[:, order]).max() > 1e-3


def test_weights_sum_to_one_and_are_those_of_the_formula():
    layer = MultiHeadAttention(2, 3, value_dim=4)
    layer.forward(X)
    assert layer.weights.shape == (3, 2, 5, 5) and (layer.weights > 0).all()
    np.testing.assert_allclose(layer.weights.sum(axis=-1), 1, rtol=1e-14)
    assert layer.queries.shape == layer.keys.shape == (3, 5, 2, 3)
    assert layer.values.shape == (3, 5, 2, 4)
    for head in range(2):
        columns = slice(3 * head, 3 * head + 3)
        query = X @ layer.parameters["query/kernel"][:, columns]
        key = X @ layer.parameters["key/kernel"][:, columns]
        _, weights = attention(query, key, X)
        np.testing.assert_allclose(layer.weights[:, head], weights, rtol=1e-12)


def test_heads_add_up():
    """Several heads are several attentions of one head, whose outputs are summed."""
    whole = MultiHeadAttention(3, 2, use_bias=False)
    expected, total = whole.forward(X), 0
    for head in range(3):
        one, columns = MultiHeadAttention(1, 2, use_bias=False), slice(2 * head, 2 * head + 2)
        one.forward(X)
        for name in ("query", "key", "value"):
            kernel = whole.parameters[f"{name}/kernel"][:, columns]
            one.parameters[f"{name}/kernel"][...] = kernel
        kernel = whole.parameters["attention_output/kernel"][columns]
        one.parameters["attention_output/kernel"][...] = kernel
        total = total + one.forward(X)
    np.testing.assert_allclose(total, expected, atol=1e-12)


def test_equal_keys_get_equal_weights():
    layer = MultiHeadAttention(2, 3)
    layer.forward(X, np.repeat(CONTEXT[:, :1], 4, axis=1))
    np.testing.assert_allclose(layer.weights, 0.25, rtol=1e-12)


def test_dropout_of_the_weights():
    layer = MultiHeadAttention(4, 2, dropout=0.25)
    x = np.random.default_rng(0).normal(size=(40, 5, 6))
    still = layer.forward(x)
    assert (layer.forward(x) == still).all()
    y = layer.forward(x, training=True)
    assert np.abs(y - still).max() > 1e-3
    np.testing.assert_allclose(layer.weights.sum(axis=-1), 1, rtol=1e-12)  # before dropout
    kept = layer.kept
    assert set(np.unique(kept)) == {0, 1 / 0.75}
    assert (kept == 0).mean() == pytest.approx(0.25, abs=0.03)
    network = Network([MultiHeadAttention(2, 3, dropout=0.5)], (5, 6), dtype="float64")
    assert check_gradients(network, X, X, "mse", training=True).passed


# -- masks -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CAUSAL)
def test_causal_means_that_the_future_changes_nothing(name):
    layer, changed = CAUSAL[name](), X.copy()
    y = layer.forward(X)
    for t in range(5):
        changed[:, t:] += 1.0
        found = layer.forward(changed)
        np.testing.assert_array_equal(found[:, :t], y[:, :t])
        assert np.abs(found[:, t] - y[:, t]).min(axis=0).max() > 1e-6  # but the present does
        changed = X.copy()
    attending = getattr(layer, "attention", layer)
    layer.forward(X)
    assert (np.triu(attending.weights[0, 0], 1) == 0).all()
    upstream = np.zeros_like(X)
    upstream[:, 2] = GENERATOR.normal(size=(3, 6))
    gradient = layer.backward(upstream)
    assert (gradient[:, 3:] == 0).all() and (np.abs(gradient[:, :3]).max(axis=(0, 2)) > 0).all()


def test_the_first_step_of_a_causal_attention_sees_itself_alone():
    layer = MultiHeadAttention(2, 3, causal=True)
    layer.forward(X)
    np.testing.assert_array_equal(layer.weights[:, :, 0], np.eye(5)[0] + np.zeros((3, 2, 5)))


def test_dropout_leaves_the_causal_mask_alone():
    layer = MultiHeadAttention(2, 3, dropout=0.5, causal=True)
    layer.forward(X, training=True)
    assert (np.triu(layer.weights, 1) == 0).all()


def test_padded_keys_change_nothing():
    layer, other = MultiHeadAttention(2, 3), X.copy()
    y = layer.forward(X, padding_mask=PADDING)
    assert (
        layer.weights[:, :, :, :][~PADDING[:, None, None, :].repeat(2, 1).repeat(5, 2)] == 0
    ).all()
    other[~PADDING] = 99.0
    np.testing.assert_allclose(
        layer.forward(other, padding_mask=PADDING)[PADDING], y[PADDING], atol=1e-12
    )
    # and a padded sequence is the short one
    np.testing.assert_allclose(layer.forward(X[:, :2])[1], y[1, :2], atol=1e-12)
    layer.forward(X, padding_mask=PADDING)
    upstream = GENERATOR.normal(size=X.shape) * PADDING[:, :, None]
    assert (layer.backward(upstream)[~PADDING] == 0).all()


@pytest.mark.parametrize("name", [*MAKERS, "decoder"])
def test_padding_in_a_block(name):
    layer = CAUSAL[name]() if name == "decoder" else MAKERS[name]()
    given = {"padding_mask" if name == "attention" else "mask": PADDING}
    y, other = layer.forward(X, **given), X.copy()
    other[~PADDING] += 9.0
    np.testing.assert_allclose(layer.forward(other, **given)[PADDING], y[PADDING], atol=1e-12)


def test_masks_hold_together():
    layer = MultiHeadAttention(2, 3, causal=True)
    allowed = np.ones((3, 2, 5, 5), bool)
    allowed[:, 1, :, 1] = False
    layer.forward(X, padding_mask=PADDING, attention_mask=allowed)
    shown = allowed & PADDING[:, None, None, :] & np.tri(5, dtype=bool)
    np.testing.assert_array_equal(layer.weights > 0, shown)
    for mask, expected in (
        (allowed[0, 1], np.broadcast_to(allowed[0, 1], (3, 2, 5, 5))),
        (allowed[:, 1].astype(int), np.broadcast_to(allowed[:, 1:2], (3, 2, 5, 5))),
        (allowed.astype(float).tolist(), allowed),
    ):
        layer.forward(X, attention_mask=mask)
        np.testing.assert_array_equal(layer.weights > 0, expected & np.tri(5, dtype=bool))


@pytest.mark.parametrize("training", [False, True])
def test_a_row_that_may_look_at_nothing_is_finite(training):
    layer = MultiHeadAttention(2, 3, dropout=0.2)
    none = np.zeros((3, 5), bool)
    y = layer.forward(X, X.copy(), padding_mask=none, training=training)
    np.testing.assert_allclose(layer.weights, 0.2, rtol=1e-12)
    layer.backward(np.ones_like(y))
    assert np.isfinite(y).all()
    assert (layer.query_gradient == 0).all() and (layer.key_gradient == 0).all()


def test_where_queries_must_not_look():
    assert hidden_places((2, 3), causal=False) is None
    np.testing.assert_array_equal(
        hidden_places((2, 3), True)[0, 0], [[False, True, True], [False, False, True]]
    )
    queries, keys = np.array([[True, False]]), np.array([[True, True, False]])
    expected = [[[False, False, True], [True, True, True]]]
    np.testing.assert_array_equal(hidden_places((2, 3), False, queries, keys)[:, 0], expected)


# -- two sequences -----------------------------------------------------------------------------


def objective(layer, upstream, *given, **more):
    return (layer.forward(*given, **more) * upstream).sum()


@pytest.mark.parametrize("separate", [False, True])
def test_gradients_of_cross_attention(separate):
    """∂L/∂query is returned, and those of value and key stay: each is its central difference."""
    layer = MultiHeadAttention(2, 3, value_dim=2)
    given = [X.copy(), CONTEXT.copy()] + ([CONTEXT[:, :, :3] + 1] if separate else [])
    upstream, masks = GENERATOR.normal(size=X.shape), {"padding_mask": PADDING[:, :4]}
    layer.forward(*given, **masks)
    found = [layer.backward(upstream)]
    found += [layer.value_gradient, layer.key_gradient] if separate else [layer.context_gradient]
    assert (layer.context_gradient is None) == separate
    found = [each.copy() for each in found]
    for array, gradient in zip(given, found, strict=True):
        assert gradient.shape == array.shape
        check_some_places(layer, upstream, given, masks, array, gradient)


def check_some_places(layer, upstream, given, masks, array, gradient):
    for _ in range(12):
        place = tuple(GENERATOR.integers(array.shape))
        value, sides = array[place], []
        for step in (1e-5, -1e-5):
            array[place] = value + step
            sides.append(objective(layer, upstream, *given, **masks))
        array[place] = value
        assert gradient[place] == pytest.approx((sides[0] - sides[1]) / 2e-5, abs=1e-8)


def test_self_attention_sums_the_three_gradients():
    layer, upstream = MultiHeadAttention(2, 3), GENERATOR.normal(size=X.shape)
    layer.forward(X)
    gradient = layer.backward(upstream)
    parameters = {name: each.copy() for name, each in layer.gradients.items()}
    assert layer.query_gradient is None and layer.context_gradient is None
    layer.forward(X, X.copy(), X.copy())  # the same numbers, in three arrays
    layer.backward(upstream)
    for name, each in parameters.items():
        np.testing.assert_allclose(each, layer.gradients[name], atol=1e-13)
    total = layer.query_gradient + layer.key_gradient + layer.value_gradient
    np.testing.assert_allclose(gradient, total, atol=1e-13)
    x = X.copy()
    check_some_places(layer, upstream, [x], {}, x, gradient)


@pytest.mark.parametrize("first", [False, True])
def test_a_decoder_looks_at_its_context(first):
    layer = TransformerDecoder(4, 2, dropout=0.0, activation="tanh", normalize_first=first)
    x, context, upstream = X.copy(), CONTEXT.copy(), GENERATOR.normal(size=X.shape)
    masks = {"mask": PADDING, "context_mask": PADDING[:, :4]}
    y = layer.forward(x, context, **masks)
    assert layer.cross_attention.weights.shape == (3, 2, 5, 4) and layer.context_dim == 7
    gradient = layer.backward(upstream).copy()
    assert layer.context_gradient.shape == context.shape
    kept = layer.context_gradient.copy()
    check_some_places(layer, upstream, [x, context], masks, x, gradient)
    check_some_places(layer, upstream, [x, context], masks, context, kept)
    layer.forward(x, context, **masks)
    layer.backward(upstream * PADDING[:, :, None])
    of_padding = layer.context_gradient[~PADDING[:, :4]]
    assert (of_padding == 0).all() and np.abs(layer.context_gradient).max() > 0
    other = context.copy()
    other[:, 0] += 1
    assert np.abs(layer.forward(x, other, **masks) - y).min(axis=(1, 2)).max() > 0
    changed = x.copy()
    changed[:, 3:] += 1
    np.testing.assert_array_equal(
        layer.forward(changed, context)[:, :3], layer.forward(x, context)[:, :3]
    )
    twin = TransformerDecoder(**layer.get_config())
    np.testing.assert_array_equal(twin.forward(x, context), layer.forward(x, context))


def test_the_first_step_of_a_decoder_sees_the_whole_context():
    layer, context = TransformerDecoder(4, 2, dropout=0.0), CONTEXT.copy()
    y = layer.forward(X, context)
    context[:, -1] += 1
    assert np.abs(layer.forward(X, context)[:, 0] - y[:, 0]).max(axis=1).min() > 1e-6


# -- in a network ------------------------------------------------------------------------------


def test_the_mask_of_an_embedding_travels():
    """Padding makes no difference, however long: to attention, blocks, and the mean."""
    blocks = [MultiHeadAttention(2, 2), TransformerEncoder(5, 2), TransformerDecoder(5, 2)]
    layers = [Embedding(9, 4, mask_zero=True), PositionalEncoding(), *blocks]
    network = Network([*layers, GlobalAveragePooling1D(), Dense(2)], (6,), dtype="float64")
    x = np.array([[3, 1, 4, 1, 0, 0], [2, 7, 0, 0, 0, 0], [5, 6, 7, 8, 1, 2]])
    y = network.predict(x)
    for count in (4, 2):
        short = Network.from_config({**network.get_config(), "input_shape": [count]})
        short.set_weights(network.get_weights())
        row = {4: 0, 2: 1}[count]
        np.testing.assert_allclose(short.predict(x[row : row + 1, :count])[0], y[row], atol=1e-12)
    plain = network.get_config()
    plain["layers"][0]["mask_zero"] = False
    unmasked = Network.from_config(plain)
    unmasked.set_weights(network.get_weights())
    assert np.abs(unmasked.predict(x) - y)[:2].min() > 1e-6
    np.testing.assert_allclose(unmasked.predict(x)[2], y[2], atol=1e-12)


def test_a_network_of_blocks_learns_what_stands_behind_a_marker():
    """Only attention with positions can tell."""
    generator = np.random.default_rng(0)
    x, rows = generator.integers(1, 4, (700, 5)), np.arange(700)
    place = generator.integers(0, 4, 700)
    x[rows, place] = 0
    y = x[rows, place + 1] - 1
    network = Network(
        [
            Embedding(4, 16),
            PositionalEncoding(kind="learned"),
            TransformerEncoder(32, 4, dropout=0.0, normalize_first=True),
            TransformerEncoder(32, 4, dropout=0.0, normalize_first=True),
            GlobalAveragePooling1D(),
            Dense(3, "softmax"),
        ],
        (5,),
    )
    network.fit(x[:500], y[:500], epochs=20, learning_rate=0.005)
    assert network.evaluate(x[500:], y[500:])["accuracy"] > 0.9


# -- errors ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: MultiHeadAttention(0, 3), ValueError, "num_heads"),
        (lambda: MultiHeadAttention(2, 2.5), ValueError, "key_dim"),
        (lambda: MultiHeadAttention(2, 3, value_dim="4"), TypeError, "value_dim"),
        (lambda: MultiHeadAttention(2, 3, dropout=1), ValueError, "dropout"),
        (lambda: MultiHeadAttention(2, 3, causal=1), TypeError, "causal"),
        (lambda: MultiHeadAttention(2, 3, kernel_initializer="he"), ValueError, "kernel_initial"),
        (lambda: MultiHeadAttention(2, 3).forward(X, CONTEXT[:2]), ValueError, "samples"),
        (lambda: MultiHeadAttention(2, 3).forward(X, CONTEXT, X), ValueError, "value and key"),
        (lambda: MultiHeadAttention(2, 3).forward(X, True), ValueError, "value"),
        (lambda: MultiHeadAttention(2, 3).forward(X, padding_mask=PADDING[:, 1:]), ValueError,
         "padding_mask must have shape"),
        (lambda: MultiHeadAttention(2, 3).forward(X, padding_mask=2 * PADDING), ValueError,
         "padding_mask must hold True"),
        (lambda: MultiHeadAttention(2, 3).forward(X, attention_mask=np.ones((4, 5))), ValueError,
         "attention_mask must have shape"),
        (lambda: MultiHeadAttention(2, 3).backward(X), RuntimeError, "forward"),
        (lambda: TransformerEncoder(4, 4).forward(X), ValueError, "num_heads=4 divides"),
        (lambda: TransformerEncoder(4, 2, activation="rellu"), ValueError, "Did you mean 'relu'"),
        (lambda: TransformerEncoder(4, 2, layer_norm_epsilon=0), ValueError, "layer_norm_epsilon"),
        (lambda: TransformerEncoder(4, 2).forward(X, mask=PADDING[1:]), ValueError, "mask"),
        (lambda: TransformerDecoder(4, 2, context_dim=0), ValueError, "context_dim"),
        (lambda: TransformerDecoder(4, 2, context_dim=7).forward(X), ValueError, "context must be"),
        (lambda: TransformerDecoder(4, 2, context_dim=6).forward(X, CONTEXT), ValueError, "context"),
        (lambda: TransformerDecoder(4, 2).forward(X, context_mask=PADDING), ValueError,
         "context_mask"),
        (lambda: Network([TransformerDecoder(4, 2, context_dim=7)], (5, 6)).predict(X), ValueError,
         "context"),
        (lambda: Network([MultiHeadAttention(2, 3)], (5,)), ValueError, r"\(time, channels\)"),
        (lambda: check_mask("mask", [["a"]], (1, 1)), TypeError, "mask"),
    ],
)  # fmt: skip
def test_bad_arguments(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_an_error_leaves_the_layer_as_it_was():
    layer = MultiHeadAttention(2, 3)
    with pytest.raises(ValueError, match="attention_mask"):
        layer.forward(X, attention_mask=np.ones((2, 2)))
    assert not layer.built and layer.weights is None
    y = layer.forward(X)
    for bad in (X[:, :, :3], X * np.nan):
        with pytest.raises(ValueError, match=r"^query|^value"):
            layer.forward(bad)
    np.testing.assert_array_equal(layer.forward(X), y)
    decoder = TransformerDecoder(4, 4)
    with pytest.raises(ValueError, match="num_heads"):
        decoder.forward(X, CONTEXT)
    assert decoder.context_dim is None and not decoder.built
