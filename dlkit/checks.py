"""Checks of arguments, so that a wrong one is named before any work starts.

Every message says four things: which argument, what came, what is allowed, and the likely fix.
"""

import difflib
import math
import numbers

import numpy as np

LARGEST_LENGTH = 2**31 - 1  # of an axis; what is longer is a mistake, and NumPy's words are no help


def describe(value):
    """Return a short description of what came, for an error message.

    Parameters
    ----------
    value : object
        Anything.

    Returns
    -------
    str
        For an array its shape and dtype, for everything else its ``repr`` (cut at 60 characters).
    """
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape} and dtype {value.dtype}"
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 - an object that cannot even be shown is still only bad input
        return f"something of type {type(value).__name__}"
    text = text if len(text) <= 60 else text[:57] + "..."
    return f"{text} ({type(value).__name__})"


def number(
    name, value, *, minimum=None, maximum=None, above=None, below=None, whole=False, hint=""
):
    """Return ``value`` as a plain ``int`` or ``float`` if it is a finite number in range.

    Parameters
    ----------
    name : str
        The argument's name, as the user wrote it.
    value : object
        What came.
    minimum, maximum : float, optional
        Bounds that are allowed themselves.
    above, below : float, optional
        Bounds that are not allowed themselves.
    whole : bool
        Whether only whole numbers are allowed; the result is then an ``int``.
    hint : str
        The likely fix, as a sentence.

    Returns
    -------
    int or float

    Raises
    ------
    TypeError
        If ``value`` is no number (a string, a truth value, an array of several numbers).
    ValueError
        If it is not finite, not whole where it must be, or out of range.
    """
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    is_number = isinstance(value, numbers.Real) and not isinstance(value, bool | np.bool_)
    if (
        is_number
        and _is_finite(value)
        and not (whole and value != int(value))
        and (minimum is None or value >= minimum)
        and (maximum is None or value <= maximum)
        and (above is None or value > above)
        and (below is None or value < below)
    ):
        return int(value) if whole else float(value)
    allowed = _allowed(minimum, maximum, above, below, whole)
    ending = f" {hint}" if hint else ""
    if not is_number:
        if isinstance(value, str):
            ending = f" Remove the quotes around {value!r}." if _reads_as_number(value) else ending
        raise TypeError(f"{name} must be {allowed}, but got {describe(value)}.{ending}")
    huge = isinstance(value, int) and not _is_finite(value)  # its digits would fill the page
    raise ValueError(
        f"{name} must be {allowed}, but got {describe(value) if huge else value}.{ending}"
    )


def whole_number(name, value, *, minimum=1, maximum=None, hint=""):
    """Return ``value`` as an ``int``; by default it must be 1 or more (see `number`)."""
    if type(value) is int and minimum <= value <= (2**63 if maximum is None else maximum):
        return value  # nearly always, and ten times as fast
    return number(name, value, minimum=minimum, maximum=maximum, whole=True, hint=hint)


def truth_value(name, value):
    """Return ``value`` as a ``bool``, or raise ``TypeError`` if it is anything but True or False."""
    if not isinstance(value, bool | np.bool_):
        raise TypeError(f"{name} must be True or False, but got {describe(value)}.")
    return bool(value)


def choice(name, value, allowed):
    """Return ``value`` if it is one of ``allowed``, or name the nearest one that is.

    Parameters
    ----------
    name : str
        The argument's name.
    value : object
        What came.
    allowed : iterable of str
        The names that are known.

    Returns
    -------
    str

    Raises
    ------
    TypeError
        If ``value`` is no string.
    ValueError
        If it is unknown; the message suggests the nearest known name.
    """
    allowed = list(allowed)
    if isinstance(value, str) and value in allowed:
        return value
    listing = ", ".join(repr(known) for known in allowed)
    if not isinstance(value, str):
        raise TypeError(f"{name} must be one of {listing}, but got {describe(value)}.")
    folded = {known.lower(): known for known in allowed}
    near = difflib.get_close_matches(value.lower(), list(folded), n=1, cutoff=0.5)
    suggestion = f" Did you mean {folded[near[0]]!r}?" if near else ""
    raise ValueError(f"{name} must be one of {listing}, but got {value!r}.{suggestion}")


def text(name, value, *, allow_empty=True):
    """Return ``value`` if it is a string, or raise; an empty one may be refused."""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a text, but got {describe(value)}.")
    if not value.strip() and not allow_empty:
        raise ValueError(f"{name} must be a text, but it is empty.")
    return value


def texts(name, value, *, least=1):
    """Return ``value`` as a tuple of strings, ``least`` or more, or raise."""
    if isinstance(value, str | bytes | dict) or not hasattr(value, "__iter__"):
        raise TypeError(f"{name} must be a list of texts, but got {describe(value)}.")
    found = tuple(text(f"each entry of {name}", entry) for entry in value)
    if len(found) < least:
        raise ValueError(f"{name} must hold {least} or more texts, but holds {len(found)}.")
    return found


def shape(name, value, *, allow_scalar=False):
    """Return the lengths of axes as a tuple; a single whole number stands for one axis.

    Parameters
    ----------
    name : str
        The argument's name.
    value : tuple of int or int
        What came.
    allow_scalar : bool
        Whether ``()`` is allowed, the shape of a single number.

    Returns
    -------
    tuple of int

    Raises
    ------
    TypeError, ValueError
        If it is no tuple of whole numbers, each 1 or more.
    """
    if isinstance(value, numbers.Integral) and not isinstance(value, bool):
        value = (value,)
    if not isinstance(value, tuple | list) or not (value or allow_scalar):
        raise TypeError(
            f"{name} must be a tuple of whole numbers such as (64,), without the batch, but got "
            f"{describe(value)}."
        )
    return tuple(whole_number(name, length, maximum=LARGEST_LENGTH) for length in value)


def dtype(name, value, allowed):
    """Return the name of a dtype (a string or a NumPy type) if it is one of ``allowed``."""
    if not isinstance(value, str | np.dtype) and not (
        isinstance(value, type) and issubclass(value, np.generic)
    ):
        return choice(name, value, allowed)
    return choice(name, value if isinstance(value, str) else np.dtype(value).name, allowed)


def named(name, get, value):
    """Return ``get(value)``; what it raises names the argument as the user wrote it.

    Parameters
    ----------
    name : str
        The argument's name, such as ``"kernel_initializer"``.
    get : callable
        Takes the value, and calls it something more general (``"initializer"``).
    value : object
        What came.

    Returns
    -------
    object
        What ``get`` returned.
    """
    try:
        return get(value)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{name} does not fit: {error}") from None


def array(name, value, *, ndim=None, shape=None, finite=True, dtype=None, allow_empty=False):
    """Return ``value`` as a numeric array, or say what is wrong with it.

    Parameters
    ----------
    name : str
        The argument's name.
    value : array_like
        What came.
    ndim : int or tuple of int or range, optional
        The numbers of axes that are allowed; a range stands for its start or more.
    shape : tuple, optional
        The expected shape; ``None`` stands for any length.
    finite : bool
        Whether NaN and infinity are refused.
    dtype : dtype, optional
        The dtype of the result; the input's own by default. The input is never changed.
    allow_empty : bool
        Whether an array without elements is allowed.

    Returns
    -------
    numpy.ndarray
        Shares memory with ``value`` where no conversion was needed.

    Raises
    ------
    TypeError
        If the elements are no numbers.
    ValueError
        If the shape does not fit, or a value is not finite, or the array is empty.
    """
    if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
        raise ValueError(
            f"{name} must hold no masked values, but {int(np.ma.getmaskarray(value).sum())} of "
            f"{value.size} are. Remove or fill them first, for example with x.filled(0.0)."
        )
    try:
        result = np.asarray(value)
    except (ValueError, TypeError, OverflowError):
        raise ValueError(
            f"{name} must be an array of numbers whose rows all have the same length, but got "
            f"{describe(value)}."
        ) from None
    if result.dtype.kind not in "fiub":
        raise TypeError(
            f"{name} must hold numbers, but its dtype is {result.dtype} (got {describe(value)}). "
            "Encode text as numbers first, and convert with numpy.asarray(x, dtype='float32')."
        )
    if result.size == 0 and not allow_empty:
        raise ValueError(f"{name} must not be empty, but its shape is {result.shape}.")
    if ndim is not None:
        allowed = (ndim,) if isinstance(ndim, int) else tuple(ndim)
        if result.ndim not in allowed:
            listing = " or ".join(str(axes) for axes in allowed)
            listing = f"{ndim.start} or more" if isinstance(ndim, range) else listing
            raise ValueError(
                f"{name} must have {listing} axes, but its shape is {result.shape} "
                f"({result.ndim} axes)."
            )
    if shape is not None and not _fits(result.shape, shape):
        expected = tuple("any" if length is None else length for length in shape)
        listing = "(" + ", ".join(str(length) for length in expected) + ("," * (len(expected) == 1))
        raise ValueError(f"{name} must have shape {listing}), but its shape is {result.shape}.")
    if finite and result.dtype.kind == "f" and not np.isfinite(result).all():
        bad = int(result.size - np.isfinite(result).sum())
        raise ValueError(
            f"{name} must hold finite numbers, but {bad} of {result.size} values are NaN or "
            "infinite. Remove or fill them first."
        )
    if dtype is None or result.dtype == dtype:
        return result
    with np.errstate(over="ignore"):
        converted = result.astype(dtype, copy=False)
    if finite and result.dtype.kind == "f" and not np.isfinite(converted).all():
        raise ValueError(
            f"{name} must hold numbers that fit into {converted.dtype}, but the largest is "
            f"{np.abs(result).max():.3g}. Scale them, for example to mean 0 and variance 1."
        )
    return converted


def same_length(**arrays):
    """Raise ``ValueError`` unless all named arrays have the same number of samples (first axis)."""
    for name, values in arrays.items():
        if np.ndim(values) == 0:
            raise ValueError(f"{name} must have an axis of samples, but is a single number.")
    lengths = {name: len(values) for name, values in arrays.items()}
    if len(set(lengths.values())) > 1:
        listing = ", ".join(f"{name} has {length}" for name, length in lengths.items())
        raise ValueError(f"The numbers of samples must agree, but {listing}.")


def _allowed(minimum, maximum, above, below, whole):
    kind = "a whole number" if whole else "a finite number"
    parts = []
    if minimum is not None:
        parts.append(f"{minimum} or more")
    if above is not None:
        parts.append(f"above {above}")
    if maximum is not None:
        parts.append(f"at most {maximum}")
    if below is not None:
        parts.append(f"below {below}")
    return f"{kind} ({', '.join(parts)})" if parts else kind


def _is_finite(value):
    """Return whether a real number is finite (np.isfinite knows no huge int and no Fraction)."""
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _reads_as_number(text):
    try:
        float(text)
    except ValueError:
        return False
    return True


def _fits(shape, pattern):
    return len(shape) == len(pattern) and all(
        wanted is None or wanted == length for length, wanted in zip(shape, pattern, strict=True)
    )
