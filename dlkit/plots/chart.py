"""A picture as plain data: what is drawn, not how.

A `Chart` holds panels, a `Panel` holds marks (lines, points, bars, boxes …) in the coordinates of
its data. Two renderers read it: `dlkit.plots.figure.to_figure` makes a matplotlib figure, for
everything that stays, and `dlkit.display.svg.to_svg` a small SVG, for what moves. Both therefore
show the same thing, and a test can ask a chart what it says without looking at a pixel.
"""

from dataclasses import dataclass, field

import numpy as np

from dlkit import checks
from dlkit.plots.style import FOREGROUND


def _floats(values):
    return np.atleast_1d(np.asarray(values, dtype=float))


@dataclass(frozen=True, eq=False)
class Line:
    """A line through points; NaN breaks it.

    Parameters
    ----------
    x, y : array_like, shape (points,)
        Data coordinates.
    label : str
        Name in the legend; "" leaves it out.
    color : str
        A name of ``PALETTE``, ``"text"``, or a hexadecimal colour.
    dash : str
        A name of ``DASHES``: training is solid, validation dashed.
    width, opacity : float
        Width in pixels; opacity between 0 and 1.
    """

    x: np.ndarray
    y: np.ndarray
    label: str = ""
    color: str = "blue"
    dash: str = "solid"
    width: float = 2.0
    opacity: float = 1.0

    def __post_init__(self):
        object.__setattr__(self, "x", _floats(self.x))
        object.__setattr__(self, "y", _floats(self.y))


@dataclass(frozen=True, eq=False)
class Points:
    """Markers at points.

    Parameters
    ----------
    x, y : array_like, shape (points,)
        Data coordinates.
    label, color, opacity
        As for `Line`.
    marker : str
        One of ``MARKERS``.
    size : float
        Diameter in pixels.
    filled : bool
        Whether the marker is filled or an outline.
    """

    x: np.ndarray
    y: np.ndarray
    label: str = ""
    color: str = "blue"
    marker: str = "circle"
    size: float = 7.0
    opacity: float = 1.0
    filled: bool = True

    def __post_init__(self):
        object.__setattr__(self, "x", _floats(self.x))
        object.__setattr__(self, "y", _floats(self.y))


@dataclass(frozen=True, eq=False)
class Area:
    """A shaded rectangle; a bound of None reaches the edge of the panel.

    Parameters
    ----------
    x0, x1, y0, y1 : float or None
        Bounds in data coordinates.
    label, color, opacity
        As for `Line`.
    """

    x0: float | None = None
    x1: float | None = None
    y0: float | None = None
    y1: float | None = None
    label: str = ""
    color: str = "grey"
    opacity: float = 0.2


@dataclass(frozen=True, eq=False)
class Band:
    """The area between two curves.

    Parameters
    ----------
    x : array_like, shape (points,)
        Data coordinates, rising.
    low, high : array_like, shape (points,)
        The two curves; where one is not finite there is no area.
    label, color, opacity
        As for `Line`.
    """

    x: np.ndarray
    low: np.ndarray
    high: np.ndarray
    label: str = ""
    color: str = "grey"
    opacity: float = 0.2

    def __post_init__(self):
        for name in ("x", "low", "high"):
            object.__setattr__(self, name, _floats(getattr(self, name)))


@dataclass(frozen=True, eq=False)
class Bars:
    """Bars from zero to a height, side by side.

    Parameters
    ----------
    x : array_like, shape (bars,)
        Centres; ``y`` the heights; ``width`` in data units.
    label, color, opacity
        As for `Line`; ``color`` may be a sequence with one name per bar.
    """

    x: np.ndarray
    y: np.ndarray
    label: str = ""
    color: object = "blue"
    width: float = 0.8
    opacity: float = 1.0

    def __post_init__(self):
        object.__setattr__(self, "x", _floats(self.x))
        object.__setattr__(self, "y", _floats(self.y))


@dataclass(frozen=True, eq=False)
class Heat:
    """A grid of values as colours: an image, a weight matrix, a decision surface.

    Parameters
    ----------
    values : array_like, shape (rows, columns)
        Row 0 is drawn at ``y0``, column 0 at ``x0``.
    x0, x1, y0, y1 : float
        Outer edges in data coordinates; for an image with row 0 on top, ``y0 > y1``.
    low, high : float, optional
        Values of the first and last colour; the range of the data by default.
    color_map : str
        A name of ``COLOR_MAPS``.
    opacity : float
    """

    values: np.ndarray
    x0: float
    x1: float
    y0: float
    y1: float
    low: float | None = None
    high: float | None = None
    color_map: str = "diverging"
    opacity: float = 1.0

    def __post_init__(self):
        object.__setattr__(self, "values", np.atleast_2d(np.asarray(self.values, dtype=float)))


@dataclass(frozen=True, eq=False)
class Text:
    """Words at a point.

    Parameters
    ----------
    x, y : float
        Data coordinates.
    text : str
        One line, or several with ``\\n``.
    anchor : str
        ``"start"``, ``"middle"`` or ``"end"``: which part of the text stands at ``x``.
    color, size, bold
        Colour as for `Line`; size in pixels.
    """

    x: float
    y: float
    text: str
    anchor: str = "middle"
    color: str = FOREGROUND
    size: float = 12.0
    bold: bool = False


@dataclass(frozen=True, eq=False)
class Arrow:
    """An arrow from (x0, y0) to (x1, y1) in data coordinates.

    Parameters
    ----------
    x0, y0, x1, y1 : float
        Tail and head.
    label, color, dash, width, opacity
        As for `Line`.
    """

    x0: float
    y0: float
    x1: float
    y1: float
    label: str = ""
    color: str = FOREGROUND
    dash: str = "solid"
    width: float = 1.5
    opacity: float = 1.0


@dataclass(frozen=True, eq=False)
class Box:
    """A box with lines of text in it: a node of a graph.

    Parameters
    ----------
    x, y : float
        Centre, data coordinates.
    width, height : float
        In data units.
    text : str
        One line, or several with ``\\n``; the first is bold.
    color : str
        Of the border; the inside is a light tint of it when ``filled``.
    size : float
        Size of the text in pixels.
    filled, dash, border
        Tint or not, line style and width (pixels) of the border.
    """

    x: float
    y: float
    width: float
    height: float
    text: str = ""
    color: str = "blue"
    size: float = 11.0
    filled: bool = False
    dash: str = "solid"
    border: float = 1.5


@dataclass(frozen=True, eq=False)
class Panel:
    """One pair of axes and what is drawn in it.

    Parameters
    ----------
    marks : sequence
        Drawn in this order.
    title, x_label, y_label : str
        The title says the finding; labels carry the unit.
    x_range, y_range : tuple of float, optional
        Found from the marks when None.
    x_scale, y_scale : str
        ``"linear"`` or ``"log"``.
    axes : bool
        Whether axes, ticks and grid are drawn (a graph or an image has none).
    equal : bool
        Whether one unit is as long on both axes.
    legend : bool
        Whether labelled marks are listed above the panel.
    x_ticks, y_ticks : sequence of (float, str), optional
        Ticks of your own: position and text.
    """

    marks: tuple = ()
    title: str = ""
    x_label: str = ""
    y_label: str = ""
    x_range: tuple | None = None
    y_range: tuple | None = None
    x_scale: str = "linear"
    y_scale: str = "linear"
    axes: bool = True
    equal: bool = False
    legend: bool = True
    x_ticks: tuple | None = None
    y_ticks: tuple | None = None

    def __post_init__(self):
        if not isinstance(self.marks, list | tuple) or not all(map(_is_mark, self.marks)):
            raise TypeError(
                "marks must be a list of Line, Points, Area, Band, Bars, Heat, Text, Arrow or Box, but "
                f"got {checks.describe(self.marks)}."
            )
        object.__setattr__(self, "marks", tuple(self.marks))
        for name in ("title", "x_label", "y_label"):
            checks.text(name, getattr(self, name))
        for name in ("axes", "equal", "legend"):
            checks.truth_value(name, getattr(self, name))
        for axis in ("x", "y"):
            checks.choice(f"{axis}_scale", getattr(self, f"{axis}_scale"), ("linear", "log"))
            _check_range(f"{axis}_range", getattr(self, f"{axis}_range"))
            _check_ticks(f"{axis}_ticks", getattr(self, f"{axis}_ticks"))

    def ranges(self):
        """Return ((x from, x to), (y from, y to)): as given, or what the marks need."""
        x_range = self.x_range or _extent(self.marks, "x", self.x_scale)
        y_range = self.y_range or _extent(self.marks, "y", self.y_scale)
        return x_range, y_range

    def labelled(self):
        """Return the marks that have a label, the first of each label."""
        seen = {}
        for mark in self.marks:
            label = getattr(mark, "label", "")
            if label:
                seen.setdefault(label, mark)
        return list(seen.values())


@dataclass(frozen=True, eq=False)
class Chart:
    """A whole picture: panels in rows, and the sentence that says what it shows.

    Parameters
    ----------
    panels : sequence of Panel
        Filled row by row.
    summary : str
        The text alternative: what the picture shows, in one or two sentences with its numbers.
    columns : int, optional
        Panels in a row; all in one row by default.
    width, height : int
        Size in pixels (at 100 pixels per inch in matplotlib).
    title : str
        Above all panels.
    shares : sequence of float, optional
        Relative widths of the columns.
    """

    panels: tuple
    summary: str
    columns: int | None = None
    width: int = 760
    height: int = 340
    title: str = ""
    shares: tuple | None = field(default=None)

    def __post_init__(self):
        panels = (self.panels,) if isinstance(self.panels, Panel) else self.panels
        if not isinstance(panels, list | tuple) or not all(isinstance(p, Panel) for p in panels):
            raise TypeError(
                f"panels must be a list of Panel, but got {checks.describe(self.panels)}."
            )
        if not panels:
            raise ValueError("panels must hold at least one Panel, but got none.")
        if isinstance(self.summary, str) and not self.summary.strip():
            raise ValueError("summary must say in words what the chart shows, but it is empty.")
        checks.text("summary", self.summary)
        checks.text("title", self.title)
        for name in ("width", "height"):
            checks.number(name, getattr(self, name), above=0)
        if self.columns is not None:
            checks.whole_number("columns", self.columns)
        columns = min(self.columns or len(panels), len(panels))
        if self.shares is not None:
            checks.array("shares", self.shares, shape=(columns,))
            for share in self.shares:
                checks.number("shares", share, above=0)
        object.__setattr__(self, "panels", tuple(panels))
        object.__setattr__(self, "columns", columns)


def _is_mark(thing):
    return isinstance(thing, Line | Points | Area | Band | Bars | Heat | Text | Arrow | Box)


def _check_range(name, ends):
    if ends is None:
        return
    if not isinstance(ends, list | tuple | np.ndarray) or len(ends) != 2:
        raise TypeError(f"{name} must be a pair (from, to), but got {checks.describe(ends)}.")
    low, high = (checks.number(name, end) for end in ends)
    if low >= high:
        raise ValueError(f"{name} must rise from its first to its second number, but got {ends}.")


def _check_ticks(name, ticks):
    if ticks is None:
        return
    try:
        pairs = [(position, words) for position, words in ticks]
    except (TypeError, ValueError):
        raise TypeError(
            f"{name} must be a list of (position, text), but got {checks.describe(ticks)}."
        ) from None
    for position, words in pairs:
        checks.number(f"a position in {name}", position)
        checks.text(f"a text in {name}", words)


def _extent(marks, axis, scale):
    values = [_span(mark, axis) for mark in marks]
    values = np.concatenate(values) if values else np.empty(0)
    values = values[np.isfinite(values)]
    if scale == "log":
        values = values[values > 0]
    if values.size == 0:
        return (0.1, 1.0) if scale == "log" else (0.0, 1.0)
    low, high = float(values.min()), float(values.max())
    if scale == "log":
        return (low / 1.2, high * 1.2) if high > low else (low / 2, high * 2)
    margin = 0.04 * (high - low) if high > low else max(abs(low) * 0.1, 0.5)
    return low - margin, high + margin


def _span(mark, axis):
    if isinstance(mark, Box):
        centre, half = (mark.x, mark.width / 2) if axis == "x" else (mark.y, mark.height / 2)
        return np.array([centre - half, centre + half])
    if isinstance(mark, Band):
        return mark.x if axis == "x" else np.concatenate([mark.low, mark.high])
    if isinstance(mark, Bars):
        if axis == "y":
            return np.append(mark.y, 0.0)
        return np.concatenate([mark.x - mark.width / 2, mark.x + mark.width / 2])
    if isinstance(mark, Area | Arrow | Heat):
        ends = (getattr(mark, f"{axis}0"), getattr(mark, f"{axis}1"))
        return np.array([end for end in ends if end is not None], dtype=float)
    return _floats(getattr(mark, axis))
