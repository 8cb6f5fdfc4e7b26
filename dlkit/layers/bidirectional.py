"""Bidirectional: read a sequence from both ends."""

import numpy as np

from dlkit import checks
from dlkit.layers.composite import Composite, from_settings
from dlkit.layers.masking import MaskedLayer
from dlkit.layers.recurrent import Recurrent

MERGES = ("concat", "sum", "mul", "ave")


class Bidirectional(Composite, MaskedLayer):
    """Two recurrent layers read x, one forwards and one backwards (Schuster and Paliwal 1997).

    With a and b their outputs, b turned round so that both are in the order of time: ``concat``:
    y = [a b], ``sum``: a + b, ``ave``: (a + b) / 2, ``mul``: a b. Gradients: each gets its part of
    upstream, upstream, upstream / 2, or upstream times the other's output; ∂L/∂x is the sum of both.
    Padding that a mask passes over gives 0 with ``return_sequences``, as in Keras.

    Parameters
    ----------
    layer : Recurrent
        SimpleRNN, LSTM or GRU. The two layers are made from its arguments; itself it is not used.
    merge_mode : str
        ``"concat"``, ``"sum"``, ``"mul"`` or ``"ave"``.
    backward_layer : Recurrent, optional
        Another layer for the way back, with ``go_backwards`` the other way round and the same
        ``return_sequences``.
    name, seed
        See `Layer`.

    Attributes
    ----------
    forward_layer, backward_layer : Recurrent
        With all that can be looked at in them.

    Examples
    --------
    >>> from dlkit.layers import LSTM
    >>> Bidirectional(LSTM(4)).forward(np.ones((2, 5, 3))).shape
    (2, 8)
    """

    def __init__(self, layer, merge_mode="concat", backward_layer=None, name=None, seed=0):
        self.merge_mode = checks.choice("merge_mode", merge_mode, MERGES)
        layer = recurrent_layer("layer", layer)
        back, turned = layer, not layer.go_backwards
        if backward_layer is not None:
            back = recurrent_layer("backward_layer", backward_layer)
            turned = back.go_backwards
        fits = turned != layer.go_backwards and back.return_sequences == layer.return_sequences
        if not fits or (merge_mode != "concat" and back.units != layer.units):
            raise ValueError(
                f"backward_layer must have go_backwards={not layer.go_backwards}, "
                f"return_sequences={layer.return_sequences} and, unless merge_mode is 'concat', "
                f"units={layer.units}, as layer asks for, but got {checks.describe(back)} "
                f"with go_backwards={turned}, return_sequences={back.return_sequences} and "
                f"units={back.units}."
            )
        self.return_sequences = layer.return_sequences
        self.forward_layer = twin("forward", layer, layer.go_backwards)
        self.backward_layer = twin("backward", back, turned)
        super().__init__([self.forward_layer, self.backward_layer], name, seed)

    def output_shape_for(self, input_shape):
        *time, units = self.forward_layer.output_shape_for(input_shape)
        if self.merge_mode == "concat":
            units += self.backward_layer.units
        return (*time, units)

    def accepted_shape(self):
        return (None, *self.input_shape[1:])

    def create(self, input_shape):
        for layer in self.layers:
            layer.build(input_shape, dtype=self.dtype)
        self.collect()

    def compute_output(self, x, training, mask=None):
        a, b = (layer.compute_output(x, training, mask) for layer in self.layers)
        b = self._turned(b)
        self._outputs = a, b
        self._real = self.forward_layer.compute_mask(x, mask)
        width = a.shape[-1] + (b.shape[-1] if self.merge_mode == "concat" else 0)
        y = self.workspace("y", (*a.shape[:-1], width))
        if self.merge_mode == "concat":
            np.concatenate([a, b], axis=-1, out=y)
        elif self.merge_mode == "mul":
            np.multiply(a, b, out=y)
        else:
            np.add(a, b, out=y)
            if self.merge_mode == "ave":
                y /= 2
        if self._real is not None:
            y *= self._real[..., None]
        return y

    def compute_gradients(self, upstream):
        if self._real is not None:
            upstream = upstream * self._real[..., None]
        units, (a, b) = self.forward_layer.units, self._outputs
        for_a, for_b = {
            "concat": lambda: (upstream[..., :units], upstream[..., units:]),
            "sum": lambda: (upstream, upstream),
            "ave": lambda: (upstream / 2, upstream / 2),
            "mul": lambda: (upstream * b, upstream * a),
        }[self.merge_mode]()
        for layer in self.layers:
            layer.needs_input_gradient = self.needs_input_gradient
        gradient = self.forward_layer.compute_gradients(for_a)
        other = self.backward_layer.compute_gradients(self._turned(for_b))
        if not self.needs_input_gradient:
            return None
        return np.add(gradient, other, out=self.workspace("input_gradient", gradient.shape))

    def _turned(self, sequence):
        return sequence[:, ::-1] if self.return_sequences else sequence

    def compute_mask(self, x, mask):
        return self.forward_layer.compute_mask(x, mask)

    def get_config(self):
        config = {"name": self.name, "merge_mode": self.merge_mode}
        for argument, layer in zip(("layer", "backward_layer"), self.layers, strict=True):
            config[argument] = {"layer_kind": type(layer).__name__, **layer.get_config()}
        return config


def recurrent_layer(name, layer):
    """Return a recurrent layer, made from its saved configuration if it is one, or raise."""
    if isinstance(layer, dict) and layer:
        layer = checks.named(name, from_settings, layer)
    if not isinstance(layer, Recurrent):
        raise TypeError(
            f"{name} must be a SimpleRNN, an LSTM or a GRU, but got {checks.describe(layer)}."
        )
    return layer


def twin(direction, layer, go_backwards):
    """Return a new layer with the arguments of another, named after its direction as in Keras."""
    own = f"{direction}_{layer.name.removeprefix(direction + '_')}"
    return type(layer)(**{**layer.get_config(), "name": own, "go_backwards": go_backwards})
