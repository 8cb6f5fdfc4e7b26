"""CTC: every alignment written out, numbers by hand, nudged gradients, laws, extremes, errors."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlkit import Data, TrainingConfig, TrainingJob, losses
from dlkit.ctc_alignments import best_path, shares_of_classes, sum_alignments
from dlkit.layers import Conv1D, Dense
from dlkit.losses import CTC
from dlkit.network import Network

loss = CTC()


def labels_of(path):
    """Return what an alignment means: merge what repeats, then drop the blanks."""
    merged = [label for label, _ in itertools.groupby(path)]
    return [label for label in merged if label != 0]


def by_enumeration(labels, logits):
    """Return -log of the sum over every path that means the labels, one by one."""
    p = np.exp(logits - logits.max(axis=-1, keepdims=True))
    p /= p.sum(axis=-1, keepdims=True)
    time, classes = logits.shape
    total = 0.0
    for path in itertools.product(range(classes), repeat=time):
        if labels_of(path) == list(labels):
            total += np.prod(p[range(time), path])
    return -np.log(total)


def time_needed(labels):
    return len(labels) + sum(a == b for a, b in itertools.pairwise(labels))


@st.composite
def batches(draw):
    """Draw sequences of different lengths: (labels, logits, label_length, input_length)."""
    classes, time = draw(st.integers(2, 4)), draw(st.integers(1, 5))
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    rows, steps = [], []
    for _ in range(draw(st.integers(1, 3))):
        row = draw(st.lists(st.integers(1, classes - 1), max_size=3))
        while time_needed(row) > time:
            row = row[:-1]
        rows.append(row)
        steps.append(draw(st.integers(max(1, time_needed(row)), time)))
    width = max(1, *(len(row) for row in rows), draw(st.integers(1, 4)))
    labels = np.array([row + [0] * (width - len(row)) for row in rows])
    logits = generator.normal(0, draw(st.sampled_from([0.1, 2.0, 8.0])), (len(rows), time, classes))
    return labels, logits, np.array([len(row) for row in rows]), np.array(steps)


@settings(max_examples=60)
@given(batches())
def test_the_loss_is_the_sum_over_all_alignments(batch):
    labels, logits, label_length, input_length = batch
    each = [
        by_enumeration(row[:n], z[:steps])
        for row, z, n, steps in zip(labels, logits, label_length, input_length, strict=True)
    ]
    found = loss.per_sample(labels, logits, label_length, input_length)
    np.testing.assert_allclose(found, each, rtol=1e-12, atol=1e-12)
    found = loss(labels, logits, label_length=label_length, input_length=input_length)
    assert found == pytest.approx(np.mean(each), rel=1e-12, abs=1e-12)
    assert loss(labels, logits, input_length=input_length) == found  # zeros are no labels


@settings(max_examples=25)
@given(batches())
def test_gradient_is_the_central_difference(batch):
    labels, logits, _, input_length = batch
    gradient = loss.gradient(labels, logits, input_length=input_length)
    value, fast = loss.value_and_gradient(labels, logits, input_length=input_length)
    assert value == loss(labels, logits, input_length=input_length)
    np.testing.assert_array_equal(fast, gradient)
    for place in np.ndindex(logits.shape):
        above, below = logits.copy(), logits.copy()
        above[place] += 1e-5
        below[place] -= 1e-5
        above = loss(labels, above, input_length=input_length)
        below = loss(labels, below, input_length=input_length)
        assert gradient[place] == pytest.approx((above - below) / 2e-5, rel=1e-6, abs=1e-8)


@settings(max_examples=25)
@given(batches())
def test_laws(batch):
    """Beginnings and endings give the same sum at every time; shares and slopes add up."""
    labels, logits, label_length, input_length = batch
    alignments = sum_alignments(labels, logits, label_length, input_length)
    both = np.logaddexp.reduce(alignments.log_alpha + alignments.log_beta, axis=-1)
    shares = shares_of_classes(alignments, logits.shape[-1])
    gradient = loss.gradient(labels, logits, label_length, input_length)
    for i, steps in enumerate(input_length):
        np.testing.assert_allclose(both[i, :steps], alignments.log_likelihood[i], 1e-12, 1e-13)
        np.testing.assert_allclose(shares[i, :steps].sum(axis=-1), 1, rtol=1e-12)
        assert not gradient[i, steps:].any() and not shares[i, steps:].any()
    np.testing.assert_allclose(gradient.sum(axis=-1), 0, atol=1e-14)
    moved = logits + 7.25  # a softmax does not see what all logits have in common
    assert loss(labels, moved, label_length, input_length) == pytest.approx(
        loss(labels, logits, label_length, input_length), rel=1e-12, abs=1e-12
    )


@pytest.mark.parametrize(
    ("labels", "time", "alignments"),
    [
        ([1], 1, 1),  # 1
        ([1], 2, 3),  # 11 01 10
        ([1, 2], 2, 1),  # 12
        ([1, 2], 3, 5),  # 112 122 012 102 120
        ([1, 1], 3, 1),  # 101
        ([1, 1], 4, 5),  # 1101 1001 1011 0101 1010
        ([0], 3, 1),  # 000
    ],
)
def test_even_odds_count_the_alignments(labels, time, alignments):
    """With three classes as likely as one another, each alignment has 1 / 3**time."""
    expected = time * np.log(3) - np.log(alignments)
    assert loss([labels], np.zeros((1, time, 3))) == pytest.approx(expected, abs=1e-13)


def test_gradient_by_hand():
    """Label 1, two steps, even odds: of 11, 01, 10 each class-1 place is there in 2 of 3."""
    gradient = loss.gradient([[1]], np.zeros((1, 2, 3)))
    # softmax 1/3 each; shares: blank 1/3, one 2/3, two 0
    np.testing.assert_allclose(gradient[0, 0], [0, -1 / 3, 1 / 3], atol=1e-15)
    np.testing.assert_allclose(gradient[0, 1], [0, -1 / 3, 1 / 3], atol=1e-15)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_huge_logits_and_long_sequences_stay_finite(dtype):
    generator = np.random.default_rng(0)
    logits = 1e3 * generator.choice([-1.0, 1.0], size=(3, 400, 5)).astype(dtype)
    labels = generator.integers(1, 5, (3, 150))
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        loss.value_and_gradient(labels, logits, input_length=[400, 300, 350])
        value, gradient = loss.value_and_gradient(labels, logits)
    assert gradient.dtype == dtype
    assert np.isfinite(value) and value > 100
    assert np.isfinite(gradient).all() and np.abs(gradient).max() <= 1 / 3 + 1e-6


def test_certainty_costs_nothing():
    path = np.array([0, 1, 1, 0, 1, 2])
    logits = np.where(np.arange(3) == path[:, None], 1e3, -1e3)[None]
    assert loss([[1, 1, 2]], logits) == 0
    assert loss.metrics(np.array([[1, 1, 2]]), logits) == {"accuracy": 1.0}
    # three alignments of 1 2 differ from it at one place: 011112, 011002, 011022
    assert loss([[1, 2, 0]], logits) == pytest.approx(2e3 - np.log(3), rel=1e-13)


def test_dtypes_and_inputs():
    generator = np.random.default_rng(1)
    logits, labels = generator.normal(size=(2, 5, 3)), np.array([[1, 2], [2, 0]])
    exact = loss(labels, logits)
    for dtype, tolerance in (("float32", 1e-6), ("float16", 2e-3)):
        gradient = loss.gradient(labels, logits.astype(dtype))
        assert gradient.dtype == dtype
        assert loss(labels, logits.astype(dtype)) == pytest.approx(exact, rel=tolerance)
    assert loss(labels.astype(float), logits) == exact
    kept = logits.copy()
    logits.flags.writeable = labels.flags.writeable = False
    gradient = loss.value_and_gradient(labels, logits)[1]
    gradient += 1  # an array of its own
    assert loss(np.asfortranarray(labels), np.asfortranarray(logits)) == exact
    np.testing.assert_array_equal(logits, kept)


def test_best_path():
    steps = np.array([[0, 1, 1, 0, 1, 2], [2, 2, 2, 2, 2, 2], [0, 0, 0, 0, 0, 0]])
    found = best_path(np.eye(3)[steps])
    assert [row.tolist() for row in found] == [[1, 1, 2], [2], []]
    truth = np.array([[1, 1, 2], [2, 2, 0], [0, 0, 0]])
    assert loss.metrics(truth, np.eye(3)[steps])["accuracy"] == pytest.approx(2 / 3)


Z = np.zeros((2, 4, 3))


@pytest.mark.parametrize(
    ("labels", "logits", "lengths", "error", "words"),
    [
        ([[1, 1, 1], [1, 2, 1]], Z, {}, ValueError, "needs 5 time steps or more, but has 4"),
        ([[1, 2], [2, 1]], Z, {"input_length": [4, 1]}, ValueError, "sequence 1 .* but has 1"),
        ([[0, 1], [1, 2]], Z, {}, ValueError, "padded with 0 at the end"),
        ([[1, 0], [1, 2]], Z, {"label_length": [2, 2]}, ValueError, "padded with 0 at the end"),
        ([[1, 3], [1, 2]], Z, {}, ValueError, "classes from 1 to 2 "),
        ([[1, -1], [1, 2]], Z, {}, ValueError, "classes from 1 to 2 "),
        ([[1, 1.5], [1, 2]], Z, {}, ValueError, "y_true must hold whole-number .* 1.5"),
        ([1, 2], Z, {}, ValueError, "y_true must have shape"),
        ([[1, 2]], Z, {}, ValueError, "y_true must have shape"),
        ([[1], [2]], Z[0], {}, ValueError, "y_pred must have shape"),
        ([[1], [1]], Z[..., :1], {}, ValueError, "2 or more classes"),
        ([[1], [2]], Z, {"label_length": [1, 2]}, ValueError, "label_length .* 0 to 1"),
        ([[1], [2]], Z, {"label_length": [1, -1]}, ValueError, "label_length .* 0 to 1"),
        ([[1], [2]], Z, {"label_length": [1, 0.5]}, ValueError, "label_length"),
        ([[1], [2]], Z, {"label_length": 1}, ValueError, "label_length"),
        ([[1], [2]], Z, {"input_length": [4, 5]}, ValueError, "input_length .* 1 to 4"),
        ([[1], [2]], Z, {"input_length": [4, 0]}, ValueError, "input_length .* 1 to 4"),
        ([[1], [2]], Z, {"input_length": "ab"}, TypeError, "input_length"),
        ([["a"], ["b"]], Z, {}, TypeError, "y_true"),
        ([[1], [2]], np.full((2, 4, 3), np.nan), {}, ValueError, "y_pred .*finite"),
    ],
)
def test_what_does_not_fit_is_refused(labels, logits, lengths, error, words):
    for call in (loss, loss.gradient):
        with pytest.raises(error, match=words):
            call(labels, logits, **lengths)


def test_labels_behind_the_length_do_not_count():
    logits = np.random.default_rng(2).normal(size=(1, 4, 3))
    assert loss([[1, 2, 2]], logits, label_length=[1]) == loss([[1]], logits)


def test_found_by_name():
    assert isinstance(losses.get("ctc"), CTC) and isinstance(losses.get("CTC"), CTC)
    assert losses.get(loss.get_config()).name == "ctc"


def pulses(samples=48, time=12):
    """Return noisy pulses of two heights, and their order; nobody says when each comes."""
    generator = np.random.default_rng(0)
    x, y = 0.1 * generator.normal(size=(samples, time, 1)), np.zeros((samples, 3), int)
    for i in range(samples):
        count = generator.integers(1, 4)
        y[i, :count] = generator.integers(1, 3, count)
        places = 1 + 4 * np.arange(count) + generator.integers(0, 2, count)
        x[i, places, 0] += np.where(y[i, :count] == 1, 1.0, -1.0)
    return x, y


def test_a_network_learns_where_the_labels_are():
    x, y = pulses()
    network = Network([Conv1D(8, 3, padding="same", activation="tanh"), Dense(3)], (12, 1))
    before = network.evaluate(x, y, loss="ctc")
    history = network.fit(x, y, loss="ctc", epochs=60, batch_size=12, learning_rate=0.03)
    after = network.evaluate(x, y, loss="ctc")
    assert before["accuracy"] < 0.3
    assert after["accuracy"] > 0.95 and after["loss"] < before["loss"] / 10
    assert history.history["accuracy"][-1] > 0.9


def test_a_keras_model_is_refused_in_words():
    x, y = pulses(16)
    model = Network([Dense(3)], (12, 1)).to_keras()
    with pytest.raises(ValueError, match="loss must be one that the Keras engine .* 'ctc'"):
        TrainingJob(model, Data(x, y, x, y), TrainingConfig(loss="ctc"))


def test_training_refuses_what_cannot_be_aligned_before_it_begins():
    x, y = pulses(8)
    network = Network([Dense(3)], (12, 1))
    weights = network.get_weights()
    with pytest.raises(ValueError, match="y cannot be aligned"):
        network.fit(x, np.ones((8, 7), int), loss="ctc")
    for name, value in network.get_weights().items():
        np.testing.assert_array_equal(value, weights[name])
