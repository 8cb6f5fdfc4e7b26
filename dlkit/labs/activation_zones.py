"""Where an activation is flat: saturated or dead. The computation behind ActivationLab's curve."""

import numpy as np

SATURATED = 0.05
"""A slope smaller than this in size counts as saturated."""

LOW, HIGH = -6.0, 6.0
"""The stretch of inputs that is looked at."""

_STEPS = 1200


def is_dead(slope):
    """Return where the slope is exactly 0: nothing can be learnt through it."""
    return slope == 0


def is_saturated(slope):
    """Return where the slope is small but not 0: learning crawls."""
    return (np.abs(slope) < SATURATED) & (slope != 0)


def zones(activation, which):
    """Return the intervals of x in which the slope of the activation is flat.

    Parameters
    ----------
    activation : Activation
        Elementwise.
    which : callable
        `is_dead` or `is_saturated`: from slopes to truth values.

    Returns
    -------
    list of (float, float)
        From LOW to HIGH, each end to 1e-9 of where the answer changes; an end at LOW or HIGH is
        where the look ends, not the zone. A single point, such as the bottom of a valley, is none.
    """
    grid = np.linspace(LOW, HIGH, _STEPS + 1)

    def answer(x):
        return bool(which(activation.derivative(np.array([x])))[0])

    inside = which(activation.derivative(grid))
    changes = np.flatnonzero(inside[1:] != inside[:-1])
    ends = [_where_it_changes(answer, grid[i], grid[i + 1]) for i in changes]
    if inside[0]:
        ends.insert(0, LOW)
    if inside[-1]:
        ends.append(HIGH)
    return [(a, b) for a, b in zip(ends[::2], ends[1::2], strict=True) if b - a > 1e-6]


def _where_it_changes(answer, low, high):
    at_low = answer(low)
    for _ in range(35):
        middle = (low + high) / 2
        if answer(middle) == at_low:
            low = middle
        else:
            high = middle
    return float(round((low + high) / 2, 9)) + 0.0
