"""Activation: an activation as a layer of its own."""

from dlkit import activations
from dlkit.layers.base import Layer


class Activation(Layer):
    """y = f(x), for where something stands between the weights and the activation.

    Parameters
    ----------
    activation : str or Activation
        f, for example ``"relu"``.
    name, seed
        See `Layer`.
    """

    supports_masking = True

    def __init__(self, activation, name=None, seed=0):
        super().__init__(name, seed)
        self.activation = activations.get(activation)

    def compute_output(self, x, training):
        self.linear(x)
        self.y = self.activation.forward(x, out=self.workspace("y", x.shape))
        return self.y

    def compute_gradients(self, upstream):
        return self.activation.backward(self.x, self.y, upstream)

    def linear(self, x):
        """Return x itself: what stands before the activation (logits)."""
        self.x = self.z = x
        return x

    def linear_gradients(self, delta):
        """Return δ itself, the gradient before the activation."""
        return delta

    def get_config(self):
        return {"name": self.name, "activation": self.activation.get_config()}
