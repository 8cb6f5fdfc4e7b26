"""Pictures are stored small, and keep their colours."""

import io

import numpy as np
import pytest
from matplotlib.image import imread

from dlkit.display.png import png_bytes
from dlkit.plots import to_figure
from dlkit.plots.chart import Chart, Heat, Line, Panel, Points
from dlkit.plots.style import PALETTE


def pixels(data):
    return imread(io.BytesIO(data), format="png")[..., :3]


def picture():
    x = np.linspace(0, 10, 300)
    marks = [Heat(np.random.default_rng(0).normal(size=(20, 20)), 0, 10, -1, 1)]
    marks += [Line(x, np.sin(x + shift), f"line {shift}", color)
              for shift, color in enumerate(("blue", "orange", "green"))]  # fmt: skip
    marks += [Points([5], [0.5], "one point", "vermillion", size=12)]
    return to_figure(Chart(Panel(marks, "Many colours", "x", "y"), "Waves over a noise."))


def test_every_pixel_keeps_its_colour():
    figure, buffer = picture(), io.BytesIO()
    figure.savefig(buffer, format="png", dpi=90)
    exact, small = pixels(buffer.getvalue()), pixels(png_bytes(figure, dpi=90))
    assert exact.shape == small.shape
    assert np.abs(exact - small).max() < 0.15 and np.abs(exact - small).mean() < 0.01
    vermillion = np.array([int(PALETTE["vermillion"][i : i + 2], 16) for i in (1, 3, 5)]) / 255
    near = np.abs(small - vermillion).max(axis=-1) < 0.03
    assert near.sum() > 50  # the marker is still there in its own colour


def test_it_is_smaller_and_the_same_every_time():
    figure, buffer = picture(), io.BytesIO()
    figure.savefig(buffer, format="png", dpi=90)
    data = png_bytes(figure, dpi=90)
    assert len(data) < 0.6 * len(buffer.getvalue())
    assert data == png_bytes(figure, dpi=90)


def test_a_figure_that_cannot_be_drawn_keeps_its_size():
    figure = picture()
    figure.suptitle(r"$\notacommand{$")
    with pytest.raises(ValueError, match="notacommand"):
        png_bytes(figure, dpi=50)
    assert figure.dpi == 100
