"""The checks and reference solutions of exercises 02.2, 02.3 and 02.5: losses of one's own."""

import numpy as np

from dlkit.exercises.judging import FunctionCheck, Mistake
from dlkit.exercises.registry import WrongAnswer
from dlkit.exercises.running import Mistaken, call


# --- 02.2 ----------------------------------------------------------------------------------------
def pinball(y_true, y_pred, q):
    """Return the mean pinball loss: q e where the prediction is too low, (1 - q) |e| above."""
    e = y_true - y_pred  # positive: too little was predicted
    return np.mean(np.where(e > 0, q * e, (q - 1) * e))


def _bakery():
    generator = np.random.default_rng(22)
    return [
        (generator.normal(20, 5, 7), generator.normal(20, 4, 7), 0.8),
        (generator.normal(3, 2, 5), generator.normal(4, 2, 5), 0.35),
    ]


def _pinball_by_walking(y_true, y_pred, q):
    total = 0.0
    for t, y in zip(y_true, y_pred, strict=True):
        total += q * (t - y) if t > y else (1 - q) * (y - t)
    return total / len(y_true)


PINBALL = FunctionCheck(
    arguments=("y_true", "y_pred", "q"),
    cases=_bakery,
    oracle=_pinball_by_walking,
    praise="You have built a loss to measure. Exercise 02.5 asks which answer it wants.",
    mistakes=(
        Mistake(
            "The two sides have changed places: q counts where the prediction is too low, "
            "`y_true > y_pred`.",
            lambda t, y, q: np.mean(np.where(t < y, q * (y - t), (1 - q) * (t - y))),
        ),
        Mistake(
            "A side of your loss is negative: where the prediction is too high, the error must "
            "count with its size, `(1 - q) * (y_pred - y_true)`.",
            lambda t, y, q: np.mean(np.where(t > y, q * (t - y), (1 - q) * (t - y))),
        ),
        Mistake(
            "Too high a prediction costs nothing with you. It must cost (1 − q) per unit.",
            lambda t, y, q: np.mean(q * np.maximum(t - y, 0)),
        ),
        Mistake(
            "Too low a prediction costs nothing with you. It must cost q per unit.",
            lambda t, y, q: np.mean((1 - q) * np.maximum(y - t, 0)),
        ),
        Mistake(
            "You squared the error. Each unit costs the same here: no square.",
            lambda t, y, q: np.mean(np.where(t > y, q, 1 - q) * (t - y) ** 2),
        ),
        Mistake(
            "You added up all samples. Asked was the mean: two batches of different size must be "
            "comparable.",
            lambda t, y, q: np.sum(np.where(t > y, q, 1 - q) * np.abs(t - y)),
        ),
        Mistake(
            "That is one loss per sample. Asked was one number: take their mean.",
            lambda t, y, q: np.where(t > y, q, 1 - q) * np.abs(t - y),
        ),
        Mistake(
            "You wrote the 0.8 of the example into your function. The check takes other values of q "
            "too: use q and 1 − q.",
            lambda t, y, q: _pinball_by_walking(t, y, 0.8),
        ),
        Mistake(
            "With you a missing unit costs 4 and one left over 1. That is the right proportion for "
            "q = 0.8; asked are the costs q and 1 − q themselves.",
            lambda t, y, q: _pinball_by_walking(t, y, 0.8) * 5,
        ),
        Mistake(
            "Both sides cost q with you. Above the truth it is 1 − q.",
            lambda t, y, q: q * np.mean(np.abs(t - y)),
        ),
        Mistake(
            "That is the mean absolute error: q is not used.",
            lambda t, y, q: np.mean(np.abs(t - y)),
        ),
    ),
)


# --- 02.3 ----------------------------------------------------------------------------------------
def cross_entropy_from_logits(z, labels):
    """Return the mean over the classes of the mean over each one's samples of log Σ exp z - z_c."""
    largest = z.max(axis=1)  # goes out in front, so that no power overflows
    log_sum = largest + np.log(np.exp(z - largest[:, None]).sum(axis=1))
    each = log_sum - z[np.arange(len(z)), labels]  # (batch,)
    return np.mean([each[labels == c].mean() for c in np.unique(labels)])


def _logits():
    generator = np.random.default_rng(23)
    extreme = np.array([[1000.0, -1000.0, 2.0], [-1000.0, -1001.0, -999.5], [3.0, -1000.0, 1000.0]])
    return [
        (generator.normal(size=(5, 4)), np.array([0, 3, 1, 1, 0])),  # class 2 does not occur
        (extreme, np.array([2, 1, 0])),
    ]


def _of_each(z, labels):
    """The loss of each sample; the powers are added pairwise."""
    losses = []
    for row, c in zip(z, labels, strict=True):
        log_sum = row[0]
        for value in row[1:]:
            log_sum = np.logaddexp(log_sum, value)
        losses.append(log_sum - row[c])
    return np.array(losses)


def _class_by_class(each, labels, within=np.mean):
    return np.array([within(each[labels == c]) for c in np.unique(labels)])


def _exactly(z, labels):
    return _class_by_class(_of_each(z, labels), labels).mean()


def _rows(values, labels):
    return values[np.arange(len(labels)), labels]


def _shifted_log_sum(z):
    return np.log(np.exp(z - z.max(axis=1, keepdims=True)).sum(axis=1))


def _clipped(z, labels):
    p = np.exp(z - z.max(axis=1, keepdims=True)) / np.exp(_shifted_log_sum(z))[:, None]
    return -np.log(np.clip(_rows(p, labels), 1e-7, 1 - 1e-7))


_PLAIN_MEAN = (
    "That is the mean over all samples, where a large class outvotes the small ones. Take the mean "
    "within each class first, and then the mean over the classes."
)

FROM_LOGITS = FunctionCheck(
    arguments=("z", "labels"),
    cases=_logits,
    oracle=_exactly,
    praise="No overflow, and nothing is clipped: this is what from_logits=True does.",
    mistakes=(
        Mistake(
            "You clipped the probability before the logarithm, so a confident mistake never costs "
            "more than a certain amount. With logits nothing needs to be clipped: subtract the "
            "largest logit first.",
            lambda z, y: _class_by_class(_clipped(z, y), y).mean(),
        ),
        Mistake(
            "You took the largest logit out of the sum, which is right, but you did not add it "
            "again afterwards (or take it from the logit of the true class as well).",
            lambda z, y: _class_by_class(_shifted_log_sum(z) - _rows(z, y), y).mean(),
        ),
        Mistake(
            "`z[:, labels]` takes the columns of all labels for every sample. One logit is needed "
            "from each row: `z[np.arange(len(z)), labels]`.",
            lambda z, y: _class_by_class(
                (z.max(axis=1) + _shifted_log_sum(z))[:, None] - z[:, y], y
            ).mean(),
        ),
        Mistake(
            "The sign is wrong: the loss is log Σ exp z − z of the true class, never negative.",
            lambda z, y: -_exactly(z, y),
        ),
        Mistake(
            _PLAIN_MEAN,
            lambda z, y: _of_each(z, y).mean(),
        ),
        Mistake(
            "You added up the classes. Asked was their mean.",
            lambda z, y: _class_by_class(_of_each(z, y), y).sum(),
        ),
        Mistake(
            "You added up the samples of each class. Take their mean first, so that a large class "
            "counts no more than a small one.",
            lambda z, y: _class_by_class(_of_each(z, y), y, np.sum).mean(),
        ),
        Mistake(
            "That is the loss of each sample. Asked was one number: take the mean of each class, and "
            "the mean of those.",
            lambda z, y: _of_each(z, y),
        ),
        Mistake(
            "That is the mean of each class. Asked was one number: take the mean of these, too.",
            lambda z, y: _class_by_class(_of_each(z, y), y),
        ),
        Mistake(
            "The logarithm is to the base 2. Asked is the natural one, np.log.",
            lambda z, y: _exactly(z, y) / np.log(2),
        ),
        Mistake(
            "Only the first half is there, log Σ exp z. Subtract the logit of the true class.",
            lambda z, y: _class_by_class(z.max(axis=1) + _shifted_log_sum(z), y).mean(),
        ),
        Mistake(
            "You counted classes that do not occur in the labels as 0. Take the mean over those that "
            "occur: `np.unique(labels)`.",
            lambda z, y: _class_by_class(_of_each(z, y), y).sum() / z.shape[1],
        ),
        Mistake(
            "Your result is not a number (nan) where a class does not occur in the labels: the mean "
            "of nothing. Go through the classes that occur, `np.unique(labels)`.",
            lambda z, y: _exactly(z, y) if len(np.unique(y)) == z.shape[1] else np.nan,
        ),
    ),
)

_ONLY_MODERATE = (
    "With moderate logits your function is right, but not with ±1000: there e^1000 is infinite, and "
    "a probability of 0 has no logarithm (a small number added to it only hides that). Never compute "
    "the probability: take the largest logit of each row out of its sum, and subtract the true class's "
    "logit."
)


def examine_from_logits(answer):
    """Return the praise, or raise `Mistaken`, with its own words where only large logits fail."""
    try:
        return FROM_LOGITS(answer)
    except Mistaken as mistake:
        named = any(str(mistake) == known.message for known in FROM_LOGITS.mistakes)
        moderate = _logits()[0]
        if not named and callable(answer):
            result = call(answer, *moderate)
            if isinstance(result, float | np.floating):
                if np.isclose(result, _exactly(*moderate), rtol=1e-5):
                    raise Mistaken(_ONLY_MODERATE) from None
                if np.isclose(result, _of_each(*moderate).mean(), rtol=1e-5):
                    raise Mistaken(_PLAIN_MEAN) from None
        raise


examine_from_logits.cases = _logits


def _textbook(z, labels):
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    return -_class_by_class(np.log(_rows(p, labels)), labels).mean()


def _with_a_small_number(z, labels):
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    return -_class_by_class(np.log(_rows(p, labels) + 1e-12), labels).mean()


def _one_largest_for_all(z, labels):
    e = np.exp(z - z.max())
    return _class_by_class(np.log(e.sum(axis=1)) + z.max() - _rows(z, labels), labels).mean()


def _plain_textbook(z, labels):
    return -np.mean(np.log(_rows(np.exp(z) / np.exp(z).sum(axis=1, keepdims=True), labels)))


FROM_LOGITS_WRONG = (
    *FROM_LOGITS.wrong_answers(),
    *(
        WrongAnswer(answer, _ONLY_MODERATE)
        for answer in (_textbook, _with_a_small_number, _one_largest_for_all)
    ),
    WrongAnswer(_plain_textbook, _PLAIN_MEAN),
)


# --- 02.5 ----------------------------------------------------------------------------------------
def best_constants(y, q):
    """Return the constants with the smallest squared, absolute and pinball loss on y."""
    for_squared = y.mean()
    for_absolute = np.median(y)
    for_pinball = np.quantile(y, q)
    return for_squared, for_absolute, for_pinball


def _sales():
    # q is chosen such that one of the numbers is the only best answer, without interpolation.
    return [
        (np.array([3.0, 41.0, 7.5, 12.0, 5.0, 9.0, 4.0, 6.5, 21.0, 8.0, 10.0]), 0.8),
        (np.array([-1.0, 2.5, 0.5, 30.0, 1.0]), 0.25),
    ]


def _by_trying(y, q):
    # The square has its minimum between the samples: found by halving, from its slope. The other
    # two losses are straight between samples, so that their minimum is at one of them.
    low, high = float(y.min()), float(y.max())
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if sum(t - middle for t in y) > 0 else (low, middle)
    absolute = min(y, key=lambda c: sum(abs(t - c) for t in y))
    tilted = min(y, key=lambda c: _pinball_by_walking(y, np.full(len(y), c), q))
    return low, absolute, tilted


CONSTANTS = FunctionCheck(
    arguments=("y", "q"),
    cases=_sales,
    oracle=_by_trying,
    results=("for_squared", "for_absolute", "for_pinball"),
    praise="Mean, median, quantile: to choose a loss is to choose what the prediction means.",
    mistakes=(
        Mistake(
            "The median is not best for the squared error. Set the slope Σ 2 (c − y) to 0.",
            lambda y, q: np.median(y),
        ),
        Mistake(
            "The middle between the smallest and the largest value is not best for the squared "
            "error: all values count, not only two.",
            lambda y, q: (y.min() + y.max()) / 2,
        ),
        Mistake(
            "That is the smallest loss itself. Asked is the constant that has it.",
            lambda y, q: np.mean((y - y.mean()) ** 2),
        ),
        Mistake(
            "The mean is not best for the absolute error: every point pulls equally hard, so as "
            "many must lie above as below.",
            lambda y, q: y.mean(),
            part=1,
        ),
        Mistake(
            "You took the value in the middle of the list as it came. Sort it first (np.median "
            "does).",
            lambda y, q: y[len(y) // 2],
            part=1,
        ),
        Mistake(
            "For the pinball loss you took the (1 − q)-quantile. With a large q too little is "
            "expensive, so the best answer lies high.",
            lambda y, q: np.quantile(y, 1 - q),
            part=2,
        ),
        Mistake(
            "The median is best for the pinball loss only with q = 0.5.",
            lambda y, q: np.median(y),
            part=2,
        ),
        Mistake(
            "np.percentile counts from 0 to 100, and q from 0 to 1. Use np.quantile.",
            lambda y, q: np.percentile(y, q),
            part=2,
        ),
        Mistake(
            "q times the largest value is no quantile. Below the answer must lie a share q of the "
            "samples.",
            lambda y, q: q * y.max(),
            part=2,
        ),
        Mistake(
            "The mean is not best for the pinball loss, which is straight and knows no squares.",
            lambda y, q: y.mean(),
            part=2,
        ),
    ),
)
