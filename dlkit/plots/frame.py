"""Where the axes of each panel lie within a picture, and where their ticks stand.

Both renderers take it from here, so that the stored picture is laid out as the live one; only
their legends, set in other letters, may break into other rows.
"""

import math
from functools import lru_cache

import numpy as np
from matplotlib.ticker import LogLocator, MaxNLocator

LETTER = 7.0  # pixels, about, of a letter in a tick's text
LINE = 16  # pixels from line to line of titles and legends


def cells(chart):
    """Yield each panel of a chart with the rectangle that it may fill.

    Parameters
    ----------
    chart : Chart

    Yields
    ------
    Panel
    tuple of float
        Left, top, width and height in pixels, counted from the top left corner of the picture.
    """
    rows = -(-len(chart.panels) // chart.columns)
    head = 24 if chart.title else 0
    shares = np.asarray(chart.shares or [1] * chart.columns, dtype=float)
    edges = np.concatenate([[0], np.cumsum(shares / shares.sum())]) * chart.width
    height = (chart.height - head) / rows
    for index, panel in enumerate(chart.panels):
        row, column = divmod(index, chart.columns)
        left, right = edges[column], edges[column + 1]
        yield panel, (left, head + row * height, right - left, height)


class Frame:
    """The rectangle of a panel's axes, in pixels from the top left corner of the picture.

    Parameters
    ----------
    panel : Panel
    cell : tuple of float
        What `cells` says.
    legend_rows : callable
        Gives the legend's number of rows for the pixels that it may be wide.
    """

    def __init__(self, panel, cell, legend_rows):
        self.panel = panel
        outer_left, self.outer_top, width, height = cell
        (self.x0, self.x1), (self.y0, self.y1) = panel.ranges()
        self.title = panel.title.split("\n") if panel.title else []
        self.margin = self._margin(width, height) if panel.axes else 4
        self.legend_left = self.left = outer_left + self.margin
        self.title_left = outer_left + (14 if panel.axes else 4)
        self.width = max(width - self.margin - (12 if panel.axes else 4), 10)
        self.room = self.width + 8  # for the legend
        rows = legend_rows(self.room)
        head = (8 + LINE * len(self.title) if self.title else 6) + LINE * rows
        self.top = self.outer_top + min(head, height / 2)  # a crowded legend leaves the picture
        self.foot = self._foot()
        self.height = max(height - (self.top - self.outer_top) - self.foot, 10)
        if panel.axes:
            self.width = max(self.width - self._overhang(), 10)
        if panel.equal:
            self._make_equal()
        self.x_ticks = self._ticks("x") if panel.axes else ()
        self.y_ticks = self._ticks("y") if panel.axes else ()

    def _margin(self, width, height):
        """Return how much room the ticks and the name of the y axis take."""
        self.height, self._longest = height - 64, math.inf
        longest = max((len(text) for _, text in self._ticks("y")), default=0)
        margin = min(max(54, 30 + LETTER * longest), max(54, 0.45 * width))
        self._longest = max(4, int((margin - 30) / LETTER))
        return margin

    def _foot(self):
        if not self.panel.axes:
            return 4
        lines = [text.count("\n") for _, text in self.panel.x_ticks or ()]
        return 40 + LINE * max(lines, default=0)

    def _overhang(self):
        """Return how far a text below the right end would leave the panel's cell."""
        over = 0.0
        for at, text in self._ticks("x"):
            half = 0.5 * LETTER * max(map(len, text.split("\n")))
            over = max(over, half - 12 - self.width * (1 - self.share("x", at)))
        return min(over, self.width / 4)

    def _make_equal(self):
        scale = min(self.width / abs(self.x1 - self.x0), self.height / abs(self.y1 - self.y0))
        width, height = scale * abs(self.x1 - self.x0), scale * abs(self.y1 - self.y0)
        self.left += (self.width - width) / 2
        self.top += (self.height - height) / 2
        self.width, self.height = width, height

    def share(self, axis, values):
        """Return how far along the ``"x"`` or ``"y"`` axis values lie, from 0 to 1."""
        if axis == "x":
            low, high, scale = self.x0, self.x1, self.panel.x_scale
        else:
            low, high, scale = self.y0, self.y1, self.panel.y_scale
        if scale == "log":
            values = np.log10(np.maximum(values, 1e-300))
            low, high = np.log10(low), np.log10(high)
        return (values - low) / (high - low)

    def _ticks(self, axis):
        """Return (position, text) of the ticks within the range of ``"x"`` or ``"y"``."""
        given = getattr(self.panel, f"{axis}_ticks")
        low, high = sorted(getattr(self, f"{axis}{end}") for end in (0, 1))
        if given is None:
            room = self.width / 70 if axis == "x" else self.height / 36
            scale = getattr(self.panel, f"{axis}_scale")
            return _located(low, high, scale, int(np.clip(room, 2, 8)))
        inside = [(at, text) for at, text in given if low <= at <= high]
        return inside if axis == "x" else [(at, _cut(text, self._longest)) for at, text in inside]


def _cut(text, longest):
    return text if len(text) <= longest else text[: longest - 1] + "…"


@lru_cache(maxsize=256)
def _located(low, high, scale, wanted):
    """Return (position, text) of about as many round numbers as are wanted."""
    if max(abs(low), abs(high)) > 1e300:  # where differences are no longer finite
        return ()
    locator = MaxNLocator(wanted, steps=[1, 2, 2.5, 5, 10])
    if scale == "linear":
        found = _within(locator, low, high, 1e-9 * (high - low))
        step = min(np.diff(found), default=max(abs(low), abs(high), 1.0))
        return tuple((at, _words(at, step)) for at in found)
    apart = 0.5 * math.log10(high / low) / wanted
    digits = ((1,), (1, 3), (1, 2, 5), range(1, 10))
    finer = [LogLocator(subs=each, numticks=wanted + 2) for each in digits]
    for each in (*finer, locator):
        found = _thinned(_within(each, low, high, 1e-9 * low), apart)
        if len(found) > 2:
            break
    step = min(np.diff(found), default=low) if each is locator else math.inf
    return tuple((at, _words(at, min(at, step))) for at in found)


def _thinned(places, apart):
    """Leave out what stands less than so many powers of ten behind the one before."""
    kept = []
    for at in places:
        if not kept or at >= kept[-1] * 10**apart:
            kept.append(at)
    return kept


def _within(locator, low, high, reach):
    """Return the ticks between two ends, give or take some rounding."""
    ticks = locator.tick_values(low, high)
    exact = [0.0 if abs(at) < reach else float(at) for at in ticks]
    return [at for at in exact if low - reach <= at <= high + reach]


def _words(at, step):
    """Return a number with as many digits as tell it from another that is a step away."""
    if at == 0:
        return "0"
    size, fine = (math.floor(math.log10(abs(number)) + 1e-9) for number in (at, step))
    if -4 <= size < 6:
        text = f"{at:.{max(0, 1 - fine)}f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    digits, _, power = f"{at:.{max(0, min(15, size - fine + 1))}e}".partition("e")
    digits = digits.rstrip("0").rstrip(".") if "." in digits else digits
    return f"{digits}e{int(power)}"
