"""The moving picture of the training lab: curves of a run that goes on, and of those before it.

`dlkit.plots.run_curves` draws a run that is over. Here the axes are fixed before the first batch,
so that nothing jumps, and the loss of each single batch is drawn behind the epochs' means.
"""

from dataclasses import dataclass, field

import numpy as np

from dlkit.plots.chart import Chart, Line, Panel, Points
from dlkit.plots.run_curves import NAMES, SINGLE
from dlkit.plots.style import FOREGROUND, TRAINING_DASH, VALIDATION_DASH, series_color

_PALE = 0.55


@dataclass(frozen=True, eq=False)
class Run:
    """One run, ready to be drawn.

    Parameters
    ----------
    label : str
        How the legend calls it; "" for a single run, which shows training and validation in two
        colours.
    history : History
        Its numbers up to now.
    batches_per_epoch : int
        Steps in one epoch: places each batch's loss on the axis of epochs.
    index : int
        Decides its colour among several.
    """

    label: str
    history: object
    batches_per_epoch: int
    index: int = 0
    columns: dict = field(init=False)

    def __post_init__(self):
        object.__setattr__(self, "columns", self.history.history)  # made once, read often


def training_chart(runs, *, epochs, metric, summary, strong=None):
    """Return the loss panel and the metric panel of one or several runs.

    Parameters
    ----------
    runs : sequence of Run
        The last one is the present run: only it shows the loss of each batch.
    epochs : int
        Right end of the axis.
    metric : str
        ``"accuracy"`` or ``"mae"``.
    summary : str
        The text alternative.
    strong : Run, optional
        The earlier run that the present one is compared with: the others are drawn paler.

    Returns
    -------
    Chart
    """
    losses, measures = [*_batches(runs[-1])], []
    for run in runs:
        opacity = 1.0 if run is runs[-1] or run is strong else _PALE
        losses += _pair(run, "loss", opacity)
        measures += _pair(run, metric, opacity)
    losses += _best(runs[-1])
    if runs[-1].label:
        losses += _key()
        measures += _key()
    columns = runs[-1].columns
    common = {"x_label": "epoch", "x_range": (0, 1.02 * epochs), "x_ticks": epoch_ticks(epochs)}
    loss = Panel(
        losses,
        title=_title("loss", "{:.3g}", columns),
        y_label=NAMES["loss"],
        y_range=(0, _loss_top(runs)),
        **common,
    )
    measure = Panel(
        measures,
        title=_title(metric, "{:.1%}" if metric == "accuracy" else "{:.3g}", columns),
        y_label=NAMES[metric],
        y_range=(0, 1.02) if metric == "accuracy" else (0, _error_top(runs, metric)),
        **common,
    )
    return Chart((loss, measure), summary, width=700, height=330)


def _title(key, form, columns):
    name = {"mae": "error"}.get(key, key)
    for column, part in ((f"val_{key}", "Validation"), (key, "Training")):
        if column in columns:
            value = form.format(columns[column][-1]).replace("%", " %")
            return f"{part} {name} {value} after epoch {len(columns[column])}"
    return f"{name.capitalize()}: no epoch done yet"


def epoch_ticks(epochs):
    """Return ticks at whole epochs, eight at most."""
    step = next(size for size in (1, 2, 5, 10, 20, 50, 100) if epochs / size <= 7)
    return tuple((at, str(at)) for at in range(0, epochs + 1, step))


def _batches(run):
    losses = run.history.batch_losses
    if len(losses):
        at = np.arange(1, len(losses) + 1) / run.batches_per_epoch
        yield Line(at, losses, "each batch", color="grey", width=1, opacity=0.55)


def _pair(run, key, opacity):
    columns, at = run.columns, np.arange(1, len(run.history) + 1)
    names = (run.label, "") if run.label else ("training", "validation")
    dashes = (TRAINING_DASH, VALIDATION_DASH)
    for column, name, color, dash in zip(
        (key, f"val_{key}"), names, _colors(run), dashes, strict=True
    ):
        if column in columns:
            yield Line(at, columns[column], name, color, dash, opacity=opacity)
            if len(at) == 1:  # a line of one point is invisible
                yield Points(at, columns[column], color=color, size=5, opacity=opacity)


def _key():
    """Say in the legend what solid and dashed mean, once for all runs."""
    yield Line([], [], "training", FOREGROUND, TRAINING_DASH)
    yield Line([], [], "validation", FOREGROUND, VALIDATION_DASH)


def _best(run):
    columns, best = run.columns, run.history.best_epoch
    if best and "val_loss" in columns:
        color = _colors(run)[1]
        value = [columns["val_loss"][best - 1]]
        yield Points([best], value, "best epoch", color, "diamond", size=11, filled=False)


def _colors(run):
    return (series_color(run.index),) * 2 if run.label else SINGLE


def _loss_top(runs):
    """Return the upper end of the loss axis: what the runs start from, not their wildest batch."""
    starts, highest = [], 0.0
    for run in runs:
        losses = run.history.batch_losses
        losses = losses[: max(1, len(losses) // 50)]
        losses = losses[np.isfinite(losses)]
        if len(losses):
            starts.append(min(losses.max(), 1.5 * losses[0]))  # the second step may be wild, too
        highest = max(highest, _highest(run.columns, ("loss", "val_loss")))
    if not starts:
        return 2.5
    return max(1.1 * min(max(highest, *starts), 3 * max(starts)), 1e-6)


def _error_top(runs, metric):
    keys = (metric, f"val_{metric}")
    return 1.1 * (max(_highest(run.columns, keys) for run in runs) or 1)


def _highest(columns, keys):
    """Return the highest finite value of some columns, 0 if there is none."""
    values = np.array([columns[key] for key in keys if key in columns])
    return float(values[np.isfinite(values)].max(initial=0.0))
