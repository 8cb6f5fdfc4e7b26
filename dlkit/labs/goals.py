"""A goal that a lab recognises when it is reached."""

from dataclasses import asdict, dataclass, fields

from dlkit import checks
from dlkit.display.numbers import counted


@dataclass(frozen=True)
class Goal:
    """A number to reach, in how many epochs, and which controls may be moved for it.

    Parameters
    ----------
    metric : str
        A key of ``history.history``, such as ``"val_accuracy"``.
    at_least : float
        The value to reach.
    within_epochs : int
        By which epoch at the latest.
    changing_only : tuple of str
        Controls that may differ from the lab's opening values; empty for any.
    """

    metric: str = "val_accuracy"
    at_least: float = 0.95
    within_epochs: int = 10
    changing_only: tuple = ()

    def __post_init__(self):
        checks.choice("metric", self.metric, ("accuracy", "val_accuracy"))
        checks.number("at_least", self.at_least, minimum=0, maximum=1)
        checks.whole_number("within_epochs", self.within_epochs)
        if self.changing_only:
            object.__setattr__(
                self, "changing_only", checks.texts("changing_only", self.changing_only)
            )
        elif not isinstance(self.changing_only, list | tuple):
            raise TypeError(
                "changing_only must be a list of names of controls, but got "
                f"{checks.describe(self.changing_only)}."
            )
        object.__setattr__(self, "changing_only", tuple(self.changing_only))

    @classmethod
    def from_value(cls, value):
        """Return a goal as it is, or the goal that a dictionary of its fields describes."""
        if isinstance(value, cls):
            return value
        if not isinstance(value, dict):
            raise TypeError(
                f"goal must be a Goal or a dictionary, but got {checks.describe(value)}."
            )
        for name in value:
            checks.choice("a field of goal", name, [field.name for field in fields(cls)])
        return cls(**value)

    def sentence(self, dataset=""):
        """Return the goal in words.

        Parameters
        ----------
        dataset : str
            What it is to be reached on; it is named unless the goal lets you choose it.

        Returns
        -------
        str
        """
        named = dataset and "dataset" not in self.changing_only
        words = f"On {dataset.replace('_', ' ')}, reach" if named else "Reach"
        words += (
            f" {_percent(self.at_least)} {_METRICS[self.metric]} "
            f"within {counted(self.within_epochs, 'epoch')}"
        )
        if self.changing_only:
            words += f" by changing only the {_and(self.changing_only)}"
        return words + "."

    def achievement(self, value, epoch):
        """Return in words how the goal was reached: with which value, in which epoch."""
        words = (
            f"{_percent(value)} {_METRICS[self.metric]} in epoch {epoch}, where "
            f"{_percent(self.at_least)} in epoch {self.within_epochs} would have done"
        )
        if self.changing_only:
            words += f", and nothing changed but the {_and(self.changing_only)}"
        return words + "."

    def verdict(self, history, opening, settings):
        """Return what is missing, in words; "" when the goal is reached.

        Parameters
        ----------
        history : History
            The run.
        opening, settings : dict
            Values of the controls when the lab was opened, and those that made the run.

        Returns
        -------
        str
        """
        values = history.history.get(self.metric, [])[: self.within_epochs]
        if not values and len(history):
            return "Challenge: not met, for these data have no accuracy: their targets are numbers."
        if not values:
            return "Challenge: not met, for there is no accuracy yet."
        best = _percent(max(values))
        if max(values) < self.at_least:
            tried = "epoch 1 gave" if len(values) == 1 else f"the best of {len(values)} epochs is"
            return f"Challenge: not met yet, {tried} {best}."
        moved = [name for name in settings if settings[name] != opening[name]]
        others = [name for name in moved if name not in self.changing_only]
        if self.changing_only and others:
            return f"Challenge: {best} is enough, but you also changed the {_and(others)}."
        return ""

    def to_dict(self):
        """Return the goal as a dictionary that JSON can hold."""
        return {**asdict(self), "changing_only": list(self.changing_only)}


LADDER = (
    Goal(at_least=0.95, within_epochs=10, changing_only=("learning_rate",)),
    Goal(at_least=0.96, within_epochs=10, changing_only=("learning_rate",)),
    Goal(at_least=0.95, within_epochs=3, changing_only=("learning_rate", "batch_size")),
    Goal(
        at_least=0.92, within_epochs=1, changing_only=("learning_rate", "batch_size", "optimizer")
    ),
)
"""Goals for the digits, the easiest first; each allows what the one before it allows."""


def next_goal(goal, dataset):
    """Return the first goal of the ladder that is harder than the given one.

    Parameters
    ----------
    goal : Goal
        The present one; one that is not of the ladder is followed by the first that asks for more,
        or for as much sooner.
    dataset : str
        What the lab was opened with: the ladder is for the digits.

    Returns
    -------
    Goal or None
    """
    if dataset != "digits":
        return None
    if goal in LADDER:
        left = LADDER[LADDER.index(goal) + 1 :]
    else:
        left = [
            rung
            for rung in LADDER
            if rung.at_least > goal.at_least or rung.within_epochs < goal.within_epochs
        ]
    return left[0] if left else None


_METRICS = {"accuracy": "training accuracy", "val_accuracy": "validation accuracy"}


def _and(names):
    words = [name.replace("_", " ") for name in names]
    return " and the ".join([", the ".join(words[:-1]), words[-1]] if words[1:] else words)


def _percent(share):
    return f"{100 * share:.1f} %".replace(".0 %", " %")
