"""Predictions against the truth: confusion matrix, and predicted against true numbers."""

import numpy as np

from dlkit import checks
from dlkit.plots.chart import Chart, Heat, Line, Panel, Points, Text
from dlkit.plots.run_curves import say

MOST_CLASSES = 30


def confusion_matrix(y_true, y_pred, class_names=None, title=""):
    """Return the confusion matrix as a picture: how often each class was taken for which.

    Parameters
    ----------
    y_true : array_like, shape (samples,)
        True labels, 0 … classes − 1.
    y_pred : array_like, shape (samples,)
        Predicted labels.
    class_names : sequence of str, optional
        One per class; the numbers by default.
    title : str
        By default how many are right, and the commonest confusion.

    Returns
    -------
    Chart
        Rows are true classes, columns predicted ones.

    Raises
    ------
    TypeError, ValueError
        If the labels are no whole numbers from 0, or the lengths differ.
    """
    y_true, y_pred = labels("y_true", y_true), labels("y_pred", y_pred)
    checks.same_length(y_true=y_true, y_pred=y_pred)
    checks.text("title", title)
    found = int(max(y_true.max(), y_pred.max())) + 1
    names = class_names_for(found, class_names)
    if len(names) > MOST_CLASSES:
        raise ValueError(
            f"A matrix of {len(names)} classes cannot be read; {MOST_CLASSES} are the most."
        )
    from sklearn.metrics import confusion_matrix as count

    counts = count(y_true, y_pred, labels=range(len(names)))
    classes, top = len(names), max(int(counts.max()), 1)
    size = float(np.clip(150 / classes, 6, 13))
    marks = [Heat(counts, -0.5, classes - 0.5, classes - 0.5, -0.5, 0, top, color_map="sequential")]
    for row in range(classes):
        for column in range(classes):
            if counts[row, column] or classes <= 12:
                dark = counts[row, column] > 0.62 * top
                color = "#ffffff" if dark else "#111111"
                text = str(counts[row, column])
                marks.append(Text(column, classes - 1 - row, text, color=color, size=size))
    right, all_ = int(np.trace(counts)), int(counts.sum())
    sentence = f"{right} of {all_} right ({right / all_:.3f})"
    wrong = counts - np.diag(np.diag(counts))
    confusion = "no class is confused"
    if wrong.max() > 0:
        row, column = np.unravel_index(wrong.argmax(), wrong.shape)
        times = "once" if wrong.max() == 1 else f"{wrong.max()} times"
        confusion = f"most often {names[row]} taken for {names[column]} ({times})"
    panel = Panel(
        marks,
        title=title or f"{sentence};\n{confusion}",
        x_label="predicted class",
        y_label="true class",
        x_range=(-0.5, classes - 0.5),
        y_range=(-0.5, classes - 0.5),
        x_ticks=tuple(enumerate(names)),
        y_ticks=tuple((classes - 1 - row, name) for row, name in enumerate(names)),
    )
    per_class = ", ".join(
        f"{name} {counts[row, row]} of {counts[row].sum()}" for row, name in enumerate(names)
    )
    summary = f"Confusion matrix: {sentence}; {confusion}. Right per class: {per_class}."
    return Chart(panel, summary, width=440, height=430)


def predicted_against_true(y_true, y_pred, name="target", unit="", title=""):
    """Return predicted against true numbers, with the line on which all would lie if perfect.

    Parameters
    ----------
    y_true, y_pred : array_like, shape (samples,) or (samples, 1)
        True and predicted targets.
    name, unit : str
        What is predicted, and in which unit, for the axis labels.
    title : str
        By default R² and the root mean squared error.

    Returns
    -------
    Chart

    Raises
    ------
    TypeError, ValueError
        If the arrays are not finite numbers of one length.
    """
    y_true, y_pred = _numbers("y_true", y_true), _numbers("y_pred", y_pred)
    checks.same_length(y_true=y_true, y_pred=y_pred)
    for key, value in (("name", name), ("unit", unit), ("title", title)):
        if not isinstance(value, str):
            raise TypeError(f"{key} must be a string, but got {checks.describe(value)}.")
    rmse = float(np.sqrt(np.mean((y_true - y_pred) ** 2)))
    spread = float(np.sum((y_true - y_true.mean()) ** 2))
    sentence = f"Typical error (RMSE) {say(rmse)}" + (f" {unit}" if unit else "")
    if spread > 0:
        r2 = 1 - float(np.sum((y_true - y_pred) ** 2)) / spread
        sentence = f"R² = {r2:.3f}. {sentence}"
    low = float(min(y_true.min(), y_pred.min()))
    high = float(max(y_true.max(), y_pred.max()))
    margin = 0.05 * (high - low) or 0.5
    low, high = low - margin, high + margin
    suffix = f" ({unit})" if unit else " (its own units)"
    panel = Panel(
        (
            Line([low, high], [low, high], "perfect prediction", "grey", "dotted"),
            Points(y_true, y_pred, "samples", "blue", size=6, opacity=0.6),
        ),
        title=title or sentence.replace(". ", ".\n"),
        x_label=f"true {name}{suffix}",
        y_label=f"predicted {name}{suffix}",
        x_range=(low, high),
        y_range=(low, high),
        equal=True,
    )
    summary = (
        f"Predicted against true {name} for {len(y_true)} samples. {sentence}. True values from "
        f"{say(y_true.min())} to {say(y_true.max())}, predicted from {say(y_pred.min())} to "
        f"{say(y_pred.max())}."
    )
    return Chart(panel, summary, width=440, height=430)


def class_names_for(classes, class_names=None):
    """Return a name per class, their numbers by default, or raise if there are too few."""
    if class_names is None:
        return [str(label) for label in range(classes)]
    names = list(checks.texts("class_names", class_names))
    if len(names) < classes:
        raise ValueError(f"class_names must name {classes} classes, but has {len(names)} names.")
    return names


def labels(name, values):
    """Return class labels as int64 of shape (samples,), or raise unless they are 0, 1, 2 …"""
    values = checks.array(name, values, ndim=1)
    if (values != np.floor(values)).any() or values.min() < 0:
        raise ValueError(
            f"{name} must hold whole class labels from 0, but holds values from {values.min():g} "
            f"to {values.max():g}. Turn probabilities into labels with argmax(axis=1) first."
        )
    return values.astype("int64")


def _numbers(name, values):
    values = checks.array(name, values, ndim=(1, 2), dtype="float64")
    if values.ndim == 2 and values.shape[1] != 1:
        raise ValueError(
            f"{name} must hold one target per sample, but its shape is {values.shape}."
        )
    return values.ravel()
