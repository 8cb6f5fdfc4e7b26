"""The checks and reference solutions of lesson 00's exercises about reading results, 00.3 and 00.4."""

import numpy as np

from dlkit.exercises.judging import FunctionCheck, Mistake


# --- 00.3 ---------------------------------------------------------------------------------------
def accuracy_of_two(probabilities, labels):
    """Return the share of samples whose label is among their two most probable classes."""
    first_two = np.argsort(probabilities, axis=1)[:, -2:]  # (batch, 2): argsort is rising
    found = (first_two == labels[:, None]).any(axis=1)  # (batch,)
    return np.mean(found)


def _predictions():
    generator = np.random.default_rng(6)
    cases = []
    for batch, classes in ((7, 4), (11, 5)):
        probabilities = generator.dirichlet(np.full(classes, 0.8), size=batch)
        ranks = np.array([0, 1, 2, 1, 0, 3, 0, 2, 1, 3, 0])[:batch]  # 0: the label came first
        order = np.argsort(-probabilities, axis=1)
        cases.append((probabilities, order[np.arange(batch), ranks]))
    return cases


def _two_by_counting(probabilities, labels):
    hits = 0
    for row, label in zip(probabilities, labels, strict=True):
        hits += sum(value > row[label] for value in row) < 2
    return hits / len(labels)


def _places(probabilities, where):
    """The classes at some places of each row's rising order."""
    return np.argsort(probabilities, axis=1)[:, where]


def _found(probabilities, labels, where=slice(-2, None)):
    return (_places(probabilities, where) == labels[:, None]).any(axis=1)


ACCURACY = FunctionCheck(
    arguments=("probabilities", "labels"),
    cases=_predictions,
    oracle=_two_by_counting,
    praise="With many classes that look alike, people often ask for the first two, or the first five.",
    mistakes=(
        Mistake(
            "That is the plain accuracy, for which the label must come first. Asked is whether it "
            "is among the first two.",
            lambda p, y: np.mean(p.argmax(1) == y),
        ),
        Mistake(
            "That is how often the label comes second. It may come first, too.",
            lambda p, y: np.mean(_places(p, -2) == y),
        ),
        Mistake(
            "That is the number of hits. Divide by the number of samples to get a share.",
            lambda p, y: np.sum(_found(p, y)),
        ),
        Mistake(
            "That is the share of misses. Asked is the share of labels among the first two.",
            lambda p, y: 1 - np.mean(_found(p, y)),
        ),
        Mistake(
            "That is a percentage. A share lies between 0 and 1: do not multiply by 100.",
            lambda p, y: 100 * np.mean(_found(p, y)),
        ),
        Mistake(
            "That is half of it: you took the mean over both classes of each sample. One of the two "
            "is enough: `.any(axis=1)` first, then the mean.",
            lambda p, y: np.mean(_places(p, slice(-2, None)) == y[:, None]),
        ),
        Mistake(
            "You took the two least probable classes. `np.argsort` sorts from small to large: the "
            "last two places, `[:, -2:]`.",
            lambda p, y: np.mean(_found(p, y, slice(0, 2))),
        ),
        Mistake(
            "You let the first three classes count. Asked are the first two.",
            lambda p, y: np.mean(_found(p, y, slice(-3, None))),
        ),
        Mistake(
            "You averaged the probability of the right class. Asked is only whether that class is "
            "among the first two.",
            lambda p, y: np.mean(p[np.arange(len(y)), y]),
        ),
        Mistake(
            "Nothing agrees with you. Do you compare the probabilities themselves with the labels? "
            "`np.argsort` gives the classes, `np.sort` does not.",
            lambda p, y: np.mean((np.sort(p, axis=1)[:, -2:] == y[:, None]).any(axis=1)),
        ),
        Mistake(
            "You returned one truth value per sample. Their mean is the share.",
            lambda p, y: _found(p, y),
        ),
        Mistake(
            "You returned the two classes of each sample. Compare them with the labels, and take "
            "the mean of those found.",
            lambda p, y: _places(p, slice(-2, None)),
        ),
        Mistake(
            "You counted the first sample only. A `return` inside the loop ends it too early.",
            lambda p, y: _found(p, y)[0] / len(y),
        ),
        Mistake(
            "You rounded the result. Return all its digits, and round only where you print it.",
            lambda p, y: round(float(np.mean(_found(p, y))), 2),
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
                "val_loss": [0.74, 0.57, 0.60, 0.72, 0.86],
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


def _gap_one_too_late(history):
    epoch, _ = _best_by_walking(history)
    return history["val_loss"][epoch] - history["loss"][epoch]


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
            "`epoch` is the lowest loss itself. Return the epoch in which it was reached: its "
            "position in the list, plus one.",
            lambda history: min(history["val_loss"]),
        ),
        Mistake(
            "Your gap has the wrong sign: it is validation loss minus training loss, so that it "
            "grows when the network overfits.",
            lambda history: -_best_by_walking(history)[1],
            part=1,
        ),
        Mistake(
            "Your gap is never negative. Leave its sign: below 0 the network does better on data "
            "that it has not seen.",
            lambda history: abs(_best_by_walking(history)[1]),
            part=1,
        ),
        Mistake(
            "You took the gap one epoch too late: epoch 1 stands at position 0 of the lists.",
            _gap_one_too_late,
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
