"""Predictions and the measures of a report; the measures are scikit-learn's."""

import inspect

import numpy as np

from dlkit import checks


def predict(model, x):
    """Return the outputs of a model for ``x`` as float64, without any progress bar.

    Raises
    ------
    TypeError
        If ``model`` has no ``predict``.
    ValueError
        If an output is not a finite number.
    """
    if isinstance(model, type) or not callable(getattr(model, "predict", None)):
        raise TypeError(
            "model must be a Network, a Keras model, or an array of predictions, but got "
            f"{checks.describe(model)}."
        )
    quiet = {"verbose": 0} if "verbose" in inspect.signature(model.predict).parameters else {}
    outputs = np.asarray(model.predict(x, **quiet))
    if not np.isfinite(outputs).all():
        raise ValueError(
            "The model's predictions are not finite numbers: its weights have diverged. Rewind, "
            "lower learning_rate, and train again."
        )
    return outputs


def predicted_labels(outputs, shape, classes, logits=False):
    """Return class labels from the outputs of a classifier.

    Parameters
    ----------
    outputs : array_like
        One row of probabilities or logits per sample (…, classes); or one probability of class 1
        per sample, (samples,) or (samples, 1); or whole labels, (samples,).
    shape : tuple
        Shape of the true labels.
    classes : int
        How many classes there are.
    logits : bool
        Whether a single output is a logit (decided at 0) and no probability (decided at 0.5).

    Returns
    -------
    ndarray of int64, of ``shape``
    """
    outputs = checks.array("predictions", outputs)
    if outputs.shape == (*shape, classes):
        return outputs.argmax(axis=-1)
    if outputs.shape == (*shape, 1):
        outputs = outputs[..., 0]
    if outputs.shape != shape:
        raise ValueError(
            f"predictions must have shape {(*shape, classes)} (a row of probabilities each) or "
            f"{shape} (a label each), but their shape is {outputs.shape}."
        )
    if outputs.dtype.kind in "iub":
        if outputs.min() < 0 or outputs.max() >= classes:
            raise ValueError(
                f"predictions must be labels from 0 to {classes - 1}, but reach from "
                f"{outputs.min()} to {outputs.max()}."
            )
        return outputs.astype("int64")
    if classes != 2:
        raise ValueError(
            f"predictions must have one output per class ({classes}), but have a single one. "
            "Labels must be whole numbers: convert with .astype(int)."
        )
    logits = logits or outputs.min() < 0 or outputs.max() > 1
    return (outputs > (0.0 if logits else 0.5)).astype("int64")


def classification_metrics(y_true, y_pred, classes):
    """Return accuracy, macro and per-class precision, recall and F1, and the confusion matrix.

    The macro measures are means over the classes that occur, be it in the truth or in the
    predictions (``classes_averaged``), as scikit-learn's are. A class that is never predicted has
    precision 0.
    """
    from sklearn.metrics import accuracy_score, confusion_matrix, precision_recall_fscore_support

    every = list(range(classes))
    precision, recall, f1, samples = precision_recall_fscore_support(
        y_true, y_pred, labels=every, zero_division=0.0
    )
    occurring = np.union1d(y_true, y_pred)
    macro = [float(values[occurring].mean()) for values in (precision, recall, f1)]
    return {
        "accuracy": float(accuracy_score(y_true, y_pred)),
        "precision": macro[0],
        "recall": macro[1],
        "f1": macro[2],
        "classes_averaged": len(occurring),
        "per_class": [
            {
                "precision": float(precision[index]),
                "recall": float(recall[index]),
                "f1": float(f1[index]),
                "samples": int(samples[index]),
            }
            for index in every
        ],
        "confusion_matrix": confusion_matrix(y_true, y_pred, labels=every).tolist(),
    }


def regression_metrics(y_true, y_pred):
    """Return R² (None for a single sample), mean absolute and root mean squared error."""
    from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

    return {
        "r2": float(r2_score(y_true, y_pred)) if len(y_true) > 1 else None,
        "mae": float(mean_absolute_error(y_true, y_pred)),
        "rmse": float(root_mean_squared_error(y_true, y_pred)),
    }


def in_figures(value, usual=".3f"):
    """Return a number as text in the ``usual`` format; large and tiny ones so that they are read."""
    if 1e4 <= abs(value) < 1e12:
        return f"{value:,.0f}"
    return f"{value:.4g}" if abs(value) >= 1e12 or 0 < abs(value) < 5e-3 else f"{value:{usual}}"


def count_parameters(model):
    """Return how many numbers of a model are trained, or None if it does not tell."""
    parameters = getattr(model, "parameters", None)
    if isinstance(parameters, dict):
        return int(sum(values.size for values in parameters.values()))
    weights = getattr(model, "trainable_weights", None)
    if weights is not None:
        return int(sum(np.prod(weight.shape, dtype=int) for weight in weights))
    return None
