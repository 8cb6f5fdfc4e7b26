"""An error in a learner's code, in words: where it happened, and its likely cause."""

import builtins
import difflib
import linecache
import math
import os
import re
import sysconfig

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_LIBRARIES = [_PACKAGE, *(sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib"))]
_FOREIGN = ("<__array_function__", "<frozen", *(os.path.join(path, "") for path in _LIBRARIES))
_USUAL_IMPORTS = {
    "np": "import numpy as np",
    "numpy": "import numpy",
    "plt": "import matplotlib.pyplot as plt",
    "pd": "import pandas as pd",
    "keras": "import keras",
}


def in_words(error):
    """Return what happened in the learner's code, and in which of their lines, without a traceback.

    Parameters
    ----------
    error : Exception
        With its traceback.

    Returns
    -------
    str
        With the likely cause, where the error is of a frequent kind.
    """
    what = f"{type(error).__name__}: {error}".rstrip(": ")
    frame = _last_own_frame(error.__traceback__)
    cause = likely_cause(error, () if frame is None else frame[3])
    cause = f"\n\n{cause}" if cause else ""
    if frame is None:
        return f"Your code stopped with an error.\n\n    {what}{cause}"
    name, line_number, line, _ = frame
    place = f"line {line_number}" + (f" of `{name}`" if name != "<module>" else "")
    shown = f"    {line}\n" if line else ""
    return f"Your code stopped with an error in {place}:\n\n{shown}    {what}{cause}"


def _last_own_frame(traceback):
    found = None
    while traceback is not None:
        code = traceback.tb_frame.f_code
        name = code.co_filename
        if not name.startswith(_FOREIGN):
            line = linecache.getline(name, traceback.tb_lineno).strip()
            known = [*traceback.tb_frame.f_locals, *traceback.tb_frame.f_globals]
            found = (code.co_name, traceback.tb_lineno, line, known)
        traceback = traceback.tb_next
    return found


def likely_cause(error, names=()):
    """Return the likely cause of an error and the way out, or an empty string.

    Parameters
    ----------
    error : Exception
        What the learner's code raised.
    names : iterable of str
        The names that exist in the line where it happened, to find a misspelt one.

    Returns
    -------
    str
        One or two sentences.
    """
    for kind, cause in _CAUSES:
        if isinstance(error, kind):
            return cause(error, str(error), names)
    return ""


def _name(error, message, names):
    name = getattr(error, "name", None) or ""
    if isinstance(error, UnboundLocalError):
        return (
            f"`{name}` has no value yet in this line. Give it one first, before the loop or `if`."
        )
    if name in _USUAL_IMPORTS:
        return f"Run `{_USUAL_IMPORTS[name]}` first."
    if name == "math" or name in vars(math):
        wanted = "`import math`" if name == "math" else f"`from math import {name}`"
        return f"Run {wanted} first."
    near = difflib.get_close_matches(name, [*names, *dir(builtins)], n=1, cutoff=0.7)
    if near:
        return f"Is it misspelt? Did you mean `{near[0]}`?"
    return "Is it misspelt? Otherwise give it a value first, or import it."


def _value(error, message, names):
    if "truth value of an array" in message:
        return (
            "A single yes or no is needed here, and an array holds many. Choose for each element "
            "with `np.where(condition, a, b)`, `np.maximum` or `np.minimum`; or take one number first."
        )
    if re.search(r"broadcast|matmul|not aligned|inhomogeneous", message):
        shapes = list(dict.fromkeys(re.findall(r"\(\d*,(?:\d+,?)*\)", message)))
        two = f" ({' and '.join(shapes)})" if len(shapes) == 2 else ""
        return (
            f"The shapes of two arrays{two} do not fit each other. Print both `.shape`; often an "
            "`axis=` is missing or is the wrong one, or an array must be transposed (`.T`)."
        )
    return ""


def _index(error, message, names):
    if message.startswith("axis "):  # NumPy's AxisError is an IndexError
        return (
            "This array has fewer axes. Print its `.shape`: an array of shape (7,) has axis 0 only, "
            "and only a table, such as (7, 4), has an axis 1."
        )
    if message.startswith("boolean index did not match"):
        return (
            "A mask of True and False must be as long as what it picks from. Print both `.shape`; "
            "often an `axis=` is the wrong one."
        )
    if message.startswith("only integers"):
        return (
            "The elements of an array have positions; an array has no names. Is a dictionary needed "
            "here, or a whole number between the brackets?"
        )
    return (
        "There is no element at that position. Positions run from 0 to the length minus 1, and "
        "the last one has no next: with `i + 1`, end the loop one earlier (`range(len(...) - 1)`)."
    )


def _type(error, message, names):
    if "'NoneType'" in message:
        return (
            "Something here is None, that is, nothing. Did a function of yours forget its "
            "`return`, or did you keep what `append` or `sort` returns?"
        )
    if "not callable" in message:
        return (
            "Round parentheses call a function, and this is none. Elements are taken with square "
            "brackets, `sizes[0]`, and a product needs its `*`."
        )
    if "0-dimensional arrays" in message or "length-1 arrays" in message:
        return (
            "A single number is needed here, and an array holds many. The functions of `math` take "
            "one number; those of NumPy, such as `np.exp`, take a whole array."
        )
    if "integer" in message and "float" in message:
        return "A whole number is needed here, and `/` never gives one: use `//` or `int(...)`."
    if re.search(r"unsupported operand.*'list'|multiply sequence|concatenate list", message):
        return (
            "A list cannot be calculated with as a whole. Take one element, `values[0]`, or turn "
            "it into an array first, `np.array(values)`."
        )
    return ""


def _attribute(error, message, names):
    if message.startswith("'dict' object"):
        return (
            'This is a dictionary. Its entries are taken with square brackets: `history["loss"]`.'
        )
    if message.startswith("'list' object"):
        return "This is a plain list. `np.array(values)` turns it into an array, which can do more."
    return ""


def _key(error, message, names):
    return (
        "The dictionary has no entry of that name. `print(list(history))` shows the names that a "
        "dictionary `history` has."
    )


def _division(error, message, names):
    return (
        "The number below the division line is 0. Is it a count or a sum that has not grown yet, "
        "or the length of something empty?"
    )


_CAUSES = (
    (NameError, _name),
    (IndexError, _index),
    (KeyError, _key),
    (AttributeError, _attribute),
    (TypeError, _type),
    (ValueError, _value),
    (ZeroDivisionError, _division),
)
