"""The picture of NeuronLab: the sum built up term by term, and the decision line in the plane."""

from functools import lru_cache

import numpy as np

from dlkit.display.numbers import equals, exact, fixed
from dlkit.labs.neuron_model import boundary, says_one, targets, weighted_sum
from dlkit.labs.neuron_words import added
from dlkit.plots.chart import Area, Arrow, Chart, Heat, Line, Panel, Points, Text

_LOW, _HIGH = -0.25, 1.25  # the plane; all points lie between 0 and 1
_HALF_WIDTHS = (4, 8, 16, 32)  # of the axis of sums: the smallest that holds everything
_CURVE_TOP = 2.6  # the curve of the activation takes y = 0 … _CURVE_TOP, the terms stand above it
_ROWS = {"w1 · x1": 6.9, "w2 · x2": 5.8, "b": 4.7, "z": 3.6}
_CLASS_COLORS, _CLASS_MARKERS = ("blue", "vermillion"), ("circle", "triangle")
_GRID = 40


def neuron_chart(task, x, parameters, activation, summary, earlier=None):
    """Return the picture of a neuron.

    Parameters
    ----------
    task : Task
        Whose points are shown.
    x : numpy.ndarray, shape (2,)
        The input whose sum is built up.
    parameters : numpy.ndarray, shape (3,)
        (w1, w2, b).
    activation : Activation
    summary : str
        The sentence of the picture.
    earlier : numpy.ndarray, optional
        (w1, w2, b) before the last step; their line is shown dashed.

    Returns
    -------
    Chart
    """
    panels = (
        _sum_panel(x, parameters, activation),
        _plane_panel(task, x, parameters, activation, earlier),
    )
    return Chart(panels, summary, height=420, shares=(1.08, 1))


def terms(x, parameters):
    """Return the three terms of the sum: (w1 x1, w2 x2, b)."""
    return np.append(parameters[:2] * x, parameters[2])


def _sum_panel(x, parameters, activation):
    parts = terms(x, parameters)
    ends = np.cumsum(parts)
    starts = ends - parts
    z = float(ends[-1])
    half = next(h for h in _HALF_WIDTHS if np.abs(ends).max() <= 0.97 * h or h == _HALF_WIDTHS[-1])
    words = [_product(parameters[i], x[i]) for i in (0, 1)] + [f"b = {exact(parts[2])}"]
    marks = []
    for index, row in enumerate(list(_ROWS.values())[:3]):
        marks += _term(row, half, words[index], starts[index], ends[index], first=index == 0)
        below = list(_ROWS.values())[index + 1]
        marks.append(Line([ends[index]] * 2, [row - 0.42, below + 0.05], color="grey", width=1.2))
    row = _ROWS["z"]
    marks += [
        Area(min(z, 0), max(z, 0), row - 0.42, row + 0.02, color=_sign_color(z), opacity=0.9),
        Text(-half * 0.97, row + 0.3, f"z = {exact(z)}", "start", bold=True),
        *_curve(activation, half, z),
        Line([0, 0], [_CURVE_TOP + 0.35, 8], color="text", width=1, opacity=0.6),
    ]
    low, high = _heights(activation, half)
    ticks = [(_height(value, low, high), fixed(value, 0)) for value in targets(activation)]
    return Panel(
        marks,
        title=f"z = {exact(parts[0])} {added(parts[1])} {added(parts[2])} "
        f"{equals(z, sum(round(part, 3) for part in parts))} {exact(z)}",
        x_label="sum so far, and at the end z",
        x_range=(-half, half),
        y_range=(-0.25, 7.6),
        y_ticks=[(row - 0.2, name) for name, row in _ROWS.items()] + ticks,
    )


def _term(row, half, words, start, end, *, first):
    """One stacked step of the sum: from the sum before it to the sum after it."""
    amount = end - start
    marks = [
        Area(
            min(start, end),
            max(start, end),
            row - 0.42,
            row + 0.02,
            color=_sign_color(amount),
            opacity=0.5,
        ),
        Text(-half * 0.97, row + 0.3, words, "start"),
    ]
    if abs(amount) > half / 60:
        marks.append(Arrow(start, row - 0.2, end, row - 0.2, width=1.8))
    if not first:
        marks.append(Text(half * 0.97, row + 0.3, f"sum so far {exact(end)}", "end", size=11))
    return marks


def _curve(activation, half, z):
    """The activation under the sum, on the same axis: z goes up to the curve, and left to f(z)."""
    grid = np.linspace(-half, half, 241)
    values = activation.forward(grid)
    low, high = _heights(activation, half)
    output = float(activation.forward(np.array([z]))[0])
    at = _height(output, low, high)
    floor = _height(0.0, low, high)
    return [
        Line([-half, half], [floor, floor], color="text", width=1, opacity=0.6),
        Line([z, z], [_ROWS["z"] - 0.42, at], color="grey", width=1.2),
        Line([z, -half], [at, at], color="purple", dash="dotted", width=2),
        Line(grid, _height(values, low, high), color="green", width=2.4),
        Points([z], [at], color="purple", marker="diamond", size=13),
        Text(-half * 0.97, _CURVE_TOP + 0.2, f"{activation.name}(z) = {exact(output)}", "start",
             bold=True),
    ]  # fmt: skip


@lru_cache(maxsize=64)
def _heights(activation, half):
    values = activation.forward(np.linspace(-half, half, 241))
    low, high = targets(activation)
    return min(float(values.min()), low), max(float(values.max()), high)


def _height(value, low, high):
    return (value - low) / (high - low) * (_CURVE_TOP - 0.15)


def _plane_panel(task, x, parameters, activation, earlier):
    right = says_one(task.x, parameters, activation) == (task.y == 1)
    edges = np.linspace(_LOW, _HIGH, _GRID + 1)
    middles = (edges[1:] + edges[:-1]) / 2
    grid = np.stack(np.meshgrid(middles, middles), axis=-1).reshape(-1, 2)
    outputs = activation.forward(weighted_sum(grid, parameters)).reshape(_GRID, _GRID)
    low, high = targets(activation)
    size = 13 if len(task.x) < 10 else 8
    marks = [
        Heat(outputs, _LOW, _HIGH, _LOW, _HIGH, low, high, opacity=0.4),
        *_decision_line(parameters, activation, "decision line", dash="solid"),
    ]
    if earlier is not None:
        marks += _decision_line(earlier, activation, "", dash="dashed")
    for label, name in enumerate(task.classes):
        of_class = task.x[task.y == label]
        marks.append(
            Points(
                of_class[:, 0],
                of_class[:, 1],
                name,
                _CLASS_COLORS[label],
                _CLASS_MARKERS[label],
                size,
            )
        )
    wrong = task.x[~right]
    marks += [
        Points(wrong[:, 0], wrong[:, 1], "wrong", "text", "cross", size + 7),
        Points(x[:1], x[1:], "your input", "purple", "diamond", 15),
    ]
    return Panel(
        marks,
        title=f"{int(right.sum())} of {len(right)} points right",
        x_label=_input_label(task, 0),
        y_label=_input_label(task, 1),
        x_range=(_LOW, _HIGH),
        y_range=(_LOW, _HIGH),
        equal=True,
    )


def _decision_line(parameters, activation, label, dash):
    """Where w1 x1 + w2 x2 + b equals the z at which the answer changes, across the plane."""
    w1, w2 = parameters[:2]
    rest = boundary(activation.name) - parameters[2]
    length = np.hypot(w1, w2)
    if length < 1e-9:
        ends = np.full((2, 2), np.nan)  # no weights, no line; it keeps its place in the legend
    else:
        foot = np.array([w1, w2]) * rest / length**2
        along = np.array([-w2, w1]) / length
        ends = np.clip(foot, -50, 50) + np.array([[-100.0], [100.0]]) * along
    return [Line(ends[:, 0], ends[:, 1], label, "text", dash, 2.6 if label else 1.8)]


def _input_label(task, index):
    name = f"x{index + 1}"
    meaning = task.inputs[index]
    return name if meaning == name else f"{name}: {meaning} (0 = smallest, 1 = largest)"


def _sign_color(value):
    return "blue" if value < 0 else "vermillion"


def _product(weight, x):
    sign = equals(weight * x, round(weight, 3) * round(x, 3))
    return f"{exact(weight)} · {exact(x)} {sign} {exact(weight * x)}"
