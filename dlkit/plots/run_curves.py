"""Curves of one training run, or of several laid over each other."""

from collections.abc import Mapping

import numpy as np

from dlkit import checks
from dlkit.plots.chart import Chart, Line, Panel, Points
from dlkit.plots.style import TRAINING_DASH, VALIDATION_DASH, series_color
from dlkit.training.curves import columns

NAMES = {
    "loss": "loss (mean per sample)",
    "accuracy": "accuracy (share of samples)",
    "mae": "mean absolute error (units of the target)",
}
"""Quantity -> axis label with unit."""

SINGLE = ("blue", "vermillion")


def training_curves(runs, quantities=None, title="", best_epoch=None, loss_scale="linear"):
    """Return the loss curve, and the accuracy or error curve, of one or several runs.

    Training is always solid, validation always dashed; several runs differ in colour.

    Parameters
    ----------
    runs : History, mapping of lists, or mapping of names to either
        One run, or several with the names that the legend shows.
    quantities : sequence of str, optional
        Which curves, one panel each, such as ``("loss", "accuracy")``. By default those of
        ``NAMES`` that the runs have.
    title : str
        Above all panels; it should say the finding.
    best_epoch : int, optional
        Marked with a diamond if there is one run; by default that of the lowest validation loss.
    loss_scale : {"linear", "log"}
        Scale of the loss axis.

    Returns
    -------
    Chart
        Its summary holds first, last and lowest values of each curve.

    Raises
    ------
    TypeError, ValueError
        If there is nothing to draw or a history does not fit.
    """
    named = _named(runs)
    checks.choice("loss_scale", loss_scale, ("linear", "log"))
    checks.text("title", title)
    if quantities is not None:
        quantities = checks.texts("quantities", quantities)
    known = [key for key in NAMES if any(key in curves for curves in named.values())]
    quantities = known if quantities is None else list(quantities)
    for quantity in quantities:
        checks.choice("quantities", quantity, sorted({key for c in named.values() for key in c}))
    if not quantities or not any(len(curves["loss"]) for curves in named.values()):
        raise ValueError("runs must hold at least one finished epoch, but hold none.")
    if len(named) == 1:
        (curves,) = named.values()
        best_epoch = _checked_best(best_epoch, curves)
    elif best_epoch is not None:
        raise ValueError("best_epoch can be given for a single run only.")
    panels, sentences = [], []
    for quantity in quantities:
        panel, sentence = _panel(named, quantity, best_epoch, loss_scale)
        panels.append(panel)
        sentences.append(sentence)
    width, height = 400, 300
    if len(named) > 1:  # room for the legend: three columns, as wide as the longest name
        width = max(width, 130 + 3 * (50 + 6 * max(map(len, [*named, "validation"]))))
        height += 20 * (1 + len(named) // 3)
    return Chart(panels, " ".join(sentences), title=title, width=width * len(panels), height=height)


def _named(runs):
    if isinstance(runs, Mapping) and not hasattr(runs, "history"):
        if not runs:
            raise ValueError("runs must hold at least one run, but is empty.")
        if all(isinstance(run, Mapping) or hasattr(run, "history") for run in runs.values()):
            named = {str(name): columns(run) for name, run in runs.items()}
        else:
            named = {"": columns(runs)}
    else:
        named = {"": columns(runs)}
    for name, curves in named.items():
        if "loss" not in curves:
            raise ValueError(f"run {name!r} must hold 'loss', but holds {', '.join(curves)}.")
    return named


def _checked_best(best_epoch, curves):
    epochs = len(curves["loss"])
    if best_epoch is not None:
        return checks.whole_number("best_epoch", best_epoch, minimum=1, maximum=epochs)
    values = curves.get("val_loss", np.full(epochs, np.nan))
    return int(np.nanargmin(values)) + 1 if np.isfinite(values).any() else None


def _panel(named, quantity, best_epoch, loss_scale):
    marks, sentences = [], []
    for index, (run, curves) in enumerate(named.items()):
        for part, (key, dash) in enumerate(
            ((quantity, TRAINING_DASH), (f"val_{quantity}", VALIDATION_DASH))
        ):
            if key not in curves:
                continue
            word = ("training", "validation")[part]
            color = series_color(index) if len(named) > 1 else SINGLE[part]
            label = f"{run}, {word}" if run else word
            epochs = np.arange(1, len(curves[key]) + 1)
            shown = word if len(named) == 1 else run if part == 0 else ""
            marks.append(Line(epochs, curves[key], shown, color, dash))
            if len(epochs) == 1:  # a line of one point cannot be seen
                marks.append(Points(epochs, curves[key], "", color))
            sentences.append(_sentence(label, curves[key], quantity))
        marked = curves.get(f"val_{quantity}")
        if best_epoch is not None and marked is not None:
            marks.append(
                Points(
                    [best_epoch],
                    [marked[best_epoch - 1]],
                    f"best epoch ({best_epoch})",
                    SINGLE[1],
                    "diamond",
                    size=11,
                    filled=False,
                )
            )
    if len(named) > 1:  # colour tells the run, the dash tells the part
        marks.append(Line([], [], "training", "grey", TRAINING_DASH))
        marks.append(Line([], [], "validation", "grey", VALIDATION_DASH))
    longest = max(len(curves["loss"]) for curves in named.values())
    panel = Panel(
        marks,
        title=_title(named, quantity, best_epoch),
        x_label="epoch (passes through the training data)",
        y_label=NAMES.get(quantity, quantity.replace("_", " ")),
        x_range=(1 - 0.03 * longest, longest + 0.03 * longest),
        x_ticks=_epoch_ticks(longest),
        y_range=_y_range(named, quantity, loss_scale),
        y_scale=loss_scale if quantity == "loss" else "linear",
    )
    ending = f" Best epoch: {best_epoch}." if best_epoch is not None and quantity == "loss" else ""
    name = _short(quantity)
    return panel, f"{name.capitalize()} over {longest} epochs: {'; '.join(sentences)}.{ending}"


def _y_range(named, quantity, loss_scale):
    """Start at zero, so that a loss that hardly moves looks like one; None leaves it to the data."""
    if quantity == "accuracy":
        return (0, 1.02)
    if quantity == "loss" and loss_scale == "log":
        return None
    keys = (quantity, f"val_{quantity}")
    values = np.concatenate([c[key] for c in named.values() for key in keys if key in c])
    values = values[np.isfinite(values)]
    if not values.size or values.min() < 0 or values.max() <= 0:
        return None
    return (0, 1.08 * values.max())


def _title(named, quantity, best_epoch):
    if len(named) == 1:
        (curves,) = named.values()
        values = curves.get(f"val_{quantity}", curves.get(quantity))
        where = "validation" if f"val_{quantity}" in curves else "training"
        name = f"{where.capitalize()} {_short(quantity)}"
        if best_epoch is None:
            return f"{name} ends at {say(values[-1])}"
        return f"{name} {say(values[best_epoch - 1])} in epoch {best_epoch}"
    ends = {}
    for run, curves in named.items():
        values = curves.get(f"val_{quantity}", curves.get(quantity))
        if values is not None and np.isfinite(values).any():
            ends[run] = np.nanmax(values) if quantity == "accuracy" else np.nanmin(values)
    if not ends:
        return f"No run has a finite {_short(quantity)}"
    word, pick = ("Highest", max) if quantity == "accuracy" else ("Lowest", min)
    winner = pick(ends, key=ends.get)
    return f"{word} {_short(quantity)}: {winner} ({say(ends[winner])})"


def _short(quantity):
    return NAMES.get(quantity, quantity.replace("_", " ")).split(" (")[0]


def _sentence(label, values, quantity):
    finite = values[np.isfinite(values)]
    if not finite.size:
        return f"{label} never finite"
    extreme = finite.max() if quantity == "accuracy" else finite.min()
    word = "highest" if quantity == "accuracy" else "lowest"
    sentence = f"{label} from {say(values[0])} to {say(values[-1])}"
    return sentence if extreme == values[-1] else f"{sentence}, {word} {say(extreme)}"


def _epoch_ticks(longest):
    step = next(s for s in (1, 2, 5, 10, 20, 50, 100, 200, 500, 10**9) if longest / s <= 8)
    ticks = [1, *range(step, longest + 1, step)] if step > 1 else range(1, longest + 1)
    return tuple((tick, str(tick)) for tick in ticks)


def say(value):
    """Return a number with three significant digits, as titles and summaries show it."""
    if not np.isfinite(value):
        return "not a finite number"
    text = f"{float(value):.3g}"
    return f"{float(text):,.0f}" if 1e3 <= abs(float(text)) < 1e9 else text
