"""What all schedules share, and how one is found by its name."""

import numpy as np

from dlkit import checks

# name -> class; filled where the package puts its schedules together.
SCHEDULES = {}


class Schedule:
    """What all schedules share: being called, and a configuration.

    A schedule of your own takes its arguments in ``__init__`` under the names of its attributes,
    and defines ``value(self, xp, step)`` with plain operators and ``xp``.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong type or out of range.
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
        self.learning_rate = rate("learning_rate", learning_rate)

    def value(self, xp, step):
        return self.learning_rate + 0 * step


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
        name = settings.pop("name", schedule)  # without a name the whole is what came
        return get(checks.choice("schedule", name, SCHEDULES), **settings)
    if isinstance(schedule, str):
        return SCHEDULES[checks.choice("schedule", schedule, SCHEDULES)](**arguments)
    if arguments:
        raise TypeError(f"arguments are for a schedule's name only, but got {list(arguments)}.")
    if callable(schedule) and not isinstance(schedule, Schedule):
        raise TypeError(
            f"schedule must be a Schedule of dlkit.schedules, such as StepDecay(0.1, 100), but got "
            f"{checks.describe(schedule)}. For one of your own write a class: class Mine(Schedule), "
            "with def value(self, xp, step) that returns the learning rate."
        )
    return schedule if isinstance(schedule, Schedule) else Constant(schedule)


def rate(name, value):
    """Return ``value`` if it is a number above 0, as a learning rate must be."""
    return checks.number(name, value, above=0, hint="A learning rate is a small positive number.")
