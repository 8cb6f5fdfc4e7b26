"""The checks and reference solutions of lesson 01's exercises."""

import math

import numpy as np

from dlkit.exercises.judging import FunctionCheck, Mistake


# --- 01.1 ---------------------------------------------------------------------------------------
def tanh_neuron(x, w, b):
    """Return the outputs of one tanh neuron for a batch: x (batch, inputs), w (inputs,), b."""
    z = x @ w + b  # (batch,)
    return np.tanh(z)


def _batches():
    generator = np.random.default_rng(1)
    return [
        (generator.normal(size=(5, 3)), np.array([0.6, -0.4, 0.3]), 0.25),
        (generator.normal(size=(2, 4)), np.array([-0.2, 0.5, 0.1, 0.35]), -0.4),
    ]


def _neuron_by_hand(x, w, b):
    outputs = []
    for sample in x:
        z = b
        for i, value in enumerate(sample):
            z += w[i] * value
        outputs.append((math.exp(z) - math.exp(-z)) / (math.exp(z) + math.exp(-z)))
    return np.array(outputs)


NEURON = FunctionCheck(
    arguments=("x", "w", "b"),
    cases=_batches,
    oracle=_neuron_by_hand,
    praise="One product of a matrix and a vector serves the whole batch.",
    mistakes=(
        Mistake(
            "You forgot the bias: z = Σwx + b.",
            lambda x, w, b: np.tanh(x @ w),
        ),
        Mistake(
            "You forgot the activation: that is z itself. The neuron's output is tanh(z).",
            lambda x, w, b: x @ w + b,
        ),
        Mistake(
            "That is a sigmoid neuron. Asked was tanh, which reaches from −1 to 1.",
            lambda x, w, b: 1 / (1 + np.exp(-(x @ w + b))),
        ),
        Mistake(
            "You added the bias to every product, so it counts once per input. Sum first, then "
            "add the bias once.",
            lambda x, w, b: np.tanh((x * w + b).sum(axis=1)),
        ),
        Mistake(
            "You put each product through tanh before the sum. Sum first: tanh comes last.",
            lambda x, w, b: np.tanh(x * w).sum(axis=1) + b,
        ),
        Mistake(
            "You put each input's product, and the bias with it, through tanh before the sum. Sum "
            "first: tanh comes last, and the bias counts once.",
            lambda x, w, b: np.tanh(x * w + b).sum(axis=1),
        ),
        Mistake(
            "You subtracted the bias. It is added: z = Σwx + b.",
            lambda x, w, b: np.tanh(x @ w - b),
        ),
        Mistake(
            "That is a ReLU neuron. Asked was tanh, which reaches from −1 to 1.",
            lambda x, w, b: np.maximum(x @ w + b, 0),
        ),
        Mistake(
            "The bias came after the activation. It belongs inside: tanh(Σwx + b).",
            lambda x, w, b: np.tanh(x @ w) + b,
        ),
        Mistake(
            "You summed over the whole batch. Each sample has an output of its own: sum along the "
            "last axis only.",
            lambda x, w, b: np.tanh((x * w).sum() + b),
        ),
        Mistake(
            "You did not sum over the inputs: there is one product per input, and a neuron adds "
            "them up.",
            lambda x, w, b: np.tanh(x * w + b),
        ),
    ),
)


# --- 01.3 ---------------------------------------------------------------------------------------
def swish_slope(x):
    """Return the derivative of f(x) = x s(2x), where s is the sigmoid."""
    s = 1 / (1 + np.exp(-2 * x))
    return s + x * 2 * s * (1 - s)  # product rule; the 2 is the inner derivative of s(2x)


def _swish_slope_by_complex_step(x):
    # f(x + ih) = f(x) + i h f'(x): exact to machine precision, and derived from f alone.
    z = x + 1e-30j
    return (z / (1 + np.exp(-2 * z))).imag / 1e-30


def _s(x):
    return 1 / (1 + np.exp(-2 * x))


SLOPE = FunctionCheck(
    arguments=("x",),
    cases=lambda: [(np.array([[-1.3, -0.4, 0.2], [0.7, 1.1, 1.6]]),), (np.array([-0.9, 0.5]),)],
    oracle=_swish_slope_by_complex_step,
    praise="The slope even leaves the range from 0 to 1: this activation dips below zero.",
    mistakes=(
        Mistake(
            "The inner derivative is missing: s(2x) has the slope 2 s (1 − s), with a 2 in front "
            "(chain rule).",
            lambda x: _s(x) + x * _s(x) * (1 - _s(x)),
        ),
        Mistake(
            "That is only the first half of the product rule. The factor s(2x) depends on x too.",
            _s,
        ),
        Mistake(
            "That is only the second half of the product rule. The factor x has a slope as well, "
            "which is 1.",
            lambda x: 2 * x * _s(x) * (1 - _s(x)),
        ),
        Mistake(
            "You multiplied the two derivatives. The derivative of a product is (u v)' = u' v + u "
            "v'.",
            lambda x: 2 * _s(x) * (1 - _s(x)),
        ),
        Mistake("That is f(x) itself. Asked was its derivative.", lambda x: x * _s(x)),
        Mistake(
            "You used s(x) where s(2x) belongs: this is the derivative of SiLU.",
            lambda x: _s(x / 2) * (1 + x * (1 - _s(x / 2))),
        ),
        Mistake(
            "You used s(x) where s(2x) belongs; the 2 in front is right.",
            lambda x: _s(x / 2) * (1 + 2 * x * (1 - _s(x / 2))),
        ),
        Mistake(
            "The first half is right. In the second half, too, s must be taken at 2x.",
            lambda x: _s(x) + 2 * x * _s(x / 2) * (1 - _s(x / 2)),
        ),
        Mistake(
            "The slope of the sigmoid is s (1 − s); its second factor is missing.",
            lambda x: _s(x) + 2 * x * _s(x),
        ),
        Mistake(
            "You subtracted the second half of the product rule: (u v)' = u' v + u v'.",
            lambda x: _s(x) - 2 * x * _s(x) * (1 - _s(x)),
        ),
        Mistake(
            "A sign is wrong in the sigmoid: s(2x) = 1 / (1 + exp(−2x)).",
            lambda x: _s(-x) + 2 * x * _s(-x) * (1 - _s(-x)),
        ),
        Mistake(
            "A sign is wrong: the slope of the sigmoid is s (1 − s), not s (1 + s).",
            lambda x: _s(x) + 2 * x * _s(x) * (1 + _s(x)),
        ),
    ),
)


# --- 01.4 ---------------------------------------------------------------------------------------
def dead_units(x, w, b):
    """Return the numbers of the ReLU units that output 0 for every sample of x."""
    z = x @ w + b  # (batch, units)
    active = z > 0
    return np.flatnonzero(~active.any(axis=0))


def _relu_layers():
    generator = np.random.default_rng(9)
    x = generator.normal(size=(7, 4))
    w = generator.normal(size=(4, 6))
    b = np.array([0.1, -9.0, 0.0, -0.3, 0.2, -8.0])
    w[:, 2] = 0.0  # z is exactly 0 for every sample: never positive, so dead
    positive = np.abs(generator.normal(size=(9, 3))) + 0.1
    v = generator.normal(size=(3, 5))
    v[:, 1] = [-0.5, -0.2, -0.7]  # dead by its weights, with a bias above zero
    dark = np.vstack([np.abs(generator.normal(size=(4, 2))), [[-5.0, -5.0]]])  # the last: all off
    u = np.array([[0.8, 0.1, 0.6], [0.5, 0.2, 0.9]])
    return [
        (x, w, b),
        (positive, v, np.array([0.3, 0.02, -0.1, 0.2, 0.4])),
        (dark, u, np.array([0.4, -9.0, 0.1])),
    ]


def _dead_by_walking(x, w, b):
    dead = []
    for unit in range(w.shape[1]):
        outputs = [
            max(sum(s * c for s, c in zip(row, w[:, unit], strict=True)) + b[unit], 0) for row in x
        ]
        if sum(outputs) == 0:
            dead.append(unit)
    return np.array(dead)


def _z(x, w, b):
    return x @ w + b


DEAD = FunctionCheck(
    arguments=("x", "w", "b"),
    cases=_relu_layers,
    oracle=_dead_by_walking,
    praise="No sample moves these units, so no gradient reaches their weights.",
    mistakes=(
        Mistake(
            "You reported units that are off for some sample. That is healthy; dead means off "
            "for every sample.",
            lambda x, w, b: np.flatnonzero((_z(x, w, b) <= 0).any(axis=0)),
        ),
        Mistake(
            "You forgot the bias. A strongly negative bias is the usual cause of a dead unit.",
            lambda x, w, b: np.flatnonzero((x @ w <= 0).all(axis=0)),
        ),
        Mistake(
            "Those are the units that are alive. Asked were the dead ones.",
            lambda x, w, b: np.flatnonzero((_z(x, w, b) > 0).any(axis=0)),
        ),
        Mistake(
            "You looked along the wrong axis: those are samples for which all units are off. Rows "
            "are samples, columns are units.",
            lambda x, w, b: np.flatnonzero((_z(x, w, b) <= 0).all(axis=1)),
        ),
        Mistake(
            "You found no dead unit at all, and some are: their output is 0 for every sample.",
            lambda x, w, b: np.array([], dtype=int),
        ),
        Mistake(
            "You counted the units from 1. The first one has the number 0.",
            lambda x, w, b: np.flatnonzero((_z(x, w, b) <= 0).all(axis=0)) + 1,
        ),
        Mistake(
            "You returned True for each unit that is off for some sample. Dead means off for every "
            "sample, and asked were the units' numbers: `np.flatnonzero(...)`.",
            lambda x, w, b: (_z(x, w, b) <= 0).any(axis=0),
        ),
        Mistake(
            "You returned True for each unit that is alive. Asked were the numbers of the dead "
            "ones: `np.flatnonzero(...)` finds where a condition is true.",
            lambda x, w, b: (_z(x, w, b) > 0).any(axis=0),
        ),
        Mistake(
            "You returned True and False for each unit. Their numbers were asked: "
            "`np.flatnonzero(...)` finds where a condition is true.",
            lambda x, w, b: (_z(x, w, b) <= 0).all(axis=0),
        ),
        Mistake(
            "You counted the dead units. Asked were their numbers: which units they are.",
            lambda x, w, b: (_z(x, w, b) <= 0).all(axis=0).sum(),
        ),
        Mistake(
            "The numbers are right, but wrapped in a tuple, as `np.nonzero` and `np.where` return "
            "them. `np.flatnonzero(...)` returns them bare.",
            lambda x, w, b: (_z(x, w, b) <= 0).all(axis=0).nonzero(),
        ),
        Mistake(
            "You missed units whose z is exactly 0. ReLU gives 0 there as well, and no gradient.",
            lambda x, w, b: np.flatnonzero((_z(x, w, b) < 0).all(axis=0)),
        ),
        Mistake(
            "You judged by the bias alone. A unit with a negative bias may still come alive, and "
            "one with a positive bias may be dead: look at z.",
            lambda x, w, b: np.flatnonzero(b < 0),
        ),
        Mistake(
            "You judged by the mean of z. A single sample with z above zero keeps a unit alive.",
            lambda x, w, b: np.flatnonzero(_z(x, w, b).mean(axis=0) <= 0),
        ),
        Mistake(
            "You judged by the mean of z. A single sample with z above zero keeps a unit alive, "
            "and a unit whose z is 0 everywhere is dead as well.",
            lambda x, w, b: np.flatnonzero(_z(x, w, b).mean(axis=0) < 0),
        ),
    ),
)


# --- 01.5 ---------------------------------------------------------------------------------------
def decision_line(w, b):
    """Return slope and intercept of the line w[0] x1 + w[1] x2 + b = 0 as x2 over x1."""
    slope = -w[0] / w[1]
    intercept = -b / w[1]
    return slope, intercept


def _line_through_two_points(w, b):
    # The nearest point of the line to the origin, and a step along the line from there.
    foot = -b * np.asarray(w) / np.dot(w, w)
    other = foot + np.array([w[1], -w[0]])
    slope = (other[1] - foot[1]) / (other[0] - foot[0])
    return slope, foot[1] - slope * foot[0]


LINE = FunctionCheck(
    arguments=("w", "b"),
    cases=lambda: [(np.array([1.5, -2.5]), 0.7), (np.array([0.4, 1.6]), -1.1)],
    oracle=_line_through_two_points,
    results=("slope", "intercept"),
    praise="On this line z = 0: the neuron cannot decide. The bias moves the line, the weights "
    "turn it.",
    mistakes=(
        Mistake(
            "The slope has the wrong sign. When w[0] x1 moves to the other side of the equation, "
            "it becomes negative.",
            lambda w, b: w[0] / w[1],
        ),
        Mistake(
            "You swapped the weights in the slope. Solve for x2, so divide by its weight, w[1].",
            lambda w, b: -w[1] / w[0],
        ),
        Mistake(
            "Slope and intercept have changed places: return the slope first.",
            lambda w, b: -b / w[1],
        ),
        Mistake(
            "You forgot to divide the slope by w[1].",
            lambda w, b: -w[0],
        ),
        Mistake(
            "The intercept has the wrong sign. When b moves to the other side, it becomes "
            "negative.",
            lambda w, b: b / w[1],
            part=1,
        ),
        Mistake(
            "That is where the line crosses the x1 axis. The intercept is x2 at x1 = 0: divide by "
            "w[1].",
            lambda w, b: -b / w[0],
            part=1,
        ),
        Mistake(
            "The bias alone is not the intercept: divide −b by w[1] as well.",
            lambda w, b: -b,
            part=1,
        ),
        Mistake(
            "That is the bias itself. Set z = 0, put x1 = 0 and solve for x2.",
            lambda w, b: b,
            part=1,
        ),
    ),
)
