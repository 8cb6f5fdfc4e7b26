"""A validation part taken from the training samples, as Keras takes it: the last ones."""

import dataclasses

import numpy as np

from dlkit.training.class_weights import labels_of


def with_validation(data, config):
    """Return data with a validation part: their own, or the last training samples.

    Parameters
    ----------
    data : Data or TrainingParts
        Returned as they are if they have a validation part, or ``validation_split`` is 0.
    config : TrainingConfig
        Its ``validation_split`` is the share s: of n samples, the first ⌊n (1 − s)⌋ are trained on.

    Returns
    -------
    Data or TrainingParts

    Raises
    ------
    ValueError
        If nothing would be left to train on, or to validate on, or if a class would occur among
        the last samples only.
    """
    share = config.validation_split
    if not share or data.x_validation is not None:
        return data
    samples = len(data.x_train)
    kept = int(np.floor(samples * (1.0 - share)))
    if not 0 < kept < samples:
        raise ValueError(
            f"validation_split={share:g} must leave samples to train on and to validate on, but "
            f"the data have {samples}: {kept} would be trained on."
        )
    if data.task_type == "classification":
        _check_classes(data.y_train, kept)
    return dataclasses.replace(
        data,
        x_train=data.x_train[:kept],
        y_train=data.y_train[:kept],
        x_validation=data.x_train[kept:],
        y_validation=data.y_train[kept:],
    )


def _check_classes(y, kept):
    labels = labels_of(np.asarray(y)) if y.ndim > 1 or y.dtype.kind in "iu" else y
    unseen = np.setdiff1d(labels[kept:], labels[:kept])
    if unseen.size:
        raise ValueError(
            f"validation_split takes the last {len(labels) - kept} of {len(labels)} samples, as "
            f"Keras does, but class {unseen[0]:g} occurs only there: the samples seem to be sorted "
            "by class. Shuffle x and y together first, or make the parts with "
            "dlkit.datasets.split(x, y, seed=0)."
        )
