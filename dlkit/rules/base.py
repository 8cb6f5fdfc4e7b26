"""What every update rule has in common, and how its hyper-parameters are declared."""

from typing import NamedTuple

from dlkit import checks


class Hyperparameter(NamedTuple):
    """A hyper-parameter's default and the range that is allowed.

    Attributes
    ----------
    default : float or bool
        Its value when you do not give one.
    limits : dict
        The bounds, as `dlkit.checks.number` takes them (``minimum``, ``above``, ``maximum``,
        ``below``, ``whole``); empty for True or False.
    """

    default: float | bool
    limits: dict

    def check(self, name, value):
        """Return ``value`` if it is allowed, or raise an error that names it."""
        if isinstance(self.default, bool):
            return checks.truth_value(name, value)
        return checks.number(name, value, **self.limits)


def fraction(default):
    """Declare a hyper-parameter from 0 up to, but not including, 1."""
    return Hyperparameter(default, {"minimum": 0, "below": 1})


def positive(default):
    """Declare a hyper-parameter above 0."""
    return Hyperparameter(default, {"above": 0})


def not_negative(default):
    """Declare a hyper-parameter that is 0 or more."""
    return Hyperparameter(default, {"minimum": 0})


def truth_value(default):
    """Declare a hyper-parameter that is True or False."""
    return Hyperparameter(default, {})


def not_positive(default):
    """Declare a hyper-parameter that is 0 or less."""
    return Hyperparameter(default, {"maximum": 0})


class Rule:
    """An update rule: three pure functions that change nothing they are given.

    The class is only a name for the three functions and never has an instance; what a rule
    remembers (its slots, its scalars) is held by a host and handed in. ``xp`` is ``numpy`` or
    ``keras.ops``, so that both engines run these very lines.

    Attributes
    ----------
    title : str
        The name of the optimizer class that hosts the rule.
    learning_rate : float
        The default learning rate.
    weight_decay : float or None
        The default decoupled weight decay; the host applies it.
    hyperparameters : dict of str to Hyperparameter
        Defaults and ranges, under Keras's argument names.
    initial_scalars : dict of str to float
        The scalars that are carried from step to step, before the first step.
    divides_by_learning_rate : bool
        Whether a schedule must never reach 0.
    """

    title = ""
    learning_rate = 0.001
    weight_decay = None
    hyperparameters = {}
    initial_scalars = {}
    divides_by_learning_rate = False

    @staticmethod
    def init(xp, parameter, **hyperparameters):
        """Return the slots before the first step: arrays of the parameter's shape, by name."""
        return {}

    @staticmethod
    def advance(step, scalars, **hyperparameters):
        """Return the scalars of step ``step`` = 1, 2, ..., from those of the step before."""
        return scalars

    @staticmethod
    def update(xp, gradient, parameter, slots, scalars, learning_rate, **hyperparameters):
        """Return what to add to the parameter, and the new slots."""
        raise NotImplementedError("A rule defines its own update.")
