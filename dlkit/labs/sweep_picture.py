"""The picture of the sweep lab: the map at the left, the runs of the chosen cell at the right."""

import math

import numpy as np

from dlkit.labs.sweep_model import BATCH_SIZES, RATES
from dlkit.plots.chart import Chart, Heat, Line, Panel, Text
from dlkit.plots.style import TRAINING_DASH, VALIDATION_DASH

NAMES = {
    "val_accuracy": "validation accuracy",
    "val_mae": "validation error",
    "val_loss": "validation loss",
    "loss": "training loss",
}
SHORT = {"val_accuracy": "accuracy", "val_mae": "error", "val_loss": "loss", "loss": "loss"}
_FRAME_X = np.array([-0.47, 0.47, 0.47, -0.47, -0.47])
_FRAME_Y = np.array([-0.46, -0.46, 0.46, 0.46, -0.46])
_WIDTH, _HEIGHT, _SHARES = 780, 380, (1.5, 1)


def sweep_chart(found, metric, cell, summary):
    """Return the map of a sweep and the curves of one of its cells.

    Parameters
    ----------
    found : SweepMap or None
        None before anything is computed: the map is empty.
    metric : str
        One of ``METRICS``.
    cell : tuple of int
        Row (batch size) and column (learning rate) of the chosen cell.
    summary : str
        The text alternative.

    Returns
    -------
    Chart
    """
    panels = (_map(found, metric, cell), _curves(found, cell))
    return Chart(panels, summary, width=_WIDTH, height=_HEIGHT, shares=_SHARES)


def written(value, name):
    """Return a number as a cell shows it: per cent for an accuracy, three digits for a loss."""
    if not math.isfinite(value):
        return "–"
    return f"{100 * value:.1f}" if name == "val_accuracy" else f"{value:.3g}"


def _map(found, metric, cell):
    marks, title = [], "Nothing computed yet: press Start"
    if found is not None:
        values, name, higher, texts = _cells(found, metric)
        marks.append(_heat(values, higher, found, metric))
        shades = _shades(values, higher, found, metric)
        for (i, j), lines in texts.items():
            dark = shades[i, j] > 0.72
            color = "#ffffff" if dark else "#111111"
            marks += [
                Text(j, i + 0.17 if lines[1] else i, lines[0], color=color, size=12, bold=True),
                Text(j, i - 0.2, lines[1], color=color, size=10),
            ]
        for i, j in np.argwhere(found.as_good(metric)):
            marks.append(Line(j + _FRAME_X, i + _FRAME_Y, color="orange", width=1.6, dash="dashed"))
        best = found.best(metric)
        title = f"Best {SHORT[name]} {result(found, metric, best)}: {_place(best)}"
        if metric == "spread":
            title = _spreads(values, name)
        marks.append(Line(best[1] + _FRAME_X, best[0] + _FRAME_Y, color="vermillion", width=3))
    inner = 0.86
    marks.append(
        Line(cell[1] + inner * _FRAME_X, cell[0] + inner * _FRAME_Y, color="purple", width=3)
    )
    return Panel(
        marks,
        title=title,
        x_label="learning rate (length of a step)",
        y_label="batch size (samples a step)",
        x_range=(-0.5, len(RATES) - 0.5),
        y_range=(-0.5, len(BATCH_SIZES) - 0.5),
        x_ticks=tuple((i, f"{rate:g}") for i, rate in enumerate(RATES)),
        y_ticks=tuple((i, str(size)) for i, size in enumerate(BATCH_SIZES)),
        legend=False,
    )


def _cells(found, metric):
    """Return what the colours show, what it is called, whether higher is better, and the texts."""
    name, higher = found.measure(metric)
    mean, spread = found.statistics(metric)
    diverged, texts = found.diverged, {}
    for i, j in np.ndindex(mean.shape):
        below = f"± {written(spread[i, j], name)}" if np.isfinite(spread[i, j]) else ""
        first = written(mean[i, j], name)
        if metric == "spread":
            first, below = written(spread[i, j], name), ""
        if diverged[i, j]:
            first, below = (
                ("NaN" if diverged[i, j] == found.settings.seeds else first),
                (f"{diverged[i, j]} of {found.settings.seeds} NaN"),
            )
        texts[i, j] = (first, below)
    if metric == "spread":
        return spread, name, False, texts
    return mean, name, higher, texts


def _shades(values, higher, found, metric):
    """Return the colour of each cell from 0 (bad) to 1 (good), on a scale that stays put.

    An accuracy is shown by its error on a logarithmic scale, since the step from 95 to 97 % counts
    as much as that from 50 to 70 %.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        if higher:
            return np.clip(-np.log10(np.maximum(1 - values, 1e-3)) / 1.8, 0, 1)
        if metric == "spread":
            return np.clip(np.nan_to_num(values / 0.25), 0, 1)
        finite = np.where(np.isfinite(values), values, np.inf)
        top = max(_start(found), 1e-12)
        return np.clip(-np.log10(np.maximum(finite / top, 1e-9)) / 1.8, 0, 1)


def _heat(values, higher, found, metric):
    shades = _shades(values, higher, found, metric)
    rows, columns = values.shape
    return Heat(shades, -0.5, columns - 0.5, -0.5, rows - 0.5, 0.0, 1.0, "sequential")


def _start(found):
    """Return the loss that the runs start from: the median of the first batches' losses."""
    firsts = [
        run.batch_losses[0] for row in found.histories for cell in row for run in cell
        if len(run.batch_losses) and np.isfinite(run.batch_losses[0])
    ]  # fmt: skip
    return float(np.median(firsts)) if firsts else 1.0


def result(found, metric, cell):
    """Return mean and spread of a cell in words; the mean alone where there is no spread."""
    name, _ = found.measure(metric)
    mean, spread = found.statistics(metric)
    unit = " %" if name == "val_accuracy" else ""
    chance = f" ± {written(spread[cell], name)}" if np.isfinite(spread[cell]) else ""
    return f"{written(mean[cell], name)}{chance}{unit}"


def _spreads(values, name):
    """Return the title of the map of spreads."""
    known = values[np.isfinite(values)]
    if not known.size:
        return "One seed has no spread"
    unit = " %" if name == "val_accuracy" else ""
    low, high = (written(value, name) for value in (known.min(), known.max()))
    return f"Spreads of {SHORT[name]} over the seeds: {low} to {high}{unit}"


def _place(cell):
    return f"rate {RATES[cell[1]]:g}, batch {BATCH_SIZES[cell[0]]}"


def _curves(found, cell):
    marks, title, top, epochs = [], "Chosen cell", 2.5, 1
    if found is not None:
        runs = found.histories[cell[0]][cell[1]]
        epochs, top = found.settings.epochs, 1.3 * max(_start(found), 1e-9)
        for part, color, dash, label in (
            ("loss", "blue", TRAINING_DASH, "training"),
            ("val_loss", "vermillion", VALIDATION_DASH, "validation"),
        ):
            for number, run in enumerate(runs):
                values = np.array([getattr(record, part) for record in run.records], dtype=float)
                at = np.arange(1, len(values) + 1)
                if len(values) == 1:  # a line of one point is invisible
                    at, values = np.array([0.85, 1.15]), np.repeat(values, 2)
                marks.append(Line(at, values, label if not number else "", color, dash, 1.7, 0.85))
        name = SHORT[found.measure("accuracy")[0]]
        title = f"Chosen: {name} {result(found, 'accuracy', cell)}"
        if found.diverged[cell]:
            title = f"Chosen: {found.diverged[cell]} of {len(runs)} runs diverged"
    step = next(size for size in (1, 2, 5, 10) if epochs / size <= 6)
    return Panel(
        marks,
        title=title,
        x_label="epoch",
        y_label="loss (mean per sample)",
        x_range=(0, 1.03 * epochs + 0.15),
        y_range=(0, top),
        x_ticks=tuple((at, str(at)) for at in range(0, epochs + 1, step)),
    )
