"""The parts of ``dlkit train``: settings, data, model and job, checked before any work."""

import contextlib
import json as json_format

DEFAULTS = {
    "target": None,
    "task_type": None,
    "drop": [],
    "group": None,
    "time": None,
    "hidden_layers": "128,64,32",
    "engine": "numpy",
    "seed": 0,
    "epochs": 50,
    "batch_size": 32,
    "learning_rate": 0.001,
    "optimizer": "adam",
    "early_stopping": True,
    "dropout_rate": 0.0,
    "weight_decay": None,
    "clipnorm": None,
}
SETTINGS, CHECKPOINTS = "settings.json", "checkpoints"


class WrongUseError(ValueError):
    """The command cannot be meant as it was typed."""


def config_of(settings):
    """Return the `TrainingConfig` of the settings, or raise `WrongUseError`."""
    from dlkit import checks
    from dlkit.training.config import TrainingConfig

    names = ("epochs", "batch_size", "learning_rate", "optimizer", "early_stopping", "seed")
    names += ("weight_decay", "clipnorm")
    try:
        checks.number("dropout_rate", settings["dropout_rate"], minimum=0, below=1)
        return TrainingConfig(**{name: settings[name] for name in names})
    except (TypeError, ValueError) as error:
        name, _, words = str(error).partition(" ")
        option = f"--{name.replace('_', '-')}" if name in settings else name
        raise WrongUseError(f"{option} {words}") from None


def sizes_of(text):
    """Return the sizes of the hidden layers: ``"128,64"`` → (128, 64), ``"none"`` → ()."""
    if text.strip().lower() == "none":
        return ()
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and 1 <= int(part) <= 10**6 for part in parts):
        raise WrongUseError(
            '--hidden-layers must be whole numbers above 0 with commas between, such as "128,64", or '
            f'"none", but got {text!r}.'
        )
    return tuple(map(int, parts))


def model_of(data, hidden, settings):
    """Return the network of the settings, as the engine takes it."""
    from dlkit.layers import Dense, Dropout, Flatten
    from dlkit.network import Network

    last = "softmax" if data.task_type == "classification" else "linear"
    stack = [Flatten()] if len(data.input_shape) > 1 else []
    for units in hidden:
        stack.append(Dense(units, "relu"))
        stack += [Dropout(settings["dropout_rate"])] if settings["dropout_rate"] else []
    stack.append(Dense(data.output_dim, last))
    model = Network(stack, data.input_shape, seed=settings["seed"])
    return model.to_keras() if settings["engine"] == "keras" else model


def job_of(model, data, config, settings, out, resume):
    """Return the job of a new run, or of the one in the folder ``out`` to go on with."""
    from dlkit.training.job import TrainingJob

    folder = out / CHECKPOINTS
    if resume and has_checkpoint(out):
        return TrainingJob.from_checkpoint(folder, model, data)
    made_here = [each for each in (folder, out, *out.parents) if not each.exists()]
    try:
        _make(out)
        job = TrainingJob(model, data, config, folder)
        write(out / SETTINGS, json_format.dumps(settings, indent=2).encode("utf-8"))
    except BaseException:  # Ctrl+C too
        for each in made_here:
            with contextlib.suppress(OSError):  # only empty folders can go
                each.rmdir()
        raise
    return job


def _make(out):
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WrongUseError(
            f"--out must be a folder that can be written to, but {out} cannot be made: "
            f"{error.strerror}."
        ) from None


def has_checkpoint(out):
    """Return whether the run in ``out`` got as far as its first checkpoint."""
    from dlkit.training.checkpoint_files import numbers

    return (out / CHECKPOINTS).is_dir() and bool(numbers(out / CHECKPOINTS))


def check_unused(out):
    """Raise `WrongUseError` if the folder holds an earlier run."""
    if (out / SETTINGS).exists():
        raise WrongUseError(
            f"{out} holds an earlier run{_on_what(out)}. --resume goes on with it; --out names "
            "another folder."
        )


def _on_what(out):
    """Return what the run in ``out`` was trained on, in words; "" if that cannot be read."""
    try:
        return f" on {json_format.loads((out / SETTINGS).read_text(encoding='utf-8'))['data']}"
    except (OSError, KeyError, TypeError, ValueError):
        return ""


def earlier_settings(name, given, out):
    """Return the settings of the run in ``out``, if what was typed now does not contradict them."""
    try:
        earlier = json_format.loads((out / SETTINGS).read_text(encoding="utf-8"))
        known = {key: earlier[key] for key in DEFAULTS if key in earlier}
        settings = {"data": earlier["data"], **DEFAULTS, **known}
    except FileNotFoundError:
        raise WrongUseError(
            f"There is no run in {out} to go on with. Leave out --resume, or name it with --out."
        ) from None
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{out / SETTINGS} is damaged: {error}.") from None
    for key, value in {"data": name, **given}.items():
        if settings[key] != value:
            raise WrongUseError(
                f"The run in {out} was made {_made(key, settings[key])}, not {_made(key, value)}. "
                "To go on with it leave that out; to change it begin a new run with --out."
            )
    return settings


def _made(key, value):
    """Return how a run was made, in words: ``with --seed 4``, ``without --group``."""
    option = f"--{key.replace('_', '-')}"
    if key == "data":
        return f"on {value}"
    if value is None or value == [] or value is False:
        return f"without {option}"
    value = "" if value is True else f" {', '.join(value) if isinstance(value, list) else value}"
    return f"with {option}{value}"


def write(path, content):
    """Write bytes to a file, completely or not at all."""
    from dlkit.files import write_atomically

    write_atomically(path, lambda file: file.write(content))
