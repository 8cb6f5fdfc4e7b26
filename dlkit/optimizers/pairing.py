"""Gradients beside their parameters: dicts, lists and single arrays, checked before any work."""

from operator import index
from typing import NamedTuple

import numpy as np

from dlkit import checks


class NonFiniteGradientError(ValueError):
    """A gradient holds NaN or infinity; nothing was changed."""


class Segment(NamedTuple):
    """One parameter and its gradient, as 1-D arrays, and where it stands in the flat slots.

    Attributes
    ----------
    name : str
        The parameter's name; for a list its position.
    start, stop : int
        Its elements in the flat slots.
    gradient, parameter : numpy.ndarray
        Both of shape (stop - start,) and of the parameter's dtype.
    """

    name: str
    start: int
    stop: int
    gradient: np.ndarray
    parameter: np.ndarray


def pair(gradients, parameters):
    """Return the gradients and parameters as segments, and the parameters to write back.

    Parameters
    ----------
    gradients, parameters : dict of str to array, or list of arrays, or array
        Of the same kind, names and shapes. The parameters are NumPy arrays of one floating dtype.

    Returns
    -------
    segments : list of Segment
        In the order of ``parameters``.
    write_back : list of (numpy.ndarray, numpy.ndarray)
        Pairs (parameter, flat copy) for parameters whose elements are not contiguous in memory.

    Raises
    ------
    TypeError
        If kinds or dtypes do not fit.
    ValueError
        If names or shapes differ.
    NonFiniteGradientError
        If a gradient is not finite.
    """
    parameters, gradients = _named("parameters", parameters), _named("gradients", gradients)
    if set(parameters) != set(gradients):
        missing = [name for name in parameters if name not in gradients]
        extra = [name for name in gradients if name not in parameters]
        raise ValueError(
            "gradients and parameters must have the same names, but "
            + " and ".join(
                [f"there is no gradient for {name}" for name in missing[:1]]
                + [f"there is no parameter for the gradient {name}" for name in extra[:1]]
            )
            + "."
        )
    segments, write_back, start = [], [], 0
    for name, parameter in parameters.items():
        _check_parameter(name, parameter)
        if not isinstance(gradients[name], np.ndarray | np.generic | list | float | int):
            raise TypeError(
                f"the gradient {name} must be a NumPy array, but got "
                f"{checks.describe(gradients[name])}."
            )
        gradient = checks.array(f"the gradient {name}", gradients[name], finite=False)
        if gradient.shape != parameter.shape:
            raise ValueError(
                f"the gradient {name} must have its parameter's shape {parameter.shape}, but its "
                f"shape is {gradient.shape}."
            )
        flat = parameter.reshape(-1)
        if not np.shares_memory(flat, parameter):
            write_back.append((parameter, flat))
        gradient = gradient.reshape(-1).astype(parameter.dtype, copy=False)
        check_finite(name, gradient)
        segments.append(Segment(name, start, start + flat.size, gradient, flat))
        start += flat.size
    dtypes = {segment.parameter.dtype for segment in segments}
    if len(dtypes) > 1:
        listing = " and ".join(sorted(str(dtype) for dtype in dtypes))
        raise TypeError(
            f"parameters must share one dtype, but got {listing}. Convert them with "
            "x.astype('float32'), or use one optimizer for each."
        )
    return segments, write_back


def pair_flat(flat_gradients, flat_parameters, segments):
    """Return two flat buffers cut into segments (see `Optimizer.apply_flat`)."""
    _check_parameter("flat_parameters", flat_parameters)
    checks.array("flat_parameters", flat_parameters, ndim=1, finite=False)
    gradients = checks.array(
        "flat_gradients", flat_gradients, shape=flat_parameters.shape, finite=False
    ).astype(flat_parameters.dtype, copy=False)
    if segments is None:
        segments = [("flat_gradients", 0, flat_parameters.size, flat_parameters.shape)]
    end = 0
    for name, start, stop in _bounds(segments):
        if start != end or stop < start:
            raise ValueError(
                f"segments must follow one another without gaps, but {name} starts at {start} "
                f"and stops at {stop} where the one before it ends at {end}."
            )
        end = stop
    if end != flat_parameters.size:
        raise ValueError(
            f"segments must cover all {flat_parameters.size} parameters, but they end at {end}."
        )
    if not all_finite(gradients):
        for name, start, stop, _ in segments:
            check_finite(name, gradients[start:stop])
    return [
        Segment(name, start, stop, gradients[start:stop], flat_parameters[start:stop])
        for name, start, stop, _ in segments
    ]


def _bounds(segments):
    """Return (name, start, stop) of each segment, or raise unless they are listed so."""
    try:
        return [(name, index(start), index(stop)) for name, start, stop, _ in segments]
    except (TypeError, ValueError):
        raise TypeError(
            "segments must be a list of (name, start, stop, shape), as network.segments is, but "
            f"got {checks.describe(segments)}."
        ) from None


def all_finite(values):
    """Return whether no element is NaN or infinite (one quick sum, where that settles it)."""
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(values.sum()) or np.isfinite(values).all())


def check_finite(name, gradient):
    """Raise `NonFiniteGradientError` unless all elements of a gradient are finite."""
    if not all_finite(gradient):
        bad = int(gradient.size - np.isfinite(gradient).sum())
        raise NonFiniteGradientError(
            f"the gradient {name} must hold finite numbers, but {bad} of {gradient.size} values "
            "are NaN or infinite; nothing was changed. Lower the learning rate, or clip with "
            "global_clipnorm=1.0, and look for a division by zero or a logarithm of zero."
        )


def _named(name, values):
    if isinstance(values, dict):
        named = values
    elif isinstance(values, list | tuple):
        named = {str(index): value for index, value in enumerate(values)}
    elif isinstance(values, np.ndarray | np.generic | float | int):
        named = {"0": values}
    else:
        raise TypeError(
            f"{name} must be a dict of arrays, a list of arrays or one array, but got "
            f"{checks.describe(values)}."
        )
    if not named:
        raise ValueError(f"{name} must not be empty.")
    return named


def _check_parameter(name, parameter):
    if not isinstance(parameter, np.ndarray) or parameter.dtype.kind != "f":
        raise TypeError(
            f"the parameter {name} must be a NumPy array of floating-point numbers, because it is "
            f"changed in place, but got {checks.describe(parameter)}. Convert it with "
            "numpy.asarray(x, dtype='float32')."
        )
    if parameter.size == 0:
        raise ValueError(f"the parameter {name} must not be empty.")
    if not parameter.flags.writeable:
        raise ValueError(f"the parameter {name} is read-only. Pass a copy: parameter.copy().")
