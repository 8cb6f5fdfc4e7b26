"""Initializers: the numbers a layer starts from, with Keras's names and conventions.

``fan_in`` is the number of inputs that one unit sums over, ``fan_out`` the number of units that
one input goes to. All draws are made in float64 and then rounded, so that a float32 network and
its float64 twin start from the same weights.
"""

import math
from typing import ClassVar

import numpy as np

from dlkit import checks, randomness
from dlkit.activation_base import snake_case


def compute_fans(shape):
    """Return (fan_in, fan_out) of a kernel: (inputs, units), or (…receptive field, inputs, units).

    Parameters
    ----------
    shape : tuple of int

    Returns
    -------
    tuple of int
        As Keras counts: for one axis both are its length, for a scalar both are 1.

    Raises
    ------
    TypeError, ValueError
        If ``shape`` is no tuple of whole numbers of 1 or more.
    """
    shape = checks.shape("shape", shape, allow_scalar=True)
    if len(shape) < 2:
        length = shape[0] if shape else 1
        return length, length
    receptive_field = math.prod(shape[:-2])
    return receptive_field * shape[-2], receptive_field * shape[-1]


def truncated_normal(generator, shape, stddev):
    """Draw from a normal distribution; what lies beyond two standard deviations is drawn again.

    Parameters
    ----------
    generator : numpy.random.Generator
    shape : tuple of int
    stddev : float
        Of the distribution before it is cut, 0 or more; afterwards it is 0.88 times that.

    Returns
    -------
    numpy.ndarray, float64
        Of that shape.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong type or out of range.
    """
    randomness.check_generator(generator)
    shape = checks.shape("shape", shape, allow_scalar=True)
    stddev = checks.number("stddev", stddev, minimum=0)
    values = generator.standard_normal(shape)
    beyond = np.abs(values) > 2
    while beyond.any():
        values[beyond] = generator.standard_normal(int(beyond.sum()))
        beyond = np.abs(values) > 2
    return stddev * values


class Initializer:
    """The numbers a parameter starts from: ``initializer(shape, generator)`` gives an array.

    Parameters
    ----------
    **arguments : float
        What the kind of initializer leaves open, with its defaults in ``defaults``.

    Raises
    ------
    TypeError, ValueError
        If an argument is unknown, of the wrong type or out of range.
    """

    defaults: ClassVar = {}
    positive = ()

    def __init__(self, **arguments):
        self.name = snake_case(type(self).__name__)
        for given in arguments:
            if given not in self.defaults:
                known = ", ".join(self.defaults) or "none"
                raise TypeError(f"{self.name} has no argument {given!r}; it knows: {known}.")
        self.arguments = {**self.defaults, **arguments}
        for key, value in self.arguments.items():
            minimum = 0 if key in self.positive else None
            self.arguments[key] = checks.number(key, value, minimum=minimum)
            setattr(self, key, self.arguments[key])

    def draw(self, shape, generator):
        """Return a float64 array of that shape, drawn from the generator, without checks."""
        raise NotImplementedError(f"{type(self).__name__} must define draw(shape, generator).")

    def __call__(self, shape, generator=0, dtype="float32"):
        """Return the initial values.

        Parameters
        ----------
        shape : tuple of int
            The parameter's shape.
        generator : numpy.random.Generator or int
            Where the draws come from; a whole number is a seed.
        dtype : dtype
            ``"float32"`` or ``"float64"``.

        Returns
        -------
        numpy.ndarray
        """
        shape = checks.shape("shape", shape, allow_scalar=True)
        if not isinstance(generator, np.random.Generator):
            seed = checks.whole_number("generator", generator, minimum=0)
            generator = np.random.default_rng(seed)
        dtype = checks.dtype("dtype", dtype, ("float16", "float32", "float64"))
        return self.draw(shape, generator).astype(dtype)

    def get_config(self):
        """Return the name, or name and arguments where there are any, ready for JSON."""
        return {"name": self.name, **self.arguments} if self.arguments else self.name

    def __repr__(self):
        return f"<initializer {self.get_config()}>"


class Zeros(Initializer):
    """All 0: right for biases; kernels of zeros never learn to differ from each other."""

    def draw(self, shape, generator):
        return np.zeros(shape)


class Ones(Initializer):
    """All 1: the scale of a normalization."""

    def draw(self, shape, generator):
        return np.ones(shape)


class Constant(Initializer):
    """All the same ``value``."""

    defaults: ClassVar = {"value": 0.0}

    def draw(self, shape, generator):
        return np.full(shape, self.value)


class RandomNormal(Initializer):
    """Normal with ``mean`` and ``stddev``."""

    defaults: ClassVar = {"mean": 0.0, "stddev": 0.05}
    positive = ("stddev",)

    def draw(self, shape, generator):
        return self.mean + self.stddev * generator.standard_normal(shape)


class TruncatedNormal(RandomNormal):
    """Normal, but what lies beyond two standard deviations is drawn again."""

    def draw(self, shape, generator):
        return self.mean + truncated_normal(generator, shape, self.stddev)


class RandomUniform(Initializer):
    """Uniform between ``minval`` and ``maxval``."""

    defaults: ClassVar = {"minval": -0.05, "maxval": 0.05}

    def __init__(self, **arguments):
        super().__init__(**arguments)
        if self.minval > self.maxval:
            raise ValueError(f"minval ({self.minval}) must not be above maxval ({self.maxval}).")

    def draw(self, shape, generator):
        return generator.uniform(self.minval, self.maxval, shape)


class VarianceScaling(Initializer):
    """Mean 0 and variance ``scale / fan``, so that signals keep their size from layer to layer.

    Uniform: between -limit and limit, limit = √(3 scale / fan). Normal: truncated at two standard
    deviations, which takes away variance; as in Keras the constant 0.8796… makes up for it.
    """

    scale, mode, distribution = 1.0, "fan_in", "normal"

    def draw(self, shape, generator):
        fan_in, fan_out = compute_fans(shape)
        fan = {"fan_in": fan_in, "fan_average": (fan_in + fan_out) / 2}[self.mode]
        if self.distribution == "uniform":
            limit = math.sqrt(3 * self.scale / fan)
            return generator.uniform(-limit, limit, shape)
        stddev = math.sqrt(self.scale / fan) / 0.87962566103423978
        return truncated_normal(generator, shape, stddev)


class GlorotUniform(VarianceScaling):
    """Variance 2 / (fan_in + fan_out), uniform: for tanh and sigmoid (Glorot and Bengio 2010)."""

    mode, distribution = "fan_average", "uniform"


class GlorotNormal(VarianceScaling):
    """Variance 2 / (fan_in + fan_out), truncated normal (Glorot and Bengio 2010)."""

    mode = "fan_average"


class HeUniform(VarianceScaling):
    """Variance 2 / fan_in, uniform: for relu, which halves the signal (He et al. 2015)."""

    scale, distribution = 2.0, "uniform"


class HeNormal(VarianceScaling):
    """Variance 2 / fan_in, truncated normal: for relu (He et al. 2015)."""

    scale = 2.0


class LecunUniform(VarianceScaling):
    """Variance 1 / fan_in, uniform (LeCun et al. 1998)."""

    distribution = "uniform"


class LecunNormal(VarianceScaling):
    """Variance 1 / fan_in, truncated normal: for selu (LeCun et al. 1998)."""


class Orthogonal(Initializer):
    """A matrix with orthonormal rows or columns, times ``gain`` (Saxe et al. 2013)."""

    defaults: ClassVar = {"gain": 1.0}

    def draw(self, shape, generator):
        if len(shape) < 2:
            raise ValueError(f"orthogonal needs a shape of two axes or more, but got {shape}.")
        rows, columns = math.prod(shape[:-1]), shape[-1]
        q, r = np.linalg.qr(generator.standard_normal((max(rows, columns), min(rows, columns))))
        q = q * np.sign(np.diag(r))  # without this the draw would not be uniform
        return self.gain * (q if rows >= columns else q.T).reshape(shape)


_KINDS = (Zeros, Ones, Constant, RandomNormal, RandomUniform, TruncatedNormal)
_SCALED = (GlorotUniform, GlorotNormal, HeUniform, HeNormal, LecunUniform, LecunNormal)
INITIALIZERS = {snake_case(kind.__name__): kind for kind in (*_KINDS, *_SCALED, Orthogonal)}
_NAMES = {kind.__name__: name for name, kind in INITIALIZERS.items()}


def get(initializer, **arguments):
    """Return an initializer by name (``"he_normal"``), class, instance or saved configuration.

    Parameters
    ----------
    initializer : str, type, Initializer or dict
        Unknown names raise a ``ValueError`` that suggests the nearest.
    **arguments
        For example ``get("constant", value=0.5)``.

    Returns
    -------
    Initializer

    Raises
    ------
    TypeError, ValueError
        If it is unknown, or an argument is wrong.
    """
    if isinstance(initializer, Initializer):
        initializer = {"name": initializer.name, **initializer.arguments}
    if isinstance(initializer, type) and issubclass(initializer, Initializer):
        initializer = snake_case(initializer.__name__)
    if isinstance(initializer, dict) and "name" in initializer:
        settings = {key: value for key, value in initializer.items() if key != "name"}
        initializer, arguments = initializer["name"], {**settings, **arguments}
    if isinstance(initializer, str):
        initializer = _NAMES.get(initializer, initializer)
    return INITIALIZERS[checks.choice("initializer", initializer, INITIALIZERS)](**arguments)
