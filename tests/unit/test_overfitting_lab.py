"""OverfittingLab: the numbers it shows, its remedies, its challenge, its reference, its programs."""

import contextlib
import io
import json
import re
import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest

from dlkit.labs import OverfittingLab
from dlkit.labs import overfitting_words as words
from dlkit.labs.overfitting_model import (
    PROBLEMS,
    augmented,
    build_network,
    make_data,
    measure,
    patience,
    with_wrong_labels,
)
from dlkit.labs.overfitting_run import Measured
from dlkit.plots.chart import Band, Heat, Line
from dlkit.training.curves import read_curves
from dlkit.training.diagnosis import Diagnosis
from dlkit.training.diagnosis_advice import advise

QUICK = {"epochs": 10, "layers": 1, "width": 8, "pace": 0.0}
PLAIN = {
    "layers": 1, "width": 8, "dropout": 0.0, "l1": 0.0, "l2": 0.0,
    "batch_normalization": False, "seed": 0,
}  # fmt: skip


def ran(**values):
    lab = OverfittingLab(**{**QUICK, **values})
    assert lab.run()
    assert lab.wait(60)
    assert "Please note" not in lab._message.value, lab.message
    return lab


# The data


@pytest.mark.parametrize("problem", PROBLEMS)
def test_fewer_points_are_the_first_of_more_and_validation_stays(problem):
    few, many = (make_data(problem, samples, 0.2, 3) for samples in (20, 80))
    assert np.array_equal(few.x_train, many.x_train[:20])
    assert np.array_equal(few.x_validation, many.x_validation)
    assert np.array_equal(few.y_validation, many.y_validation)
    assert len(few.x_train) == 20 and len(few.x_validation) >= 200


def test_a_share_of_the_labels_is_wrong_and_never_right_by_chance():
    y = np.arange(200) % 10
    wrong = with_wrong_labels(y, 0.3, 0)
    assert (wrong != y).sum() == 60 and set(wrong) <= set(range(10))
    assert np.array_equal(y, np.arange(200) % 10)


@pytest.mark.parametrize("problem", ["curve", "digits"])
def test_copies_join_the_points_and_keep_their_targets(problem):
    data = make_data(problem, 10, 0.1, 0)
    x, y = augmented(data, 3, 0)
    assert len(x) == 40 and np.array_equal(x[:10], data.x_train)
    assert np.array_equal(y, np.concatenate([data.y_train] * 4))
    assert not np.array_equal(x[10:20], x[20:30])


# The numbers


def test_both_losses_are_measured_without_penalty_and_dropout():
    data = make_data("digits", 30, 0.1, 0)
    network = build_network({**PLAIN, "l1": 0.01, "l2": 0.01, "dropout": 0.5}, data)
    val_loss = network.evaluate(data.x_validation, data.y_validation)["loss"]
    record = SimpleNamespace(val_loss=val_loss, val_metrics={"accuracy": 0.5})
    found = measure(network, data, record)
    for part, name in (("train", "loss"), ("validation", "val_loss")):
        chances = network.predict(getattr(data, f"x_{part}"))
        y = getattr(data, f"y_{part}")
        by_hand = -np.log(chances[np.arange(len(y)), y]).mean()
        assert found[name] == pytest.approx(by_hand, rel=1e-6)


def test_the_last_numbers_are_those_of_the_network_that_is_left():
    lab = ran(dropout=0.2, l2=0.01)
    network, data = lab.job.model, lab.data
    y = network.predict(data.x_train)
    assert lab.measured.numbers["loss"] == pytest.approx(np.mean((y - data.y_train) ** 2))
    lab.close()


def test_early_stopping_shows_the_numbers_of_the_weights_that_it_brings_back():
    lab = ran(early_stopping=True, epochs=200, learning_rate=0.03, width=32, layers=2)
    run, data = lab.measured, lab.data
    assert run.epochs < 200 and run.kept == run.epochs - patience(200)
    now = np.mean((lab.job.model.predict(data.x_validation) - data.y_validation) ** 2)
    assert run.numbers["val_loss"] == pytest.approx(now)
    assert "brought back" in lab.sentence
    lab.close()


def test_a_run_that_was_stopped_early_is_judged_as_it_was_kept():
    lab = OverfittingLab(early_stopping=True, pace=0.0)
    lab.run()
    lab.wait(60)
    kept = lab.measured.kept
    assert f"Epoch {kept} (brought back" in lab.sentence and kept < lab.measured.epochs
    assert "epoch 77" not in lab.details() and f"up to epoch {kept}" in lab.details()
    changes = {name for advice in lab.diagnosis.advice for name in advice.change}
    assert lab.diagnosis.label == "healthy" and not changes & {"early_stopping", "epochs"}
    lab.close()


def test_early_stopping_is_not_advised_where_it_is_on():
    columns = {"loss": [0.5 / n for n in range(1, 21)], "val_loss": [0.5] * 5 + [0.9] * 15}
    found = [
        words.diagnosis_of(Measured({"early_stopping": on}, columns), None) for on in (False, True)
    ]
    assert [each.label for each in found] == ["overfitting"] * 2
    assert "“early stopping”" in words.diagnosis_html(found[0])
    assert "“early stopping”" not in words.diagnosis_html(found[1])


def test_advice_names_the_controls_and_nothing_that_the_lab_does_not_have():
    lab = OverfittingLab()
    labels = {control.description for _, control in lab.controls.items()}
    for case in CASES:
        found = Diagnosis("healthy", ("so it is",), 0.9, tuple(advise(case, read_curves(CURVES))))
        html = words.diagnosis_html(found)
        assert "`" not in html and "_" not in html.replace("dlkit-report", ""), html
        assert {each.lower() for each in re.findall("“([^”]*)”", html)} <= {
            each.lower() for each in labels
        }
    assert "“dropout” (0.2 to 0.5) or “L2”" in words.diagnosis_html(
        Diagnosis("overfitting", (), 0.9, tuple(advise("overfitting", read_curves(CURVES))))
    )
    lab.close()


CASES = (
    "diverging", "unstable", "not_learning", "learning_rate_too_low", "overfitting", "underfitting",
    "good_fit_reached_early", "still_falling", "few_epochs",
)  # fmt: skip
CURVES = {"loss": [0.9, 0.8, 0.7, 0.6], "val_loss": [0.9, 0.8, 0.8, 0.9]}


def test_the_picture_shows_fit_curves_and_the_gap_between_them():
    lab = ran()
    left, right = lab.chart().panels
    (fit,) = [mark for mark in left.marks if getattr(mark, "label", "") == "fit"]
    assert np.allclose(fit.y, lab.job.model.predict(fit.x[:, None])[:, 0])
    (band,) = [mark for mark in right.marks if isinstance(mark, Band)]
    columns = lab.measured.columns
    assert np.allclose(band.high - band.low, np.subtract(columns["val_loss"], columns["loss"]))
    dashes = {mark.label: mark.dash for mark in right.marks if isinstance(mark, Line)}
    assert dashes["training"] == "solid" and dashes["validation"] == "dashed"
    assert f"gap {lab.measured.gap:.3f}".replace("-", "−") in lab.sentence
    lab.close()


def test_the_surface_is_the_networks_probability_of_class_one():
    lab = ran(problem="moons")
    (heat,) = [mark for mark in lab.chart().panels[0].marks if isinstance(mark, Heat)]
    across, up = np.linspace(heat.x0, heat.x1, 41), np.linspace(heat.y0, heat.y1, 41)
    for row, column in ((0, 0), (7, 30), (40, 12)):
        answer = lab.job.model.predict([[across[column], up[row]]])[0, 1]
        assert heat.values[row, column] == pytest.approx(answer)
    lab.close()


def test_the_surface_tells_training_from_validation_in_its_legend_and_title():
    lab = ran(problem="moons")
    plane = lab.chart().panels[0]
    labels = {mark.label: getattr(mark, "filled", None) for mark in plane.labelled()}
    assert labels["class 0, training"] is labels["class 1, training"] is True
    assert labels["class 0, validation"] is labels["class 1, validation"] is False
    assert re.fullmatch(r"\d+ % right in training, \d+ % in validation", plane.title)
    lab.close()


@pytest.mark.parametrize("problem", PROBLEMS)
def test_each_problem_brings_its_own_settings_and_trains(problem):
    lab = OverfittingLab(pace=0.0)
    lab.controls.problem.value = problem
    opening = PROBLEMS[problem].opening
    assert {name: lab.controls[name].value for name in opening} == opening
    lab.controls.epochs.value = 10
    lab.run()
    lab.wait(60)
    assert lab.measured.epochs == 10 and lab.diagnosis is not None
    assert ("accuracy" in lab.sentence) == (problem != "curve")
    assert lab.diagnosis.title in lab.details()
    lab.close()


# The reference, the state, the buttons


def test_the_first_run_becomes_the_reference_and_another_can_be_kept():
    lab = ran()
    first = lab.measured.gap
    lab.controls.l2.value = 0.1
    assert "still shows the last run" in lab.message
    lab.run()
    lab.wait(60)
    assert lab.reference.gap == first != lab.measured.gap
    assert "reference: validation loss" in lab.sentence
    labels = [getattr(mark, "label", "") for panel in lab.chart().panels for mark in panel.marks]
    assert "reference" in labels and "reference fit" in labels
    lab.keep()
    assert lab.reference.gap == lab.measured.gap
    again = OverfittingLab.from_state(json.loads(json.dumps(lab.state())))
    assert again.reference.columns == lab.reference.columns and again.state() == lab.state()
    lab.controls.problem.value = "moons"  # a reference of another problem is not drawn
    assert "reference" not in lab.sentence
    lab.forget()
    assert lab.reference is None
    for each in (lab, again):
        each.close()


def test_a_broken_reference_is_refused_by_name():
    lab = OverfittingLab()
    state = lab.state()
    with pytest.raises(TypeError, match="reference must be a dictionary"):
        OverfittingLab.from_state({**state, "reference": [1]})
    content = Measured({"samples": 3}, {"loss": [1.0], "val_loss": [1.0]}).to_dict()
    with pytest.raises(ValueError, match="every control"):
        OverfittingLab.from_state({**state, "reference": content})
    known = {name: value for name, value in state["controls"].items() if name != "pace"}
    content = Measured(known, {"accuracy": [1.0]}).to_dict()
    with pytest.raises(TypeError, match="val_loss"):
        OverfittingLab.from_state({**state, "reference": content})
    lab.close()


def test_a_problem_opens_with_settings_of_its_own_but_for_what_is_given():
    lab = OverfittingLab(problem="digits", width=16)
    opening = {**PROBLEMS["digits"].opening, "width": 16}
    assert {name: lab.controls[name].value for name in opening} == opening
    assert "2 hidden layers of 16 units" in lab.sentence
    lab.controls.layers.value = 0
    assert "no hidden layer," in lab.sentence
    lab.close()


def test_a_gap_that_is_nearly_nothing_has_no_minus_sign():
    run = Measured({"epochs": 1}, {"loss": [0.5001], "val_loss": [0.5]})
    assert "gap 0.000." in words.sentence(run, None, "finished")


def test_what_was_said_in_a_pause_is_not_said_of_the_run_that_goes_on():
    lab = OverfittingLab(**{**QUICK, "epochs": 2000, "pace": 10.0})
    lab.run()
    while not lab.measured.epochs:
        time.sleep(0.01)
    lab.pause()
    assert lab.wait(10) and "Diagnosis" in lab.sentence and lab.details()
    lab.run()
    assert "Diagnosis" not in lab.sentence and not lab.details() and lab.diagnosis is None
    lab.close()


def test_pause_stop_and_close_end_the_thread():
    lab = OverfittingLab(epochs=2000, pace=50.0)
    lab.pause()
    assert "Press Start" in lab.message
    assert lab.run() and not lab.run()
    assert "going already" in lab.message
    lab.pause()
    assert lab.wait(10) and lab.run_state == "paused" and lab._pause.description == "Resume"
    lab.pause()
    lab.stop()
    assert lab.wait(10) and lab.run_state == "stopped"
    lab.run()
    lab.close()
    lab.wait(10)
    assert not [each for each in threading.enumerate() if each.name == "dlkit-training"]


def test_moving_a_data_control_shows_the_new_points_at_once():
    lab = ran()
    lab.controls.samples.value = 50
    assert len(lab.data.x_train) == 50 and lab.measured.epochs == 0
    assert "50 noisy points" in lab.chart().panels[0].title
    lab.close()


# The challenge


def test_the_challenge_is_not_met_by_the_defaults_and_can_be_met():
    lab = OverfittingLab(pace=0.0)
    lab.run()
    lab.wait(60)
    assert lab.met() is False and lab.diagnosis.label == "overfitting"
    lab.controls.set(SOLUTION)
    lab.run()
    lab.wait(60)
    assert lab.met() is True, lab.sentence
    lab.controls.samples.value = 50
    assert lab.met() is False
    lab.close()


SOLUTION = {"l2": 0.03}


@pytest.mark.parametrize(
    "values", [{}, *({name: value} for name, value in (
        ("epochs", 400), ("learning_rate", 0.0001), ("noise", 0.38), ("seed", 1),
    ))]
)  # fmt: skip
def test_the_challenge_asks_for_a_remedy_with_all_else_as_it_was(values):
    lab = OverfittingLab()
    settings = {**lab.training_settings(), "l2": 0.03, **values}
    columns = {name: [0.2] * settings["epochs"] for name in ("loss", "val_loss")}
    lab._run, lab._found = (
        Measured(settings, columns),
        words.diagnosis_of(Measured({}, columns), None),
    )
    assert lab.met() is (not values)
    for said in ("curve", "20 points", "noise", "seed", "epochs", "learning rate"):
        assert said in lab.challenge
    lab.close()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"problem": "moon"}, "Did you mean 'moons'"),
        ({"drop_out": 0.2}, "Did you mean 'dropout'"),
        ({"dropout": 1.0}, "dropout must be"),
        ({"samples": 21}, "samples must be one of"),
        ({"layers": 2.5}, "layers must be"),
        ({"early_stopping": 1}, "early_stopping must be"),
    ],
)
def test_wrong_arguments_are_named(values, words):
    with pytest.raises((TypeError, ValueError), match=re.escape(words)):
        OverfittingLab(**values)


# The programs


def printed(program):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(program, {"__name__": "__main__"})
    found = re.findall(r"loss (\d+\.\d+)", out.getvalue())
    assert len(found) == 2, out.getvalue()
    return [float(number) for number in found]


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"problem": "moons", "noise": 0.2, "dropout": 0.2, "augmentation": 1},
        {"problem": "digits", "noise": 0.2, "batch_normalization": True, "augmentation": 1},
        {"l1": 0.001, "l2": 0.01, "layers": 2, "early_stopping": True, "epochs": 100},
        {"layers": 0, "seed": 2},
    ],
)
def test_the_program_in_dlkit_prints_the_labs_numbers(values):
    lab = ran(**values)
    program, numbers = lab.code().dlkit, lab.measured.numbers
    assert len(program.splitlines()) <= 40
    assert printed(program) == pytest.approx([numbers["loss"], numbers["val_loss"]], abs=2e-6)
    lab.close()


@pytest.mark.full  # tests/unit/test_all_labs.py runs the program in the fast tier
def test_the_program_in_keras_comes_to_the_same_conclusion():
    lab = ran(epochs=100, width=32, layers=2, learning_rate=0.03)
    program, numbers = lab.code().keras, lab.measured.numbers
    assert len(program.splitlines()) <= 40
    training, validation = printed(program)  # other initial weights, so other digits
    assert 0.4 < training / numbers["loss"] < 2.5
    assert 0.4 < validation / numbers["val_loss"] < 2.5
    assert validation > training
    lab.close()


def test_the_program_can_be_written_to_a_file(tmp_path):
    lab = OverfittingLab(l2=0.01)
    (written,) = lab.export_script(tmp_path / "run.py", "keras")
    assert written.read_text() == lab.code().keras
    with pytest.raises(ValueError, match="framework must be"):
        lab.export_script(tmp_path / "other.py", "torch")
    assert [file.name for file in tmp_path.iterdir()] == ["run.py"]
    lab.close()


def test_every_setting_gives_programs_that_compile():
    for problem in PROBLEMS:
        for copies in (0, 3):
            for stop in (False, True):
                lab = OverfittingLab(
                    problem=problem, augmentation=copies, early_stopping=stop, noise=0.3, l2=0.01,
                    dropout=0.5, batch_normalization=True,
                )  # fmt: skip
                for program in (lab.code().dlkit, lab.code().keras):
                    compile(program, "program", "exec")
                    assert len(program.splitlines()) <= 40
                lab.close()


def test_points_without_noise_are_not_called_noisy():
    lab = OverfittingLab()
    assert lab.chart().panels[0].title == "20 noisy points of one curve"
    lab.controls.noise.value = 0
    assert lab.chart().panels[0].title == "20 points of one curve"
    lab.close()
