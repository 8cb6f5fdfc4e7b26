"""The worst mistakes of a run, as rows, and as pictures where the inputs are images."""

import numpy as np

MOST = 12
MOST_FEATURES = 8


def wrong_classes(y_true, y_pred, found, most=MOST):
    """Return the worst mistakes of a classifier: those with the least chance for the true class.

    Parameters
    ----------
    y_true, y_pred : numpy.ndarray, shape (labels,)
        True and decided classes.
    found : numpy.ndarray, shape (labels, classes), or None
        Probabilities; without them the first mistakes are taken.
    most : int
        How many at most.

    Returns
    -------
    list of dict
        ``row`` (counted from 0), ``true``, ``predicted``, and with probabilities
        ``probability`` of the decided class and ``probability_of_true``.
    """
    rows = np.flatnonzero(y_true != y_pred)
    if found is not None:
        chance = found[rows, y_true[rows]]
        rows = rows[np.argsort(chance, kind="stable")]
    mistakes = []
    for row in rows[:most]:
        mistake = {"row": int(row), "true": int(y_true[row]), "predicted": int(y_pred[row])}
        if found is not None:
            mistake["probability"] = float(found[row, y_pred[row]])
            mistake["probability_of_true"] = float(found[row, y_true[row]])
        mistakes.append(mistake)
    return mistakes


def wrong_numbers(y_true, y_pred, most=MOST):
    """Return the predictions that lie farthest from the truth.

    Parameters
    ----------
    y_true, y_pred : numpy.ndarray, shape (samples, outputs)
        True and predicted targets.
    most : int
        How many at most.

    Returns
    -------
    list of dict
        ``row`` (counted from 0), ``true``, ``predicted`` and ``error`` = predicted − true; of
        several outputs the worst one, whose number is ``output``.
    """
    errors = y_pred - y_true
    outputs = np.abs(errors).argmax(axis=1)
    sizes = np.abs(errors).max(axis=1)
    mistakes = []
    for row in np.argsort(-sizes, kind="stable")[:most]:
        output = outputs[row]
        if errors[row, output] == 0:
            break
        numbers = y_true[row, output], y_pred[row, output], errors[row, output]
        mistake = dict(zip(("true", "predicted", "error"), map(float, numbers), strict=True))
        several = {"output": int(output)} if y_true.shape[1] > 1 else {}
        mistakes.append({"row": int(row), **several, **mistake})
    return mistakes


def as_images(x, rows):
    """Return the images in some rows of ``x`` as grey values, or None if they are no images.

    Parameters
    ----------
    x : numpy.ndarray
        Inputs; images have shape (samples, height, width, channels).
    rows : sequence of int
        Which ones.

    Returns
    -------
    numpy.ndarray or None
        (rows, height, width); the mean over the channels.
    """
    if x.ndim != 4 or min(x.shape[1:3]) < 2 or x.shape[3] not in (1, 3, 4) or not len(rows):
        return None
    return x[list(rows), ..., : min(x.shape[3], 3)].astype("float64").mean(axis=-1)


def features_of(data, x, rows):
    """Return the names of the first inputs, and their values in some rows, for a table.

    Parameters
    ----------
    data : Data
        Has the names.
    x : numpy.ndarray
        Inputs of the part at hand.
    rows : sequence of int
        Which ones.

    Returns
    -------
    tuple of str, list of list of float
        Both empty unless an input is a row of numbers.
    """
    if x.ndim != 2:
        return (), [[] for _ in rows]
    count = min(x.shape[1], MOST_FEATURES)
    names = data.feature_names or tuple(f"input {index}" for index in range(x.shape[1]))
    return tuple(names[:count]), [x[row, :count].tolist() for row in rows]
