"""Several variants of training in one picture: mean and range over the seeds."""

import numpy as np

from dlkit import checks
from dlkit.plots.chart import Chart, Line, Panel
from dlkit.plots.style import DASHES, series_color
from dlkit.training.compare import Comparison


def comparison(found):
    """Return the mean validation curve of each variant, every single run thin behind it.

    Parameters
    ----------
    found : Comparison
        What ``compare`` returned.

    Returns
    -------
    Chart
        Its summary is that of ``found``.

    Raises
    ------
    TypeError
        If ``found`` is something else.
    """
    if not isinstance(found, Comparison):
        raise TypeError(f"found must be what compare returned, but got {checks.describe(found)}.")
    marks, dashes = [], list(DASHES)
    lowest = np.inf
    for index, (name, histories) in enumerate(found.histories.items()):
        color, dash = series_color(index), dashes[index // 6 % len(dashes)]
        runs = [
            history.history.get("val_loss") or history.history.get("loss", [])
            for history in histories
        ]
        for run in runs:
            marks.append(Line(np.arange(1, len(run) + 1), run, "", color, dash, 0.8, 0.35))
        longest = max(map(len, runs), default=0)
        padded = np.full((len(runs), max(longest, 1)), np.nan)
        for row, run in zip(padded, runs):
            row[: len(run)] = run
        with np.errstate(all="ignore"):
            counts = np.isfinite(padded).sum(axis=0)
            mean = np.where(counts > 0, np.nansum(padded, axis=0) / np.maximum(counts, 1), np.nan)
        rate = found.results[name].trials[0].history.config.learning_rate
        label = f"{name} (learning rate {rate:.2g})"
        marks.append(Line(np.arange(1, len(mean) + 1), mean, label, color, dash, 2.5))
        if np.isfinite(mean).any():
            lowest = min(lowest, float(np.nanmin(mean)))
    best = "none, for all diverged" if found.no_best else found.table["variant"].iloc[0]
    panel = Panel(
        marks,
        title=f"Best {found.metric}: {best}",
        x_label="epoch (passes through the training data)",
        y_label="validation loss (mean per sample)",
        y_scale="log" if 0 < lowest < np.inf else "linear",
    )
    return Chart([panel], found.summary, width=700, height=360 + 20 * (len(found.results) // 2))
