"""LearningRateLab: schedules fit their runs, comparisons are paired, the goal can be met."""

import ast
import math

import numpy as np
import pytest
from scipy import stats

from dlkit import TrainingConfig, TrainingJob, schedules
from dlkit.datasets import get
from dlkit.labs import LearningRateLab
from dlkit.labs.learning_rate_model import (
    NAMES,
    SEEDS,
    STUDENT,
    RateRuns,
    RateSettings,
    make_schedule,
    range_test,
    runs_by_epoch,
)
from dlkit.training.records import EpochRecord, History
from dlkit.training.trials import build_mlp

SMALL = {"dataset": "moons", "depth": 1, "epochs": 5, "batch_size": 64}


@pytest.fixture(scope="module")
def lab():
    lab = LearningRateLab(**SMALL, warm_up=0.2)
    assert lab.run() and lab.wait(60)
    return lab


def test_the_menu_has_every_schedule_of_the_registry():
    shown = {value for _, value in LearningRateLab(**SMALL).controls.schedule._options_full}
    assert shown | {"Warmup"} == set(schedules.SCHEDULES)


@pytest.mark.parametrize("warm_up", [0.0, 0.1, 0.5])
@pytest.mark.parametrize("end", [0.001, 0.1, 0.5])
@pytest.mark.parametrize("name", NAMES)
def test_every_schedule_fits_the_run(name, end, warm_up):
    steps, top = 400, 0.2
    rates = make_schedule(name, top, steps, warm_up, end)(np.arange(steps))
    rise = round(warm_up * steps)
    assert rates.max() <= top * (1 + 1e-12) and rates.min() >= 0
    assert rates.max() >= 0.999 * top  # the slider says the highest rate
    if rise:
        assert rates[0] == 0 and (np.diff(rates[:rise]) > 0).all()
    lowest = min(end, 0.04) if name == "OneCycle" else 1 if name == "Constant" else end
    if name != "CosineRestarts":
        assert rates[-1] == pytest.approx(lowest * top, rel=0.1, abs=0.006 * top)
    else:
        assert 1 <= (np.diff(rates[rise:]) > 0.3 * (1 - end) * top).sum() <= 2  # restarts


def test_the_runs_are_those_of_a_job(lab):
    settings = RateSettings(**SMALL, warm_up=0.2)
    data = get("moons")
    for runs, schedule in (
        (lab.runs.scheduled, settings.made),
        (lab.runs.compared, schedules.Constant(0.03)),
    ):
        config = TrainingConfig(
            epochs=5, batch_size=64, learning_rate_schedule=schedule, early_stopping=False, seed=3
        )
        job = TrainingJob(build_mlp(data, 3, hidden_layers=(32,), dtype="float64"), data, config)
        job.start()
        job.wait()
        for name, values in job.history.history.items():
            assert runs[3].history[name] == pytest.approx(values)
        assert runs[3].batch_losses[0] == pytest.approx(job.history.batch_losses[0])


def test_both_groups_start_alike(lab):
    for scheduled, compared in zip(lab.runs.scheduled, lab.runs.compared, strict=True):
        assert scheduled.batch_losses[0] == compared.batch_losses[0]


def test_student_is_the_bound_for_five_pairs():
    assert pytest.approx(stats.t.ppf(0.975, len(SEEDS) - 1), abs=1e-3) == STUDENT


def ended(losses, accuracies=None):
    runs = []
    for number, loss in enumerate(losses):
        metrics = {"accuracy": accuracies[number] if accuracies else 0.5}
        records = [] if math.isnan(loss) else [
            EpochRecord(epoch, loss, metrics, loss, metrics, 0.1, 0.0) for epoch in range(1, 11)
        ]  # fmt: skip
        reason = "loss is not finite (nan) in epoch 1" if math.isnan(loss) else "done"
        runs.append(History(records, [loss], None, reason))
    return tuple(runs)


def test_the_ratio_is_paired_and_its_verdict_is_that_of_a_t_test():
    generator = np.random.default_rng(0)
    for shift in (0.0, 0.1, 0.3, 1.0):
        scheduled = np.exp(generator.normal(size=5))
        compared = scheduled * np.exp(shift + 0.2 * generator.normal(size=5))
        runs = RateRuns(RateSettings(), ended(scheduled), ended(compared))
        ratio, clear = runs.ratio()
        assert ratio == pytest.approx(stats.gmean(scheduled) / stats.gmean(compared))
        test = stats.ttest_rel(np.log(scheduled), np.log(compared))
        assert clear == (test.pvalue < 0.05)


@pytest.mark.parametrize(
    "changes",
    [{"schedule": "Constant", "warm_up": 0.0}, {"reference": "no_warm_up", "warm_up": 0.0}],
)
def test_runs_that_are_the_same_are_called_so(changes):
    lab = LearningRateLab(**SMALL)
    lab.runs = RateRuns(RateSettings(**changes), ended([0.1] * 5), ended([0.1] * 5))
    assert "Both are the same runs" in lab.sentence and "chance" not in lab.sentence
    assert lab.chart().panels[3].title.startswith("Both are the same runs")
    lab.runs = RateRuns(RateSettings(), ended([0.1] * 5), ended([0.2] * 5))
    assert "the same runs" not in lab.sentence


def test_a_diverged_run_is_told():
    lab = LearningRateLab(**SMALL)
    lab.runs = RateRuns(RateSettings(), ended([0.1] * 5), ended([0.1, math.nan, 0.1, 0.1, 0.1]))
    assert "Diverged: 0 with schedule, 1 with constant rate" in lab.sentence
    assert not lab.met() and lab.figure() is not None


@pytest.mark.parametrize(
    "scheduled, compared, changes, met",
    [
        (0.96, 0.7, {}, True),
        (0.94, 0.7, {}, False),
        (0.96, 0.85, {}, False),
        (0.96, 0.7, {"reference": "no_warm_up"}, False),
        (0.96, 0.7, {"dataset": "moons"}, False),
        (0.96, 0.7, {"epochs": 20}, False),  # only 10 are done
    ],
)
def test_the_challenge(scheduled, compared, changes, met):
    lab = LearningRateLab(**SMALL)
    assert not lab.met()
    lab.runs = RateRuns(
        RateSettings(**changes),
        ended([0.1] * 5, [scheduled] * 5),
        ended([1.0] * 5, [compared] * 5),
    )
    assert lab.met() is met


def test_the_challenge_can_be_met():
    lab = LearningRateLab()
    assert not lab.met()
    lab.controls.learning_rate.value = 0.1
    lab.controls.warm_up.value = 0.3
    lab.run()
    lab.wait()
    assert lab.met() and "Challenge met" in lab.summary()


def test_range_test_and_suggestion():
    lab = LearningRateLab(**SMALL)
    assert lab.tested is None and "press the button" in lab.chart().panels[0].title
    found = lab.range_test()
    assert found is range_test("moons", 1, "adam", 64) is lab.tested
    lab.use_suggestion()
    assert lab.controls.learning_rate.value == float(f"{found.suggestion:.2g}"), "as it is shown"
    lab.controls.learning_rate.value = 0.0123
    assert "highest rate 0.0123," in lab.sentence and "top 0.0123," in lab.chart().panels[1].title
    lab.controls.optimizer.value = "sgd"
    assert lab.tested is None  # another optimizer needs another test


def test_changes_are_drawn_before_any_training(lab):
    lab.controls.schedule.value = "StepDecay"
    line = next(mark for mark in lab.chart().panels[1].marks if mark.label == "schedule")
    assert np.array_equal(
        line.y, RateSettings(**SMALL, warm_up=0.2, schedule="StepDecay").made(line.x)
    )
    assert "still show CosineAnnealing" in lab.message


def test_the_code_prints_what_the_lab_shows(lab, capsys):
    lab.controls.schedule.value = "CosineAnnealing"
    exec(lab.code().dlkit, {})
    printed = capsys.readouterr().out
    for name, ends in zip(("schedule", "constant rate"), lab.runs.ends("val_loss"), strict=True):
        assert f"{name}: validation loss {ends.mean():.6g} ±" in printed
    assert str(lab.tested.suggestion) in printed


def test_runs_come_epoch_by_epoch():
    assert [runs.epochs for runs in runs_by_epoch(RateSettings(**SMALL))] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("name, value", [("end", 2), ("schedule", "Cosine"), ("warm_up", 0.15)])
def test_wrong_values_are_named(name, value):
    with pytest.raises(ValueError, match=name):
        LearningRateLab(**{name: value})


@pytest.mark.parametrize("warm_up", [0.0, 0.3])
@pytest.mark.parametrize("name", NAMES)
def test_the_code_holds_the_very_schedules(name, warm_up):
    lab = LearningRateLab(**SMALL, schedule=name, warm_up=warm_up, learning_rate=0.0123456789)
    settings = RateSettings.among(lab.controls.values())
    for program in (lab.code().dlkit, lab.code().keras):
        assert max(map(len, program.splitlines())) <= 100
        written = [
            eval(ast.unparse(node), {"schedules": schedules})
            for node in ast.walk(ast.parse(program))
            if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("schedules.")
        ]
        assert settings.made in written


def test_the_keras_code_takes_the_same_steps(capsys):
    lab = LearningRateLab(**SMALL, warm_up=0.2)
    exec(lab.code().keras, {})
    rates = lab._settings().made(np.arange(25))
    expected = f"25 steps, highest rate {rates.max():.6g}, last rate {rates[-1]:.6g}"
    printed = capsys.readouterr().out
    assert expected in printed and "\nvalidation accuracy 0." in printed
