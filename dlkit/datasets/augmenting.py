"""More images out of few: flipped, shifted, rotated, noisy copies, the same for the same seed."""

import numpy as np

from dlkit import checks
from dlkit.datasets.splitting import check_seed

FILLS = ("nearest", "constant")


def augment(x, seed=0, flip=True, shift=0.1, rotate=10.0, noise=0.0, fill="nearest"):
    r"""Return a copy of images, each changed at random in its own way.

    The pixel at (r, c) of the result is taken from the point of the image that a rotation by a
    random angle φ about the centre and a shift by (d, e) bring there::

        (r', c') = centre + R(−φ) · ((r, c) − centre − (d, e))

    between the four pixels around it (bilinear). Then the image is mirrored with probability ½, and
    normal noise is added. Labels stay as they are: leave ``flip`` out for digits and letters.

    Parameters
    ----------
    x : array_like, shape (samples, height, width, channels)
        Images, channels last; they are not changed.
    seed : int
        Fixes what happens to each image.
    flip : bool
        Whether left and right are exchanged in half of the images.
    shift : float
        Largest shift in each direction, as a share of height and width, 0 to 1; drawn evenly.
    rotate : float
        Largest angle in degrees, 0 to 180, to either side; drawn evenly.
    noise : float
        Standard deviation of the noise, in the unit of the pixels, 0 or more.
    fill : {"nearest", "constant"}
        What comes in from outside: the nearest pixel of the border, or 0.

    Returns
    -------
    numpy.ndarray
        Of the same shape; float32, or float64 if ``x`` is.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of range.

    Source: P. Y. Simard, D. Steinkraus and J. C. Platt, "Best practices for convolutional neural
    networks applied to visual document analysis", 2003, section 2.
    """
    images = checks.array("x", x, ndim=4)
    dtype = "float64" if images.dtype == np.float64 else "float32"
    images = checks.array("x", images, dtype=dtype)
    generators = np.random.SeedSequence(check_seed(seed)).spawn(4)
    flipping, shifting, rotating, adding = map(np.random.default_rng, generators)
    flip = checks.truth_value("flip", flip)
    shift = checks.number("shift", shift, minimum=0, maximum=1)
    rotate = checks.number("rotate", rotate, minimum=0, maximum=180)
    noise = checks.number("noise", noise, minimum=0)
    checks.choice("fill", fill, FILLS)
    count, height, width, _ = images.shape
    moves = shifting.uniform(-shift, shift, (count, 2)) * (height, width)
    angles = np.deg2rad(rotating.uniform(-rotate, rotate, count))
    made = np.empty(images.shape, dtype)
    for i in range(count):  # one image at a time: its corners stay in the cache
        made[i] = _moved(images[i], moves[i], angles[i], fill)
    mirrored = (flipping.random(count) < 0.5) & flip
    made[mirrored] = made[mirrored, :, ::-1]
    if noise:
        made += noise * adding.standard_normal(made.shape, dtype)
    return made


def _moved(image, move, angle, fill):
    """Return one image rotated about its centre and shifted, between pixels bilinear."""
    if angle == 0 and not move.any():
        return image
    height, width = image.shape[:2]
    centre = (height - 1) / 2, (width - 1) / 2
    r = np.arange(height)[:, None] - centre[0] - move[0]
    c = np.arange(width)[None, :] - centre[1] - move[1]
    rows = centre[0] + np.cos(angle) * r + np.sin(angle) * c
    columns = centre[1] - np.sin(angle) * r + np.cos(angle) * c
    above, left = np.floor(rows).astype(int), np.floor(columns).astype(int)
    down, right = (rows - above)[..., None], (columns - left)[..., None]
    down, right = down.astype(image.dtype), right.astype(image.dtype)

    def at(row, column):
        inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
        found = image[np.clip(row, 0, height - 1), np.clip(column, 0, width - 1)]
        return found if fill == "nearest" else found * inside[..., None]

    top = at(above, left) * (1 - right) + at(above, left + 1) * right
    bottom = at(above + 1, left) * (1 - right) + at(above + 1, left + 1) * right
    return top * (1 - down) + bottom * down
