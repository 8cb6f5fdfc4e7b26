"""A real network's loss along two directions: the surface "network" of OptimizerLab.

A small network learns the iris flowers. From where it ends, two random directions are drawn, each
scaled unit by unit to the length of the weights themselves (filter normalization: Li, Xu, Taylor,
Studer and Goldstein 2018, "Visualizing the loss landscape of neural nets", section 4), so that one
unit on the map means a change as large as the weights. The loss is computed exactly on a grid of
places; between them it is interpolated by cubics, whose own slope is the gradient.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from dlkit import activations, datasets
from dlkit.blas import OneThread
from dlkit.labs.optimizer_surfaces import NETWORK_LABEL, Surface
from dlkit.layers import Dense
from dlkit.network import Network
from dlkit.network_loss import NetworkLoss
from dlkit.optimizers import LBFGS

HIDDEN = 6
EPOCHS = 40
GRID = 81  # places along each side
EDGE = 2.6  # the map reaches a little beyond the window; outside it the loss counts as flat


class Trained(NamedTuple):
    """A trained network, and two directions away from it.

    Attributes
    ----------
    data : Data
        The iris flowers.
    function : NetworkLoss
        From the flat weights to (loss, gradient), on all training flowers.
    centre : numpy.ndarray, shape (weights,)
        Where training ended.
    directions : numpy.ndarray, shape (2, weights)
        Filter-normalised; biases stay, as in the paper.
    """

    data: object
    function: NetworkLoss
    centre: np.ndarray
    directions: np.ndarray


@lru_cache(maxsize=1)
def trained():
    """Train the network and draw the directions; return them as `Trained`."""
    data = datasets.iris()
    layers = [Dense(HIDDEN, "tanh"), Dense(3, "softmax")]
    network = Network(layers, data.input_shape, seed=0, dtype="float64")
    network.fit(data.x_train, data.y_train, optimizer="adam", learning_rate=0.02, epochs=EPOCHS)
    centre = network.flat_parameters.copy()
    drawn = np.random.default_rng(0).standard_normal((2, centre.size))
    directions = np.zeros_like(drawn)
    for _, begin, stop, shape in network.segments:
        if len(shape) == 2:
            length = np.linalg.norm(centre[begin:stop].reshape(shape), axis=0)  # of each unit
            part = drawn[:, begin:stop].reshape(2, *shape)
            part = part / np.linalg.norm(part, axis=1, keepdims=True) * length
            directions[:, begin:stop] = part.reshape(2, -1)
    function = NetworkLoss(network, data.x_train, data.y_train)
    return Trained(data, function, centre, directions)


def exact(place):
    """Return the loss at a place of the map, and its gradient there, both exact.

    By the chain rule the slope along a direction is the gradient over the weights times the
    direction.

    Parameters
    ----------
    place : array_like, shape (2,)

    Returns
    -------
    loss : float
    gradient : numpy.ndarray, shape (2,)
    """
    _, function, centre, directions = trained()
    value, gradient = function(centre + np.asarray(place) @ directions)
    return value, directions @ gradient


def losses_at(places):
    """Return the exact loss at many places of the map at once: shape (n, 2) to (n,)."""
    data, function, centre, directions = trained()
    x, y = data.x_train, data.y_train
    flat = centre + places @ directions  # (n, weights)
    parts = {
        name: flat[:, begin:stop].reshape(-1, *shape)
        for name, begin, stop, shape in function.network.segments
    }
    hidden = x @ parts["dense/kernel"] + parts["dense/bias"][:, None]  # (n, flowers, units)
    logits = activations.tanh(hidden) @ parts["dense_1/kernel"] + parts["dense_1/bias"][:, None]
    return -activations.log_softmax(logits)[:, np.arange(len(y)), y].mean(axis=1)


@lru_cache(maxsize=1)
def network_surface():
    """Return the map as a `Surface`; the first call trains and measures, in about half a second."""
    ticks = np.linspace(-EDGE, EDGE, GRID)
    with OneThread():
        rows = [losses_at(np.column_stack([np.full(GRID, x), ticks])) for x in ticks]
    between = Bicubic(np.stack(rows), -EDGE, EDGE)
    found = LBFGS().minimize(lambda p: (float(between.value(p)), between.slope(p)), [0.0, 0.0])
    axes = ("direction 1 (lengths of the weights)", "direction 2 (lengths of the weights)")
    return Surface(
        NETWORK_LABEL, axes, between.value, between.slope, found.value,
        (tuple(found.x.tolist()),), (-1.6, 1.4), 0.3,
    )  # fmt: skip


class Bicubic:
    """A smooth surface through values on a square grid, with its own exact slope.

    Cubic convolution (Keys 1981, "Cubic convolution interpolation for digital image processing",
    equation 15): each value is a sum over the four by four places around it, whose weights are cubic in
    how far one is on the way from one place to the next. Off the grid it goes on flat.

    Parameters
    ----------
    values : numpy.ndarray, shape (places, places)
        ``values[i, j]`` at the i-th x and the j-th y.
    low, high : float
        The first and the last tick, in both directions.
    """

    def __init__(self, values, low, high):
        self.values = np.pad(values, 1, mode="reflect", reflect_type="odd")
        self.low, self.high, self.count = low, high, len(values)
        self.spacing = (high - low) / (self.count - 1)
        self._offsets = np.arange(4)[:, None] * self.values.shape[1] + np.arange(4)

    def value(self, p):
        """Return the value at places ``p``, shape (..., 2); NaN where one is NaN."""
        patch, powers = self._around(p)
        weights = powers @ _WEIGHTS
        found = _mix(patch, weights[..., 0, :], weights[..., 1, :])
        return np.where(np.isnan(p).any(-1), np.nan, found)

    def slope(self, p):
        """Return the slope of `value` at places ``p``, in the same shape."""
        patch, powers = self._around(p)
        weights, slopes = powers @ _WEIGHTS, powers @ _WEIGHT_SLOPES
        along_x = _mix(patch, slopes[..., 0, :], weights[..., 1, :])
        along_y = _mix(patch, weights[..., 0, :], slopes[..., 1, :])
        found = np.stack([along_x, along_y], -1) / self.spacing
        return np.where((p >= self.low) & (p <= self.high), found, 0.0)

    def _around(self, p):
        """Return the 4 x 4 values around each place, and the powers of how far it is in its cell."""
        inside = np.clip(np.nan_to_num(p, nan=self.high), self.low, self.high)
        cells = (inside - self.low) / self.spacing
        first = np.minimum(cells.astype(int), self.count - 2)
        corner = first[..., 0] * self.values.shape[1] + first[..., 1]
        patch = self.values.ravel()[corner[..., None, None] + self._offsets]
        t = cells - first
        return patch, np.stack([np.ones_like(t), t, t * t, t * t * t], -1)


def _mix(patch, along_x, along_y):
    """Return the sum of the 4 x 4 values, weighted along x and along y."""
    return ((patch * along_y[..., None, :]).sum(-1) * along_x).sum(-1)


# Row: power of t; column: which of the four places.
_WEIGHTS = np.array([[0, 2, 0, 0], [-1, 0, 1, 0], [2, -5, 4, -1], [-1, 3, -3, 1]]) / 2
_WEIGHT_SLOPES = np.vstack([_WEIGHTS[1:] * [[1], [2], [3]], np.zeros((1, 4))])
