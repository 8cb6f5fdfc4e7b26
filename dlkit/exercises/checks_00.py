"""The checks and reference solutions of lesson 00's exercises about counting, 00.1 and 00.2."""

import numpy as np

from dlkit.exercises.judging import FunctionCheck, Mistake


# --- 00.1 ---------------------------------------------------------------------------------------
def count_parameters(sizes):
    """Return the number of weights and biases of dense layers, given all layer sizes in order."""
    total = 0
    for i in range(len(sizes) - 1):
        inputs, units = sizes[i], sizes[i + 1]
        total += inputs * units  # one weight from every input to every unit
        total += units  # one bias for every unit
    return total


def _parameters_laid_out(sizes):
    arrays = [np.empty((sizes[i] + 1, sizes[i + 1])) for i in range(len(sizes) - 1)]
    return sum(array.size for array in arrays)


def _weights(sizes):
    return sum(sizes[i] * sizes[i + 1] for i in range(len(sizes) - 1))


PARAMETERS = FunctionCheck(
    arguments=("sizes",),
    cases=lambda: [([13, 24, 6, 3],), ([5, 2],), ([7, 9, 4],)],
    oracle=_parameters_laid_out,
    praise="Each unit has one weight for every input, and one bias.",
    mistakes=(
        Mistake(
            "You forgot the biases: each unit has one besides its weights. The input layer has "
            "none, it only holds the data.",
            _weights,
        ),
        Mistake(
            "You counted biases for the input layer too. It only holds the data: its size counts "
            "as inputs of the next layer, no more.",
            lambda sizes: _weights(sizes) + sum(sizes),
        ),
        Mistake(
            "You added one bias per layer. Each unit has a bias of its own.",
            lambda sizes: _weights(sizes) + len(sizes) - 1,
        ),
        Mistake(
            "You added one bias per input. A bias belongs to a unit, however many inputs it has: "
            "add `sizes[i + 1]` for each pair.",
            lambda sizes: _weights(sizes) + sum(sizes[:-1]),
        ),
        Mistake(
            "You left out the biases of the output units. They have one each, as all units have.",
            lambda sizes: _weights(sizes) + sum(sizes[1:-1]),
        ),
        Mistake(
            "You counted the units, not their connections: every unit has one weight for every "
            "unit of the layer before it.",
            sum,
        ),
        Mistake(
            "You counted the first layer only. Go through all neighbouring pairs of sizes; a `return` "
            "inside the loop ends it too early.",
            lambda sizes: (sizes[0] + 1) * sizes[1],
        ),
        Mistake(
            "You left out the last layer. The output units have weights and biases as well.",
            lambda sizes: _parameters_laid_out(sizes[:-1]) if len(sizes) > 2 else 0,
        ),
        Mistake(
            "You multiplied all sizes with each other. Weights connect neighbouring layers only, "
            "so multiply pair by pair, and add.",
            lambda sizes: int(np.prod(sizes)),
        ),
    ),
)


# --- 00.2 ---------------------------------------------------------------------------------------
def count_updates(samples, batch_size, epochs):
    """Return how often the weights change in a run; the last batch of an epoch may be smaller."""
    import math  # here, so that the solution runs as it is shown

    batches = math.ceil(samples / batch_size)  # rounded up: the rest makes a batch of its own
    return batches * epochs


def _updates_by_walking(samples, batch_size, epochs):
    return len([start for _ in range(epochs) for start in range(0, samples, batch_size)])


UPDATES = FunctionCheck(
    arguments=("samples", "batch_size", "epochs"),
    cases=lambda: [(1000, 48, 7), (96, 32, 3), (10, 64, 4)],
    oracle=_updates_by_walking,
    praise="Smaller batches mean more updates per epoch, from the same data.",
    mistakes=(
        Mistake(
            "You dropped the last, smaller batch. What is left over trains too: round the number "
            "of batches up.",
            lambda samples, batch_size, epochs: samples // batch_size * epochs,
        ),
        Mistake(
            "That is one epoch only. The run goes through all batches once in every epoch.",
            lambda samples, batch_size, epochs: -(-samples // batch_size),
        ),
        Mistake(
            "You rounded up once for the whole run. Each epoch ends with its own smaller batch, so "
            "round up first and multiply afterwards.",
            lambda samples, batch_size, epochs: -(-samples * epochs // batch_size),
        ),
        Mistake(
            "You always add one batch. When the batch size divides the number of samples, nothing "
            "is left over.",
            lambda samples, batch_size, epochs: (samples // batch_size + 1) * epochs,
        ),
        Mistake(
            "You rounded to the nearest whole number. A rest of any size makes a batch: always "
            "round up.",
            lambda samples, batch_size, epochs: round(samples / batch_size) * epochs,
        ),
        Mistake(
            "That is a broken number of updates. A batch is trained on whole or not at all: round "
            "the number of batches up.",
            lambda samples, batch_size, epochs: samples / batch_size * epochs,
        ),
        Mistake(
            "That is the number of samples seen. One update uses a whole batch of them.",
            lambda samples, batch_size, epochs: samples * epochs,
        ),
    ),
)
