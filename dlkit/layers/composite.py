"""Composite: a layer made of layers, whose parameters it hands on under their names."""

import inspect

import numpy as np

from dlkit import checks, network_checks, randomness
from dlkit.layers.base import Layer


class Composite(Layer):
    """A layer made of layers: names, parameters, state and random numbers of what is inside.

    A subclass says in ``create`` how the inner layers are built (then ``collect()``), and in
    ``compute_output`` and ``compute_gradients`` how they work together.

    Parameters
    ----------
    layers : list of Layer
        Each belongs to this layer from now on. Saved configurations are taken too.
    name, seed
        See `Layer`.

    Attributes
    ----------
    parameters, gradients, state : dict
        Of all inner layers, by names such as ``"dense/kernel"``.
    """

    def __init__(self, layers, name=None, seed=0):
        self.start(name, seed)
        if isinstance(layers, list | tuple):
            layers = [from_settings(each) if isinstance(each, dict) else each for each in layers]
        self.adopt(layers)

    def start(self, name, seed):
        """Do what `Layer` does first; for those that make their inner layers in ``create``."""
        self.layers = []
        Layer.__init__(self, name, seed)

    def adopt(self, layers):
        """Let these layers, checked, belong to this one, each under a name of its own."""
        self.layers = network_checks.check_layers(layers)
        for layer, unique in zip(self.layers, network_checks.unique_names(self.layers)):
            layer.name = unique
            layer.in_network = True  # it belongs to one owner, and may use its arrays again

    @property
    def uses_random(self):
        """Whether any layer inside draws random numbers."""
        return any(layer.uses_random for layer in self.layers)

    @property
    def random(self):
        """The generator that all layers inside draw from, in their order."""
        return self._random

    @random.setter
    def random(self, generator):
        self._random = generator
        for layer in self.layers:
            layer.random = generator

    def draw_from(self, seed, child):
        self.random = np.random.default_rng(randomness.stream(seed, "dropout", child))

    def collect(self):
        """Take over the arrays of the layers inside, once they are built."""
        for mine, theirs in (
            (self.parameters, "parameters"),
            (self.gradients, "gradients"),
            (self.state, "state"),
        ):
            for layer in self.layers:
                for name, array in getattr(layer, theirs).items():
                    mine[f"{layer.name}/{name}"] = array

    def products(self):
        return tuple(map(sum, zip(*(layer.products() for layer in self.layers), strict=True)))

    def initialize(self, generator):
        for layer in self.layers:
            layer.initialize(generator)

    def bind(self, parameters, gradients):
        super().bind(parameters, gradients)
        for layer in self.layers:
            names = {name: f"{layer.name}/{name}" for name in layer.parameters}
            layer.bind(
                {name: parameters[key] for name, key in names.items()},
                {name: gradients[key] for name, key in names.items()},
            )

    def regularization_loss(self):
        return sum((layer.regularization_loss() for layer in self.layers), 0.0)

    def add_regularization_gradients(self):
        for layer in self.layers:
            layer.add_regularization_gradients()

    def get_config(self):
        inside = [{"layer_kind": type(each).__name__, **each.get_config()} for each in self.layers]
        return {"name": self.name, "layers": inside}


def from_settings(settings):
    """Return the layer that a saved configuration describes.

    Parameters
    ----------
    settings : dict
        ``layer_kind``, and the constructor's arguments as ``get_config`` gives them.

    Returns
    -------
    Layer
    """
    from dlkit.layers import LAYERS  # lazily: the registry holds the kinds of this file too

    if not isinstance(settings, dict):
        raise TypeError(
            "Each of the layers must be a dictionary with its kind and its arguments, but got "
            f"{checks.describe(settings)}."
        )
    settings = dict(settings)
    # older files call it kind, as a PositionalEncoding calls one of its arguments
    kind = settings.pop("layer_kind", None) or settings.pop("kind", None)
    kind = checks.choice("kind of layer in layers", kind, LAYERS)
    taken = inspect.signature(LAYERS[kind]).parameters
    for name in settings:
        checks.choice(f"An argument of {kind} in layers", name, taken)
    for name, parameter in taken.items():
        if parameter.default is parameter.empty and name not in settings:
            raise ValueError(f"{kind} in layers must have the argument {name}, but it is missing.")
    return LAYERS[kind](**settings)
