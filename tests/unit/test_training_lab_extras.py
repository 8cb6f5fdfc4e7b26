"""What the training lab says about a run: comparison, diagnosis, layers, script, goals, code."""

import contextlib
import io
import json
import re
import runpy
import time
from types import SimpleNamespace

import numpy as np
import pytest

from dlkit import diagnose
from dlkit.labs import TrainingLab
from dlkit.labs.goals import LADDER, Goal, next_goal
from dlkit.labs.training_layers import short_name, weight_spreads
from dlkit.labs.training_runs import comparison, differences, reference
from dlkit.plots.figure import figure_summary

SMALL = {"dataset": "iris", "architecture": "mlp_16", "epochs": 4, "pace": 0.0}


@pytest.fixture(name="lab")
def a_lab():
    lab = TrainingLab(**SMALL, learning_rate=0.01)
    yield lab
    lab.close()


def finished(lab):
    assert lab.run() is True
    assert lab.wait(60) is True
    return lab


def words_of(html):
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_a_run_that_has_ended_has_a_best_epoch_and_none_so_far(lab):
    assert f"; best epoch {finished(lab).job.history.best_epoch}" in lab.sentence
    lab = TrainingLab(**{**SMALL, "epochs": 40, "pace": 20.0})
    lab.run()
    while len(lab.job.history) < 1:
        time.sleep(0.01)
    lab.pause()
    assert lab.wait(60) and "; best epoch so far " in lab.sentence
    lab.close()


def test_two_runs_are_compared_in_words(lab):
    assert lab.comparison() == ""
    finished(lab)
    assert lab.comparison() == "", "there is nothing to compare the first run with"
    lab.controls.learning_rate.value = 0.1
    finished(lab)
    words, (first, second) = lab.comparison(), lab.runs
    assert words.startswith("Run 2 against run 1: learning rate 0.1 instead of 0.01.")
    losses = [min(run.history.history["val_loss"]) for run in (second, first)]
    assert (
        f"{losses[0]:.3g} (epoch {second.history.best_epoch}) instead of {losses[1]:.3g}" in words
    )
    share = 100 * abs(losses[0] - losses[1]) / losses[1]
    assert f"{share:.0f} % {'lower' if losses[0] < losses[1] else 'higher'}" in words
    assert "Only the learning rate differs" in words
    assert words in words_of(lab._details.value).replace("&#x27;", "'")
    lab.controls.batch_size.value = 16
    finished(lab)
    assert "batch size 16 instead of 32." in lab.comparison()
    assert "Only the batch size differs" in lab.comparison()
    lab.controls.compare.value = "first"
    assert "learning rate 0.1 instead of 0.01, batch size 16 instead of 32" in lab.comparison()
    assert "cannot tell which" in lab.comparison()


def test_the_reference_is_the_one_that_was_chosen(lab):
    for rate in (0.1, 0.0001, 0.03):
        lab.controls.learning_rate.value = rate
        finished(lab)
    best = min(lab.runs[:2], key=lambda run: min(run.history.history["val_loss"]))
    for which, number in (("previous", 2), ("first", 1), ("best", best.number)):
        lab.controls.compare.value = which
        assert f"against run {number}:" in lab.comparison()
        pale = [
            mark.label
            for mark in lab.chart().panels[0].marks
            if getattr(mark, "label", "").startswith("run") and mark.opacity < 1
        ]
        assert pale == [f"run {3 - number}"], "all but the present and the chosen run are paler"
    assert reference([], "best") is None


def test_runs_on_other_data_are_not_compared(lab):
    finished(lab)
    lab.controls.dataset.value = "wine"
    assert finished(lab).comparison() == ""


def test_the_same_settings_and_another_seed_are_called_so(lab):
    finished(lab)
    finished(lab)
    assert "the same settings. Its best validation loss" in lab.comparison()
    assert ", the same; the validation accuracy" in lab.comparison()
    lab.controls.seed.value = 1
    lab.controls.pace.value = 100.0
    lab.controls.pace.value = 0.0
    assert "Only the seed differs: so much is chance." in finished(lab).comparison()
    assert differences(lab.runs[-1].settings, lab.runs[0].settings) == ["seed"]


def test_a_comparison_of_regressions_names_no_accuracy():
    lab = TrainingLab(dataset="diabetes", architecture="mlp_16", epochs=2, pace=0.0)
    finished(lab)
    lab.controls.learning_rate.value = 0.01
    finished(lab)
    assert "accuracy" not in comparison(*lab.runs)
    assert "validation loss" in comparison(*lab.runs)
    lab.close()


def test_the_table_marks_what_differs_from_the_run_shown(lab):
    finished(lab)
    lab.controls.optimizer.value = "sgd"
    finished(lab)
    table = lab._details.value.split("Runs so far")[1]
    rows = re.findall(r"<tr><th scope=\"row\">.*?</tr>", table)
    assert ['class="right">adam' in row for row in rows] == [True, False]
    assert 'class="right">sgd' not in rows[1]


def test_it_diagnoses_while_it_trains_with_evidence():
    lab = TrainingLab(dataset="digits", architecture="mlp_16", epochs=300, learning_rate=0.0001)
    lab.controls.early_stopping.value = False
    lab.controls.pace.value = 0.0
    seen, until = set(), time.time() + 20
    lab.run()
    while time.time() < until and len(seen) < 3 and lab.job.status.state == "running":
        found = re.search(r"Diagnosis after epoch (\d+): (.+?)\. ", words_of(lab._details.value))
        if found:
            seen.add(found[1])
        time.sleep(0.01)
    state = lab.job.status.state
    lab.pause()
    lab.wait(10)
    shown = words_of(lab._details.value)
    assert state != "running" or len(seen) >= 3, "the diagnosis stands still"
    if lab.job.status.state == "paused":
        found = lab.job.diagnosis
        assert f"Diagnosis after epoch {len(lab.job.history)}" in shown
        assert found.evidence[0] in shown.replace("&#x27;", "'")
    lab.stop()
    lab.wait(10)
    assert "Diagnosis after epoch" not in words_of(lab._details.value), "the report says it now"
    lab.close()


def test_the_first_epochs_are_too_early_to_tell(lab):
    lab.controls.epochs.value = 50
    lab.step(9)
    assert "Too early to tell" in words_of(lab._details.value)
    lab.rewind()
    assert "Too early" not in lab._details.value


def test_it_sees_dead_units_while_it_trains():
    """Only the records of the layers can tell that; the curves alone say "not learning"."""
    lab = TrainingLab(learning_rate=0.05, epochs=20)
    lab.step(6 * 45)
    assert lab.job.diagnosis.label == "dead_relu"
    shown = words_of(lab._details.value)
    assert "Diagnosis after epoch 6: Dead ReLUs (" in shown
    assert "% of the units of" in shown and "To try:" in shown
    assert diagnose(lab.job.history.history).label != "dead_relu"
    lab.close()


def test_the_layers_are_recorded_for_the_diagnosis(lab):
    finished(lab)
    assert set(lab.job.history.layers) == {"dense", "dense_1"}
    plain = diagnose(lab.job.history.history)
    assert lab.job.diagnosis.label in ("not_enough_evidence", plain.label)


def test_the_picture_of_the_layers_shows_what_was_recorded(lab):
    lab.controls.view.value = "layers"
    assert "measured at the end of each epoch" in lab.sentence
    finished(lab)
    gradients, steps, dead, weights = lab.chart().panels
    columns = lab.job.history.layers
    assert [mark.label for mark in gradients.labelled()] == ["dense", "dense 1"]
    for panel, key in ((gradients, "gradient_norm"), (steps, "update_ratio")):
        assert panel.y_scale == "log"
        drawn = [mark.y for mark in panel.marks if type(mark).__name__ == "Line"]
        for values, name in zip(drawn, columns, strict=True):
            np.testing.assert_array_equal(values, [row[key] for row in columns[name]])
    share = columns["dense"][-1]["dead_share"]
    assert f"{100 * share:.0f} %" in dead.title if share else dead.title == "No unit is dead"
    kernel = lab.job.model.parameters["dense/kernel"]
    spread = weight_spreads(lab.job.model)["dense"]
    np.testing.assert_allclose(spread[2], np.median(kernel))
    np.testing.assert_allclose(weights.marks[0].y, np.quantile(kernel, [0.05, 0.95]))
    assert figure_summary(lab.figure()) == lab.sentence
    assert "2 trained layers" in lab.sentence


def test_the_layers_of_a_keras_model_are_shown_as_well():
    lab = TrainingLab(**{**SMALL, "epochs": 2}, engine="keras", view="layers")
    finished(lab)
    spreads = weight_spreads(lab.job.model)
    kernel = lab.job.model.trainable_variables[0].numpy()
    np.testing.assert_allclose(next(iter(spreads.values()))[2], np.median(kernel), rtol=1e-5)
    assert "2 trained layers" in lab.sentence
    lab.close()


def test_weights_that_are_no_numbers_leave_their_panel_empty(lab):
    finished(lab)
    lab.controls.view.value = "layers"
    lab.job.model.flat_parameters[:] = np.nan
    lab._known = None, ()
    lab.refresh()
    assert lab.chart().panels[3].title == "Weights"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("dense_1", "dense 1"),
        ("batch_normalization_2", "batch norm 2"),
        ("inner/conv2d", "conv"),
        ("lstm", "lstm"),
    ],
)
def test_names_of_layers_are_short(name, expected):
    assert short_name(name) == expected


@pytest.mark.parametrize("framework", ["dlkit", "keras"])
def test_a_run_is_saved_as_a_script_under_a_new_name(lab, tmp_path, monkeypatch, framework):
    monkeypatch.chdir(tmp_path)
    lab.guard(lab.save_script)
    assert "finished epoch" in lab.message
    assert list(tmp_path.iterdir()) == [], "a script that cannot be written leaves no file"
    (tmp_path / "training_run_1.py").write_text("mine = 1\n")
    (tmp_path / "training_run_2_data.npz").write_bytes(b"mine too")
    lab.controls.script.value = framework
    finished(lab)
    assert [file.name for file in lab.save_script()] == ["training_run_3.py"]
    assert "training_run_3.py" in lab.message and str(tmp_path) not in lab.message
    assert (tmp_path / "training_run_1.py").read_text() == "mine = 1\n"
    assert [file.name for file in lab.save_script()] == ["training_run_4.py"]
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        runpy.run_path(str(tmp_path / "training_run_3.py"))
    gap = re.search(r"val_loss, difference from the record: first epoch (\S+), ", out.getvalue())
    assert float(gap[1]) <= (0.0 if framework == "dlkit" else 1e-4)


def test_a_met_goal_is_celebrated_and_a_harder_one_follows():
    goal = {"at_least": 0.5, "within_epochs": 2, "changing_only": ["learning_rate"]}
    lab = TrainingLab(epochs=2, pace=0.0, learning_rate=0.01, goal=goal)
    assert "Well done" not in lab._details.value
    finished(lab)
    assert lab.met() is True
    said = words_of(lab._details.value)
    reached = next(v for v in lab.job.history.history["val_accuracy"] if v >= 0.5)
    assert f"Well done! {100 * reached:.1f} % validation accuracy in epoch" in said
    assert "✓ Challenge met" in lab._sentence.value
    lab.next_goal()
    assert lab.goal == LADDER[0]
    assert lab.challenge == LADDER[0].sentence("digits")
    assert lab.challenge in lab._head.value
    again = TrainingLab.from_state(json.loads(json.dumps(lab.state())))
    assert again.goal == lab.goal and again.challenge == lab.challenge
    again.close()
    for rung in LADDER[1:]:
        lab.next_goal()
        assert lab.goal == rung
    lab.next_goal()
    assert lab.goal == LADDER[-1]
    assert "no harder goal" in lab.message
    lab.close()


@pytest.mark.parametrize(
    ("goal", "values"),
    [
        (LADDER[0], {"learning_rate": 0.003}),
        (LADDER[1], {"learning_rate": 0.003}),
        (LADDER[2], {"learning_rate": 0.003, "batch_size": 16}),
        (LADDER[3], {"learning_rate": 0.006, "batch_size": 16}),
    ],
)
def test_each_goal_can_be_reached_and_is_not_reached_by_opening_the_lab(goal, values):
    lab = TrainingLab(epochs=goal.within_epochs, pace=0.0, learning_rate=0.0001, goal=goal)
    assert finished(lab).met() is False
    for name, value in values.items():
        lab.controls[name].value = value
    assert finished(lab).met() is True
    lab.close()


@pytest.mark.parametrize(
    ("epochs", "within", "words"),
    [(4, 10, "the best of 4 epochs is"), (4, 3, "the best of 3 epochs is"), (4, 1, "epoch 1 gave")],
)
def test_a_goal_that_is_missed_says_how_many_epochs_were_looked_at(epochs, within, words):
    history = SimpleNamespace(history={"val_accuracy": [0.2] * epochs})
    verdict = Goal(within_epochs=within).verdict(history, {}, {})
    assert verdict == f"Challenge: not met yet, {words} 20 %."


def test_a_wild_first_step_leaves_room_for_the_curves():
    lab = TrainingLab(epochs=10, learning_rate=0.1, pace=0.0)
    try:
        finished(lab)
        losses, epochs = lab.job.history.batch_losses, lab.job.history.history["val_loss"]
        top = lab.chart().panels[0].y_range[1]
    finally:
        lab.close()
    assert losses.max() > 5 * losses[0], "the run must be wild for this test to tell"
    assert max(epochs) < top < 2 * losses[0]


def test_each_goal_allows_what_the_one_before_it_allows():
    for easy, hard in zip(LADDER, LADDER[1:], strict=False):
        assert set(easy.changing_only) <= set(hard.changing_only)
    assert next_goal(Goal(at_least=0.955), "digits").at_least > 0.955
    assert next_goal(Goal(at_least=0.99, within_epochs=3), "digits") == LADDER[3]
    assert next_goal(Goal(at_least=0.99, within_epochs=1), "digits") is None
    assert next_goal(LADDER[0], "iris") is None


CASES = [
    {
        "dataset": "digits",
        "architecture": "mlp_16",
        "optimizer": "momentum",
        "early_stopping": False,
    },
    {"dataset": "iris", "architecture": "mlp_batch_normalization", "optimizer": "adam"},
    {"dataset": "diabetes", "architecture": "mlp_16", "optimizer": "rmsprop"},
    {"dataset": "moons", "architecture": "linear", "optimizer": "sgd"},
]


def printed(program):
    assert len(program.splitlines()) <= 40
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(program, "program", "exec"), {"__name__": "__main__"})
    return dict(line.split(": ", 1) for line in out.getvalue().splitlines())


@pytest.mark.parametrize("values", CASES, ids=lambda values: values["dataset"])
def test_the_code_in_dlkit_prints_the_numbers_of_the_lab(values):
    lab = TrainingLab(**values, epochs=6, pace=0.0, learning_rate=0.01, seed=2)
    lines = printed(lab.code().dlkit)
    history = finished(lab).job.history
    best = history.best_epoch
    assert lines == {
        name: f"{column[-1]:.6g} after {len(column)} epochs, {column[best - 1]:.6g} in the best "
        f"one, epoch {best}"
        for name, column in history.history.items()
    }
    lab.close()


@pytest.mark.parametrize(
    "values",
    [CASES[0], pytest.param(CASES[2], marks=pytest.mark.full)],
    ids=lambda values: values["dataset"],
)
def test_the_code_in_keras_reaches_what_the_lab_reaches(values):
    """Keras draws other weights and batches: it agrees as another seed would, no closer."""
    lab = TrainingLab(**values, epochs=15, pace=0.0, learning_rate=0.01)
    found = printed(lab.code().keras)
    columns = finished(lab).job.history.history
    assert found.keys() == columns.keys()
    key = "val_accuracy" if "val_accuracy" in columns else "val_mae"
    theirs, ours = float(found[key].split()[0]), columns[key][-1]
    assert theirs == pytest.approx(ours, abs=0.04 if key == "val_accuracy" else 0.15 * ours)
    lab.close()


@pytest.mark.full
@pytest.mark.parametrize("architecture", ["cnn", "rnn", "transformer", "mlp_dropout"])
def test_networks_that_keras_builds_have_code_as_well(architecture):
    lab = TrainingLab(architecture=architecture, engine="keras", epochs=2, pace=0.0)
    ours, theirs = printed(lab.code().dlkit), printed(lab.code().keras)
    assert ours.keys() == theirs.keys() == {"loss", "accuracy", "val_loss", "val_accuracy"}
    history = finished(lab).job.history.history
    assert float(ours["val_loss"].split()[0]) == pytest.approx(history["val_loss"][-1], rel=1e-3)
    lab.close()


def test_settings_without_a_network_have_code_that_says_so(lab):
    with lab.quietly():
        lab.controls.architecture.value = "cnn"
    for program in (lab.code().dlkit, lab.code().keras):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(program, {})
        assert "needs images" in out.getvalue()
