"""The inputs of a check in short words, so that a learner can try the same ones."""

import numpy as np

_SHOWN = 3  # numbers of a large array
_WHOLE = 6  # arrays up to this size are shown whole
_LONGEST = 70


def in_short(names, values):
    """Return what a function was given, for example "`sizes = [5, 2]`".

    Parameters
    ----------
    names : sequence of str
        The names of the arguments.
    values : sequence of object
        Arrays are told by shape and first values, long lists and dictionaries are cut.

    Returns
    -------
    str
    """
    return ", ".join(_told(name, value) for name, value in zip(names, values, strict=True))


def _told(name, value):
    if isinstance(value, np.ndarray):
        if value.size <= _WHOLE and value.ndim == 1:
            return f"`{name} = [{_numbers(value)}]`"
        first = _numbers(value.flat[:_SHOWN])
        return f"`{name}` of shape {value.shape} (it begins with {first})"
    if callable(value):
        return f"`{name}` a function"
    text = repr(value)
    text = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 2].rstrip(', ')} …"
    return f"`{name} = {text}`"


def _numbers(values):
    return ", ".join(f"{value:.4g}" for value in values)
