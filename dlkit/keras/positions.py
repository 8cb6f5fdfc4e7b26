"""Position vectors for the transformer builders."""

import keras

from ..layers.positions import sinusoidal_table

POSITIONS = ("learned", "sinusoidal", "none")


@keras.saving.register_keras_serializable("dlkit")
class Positions(keras.layers.Layer):
    """Add to each time step of x the vector of its position: ``y[:, t] = x[:, t] + table[t]``.

    Without it, attention sees a bag of vectors: swapping two time steps changes nothing.

    Parameters
    ----------
    sequence_length : int
        The largest number of time steps; shorter inputs use the first rows of the table.
    kind : {"learned", "sinusoidal"}
        A trained table, or the fixed one of `sinusoidal_table`.
    seed : int or None
        Fixes the initial table of ``kind="learned"``.
    """

    def __init__(self, sequence_length, kind="learned", seed=None, **kwargs):
        super().__init__(**kwargs)
        self.sequence_length, self.kind, self.seed = sequence_length, kind, seed
        self.supports_masking = True

    def build(self, input_shape):
        """Create the table for inputs of shape (batch, time, dim)."""
        shape = (self.sequence_length, input_shape[-1])
        if self.kind == "sinusoidal":
            self.table = sinusoidal_table(*shape).astype(self.compute_dtype)
            return
        self.table = self.add_weight(
            shape=shape,
            initializer=keras.initializers.RandomNormal(stddev=0.02, seed=self.seed),
            name="table",
        )

    def call(self, x):
        """Return x with positions added; the shape (batch, time, dim) stays."""
        table = keras.ops.convert_to_tensor(self.table, dtype=self.compute_dtype)
        return x + table[: keras.ops.shape(x)[1]]

    def compute_output_shape(self, input_shape):
        """Return the shape of the result, which is that of the input."""
        return input_shape

    def get_config(self):
        """Return what `from_config` needs to build the layer again."""
        own = {"sequence_length": self.sequence_length, "kind": self.kind, "seed": self.seed}
        return {**super().get_config(), **own}
