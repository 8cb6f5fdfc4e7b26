"""The surfaces of OptimizerLab: a loss over two numbers, with its gradient derived by hand.

All are looked at through the same window, so that the sliders of the start mean the same on each.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from dlkit import checks

WINDOW = 2.0
"""Both coordinates run from minus this to this."""

STEPS = 200
"""The length of every race."""


@dataclass(frozen=True, eq=False)
class Surface:
    """A loss over the plane.

    Parameters
    ----------
    label : str
        As the menu has it.
    axes : tuple of (str, str)
        What the two coordinates are.
    loss : callable
        From places, shape (..., 2), to losses, shape (...).
    gradient : callable
        From places, shape (..., 2), to gradients, shape (..., 2).
    lowest : float
        The smallest loss there is.
    minima : tuple of (float, float)
        Where it is reached.
    start : tuple of (float, float)
        Where a race begins unless you choose otherwise.
    noise_unit : float
        One unit of noise, in units of the gradient.
    sampled : callable, optional
        ``sampled(places, draw)``: the gradient of one sample, for a surface that has samples; ``draw``
        from 0 to 1 says which.
    """

    label: str
    axes: tuple
    loss: Callable
    gradient: Callable
    lowest: float
    minima: tuple
    start: tuple
    noise_unit: float = 1.0
    sampled: Callable | None = None

    def noise(self, amount, seed, steps=STEPS):
        """Return what is added to the gradient at each step: the same for every optimizer.

        Parameters
        ----------
        amount : float
            Standard deviation in each direction, in `noise_unit`; 0 or more.
        seed : int
        steps : int

        Returns
        -------
        numpy.ndarray, shape (steps, 2)
        """
        amount = checks.number("amount", amount, minimum=0)
        seed = checks.whole_number("seed", seed, minimum=0)
        steps = checks.whole_number("steps", steps)
        draws = np.random.default_rng([seed, 1]).standard_normal((steps, 2))
        return amount * self.noise_unit * draws

    def gradients(self, seed, steps=STEPS):
        """Return the gradient as a race sees it, before noise: ``at(step, places)``.

        On a surface with samples it is that of one sample a step, the same for every optimizer.
        """
        if self.sampled is None:
            return lambda step, places: self.gradient(places)
        draws = np.random.default_rng([seed, 2]).random(steps)
        return lambda step, places: self.sampled(places, draws[step])


def _bowl(p):
    x, y = p[..., 0], p[..., 1]
    return x**2 + 2 * y**2


def _bowl_gradient(p):
    x, y = p[..., 0], p[..., 1]
    return np.stack([2 * x, 4 * y], -1)


def _ravine(p):
    x, y = p[..., 0], p[..., 1]
    return 0.5 * x**2 + 25 * y**2


def _ravine_gradient(p):
    x, y = p[..., 0], p[..., 1]
    return np.stack([x, 50 * y], -1)


_TURN = np.array([[1.0, 1.0], [-1.0, 1.0]]) / np.sqrt(2)  # by 45 degrees


def _tilted(p):
    return _ravine(p @ _TURN)


def _tilted_gradient(p):
    return _ravine_gradient(p @ _TURN) @ _TURN.T


def _saddle(p):
    x, y = p[..., 0], p[..., 1]
    return x**2 + (y**2 - 1) ** 2


def _saddle_gradient(p):
    x, y = p[..., 0], p[..., 1]
    return np.stack([2 * x, 4 * y * (y**2 - 1)], -1)


def _rosenbrock(p):
    x, y = p[..., 0], p[..., 1]
    return (1 - x) ** 2 + 100 * (y - x**2) ** 2


def _rosenbrock_gradient(p):
    x, y = p[..., 0], p[..., 1]
    return np.stack([-2 * (1 - x) - 400 * x * (y - x**2), 200 * (y - x**2)], -1)


_BEALE = ((1.5, 1), (2.25, 2), (2.625, 3))


def _beale(p):
    x, y = 2 * p[..., 0], 2 * p[..., 1]  # one unit here is two of Beale's
    return sum((c - x + x * y**k) ** 2 for c, k in _BEALE)


def _beale_gradient(p):
    x, y = 2 * p[..., 0], 2 * p[..., 1]
    by_x = sum(2 * (c - x + x * y**k) * (y**k - 1) for c, k in _BEALE)
    by_y = sum(2 * (c - x + x * y**k) * x * k * y ** (k - 1) for c, k in _BEALE)
    return 2 * np.stack([by_x, by_y], -1)  # the 2 is the inner derivative


_BUMP = 0.6


def _bumps(p):
    return (p**2 + _BUMP * (1 - np.cos(2 * np.pi * p))).sum(-1)


def _bumps_gradient(p):
    return 2 * p + _BUMP * 2 * np.pi * np.sin(2 * np.pi * p)


# The noisy surface: a line y = w x + b through 30 points; one of them is asked at each step.
_generator = np.random.default_rng(4)
_POINTS_X = _generator.uniform(-1.5, 1.5, 30)
_POINTS_Y = 0.8 * _POINTS_X - 0.5 + 0.4 * _generator.standard_normal(30)
_COLUMNS = np.column_stack([_POINTS_X, np.ones(30)])  # of w and of b
_BEST_LINE = np.linalg.solve(_COLUMNS.T @ _COLUMNS, _COLUMNS.T @ _POINTS_Y)


def _line(p):
    errors = p @ _COLUMNS.T - _POINTS_Y  # (..., points)
    return (errors**2).mean(-1)


def _line_gradient(p):
    errors = p @ _COLUMNS.T - _POINTS_Y
    return 2 * errors @ _COLUMNS / len(_POINTS_Y)


def _line_sampled(p, draw):
    sample = int(draw * len(_POINTS_Y))
    row = _COLUMNS[sample]
    return 2 * (p @ row - _POINTS_Y[sample])[..., None] * row


SURFACES = {
    "bowl": Surface(
        "bowl", ("x", "y"), _bowl, _bowl_gradient, 0.0,
        ((0, 0),), (-1.6, 1.2),
    ),
    "ravine": Surface(
        "ravine", ("x", "y"), _ravine, _ravine_gradient, 0.0,
        ((0, 0),), (-1.8, 0.6), 2.0,
    ),
    "tilted": Surface(
        "ravine, tilted by 45°", ("x", "y"), _tilted, _tilted_gradient, 0.0,
        ((0, 0),), (-0.84, 1.7), 2.0,
    ),
    "saddle": Surface(
        "saddle", ("x", "y"), _saddle, _saddle_gradient, 0.0,
        ((0, 1), (0, -1)), (1.6, 0.02),
    ),
    "rosenbrock": Surface(
        "Rosenbrock's valley", ("x", "y"), _rosenbrock, _rosenbrock_gradient, 0.0,
        ((1, 1),), (-1.2, 1.0), 4.0,
    ),
    "beale": Surface(
        "Beale's cliffs", ("x", "y"), _beale, _beale_gradient, 0.0,
        ((1.5, 0.25),), (-1.0, 1.0), 2.0,
    ),
    "bumps": Surface(
        "many minima", ("x", "y"), _bumps, _bumps_gradient, 0.0,
        ((0, 0),), (1.7, 1.3), 2.0,
    ),
    "noisy": Surface(
        "noisy: one sample a step", ("weight w", "bias b"), _line,
        _line_gradient, float(_line(_BEST_LINE)), (tuple(_BEST_LINE.tolist()),), (-1.6, 1.4), 1.0,
        _line_sampled,
    ),
}  # fmt: skip
"""Name -> Surface, without the one that needs a trained network (see `surface`)."""

NETWORK = "network"
NETWORK_LABEL = "a real network's loss"
NAMES = (*SURFACES, NETWORK)


def surface(name):
    """Return a surface by its name; that of the network is trained and measured at its first use.

    Parameters
    ----------
    name : str
        One of ``NAMES``.

    Returns
    -------
    Surface
    """
    if checks.choice("name", name, NAMES) != NETWORK:
        return SURFACES[name]
    from dlkit.labs.optimizer_network import network_surface  # lazily: it trains a network

    return network_surface()
