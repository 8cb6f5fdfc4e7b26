"""The three small Transformers of lesson 11 and of AttentionLab: how they are built and trained.

``python -m dlkit.labs.attention_models`` trains them anew and writes the files that `trained` reads.
"""

import functools
import threading
from pathlib import Path

import numpy as np

from dlkit import checks, datasets, optimizers, schedules
from dlkit.datasets import characters
from dlkit.layers import (
    Dense,
    Embedding,
    LayerNormalization,
    PositionalEncoding,
    TransformerDecoder,
    TransformerEncoder,
)
from dlkit.network import Network

FOLDER = Path(__file__).parent / "trained"
SYMBOLS = "abcdefgh"
LETTERS = 10
"""Letters in a sequence that is to be reversed."""
CONTEXT = 48
"""Characters that the language model sees."""

_LOOKING = threading.Lock()


def reverser(positions=True, seed=0):
    """Return an untrained encoder that is to write a sequence of letters backwards.

    Parameters
    ----------
    positions : bool
        Whether it is told which place each letter has.
    seed : int
        Of the initial weights.

    Returns
    -------
    Network
        Takes (batch, 10) letters, gives (batch, 10, 8) probabilities.
    """
    positions = checks.truth_value("positions", positions)
    layers = [
        Embedding(len(SYMBOLS), 32),
        *([PositionalEncoding()] if positions else []),
        TransformerEncoder(intermediate_dim=64, num_heads=2, dropout=0.0),
        Dense(len(SYMBOLS), "softmax"),
    ]
    return Network(layers, (LETTERS,), seed=seed)


def train_reverser(network, seed=0, epochs=4):
    """Train it on 1,600 sequences, and return its share of right letters on 400 others."""
    data = datasets.reverse_copy(seed=seed)
    optimizer = optimizers.Adam(learning_rate=0.005)
    network.fit(data.x_train, data.y_train, optimizer=optimizer, epochs=epochs)
    return network.evaluate(data.x_validation, data.y_validation)["accuracy"]


def language_model(seed=0):
    """Return an untrained decoder that is to say which character comes next.

    Parameters
    ----------
    seed : int
        Of the initial weights.

    Returns
    -------
    Network
        Takes (batch, 48) characters, gives (batch, 48, 27) probabilities of the next one.
    """
    count = len(characters.alphabet())
    layers = [
        Embedding(count, 48),
        PositionalEncoding(kind="learned"),
        TransformerDecoder(96, num_heads=4, dropout=0.0, normalize_first=True),
        TransformerDecoder(96, num_heads=4, dropout=0.0, normalize_first=True),
        LayerNormalization(),
        Dense(count, "softmax"),
    ]
    return Network(layers, (CONTEXT,), seed=seed)


def train_language_model(network, epochs=7, batch_size=16):
    """Train it on the sentences of ``data/sentences``, and return the loss of the last epoch."""
    x, y = characters.windows(CONTEXT)
    steps = epochs * -(-len(x) // batch_size)
    warm = steps // 10
    rate = schedules.Warmup(schedules.CosineAnnealing(0.008, steps - warm), warm)
    optimizer = optimizers.Adam(learning_rate=rate)
    history = network.fit(x, y, optimizer=optimizer, epochs=epochs, batch_size=batch_size)
    return history.history["loss"][-1]


TRAINED = {
    "reverser": (lambda: reverser(), train_reverser),
    "reverser_without_positions": (lambda: reverser(positions=False), train_reverser),
    "language_model": (lambda: language_model(), train_language_model),
}
"""Name -> how it is built (seed 0), and how it is trained."""


@functools.cache
def trained(name):
    """Return one of the stored models; the same one each time, so do not train it further.

    Parameters
    ----------
    name : {"reverser", "reverser_without_positions", "language_model"}

    Returns
    -------
    Network

    Raises
    ------
    TypeError, ValueError
        If the name is unknown.
    FileNotFoundError
        If its file is not there.
    """
    return Network.load(FOLDER / f"{checks.choice('name', name, TRAINED)}.npz")


def look_inside(network, tokens):
    """Return the outputs of a model for one sequence, and the weights of each of its attentions.

    Parameters
    ----------
    network : Network
        With one `TransformerEncoder` or `TransformerDecoder` or more.
    tokens : array_like
        Whole numbers, (tokens,), no more than the network's time steps; what is missing is filled
        with zeros, which a causal model does not look at.

    Returns
    -------
    outputs : numpy.ndarray
        (tokens, classes).
    weights : list of numpy.ndarray
        For each layer (heads, tokens, tokens).
    """
    count = len(tokens)
    x = np.zeros((1, *network.input_shape), dtype="int64")
    x[0, :count] = tokens
    with _LOOKING:  # a network keeps what its last pass computed: one looks at a time
        outputs = network.predict(x)[0, :count]
        blocks = [layer for layer in network.layers if isinstance(layer, TransformerEncoder)]
        weights = [block.attention.weights[0, :, :count, :count].copy() for block in blocks]
    return outputs, weights


def write_files(folder=FOLDER):
    """Train all three with seed 0 and write their files; return name -> what the training said."""
    Path(folder).mkdir(exist_ok=True)
    said = {}
    for name, (build, train) in TRAINED.items():
        network = build()
        said[name] = train(network)
        network.save(Path(folder) / f"{name}.npz")
    return said


if __name__ == "__main__":
    for name, number in write_files().items():
        print(f"{name}: {number:.4f}")
