"""What a network that has learnt to guess the next character writes, and who judges it."""

import functools
import runpy

import numpy as np

from dlkit import checks
from dlkit.datasets import file_of
from dlkit.labs.recurrent_readers import read_text
from dlkit.labs.recurrent_training import ALPHABET

LONGEST_LINE = 120


def probabilities(logits, temperature=1.0):
    """Return softmax(logits / temperature).

    Parameters
    ----------
    logits : array_like
        (…, characters).
    temperature : float
        Above 0: near 0 the likeliest character takes all, large makes all alike.

    Returns
    -------
    numpy.ndarray
    """
    temperature = checks.number("temperature", temperature, above=0)
    scaled = checks.array("logits", logits, dtype="float64") / temperature
    shares = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return shares / shares.sum(axis=-1, keepdims=True)


def next_character(cell, text, temperature=1.0, seed=0):
    """Return a character drawn by its probability; the same arguments draw the same one.

    Parameters
    ----------
    cell, text
        As for `read_text`.
    temperature : float
    seed : int

    Returns
    -------
    str
        ``"\\n"`` says that the line ends here.
    """
    shares = probabilities(read_text(cell, text).outputs[-1], temperature)
    drawn = np.random.default_rng((seed, len(text))).random()
    place = np.searchsorted(np.cumsum(shares), drawn * shares.sum())
    return ALPHABET[min(int(place), len(ALPHABET) - 1)]


def write_lines(network, count, temperature=1.0, seed=0, start=""):
    """Return lines that a network writes, all at once, character by character.

    Parameters
    ----------
    network : Network
        As `character_reader` returns it.
    count : int
        How many lines.
    temperature : float
    seed : int
    start : str
        What all lines begin with.

    Returns
    -------
    list of str
        A line that has no end after 120 characters is cut there.
    """
    count = checks.whole_number("count", count)
    embedding, layer, dense = network.layers
    generator = np.random.default_rng(seed)
    states = [np.zeros((count, layer.units), network.dtype) for _ in layer.state_names]
    lines, ended = [start] * count, np.zeros(count, bool)
    given, drawn = ["\n", *start], []
    for place in range(LONGEST_LINE):
        letters = [given[place]] * count if place < len(given) else drawn
        numbers = [ALPHABET.index(letter) for letter in letters]
        states = layer.step(embedding.parameters["embeddings"][numbers], *states)
        states = states if isinstance(states, tuple) else (states,)
        if place < len(given) - 1:
            continue
        logits = states[0] @ dense.parameters["kernel"] + dense.parameters["bias"]
        ends = np.cumsum(probabilities(logits, temperature), axis=1)
        places = (generator.random((count, 1)) > ends[:, :-1]).sum(axis=1)
        drawn = [ALPHABET[i] for i in places]
        ended |= places == 0
        lines = [
            line if end else line + letter
            for line, end, letter in zip(lines, ended, drawn, strict=True)
        ]
        if ended.all():
            break
    return lines


@functools.cache
def obeys_grammar():
    """Return the corpus's own judge of lines, or None where the folder ``data/`` is not there."""
    try:
        path = file_of("sentences").with_name("generate.py")
    except FileNotFoundError:
        return None
    return runpy.run_path(str(path))["obeys_grammar"]
