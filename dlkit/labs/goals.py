"""A goal that a lab recognises when it is reached."""

from dataclasses import asdict, dataclass

from dlkit import checks


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
        object.__setattr__(self, "changing_only", tuple(self.changing_only))

    def sentence(self):
        """Return the goal in words."""
        name = {"accuracy": "training accuracy", "val_accuracy": "validation accuracy"}
        words = (
            f"Reach {self.at_least:.1%} {name[self.metric]} within {self.within_epochs} epochs"
        ).replace(".0%", "%")
        if self.changing_only:
            fields = " and ".join(field.replace("_", " ") for field in self.changing_only)
            words += f" by changing only the {fields}"
        return words.replace("%", " %") + "."

    def reached(self, history, opening, settings):
        """Return whether a run has reached the goal.

        Parameters
        ----------
        history : History
            The run.
        opening, settings : dict
            Values of the controls when the lab was opened, and those that made the run.

        Returns
        -------
        bool
        """
        values = history.history.get(self.metric, [])[: self.within_epochs]
        moved = {name for name in settings if settings[name] != opening[name]}
        fair = not self.changing_only or moved <= set(self.changing_only)
        return fair and any(value >= self.at_least for value in values)

    def to_dict(self):
        """Return the goal as a dictionary that JSON can hold."""
        return {**asdict(self), "changing_only": list(self.changing_only)}
