"""LossLab: curves against finite differences and Keras, fits against brute force, its challenge."""

import contextlib
import io
import re

import numpy as np
import pytest

from dlkit.labs import LossLab
from dlkit.labs.loss_curves import (
    CURVES,
    REGRESSION,
    make_loss,
    of_logit,
    of_number,
    of_probability,
)
from dlkit.labs.loss_data import snow_or_rain, thermometers
from dlkit.labs.loss_fit import RIDGE, balancing, fit, pulls
from dlkit.losses import LOSSES
from dlkit.plots.chart import Line, Points

Z = np.array([-6.3, -2.1, -0.4, 0.7, 1.9, 5.2])
T = np.array([0.0, 1.0, 1.0, 0.0, 1.0, 0.0])
H = 1e-6


def loss_of(name, over_logits=True):
    return make_loss(name, 0.8, 0.1, over_logits)


# The curves


def test_every_loss_with_a_curve_is_offered():
    assert set(CURVES) == set(LOSSES) - {"ctc", "triplet_loss"}
    offered = {value for _, value in LossLab().controls.loss.options}
    assert offered == set(CURVES)


@pytest.mark.parametrize("name", REGRESSION)
def test_the_slope_over_a_number_is_that_of_finite_differences(name):
    loss, truth = loss_of(name), np.full(6, 0.3)
    above, below = (of_number(loss, truth, Z + h)[0] for h in (H, -H))
    assert np.allclose(of_number(loss, truth, Z)[1], (above - below) / (2 * H), atol=1e-6)


@pytest.mark.parametrize("name", CURVES)
def test_the_slope_over_the_logit_is_that_of_finite_differences(name):
    loss = loss_of(name)
    above, below = (of_logit(loss, T, Z + h)[0] for h in (H, -H))
    assert np.allclose(of_logit(loss, T, Z)[1], (above - below) / (2 * H), atol=1e-6)


@pytest.mark.parametrize("name", [name for name in CURVES if name != "hinge"])
def test_the_slope_over_the_probability_is_that_of_finite_differences(name):
    loss, p = loss_of(name, over_logits=False), np.array([0.02, 0.2, 0.45, 0.6, 0.83, 0.97])
    above, below = (of_probability(loss, T, p + h)[0] for h in (H, -H))
    assert np.allclose(of_probability(loss, T, p)[1], (above - below) / (2 * H), rtol=1e-5)


@pytest.mark.parametrize("name", [name for name in CURVES if name != "hinge"])
def test_both_curves_say_the_same_of_the_same_prediction(name):
    p = 1 / (1 + np.exp(-Z))
    over_logit = of_logit(loss_of(name), T, Z)[0]
    assert np.allclose(over_logit, of_probability(loss_of(name, over_logits=False), T, p)[0])


def test_the_cross_entropies_are_one_loss_for_two_classes():
    binary, one_hot, labels, divergence = (
        of_logit(make_loss(name, 1.0, 0.0, True), T, Z) for name in (*CURVES[4:7], CURVES[8])
    )
    assert np.allclose(binary[0], -np.log(np.where(T, 1, -1) * (1 / (1 + np.exp(-Z)) - 1 + T)))
    for other in (one_hot, labels, divergence):
        assert np.allclose(binary, other, rtol=1e-4, atol=1e-6)  # KL clips probabilities


# The fits


def mean_loss(loss, sample, weights, classes, w, b):
    of = of_logit if classes else of_number
    value = of(loss, sample.y, w * sample.x + b)[0]
    ridge = RIDGE * w * w if classes and loss.name != "hinge" else 0
    return float(np.mean(weights * value)) + ridge


def no_better_line_near(loss, sample, weights, classes, line):
    found = mean_loss(loss, sample, weights, classes, line.w, line.b)
    generator = np.random.default_rng(2)
    for size in (1.0, 0.1, 0.01, 1e-3):
        for dw, db in size * generator.normal(size=(60, 2)):
            other = mean_loss(loss, sample, weights, classes, line.w + dw, line.b + db)
            assert found <= other + 1e-9, (dw, db)


@pytest.mark.parametrize("name", REGRESSION)
def test_no_line_near_it_fits_the_thermometers_better(name):
    sample = thermometers(4, 12.0, 3)
    loss, weights = loss_of(name), np.ones(24)
    no_better_line_near(loss, sample, weights, False, fit(loss, sample.x, sample.y, weights, False))


@pytest.mark.parametrize("name", CURVES)
def test_no_line_near_it_fits_the_days_better(name):
    sample = snow_or_rain(3, 9.0, 30, 4)
    loss, weights = loss_of(name), balancing(sample.y)
    no_better_line_near(loss, sample, weights, True, fit(loss, sample.x, sample.y, weights, True))


def test_squared_error_is_least_squares_and_the_hinge_parts_with_the_widest_margin():
    sample = thermometers(3, 12.0, 0)
    ones = np.ones(24)
    line = fit(loss_of("mean_squared_error"), sample.x, sample.y, ones, False)
    assert np.allclose((line.w, line.b), np.polyfit(sample.x, sample.y, 1))
    x, y = np.array([-4.0, -2.0, 1.0, 2.0, 5.0]), np.array([1.0, 1.0, 0.0, 0.0, 0.0])
    line = fit(loss_of("hinge"), x, y, np.ones(5), True)
    assert line.boundary == pytest.approx(-0.5) and line(-2.0) == pytest.approx(1)


def test_class_weights_make_both_classes_weigh_alike():
    y = np.array([1.0, 0, 0, 0, 1, 0, 0, 0])
    weights = balancing(y)
    assert weights[y == 1].sum() == pytest.approx(weights[y == 0].sum()) == pytest.approx(4)
    assert weights.mean() == pytest.approx(1)
    assert np.allclose(balancing(np.zeros(3)), 1)


def test_at_the_best_line_the_pulls_cancel():
    sample, ones = thermometers(3, 12.0, 0), np.ones(24)
    for name in ("mean_squared_error", "huber", "log_cosh"):
        line = fit(loss_of(name), sample.x, sample.y, ones, False)
        pull = pulls(loss_of(name), sample.x, sample.y, ones, False, line)
        assert np.abs(pull).sum() == pytest.approx(1)
        assert abs(pull.sum()) < 1e-6 and abs(pull @ sample.x) < 1e-6


def test_the_data_move_only_where_a_slider_moves_them():
    near, far = thermometers(2, 3.0, 7), thermometers(2, 9.0, 7)
    assert np.allclose((far.y - near.y)[near.wrong], 6) and near.wrong[-2:].all()
    assert np.array_equal(near.y[~near.wrong], far.y[~near.wrong])
    few, many = snow_or_rain(0, 5.0, 5, 1), snow_or_rain(0, 5.0, 40, 1)
    assert set(few.x[:5]) <= set(many.x[:40]) and few.y.sum() == 5


# What the lesson says of the lab


def cooling(name, delta=1.0, outliers=3, seed=0):
    sample = thermometers(outliers, 12.0, seed)
    return -fit(make_loss(name, delta, 0, True), sample.x, sample.y, np.ones(24), False).w


def test_five_in_the_sun_move_squared_error_far_and_six_move_absolute_error_further():
    def mean(name, **values):
        return np.mean([cooling(name, seed=seed, **values) for seed in range(5)])

    assert mean("mean_squared_error", outliers=5) < 3
    assert mean("mean_absolute_error", outliers=5) > 5.5
    assert mean("huber", delta=0.3, outliers=5) > mean("huber", delta=3.0, outliers=5) + 1
    assert mean("mean_absolute_error", outliers=6) < mean("mean_squared_error", outliers=6)


def test_some_loss_bears_four_in_the_sun_on_three_mountains_of_four():
    losses = [("mean_absolute_error", 1), ("log_cosh", 1), *(("huber", d) for d in (0.1, 0.3, 1))]
    found = [
        any(abs(cooling(name, delta, 4, seed) - 6.5) <= 1 for name, delta in losses)
        for seed in range(51)  # all that the slider has
    ]
    assert 0.7 <= np.mean(found) <= 0.8
    assert not any(abs(cooling("mean_squared_error", 1, 4, seed) - 6.5) <= 1 for seed in range(51))


def test_class_weights_find_more_of_the_rare_snow():
    few = []
    for balance in (False, True):
        found = 0
        for seed in range(5):
            lab = LossLab(
                task="classification", loss="binary_crossentropy", outliers=0, snow=5,
                balance=balance, seed=seed,
            )  # fmt: skip
            found += lab.shown().measured[0].found[0]
            lab.close()
        few.append(found)
    assert few[0] <= 12 and few[1] >= 20  # of 25 snowy days


# The lab


def test_it_opens_with_the_finding_and_without_the_challenge_met():
    lab = LossLab()
    assert lab.met() is False
    least_squares = thermometers(3, 12.0, 0)
    slope = np.polyfit(least_squares.x, least_squares.y, 1)[0]
    assert f"air cools by {-slope:.2f} °C per km with mean squared error" in lab.sentence
    assert "costs 16 with the gradient 8" in lab.sentence
    assert "MSE 16.00, MAE 4.00" in lab.chart().panels[0].title


def test_the_challenge_is_met_by_a_small_delta_and_not_by_less():
    lab = LossLab(outliers=4)
    assert lab.met() is False
    lab.controls.loss.value, lab.controls.delta.value = "huber", 3
    assert lab.met() is False
    lab.controls.delta.value = 0.3
    assert lab.met() is True and "✓ Challenge met" in lab._sentence.value
    lab.controls.outliers.value = 3
    assert lab.met() is False  # too few of them
    lab.controls.outliers.value, lab.controls.distance.value = 4, 9.5
    assert lab.met() is False
    lab.controls.distance.value, lab.controls.outliers.value = 12.0, 6
    assert lab.met() is False  # now they are too many for any of these losses


def test_a_loss_for_classes_brings_its_data_and_back():
    lab = LossLab()
    lab.controls.loss.value = "binary_crossentropy"
    assert lab.controls.task.value == "classification" and "truth of 0 or 1" in lab.message
    assert lab.controls.truth.layout.display == "none" and lab.controls.yes.layout.display is None
    lab.controls.task.value = "regression"
    assert lab.controls.loss.value in REGRESSION and "any number" in lab.message
    assert lab.controls.snow.layout.display == "none" and lab.controls.truth.layout.display is None
    lab.controls.task.value = "classification"
    assert lab.controls.loss.value == "binary_crossentropy"
    assert lab.controls.against.value == "mean_squared_error"
    assert LossLab(against="hinge").controls.task.value == "classification"


@pytest.mark.parametrize("from_logits", [True, False])
def test_the_picture_shows_curves_marks_and_answers(from_logits):
    lab = LossLab(
        task="classification", loss="binary_crossentropy", against="mean_squared_error",
        prediction=3.0, from_logits=from_logits,
    )  # fmt: skip
    p = 1 / (1 + np.exp(-3.0))
    at = 3.0 if from_logits else p
    costs, slopes, fitted, _ = lab.chart().panels
    one, other = [mark for mark in costs.marks if isinstance(mark, Points)]
    assert (one.x[0], one.y[0]) == pytest.approx((at, -np.log(1 - p)))
    assert other.y[0] == pytest.approx(p * p)
    slope = [mark for mark in slopes.marks if isinstance(mark, Points)][0].y[0]
    assert slope == pytest.approx(p if from_logits else min(1 / (1 - p), 12))
    answer = [mark for mark in fitted.marks if isinstance(mark, Line)][0]
    line = lab.shown().measured[0].line
    assert np.allclose(answer.y, 1 / (1 + np.exp(-(line.w * answer.x + line.b))))


def test_hinge_is_always_drawn_over_its_score():
    lab = LossLab(loss="hinge", against="binary_crossentropy", from_logits=False)
    assert lab.shown().over == "logit" and lab.controls.from_logits.disabled


def test_nothing_jumps():
    lab = LossLab()
    opening = [panel.ranges() for panel in lab.chart().panels[:3]]
    for name, value in (("prediction", -10), ("truth", 5), ("outliers", 8), ("seed", 9)):
        lab.controls[name].value = value
    assert [panel.ranges() for panel in lab.chart().panels[:3]] == opening


# The programs


def printed(program):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(program, "program", "exec"), {"__name__": "__main__"})  # noqa: S102
    return {key: float(v) for key, v in re.findall(r"^(.+): (-?[\d.]+)$", out.getvalue(), re.M)}


CASES = [("regression", name) for name in REGRESSION] + [("classification", n) for n in CURVES]


@pytest.mark.parametrize("from_logits", [True, False])
@pytest.mark.parametrize(("task", "name"), CASES)
def test_the_dlkit_program_says_what_the_lab_says(task, name, from_logits):
    lab = LossLab(task=task, loss=name, against="mean_squared_error", delta=0.5, balance=True,
                  label_smoothing=0.1, prediction=1.7, yes=True, from_logits=from_logits)  # fmt: skip
    program, shown = lab.code().dlkit, lab.shown()
    assert len(program.splitlines()) <= 40 and max(map(len, program.splitlines())) <= 100
    said, line = printed(program), shown.measured[0].line
    assert said["w"] == pytest.approx(line.w, abs=1e-3)
    assert said["b"] == pytest.approx(line.b, abs=1e-3)
    value, slope = (each[0] for each in shown.at_prediction())
    assert said["loss of one prediction"] == pytest.approx(value, abs=1e-4)
    assert said["gradient"] == pytest.approx(slope, abs=1e-4)


FAST = [("classification", "kl_divergence")]  # a Keras program takes seconds
SLOW = [pytest.param(*case, marks=pytest.mark.full) for case in CASES if case not in FAST]


@pytest.mark.parametrize(("task", "name"), [*FAST, *SLOW])
def test_the_keras_program_says_what_the_lab_says(task, name):
    lab = LossLab(task=task, loss=name, against="mean_squared_error", delta=0.5, balance=True,
                  label_smoothing=0.1, prediction=1.7, yes=True)  # fmt: skip
    program, shown = lab.code().keras, lab.shown()
    assert len(program.splitlines()) <= 40 and max(map(len, program.splitlines())) <= 100
    said, line = printed(program), shown.measured[0].line
    assert said["w"] == pytest.approx(line.w, abs=0.03)
    assert said["b"] == pytest.approx(line.b, abs=0.03)
    value, slope = (each[0] for each in shown.at_prediction())
    assert said["loss of one prediction"] == pytest.approx(value, abs=1e-3)
    assert said["gradient"] == pytest.approx(slope, abs=1e-3)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"loss": "ctc"}, "loss must be"),
        ({"loss": "hubr"}, "Did you mean 'huber'"),
        ({"agianst": "huber"}, "Did you mean 'against'"),
        ({"outliers": 9}, "outliers must be"),
        ({"snow": 2.5}, "snow must be"),
        ({"delta": 0}, "delta must be"),
    ],
)
def test_wrong_arguments_are_named(values, words):
    with pytest.raises((TypeError, ValueError), match=re.escape(words)):
        LossLab(**values)
