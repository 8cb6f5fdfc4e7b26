"""Figures as small PNG files, for the outputs that a notebook stores."""

import io

_COLORS = 256  # drawings have few; the file is a third as large as with millions


def png_bytes(figure, **options):
    """Return a matplotlib figure as the bytes of a PNG file with a palette of 256 colours.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    **options
        What ``savefig`` takes, such as ``dpi``.

    Returns
    -------
    bytes
    """
    from PIL import Image

    drawn, small = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png", **options)
    # coverage, not frequency: the one small marker of a colour keeps that colour
    method, dither = Image.Quantize.MAXCOVERAGE, Image.Dither.NONE
    picture = Image.open(drawn).convert("RGB").quantize(_COLORS, method, dither=dither)
    picture.save(small, "png", optimize=True)
    return small.getvalue()
