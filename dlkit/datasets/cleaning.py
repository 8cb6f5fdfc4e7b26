"""What `Data` accepts for each of its fields, and how it is stored."""

import numpy as np

from dlkit import checks


def is_one_hot(y):
    """Whether each row of ``y`` (samples, classes) holds one 1 and otherwise zeros."""
    return (
        y.ndim == 2
        and y.shape[1] > 1
        and bool(((y == 0) | (y == 1)).all())
        and bool((y.sum(axis=1) == 1).all())
    )


def clean_inputs(name, value):
    """Return inputs as a read-only array (samples, ...), or raise."""
    x = checks.array(name, value)
    if x.ndim < 2:
        raise ValueError(
            f"{name} must have an axis of samples and at least one more, but its shape is "
            f"{x.shape}. For a single feature write {name}.reshape(-1, 1)."
        )
    return _fixed(x.astype("float32") if x.dtype.kind == "b" else x)


def clean_targets(name, value, task_type):
    """Return labels (int64), one-hot rows (float32) or target columns, read-only, or raise."""
    y = checks.array(name, value)
    if y.ndim not in (1, 2):
        raise ValueError(f"{name} must have 1 or 2 axes, but its shape is {y.shape}.")
    if task_type == "regression":
        y = y.reshape(len(y), -1)
        return _fixed(y if y.dtype.kind == "f" else y.astype("float32"))
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if is_one_hot(y):
        return _fixed(y.astype("float32"))
    if (y != np.floor(y)).any() or y.min() < 0:
        raise ValueError(
            f"{name} must hold whole labels 0, 1, 2 … or one-hot rows, but it holds values from "
            f"{y.min():g} to {y.max():g}. If these are quantities, set task_type='regression'; "
            "if they are labels, number the classes from 0."
        )
    return _fixed(y.astype("int64"))


def _fixed(array):
    """Return a read-only array that nobody else can write to."""
    if array.flags.writeable or array.base is not None:
        array = np.array(array, order="C")
        array.flags.writeable = False
    return array


def check_same_as_training(name, part, training):
    """Raise ``ValueError`` unless one sample has the same shape as in the training part."""
    if training is not None and part.shape[1:] != training.shape[1:]:
        raise ValueError(
            f"{name} must have the same shape per sample as the training part, "
            f"{training.shape[1:]}, but has {part.shape[1:]}."
        )


def count_classes(parts):
    """Return how many classes the labels of all parts need: the width if one-hot, else max + 1."""
    if is_one_hot(parts[0]):
        return parts[0].shape[1]
    return max(int(y.max()) for y in parts) + 1


def clean_names(name, value, length, of):
    """Return names as a tuple of strings, or raise unless there are ``length`` of them."""
    if value is None:
        return None
    if isinstance(value, str) or not hasattr(value, "__iter__"):
        raise TypeError(f"{name} must be a list of strings, but got {checks.describe(value)}.")
    names = tuple(value)
    for entry in names:
        if not isinstance(entry, str):
            raise TypeError(f"{name} must hold strings only, but got {checks.describe(entry)}.")
    if length is not None and len(names) != length:
        raise ValueError(f"{name} must name all {length} {of}, but has {len(names)} names.")
    return tuple(str(entry) for entry in names)
