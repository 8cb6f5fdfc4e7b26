"""The exit quizzes of the lessons by their ids, so that no cell shows the answer above the question.

To add one, write it into its lesson's ``quizzes_NN.py``: id -> the arguments of `Quiz`.
"""

import functools
from importlib import import_module

from dlkit import checks
from dlkit.display.quiz import Quiz
from dlkit.exercises.registry import LESSONS


@functools.cache
def quizzes():
    """Return the dictionary id -> arguments of `Quiz`, of all lessons, in order.

    Returns
    -------
    dict
    """
    found = {}
    for lesson in LESSONS:
        found.update(import_module(f"dlkit.exercises.quizzes_{lesson}").QUIZZES)
    return found


def quiz(id):
    """Return a quiz by its id, as a cell's last value a row of buttons.

    Parameters
    ----------
    id : str
        Lesson and letter, for example ``"00.a"``.

    Returns
    -------
    dlkit.display.quiz.Quiz
        A new one at each call, not yet answered.

    Raises
    ------
    TypeError
        If ``id`` is no text.
    ValueError
        If there is no such quiz; the message suggests the nearest.
    """
    known = quizzes()
    if isinstance(id, str):
        id = id.strip().lower()
    return Quiz(**known[checks.choice("The id of a quiz", id, known)])
