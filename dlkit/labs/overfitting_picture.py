"""The picture of the overfitting lab: the fit or the surface, and both curves with their gap."""

import math

import numpy as np

from dlkit.display.numbers import fixed, percent
from dlkit.labs.overfitting_model import FRAMES, PROBLEMS, truth
from dlkit.plots.chart import Band, Chart, Heat, Line, Panel, Points
from dlkit.plots.run_curves import NAMES, SINGLE
from dlkit.plots.style import TRAINING_DASH, VALIDATION_DASH

PLACES = np.linspace(-3, 3, 241)
_MARKERS, _COLORS = ("circle", "triangle"), ("blue", "vermillion")
_DRAWN = 220  # points of a curve
_FLOORS = {"curve": 0.75, "moons": 0.9, "circles": 0.9, "digits": 2.4}  # of the loss axis


def overfitting_chart(data, run, reference, epochs, words):
    """Return what the network answers at the left, and its losses at the right.

    Parameters
    ----------
    data : Data
        The training points and the validation part.
    run : Measured
        The present run; without epochs before the first Start.
    reference : Measured or None
        An earlier run on the same problem, drawn in grey.
    epochs : int
        Right end of the axis of epochs.
    words : str
        The text alternative.

    Returns
    -------
    Chart
    """
    left = {"curve": _fit, "digits": _accuracy}.get(data.name, _surface)
    panels = (left(data, run, reference, epochs), _losses(data, run, reference, epochs))
    return Chart(panels, words, width=760, height=400)


def _fit(data, run, reference, epochs):
    x, y = data.x_validation[:, 0], data.y_validation[:, 0]
    marks = [
        Points(x, y, "validation", SINGLE[1], "triangle", 5, opacity=0.35),
        Line(PLACES, truth(PLACES), "truth", "text", "dotted", 1.5),
    ]
    if reference is not None and reference.answers is not None:
        marks.append(Line(PLACES, reference.answers, "reference fit", "grey", width=2, opacity=0.8))
    if run.answers is not None:
        marks.append(Line(PLACES, run.answers, "fit", "green", width=3))
    marks.append(Points(data.x_train[:, 0], data.y_train[:, 0], "training", SINGLE[0], size=8))
    return Panel(
        marks,
        title=_fit_title(data, run),
        x_label="x",
        y_label="y",
        x_range=(-3.1, 3.1),
        y_range=(-2.4, 2.4),
    )


def _fit_title(data, run):
    if run.answers is None:
        noisy = "noisy " if run.settings["noise"] else ""
        return f"{len(data.x_train)} {noisy}points of one curve"
    off = float(np.sqrt(np.mean((run.answers - truth(PLACES)) ** 2)))
    return f"The fit is {off:.2f} off the truth (root mean square)"


def _surface(data, run, reference, epochs):
    x0, x1, y0, y1 = FRAMES[data.name]
    marks = []
    if run.answers is not None:
        marks.append(Heat(run.answers, x0, x1, y0, y1, low=0, high=1, opacity=0.5))
    for label in (0, 1):
        chosen = data.x_validation[data.y_validation == label]
        marks.append(
            Points(
                *chosen.T, f"class {label}, validation", _COLORS[label], _MARKERS[label], 5,
                opacity=0.45, filled=False,
            )
        )  # fmt: skip
    for label in (0, 1):
        chosen = data.x_train[data.y_train == label]
        marks.append(
            Points(*chosen.T, f"class {label}, training", _COLORS[label], _MARKERS[label], 9)
        )
    title = f"{len(data.x_train)} points of two classes to train on"
    if run.epochs:
        title = _right(run)
    return Panel(
        marks, title=title, x_label="x1", y_label="x2",
        x_range=(x0, x1), y_range=(y0, y1), equal=True,
    )  # fmt: skip


def _accuracy(data, run, reference, epochs):
    title = "Accuracy, before the end of the first epoch"
    if run.epochs:
        title = _right(run)
    marks = _pair("accuracy", run, reference)
    return Panel(marks, title=title, y_label=NAMES["accuracy"], y_range=(0, 1.02), **_axis(epochs))


def _right(run):
    shares = (percent(run.numbers[name]) for name in ("accuracy", "val_accuracy"))
    return "{} right in training, {} in validation".format(*shares)


def _losses(data, run, reference, epochs):
    title = "Loss, before the end of the first epoch"
    if run.epochs:
        title = f"Gap {fixed(run.gap, 3)}{_finding(run, reference)}"
    return Panel(
        _pair("loss", run, reference),
        title=title,
        y_label="mean squared error" if PROBLEMS[data.name].task == "regression" else NAMES["loss"],
        y_range=(0, _top(data.name, run, reference)),
        **_axis(epochs),
    )


def _finding(run, reference):
    best = run.best
    if reference is not None and reference.gap is not None:
        return f" (reference {fixed(reference.gap, 3)})"
    if run.kept is not None:
        return f": stopped, back at epoch {run.kept}"
    if best is not None and best[0] < 0.6 * run.epochs:
        return f": validation was best in epoch {best[0]}"
    return f" after epoch {run.epochs}"


def _pair(key, run, reference):
    marks = []
    if reference is not None:
        marks += _curves(key, reference, ("grey", "grey"), ("reference", ""), 1.5)
    if run.epochs:
        at = _drawn_epochs(run.epochs)
        low, high = (np.array(run.columns[name])[at - 1] for name in (key, f"val_{key}"))
        marks.append(Band(at, low, high, "gap", "orange", opacity=0.25))
    marks += _curves(key, run, SINGLE, ("training", "validation"), 2.2)
    best = run.best
    if best is not None:
        value = run.columns[f"val_{key}"][best[0] - 1]
        marks.append(
            Points([best[0]], [value], "best epoch", SINGLE[1], "diamond", 11, filled=False)
        )
    return marks


def _curves(key, run, colors, labels, width):
    at, dashes = _drawn_epochs(run.epochs), (TRAINING_DASH, VALIDATION_DASH)
    for name, color, label, dash in zip((key, f"val_{key}"), colors, labels, dashes, strict=True):
        values = np.array(run.columns.get(name, ()))[at - 1]
        yield Line(at, values, label, color, dash, width, opacity=0.9)
        if run.epochs == 1:  # a line of one point is invisible
            yield Points(at, values, color=color, size=5)


def _drawn_epochs(epochs):
    """Return which epochs are drawn: all of a short run, else as many as a log axis can show."""
    if epochs <= _DRAWN:
        return np.arange(1, epochs + 1)
    return np.unique(np.geomspace(1, epochs, _DRAWN).round().astype(int))


def _axis(epochs):
    """Return range and ticks of the axis of epochs; a long run is drawn over log(epoch)."""
    if epochs <= 100:
        return {"x_label": "epoch", "x_range": (0, 1.02 * epochs)}
    ticks = [10**power for power in range(int(math.log10(epochs)) + 1) if 10**power < 0.5 * epochs]
    return {
        "x_label": "epoch (logarithmic)",
        "x_range": (1, 1.03 * epochs),
        "x_scale": "log",
        "x_ticks": tuple((float(at), str(at)) for at in (*ticks, epochs)),
    }


def _top(problem, run, reference):
    """Return the upper end of the loss axis; it grows in leaps, so that nothing creeps."""
    top, runs = _FLOORS[problem], [run] + ([reference] if reference is not None else [])
    highest = [values[-1] for each in runs for values in each.columns.values() if len(values)]
    highest = max([value for value in highest if np.isfinite(value)], default=0.0)
    while 1.02 * highest > top and top < 1e6:
        top *= 1.5
    return top
