"""Learning-rate schedules: the learning rate as a pure function of the step.

``schedule(step)`` gives the learning rate of the step that follows ``step`` earlier ones, so that
the first step has ``schedule(0)``, as in Keras. Each formula is written once, in
``value(xp, step)``, which NumPy and Keras both run. ``SCHEDULES`` maps names to classes.
"""

import math

import numpy as np

from dlkit import checks


class Schedule:
    """What all schedules share: being called, and a configuration.

    A schedule of your own takes its arguments in ``__init__`` under the names of its attributes,
    and defines ``value(self, xp, step)`` with plain operators and ``xp``.
    """

    def value(self, xp, step):
        """Return the learning rate of ``step``: a float or array of ``xp``, at least 0."""
        raise NotImplementedError("A schedule defines its own value.")

    def __call__(self, step):
        """Return the learning rate after ``step`` steps.

        Parameters
        ----------
        step : int or array_like of int
            0 or more; the first step of a run has 0.

        Returns
        -------
        float or numpy.ndarray
            One learning rate for each step.

        Raises
        ------
        TypeError, ValueError
            If ``step`` is no number, negative or not finite.
        """
        if np.ndim(step) == 0:
            step = checks.number("step", step, minimum=0)
            return float(self.value(np, np.float64(step)))
        steps = checks.array("step", step).astype(np.float64)
        if steps.min() < 0:
            raise ValueError(f"step must not be negative, but the smallest is {steps.min():g}.")
        return self.value(np, steps)

    def get_config(self):
        """Return name and arguments as a JSON-able dict; `get` makes an equal schedule of it."""
        arguments = {
            name: value.get_config() if isinstance(value, Schedule) else value
            for name, value in vars(self).items()
        }
        return {"name": type(self).__name__, **arguments}

    def __eq__(self, other):
        """Return whether the other is the same schedule with the same arguments."""
        return isinstance(other, Schedule) and self.get_config() == other.get_config()

    def __hash__(self):
        """Return a hash that equal schedules share."""
        return hash(repr(self.get_config()))

    def __repr__(self):
        """Return how to write this schedule."""
        listing = ", ".join(f"{name}={value!r}" for name, value in vars(self).items())
        return f"{type(self).__name__}({listing})"


class Constant(Schedule):
    """The same learning rate at every step.

    Parameters
    ----------
    learning_rate : float
        Above 0.
    """

    def __init__(self, learning_rate):
        self.learning_rate = _rate("learning_rate", learning_rate)

    def value(self, xp, step):
        return self.learning_rate + 0 * step


class _Decay(Schedule):
    def __init__(self, initial_learning_rate, decay_steps):
        self.initial_learning_rate = _rate("initial_learning_rate", initial_learning_rate)
        self.decay_steps = checks.whole_number("decay_steps", decay_steps)


class StepDecay(_Decay):
    """A staircase: the learning rate is multiplied by ``decay_rate`` every ``decay_steps``.

    ::

        initial_learning_rate * decay_rate ** floor(step / decay_steps)

    Keras writes it ``ExponentialDecay(..., staircase=True)``.

    Parameters
    ----------
    initial_learning_rate : float
        Above 0.
    decay_steps : int
        Steps on each stair, 1 or more.
    decay_rate : float
        Above 0 and at most 1.
    """

    def __init__(self, initial_learning_rate, decay_steps, decay_rate=0.5):
        super().__init__(initial_learning_rate, decay_steps)
        self.decay_rate = checks.number("decay_rate", decay_rate, above=0, maximum=1)

    def value(self, xp, step):
        return self.initial_learning_rate * self.decay_rate ** xp.floor(step / self.decay_steps)


class ExponentialDecay(_Decay):
    """A learning rate that falls by the same factor at every step.

    ::

        initial_learning_rate * decay_rate ** (step / decay_steps)

    Parameters
    ----------
    initial_learning_rate : float
        Above 0.
    decay_steps : int
        Steps after which it has been multiplied by ``decay_rate``; 1 or more.
    decay_rate : float
        Above 0 and at most 1.
    """

    def __init__(self, initial_learning_rate, decay_steps, decay_rate=0.5):
        super().__init__(initial_learning_rate, decay_steps)
        self.decay_rate = checks.number("decay_rate", decay_rate, above=0, maximum=1)

    def value(self, xp, step):
        return self.initial_learning_rate * self.decay_rate ** (step / self.decay_steps)


class InverseTimeDecay(_Decay):
    """A learning rate that falls like one over the number of steps.

    ::

        initial_learning_rate / (1 + decay_rate * step / decay_steps)

    Parameters
    ----------
    initial_learning_rate : float
        Above 0.
    decay_steps : int
        With ``decay_rate=1``, the steps after which it is halved; 1 or more.
    decay_rate : float
        0 or more.
    """

    def __init__(self, initial_learning_rate, decay_steps, decay_rate=1.0):
        super().__init__(initial_learning_rate, decay_steps)
        self.decay_rate = checks.number("decay_rate", decay_rate, minimum=0)

    def value(self, xp, step):
        return self.initial_learning_rate / (1 + self.decay_rate * step / self.decay_steps)


class PolynomialDecay(_Decay):
    """A learning rate that falls to ``end_learning_rate`` along a power of the time left.

    ::

        left = 1 - minimum(step, decay_steps) / decay_steps
        (initial_learning_rate - end_learning_rate) * left**power + end_learning_rate

    Parameters
    ----------
    initial_learning_rate : float
        Above 0.
    decay_steps : int
        Steps until the end is reached, 1 or more; afterwards it stays there.
    end_learning_rate : float
        0 or more.
    power : float
        Above 0; 1 is a straight line.
    """

    def __init__(self, initial_learning_rate, decay_steps, end_learning_rate=0.0001, power=1.0):
        super().__init__(initial_learning_rate, decay_steps)
        self.end_learning_rate = checks.number("end_learning_rate", end_learning_rate, minimum=0)
        self.power = checks.number("power", power, above=0)

    def value(self, xp, step):
        left = 1 - xp.minimum(step, self.decay_steps) / self.decay_steps
        fall = self.initial_learning_rate - self.end_learning_rate
        return fall * left**self.power + self.end_learning_rate


class CosineAnnealing(_Decay):
    """A learning rate that falls along half a cosine wave.

    ::

        done = minimum(step, decay_steps) / decay_steps
        initial_learning_rate * ((1 - alpha) * (1 + cos(pi * done)) / 2 + alpha)

    Keras calls it ``CosineDecay``.

    Source: Loshchilov and Hutter (2017), "SGDR: stochastic gradient descent with warm restarts",
    equation 5.

    Parameters
    ----------
    initial_learning_rate : float
        Above 0.
    decay_steps : int
        Steps until the end is reached, 1 or more; afterwards it stays there.
    alpha : float
        The end as a fraction of the start, from 0 to 1.
    """

    def __init__(self, initial_learning_rate, decay_steps, alpha=0.0):
        super().__init__(initial_learning_rate, decay_steps)
        self.alpha = checks.number("alpha", alpha, minimum=0, maximum=1)

    def value(self, xp, step):
        done = xp.minimum(step, self.decay_steps) / self.decay_steps
        wave = (1 + xp.cos(math.pi * done)) / 2
        return self.initial_learning_rate * ((1 - self.alpha) * wave + self.alpha)


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
        self.initial_learning_rate = _rate("initial_learning_rate", initial_learning_rate)
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
        self.then = get(then)
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

    The rise takes the first ``rise_fraction`` of ``total_steps - 1``, as in PyTorch's
    ``OneCycleLR``; Keras has none. The momentum, which the paper lets fall and rise against it, is
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
        self.maximum_learning_rate = _rate("maximum_learning_rate", maximum_learning_rate)
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


SCHEDULES = {
    schedule.__name__: schedule
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
}


def get(schedule, **arguments):
    """Return a schedule, by its name, its configuration, as a constant, or as it is.

    Parameters
    ----------
    schedule : str or dict or float or Schedule
        A name in ``SCHEDULES``, what ``get_config()`` gave, a constant learning rate, or a
        schedule.
    **arguments
        The schedule's arguments; for a name only.

    Returns
    -------
    Schedule

    Raises
    ------
    TypeError, ValueError
        If the name is unknown (with the nearest known one) or the arguments do not fit.
    """
    if isinstance(schedule, dict):
        settings = {**schedule, **arguments}
        return get(checks.choice("schedule", settings.pop("name", None), SCHEDULES), **settings)
    if isinstance(schedule, str):
        return SCHEDULES[checks.choice("schedule", schedule, SCHEDULES)](**arguments)
    if arguments:
        raise TypeError(f"arguments are for a schedule's name only, but got {list(arguments)}.")
    return schedule if isinstance(schedule, Schedule) else Constant(schedule)


def _rate(name, value):
    return checks.number(name, value, above=0, hint="A learning rate is a small positive number.")
