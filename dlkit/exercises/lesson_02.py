"""Exercises of lesson 02: a batch through two layers, losses of one's own, and what they want."""

from dlkit.exercises.checks_02 import BALANCED, FORWARD, balanced_accuracy, two_layers
from dlkit.exercises.checks_02_losses import (
    CONSTANTS,
    FROM_LOGITS_WRONG,
    PINBALL,
    best_constants,
    cross_entropy_from_logits,
    examine_from_logits,
    pinball,
)
from dlkit.exercises.registry import Exercise

EXERCISES = (
    Exercise(
        id="02.1",
        title="A batch through two layers",
        level="fill in",
        statement="""
Push a batch through another network than that of the lesson: a hidden layer with tanh, and a last
layer with softmax.

`x` has shape (batch, inputs), `w1` (inputs, hidden), `b1` (hidden,), `w2` (hidden, classes), `b2`
(classes,). Return the probabilities, shape (batch, classes): each row adds up to 1.
""",
        starter="""def my_forward(x, w1, b1, w2, b2):
    a = ...
    z = ...
    p = ...
    return p


check("02.1", my_forward)
""",
        hints=(
            "Go layer by layer, and write the shape behind each line. What shape has `x @ w1`?",
            (
                "`a = np.tanh(x @ w1 + b1)`, and `z = a @ w2 + b2` has a row per sample. The "
                "softmax of a row is exp of each logit, divided by their sum."
            ),
            (
                "`e = np.exp(z - z.max(axis=1, keepdims=True))`, then "
                "`return e / e.sum(axis=1, keepdims=True)`."
            ),
        ),
        solution=two_layers,
        examine=FORWARD,
        wrong_answers=FORWARD.wrong_answers(),
    ),
    Exercise(
        id="02.2",
        title="A loss for the bakery",
        level="build",
        statement=r"""
Too few rolls cost the bakery more than too many. Its loss is therefore lopsided (the pinball loss
of Koenker and Bassett, 1978): where the prediction is too low, each missing unit costs $q$; where it
is too high, each unit costs $1 - q$. With $q = 0.8$ a missing roll is four times as bad as one left
over.

Write it: `y_true` and `y_pred` have shape (samples,), `q` is a number between 0 and 1. Return the
mean loss, one number.
""",
        starter="""def my_pinball(y_true, y_pred, q):
    ...


check("02.2", my_pinball)
""",
        hints=(
            "Take one sample by hand: q = 0.8, truth 10, prediction 7. And the same with 13.",
            (
                "With `e = y_true - y_pred` the loss of a sample is q·e where e is positive, and "
                "(1 − q)·(−e) where it is negative. `np.where(condition, a, b)` chooses."
            ),
            "`np.mean(np.where(e > 0, q * e, (q - 1) * e))`.",
        ),
        solution=pinball,
        examine=PINBALL,
        wrong_answers=PINBALL.wrong_answers(),
    ),
    Exercise(
        id="02.3",
        title="Cross-entropy: no overflow, no outvoting",
        level="build",
        statement=r"""
Write the cross-entropy of softmax straight from the logits. For a sample with the logits $z_k$ and
the true class $c$,

$-\log \mathrm{softmax}(z)_c = \log \sum_k e^{z_k} - z_c$.

It must be right for logits of ±1000 too, where $e^{1000}$ is more than a computer can hold and
$e^{-1000}$ is 0. So take the largest logit $m$ out of the sum: $\log \sum_k e^{z_k} = m + \log \sum_k e^{z_k - m}$.

`z` has shape (batch, classes), `labels` holds the true class of each sample as a whole number. Let
every class have the same voice, however rare it is: take the mean within each class that occurs in
the labels, and return the mean of these means.
""",
        starter="""def my_cross_entropy(z, labels):
    ...


check("02.3", my_cross_entropy)
""",
        hints=(
            "First the largest logit of each row: `z.max(axis=1, keepdims=True)` keeps its shape.",
            (
                "`z[np.arange(len(z)), labels]` picks the logit of the true class from each row. "
                "The rest is log Σ exp(z − m), plus m."
            ),
            (
                "`m = z.max(axis=1, keepdims=True)`, "
                "`log_sum = m[:, 0] + np.log(np.exp(z - m).sum(axis=1))`, and `log_sum` minus the "
                "logit of the true class is the loss `each` of every sample. Then `each[labels == c]"
                ".mean()` for each c in `np.unique(labels)`, and the mean of these."
            ),
        ),
        solution=cross_entropy_from_logits,
        examine=examine_from_logits,
        wrong_answers=FROM_LOGITS_WRONG,
    ),
    Exercise(
        id="02.4",
        title="An accuracy that cannot be bribed",
        level="build",
        statement="""
The balanced accuracy gives every class the same voice: within each class, which share of its
samples is recognised? Its value is the mean of these shares.

`p` has shape (batch, classes) and holds probabilities; the answer of a row is its largest.
`labels` holds the true classes as whole numbers. A class that does not occur in the labels does not
count. Return a number between 0 and 1.
""",
        starter="""def my_balanced_accuracy(p, labels):
    ...


check("02.4", my_balanced_accuracy)
""",
        hints=(
            "`p.argmax(axis=1)` gives the answers. For one class c: which of its samples are right?",
            (
                "`labels == c` picks the samples of class c. The mean of a list of True and False "
                "is the share of True."
            ),
            "`np.mean(said[labels == c] == c)` for each c in `np.unique(labels)`, and their mean.",
        ),
        solution=balanced_accuracy,
        examine=BALANCED,
        wrong_answers=BALANCED.wrong_answers(),
    ),
    Exercise(
        id="02.5",
        title="What does a loss want to hear?",
        level="open",
        statement="""
A model without any input can only say the same number c for every sample. Which c is best depends
on the loss alone. Write a function that takes the truths `y`, shape (samples,), and `q`, and returns
three numbers: the c with the smallest mean squared error, the c with the smallest mean absolute
error, and the c with the smallest pinball loss of exercise 02.2.

All three have a name that you know from school or from statistics. (Where the best c is a sample's
own value, the check expects that one.)
""",
        starter="""def my_best_constants(y, q):
    for_squared = ...
    for_absolute = ...
    for_pinball = ...
    return for_squared, for_absolute, for_pinball


check("02.5", my_best_constants)
""",
        hints=(
            (
                "Try it: compute each loss for many values of c on a handful of numbers, and look "
                "where it is smallest."
            ),
            (
                "At the best c the slopes add up to 0. Squared: Σ (c − y) = 0. Absolute: as many "
                "points above as below. Pinball: each point below pulls with 1 − q, each above with "
                "q."
            ),
            "They are `y.mean()`, `np.median(y)` and `np.quantile(y, ...)`. Which quantile?",
        ),
        solution=best_constants,
        examine=CONSTANTS,
        wrong_answers=CONSTANTS.wrong_answers(),
    ),
)
