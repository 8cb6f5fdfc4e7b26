"""Residual: a short cut around layers."""

import numpy as np

from dlkit.layers import masking
from dlkit.layers.composite import Composite


class Residual(Composite):
    """y = x + f(x): the layers learn what to add to x (He et al. 2015).

    ∂L/∂x = upstream + f'ᵀ upstream: part of the gradient takes the short cut unchanged, however
    many layers there are. f is a stack of layers whose output has the shape of its input.

    Parameters
    ----------
    layers : list of Layer
        f, from its input to its output.
    name, seed
        See `Layer`.

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong, or f changes the shape.

    Examples
    --------
    >>> from dlkit.layers import Dense
    >>> Residual([Dense(8, "relu"), Dense(4)]).forward(np.ones((2, 4))).shape
    (2, 4)
    """

    takes_mask = True
    supports_masking = True

    def output_shape_for(self, input_shape):
        shape = tuple(input_shape)
        for layer in self.layers:
            shape = tuple(layer.output_shape_for(shape))
        if shape != tuple(input_shape):
            raise ValueError(
                f"{self.name} adds x of shape {tuple(input_shape)} to what its layers make of it, "
                f"which has shape {shape}. Let the last layer give the input's shape: as many "
                "units or filters, padding='same', strides 1."
            )
        return shape

    def create(self, input_shape):
        shape = input_shape
        for layer in self.layers:
            layer.build(shape, dtype=self.dtype)
            shape = layer.output_shape
        self.collect()

    def compute_output(self, x, training, mask=None):
        f, _ = masking.run(self.layers, x, training, mask)
        return np.add(x, f, out=self.workspace("y", x.shape))

    def compute_gradients(self, upstream):
        delta = upstream
        for layer in reversed(self.layers):
            delta = layer.compute_gradients(delta)
        return np.add(upstream, delta, out=self.workspace("input_gradient", upstream.shape))
