"""The picture of what a model answers in the plane."""

import numpy as np
import pytest

from dlkit.plots.chart import Heat, Points
from dlkit.plots.figure import figure_summary, to_figure
from dlkit.plots.results import answers_over_plane

X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
Y = np.array([0, 1, 1, 0])


def right_half(points):
    return (points[:, 0] > 0.5).astype(float)


def exactly_one(points):
    return ((points > 0.5).sum(axis=1) == 1).astype(float)[:, None]


def of(panel, kind):
    return [mark for mark in panel.marks if isinstance(mark, kind)]


def test_it_counts_and_crosses_out_what_is_wrong():
    chart = answers_over_plane({"a half": right_half, "xor": exactly_one}, X, Y)
    assert "a half: 2 of 4 points right; xor: 4 of 4 points right" in chart.summary
    assert chart.summary in figure_summary(to_figure(chart))
    half, xor = chart.panels
    zeros, ones, wrong = of(half, Points)
    assert set(zip(zeros.x, zeros.y, strict=True)) == {(0, 0), (1, 1)}
    assert set(zip(ones.x, ones.y, strict=True)) == {(0, 1), (1, 0)}
    assert set(zip(wrong.x, wrong.y, strict=True)) == {(0, 1), (1, 1)}
    assert of(xor, Points)[-1].x.size == 0


def test_the_colour_at_a_place_is_the_output_there():
    shading = of(answers_over_plane({"half": right_half}, X, Y).panels[0], Heat)[0]
    rows, columns = shading.values.shape
    assert not shading.values[:, : columns // 2].any()
    assert shading.values[:, columns // 2 :].all()
    up = answers_over_plane({"up": lambda points: points[:, 1].clip(0, 1)}, X, Y)
    values = of(up.panels[0], Heat)[0].values
    assert values[0, 0] == 0 and values[-1, 0] == 1
    assert shading.x0 < 0 and shading.x1 > 1 and rows == columns


@pytest.mark.parametrize(
    "arguments, words",
    [
        (({}, X, Y), "models must be a dictionary"),
        ((right_half, X, Y), "models must be a dictionary"),
        (({"a": right_half}, X[:, :1], Y), "x must"),
        (({"a": right_half}, X, Y[:3]), "must agree"),
        (({"a": right_half}, X, Y + 1), "classes 0 and 1"),
        (({"a": lambda points: points}, X, Y), "one output per point"),
        (({"a": right_half}, X, Y, ("no",)), "class_names must be two texts"),
        (({"a": right_half}, X, Y, ("no", "yes"), (1, 2)), "axis_names must"),
    ],
)
def test_what_does_not_fit_is_named(arguments, words):
    with pytest.raises((TypeError, ValueError), match=words):
        answers_over_plane(*arguments)
