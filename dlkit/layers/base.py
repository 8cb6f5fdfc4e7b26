"""Layer: what every layer has, and how one is written.

A subclass gives ``create`` (its parameters), ``output_shape_for``, ``compute_output`` (the forward
formula) and, right below it, ``compute_gradients`` (the backward formula).
"""

import math

import numpy as np

from dlkit import checks, initializers, randomness, regularizers
from dlkit.activation_base import snake_case


class Layer:
    """One step of a network: arrays in, arrays out, and the gradients on the way back.

    Parameters
    ----------
    name : str, optional
        Shown in summaries and in the names of parameters; by default the kind of layer
        (``dense``), in a network numbered as in Keras (``dense_1``).
    seed : int
        For a layer that is used alone; in a network the network's seed counts.

    Attributes
    ----------
    parameters, gradients : dict of str to numpy.ndarray
        What is trained, and ∂loss/∂parameter, written in place by ``backward``.
    state : dict of str to numpy.ndarray
        What is kept but not trained (moving averages).
    input_shape, output_shape : tuple of int
        Without the batch; None before the layer is built.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong type or out of range.
    """

    uses_random = False
    takes_mask = False  # whether compute_output has an argument mask (see dlkit/layers/masking.py)
    supports_masking = False  # whether the mask of the input is that of the output too

    def __init__(self, name=None, seed=0):
        if name is not None and (not isinstance(name, str) or not name or "/" in name):
            raise ValueError(f"name must be a text without '/', but got {checks.describe(name)}.")
        self.name = name or snake_case(type(self).__name__)
        self.named_by_user = name is not None
        self.seed = checks.whole_number("seed", seed, minimum=0)
        self.parameters, self.gradients, self.state = {}, {}, {}
        self.initializers, self.regularizers = {}, {}
        self.input_shape = self.output_shape = self.dtype = None
        self._stream = self._random = None
        self.built = False
        self.in_network = False
        self.needs_input_gradient = True  # a network's first layer can leave it out
        self._workspace = {}
        self._cached_ones = None
        self._output_shape_seen = None

    # -- what a subclass gives ---------------------------------------------------------------

    def create(self, input_shape):
        """Create parameters and state with ``add_parameter`` and ``add_state``."""

    def output_shape_for(self, input_shape):
        """Return the output's shape without the batch, or raise ``ValueError`` if it cannot fit."""
        return input_shape

    def products(self):
        """Return about how many multiplications a sample takes, in all and at once, forward.

        A recurrent layer takes one time step after the other, all others everything at once.
        """
        places = math.prod(size or 1 for size in self.output_shape[:-1])  # of a sequence or image
        weights = sum(array.size for array in self.parameters.values() if array.ndim > 1)
        return places * weights, places * weights

    def accepted_shape(self):
        """Return the shape that ``forward`` takes, without the batch; None stands for any length."""
        return self.input_shape

    def check_values(self, x, name="x"):
        """Raise ``ValueError`` if finite numbers alone are not enough (an Embedding's x)."""

    def compute_mask(self, x, mask):
        """Return the output's mask, (batch, time), False where a time step is padding; or None."""
        return mask if self.supports_masking else None

    def compute_output(self, x, training):
        """Return the output for x, unchecked, and keep what ``compute_gradients`` needs."""
        raise NotImplementedError(f"{type(self).__name__} must define compute_output.")

    def compute_gradients(self, upstream):
        """Write the parameters' gradients, unchecked, and return the input's."""
        raise NotImplementedError(f"{type(self).__name__} must define compute_gradients.")

    def get_config(self):
        """Return the constructor's arguments, ready for JSON."""
        return {"name": self.name}

    # -- building ----------------------------------------------------------------------------

    def build(self, input_shape, generator=None, dtype="float32"):
        """Create parameters, gradients and state for inputs of that shape.

        Parameters
        ----------
        input_shape : tuple of int
            Without the batch.
        generator : numpy.random.Generator, optional
            Where the initial weights are drawn from; by default the layer's own seed.
        dtype : str
            ``"float32"`` or ``"float64"``.

        Raises
        ------
        ValueError
            If the layer cannot take inputs of that shape.
        """
        input_shape = checks.shape("input_shape", input_shape)
        dtype = checks.dtype("dtype", dtype, ("float32", "float64"))
        if generator is None:
            generator = randomness.generators(self.seed, "weights", 1)[0]
        randomness.check_generator(generator)
        output_shape = tuple(self.output_shape_for(input_shape))
        self.dtype = np.dtype(dtype)
        self.input_shape, self.output_shape = input_shape, output_shape
        for collection in (
            self.parameters,
            self.gradients,
            self.state,
            self.initializers,
            self.regularizers,
        ):
            collection.clear()
        self._workspace.clear()
        self._cached_ones = None
        self.create(input_shape)
        self.initialize(generator)
        if not self.in_network:  # else the network gives it one
            self.draw_from(self.seed, 0)
        self.built = True

    def add_parameter(self, name, shape, initializer, regularizer=None):
        """Create a trained array and its gradient; the values come with ``initialize``."""
        self.initializers[name] = initializers.get(initializer)
        if regularizer is not None:
            self.regularizers[name] = regularizers.get(regularizer)
        self.parameters[name] = np.zeros(shape, self.dtype)
        self.gradients[name] = np.zeros(shape, self.dtype)

    def add_state(self, name, shape, initializer):
        """Create an array that is kept but not trained."""
        self.initializers[name] = initializers.get(initializer)
        self.state[name] = np.zeros(shape, self.dtype)

    def initialize(self, generator):
        """Draw the initial values of parameters and state in place, so that views stay valid."""
        for array_name, initializer in self.initializers.items():
            target = self.parameters if array_name in self.parameters else self.state
            array = target[array_name]
            array[...] = initializer.draw(array.shape, generator)

    @property
    def random(self):
        """The generator of this layer's random numbers; made once it is asked for, few are."""
        if self._random is None and self._stream is not None:
            self._random = np.random.default_rng(randomness.stream(*self._stream))
        return self._random

    @random.setter
    def random(self, generator):
        self._random = generator

    def draw_from(self, seed, child):
        """Draw random numbers from that child of the seed's stream for dropout from now on."""
        self._stream, self._random = (seed, "dropout", child), None

    def bind(self, parameters, gradients):
        """Use these arrays from now on: views into a network's flat buffers, already filled."""
        for array_name in self.parameters:
            self.parameters[array_name] = parameters[array_name]
            self.gradients[array_name] = gradients[array_name]

    # -- running -----------------------------------------------------------------------------

    def forward(self, x, training=False):
        """Return the layer's output.

        Parameters
        ----------
        x : array_like
            (batch, \\*input_shape), finite numbers.
        training : bool
            Whether dropout drops and normalization uses the batch's own statistics.

        Returns
        -------
        numpy.ndarray
            (batch, \\*output_shape).

        Raises
        ------
        TypeError, ValueError
            If x does not fit.
        """
        x, training = self.check_call(x, training)
        return self.compute_output(x, training)

    def check_call(self, x, training):
        """Return both arguments of ``forward``, checked; build the layer if that is still to do."""
        training = checks.truth_value("training", training)
        x = checks.array("x", x, ndim=range(2, 33))
        if not self.built:
            self.build(x.shape[1:], dtype="float64" if x.dtype == np.float64 else "float32")
        x = checks.array("x", x, shape=(None, *self.accepted_shape()), dtype=self.dtype)
        self.check_values(x)
        self._output_shape_seen = (len(x), *self.output_shape_for(x.shape[1:]))
        return x, training

    def backward(self, upstream):
        """Write the gradients of the parameters and return that of the input.

        Parameters
        ----------
        upstream : array_like
            ∂loss/∂output of the last ``forward``, (batch, \\*output_shape).

        Returns
        -------
        numpy.ndarray
            ∂loss/∂x, (batch, \\*input_shape).

        Raises
        ------
        RuntimeError
            If ``forward`` has not run yet.
        """
        if self._output_shape_seen is None:
            raise RuntimeError(f"Call {self.name}.forward(x) before {self.name}.backward.")
        upstream = checks.array(
            "upstream", upstream, shape=self._output_shape_seen, dtype=self.dtype
        )
        return self.compute_gradients(upstream)

    def regularization_loss(self):
        """Return the sum of the penalties on this layer's parameters (0.0 without regularizers)."""
        penalty = 0.0
        for array_name, regularizer in self.regularizers.items():
            penalty += regularizer.penalty(self.parameters[array_name])
        return penalty

    def add_regularization_gradients(self):
        """Add the penalties' gradients to ``gradients``, in place."""
        for array_name, regularizer in self.regularizers.items():
            self.gradients[array_name] += regularizer.slope(self.parameters[array_name])

    def workspace(self, key, shape):
        """Return an array to write into: in a network the same one again while its shape stays.

        A layer used alone gets a new one each time, so that earlier outputs remain untouched.
        """
        if not self.in_network:
            return np.empty(shape, self.dtype)
        array = self._workspace.get(key)
        if array is None or array.shape != shape:
            array = self._workspace[key] = np.empty(shape, self.dtype)
        return array

    def _ones(self, count):
        """Return ``count`` ones, the same array again while the count stays; not to be changed."""
        if self._cached_ones is None or len(self._cached_ones) != count:
            self._cached_ones = np.ones(count, self.dtype)
        return self._cached_ones

    def __repr__(self):
        return f"<{type(self).__name__} {self.name!r}: {self.input_shape} -> {self.output_shape}>"
