"""What lesson 02 says of its runs, as the mean of five seeds, none picked."""

import functools
from pathlib import Path

import lesson_cells
import numpy as np
import pytest

from dlkit import Network, datasets, losses, optimizers
from dlkit.activations import sigmoid
from dlkit.labs.loss_data import snow_or_rain, thermometers
from dlkit.labs.loss_fit import fit
from dlkit.layers import Dense

LESSON = Path(__file__).parents[2] / "notebooks" / "02_forward_and_loss.ipynb"
SEEDS = range(5)
LABELS, LOGITS = np.array([2, 0]), np.array([[3.0, -1.0, 0.5], [0.1, 2.0, 4.0]])
SPARSE = losses.SparseCategoricalCrossentropy


@functools.cache
def digits():
    return datasets.digits(flat=True)


@functools.cache
def reads(loss, last, seed, one_hot=False):
    """The accuracy on unseen digits and the training losses of five epochs."""
    data = digits()
    loss = {"double": SPARSE(from_logits=True), "logits": SPARSE(from_logits=True)}.get(loss, loss)
    y = np.eye(10)[data.y_train] if one_hot else data.y_train
    network = Network(
        [Dense(32, "relu"), Dense(10, last)], input_shape=(64,), seed=seed, dtype="float64"
    )
    sgd = {"optimizer": "sgd", "learning_rate": 0.1}
    history = network.fit(data.x_train, y, loss=loss, epochs=5, **sgd)
    right = network.predict(data.x_validation).argmax(axis=1) == data.y_validation
    return right.mean(), tuple(history.history["loss"])


def mean_accuracy(*arguments, **settings):
    return np.mean([reads(*arguments, seed, **settings)[0] for seed in SEEDS])


def mean_cooling(name, outliers):
    found = []
    for seed in SEEDS:
        stations = thermometers(outliers, 12, seed)
        weights = np.ones(len(stations.x))
        found.append(-fit(losses.get(name), stations.x, stations.y, weights, classes=False).w)
    return np.mean(found)


def test_three_of_24_thermometers_take_the_line_of_squared_error_with_them():
    assert 3.5 < mean_cooling("mse", 3) < 4.4
    for name in ("mae", "huber", "log_cosh"):
        assert 5.8 < mean_cooling(name, 3) < 6.7


def test_six_of_them_take_absolute_error_further_than_squared_error():
    assert mean_cooling("mae", 5) > 5.3 and mean_cooling("mse", 5) < 3
    assert mean_cooling("mae", 6) < mean_cooling("mse", 6) - 0.5


def test_squared_error_needs_a_hundred_times_the_steps_to_change_its_mind():
    steps = {}
    for name in ("binary_crossentropy", "mse"):
        z, count = 8.0, 0
        while z > 0:
            p = sigmoid(np.array([[z]]))
            z -= (losses.get(name).gradient(np.array([[0.0]]), p) * p * (1 - p)).item()
            count += 1
        steps[name] = count
    assert steps["binary_crossentropy"] < 15 and steps["mse"] > 100 * steps["binary_crossentropy"]


def test_a_softmax_taken_twice_hardly_learns_in_five_epochs():
    assert mean_accuracy("sparse_categorical_crossentropy", "softmax") > 0.85
    assert mean_accuracy("double", "softmax") < 0.6
    assert np.mean([reads("double", "softmax", seed)[1][-1] for seed in SEEDS]) > 2


def test_from_logits_without_a_softmax_repairs_it():
    for seed in SEEDS:
        repaired, before = (
            reads("logits", None, seed),
            reads("sparse_categorical_crossentropy", "softmax", seed),
        )
        assert np.allclose(repaired[1], before[1])
    lowest = SPARSE(from_logits=True)(np.arange(10), np.eye(10))
    assert lowest == pytest.approx(-np.log(np.e / (np.e + 9)))


@pytest.mark.full
def test_squared_error_on_a_softmax_learns_far_more_slowly():
    assert mean_accuracy("categorical_crossentropy", "softmax", one_hot=True) > 0.85
    assert mean_accuracy("mean_squared_error", "softmax", one_hot=True) < 0.4


@pytest.mark.full
@pytest.mark.parametrize(
    ("class_weight", "low", "high"), [(None, 0, 0.01), ({0: 1.0, 1: 9.0}, 0.6, 1)]
)
def test_class_weights_find_the_eights(class_weight, low, high):
    data, accuracy, found = digits(), [], []
    exam = data.y_validation == 8
    for seed in SEEDS:
        network = Network(
            [Dense(16, "relu"), Dense(1, "sigmoid")], (64,), seed=seed, dtype="float64"
        )
        network.fit(
            data.x_train,
            (data.y_train == 8).astype(float),
            class_weight=class_weight,
            epochs=3,
            optimizer="sgd",
            learning_rate=0.05,
        )
        said = network.predict(data.x_validation)[:, 0] > 0.5
        accuracy.append(np.mean(said == exam))
        found.append(np.mean(said[exam]))
    assert np.mean(accuracy) > 0.8 and low <= np.mean(found) <= high


@pytest.mark.full
def test_regression_on_the_class_numbers_reads_about_four_in_ten():
    data, right = digits(), []
    for seed in SEEDS:
        network = Network([Dense(32, "relu"), Dense(1)], (64,), seed=seed, dtype="float64")
        network.fit(
            data.x_train,
            data.y_train.astype(float),
            loss="mse",
            epochs=20,
            optimizer=optimizers.Adam(learning_rate=0.01),
        )
        said = np.clip(np.round(network.predict(data.x_validation)[:, 0]), 0, 9)
        right.append(np.mean(said == data.y_validation))
    assert 0.3 < np.mean(right) < 0.55


# What the lesson's own cells compute


def sources():
    return lesson_cells.sources(LESSON)


def run(words, *, until=None, **names):
    names = {"np": np, "losses": losses, "Network": Network, "Dense": Dense, **names}
    return lesson_cells.run_cell(LESSON, words, until, names)


def test_squared_error_alone_pulls_without_limit():
    cell = run("Far off, squared error costs most", until="costs =")
    at_four = {line.label: abs(float(line.y[-1])) for line in cell["pull"]}
    assert at_four.pop("mean_squared_error") == pytest.approx(8)
    assert len(at_four) == 3
    assert all(0.99 < pull <= 1 for pull in at_four.values()), f"1 or hardly less: {at_four}"


def test_no_error_pulls_harder_than_hubers_delta():
    errors = np.linspace(-20, 20, 801)[:, None]
    for delta in (0.1, 0.5, 1.0, 3.0):
        slope = losses.Huber(delta=delta).slope(np.zeros_like(errors), errors)[:, 0]
        assert np.abs(slope).max() == pytest.approx(delta), f"delta {delta}"
        inside = np.abs(errors[:, 0]) < delta
        assert slope[inside] == pytest.approx(errors[inside, 0]), "a parabola up to delta"


def test_absolute_error_steps_to_and_fro_and_a_falling_rate_ends_it():
    last_two = run("def last_two", until="for name in NAMES:")["last_two"]
    before, now = last_two("mean_absolute_error")
    assert (before, now) == pytest.approx((0.1, -0.2)), "MAE is off by 0.2, on alternate sides"
    for name in ("mean_squared_error", "huber", "log_cosh"):
        assert abs(last_two(name)[1]) < 1e-4, f"{name} slows down by itself"
    assert abs(last_two("mean_absolute_error", fade=0.9)[1]) < 0.02, "a falling rate settles it"


def test_a_small_delta_says_what_absolute_error_says_and_a_large_one_what_squared_error_says():
    (source,) = [source for source in sources() if 'LossLab(loss="huber"' in source]
    assert "for delta in (10, 3, 1, 0.3, 0.1)" in source and "for seed in range(5)" in source
    found = [mean_cooling(losses.Huber(delta=delta), 5) for delta in (10, 3, 1, 0.3, 0.1)]
    assert (np.diff(found) > 0).all(), f"the smaller delta, the nearer to 6.5: {found}"
    assert found[0] == pytest.approx(mean_cooling("mse", 5), abs=0.05)
    assert found[-1] == pytest.approx(mean_cooling("mae", 5), abs=0.1)
    assert mean_cooling("mse", 5) == pytest.approx(2.5, abs=0.05), "the words say 2.5"
    assert mean_cooling("mae", 5) == pytest.approx(5.6, abs=0.06), "the words say 5.6"
    assert mean_cooling("mae", 3) == pytest.approx(6.3, abs=0.06), "the words say 6.3"


@pytest.mark.parametrize("seed", SEEDS)
def test_accuracy_goes_in_flat_steps_between_two_smooth_valleys(seed):
    cell = run("biases = np.linspace", until="x, snow =")
    cell["days"] = cell["snow_or_rain"](outliers=0, distance=0, snow=50, seed=seed)
    (source,) = [source for source in sources() if "biases = np.linspace" in source]
    rest = source.partition("\nx, snow =")[2].partition("\nsmooth =")[0]
    exec("x, snow =" + rest, cell)
    assert np.mean(np.diff(cell["accuracy"]) == 0) > 0.95, "accuracy is flat nearly everywhere"
    for name in ("cross_entropy", "squared"):
        slopes = np.sign(np.diff(cell[name]))
        assert (slopes != 0).all() and np.sum(np.diff(slopes) != 0) == 1, f"{name}: one valley"


def test_what_the_lesson_says_of_numbers_that_are_too_large():
    cell = run("1000.0, 0.0, -1000.0", until="with np.errstate")
    z, label, p = cell["z"], cell["label"], np.array([[1.0, 0.0, 0.0]])
    assert SPARSE()(label, p) == pytest.approx(16.1, abs=0.05)
    assert not np.any(SPARSE().gradient(label, p)), "the clipped slope teaches nothing"
    assert SPARSE(from_logits=True)(label, z) == pytest.approx(2000)
    assert SPARSE(from_logits=True).gradient(label, z) == pytest.approx(np.array([[1, 0, -1]]))


def test_label_smoothing_calls_the_ever_surer_back_at_91_percent():
    smooth = losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1)
    truth = np.eye(10)[:1]
    for p, pushed_up in ((0.90, True), (0.92, False)):
        z = np.log(np.r_[p, np.full(9, (1 - p) / 9)])[None]
        assert (smooth.gradient(truth, z)[0, 0] < 0) is np.bool_(pushed_up), f"at p = {p}"


def snow_curve(loss, wrong, snow, seed):
    """Return the days and the best curve over them, as the lab fits it: z goes in."""
    days = snow_or_rain(outliers=wrong, distance=12, snow=snow, seed=seed)
    return days, fit(loss, days.x, days.y, np.ones(len(days.x)), classes=True)


def test_squared_error_ignores_wrong_notes_that_cross_entropy_follows():
    left = {}  # what the wrong notes leave of the curve's steepness
    for loss in (losses.BinaryCrossentropy(from_logits=True), losses.MeanSquaredError()):
        pairs = [[snow_curve(loss, wrong, 50, seed)[1].w for wrong in (0, 5)] for seed in SEEDS]
        left[loss.name] = np.mean([with_them / without for without, with_them in pairs])
    assert left["mean_squared_error"] > 0.95 and left["binary_crossentropy"] < 0.6, left


def test_hers_learns_a_little_and_the_one_before_falls_below_point_six():
    assert mean_accuracy("double", "softmax") > 0.2
    name = "sparse_categorical_crossentropy"
    assert np.mean([reads(name, "softmax", seed)[1][-1] for seed in SEEDS]) < 0.6


def test_the_kit_notices_logits_where_probabilities_belong():
    with pytest.raises(ValueError, match="y_pred must hold probabilities"):
        SPARSE()(LABELS, LOGITS)


@pytest.mark.full
def test_keras_does_not_notice_them():
    import keras

    assert np.isfinite(float(keras.losses.SparseCategoricalCrossentropy()(LABELS, LOGITS)))


def test_where_snow_is_rare_the_best_curve_finds_less_than_half_of_it():
    loss, found = losses.BinaryCrossentropy(from_logits=True), []
    for seed in SEEDS:
        days, curve = snow_curve(loss, 0, 5, seed)
        found.append(np.mean(curve(days.x[days.y == 1]) > 0))
    assert np.mean(found) < 0.5, f"shares of the five snowy days that are found: {found}"


@pytest.mark.full
def test_a_rate_thirty_times_as_large_lets_squared_error_arrive():
    cells = {"data": digits()}
    lesson_reads = run("def reads(", until="for name, rate in", **cells)
    one_hot, reads_at = lesson_reads["one_hot"], lesson_reads["reads"]
    scores = [reads_at("mean_squared_error", one_hot, seed, rate=3.0)[0] for seed in SEEDS]
    assert np.mean(scores) > 0.85, f"squared error at learning rate 3 reads {np.mean(scores):.0%}"


@pytest.mark.full
def test_patience_finds_some_of_the_eights_and_weights_find_most_with_false_alarms():
    spot = run("def spot_eights", until="for class_weight, epochs in", data=digits())["spot_eights"]
    weighted = np.mean([spot({0: 1.0, 1: 9.0}, seed) for seed in SEEDS], axis=0)
    patient = np.mean([spot(None, seed, 30) for seed in SEEDS], axis=0)
    assert weighted[1] > 0.7 and weighted[2] > 0.05, f"accuracy, found, alarms: {weighted}"
    assert 0.5 < patient[1] < 0.7 and patient[2] < 0.03, f"accuracy, found, alarms: {patient}"
