"""GRU: one gate decides how much of the state stays, another how much of it the new one sees."""

import numpy as np

from dlkit import checks
from dlkit.layers.recurrent import Recurrent, elementwise

GATES = ("update", "reset", "candidate")  # Keras's order of the blocks


class GRU(Recurrent):
    """h_t = z h_{t-1} + (1 - z) g, with gates that x_t and h_{t-1} decide (Cho et al. 2014).

    With [x_z x_r x_g] = x_t W + b: update gate z = σ(x_z + h_{t-1} U_z), reset gate
    r = σ(x_r + h_{t-1} U_r), and the candidate, with ``reset_after`` as in Keras and cuDNN,

    g = tanh(x_g + r (h_{t-1} U_g + b_g)), without it, as in the paper, g = tanh(x_g + (r h_{t-1}) U_g).

    Backward, with d = ∂L/∂h_t and the slopes z', r', g': δ_g = d (1 - z) g',
    δ_z = d (h_{t-1} - g) z', δ_r = ∂L/∂r r'; ∂L/∂h_{t-1} += d z + [δ_z δ_r] [U_z U_r]ᵀ + what comes
    through the candidate. In the paper z and 1 - z are swapped.

    Parameters
    ----------
    recurrent_activation : str or Activation
        σ, of the gates; ``activation`` is the tanh of g.
    reset_after : bool
        Whether r multiplies h_{t-1} U_g (then there are two rows of biases) or h_{t-1} itself.
    units, activation, …
        See `Recurrent`. W is (features, 3 units), U (units, 3 units), in the order z, r, g.

    Attributes
    ----------
    gates : dict of str to numpy.ndarray
        ``update``, ``reset``, ``candidate``: each (batch, time, units).
    hidden_states, hidden_gradients, final_state, initial_gradient
        See `Recurrent`.
    """

    blocks = 3

    def __init__(
        self,
        units,
        activation="tanh",
        recurrent_activation="sigmoid",
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
        reset_after=True,
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
        self.reset_after = checks.truth_value("reset_after", reset_after)
        self.values = None

    def bias_shape(self):
        return (2, 3 * self.units) if self.reset_after else (3 * self.units,)

    def step(self, x, h):
        """Return the state after one time step: the formula itself.

        Parameters
        ----------
        x : array_like
            (batch, features).
        h : array_like
            The state before, (batch, units).

        Returns
        -------
        numpy.ndarray
            The state after, (batch, units).
        """
        x, h = self._check_step(x, h)
        bias, recurrent_bias = self._biases()
        x_z, x_r, x_g = np.split(x @ self.parameters["kernel"] + bias, 3, axis=-1)
        u_z, u_r, u_g = np.split(self.parameters["recurrent_kernel"], 3, axis=-1)
        b_z, b_r, b_g = np.split(recurrent_bias, 3)
        z = self.recurrent_activation.forward(x_z + h @ u_z + b_z)
        r = self.recurrent_activation.forward(x_r + h @ u_r + b_r)
        through = r * (h @ u_g + b_g) if self.reset_after else (r * h) @ u_g
        g = self.activation.forward(x_g + through)
        return z * h + (1 - z) * g

    def _biases(self):
        """Return the bias of x W and that of h U, zeros where there is none."""
        none = np.zeros(3 * self.units, self.dtype)
        if not self.use_bias:
            return none, none
        bias = self.parameters["bias"]
        return tuple(bias) if self.reset_after else (bias, none)

    def input_weights(self):
        bias, recurrent_bias = self._biases()
        bias = bias.copy()
        bias[: 2 * self.units] += recurrent_bias[: 2 * self.units]  # the two only add up there
        return self.parameters["kernel"], bias

    def run(self, z, states, keep):
        (h,), units = states, self.units
        recurrent_kernel = self.parameters["recurrent_kernel"]
        candidate_bias = self._biases()[1][2 * units :]
        self.z, self.values = z, self.workspace("gates", z.shape)
        # h U_g + b_g with reset_after, else r h
        self.inner = self.workspace("inner", h[1:].shape)
        update, reset, candidate = self._blocks(self.values)
        recurrent = np.empty_like(z[0])
        for t in range(len(z)):
            if self.reset_after:
                np.matmul(h[t], recurrent_kernel, out=recurrent)
                np.add(recurrent[:, 2 * units :], candidate_bias, out=self.inner[t])
                z[t, :, : 2 * units] += recurrent[:, : 2 * units]
            else:
                z[t, :, : 2 * units] += h[t] @ recurrent_kernel[:, : 2 * units]
            self._activate_gates(z[t, :, : 2 * units], self.values[t, :, : 2 * units])
            if self.reset_after:
                z[t, :, 2 * units :] += reset[t] * self.inner[t]
            else:
                np.multiply(reset[t], h[t], out=self.inner[t])
                z[t, :, 2 * units :] += self.inner[t] @ recurrent_kernel[:, 2 * units :]
            candidate[t] = self.activation.forward(z[t, :, 2 * units :])
            # z h + (1 - z) g = g + z (h - g)
            np.subtract(h[t], candidate[t], out=h[t + 1])
            h[t + 1] *= update[t]
            h[t + 1] += candidate[t]
            if keep is not None:
                np.copyto(h[t + 1], h[t], where=~keep[t])

    def _activate_gates(self, z, values):
        values[...] = self.recurrent_activation.forward(z)

    def run_back(self, gradients, keep):
        (dh,), (h,), units = gradients, self._states, self.units
        recurrent_kernel = self.parameters["recurrent_kernel"]
        of_gates, of_candidate = recurrent_kernel[:, : 2 * units], recurrent_kernel[:, 2 * units :]
        update, reset, candidate = self._blocks(self.values)
        delta = self.workspace("delta", self.z.shape)
        delta_z, delta_r, delta_g = self._blocks(delta)
        z, r, g = self._blocks(self.z)
        sigma = self.recurrent_activation
        # the factors of d, and for δ_r of what comes through the candidate
        np.multiply(sigma.slope(z, update), h[:-1] - candidate, out=delta_z)
        np.multiply(sigma.slope(r, reset), self.inner if self.reset_after else h[:-1], out=delta_r)
        np.multiply(self.activation.slope(g, candidate), 1 - update, out=delta_g)
        if keep is not None:
            delta *= keep
            update = np.where(keep, update, 1)
        self.delta_inner = self.workspace("delta_inner", h[1:].shape)
        for t in reversed(range(len(delta))):
            delta_z[t] *= dh[t + 1]
            delta_g[t] *= dh[t + 1]
            dh[t] += dh[t + 1] * update[t]
            if self.reset_after:
                delta_r[t] *= delta_g[t]
                np.multiply(delta_g[t], reset[t], out=self.delta_inner[t])
                dh[t] += self.delta_inner[t] @ of_candidate.T
            else:
                np.matmul(delta_g[t], of_candidate.T, out=self.delta_inner[t])
                delta_r[t] *= self.delta_inner[t]
                dh[t] += self.delta_inner[t] * reset[t]
            dh[t] += delta[t, :, : 2 * units] @ of_gates.T
        self.recurrent_gradients(delta)
        return delta

    def recurrent_gradients(self, delta):
        """Write ∂L/∂U and ∂L/∂b; U_g's factors are others than those of U_z and U_r."""
        units, gradient = self.units, self.gradients["recurrent_kernel"]
        before = self._states[0][:-1].reshape(-1, units)
        rows = delta.reshape(-1, 3 * units)
        gradient[:, : 2 * units] = before.T @ rows[:, : 2 * units]
        inner = self.delta_inner.reshape(-1, units)
        if self.reset_after:
            gradient[:, 2 * units :] = before.T @ inner
        else:
            gradient[:, 2 * units :] = self.inner.reshape(-1, units).T @ rows[:, 2 * units :]
        if not self.use_bias:
            return
        sums = rows.sum(axis=0)
        self.gradients["bias"][...] = sums
        if self.reset_after:
            self.gradients["bias"][1, 2 * units :] = inner.sum(axis=0)

    def _blocks(self, array):
        """Return views of the three blocks z, r, g along the last axis."""
        return [array[..., k * self.units : (k + 1) * self.units] for k in range(3)]

    @property
    def gates(self):
        """Return the gates at each time step by name; None before the first forward."""
        if self.values is None:
            return None
        values = self.values.transpose(1, 0, 2)
        return dict(zip(GATES, self._blocks(values), strict=True))

    def get_config(self):
        return {
            **super().get_config(),
            "recurrent_activation": self.recurrent_activation.get_config(),
            "reset_after": self.reset_after,
        }
