"""Activations: each formula with its derivative right below it, and the registry ACTIVATIONS.

In every class x is the input, y = f(x) the output, ``forward`` computes y and ``slope`` dy/dx.
"""

import math
from typing import ClassVar

import numpy as np

from dlkit import checks
from dlkit.activation_base import Activation


class Linear(Activation):
    """f(x) = x, slope 1: the output of a regression, or logits."""

    def forward(self, x, out=None):
        return x

    def slope(self, x, y):
        return np.ones_like(x)

    def backward(self, x, y, upstream):
        return upstream


class Sigmoid(Activation):
    """f(x) = 1 / (1 + exp(-x)), slope y (1 - y): any number becomes a probability.

    Written with e = exp(-|x|), which never overflows: 1 / (1 + e) for x ≥ 0, else e / (1 + e).
    """

    def forward(self, x, out=None):
        e = np.exp(-np.abs(x))
        return np.divide(np.where(x >= 0, 1, e), 1 + e, out=out)

    def slope(self, x, y):
        return y * (1 - y)


class Tanh(Activation):
    """f(x) = (exp(x) - exp(-x)) / (exp(x) + exp(-x)), slope 1 - y²."""

    def forward(self, x, out=None):
        return np.tanh(x, out=out)

    def slope(self, x, y):
        return 1 - y * y


class Relu(Activation):
    """f(x) = max(x, 0), slope 1 where x > 0, else 0 (Nair and Hinton 2010)."""

    def forward(self, x, out=None):
        return np.maximum(x, 0, out=out)

    def slope(self, x, y):
        return (y > 0).astype(x.dtype)

    def backward(self, x, y, upstream):
        return upstream * (y > 0)


class LeakyRelu(Activation):
    """f(x) = x where x > 0, else negative_slope · x (Maas, Hannun and Ng 2013, where it is 0.01).

    Keras's default ``negative_slope`` is 0.2 for the function and 0.3 for the layer.
    """

    defaults: ClassVar = {"negative_slope": 0.01}

    def forward(self, x, out=None):
        return np.where(x > 0, x, self.negative_slope * x)

    def slope(self, x, y):
        return np.where(x > 0, 1, self.negative_slope).astype(x.dtype)


class Elu(Activation):
    """f(x) = x where x > 0, else alpha (exp(x) - 1) (Clevert et al. 2015, equation 16)."""

    defaults: ClassVar = {"alpha": 1.0}

    def forward(self, x, out=None):
        return np.where(x > 0, x, self.alpha * np.expm1(np.minimum(x, 0)))

    def slope(self, x, y):
        return np.where(x > 0, 1, self.alpha * np.exp(np.minimum(x, 0)))


class Selu(Activation):
    """f(x) = scale · elu(x, alpha): keeps mean 0 and variance 1 (Klambauer et al. 2017)."""

    alpha = 1.6732632423543772848170429916717
    scale = 1.0507009873554804934193349852946

    def forward(self, x, out=None):
        return self.scale * np.where(x > 0, x, self.alpha * np.expm1(np.minimum(x, 0)))

    def slope(self, x, y):
        return self.scale * np.where(x > 0, 1, self.alpha * np.exp(np.minimum(x, 0)))


class Gelu(Activation):
    """f(x) = x Φ(x), Φ the normal distribution function (Hendrycks and Gimpel 2016).

    With ``approximate=True`` Φ(x) = (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2, as in GPT-2: within
    0.0005 of the exact form and several times faster, since NumPy has no Φ of its own.
    """

    defaults: ClassVar = {"approximate": False}

    def forward(self, x, out=None):
        if self.approximate:
            return 0.5 * x * (1 + np.tanh(_gelu_argument(x)))
        return x * _normal_distribution(x)

    def slope(self, x, y):
        if self.approximate:
            t = np.tanh(_gelu_argument(x))
            return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * _ROOT * (1 + 3 * 0.044715 * x * x)
        density = np.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)
        return _normal_distribution(x) + x * density


class Silu(Activation):
    """f(x) = x σ(x), slope σ(x) (1 + x (1 - σ(x))); also called swish (Elfwing et al. 2017)."""

    def forward(self, x, out=None):
        return x * sigmoid.forward(x)

    def slope(self, x, y):
        s = sigmoid.forward(x)
        return s * (1 + x * (1 - s))


class Softplus(Activation):
    """f(x) = log(1 + exp(x)), slope σ(x): a smooth relu (Dugas et al. 2001)."""

    def forward(self, x, out=None):
        return np.logaddexp(0, x, out=out)

    def slope(self, x, y):
        return sigmoid.forward(x)


class Softsign(Activation):
    """f(x) = x / (1 + |x|), slope 1 / (1 + |x|)² (Bergstra et al. 2009)."""

    def forward(self, x, out=None):
        return np.divide(x, 1 + np.abs(x), out=out)

    def slope(self, x, y):
        return 1 / (1 + np.abs(x)) ** 2


class HardSigmoid(Activation):
    """f(x) = (x + 3) / 6 cut to 0 … 1, slope 1/6 where -3 < x < 3 (Howard et al. 2019).

    As in Keras 3; Keras 2 had 0.2 x + 0.5.
    """

    def forward(self, x, out=None):
        return np.clip((x + 3) / 6, 0, 1, out=out)

    def slope(self, x, y):
        return (np.abs(x) < 3).astype(x.dtype) / 6


class Mish(Activation):
    """f(x) = x tanh(softplus(x)), slope t + x σ(x) (1 - t²) with t = tanh(…) (Misra 2019)."""

    def forward(self, x, out=None):
        return x * np.tanh(softplus.forward(x))

    def slope(self, x, y):
        t = np.tanh(softplus.forward(x))
        return t + x * sigmoid.forward(x) * (1 - t * t)


class Softmax(Activation):
    """y_i = exp(x_i) / Σ_j exp(x_j) along the last axis: scores become probabilities.

    The maximum is taken off first, which changes nothing and keeps exp from overflowing.
    Gradient: y (upstream - Σ_j upstream_j y_j).
    """

    elementwise = False

    def forward(self, x, out=None):
        e = np.exp(x - x.max(axis=-1, keepdims=True))
        return np.divide(e, e.sum(axis=-1, keepdims=True), out=out)

    def backward(self, x, y, upstream):
        return y * (upstream - (upstream * y).sum(axis=-1, keepdims=True))


class LogSoftmax(Activation):
    """y_i = x_i - log Σ_j exp(x_j) along the last axis, without overflow.

    Gradient: upstream - exp(y) Σ_j upstream_j.
    """

    elementwise = False

    def forward(self, x, out=None):
        shifted = x - x.max(axis=-1, keepdims=True)
        return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))

    def backward(self, x, y, upstream):
        return upstream - np.exp(y) * upstream.sum(axis=-1, keepdims=True)


_ROOT = math.sqrt(2 / math.pi)
_erfc = np.frompyfunc(math.erfc, 1, 1)


def _gelu_argument(x):
    return _ROOT * (x + 0.044715 * x * x * x)


def _normal_distribution(x):
    """Φ(x) = erfc(-x / √2) / 2; NumPy has no erfc of its own."""
    return np.asarray(0.5 * _erfc(x * -math.sqrt(0.5)), dtype=x.dtype)


linear, sigmoid, tanh, relu, leaky_relu = Linear(), Sigmoid(), Tanh(), Relu(), LeakyRelu()
elu, selu, gelu, silu, softplus = Elu(), Selu(), Gelu(), Silu(), Softplus()
softsign, hard_sigmoid, mish = Softsign(), HardSigmoid(), Mish()
softmax, log_softmax = Softmax(), LogSoftmax()

_ALL = (sigmoid, tanh, relu, leaky_relu, elu, selu, gelu, silu, softplus, softsign, hard_sigmoid)
ACTIVATIONS = {f.name: f for f in (*_ALL, mish, linear, softmax, log_softmax)}


def get(activation, **parameters):
    """Return the activation of that name.

    Parameters
    ----------
    activation : str, Activation, dict or None
        A name of ACTIVATIONS, an activation, what its ``get_config`` gave, or None for linear.
    **parameters
        For a configured copy: ``get("leaky_relu", negative_slope=0.2)``.

    Returns
    -------
    Activation

    Raises
    ------
    TypeError, ValueError
        If it is unknown (the nearest name is suggested), or a parameter is wrong.
    """
    if isinstance(activation, dict) and "name" in activation:
        settings = {key: value for key, value in activation.items() if key != "name"}
        activation, parameters = activation["name"], {**settings, **parameters}
    if activation is None:
        activation = linear
    if isinstance(activation, type) and issubclass(activation, Activation):
        activation = activation()
    if not isinstance(activation, Activation):
        if callable(activation):
            raise TypeError(
                f"activation is a plain function ({activation!r}), whose derivative is unknown. "
                "Write a subclass of dlkit.activations.Activation with forward and slope."
            )
        activation = ACTIVATIONS[checks.choice("activation", activation, ACTIVATIONS)]
    return activation.with_parameters(**parameters)
