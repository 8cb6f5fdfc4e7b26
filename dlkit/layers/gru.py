"""GRU: one gate decides how much of the state stays, another how much of it the new one sees."""

import numpy as np

from dlkit import checks
from dlkit.layers.gated import Gated, sigma


class GRU(Gated):
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

    gate_names = ("update", "reset", "candidate")  # Keras's order

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
        self.reset_after = checks.truth_value("reset_after", reset_after)

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

    # -- the same for all time steps, arranged for speed --------------------------------------

    def run(self, z, states, keep):
        (h,), units = states, self.units
        kernel, candidate_bias = self.parameters["recurrent_kernel"], self._biases()[1][2 * units :]
        self._z, self._values = self.split(z), self.workspace("values", self.split(z).shape)
        # h U_g + b_g with reset_after, else r h
        self._inner = self.workspace("inner", h[1:].shape)
        width = 3 * units if self.reset_after else 2 * units
        recurrent, product = np.empty_like(z[0, :, :width]), np.empty_like(h[0])
        for t in self.time_steps(z):
            update, reset, candidate = self._values[t]
            of_gates, of_candidate, inner = self._z[t, :2], self._z[t, 2], self._inner[t]
            np.matmul(h[t], kernel[:, :width], out=recurrent)
            z[t, :, : 2 * units] += recurrent[:, : 2 * units]
            sigma(self.recurrent_activation, of_gates, out=self._values[t, :2])
            if self.reset_after:
                np.add(recurrent[:, 2 * units :], candidate_bias, out=inner)
                of_candidate += np.multiply(reset, inner, out=product)
            else:
                np.multiply(reset, h[t], out=inner)
                of_candidate += np.matmul(inner, kernel[:, 2 * units :], out=product)
            candidate[...] = self.activation.forward(of_candidate, out=candidate)
            # z h + (1 - z) g = g + z (h - g)
            np.subtract(h[t], candidate, out=h[t + 1])
            h[t + 1] *= update
            h[t + 1] += candidate
            if keep is not None:
                np.copyto(h[t + 1], h[t], where=~keep[t])

    def run_back(self, gradients, keep):
        (dh,), (h,), units = gradients, self._states, self.units
        update, reset, candidate = self._values.swapaxes(0, 1)
        # δ without d and, for δ_r, without what comes through the candidate
        partners = (h[:-1] - candidate, self._inner if self.reset_after else h[:-1], 1 - update)
        factors = self.workspace("factors", self._values.shape)
        for k, (function, partner) in enumerate(zip(self.functions, partners, strict=True)):
            slope = function.slope(self._z[:, k], self._values[:, k])
            np.multiply(slope, partner, out=factors[:, k])
        if keep is not None:  # what is passed over has no part in it
            factors *= keep[:, np.newaxis]
            update = np.where(keep, update, 1)
        delta = self.workspace("delta", (*h[1:].shape[:2], 3 * units))
        # what goes back through U: the same but for the candidate's block
        self._delta_inner = self.workspace("delta_inner", delta.shape)
        back, product = self.parameters["recurrent_kernel"].T, np.empty_like(h[0])
        blocks, inner_blocks = self.split(delta), self.split(self._delta_inner)
        for t in reversed(range(len(delta))):
            d, (delta_z, delta_r, delta_g) = dh[t + 1], blocks[t]
            np.multiply(factors[t, 0], d, out=delta_z)
            np.multiply(factors[t, 2], d, out=delta_g)
            dh[t] += np.multiply(d, update[t], out=product)
            if self.reset_after:
                np.multiply(factors[t, 1], delta_g, out=delta_r)
                inner_blocks[t, :2] = blocks[t, :2]
                np.multiply(delta_g, reset[t], out=inner_blocks[t, 2])
                dh[t] += np.matmul(self._delta_inner[t], back, out=product)
            else:
                through = delta_g @ back[2 * units :]  # ∂L/∂(r h)
                np.multiply(factors[t, 1], through, out=delta_r)
                dh[t] += np.multiply(through, reset[t], out=through)
                dh[t] += np.matmul(delta[t, :, : 2 * units], back[: 2 * units], out=product)
        self.recurrent_gradients(delta)
        return delta

    def recurrent_gradients(self, delta):
        """Write ∂L/∂U and ∂L/∂b."""
        units, h = self.units, self._states[0]
        if not self.reset_after:
            super().recurrent_gradients(delta)
            rows, inner = delta.reshape(-1, 3 * units), self._inner.reshape(-1, units)
            of_candidate = self.gradients["recurrent_kernel"][:, 2 * units :]
            of_candidate[...] = inner.T @ rows[:, 2 * units :]  # r h is what U_g met
            return
        rows = self._delta_inner.reshape(-1, 3 * units)
        before = h[:-1].reshape(-1, units)
        np.matmul(before.T, rows, out=self.gradients["recurrent_kernel"])
        if self.use_bias:
            delta.sum(axis=(0, 1), out=self.gradients["bias"][0])
            rows.sum(axis=0, out=self.gradients["bias"][1])

    def get_config(self):
        return {**super().get_config(), "reset_after": self.reset_after}
