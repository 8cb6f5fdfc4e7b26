"""The picture of OptimizerLab: the paths, the losses, and what one optimizer does in each direction."""

from functools import lru_cache

import numpy as np

from dlkit.display.numbers import counted, short
from dlkit.labs.optimizer_race import Path
from dlkit.labs.optimizer_surfaces import STEPS, WINDOW, surface
from dlkit.plots.chart import Chart, Line, Panel, Points
from dlkit.plots.contours import contour_lines
from dlkit.plots.style import DASHES, MARKERS, SEQUENCE
from dlkit.rules import RULES

NEAR = 0.1
"""Who is this near to a lowest point is at the bottom."""

LOWEST_SHOWN = 1e-8
"""Losses nearer to the lowest than this are as good as each other."""

_SQUARES = ("second_moment", "mean_square", "accumulator", "largest", "mean_square_change")
_NAMES = {
    "first_moment": "mean gradient",
    "second_moment": "root mean square",
    "mean_square": "root mean square",
    "accumulator": "root sum of squares",
    "largest": "largest root so far",
    "mean_square_change": "steps of late",
    "norm": "largest gradient of late",
    "mean": "mean gradient",
    "linear": "sum of gradients",
}


def look(name):
    """Return (colour, dash, marker) of an optimizer: always the same, none like another's."""
    index = list(RULES).index(name)
    if index == len(SEQUENCE):  # the seventh, which lesson 04 needs beside the first six
        return "text", "solid", "square"
    index -= index > len(SEQUENCE)
    turn = index // len(SEQUENCE)  # the colours come again with another dash and another marker
    marker = MARKERS[(index + 2 * turn) % len(MARKERS)]
    return SEQUENCE[index % len(SEQUENCE)], list(DASHES)[turn], marker


def distance(ground, place):
    """Return how far a place is from the nearest lowest point."""
    return float(np.min([np.hypot(*(place - np.array(low))) for low in ground.minima]))


def arrived(ground, paths, step):
    """Return how many are near a lowest point at a step."""
    return sum(distance(ground, path.places[step]) < NEAR for path in paths)  # NaN is not


def remembered(path, step):
    """Return label -> value, shape (2,), of what a rule remembers after a step; squares as roots."""
    found = {}
    for slot, values in path.slots.items():
        value = np.abs(values[step - 1])
        found[_NAMES.get(slot, slot)] = np.sqrt(value) if slot in _SQUARES else value
    return found


def optimizer_chart(surface_name, paths, step, inside, summary):
    """Return the picture.

    Parameters
    ----------
    surface_name : str
    paths : sequence of Path
        The race; may be empty.
    step : int
        How much of it to show.
    inside : Path or None
        Whose insides to show.
    summary : str
        The sentence of the picture.

    Returns
    -------
    Chart
    """
    ground = surface(surface_name)
    panels = (
        path_panel(surface_name, paths, step),
        _losses(surface_name, ground, paths, step),
        *(_inside(surface_name, ground, inside, step, axis) for axis in (0, 1)),
    )
    return Chart(panels, summary, columns=2, height=640, shares=(0.95, 1.05))


def path_panel(surface_name, paths, step, legend=False):
    """Return the map of a surface with the paths on it.

    Parameters
    ----------
    surface_name : str
    paths : sequence of Path
    step : int
        How much of them to show.
    legend : bool
        Whether the optimizers are listed above it.

    Returns
    -------
    Panel
    """
    ground = surface(surface_name)
    marks = [Line(x, y, color="grey", width=1, opacity=0.65) for x, y in _contours(surface_name)]
    lows = np.array(ground.minima)
    marks.append(Points(lows[:, 0], lows[:, 1], color="text", marker="plus", size=14))
    for path in paths:
        color, dash, marker = look(path.name)
        x, y = path.places[: step + 1].T
        marks.append(Line(x, y, path.name if legend else "", color, dash, 1.8))
        seen = np.isfinite(x)
        marks.append(Points(x[seen][-1:], y[seen][-1:], "", color, marker, 9))
    if paths:
        marks.append(
            Points(*paths[0].places[0], color="text", marker="circle", size=9, filled=False)
        )
    count = arrived(ground, paths, step)
    title = f"{count} of {len(paths)} within {NEAR} of the lowest point"
    return Panel(
        marks,
        title=title if paths else "Nobody races: tick an optimizer",
        x_label=ground.axes[0],
        y_label=ground.axes[1],
        x_range=(-WINDOW, WINDOW),
        y_range=(-WINDOW, WINDOW),
        equal=True,
        legend=legend,
    )


def _losses(surface_name, ground, paths, step):
    marks = []
    for path in paths:
        color, dash, marker = look(path.name)
        gap = np.maximum(path.losses[: step + 1] - ground.lowest, LOWEST_SHOWN)
        marks.append(Line(np.arange(step + 1), gap, "", color, dash, 2))
        if np.isfinite(gap[-1]):
            marks.append(Points([step], gap[-1:], "", color, marker, 8))
        label = f"{path.name} {short(path.learning_rate, 4)}" + " (lost)" * _is_lost(path, step)
        marks.append(Points([], [], label, color, marker, 8))
    top = _scales(surface_name)[0]
    ranked = ranking(ground, paths, step)
    return Panel(
        marks,
        title=_leaders(ranked, step),
        x_label="step",
        y_label="loss above the lowest",
        x_range=(0, STEPS),
        y_range=(LOWEST_SHOWN / 2, top),
        y_scale="log",
        y_ticks=_powers(-8, np.log10(top)),
    )


def _leaders(ranked, step):
    """Return the title of the losses: who is lowest; those below what is shown are level."""
    if not ranked:
        return "Loss"
    lowest = max(ranked[0][1], LOWEST_SHOWN)
    first = [name for name, gap in ranked if gap <= lowest]
    when = f"after {counted(step, 'step')}"
    if len(first) == len(ranked) > 1:
        return f"All are level {when}"
    return f"Lowest {when}: {' and '.join(first) if len(first) < 3 else f'{len(first)} are level'}"


def _inside(surface_name, ground, path, step, axis):
    marks, name = [], ground.axes[axis].partition(" (")[0]  # without its unit
    title, along = f"Inside: along {name}", f" along {name}" if len(name) == 1 else f", {name}"
    if path is not None and step:
        steps = np.arange(1, step + 1)
        moves, slopes = np.abs(path.moves[:step, axis]), np.abs(path.gradients[:step, axis])
        marks += [
            Line(steps, _visible(slopes), "gradient", "grey", "solid", 1.6),
            *_memory(path, step, axis),
            Line(steps, _visible(moves), "step", "vermillion", "solid", 2.4),
        ]
        rate = moves[-1] / slopes[-1] if slopes[-1] > 0 else np.nan
        title = f"{path.name}{along}: no step"
        if np.isfinite(rate):
            title = f"{path.name}{along}: step = {short(rate, 2)} × gradient"
        elif not np.isfinite(moves[-1]):
            title = f"{path.name}{along}: lost"
    top = _scales(surface_name)[1]
    return Panel(
        marks,
        title=title,
        x_label="step",
        y_label=f"size along {name}",
        x_range=(0, STEPS),
        y_range=(1e-6, top),
        y_scale="log",
        y_ticks=_powers(-6, np.log10(top)),
    )


def _memory(path, step, axis):
    looks = (("blue", "dashed"), ("green", "dotted"), ("purple", "dashdot"))
    lines = []
    for (slot, values), (color, dash) in zip(path.slots.items(), looks, strict=False):
        size = np.abs(values[:step, axis])
        size = np.sqrt(size) if slot in _SQUARES else size
        lines.append(
            Line(np.arange(1, step + 1), _visible(size), _NAMES.get(slot, slot), color, dash, 2)
        )
    return lines


def ranking(ground, paths, step):
    """Return pairs (name, loss above the lowest), lowest first, of those that are not lost."""
    found = [
        (path.name, max(float(path.losses[step] - ground.lowest), 0.0))
        for path in paths
        if not _is_lost(path, step)
    ]
    return sorted(found, key=lambda pair: pair[1])


def _is_lost(path: Path, step):
    return not np.isfinite(path.losses[step])


def _visible(values):
    return np.where(values > 0, np.maximum(values, 1e-9), np.nan)


@lru_cache(maxsize=16)
def _contours(surface_name):
    """The lines of equal loss, denser towards the bottom."""
    ground, ticks = surface(surface_name), np.linspace(-WINDOW, WINDOW, 101)
    grid = np.stack(np.meshgrid(ticks, ticks), -1)
    gap = ground.loss(grid) - ground.lowest
    levels = np.unique(np.quantile(gap, [0.01, 0.04, 0.1, 0.2, 0.32, 0.46, 0.6, 0.75, 0.9]))
    return contour_lines(ticks, ticks, gap, levels)


@lru_cache(maxsize=16)
def _scales(surface_name):
    """The tops of the loss and of the gradient panel: the next power of a hundred, fixed for a surface."""
    ground, ticks = surface(surface_name), np.linspace(-WINDOW, WINDOW, 41)
    grid = np.stack(np.meshgrid(ticks, ticks), -1)
    tops = (ground.loss(grid) - ground.lowest).max(), np.abs(ground.gradient(grid)).max()
    return tuple(float(10.0 ** (2 * np.ceil(np.log10(top) / 2))) for top in tops)


def _powers(low, high):
    powers = range(int(low), round(float(high)) + 1)
    every = 1 if len(powers) <= 6 else 2
    return [
        (10.0**power, "1" if power == 0 else f"1e{power}") for power in powers if power % every == 0
    ]
