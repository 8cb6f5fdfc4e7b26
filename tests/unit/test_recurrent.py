"""Recurrent layers by law: time, masks, states, what is kept to look at; and the step as shown."""

import numpy as np
import pytest

from dlkit import Network, check_gradients
from dlkit.layers import GRU, LSTM, Bidirectional, Dense, Embedding, SimpleRNN

MAKERS = {
    "SimpleRNN": lambda **more: SimpleRNN(3, **START, **more),
    "LSTM": lambda **more: LSTM(3, **START, **more),
    "LSTM, other activations": lambda **more: LSTM(
        3, activation="softsign", recurrent_activation="hard_sigmoid", **START, **more
    ),
    "GRU": lambda **more: GRU(3, **START, **more),
    "GRU, reset before": lambda **more: GRU(3, reset_after=False, **START, **more),
    "GRU, other activations": lambda **more: GRU(
        3, activation="softsign", recurrent_activation="hard_sigmoid", **START, **more
    ),
}
START = {"bias_initializer": "random_normal"}
GENERATOR = np.random.default_rng(4)
X = GENERATOR.normal(size=(5, 6, 2))
MASK = np.array(
    [[1, 1, 1, 1, 1, 1], [1, 1, 0, 0, 0, 0], [0, 0, 1, 1, 1, 0], [0, 1, 0, 1, 0, 1], [0] * 6], bool
)
every_layer = pytest.mark.parametrize("name", MAKERS)


@pytest.fixture
def make(name):
    return MAKERS[name]


def states(value):
    return value if isinstance(value, tuple) else (value,)


@every_layer
def test_step_by_step_is_the_same_as_all_at_once(make):
    layer = make(return_sequences=True)
    y = layer.forward(X)
    before = tuple(np.zeros((5, 3)) for _ in states(layer.final_state))
    for t in range(6):
        before = states(layer.step(X[:, t], *before))
        np.testing.assert_allclose(before[0], y[:, t], atol=1e-14)
    for found, state in zip(states(layer.final_state), before, strict=True):
        np.testing.assert_allclose(found, state, atol=1e-14)
    if isinstance(layer, LSTM):
        np.testing.assert_array_equal(layer.cell_states[:, -1], layer.final_state[1])


@every_layer
def test_the_last_of_the_sequence_is_the_plain_output(make):
    sequence, last = make(return_sequences=True), make()
    y = sequence.forward(X)
    np.testing.assert_array_equal(y[:, -1], last.forward(X))
    np.testing.assert_array_equal(sequence.hidden_states, y)
    np.testing.assert_array_equal(last.hidden_states, y)
    only_last = np.zeros_like(y)
    only_last[:, -1] = 1
    np.testing.assert_allclose(
        sequence.backward(only_last), last.backward(np.ones((5, 3))), atol=1e-15
    )
    for name, gradient in sequence.gradients.items():
        np.testing.assert_allclose(gradient, last.gradients[name], atol=1e-15)


@every_layer
def test_going_backwards_is_reading_the_reversed_sequence(make):
    ahead, back = make(return_sequences=True), make(return_sequences=True, go_backwards=True)
    upstream = GENERATOR.normal(size=(5, 6, 3))
    for mask in (None, MASK):
        turned = None if mask is None else mask[:, ::-1]
        np.testing.assert_array_equal(
            back.forward(X, mask=mask), ahead.forward(X[:, ::-1], mask=turned)
        )
        np.testing.assert_array_equal(back.backward(upstream), ahead.backward(upstream)[:, ::-1])


@every_layer
def test_padding_changes_nothing_wherever_it_stands(make):
    """A masked sequence is the sequence without its padding, forward and backward."""
    layer, alone = make(), make()
    filled = np.where(MASK[..., None], X, 1e3 * GENERATOR.normal(size=X.shape))
    y = layer.forward(filled, mask=MASK)
    upstream = GENERATOR.normal(size=y.shape)
    dx = layer.backward(upstream)
    totals = {name: np.zeros_like(array) for name, array in layer.gradients.items()}
    for n, real in enumerate(MASK):
        if not real.any():
            assert (y[n] == 0).all() and (dx[n] == 0).all()
            continue
        np.testing.assert_allclose(alone.forward(X[n : n + 1, real]), y[n : n + 1], atol=1e-14)
        np.testing.assert_allclose(alone.backward(upstream[n : n + 1])[0], dx[n, real], atol=1e-14)
        for name, total in totals.items():
            total += alone.gradients[name]
    assert (dx[~MASK] == 0).all()
    for name, total in totals.items():
        np.testing.assert_allclose(layer.gradients[name], total, atol=1e-13)


@every_layer
def test_a_sequence_in_two_parts_is_the_sequence(make):
    """The state carries over, and its gradient comes back: as from an encoder to a decoder."""
    whole, first, second = (make(return_sequences=True) for _ in range(3))
    y, upstream = whole.forward(X), GENERATOR.normal(size=(5, 6, 3))
    a = first.forward(X[:, :4])
    b = second.forward(X[:, 4:], initial_state=first.final_state)
    np.testing.assert_allclose(np.concatenate([a, b], axis=1), y, atol=1e-15)
    dx = whole.backward(upstream)
    db = second.backward(upstream[:, 4:])
    da = first.backward(upstream[:, :4], final_gradient=second.initial_gradient)
    np.testing.assert_allclose(np.concatenate([da, db], axis=1), dx, atol=1e-14)
    for name, gradient in whole.gradients.items():
        parts = first.gradients[name] + second.gradients[name]
        np.testing.assert_allclose(parts, gradient, atol=1e-13)
    np.testing.assert_array_equal(first.forward(X[:, :4]), a)  # neither state is kept


@every_layer
def test_hidden_gradients_are_what_a_nudge_of_that_state_does(make):
    """A nudge of h at one time, and the rest of the sequence run from there."""
    layer, rest = make(), make()
    y = layer.forward(X)
    weights = GENERATOR.normal(size=y.shape)
    layer.backward(weights)
    for t in (0, 3):
        layer.forward(X[:, : t + 1])
        start = states(layer.final_state)
        nudged = []
        for sign in (1, -1):
            h = start[0].copy()
            h[2, 1] += sign * 1e-6
            given = (h, *start[1:]) if len(start) > 1 else h
            nudged.append(np.sum(weights * rest.forward(X[:, t + 1 :], initial_state=given)))
        layer.forward(X)
        layer.backward(weights)
        expected = (nudged[0] - nudged[1]) / 2e-6
        assert layer.hidden_gradients[2, t, 1] == pytest.approx(expected, abs=1e-8)
    np.testing.assert_array_equal(layer.hidden_gradients[:, -1], weights)


def test_gates_worked_by_hand():
    """One unit, one feature: every gate a number that can be looked up."""
    lstm, sigmoid = LSTM(1, return_sequences=True), lambda z: 1 / (1 + np.exp(-z))
    lstm.build((2, 1), dtype="float64")
    lstm.parameters["kernel"][...] = [[1.0, 2.0, 3.0, -1.0]]  # i, f, g, o
    lstm.parameters["recurrent_kernel"][...] = 0.5
    y = lstm.forward([[[1.0], [0.5]]])
    c = sigmoid(1) * np.tanh(3)
    h = sigmoid(-1) * np.tanh(c)
    gates = {name: gate[0, :, 0] for name, gate in lstm.gates.items()}
    assert gates["input"] == pytest.approx([sigmoid(1), sigmoid(0.5 + h / 2)])
    assert gates["forget"] == pytest.approx(
        [sigmoid(3), sigmoid(2 + h / 2)]
    )  # the bias starts at 1
    assert gates["candidate"] == pytest.approx([np.tanh(3), np.tanh(1.5 + h / 2)])
    assert gates["output"] == pytest.approx([sigmoid(-1), sigmoid(-0.5 + h / 2)])
    c2 = gates["forget"][1] * c + gates["input"][1] * gates["candidate"][1]
    assert lstm.cell_states[0, :, 0] == pytest.approx([c, c2])
    assert y[0, :, 0] == pytest.approx([h, gates["output"][1] * np.tanh(c2)])


@pytest.mark.parametrize("reset_after", [True, False])
def test_gates_of_a_gru_worked_by_hand(reset_after):
    gru, sigmoid = GRU(1, reset_after=reset_after), lambda z: 1 / (1 + np.exp(-z))
    gru.build((1, 1), dtype="float64")
    gru.parameters["kernel"][...] = [[1.0, -2.0, 3.0]]  # z, r, g
    gru.parameters["recurrent_kernel"][...] = [[0.5, 0.25, 2.0]]
    recurrent_bias = 0.0
    if reset_after:
        gru.parameters["bias"][1] = recurrent_bias = 0.75
    y = gru.forward([[[1.0]]], initial_state=[[0.5]])
    z = sigmoid(1 + 0.25 + recurrent_bias)
    r = sigmoid(-2 + 0.125 + recurrent_bias)
    g = np.tanh(3 + r * (1.0 + recurrent_bias))
    assert gru.gates["update"] == pytest.approx(z)
    assert gru.gates["reset"] == pytest.approx(r)
    assert gru.gates["candidate"] == pytest.approx(g)
    assert y == pytest.approx(z * 0.5 + (1 - z) * g)


def test_what_is_kept_has_the_shapes_that_are_promised():
    for make in MAKERS.values():
        layer = make()
        assert layer.hidden_states is layer.hidden_gradients is layer.final_state is None
        layer.forward(X)
        assert layer.hidden_gradients is layer.initial_gradient is None
        layer.backward(np.ones((5, 3)))
        kept = [layer.hidden_states, layer.hidden_gradients, *getattr(layer, "gates", {}).values()]
        assert all(each.shape == (5, 6, 3) for each in kept)
        assert all(each.shape == (5, 3) for each in states(layer.initial_gradient))
    assert list(LSTM(2).gate_names) == ["input", "forget", "candidate", "output"]
    assert LSTM(2).gates is LSTM(2).cell_states is GRU(2).gates is None


@pytest.mark.parametrize(("batch", "time", "units"), [(1, 1, 1), (1, 4, 2), (3, 1, 5), (2, 3, 1)])
@pytest.mark.parametrize("kind", [SimpleRNN, LSTM, GRU])
def test_small_shapes_and_both_ways(kind, batch, time, units):
    x = GENERATOR.normal(size=(batch, time, 2))
    both = Bidirectional(kind(units, return_sequences=True))
    y = both.forward(x)
    assert y.shape == (batch, time, 2 * units)
    a, b = both.forward_layer.hidden_states, both.backward_layer.hidden_states[:, ::-1]
    np.testing.assert_array_equal(y, np.concatenate([a, b], axis=-1))
    stack = [kind(units, return_sequences=True), kind(units, name="second"), Dense(1)]
    network = Network(stack, (time, 2), dtype="float64")
    assert check_gradients(network, x, np.ones((batch, 1)), "mse").passed


@pytest.mark.parametrize("mode", ["concat", "sum", "mul", "ave"])
@pytest.mark.parametrize("sequences", [True, False])
def test_both_ways_with_padding(mode, sequences):
    """Numbers in the padding change nothing, forward or backward."""
    layer = Bidirectional(LSTM(3, return_sequences=sequences), mode)
    other = np.where(MASK[..., None], X, 7.0)
    y = layer.forward(X, mask=MASK).copy()
    dx = layer.backward(np.ones_like(y)).copy()
    np.testing.assert_array_equal(layer.forward(other, mask=MASK), y)
    np.testing.assert_array_equal(layer.backward(np.ones_like(y)), dx)
    assert (dx[~MASK] == 0).all() and (y[-1] == 0).all()
    if sequences:
        assert (y[~MASK] == 0).all() and (y[MASK] != 0).any()
    step = 1e-6
    for place in ((0, 2, 1), (2, 3, 0)):
        nudged = []
        for sign in (1, -1):
            x = X.copy()
            x[place] += sign * step
            nudged.append(layer.forward(x, mask=MASK).sum())
        assert dx[place] == pytest.approx((nudged[0] - nudged[1]) / (2 * step), abs=1e-8)


def test_a_network_hands_the_mask_on():
    words = np.array([[3, 1, 2, 0, 0, 0], [1, 2, 0, 0, 0, 0]])
    stack = [Embedding(4, 1, mask_zero=True), LSTM(1, return_sequences=True)]
    stack += [Bidirectional(GRU(1, return_sequences=True)), SimpleRNN(2), Dense(1)]
    network = Network(stack, (6,), dtype="float64")
    short = Network(stack_of(network), (3,), dtype="float64")
    short.set_weights(network.get_weights())
    found = network.predict(words)
    np.testing.assert_allclose(found[:1], short.predict(words[:1, :3]), atol=1e-14)
    longer = network.predict(np.pad(words[:, :2], [(0, 0), (0, 4)]))
    np.testing.assert_allclose(longer[1], found[1], atol=1e-14)
    assert abs(longer[0] - found[0]) > 1e-6
    report = check_gradients(network, words, np.ones((2, 1)), "mse", input_gradient=False)
    assert report.passed, report


def stack_of(network):
    return [type(each)(**each.get_config()) for each in network.layers]


def test_dropout_drops_the_same_features_at_every_time_step():
    layer = SimpleRNN(4, activation="linear", dropout=0.5, use_bias=False)
    layer.build((3, 50), dtype="float64")
    layer.parameters["recurrent_kernel"][...] = 0
    x = np.ones((40, 3, 50))
    layer.forward(x, training=True)
    h = layer.hidden_states
    np.testing.assert_allclose(h[:, 0], h[:, 2])
    assert (h[0, 0] != h[1, 0]).any()
    dx = layer.backward(np.ones((40, 4)))[:, -1]
    share = np.mean(dx == 0)
    assert abs(share - 0.5) < 5 * np.sqrt(0.25 / dx.size)
    slopes = layer.parameters["kernel"].sum(axis=1) / 0.5
    np.testing.assert_allclose(dx, np.where(dx == 0, 0, slopes))
    plain = layer.forward(x)
    np.testing.assert_allclose(
        plain, np.broadcast_to(layer.parameters["kernel"].sum(axis=0), (40, 4))
    )


def test_a_layer_in_a_network_may_be_trained_on_long_sequences():
    """The adding problem of Hochreiter and Schmidhuber (1997), short: the LSTM learns it."""
    generator = np.random.default_rng(0)
    x = np.zeros((600, 8, 2))
    x[..., 0] = generator.uniform(size=(600, 8))
    for sample in x:
        sample[generator.choice(8, 2, replace=False), 1] = 1
    y = (x[..., 0] * x[..., 1]).sum(axis=1, keepdims=True)
    network = Network([LSTM(12), Dense(1)], (8, 2), dtype="float64")
    before = network.evaluate(x, y, "mse")["loss"]
    network.fit(x, y, loss="mse", epochs=25, batch_size=32, learning_rate=0.01)
    assert network.evaluate(x, y, "mse")["loss"] < before / 20


def test_forget_bias_starts_at_one():
    layer = LSTM(2)
    layer.build((3, 2))
    assert layer.parameters["bias"].tolist() == [0, 0, 1, 1, 0, 0, 0, 0]
    plain = LSTM(2, unit_forget_bias=False)
    plain.build((3, 2))
    assert not plain.parameters["bias"].any()
    network = Network([layer, Dense(1)], (3, 2))
    network.flat_parameters[...] = 5
    network.initialize()
    assert network.layers[0].parameters["bias"].tolist() == [0, 0, 1, 1, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: LSTM(3, activation="softmax"), ValueError, "elementwise"),
        (lambda: GRU(3, recurrent_activation="log_softmax"), ValueError, "elementwise"),
        (lambda: LSTM(3).forward(np.ones((2, 3))), ValueError, "3 axes"),
        (lambda: Network([LSTM(3)], (4,)), ValueError, "Reshape"),
        (lambda: LSTM(3).forward(X, mask=MASK[:, 1:]), ValueError, "mask"),
        (lambda: LSTM(3).forward(X, mask=MASK * 0.5), ValueError, "mask"),
        (lambda: LSTM(3).forward(X, initial_state=np.zeros((5, 3))), TypeError, r"pair \(h, c\)"),
        (lambda: GRU(3).forward(X, initial_state=np.zeros((4, 3))), ValueError, "initial_state"),
        (lambda: GRU(3).step(X[:, 0], np.zeros((5, 2))), ValueError, "h must have shape"),
        (lambda: Bidirectional(Dense(3)), TypeError, "layer must be a SimpleRNN"),
        (lambda: Bidirectional(LSTM(3), "cat"), ValueError, "merge_mode"),
        (lambda: Bidirectional(LSTM(3), backward_layer=LSTM(3)), ValueError, "go_backwards=True"),
        (
            lambda: Bidirectional(LSTM(3), "sum", LSTM(2, go_backwards=True)),
            ValueError,
            "units=3",
        ),
        (lambda: LSTM(3).backward(X), RuntimeError, "forward"),
    ],
)
def test_what_cannot_be_is_refused(make, error, words):
    with pytest.raises(error, match=words):
        make()


def test_an_error_leaves_the_layer_as_it_was():
    layer = LSTM(3)
    y = layer.forward(X)
    expected = layer.backward(np.ones_like(y))
    for bad in ({"mask": MASK[:3]}, {"initial_state": (y, y[:2])}, {"training": 1}):
        with pytest.raises((TypeError, ValueError)):
            layer.forward(X[:2] if "mask" in bad else X, **bad)
        np.testing.assert_array_equal(layer.backward(np.ones_like(y)), expected)
    with pytest.raises(ValueError, match="final_gradient"):
        layer.backward(np.ones_like(y), final_gradient=(y, y[:2]))
    np.testing.assert_array_equal(layer.backward(np.ones_like(y)), expected)
