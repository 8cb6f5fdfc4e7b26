"""Finding the newest good checkpoint of a folder, and making a job of it."""

import dataclasses
import json

from dlkit import files
from dlkit.archives import DamagedFileError
from dlkit.training import checkpoint_files, owners
from dlkit.training.checkpoint_match import check_same, describe_data, describe_model
from dlkit.training.config import TrainingConfig
from dlkit.training.engine import engine_for


@dataclasses.dataclass(frozen=True)
class Found:
    """The newest good checkpoint of a folder.

    Parameters
    ----------
    name : str
        What it is called.
    content : dict
        What it holds.
    initial : object
        The initial weights, as the engine keeps them; None if they were damaged.
    roles : dict
        Numbers of the good checkpoints, by ``"start"``, ``"best"``, ``"before"``, ``"last"``.
    faults : tuple of str
        What was damaged, in words.
    """

    name: str
    content: dict
    initial: object
    roles: dict
    faults: tuple


def find(checkpoint_dir):
    """Return the newest good checkpoint, as a `Found`.

    Raises
    ------
    TypeError
        If ``checkpoint_dir`` is no path.
    FileNotFoundError
        If there is no folder or no checkpoint in it.
    ValueError
        If all are damaged; the message names each.
    """
    path = files.check_path(checkpoint_dir, "checkpoint_dir")
    if not path.is_dir():
        raise FileNotFoundError(f"checkpoint_dir must be a folder, but there is none at {path}.")
    numbers = checkpoint_files.numbers(path)
    if not numbers:
        raise FileNotFoundError(
            f"checkpoint_dir must hold a checkpoint, but {path} holds none. Make a job with "
            "TrainingJob(model, data, config, checkpoint_dir) and start it."
        )
    good, faults, roles = None, [], {}
    for number in reversed(numbers):
        try:
            content = checkpoint_files.read(path, number)
        except DamagedFileError as error:
            faults.append(str(error))
            continue
        role = content.get("role")
        role = "before" if role == "last" and "last" in roles else role
        roles.setdefault(role, number)
        good = good or (number, content)
    if good is None:
        raise ValueError(
            f"Every checkpoint in checkpoint_dir={str(path)!r} is damaged: {'; '.join(faults)}. "
            "Begin the run anew in another folder."
        )
    number, newest = good
    roles.setdefault("last", number)
    initial = content["state"].get("weights") if "start" in roles else None
    name = checkpoint_files.NAME.format(number)
    return Found(name, newest, initial, roles, tuple(faults))


def resume(kind, checkpoint_dir, model, data):
    """Return the job that goes on from a folder (see `TrainingJob.from_checkpoint`)."""
    found = find(checkpoint_dir)
    try:
        config = TrainingConfig.from_json(json.dumps(found.content["config"]))
        then = found.content["model"], found.content["data"]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{found.name} cannot be used by this dlkit: {error}") from None
    owners.settle(model)
    with owners.taken_over(model):
        return _job(kind, checkpoint_dir, model, data, config, found, then)


def _job(kind, checkpoint_dir, model, data, config, found, then):
    """Return the job, unless model and data are others than those of the checkpoint."""
    engine = engine_for(model, data, config)
    check_same("data", describe_data(data), then[1])
    check_same("model", describe_model(engine), then[0])
    folder = checkpoint_files.CheckpointFolder(checkpoint_dir)
    try:
        if found.initial is not None:
            engine.set_weights(found.initial)
        job = kind(model, data, config)
        job._go_on_from(found, folder)
    except Exception as error:
        raise ValueError(
            f"{found.name} does not fit the model or is damaged: {error} ({type(error).__name__})."
        ) from error
    return job


def load_callbacks(callbacks, states):
    """Bring the callbacks of a run to where they were; each by its ``load_state`` if it has one."""
    for callback, state in zip(callbacks, states, strict=True):
        if hasattr(callback, "load_state"):
            callback.load_state(state)
            continue
        for name in vars(callback):  # and no other name, whatever a file may hold
            setattr(callback, name, state[name])


def message(found, status):
    """Return what the job says about where it comes from."""
    words = f"Read from {found.name}: epoch {status.epoch}, batch {status.batch}"
    words += "." if found.content["state"]["over"] else "; resume() goes on."
    if found.faults:
        words += f" Please note: {'; '.join(found.faults)}."
    if found.initial is None:
        words += " The initial weights are lost: rewind() goes back to those the model had now."
    return words


def unused_folder(checkpoint_dir, config):
    """Return the `CheckpointFolder` of a new run, which must not remove the checkpoints of another.

    Raises
    ------
    FileExistsError
        If there are some.
    OSError
        If nothing can be written there.
    TypeError, ValueError
        If ``checkpoint_dir`` is no path, or the configuration cannot be written down.
    """
    path = files.check_path(checkpoint_dir, "checkpoint_dir")
    TrainingConfig.from_json(config.to_json())
    if path.is_dir() and checkpoint_files.numbers(path):
        raise FileExistsError(
            f"checkpoint_dir={str(path)!r} holds the checkpoints of another run. Go on with it by "
            "TrainingJob.from_checkpoint(checkpoint_dir, model, data), or name a new folder."
        )
    return checkpoint_files.CheckpointFolder(path)
