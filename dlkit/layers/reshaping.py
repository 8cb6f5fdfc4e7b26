"""Flatten and Reshape: the same numbers in another shape."""

import math

from dlkit import checks
from dlkit.layers.base import Layer


class Reshape(Layer):
    """y = x in another shape; the gradient goes back in the old one.

    Parameters
    ----------
    target_shape : tuple of int
        Without the batch; one length may be -1 and is then worked out.
    name, seed
        See `Layer`.
    """

    def __init__(self, target_shape, name=None, seed=0):
        super().__init__(name, seed)
        if not isinstance(target_shape, tuple | list) or not target_shape:
            raise TypeError(
                "target_shape must be a tuple of whole numbers such as (8, 8, 1), but got "
                f"{checks.describe(target_shape)}."
            )
        lengths = [checks.whole_number("target_shape", n, minimum=-1) for n in target_shape]
        if 0 in lengths or lengths.count(-1) > 1:
            raise ValueError(
                f"target_shape must hold lengths of 1 or more, and -1 at most once, but got "
                f"{tuple(lengths)}."
            )
        self.target_shape = tuple(lengths)

    def output_shape_for(self, input_shape):
        size, known = math.prod(input_shape), math.prod(n for n in self.target_shape if n > 0)
        open_length = size // known
        shape = tuple(open_length if n == -1 else n for n in self.target_shape)
        if math.prod(shape) != size or size == 0:
            raise ValueError(
                f"{self.name} cannot turn inputs of shape {input_shape} ({size} numbers) into "
                f"{self.target_shape}: the numbers of elements differ."
            )
        return shape

    def compute_output(self, x, training):
        return x.reshape(len(x), *self.output_shape)

    def compute_gradients(self, upstream):
        return upstream.reshape(len(upstream), *self.input_shape)

    def get_config(self):
        return {"name": self.name, "target_shape": list(self.target_shape)}


class Flatten(Reshape):
    """y = x as one row per sample: (batch, 8, 8, 1) becomes (batch, 64)."""

    def __init__(self, name=None, seed=0):
        super().__init__((-1,), name, seed)

    def get_config(self):
        return {"name": self.name}
