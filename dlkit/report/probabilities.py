"""What probabilities tell beyond the decided class: ROC curves and calibration, by scikit-learn."""

import numpy as np

BINS = 10
MOST_POINTS = 101  # of a stored curve: more cannot be seen


def probabilities(outputs, shape, classes, logits=False):
    """Return the probability of each class, or None if the outputs are decided labels already.

    Parameters
    ----------
    outputs : array_like
        As for `predicted_labels`, which has accepted them.
    shape : tuple
        Shape of the true labels.
    classes : int
        How many classes there are.
    logits : bool
        Whether a single output is a logit.

    Returns
    -------
    numpy.ndarray or None
        (labels, classes), float64, rows that sum to 1. Rows that do not lie in 0 … 1 or do not
        sum to 1 are taken as logits z: softmax(z), or 1 / (1 + exp(−z)) for a single one.
    """
    outputs = np.asarray(outputs)
    if outputs.shape != (*shape, classes):
        if outputs.dtype.kind in "iub":
            return None
        outputs = outputs.reshape(-1).astype("float64")
        if logits or outputs.min() < 0 or outputs.max() > 1:
            outputs = 1 / (1 + np.exp(-np.clip(outputs, -700, 700)))
        return np.stack([1 - outputs, outputs], axis=1)
    rows = outputs.reshape(-1, classes).astype("float64")
    if rows.min() < 0 or np.abs(rows.sum(axis=1) - 1).max() > 1e-3:
        rows = np.exp(rows - rows.max(axis=1, keepdims=True))
    return rows / rows.sum(axis=1, keepdims=True)


def roc(y_true, found):
    """Return ROC curves, one class against the rest, with the areas under them.

    Parameters
    ----------
    y_true : numpy.ndarray, shape (labels,)
        True classes.
    found : numpy.ndarray, shape (labels, classes)
        Their probabilities.

    Returns
    -------
    dict
        ``auc``, of class 1 where there are two, else the mean over the classes that can be judged
        (None if there is none); ``classes``, a row for each with ``label``, ``auc``,
        ``false_positive_rate`` and ``true_positive_rate`` (shares, 0 … 1, of at most 101 points).
        A class that is always or never the true one has ``auc`` None and an empty curve.
    """
    from sklearn.metrics import auc, roc_curve

    rows = []
    for label in [1] if found.shape[1] == 2 else range(found.shape[1]):
        row = {"label": label, "auc": None, "false_positive_rate": [], "true_positive_rate": []}
        truth = y_true == label
        if truth.any() and not truth.all():
            false, true, _ = roc_curve(truth, found[:, label])
            row["auc"] = float(auc(false, true))
            kept = np.unique(np.linspace(0, len(false) - 1, MOST_POINTS).round().astype(int))
            row["false_positive_rate"] = false[kept].tolist()
            row["true_positive_rate"] = true[kept].tolist()
        rows.append(row)
    judged = [row["auc"] for row in rows if row["auc"] is not None]
    return {"auc": float(np.mean(judged)) if judged else None, "classes": rows}


def calibration(y_true, found, bins=BINS):
    """Return how far the probability of the decided class can be believed.

    The labels are put into bins of equal width by that probability, the confidence::

        ECE = Σ_b  n_b / n · |accuracy_b − confidence_b|

    Parameters
    ----------
    y_true, found : numpy.ndarray
        As for `roc`.
    bins : int
        How many.

    Returns
    -------
    dict
        ``expected_calibration_error`` (0 is perfect), ``overconfidence`` (mean confidence minus
        accuracy; above 0: too sure of itself), and for each bin that is not empty ``confidence``,
        ``accuracy`` and ``samples``.

    Source: C. Guo et al., "On calibration of modern neural networks", 2017, equation 3.
    """
    from sklearn.calibration import calibration_curve

    confidence = np.minimum(found.max(axis=1), 1.0)
    right = found.argmax(axis=1) == y_true
    accuracies, means = calibration_curve(right, confidence, n_bins=bins)
    # the same bins as scikit-learn's, which leaves out the empty ones
    inner = np.linspace(0, 1, bins + 1)[1:-1]
    samples = np.bincount(np.searchsorted(inner, confidence), minlength=bins)
    samples = samples[samples > 0]
    error = float(np.sum(samples * np.abs(accuracies - means)) / len(y_true))
    return {
        "expected_calibration_error": error,
        "overconfidence": float(confidence.mean() - right.mean()),
        "confidence": means.tolist(),
        "accuracy": accuracies.tolist(),
        "samples": samples.tolist(),
    }
