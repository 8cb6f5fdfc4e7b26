"""The pictures of ConvolutionLab: the sliding window, the layers of a network, a covered patch."""

import numpy as np

from dlkit.display.numbers import exact
from dlkit.labs.convolution_model import SIDE, largest_outputs
from dlkit.plots.chart import Area, Bars, Chart, Heat, Line, Panel, Points, Text

_ROOM = 1.4  # around the image, for padding
_MARK = "green"  # neither a colour of the maps nor of ink
_ON_TILE = "#111111"  # tiles are light in every theme
LAYERS = {
    "conv_1": "convolution 1",
    "pool_1": "pooling 1",
    "conv_2": "convolution 2",
    "pool_2": "pooling 2",
}
"""The layers whose maps are shown."""

_IN_A_ROW = 8


def slide_chart(slide, summary, cursor=None):
    """Return the image with its window, the nine products under it, and the whole result.

    Parameters
    ----------
    slide : Slide
    summary : str
        The sentence of the picture.
    cursor : tuple of int, optional
        (row, column) of the pen, from 0.

    Returns
    -------
    Chart
    """
    panels = (_window_panel(slide, cursor), _products_panel(slide), _result_panel(slide))
    return Chart(panels, summary, height=320)


def layers_chart(image, maps, summary):
    """Return the image, the maps of every layer, and the probabilities at the end.

    Parameters
    ----------
    image : numpy.ndarray, shape (8, 8)
    maps : dict
        What `digit_reader.feature_maps` returned.
    summary : str

    Returns
    -------
    Chart
    """
    answers = maps["output"]
    said = int(answers.argmax())
    bars = _bars_panel(
        [(answers, "whole image", "blue")], f"Read as {said}: {percent(answers[said])}"
    )
    return Chart((_maps_panel(image, maps), bars), summary, height=570, shares=(1.9, 1))


def occlusion_chart(occlusion, size, summary, cursor=None):
    """Return the image with the worst patch, what is left at each place, and both answers.

    Parameters
    ----------
    occlusion : Occlusion
    size : int
        Of the patch, in pixels.
    summary : str
    cursor : tuple of int, optional

    Returns
    -------
    Chart
    """
    o, (row, column) = occlusion, occlusion.worst
    patch = _square(column, row, size)
    frame = _square(0, 0, SIDE, "grey", 1.0)
    count, edge = len(o.left), (size - 1) / 2
    fall = Heat(
        o.before[o.said] - o.left, edge, edge + count, -edge, -edge - count, 0, 1, "sequential"
    )
    centre = _square(column + edge, row + edge, 1)
    bars = [(o.before, "whole", "blue"), (o.after, "covered", "orange")]
    panels = (
        _image_panel([_ink(o.covered), frame, patch], _worst(o, size), cursor),
        _image_panel(
            [fall, frame, centre, _note(f"dark: the {o.said} is lost")],
            f"Halved at {o.halved} of {o.left.size} places",
        ),
        _bars_panel(bars, f"{o.said}: {percent(o.before[o.said])} → {percent(o.after[o.said])}"),
    )
    return Chart(panels, summary, height=320, shares=(1, 1, 1.1))


def _worst(occlusion, size):
    """Return the title of the covered image: where it hurts most."""
    if occlusion.changes_nothing:
        return "Covering changes nothing"
    row, column = (f"{at + 1}" if size == 1 else f"{at + 1}–{at + size}" for at in occlusion.worst)
    s = "s" * (size > 1)
    return f"Worst: row{s} {row}, column{s} {column}"


def zeros(maps):
    """Return the share of the outputs of a layer that are 0."""
    return float((maps == 0).mean())


def percent(share):
    """Return a share as a reader wants it: "7.3 %", "97 %", "below 0.1 %"; never a rounded 100 %."""
    share = float(share)
    if 0 < share < 0.0005:
        return "below 0.1 %"
    if share > 0.995:
        return f"{min(100 * share, 99.9):.1f} %"
    return f"{100 * share:.0f} %" if share >= 0.0995 else f"{100 * share:.1f} %"


def _window_panel(slide, cursor):
    (top, bottom), (left, right) = slide.pads
    border = [
        Heat(slide.padded, -left, SIDE + right, top, -SIDE - bottom, 0, 1, "ink"),
        Area(-left, SIDE + right, 0, top, color="sky", opacity=0.45),
        Area(-left, SIDE + right, -SIDE - bottom, -SIDE, color="sky", opacity=0.45),
        Area(-left, 0, -SIDE, 0, color="sky", opacity=0.45),
        Area(SIDE, SIDE + right, -SIDE, 0, color="sky", opacity=0.45),
    ]
    row, column = slide.corner
    window = _square(column - left, row - top, 3)
    frame = _square(0, 0, SIDE, "grey", 1.0)
    inked = int((slide.window > 0).sum())
    return _image_panel([*border, frame, window], f"Window: {inked} of 9 pixels inked", cursor)


def _products_panel(slide):
    reach = 1.6 * np.abs(slide.kernel).max()  # pale enough to write on
    marks = [Heat(slide.products, 0, 3, 0, -3, -reach, reach)]
    for (row, column), product in np.ndenumerate(slide.products):
        pixel, weight = slide.window[row, column], slide.kernel[row, column]
        words = f"{exact(pixel)}\n× {exact(weight)}\n= {exact(product)}"
        marks.append(Text(column + 0.5, -row - 0.5, words, color=_ON_TILE, size=12.5))
    marks += [Line([at, at], [0, -3], color="#ffffff", width=2) for at in (1, 2)]
    marks += [Line([0, 3], [-at, -at], color="#ffffff", width=2) for at in (1, 2)]
    marks.append(_square(0, 0, 3))
    return Panel(
        marks,
        title=f"Nine products add up to {exact(slide.products.sum())}",
        axes=False,
        equal=True,
        legend=False,
        x_range=(-0.15, 3.15),
        y_range=(-3.15, 0.15),
    )


def _result_panel(slide):
    count = len(slide.result)
    weights = slide.kernel
    reach = max(weights[weights > 0].sum(), -weights[weights < 0].sum())
    start = (SIDE - count) / 2  # a smaller result looks smaller
    row, column = slide.place
    marks = [
        Heat(slide.result, start, start + count, -start, -start - count, -reach, reach),
        _square(start, start, count, "grey", 1.0),
        _square(column + start, row + start, 1),
        _note("blue −, orange +"),
    ]
    (at_row, at_column), value = slide.strongest
    title = f"Strongest: {exact(value)} at ({at_row + 1}, {at_column + 1})"
    return _image_panel(marks, title if value else f"All {count} × {count} sums are 0")


def _maps_panel(image, maps):
    """Rows of eight maps; each layer in one scale of shades for all images."""
    tile, top = 0.9, -1.34  # the image comes first, then row below row
    marks = [
        Text(0, -0.17, f"the image: {SIDE} × {SIDE} pixels", "start", size=12),
        Heat(image, 0, tile, -0.34, -0.34 - tile, 0, 1, "ink"),
        _square(0, 0.34, tile, "grey", 1.0),
    ]
    for name, words in LAYERS.items():
        images, scale = np.moveaxis(maps[name], -1, 0), (0, largest_outputs()[name])
        words = f"{words}: {len(images)} maps of {' × '.join(map(str, images.shape[1:]))}"
        words += f", {percent(zeros(maps[name]))} zeros"
        marks.append(Text(0, top - 0.17, words, "start", size=12))
        top -= 0.34
        for number, shades in enumerate(images):
            row, left = divmod(number, _IN_A_ROW)
            upper = top - row
            marks.append(Heat(shades, left, left + tile, upper, upper - tile, *scale, "sequential"))
            marks.append(_square(left, -upper, tile, "grey", 1.0))
        top -= -(-len(images) // _IN_A_ROW)
    last = maps["pool_2"]
    return Panel(
        marks,
        title=f"{_holding(last, 0.9)} of the last {last.size} numbers hold 90 % of their sum",
        axes=False,
        equal=True,
        legend=False,
        x_range=(-0.05, _IN_A_ROW),
        y_range=(top, 0.05),
    )


def _holding(numbers, share):
    """Return how few of the numbers, none below 0, hold a share of their sum."""
    sums = np.cumsum(np.sort(numbers, axis=None)[::-1])
    return int(np.searchsorted(sums, share * sums[-1])) + 1 if sums[-1] > 0 else 0


def _bars_panel(series, title):
    places, width = np.arange(10), 0.8 / len(series)
    marks = [
        Bars(places + (index - (len(series) - 1) / 2) * width, answers, label, color, width)
        for index, (answers, label, color) in enumerate(series)
    ]
    return Panel(
        marks,
        title=title,
        x_label="digit",
        y_label="probability",
        x_range=(-0.6, 9.6),
        y_range=(0, 1.02),
        legend=len(series) > 1,
        x_ticks=tuple((float(digit), str(digit)) for digit in range(10)),
    )


def _image_panel(marks, title, cursor=None):
    """A panel in pixels: columns to the right, rows downwards; the same range for all."""
    pen = []
    if cursor is not None:
        at = [cursor[1] + 0.5], [-cursor[0] - 0.5]
        pen = [Points(*at, color="purple", marker="diamond", size=12)]
    return Panel(
        [*marks, *pen],
        title=title,
        axes=False,
        equal=True,
        legend=False,
        x_range=(-_ROOM, SIDE + _ROOM),
        y_range=(-SIDE - _ROOM, _ROOM),
    )


def _note(words):
    """What the colours mean, under an image."""
    return Text(SIDE / 2, -SIDE - 0.75, words, size=12)


def _ink(image):
    return Heat(image, 0, SIDE, 0, -SIDE, 0, 1, "ink")


def _square(left, row, size, color=_MARK, width=3.0):
    """The outline of a square of pixels, whose first row is ``row``."""
    return Line(
        left + size * np.array([0, 1, 1, 0, 0]),
        -row - size * np.array([0, 0, 1, 1, 0]),
        color=color,
        width=width,
    )
