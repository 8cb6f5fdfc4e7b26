"""Residual in Keras: a short cut around layers, as one layer of a Sequential model."""

import keras


@keras.saving.register_keras_serializable("dlkit")
class Residual(keras.layers.Layer):
    """y = x + f(x), where f is a stack of Keras layers (the twin of `dlkit.layers.Residual`).

    Parameters
    ----------
    layers : list of keras.layers.Layer
        f; its output has the shape of its input.
    """

    def __init__(self, layers, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True
        self.layers = [
            keras.saving.deserialize_keras_object(each) if isinstance(each, dict) else each
            for each in layers
        ]

    def build(self, input_shape):
        """Build the layers inside, one after the other."""
        shape = input_shape
        for layer in self.layers:
            if not layer.built:  # a layer that comes out of a file is built already
                layer.build(shape)
            shape = layer.compute_output_shape(shape)

    def call(self, x, training=None):
        """Return x + f(x)."""
        f = x
        for layer in self.layers:
            f = layer(f, training=training) if layer._call_has_training_arg else layer(f)
        return x + f

    def compute_output_shape(self, input_shape):
        """Return the shape of the result, which is that of the input."""
        return input_shape

    def get_config(self):
        """Return what `from_config` needs to build the layer again."""
        inside = [keras.saving.serialize_keras_object(each) for each in self.layers]
        return {**super().get_config(), "layers": inside}
