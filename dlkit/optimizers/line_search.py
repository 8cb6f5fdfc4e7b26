"""How far to go along a direction: the line search with the strong Wolfe conditions."""

import math
from typing import NamedTuple

# Nocedal and Wright's values for quasi-Newton methods: enough decrease, and a slope that is flatter.
DECREASE = 1e-4
CURVATURE = 0.9
MOST_TRIALS = 25
GROWTH = 4.0  # by how much a step that is too short is lengthened


class Trial(NamedTuple):
    """A step that was tried.

    Attributes
    ----------
    step : float
        How far along the direction; 0 is the start.
    value : float
        The loss there; infinity where it is not finite.
    slope : float
        Its derivative along the direction.
    point : object
        Whatever belongs to it.
    """

    step: float
    value: float
    slope: float
    point: object = None


def strong_wolfe(along, start, first):
    """Return a step with lower loss and flatter slope, without checks.

    Both conditions, with φ(step) the loss along the direction::

        φ(step) ≤ φ(0) + 0.0001 step φ'(0)
        |φ'(step)| ≤ 0.9 |φ'(0)|

    The second keeps steps from being too short, and makes sure that step · change of the gradient
    is above 0, which L-BFGS lives on.

    Parameters
    ----------
    along : callable
        Takes a step and returns its `Trial`.
    start : Trial
        Step 0, with a slope below 0.
    first : float
        The step that is tried first, above 0.

    Returns
    -------
    Trial or None
        If the trials run out, the best one that lowers the loss; None if there is none, as happens
        where the loss is flat to its last digit.

    Source: Nocedal and Wright (2006), "Numerical optimization", algorithms 3.5 and 3.6.
    """
    previous, step = start, first
    for trial in range(1, MOST_TRIALS + 1):
        now = along(step)
        if _is_too_high(now, start) or (trial > 1 and now.value >= previous.value):
            return _zoom(along, start, previous, now, MOST_TRIALS - trial)
        if abs(now.slope) <= -CURVATURE * start.slope:
            return now
        if now.slope >= 0:
            return _zoom(along, start, now, previous, MOST_TRIALS - trial)
        previous, step = now, GROWTH * step
    return previous


def _zoom(along, start, low, high, trials):
    """Return a step between two that have a good one between them; ``low`` has the lower loss."""
    for _ in range(trials):
        now = along(_between(low, high))
        if _is_too_high(now, start) or now.value >= low.value:
            high = now
            continue
        if abs(now.slope) <= -CURVATURE * start.slope:
            return now
        if now.slope * (high.step - low.step) >= 0:
            high = low
        low = now
    return low if low.value < start.value else None


def _is_too_high(now, start):
    return now.value > start.value + DECREASE * now.step * start.slope


def _between(low, high):
    """Return the lowest place of the cubic through two trials, or the middle if it is too near one.

    Equation 3.59 of the same book.
    """
    width = high.step - low.step
    middle = low.step + width / 2
    d1 = low.slope + high.slope - 3 * (high.value - low.value) / width
    square = d1 * d1 - low.slope * high.slope
    if not (math.isfinite(square) and square >= 0):
        return middle
    d2 = math.copysign(math.sqrt(square), width)
    below = high.slope - low.slope + 2 * d2
    if below == 0:
        return middle
    step = high.step - width * (high.slope + d2 - d1) / below
    share = (step - low.step) / width
    return step if 0.1 <= share <= 0.9 else middle
