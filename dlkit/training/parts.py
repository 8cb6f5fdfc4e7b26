"""The data of a run in the form that a network takes, and the loss that fits them."""

import dataclasses

import numpy as np

from dlkit import checks, losses, network_checks
from dlkit.datasets import Data

PARTS = ("train", "validation")


@dataclasses.dataclass(frozen=True)
class TrainingParts:
    """What an engine needs of a `Data`, for ``fit`` without validation data.

    Parameters
    ----------
    x_train, y_train : numpy.ndarray
        Inputs and truth, first axis the samples.
    x_validation, y_validation : numpy.ndarray, optional
        The same for validation; None if there are none.
    task_type : str
        ``"classification"`` or ``"regression"``.
    """

    x_train: np.ndarray
    y_train: np.ndarray
    x_validation: np.ndarray | None = None
    y_validation: np.ndarray | None = None
    task_type: str = "classification"


def check_data(data):
    """Return ``data`` if it is a `Data` or `TrainingParts`, or raise ``TypeError``."""
    if not isinstance(data, Data | TrainingParts):
        raise TypeError(
            f"data must be a Data, but got {checks.describe(data)}. Make one with "
            "Data(x_train, y_train, x_validation, y_validation), or dlkit.datasets.digits()."
        )
    return data


def loss_for(network, data, loss=None):
    """Return the loss that fits the task and the last activation.

    Parameters
    ----------
    network : Network
        Its last activation decides whether a cross-entropy sees probabilities or logits.
    data : Data or TrainingParts
        Its task decides: mean squared error for regression, else cross-entropy, binary for one
        output, categorical for one-hot labels, sparse categorical for whole numbers.
    loss : str or Loss, optional
        A name, which takes ``from_logits`` after the last activation too; a loss object is taken
        as it is.

    Returns
    -------
    Loss
    """
    if loss is None:
        loss = "mean_squared_error"
        if data.task_type == "classification":
            one_hot = data.y_train.shape[1:] == tuple(network.output_shape)
            loss = "categorical_crossentropy" if one_hot else "sparse_categorical_crossentropy"
            loss = "binary_crossentropy" if network.output_shape[-1] == 1 else loss
    if isinstance(loss, str) and loss.endswith("crossentropy"):
        logits = network.output_activation not in ("softmax", "sigmoid")
        return losses.get(loss, from_logits=logits)
    return losses.get(loss)


def checked_parts(network, data, loss):
    """Return (x, y) of each part in the network's dtype, checked against network and loss.

    Parameters
    ----------
    network : Network
        Its input and output shapes must fit.
    data : Data or TrainingParts
        The data.
    loss : Loss
        Says which truth it takes.

    Returns
    -------
    dict
        ``"train"`` and ``"validation"`` to (x, y), or to None where there are no such data.

    Raises
    ------
    TypeError, ValueError
        If shapes do not fit, or labels are out of range, or a number is not finite.
    """
    parts = {}
    for part in PARTS:
        x, y = getattr(data, f"x_{part}"), getattr(data, f"y_{part}")
        if x is None:
            parts[part] = None
            continue
        x = network_checks.check_inputs(network, x, f"x_{part}")
        if tuple(network.output_shape) == (1,) and data.task_type == "classification":
            y = y.argmax(axis=-1) if y.ndim == 2 and y.shape[-1] == 2 else y  # one-hot, two classes
        try:
            parts[part] = network_checks.check_batch(network, x, y, loss)[:2]
        except (TypeError, ValueError) as error:
            raise type(error)(f"y_{part} does not fit the network and its loss: {error}") from None
    return parts
