"""What a model answers everywhere in the plane, with the points that it was asked about."""

import numpy as np

from dlkit import checks
from dlkit.plots.chart import Chart, Heat, Panel, Points

CELLS = 60
_COLORS, _MARKERS = ("blue", "vermillion"), ("circle", "triangle")


def answers_over_plane(models, x, y, class_names=("0", "1"), axis_names=("x1", "x2")):
    """Return one panel per model: its output as a colour, and which points it gets right.

    Class 1 is said where the output is above 0.5.

    Parameters
    ----------
    models : mapping of str to callable
        Name of a model -> function that takes points of shape (points, 2) and returns their
        outputs, between 0 and 1, of shape (points,) or (points, 1).
    x : array_like, shape (points, 2)
        The points that are marked.
    y : array_like, shape (points,)
        Their classes, 0 or 1.
    class_names : sequence of two str
    axis_names : sequence of two str

    Returns
    -------
    Chart

    Raises
    ------
    TypeError, ValueError
        If there is no model, or an argument has the wrong shape or other classes.
    """
    if not isinstance(models, dict) or not models or not all(map(callable, models.values())):
        raise TypeError(
            "models must be a dictionary from names to functions of points, for example "
            f"{{'one neuron': network.predict}}, but got {checks.describe(models)}."
        )
    x = checks.array("x", x, shape=(None, 2)).astype("float64")
    y = checks.array("y", y, ndim=1)
    checks.same_length(x=x, y=y)
    if not np.isin(y, (0, 1)).all():
        raise ValueError(f"y must hold the classes 0 and 1, but also holds {set(y) - {0, 1}}.")
    class_names, axis_names = _pair("class_names", class_names), _pair("axis_names", axis_names)
    low, high = x.min(axis=0), x.max(axis=0)
    margin = 0.25 * np.maximum(high - low, 1e-9)
    frame = np.stack([low - margin, high + margin], axis=1)  # (axis, end)
    panels, findings = [], []
    for name, model in models.items():
        right = (_outputs(name, model, x) > 0.5) == (y == 1)
        finding = f"{name}: {right.sum()} of {len(right)} points right"
        marks = [_shading(name, model, frame), *_points(x, y, right, class_names)]
        panels.append(_panel(marks, finding, frame, axis_names))
        findings.append(finding)
    summary = (
        f"The colour is the output at each place, from 0 ({class_names[0]}) "
        f"to 1 ({class_names[1]}). {'; '.join(findings)}."
    )
    return Chart(panels, summary, width=max(400, 380 * len(panels)), height=400)


def _panel(marks, title, frame, axis_names):
    return Panel(
        marks,
        title=title,
        x_label=axis_names[0],
        y_label=axis_names[1],
        x_range=tuple(frame[0]),
        y_range=tuple(frame[1]),
        equal=True,
    )


def _shading(name, model, frame):
    edges = [np.linspace(*ends, CELLS + 1) for ends in frame]
    middles = [(ends[1:] + ends[:-1]) / 2 for ends in edges]
    grid = np.stack(np.meshgrid(*middles), axis=-1).reshape(-1, 2)
    outputs = _outputs(name, model, grid).reshape(CELLS, CELLS)
    return Heat(outputs, *frame[0], *frame[1], low=0, high=1, opacity=0.55)


def _points(x, y, right, class_names):
    marks = [
        Points(*x[y == label].T, name, _COLORS[label], _MARKERS[label], 13)
        for label, name in enumerate(class_names)
    ]
    wrong = x[~right]
    return [*marks, Points(*wrong.T, "wrong", "text", "cross", 20)]


def _outputs(name, model, points):
    outputs = np.asarray(model(points), dtype=float)
    if outputs.shape not in ((len(points),), (len(points), 1)):
        raise ValueError(
            f"models[{name!r}] must return one output per point, shape ({len(points)},), "
            f"but returned {checks.describe(outputs)}."
        )
    return outputs.reshape(-1)


def _pair(name, texts):
    texts = checks.texts(name, texts)
    if len(texts) != 2 or not all(texts):
        raise ValueError(f"{name} must be two texts, but got {checks.describe(texts)}.")
    return texts
