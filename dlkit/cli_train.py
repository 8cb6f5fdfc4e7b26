"""``dlkit train``: train on a built-in data set or on your CSV file, from the command line."""

import enum
import json as json_format
import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

FINISHED, FAILED, WRONG_USE, DIVERGED, INTERRUPTED = 0, 1, 2, 3, 130
DEFAULTS = {
    "target": None,
    "drop": [],
    "hidden_layers": "128,64,32",
    "engine": "numpy",
    "seed": 0,
    "epochs": 50,
    "batch_size": 32,
    "learning_rate": 0.001,
    "optimizer": "adam",
    "early_stopping": True,
}
SETTINGS, CHECKPOINTS = "settings.json", "checkpoints"


class Engine(enum.StrEnum):
    """What trains."""

    numpy = "numpy"
    keras = "keras"


class WrongUseError(ValueError):
    """The command cannot be meant as it was typed."""


def train(
    data: Annotated[
        str,
        typer.Argument(help="A built-in set such as digits or iris, or the path of a CSV file."),
    ],
    target: Annotated[str | None, typer.Option(help="Column of the CSV file to predict.")] = None,
    drop: Annotated[
        list[str] | None, typer.Option(help="Column of the CSV file to leave out; repeatable.")
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="Passes through the data. [50]")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Samples per step. [32]")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Length of a step. [0.001]")] = None,
    optimizer: Annotated[str | None, typer.Option(help="Update rule. [adam]")] = None,
    hidden_layers: Annotated[
        str | None, typer.Option(help='Their sizes, or "none". [128,64,32]')
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Fixes split, weights and order of samples. [0]")
    ] = None,
    engine: Annotated[Engine | None, typer.Option(help="[numpy]")] = None,
    early_stopping: Annotated[
        bool | None, typer.Option("--early-stopping/--no-early-stopping", help="[on]")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for all that is written. [runs/NAME]")
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

    Exit codes: 0 trained to its end, 1 it failed (the message says why), 2 wrong use, 3 the loss
    was no longer finite, 130 stopped by Ctrl+C.
    """
    given = {
        "target": target,
        "drop": drop or None,
        "hidden_layers": hidden_layers,
        "engine": None if engine is None else engine.value,
        "seed": seed,
        "epochs": epochs,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "optimizer": optimizer,
        "early_stopping": early_stopping,
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
    if resume:
        settings = _earlier_settings(name, given, out)
    else:
        settings = {"data": name, **DEFAULTS, **given}
    hidden = _sizes(settings["hidden_layers"])
    config = _config(settings)
    data = _data(name, settings, quiet)
    job = _job(data, hidden, config, settings, out, resume)
    bar = None
    if not quiet:
        from dlkit.training.callbacks_progress import ProgressBar

        bar = ProgressBar(sys.stderr)
        job.add_observer(bar)
    try:
        job.resume()
        job.wait()
    except KeyboardInterrupt:
        job.wait(60)  # until the checkpoint is written
        return INTERRUPTED, _interrupted(job, name, out)
    finally:
        if bar is not None:
            bar.close()
    return _finished(job, out)


def _config(settings):
    from dlkit.training.config import TrainingConfig

    names = ("epochs", "batch_size", "learning_rate", "optimizer", "early_stopping", "seed")
    try:
        return TrainingConfig(**{name: settings[name] for name in names})
    except (TypeError, ValueError) as error:
        raise WrongUseError(str(error)) from None


def _sizes(text):
    """Return the sizes of the hidden layers: ``"128,64"`` → (128, 64), ``"none"`` → ()."""
    if text.strip().lower() == "none":
        return ()
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and 1 <= int(part) <= 10**6 for part in parts):
        raise WrongUseError(
            'hidden-layers must be whole numbers above 0 with commas between, such as "128,64", or '
            f'"none", but got {text!r}.'
        )
    return tuple(map(int, parts))


def _data(name, settings, quiet):
    """Return the `Data` of a built-in set or of a CSV file."""
    import difflib

    from dlkit import datasets

    if name in datasets.DATASETS:
        for option in ("target", "drop"):
            if settings[option]:
                raise WrongUseError(f"--{option} is for CSV files; {name} is a built-in set.")
        return datasets.get(name, seed=settings["seed"])
    if not Path(name).is_file():
        near = difflib.get_close_matches(name, datasets.DATASETS, n=1, cutoff=0.5)
        hint = f" Did you mean {near[0]}?" if near else ""
        sets = ", ".join(datasets.DATASETS)
        raise WrongUseError(
            f"There is no file {name}, and no built-in set of that name.{hint} The sets are {sets}."
        )
    from dlkit.preparation import prepare, read_csv

    if settings["target"] is None:
        columns = ", ".join(map(str, read_csv(name).columns))
        raise WrongUseError(f"--target must name the column to predict, one of: {columns}.")
    prepared = prepare(name, settings["target"], drop=settings["drop"], seed=settings["seed"])
    if not quiet:
        typer.echo(f"{prepared.data!r}\n{prepared.report}")
    return prepared.data


def _job(data, hidden, config, settings, out, resume):
    from dlkit.layers import Dense, Flatten
    from dlkit.network import Network
    from dlkit.training.job import TrainingJob

    last = "softmax" if data.task_type == "classification" else "linear"
    stack = [Flatten()] if len(data.input_shape) > 1 else []
    stack += [Dense(units, "relu") for units in hidden] + [Dense(data.output_dim, last)]
    model = Network(stack, data.input_shape, seed=settings["seed"])
    if settings["engine"] == "keras":
        model = model.to_keras()
    if resume:
        return TrainingJob.from_checkpoint(out / CHECKPOINTS, model, data)
    if (out / SETTINGS).exists():
        raise WrongUseError(
            f"{out} holds an earlier run. --resume goes on with it; --out names another folder."
        )
    out.mkdir(parents=True, exist_ok=True)
    job = TrainingJob(model, data, config, out / CHECKPOINTS)
    _write(out / SETTINGS, json_format.dumps(settings, indent=2).encode("utf-8"))
    return job


def _earlier_settings(name, given, out):
    """Return the settings of the run in ``out``, if what was typed now does not contradict them."""
    try:
        earlier = json_format.loads((out / SETTINGS).read_text(encoding="utf-8"))
        settings = {**DEFAULTS, **{key: earlier[key] for key in ("data", *DEFAULTS)}}
    except FileNotFoundError:
        raise WrongUseError(
            f"There is no run in {out} to go on with. Leave out --resume, or name it with --out."
        ) from None
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{out / SETTINGS} is damaged: {error}.") from None
    for key, value in {"data": name, **given}.items():
        if settings[key] != value:
            option = key.replace("_", "-")
            raise WrongUseError(
                f"The run in {out} was made with {option} {settings[key]}, not {value}. To go on "
                "with it leave that out; to change it begin a new run with --out."
            )
    return settings


def _interrupted(job, name, out):
    words = ["dlkit", "train", name, "--out", str(out), "--resume"]
    command = shlex.join(words)
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


def _finished(job, out):
    """Write the report and the curves; return the exit code and the answer."""
    import io

    report = job.report
    picture = io.BytesIO()
    report.figure().savefig(picture, format="png", dpi=150, facecolor="white", metadata={})
    report.save_html(out / "report.html")
    _write(out / "curves.png", picture.getvalue())
    diverged = job.status.state != "finished"
    found = report.to_dict()
    lines = (report.text(), "", f"Written: {out / 'report.html'}, {out / 'curves.png'}")
    answer = {
        "state": "diverged" if diverged else "finished",
        **{key: found[key] for key in ("data", "task_type", "metrics", "run", "diagnosis")},
        "report": str(out / "report.html"),
        "curves": str(out / "curves.png"),
        "checkpoints": str(out / CHECKPOINTS),
        "message": "\n".join(lines),
    }
    return DIVERGED if diverged else FINISHED, answer


def _write(path, content):
    from dlkit.files import write_atomically

    write_atomically(path, lambda file: file.write(content))
