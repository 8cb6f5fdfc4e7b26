"""Exercises of lesson 07: the penalty, the mask, the patience, bias and variance, and ridge."""

from dlkit.exercises.checks_07 import (
    BIAS_VARIANCE,
    DROPOUT,
    L2_STEP,
    RIDGE,
    STOPPING,
    bias_and_variance,
    dropout_of_two_hours,
    early_stopping,
    ridge,
    step_with_l2,
)
from dlkit.exercises.registry import Exercise

EXERCISES = (
    Exercise(
        id="07.1",
        title="One step with L2",
        level="fill in",
        statement="""
Write a function that takes one step of gradient descent for a layer with an L2 penalty on its weights,
loss + l2 · Σw².

`w` has shape (inputs, units), `b` has shape (units,); `dw` and `db` are the gradients of the loss
alone, without the penalty. Return the new weights and the new bias. The bias pays no penalty.
""",
        starter="""def my_step(w, b, dw, db, learning_rate, l2):
    new_w = ...
    new_b = ...
    return new_w, new_b


check("07.1", my_step)
""",
        hints=(
            "A step is always: old value minus learning rate times gradient. What is the gradient now?",
            "The gradient of the sum is the sum of the gradients. What is the slope of l2 · w²?",
            "`new_w = w - learning_rate * (dw + 2 * l2 * w)`; the bias takes its step without the "
            "second term.",
        ),
        solution=step_with_l2,
        examine=L2_STEP,
        wrong_answers=L2_STEP.wrong_answers(),
    ),
    Exercise(
        id="07.2",
        title="A failure that lasts two hours",
        level="build",
        statement="""
Each row of `x` holds the readings of one day, one an hour. Ordinary dropout hides little of them, since
the hours beside it give a lost reading away. So let each die take the next hour along: where `u` is
below `rate`, that hour and the next one are switched off, up to the end of the day.

Write this dropout for training, both ways, with the dice already thrown: `u` holds an independent even
random number between 0 and 1 for each entry of `x`. On average over all dice each entry must keep its
value: work out on paper how often it stays. Return what dropout lets through, and the gradient of the
loss with respect to `x`, from `upstream`, the gradient with respect to the output. All arrays have
shape (days, hours).
""",
        starter="""def my_dropout(x, upstream, u, rate):
    ...


check("07.2", my_dropout)
""",
        hints=(
            "Turn it round: which dice does one hour need to stay? For the first hour of the day it is "
            "one, for any other there are two.",
            "`stays = u >= rate` asks an hour's own die; `u[:, :-1] >= rate` is what the hours from the "
            "second on ask of the hour before. What stays is divided by the probability that it stays; "
            "those of independent dice are multiplied.",
            "`stays[:, 1:] &= u[:, :-1] >= rate`. The mask is `stays / probability`, where "
            "`probability` is 1 − rate in the first column and (1 − rate)² in the others. The output is "
            "`x * mask`; and the slope of that with respect to x is the mask.",
        ),
        solution=dropout_of_two_hours,
        examine=DROPOUT,
        wrong_answers=DROPOUT.wrong_answers(),
    ),
    Exercise(
        id="07.3",
        title="When to stop",
        level="build",
        statement="""
Write early stopping for a finished list of validation losses, one an epoch. Training stops after the
epoch in which the best loss so far has not been beaten for `patience` epochs in a row, or after the last
epoch. An equal loss does not beat it.

Return two whole numbers, epochs counted from 1: after which one training stops, and which one was the
best until then.
""",
        starter="""def my_stop(val_losses, patience):
    ...


check("07.3", my_stop)
""",
        hints=(
            "Walk through the epochs and remember two things: the best loss so far, and when that was.",
            "`for epoch, val_loss in enumerate(val_losses, 1):` counts from 1. If the loss is lower than "
            "the best, remember both; else ask how long ago the best was.",
            "`epoch - best_epoch >= patience` says that it is time: `return epoch, best_epoch`. After "
            "the loop, `return len(val_losses), best_epoch`.",
        ),
        solution=early_stopping,
        examine=STOPPING,
        wrong_answers=STOPPING.wrong_answers(),
    ),
    Exercise(
        id="07.4",
        title="Bias and variance of any learner",
        level="build",
        statement="""
You have trained the same kind of model on several training sets, and asked each for its answers at
the same points. `predictions` has shape (training sets, points), `truth` has shape (points,).

Return the squared bias and the variance, each as one number: the mean over the points. The variance is
the mean squared distance from the mean answer (divide by the number of training sets).
""",
        starter="""def my_bias_and_variance(predictions, truth):
    ...


check("07.4", my_bias_and_variance)
""",
        hints=(
            "The bias asks for the mean answer of all training sets at a point. Along which axis is that?",
            "`mean = predictions.mean(axis=0)` has shape (points,). Compare it with the truth, and the "
            "predictions with it.",
            "Squared bias: `np.mean((mean - truth) ** 2)`. Variance: the same with `predictions - mean`.",
        ),
        solution=bias_and_variance,
        examine=BIAS_VARIANCE,
        wrong_answers=BIAS_VARIANCE.wrong_answers(),
    ),
    Exercise(
        id="07.5",
        title="Where L2 ends up",
        level="open",
        statement="""
For a linear model you need no training: where the loss is lowest its gradient is 0, and that can be
solved for w.

Write a function that returns the w, shape (inputs,), for which mean((x w − y)²) + l2 · Σw² is lowest.
`x` has shape (samples, inputs), `y` has shape (samples,), `l2` is above 0. There is no bias.
""",
        starter="""def my_ridge(x, y, l2):
    ...


check("07.5", my_ridge)
""",
        hints=(
            "Write down the gradient with respect to w: of the mean squared error, and of the penalty.",
            "2 xᵀ(x w − y) / n + 2 l2 w = 0. Bring everything with w to the left: (xᵀx / n + l2 I) w = "
            "xᵀy / n, where I is the identity matrix.",
            "`np.linalg.solve(A, c)` solves A w = c, and `np.eye(inputs)` is the identity matrix.",
        ),
        solution=ridge,
        examine=RIDGE,
        wrong_answers=RIDGE.wrong_answers(),
    ),
)
