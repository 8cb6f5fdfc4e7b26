"""Normalization: keep what flows through a network at mean 0 and variance 1."""

import numpy as np

from dlkit import checks, initializers, regularizers
from dlkit.layers.base import Layer


class BatchNormalization(Layer):
    """y = gamma (x - mean) / √(variance + epsilon) + beta, per feature (Ioffe and Szegedy 2015).

    In training mean and variance are those of the batch (divided by n, not n - 1), and the moving
    ones follow: moving ← momentum · moving + (1 - momentum) · batch. Otherwise the moving ones
    are used. With x̂ the normalized x, σ the root and n the samples per feature, in training
    ∂L/∂x = gamma / (n σ) (n δ - Σδ - x̂ Σδx̂). Time steps that are masked are normalized too, but
    left out of mean, variance and n.

    Parameters
    ----------
    momentum : float
        How slowly the moving averages follow; 0 to 1.
    epsilon : float
        Added to the variance, so that a constant feature does not divide by 0; above 0.
    center, scale : bool
        Whether there is a beta, a gamma.
    beta_initializer, gamma_initializer, moving_mean_initializer, moving_variance_initializer
    beta_regularizer, gamma_regularizer
        As in Keras.
    name, seed
        See `Layer`. Features are on the last axis.
    """

    supports_masking = True
    takes_mask = True

    def __init__(
        self,
        momentum=0.99,
        epsilon=0.001,
        center=True,
        scale=True,
        beta_initializer="zeros",
        gamma_initializer="ones",
        moving_mean_initializer="zeros",
        moving_variance_initializer="ones",
        beta_regularizer=None,
        gamma_regularizer=None,
        name=None,
        seed=0,
    ):
        super().__init__(name, seed)
        self.momentum = checks.number("momentum", momentum, minimum=0, maximum=1)
        self.epsilon = checks.number("epsilon", epsilon, above=0)
        self.center = checks.truth_value("center", center)
        self.scale = checks.truth_value("scale", scale)
        self.beta_initializer = checks.named("beta_initializer", initializers.get, beta_initializer)
        self.gamma_initializer = checks.named(
            "gamma_initializer", initializers.get, gamma_initializer
        )
        self.moving_mean_initializer = checks.named(
            "moving_mean_initializer", initializers.get, moving_mean_initializer
        )
        self.moving_variance_initializer = checks.named(
            "moving_variance_initializer", initializers.get, moving_variance_initializer
        )
        self.beta_regularizer = checks.named("beta_regularizer", regularizers.get, beta_regularizer)
        self.gamma_regularizer = checks.named(
            "gamma_regularizer", regularizers.get, gamma_regularizer
        )
        self.mask = None

    def create(self, input_shape):
        shape = input_shape[-1:]
        if self.scale:
            self.add_parameter("gamma", shape, self.gamma_initializer, self.gamma_regularizer)
        if self.center:
            self.add_parameter("beta", shape, self.beta_initializer, self.beta_regularizer)
        self.add_state("moving_mean", shape, self.moving_mean_initializer)
        self.add_state("moving_variance", shape, self.moving_variance_initializer)

    def compute_output(self, x, training, mask=None):
        mask = None if mask is None or not mask.any() else mask
        self.used_batch, self.mask = training, mask
        if training:
            counted = slice(None) if mask is None else mask
            axes = tuple(range(x[counted].ndim - 1))
            mean = x[counted].mean(axis=axes)
            centred = x - mean
            variance = np.mean(np.square(centred[counted]), axis=axes)
            for name, batch in (("moving_mean", mean), ("moving_variance", variance)):
                self.state[name] *= self.momentum
                self.state[name] += (1 - self.momentum) * batch
        else:
            centred = x - self.state["moving_mean"]
            variance = self.state["moving_variance"]
        self.factor = 1 / np.sqrt(variance + self.epsilon)
        self.normalized = centred * self.factor
        y = self.normalized * self.parameters["gamma"] if self.scale else self.normalized
        return y + self.parameters["beta"] if self.center else y

    def compute_gradients(self, upstream):
        axes = tuple(range(upstream.ndim - 1))
        sum_delta = upstream.sum(axis=axes)
        sum_product = (upstream * self.normalized).sum(axis=axes)
        factor = self.factor
        if self.scale:
            self.gradients["gamma"][...] = sum_product
            factor = factor * self.parameters["gamma"]
        if self.center:
            self.gradients["beta"][...] = sum_delta
        if not self.used_batch:
            return upstream * factor
        if self.mask is None:
            n = upstream.size // upstream.shape[-1]
            return factor * (upstream - sum_delta / n - self.normalized * (sum_product / n))
        share = self.mask[..., np.newaxis] / self.dtype.type(self.mask.sum())
        return factor * (upstream - share * (sum_delta + self.normalized * sum_product))

    def get_config(self):
        config = {"name": self.name, "momentum": self.momentum, "epsilon": self.epsilon}
        config |= {"center": self.center, "scale": self.scale}
        for which in ("beta", "gamma", "moving_mean", "moving_variance"):
            config[f"{which}_initializer"] = getattr(self, f"{which}_initializer").get_config()
        for which in ("beta", "gamma"):
            regularizer = getattr(self, f"{which}_regularizer")
            config[f"{which}_regularizer"] = regularizer and regularizer.get_config()
        return config


class LayerNormalization(Layer):
    """y = gamma x̂ + beta, x̂ = (x - mean) / √(variance + epsilon), per sample (Ba et al. 2016).

    Mean and variance are those of the features (last axis) of each sample and time step by itself,
    so that training and inference are the same. With σ the root and n the features,
    ∂L/∂x = (g - Σg / n - x̂ Σ(g x̂) / n) / σ, g = gamma upstream; ∂L/∂gamma = Σ upstream x̂,
    ∂L/∂beta = Σ upstream, over everything but the features.

    Parameters
    ----------
    epsilon : float
        Added to the variance, so that equal features do not divide by 0; above 0. Keras's 0.001 is
        large where the features are small; PyTorch's is 1e-5.
    center, scale : bool
        Whether there is a beta, a gamma.
    beta_initializer, gamma_initializer, beta_regularizer, gamma_regularizer
        As in Keras.
    name, seed
        See `Layer`. Features are on the last axis.
    """

    supports_masking = True

    def __init__(
        self,
        epsilon=0.001,
        center=True,
        scale=True,
        beta_initializer="zeros",
        gamma_initializer="ones",
        beta_regularizer=None,
        gamma_regularizer=None,
        name=None,
        seed=0,
    ):
        super().__init__(name, seed)
        self.epsilon = checks.number("epsilon", epsilon, above=0)
        self.center = checks.truth_value("center", center)
        self.scale = checks.truth_value("scale", scale)
        self.beta_initializer = checks.named("beta_initializer", initializers.get, beta_initializer)
        self.gamma_initializer = checks.named(
            "gamma_initializer", initializers.get, gamma_initializer
        )
        self.beta_regularizer = checks.named("beta_regularizer", regularizers.get, beta_regularizer)
        self.gamma_regularizer = checks.named(
            "gamma_regularizer", regularizers.get, gamma_regularizer
        )

    def create(self, input_shape):
        shape = input_shape[-1:]
        if self.scale:
            self.add_parameter("gamma", shape, self.gamma_initializer, self.gamma_regularizer)
        if self.center:
            self.add_parameter("beta", shape, self.beta_initializer, self.beta_regularizer)

    def compute_output(self, x, training):
        centred = x - x.mean(axis=-1, keepdims=True)
        variance = np.mean(centred * centred, axis=-1, keepdims=True)
        self.root = np.sqrt(variance + self.epsilon)
        self.normalized = np.divide(centred, self.root, out=centred)
        y = self.normalized * self.parameters["gamma"] if self.scale else self.normalized.copy()
        return np.add(y, self.parameters["beta"], out=y) if self.center else y

    def compute_gradients(self, upstream):
        others, g = tuple(range(upstream.ndim - 1)), upstream
        if self.scale:
            (upstream * self.normalized).sum(axis=others, out=self.gradients["gamma"])
            g = upstream * self.parameters["gamma"]
        if self.center:
            upstream.sum(axis=others, out=self.gradients["beta"])
        mean_product = np.mean(g * self.normalized, axis=-1, keepdims=True)
        return (g - g.mean(axis=-1, keepdims=True) - self.normalized * mean_product) / self.root

    def get_config(self):
        config = {"name": self.name, "epsilon": self.epsilon}
        config |= {"center": self.center, "scale": self.scale}
        for which in ("beta", "gamma"):
            config[f"{which}_initializer"] = getattr(self, f"{which}_initializer").get_config()
            regularizer = getattr(self, f"{which}_regularizer")
            config[f"{which}_regularizer"] = regularizer and regularizer.get_config()
        return config
