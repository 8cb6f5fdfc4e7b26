"""A function that L-BFGS minimizes, counted and checked, and what it finds."""

from typing import NamedTuple

import numpy as np

from dlkit import checks
from dlkit.optimizers.pairing import NonFiniteGradientError


class Minimum(NamedTuple):
    """What `LBFGS.minimize` found.

    Attributes
    ----------
    x : numpy.ndarray
        The place, in the shape of ``x0``, float64.
    value : float
        The loss there.
    gradient : numpy.ndarray
        Its gradient there, in the shape of ``x0``.
    iterations, evaluations : int
        Steps taken, and how often the function was called.
    converged : bool
        Whether the gradient came down to the tolerance.
    reason : str
        Why it stopped, in words.
    """

    x: np.ndarray
    value: float
    gradient: np.ndarray
    iterations: int
    evaluations: int
    converged: bool
    reason: str


class Point(NamedTuple):
    """A place and what the function gives there; both arrays flat, float64."""

    x: np.ndarray
    value: float
    gradient: np.ndarray


class WholeLoss:
    """A user's function, on flat float64 arrays, counted and checked."""

    def __init__(self, function, x0):
        if not callable(function):
            raise TypeError(
                "function must be a function that returns (value, gradient), but got "
                f"{checks.describe(function)}."
            )
        self.function, self.x0, self.evaluations = function, x0, 0
        self.shape = x0.shape

    def start(self, known=None):
        """Return the point at ``x0``, or say why one cannot begin there."""
        x = self.x0.ravel().astype(np.float64)
        here = self(x) if known is None else self._point(x, known, "start")
        if not np.isfinite(here.value):
            raise ValueError(
                f"function must give a finite value at the start, but gives {here.value}."
            )
        if not np.isfinite(here.gradient).all():
            raise NonFiniteGradientError(
                "function must give a finite gradient at the start, but some values are NaN or "
                "infinite; nothing was changed."
            )
        return here

    def __call__(self, x):
        # in the dtype of the parameters, so that steps are those that are really taken
        with np.errstate(over="ignore"):
            x = x.astype(self.x0.dtype)
        if not np.isfinite(x).all():  # a step that is far too long
            return Point(x.astype(np.float64), np.inf, np.full(x.shape, np.nan))
        self.evaluations += 1
        result = self.function(x.reshape(self.shape).copy())
        return self._point(x.astype(np.float64), result, "function")

    def _point(self, x, result, name):
        if not isinstance(result, tuple | list) or len(result) != 2:
            raise TypeError(
                f"{name} must give a pair (value, gradient), but gave {checks.describe(result)}."
            )
        value, gradient = result
        value = checks.array(f"the value of {name}", value, finite=False)
        if value.size != 1:
            raise ValueError(f"{name} must give one number, but gave {checks.describe(value)}.")
        gradient = checks.array(f"the gradient of {name}", gradient, shape=self.shape, finite=False)
        return Point(x, float(value.item()), gradient.ravel().astype(np.float64))
