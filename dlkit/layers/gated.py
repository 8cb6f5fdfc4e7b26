"""Gated: what LSTM and GRU share: gates, and the activation that opens and closes them."""

import numpy as np

from dlkit.layers.recurrent import Recurrent
from dlkit.layers.states import elementwise


class Gated(Recurrent):
    """A recurrent layer whose kernels hold several blocks side by side: the gates, the candidate.

    Parameters
    ----------
    units, recurrent_activation
        See `LSTM`.
    **arguments
        As for `Recurrent`.

    Attributes
    ----------
    gates : dict of str to numpy.ndarray
        By the names of the blocks, each (batch, time, units), after ``forward``.
    """

    gate_names = ()  # in the order of the blocks

    def __init__(self, units, recurrent_activation, **arguments):
        super().__init__(units, **arguments)
        self.recurrent_activation = elementwise("recurrent_activation", recurrent_activation)
        self._values = None  # of gates and candidate, (time, blocks, batch, units)

    @property
    def blocks(self):
        """How many blocks of ``units`` columns the kernels have."""
        return len(self.gate_names)

    @property
    def functions(self):
        """The activation of each block."""
        return [
            self.activation if name == "candidate" else self.recurrent_activation
            for name in self.gate_names
        ]

    def split(self, array):
        """Return a view, (time, blocks, batch, units), of (time, batch, blocks · units)."""
        return array.reshape(*array.shape[:2], self.blocks, self.units).swapaxes(1, 2)

    @property
    def gates(self):
        """Return gates and candidate at each time step by name; None before the first forward."""
        if self._values is None:
            return None
        values = self._values.transpose(1, 2, 0, 3)  # (blocks, batch, time, units)
        return dict(zip(self.gate_names, values, strict=True))

    def get_config(self):
        activation = self.recurrent_activation.get_config()
        return {**super().get_config(), "recurrent_activation": activation}


def sigma(function, z, out):
    """Write function(z) into out; a sigmoid by one tanh: σ(z) = (1 + tanh(z / 2)) / 2.

    Parameters
    ----------
    function : Activation
    z : numpy.ndarray
    out : numpy.ndarray
        The shape of z.
    """
    if function.name != "sigmoid":
        out[...] = function.forward(z)
        return
    np.multiply(z, 0.5, out=out)
    np.tanh(out, out=out)
    out *= 0.5
    out += 0.5
