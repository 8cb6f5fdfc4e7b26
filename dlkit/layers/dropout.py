"""Dropout: switch units off at random while training."""

import numpy as np

from dlkit import checks
from dlkit.layers.base import Layer


class Dropout(Layer):
    """y = x · mask / (1 - rate) in training, mask 1 with probability 1 - rate; else y = x.

    Dividing keeps the mean of y at x, so that nothing changes when training ends (inverted
    dropout; Srivastava et al. 2014). The gradient goes back through the same mask.

    Parameters
    ----------
    rate : float
        The share of units that is switched off; 0 or more, below 1.
    name, seed
        See `Layer`.
    """

    uses_random = True
    supports_masking = True

    def __init__(self, rate, name=None, seed=0):
        super().__init__(name, seed)
        self.rate = checks.number("rate", rate, minimum=0, below=1)
        self.mask = None

    def compute_output(self, x, training):
        self.mask = None
        if not training or self.rate == 0:
            return x
        keep = self.random.random(x.shape, dtype=np.float32) >= self.rate
        self.mask = keep * self.dtype.type(1 / (1 - self.rate))
        return np.multiply(x, self.mask, out=self.workspace("y", x.shape))

    def compute_gradients(self, upstream):
        return upstream if self.mask is None else upstream * self.mask

    def get_config(self):
        return {"name": self.name, "rate": self.rate}
