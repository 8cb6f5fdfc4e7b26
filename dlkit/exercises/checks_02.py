"""The checks and reference solutions of exercises 02.1 and 02.4: a batch forward, and its score."""

import math

import numpy as np

from dlkit.exercises.judging import FunctionCheck, Mistake


# --- 02.1 ----------------------------------------------------------------------------------------
def two_layers(x, w1, b1, w2, b2):
    """Return the class probabilities of a network with a tanh layer and a softmax layer."""
    a = np.tanh(x @ w1 + b1)  # (batch, hidden)
    z = a @ w2 + b2  # (batch, classes)
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def _networks():
    generator = np.random.default_rng(21)
    cases = []
    for batch, inputs, hidden, classes in ((5, 3, 4, 2), (2, 4, 6, 3)):
        x = generator.normal(size=(batch, inputs))
        w1, b1 = generator.normal(size=(inputs, hidden)), generator.normal(size=hidden) * 0.4
        w2, b2 = generator.normal(size=(hidden, classes)) * 0.5, generator.normal(size=classes)
        cases.append((x, w1, b1, w2, b2))
    return cases


def _one_sample_after_another(x, w1, b1, w2, b2):
    answers = []
    for sample in x:
        hidden = []
        for unit in range(len(b1)):
            total = b1[unit] + sum(sample[i] * w1[i, unit] for i in range(len(sample)))
            hidden.append(math.tanh(total))
        powers = []
        for c in range(len(b2)):
            powers.append(math.exp(b2[c] + sum(hidden[u] * w2[u, c] for u in range(len(hidden)))))
        answers.append([power / sum(powers) for power in powers])
    return np.array(answers)


def _softmax(z, axis=1):
    e = np.exp(z)
    return e / e.sum(axis=axis, keepdims=True)


def _shares(z):
    return z / z.sum(axis=1, keepdims=True)


FORWARD = FunctionCheck(
    arguments=("x", "w1", "b1", "w2", "b2"),
    cases=_networks,
    oracle=_one_sample_after_another,
    praise="Two matrix products, two bends, and each row is a probability for each class.",
    mistakes=(
        Mistake(
            "The hidden layer has ReLU, as in the lesson. Asked was tanh: np.tanh(z).",
            lambda x, w1, b1, w2, b2: _softmax(np.maximum(x @ w1 + b1, 0) @ w2 + b2),
        ),
        Mistake(
            "The bend between the layers is missing: without tanh the two layers are one.",
            lambda x, w1, b1, w2, b2: _softmax((x @ w1 + b1) @ w2 + b2),
        ),
        Mistake(
            "Those are the logits z. The softmax of the last layer is missing.",
            lambda x, w1, b1, w2, b2: np.tanh(x @ w1 + b1) @ w2 + b2,
        ),
        Mistake(
            "You divided the logits by their sum, so that a share can be negative. Softmax takes exp "
            "of each logit first.",
            lambda x, w1, b1, w2, b2: _shares(np.tanh(x @ w1 + b1) @ w2 + b2),
        ),
        Mistake(
            "Those are the chosen classes. Asked are the probabilities, one for each class: leave "
            "out the argmax.",
            lambda x, w1, b1, w2, b2: (np.tanh(x @ w1 + b1) @ w2 + b2).argmax(axis=1),
        ),
        Mistake(
            "Your softmax runs down the batch, so that samples share their probability. Each row "
            "must add up to 1: use axis 1, with keepdims=True.",
            lambda x, w1, b1, w2, b2: _softmax(np.tanh(x @ w1 + b1) @ w2 + b2, axis=0),
        ),
        Mistake(
            "Your softmax divides by the sum over the whole batch. Each row must add up to 1: sum "
            "along axis 1, with keepdims=True.",
            lambda x, w1, b1, w2, b2: _softmax(np.tanh(x @ w1 + b1) @ w2 + b2, axis=(0, 1)),
        ),
        Mistake(
            "You forgot the bias b1 of the hidden layer.",
            lambda x, w1, b1, w2, b2: _softmax(np.tanh(x @ w1) @ w2 + b2),
        ),
        Mistake(
            "You forgot the bias b2 of the last layer.",
            lambda x, w1, b1, w2, b2: _softmax(np.tanh(x @ w1 + b1) @ w2),
        ),
        Mistake(
            "b1 came after the tanh. It belongs inside: np.tanh(x @ w1 + b1).",
            lambda x, w1, b1, w2, b2: _softmax((np.tanh(x @ w1) + b1) @ w2 + b2),
        ),
        Mistake(
            "There is a tanh on the last layer too. It presses the logits between −1 and 1 before the "
            "softmax sees them.",
            lambda x, w1, b1, w2, b2: _softmax(np.tanh(np.tanh(x @ w1 + b1) @ w2 + b2)),
        ),
        Mistake(
            "That is a sigmoid for each class on its own; the rows do not add up to 1. Asked was "
            "softmax.",
            lambda x, w1, b1, w2, b2: 1 / (1 + np.exp(-(np.tanh(x @ w1 + b1) @ w2 + b2))),
        ),
        Mistake(
            "The hidden layer has a sigmoid. Asked was tanh: np.tanh(z).",
            lambda x, w1, b1, w2, b2: _softmax(1 / (1 + np.exp(-(x @ w1 + b1))) @ w2 + b2),
        ),
    ),
)


# --- 02.4 ----------------------------------------------------------------------------------------
def balanced_accuracy(p, labels):
    """Return the mean, over the classes that occur, of the share of each that is found."""
    said = p.argmax(axis=1)
    return np.mean([np.mean(said[labels == c] == c) for c in np.unique(labels)])


def _imbalanced():
    generator = np.random.default_rng(24)
    cases = []
    for labels, classes in (
        ([0, 0, 0, 0, 0, 0, 1, 1, 2, 0, 0], 4),  # class 3 does not occur
        ([1, 1, 0, 1, 1, 1, 0], 2),
    ):
        labels = np.array(labels)
        z = generator.normal(size=(len(labels), classes)) + 1.2 * np.eye(classes)[labels]
        z[:, -1] -= 0.2
        cases.append((_softmax(z), labels))
    return cases


def _by_counting(p, labels):
    right, there = {}, {}
    for row, label in zip(p.tolist(), labels.tolist(), strict=True):
        there[label] = there.get(label, 0) + 1
        right[label] = right.get(label, 0) + (row.index(max(row)) == label)
    return sum(right[c] / there[c] for c in there) / len(there)


def _said(p):
    return p.argmax(axis=1)


def _recalls(p, labels, classes):
    return [np.mean(_said(p)[labels == c] == c) if np.any(labels == c) else 0.0 for c in classes]


def _precisions(p, labels, classes=None):
    said, classes = _said(p), np.unique(labels) if classes is None else classes
    return [np.mean(labels[said == c] == c) if np.any(said == c) else 0.0 for c in classes]


BALANCED = FunctionCheck(
    arguments=("p", "labels"),
    cases=_imbalanced,
    oracle=_by_counting,
    praise="Whoever always says no has 1 / (number of classes) by this measure, not 95 %.",
    mistakes=(
        Mistake(
            "That is the plain accuracy: the large class outvotes the small ones. First take the "
            "share found within each class, then the mean of those shares.",
            lambda p, y: np.mean(_said(p) == y),
        ),
        Mistake(
            "You counted classes that do not occur in the labels as 0. Of nothing no share can be "
            "found: take the mean over the classes that occur (np.unique).",
            lambda p, y: np.mean(_recalls(p, y, range(p.shape[1]))),
        ),
        Mistake(
            "Your result is not a number (nan) where a class does not occur in the labels: the mean "
            "of nothing. Go through the classes that occur, `np.unique(labels)`.",
            lambda p, y: np.nan if len(np.unique(y)) < p.shape[1] else _by_counting(p, y),
        ),
        Mistake(
            "You took the share among the samples that were called a class (the precision). "
            "Asked is the share among those that are of the class.",
            lambda p, y: np.mean(_precisions(p, y)),
        ),
        Mistake(
            "You took the share among the samples that were called a class (the precision). "
            "Asked is the share among those that are of the class.",
            lambda p, y: np.mean(_precisions(p, y, np.unique(_said(p)))),
        ),
        Mistake(
            "You took the share among the samples that were called a class (the precision). "
            "Asked is the share among those that are of the class.",
            lambda p, y: np.mean(_precisions(p, y, range(p.shape[1]))),
        ),
        Mistake(
            "That is the share found of class 1 alone. Asked is the mean over all classes.",
            lambda p, y: _recalls(p, y, [1])[0],
        ),
        Mistake(
            "You took the mean of the answers themselves within each class. Compare them with the "
            "class first: `said[labels == c] == c`.",
            lambda p, y: np.mean([np.mean(_said(p)[y == c]) for c in np.unique(y)]),
        ),
        Mistake(
            "Within each class all samples count with you, those of the other classes too. Take "
            "only the samples of the class, `labels == c`.",
            lambda p, y: np.mean([np.mean((_said(p) == c) == (y == c)) for c in np.unique(y)]),
        ),
        Mistake(
            "Those are the shares of the classes, one by one. Asked is their mean.",
            lambda p, y: np.array(_recalls(p, y, np.unique(y))),
        ),
        Mistake(
            "That is a percentage. Asked was a share between 0 and 1.",
            lambda p, y: 100 * np.mean(_recalls(p, y, np.unique(y))),
        ),
        Mistake(
            "You took the best class only. Asked is the mean of the shares.",
            lambda p, y: np.max(_recalls(p, y, np.unique(y))),
        ),
        Mistake(
            "You took the mean probability of the true class. Asked is how often the class with "
            "the largest probability is the true one.",
            lambda p, y: np.mean([p[y == c, c].mean() for c in np.unique(y)]),
        ),
    ),
)
