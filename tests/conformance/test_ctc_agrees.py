"""CTC agrees with Keras (whose own is in float32) and PyTorch; wrong ones are caught.

The sum over all alignments, one by one, is in ``tests/unit/test_ctc.py``.
"""

import keras
import numpy as np
import peers
import pytest
import tensorflow as tf

from dlkit import ctc, ctc_alignments
from dlkit.losses import CTC

GENERATOR = np.random.default_rng(5)
BATCH, TIME, CLASSES = 6, 14, 5
LABELS = np.array(
    [
        [1, 2, 3, 4, 1, 2],
        [1, 1, 1, 1, 1, 1],  # needs 11 steps
        [2, 2, 3, 3, 0, 0],
        [4, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0],
        [3, 1, 3, 1, 3, 0],
    ]
)
LABEL_LENGTH = (LABELS != 0).sum(axis=1)
INPUT_LENGTH = np.array([14, 11, 9, 1, 7, 14])
LOGITS = GENERATOR.normal(0, 2, (BATCH, TIME, CLASSES))
FAR_OUT = 1e3 * GENERATOR.choice([-1.0, 1.0], size=LOGITS.shape)


def by_keras(labels, logits):
    """Return Keras's value, and TensorFlow's gradient of it, in float32."""
    y_pred = tf.constant(logits, "float32")
    with tf.GradientTape() as tape:
        tape.watch(y_pred)
        value = keras.losses.CTC(dtype="float32")(tf.constant(labels), y_pred)
    return float(value), tape.gradient(value, y_pred).numpy()


def by_torch(labels, logits, label_length, input_length):
    """Return PyTorch's value and gradient in float64; its sum over the batch is our mean times it."""

    def mean(points):
        log_p = peers.torch.log_softmax(points, -1).transpose(0, 1)
        lengths = [peers.torch.tensor(length) for length in (input_length, label_length)]
        labels_too = peers.torch.tensor(labels)
        total = peers.torch.nn.functional.ctc_loss(log_p, labels_too, *lengths, reduction="sum")
        return total / len(points)

    value, (gradient,) = peers.by_torch(mean, [logits])
    return float(value), gradient


def agrees_with_keras():
    loss = CTC()
    value, gradient = by_keras(LABELS, LOGITS)
    found = loss.gradient(LABELS, LOGITS)
    close = abs(loss(LABELS, LOGITS) - value) <= 1e-6 * value
    return bool(close and np.abs(found - gradient).max() <= 1e-6)


def test_agrees_with_keras():
    assert agrees_with_keras()


def test_agrees_with_keras_on_float32():
    value, gradient = by_keras(LABELS, LOGITS)
    found, slope = CTC().value_and_gradient(LABELS, LOGITS.astype("float32"))
    assert found == pytest.approx(value, rel=1e-6)
    assert slope.dtype == np.float32
    np.testing.assert_allclose(slope, gradient, rtol=0, atol=1e-6)


@peers.needs_torch
@pytest.mark.parametrize("logits", [LOGITS, FAR_OUT], ids=["ordinary", "far out"])
def test_agrees_with_pytorch(logits):
    lengths = LABEL_LENGTH, INPUT_LENGTH
    value, gradient = by_torch(LABELS, logits, *lengths)
    loss = CTC()
    pairs = [
        (loss(LABELS, logits, *lengths), value),
        (loss.gradient(LABELS, logits, *lengths), gradient),
    ]
    # logarithms of some -14,000 are added up: their 16th digit is 1e-12
    assert peers.worst(pairs) <= (1e-12 if logits is LOGITS else 1e-11)


def test_the_mean_is_over_the_batch_alone():
    """And not, as with PyTorch's ``reduction="mean"``, over the labels of each sequence too."""
    each = [CTC()(LABELS[i : i + 1], LOGITS[i : i + 1]) for i in range(BATCH)]
    assert CTC()(LABELS, LOGITS) == pytest.approx(np.mean(each), rel=1e-14)


def no_skip(states):
    return np.zeros(states.shape, bool)


def skip_between_equals(states):
    return np.pad(states[:, 2:] != 0, ((0, 0), (2, 0)))


def skip_over_labels(states):
    return np.pad(states[:, 2:] != states[:, :-2], ((0, 0), (2, 0))) | (
        (states == 0) & (np.arange(states.shape[1]) > 1)
    )


def blank_last(labels):
    return np.where(right_states(labels) == 0, CLASSES - 1, right_states(labels))


def no_blank_at_the_end(labels):
    states = right_states(labels)
    states[:, -1] = 1
    return states


def probabilities_instead_of_logarithms(x):
    return np.exp(right_log_softmax(x))


def arrive_from_one_too_early(before, skip):
    stay, move, leap = right_arriving(before, skip)
    return stay, np.roll(move, 1, axis=1), leap


def leave_without_staying(after, skip):
    stay, move, leap = right_leaving(after, skip)
    return np.full_like(stay, -np.inf), move, leap


def leave_by_the_wrong_skip(after, skip):
    return right_leaving(after, np.roll(skip, -2, axis=1))


def shares_without_softmax_norm(alignments, classes):
    return right_shares(alignments._replace(log_likelihood=0 * alignments.log_likelihood), classes)


def shares_of_the_wrong_class(alignments, classes):
    return np.roll(right_shares(alignments, classes), 1, axis=-1)


def shares_twice_the_time(alignments, classes):
    return right_shares(alignments._replace(log_beta=alignments.log_alpha), classes)


def slope_upside_down(y_pred, alignments, input_length):
    return -right_slope(y_pred, alignments, input_length)


right_states = ctc_alignments.states_of
right_log_softmax = ctc_alignments.log_softmax.forward
right_arriving, right_leaving = ctc_alignments._arriving, ctc_alignments._leaving
right_shares, right_slope = ctc.shares_of_classes, ctc._slope


class WrongSoftmax:
    forward = staticmethod(probabilities_instead_of_logarithms)


@pytest.mark.parametrize(
    ("module", "name", "wrong"),
    [
        (ctc_alignments, "may_skip", no_skip),
        (ctc_alignments, "may_skip", skip_between_equals),
        (ctc_alignments, "may_skip", skip_over_labels),
        (ctc_alignments, "states_of", blank_last),
        (ctc_alignments, "states_of", no_blank_at_the_end),
        (ctc_alignments, "log_softmax", WrongSoftmax),
        (ctc_alignments, "_arriving", arrive_from_one_too_early),
        (ctc_alignments, "_leaving", leave_without_staying),
        (ctc_alignments, "_leaving", leave_by_the_wrong_skip),
        (ctc, "shares_of_classes", shares_without_softmax_norm),
        (ctc, "shares_of_classes", shares_of_the_wrong_class),
        (ctc, "shares_of_classes", shares_twice_the_time),
        (ctc, "_slope", slope_upside_down),
    ],
)
def test_wrong_variants_are_caught(module, name, wrong, monkeypatch):
    monkeypatch.setattr(module, name, wrong)
    with np.errstate(all="ignore"):
        assert not agrees_with_keras()
