"""Exercises of lesson 00: count what a training run is made of, and read what it leaves behind."""

from dlkit.exercises.checks_00 import PARAMETERS, UPDATES, count_parameters, count_updates
from dlkit.exercises.checks_00_reading import ACCURACY, HISTORY, accuracy_of_two, best_epoch_and_gap
from dlkit.exercises.registry import Exercise

EXERCISES = (
    Exercise(
        id="00.1",
        title="How many numbers does training change?",
        level="fill in",
        statement="""
Write a function that takes the sizes of all layers in order, the input first, and returns how many
parameters (weights and biases) a network of dense layers has.

For sizes `[2, 3, 1]` there are 2 inputs, a hidden layer of 3 units and 1 output, which makes 13
parameters.
""",
        starter="""def my_count(sizes):
    ...


check("00.1", my_count)
""",
        hints=(
            (
                "Begin with one layer on paper: 3 inputs, 2 units. Draw every connection. What else "
                "does a unit have?"
            ),
            (
                "A layer with `inputs` inputs and `units` units has `inputs * units` weights and "
                "`units` biases."
            ),
            (
                "Go through the neighbouring pairs, `sizes[i]` inputs and `sizes[i + 1]` units, with "
                "`for i in range(len(sizes) - 1):`, and add up."
            ),
        ),
        solution=count_parameters,
        examine=PARAMETERS,
        wrong_answers=PARAMETERS.wrong_answers(),
    ),
    Exercise(
        id="00.2",
        title="How often do the weights change?",
        level="fill in",
        statement="""
The weights change once per batch. Write a function that returns the number of updates of a whole
run, from the number of training samples, the batch size and the number of epochs.

The last batch of an epoch takes what is left, so it may be smaller than the others.
""",
        starter="""def my_updates(samples, batch_size, epochs):
    ...


check("00.2", my_updates)
""",
        hints=(
            "How many batches do 10 samples make when the batch size is 4?",
            "Divide the samples by the batch size and round up; that is one epoch.",
            (
                "`math.ceil(a / b)` divides and rounds up, once you have run `import math`. Then "
                "multiply by the epochs."
            ),
        ),
        solution=count_updates,
        examine=UPDATES,
        wrong_answers=UPDATES.wrong_answers(),
    ),
    Exercise(
        id="00.3",
        title="Among the first two",
        level="build",
        statement="""
A network returns one row of probabilities per sample, an array of shape (samples, classes). A 4
that is taken for a 9 is a small mistake if 4 was the network's second guess.

Write a function that takes these `probabilities` and the true `labels` (whole numbers, an array with
one per sample) and returns the top-2 accuracy: the share of samples, between 0 and 1, whose label
is among their two most probable classes.
""",
        starter="""def my_accuracy(probabilities, labels):
    ...


check("00.3", my_accuracy)
""",
        hints=(
            "First turn each row into the two classes to which the network gives most.",
            (
                "`np.argsort(probabilities, axis=1)` gives the classes of each row, the least probable "
                "first. The last two columns, `[:, -2:]`, are what you need."
            ),
            (
                "Compare both with the labels, `first_two == labels[:, None]`; `.any(axis=1)` says for "
                "each sample whether one of them agrees, and the mean of that is the share."
            ),
        ),
        solution=accuracy_of_two,
        examine=ACCURACY,
        wrong_answers=ACCURACY.wrong_answers(),
    ),
    Exercise(
        id="00.4",
        title="Read a run",
        level="open",
        statement="""
`history.history` of a run is a dictionary of lists with one number per epoch: `"loss"`,
`"val_loss"`, `"val_accuracy"` and others.

Write a function that takes such a dictionary and returns two things: the best epoch, which is the
one with the lowest validation loss (the first epoch is epoch 1), and the gap at that epoch,
validation loss minus training loss.
""",
        starter="""def my_reading(history):
    ...


check("00.4", my_reading)
""",
        hints=(
            "Which of the lists tells how well the network does on data that it has not seen?",
            (
                '`np.argmin(history["val_loss"])` gives the position of the lowest value, counted '
                "from 0."
            ),
            (
                "Keep that position as `index`: the epoch is `index + 1`, and the gap is the "
                "difference of the two lists at `index`. Return both: `return index + 1, gap`."
            ),
        ),
        solution=best_epoch_and_gap,
        examine=HISTORY,
        wrong_answers=HISTORY.wrong_answers(),
    ),
)
