"""Train the small recurrent networks that RecurrentLab looks into.

``python -m dlkit.labs.recurrent_training`` trains them again, in some minutes, and writes
``trained/recurrent.npz`` beside this file.
"""

from pathlib import Path

import numpy as np

from dlkit import Network, checks, losses, optimizers
from dlkit.datasets import adding_problem, file_of
from dlkit.files import write_atomically
from dlkit.layers import GRU, LSTM, Dense, Embedding, SimpleRNN

CELLS = {"simple_rnn": SimpleRNN, "lstm": LSTM, "gru": GRU}
WEIGHTS = Path(__file__).parent / "trained" / "recurrent.npz"
ADDING_LENGTH, ADDING_UNITS = 60, 16
CHARACTER_UNITS, EMBEDDING, WINDOW = 64, 16, 96
EXAMPLES = 20
ALPHABET = "\n .abcdefghiklmnopqrstuvwxy"
"""The characters of ``data/sentences``; the end of a line comes first. There is no j and no z."""

_RATES = {"simple_rnn": 0.003, "lstm": 0.01, "gru": 0.005}


def adding_network(cell, seed=0, dtype="float32"):
    """Return a network for the adding problem, untrained: 16 units, then one number.

    Parameters
    ----------
    cell : {"simple_rnn", "lstm", "gru"}
    seed : int
        Fixes the initial weights.
    dtype : {"float32", "float64"}

    Returns
    -------
    Network
    """
    layer = CELLS[checks.choice("cell", cell, CELLS)]
    layers = [layer(ADDING_UNITS), Dense(1)]
    return Network(layers, input_shape=(ADDING_LENGTH, 2), seed=seed, dtype=dtype)


def character_network(cell, seed=0, dtype="float32"):
    """Return a network that gives a logit to each character that may come next, untrained.

    Parameters are those of `adding_network`.

    Returns
    -------
    Network
        It takes 96 numbers of characters; its recurrent layer, called alone, takes any number.
    """
    layer = CELLS[checks.choice("cell", cell, CELLS)]
    layers = [
        Embedding(len(ALPHABET), EMBEDDING),
        layer(CHARACTER_UNITS, return_sequences=True),
        Dense(len(ALPHABET)),
    ]
    return Network(layers, input_shape=(WINDOW,), seed=seed, dtype=dtype)


def adding_data():
    """Return the adding problem with 60 time steps: 2,000 sequences to train on, 500 held out."""
    return adding_problem(samples=2500, length=ADDING_LENGTH)


def train_adding(cell, seed=0, epochs=20):
    """Return a network trained on the adding problem with 60 time steps.

    Parameters
    ----------
    cell, seed
        As for `adding_network`; the sequences are always the same.
    epochs : int

    Returns
    -------
    Network
    """
    data, network = adding_data(), adding_network(cell, seed)
    network.fit(
        data.x_train,
        data.y_train,
        epochs=epochs,
        batch_size=50,
        optimizer=optimizers.Adam(learning_rate=0.02, global_clipnorm=1.0),
        loss="mean_squared_error",
    )
    return network


def corpus_lines():
    """Return (lines to train on, lines held out): the different sentences of ``data/sentences``."""
    lines = list(dict.fromkeys(file_of("sentences").read_text("utf-8").splitlines()))
    order = np.random.default_rng(0).permutation(len(lines))
    return [lines[i] for i in order[500:]], [lines[i] for i in order[:500]]


def windows(lines):
    """Return (x, y), each (windows, 96): characters as numbers, and the one after each.

    Every window begins where a line begins, because that is where the state is 0; the next is the
    first line that begins near its end. What lies between is read after another shuffling.
    """
    numbers = np.array([ALPHABET.index(letter) for letter in "\n" + "\n".join(lines) + "\n"])
    starts = np.flatnonzero(numbers == 0)
    starts = starts[starts + WINDOW < len(numbers)]
    chosen = [starts[0]]
    for start in starts:
        if start >= chosen[-1] + WINDOW - 20:
            chosen.append(start)
    found = numbers[np.array(chosen)[:, None] + np.arange(WINDOW + 1)]
    return found[:, :-1], found[:, 1:]


def train_characters(cell, seed=0, epochs=60):
    """Return a network that has learnt to guess the next character of ``data/sentences``.

    Parameters
    ----------
    cell, seed
        As for `adding_network`.
    epochs : int

    Returns
    -------
    Network
    """
    lines, _ = corpus_lines()
    network, generator = character_network(cell, seed), np.random.default_rng(seed)
    loss = losses.SparseCategoricalCrossentropy(from_logits=True)
    optimizer = optimizers.Adam(global_clipnorm=1.0)
    for epoch in range(epochs):
        # a cosine from the full learning rate down to a tenth of it
        share = 0.1 + 0.45 * (1 + np.cos(np.pi * epoch / epochs))
        optimizer.learning_rate = _RATES[cell] * share
        x, y = windows([lines[i] for i in generator.permutation(len(lines))])
        for start in range(0, len(x), 32):
            few = slice(start, start + 32)
            network.loss_and_gradients(x[few], y[few], loss)
            optimizer.apply(network.gradients, network.parameters)
    return network


def main():
    """Train all six networks; store their weights, and sequences that they were not trained on."""
    data = adding_data()
    arrays = {"examples/x": data.x_validation[:EXAMPLES]}
    arrays["examples/y"] = data.y_validation[:EXAMPLES, 0]
    for task, train in (("adding", train_adding), ("characters", train_characters)):
        for cell in CELLS:
            print(f"{task}: {cell}", flush=True)
            for name, array in train(cell).get_weights().items():
                arrays[f"{task}/{cell}/{name}"] = array
    write_atomically(WEIGHTS, lambda file: np.savez_compressed(file, **arrays))


if __name__ == "__main__":
    main()
