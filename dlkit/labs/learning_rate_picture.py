"""The picture of the learning-rate lab: range test, schedule, curves, and how the runs end."""

import numpy as np

from dlkit.labs.learning_rate_model import SEEDS
from dlkit.plots.chart import Chart, Line, Panel, Points
from dlkit.plots.style import TRAINING_DASH, VALIDATION_DASH

LOSSES = (0.01, 10.0)
RATES = (1e-5, 10.0)
WITH, WITHOUT, YOURS = "blue", "orange", "purple"
_WIDTH, _HEIGHT = 780, 500


def learning_rate_chart(settings, tested, runs, titles, summary):
    """Return the four panels of the lab.

    Parameters
    ----------
    settings : RateSettings
        Of the controls now.
    tested : LearningRateRange or None
        The range test of the present network; None while it is not done.
    runs : RateRuns or None
        The last runs; None before any.
    titles : tuple of str
        Titles of the four panels.
    summary : str
        The text alternative.

    Returns
    -------
    Chart
    """
    panels = (
        _range(settings, tested, titles[0]),
        _schedule(settings, titles[1]),
        _curves(runs, settings, titles[2]),
        _ends(runs, titles[3]),
    )
    return Chart(panels, summary, columns=2, width=_WIDTH, height=_HEIGHT)


def _range(settings, tested, title):
    marks, top = [], 3.0
    if tested is not None:
        rates, smoothed = tested.learning_rates, tested.smoothed
        top = max(1.3 * float(tested.losses[0]), 1.1 * float(smoothed.min()), 1e-6)
        marks += [
            Line(rates, tested.losses, "each batch", "sky", "dotted", 1.2, 0.8),
            Line(rates, smoothed, "average", "blue"),
        ]
        if tested.suggestion is not None:
            at = int(np.abs(rates - tested.suggestion).argmin())
            marks.append(
                Points([rates[at]], [smoothed[at]], "suggested", "vermillion", "circle", 11, filled=False)
            )  # fmt: skip
    marks.append(Line([settings.learning_rate] * 2, [0, top], "yours", YOURS, "dashdot", 1.8))
    return Panel(
        marks,
        title=title,
        x_label="learning rate (grows with every batch)",
        y_label="loss of the batch",
        x_range=RATES,
        y_range=(0, top),
        x_scale="log",
    )


def _schedule(settings, title):
    steps = np.arange(settings.steps)
    marks = [
        Line(steps, settings.compared(steps), compared_name(settings), WITHOUT, "dashed"),
        Line(steps, settings.made(steps), "schedule", WITH),
    ]
    return Panel(
        marks,
        title=title,
        x_label="step (one batch each)",
        y_label="learning rate",
        x_range=(0, 1.02 * settings.steps),
        y_range=(0, 1.08 * settings.learning_rate),
    )


def compared_name(settings):
    """Return what the runs are compared with, in two words."""
    return "constant rate" if settings.reference == "constant" else "no warm-up"


def _curves(runs, settings, title):
    marks, epochs = [], settings.epochs
    if runs is not None:
        epochs = runs.settings.epochs
        for histories, color, name in (
            (runs.compared, WITHOUT, compared_name(runs.settings)),
            (runs.scheduled, WITH, "schedule"),
        ):
            for run in histories:
                values = _column(run, "val_loss")
                at = np.arange(1, len(values) + 1)
                marks.append(Line(at, values, "", color, VALIDATION_DASH, 1, 0.4))
            for part, dash, label in (
                ("loss", TRAINING_DASH, name),
                ("val_loss", VALIDATION_DASH, ""),
            ):
                mean = _mean([_column(run, part) for run in histories])
                at = np.arange(1, len(mean) + 1)
                if len(mean) == 1:  # a line of one point is invisible
                    at, mean = np.array([0.85, 1.15]), np.repeat(mean, 2)
                marks.append(Line(at, mean, label, color, dash, 2.4))
    step = next(size for size in (1, 2, 5, 10) if epochs / size <= 6)
    return Panel(
        marks,
        title=title,
        x_label="epoch (solid: training, dashed: validation)",
        y_label="loss (mean per sample)",
        x_range=(0, 1.02 * epochs),
        y_range=LOSSES,
        y_scale="log",
        x_ticks=tuple((at, str(at)) for at in range(0, epochs + 1, step)),
    )


def _ends(runs, title):
    marks = []
    if runs is not None:
        scheduled, compared = runs.ends("val_loss")
        for seed, (low, high) in enumerate(zip(scheduled, compared, strict=True)):
            marks.append(Line([seed, seed], [low, high], "", "grey", "dotted", 1.5))
        seeds = np.arange(len(SEEDS))
        marks += [
            Points(seeds, compared, compared_name(runs.settings), WITHOUT, "square", 9),
            Points(seeds, scheduled, "schedule", WITH, "circle", 9),
        ]
    return Panel(
        marks,
        title=title,
        x_label="seed (initial weights and batches)",
        y_label="validation loss at the end",
        x_range=(-0.6, len(SEEDS) - 0.4),
        y_range=LOSSES,
        y_scale="log",
        x_ticks=tuple((seed, str(seed)) for seed in SEEDS),
    )


def _column(run, part):
    return np.array([getattr(record, part) for record in run.records], dtype=float)


def _mean(columns):
    """Return the mean over runs of each epoch; a run that diverged leaves NaN from there on."""
    longest = max((len(column) for column in columns), default=0)
    table = np.full((len(columns), longest), np.nan)
    for row, column in zip(table, columns, strict=True):
        row[: len(column)] = column
    return table.mean(axis=0)
