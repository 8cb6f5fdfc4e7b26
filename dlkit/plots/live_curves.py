"""Curves of a run that goes on: the axes reach to its end from the first batch on."""

import numpy as np

from dlkit.plots.chart import Chart, Line, Panel, Points
from dlkit.plots.run_curves import NAMES, SINGLE
from dlkit.plots.style import TRAINING_DASH, VALIDATION_DASH


def live_curves(columns, epochs, within=((), ()), summary="Training has not begun."):
    """Return the loss, and the first other quantity, of a run that goes on, without checks.

    Training is solid and blue, validation dashed and red, as in every picture of the kit.

    Parameters
    ----------
    columns : mapping of str to list of float
        One value an epoch: ``loss``, ``val_loss``, ``accuracy`` …
    epochs : int
        Right end of the axis.
    within : pair of sequences
        Where within an epoch the running mean of the loss was looked at (in epochs, 0.5 is the
        middle of the first one), and the mean there.
    summary : str
        The text alternative.

    Returns
    -------
    Chart
    """
    names = ["loss", *(name for name in columns if not name.startswith("val_") and name != "loss")]
    names = [*names[:1], *sorted(names[1:], key=lambda name: name not in NAMES)[:1]]
    panels = [
        _panel(columns, name, epochs, within if name == "loss" else ((), ())) for name in names
    ]
    return Chart(panels, summary, width=380 * len(panels), height=310)


def _panel(columns, name, epochs, within):
    marks = (
        [Line(*within, "within an epoch", "grey", width=1, opacity=0.6)] if len(within[0]) else []
    )
    parts = ((name, "training", TRAINING_DASH), (f"val_{name}", "validation", VALIDATION_DASH))
    for (key, word, dash), color in zip(parts, SINGLE, strict=True):
        values = columns.get(key, ())
        at = np.arange(1, len(values) + 1)
        if len(values):
            marks.append(Line(at, values, word, color, dash))
        if len(values) == 1:  # a line of one point cannot be seen
            marks.append(Points(at, values, color=color, size=5))
    return Panel(
        marks,
        title=_title(columns, name),
        x_label="epoch (passes through the training data)",
        y_label=NAMES.get(name, name.replace("_", " ")),
        x_range=(0, 1.02 * max(epochs, 1)),
        y_range=(0, 1.02) if name == "accuracy" else _range(columns, name, within),
    )


def _title(columns, name):
    short = NAMES.get(name, name.replace("_", " ")).split(" (")[0]
    for key, word in ((f"val_{name}", "Validation"), (name, "Training")):
        if columns.get(key):
            return f"{word} {short} {columns[key][-1]:.3g} after epoch {len(columns[key])}"
    return f"{short.capitalize()}: no epoch done yet"


def _range(columns, name, within):
    """Return the range of the values so far, with zero in it; it grows, but does not jump about."""
    values = np.array([*columns.get(name, ()), *columns.get(f"val_{name}", ()), *within[1]], float)
    values = values[np.isfinite(values)]
    if not values.size:
        return (0, 1)
    low, high = min(0.0, values.min()), max(0.0, values.max())
    return (1.08 * low, 1.08 * high) if high > low else (0, 1)
