"""A signal through a deep random network and its gradient back: the computation of ActivationLab."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from dlkit import activations, initializers
from dlkit.blas import OneThread
from dlkit.labs.activation_zones import is_dead, is_saturated

SAMPLES = 128
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)

INITIALIZERS = {
    "glorot_normal": ("Glorot: 2 / (in + out)", initializers.GlorotNormal()),
    "he_normal": ("He: 2 / in", initializers.HeNormal()),
    "orthogonal": ("orthogonal matrix", initializers.Orthogonal()),
    "small": ("small: normal, 0.01", initializers.RandomNormal(stddev=0.01)),
    "large": ("large: normal, 1", initializers.RandomNormal(stddev=1.0)),
}
"""Name -> (label, initializer) of the weights."""


@dataclass(frozen=True, eq=False)
class DeepSignal:
    """What was measured in each layer, first layer first.

    Parameters
    ----------
    mean, deviation : numpy.ndarray, shape (depth,)
        Of the activations of all units for all samples.
    quantiles : numpy.ndarray, shape (depth, 5)
        At ``QUANTILES``.
    saturated : numpy.ndarray, shape (depth,)
        Share of all activations whose slope is below 0.05 in size, but not 0.
    slope : numpy.ndarray, shape (depth,)
        Mean size of the slope, |f'(z)|, over all units and samples.
    flat : numpy.ndarray, shape (depth,)
        Share of all activations whose slope is exactly 0.
    dead : numpy.ndarray, shape (depth,)
        Share of units whose slope is exactly 0 for every sample: they cannot learn.
    gradient : numpy.ndarray, shape (depth,)
        ‖δ‖ = ‖∂L/∂z‖, the norm of the gradient with respect to the layer's sums z.
    """

    mean: np.ndarray
    deviation: np.ndarray
    quantiles: np.ndarray
    saturated: np.ndarray
    slope: np.ndarray
    flat: np.ndarray
    dead: np.ndarray
    gradient: np.ndarray

    @property
    def survival(self):
        """The gradient in layer 1 divided by that in the last layer; NaN where that is 0."""
        last = self.gradient[-1]
        return float(self.gradient[0] / last) if last > 0 else float("nan")


def random_network(initializer, depth, width, seed):
    """Draw what `deep_signal` starts from; the arguments are the same.

    Returns
    -------
    samples : numpy.ndarray, shape (128, width)
    weights : list of numpy.ndarray, shape (width, width)
    upstream : numpy.ndarray, shape (128, width)
        ∂L/∂a of the last layer.
    """
    for_samples, for_weights, for_gradient = (
        np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(3)
    )
    draw = INITIALIZERS[initializer][1].draw
    samples = for_samples.standard_normal((SAMPLES, width))
    weights = [draw((width, width), for_weights) for _ in range(depth)]
    upstream = for_gradient.standard_normal((SAMPLES, width)) / SAMPLES
    return samples, weights, upstream


@lru_cache(maxsize=64)
def deep_signal(name, parameters, initializer, depth, width, seed):
    """Send 128 random samples through a random network and a gradient back.

    Forward, layer by layer: z = a W, a = f(z), without biases. Backward from ∂L/∂a, drawn from a
    normal distribution: δ = ∂L/∂z = ∂L/∂a · f'(z), and one layer below ∂L/∂a = δ Wᵀ. The gradient
    of the weights is made of δ: ∂L/∂W = aᵀ δ, with the a that came in.

    Parameters
    ----------
    name : str
        Of an elementwise activation.
    parameters : tuple of (str, float)
        Its parameters.
    initializer : str
        A key of ``INITIALIZERS``.
    depth, width : int
        Layers, and units in each; as many inputs, from a normal distribution.
    seed : int
        Fixes samples, weights and the gradient that comes in at the end, each by itself.

    Returns
    -------
    DeepSignal
    """
    f = activations.get(name, **dict(parameters))
    samples, weights, upstream = random_network(initializer, depth, width, seed)
    a, slopes, gradient = [samples], [], np.zeros(depth)
    with OneThread():
        for w in weights:
            z = a[-1] @ w
            a.append(f.forward(z))
            slopes.append(f.slope(z, a[-1]))
        for layer in reversed(range(depth)):
            delta = upstream * slopes[layer]
            gradient[layer] = np.linalg.norm(delta)
            upstream = delta @ weights[layer].T
    return _measured(a[1:], slopes, gradient)


def _measured(outputs, slopes, gradient):
    flat = [is_dead(slope) for slope in slopes]
    return DeepSignal(
        mean=np.array([a.mean() for a in outputs]),
        deviation=np.array([a.std() for a in outputs]),
        quantiles=np.array([np.quantile(a, QUANTILES) for a in outputs]),
        saturated=np.array([is_saturated(slope).mean() for slope in slopes]),
        slope=np.array([np.abs(slope).mean() for slope in slopes]),
        flat=np.array([part.mean() for part in flat]),
        dead=np.array([part.all(axis=0).mean() for part in flat]),
        gradient=gradient,
    )
