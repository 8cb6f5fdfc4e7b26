"""The checks and reference solutions of lesson 00's exercises."""

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
            "You counted the units, not their connections: every unit has one weight for every "
            "unit of the layer before it.",
            sum,
        ),
        Mistake(
            "You counted the first layer only. Go through all neighbouring pairs of sizes.",
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


# --- 00.3 ---------------------------------------------------------------------------------------
def accuracy_of(probabilities, labels):
    """Return the share of samples whose most probable class is their label."""
    predicted = np.argmax(probabilities, axis=1)  # (batch,)
    return np.mean(predicted == labels)


def _predictions():
    generator = np.random.default_rng(6)
    cases = []
    for batch, classes in ((7, 4), (11, 5)):
        probabilities = generator.dirichlet(np.full(classes, 0.8), size=batch)
        labels = probabilities.argmax(axis=1)
        labels[::3] = (labels[::3] + 1) % classes
        cases.append((probabilities, labels))
    return cases


def _accuracy_by_counting(probabilities, labels):
    hits = 0
    for row, label in zip(probabilities, labels, strict=True):
        hits += all(row[label] >= value for value in row)
    return hits / len(labels)


ACCURACY = FunctionCheck(
    arguments=("probabilities", "labels"),
    cases=_predictions,
    oracle=_accuracy_by_counting,
    praise="The most probable class counts, however sure the network was of it.",
    mistakes=(
        Mistake(
            "That is the number of hits. Divide by the number of samples to get a share.",
            lambda p, y: np.sum(p.argmax(1) == y),
        ),
        Mistake(
            "That is the share of errors. Accuracy is the share that is right.",
            lambda p, y: np.mean(p.argmax(1) != y),
        ),
        Mistake(
            "That is a percentage. An accuracy lies between 0 and 1: do not multiply by 100.",
            lambda p, y: 100 * np.mean(p.argmax(1) == y),
        ),
        Mistake(
            "You averaged the probability of the right class. Accuracy asks only whether that "
            "class came first.",
            lambda p, y: np.mean(p[np.arange(len(y)), y]),
        ),
        Mistake(
            "You asked whether the right class has more than 0.5. With more than two classes the "
            "most probable one may have less.",
            lambda p, y: np.mean(p[np.arange(len(y)), y] > 0.5),
        ),
        Mistake(
            "You took the least probable class. Look for the largest probability of each row.",
            lambda p, y: np.mean(p.argmin(1) == y),
        ),
        Mistake(
            "You returned one truth value per sample. Their mean is the accuracy.",
            lambda p, y: p.argmax(1) == y,
        ),
    ),
)


# --- 00.4 ---------------------------------------------------------------------------------------
def best_epoch_and_gap(history):
    """Return the epoch (counted from 1) with the lowest validation loss, and the gap there."""
    index = int(np.argmin(history["val_loss"]))
    gap = history["val_loss"][index] - history["loss"][index]
    return index + 1, gap


def _histories():
    return [
        (
            {
                "loss": [1.31, 0.74, 0.52, 0.41, 0.33, 0.29],
                "val_loss": [1.22, 0.81, 0.66, 0.63, 0.71, 0.78],
                "val_accuracy": [0.58, 0.74, 0.79, 0.80, 0.83, 0.81],
            },
        ),
        (
            {
                "loss": [0.93, 0.61, 0.48, 0.35, 0.36],
                "val_loss": [0.84, 0.57, 0.60, 0.72, 0.65],
                "val_accuracy": [0.71, 0.80, 0.86, 0.83, 0.79],
            },
        ),
    ]


def _best_by_walking(history):
    best, lowest, gap = 0, float("inf"), 0.0
    for epoch, (loss, val_loss) in enumerate(
        zip(history["loss"], history["val_loss"], strict=True), start=1
    ):
        if val_loss < lowest:
            best, lowest, gap = epoch, val_loss, val_loss - loss
    return best, gap


HISTORY = FunctionCheck(
    arguments=("history",),
    cases=_histories,
    oracle=_best_by_walking,
    results=("epoch", "gap"),
    praise="That is how early stopping chooses the weights which it brings back.",
    mistakes=(
        Mistake(
            "You counted the epochs from 0, as Python counts its lists. The first epoch is epoch "
            "1: add one.",
            lambda history: int(np.argmin(history["val_loss"])),
        ),
        Mistake(
            "You looked for the lowest training loss. It keeps falling while the network learns by "
            "heart; the validation loss tells which epoch was best.",
            lambda history: int(np.argmin(history["loss"])) + 1,
        ),
        Mistake(
            "You took the last epoch. Training often goes on after the best one.",
            lambda history: len(history["loss"]),
        ),
        Mistake(
            "You looked for the highest validation loss. A loss is good when it is low.",
            lambda history: int(np.argmax(history["val_loss"])) + 1,
        ),
        Mistake(
            "You looked for the best validation accuracy. Asked was the lowest validation loss; "
            "the two need not agree.",
            lambda history: int(np.argmax(history["val_accuracy"])) + 1,
        ),
        Mistake(
            "Your gap has the wrong sign: it is validation loss minus training loss, so that it "
            "grows when the network overfits.",
            lambda history: -_best_by_walking(history)[1],
            part=1,
        ),
        Mistake(
            "You took the gap at the last epoch. Take it at the best one.",
            lambda history: history["val_loss"][-1] - history["loss"][-1],
            part=1,
        ),
        Mistake(
            "You took the two minima from different epochs. Both losses must come from the best "
            "epoch.",
            lambda history: min(history["val_loss"]) - min(history["loss"]),
            part=1,
        ),
    ),
)
