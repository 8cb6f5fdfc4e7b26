"""Schedules that fall: in stairs, exponentially, like 1/t, as a power, along a cosine."""

import math

from dlkit import checks
from dlkit.schedules.base import Schedule, rate


class _Decay(Schedule):
    def __init__(self, initial_learning_rate, decay_steps):
        self.initial_learning_rate = rate("initial_learning_rate", initial_learning_rate)
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
