"""Losses: hand-worked values, gradients by nudging, laws, extreme logits, bad arguments."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from dlkit import losses
from dlkit.losses import (
    LOSSES,
    BinaryCrossentropy,
    CategoricalCrossentropy,
    Huber,
    MeanSquaredError,
    SparseCategoricalCrossentropy,
)

GENERATOR = np.random.default_rng(3)
LOGITS = GENERATOR.normal(0, 2, (4, 3))
# mild probabilities: near 0 the loss bends too much for a central difference
SOFT = np.exp(LOGITS / 4) / np.exp(LOGITS / 4).sum(axis=1, keepdims=True)
LABELS = np.array([0, 2, 1, 2])
SIGNS = np.where(GENERATOR.normal(size=(4, 3)) > 0, 1.0, -1.0)
NUMBERS = GENERATOR.normal(size=(4, 3))
# name -> (arguments, y_true, y_pred): one row per loss of the registry
EXAMPLES = {
    "mean_squared_error": ({}, NUMBERS, LOGITS),
    "mean_absolute_error": ({}, NUMBERS, LOGITS),
    "huber": ({"delta": 0.7}, NUMBERS, LOGITS),
    "log_cosh": ({}, NUMBERS, LOGITS),
    "binary_crossentropy": ({"label_smoothing": 0.1}, (SIGNS > 0) * 1.0, SOFT),
    "categorical_crossentropy": ({"label_smoothing": 0.1}, np.eye(3)[LABELS], SOFT),
    "sparse_categorical_crossentropy": ({}, LABELS, SOFT),
    "hinge": ({}, SIGNS, LOGITS),
    "kl_divergence": ({}, SOFT[::-1].copy(), SOFT),
}
# Losses whose arguments have another shape have a file of their own.
ELSEWHERE = {"ctc": "test_ctc.py", "triplet_loss": "test_triplet.py"}
NAMES = [name for name in LOSSES if name not in ELSEWHERE]
FROM_LOGITS = [name for name in LOSSES if "crossentropy" in name]


def example(name, **arguments):
    own, y_true, y_pred = EXAMPLES[name]
    return losses.get(name, **{**own, **arguments}), y_true, y_pred


def test_there_is_an_example_of_every_loss():
    assert set(EXAMPLES) == set(NAMES)
    assert all(Path(__file__).with_name(file).exists() for file in ELSEWHERE.values())
    assert all(losses.get(name).name == name for name in LOSSES)


@pytest.mark.parametrize(
    ("loss", "y_true", "y_pred", "value"),
    [
        ("mse", [[1.0, 2.0]], [[2.0, 4.0]], 2.5),
        ("mae", [[1.0, 2.0]], [[2.0, 4.0]], 1.5),
        ("huber", [[0.0], [0.0]], [[0.5], [3.0]], (0.125 + 2.5) / 2),
        ("log_cosh", [[0.0]], [[np.log(2)]], np.log(1.25)),
        ("binary_crossentropy", [[1.0], [0.0]], [[0.5], [0.75]], np.log(8) / 2),
        ("categorical_crossentropy", [[0.0, 1.0]], [[0.75, 0.25]], np.log(4)),
        ("sparse_categorical_crossentropy", [1], [[0.75, 0.25]], np.log(4)),
        ("hinge", [[1.0], [-1.0]], [[0.25], [0.5]], (0.75 + 1.5) / 2),
        ("kl_divergence", [[0.5, 0.5]], [[0.25, 0.75]], np.log(4 / 3) / 2),
    ],
)
def test_values_worked_by_hand(loss, y_true, y_pred, value):
    assert losses.get(loss)(y_true, y_pred) == pytest.approx(value, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "from_logits"),
    [(name, False) for name in NAMES] + [(name, True) for name in FROM_LOGITS],
)
def test_gradient_is_the_central_difference(name, from_logits):
    loss, y_true, y_pred = example(name, **({"from_logits": True} if from_logits else {}))
    y_pred, step = (LOGITS if from_logits else y_pred).copy(), 1e-6
    gradient = loss.gradient(y_true, y_pred)
    value, fast = loss.value_and_gradient(y_true, y_pred)
    assert value == pytest.approx(loss(y_true, y_pred), abs=1e-14)
    np.testing.assert_allclose(fast, gradient, atol=1e-15)
    for index in np.ndindex(y_pred.shape):
        original = y_pred[index]
        y_pred[index] = original + step
        above = loss.value_and_gradient(y_true, y_pred)[0]
        y_pred[index] = original - step
        below = loss.value_and_gradient(y_true, y_pred)[0]
        y_pred[index] = original
        assert gradient[index] == pytest.approx((above - below) / (2 * step), rel=1e-6, abs=1e-8)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", FROM_LOGITS)
def test_huge_logits_stay_finite(name, dtype):
    loss = losses.get(name, from_logits=True)
    y_pred = np.array([[1e3, -1e3, 0.0], [-1e3, 1e3, 1e3]], dtype)
    y_true = {"sparse_categorical_crossentropy": np.array([1, 0])}.get(name, np.eye(3)[[1, 0]])
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        value, gradient = loss.value_and_gradient(y_true, y_pred)
        assert np.isfinite(value) and np.isfinite(gradient).all()
        assert np.isfinite(loss(y_true, y_pred))
    assert value > 100


@pytest.mark.parametrize("name", NAMES)
def test_certain_and_huge_predictions_stay_finite(name):
    loss, y_true, _ = example(name)
    extreme = np.eye(3)[[1, 0, 2, 0]]
    if loss.task_type == "regression" or name == "hinge":
        extreme = 1e3 * (2 * extreme - 1)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        assert np.isfinite(loss(y_true, extreme))
        assert np.isfinite(loss.gradient(y_true, extreme)).all()


@pytest.mark.parametrize("name", NAMES)
def test_inputs_are_left_alone_and_may_lie_anyhow_in_memory(name):
    loss, y_true, y_pred = example(name)
    expected = loss(y_true, y_pred), loss.gradient(y_true, y_pred)
    strided = np.repeat(y_pred, 2, axis=0)[::2]
    strided.flags.writeable = False
    truth = np.asfortranarray(y_true)
    truth.flags.writeable = False
    assert loss(truth, strided) == expected[0]
    np.testing.assert_array_equal(loss.gradient(truth, strided), expected[1])
    gradient = loss.value_and_gradient(truth, strided)[1]
    gradient += 1  # must be an array of its own
    assert loss(truth, strided) == expected[0]


@pytest.mark.parametrize("name", NAMES)
def test_dtypes(name):
    loss, y_true, y_pred = example(name)
    exact = loss(y_true, y_pred)
    for dtype, tolerance in (("float32", 1e-5), ("float16", 1e-2)):
        gradient = loss.gradient(y_true, y_pred.astype(dtype))
        assert gradient.dtype == dtype and isinstance(loss(y_true, y_pred.astype(dtype)), float)
        assert loss(y_true, y_pred.astype(dtype)) == pytest.approx(exact, rel=tolerance)
    one_hot = np.eye(3, dtype=int)
    truth = np.arange(3) if name.startswith("sparse") else one_hot
    whole = loss.gradient(truth, one_hot)
    assert whole.dtype == np.float64


@pytest.mark.parametrize("name", NAMES)
def test_the_loss_is_the_mean_over_the_batch(name):
    loss, y_true, y_pred = example(name)
    single = [loss(y_true[i : i + 1], y_pred[i : i + 1]) for i in range(4)]
    assert loss(y_true, y_pred) == pytest.approx(np.mean(single), rel=1e-14)


@pytest.mark.parametrize("name", ["mean_squared_error", "binary_crossentropy", "hinge"])
def test_a_column_may_be_given_as_a_row_of_numbers(name):
    loss = losses.get(name)
    y_true, y_pred = np.array([1.0, 0.0, 1.0]), np.array([[0.2], [0.3], [0.9]])
    assert loss(y_true, y_pred) == loss(y_true[:, None], y_pred)
    assert loss.gradient(y_true, y_pred).shape == (3, 1)  # and not (3, 3)


probabilities = arrays.arrays(np.float64, (2, 3), elements=st.floats(0.01, 1)).map(
    lambda rows: rows / rows.sum(axis=1, keepdims=True)
)
numbers = arrays.arrays(np.float64, (2, 3), elements=st.floats(-20, 20))


@given(numbers, st.lists(st.integers(0, 2), min_size=2, max_size=2), st.floats(0, 0.99))
def test_label_smoothing_mixes_the_loss_with_that_of_an_even_truth(z, labels, s):
    truth, even = np.eye(3)[labels], np.full((2, 3), 1 / 3)
    plain = CategoricalCrossentropy(from_logits=True)
    smoothed = CategoricalCrossentropy(from_logits=True, label_smoothing=s)
    expected = (1 - s) * plain(truth, z) + s * plain(even, z)
    assert smoothed(truth, z) == pytest.approx(expected, rel=1e-12, abs=1e-12)
    plain, smoothed = BinaryCrossentropy(True), BinaryCrossentropy(True, label_smoothing=s)
    expected = (1 - s) * plain(truth, z) + s * plain(np.full((2, 3), 0.5), z)
    assert smoothed(truth, z) == pytest.approx(expected, rel=1e-12, abs=1e-12)


@given(numbers, st.lists(st.integers(0, 2), min_size=2, max_size=2))
def test_sparse_and_one_hot_agree_and_so_do_logits_and_probabilities(z, labels):
    sparse = SparseCategoricalCrossentropy(from_logits=True)
    one_hot = CategoricalCrossentropy(from_logits=True)
    assert sparse(labels, z) == pytest.approx(one_hot(np.eye(3)[labels], z), rel=1e-13, abs=1e-14)
    np.testing.assert_allclose(
        sparse.gradient(labels, z), one_hot.gradient(np.eye(3)[labels], z), atol=1e-15
    )
    assert np.abs(sparse.gradient(labels, z).sum(axis=1)).max() < 1e-15
    moderate = z / 4
    p = np.exp(moderate) / np.exp(moderate).sum(axis=1, keepdims=True)
    assert SparseCategoricalCrossentropy()(labels, p) == pytest.approx(
        sparse(labels, moderate), rel=1e-4
    )


@given(probabilities, probabilities)
def test_divergence_is_not_negative_and_zero_only_for_equals(p, q):
    divergence = losses.get("kl_divergence")
    assert divergence(p, q) >= -1e-12
    assert divergence(p, p) == pytest.approx(0, abs=1e-12)
    cross = CategoricalCrossentropy()
    assert divergence(p, q) == pytest.approx(cross(p, q) - cross(p, p), abs=1e-9)


@given(numbers, numbers)
def test_regression_losses_order(t, y):
    value = {name: losses.get(name)(t, y) for name in NAMES if name in EXAMPLES and "_e" in name}
    assert (
        losses.get("log_cosh")(t, y)
        <= Huber(1.0)(t, y) + 1e-12
        <= value["mean_squared_error"] / 2 + 2e-12
    )
    assert Huber(1e6)(t, y) == pytest.approx(value["mean_squared_error"] / 2, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite_are_refused(name, bad):
    loss, y_true, y_pred = example(name)
    spoilt = y_pred.copy()
    spoilt[1, 1] = bad
    for call in (loss, loss.gradient):
        with pytest.raises(ValueError, match="^y_pred .*finite"):
            call(y_true, spoilt)
    spoilt = np.array(y_true, float)
    spoilt.flat[1] = bad
    with pytest.raises(ValueError, match="y_true"):
        loss(spoilt, y_pred)


@pytest.mark.parametrize("name", NAMES)
def test_shapes_that_do_not_fit_are_refused(name):
    loss, y_true, y_pred = example(name)
    for truth, prediction in (
        (y_true[:2], y_pred),
        (y_true, y_pred[:, :, None, None]),
        (y_true, y_pred[:0]),
        (y_true[:0], y_pred),
        (y_true, "text"),
        (None, y_pred),
    ):
        with pytest.raises((TypeError, ValueError), match=r"y_(true|pred)"):
            loss(truth, prediction)
        with pytest.raises((TypeError, ValueError), match=r"y_(true|pred)"):
            loss.gradient(truth, prediction)


@pytest.mark.parametrize(
    ("loss", "y_true", "y_pred", "words"),
    [
        ("categorical_crossentropy", [0, 1], SOFT[:2], "SparseCategoricalCrossentropy"),
        ("categorical_crossentropy", [[1, 1, 0]], SOFT[:1], "sum to 1"),
        ("categorical_crossentropy", np.eye(3)[:2], LOGITS[:2] * 9, "from_logits=True"),
        ("categorical_crossentropy", [[1.0, 0.0]], [[0.0, 0.0]], "above 0"),
        ("sparse_categorical_crossentropy", np.eye(3), SOFT[:3], "CategoricalCrossentropy"),
        ("sparse_categorical_crossentropy", [0.5], SOFT[:1], "fractions"),
        ("sparse_categorical_crossentropy", [3], SOFT[:1], "labels from 0 to 2"),
        ("sparse_categorical_crossentropy", [-1], SOFT[:1], "labels from 0 to 2"),
        ("sparse_categorical_crossentropy", [1], LOGITS[:1] * 9, "from_logits=True"),
        ("binary_crossentropy", [[-1.0]], [[0.5]], "y_true .*between 0 and 1"),
        ("binary_crossentropy", [[1.0]], [[1.5]], "from_logits=True"),
        ("hinge", [[2.0]], [[0.5]], "-1 and 1"),
        ("hinge", [[-1.0, 0.0]], [[0.5, 0.5]], "-1 and 1"),
        ("kl_divergence", [[0.5, 1.5]], [[0.5, 0.5]], "y_true .*between 0 and 1"),
        ("kl_divergence", [[0.5, 0.5]], [[0.5, -0.5]], "y_pred .*between 0 and 1"),
    ],
)
def test_numbers_outside_the_domain_are_refused(loss, y_true, y_pred, words):
    with pytest.raises(ValueError, match=words):
        losses.get(loss)(y_true, y_pred)


@pytest.mark.parametrize(
    ("kind", "arguments", "error"),
    [
        ("huber", {"delta": 0}, ValueError),
        ("huber", {"delta": "1"}, TypeError),
        ("huber", {"delta": np.nan}, ValueError),
        ("binary_crossentropy", {"from_logits": 1}, TypeError),
        ("binary_crossentropy", {"label_smoothing": 1.0}, ValueError),
        ("categorical_crossentropy", {"label_smoothing": -0.1}, ValueError),
        ("mean_squared_error", {"delta": 1.0}, TypeError),
    ],
)
def test_bad_arguments(kind, arguments, error):
    with pytest.raises(error, match=next(iter(arguments))):
        losses.get(kind, **arguments)


def test_get():
    for given_ in ("mean_squared_error", "MeanSquaredError", "mse", "MSE", MeanSquaredError):
        assert isinstance(losses.get(given_), MeanSquaredError)
    loss = Huber(0.5)
    assert losses.get(loss) is loss and losses.get(loss, delta=2.0).delta == 2.0
    for name in NAMES:
        loss, y_true, y_pred = example(name)
        again = losses.get(json.loads(json.dumps(loss.get_config())))
        assert again(y_true, y_pred) == loss(y_true, y_pred)
    with pytest.raises(ValueError, match="Did you mean 'mean_squared_error'"):
        losses.get("mean_square_error")
    with pytest.raises(TypeError, match="loss"):
        losses.get(3)


@pytest.mark.parametrize(
    ("y", "activation", "shape", "expected"),
    [
        ([0, 1], "softmax", (3,), SparseCategoricalCrossentropy()),
        (np.eye(3), "softmax", (3,), CategoricalCrossentropy()),
        ([0, 1], "sigmoid", (1,), BinaryCrossentropy()),
        ([0, 1], "linear", (3,), SparseCategoricalCrossentropy(from_logits=True)),
        ([[0.5], [1.5]], "linear", (1,), MeanSquaredError()),
        ([0, 7], "linear", (1,), MeanSquaredError()),
    ],
)
def test_default_loss(y, activation, shape, expected):
    found = losses.default_loss(np.array(y), activation, shape)
    assert found.get_config() == expected.get_config()


def test_metrics():
    sparse = SparseCategoricalCrossentropy()
    assert sparse.metrics(np.array([0, 1]), np.array([[0.9, 0.1], [0.8, 0.2]])) == {"accuracy": 0.5}
    binary = np.array([[0.4], [0.6]])
    assert BinaryCrossentropy().metrics(np.array([0, 1]), binary) == {"accuracy": 1.0}
    assert BinaryCrossentropy(True).metrics(np.array([0, 1]), binary) == {"accuracy": 0.5}
    assert MeanSquaredError().metrics(np.array([1.0]), np.array([[3.0]])) == {"mae": 2.0}
