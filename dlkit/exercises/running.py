"""Run a learner's code safely: a time limit, errors in words, nothing of ours at risk.

The code runs in a daemon thread, which works from every thread and on every system (signals and
alarms do not). After the limit an exception is raised inside that thread, so that an endless loop
stops using the processor; a call that never comes back to Python (a library waiting inside C)
cannot be ended that way, and is left behind as a daemon, which does not keep the program alive.
"""

import contextlib
import contextvars
import copy
import ctypes
import dis
import threading

import numpy as np

from dlkit.exercises.causes import in_words

SECONDS = 5.0
_EMPTY_BODY = ("RESUME", "NOP", "LOAD_CONST", "RETURN_VALUE", "RETURN_CONST")


_ROUNDED = (
    " You did put everything back, and it differs by rounding alone: x + h − h is not exactly x. "
    "Keep the old number, and restore that."
)


class NotAttempted(Exception):
    """The starter is still there."""


class Mistaken(Exception):
    """The answer is wrong; the message says how."""


class _TimeUp(BaseException):
    """Raised inside the learner's code when its time is up; `except Exception` lets it pass."""


def limited(function, seconds=SECONDS):
    """Return ``function()``, or raise ``TimeoutError`` after so many seconds.

    Parameters
    ----------
    function : callable
        Called without arguments, in a thread of its own.
    seconds : float
        The limit.

    Returns
    -------
    object
        What the function returned; what it raised is raised here.
    """
    outcome = {}
    context = contextvars.copy_context()  # a print in there belongs to the cell that asked

    def work():
        # The outer suppress is for an end that comes just when the function has returned.
        with contextlib.suppress(_TimeUp):
            _keep_outcome()

    def _keep_outcome():
        try:
            outcome["value"] = context.run(function)
        except BaseException as error:  # noqa: BLE001 - handed on to the calling thread
            outcome["error"] = error

    thread = threading.Thread(target=work, name="dlkit-exercise", daemon=True)
    thread.start()
    try:
        thread.join(seconds)
    finally:
        late = thread.is_alive()
        if late:
            _end(thread)
    if late or isinstance(outcome.get("error"), _TimeUp):
        raise TimeoutError(f"no answer after {seconds:g} seconds")
    if "error" in outcome:
        raise outcome["error"]
    return outcome["value"]


def call(function, *arguments):
    """Call a learner's function on copies of the arguments.

    Parameters
    ----------
    function : callable
        What the learner wrote.
    *arguments : object
        Arrays, numbers, lists, dictionaries; each call gets copies of its own.

    Returns
    -------
    object

    Raises
    ------
    NotAttempted
        If its body is empty, or it returns an ellipsis, or says that it is not implemented.
    Mistaken
        If it fails, returns nothing although its body does something, or alters what it was given.
    """
    given = copy.deepcopy(arguments)
    try:
        with np.errstate(all="ignore"):
            result = function(*given)
    except NotImplementedError:
        raise NotAttempted from None
    except SystemExit:
        raise Mistaken("Your code leaves the program (`exit` or `quit`). Return a value.") from None
    except Exception as error:  # noqa: BLE001 - a learner's code may fail in any way
        if isinstance(error, TypeError) and "ellipsis" in str(error):
            raise NotAttempted from None
        raise Mistaken(in_words(error)) from None
    for before, after in zip(arguments, given, strict=True):
        if not same(before, after):
            raise Mistaken(
                "Your function changes one of its arguments in place, so the caller's data are no "
                "longer the same afterwards. Work on a copy (`x = x.copy()`), or build a new array."
                + (_ROUNDED if same(before, after, nearly=True) else "")
            )
    if result is None and not is_stub(function):
        raise Mistaken(
            "Your function returned nothing (None). Did you forget `return`? `print` only shows a "
            "value; `return` hands it back."
        )
    if untouched(result):
        raise NotAttempted
    return result


def is_stub(function):
    """Return whether a function's body is empty: a docstring, an ellipsis or ``pass``, no more."""
    code = getattr(function, "__code__", None)
    if code is None:
        return False
    # The compiler drops docstrings, `...` and `pass`; what stays of such a body returns None.
    return all(step.opname in _EMPTY_BODY for step in dis.get_instructions(code))


def untouched(answer):
    """Return whether an answer is the starter's own: an ellipsis, None, or only such parts."""
    if isinstance(answer, list | tuple) and answer:
        return all(untouched(part) for part in answer)
    return answer is None or answer is Ellipsis or answer is NotImplemented


def same(first, second, nearly=False):
    """Return whether two arguments are equal, or nearly, whatever they are made of."""
    if nearly and isinstance(first, np.ndarray | float) and isinstance(second, np.ndarray | float):
        return np.shape(first) == np.shape(second) and np.allclose(first, second, rtol=1e-9)
    if isinstance(first, np.ndarray) or isinstance(second, np.ndarray):
        return (
            isinstance(first, np.ndarray)
            and isinstance(second, np.ndarray)
            and first.dtype == second.dtype
            and np.array_equal(first, second, equal_nan=first.dtype.kind == "f")
        )
    if isinstance(first, dict) and isinstance(second, dict):
        return first.keys() == second.keys() and all(
            same(first[key], second[key], nearly) for key in first
        )
    if isinstance(first, list | tuple) and isinstance(second, list | tuple):
        return len(first) == len(second) and all(
            same(*pair, nearly) for pair in zip(first, second, strict=True)
        )
    if type(first).__eq__ is object.__eq__:  # functions and plain objects: nothing to compare
        return True
    return bool(first == second)


def _end(thread):
    """Raise `_TimeUp` inside a thread, some times in case a bare `except:` swallows it."""
    for _ in range(20):
        if not thread.is_alive():
            return
        identifier = ctypes.c_ulong(thread.ident)
        ctypes.pythonapi.PyThreadState_SetAsyncExc(identifier, ctypes.py_object(_TimeUp))
        thread.join(0.05)
