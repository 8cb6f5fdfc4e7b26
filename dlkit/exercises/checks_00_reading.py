"""The checks and reference solutions of lesson 00's exercises about reading results, 00.3 and 00.4."""

import numpy as np

from dlkit.exercises.judging import FunctionCheck, Mistake


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
        # The surest row comes first and is right: then argmax without an axis finds a class, too.
        first = probabilities.max(axis=1).argmax()
        probabilities[[0, first]] = probabilities[[first, 0]]
        labels = probabilities.argmax(axis=1)
        labels[1::3] = (labels[1::3] + 1) % classes
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
        Mistake(
            "You returned the chosen class of each sample. Compare them with the labels, and take "
            "the mean.",
            lambda p, y: p.argmax(1),
        ),
        Mistake(
            "You looked for the largest value of the whole array. Each row needs its own: "
            "`axis=1`.",
            lambda p, y: np.mean(p.argmax() == y),
        ),
        Mistake(
            "You compared the largest probability itself with the label. The class is its position "
            "in the row.",
            lambda p, y: np.mean(p.max(1) == y),
        ),
        Mistake(
            "You counted the first sample only. A `return` inside the loop ends it too early.",
            lambda p, y: (p[0].argmax() == y[0]) / len(y),
        ),
        Mistake(
            "You rounded the result. Return all its digits, and round only where you print it.",
            lambda p, y: round(float(np.mean(p.argmax(1) == y)), 2),
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
