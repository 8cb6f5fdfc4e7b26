"""CTC: the loss of a sequence whose labels are known, but not when each of them comes."""

import numpy as np

from dlkit import checks
from dlkit.activations import softmax
from dlkit.ctc_alignments import BLANK, best_path, shares_of_classes, sum_alignments
from dlkit.loss_base import Loss


class CTC(Loss):
    """L = -log p(labels), p = Σ over all alignments of Π_t softmax(y_pred[t])[class at t].

    An alignment has one class per time step, 0 the blank; merging what repeats and then dropping
    the blanks makes the labels of it: ``0 1 1 0 1 2`` means ``1 1 2``. With ``states`` = blank,
    first label, blank, second label, …, blank and ``log_p[t, s]`` = log softmax(y_pred[t])[class
    of s]::

        log_alpha[t, s] = log_p[t, s] + log Σ exp log_alpha[t - 1, s, s - 1 and (skip) s - 2]
        log_beta[t, s] = log Σ exp (log_p + log_beta)[t + 1, s, s + 1 and (skip) s + 2]
        L = -log Σ_s exp(log_alpha[t, s] + log_beta[t, s]), the same at every t
        ∂L/∂y_pred[t, k] = softmax(y_pred[t])[k] - Σ_(s of class k) exp(log_alpha + log_beta + L)

    A blank between two labels may be skipped unless the two are equal. Everything is a logarithm,
    so that nothing underflows, however long the sequence and however large the logits.

    ``y_pred`` holds logits, as in Keras: put no softmax at the end of the network (PyTorch wants
    logarithms of probabilities, time first). The loss is the mean over the batch, as in Keras;
    PyTorch's ``reduction="mean"`` divides the loss of each sequence by its number of labels first.
    Labels that cannot be aligned, because there are fewer time steps than labels and blanks between
    equal ones, are refused: their loss is infinite in PyTorch, and a gradient there is none.

    Source: Graves, Fernández, Gomez and Schmidhuber (2006), "Connectionist temporal
    classification", equations 3 to 16; β here leaves out the probability at t.
    """

    task_type = "classification"

    def per_sample(self, y_true, y_pred, label_length=None, input_length=None):
        """Return the loss of each sequence, without checks: shape (batch,)."""
        return -self._aligned(y_true, y_pred, label_length, input_length)[0].log_likelihood

    def slope(self, y_true, y_pred, label_length=None, input_length=None):
        """Return ∂ per_sample / ∂ y_pred, without checks, in the shape of y_pred."""
        return _slope(y_pred, *self._aligned(y_true, y_pred, label_length, input_length))

    def value_and_gradient(self, y_true, y_pred, label_length=None, input_length=None):
        """Return the loss and its gradient at once, without checks (arguments as in a call)."""
        aligned = self._aligned(y_true, y_pred, label_length, input_length)
        return -float(np.mean(aligned[0].log_likelihood)), _slope(y_pred, *aligned) / len(y_pred)

    def __call__(self, y_true, y_pred, label_length=None, input_length=None):
        """Return the loss, the mean over the batch.

        Parameters
        ----------
        y_true : array_like of int
            (batch, labels): classes from 1 on, padded with 0 at the end.
        y_pred : array_like
            (batch, time, classes): logits; class 0 is the blank.
        label_length : array_like of int, optional
            (batch,): how many labels each sequence has; by default those that are not 0.
        input_length : array_like of int, optional
            (batch,): how many time steps each sequence has; by default all.

        Returns
        -------
        float

        Raises
        ------
        TypeError, ValueError
            If shapes or classes do not fit, or a sequence is too short for its labels.
        """
        lengths = label_length, input_length
        y_true, y_pred, _ = self.check(y_true, y_pred, *lengths)
        return float(np.mean(self.per_sample(y_true, y_pred, *lengths)))

    def gradient(self, y_true, y_pred, label_length=None, input_length=None):
        """Return ∂loss/∂y_pred, in the shape of ``y_pred`` (arguments as in a call).

        Returns
        -------
        numpy.ndarray, shape of y_pred
            0 at time steps after ``input_length``.
        """
        lengths = label_length, input_length
        y_true, y_pred, dtype = self.check(y_true, y_pred, *lengths)
        return (self.slope(y_true, y_pred, *lengths) / len(y_pred)).astype(dtype)

    def targets(self, y_true, y_pred):
        """Return y_true as whole numbers, (batch, labels)."""
        return np.asarray(y_true).astype(np.int64, copy=False)

    def metrics(self, y_true, y_pred):
        """Return the share of sequences whose likeliest alignment gives all labels, unchecked."""
        truth = self.targets(y_true, y_pred)
        pairs = zip(best_path(y_pred), truth, strict=True)
        right = [np.array_equal(found, labels[labels != BLANK]) for found, labels in pairs]
        return {"accuracy": float(np.mean(right))}

    def check(self, y_true, y_pred, label_length=None, input_length=None):
        """Return (y_true, y_pred, dtype of the gradient), ready for the formulas, or say why not.

        Raises
        ------
        TypeError, ValueError
            As in a call.
        """
        y_true, y_pred, dtype = super().check(y_true, y_pred)
        samples, time = y_pred.shape[:2]
        if label_length is not None:
            _check_length("label_length", label_length, samples, 0, y_true.shape[1])
        if input_length is not None:
            _check_length("input_length", input_length, samples, 1, time)
        _check_alignable(y_true, *_lengths(y_true, y_pred, label_length, input_length))
        return y_true, y_pred, dtype

    def check_shapes(self, y_true, y_pred):
        """Raise ``ValueError`` unless there is a row of labels for each sequence of logits."""
        if y_pred.ndim != 3 or y_pred.shape[-1] < 2:
            raise ValueError(
                "y_pred must have shape (batch, time, classes) with 2 or more classes, the blank "
                f"among them, but its shape is {y_pred.shape}."
            )
        if y_true.ndim != 2 or len(y_true) != len(y_pred):
            raise ValueError(
                "y_true must have shape (batch, labels), padded with 0, and one row for each "
                f"sequence of y_pred, but its shape is {y_true.shape}, and y_pred's {y_pred.shape}."
            )
        if y_true.dtype.kind == "f" and np.any(y_true % 1 != 0):
            raise ValueError(
                "y_true must hold whole-number class labels, but holds "
                f"{y_true[y_true % 1 != 0].flat[0]:.6g}."
            )

    def check_domain(self, y_true, y_pred):
        """Raise ``ValueError`` unless all labels are classes."""
        classes = y_pred.shape[-1]
        if y_true.min() < 0 or y_true.max() >= classes:
            raise ValueError(
                f"y_true must hold classes from 1 to {classes - 1} (y_pred has {classes}, with the "
                f"blank), padded with 0, but they reach from {y_true.min()} to {y_true.max()}."
            )

    def _aligned(self, y_true, y_pred, label_length, input_length):
        """Return the alignments, and how long each sequence of logits is."""
        y_true = self.targets(y_true, y_pred)
        lengths = _lengths(y_true, y_pred, label_length, input_length)
        return sum_alignments(y_true, y_pred, *lengths), lengths[1]


def _slope(y_pred, alignments, input_length):
    slope = softmax.forward(y_pred.astype(np.float64))
    slope -= shares_of_classes(alignments, y_pred.shape[-1])
    within = np.arange(y_pred.shape[1]) < input_length[:, np.newaxis]
    return np.where(within[..., np.newaxis], slope, 0.0).astype(y_pred.dtype)


def _lengths(y_true, y_pred, label_length=None, input_length=None):
    """Return both lengths as arrays, (batch,), defaults filled in."""
    samples, time = y_pred.shape[:2]
    labels = np.sum(y_true != BLANK, axis=1) if label_length is None else label_length
    steps = np.full(samples, time) if input_length is None else input_length
    return np.asarray(labels).astype(np.int64), np.asarray(steps).astype(np.int64)


def _check_length(name, length, samples, least, longest):
    length = checks.array(name, length, shape=(samples,))
    if np.any(length % 1 != 0) or length.min() < least or length.max() > longest:
        raise ValueError(
            f"{name} must hold whole numbers from {least} to {longest}, but they reach from "
            f"{length.min():g} to {length.max():g}."
        )


def _check_alignable(labels, label_length, input_length):
    """Raise ``ValueError`` if labels stand behind a 0, or a sequence is too short for them."""
    inside = np.arange(labels.shape[1]) < label_length[:, np.newaxis]
    gaps = np.flatnonzero(np.any(inside & (labels == BLANK), axis=1))
    if gaps.size:
        raise ValueError(
            f"y_true must be padded with 0 at the end alone, because 0 is the blank, but sequence "
            f"{gaps[0]} is {labels[gaps[0]].tolist()} with {label_length[gaps[0]]} labels."
        )
    equal = (labels[:, 1:] == labels[:, :-1]) & inside[:, 1:]
    needed = label_length + equal.sum(axis=1)
    short = np.flatnonzero(needed > input_length)
    if short.size:
        row = short[0]
        raise ValueError(
            f"y_true cannot be aligned with y_pred: sequence {row} has {label_length[row]} labels, "
            f"{equal[row].sum()} of them like the one before, and needs {needed[row]} time steps "
            f"or more, but has {input_length[row]}. Give it more time steps, or leave it out."
        )
