"""PositionalEncoding: tell the time steps of a sequence apart."""

import numpy as np

from dlkit import checks, initializers
from dlkit.layers import sliding
from dlkit.layers.base import Layer

KINDS = ("sinusoidal", "learned")


def sinusoidal_table(length, dim):
    """Return the sine and cosine position vectors.

    ``table[t, 2 i] = sin(t / 10000^(2 i / dim))`` and ``table[t, 2 i + 1] = cos(same angle)``.

    Parameters
    ----------
    length : int
        Number of positions t = 0 … length − 1.
    dim : int
        Length of each vector.

    Returns
    -------
    numpy.ndarray
        Shape (length, dim), float64, values from −1 to 1.

    Notes
    -----
    Source: Vaswani et al., "Attention Is All You Need" (2017), section 3.5.
    """
    t = np.arange(length)[:, None]
    i = np.arange(dim)[None, :] // 2
    angle = t / 10000.0 ** (2 * i / dim)
    return np.where(np.arange(dim) % 2 == 0, np.sin(angle), np.cos(angle))


class PositionalEncoding(Layer):
    """y[n, t] = x[n, t] + table[t]: add to each time step the vector of its position.

    Without it attention sees a bag of vectors: swapping two time steps changes nothing. Sinusoidal
    (Vaswani et al. 2017, section 3.5): table[t, 2 i] = sin(t / 10000^(2 i / dim)),
    table[t, 2 i + 1] = cos(the same angle). Learned: ∂L/∂table[t] = Σ_n upstream[n, t]. Either
    way ∂L/∂x = upstream.

    Parameters
    ----------
    sequence_length : int, optional
        The rows of the table, at least the number of time steps; by default that number.
    kind : str
        ``"sinusoidal"``: fixed; ``"learned"``: trained, from a normal start of stddev 0.02.
    name, seed
        See `Layer`. Inputs are (batch, time, dim).

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong, or a sequence is longer than the table.
    """

    supports_masking = True

    def __init__(self, sequence_length=None, kind="sinusoidal", name=None, seed=0):
        super().__init__(name, seed)
        if sequence_length is not None:
            sequence_length = checks.whole_number("sequence_length", sequence_length)
        self.sequence_length = sequence_length
        self.kind = checks.choice("kind", kind, KINDS)

    def output_shape_for(self, input_shape):
        time, _ = sliding.check_axes(self.name, input_shape, 2)
        if self.sequence_length is not None and time > self.sequence_length:
            raise ValueError(
                f"{self.name} knows {self.sequence_length} positions, but got {time} time steps. "
                "Raise sequence_length."
            )
        return input_shape

    def create(self, input_shape):
        self.time, dim = input_shape
        shape = (self.sequence_length or self.time, dim)
        if self.kind == "learned":
            self.add_parameter("table", shape, initializers.get("random_normal", stddev=0.02))
        else:
            self.table = sinusoidal_table(*shape).astype(self.dtype)

    def compute_output(self, x, training):
        table = self.parameters["table"] if self.kind == "learned" else self.table
        return np.add(x, table[: self.time], out=self.workspace("y", x.shape))

    def compute_gradients(self, upstream):
        if self.kind == "learned":
            self.gradients["table"][...] = 0  # for positions that did not occur
            upstream.sum(axis=0, out=self.gradients["table"][: self.time])
        return upstream

    def get_config(self):
        sizes = {"sequence_length": self.sequence_length, "kind": self.kind}
        return {"name": self.name, **sizes}
