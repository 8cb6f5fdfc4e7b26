"""One seed, several independent streams: changing one leaves the others alone."""

import numpy as np

from dlkit import checks

STREAMS = ("weights", "shuffling", "dropout", "noise")


def stream(seed, name, *child):
    """Return the seed sequence of one stream, or of a child of it (O'Neill 2015).

    Parameters
    ----------
    seed : int
        0 or more.
    name : str
        ``"weights"``, ``"shuffling"``, ``"dropout"`` or ``"noise"``.
    *child : int
        Number of the child, from 0: what ``spawn`` of NumPy's SeedSequence would give.

    Returns
    -------
    numpy.random.SeedSequence
        Always the same for the same arguments.

    Raises
    ------
    TypeError, ValueError
        If the seed is no whole number of 0 or more, or the name is unknown.
    """
    seed = checks.whole_number("seed", seed, minimum=0)
    checks.choice("name", name, STREAMS)
    return np.random.SeedSequence(seed, spawn_key=(STREAMS.index(name), *child))


def check_generator(generator):
    """Return ``generator`` if it is one of NumPy's, or raise ``TypeError``."""
    if not isinstance(generator, np.random.Generator):
        raise TypeError(
            "generator must be a numpy.random.Generator, but got "
            f"{checks.describe(generator)}. Write numpy.random.default_rng(0), for example."
        )
    return generator


def generators(seed, name, count):
    """Return ``count`` independent generators of one stream (arguments as in `stream`)."""
    return [np.random.default_rng(stream(seed, name, child)) for child in range(count)]


def restart(layers, seed):
    """Give each layer a stream of its own for dropout, from its beginning.

    Parameters
    ----------
    layers : list of Layer
    seed : int
        0 or more.

    Raises
    ------
    TypeError, ValueError
        If the seed is no whole number of 0 or more.
    """
    seed = checks.whole_number("seed", seed, minimum=0)
    for child, layer in enumerate(layers):
        layer.draw_from(seed, child)
