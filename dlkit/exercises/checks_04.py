"""The checks and reference solutions of lesson 04's exercises about single steps."""

import numpy as np

from dlkit.exercises.judging import FunctionCheck, Mistake


# --- 04.1 ---------------------------------------------------------------------------------------
def averaged_momentum(w, velocity, gradient, learning_rate, momentum):
    """Return w and velocity after one step; the velocity is a moving average of gradients."""
    velocity = momentum * velocity + (1 - momentum) * gradient
    w = w - learning_rate * velocity
    return w, velocity


def _momentum_cases():
    generator = np.random.default_rng(1)
    w, velocity, gradient = generator.normal(size=(3, 5))
    return [
        (w, velocity, gradient, 0.3, 0.8),
        (w[:2], -velocity[:2], 2 * gradient[1:3], 0.05, 0.6),
    ]


def _momentum_one_by_one(w, velocity, gradient, learning_rate, momentum):
    places, velocities = [], []
    for place, v, g in zip(w.tolist(), velocity.tolist(), gradient.tolist(), strict=True):
        velocities.append(v + (1 - momentum) * (g - v))  # a part of the way towards the gradient
        places.append(place - learning_rate * velocities[-1])
    return np.array(places), np.array(velocities)


MOMENTUM = FunctionCheck(
    arguments=("w", "velocity", "gradient", "learning_rate", "momentum"),
    cases=_momentum_cases,
    oracle=_momentum_one_by_one,
    results=("w", "velocity"),
    praise="With this form the learning rate keeps its meaning whatever the momentum is.",
    mistakes=(
        Mistake(
            "That is the heavy ball of the lesson, whose velocity is a sum of steps. Here it is an "
            "average of gradients: no learning rate in it, and the gradient counts `1 - momentum`.",
            lambda w, v, g, r, m: w + m * v - r * g,
        ),
        Mistake(
            "You returned the velocity first. First comes `w`, then the velocity.",
            lambda w, v, g, r, m: m * v + (1 - m) * g,
        ),
        Mistake(
            "You went uphill: the step must be taken off `w`, not added.",
            lambda w, v, g, r, m: w + r * (m * v + (1 - m) * g),
        ),
        Mistake(
            "You moved `w` with the velocity from before this step. Update the velocity first.",
            lambda w, v, g, r, m: w - r * v,
        ),
        Mistake(
            "You moved `w` by the gradient alone, as plain descent does. It moves by the velocity.",
            lambda w, v, g, r, m: w - r * g,
        ),
        Mistake(
            "You forgot the learning rate in the step of `w`.",
            lambda w, v, g, r, m: w - (m * v + (1 - m) * g),
        ),
        Mistake(
            "You returned the step of `w` instead of the new `w`.",
            lambda w, v, g, r, m: -r * (m * v + (1 - m) * g),
        ),
        Mistake(
            "That velocity is a sum, as in the heavy ball of the lesson. Asked was the moving "
            "average: the gradient counts `1 - momentum`.",
            lambda w, v, g, r, m: m * v + g,
            part=1,
        ),
        Mistake(
            "You swapped the weights of the average: the old velocity counts `momentum`, the new "
            "gradient the rest.",
            lambda w, v, g, r, m: (1 - m) * v + m * g,
            part=1,
        ),
        Mistake(
            "The learning rate does not belong into this velocity, which is an average of "
            "gradients. Multiply by it when `w` moves.",
            lambda w, v, g, r, m: m * v + (1 - m) * r * g,
            part=1,
        ),
        Mistake(
            "You returned the velocity from before the step.",
            lambda w, v, g, r, m: v,
            part=1,
        ),
        Mistake(
            "Your velocity points downhill already. Here it is an average of gradients, and the "
            "minus stands in the step of `w`.",
            lambda w, v, g, r, m: m * v - (1 - m) * g,
            part=1,
        ),
    ),
)


# --- 04.2 ---------------------------------------------------------------------------------------
def largest_rates(curvatures, momentum):
    """Return the learning rates above which descent and momentum diverge on a bowl."""
    steepest = np.max(curvatures)  # the steepest direction diverges first
    return 2 / steepest, 2 * (1 + momentum) / steepest


def _stays(curvature, rate, momentum):
    # The step is linear in (place, velocity); it stays bounded while its matrix does.
    step = np.array([[1 - rate * curvature, momentum], [-rate * curvature, momentum]])
    return np.abs(np.linalg.eigvals(step)).max() <= 1 + 1e-12


def _rates_by_halving(curvatures, momentum):
    found = []
    for kept in (0.0, momentum):
        low, high = 0.0, 1e4
        for _ in range(100):
            middle = (low + high) / 2
            if all(_stays(curvature, middle, kept) for curvature in curvatures):
                low = middle
            else:
                high = middle
        found.append(low)
    return tuple(found)


LIMITS = FunctionCheck(
    arguments=("curvatures", "momentum"),
    cases=lambda: [(np.array([0.5, 8.0, 3.0]), 0.9), (np.array([40.0, 2.0]), 0.5)],
    oracle=_rates_by_halving,
    results=("plain", "with_momentum"),
    praise="Momentum does not only remember: it also bears nearly twice the learning rate.",
    tolerance=1e-5,
    mistakes=(
        Mistake(
            "That is one limit for each direction. One direction that diverges is enough to spoil "
            "all: return the smallest limit, that of the steepest.",
            lambda c, m: 2 / c,
        ),
        Mistake(
            "You took the flattest direction. The steepest is the one that diverges first.",
            lambda c, m: 2 / c.min(),
        ),
        Mistake(
            "That is the mean curvature. One direction that diverges is enough, so take the "
            "steepest.",
            lambda c, m: 2 / c.mean(),
        ),
        Mistake(
            "With that rate one step lands exactly at the bottom of the steepest direction. It may "
            "jump across, up to the same height on the other side.",
            lambda c, m: 1 / c.max(),
        ),
        Mistake(
            "You added the curvatures up. Each direction goes its own way; only the steepest counts.",
            lambda c, m: 2 / c.sum(),
        ),
        Mistake(
            "`plain` is upside down: the steeper, the smaller the rate must be.",
            lambda c, m: c.max() / 2,
        ),
        Mistake(
            "Momentum makes the limit larger, not smaller: it brakes the swinging.",
            lambda c, m: 2 * (1 - m) / c.max(),
            part=1,
        ),
        Mistake(
            "With momentum the limit is another one than without.",
            lambda c, m: 2 / c.max(),
            part=1,
        ),
        Mistake(
            "Dividing by `1 - momentum` is what momentum does to the speed in a steady slope. For "
            "the limit, look at a ball that swings from side to side with w → −w.",
            lambda c, m: 2 / ((1 - m) * c.max()),
            part=1,
        ),
        Mistake(
            "Twice the limit of plain descent is right for a momentum of 1 only.",
            lambda c, m: 4 / c.max(),
            part=1,
        ),
        Mistake(
            "The limit with momentum is right but for a factor 2.",
            lambda c, m: (1 + m) / c.max(),
            part=1,
        ),
    ),
)


# --- 04.3 ---------------------------------------------------------------------------------------
def adam_path(gradients, learning_rate, beta_1, beta_2, epsilon):
    """Return the steps of Adam for one weight, in the form of the paper's algorithm 1."""
    first = second = 0.0
    steps = []
    for t, gradient in enumerate(gradients, start=1):
        first = beta_1 * first + (1 - beta_1) * gradient
        second = beta_2 * second + (1 - beta_2) * gradient**2
        first_hat = first / (1 - beta_1**t)
        second_hat = second / (1 - beta_2**t)
        steps.append(-learning_rate * first_hat / (np.sqrt(second_hat) + epsilon))
    return np.array(steps)


def _adam_cases():
    generator = np.random.default_rng(3)
    return [
        (generator.normal(size=6) + 0.4, 0.1, 0.8, 0.9, 0.05),
        (3 * generator.normal(size=4), 0.02, 0.6, 0.95, 0.2),
    ]


def _adam_by_sums(gradients, learning_rate, beta_1, beta_2, epsilon):
    # A corrected moment is a weighted mean of what came in, whose weights add up to 1.
    steps = []
    for t in range(1, len(gradients) + 1):
        age = np.arange(t)[::-1]
        seen = gradients[:t]
        mean = np.average(seen, weights=beta_1**age)
        square = np.average(seen**2, weights=beta_2**age)
        steps.append(-learning_rate * mean / (square**0.5 + epsilon))
    return np.array(steps)


def _adam(change=None):
    """Return Adam's steps with a part replaced: ``change`` names it."""

    def steps(gradients, learning_rate, beta_1, beta_2, epsilon):
        if change == "swapped":
            beta_1, beta_2 = beta_2, beta_1
        first = second = 0.0
        found = []
        for t, g in enumerate(gradients, start=0 if change == "from 0" else 1):
            first = beta_1 * first + (1 - beta_1) * g
            second = beta_2 * second + (1 - beta_2) * (g if change == "not squared" else g**2)
            one, two = 1 - beta_1**t, 1 - beta_2**t
            if change == "none":
                one = two = 1.0
            if change == "first only":
                two = 1.0
            if change == "second only":
                one = 1.0
            if change == "multiplied":
                one, two = 1 / one, 1 / two
            if change == "fed back":
                first, second = first / one, second / two
                one = two = 1.0
            with np.errstate(all="ignore"):
                if change == "inside":
                    root = np.sqrt(second / two + epsilon)
                elif change == "uncorrected epsilon":
                    root = (np.sqrt(second) + epsilon) / np.sqrt(two)
                elif change == "no root":
                    root = second / two + epsilon
                else:
                    root = np.sqrt(second / two) + epsilon
                found.append(-learning_rate * first / one / root)
        found = np.array(found)
        return -found if change == "uphill" else found.cumsum() if change == "path" else found

    return steps


ADAM = FunctionCheck(
    arguments=("gradients", "learning_rate", "beta_1", "beta_2", "epsilon"),
    cases=_adam_cases,
    oracle=_adam_by_sums,
    praise="The very first step is as long as the learning rate, whatever the gradient was.",
    mistakes=(
        Mistake(
            "You forgot the corrections: both moments start at 0, so divide the first by "
            "`1 - beta_1**t` and the second by `1 - beta_2**t`.",
            _adam("none"),
        ),
        Mistake(
            "Each of your steps is Adam's very first: the moments remember nothing. Carry both from "
            "one turn of the loop to the next.",
            lambda gradients, rate, b, c, e: -rate * gradients / (np.abs(gradients) + e),
        ),
        Mistake(
            "Only the first moment is corrected. The second starts at 0 as well.",
            _adam("first only"),
        ),
        Mistake(
            "Only the second moment is corrected. The first starts at 0 as well.",
            _adam("second only"),
        ),
        Mistake(
            "You multiplied by the corrections. The moments are too small at first: divide.",
            _adam("multiplied"),
        ),
        Mistake(
            "You kept the corrected moments for the next step. Remember the raw ones; the hats are "
            "for this step alone.",
            _adam("fed back"),
        ),
        Mistake(
            "The two betas are swapped: `beta_1` belongs to the mean of the gradients.",
            _adam("swapped"),
        ),
        Mistake("epsilon stands inside your root. Here it is added to the root.", _adam("inside")),
        Mistake(
            "That is Keras's order: epsilon is added to the uncorrected root. Asked was algorithm 1 "
            "of the paper, which corrects first.",
            _adam("uncorrected epsilon"),
        ),
        Mistake("You forgot the square root of the second moment.", _adam("no root")),
        Mistake(
            "The signs are the other way round: a step goes against the gradient.", _adam("uphill")
        ),
        Mistake("You returned the places on the way. Asked were the single steps.", _adam("path")),
    ),
)
