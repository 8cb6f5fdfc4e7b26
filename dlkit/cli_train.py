"""``dlkit train``: train on a built-in data set or on your CSV file, from the command line."""

import enum
import json as json_format
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperCommand

from dlkit.cli_train_data import data_of
from dlkit.cli_train_parts import (
    CHECKPOINTS,
    DEFAULTS,
    WrongUseError,
    check_unused,
    config_of,
    earlier_settings,
    has_checkpoint,
    job_of,
    model_of,
    sizes_of,
    write,
)
from dlkit.cli_train_words import diagnosis_in_options

FINISHED, FAILED, WRONG_USE, DIVERGED, INTERRUPTED = 0, 1, 2, 3, 130

ANSWERS = ("data", "task_type", "target", "metrics", "run", "diagnosis", "leaks")
"""What the answer in JSON takes over from the report."""


class TrainCommand(TyperCommand):
    """Answers in JSON also where an option cannot be read, if JSON was asked for."""

    def parse_args(self, context, arguments):
        """Read the arguments; end with an answer in JSON where that fails and was asked for."""
        given = list(arguments)  # they are used up
        try:
            return super().parse_args(context, arguments)
        except Exception as error:
            if "--json" not in given or not hasattr(error, "format_message"):
                raise
            answer = {"state": "wrong use", "message": error.format_message()}
            typer.echo(json_format.dumps({**answer, "exit_code": WRONG_USE}, indent=2))
            raise typer.Exit(WRONG_USE) from None


class Engine(enum.StrEnum):
    """What trains."""

    numpy = "numpy"
    keras = "keras"


class TaskType(enum.StrEnum):
    """What is predicted."""

    classification = "classification"
    regression = "regression"


def train(
    data: Annotated[
        str,
        typer.Argument(
            help="A built-in set such as digits, iris or houses, or the path of a CSV file."
        ),
    ],
    target: Annotated[str | None, typer.Option(help="Column of the CSV file to predict.")] = None,
    task_type: Annotated[
        TaskType | None,
        typer.Option(help="Whether the target is classes or quantities. (by its values)"),
    ] = None,
    drop: Annotated[
        list[str] | None, typer.Option(help="Column of the CSV file to leave out; repeatable.")
    ] = None,
    group: Annotated[
        str | None,
        typer.Option(help="Column of the CSV file; rows with one value stay in one part."),
    ] = None,
    time: Annotated[
        str | None,
        typer.Option(help="Column of the CSV file; train on the past, validate on what follows."),
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="Passes through the data. (50)")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Samples per step. (32)")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Length of a step. (0.001)")] = None,
    optimizer: Annotated[str | None, typer.Option(help="Update rule. (adam)")] = None,
    hidden_layers: Annotated[
        str | None, typer.Option(help='Their sizes, or "none". (128,64,32)')
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Fixes split, weights and order of samples. (0)")
    ] = None,
    engine: Annotated[Engine | None, typer.Option(help="What trains. (numpy)")] = None,
    early_stopping: Annotated[
        bool | None,
        typer.Option(
            "--early-stopping/--no-early-stopping", help="Stop when validation gets no better. (on)"
        ),
    ] = None,
    dropout_rate: Annotated[
        float | None, typer.Option(help="Share of hidden units switched off per step. (0)")
    ] = None,
    weight_decay: Annotated[
        float | None, typer.Option(help="Share by which weights shrink per step. (none)")
    ] = None,
    clipnorm: Annotated[
        float | None, typer.Option(help="The longest gradient of a parameter. (none)")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for all that is written. (runs/NAME)")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where an interrupted run stopped.")
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object and nothing else.")
    ] = False,
):
    """Train a network; write report.html, curves.png and checkpoints.

    Ctrl+C stops after the present batches, keeps a checkpoint, and says how to go on.

    Exit codes: 0 trained to its end, 1 failed (the message says why),
    2 wrong use, 3 the loss was no longer finite, 130 stopped by Ctrl+C.
    """
    given = {
        "target": target,
        "task_type": None if task_type is None else task_type.value,
        "drop": drop or None,
        "group": group,
        "time": time,
        "hidden_layers": hidden_layers,
        "engine": None if engine is None else engine.value,
        "seed": seed,
        "epochs": epochs,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "optimizer": optimizer,
        "early_stopping": early_stopping,
        "dropout_rate": dropout_rate,
        "weight_decay": weight_decay,
        "clipnorm": clipnorm,
    }
    given = {name: value for name, value in given.items() if value is not None}
    out = Path("runs", Path(data).stem) if out is None else out
    try:
        code, answer = _run(data, given, out, resume, json)
    except WrongUseError as error:
        code, answer = WRONG_USE, {"state": "wrong use", "message": str(error)}
    except KeyboardInterrupt:
        code, answer = INTERRUPTED, {"state": "interrupted", "message": "Stopped."}
    except Exception as error:  # noqa: BLE001 - whatever it is, a script gets its words and a code
        code, answer = FAILED, {"state": "failed", "message": str(error) or type(error).__name__}
    if json:
        typer.echo(json_format.dumps({**answer, "exit_code": code}, indent=2))
    else:
        typer.echo(answer["message"], err=code in (FAILED, WRONG_USE))
    raise typer.Exit(code)


def _run(name, given, out, resume, quiet):
    """Train, and return the exit code and the answer: a dictionary with at least a message."""
    command = _typed(["dlkit", "train", name, "--out", str(out), "--resume"])
    try:
        job, source, notes = _ready(name, given, out, resume)
        bar = None if quiet else _watch(job, source, notes)
    except KeyboardInterrupt:
        message = "Stopped before training began: nothing was trained, nothing is lost."
        return INTERRUPTED, {"state": "interrupted", "message": message}
    try:
        job.resume()
        job.wait()
    except KeyboardInterrupt:
        job.wait(60)  # until the checkpoint is written
        return INTERRUPTED, _interrupted(job, out, command)
    finally:
        if bar is not None:
            bar.close()
    try:
        return _finished(job, source, notes, out)
    except KeyboardInterrupt:
        message = f"Stopped. Training is done, its report is not. To write it:\n  {command}"
        return INTERRUPTED, {"state": "interrupted", "resume": command, "message": message}


def _ready(name, given, out, resume):
    """Return the job, ready to go, what its data come from, and what is to be said of the run."""
    if resume:
        settings = earlier_settings(name, given, out)
    else:
        check_unused(out)
        settings = {"data": name, **DEFAULTS, **given}
    hidden = sizes_of(settings["hidden_layers"])
    config = config_of(settings)
    source = data_of(name, settings)
    data = getattr(source, "data", source)
    notes = []
    if resume and not has_checkpoint(out):
        notes.append(f"The run in {out} ended before its first checkpoint: it begins anew.")
    model = model_of(data, hidden, settings)
    return job_of(model, data, config, settings, out, resume), source, notes


def _watch(job, source, notes):
    """Say what is known before training; return the progress bar that watches it."""
    from dlkit.training.callbacks_progress import ProgressBar

    said = [f"{source.data!r}\n{source.report}"] if source is not job.data else []
    if said or notes:
        typer.echo("\n".join([*said, *notes]))
    bar = ProgressBar(sys.stderr)
    job.add_observer(bar)
    return bar


def _interrupted(job, out, command):
    status = job.status
    return {
        "state": "interrupted",
        "epoch": status.epoch,
        "batch": status.batch,
        "checkpoints": str(out / CHECKPOINTS),
        "resume": command,
        "message": f"Stopped in epoch {status.epoch} of {status.epochs}, batch {status.batch} of "
        f"{status.batches}; the checkpoint is kept. To go on:\n  {command}",
    }


def _typed(words):
    """Return a command as it is typed here: Windows knows no single quotes."""
    return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)


def _finished(job, source, notes, out):
    """Write the report and the curves; return the exit code and the answer."""
    from dlkit.report import Report
    from dlkit.report.html import report_page, report_picture

    report = Report(job.model, source, job.history)
    report.diagnosis = diagnosis_in_options(report.diagnosis)
    picture = report_picture(report)
    write(out / "report.html", report_page(report, picture).encode("utf-8"))
    write(out / "curves.png", picture)
    diverged = job.status.state != "finished"
    found = report.to_dict()
    lines = (report.text(), "", f"Written: {out / 'report.html'}, {out / 'curves.png'}")
    answer = {
        "state": "diverged" if diverged else "finished",
        **{key: found[key] for key in ANSWERS},
        "notes": [*notes, *found["notes"]],
        "report": str(out / "report.html"),
        "curves": str(out / "curves.png"),
        "checkpoints": str(out / CHECKPOINTS),
        "message": "\n".join(lines),
    }
    return DIVERGED if diverged else FINISHED, answer
