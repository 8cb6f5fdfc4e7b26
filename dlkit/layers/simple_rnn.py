"""SimpleRNN: the new state is a Dense layer of the input and of the state before."""

import numpy as np

from dlkit.layers.recurrent import Recurrent


class SimpleRNN(Recurrent):
    """h_t = f(x_t W + h_{t-1} U + b): the Elman network (Elman 1990).

    Backward through time, from the last step to the first, with δ_t = ∂L/∂h_t · f'(z_t):
    ∂L/∂h_{t-1} += δ_t Uᵀ; ∂L/∂U = Σ_t h_{t-1}ᵀ δ_t, ∂L/∂W = Σ_t x_tᵀ δ_t, ∂L/∂b = Σ_t δ_t,
    ∂L/∂x_t = δ_t Wᵀ. The factor Uᵀ comes once per step: gradients vanish or explode with time.

    Arguments and attributes are those of `Recurrent`; W is (features, units), U (units, units).

    Examples
    --------
    >>> SimpleRNN(4).forward(np.ones((2, 5, 3))).shape
    (2, 4)
    """

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
        z = x @ self.parameters["kernel"] + h @ self.parameters["recurrent_kernel"]
        if self.use_bias:
            z = z + self.parameters["bias"]
        return self.activation.forward(z)

    # -- the same for all time steps, arranged for speed --------------------------------------

    def run(self, z, states, keep):
        (h,), recurrent_kernel = states, self.parameters["recurrent_kernel"]
        recurrent = np.empty_like(z[0])
        for t in self.time_steps(z):
            z[t] += np.matmul(h[t], recurrent_kernel, out=recurrent)
            h[t + 1] = self.activation.forward(z[t], out=h[t + 1])
            if keep is not None:
                np.copyto(h[t + 1], h[t], where=~keep[t])
        self._z = z

    def run_back(self, gradients, keep):
        (dh,), (h,) = gradients, self._states
        delta = self.activation.slope(self._z, h[1:])  # without ∂L/∂h_t, which comes on the way
        if keep is not None:
            delta = delta * keep  # what is passed over has no part in it
        back, product = self.parameters["recurrent_kernel"].T, np.empty_like(h[0])
        for t in reversed(range(len(delta))):
            delta[t] *= dh[t + 1]
            dh[t] += np.matmul(delta[t], back, out=product)
            if keep is not None:
                dh[t] += dh[t + 1] * ~keep[t]
        self.recurrent_gradients(delta)
        return delta
