"""An exercise as data, and the registry EXERCISES that the lessons fill."""

import difflib
import functools
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from dlkit import checks
from dlkit.exercises.running import SECONDS

# lesson -> title; an exercise lesson_NN.py belongs to each.
LESSONS = {
    "00": "Start here",
    "01": "The neuron",
    "02": "Forward and loss",
    "03": "Backpropagation",
    "04": "Optimizers",
    "05": "Training",
    "07": "Overfitting",
    "09": "Convolutional networks",
    "10": "Recurrent networks",
    "11": "The Transformer",
}
LEVELS = ("fill in", "build", "open")


@dataclass(frozen=True)
class WrongAnswer:
    """A plausible wrong answer, with words that the check must find for it.

    Attributes
    ----------
    answer : object
        What a learner might hand in.
    message : str
        Words that the check's message contains.
    """

    answer: object
    message: str


@dataclass(frozen=True)
class Exercise:
    """One exercise.

    Attributes
    ----------
    id : str
        Lesson and number, for example ``"01.2"``.
    title : str
        A few words.
    level : str
        ``"fill in"``, ``"build"`` or ``"open"``.
    statement : str
        What to do; paragraphs, ``code`` between backticks, LaTeX between dollar signs.
    starter : str
        The cell that a learner begins with; it runs as it is, and is "not attempted".
    hints : tuple of str
        From a nudge to nearly everything.
    solution : callable
        The reference, whose source `dlkit.exercises.solution` shows.
    examine : callable
        ``examine(answer)`` returns a sentence of praise, or raises `running.Mistaken` or
        `running.NotAttempted`. It never calls ``solution``.
    wrong_answers : tuple of WrongAnswer
        Five or more mistakes that the check names.
    value : bool
        Whether the answer is what ``solution()`` returns instead of a function.
    seconds : float
        How long the check may take; more for one that trains.
    """

    id: str
    title: str
    level: str
    statement: str
    starter: str
    hints: tuple[str, ...]
    solution: Callable
    examine: Callable
    wrong_answers: tuple[WrongAnswer, ...]
    value: bool = False
    seconds: float = SECONDS

    @property
    def lesson(self):
        """The lesson's number, for example ``"01"``."""
        return self.id.partition(".")[0]

    @property
    def reference(self):
        """The reference as an answer to hand in."""
        return self.solution() if self.value else self.solution


@functools.cache
def exercises():
    """Return the dictionary id -> Exercise of all lessons, in order.

    Returns
    -------
    dict
    """
    found = {}
    for lesson in LESSONS:
        for exercise in import_module(f"dlkit.exercises.lesson_{lesson}").EXERCISES:
            found[exercise.id] = exercise
    return found


def get(id):
    """Return an exercise by its id.

    Parameters
    ----------
    id : str
        For example ``"01.2"``.

    Returns
    -------
    Exercise

    Raises
    ------
    TypeError
        If ``id`` is no text (01.2 without quotes is a number to Python).
    ValueError
        If there is no such exercise.
    """
    known = exercises()
    if not isinstance(id, str):
        raise TypeError(
            f"The exercise must be named in quotes, for example {next(iter(known))!r}, but got "
            f"{checks.describe(id)}."
        )
    if id in known:
        return known[id]
    lesson = [name for name in known if name.startswith(id.strip()[:2])]
    near = lesson or difflib.get_close_matches(id, known, n=3, cutoff=0.3) or list(known)
    raise ValueError(f"There is no exercise {id!r}. There are {', '.join(near)}.")
