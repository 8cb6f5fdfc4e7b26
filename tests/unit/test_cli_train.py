"""``dlkit train``, as a user types it."""

import json
import re
import signal
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from dlkit import cli, datasets
from dlkit.cli_train_parts import DEFAULTS, config_of
from dlkit.cli_train_words import diagnosis_in_options, in_options
from dlkit.layers import Dense, Dropout
from dlkit.network import Network
from dlkit.training.config import TrainingConfig
from dlkit.training.curves import read_curves
from dlkit.training.diagnosis import Diagnosis
from dlkit.training.diagnosis_advice import _CASES, advise
from dlkit.training.job import TrainingJob


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def typed(*arguments):
    return CliRunner().invoke(cli.app, ["train", *map(str, arguments)])


def test_a_built_in_set_is_trained_and_reported(tmp_path):
    done = typed(
        "iris", "--epochs", 3, "--hidden-layers", "8", "--seed", 4, "--learning-rate", 0.01
    )
    assert done.exit_code == 0, done.output
    out = tmp_path / "runs" / "iris"
    assert {each.name for each in out.iterdir()} == {
        "checkpoints",
        "curves.png",
        "report.html",
        "settings.json",
    }
    assert (out / "curves.png").read_bytes().startswith(b"\x89PNG")
    assert "<!DOCTYPE html>" in (out / "report.html").read_text(encoding="utf-8")
    assert "3 of 3" in done.output and "report.html" in done.output


def test_json_is_one_object_and_gives_the_numbers_of_a_job():
    done = typed("iris", "--json", "--epochs", 3, "--hidden-layers", "8", "--seed", 4, "--out", "a")
    answer = json.loads(done.stdout)
    assert (answer["state"], answer["exit_code"], done.exit_code) == ("finished", 0, 0)
    data = datasets.iris(seed=4)
    network = Network([Dense(8, "relu"), Dense(3, "softmax")], 4, seed=4)
    job = TrainingJob(network, data, TrainingConfig(epochs=3, seed=4))
    job.start()
    job.wait()
    assert answer["run"]["val_loss"] == job.history.history["val_loss"][-1]
    assert answer["metrics"] == job.report.to_dict()["metrics"]


def test_a_finished_run_is_not_overwritten_and_resuming_it_reports_again():
    options = ("iris", "--json", "--epochs", 2, "--hidden-layers", "none")
    first = json.loads(typed(*options).stdout)
    again = typed(*options)
    assert again.exit_code == 2
    assert "--resume goes on" in json.loads(again.stdout)["message"]
    resumed = json.loads(typed("iris", "--json", "--resume").stdout)
    assert resumed["metrics"] == first["metrics"]
    other = typed("iris", "--resume", "--seed", 5)
    assert other.exit_code == 2
    assert "made with --seed 0, not with --seed 5" in other.output
    other = typed("iris", "--resume", "--no-early-stopping", "--hidden-layers", "none")
    assert "made with --early-stopping, not without --early-stopping" in other.output
    wrong = typed("wine", "--resume", "--out", "runs/iris").output
    assert "was made on iris, not on wine" in wrong


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("irsi",), "Did you mean iris"),
        (("iris", "--epochs", "0"), "epochs must be"),
        (("iris", "--optimizer", "adm"), "adam"),
        (("iris", "--learning-rate", "-1"), "--learning-rate must be"),
        (("iris", "--hidden-layers", "8,x"), "--hidden-layers must be"),
        (("iris", "--out", "table.csv"), "--out must be a folder"),
        (("iris", "--out", "table.csv/a"), "cannot be made: "),
        (("iris", "--task-type", "regression"), "--task-type is for CSV files"),
        (("iris", "--target", "price"), "for CSV files"),
        (("houses", "--target", "price"), "houses.csv"),
        (("sentences",), "dlkit train FILE.csv --target COLUMN"),
        (("iris", "--resume"), "no run in"),
        (("table.csv",), "price, size"),
        (("iris", "--engine", "torch"), "engine"),
        (("iris", "--dropout-rate", "1"), "--dropout-rate must be"),
        (("iris", "--weight-decay", "-1"), "--weight-decay must be"),
    ],
)
def test_wrong_use_is_named_and_nothing_is_written(arguments, words, tmp_path):
    (tmp_path / "table.csv").write_text("price,size\n1,2\n")
    done = typed(*arguments)
    assert done.exit_code == 2
    assert words in done.output
    assert [each.name for each in tmp_path.iterdir()] == ["table.csv"]


def test_a_csv_file_is_prepared_and_trained_on(tmp_path):
    random = np.random.default_rng(0)
    size, floor = random.normal(80, 20, 120), random.integers(0, 9, 120)
    noise = random.normal(0, 3, 120)
    rows = [
        f"{3 * a + b + c:.3f},{a:.3f},{b},{'north' if b > 4 else 'south'},{index}"
        for index, (a, b, c) in enumerate(zip(size, floor, noise, strict=True))
    ]
    path = tmp_path / "my houses.csv"
    path.write_text("\n".join(["price,size,floor,side,number", *rows]))
    options = ("--epochs", 60, "--learning-rate", 0.01, "--drop", "number", "--json")
    done = typed(path, "--target", "price", *options)
    answer = json.loads(done.stdout)
    assert done.exit_code == 0, answer
    assert answer["task_type"] == "regression"
    assert answer["metrics"]["r2"] > 0.8
    assert (tmp_path / "runs" / "my houses" / "report.html").is_file()
    assert answer["leaks"] == []
    assert answer["target"]["unit"] == "units of price"
    assert answer["target"]["spread"] > 10
    assert any("price is scaled" in note for note in answer["notes"])
    again = typed(path, "--target", "price", *options[:-1], "--out", "told").output
    assert all(note in again for note in answer["notes"])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--target", "prise"), "Did you mean 'price'"),
        (("--target", "price", "--drop", "sise"), "--drop must be one of"),
        (("--target", "price", "--time", "dat"), "--time must be one of"),
        (("--target", "price", "--drop", "price"), "--target and --drop both name"),
        (("--target", "price", "--group", "day", "--time", "size"), "cannot be given together"),
    ],
)
def test_a_column_that_is_not_there_is_wrong_use(options, words, tmp_path):
    (tmp_path / "table.csv").write_text("price,size,day\n1,2,3\n4,5,6\n")
    done = typed("table.csv", *options)
    assert done.exit_code == 2
    assert words in done.output


def test_leaks_and_notes_name_options(tmp_path):
    rows = [f"{3 * i % 97},{30 * (3 * i % 97)},{i % 28 + 1}.{1 + i % 12}.2024" for i in range(120)]
    (tmp_path / "flats.csv").write_text("\n".join(["price,the fee,sold", *rows]))
    options = ("--target", "price", "--epochs", 1, "--hidden-layers", "none", "--json")
    answer = json.loads(typed("flats.csv", *options).stdout)
    telling, overlap = answer["leaks"]
    assert '(--drop "the fee")' in telling["advice"]
    assert "with --time sold" in overlap["advice"]
    page = (tmp_path / "runs" / "flats" / "report.html").read_text(encoding="utf-8")
    assert "--time sold" in page and "time=" not in page
    better = ("--drop", "the fee", "--time", "sold", "--out", "b")
    answer = json.loads(typed("flats.csv", *options, *better).stdout)
    assert answer["leaks"] == []
    assert json.loads((tmp_path / "b" / "settings.json").read_text())["time"] == "sold"


def test_what_a_table_lacks_is_said_without_arguments_of_python(tmp_path):
    rows = [f"name {index},{index}" for index in range(40)]
    (tmp_path / "names.csv").write_text("\n".join(["name,size", *rows]))
    done = typed("names.csv", "--target", "name")
    assert done.exit_code == 1
    assert "classes that come more than once" in done.output
    assert "task_type" not in done.output
    assert "--task-type regression" in done.output


def test_settings_of_an_older_run_are_read(tmp_path):
    options = ("iris", "--epochs", 1, "--hidden-layers", "none", "--json")
    first = json.loads(typed(*options).stdout)
    path = tmp_path / "runs" / "iris" / "settings.json"
    old = json.loads(path.read_text())
    del old["group"], old["time"]
    path.write_text(json.dumps(old))
    assert json.loads(typed("iris", "--resume", "--json").stdout)["metrics"] == first["metrics"]


def test_a_run_that_diverges_has_an_exit_code_of_its_own():
    options = ("--optimizer", "sgd", "--learning-rate", 1e30, "--json")
    done = typed("diabetes", *options)
    assert done.exit_code == 3
    assert json.loads(done.stdout)["state"] == "diverged"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
def test_ctrl_c_stops_cleanly_and_resume_gives_the_same_result(tmp_path):
    options = ["--batch-size", "2", "--epochs", "60", "--no-early-stopping", "--hidden-layers", "9"]
    command = [sys.executable, "-m", "dlkit", "train", "iris", "--out", "a run"]
    run = subprocess.Popen(
        [*command, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    seen = ""
    while "epoch " not in seen:
        letter = run.stderr.read(1)
        assert letter, "it ended before it could be interrupted"
        seen += letter
    run.send_signal(signal.SIGINT)
    said, errors = run.communicate(timeout=60)
    assert run.returncode == 130, errors
    assert "Traceback" not in errors
    assert "Stopped in epoch" in said
    assert "dlkit train iris --out 'a run' --resume" in said
    done = typed("iris", "--out", "a run", "--resume", "--json")
    resumed = json.loads(done.stdout)
    assert resumed["state"] == "finished"
    whole = json.loads(typed("iris", "--out", "whole", "--json", *options).stdout)
    for facts in (resumed["run"], whole["run"]):
        facts.pop("seconds")
    assert resumed["run"] == whole["run"]
    assert resumed["metrics"] == whole["metrics"]


def interrupt(*_, **__):
    raise KeyboardInterrupt


@pytest.mark.parametrize("where", ["dlkit.training.job.engine_for", "dlkit.cli_train_parts.write"])
def test_ctrl_c_before_training_leaves_nothing_behind(where, tmp_path, monkeypatch):
    monkeypatch.setattr(where, interrupt)
    done = typed("iris", "--epochs", 2)
    assert done.exit_code == 130
    assert "nothing was trained" in done.output
    assert not list(tmp_path.iterdir())


def test_ctrl_c_while_the_report_is_drawn_loses_no_training(monkeypatch):
    options = ("iris", "--epochs", 2, "--hidden-layers", "none", "--out", "a run", "--json")
    with monkeypatch.context() as patch:
        patch.setattr("dlkit.report.html.report_picture", interrupt)
        done = typed(*options)
    answer = json.loads(done.stdout)
    assert (done.exit_code, answer["state"]) == (130, "interrupted")
    assert "Training is done" in answer["message"]
    assert answer["resume"] == "dlkit train iris --out 'a run' --resume"
    assert typed("iris", "--out", "a run", "--resume").exit_code == 0


def test_a_run_that_was_killed_before_its_first_checkpoint_begins_anew(tmp_path):
    options = ("iris", "--seed", 4, "--epochs", 2, "--hidden-layers", "none", "--json")
    whole = json.loads(typed(*options, "--out", "whole").stdout)
    (tmp_path / "cut" / "checkpoints").mkdir(parents=True)
    (tmp_path / "whole" / "settings.json").rename(tmp_path / "cut" / "settings.json")
    assert "--resume" in typed(*options, "--out", "cut").output
    done = typed("iris", "--resume", "--out", "cut")
    assert done.exit_code == 0, done.output
    assert "ended before its first checkpoint: it begins anew" in done.output
    again = json.loads(typed("iris", "--resume", "--out", "cut", "--json").stdout)
    assert again["metrics"] == whole["metrics"]


@pytest.mark.parametrize("name", ["houses", "sensor", "shapes"])
def test_sets_of_our_own_making_are_trained_by_name(name):
    done = typed(name, "--epochs", 1, "--hidden-layers", "4", "--json")
    answer = json.loads(done.stdout)
    assert (done.exit_code, answer["data"]) == (0, name), answer


def test_sets_that_are_downloaded_are_known_by_name(monkeypatch):
    monkeypatch.setitem(datasets.DOWNLOADS, "mnist", datasets.digits)
    done = typed("mnist", "--epochs", 1, "--hidden-layers", "none", "--json")
    assert json.loads(done.stdout)["data"] == "digits"


@pytest.mark.parametrize("wrong", [("--epochs", "x"), ("--epohcs", 3)])
def test_an_option_that_cannot_be_read_is_said_in_json_too(wrong):
    done = typed("iris", *wrong, "--json")
    answer = json.loads(done.stdout)
    assert (done.exit_code, answer["exit_code"], answer["state"]) == (2, 2, "wrong use")
    assert wrong[0] in answer["message"]
    assert typed("iris", *wrong).exit_code == 2


def test_the_earlier_run_in_a_folder_is_named(tmp_path):
    (tmp_path / "runs" / "iris").mkdir(parents=True)
    (tmp_path / "runs" / "iris" / "settings.json").write_text('{"data": "mine/iris.csv"}')
    done = typed("iris", "--epochs", 1)
    assert done.exit_code == 2
    assert "earlier run on mine/iris.csv" in done.output


def test_dropout_and_weight_decay_are_trained_with():
    options = ("iris", "--epochs", 2, "--hidden-layers", "8", "--seed", 4, "--json")
    regular = ("--dropout-rate", 0.3, "--weight-decay", 0.01, "--clipnorm", 1)
    answer = json.loads(typed(*options, *regular).stdout)
    network = Network([Dense(8, "relu"), Dropout(0.3), Dense(3, "softmax")], 4, seed=4)
    config = TrainingConfig(epochs=2, seed=4, weight_decay=0.01, clipnorm=1.0)
    job = TrainingJob(network, datasets.iris(seed=4), config)
    job.start()
    job.wait()
    assert answer["run"]["val_loss"] == job.history.history["val_loss"][-1]


@pytest.mark.parametrize(
    ("python", "options"),
    [
        ("Raise `dropout_rate` (0.2 to 0.5) or `weight_decay`.",
         "Raise `--dropout-rate` (0.2 to 0.5) or `--weight-decay`."),
        ("Set `clipnorm=1.0`.", "Set `--clipnorm 1.0`."),
        ('Use `optimizer="adam"`, which', "Use `--optimizer adam`, which"),
        ("Set `early_stopping=True`: it", "Set `--early-stopping`: it"),
        ("Lower `learning_rate` (now 0.1)", "Lower `--learning-rate` (now 0.1)"),
        ("leave it out (drop=['a b']).", 'leave it out (--drop "a b").'),
        ("split with group='id'.", "split with --group id."),
        (r"""out (drop=['it\'s "new"']).""", 'out (--drop "it\'s "new"").'),
        ("For quantities take task_type='regression'.", "For quantities take --task-type regression."),
    ],
)  # fmt: skip
def test_advice_names_options(python, options):
    assert in_options(python) == options


def test_the_help_names_every_default():
    said = " ".join(typed("--help").output.replace("│", " ").split())
    for default in ("(50)", "(adam)", "(128,64,32)", "(numpy)", "(on)", "(runs/NAME)"):
        assert default in said


def test_whole_numbers_are_classes_unless_quantities_are_asked_for(tmp_path):
    rows = [f"{i % 13},{i % 7},{i % 6}" for i in range(120)]
    (tmp_path / "wines.csv").write_text("\n".join(["acid,sugar,quality", *rows]))
    options = (
        "wines.csv",
        "--target",
        "quality",
        "--epochs",
        1,
        "--hidden-layers",
        "none",
        "--json",
    )
    answer = json.loads(typed(*options).stdout)
    assert answer["task_type"] == "classification"
    note = "quality holds 6 different whole numbers: taken as classes. For quantities take "
    assert note + "--task-type regression." in answer["notes"]
    asked = ("--task-type", "regression", "--out", "b")
    answer = json.loads(typed(*options, *asked).stdout)
    assert answer["task_type"] == "regression"
    assert not any("taken as classes" in each for each in answer["notes"])
    resumed = json.loads(typed(*options, *asked, "--resume").stdout)
    assert resumed["task_type"] == "regression"


NEVER_HERE = ("vanishing_gradients", "exploding_gradients", "dead_relu", "no_validation")
"""Cases that no run of the command is: it records no layers, and always validates."""


@pytest.mark.parametrize("config", [None, TrainingConfig(), TrainingConfig(early_stopping=False)])
@pytest.mark.parametrize("rare", [False, True])
@pytest.mark.parametrize("label", _CASES)
def test_all_advice_can_be_followed_with_options(label, rare, config):
    curves = read_curves({"loss": [1.0, 0.5, 0.2], "val_loss": [1.0, 0.7, 0.8]})
    curves = replace(curves, config=config)
    given = Diagnosis(label, (), 1.0, tuple(advise(label, Rare(curves) if rare else curves)))
    said = diagnosis_in_options(given).advice
    assert len(said) == len(set(said)) and bool(said) == bool(given.advice)
    for advice in said:
        python = [name for name in re.findall(r"`([^`]*)`", advice) if not name.startswith("--")]
        assert bool(python) == advice.startswith("In Python"), advice
        assert not python or label in NEVER_HERE, advice


def test_the_command_does_not_record_layers():
    """Else advice on them would need options for activations and initial weights."""
    assert not config_of(DEFAULTS).record_layers


class Rare:
    """Curves of a run that only ever names the largest class."""

    largest_class_only, baseline_accuracy = True, 0.9

    def __init__(self, curves):
        self._curves = curves

    def __getattr__(self, name):
        return getattr(self._curves, name)


@pytest.mark.full
def test_the_keras_engine_trains_too():
    options = ("--epochs", 2, "--hidden-layers", "8", "--json")
    keras = json.loads(typed("iris", "--engine", "keras", "--out", "k", *options).stdout)
    numpy = json.loads(typed("iris", "--out", "n", *options).stdout)
    assert keras["run"]["val_loss"] == pytest.approx(numpy["run"]["val_loss"], abs=1e-4)
