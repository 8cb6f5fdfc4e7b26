"""Exercises and quizzes: `statement`, `check`, `hint`, `solution`, `progress`, `quiz`, each by an id."""

from dlkit import checks
from dlkit.exercises import record, running
from dlkit.exercises.ids import call_of, find, what_to_write
from dlkit.exercises.quizzes import quiz
from dlkit.exercises.registry import LESSONS, exercises, get
from dlkit.exercises.results import CheckResult, Note

__all__ = ["check", "get", "hint", "progress", "quiz", "solution", "statement"]

_WHICH = "Which exercise?"
_given = {}  # id -> how many hints were shown in this session


def statement(id=None):
    """Show what an exercise asks.

    Parameters
    ----------
    id : str
        For example ``"01.2"``.

    Returns
    -------
    Note
        If ``id`` names no exercise it says what to write.
    """
    exercise = find(id)
    if exercise is None:
        return Note(_WHICH, what_to_write("statement", id))
    return Note(f"Exercise {id} ({exercise.level}): {exercise.title}", exercise.statement.strip())


def check(id=None, answer=...):
    """Check your answer to an exercise, and name the likely mistake.

    Your function is called with copies of the check's own inputs; your arrays are never changed.
    An endless loop is ended after five seconds, and an error in your code is told in words.

    Parameters
    ----------
    id : str
        For example ``"01.2"``.
    answer : object
        Your function (without parentheses), or your values.

    Returns
    -------
    CheckResult
        With ``passed``, ``attempted`` and ``message``. If ``id`` names no exercise, the message
        says what to write.
    """
    exercise = find(id)
    if exercise is None:
        return CheckResult("", False, False, what_to_write("check", id))
    if answer is ...:
        kind = "values" if exercise.value else "function"
        return CheckResult(id, False, False, f"Give your {kind}: `{call_of('check', id)}`.")
    try:
        if running.untouched(answer):
            raise running.NotAttempted
        praise = running.limited(lambda: exercise.examine(answer), exercise.seconds)
    except running.NotAttempted:
        todo = (
            "Replace the `...` in the cell with your answer and run the cell again. "
            f'Call `hint("{id}")` if you are stuck.'
        )
        return CheckResult(id, False, False, todo)
    except running.Mistaken as mistake:
        return CheckResult(id, False, True, str(mistake))
    except TimeoutError:
        words = (
            f"Your code was still running after {exercise.seconds:g} seconds and was ended. "
            "Is there a loop whose condition never becomes false?"
        )
        return CheckResult(id, False, True, words)
    note = record.add(id)
    return CheckResult(id, True, True, f"{praise} {note}".strip())


def hint(id=None, level=None):
    """Show the next hint; each call tells a little more.

    Parameters
    ----------
    id : str
        For example ``"01.2"``.
    level : int, optional
        Which hint, counted from 1; by default the one after the last that you saw.

    Returns
    -------
    Note
        If ``id`` names no exercise it says what to write.
    """
    exercise = find(id)
    if exercise is None:
        return Note(_WHICH, what_to_write("hint", id))
    count = len(exercise.hints)
    if level is None:
        level = min(_given.get(id, 0) + 1, count)
    level = checks.whole_number("level", level, minimum=1, maximum=count)
    _given[id] = level
    more = (
        f'Call `hint("{id}")` again for more.'
        if level < count
        else f'This was the last hint. `solution("{id}")` shows one way to do it.'
    )
    return Note(f"Hint {level} of {count} for {id}", f"{exercise.hints[level - 1]}\n\n{more}")


def solution(id=None):
    """Show one way to solve an exercise: the source of the reference, which passes its check.

    Parameters
    ----------
    id : str
        For example ``"01.2"``.

    Returns
    -------
    dlkit.display.show.Source
        Or a `Note` that says what to write, if ``id`` names no exercise.
    """
    from dlkit.display.show import Source

    exercise = find(id)
    if exercise is None:
        return Note(_WHICH, what_to_write("solution", id))
    return Source(exercise.solution)


def progress():
    """Show which exercises you have solved, in this session and in earlier ones.

    Returns
    -------
    Note
    """
    done = record.solved()
    known = exercises()
    lines = []
    for lesson, title in LESSONS.items():
        lines.append(f"Lesson {lesson}, {title}:")
        for exercise in known.values():
            if exercise.lesson == lesson:
                word = "✓ solved" if exercise.id in done else "… open"
                colon = "" if exercise.title.endswith("?") else ":"
                lines.append(f"- {exercise.id} {exercise.title}{colon} {word}")
        lines.append("")
    solved = sum(id in done for id in known)
    return Note(f"Solved {solved} of {len(known)} exercises", "\n".join(lines).strip())
