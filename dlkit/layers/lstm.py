"""LSTM: gates decide what a cell forgets, takes in and shows."""

import numpy as np

from dlkit import checks
from dlkit.layers.gated import Gated


class LSTM(Gated):
    """c_t = f c_{t-1} + i g, h_t = o tanh(c_t), with gates that x_t and h_{t-1} decide.

    [i f g o] = [σ σ tanh σ](x_t W + h_{t-1} U + b): input, forget and output gate, and the
    candidate g (Hochreiter and Schmidhuber 1997; the forget gate: Gers et al. 2000). Backward, from
    the last step to the first: ∂L/∂c_t += ∂L/∂h_t o tanh'(c_t), and

    ∂L/∂[i f g o] = [∂L/∂c_t g, ∂L/∂c_t c_{t-1}, ∂L/∂c_t i, ∂L/∂h_t tanh(c_t)],
    δ_t = ∂L/∂[i f g o] · slopes, ∂L/∂c_{t-1} = ∂L/∂c_t f, ∂L/∂h_{t-1} += δ_t Uᵀ.

    ∂L/∂W, ∂L/∂U, ∂L/∂b and ∂L/∂x follow from δ as in `SimpleRNN`. Where f is near 1, ∂L/∂c passes
    through time as it is: that is what the cell is for.

    Parameters
    ----------
    recurrent_activation : str or Activation
        σ, of the gates; ``activation`` is the tanh of g and of c.
    unit_forget_bias : bool
        Whether the forget gate's bias starts at 1, so that the cell remembers at first
        (Jozefowicz et al. 2015).
    units, activation, …
        See `Recurrent`. W is (features, 4 units), U (units, 4 units), in the order i, f, g, o.

    Attributes
    ----------
    gates : dict of str to numpy.ndarray
        ``input``, ``forget``, ``candidate``, ``output``: each (batch, time, units).
    cell_states : numpy.ndarray
        c after each time step, (batch, time, units).
    cell_gradients : numpy.ndarray
        ∂L/∂c for each of them, with all that follows from it in time, after ``backward``.
    hidden_states, hidden_gradients, final_state, initial_gradient
        See `Recurrent`; a state is the pair (h, c).
    """

    gate_names = ("input", "forget", "candidate", "output")  # Keras's order
    state_names = ("h", "c")

    def __init__(
        self,
        units,
        activation="tanh",
        recurrent_activation="sigmoid",
        use_bias=True,
        kernel_initializer="glorot_uniform",
        recurrent_initializer="orthogonal",
        bias_initializer="zeros",
        unit_forget_bias=True,
        kernel_regularizer=None,
        recurrent_regularizer=None,
        bias_regularizer=None,
        dropout=0.0,
        return_sequences=False,
        go_backwards=False,
        name=None,
        seed=0,
    ):
        super().__init__(
            units,
            recurrent_activation,
            activation=activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer,
            bias_regularizer=bias_regularizer,
            dropout=dropout,
            return_sequences=return_sequences,
            go_backwards=go_backwards,
            name=name,
            seed=seed,
        )
        self.unit_forget_bias = checks.truth_value("unit_forget_bias", unit_forget_bias)

    def initialize(self, generator):
        super().initialize(generator)
        if self.use_bias and self.unit_forget_bias:
            self.parameters["bias"][self.units : 2 * self.units] = 1

    def step(self, x, h, c):
        """Return h and c after one time step: the formula itself.

        Parameters
        ----------
        x : array_like
            (batch, features).
        h, c : array_like
            The state before, (batch, units).

        Returns
        -------
        h, c : numpy.ndarray
            The state after, (batch, units).
        """
        x, h, c = self._check_step(x, h, c)
        z = x @ self.parameters["kernel"] + h @ self.parameters["recurrent_kernel"]
        if self.use_bias:
            z = z + self.parameters["bias"]
        i, f, g, o = np.split(z, 4, axis=-1)
        i = self.recurrent_activation.forward(i)
        f = self.recurrent_activation.forward(f)
        g = self.activation.forward(g)
        o = self.recurrent_activation.forward(o)
        c = f * c + i * g
        h = o * self.activation.forward(c)
        return h, c

    # -- the same for all time steps, arranged for speed --------------------------------------

    @property
    def one_tanh(self):
        """Whether one tanh does all blocks, because σ(z) = (1 + tanh(z / 2)) / 2."""
        names = (self.recurrent_activation.name, self.activation.name)
        return names == ("sigmoid", "tanh")

    def input_weights(self):
        kernel, bias = super().input_weights()
        if not self.one_tanh:
            return kernel, bias
        half = self.halves()
        return kernel * half, None if bias is None else bias * half

    def halves(self):
        """Return a factor for each column of z: 1/2 for the three σ, which is exact; 1 for g."""
        return np.repeat(np.array([0.5, 0.5, 1, 0.5], self.dtype), self.units)

    def run(self, z, states, keep):
        (h, c), recurrent_kernel = states, self.parameters["recurrent_kernel"]
        # the gates take the place of z, unless another activation's slope will want it
        values = z if self.one_tanh else self.workspace("values", z.shape)
        self._z, self._values = self.split(z), self.split(values)
        self._tanh_c = self.workspace("tanh_c", h[1:].shape)
        if self.one_tanh:
            half = np.tile(self.halves(), (len(h[0]), 1))
            recurrent_kernel, rest = recurrent_kernel * half[0], 1 - half
        recurrent, product = np.empty_like(z[0]), np.empty_like(h[0])
        for t in self.time_steps(z):
            now, (i, f, g, o) = z[t], self._values[t]
            now += np.matmul(h[t], recurrent_kernel, out=recurrent)
            if self.one_tanh:  # tanh(z / 2) / 2 + 1 / 2 for σ, g is left alone
                np.tanh(now, out=now)
                now *= half
                now += rest
            else:
                for function, z_k, gate in zip(self.functions, self._z[t], self._values[t]):
                    gate[...] = function.forward(z_k)
            c_t, tanh_c = c[t + 1], self._tanh_c[t]
            np.multiply(f, c[t], out=c_t)
            c_t += np.multiply(i, g, out=product)
            tanh_c[...] = self.activation.forward(c_t, out=tanh_c)
            np.multiply(o, tanh_c, out=h[t + 1])
            if keep is not None:
                np.copyto(h[t + 1], h[t], where=~keep[t])
                np.copyto(c_t, c[t], where=~keep[t])

    def run_back(self, gradients, keep):
        (dh, dc), h = gradients, self._states[0]
        delta = self.workspace("delta", (*h[1:].shape[:2], 4 * self.units))
        blocks, forget = self.split(delta), self._values[:, 1]
        back, product = self.parameters["recurrent_kernel"].T, np.empty_like(h[0])
        for few in reversed(self.few_steps(delta)):
            factors, to_c = self._factors(few, keep)
            for t in reversed(range(few.start, few.stop)):
                dh_t, dc_t, factor = dh[t + 1], dc[t + 1], factors[t - few.start]
                dc_t += np.multiply(dh_t, to_c[t - few.start], out=product)
                np.multiply(factor[:3], dc_t, out=blocks[t, :3])
                np.multiply(factor[3], dh_t, out=blocks[t, 3])
                dh[t] += np.matmul(delta[t], back, out=product)
                np.multiply(dc_t, forget[t], out=dc[t])
                if keep is not None:
                    dh[t] += dh_t * ~keep[t]
                    np.copyto(dc[t], dc_t, where=~keep[t])
        self.recurrent_gradients(delta)
        return delta

    def _factors(self, few, keep):
        """Return δ without ∂L/∂c_t and ∂L/∂h_t, which come only on the way; and o tanh'(c_t)."""
        i, f, g, o = self._values[few].swapaxes(0, 1)
        c, tanh_c = self._states[1], self._tanh_c[few]
        factors = np.empty(self._values[few].shape, self.dtype)
        for k, partner in enumerate((g, c[few], i, tanh_c)):
            slope = self.functions[k].slope(self._z[few, k], self._values[few, k])
            np.multiply(slope, partner, out=factors[:, k])
        to_c = o * self.activation.slope(c[few.start + 1 : few.stop + 1], tanh_c)
        if keep is not None:  # what is passed over has no part in it
            factors *= keep[few, np.newaxis]
            to_c *= keep[few]
        return factors, to_c

    @property
    def cell_states(self):
        """Return c after each time step; None before the first forward."""
        return self._states and self._states[1][1:].transpose(1, 0, 2)

    @property
    def cell_gradients(self):
        """Return ∂L/∂c after each time step, (batch, time, units); None before backward."""
        return self._state_gradients and self._state_gradients[1][1:].transpose(1, 0, 2)

    def get_config(self):
        return {**super().get_config(), "unit_forget_bias": self.unit_forget_bias}
