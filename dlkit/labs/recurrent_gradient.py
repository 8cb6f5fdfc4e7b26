"""The gradient on its way back through time, in SimpleRNN, LSTM and GRU."""

import functools
from dataclasses import dataclass

import numpy as np

from dlkit import checks
from dlkit.blas import OneThread
from dlkit.layers import GRU, LSTM, SimpleRNN

CELLS = {"simple_rnn": SimpleRNN, "lstm": LSTM, "gru": GRU}
NAMES = {"simple_rnn": "SimpleRNN", "lstm": "LSTM", "gru": "GRU"}
UNITS, FEATURES, BATCH = 32, 8, 8
LONGEST = 200


@dataclass(frozen=True, eq=False)
class GradientThroughTime:
    """How long the gradient of the last state is at each time step before it.

    Attributes
    ----------
    hidden : numpy.ndarray
        ‖∂L/∂h_t‖ for t = 0 … length, mean over the sequences; L is a random direction of h_length,
        so that the last entry is 1.
    cell : numpy.ndarray or None
        ‖∂L/∂c_t‖, which an LSTM alone has.
    """

    hidden: np.ndarray
    cell: np.ndarray | None

    @property
    def survival(self):
        """‖∂L/∂h_0‖ / ‖∂L/∂h_length‖: what is left of the gradient before the first time step."""
        return float(self.hidden[0] / self.hidden[-1])

    @property
    def way(self):
        """The gradient that comes through: ∂L/∂c of an LSTM, else ∂L/∂h; over that of the last h."""
        return (self.hidden if self.cell is None else self.cell) / self.hidden[-1]


def random_layer(cell, length, recurrent_scale=1.0, gate_bias=1.0, seed=0):
    """Return a fresh layer, sequences for it, and the direction in which its last state is nudged.

    Parameters
    ----------
    cell : {"simple_rnn", "lstm", "gru"}
    length : int
        Time steps, 1 to 200.
    recurrent_scale : float
        What the orthogonal matrix U is multiplied with; 0 or more.
    gate_bias : float
        Bias of the gate that keeps the old state: an LSTM's forget gate, a GRU's update gate. A
        SimpleRNN has none.
    seed : int
        Fixes weights, sequences and direction.

    Returns
    -------
    layer : SimpleRNN, LSTM or GRU
        In float64, 32 units.
    x : numpy.ndarray
        (8, length, 8), normal numbers.
    upstream : numpy.ndarray
        (8, 32), each row of length 1.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of range.
    """
    cell = checks.choice("cell", cell, CELLS)
    length = checks.whole_number("length", length, maximum=LONGEST)
    recurrent_scale = checks.number("recurrent_scale", recurrent_scale, minimum=0)
    gate_bias = checks.number("gate_bias", gate_bias)
    seed = checks.whole_number("seed", seed, minimum=0)
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(LONGEST, BATCH, FEATURES))[:length].swapaxes(0, 1)
    upstream = np.random.default_rng((seed, 1)).normal(size=(BATCH, UNITS))
    upstream /= np.linalg.norm(upstream, axis=1, keepdims=True)
    layer = CELLS[cell](UNITS, seed=seed)
    layer.build((length, FEATURES), dtype="float64")
    layer.parameters["recurrent_kernel"][...] *= recurrent_scale
    if cell == "lstm":
        layer.parameters["bias"][UNITS : 2 * UNITS] = gate_bias  # the order is i, f, g, o
    elif cell == "gru":
        layer.parameters["bias"][0, :UNITS] = gate_bias  # the order is z, r, g
    return layer, x, upstream


@functools.lru_cache(maxsize=64)
def gradient_through_time(cell, length, recurrent_scale=1.0, gate_bias=1.0, seed=0):
    """Return the length of the gradient at each time step, computed by the layer's ``backward``.

    ‖∂L/∂h_t‖ for t = length, …, 0, with L = u · h_length and ‖u‖ = 1. Arguments are those of
    `random_layer`.

    Returns
    -------
    GradientThroughTime
    """
    layer, x, upstream = random_layer(cell, length, recurrent_scale, gate_bias, seed)
    with OneThread():
        layer.forward(x)
        layer.backward(upstream)
    initial = layer.initial_gradient
    if cell != "lstm":
        return GradientThroughTime(_lengths(initial, layer.hidden_gradients), None)
    return GradientThroughTime(
        _lengths(initial[0], layer.hidden_gradients), _lengths(initial[1], layer.cell_gradients)
    )


def _lengths(initial, later):
    """Return the mean length over the batch: before the first time step, and after each."""
    gradients = np.concatenate([initial[:, None], later], axis=1)  # (batch, time + 1, units)
    return np.linalg.norm(gradients, axis=-1).mean(axis=0)
