"""LayerStack: the layers of a network over one flat buffer of parameters and one of gradients."""

import numpy as np

from dlkit import checks, network_checks, randomness
from dlkit.layers.composite import from_settings

DTYPES = ("float32", "float64")


class LayerStack:
    """What a `Network` is made of: layers, buffers, names, weights and random streams.

    `Network` adds what it does with them; arguments and attributes are described there.
    """

    def __init__(self, layers, input_shape, seed=0, dtype="float32"):
        self.layers = network_checks.check_layers(layers)
        self.input_shape = network_checks.check_shape("input_shape", input_shape)
        self.seed = checks.whole_number("seed", seed, minimum=0)
        dtype = checks.dtype("dtype", dtype, DTYPES)
        self.dtype = np.dtype(dtype)
        names = network_checks.unique_names(self.layers)
        try:
            self._build(dtype)
        except BaseException:  # the layers stay free for another network
            for layer in self.layers:
                layer.in_network = False
            raise
        for layer, name in zip(self.layers, names, strict=True):
            layer.name = name
        self._bind()

    def _build(self, dtype):
        shape = self.input_shape
        for child, (layer, generator) in enumerate(zip(self.layers, self._weight_streams())):
            layer.in_network = True
            layer.build(shape, generator, dtype)
            layer.draw_from(self.seed, child)
            shape = layer.output_shape
        self.output_shape = shape

    def _bind(self):
        """Move all parameters into one buffer and let the layers use views into it."""
        owned = [
            (layer, name, array)
            for layer in self.layers
            for name, array in layer.parameters.items()
        ]
        total = sum(array.size for _, _, array in owned)
        self.flat_parameters = np.empty(total, self.dtype)
        self.flat_gradients = np.zeros(total, self.dtype)
        self.segments, self.parameters, self.gradients = [], {}, {}
        start = 0
        for layer, name, array in owned:
            stop, key = start + array.size, f"{layer.name}/{name}"
            self.segments.append((key, start, stop, array.shape))
            self.parameters[key] = self.flat_parameters[start:stop].reshape(array.shape)
            self.gradients[key] = self.flat_gradients[start:stop].reshape(array.shape)
            self.parameters[key][...] = array
            start = stop
        for layer in self.layers:
            keys = {name: f"{layer.name}/{name}" for name in layer.parameters}
            layer.bind(
                {name: self.parameters[key] for name, key in keys.items()},
                {name: self.gradients[key] for name, key in keys.items()},
            )

    @property
    def state(self):
        """The arrays that are kept but not trained, as ``"batch_normalization/moving_mean"`` → array."""
        return {
            f"{layer.name}/{name}": array
            for layer in self.layers
            for name, array in layer.state.items()
        }

    @property
    def output_activation(self):
        """The name of the last layer's activation, ``"linear"`` if it has none."""
        activation = getattr(self.layers[-1], "activation", None)
        return activation.name if activation is not None else "linear"

    def get_weights(self):
        """Return copies of all parameters and of the state, by name."""
        return {name: array.copy() for name, array in (self.parameters | self.state).items()}

    def set_weights(self, weights):
        """Set parameters and state in place; nothing changes if anything does not fit.

        Parameters
        ----------
        weights : dict of str to array_like
            As ``get_weights`` gives them: every name, with its shape.

        Raises
        ------
        TypeError, ValueError
            If a name is missing or unknown, a shape differs, or a value is not finite.
        """
        own = self.parameters | self.state
        for name, array in network_checks.check_weights(weights, own).items():
            own[name][...] = array

    def initialize(self, seed=None):
        """Draw the initial weights again, in place, and restart the dropout stream.

        Parameters
        ----------
        seed : int, optional
            A new seed; by default the network's own, which gives the very same weights again.
        """
        if seed is not None:
            self.seed = checks.whole_number("seed", seed, minimum=0)
        for layer, generator in zip(self.layers, self._weight_streams(), strict=True):
            layer.initialize(generator)
        self.flat_gradients[...] = 0
        randomness.restart(self.layers, self.seed)

    @property
    def random_state(self):
        """The state of every layer's random stream, ready for JSON; set it to resume exactly."""
        return {
            layer.name: layer.random.bit_generator.state
            for layer in self.layers
            if layer.uses_random
        }

    @random_state.setter
    def random_state(self, states):
        generators = network_checks.check_random_state(states, self.random_state)
        for layer in self.layers:
            if layer.uses_random:
                layer.random = generators[layer.name]

    def _weight_streams(self):
        return randomness.generators(self.seed, "weights", len(self.layers))

    def get_config(self):
        """Return everything but the weights, ready for JSON."""
        kinds = [
            {"layer_kind": type(layer).__name__, **layer.get_config()} for layer in self.layers
        ]
        return {
            "layers": kinds,
            "input_shape": list(self.input_shape),
            "seed": self.seed,
            "dtype": self.dtype.name,
        }

    @classmethod
    def from_config(cls, config):
        """Return a fresh network from what ``get_config`` gave, with its initial weights.

        Parameters
        ----------
        config : dict
            Of plain values, as out of JSON.

        Returns
        -------
        Network

        Raises
        ------
        TypeError, ValueError
            If something is missing or wrong in it; the message names it.
        """
        settings, input_shape, seed, dtype = network_checks.check_config(config)
        return cls([from_settings(each) for each in settings], input_shape, seed, dtype)

    def copy(self, dtype=None):
        """Return an independent network with the same weights and random state.

        Parameters
        ----------
        dtype : str, optional
            Another dtype, ``"float64"`` for checks.
        """
        layers = [type(layer)(**layer.get_config()) for layer in self.layers]
        twin = type(self)(
            layers, self.input_shape, self.seed, self.dtype if dtype is None else dtype
        )
        twin.set_weights(self.get_weights())
        twin.random_state = self.random_state
        return twin

    def summary(self):
        """Return a table of the layers, their output shapes and numbers of parameters."""
        rows = [("layer", "output shape", "parameters")]
        for layer in self.layers:
            count = sum(array.size for array in layer.parameters.values())
            kind = f"{layer.name} ({type(layer).__name__})"
            rows.append((kind, str((None, *layer.output_shape)), f"{count:,}"))
        widths = [max(len(row[i]) for row in rows) for i in range(3)]
        lines = [
            f"{kind:<{widths[0]}}  {shape:<{widths[1]}}  {count:>{widths[2]}}"
            for kind, shape, count in rows
        ]
        lines.insert(1, "-" * len(lines[0]))
        return "\n".join([*lines, f"Trained parameters: {self.flat_parameters.size:,}"])

    def __repr__(self):
        sizes = " -> ".join(str(layer.output_shape) for layer in self.layers)
        return f"<Network {self.input_shape} -> {sizes}, {self.flat_parameters.size:,} parameters>"
