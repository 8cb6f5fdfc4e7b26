"""Dense: every output sees every input."""

import numpy as np

from dlkit import activations, checks, initializers, regularizers
from dlkit.layers.base import Layer


class Dense(Layer):
    """y = f(x W + b): a weighted sum per unit, and an activation.

    Gradients, with δ = upstream · f'(z) and z = x W + b:
    ∂L/∂W = xᵀ δ, ∂L/∂b = Σ_batch δ, ∂L/∂x = δ Wᵀ.

    Parameters
    ----------
    units : int
        The number of outputs.
    activation : str, Activation or None
        f; None for linear.
    use_bias : bool
    kernel_initializer, bias_initializer : str or Initializer
        Where W (inputs, units) and b (units,) start.
    kernel_regularizer, bias_regularizer : str, L1L2 or None
    name, seed
        See `Layer`.

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong.
    """

    supports_masking = True

    def __init__(
        self,
        units,
        activation=None,
        use_bias=True,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        kernel_regularizer=None,
        bias_regularizer=None,
        name=None,
        seed=0,
    ):
        super().__init__(name, seed)
        self.units = checks.whole_number("units", units)
        self.activation = activations.get(activation)
        self.use_bias = checks.truth_value("use_bias", use_bias)
        self.kernel_initializer = checks.named(
            "kernel_initializer", initializers.get, kernel_initializer
        )
        self.bias_initializer = checks.named("bias_initializer", initializers.get, bias_initializer)
        self.kernel_regularizer = checks.named(
            "kernel_regularizer", regularizers.get, kernel_regularizer
        )
        self.bias_regularizer = checks.named("bias_regularizer", regularizers.get, bias_regularizer)

    def output_shape_for(self, input_shape):
        return (*input_shape[:-1], self.units)

    def create(self, input_shape):
        shape = (input_shape[-1], self.units)
        self.add_parameter("kernel", shape, self.kernel_initializer, self.kernel_regularizer)
        if self.use_bias:
            shape = (self.units,)
            self.add_parameter("bias", shape, self.bias_initializer, self.bias_regularizer)

    def compute_output(self, x, training):
        z = self.linear(x)
        self.y = self.activation.forward(z, out=self.workspace("y", z.shape))
        return self.y

    def compute_gradients(self, upstream):
        return self.linear_gradients(self.activation.backward(self.z, self.y, upstream))

    def linear(self, x):
        """Return z = x W + b, the output before the activation (logits), unchecked."""
        z = self.workspace("z", (*x.shape[:-1], self.units))
        np.matmul(x, self.parameters["kernel"], out=z)
        if self.use_bias:
            z += self.parameters["bias"]
        self.x, self.z = x, z
        return z

    def linear_gradients(self, delta):
        """Write ∂L/∂W and ∂L/∂b and return ∂L/∂x, given δ = ∂L/∂z, unchecked."""
        x, rows = self.x, delta
        if x.ndim > 2:  # any axes before the last count as samples
            x, rows = x.reshape(-1, x.shape[-1]), delta.reshape(-1, self.units)
        np.matmul(x.T, rows, out=self.gradients["kernel"])
        if self.use_bias:  # ones times δ is Σ_batch δ, and faster than sum()
            np.matmul(self._ones(len(rows)), rows, out=self.gradients["bias"])
        if not self.needs_input_gradient:
            return None
        input_gradient = self.workspace("input_gradient", self.x.shape)
        return np.matmul(delta, self.parameters["kernel"].T, out=input_gradient)

    def get_config(self):
        regularizer_configs = {
            f"{which}_regularizer": regularizer and regularizer.get_config()
            for which, regularizer in (
                ("kernel", self.kernel_regularizer),
                ("bias", self.bias_regularizer),
            )
        }
        return {
            "name": self.name,
            "units": self.units,
            "activation": self.activation.get_config(),
            "use_bias": self.use_bias,
            "kernel_initializer": self.kernel_initializer.get_config(),
            "bias_initializer": self.bias_initializer.get_config(),
            **regularizer_configs,
        }
