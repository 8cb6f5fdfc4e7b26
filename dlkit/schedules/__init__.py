"""Learning-rate schedules: the learning rate as a pure function of the step.

``schedule(step)`` gives the learning rate of the step that follows ``step`` earlier ones, so that
the first step has ``schedule(0)``, as in Keras. Each formula is written once, in
``value(xp, step)``, which NumPy and Keras both run. ``SCHEDULES`` maps names to classes.
"""

from dlkit.schedules.base import SCHEDULES, Constant, Schedule, get
from dlkit.schedules.cycles import CosineRestarts, OneCycle, Warmup
from dlkit.schedules.decay import (
    CosineAnnealing,
    ExponentialDecay,
    InverseTimeDecay,
    PolynomialDecay,
    StepDecay,
)

SCHEDULES.update(
    (schedule.__name__, schedule)
    for schedule in (
        Constant,
        StepDecay,
        ExponentialDecay,
        InverseTimeDecay,
        PolynomialDecay,
        CosineAnnealing,
        CosineRestarts,
        Warmup,
        OneCycle,
    )
)

__all__ = [
    "SCHEDULES",
    "Constant",
    "CosineAnnealing",
    "CosineRestarts",
    "ExponentialDecay",
    "InverseTimeDecay",
    "OneCycle",
    "PolynomialDecay",
    "Schedule",
    "StepDecay",
    "Warmup",
    "get",
]
