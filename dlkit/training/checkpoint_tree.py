"""Nested values as JSON and a list of arrays, and back, to the bit; no pickle."""

import math

import numpy as np

_KEY = "is"  # says what a JSON object stands for


def encode(value, arrays):
    """Return a value as what JSON can hold; arrays are appended to a list and numbered.

    Parameters
    ----------
    value : object
        None, truth values, numbers, texts, NumPy arrays and numbers, and lists, tuples and
        dictionaries of such values.
    arrays : list
        Takes the arrays.

    Returns
    -------
    object

    Raises
    ------
    TypeError
        If something else is in it.
    """
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, np.ndarray | np.generic):
        array = np.asarray(value)
        if array.dtype.kind not in "biufcU":  # bfloat16 and its like: kept as bytes
            if array.dtype.hasobject or array.dtype.names:
                raise TypeError(f"An array of dtype {array.dtype} cannot be kept.")
            arrays.append(np.frombuffer(array.tobytes(), "uint8"))
            kept = {"dtype": array.dtype.name, "shape": list(array.shape)}
        else:
            arrays.append(array)
            kept = {}
        kind = "array" if isinstance(value, np.ndarray) else "number"
        return {_KEY: kind, "at": len(arrays) - 1, **kept}
    if isinstance(value, float):
        return value if math.isfinite(value) else {_KEY: "float", "value": repr(value)}
    if isinstance(value, int):
        return value
    if isinstance(value, list):
        return [encode(each, arrays) for each in value]
    if isinstance(value, tuple):
        return {_KEY: "tuple", "items": [encode(each, arrays) for each in value]}
    if isinstance(value, dict):
        if all(isinstance(key, str) for key in value) and _KEY not in value:
            return {key: encode(each, arrays) for key, each in value.items()}
        pairs = [[encode(key, arrays), encode(each, arrays)] for key, each in value.items()]
        return {_KEY: "dict", "items": pairs}
    raise TypeError(f"A {type(value).__name__} cannot be kept in a checkpoint.")


def decode(value, arrays):
    """Return what `encode` was given.

    Parameters
    ----------
    value : object
        What it returned.
    arrays : sequence of numpy.ndarray
        The arrays.

    Raises
    ------
    ValueError, KeyError, TypeError, IndexError
        If it is something else.
    """
    if isinstance(value, list):
        return [decode(each, arrays) for each in value]
    if not isinstance(value, dict):
        return value
    if _KEY not in value:
        return {key: decode(each, arrays) for key, each in value.items()}
    kind = value[_KEY]
    if kind == "tuple":
        return tuple(decode(each, arrays) for each in value["items"])
    if kind == "dict":
        return {decode(key, arrays): decode(each, arrays) for key, each in value["items"]}
    if kind == "float":
        return float(value["value"])
    if kind not in ("array", "number"):
        raise ValueError(f"{kind!r} stands for nothing.")
    array = arrays[value["at"]]
    if "dtype" in value:
        array = array.view(np.dtype(value["dtype"])).reshape(value["shape"])
    return array.copy() if kind == "array" else array[()]
