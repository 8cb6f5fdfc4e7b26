"""Every loss agrees with Keras, and its gradient with TensorFlow's autodiff; wrong ones fail."""

import dataclasses
import functools
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from dlkit import losses
from dlkit.loss_base import EPSILON, Loss
from dlkit.losses import LOSSES

GENERATOR = np.random.default_rng(11)
SAMPLES, CLASSES = 9, 4


pytestmark = pytest.mark.usefixtures("module_in_float64")


def softmax(z):
    e = np.exp(z)
    return e / e.sum(axis=-1, keepdims=True)


NUMBERS = GENERATOR.normal(0, 2, (SAMPLES, 3))
LOGITS = GENERATOR.normal(0, 3, (SAMPLES, CLASSES))
# Not normalised and with values beyond the clipping bounds, where gradients must be zero.
PROBABILITIES = softmax(LOGITS) * 0.9
PROBABILITIES[0, :2] = 0.0, 1.0
PROBABILITIES[1] = 1e-9, 0.25, 0.25, 0.5
SHARES = GENERATOR.uniform(0.01, 0.99, (SAMPLES, 3))
SHARES[0] = 0.0, 1.0, 1e-9
LABELS = GENERATOR.integers(0, CLASSES, SAMPLES)
ONE_HOT = np.eye(CLASSES)[LABELS]
BINARY = GENERATOR.integers(0, 2, (SAMPLES, 3)).astype(float)
SOFT = softmax(GENERATOR.normal(size=(SAMPLES, CLASSES)))
SEQUENCE = GENERATOR.normal(size=(3, 5, CLASSES))
SEQUENCE_LABELS = GENERATOR.integers(0, CLASSES, (3, 5))


@dataclasses.dataclass(eq=False)
class Case:
    """A loss with its arguments (exact in binary), data, and formulae it must tell apart."""

    loss: str
    y_true: np.ndarray
    y_pred: np.ndarray
    arguments: dict = dataclasses.field(default_factory=dict)
    wrong: dict = dataclasses.field(default_factory=dict)
    tolerance: float = 1e-13


SMOOTH = {"label_smoothing": 0.25}
FROM_LOGITS = {"from_logits": True}


def smoothing_over_one_class_less(self, y_true):
    return y_true * (1 - self.label_smoothing) + self.label_smoothing / (y_true.shape[-1] - 1)


CASES = {
    "mse": Case(
        "mean_squared_error",
        NUMBERS,
        NUMBERS[::-1],
        wrong={"half": ("per_sample", lambda self, t, y: np.mean((y - t) ** 2, -1) / 2)},
    ),
    "mae": Case(
        "mean_absolute_error",
        NUMBERS,
        NUMBERS[::-1] + 0.5,
        wrong={"swapped sign": ("slope", lambda self, t, y: np.sign(t - y) / 3)},
    ),
    "huber": Case(
        "huber",
        NUMBERS,
        NUMBERS[::-1] + 0.5,
        {"delta": 0.5},
        {
            "jump at delta": (
                "per_sample",
                lambda self, t, y: np.mean(
                    np.where(np.abs(y - t) <= 0.5, (y - t) ** 2 / 2, 0.5 * np.abs(y - t)), -1
                ),
            ),
            "delta 1": ("slope", lambda self, t, y: np.clip(y - t, -1, 1) / 3),
        },
    ),
    "log_cosh": Case(
        "log_cosh",
        NUMBERS,
        NUMBERS[::-1],
        wrong={
            "without log 2": (
                "per_sample",
                lambda self, t, y: np.mean(
                    np.abs(y - t) + np.log1p(np.exp(-2 * np.abs(y - t))), -1
                ),
            )
        },
        tolerance=1e-8,
    ),
    "binary, probabilities": Case(
        "binary_crossentropy",
        BINARY,
        SHARES,
        wrong={
            "one side": (
                "per_sample",
                lambda self, t, y: -np.mean(t * np.log(np.clip(y, EPSILON, 1 - EPSILON)), -1),
            ),
            "no clipping": ("slope", lambda self, t, y: (y - t) / (y * (1 - y) + 1e-7) / 3),
        },
    ),
    "binary, logits": Case(
        "binary_crossentropy",
        BINARY,
        NUMBERS,
        FROM_LOGITS,
        {"slope without sigmoid": ("slope", lambda self, t, y: (y - t) / 3)},
    ),
    "binary, smoothed": Case(
        "binary_crossentropy",
        BINARY,
        SHARES,
        SMOOTH,
        {"towards 1": ("smooth", lambda self, t: t * 0.75 + 0.25)},
    ),
    "binary, smoothed logits": Case(
        "binary_crossentropy",
        BINARY,
        NUMBERS,
        SMOOTH | FROM_LOGITS,
        {"not smoothed": ("smooth", lambda self, t: t)},
    ),
    "categorical, probabilities": Case(
        "categorical_crossentropy",
        ONE_HOT,
        PROBABILITIES,
        wrong={
            "rows not normalised": (
                "per_sample",
                lambda self, t, y: -np.sum(t * np.log(np.clip(y, EPSILON, 1 - EPSILON)), -1),
            ),
            "slope not normalised": (
                "slope",
                lambda self, t, y: -t / np.clip(y, EPSILON, 1 - EPSILON),
            ),
        },
    ),
    "categorical, logits": Case(
        "categorical_crossentropy",
        ONE_HOT,
        LOGITS,
        FROM_LOGITS,
        {"slope of the sigmoid": ("slope", lambda self, t, y: 1 / (1 + np.exp(-y)) - t)},
    ),
    "categorical, smoothed": Case(
        "categorical_crossentropy",
        ONE_HOT,
        PROBABILITIES,
        SMOOTH,
        {"over K - 1": ("smooth", smoothing_over_one_class_less)},
    ),
    "categorical, smoothed logits": Case(
        "categorical_crossentropy",
        SOFT,
        LOGITS,
        SMOOTH | FROM_LOGITS,
        {"over K - 1": ("smooth", smoothing_over_one_class_less)},
    ),
    "sparse, probabilities": Case(
        "sparse_categorical_crossentropy",
        LABELS,
        PROBABILITIES,
        wrong={
            "slope of the true class only": (
                "slope",
                lambda self, t, y: -np.eye(CLASSES)[t] / np.clip(y, EPSILON, 1 - EPSILON),
            )
        },
    ),
    "sparse, logits": Case(
        "sparse_categorical_crossentropy",
        LABELS,
        LOGITS,
        FROM_LOGITS,
        {"softmax alone": ("slope", lambda self, t, y: softmax(y))},
    ),
    "sparse, sequences": Case(
        "sparse_categorical_crossentropy",
        SEQUENCE_LABELS,
        SEQUENCE,
        FROM_LOGITS,
        {"off by one class": ("per_sample", lambda self, t, y: -np.log(softmax(y)[..., 0]))},
    ),
    "hinge": Case(
        "hinge",
        BINARY,
        NUMBERS,
        wrong={
            "labels left at 0": (
                "targets",
                lambda self, t, y: np.asarray(t, float),
            ),
            "margin 0": ("slope", lambda self, t, y: -t * (t * y < 0) / 3),
        },
    ),
    "hinge, signs": Case("hinge", 2 * BINARY - 1, NUMBERS),
    "kl_divergence": Case(
        "kl_divergence",
        SOFT,
        PROBABILITIES,
        wrong={
            "swapped": ("per_sample", lambda self, t, y: np.sum(y * np.log((y + 1e-7) / t), -1)),
            "no clipping": ("slope", lambda self, t, y: -t / (y + 1e-9)),
        },
    ),
}
MUTANTS = [(name, wrong) for name, case in CASES.items() for wrong in case.wrong]


def class_name(name):
    return type(losses.get(name)).__name__


@functools.cache
def reference(case):
    """Return Keras's value, and the gradient that TensorFlow derives from it."""
    loss = getattr(keras.losses, class_name(case.loss))(**case.arguments)
    y_pred = tf.constant(case.y_pred)
    with tf.GradientTape() as tape:
        tape.watch(y_pred)
        value = loss(tf.constant(case.y_true), y_pred)
    return float(value), tape.gradient(value, y_pred).numpy()


def largest_difference(case):
    """Return by how much value and gradient (by all three doors) differ from the reference."""
    loss = losses.get(case.loss, **case.arguments)
    value, gradient = reference(case)
    fast_value, fast_gradient = loss.value_and_gradient(case.y_true, case.y_pred)
    scale = np.maximum(1, np.abs(gradient))
    return max(
        abs(loss(case.y_true, case.y_pred) - value),
        abs(fast_value - value),
        float(np.max(np.abs(loss.gradient(case.y_true, case.y_pred) - gradient) / scale)),
        float(np.max(np.abs(fast_gradient - gradient) / scale)),
    )


def test_the_table_has_every_loss():
    """Losses whose arguments have another shape have a file of their own."""
    elsewhere = {"ctc": "test_ctc_agrees.py", "triplet_loss": "test_triplet_agrees.py"}
    assert {case.loss for case in CASES.values()} == set(LOSSES) - set(elsewhere)
    assert all(Path(__file__).with_name(file).exists() for file in elsewhere.values())


@pytest.mark.parametrize("name", CASES)
def test_value_and_gradient_agree(name):
    assert largest_difference(CASES[name]) <= CASES[name].tolerance


@pytest.mark.parametrize("name", CASES)
def test_a_batch_of_one_agrees(name):
    case = CASES[name]
    for i in (0, 1, 2):  # the first two lie beyond the clipping bounds
        one = dataclasses.replace(
            case, y_true=case.y_true[i : i + 1], y_pred=case.y_pred[i : i + 1]
        )
        assert largest_difference(one) <= case.tolerance


@pytest.mark.parametrize(("name", "wrong"), MUTANTS)
def test_a_wrong_formula_is_caught(name, wrong, monkeypatch):
    method, function = CASES[name].wrong[wrong]
    monkeypatch.setattr(LOSSES[CASES[name].loss], method, function)
    assert largest_difference(CASES[name]) > 1000 * CASES[name].tolerance


@pytest.mark.parametrize("name", CASES)
def test_a_gradient_summed_over_the_batch_is_caught(name, monkeypatch):
    def gradient(self, y_true, y_pred):
        y_true, y_pred, _ = self.check(y_true, y_pred)
        return self.slope(y_true, y_pred)

    monkeypatch.setattr(Loss, "gradient", gradient)
    assert largest_difference(CASES[name]) > 1000 * CASES[name].tolerance


@pytest.mark.parametrize("name", [name for name in LOSSES if name != "triplet_loss"])
def test_names_are_kerass(name):
    assert losses.get(class_name(name)).name == name
    assert isinstance(keras.losses.get(name), type(keras.losses.mean_squared_error))


def test_log_cosh_agrees_with_tensorflow_to_the_last_digit():
    """Keras rounds log 2 to float32; TensorFlow's own operations do not."""
    case = CASES["log_cosh"]
    y_pred = tf.constant(case.y_pred)
    expected = tf.reduce_mean(tf.math.log(tf.math.cosh(y_pred - case.y_true)))
    found = losses.get("log_cosh")(case.y_true, case.y_pred)
    assert found == pytest.approx(float(expected), abs=1e-14)
