"""The checks and reference solutions of lesson 07's exercises."""

import math

import numpy as np

from dlkit.exercises.judging import FunctionCheck, Mistake


# --- 07.1 ---------------------------------------------------------------------------------------
def step_with_l2(w, b, dw, db, learning_rate, l2):
    """Return weights and bias after one step on loss + l2 Σw²; dw, db: gradients of the loss."""
    new_w = w - learning_rate * (dw + 2 * l2 * w)
    new_b = b - learning_rate * db  # the penalty is on the weights alone
    return new_w, new_b


def _layers():
    generator = np.random.default_rng(70)
    return [
        tuple(generator.normal(size=shape) for shape in ((3, 2), (2,), (3, 2), (2,))) + (0.1, 0.7),
        tuple(generator.normal(size=shape) for shape in ((2, 4), (4,), (2, 4), (4,))) + (0.03, 2.5),
    ]


def _step_by_differences(w, b, dw, db, learning_rate, l2):
    # Central differences of the penalty itself: exact for squares but for rounding.
    def slope(value):
        return l2 * ((value + 0.5) ** 2 - (value - 0.5) ** 2)

    moved = [
        value - learning_rate * (gradient + slope(value))
        for value, gradient in zip(w.flat, dw.flat, strict=True)
    ]
    return np.reshape(moved, w.shape), np.subtract(b, np.multiply(learning_rate, db))


L2_STEP = FunctionCheck(
    arguments=("w", "b", "dw", "db", "learning_rate", "l2"),
    cases=_layers,
    oracle=_step_by_differences,
    results=("new_w", "new_b"),
    praise="Each step first shrinks every weight by the factor 1 − 2 · learning rate · l2: that is "
    "why L2 is also called weight decay.",
    mistakes=(
        Mistake(
            "The 2 is missing: the slope of l2 w² is 2 l2 w.",
            lambda w, b, dw, db, rate, l2: w - rate * (dw + l2 * w),
        ),
        Mistake(
            "You added l2 w² itself. The step needs the slope of the penalty, which is 2 l2 w.",
            lambda w, b, dw, db, rate, l2: w - rate * (dw + l2 * w**2),
        ),
        Mistake(
            "You added the whole penalty, one number, to the gradient of each weight. Each weight needs "
            "its own slope, 2 l2 w.",
            lambda w, b, dw, db, rate, l2: w - rate * (dw + l2 * np.sum(w**2)),
        ),
        Mistake(
            "The penalty has the wrong sign: so the weights grow. Add its slope to the gradient.",
            lambda w, b, dw, db, rate, l2: w - rate * (dw - 2 * l2 * w),
        ),
        Mistake(
            "You forgot the penalty: that is the step without L2.",
            lambda w, b, dw, db, rate, l2: w - rate * dw,
        ),
        Mistake(
            "The learning rate is missing before the penalty: it belongs to the gradient of both, "
            "loss and penalty.",
            lambda w, b, dw, db, rate, l2: w - rate * dw - 2 * l2 * w,
        ),
        Mistake(
            "That is L1's slope, l1 sign(w). L2's is 2 l2 w: proportional to the weight.",
            lambda w, b, dw, db, rate, l2: w - rate * (dw + l2 * np.sign(w)),
        ),
        Mistake(
            "You went uphill: the step is minus learning rate times gradient.",
            lambda w, b, dw, db, rate, l2: w + rate * (dw + 2 * l2 * w),
        ),
        Mistake(
            "You shrank the bias too. The penalty is on the weights alone: a bias moves the answer up "
            "or down, and makes nothing wiggle.",
            lambda w, b, dw, db, rate, l2: b - rate * (db + 2 * l2 * b),
            part=1,
        ),
        Mistake(
            "The bias has not moved. It takes a plain step: minus learning rate times db.",
            lambda w, b, dw, db, rate, l2: b,
            part=1,
        ),
    ),
)


# --- 07.2 ---------------------------------------------------------------------------------------
def dropout_of_two_hours(x, upstream, u, rate):
    """Return what dropout lets through, and the gradient of x; each die takes the next hour along.

    x, upstream, u (days, hours); u: even random numbers, 0 to 1.
    """
    stays = u >= rate
    stays[:, 1:] &= u[:, :-1] >= rate  # the die of the hour before
    probability = np.full(x.shape[1], (1 - rate) ** 2)  # that both dice let an hour stay
    probability[0] = 1 - rate  # nothing comes before the first hour
    mask = stays / probability
    return x * mask, upstream * mask


def _days():
    generator = np.random.default_rng(71)
    return [
        (generator.normal(size=(4, 6)), generator.normal(size=(4, 6)), generator.random((4, 6)), 0.3),
        (generator.normal(size=(5, 3)), generator.normal(size=(5, 3)), generator.random((5, 3)), 0.4),
    ]  # fmt: skip


def _hour_by_hour(x, upstream, u, rate):
    y, gradient = np.zeros_like(x), np.zeros_like(x)
    for day, hour in np.ndindex(x.shape):
        dice = u[day, max(hour - 1, 0) : hour + 1]
        if min(dice) >= rate:
            y[day, hour] = x[day, hour] / (1 - rate) ** len(dice)
            gradient[day, hour] = upstream[day, hour] / (1 - rate) ** len(dice)
    return y, gradient


def _both_dice(u, rate, shift=1, axis=1):
    """Where an entry's own die and that of a neighbour let it stay."""
    own = u >= rate
    other = np.roll(own, shift, axis)
    np.moveaxis(other, axis, 0)[0 if shift > 0 else -1] = True  # nothing lies beyond the edge
    return own & other


def _share(u, rate):
    """The probability of each entry to stay."""
    return np.where(np.arange(u.shape[1]) == 0, 1 - rate, (1 - rate) ** 2)


DROPOUT = FunctionCheck(
    arguments=("x", "upstream", "u", "rate"),
    cases=_days,
    oracle=_hour_by_hour,
    results=("y", "gradient"),
    praise="The gradient goes through the same mask, and the mean stays, since each entry is divided by "
    "the very probability that it stays. Images lose whole patches in this way (DropBlock, 2018).",
    mistakes=(
        Mistake(
            "That is the dropout of the lesson: each die switches off its own hour alone. Here it takes "
            "the next hour along.",
            lambda x, upstream, u, rate: x * (u >= rate) / (1 - rate),
        ),
        Mistake(
            "You divided by 1 − rate everywhere. From the second hour on a reading needs the luck of two "
            "dice, its own and that of the hour before.",
            lambda x, upstream, u, rate: x * _both_dice(u, rate) / (1 - rate),
        ),
        Mistake(
            "You divided by the same number everywhere. The first hour hangs on one die alone: it stays "
            "with probability 1 − rate.",
            lambda x, upstream, u, rate: x * _both_dice(u, rate) / (1 - rate) ** 2,
        ),
        Mistake(
            "The scale is missing: divide what stays by the probability that it stays, so that the mean "
            "remains what it was.",
            lambda x, upstream, u, rate: x * _both_dice(u, rate),
        ),
        Mistake(
            "You divided by 1 − 2 · rate. The dice are independent of each other: the probabilities that "
            "they let an hour stay are multiplied.",
            lambda x, upstream, u, rate: (
                x
                * _both_dice(u, rate)
                / np.where(np.arange(x.shape[1]) == 0, 1 - rate, 1 - 2 * rate)
            ),
        ),
        Mistake(
            "You divided by the probability to be off. Divide by that to stay.",
            lambda x, upstream, u, rate: x * _both_dice(u, rate) / (1 - _share(u, rate)),
        ),
        Mistake(
            "You multiplied by the probability to stay. What is seldom there must count more: divide.",
            lambda x, upstream, u, rate: x * _both_dice(u, rate) * _share(u, rate),
        ),
        Mistake(
            "An hour goes off when either of its two dice is below `rate`; yours needs both.",
            lambda x, upstream, u, rate: (
                x
                * ((u >= rate) | (np.roll(u, 1, axis=1) >= rate) & (np.arange(x.shape[1]) > 0))
                / np.where(np.arange(x.shape[1]) == 0, 1 - rate, 1 - rate**2)
            ),
        ),
        Mistake(
            "Once off, your hours stay off until the end of the day. Ask the die of the hour before, not "
            "whether that hour was off.",
            lambda x, upstream, u, rate: (
                x * np.logical_and.accumulate(u >= rate, axis=1) / _share(u, rate)
            ),
        ),
        Mistake(
            "Each die takes the hour before along in your answer. It is the next one: an hour asks its "
            "own die and that of the hour before it.",
            lambda x, upstream, u, rate: x * _both_dice(u, rate, shift=-1) / _share(u, rate)[::-1],
        ),
        Mistake(
            "`np.roll` brings the last hour round to the first. A day begins anew: its first hour asks "
            "its own die alone.",
            lambda x, upstream, u, rate: (
                x * ((u >= rate) & (np.roll(u, 1, axis=1) >= rate)) / (1 - rate) ** 2
            ),
        ),
        Mistake(
            "You took the hour along in the next row. Rows are days; the next hour stands in the next "
            "column, axis 1.",
            lambda x, upstream, u, rate: (
                x
                * _both_dice(u, rate, axis=0)
                / np.where(np.arange(len(x)) == 0, 1 - rate, (1 - rate) ** 2)[:, None]
            ),
        ),
        Mistake(
            "You kept what should go: a die below `rate` switches off.",
            lambda x, upstream, u, rate: x * ~_both_dice(u, rate) / _share(u, rate),
        ),
        Mistake(
            "You scaled everything and dropped nothing.",
            lambda x, upstream, u, rate: x / _share(u, rate),
        ),
        Mistake(
            "The gradient must pass through the same mask: a unit that was off had no part in the "
            "loss.",
            lambda x, upstream, u, rate: upstream,
            part=1,
        ),
        Mistake(
            "The gradient lacks the scale of the forward pass, one over the probability to stay.",
            lambda x, upstream, u, rate: upstream * _both_dice(u, rate),
            part=1,
        ),
        Mistake(
            "The gradient goes through another mask than the readings: there each die took the next "
            "hour along.",
            lambda x, upstream, u, rate: upstream * (u >= rate) / (1 - rate),
            part=1,
        ),
        Mistake(
            "You scaled the gradient, but it also reaches the units that were off. Multiply it by the "
            "same mask.",
            lambda x, upstream, u, rate: upstream / (1 - rate),
            part=1,
        ),
        Mistake(
            "You scaled the gradient by the right numbers, but let it reach the hours that were off.",
            lambda x, upstream, u, rate: upstream / _share(u, rate),
            part=1,
        ),
        Mistake(
            "That is the mask itself. By the chain rule the gradient is upstream times the mask.",
            lambda x, upstream, u, rate: _both_dice(u, rate) / _share(u, rate),
            part=1,
        ),
        Mistake(
            "You multiplied the gradient with x as well. The slope of x · mask with respect to x is "
            "the mask alone.",
            lambda x, upstream, u, rate: upstream * x * _both_dice(u, rate) / _share(u, rate),
            part=1,
        ),
    ),
)


# --- 07.3 ---------------------------------------------------------------------------------------
def early_stopping(val_losses, patience):
    """Return (the epoch after which training stops, the best epoch), both counted from 1."""
    best_epoch, best = 0, np.inf
    for epoch, val_loss in enumerate(val_losses, 1):
        if val_loss < best:
            best_epoch, best = epoch, val_loss
        elif epoch - best_epoch >= patience:
            return epoch, best_epoch
    return len(val_losses), best_epoch


def _val_losses():
    return [
        ([1.0, 0.8, 0.9, 0.7, 0.75, 0.72, 0.71, 0.9, 0.5, 0.4], 3),
        ([0.9, 0.6, 0.65, 0.5, 0.55, 0.52], 4),  # patience never runs out
        ([2.0, 1.5, 1.5, 1.6, 1.7, 1.2], 2),  # an equal loss is no improvement
    ]


def _stopping_looked_up(val_losses, patience):
    for end in range(1, len(val_losses) + 1):
        so_far = val_losses[:end]
        best = so_far.index(min(so_far)) + 1
        if end - best >= patience:
            return end, best
    return len(val_losses), val_losses.index(min(val_losses)) + 1


def _stop_with(val_losses, patience, *, late=0, any_rise=False, equal=False, anew=True):
    best_epoch, best, waited = 0, math.inf, 0
    for epoch, val_loss in enumerate(val_losses, 1):
        before = val_losses[epoch - 2] if any_rise and epoch > 1 else best
        better = val_loss <= before if equal else val_loss < before
        waited = (0 if anew else waited) if better else waited + 1
        if val_loss < best:
            best_epoch, best = epoch, val_loss
        if waited >= patience + late:
            return epoch, best_epoch
    return len(val_losses), best_epoch


STOPPING = FunctionCheck(
    arguments=("val_losses", "patience"),
    cases=_val_losses,
    oracle=_stopping_looked_up,
    results=("stop", "best"),
    praise="In the first case you would have found 0.4 with more patience. Stopping early is a bet.",
    mistakes=(
        Mistake(
            "Your epochs are counted from 0. The first one is epoch 1.",
            lambda losses, patience: _stopping_looked_up(losses, patience)[0] - 1,
        ),
        Mistake(
            "You stop one epoch too late: with patience 3 the third epoch without improvement is the "
            "last.",
            lambda losses, patience: _stop_with(losses, patience, late=1)[0],
        ),
        Mistake(
            "You stop one epoch too early: the epoch of the best loss itself is not one of waiting.",
            lambda losses, patience: _stop_with(losses, patience, late=-1)[0],
        ),
        Mistake(
            "You count all epochs without improvement. Counting begins anew whenever the best loss is "
            "beaten: they must be in a row.",
            lambda losses, patience: _stop_with(losses, patience, anew=False)[0],
        ),
        Mistake(
            "You compare with the epoch before. Compare with the best loss so far: patience begins "
            "anew only when that is beaten.",
            lambda losses, patience: _stop_with(losses, patience, any_rise=True)[0],
        ),
        Mistake(
            "An equal loss is no improvement: it must be lower than the best so far.",
            lambda losses, patience: _stop_with(losses, patience, equal=True)[0],
        ),
        Mistake(
            "You never stop: this is the number of epochs.",
            lambda losses, patience: len(losses),
        ),
        Mistake(
            "You stop at the first epoch that is not better. Wait for as many epochs as patience says.",
            lambda losses, patience: _stop_with(losses, 1)[0],
        ),
        Mistake(
            "You looked at losses from after the stop. The best epoch is the best of those that were "
            "run.",
            lambda losses, patience: losses.index(min(losses)) + 1,
            part=1,
        ),
        Mistake(
            "That is the best epoch counted from 0. The first one is epoch 1.",
            lambda losses, patience: _stopping_looked_up(losses, patience)[1] - 1,
            part=1,
        ),
        Mistake(
            "That is the lowest loss. The epoch in which it came was asked, counted from 1.",
            lambda losses, patience: min(losses[: _stopping_looked_up(losses, patience)[0]]),
            part=1,
        ),
        Mistake(
            "That is the epoch of the stop. The best one came before: its weights are brought back.",
            lambda losses, patience: _stopping_looked_up(losses, patience)[0],
            part=1,
        ),
    ),
)


# --- 07.4 ---------------------------------------------------------------------------------------
def bias_and_variance(predictions, truth):
    """Return squared bias and variance, both means over the points.

    predictions (training sets, points), truth (points,).
    """
    mean = predictions.mean(axis=0)  # of all training sets, for each point
    return np.mean((mean - truth) ** 2), np.mean((predictions - mean) ** 2)


def _predictions():
    generator = np.random.default_rng(74)
    return [
        (generator.normal(0.4, 1.0, (7, 4)), generator.normal(size=4)),
        (generator.normal(-1.0, 0.5, (3, 6)), generator.normal(size=6)),
    ]


def _bias_and_variance_by_walking(predictions, truth):
    sets, points = predictions.shape
    bias = variance = 0.0
    for point in range(points):
        answers = [predictions[which, point] for which in range(sets)]
        mean = math.fsum(answers) / sets
        bias += (mean - truth[point]) ** 2 / points
        variance += math.fsum((answer - mean) ** 2 for answer in answers) / sets / points
    return bias, variance


BIAS_VARIANCE = FunctionCheck(
    arguments=("predictions", "truth"),
    cases=_predictions,
    oracle=_bias_and_variance_by_walking,
    results=("bias", "variance"),
    praise="Squared bias plus variance is the mean squared error against the truth: add them up and "
    "compare.",
    mistakes=(
        Mistake(
            "That is the whole error, not its bias: take the mean over the training sets first, then "
            "the difference to the truth.",
            lambda predictions, truth: np.mean((predictions - truth) ** 2),
        ),
        Mistake(
            "You did not square: errors above and below the truth cancel each other.",
            lambda predictions, truth: np.mean(predictions.mean(axis=0) - truth),
        ),
        Mistake(
            "You took the mean over the points before you squared. Square the bias of each point, then "
            "take the mean.",
            lambda predictions, truth: np.mean(predictions.mean(axis=0) - truth) ** 2,
        ),
        Mistake(
            "You added the points up. Their mean was asked.",
            lambda predictions, truth: np.sum((predictions.mean(axis=0) - truth) ** 2),
        ),
        Mistake(
            "Those are absolute values. The bias is squared, or bias and variance do not add up.",
            lambda predictions, truth: np.mean(np.abs(predictions.mean(axis=0) - truth)),
        ),
        Mistake(
            "You took one mean over everything. Take the mean over the training sets alone, axis 0: one "
            "mean answer for each point.",
            lambda predictions, truth: np.mean((predictions.mean() - truth) ** 2),
        ),
        Mistake(
            "Those are the squared biases of the points, one for each. Return their mean, one number.",
            lambda predictions, truth: (predictions.mean(axis=0) - truth) ** 2,
        ),
        Mistake(
            "You took the root. The bias is asked squared, so that it can be added to the variance.",
            lambda predictions, truth: np.sqrt(np.mean((predictions.mean(axis=0) - truth) ** 2)),
        ),
        Mistake(
            "Those are the variances of the points, one for each. Return their mean, one number.",
            lambda predictions, truth: predictions.var(axis=0),
            part=1,
        ),
        Mistake(
            "You added the variances of the points up. Their mean was asked.",
            lambda predictions, truth: predictions.var(axis=0).sum(),
            part=1,
        ),
        Mistake(
            "You took the variance over the points. It asks how much the answers for one point differ "
            "between training sets: axis 0.",
            lambda predictions, truth: np.mean(predictions.var(axis=1)),
            part=1,
        ),
        Mistake(
            "That is the standard deviation. The variance is its square.",
            lambda predictions, truth: np.mean(predictions.std(axis=0)),
            part=1,
        ),
        Mistake(
            "You divided by one less than the number of training sets (ddof=1). Here the plain mean is "
            "asked, or bias and variance do not add up.",
            lambda predictions, truth: np.mean(predictions.var(axis=0, ddof=1)),
            part=1,
        ),
        Mistake(
            "You took the variance of all numbers together, points and training sets mixed.",
            lambda predictions, truth: predictions.var(),
            part=1,
        ),
        Mistake(
            "You compared with the truth. The variance does not know it: compare with the mean answer.",
            lambda predictions, truth: np.mean((predictions - truth) ** 2),
            part=1,
        ),
    ),
)


# --- 07.5 ---------------------------------------------------------------------------------------
def ridge(x, y, l2):
    """Return the w that minimises mean((x w − y)²) + l2 Σw²."""
    # gradient 2 xᵀ(x w − y) / n + 2 l2 w = 0
    n, inputs = x.shape
    return np.linalg.solve(x.T @ x / n + l2 * np.eye(inputs), x.T @ y / n)


def _tables():
    generator = np.random.default_rng(75)
    return [
        (generator.normal(size=(9, 3)), generator.normal(size=9), 0.4),
        (generator.normal(size=(5, 4)), generator.normal(size=5), 1.7),
    ]


def _ridge_by_descent(x, y, l2):
    w = np.zeros(x.shape[1])
    steepest = 2 * (np.linalg.norm(x, 2) ** 2 / len(x) + l2)
    for _ in range(2000):
        w = w - (2 * x.T @ (x @ w - y) / len(x) + 2 * l2 * w) / steepest
    return w


def _solve(x, y, l2, n=1.0, sign=1):
    return np.linalg.solve(x.T @ x / n + sign * l2 * np.eye(x.shape[1]), x.T @ y / n)


RIDGE = FunctionCheck(
    arguments=("x", "y", "l2"),
    cases=_tables,
    oracle=_ridge_by_descent,
    praise="No training at all: for a linear model with squared error L2 has an exact answer, and it "
    "exists even where there are fewer samples than inputs.",
    mistakes=(
        Mistake(
            "Your penalty is n times too weak: the error is a mean over n samples, so xᵀx and xᵀy are "
            "divided by n, or l2 multiplied by it.",
            lambda x, y, l2: _solve(x, y, l2),
        ),
        Mistake(
            "You forgot the penalty: that is plain least squares.",
            lambda x, y, l2: np.linalg.lstsq(x, y, rcond=None)[0],
        ),
        Mistake(
            "You added l2 to every entry of xᵀx. It belongs on the diagonal alone: l2 times the "
            "identity matrix, `np.eye`.",
            lambda x, y, l2: np.linalg.solve(x.T @ x / len(x) + l2, x.T @ y / len(x)),
        ),
        Mistake(
            "You divided xᵀx by n, but not xᵀy.",
            lambda x, y, l2: _solve(x, y, l2, len(x)) * len(x),
        ),
        Mistake(
            "A 2 is too many: both halves of the gradient have one, and it cancels out.",
            lambda x, y, l2: _solve(x, y, 2 * l2, len(x)),
        ),
        Mistake(
            "A 2 has gone astray: 2 xᵀ(x w − y) / n and 2 l2 w both have one.",
            lambda x, y, l2: _solve(x, y, l2 / 2, len(x)),
        ),
        Mistake(
            "The penalty has the wrong sign: set 2 xᵀ(x w − y) / n + 2 l2 w = 0.",
            lambda x, y, l2: _solve(x, y, l2, len(x), sign=-1),
        ),
        Mistake(
            "You shrank the answer of plain least squares. L2 shrinks each direction differently: solve "
            "with the penalty inside.",
            lambda x, y, l2: np.linalg.lstsq(x, y, rcond=None)[0] / (1 + l2),
        ),
    ),
)
