"""Schedules that rise too: restarts, warm-up, one cycle."""

import math

from dlkit import checks
from dlkit.schedules.base import Schedule, get, rate


class CosineRestarts(Schedule):
    """Cosine annealing that starts again and again, each time for longer.

    ::

        initial_learning_rate * ((1 - alpha) * m_mul**cycle * (1 + cos(pi * done)) / 2 + alpha)

    where ``cycle`` = 0, 1, 2, ... has ``first_decay_steps * t_mul**cycle`` steps and ``done`` is
    the part of it that has passed. Keras calls it ``CosineDecayRestarts``.

    Source: Loshchilov and Hutter (2017), "SGDR: stochastic gradient descent with warm restarts",
    equation 5.

    Parameters
    ----------
    initial_learning_rate : float
        Above 0.
    first_decay_steps : int
        Steps of the first cycle, 1 or more.
    t_mul : float
        Each cycle is so many times as long as the one before; 1 or more.
    m_mul : float
        Each cycle starts at so many times the learning rate of the one before; above 0, at most 1.
    alpha : float
        The lowest learning rate as a fraction of the first, from 0 to 1.
    """

    def __init__(self, initial_learning_rate, first_decay_steps, t_mul=2.0, m_mul=1.0, alpha=0.0):
        self.initial_learning_rate = rate("initial_learning_rate", initial_learning_rate)
        self.first_decay_steps = checks.whole_number("first_decay_steps", first_decay_steps)
        self.t_mul = checks.number("t_mul", t_mul, minimum=1)
        self.m_mul = checks.number("m_mul", m_mul, above=0, maximum=1)
        self.alpha = checks.number("alpha", alpha, minimum=0, maximum=1)

    def value(self, xp, step):
        passed = step / self.first_decay_steps
        if self.t_mul == 1:
            cycle = xp.floor(passed)
            done = passed - cycle
        else:
            # The cycles before this one took (t_mul**cycle - 1) / (t_mul - 1) first cycles. The
            # small number keeps a restart from being missed by a rounding of the logarithm.
            powers = xp.log(1 + passed * (self.t_mul - 1)) / math.log(self.t_mul)
            cycle = xp.floor(powers + 1e-9)
            before = (self.t_mul**cycle - 1) / (self.t_mul - 1)
            done = (passed - before) / self.t_mul**cycle
        wave = self.m_mul**cycle * (1 + xp.cos(math.pi * done)) / 2
        return self.initial_learning_rate * ((1 - self.alpha) * wave + self.alpha)


class Warmup(Schedule):
    """A straight rise to where another schedule starts, then that schedule.

    ::

        step < warmup_steps:  start + (then(0) - start) * step / warmup_steps
        afterwards:           then(step - warmup_steps)

    with ``start = initial_learning_rate``.

    Source: Goyal et al. (2017), "Accurate, large minibatch SGD", section 2.2.

    Parameters
    ----------
    then : float or Schedule
        What follows; a number stays constant.
    warmup_steps : int
        Steps of the rise, 1 or more.
    initial_learning_rate : float
        Where the rise starts, 0 or more.
    """

    def __init__(self, then, warmup_steps=100, initial_learning_rate=0.0):
        self.then = checks.named("then", get, then)
        self.warmup_steps = checks.whole_number("warmup_steps", warmup_steps)
        self.initial_learning_rate = checks.number(
            "initial_learning_rate", initial_learning_rate, minimum=0
        )

    def value(self, xp, step):
        start, end = self.initial_learning_rate, self.then(0)
        rise = start + (end - start) * step / self.warmup_steps
        then = self.then.value(xp, xp.maximum(step - self.warmup_steps, 0 * step))
        return xp.where(step < self.warmup_steps, rise, then)


class OneCycle(Schedule):
    """One rise and one long fall, each along half a cosine wave.

    ::

        start = maximum_learning_rate / start_divisor
        end = start / end_divisor
        rising:   start + (maximum_learning_rate - start) * (1 - cos(pi * risen)) / 2
        falling:  end + (maximum_learning_rate - end) * (1 + cos(pi * fallen)) / 2

    The rise takes the first ``rise_fraction`` of ``total_steps - 1``. PyTorch's ``OneCycleLR`` lets
    it end at step ``pct_start * total_steps - 1``; else it is the same; Keras has none. The momentum, which the paper lets fall and rise against it, is
    left as it is.

    Source: Smith and Topin (2018), "Super-convergence", section 3, with cosines as in PyTorch.

    Parameters
    ----------
    maximum_learning_rate : float
        Above 0.
    total_steps : int
        Steps of the cycle, 2 or more; afterwards it stays at its end.
    rise_fraction : float
        Between 0 and 1, neither allowed.
    start_divisor, end_divisor : float
        How far the start lies below the maximum, and the end below the start; 1 or more.
    """

    def __init__(
        self,
        maximum_learning_rate,
        total_steps,
        rise_fraction=0.3,
        start_divisor=25.0,
        end_divisor=1e4,
    ):
        self.maximum_learning_rate = rate("maximum_learning_rate", maximum_learning_rate)
        self.total_steps = checks.whole_number("total_steps", total_steps, minimum=2)
        self.rise_fraction = checks.number("rise_fraction", rise_fraction, above=0, below=1)
        self.start_divisor = checks.number("start_divisor", start_divisor, minimum=1)
        self.end_divisor = checks.number("end_divisor", end_divisor, minimum=1)

    def value(self, xp, step):
        top, start = self.maximum_learning_rate, self.maximum_learning_rate / self.start_divisor
        end = start / self.end_divisor
        passed = xp.minimum(step / (self.total_steps - 1), 1 + 0 * step)
        risen = passed / self.rise_fraction
        fallen = (passed - self.rise_fraction) / (1 - self.rise_fraction)
        rising = start + (top - start) * (1 - xp.cos(math.pi * risen)) / 2
        falling = end + (top - end) * (1 + xp.cos(math.pi * fallen)) / 2
        return xp.where(passed < self.rise_fraction, rising, falling)
