"""Lines of equal height on a grid of values, as points that a `Line` can draw."""

import numpy as np
from matplotlib.figure import Figure


def contour_lines(x, y, values, levels):
    """Return one broken line for each level.

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
        The x and the y of each level's line; NaN stands between its pieces.
    """
    drawn = Figure().subplots().contour(x, y, values, levels=levels)
    lines = []
    for pieces in drawn.allsegs:
        parts = [part for piece in pieces for part in (piece, np.full((1, 2), np.nan))]
        points = np.concatenate(parts) if parts else np.empty((0, 2))
        lines.append((points[:, 0], points[:, 1]))
    return lines
