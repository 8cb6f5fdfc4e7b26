"""A chart says the same in both forms, and keeps its promises about text, range and colour."""

import io
import re
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from matplotlib.figure import Figure
from PIL import Image

from dlkit.display.svg import to_svg
from dlkit.plots import style
from dlkit.plots.chart import Area, Arrow, Band, Bars, Box, Chart, Heat, Line, Panel, Points, Text
from dlkit.plots.figure import figure_summary, to_figure

ALL_MARKS = (
    Line([0, 1, 2], [0, 1, 4], "training"),
    Line([0, 1, 2], [1, np.nan, 3], "validation", color="orange", dash="dashed"),
    *(
        Points([0.5], [0.5], f"class {index}", marker=marker, filled=index % 2 == 0)
        for index, marker in enumerate(style.MARKERS)
    ),
    Area(x1=0.5, label="dead zone"),
    Band([0, 1, 2], [0, 1, np.nan], [1, 3, 3], "gap"),
    Bars([0, 1], [2, 3], "height", color=("blue", "orange")),
    Heat(np.arange(6).reshape(2, 3), 0, 2, 0, 4),
    Text(1, 1, "two\nlines"),
    Arrow(0, 0, 1, 1),
    Box(1, 2, 0.5, 0.5, "node\n2.0", filled=True),
)

NAMESPACE = "{http://www.w3.org/2000/svg}"


def parsed(chart):
    return ElementTree.fromstring(to_svg(chart))


def words_of(chart):
    return [node.text for node in parsed(chart).iter(f"{NAMESPACE}text")]


@pytest.mark.parametrize("axes", [True, False])
@pytest.mark.parametrize("scale", ["linear", "log"])
def test_every_mark_is_drawn_by_both_renderers(axes, scale):
    panel = Panel(ALL_MARKS, title="All", axes=axes, x_range=(0.1, 3), x_scale=scale)
    chart = Chart(panel, "All marks.")
    assert len(parsed(chart)) > 3
    figure = to_figure(chart)
    figure.canvas.draw()
    assert figure_summary(figure) == "All marks."


def test_svg_is_an_image_with_the_summary_as_its_name():
    root = parsed(Chart(Panel(ALL_MARKS), 'Loss < 0.1 & "falling"'))
    assert root.get("role") == "img"
    assert root.get("aria-label") == 'Loss < 0.1 & "falling"'


def test_both_forms_show_titles_labels_and_legend():
    panel = Panel(ALL_MARKS, title="Loss falls", x_label="epoch", y_label="loss (nats)")
    chart = Chart(panel, "x", title="Whole")
    in_svg = words_of(chart)
    figure = to_figure(chart)
    axes = figure.axes[0]
    legend = [text.get_text() for text in axes.get_legend().get_texts()]
    for words in ("Loss falls", "epoch", "loss (nats)", "training", "validation", "dead zone"):
        assert words in in_svg, f"{words!r} is missing in the SVG"
    assert axes.get_title(loc="left") == "Loss falls"
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("epoch", "loss (nats)")
    assert {"training", "validation", "dead zone"} <= set(legend)


@pytest.mark.parametrize("resolution", [90, 100, 150])
def test_no_title_is_cut_off_above_a_panel_of_equal_scales(resolution):
    names = ("decision line", "0 (false)", "1 (true)", "wrong", "your input")
    lines = [Line([0, 1], [0, index], name) for index, name in enumerate(names)]
    other = Panel(lines[:1], title="z", x_label="z", legend=False, y_ticks=[(0.5, "w1 · x1")])
    ranges = {"x_range": (0, 1), "y_range": (0, 1)}
    equal = Panel(lines, title="2 of 4", y_label="x2", x_label="x1", equal=True, **ranges)
    chart = Chart((other, equal), "x", height=420, shares=(1.08, 1))
    drawn = io.BytesIO()
    to_figure(chart).savefig(drawn, format="png", dpi=resolution)
    dark = np.asarray(Image.open(drawn).convert("L")) < 200
    assert not dark[[0, -1]].any() and not dark[:, [0, -1]].any()


def test_the_same_range_holds_in_both_forms():
    panel = Panel([Line([0, 10], [0, 5], "a")], x_range=(-2, 12), y_range=(-1, 6))
    axes = to_figure(Chart(panel, "x")).axes[0]
    assert axes.get_xlim() == (-2, 12)
    assert axes.get_ylim() == (-1, 6)


def test_dashes_differ_as_well_as_colours():
    panel = Panel([Line([0, 1], [0, 1], dash="solid"), Line([0, 1], [1, 0], dash="dashed")])
    lines = to_figure(Chart(panel, "x")).axes[0].get_lines()
    assert [line.get_linestyle() for line in lines] == ["-", "--"]
    assert "stroke-dasharray" in to_svg(Chart(panel, "x"))


def test_text_in_a_chart_cannot_become_markup():
    chart = Chart(Panel([Text(0, 0, "<script>alert(1)</script>")], title="<b>"), "<i>")
    assert "<script>" not in to_svg(chart)
    assert "<b>" not in to_svg(chart)


def test_no_pyplot_state_is_touched():
    to_figure(Chart(Panel(ALL_MARKS), "x"))
    assert matplotlib._pylab_helpers.Gcf.get_all_fig_managers() == []


def test_spikes_survive_the_thinning_of_long_lines():
    y = np.zeros(20_000)
    y[12_345] = 1.0
    panel = Panel([Line(np.arange(20_000), y)], y_range=(0, 1))
    numbers = re.findall(
        r"d=\"M([^\"]+)\" fill=\"none\" stroke-linejoin", to_svg(Chart(panel, "x"))
    )
    heights = {pair.split(",")[1] for pair in numbers[0].split()}
    assert len(heights) == 2, "the spike of one point in 20,000 was lost"
    assert len(numbers[0].split()) <= 242


@given(arrays(np.float64, st.integers(1, 60), elements=st.floats(allow_nan=True, width=64)))
def test_any_numbers_give_well_formed_svg(values):
    chart = Chart(Panel([Line(np.arange(len(values)), values, "a"), Points([0], values[:1])]), "x")
    assert parsed(chart).tag == f"{NAMESPACE}svg"


def test_a_chart_needs_panels_and_words():
    with pytest.raises(ValueError, match="panels"):
        Chart((), "x")
    with pytest.raises(ValueError, match="summary"):
        Chart(Panel(), "  ")


def test_summary_of_a_foreign_figure_names_its_parts():
    figure = Figure()
    axes = figure.add_subplot()
    axes.plot([1, 2], label="mine")
    axes.set(title="My plot", xlabel="day", ylabel="euro")
    assert figure_summary(figure) == "My plot: euro against day; curves: mine."
    with pytest.raises(TypeError, match="figure"):
        figure_summary("a plot")


def contrast(first, second):
    def luminance(color):
        parts = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    dark, light = sorted((luminance(first), luminance(second)))
    return (light + 0.05) / (dark + 0.05)


def test_the_first_two_series_can_be_told_apart_without_colour():
    """Their luminance differs, so they stay apart in a grey print."""
    first, second = (style.color_of(style.series_color(index)) for index in (0, 1))
    assert contrast(first, second) > 2


@pytest.mark.parametrize("low, high", [(1e-5, 10.0), (0.4, 4.0), (0.12, 0.9), (2.0, 900.0)])
def test_labels_of_a_log_axis_are_plain_numbers(low, high):
    panel = Panel([Line([0, 1], [low, high])], "Loss", "epoch", "loss", y_scale="log")
    figure = to_figure(Chart(panel, "A loss."))
    figure.canvas.draw()
    (axes,) = figure.axes
    shown = [label.get_text() for label in axes.get_yticklabels(which="both") if label.get_text()]
    assert len(shown) >= 2 and all(float(text) > 0 for text in shown), shown


LOG = [(1e-5, 10.0), (0.4, 4.0), (0.12, 0.9), (2.0, 900.0), (1e-12, 1e-3), (0.4, 0.62)]
LINEAR = [(0, 0.0004), (-12345, 0), (20_000, 20_004), (0.99995, 1), (99_990, 100_010), (0, 2e7)]


def figure_of(*panels, width=760, height=340):
    """Return a drawn figure, its axes, and a function that gives the box of a text in it."""
    figure = to_figure(Chart(panels, "x", width=width, height=height))
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    return figure, figure.axes, lambda artist: artist.get_window_extent(renderer)


def check_apart(texts, boxes, start, end):
    for text, lower, upper in zip(texts, boxes, boxes[1:], strict=False):
        assert getattr(lower, end) < getattr(upper, start), f"{text} touches the next tick"


@pytest.mark.parametrize("height", [150, 200, 340])
@pytest.mark.parametrize("scale, ranges", [("log", LOG), ("linear", LINEAR)])
def test_both_forms_have_the_same_ticks_and_nothing_meets_them(scale, ranges, height):
    for low, high in ranges:
        panel = Panel([Line([0, 1], [low, high])], "Loss", "epoch", "loss (nats)", y_scale=scale)
        _, (axes,), box = figure_of(panel, height=height)
        shown = axes.get_yticklabels()
        words = [text.get_text() for text in shown]
        numbers = [float(each.replace("…", "")) for each in words]
        assert len(words) >= 2, (low, high)
        assert numbers == sorted(set(numbers)), f"two ticks read alike: {words}"
        assert np.allclose(numbers, axes.get_yticks(), rtol=0, atol=0.02 * (high - low))
        missing = set(words) - set(words_of(Chart(panel, "x", height=height)))
        assert not missing, f"{missing} stand in the stored picture only"
        name, boxes = box(axes.yaxis.label), [box(text) for text in shown]
        assert name.x0 >= 0
        assert min(each.x0 for each in boxes) > name.x1, f"{words} touch the name of the axis"
        check_apart(words, boxes, "y0", "y1")


@pytest.mark.parametrize("scale, ranges", [("log", LOG), ("linear", LINEAR)])
def test_ticks_below_a_narrow_panel_stay_apart(scale, ranges):
    for low, high in ranges:
        panel = Panel([Line([low, high], [0, 1])], "a", "rate", "loss", x_scale=scale)
        _, all_axes, box = figure_of(panel, panel, panel, width=600)
        for axes in all_axes:
            shown = axes.get_xticklabels()
            check_apart([text.get_text() for text in shown], list(map(box, shown)), "x0", "x1")


NAMES = [Line([0, 1], [0, i], f"optimizer number {i}") for i in range(6)]
ROOMY = {
    "legend over equal scales": Panel(NAMES, "a", "x", "y", (0, 1), (0, 1), equal=True),
    "long names of ticks": Panel(
        NAMES[:2], "a", "x", "y", y_ticks=[(0, "a class of a rather long name"), (1, "b" * 60)]
    ),
    "names below the ends": Panel(
        NAMES[:1], "a", "x", "y", (0, 1), x_ticks=[(0, "no"), (1, "half of all hidden units")]
    ),
    "names in two lines": Panel(NAMES[:1], "a", "x", "y", (0, 1), x_ticks=[(0.5, "one\ntwo")]),
    "large numbers": Panel([Line([0, 1000], [0, 1])], "a", "step", "y", (0, 1000)),
    "images": Panel(NAMES[:1], "a", axes=False, equal=True),
}


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("name", ROOMY)
def test_nothing_leaves_the_picture(name, count):
    figure, all_axes, box = figure_of(*[ROOMY[name]] * count)
    for column, axes in enumerate(all_axes):
        artists = [axes._left_title, *axes.get_legend().texts] if axes.get_legend() else []
        if axes.axison:
            artists += [axes.xaxis.label, axes.yaxis.label]
            artists += [*axes.get_xticklabels(), *axes.get_yticklabels()]
        edges = [figure.bbox.x1 * place / count for place in (column, column + 1)]
        for artist in artists:
            words, found = artist.get_text(), box(artist)
            assert found.x0 >= edges[0] - 1, words
            assert found.x1 <= edges[1] + 1, words
            assert found.y0 >= -1, words
            assert found.y1 <= figure.bbox.y1 + 1, words


@pytest.mark.parametrize("width, height", [(40, 30), (120, 60), (250, 200)])
def test_axes_stay_in_the_smallest_picture(width, height):
    many = [Line([0, 1], [0, i], f"name {i}") for i in range(40)]
    panels = [Panel(many, "a\nb", "x", "y", y_ticks=[(1, "long " * 12)]) for _ in range(2)]
    for axes in figure_of(*panels, width=width, height=height)[1]:
        place = axes.get_position()
        assert place.width > 0 and place.height > 0
        if width > 200:
            assert place.x0 >= 0 and place.x1 <= 1 and place.y0 >= 0 and place.y1 <= 1


def test_own_ticks_outside_the_range_change_nothing():
    panel = Panel([Line([0, 1], [0, 1])], y_range=(0, 1), y_ticks=[(-5, "out"), (0.5, "in")])
    _, (axes,), _ = figure_of(panel)
    assert axes.get_ylim() == (0, 1)
    assert [text.get_text() for text in axes.get_yticklabels()] == ["in"]
    assert "out" not in words_of(Chart(panel, "x"))


def test_numbers_at_the_end_of_floats_draw():
    for low, high in ((1e308, 1.7e308), (1e-300, 1e-299)):
        chart = Chart(Panel([Line([0, 1], [low, high])]), "x")
        to_figure(chart).canvas.draw()
        assert parsed(chart) is not None


def test_a_title_of_two_lines_stands_in_two_lines():
    chart = Chart(Panel([Line([0, 1], [0, 1])], "R² = 0.5.\nError 2 euro", "x", "y"), "x")
    assert {"R² = 0.5.", "Error 2 euro"} <= set(words_of(chart))
