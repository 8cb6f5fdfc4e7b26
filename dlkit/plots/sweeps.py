"""The map of a sweep: the mean over two settings, in colour and in numbers."""

import numpy as np

from dlkit import checks
from dlkit.plots.chart import Box, Chart, Heat, Line, Panel, Text
from dlkit.training.sweep import Sweep
from dlkit.words import counted


def sweep_map(found, x=None, y=None):
    """Return the mean of each pair of two settings, the best one framed.

    Where there are further settings, each cell shows the best of them.

    Parameters
    ----------
    found : Sweep
        What ``sweep`` returned.
    x, y : str, optional
        Two settings of the sweep; its first two by default.

    Returns
    -------
    Chart
        Its summary names the best settings, their mean and their spread over the seeds, and what
        was not run: cells without a run, and values that no random draw has taken.

    Raises
    ------
    TypeError, ValueError
        If ``found`` is no sweep, or has fewer than two settings, or none of these names.
    """
    if not isinstance(found, Sweep):
        raise TypeError(f"found must be what sweep returned, but got {checks.describe(found)}.")
    if len(found.settings) < 2:
        raise ValueError(
            f"found must have two settings for a map, but has {', '.join(found.settings)} alone. "
            "Look at the table found.summary instead."
        )
    x = checks.choice("x", found.settings[0] if x is None else x, found.settings)
    others = [name for name in found.settings if name != x]
    y = checks.choice("y", others[0] if y is None else y, others)
    table = found.summary
    higher = found.metric == "val_accuracy"
    cells = table.groupby([y, x], sort=False)["mean"].agg("max" if higher else "min")
    rows, columns = (sorted(table[name].unique(), key=_rank) for name in (y, x))
    # NaN: no run has these two settings; random draws leave cells out
    values = np.array([[cells.get((row, column), np.nan) for column in columns] for row in rows])
    missing = np.isnan(values)
    shown = np.where(np.isfinite(values), values, np.nan)
    low, high = (np.nanmin(shown), np.nanmax(shown)) if np.isfinite(shown).any() else (0.0, 1.0)
    high = high if high > low else low + 1e-9
    color_values = np.nan_to_num(shown, nan=low if higher else high)
    color_values[missing] = np.nan  # no colour
    marks = [
        Heat(color_values, -0.5, len(columns) - 0.5, -0.5, len(rows) - 0.5, low, high, "sequential")
    ]
    for i, j in np.ndindex(values.shape):
        if missing[i, j]:
            marks.append(Box(j, i, 0.9, 0.88, "not run", "grey", filled=True, dash="dashed"))
            continue
        dark = (color_values[i, j] - low) / (high - low) > 0.6
        words = f"{values[i, j]:.3f}" if np.isfinite(values[i, j]) else "diverged"
        marks.append(Text(j, i, words, color="#ffffff" if dark else "#111111", size=11))
    result, place = _best(found, x, y)
    if not found.no_best:
        best = table.iloc[0]
        across = np.array([-0.46, 0.46, 0.46, -0.46, -0.46])
        up = np.array([-0.45, -0.45, 0.45, 0.45, -0.45])
        at = columns.index(best[x]), rows.index(best[y])
        marks.append(Line(at[0] + across, at[1] + up, color="vermillion", width=3))
    runs = f"{counted(len(found.trials), 'run')}, {int(table['runs'].iloc[0])} of each combination"
    panel = Panel(
        marks,
        title=result[0].upper() + result[1:],
        x_label=x.replace("_", " "),
        y_label=y.replace("_", " "),
        x_range=(-0.5, len(columns) - 0.5),
        y_range=(-0.5, len(rows) - 0.5),
        x_ticks=[(i, _word(each)) for i, each in enumerate(columns)],
        y_ticks=[(i, _word(each)) for i, each in enumerate(rows)],
        legend=False,
    )
    diverged = int(table["diverged"].sum())
    note = f" {counted(diverged, 'run')} diverged." if diverged and place else ""
    note += f" Not run: {missing.sum()} of {missing.size} cells." if missing.any() else ""
    note += _never_drawn(found.never_drawn)
    summary = f"Mean over {x} and {y}: {result}{place} ({runs}).{note}"
    return Chart(
        [panel], summary, width=max(420, 76 * len(columns) + 120), height=110 + 44 * len(rows)
    )


def _best(found, x, y):
    """Return the best result in words, and where it is; why there is none, and ""."""
    if found.no_best:
        return f"no best, {found.no_best.split(' (')[0]}", ""
    what = {"val_accuracy": "validation accuracy", "val_loss": "validation loss"}.get(
        found.metric, "training loss"
    )
    best = found.summary.iloc[0]
    spread = f" ± {best['spread']:.3f}" if best["runs"] > 1 else ""
    place = f" at {x} {_word(best[x])} and {y} {_word(best[y])}"
    return f"best {what} {best['mean']:.3f}{spread}", place


def _never_drawn(values):
    """Say which values of the lists have no row or column, because no draw has taken them."""
    if not values:
        return ""
    listed = (f"{name} {', '.join(map(_word, left))}" for name, left in values.items())
    return f" Never drawn, and so not in the picture: {'; '.join(listed)}."


def _rank(value):
    """Put numbers before words (None is one in a table), so that both can stand in one row."""
    return isinstance(value, str), value


def _word(value):
    return f"{value:.3g}" if isinstance(value, float | np.floating) else str(value)
