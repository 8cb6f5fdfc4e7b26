"""Which exercise is meant, and what to write where that cannot be told."""

import re

from dlkit.exercises.registry import exercises, get


def find(id):
    """Return the exercise with this id, or None.

    Parameters
    ----------
    id : object
        What a learner wrote.

    Returns
    -------
    Exercise or None
    """
    try:
        return get(id)
    except (TypeError, ValueError):
        return None


def what_to_write(function, id):
    """Return what to write instead of an id that names no exercise.

    Parameters
    ----------
    function : str
        What was called: ``"check"``, ``"hint"``, ``"solution"`` or ``"statement"``.
    id : object
        What a learner wrote; None if nothing.

    Returns
    -------
    str
    """
    known = exercises()
    first = next(iter(known))
    if callable(id):
        return f"Name the exercise first, and then your function: `{call_of(function, first)}`."
    if id is None:
        return (
            f"Write the number of the exercise between quotes: `{call_of(function, first)}`. "
            "`progress()` lists them all."
        )
    meant = _padded(id)
    if meant in known:
        return f"Write the number of the exercise between quotes: `{call_of(function, meant)}`."
    try:
        get(meant if isinstance(id, float) else id)
    except (TypeError, ValueError) as error:
        return f"{error} Write, for example, `{call_of(function, first)}`."
    raise AssertionError("the exercise exists")  # callers ask only when it does not


def call_of(function, id):
    """Return how to call a function for an exercise, for example ``check("00.1", my_count)``."""
    if function == "check":
        return f'check("{id}", {answer_in(get(id).starter)})'
    return f'{function}("{id}")'


def answer_in(starter):
    """Return what a starter cell hands to `check`, for example ``my_count``."""
    return re.search(r'check\("[^"]*", (.+)\)', starter).group(1)


def _padded(id):
    """``"00.1"`` for 0.1 and ``"0.1"``: to Python 00.1 without quotes is a number."""
    if isinstance(id, bool):
        return ""
    match = re.fullmatch(r"\s*(\d{1,2})\.(\d+)\s*", str(id))
    return f"{int(match[1]):02d}.{match[2]}" if match else str(id)
