"""Whether model and data are those with which a checkpoint was made, said in words."""

import hashlib
import json

import numpy as np

_PARTS = ("x_train", "y_train", "x_validation", "y_validation")


def describe_data(data):
    """Return shape, dtype and SHA-256 of each array, and the task, as JSON values.

    Parameters
    ----------
    data : Data, TrainingParts or None
        None for an engine that brings data of its own.

    Returns
    -------
    dict
    """
    if data is None:
        return {}
    found = {"task_type": data.task_type}
    for part in _PARTS:
        array = getattr(data, part)
        if array is None:
            found[part] = None
            continue
        array = np.ascontiguousarray(array)
        digest = hashlib.sha256(array.data if array.size else b"").hexdigest()
        found[part] = {"shape": list(array.shape), "dtype": array.dtype.name, "sha256": digest}
    return found


def describe_model(engine):
    """Return what the engine says of its model (``engine.describe_model()``), as JSON values.

    Parameters
    ----------
    engine : Engine
        One that does not know the question is described by its name.

    Returns
    -------
    dict
    """
    describe = getattr(engine, "describe_model", None)
    found = {"engine": engine.name, **(describe() if describe else {})}
    return json.loads(json.dumps(found, default=lambda value: type(value).__name__))


def check_same(what, now, then):
    """Raise ``ValueError`` unless two descriptions are equal; name the first difference.

    Parameters
    ----------
    what : str
        ``"model"`` or ``"data"``.
    now, then : dict
        The description of what was given, and that in the checkpoint.
    """
    if now == then:
        return
    place, here, there = _difference(now, then)
    verb = "is" if what == "model" else "are"
    raise ValueError(
        f"{what} must be the one with which the checkpoint was made, but {place or 'something'} "
        f"{verb} {here} here and {there} in the checkpoint."
    )


def _difference(now, then, place=""):
    """Return where two JSON values first differ, and both values there, shortened."""
    if isinstance(now, dict) and isinstance(then, dict):
        for key in [*now, *then]:
            if now.get(key) != then.get(key):
                if key == "sha256":
                    return f"the values of {place}", "others", "those it was trained on"
                inner = f"{place}.{key}" if place else str(key)
                return _difference(now.get(key), then.get(key), inner)
    if isinstance(now, list) and isinstance(then, list) and len(now) == len(then):
        for index, (here, there) in enumerate(zip(now, then, strict=True)):
            if here != there and isinstance(here, dict | list):
                return _difference(here, there, f"{place}[{index}]")
    if isinstance(now, list) and isinstance(then, list) and len(now) != len(then):
        if now and isinstance(now[0], dict):
            return f"the number of {place}", str(len(now)), str(len(then))
    return place, _short(now), _short(then)


def _short(value):
    text = json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."
