"""Lines of equal height on a grid of values, as points that a `Line` can draw."""

from matplotlib.figure import Figure

_MOST_POINTS = 200  # a live picture thins longer lines


def contour_lines(x, y, values, levels):
    """Return the lines of equal height, piece by piece.

    Parameters
    ----------
    x : numpy.ndarray, shape (columns,)
    y : numpy.ndarray, shape (rows,)
    values : numpy.ndarray, shape (rows, columns)
    levels : sequence of float
        Rising.

    Returns
    -------
    list of (numpy.ndarray, numpy.ndarray)
        The x and the y of each piece; neighbours share their ends.
    """
    drawn = Figure().subplots().contour(x, y, values, levels=levels)
    pieces = [piece for pieces in drawn.allsegs for piece in pieces if len(piece) > 1]
    return [
        (piece[first : first + _MOST_POINTS + 1, 0], piece[first : first + _MOST_POINTS + 1, 1])
        for piece in pieces
        for first in range(0, len(piece) - 1, _MOST_POINTS)
    ]
