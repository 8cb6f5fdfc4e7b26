"""Figures as small PNG files, for the outputs that a notebook stores."""

import io

import numpy as np

_COLORS = 256  # drawings have few; the file is a third as large as with millions


def png_bytes(figure, dpi=None, tight=False):
    """Return a matplotlib figure as the bytes of a PNG file with a palette of 256 colours.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        On the Agg canvas.
    dpi : int, optional
        Pixels per inch; by default what matplotlib would take.
    tight : bool
        Whether empty borders are cut off.

    Returns
    -------
    bytes
    """
    from PIL import Image

    if tight:
        drawn = io.BytesIO()
        size = {} if dpi is None else {"dpi": dpi}
        figure.savefig(drawn, format="png", bbox_inches="tight", **size)
        picture = Image.open(drawn)
    else:  # the pixels of savefig, which draws everything twice to lay it out
        before = figure.dpi
        try:
            figure.set_dpi(dpi or before)
            figure.canvas.draw()
            picture = Image.fromarray(np.array(figure.canvas.buffer_rgba()))
        finally:
            figure.set_dpi(before)
    # coverage, not frequency: the one small marker of a colour keeps that colour
    method, dither = Image.Quantize.MAXCOVERAGE, Image.Dither.NONE
    small = io.BytesIO()
    picture = picture.convert("RGB").quantize(_COLORS, method, dither=dither)
    picture.save(small, "png", optimize=True)
    return small.getvalue()
