"""What the overfitting lab keeps of a run: both losses after each epoch, and the fit."""

from dataclasses import dataclass, field

import numpy as np

from dlkit import checks

NAMES = ("loss", "val_loss", "accuracy", "val_accuracy")


@dataclass
class Measured:
    """A run as the lab shows it.

    Parameters
    ----------
    settings : dict
        Values of the controls that made it, without the pace.
    columns : dict of str to list of float
        ``loss val_loss`` and, for classes, ``accuracy val_accuracy``, one number an epoch.
    kept : int or None
        The epoch, counted from 1, whose weights early stopping has brought back; None for the last.
    answers : ndarray or None
        What the network answers between the points (see `answers_on_grid`).
    """

    settings: dict
    columns: dict = field(default_factory=dict)
    kept: int | None = None
    answers: np.ndarray | None = None

    def add(self, measured):
        """Take in what `overfitting_model.measure` gave after an epoch."""
        for name, value in measured.items():
            self.columns.setdefault(name, []).append(float(value))

    @property
    def epochs(self):
        """Epochs so far."""
        return min((len(values) for values in self.columns.values()), default=0)

    @property
    def numbers(self):
        """The numbers of the epoch whose weights count, by name; {} before the first epoch."""
        if not self.epochs:
            return {}
        at = (self.kept or self.epochs) - 1
        return {name: values[at] for name, values in self.columns.items()}

    @property
    def gap(self):
        """Validation loss minus training loss; None before the first epoch."""
        numbers = self.numbers
        return numbers["val_loss"] - numbers["loss"] if numbers else None

    @property
    def best(self):
        """The epoch of the lowest validation loss, counted from 1, and that loss; None before."""
        values = np.array(self.columns.get("val_loss", ())[: self.epochs])
        if not np.isfinite(values).any():
            return None
        at = int(np.nanargmin(values))
        return at + 1, float(values[at])

    def frozen(self):
        """Return a copy that no later epoch changes."""
        columns = {name: list(values[: self.epochs]) for name, values in self.columns.items()}
        return Measured(dict(self.settings), columns, self.kept, self.answers)

    def to_dict(self):
        """Return the run as a dictionary that JSON can hold."""
        answers = None if self.answers is None else np.asarray(self.answers).tolist()
        return {**self.frozen().__dict__, "answers": answers}

    @classmethod
    def from_dict(cls, content, known):
        """Return the run that `to_dict` wrote.

        Parameters
        ----------
        content : dict
        known : sequence of str
            The names of the settings.

        Raises
        ------
        TypeError, ValueError
            If it is no such dictionary.
        """
        wanted = ("settings", "columns", "kept", "answers")
        if not isinstance(content, dict) or set(content) != set(wanted):
            raise TypeError(
                f"reference must be a dictionary with the entries {', '.join(wanted)}, but got "
                f"{checks.describe(content)}."
            )
        settings, columns = content["settings"], content["columns"]
        if not isinstance(settings, dict) or set(settings) != set(known):
            raise ValueError("The settings of reference must name every control but the pace.")
        if not isinstance(columns, dict) or not columns.keys() >= set(NAMES[:2]):
            raise TypeError(
                "The columns of reference must be a dictionary of lists of numbers, loss and "
                f"val_loss among them, but got {checks.describe(columns)}."
            )
        lists = {
            checks.choice("a column of reference", name, NAMES): checks.array(
                name, values, ndim=1, finite=False
            ).tolist()
            for name, values in columns.items()
        }
        kept = content["kept"]
        if kept is not None:
            kept = checks.whole_number("kept", kept, maximum=len(lists["loss"]))
        answers = content["answers"]
        if answers is not None:
            answers = checks.array("answers", answers, ndim=(1, 2), finite=False)
        return cls(dict(settings), lists, kept, answers)
