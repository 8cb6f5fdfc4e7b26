"""A chart as a matplotlib figure: the form in which a picture is stored, printed or mailed."""

from functools import singledispatch

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Patch
from matplotlib.ticker import NullLocator

from dlkit import checks
from dlkit.plots import chart as marks
from dlkit.plots.frame import LINE, Frame, cells
from dlkit.plots.style import COLOR_MAPS, DASHES, FOREGROUND, color_of

_MARKERS = {
    "circle": "o",
    "triangle": "^",
    "square": "s",
    "cross": "x",
    "diamond": "D",
    "plus": "+",
}
_PIXEL = 0.72  # points in a pixel at 100 pixels per inch


def to_figure(chart):
    """Return the chart as a matplotlib figure on the Agg canvas.

    Parameters
    ----------
    chart : Chart
        What to draw.

    Returns
    -------
    matplotlib.figure.Figure
        Made without pyplot, so that no global state is touched and any thread may call it. Its
        text alternative is ``figure_summary(figure)``.
    """
    if not isinstance(chart, marks.Chart):
        raise TypeError(f"chart must be a Chart, but got {checks.describe(chart)}.")
    figure = Figure(figsize=(chart.width / 100, chart.height / 100), dpi=100)
    FigureCanvasAgg(figure)
    figure.text_alternative = chart.summary
    for panel, cell in cells(chart):
        labelled = panel.labelled() if panel.legend else []
        frame = Frame(
            panel, cell, lambda room, each=labelled: -(-len(each) // _legend_columns(each, room))
        )
        axes = figure.add_axes(
            (
                frame.left / chart.width,
                1 - (frame.top + frame.height) / chart.height,
                frame.width / chart.width,
                frame.height / chart.height,
            )
        )
        _draw_panel(axes, frame, labelled)
    if chart.title:
        figure.suptitle(
            chart.title, y=1 - 14 / chart.height, va="center", fontsize=10.5, fontweight="bold"
        )
    return figure


def figure_summary(figure):
    """Return the text alternative of a figure: one or two sentences that say what it shows.

    Parameters
    ----------
    figure : matplotlib.figure.Figure or Chart
        A figure of the kit carries its sentence. For any other figure the titles, axis labels and
        curve names are put into words.

    Returns
    -------
    str

    Raises
    ------
    TypeError
        If ``figure`` is neither a matplotlib figure nor a chart.
    """
    if isinstance(figure, marks.Chart):
        return figure.summary
    if not isinstance(figure, Figure):
        raise TypeError(
            f"figure must be a matplotlib Figure or a Chart, but got {type(figure).__name__}. "
            "With pyplot, pass plt.gcf()."
        )
    sentence = getattr(figure, "text_alternative", "")
    return sentence or " ".join(_describe(axes) for axes in figure.axes) or "An empty figure."


def _describe(axes):
    curves = [line.get_label() for line in axes.get_lines()]
    curves = [label for label in curves if label and not label.startswith("_")]
    title = axes.get_title() or "A plot"
    labels = f"{axes.get_ylabel() or 'y'} against {axes.get_xlabel() or 'x'}"
    return f"{title}: {labels}" + (f"; curves: {', '.join(curves)}." if curves else ".")


def _draw_panel(axes, frame, labelled):
    panel = frame.panel
    axes.set_xscale(panel.x_scale)
    axes.set_yscale(panel.y_scale)
    axes.set_xlim(frame.x0, frame.x1)
    axes.set_ylim(frame.y0, frame.y1)
    for mark in panel.marks:
        _draw(mark, axes)
    if panel.axes:
        _draw_axes(axes, frame)
    else:
        axes.set_axis_off()
    axes.set_xlim(frame.x0, frame.x1)
    axes.set_ylim(frame.y0, frame.y1)
    if panel.equal:
        axes.set_aspect("equal")  # also when somebody gives the figure another size
    if labelled:
        axes.legend(
            [_handle(mark) for mark in labelled],
            [mark.label for mark in labelled],
            loc="lower left",
            bbox_to_anchor=((frame.legend_left - frame.left) / frame.width, 1.0),
            ncols=_legend_columns(labelled, frame.room),
            frameon=False,
            fontsize=8,
            borderaxespad=0.2,
            handlelength=2.2,
            columnspacing=1.2,
            labelspacing=0.35,
        )
    if panel.title:
        start = (frame.title_left - frame.left) / frame.width
        above = frame.top - frame.outer_top - LINE * len(frame.title)
        # with a place of its own, matplotlib does not look for one at every drawing
        axes.set_title(panel.title, fontsize=10, loc="left", x=start, y=1.0, pad=above * _PIXEL)


def _draw_axes(axes, frame):
    panel = frame.panel
    axes.grid(True, color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)
    for axis, ticks in ((axes.xaxis, frame.x_ticks), (axes.yaxis, frame.y_ticks)):
        axis.set_ticks([at for at, _ in ticks], [text for _, text in ticks])
        axis.set_minor_locator(NullLocator())
    axes.set_xlabel(panel.x_label, fontsize=9, va="center")
    axes.set_ylabel(panel.y_label, fontsize=9, va="center")
    axes.xaxis.set_label_coords(0.5, -(frame.foot - 10) / frame.height)
    axes.yaxis.set_label_coords((10 - frame.margin) / frame.width, 0.5)


def _legend_columns(labelled, width):
    """Return how many columns of the legend fit above a panel that is ``width`` pixels wide."""
    lengths = [len(mark.label) for mark in labelled]
    for columns in (2, 1) if len(lengths) in (2, 4) else (3, 2, 1):
        longest = [max(part) for part in np.array_split(lengths, columns) if len(part)]
        if 44 * len(longest) + 6.4 * sum(longest) <= width:
            return columns
    return 1


def _color(name):
    return "#111111" if name == FOREGROUND else color_of(name)


def _style(dash):
    return (0, tuple(length * _PIXEL for length in DASHES[dash])) if DASHES[dash] else "-"


@singledispatch
def _draw(mark, axes):
    raise TypeError(f"A panel cannot draw {type(mark).__name__}.")


@_draw.register
def _(mark: marks.Line, axes):
    axes.plot(
        mark.x,
        mark.y,
        color=_color(mark.color),
        linestyle=_style(mark.dash),
        linewidth=mark.width * _PIXEL,
        alpha=mark.opacity,
    )


@_draw.register
def _(mark: marks.Points, axes):
    stroke = mark.marker in ("cross", "plus")
    color = _color(mark.color)
    style = {"color": color} if stroke else {
        "facecolors": color if mark.filled else "none",
        "edgecolors": "white" if mark.filled else color,
    }  # fmt: skip
    axes.scatter(
        mark.x,
        mark.y,
        s=(mark.size * _PIXEL) ** 2,
        marker=_MARKERS[mark.marker],
        alpha=mark.opacity,
        linewidths=1.4 if stroke or not mark.filled else 0.4,
        zorder=3,
        **style,
    )


@_draw.register
def _(mark: marks.Area, axes):
    (x_low, x_high), (y_low, y_high) = axes.get_xlim(), axes.get_ylim()
    x0, x1 = (low if at is None else at for at, low in ((mark.x0, x_low), (mark.x1, x_high)))
    y0, y1 = (low if at is None else at for at, low in ((mark.y0, y_low), (mark.y1, y_high)))
    axes.fill_between([x0, x1], y0, y1, color=_color(mark.color), alpha=mark.opacity, linewidth=0)


@_draw.register
def _(mark: marks.Band, axes):
    axes.fill_between(
        mark.x, mark.low, mark.high, color=_color(mark.color), alpha=mark.opacity, linewidth=0
    )


@_draw.register
def _(mark: marks.Bars, axes):
    colors = [mark.color] * len(mark.x) if isinstance(mark.color, str) else mark.color
    axes.bar(
        mark.x,
        mark.y,
        width=mark.width,
        color=[_color(name) for name in colors],
        alpha=mark.opacity,
    )


@_draw.register
def _(mark: marks.Heat, axes):
    axes.imshow(
        mark.values,
        extent=(mark.x0, mark.x1, mark.y0, mark.y1),
        origin="lower",
        aspect="auto",
        cmap=LinearSegmentedColormap.from_list(mark.color_map, COLOR_MAPS[mark.color_map]),
        vmin=mark.low,
        vmax=mark.high,
        alpha=mark.opacity,
        interpolation="nearest",
        zorder=0.6,  # above the grid, below everything else
    )


@_draw.register
def _(mark: marks.Text, axes):
    axes.text(
        mark.x,
        mark.y,
        mark.text,
        ha={"start": "left", "middle": "center", "end": "right"}[mark.anchor],
        va="center",
        color=_color(mark.color),
        fontsize=mark.size * _PIXEL,
        fontweight="bold" if mark.bold else "normal",
        parse_math=False,
    )


@_draw.register
def _(mark: marks.Arrow, axes):
    axes.add_patch(
        FancyArrowPatch(
            (mark.x0, mark.y0),
            (mark.x1, mark.y1),
            arrowstyle="-|>",
            mutation_scale=9,
            shrinkA=0,
            shrinkB=0,
            color=_color(mark.color),
            linestyle=_style(mark.dash),
            linewidth=mark.width * _PIXEL,
            alpha=mark.opacity,
        )
    )


@_draw.register
def _(mark: marks.Box, axes):
    color = _color(mark.color)
    corner = (mark.x - mark.width / 2, mark.y - mark.height / 2)
    radius = 0.12 * min(mark.width, mark.height)
    for face, edge, alpha in (
        (color if mark.filled else "white", "none", 0.18),
        ("none", color, 1),
    ):
        axes.add_patch(
            FancyBboxPatch(
                corner,
                mark.width,
                mark.height,
                boxstyle=f"round,pad=0,rounding_size={radius}",
                facecolor=face,
                edgecolor=edge,
                alpha=alpha if edge == "none" and mark.filled else 1,
                linestyle=_style(mark.dash),
                linewidth=mark.border * _PIXEL,
                zorder=2,
            )
        )
    lines = mark.text.split("\n") if mark.text else []
    step = mark.size * 1.25 * _PIXEL
    for index, line in enumerate(lines):
        axes.annotate(
            line,
            (mark.x, mark.y),
            xytext=(0, step * ((len(lines) - 1) / 2 - index)),
            textcoords="offset points",
            ha="center",
            va="center",
            color="#111111",
            fontsize=mark.size * _PIXEL,
            fontweight="bold" if index == 0 and len(lines) > 1 else "normal",
            parse_math=False,
            zorder=4,
        )


def _handle(mark):
    if isinstance(mark, marks.Area | marks.Band | marks.Bars):
        color = mark.color if isinstance(mark.color, str) else mark.color[0]
        return Patch(color=_color(color), alpha=mark.opacity)
    from matplotlib.lines import Line2D

    if isinstance(mark, marks.Points):
        color = _color(mark.color)
        return Line2D(
            [],
            [],
            linestyle="none",
            marker=_MARKERS[mark.marker],
            color=color,
            markerfacecolor=color if mark.filled else "none",
            markersize=min(mark.size, 9) * _PIXEL,
        )
    return Line2D(
        [],
        [],
        color=_color(mark.color),
        linestyle=_style(mark.dash),
        linewidth=mark.width * _PIXEL,
        alpha=max(mark.opacity, 0.4),
    )
