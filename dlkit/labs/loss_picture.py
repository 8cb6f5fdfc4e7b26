"""The picture of LossLab: two curves, their slopes, two fits, and who pulls at them."""

import numpy as np

from dlkit.activations import sigmoid
from dlkit.display.numbers import fixed, percent
from dlkit.labs.loss_data import COOLING
from dlkit.labs.loss_model import curve
from dlkit.labs.loss_shown import border
from dlkit.plots.chart import Chart, Line, Panel, Points

_LOOKS = (("blue", "solid", "circle"), ("orange", "dashed", "triangle"))
# over -> (range of the prediction, of the loss, of the slope, name of the axis)
_AXES = {
    "number": ((-10, 10), (0, 30), (-10, 10), "prediction (°C)"),
    "logit": ((-10, 10), (0, 10.5), (-1.4, 1.4), "logit z that the model predicts"),
    "probability": ((0, 1), (0, 6), (-12, 12), "probability p that the model predicts"),
}


def loss_chart(shown, summary):
    """Return the picture.

    Parameters
    ----------
    shown : Shown
    summary : str
        The sentence of the picture.

    Returns
    -------
    Chart
    """
    values, slopes = shown.at_prediction()
    first, second = shown.names
    truth = ("rain", "snow")[int(shown.truth)] if shown.data.classes else ""
    x_range, value_range, slope_range, x_label = _AXES[shown.over]
    at = fixed(shown.prediction, 2 if shown.over == "probability" else 1)
    cost = f"Loss at {at}: {first} {_number(values[0])}, {second} {_number(values[1])}"
    slope = f"Gradient: {first} {_number(slopes[0])}, {second} {_number(slopes[1])}"
    if_so = f" (truth: {truth})" if truth else ""
    margin = 5e-4 if shown.over == "probability" else 0.0  # at 0 and 1 the logarithm has no end
    grid = np.linspace(x_range[0] + margin, x_range[1] - margin, 401)
    common = {"x_label": x_label, "x_range": x_range}
    panels = (
        Panel(
            _curves(shown, grid, 0, values),
            cost,
            y_label=f"loss{if_so}",
            y_range=value_range,
            **common,
        ),
        Panel(
            _curves(shown, grid, 1, slopes),
            slope,
            y_label=f"gradient{if_so}",
            y_range=slope_range,
            **common,
        ),
        _classes_panel(shown) if shown.data.classes else _numbers_panel(shown),
        _pull_panel(shown),
    )
    return Chart(panels, summary, columns=2, height=500)


def _curves(shown, grid, which, at):
    low, high = _AXES[shown.over][1 + which]
    marks = [Line([grid[0], grid[-1]], [0, 0], color="text", width=0.8, opacity=0.6)]
    if not shown.data.classes:
        marks.append(Line([shown.truth] * 2, [low, high], "truth", "grey", "dotted"))
    for loss, name, (color, dash, _) in zip(shown.curves, shown.names, _LOOKS, strict=True):
        y = curve(loss, shown.truth, grid, shown.over)[which]
        marks.append(Line(grid, y, name, color, dash, width=2.6))
    for y, (color, _, marker) in zip(at, _LOOKS, strict=True):
        inside = min(max(y, low), high)  # a mark at the edge says: further out
        marks.append(Points([shown.prediction], [inside], color=color, marker=marker, size=11))
    return marks


def _numbers_panel(shown):
    sample = shown.measured[0].sample
    ends = np.array([0.0, 3.0])
    marks = [
        Line(ends, 10 + COOLING * ends, "truth", "grey", "dotted", width=2.4),
        *_points(sample, sample.y, ("in the shade", "in the sun")),
    ]
    for one, name, (color, dash, _) in zip(shown.measured, shown.names, _LOOKS, strict=True):
        marks.append(Line(ends, one.line(ends), name, color, dash, width=2.6))
    slopes = [f"{name} {fixed(one.line.w)}" for one, name in _both(shown)]
    title = f"°C per km: {', '.join(slopes)}; truth {fixed(COOLING, 1)}"
    axes = ("height (km)", "temperature (°C)")
    return Panel(marks, title, *axes, x_range=(0, 3), y_range=(-14, 18))


def _classes_panel(shown):
    sample = shown.measured[0].sample
    grid = np.linspace(-10, 14.5, 246)
    # Points of one class lie on each other; a fixed spread upwards and downwards parts them.
    spread = 0.16 * ((np.arange(len(sample.x)) * 0.618034) % 1 - 0.5)
    marks = _points(sample, sample.y + spread, ("noted rightly", "noted wrongly"))
    for one, name, (color, dash, _) in zip(shown.measured, shown.names, _LOOKS, strict=True):
        z = one.line(grid)
        y = np.clip((1 + z) / 2, 0, 1) if one.loss.name == "hinge" else sigmoid(z)
        marks.append(Line(grid, y, name, color, dash, width=2.6))
        if np.isfinite(one.line.boundary):
            marks.append(Line([one.line.boundary] * 2, [-0.14, 1.14], "", color, dash, 1.2))
    where = [f"{name} {_inequality(one.line)}" for one, name in _both(shown)]
    return Panel(
        marks,
        f"Snow (°C): {', '.join(where)}",
        "temperature (°C)",
        "answer",
        x_range=(-10, 14.5),
        y_range=(-0.14, 1.14),
        y_ticks=[(0, "0 rain"), (0.5, "0.5"), (1, "1 snow")],
    )


def _inequality(line):
    words = border(line)
    return words.replace("below", "<").replace("above", ">").replace(" °C", "")


def _pull_panel(shown):
    sample = shown.measured[0].sample
    ends = (-10, 14.5) if shown.data.classes else (0, 3)
    marks = [Line(ends, [0, 0], color="text", width=0.8, opacity=0.6)]
    for one, name, (color, _, marker) in zip(shown.measured, shown.names, _LOOKS, strict=True):
        filled = marker == "circle"
        marks.append(
            Points(
                sample.x, 100 * one.pull, name, color, marker, 7.0 if filled else 9.0, 0.9, filled
            )
        )
    largest = max(100 * np.abs(one.pull).max() for one in shown.measured)
    reach = next(step for step in (25, 50, 110) if largest < step)
    shares = [f"{name} {percent(one.wrong_share)}" for one, name in _both(shown)]
    title = f"Wrong ones pull: {', '.join(shares)}"
    if shown.data.outliers == 0:
        title = "No point is wrong: how hard each one pulls"
    x_label = "temperature (°C)" if shown.data.classes else "height (km)"
    return Panel(
        marks, title, x_label, "share of all pull (%)", x_range=ends, y_range=(-reach, reach)
    )


def _points(sample, y, labels):
    right = ~sample.wrong
    return [
        Points(sample.x[right], y[right], labels[0], "grey", size=6),
        Points(sample.x[sample.wrong], y[sample.wrong], labels[1], "vermillion", "cross", 9),
    ]


def _both(shown):
    return list(zip(shown.measured, shown.names, strict=True))


def _number(value):
    return fixed(value, 2 if abs(value) >= 0.1 else 4 if abs(value) >= 1e-4 or value == 0 else 6)
