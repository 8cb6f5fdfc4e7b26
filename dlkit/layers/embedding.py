"""Embedding: a vector for each whole number, such as the number of a word."""

import numpy as np

from dlkit import checks, initializers, regularizers
from dlkit.layers.base import Layer


class Embedding(Layer):
    """y[n, t] = embeddings[x[n, t]]: look up a row for each whole number (Bengio et al. 2003).

    It is the product of a one-hot x with the matrix, without the zeros. Gradient:
    ∂L/∂embeddings[i] = Σ upstream[n, t] over all places with x[n, t] = i; rows that did not occur
    get 0. There is no way to nudge a whole number, so that ∂L/∂x is 0.

    Parameters
    ----------
    input_dim : int
        How many different numbers there are: x holds 0 … input_dim - 1. Up to 2²⁴, because a
        network hands x on in its own dtype, and float32 holds whole numbers up to there.
    output_dim : int
        The length of each vector.
    embeddings_initializer : str or Initializer
        Where embeddings (input_dim, output_dim) start.
    embeddings_regularizer : str, L1L2 or None
    mask_zero : bool
        Whether 0 fills up short sequences: attention, means and recurrent layers further on then
        leave these time steps out (see ``dlkit/layers/masking.py``).
    name, seed
        See `Layer`. Inputs are (batch, time), or any shape after the batch.

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong, or x holds anything but whole numbers in range.
    """

    def __init__(
        self,
        input_dim,
        output_dim,
        embeddings_initializer="random_uniform",
        embeddings_regularizer=None,
        mask_zero=False,
        name=None,
        seed=0,
    ):
        super().__init__(name, seed)
        self.input_dim = checks.whole_number("input_dim", input_dim, maximum=2**24)
        self.output_dim = checks.whole_number("output_dim", output_dim)
        self.embeddings_initializer = checks.named(
            "embeddings_initializer", initializers.get, embeddings_initializer
        )
        self.embeddings_regularizer = checks.named(
            "embeddings_regularizer", regularizers.get, embeddings_regularizer
        )
        self.mask_zero = checks.truth_value("mask_zero", mask_zero)

    def output_shape_for(self, input_shape):
        return (*input_shape, self.output_dim)

    def create(self, input_shape):
        shape = (self.input_dim, self.output_dim)
        start, price = self.embeddings_initializer, self.embeddings_regularizer
        self.add_parameter("embeddings", shape, start, price)

    def products(self):
        return 0, 0  # rows are looked up

    def check_values(self, x, name="x"):
        """Raise ``ValueError`` unless x holds whole numbers from 0 to input_dim - 1."""
        wrong = (x < 0) | (x >= self.input_dim) | (x != np.floor(x))
        if wrong.any():
            raise ValueError(
                f"{name} must hold whole numbers from 0 to {self.input_dim - 1} for {self.name}, but "
                f"holds {x[wrong].flat[0]:g}. Is input_dim too small, or 0 not counted?"
            )

    def compute_mask(self, x, mask):
        return x != 0 if self.mask_zero else None

    def compute_output(self, x, training):
        self.check_values(x)  # behind other layers nobody else can
        self.x = x.astype(np.intp)
        embeddings = self.parameters["embeddings"]
        y = self.workspace("y", (*x.shape, self.output_dim))
        return np.take(embeddings, self.x, axis=0, out=y, mode="clip")

    def compute_gradients(self, upstream):
        gradient = self.gradients["embeddings"]
        gradient[...] = 0
        np.add.at(gradient, self.x.ravel(), upstream.reshape(-1, self.output_dim))
        return np.zeros(self.x.shape, self.dtype) if self.needs_input_gradient else None

    def get_config(self):
        regularizer = self.embeddings_regularizer
        return {
            "name": self.name,
            "input_dim": self.input_dim,
            "output_dim": self.output_dim,
            "embeddings_initializer": self.embeddings_initializer.get_config(),
            "embeddings_regularizer": regularizer and regularizer.get_config(),
            "mask_zero": self.mask_zero,
        }
