"""SweepLab: the map is dlkit's sweep, the goal can be met, Stop stops."""

import math
import threading

import numpy as np
import pytest

from dlkit import TrainingConfig, sweep
from dlkit.datasets import get
from dlkit.labs import SweepLab
from dlkit.labs.sweep_model import BATCH_SIZES, RATES, SweepMap, SweepSettings, sweep_by_epoch
from dlkit.labs.sweep_picture import sweep_chart
from dlkit.labs.sweep_words import KERAS_OPTIMIZERS, OPTIMIZERS
from dlkit.plots.chart import Line, Text
from dlkit.training.records import EpochRecord, History

SMALL = {"dataset": "moons", "width": 4, "epochs": 2, "optimizer": "adam", "seeds": 3}


@pytest.fixture(scope="module")
def lab():
    lab = SweepLab(**SMALL, learning_rate=0.01, batch_size=64)
    assert lab.run() and lab.wait(60)
    return lab


@pytest.fixture(scope="module")
def found():
    return sweep(
        get("moons"),
        {"learning_rate": list(RATES), "batch_size": list(BATCH_SIZES), "width": [4], "dtype": ["float64"]},
        TrainingConfig(epochs=2, optimizer="adam", early_stopping=False),
        seeds=3,
    )  # fmt: skip


def test_every_cell_is_what_sweep_finds(lab, found):
    mean, spread = lab.found.statistics("accuracy")
    cells = found.summary.set_index(["batch_size", "learning_rate"])
    for i, size in enumerate(BATCH_SIZES):
        for j, rate in enumerate(RATES):
            assert math.isclose(mean[i, j], cells.loc[(size, rate), "mean"], abs_tol=1e-12)
            assert math.isclose(spread[i, j], cells.loc[(size, rate), "spread"], abs_tol=1e-12)
    row, column = lab.found.best("accuracy")
    assert mean[row, column] == found.summary["mean"].max()
    own = lab.found.histories[2][1][1]
    theirs = found.history(seed=1, learning_rate=RATES[1], batch_size=BATCH_SIZES[2])
    for name, values in theirs.history.items():
        assert own.history[name] == pytest.approx(values)


def test_the_picture_shows_the_numbers_and_every_seed(lab):
    the_map, curves = lab.chart().panels
    mean, _ = lab.found.statistics("accuracy")
    texts = {(mark.x, round(mark.y)): mark.text for mark in the_map.marks
             if isinstance(mark, Text) and mark.bold}  # fmt: skip
    assert texts[1, 2] == f"{100 * mean[2, 1]:.1f}" and len(texts) == len(RATES) * len(BATCH_SIZES)
    lines = [mark for mark in curves.marks if isinstance(mark, Line)]
    runs = lab.found.histories[lab.cell[0]][lab.cell[1]]
    assert len(lines) == 2 * len(runs) == 6
    assert [list(line.y) for line in lines[:3]] == [run.history["loss"] for run in runs]


def test_choosing_a_cell_needs_no_training(lab):
    before = lab.found
    lab.controls.learning_rate.value, lab.controls.batch_size.value = 1.0, 256
    assert lab.found is before and lab.cell == (4, 6)
    assert "learning rate 1 and batch size 256, 2 steps an epoch" in lab.sentence
    assert "Press Start" not in lab.message


def test_every_metric_can_be_shown(lab):
    for metric in ("val_loss", "loss", "spread", "accuracy"):
        lab.controls.metric.value = metric
        assert "Please note" not in lab._message.value and lab.summary()


def test_a_regression_shows_errors_and_the_least_is_best():
    lab = SweepLab(dataset="sine", width=8, epochs=1, optimizer="adam", seeds=1)
    lab.run()
    assert lab.wait(60)
    mean, _ = lab.found.statistics("accuracy")
    assert lab.found.measure("accuracy") == ("val_mae", False)
    assert mean[lab.found.best("accuracy")] == mean.min()
    assert "best validation error" in lab.sentence
    lab.controls.seeds.value = 3
    lab.run()
    assert lab.wait(60) and "best mean validation error" in lab.sentence


def test_one_seed_has_no_spread():
    one = SweepSettings(epochs=1, seeds=1)
    lab = SweepLab(seeds=1, epochs=1)
    lab.found = a_map({(0, 0): (0.9,)}, one)
    assert "±" not in lab.sentence and "One seed has no spread"[4:] in lab.sentence
    panel = lab.chart().panels[0]
    assert panel.title == "Best accuracy 90.0 %: rate 0.001, batch 16"
    assert not any("±" in mark.text for mark in panel.marks if isinstance(mark, Text))
    lab.controls.metric.value = "spread"
    panel = lab.chart().panels[0]
    assert panel.title == "One seed has no spread"
    assert {mark.text for mark in panel.marks if isinstance(mark, Text)} == {"–", ""}
    for program in (lab.code().dlkit, lab.code().keras):
        assert "spread" not in program


def test_the_map_of_spreads_speaks_of_spreads():
    found = a_map({(0, 0): (0.90, 0.92, 0.94)})
    panel = sweep_chart(found, "spread", (0, 0), "words").panels[0]
    assert panel.title == "Spreads of accuracy over the seeds: 0.0 to 2.0 %"
    assert "2.0" in [mark.text for mark in panel.marks if isinstance(mark, Text)]


def history(accuracy, epochs, reason=""):
    measured = {"accuracy": accuracy}
    records = [
        EpochRecord(epoch, 0.5, measured, 0.5, measured, 0.1, 0.0) for epoch in range(1, epochs + 1)
    ]
    return History(records, [0.5] * epochs, None, reason)


def a_map(accuracies, settings=None, reason="", epochs=None):
    """A map whose cells all read 0.5, but for given ones: (row, column) -> accuracies."""
    settings = settings or SweepSettings(epochs=1)
    epochs = settings.epochs if epochs is None else epochs
    return SweepMap(
        settings,
        tuple(
            tuple(
                tuple(
                    history(each, epochs, reason if (i, j) in accuracies else "")
                    for each in accuracies.get((i, j), (0.5,) * settings.seeds)
                )
                for j in range(len(RATES))
            )
            for i in range(len(BATCH_SIZES))
        ),
    )  # fmt: skip


def test_cells_that_the_seeds_cannot_tell_from_the_best_are_marked():
    found = a_map({(0, 0): (0.90, 0.92, 0.94), (1, 1): (0.90, 0.91, 0.92), (2, 2): (0.8, 0.8, 0.8)})
    assert found.best("accuracy") == (0, 0)
    assert set(map(tuple, np.argwhere(found.as_good("accuracy")))) == {(0, 0), (1, 1)}


def test_a_diverged_run_counts_as_the_worst():
    found = a_map({(0, 0): (0.9, 0.9, 0.9)}, reason="loss is not finite (nan) in epoch 2")
    assert found.diverged[0, 0] == 3 and found.statistics("accuracy")[0][0, 0] == 0
    assert found.best("accuracy") != (0, 0) and found.best("val_loss") != (0, 0)
    panel = sweep_chart(found, "accuracy", (0, 0), "words").panels[0]
    assert "NaN" in [mark.text for mark in panel.marks if isinstance(mark, Text)]


@pytest.mark.parametrize(
    "row, epochs, seeds, accuracy, met",
    [
        (3, 10, 3, 0.966, True),
        (4, 5, 5, 0.965, True),
        (2, 10, 3, 0.99, False),
        (3, 20, 3, 0.99, False),
        (3, 10, 1, 0.99, False),
        (3, 10, 3, 0.964, False),
    ],
)
def test_the_challenge_needs_a_large_batch_few_epochs_and_several_seeds(
    row, epochs, seeds, accuracy, met
):
    lab = SweepLab(batch_size=BATCH_SIZES[row], learning_rate=0.03)
    assert not lab.met()
    settings = SweepSettings(epochs=epochs, seeds=seeds)
    lab.found = a_map({(row, 3): (accuracy,) * seeds}, settings)
    assert lab.met() is met
    lab.found = a_map({(row, 3): (accuracy,) * seeds}, settings, epochs=epochs - 1)
    assert not lab.met()  # not all epochs are done


@pytest.mark.full
def test_the_challenge_can_be_met():
    lab = SweepLab(optimizer="adam", epochs=10, width=64, learning_rate=0.03, batch_size=256)
    lab.run()
    lab.wait()
    assert lab.met()


def test_stop_leaves_the_map_of_whole_epochs():
    lab = SweepLab(dataset="moons", width=64, epochs=20, seeds=5)
    assert lab.run() and not lab.run() and "at work already" in lab.message
    lab.stop()
    assert lab.wait(20) and not lab.running
    assert lab.found is None or lab.found.epochs < 20
    assert not lab.met()


def test_epochs_come_one_by_one():
    maps = [each for each in sweep_by_epoch(SweepSettings(**SMALL)) if each is not None]
    assert [each.epochs for each in maps] == [1, 2] and maps[-1].done and not maps[0].done


def test_a_failure_in_the_thread_is_told_and_raised(monkeypatch):
    lab = SweepLab(**SMALL)

    def broken(settings):
        raise ValueError("no such luck")
        yield

    monkeypatch.setattr(lab, "_work", broken)
    lab.run()
    with pytest.raises(ValueError, match="no such luck"):
        lab.wait(10)
    assert "no such luck" in lab.message


def test_the_code_prints_the_number_of_the_chosen_cell(lab, capsys):
    lab.controls.learning_rate.value, lab.controls.batch_size.value = 0.03, 32
    exec(lab.code().dlkit, {})
    mean, spread = (each[lab.cell] for each in lab.found.statistics("accuracy"))
    printed = capsys.readouterr().out
    assert f"mean val_accuracy: {mean:.6g}\n" in printed
    assert f"spread over 3 seeds: {spread:.4g}\n" in printed
    row, column = lab.found.best("accuracy")
    assert f"best: learning rate {RATES[column]}, batch size {BATCH_SIZES[row]}\n" in printed


def test_the_programs_print_the_lab_s_number_of_a_cell_that_diverged(capsys):
    chosen = {"learning_rate": 1.0, "batch_size": 16}
    lab = SweepLab(dataset="diabetes", seeds=1, epochs=2, **chosen)
    lab.run()
    assert lab.wait(60) and "1 of 1 runs diverged" in lab.sentence
    for program in (lab.code().dlkit, lab.code().keras):
        assert max(map(len, program.splitlines())) <= 100 and len(program.splitlines()) <= 40
        exec(program, {})
        printed = capsys.readouterr().out
        assert "mean val_mae: inf\n" in printed and "diverged: 1 of 1\n" in printed
    lab.controls.learning_rate.value = 0.01
    exec(lab.code().dlkit, {})
    mean = lab.found.statistics("accuracy")[0][lab.cell]
    assert f"mean val_mae: {mean:.6g}\n" in capsys.readouterr().out


@pytest.mark.parametrize("name, value", [("seeds", 2), ("width", 17), ("learning_rate", 0.02)])
def test_wrong_values_are_named(name, value):
    with pytest.raises(ValueError, match=name):
        SweepLab(**{name: value})


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_the_keras_code_takes_every_optimizer(optimizer):
    lab = SweepLab(**{**SMALL, "optimizer": optimizer})
    program = lab.code().keras
    assert max(map(len, program.splitlines())) <= 100
    name, extra = KERAS_OPTIMIZERS[optimizer]
    assert f'"class_name": "{name}"' in program and all(f'"{key}"' in program for key in extra)
    import keras

    keras.optimizers.get({"class_name": name, "config": {"learning_rate": 0.1, **extra}})


def test_the_keras_code_prints_a_number_near_the_lab_s(capsys):
    lab = SweepLab(
        **{**SMALL, "epochs": 5, "width": 64, "seeds": 1}, learning_rate=0.03, batch_size=16
    )
    lab.run()
    lab.wait()
    exec(lab.code().keras, {})
    printed = float(capsys.readouterr().out.split("mean val_accuracy: ")[1].split()[0])
    assert abs(printed - lab.found.statistics("accuracy")[0][lab.cell]) < 0.15


def test_waiting_for_work_that_ends_just_now_is_no_error():
    class Ending(SweepLab):
        """Its thread takes itself away between two looks."""

        left = None

        @property
        def _thread(self):
            found, self.left = self.left, None
            return found

        @_thread.setter
        def _thread(self, thread):
            self.left = thread

    lab = Ending()
    lab._thread = threading.Thread(target=int)
    lab.left.start()
    assert lab.wait(10) is True
    with pytest.raises(ValueError, match="timeout must be"):
        lab.wait(1e300)
    lab.close()
