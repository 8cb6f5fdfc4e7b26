"""Recurrent: what SimpleRNN, LSTM and GRU share: time, masks, dropout, gradients."""

import numpy as np

from dlkit import checks, initializers, regularizers
from dlkit.layers import sliding
from dlkit.layers.masking import check_mask
from dlkit.layers.states import Stateful, elementwise

INITIALIZERS = ("kernel_initializer", "recurrent_initializer", "bias_initializer")
# So many numbers are made at a time: they stay in the processor's cache.
CACHED = 2**16
REGULARIZERS = ("kernel_regularizer", "recurrent_regularizer", "bias_regularizer")


class Recurrent(Stateful):
    """A layer that reads a sequence step by step and carries a state h from each to the next.

    A subclass gives ``step``, the formula as in the textbooks for one time step, and the same
    formula arranged for speed: ``run`` through all time steps and ``run_back``. Inside, arrays are
    time-major, (time, batch, …), so that each step is one block of memory.

    Parameters
    ----------
    units : int
        The length of the state h.
    activation : str or Activation
        Elementwise.
    use_bias : bool
    kernel_initializer, recurrent_initializer, bias_initializer : str or Initializer
        Where W, for x, U, for h, and b start.
    kernel_regularizer, recurrent_regularizer, bias_regularizer : str, L1L2 or None
    dropout : float
        The share of the features of x that is switched off in training, the same ones at every
        time step (Gal and Ghahramani 2016); 0 or more, below 1.
    return_sequences : bool
        Whether the output is h after every time step, (batch, time, units), or after the last.
    go_backwards : bool
        Whether to read from the last time step to the first. Whatever has an axis of time, the
        output too, is then in the order of reading; so is the mask that a network hands on (Keras
        leaves it as it was, so that the layer behind passes over the wrong time steps).
    name, seed
        See `Layer`. Inputs are (batch, time, features).

    Attributes
    ----------
    hidden_states : numpy.ndarray
        h after each time step of the last ``forward``, (batch, time, units).
    hidden_gradients : numpy.ndarray
        ∂L/∂h for each of them, with all that follows from it in time, after ``backward``.
    initial_gradient : numpy.ndarray or tuple of them
        ∂L/∂ the initial state, in the form of ``final_state``, after ``backward``.
    """

    blocks = 1  # how many matrices stand side by side in the kernel

    def __init__(
        self,
        units,
        activation="tanh",
        use_bias=True,
        kernel_initializer="glorot_uniform",
        recurrent_initializer="orthogonal",
        bias_initializer="zeros",
        kernel_regularizer=None,
        recurrent_regularizer=None,
        bias_regularizer=None,
        dropout=0.0,
        return_sequences=False,
        go_backwards=False,
        name=None,
        seed=0,
    ):
        super().__init__(name, seed)
        self.units = checks.whole_number("units", units)
        self.activation = elementwise("activation", activation)
        self.use_bias = checks.truth_value("use_bias", use_bias)
        starts = (kernel_initializer, recurrent_initializer, bias_initializer)
        for argument, value in zip(INITIALIZERS, starts, strict=True):
            setattr(self, argument, checks.named(argument, initializers.get, value))
        prices = (kernel_regularizer, recurrent_regularizer, bias_regularizer)
        for argument, value in zip(REGULARIZERS, prices, strict=True):
            setattr(self, argument, checks.named(argument, regularizers.get, value))
        self.dropout = checks.number("dropout", dropout, minimum=0, below=1)
        self.return_sequences = checks.truth_value("return_sequences", return_sequences)
        self.go_backwards = checks.truth_value("go_backwards", go_backwards)
        self._final_gradient = None
        self._zeros = (0,) * len(self.state_names)

    @property
    def uses_random(self):
        """Whether dropout draws random numbers."""
        return self.dropout > 0

    def output_shape_for(self, input_shape):
        time, _ = sliding.check_axes(self.name, input_shape, 2)
        return (time, self.units) if self.return_sequences else (self.units,)

    def products(self):
        weights = sum(array.size for array in self.parameters.values() if array.ndim > 1)
        return (self.input_shape[0] or 1) * weights, weights

    def accepted_shape(self):
        return (None, self.input_shape[-1])

    def create(self, input_shape):
        width = self.blocks * self.units
        start, price = self.kernel_initializer, self.kernel_regularizer
        self.add_parameter("kernel", (input_shape[-1], width), start, price)
        start, price = self.recurrent_initializer, self.recurrent_regularizer
        self.add_parameter("recurrent_kernel", (self.units, width), start, price)
        if self.use_bias:
            self.add_parameter(
                "bias", self.bias_shape(), self.bias_initializer, self.bias_regularizer
            )
        self._states = self._state_gradients = None

    def bias_shape(self):
        """Return the shape of b."""
        return (self.blocks * self.units,)

    # -- what a subclass gives ---------------------------------------------------------------

    def run(self, z, states, keep):
        """Fill ``states[k][1:]``, given ``states[k][0]``, in a loop over ``time_steps(z)``.

        Parameters
        ----------
        z : numpy.ndarray
            (time, batch, blocks · units): z[t] = x_t W + b once ``time_steps`` has come to t. It
            may be overwritten.
        states : tuple of numpy.ndarray
            h (and c), each (time + 1, batch, units).
        keep : numpy.ndarray or None
            (time, batch, 1), False where a time step is padding: the state stays.
        """
        raise NotImplementedError(f"{type(self).__name__} must define run.")

    def run_back(self, gradients, keep):
        """Return ∂L/∂z for all time steps and write ∂L/∂U.

        Parameters
        ----------
        gradients : tuple of numpy.ndarray
            ∂L/∂h (and ∂L/∂c), each (time + 1, batch, units), of what comes from outside; what
            comes through time is added on the way back.
        keep
            As in ``run``.
        """
        raise NotImplementedError(f"{type(self).__name__} must define run_back.")

    def time_steps(self, z):
        """Yield t = 0, 1, … once z[t] = x_t W + b is there.

        The inputs of many steps go through one product, but only of as many as stay in the
        processor's cache until they are used.
        """
        kernel, bias = self.input_weights()
        for few in self.few_steps(z):
            x, rows = self.x[few], z[few].reshape(-1, z.shape[-1])
            np.matmul(x.reshape(-1, x.shape[-1]), kernel, out=rows)
            if bias is not None:
                rows += bias
            yield from range(few.start, few.stop)

    def few_steps(self, array):
        """Return slices of time, so short that what an array holds of each stays in the cache."""
        many = max(1, CACHED // array[0].size)
        return [slice(start, min(start + many, len(array))) for start in range(0, len(array), many)]

    def recurrent_gradients(self, delta):
        """Write ∂L/∂U = Σ_t h_{t-1}ᵀ δ_t and ∂L/∂b = Σ_t δ_t, all time steps in one product."""
        rows = delta.reshape(-1, delta.shape[-1])
        before = self._states[0][:-1].reshape(-1, self.units)
        np.matmul(before.T, rows, out=self.gradients["recurrent_kernel"])
        if self.use_bias:
            rows.sum(axis=0, out=self.gradients["bias"])

    def input_weights(self):
        """Return W and b (None without) as ``run`` wants z = x W + b."""
        return self.parameters["kernel"], self.parameters.get("bias")

    # -- forward and backward ----------------------------------------------------------------

    def forward(self, x, training=False, mask=None, initial_state=None):
        """Return the layer's output.

        Parameters
        ----------
        x : array_like
            (batch, time, features), finite numbers; alone, a layer takes any number of time steps.
        training : bool
            Whether dropout drops.
        mask : array_like, optional
            (batch, time), True where a time step is real and False where it is padding: there the
            state stays as it is. In a network it comes from ``Embedding(mask_zero=True)``.
        initial_state : array_like or tuple of them, optional
            Where h starts, (batch, units), for an LSTM (h, c); such as another layer's
            ``final_state``. By default 0.

        Returns
        -------
        numpy.ndarray
            (batch, units), or (batch, time, units) with ``return_sequences``.

        Raises
        ------
        TypeError, ValueError
            If anything does not fit.
        """
        x = checks.array("x", x, ndim=3)
        mask = check_mask("mask", mask, x.shape[:2])
        dtype = self.dtype or np.dtype("float64" if x.dtype == np.float64 else "float32")
        initial = self._check_states("initial_state", initial_state, len(x), dtype)
        x, training = self.check_call(x, training)
        return self.compute_output(x, training, mask, initial)

    def backward(self, upstream, final_gradient=None):
        """Write the gradients of the parameters and return that of the input.

        Parameters
        ----------
        upstream : array_like
            ∂L/∂output of the last ``forward``.
        final_gradient : array_like or tuple of them, optional
            ∂L/∂``final_state`` beside it, such as the ``initial_gradient`` of the layer that
            started from it.

        Returns
        -------
        numpy.ndarray
            ∂L/∂x, (batch, time, features).
        """
        if self._states is not None:
            batch = self._states[0].shape[1]
            gradient = self._check_states("final_gradient", final_gradient, batch, self.dtype)
            self._final_gradient = gradient
        try:
            return super().backward(upstream)
        finally:
            self._final_gradient = None

    def compute_output(self, x, training, mask=None, initial_state=None):
        batch, time, _ = x.shape
        self.x = self._time_major(x, training)
        self._states = tuple(
            self.workspace(name, (time + 1, batch, self.units)) for name in self.state_names
        )
        for state, start in zip(self._states, initial_state or self._zeros, strict=True):
            state[0] = start
        self._keep = None if mask is None else self._read_order(mask.T)[..., np.newaxis]
        z = self.workspace("z", (time, batch, self.blocks * self.units))
        self.run(z, self._states, self._keep)
        h = self._states[0]
        return h[1:].transpose(1, 0, 2) if self.return_sequences else h[-1]

    def compute_gradients(self, upstream):
        shape = self._states[0].shape
        gradients = tuple(self.workspace(f"d{name}", shape) for name in self.state_names)
        for each in gradients:
            each[...] = 0
        for each, given in zip(gradients, self._final_gradient or self._zeros, strict=True):
            each[-1] = given
        if self.return_sequences:
            gradients[0][1:] += upstream.transpose(1, 0, 2)
        else:
            gradients[0][-1] += upstream
        dz = self.run_back(gradients, self._keep)
        self._state_gradients = gradients
        rows, inputs = dz.reshape(-1, dz.shape[-1]), self.x.reshape(-1, self.x.shape[-1])
        np.matmul(inputs.T, rows, out=self.gradients["kernel"])
        if not self.needs_input_gradient:
            return None
        dx = self.workspace("input_gradient", self.x.shape)
        np.matmul(rows, self.parameters["kernel"].T, out=dx.reshape(inputs.shape))
        if self._drop is not None:
            dx *= self._drop
        return self._read_order(dx).transpose(1, 0, 2)

    def _time_major(self, x, training):
        """Return x as (time, batch, features) in the order of reading, with dropout."""
        x, self._drop = self._read_order(x.transpose(1, 0, 2)), None
        if training and self.dropout > 0:
            keep = self.random.random(x.shape[1:], dtype=np.float32) >= self.dropout
            self._drop = keep * self.dtype.type(1 / (1 - self.dropout))
            return np.multiply(x, self._drop, out=self.workspace("x", x.shape))
        if x.flags.c_contiguous:
            return x
        copy = self.workspace("x", x.shape)
        copy[...] = x
        return copy

    def _read_order(self, sequence):
        return sequence[::-1] if self.go_backwards else sequence

    def compute_mask(self, x, mask):
        if mask is None or not self.return_sequences:
            return None
        return mask[:, ::-1] if self.go_backwards else mask

    def get_config(self):
        config = {"name": self.name, "units": self.units, "use_bias": self.use_bias}
        config["activation"] = self.activation.get_config()
        for argument in INITIALIZERS:
            config[argument] = getattr(self, argument).get_config()
        for argument in REGULARIZERS:
            regularizer = getattr(self, argument)
            config[argument] = regularizer and regularizer.get_config()
        for argument in ("dropout", "return_sequences", "go_backwards"):
            config[argument] = getattr(self, argument)
        return config
