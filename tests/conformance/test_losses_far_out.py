"""Losses beside Keras, PyTorch and JAX: logits and errors of ±1000, values and gradients."""

import dataclasses

import numpy as np
import peers
import pytest
import tensorflow as tf
from peers import by_jax, by_torch, jax, needs_jax, needs_torch, torch
from test_losses_agree import CASES, Case, reference

from dlkit import losses
from dlkit.losses import LOSSES

pytestmark = pytest.mark.usefixtures("module_in_float64")

TOLERANCE = 1e-12
GENERATOR = np.random.default_rng(21)
SAMPLES, CLASSES = 24, 4
FAR = np.array([1e3, -1e3, 745.0, -745.0, 100.0, -100.0, 37.0, -37.0])


def far(columns):
    """Return rows of ordinary numbers, and rows that also hold numbers as large as ±1000."""
    x = GENERATOR.normal(0, 3, (SAMPLES, columns))
    x[8:, 0] = GENERATOR.choice(FAR, SAMPLES - 8)
    x[16:] = GENERATOR.choice(FAR, (SAMPLES - 16, columns))
    return x


def distributions():
    """Return rows of probabilities, each well inside what Keras clips to."""
    powers = GENERATOR.uniform(0.05, 1, (SAMPLES, CLASSES))
    return powers / powers.sum(axis=-1, keepdims=True)


LABELS = GENERATOR.integers(0, CLASSES, SAMPLES)
ONE_HOT = np.eye(CLASSES)[LABELS]
BINARY = GENERATOR.integers(0, 2, (SAMPLES, 3)).astype(float)
SHARES = GENERATOR.uniform(0.05, 0.95, (SAMPLES, 3))
NUMBERS = GENERATOR.normal(0, 3, (SAMPLES, 3))
LOGITS = {"from_logits": True}
SMOOTH = {"label_smoothing": 0.25}


@dataclasses.dataclass(eq=False)
class Row:
    """A loss with its arguments and data, and what PyTorch (and JAX) have for it.

    ``torch`` and ``jax`` take the data as tensors (y_true, y_pred); None where a framework has
    nothing of the kind.
    """

    loss: str
    y_true: np.ndarray
    y_pred: np.ndarray
    torch: object
    arguments: dict = dataclasses.field(default_factory=dict)
    jax: object = None


def functional():
    return torch.nn.functional


ROWS = {
    "mse": Row("mean_squared_error", NUMBERS, far(3), lambda t, y: functional().mse_loss(y, t)),
    "mae": Row("mean_absolute_error", NUMBERS, far(3), lambda t, y: functional().l1_loss(y, t)),
    "huber": Row(
        "huber",
        NUMBERS,
        far(3),
        lambda t, y: functional().huber_loss(y, t, delta=0.5),
        {"delta": 0.5},
    ),
    "log_cosh": Row(
        "log_cosh",
        NUMBERS,
        far(3),
        lambda t, y: (torch.logaddexp(y - t, t - y) - np.log(2)).mean(),
        jax=lambda t, y: (jax.numpy.logaddexp(y - t, t - y) - np.log(2)).mean(),
    ),
    "hinge": Row(
        "hinge",
        2 * BINARY - 1,
        far(3),
        lambda t, y: functional().margin_ranking_loss(y, torch.zeros_like(y), t, margin=1.0),
    ),
    "binary, probabilities": Row(
        "binary_crossentropy", BINARY, SHARES, lambda t, y: functional().binary_cross_entropy(y, t)
    ),
    "binary, logits": Row(
        "binary_crossentropy",
        BINARY,
        far(3),
        lambda t, y: functional().binary_cross_entropy_with_logits(y, t),
        LOGITS,
        lambda t, y: -(t * jax.nn.log_sigmoid(y) + (1 - t) * jax.nn.log_sigmoid(-y)).mean(),
    ),
    "categorical, probabilities": Row(
        "categorical_crossentropy",
        ONE_HOT,
        distributions(),
        lambda t, y: functional().nll_loss(torch.log(y / y.sum(-1, keepdim=True)), t.argmax(-1)),
    ),
    "categorical, logits": Row(
        "categorical_crossentropy",
        distributions(),
        far(CLASSES),
        lambda t, y: functional().cross_entropy(y, t),
        LOGITS,
        lambda t, y: -(t * jax.nn.log_softmax(y)).sum(axis=-1).mean(),
    ),
    "categorical, smoothed logits": Row(
        "categorical_crossentropy",
        ONE_HOT,
        far(CLASSES),
        lambda t, y: functional().cross_entropy(y, t, label_smoothing=0.25),
        LOGITS | SMOOTH,
    ),
    "sparse, probabilities": Row(
        "sparse_categorical_crossentropy",
        LABELS,
        distributions(),
        # Keras normalises by way of the logarithm: softmax(log y) = y / Σ y
        lambda t, y: functional().cross_entropy(torch.log(y), t),
    ),
    "sparse, logits": Row(
        "sparse_categorical_crossentropy",
        LABELS,
        far(CLASSES),
        lambda t, y: functional().cross_entropy(y, t),
        LOGITS,
        lambda t, y: -jax.nn.log_softmax(y)[jax.numpy.arange(len(t)), t].mean(),
    ),
    "kl_divergence": Row(
        "kl_divergence",
        distributions(),
        distributions(),
        lambda t, y: functional().kl_div(torch.log(y), t, reduction="batchmean"),
    ),
}
# Losses of two arguments are here; those with a shape of their own have their own file.
ELSEWHERE = {"ctc", "triplet_loss"}


def ours(row):
    loss = losses.get(row.loss, **row.arguments)
    return loss(row.y_true, row.y_pred), loss.gradient(row.y_true, row.y_pred)


def fast(row):
    return losses.get(row.loss, **row.arguments).value_and_gradient(row.y_true, row.y_pred)


def test_the_table_has_every_loss():
    assert {row.loss for row in ROWS.values()} == set(LOSSES) - set(ELSEWHERE)


@pytest.mark.parametrize("name", ROWS)
def test_agrees_with_keras_far_out(name):
    row = ROWS[name]
    case = Case(row.loss, row.y_true, row.y_pred, row.arguments)
    expected = reference(case)
    # Keras rounds log 2 to float32; TensorFlow's own logaddexp settles it below.
    tolerance = 1e-8 if name == "log_cosh" else TOLERANCE
    assert peers.worst(zip(ours(row), expected)) <= tolerance
    assert peers.worst(zip(fast(row), expected)) <= tolerance


def test_log_cosh_agrees_with_tensorflow_far_out():
    row = ROWS["log_cosh"]
    y = tf.constant(row.y_pred)
    with tf.GradientTape() as tape:
        tape.watch(y)
        error = tf.abs(y - row.y_true)
        value = tf.reduce_mean(error + tf.math.softplus(-2 * error) - np.log(2))
    expected = value.numpy(), tape.gradient(value, y).numpy()
    assert peers.worst(zip(ours(row), expected)) <= TOLERANCE


@needs_torch
@pytest.mark.parametrize("name", ROWS)
def test_agrees_with_pytorch(name):
    row = ROWS[name]
    value, (_, gradient) = by_torch(row.torch, [row.y_true, row.y_pred])
    assert peers.worst(zip(ours(row), [value, gradient])) <= TOLERANCE
    assert peers.worst(zip(fast(row), [value, gradient])) <= TOLERANCE


@needs_jax
@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.jax])
def test_agrees_with_jax(name):
    row = ROWS[name]
    value, (gradient,) = by_jax(lambda y: row.jax(row.y_true, y), [row.y_pred])
    assert peers.worst(zip(ours(row), [value, gradient])) <= TOLERANCE


@pytest.mark.parametrize(
    "name", [name for name in ROWS if "probabilities" not in name and name != "kl_divergence"]
)
def test_the_inputs_reach_a_thousand(name):
    assert np.abs(ROWS[name].y_pred).max() == 1e3


def test_every_entry_of_the_first_table_has_a_row_here():
    there = {(case.loss, case.arguments.get("from_logits", False)) for case in CASES.values()}
    here = {(row.loss, row.arguments.get("from_logits", False)) for row in ROWS.values()}
    assert {pair for pair in there if pair[0] not in ELSEWHERE} <= here
