"""Exercises of lesson 04: a step of momentum, how far one may step, Adam, noise, and a fair race."""

from dlkit.exercises.checks_04 import (
    ADAM,
    LIMITS,
    MOMENTUM,
    adam_path,
    averaged_momentum,
    largest_rates,
)
from dlkit.exercises.checks_04_fair import NOISE, RACE, batch_noise, fair_race
from dlkit.exercises.registry import Exercise

EXERCISES = (
    Exercise(
        id="04.1",
        title="The other momentum",
        level="fill in",
        statement=r"""
Some books let the velocity be a moving average of the gradients instead of a sum of steps. With
gradient $g$, learning rate $\eta$ and momentum $\mu$,

$v \leftarrow \mu v + (1 - \mu) g$, then $w \leftarrow w - \eta v$.

Write one step of it. `w`, `velocity` and `gradient` are arrays of the same shape; return the new
`w` and the new `velocity`, and change none of the arguments.
""",
        starter="""def my_momentum(w, velocity, gradient, learning_rate, momentum):
    velocity = ...
    w = ...
    return w, velocity


check("04.1", my_momentum)
""",
        hints=(
            "Two lines, in the order of the two formulae. Which velocity moves w?",
            "`velocity = momentum * velocity + ...`: the gradient counts as much as is missing to 1.",
            (
                "`velocity = momentum * velocity + (1 - momentum) * gradient`, then `w = w - "
                "learning_rate * velocity`."
            ),
        ),
        solution=averaged_momentum,
        examine=MOMENTUM,
        wrong_answers=MOMENTUM.wrong_answers(),
    ),
    Exercise(
        id="04.2",
        title="How large may the learning rate be?",
        level="build",
        statement=r"""
A bowl has the loss $L = \frac{1}{2} \sum_i c_i w_i^2$, so that its gradient is $c_i w_i$; the $c_i$
are its curvatures. Above which learning rate does plain gradient descent diverge? And above which
does the heavy ball with momentum $\mu$ diverge, $v \leftarrow \mu v - \eta g$, $w \leftarrow w + v$?

`curvatures` is an array, `momentum` a number from 0 up to 1. Return the two limits. (At the limit
itself, the ball swings from one side to the other for ever: $w \to -w$.)
""",
        starter="""def my_limits(curvatures, momentum):
    plain = ...
    with_momentum = ...
    return plain, with_momentum


check("04.2", my_limits)
""",
        hints=(
            (
                "Each direction goes its own way. Write down what one step of plain descent makes of "
                "w in one of them. By which factor is w multiplied?"
            ),
            (
                "The factor is 1 − η c, and it must not be below −1; the largest c decides. For "
                "momentum let w swing: w, −w, w, … Then each step is −2w, then +2w."
            ),
            (
                "With momentum, v changes its sign at each step: −2w = μ · 2w − η c w, so η c = 2 (1 + "
                "μ). Return `2 / curvatures.max()` and `2 * (1 + momentum) / curvatures.max()`."
            ),
        ),
        solution=largest_rates,
        examine=LIMITS,
        wrong_answers=LIMITS.wrong_answers(),
    ),
    Exercise(
        id="04.3",
        title="Adam as the paper has it",
        level="build",
        statement=r"""
Keras, and so the rule in this lesson, folds both corrections into one factor. Write Adam in the order
of the paper's algorithm 1 for a single weight: with $t$ counted from 1 and both moments 0 at first,

$m \leftarrow \beta_1 m + (1 - \beta_1) g$, then $s \leftarrow \beta_2 s + (1 - \beta_2) g^2$, then
$\hat m = m / (1 - \beta_1^t)$ and $\hat s = s / (1 - \beta_2^t)$,

and the step is $-\eta\, \hat m / (\sqrt{\hat s} + \varepsilon)$. `gradients` is an array of the
gradients of one step after the other. Return an array with all steps.
""",
        starter="""def my_adam(gradients, learning_rate, beta_1, beta_2, epsilon):
    ...


check("04.3", my_adam)
""",
        hints=(
            "A loop over the gradients, with two numbers that are remembered from turn to turn.",
            (
                "`for t, gradient in enumerate(gradients, start=1):` counts from 1. The hats are "
                "for this step alone: do not carry them to the next."
            ),
            (
                "In the loop: the two moments, then `first / (1 - beta_1**t)` and `second / (1 - "
                "beta_2**t)`, then append `-learning_rate * first_hat / (np.sqrt(second_hat) + epsilon)`."
            ),
        ),
        solution=adam_path,
        examine=ADAM,
        wrong_answers=ADAM.wrong_answers(),
    ),
    Exercise(
        id="04.4",
        title="How noisy is a batch?",
        level="build",
        statement="""
You know the gradient of every single sample: `gradients` has shape (samples, parameters). A batch
draws `batch_size` of them at random (each draw from all samples, so that one may come twice) and
takes their mean. By how much does that mean stray from the mean of all? Return the standard
deviation for each parameter, shape (parameters,).
""",
        starter="""def my_batch_noise(gradients, batch_size):
    ...


check("04.4", my_batch_noise)
""",
        hints=(
            "How far does one sample stray? And what happens to errors when you average them?",
            "`gradients.std(axis=0)` is the noise of a batch of one. The lesson measured how it falls.",
            "Four times the batch, half the noise: divide by `np.sqrt(batch_size)`.",
        ),
        solution=batch_noise,
        examine=NOISE,
        wrong_answers=NOISE.wrong_answers(),
    ),
    Exercise(
        id="04.5",
        title="Judge a race",
        level="open",
        statement="""
You are the referee. Every optimizer has tried every learning rate, with some seeds for tuning and
with other seeds for the race: `tuning` has shape (optimizers, rates, tuning seeds) and `racing` has
shape (optimizers, rates, racing seeds); both hold validation accuracies.

Choose for each optimizer its own best rate, fairly, and return `means` (the mean accuracy of each
in the race, at that rate) and `clear`: True if the best leads the second best by more than the
larger of the two standard deviations over the racing seeds, and False otherwise.
""",
        starter="""def my_race(tuning, racing):
    means = ...
    clear = ...
    return means, clear


check("04.5", my_race)
""",
        hints=(
            "Which of the two arrays may choose the rates, and which may judge? Never the same one.",
            (
                "`rates = tuning.mean(axis=2).argmax(axis=1)` holds one rate for each optimizer; "
                "`racing[np.arange(len(racing)), rates]` are its scores, (optimizers, seeds)."
            ),
            (
                "Mean and `std` of these scores along axis 1. `np.argsort(means)[-2:]` gives second and "
                "first; compare their difference with the larger of their two spreads."
            ),
        ),
        solution=fair_race,
        examine=RACE,
        wrong_answers=RACE.wrong_answers(),
    ),
)
