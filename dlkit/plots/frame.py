"""Where the axes of each panel lie within a picture, and where their ticks stand.

Both renderers take it from here, so that the stored picture is laid out as the live one.
"""

from functools import lru_cache

import numpy as np
from matplotlib.ticker import LogLocator, MaxNLocator


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
    legend_rows : int
        Lines of the legend between title and axes.
    """

    def __init__(self, panel, cell, legend_rows):
        self.panel = panel
        self.outer_left, self.outer_top, width, height = cell
        (self.x0, self.x1), (self.y0, self.y1) = panel.ranges()
        self.title = panel.title.split("\n") if panel.title else []
        head = (8 + 16 * len(self.title) if self.title else 6) + 16 * legend_rows
        self.height = max(height - head - (40 if panel.axes else 4), 10)
        self.margin = 4
        if panel.axes:
            longest = max((len(text) for _, text in self._ticks("y")), default=0)
            self.margin = max(54, 30 + 6.5 * longest)
        self.left, self.top = self.outer_left + self.margin, self.outer_top + head
        self.width = max(width - self.margin - (12 if panel.axes else 4), 10)
        if panel.equal:
            self._make_equal()
        self.x_ticks = self._ticks("x") if panel.axes else ()
        self.y_ticks = self._ticks("y") if panel.axes else ()

    def _ticks(self, axis):
        """Return (position, text) of the ticks of ``"x"`` or ``"y"``."""
        given = getattr(self.panel, f"{axis}_ticks")
        if given is not None:
            return given
        low, high = sorted(getattr(self, f"{axis}{end}") for end in (0, 1))
        room = self.width / 70 if axis == "x" else self.height / 36
        scale = getattr(self.panel, f"{axis}_scale")
        return _located(low, high, scale, int(np.clip(room, 2, 8)))

    def _make_equal(self):
        scale = min(self.width / abs(self.x1 - self.x0), self.height / abs(self.y1 - self.y0))
        width, height = scale * abs(self.x1 - self.x0), scale * abs(self.y1 - self.y0)
        self.left += (self.width - width) / 2
        self.top += (self.height - height) / 2
        self.width, self.height = width, height


@lru_cache(maxsize=256)
def _located(low, high, scale, wanted):
    places = []
    if scale == "log":
        for digits in ((1,), (1, 3), (1, 2, 5), tuple(range(1, 10))):
            locator = LogLocator(subs=digits, numticks=wanted + 2)
            places = _within(locator, low, high, 1e-9 * low)
            if len(places) > 2:
                break
    if len(places) < 2:
        locator = MaxNLocator(wanted, steps=[1, 2, 2.5, 5, 10])
        places = _within(locator, low, high, 1e-9 * (high - low))
    return tuple((at, _words(at)) for at in places)


def _within(locator, low, high, reach):
    """Return the ticks between two ends, give or take some rounding."""
    ticks = locator.tick_values(low, high)
    exact = [0.0 if abs(at) < reach else float(at) for at in ticks]
    return [at for at in exact if low - reach <= at <= high + reach]


def _words(at):
    digits, _, power = f"{at:.4g}".partition("e")
    return f"{digits}e{int(power)}" if power else digits
