"""Where a loss puts the line: the smallest mean loss over all points, found for real.

The model is z = w x + b: the prediction itself for numbers, the logit of "yes" for two classes.
"""

from dataclasses import dataclass

import numpy as np

from dlkit.labs.loss_curves import of_logit, of_number
from dlkit.optimizers import LBFGS

RIDGE = 1e-3
"""For two classes RIDGE w² is added, without which w has no end where no day is wrong."""

_ITERATIONS = 300


@dataclass(frozen=True, eq=False)
class Fit:
    """A line.

    Parameters
    ----------
    w, b : float
        Slope (per unit of x) and intercept.
    """

    w: float
    b: float

    def __call__(self, x):
        """Return z = w x + b, in the shape of ``x``."""
        return self.w * x + self.b

    @property
    def boundary(self):
        """Where z = 0 and the answer changes, in units of x; NaN where the line is flat."""
        return -self.b / self.w if abs(self.w) > 1e-6 else np.nan


def balancing(y):
    """Return weights under which both classes weigh alike: n / (2 n_class), mean 1.

    Parameters
    ----------
    y : numpy.ndarray of 0 and 1, shape (points,)

    Returns
    -------
    numpy.ndarray, shape (points,)
    """
    counts = np.array([np.sum(y == 0), np.sum(y == 1)])
    weights = len(y) / (np.count_nonzero(counts) * np.maximum(counts, 1))
    return weights[y.astype(int)]


def fit(loss, x, y, weights, classes):
    """Return the line with the smallest loss L = mean_i weight_i loss(y_i, w x_i + b).

    Smooth losses are minimised by L-BFGS from w = b = 0. Two have kinks, and there the best line
    goes through two of them, so all pairs are tried.

    Parameters
    ----------
    loss : Loss
        For two classes with ``from_logits=True`` where it has that.
    x, y, weights : numpy.ndarray, shape (points,)
    classes : bool
        Whether y holds 0 and 1 and z is a logit; otherwise y holds numbers.

    Returns
    -------
    Fit
    """
    if loss.name == "hinge":
        return _through_two_points(loss, x, 2 * y - 1, weights)
    if loss.name == "mean_absolute_error" and not classes:
        return _through_two_points(loss, x, y, weights)

    def whole_loss(parameters):
        w, b = parameters
        value, slope = (of_logit if classes else of_number)(loss, y, w * x + b)
        slope = weights * slope / len(x)
        ridge = RIDGE if classes else 0.0
        gradient = np.array([slope @ x + 2 * ridge * w, slope.sum()])
        return float(np.mean(weights * value) + ridge * w * w), gradient

    found = LBFGS().minimize(whole_loss, np.zeros(2), max_iterations=_ITERATIONS)
    return Fit(float(found.x[0]), float(found.x[1]))


def _through_two_points(loss, x, t, weights):
    """The best of all lines through two of the points (x, t); of equally good ones the flattest.

    |z - t| has its kink where z = t, and the hinge max(1 - t z, 0), t = ±1, has it there too.
    """
    at, level = np.unique(np.column_stack([x, t]), axis=0).T  # days alike make no other lines
    first, second = np.triu_indices(len(at), 1)
    apart = at[first] != at[second]
    first, second = first[apart], second[apart]
    w = (level[second] - level[first]) / (at[second] - at[first])
    b = level[first] - w * at[first]
    z = w[:, None] * x + b[:, None]  # (lines, points)
    value = np.zeros(len(w))
    for weight in np.unique(weights):  # points of one weight at once, much faster than each alone
        alike = weights == weight
        value += weight * alike.sum() * loss.per_sample(t[alike], z[:, alike])
    best = np.flatnonzero(value <= value.min() + 1e-9)
    chosen = best[np.argmin(np.abs(w[best]))]
    return Fit(float(w[chosen]), float(b[chosen]))


def pulls(loss, x, y, weights, classes, line):
    """Return how hard each point pulls the line up, as a share of all the pull there is.

    The pull of a point is the negative slope of its loss, -weight_i ∂loss/∂z_i, at the line.

    Parameters
    ----------
    loss, x, y, weights, classes
        As for `fit`.
    line : Fit
        Where the line lies.

    Returns
    -------
    numpy.ndarray, shape (points,)
        Their sizes add up to 1 (or are all 0, where no point pulls).
    """
    _, slope = (of_logit if classes else of_number)(loss, y, line(x))
    pull = -weights * slope
    total = np.abs(pull).sum()
    return pull / total if total > 0 else pull
