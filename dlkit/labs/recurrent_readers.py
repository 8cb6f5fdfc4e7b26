"""The trained networks that RecurrentLab looks into, and what happens in them while they read."""

import functools
from dataclasses import dataclass

import numpy as np

from dlkit import archives, checks
from dlkit.labs.recurrent_training import (
    ALPHABET,
    CELLS,
    WEIGHTS,
    adding_network,
    character_network,
)

_SHOWN = {"\n": "⏎", " ": "␣"}


@dataclass(frozen=True, eq=False)
class Reading:
    """What a recurrent layer did at each time step of one sequence.

    Attributes
    ----------
    cell : str
        ``"simple_rnn"``, ``"lstm"`` or ``"gru"``.
    x : numpy.ndarray
        What it read, (time, features).
    hidden : numpy.ndarray
        h after each time step, (time, units).
    memory : numpy.ndarray or None
        c after each time step, which an LSTM alone has.
    gates : dict of str to numpy.ndarray
        By name, each (time, units); empty for a SimpleRNN.
    outputs : numpy.ndarray
        What the last layer makes of each h, (time, outputs).
    """

    cell: str
    x: np.ndarray
    hidden: np.ndarray
    memory: np.ndarray | None
    gates: dict
    outputs: np.ndarray


def read(cell, network, x):
    """Return what a recurrent layer does while it reads a sequence.

    Parameters
    ----------
    cell : {"simple_rnn", "lstm", "gru"}
    network : Network
        Of such a layer and a Dense layer behind it, as its last two.
    x : numpy.ndarray
        (time, features), as the recurrent layer gets it.

    Returns
    -------
    Reading
    """
    layer, dense = network.layers[-2:]
    layer.forward(x[None])
    hidden = layer.hidden_states[0].copy()
    memory = layer.cell_states[0].copy() if cell == "lstm" else None
    gates = getattr(layer, "gates", None) or {}
    gates = {name: values[0].copy() for name, values in gates.items()}
    outputs = hidden @ dense.parameters["kernel"] + dense.parameters["bias"]
    return Reading(cell, x, hidden, memory, gates, outputs)


def step_in_numbers(network, reading, step, unit):
    """Return the numbers of one unit at one time step, computed from the one before.

    Parameters
    ----------
    network : Network
        The one that has read.
    reading : Reading
    step, unit : int
        Counted from 0.

    Returns
    -------
    dict of str to float
        ``h before`` and ``h``; for each block of the kernel ``x W``, ``h U`` and, with the bias,
        ``z``, under its gate's name ("" for a SimpleRNN); for an LSTM ``c before`` and ``c``.
    """
    layer = network.layers[-2]
    units = layer.units
    before = reading.hidden[step - 1] if step else np.zeros(units)
    names = getattr(layer, "gate_names", ("",))
    numbers = {"h before": float(before[unit]), "h": float(reading.hidden[step, unit])}
    bias = layer.parameters["bias"].reshape(-1, len(names) * units)
    for block, name in enumerate(names):
        column = block * units + unit
        numbers[f"{name} x W"] = float(reading.x[step] @ layer.parameters["kernel"][:, column])
        numbers[f"{name} h U"] = float(before @ layer.parameters["recurrent_kernel"][:, column])
        numbers[f"{name} b"] = float(bias[0, column])
        numbers[f"{name} b recurrent"] = float(bias[1, column]) if len(bias) > 1 else 0.0
    if reading.memory is not None:
        numbers["c before"] = float(reading.memory[step - 1, unit]) if step else 0.0
        numbers["c"] = float(reading.memory[step, unit])
    return numbers


@functools.cache
def _weights():
    return archives.read_arrays(WEIGHTS)


@functools.cache
def adding_reader(cell):
    """Return the network that was trained on the adding problem, in float64.

    Parameters
    ----------
    cell : {"simple_rnn", "lstm", "gru"}

    Returns
    -------
    Network
    """
    return _with_weights(adding_network(cell, dtype="float64"), f"adding/{cell}/")


@functools.cache
def character_reader(cell):
    """Return the network that has learnt to guess the next character, in float64.

    Parameters
    ----------
    cell : {"simple_rnn", "lstm", "gru"}

    Returns
    -------
    Network
    """
    return _with_weights(character_network(cell, dtype="float64"), f"characters/{cell}/")


def _with_weights(network, place):
    stored = {
        name.removeprefix(place): array
        for name, array in _weights().items()
        if name.startswith(place)
    }
    network.set_weights(stored)
    return network


@functools.cache
def adding_examples():
    """Return (x, y): twenty sequences of the adding problem that no network was trained on."""
    return tuple(_weights()[f"examples/{name}"].astype("float64") for name in ("x", "y"))


@functools.lru_cache(maxsize=64)
def read_adding(cell, example):
    """Return what the trained network does with one of `adding_examples`, counted from 0."""
    x, _ = adding_examples()
    return read(checks.choice("cell", cell, CELLS), adding_reader(cell), x[example])


def known_text(text):
    """Return (the text in small letters without what no reader has seen, what was left out).

    Parameters
    ----------
    text : str

    Returns
    -------
    str, str
    """
    text = checks.text("text", text).lower()
    unknown = "".join(sorted({letter for letter in text if letter not in ALPHABET[1:]}))
    return "".join(letter for letter in text if letter in ALPHABET[1:]), unknown


@functools.lru_cache(maxsize=64)
def read_text(cell, text):
    """Return what the trained network does while it reads a line from its start.

    Parameters
    ----------
    cell : {"simple_rnn", "lstm", "gru"}
    text : str
        Of characters that it knows; the end of the line before it is put in front.

    Returns
    -------
    Reading
        ``outputs`` are logits of the next character after each one.
    """
    network = character_reader(checks.choice("cell", cell, CELLS))
    numbers = np.array([ALPHABET.index(letter) for letter in "\n" + text])
    return read(cell, network, network.layers[0].parameters["embeddings"][numbers])


def shown(letter):
    """Return a character as a picture writes it: a space and the end of a line can be seen."""
    return _SHOWN.get(letter, letter)
