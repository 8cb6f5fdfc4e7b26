"""Stateful: the states of a recurrent layer, to look at, to start from and to go on from."""

import numpy as np

from dlkit import activations, checks
from dlkit.layers.masking import MaskedLayer


class Stateful(MaskedLayer):
    """A layer that carries a state from time step to time step, and keeps all of them.

    Parameters
    ----------
    name, seed
        See `Layer`.

    Attributes
    ----------
    units : int
        The length of each state; a subclass sets it.
    """

    state_names = ("h",)

    def __init__(self, name=None, seed=0):
        super().__init__(name, seed)
        # each (time + 1, batch, units), the initial state first
        self._states = self._state_gradients = None

    @property
    def hidden_states(self):
        """Return h after each time step, (batch, time, units); None before the first forward."""
        return self._states and self._states[0][1:].transpose(1, 0, 2)

    @property
    def hidden_gradients(self):
        """Return ∂L/∂h after each time step, (batch, time, units); None before backward."""
        return self._state_gradients and self._state_gradients[0][1:].transpose(1, 0, 2)

    @property
    def final_state(self):
        """Return the state after the last time step, as ``initial_state`` takes it, a copy."""
        return self._states and self._as_state([each[-1] for each in self._states])

    @property
    def initial_gradient(self):
        """Return ∂L/∂ the initial state, a copy; None before backward."""
        gradients = self._state_gradients
        return gradients and self._as_state([each[0] for each in gradients])

    def _as_state(self, arrays):
        copies = tuple(each.copy() for each in arrays)
        return copies if len(copies) > 1 else copies[0]

    def _check_states(self, name, value, batch, dtype):
        """Return the given states as a tuple of arrays, or None, or raise."""
        if value is None:
            return None
        count = len(self.state_names)
        if count == 1:
            value = (value,)
        elif not isinstance(value, tuple | list) or len(value) != count:
            raise TypeError(
                f"{name} must be a pair ({', '.join(self.state_names)}) for {self.name}, but got "
                f"{checks.describe(value)}."
            )
        shape = (batch, self.units)
        return tuple(checks.array(name, each, shape=shape, dtype=dtype) for each in value)

    def _check_step(self, x, *states):
        """Return x and the states of one time step as arrays that fit; build the layer if needed."""
        x = checks.array("x", x, ndim=2)
        dtype = self.dtype or np.dtype("float64" if x.dtype == np.float64 else "float32")
        features = self.input_shape[-1] if self.built else x.shape[1]
        x = checks.array("x", x, shape=(None, features), dtype=dtype)
        states = [
            checks.array(name, each, shape=(len(x), self.units), dtype=dtype)
            for name, each in zip(self.state_names, states, strict=True)
        ]
        if not self.built:
            self.build((1, features), dtype=dtype.name)
        return x, *states


def elementwise(name, activation):
    """Return an activation that works on each number by itself, or raise."""
    activation = checks.named(name, activations.get, activation)
    if not activation.elementwise:
        raise ValueError(
            f"{name} must be elementwise, such as 'tanh', but got {activation.name!r}. Put it into "
            "a Dense or Activation layer behind the recurrent one."
        )
    return activation
