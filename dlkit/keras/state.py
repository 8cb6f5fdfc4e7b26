"""Read and write many Keras variables at once."""

import keras
import numpy as np


class Variables:
    """A fixed group of variables, copied to arrays and back in one call.

    One by one, a snapshot of a small network with Adam's slots would take as long as training a
    dozen batches. On TensorFlow all are read, and all are written, by one compiled call.

    Parameters
    ----------
    variables : sequence of keras.Variable
    """

    def __init__(self, variables):
        self.variables = list(variables)
        self._read, self._write = self._one_by_one()
        if keras.backend.backend() == "tensorflow" and self.variables:
            self._read, self._write = self._compiled()

    def read(self):
        """Return a copy of the values, a list of numpy.ndarray in the order of the variables."""
        return [np.array(value) for value in self._read()]

    def write(self, values):
        """Assign the values that `read` returned.

        Raises
        ------
        ValueError
            If number or shapes do not fit; nothing has been assigned then.
        """
        if len(values) != len(self.variables):
            raise ValueError(
                f"There are {len(self.variables)} arrays to set, but {len(values)} came. Bring "
                "back what came from the same model with the same optimizer."
            )
        arrays = []
        for variable, value in zip(self.variables, values, strict=True):
            array = np.asarray(value)
            if array.shape != tuple(variable.shape):
                raise ValueError(
                    f"{variable.path} has shape {tuple(variable.shape)}, but an array of shape "
                    f"{array.shape} came. Bring back what came from the same model."
                )
            arrays.append(array.astype(variable.dtype, copy=False))
        self._write(arrays)

    def _one_by_one(self):
        def write(arrays):
            for variable, array in zip(self.variables, arrays, strict=True):
                variable.assign(array)

        return lambda: [keras.ops.convert_to_numpy(v) for v in self.variables], write

    def _compiled(self):
        import tensorflow as tf

        raw = [variable.value for variable in self.variables]
        specs = [tf.TensorSpec(variable.shape, variable.dtype) for variable in raw]

        @tf.function(autograph=False, input_signature=[])
        def read():
            return [tf.identity(variable) for variable in raw]

        @tf.function(autograph=False, input_signature=[specs])
        def write(values):
            for variable, value in zip(raw, values, strict=True):
                variable.assign(value)

        # Concrete functions, because TensorFlow warns of "retracing" where one line of code makes
        # the functions of several models.
        read, write = read.get_concrete_function(), write.get_concrete_function()
        return read, lambda arrays: write([tf.constant(array) for array in arrays])
