"""A chart as a small SVG: the form in which a picture moves.

Written as text, so that a live curve costs under a millisecond, needs no front-end package of its
own, and can be set from any thread as the value of an HTML widget. Text and lines take the colours
of the page's theme, so it reads on a light surface and on a dark one.
"""

import base64
import io
from functools import singledispatch
from html import escape

import numpy as np

from dlkit.plots import chart as marks
from dlkit.plots.frame import LINE, Frame, cells
from dlkit.plots.style import COLOR_MAPS, DASHES, FOREGROUND, color_of

_TEXT = "var(--jp-ui-font-color1, #222)"
_FAINT = "var(--jp-border-color2, #ddd)"
_SURFACE = "var(--jp-layout-color0, #fff)"
_FONT = "var(--jp-ui-font-family, system-ui, sans-serif)"
_POINTS_PER_LINE = 240
_AXES_KEPT = 64
_AXES = {}  # what decides how axes look -> their SVG


def to_svg(chart):
    """Return the chart as an SVG element.

    Parameters
    ----------
    chart : Chart
        What to draw.

    Returns
    -------
    str
        ``<svg>`` with ``role="img"`` and the chart's summary as its accessible name. It scales down
        to the width of its surroundings.
    """
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{escape(chart.summary)}" '
            f'viewBox="0 0 {chart.width} {chart.height}" width="{chart.width}" '
            f'style="width:100%;max-width:{1.25 * chart.width:.0f}px;height:auto;font-family:{_FONT};display:block">'
        )
    ]
    if chart.title:
        parts.append(_words(chart.width / 2, 14, chart.title, "middle", 14, FOREGROUND, True))
    with np.errstate(over="ignore", invalid="ignore"):  # a diverging loss leaves the panel, no more
        for index, (panel, cell) in enumerate(cells(chart)):
            parts.extend(_Frame(panel, cell, index).draw())
    parts.append("</svg>")
    return "".join(parts)


class _Frame(Frame):
    """Maps the data coordinates of one panel to pixels and draws it."""

    def __init__(self, panel, cell, index):
        self.index, self.entries = index, []
        super().__init__(panel, cell, self._fill_rows)

    def _fill_rows(self, room):
        self.entries = _legend_rows(self.panel, room)
        return len(self.entries)

    def x(self, values):
        return self.left + self.width * self.share("x", values)

    def y(self, values):
        return self.top + self.height * (1 - self.share("y", values))

    def draw(self):
        clip = f"dlkit-clip-{self.index}-{self.left:.0f}-{self.top:.0f}-{self.width:.0f}-{self.height:.0f}"
        yield (
            f'<clipPath id="{clip}"><rect x="{self.left:.1f}" y="{self.top:.1f}" '
            f'width="{self.width:.1f}" height="{self.height:.1f}"/></clipPath>'
        )
        if self.panel.axes:
            yield self._axes_once()
        yield f'<g clip-path="url(#{clip})">' if self.panel.axes else "<g>"
        for mark in self.panel.marks:
            yield _draw(mark, self)
        yield "</g>"
        line = self.outer_top + 12
        for words in self.title:
            yield _words(self.title_left, line, words, "start", 13, FOREGROUND, True)
            line += LINE
        line += 2 if self.title else -4
        for row in self.entries:
            across = self.legend_left
            for mark, width in row:
                yield _swatch(mark, across, line)
                yield _words(across + 26, line, mark.label, "start", 11.5, FOREGROUND)
                across += width
            line += LINE

    def _axes_once(self):
        """Return the axes; while a picture moves they stay the same, so they are kept."""
        panel = self.panel
        key = (
            *(self.left, self.top, self.width, self.height, self.margin),
            *(self.x0, self.x1, self.y0, self.y1),
            *(panel.x_scale, panel.y_scale, panel.x_label, panel.y_label),
            *(str(panel.x_ticks), str(panel.y_ticks)),
        )
        drawn = _AXES.get(key)
        if drawn is None:
            if len(_AXES) >= _AXES_KEPT:
                _AXES.clear()
            drawn = _AXES[key] = "".join(self._axes())
        return drawn

    def _axes(self):
        bottom, right = self.top + self.height, self.left + self.width
        for at, text in self.x_ticks:
            x = self.x(at)
            yield _rule(x, self.top, x, bottom)
            yield _paragraph(x, bottom + 12, text, "middle", 11, FOREGROUND, from_top=True)
        for at, text in self.y_ticks:
            y = self.y(at)
            yield _rule(self.left, y, right, y)
            yield _words(self.left - 6, y, text, "end", 11, FOREGROUND)
        yield (
            f'<path d="M{self.left:.1f} {self.top:.1f}V{bottom:.1f}H{right:.1f}" fill="none" '
            f'stroke="{_TEXT}" stroke-width="1"/>'
        )
        middle = self.left + self.width / 2
        yield _words(middle, bottom + self.foot - 10, self.panel.x_label, "middle", 12, FOREGROUND)
        if self.panel.y_label:
            x, y = self.left - self.margin + 10, self.top + self.height / 2
            yield (
                f'<g transform="rotate(-90 {x:.1f} {y:.1f})">'
                + _words(x, y, self.panel.y_label, "middle", 12, FOREGROUND)
                + "</g>"
            )


def _legend_rows(panel, room):
    rows, used = [[]], 0.0
    for mark in panel.labelled() if panel.legend else []:
        width = 26 + 6.4 * len(mark.label) + 14
        if rows[-1] and used + width > room:
            rows.append([])
            used = 0.0
        rows[-1].append((mark, width))
        used += width
    return [row for row in rows if row]


def _color(name):
    return _TEXT if name == FOREGROUND else color_of(name)


def _stroke(mark, scale=1):
    dashes = [scale * length for length in DASHES[mark.dash]]
    pattern = f' stroke-dasharray="{" ".join(map(str, dashes))}"' if dashes else ""
    return (
        f'style="stroke:{_color(mark.color)}" stroke-width="{scale * mark.width}" '
        f'stroke-opacity="{mark.opacity}"{pattern}'
    )


def _rule(x0, y0, x1, y1):
    return f'<path d="M{x0:.1f} {y0:.1f}L{x1:.1f} {y1:.1f}" style="stroke:{_FAINT}"/>'


def _words(x, y, text, anchor, size, color, bold=False):
    if not text:
        return ""
    weight = ' font-weight="600"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" dominant-baseline="central" '
        f'font-size="{size}" style="fill:{_color(color)}"{weight}>{escape(str(text))}</text>'
    )


def _paragraph(x, y, text, anchor, size, color, bold="none", from_top=False):
    lines = text.split("\n")
    step = size * 1.25
    first = y if from_top else y - step * (len(lines) - 1) / 2
    return "".join(
        _words(x, first + step * index, line, anchor, size, color, _is_bold(bold, index, lines))
        for index, line in enumerate(lines)
    )


def _is_bold(bold, index, lines):
    return bold == "all" or (bold == "first" and index == 0 and len(lines) > 1)


def _swatch(mark, x, y):
    if isinstance(mark, marks.Area | marks.Band | marks.Bars):
        color = mark.color if isinstance(mark.color, str) else mark.color[0]
        return (
            f'<rect x="{x:.1f}" y="{y - 5:.1f}" width="20" height="10" '
            f'style="fill:{_color(color)}" fill-opacity="{mark.opacity}"/>'
        )
    if isinstance(mark, marks.Points):
        return _marker(mark, np.array([x + 10]), np.array([y]), min(mark.size, 10))
    return f'<path d="M{x:.1f} {y:.1f}h22" fill="none" {_stroke(mark)}/>'


@singledispatch
def _draw(mark, frame):
    raise TypeError(f"A panel cannot draw {type(mark).__name__}.")


@_draw.register
def _(mark: marks.Line, frame):
    x, y = _thinned(mark.x, mark.y)
    x, y = frame.x(x), np.clip(frame.y(y), -1e5, 1e5)
    places = np.empty((len(x), 2))
    places[:, 0], places[:, 1] = 10 * x, 10 * y  # whole tenths of a pixel are written fastest
    path = ""
    for run in _finite_runs(x, y):
        numbers = np.rint(places[run]).astype(int).ravel().tolist()
        path += "M" + ("%d,%d " * (len(numbers) // 2)) % tuple(numbers)
    if not path:
        return ""
    return (
        f'<path d="{path}" fill="none" stroke-linejoin="round" {_stroke(mark, 10)} '
        f'transform="scale(.1)"/>'
    )


@_draw.register
def _(mark: marks.Points, frame):
    return _marker(mark, frame.x(mark.x), frame.y(mark.y), mark.size)


@_draw.register
def _(mark: marks.Area, frame):
    x0, x1 = (frame.x(at) for at in _bounds(mark.x0, mark.x1, frame.x0, frame.x1))
    y0, y1 = (frame.y(at) for at in _bounds(mark.y0, mark.y1, frame.y0, frame.y1))
    return (
        f'<rect x="{min(x0, x1):.1f}" y="{min(y0, y1):.1f}" width="{abs(x1 - x0):.1f}" '
        f'height="{abs(y1 - y0):.1f}" style="fill:{_color(mark.color)}" '
        f'fill-opacity="{mark.opacity}"/>'
    )


@_draw.register
def _(mark: marks.Band, frame):
    x, low = _thinned(mark.x, mark.low)
    high = np.interp(x, mark.x, mark.high) if len(x) else x
    across = frame.x(x)
    below, above = (np.clip(frame.y(edge), -1e5, 1e5) for edge in (low, high))
    path = ""
    for run in _finite_runs(across, below + above):
        round_trip = zip(
            np.append(across[run], across[run][::-1]).tolist(),
            np.append(below[run], above[run][::-1]).tolist(),
            strict=True,
        )
        path += "M" + " ".join(map("%.1f,%.1f".__mod__, round_trip)) + "Z"
    if not path:
        return ""
    return f'<path d="{path}" style="fill:{_color(mark.color)}" fill-opacity="{mark.opacity}"/>'


@_draw.register
def _(mark: marks.Bars, frame):
    colors = [mark.color] * len(mark.x) if isinstance(mark.color, str) else mark.color
    left, right = frame.x(mark.x - mark.width / 2), frame.x(mark.x + mark.width / 2)
    zero, top = frame.y(np.zeros(1))[0], frame.y(mark.y)
    return "".join(
        f'<rect x="{x0:.1f}" y="{min(zero, y):.1f}" width="{max(x1 - x0, 0.5):.1f}" '
        f'height="{abs(zero - y):.1f}" style="fill:{_color(name)}" fill-opacity="{mark.opacity}"/>'
        for x0, x1, y, name in zip(left, right, top, colors, strict=True)
    )


@_draw.register
def _(mark: marks.Heat, frame):
    x0, x1 = frame.x(mark.x0), frame.x(mark.x1)
    y0, y1 = frame.y(mark.y0), frame.y(mark.y1)
    values = mark.values if y0 < y1 else mark.values[::-1]
    values = values if x0 < x1 else values[:, ::-1]
    return (
        f'<image x="{min(x0, x1):.1f}" y="{min(y0, y1):.1f}" width="{abs(x1 - x0):.1f}" '
        f'height="{abs(y1 - y0):.1f}" preserveAspectRatio="none" opacity="{mark.opacity}" '
        f'style="image-rendering:pixelated" href="{_png(values, mark)}"/>'
    )


@_draw.register
def _(mark: marks.Text, frame):
    bold = "all" if mark.bold else "none"
    return _paragraph(
        frame.x(mark.x), frame.y(mark.y), mark.text, mark.anchor, mark.size, mark.color, bold
    )


@_draw.register
def _(mark: marks.Arrow, frame):
    x0, y0, x1, y1 = frame.x(mark.x0), frame.y(mark.y0), frame.x(mark.x1), frame.y(mark.y1)
    length = max(float(np.hypot(x1 - x0, y1 - y0)), 1e-9)
    along, across = (x1 - x0) / length, (y1 - y0) / length
    head = min(9.0, length)
    base_x, base_y = x1 - head * along, y1 - head * across
    half = head * 0.4
    return (
        f'<path d="M{x0:.1f} {y0:.1f}L{base_x:.1f} {base_y:.1f}" fill="none" {_stroke(mark)}/>'
        f'<path d="M{x1:.1f} {y1:.1f}L{base_x - half * across:.1f} {base_y + half * along:.1f}'
        f'L{base_x + half * across:.1f} {base_y - half * along:.1f}Z" '
        f'style="fill:{_color(mark.color)}" fill-opacity="{mark.opacity}"/>'
    )


@_draw.register
def _(mark: marks.Box, frame):
    x0, x1 = frame.x(mark.x - mark.width / 2), frame.x(mark.x + mark.width / 2)
    y0, y1 = frame.y(mark.y + mark.height / 2), frame.y(mark.y - mark.height / 2)
    color = _color(mark.color)
    dashes = DASHES[mark.dash]
    pattern = f' stroke-dasharray="{" ".join(map(str, dashes))}"' if dashes else ""
    shape = (
        f'x="{x0:.1f}" y="{y0:.1f}" width="{x1 - x0:.1f}" height="{y1 - y0:.1f}" '
        f'rx="{0.12 * min(x1 - x0, y1 - y0):.1f}"'
    )
    tint = f'<rect {shape} style="fill:{color}" fill-opacity="0.18"/>' if mark.filled else ""
    return (
        f'<rect {shape} style="fill:{_SURFACE}"/>{tint}<rect {shape} fill="none" '
        f'style="stroke:{color}" stroke-width="{mark.border}"{pattern}/>'
        + _paragraph(
            (x0 + x1) / 2, (y0 + y1) / 2, mark.text, "middle", mark.size, FOREGROUND, "first"
        )
    )


_SHAPES = {
    "circle": "M{r},0a{r},{r} 0 1,0 -{d},0a{r},{r} 0 1,0 {d},0",
    "square": "M-{r},-{r}h{d}v{d}h-{d}z",
    "triangle": "M0,-{r}L{r},{r}H-{r}z",
    "diamond": "M0,-{r}L{r},0L0,{r}L-{r},0z",
    "cross": "M-{r},-{r}L{r},{r}M-{r},{r}L{r},-{r}",
    "plus": "M-{r},0H{r}M0,-{r}V{r}",
}


def _marker(mark, x, y, size):
    shape = _SHAPES[mark.marker].format(r=round(size / 2, 2), d=round(size, 2))
    color = _color(mark.color)
    if mark.marker in ("cross", "plus"):
        style = f'style="stroke:{color}" stroke-width="2" fill="none"'
    elif mark.filled:
        style = f'style="fill:{color};stroke:{_SURFACE}" stroke-width="0.5"'
    else:
        style = f'style="stroke:{color}" stroke-width="1.8" fill="none"'
    places = "".join(
        f'<path transform="translate({across:.1f},{down:.1f})" d="{shape}"/>'
        for across, down in zip(x.tolist(), y.tolist(), strict=True)
        if np.isfinite(across) and np.isfinite(down)
    )
    return f'<g {style} opacity="{mark.opacity}">{places}</g>'


def _bounds(first, last, low, high):
    return (low if first is None else first, high if last is None else last)


def _thinned(x, y):
    """Keep the lowest and highest point of each pixel column, so that no spike is lost."""
    if len(x) <= _POINTS_PER_LINE:
        return x, y
    last = len(y) - 1
    size = -(-len(y) // (_POINTS_PER_LINE // 2))
    groups = np.append(y, np.full(-len(y) % size, y[-1])).reshape(-1, size)
    first = np.arange(0, groups.size, size)
    missing = np.isnan(groups)
    low, high = groups, groups
    if missing.any():
        low, high = np.where(missing, np.inf, groups), np.where(missing, -np.inf, groups)
    keep = np.concatenate([[0], first + low.argmin(axis=1), first + high.argmax(axis=1), [last]])
    keep = np.sort(np.minimum(keep, last))
    return x[keep], y[keep]


def _finite_runs(x, y):
    good = np.isfinite(x) & np.isfinite(y)
    if good.all():
        return [slice(None)] if len(x) else []
    edges = np.flatnonzero(np.diff(np.concatenate([[0], good.astype(int), [0]])))
    return [slice(start, stop) for start, stop in zip(edges[::2], edges[1::2], strict=True)]


def _png(values, mark):
    from PIL import Image

    finite = values[np.isfinite(values)]
    low = mark.low if mark.low is not None else (finite.min() if finite.size else 0.0)
    high = mark.high if mark.high is not None else (finite.max() if finite.size else 1.0)
    share = np.clip((np.nan_to_num(values) - low) / (high - low if high > low else 1.0), 0, 1)
    stops = np.array(
        [
            [int(color[place : place + 2], 16) for place in (1, 3, 5)]
            for color in COLOR_MAPS[mark.color_map]
        ],
        dtype=float,
    )
    places = np.linspace(0, 1, len(stops))
    pixels = np.stack([np.interp(share, places, stops[:, channel]) for channel in range(3)], -1)
    if np.isnan(values).any():  # what is no number has no colour, as in a figure
        pixels = np.dstack([pixels, 255 * ~np.isnan(values)])
    buffer = io.BytesIO()
    Image.fromarray(pixels.round().astype("uint8")).save(buffer, "PNG", compress_level=1)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
