"""Exercises of lesson 05: an epoch, accumulation, a schedule, large batches."""

from dlkit.exercises.checks_05 import (
    ACCUMULATED,
    EPOCH,
    WARM_COSINE,
    accumulated,
    one_epoch,
    warm_cosine,
)
from dlkit.exercises.large_batch import (
    LARGE_BATCH_WRONG_ANSWERS,
    examine_large_batch,
    large_batch,
)
from dlkit.exercises.registry import Exercise

EXERCISES = (
    Exercise(
        id="05.1",
        title="One epoch",
        level="fill in",
        statement=r"""
Write one epoch of mini-batch gradient descent for a linear model with several inputs,
$\hat{y} = x \cdot w$, with the loss of section 2 (the mean of the squared errors of the batch).

`x` has shape (samples, inputs), `y` has shape (samples,), `w` has shape (inputs,). Take the samples
in the order in which they come. The number of samples need not be a multiple of `batch_size`: the
last batch has what is left. Return the weights after the epoch, and leave the array `w` that came in
as it is.
""",
        starter="""def my_epoch(x, y, w, batch_size, learning_rate):
    ...


check("05.1", my_epoch)
""",
        hints=(
            "Begin with `w = w.copy()`. For each batch you need its rows of x and y, the errors, the "
            "gradient, the step; after the loop you return w.",
            "`x[start : start + batch_size]` gives fewer rows at the end, all by itself. The errors are "
            "`x_part @ w - y_part`.",
            "The gradient is `2 * error @ x_part / len(error)`; the step is "
            "`w = w - learning_rate * gradient`.",
        ),
        solution=one_epoch,
        examine=EPOCH,
        wrong_answers=EPOCH.wrong_answers(),
    ),
    Exercise(
        id="05.2",
        title="Accumulate batches of unequal size",
        level="build",
        statement="""
Your memory holds small batches only, and the last one of an epoch is smaller still. You have the
gradient of each of them, each the mean over its own samples. Which gradient would one large batch of
all these samples have had?

`gradients` has shape (batches, parameters), `sizes` holds the number of samples of each batch. Return
one gradient, shape (parameters,).
""",
        starter="""def my_accumulated(gradients, sizes):
    ...


check("05.2", my_accumulated)
""",
        hints=(
            "Two batches: 30 samples with mean 1, and 10 samples with mean 5. What is the mean of all "
            "40?",
            "From a mean back to a sum: multiply by the size. Add the sums up, and divide by the number "
            "of all samples.",
            "`sizes @ gradients` adds up the rows, each multiplied with its size. Divide by "
            "`sizes.sum()`.",
        ),
        solution=accumulated,
        examine=ACCUMULATED,
        wrong_answers=ACCUMULATED.wrong_answers(),
    ),
    Exercise(
        id="05.3",
        title="A schedule of your own",
        level="build",
        statement=r"""
Write the schedule that most large networks are trained with: first the learning rate rises in a
straight line from 0 to `top`, which it has at step `warm_up`; then it falls along half a cosine wave,
and has a tenth of `top` at step `steps`. The wave of the lesson ends at 0:

$$\frac{1 + \cos(\pi \cdot \text{done})}{2}$$

where "done" goes from 0 to 1 while the rate falls. `step` is an array of whole numbers from 0 to
`steps`; return one rate for each.
""",
        starter="""def my_rates(step, warm_up, steps, top):
    ...


check("05.3", my_rates)
""",
        hints=(
            "Two formulas, and a question that decides between them: `np.where(step < warm_up, …, …)`.",
            "While it rises, the rate is `top * step / warm_up`. The fall has `steps - warm_up` steps: "
            "which share of them is done at `step`?",
            "`done = (step - warm_up) / (steps - warm_up)`, `wave = (1 + np.cos(np.pi * done)) / 2` goes "
            "from 1 to 0, and `0.1 + 0.9 * wave` from 1 to a tenth.",
        ),
        solution=warm_cosine,
        examine=WARM_COSINE,
        wrong_answers=WARM_COSINE.wrong_answers(),
    ),
    Exercise(
        id="05.4",
        title="Large batches, few steps",
        level="open",
        statement="""
With batches of 256 an epoch of the digits has six steps only, and ten epochs have sixty. Write a
function without arguments that returns a `TrainingConfig` with `batch_size=256` and at most ten
epochs. With it a network with one hidden layer of 32 units must read 95 % of the unseen digits, as
the mean of three seeds. Optimizer, learning rate and schedule are yours. The check trains three
networks with it.
""",
        starter="""def my_config():
    ...


check("05.4", my_config)
""",
        hints=(
            "Few steps: each must be long. What does the range test say for this batch size? SweepLab "
            "shows the whole row.",
            "Adam learns in fewer steps than SGD here. Its default rate of 0.001 is far too small for "
            "sixty steps.",
            '`optimizer="adam"` with `learning_rate` between 0.03 and 0.06 is enough; with a schedule '
            "it may be higher still.",
        ),
        solution=large_batch,
        examine=examine_large_batch,
        wrong_answers=LARGE_BATCH_WRONG_ANSWERS,
        seconds=60.0,
    ),
)
