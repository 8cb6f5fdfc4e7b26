"""Gradients beside their parameters: dicts, lists and single arrays, checked before any work."""

import math
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


class FlatPair:
    """Two flat buffers cut into segments: checked once, and known again at the next step.

    Parameters
    ----------
    flat_gradients, flat_parameters, segments
        As `Optimizer.apply_flat` takes them.

    Attributes
    ----------
    segments : list of Segment
        The parameters, one after the other.
    whole : Segment
        All of them as one.
    """

    def __init__(self, flat_gradients, flat_parameters, segments):
        _check_parameter("flat_parameters", flat_parameters)
        checks.array("flat_parameters", flat_parameters, ndim=1, finite=False)
        gradients = checks.array(
            "flat_gradients", flat_gradients, shape=flat_parameters.shape, finite=False
        ).astype(flat_parameters.dtype, copy=False)
        size, listing = flat_parameters.size, segments
        if segments is None:
            listing = [("flat_gradients", 0, size, flat_parameters.shape)]
        end = 0
        for name, start, stop in _bounds(listing):
            if start != end or stop < start:
                raise ValueError(
                    f"segments must follow one another without gaps, but {name} starts at {start} "
                    f"and stops at {stop} where the one before it ends at {end}."
                )
            end = stop
        if end != size:
            raise ValueError(f"segments must cover all {size} parameters, but they end at {end}.")
        self.whole = Segment("all", 0, size, gradients, flat_parameters)
        self.segments = [
            Segment(name, start, stop, gradients[start:stop], flat_parameters[start:stop])
            for name, start, stop, _ in listing
        ]
        self._listing = None if segments is None else list(segments)

    def is_of(self, flat_gradients, flat_parameters, segments):
        """Return whether these are the buffers and segments that were checked."""
        gradients, parameters = self.whole.gradient, self.whole.parameter
        return (
            flat_gradients is gradients
            and flat_parameters is parameters
            and gradients.shape == parameters.shape == (self.whole.stop,)
            and gradients.dtype == parameters.dtype
            and parameters.flags.writeable
            and (segments is None or type(segments) is list)
            and segments == self._listing
        )

    def check_gradients(self):
        """Raise `NonFiniteGradientError` unless all gradients of now are finite."""
        if not all_finite(self.whole.gradient):
            for segment in self.segments:
                check_finite(segment.name, segment.gradient)


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
    """Return whether no element of a 1-D array is NaN or infinite.

    A sum of squares is the quickest pass, and settles it unless it overflows.
    """
    return math.isfinite(np.vdot(values, values)) or bool(np.isfinite(values).all())


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
