"""Numbers in words, and how sure a rule is."""

import numpy as np


def sureness(value, border, full):
    """Return 0.55 at the border of a rule, 0.95 from ``full`` on, and in between a straight line."""
    return 0.55 + 0.4 * float(np.clip((value - border) / (full - border), 0, 1))


def last(values):
    """Return the last value of a curve with two digits."""
    return f"{float(values[-1]):.2f}"


def say(value):
    """Return a number with three significant digits."""
    return f"{float(value):.3g}"


def percent(share):
    """Return a share as whole per cent."""
    return f"{100 * float(share):.0f} %"
