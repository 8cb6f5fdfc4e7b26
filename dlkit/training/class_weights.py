"""Class weights: samples of one class count more than those of another while a network trains."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from dlkit import checks
from dlkit.loss_base import Loss

_EXAMPLE = "Write {0: 1.0, 1: 5.0}, for example; a class that is left out has weight 1."


def check_class_weight(class_weight):
    """Return a read-only copy, whole-number label → weight, or say what is wrong.

    Parameters
    ----------
    class_weight : dict
        Labels may be texts of digits, as JSON holds them.

    Returns
    -------
    mappingproxy

    Raises
    ------
    TypeError, ValueError
        If it is no such dictionary, a label is no whole number from 0 on, or a weight is below 0.
    """
    if not isinstance(class_weight, Mapping):
        raise TypeError(
            f"class_weight must be a dictionary, but got {checks.describe(class_weight)}. "
            f"{_EXAMPLE}"
        )
    found = {}
    for label, weight in class_weight.items():
        plain = int(label) if isinstance(label, str) and label.isdecimal() else label
        if isinstance(plain, bool) or not isinstance(plain, int | np.integer) or plain < 0:
            raise ValueError(
                "class_weight must have class labels as keys, whole numbers from 0 on, but got "
                f"the key {checks.describe(label)}. {_EXAMPLE}"
            )
        found[int(plain)] = checks.number(f"class_weight[{int(plain)}]", weight, minimum=0)
    if not any(found.values()):
        raise ValueError(
            "class_weight must give one class at least a weight above 0, but got "
            f"{checks.describe(found)}. {_EXAMPLE}"
        )
    return MappingProxyType(found)


def check_labels(class_weight, classes, task_type):
    """Raise ``ValueError`` unless the data have classes, and every label with a weight is one."""
    if task_type != "classification":
        raise ValueError(
            "class_weight is for classification, but the data are for regression. Leave it out."
        )
    unknown = [label for label in class_weight if label >= classes]
    if unknown:
        raise ValueError(
            f"class_weight must have labels from 0 to {classes - 1} as keys (the data have "
            f"{classes} classes), but has {unknown[0]}."
        )


def weight_table(class_weight, classes):
    """Return the weight of each class, shape (classes,), float64; 1 where none is given."""
    return np.array([class_weight.get(label, 1.0) for label in range(classes)])


def labels_of(targets):
    """Return the class labels in targets, whole numbers, without an axis of outputs.

    Parameters
    ----------
    targets : numpy.ndarray
        Whole-number labels, or one column of numbers (0 or 1; -1 counts as 0), or one-hot rows.
    """
    if targets.dtype.kind in "iu":
        return targets
    if targets.shape[-1] == 1:
        return (targets[..., 0] > 0.5).astype(np.int64)
    return targets.argmax(axis=-1)


class WeightedLoss(Loss):
    """L = mean_i w(c_i) l_i: a loss in which each sample counts by its class, as in Keras.

    The mean is over the number of samples, not over the sum of their weights. Metrics are those of
    the loss inside, unweighted.

    Parameters
    ----------
    loss : Loss
        l_i, the loss of each sample.
    table : numpy.ndarray
        w, shape (classes,).
    """

    def __init__(self, loss, table):
        self.loss, self.table = loss, table
        self.task_type, self.from_logits = loss.task_type, loss.from_logits
        self.fuses_with = loss.fuses_with

    def on_logits(self):
        """Return the same loss for logits, as `Crossentropy.on_logits`."""
        return WeightedLoss(self.loss.on_logits(), self.table)

    def targets(self, y_true, y_pred):
        return self.loss.targets(y_true, y_pred)

    def per_sample(self, y_true, y_pred):
        return self._weights(y_true, y_pred) * self.loss.per_sample(y_true, y_pred)

    def slope(self, y_true, y_pred):
        weights = self._weights(y_true, y_pred)[..., np.newaxis]
        return weights * self.loss.slope(y_true, y_pred)

    def value_and_gradient(self, y_true, y_pred):
        # the loss inside may share its exponentials between value and gradient
        _, gradient = self.loss.value_and_gradient(y_true, y_pred)
        y_true = self.targets(y_true, y_pred)
        weights = self._weights(y_true, y_pred)
        value = float(np.mean(weights * self.loss.per_sample(y_true, y_pred)))
        return value, gradient * weights[..., np.newaxis]

    def _weights(self, y_true, y_pred):
        return self.table[labels_of(y_true)].astype(y_pred.dtype, copy=False)

    def metrics(self, y_true, y_pred):
        return self.loss.metrics(y_true, y_pred)

    def arguments(self):
        return {"loss": self.loss, "table": self.table}
