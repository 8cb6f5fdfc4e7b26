"""LSTM: gates decide what a cell forgets, takes in and shows."""

import numpy as np

from dlkit import checks
from dlkit.layers.recurrent import Recurrent, elementwise

GATES = ("input", "forget", "candidate", "output")  # Keras's order of the blocks


class LSTM(Recurrent):
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
    hidden_states, hidden_gradients, final_state, initial_gradient
        See `Recurrent`; a state is the pair (h, c).
    """

    blocks = 4
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
            activation,
            use_bias,
            kernel_initializer,
            recurrent_initializer,
            bias_initializer,
            kernel_regularizer,
            recurrent_regularizer,
            bias_regularizer,
            dropout,
            return_sequences,
            go_backwards,
            name,
            seed,
        )
        self.recurrent_activation = elementwise("recurrent_activation", recurrent_activation)
        self.unit_forget_bias = checks.truth_value("unit_forget_bias", unit_forget_bias)
        self.values = None

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

    @property
    def one_tanh(self):
        """Whether one tanh does all gates, because σ(z) = (1 + tanh(z / 2)) / 2."""
        names = (self.recurrent_activation.name, self.activation.name)
        return names == ("sigmoid", "tanh")

    def input_weights(self):
        kernel, bias = super().input_weights()
        if not self.one_tanh:
            return kernel, bias
        # z / 2 for the three σ, which is exact in binary; g has tanh itself
        self.half = np.repeat(np.array([0.5, 0.5, 1, 0.5], self.dtype), self.units)
        return kernel * self.half, None if bias is None else bias * self.half

    def run(self, z, states, keep):
        h, c = states
        recurrent_kernel = self.parameters["recurrent_kernel"]
        if self.one_tanh:
            recurrent_kernel = recurrent_kernel * self.half
        self.z = z
        self.values = z if self.one_tanh else self.workspace("gates", z.shape)
        self.tanh_c = self.workspace("tanh_c", h[1:].shape)
        i, f, g, o = self._blocks(self.values)
        recurrent, new = np.empty_like(z[0]), np.empty_like(h[0])
        for t in range(len(z)):
            z[t] += np.matmul(h[t], recurrent_kernel, out=recurrent)
            self._activate(z[t], self.values[t])
            np.multiply(f[t], c[t], out=c[t + 1])
            c[t + 1] += np.multiply(i[t], g[t], out=new)
            tanh_c = self.activation.forward(c[t + 1], out=self.tanh_c[t])
            if tanh_c is not self.tanh_c[t]:
                self.tanh_c[t] = tanh_c
            np.multiply(o[t], self.tanh_c[t], out=h[t + 1])
            if keep is not None:
                np.copyto(h[t + 1], h[t], where=~keep[t])
                np.copyto(c[t + 1], c[t], where=~keep[t])

    def _activate(self, z, values):
        """Write the gates and the candidate for z, the first four blocks, into values."""
        if self.one_tanh:
            np.tanh(z, out=values)
            values *= self.half  # (1 + tanh(z / 2)) / 2 for σ; g is left alone
            values += 1 - self.half
            return
        for f, z_k, gate in zip(self.functions, self._blocks(z), self._blocks(values), strict=True):
            gate[...] = f.forward(z_k)

    def run_back(self, gradients, keep):
        (dh, dc), (_, c) = gradients, self._states
        recurrent_kernel = self.parameters["recurrent_kernel"]
        i, f, g, o = self._blocks(self.values)
        delta = self.workspace("delta", self.values.shape)
        partners = (g, c[:-1], i, self.tanh_c)
        blocks = map(self._blocks, (self.z, self.values, delta))
        for f_k, z_k, gate, out, partner in zip(self.functions, *blocks, partners, strict=True):
            np.multiply(f_k.slope(z_k, gate), partner, out=out)
        to_c = o * self.activation.slope(c[1:], self.tanh_c)
        if keep is not None:
            delta *= keep
            to_c *= keep
            f = np.where(keep, f, 1)
        of_cell = delta.reshape(*delta.shape[:2], 4, self.units)[:, :, :3]
        of_output = delta[:, :, 3 * self.units :]
        for t in reversed(range(len(delta))):
            dc[t + 1] += dh[t + 1] * to_c[t]
            of_cell[t] *= dc[t + 1][:, None]
            of_output[t] *= dh[t + 1]
            dh[t] += delta[t] @ recurrent_kernel.T
            np.multiply(dc[t + 1], f[t], out=dc[t])
            if keep is not None:
                dh[t] += dh[t + 1] * ~keep[t]
        self.recurrent_gradients(delta)
        return delta

    def _blocks(self, array):
        """Return views of the four blocks i, f, g, o along the last axis."""
        return [array[..., k * self.units : (k + 1) * self.units] for k in range(4)]

    @property
    def functions(self):
        """The activations of the four blocks."""
        sigma = self.recurrent_activation
        return sigma, sigma, self.activation, sigma

    @property
    def gates(self):
        """Return the gates at each time step by name; None before the first forward."""
        if self.values is None:
            return None
        values = self.values.transpose(1, 0, 2)
        return dict(zip(GATES, self._blocks(values), strict=True))

    @property
    def cell_states(self):
        """Return c after each time step; None before the first forward."""
        return self._states and self._states[1][1:].transpose(1, 0, 2)

    def get_config(self):
        return {
            **super().get_config(),
            "recurrent_activation": self.recurrent_activation.get_config(),
            "unit_forget_bias": self.unit_forget_bias,
        }
