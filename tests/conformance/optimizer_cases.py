"""One table for all optimizers: the reference, hyper-parameters exact in binary, wrong variants.

Each wrong variant is an edit of the rule's own source: the text on the left is replaced by the text
on the right, and must be there. What the comparison function does with each of them is a test.
"""

import ast
import functools
import inspect
import sys
import textwrap
from typing import NamedTuple

import keras
import numpy as np

from dlkit import optimizers
from dlkit.rules import RULES

RATE = 2.0**-7
BETAS = {"beta_1": 0.875, "beta_2": 1 - 2.0**-10}
EPSILON = {"epsilon": 2.0**-10}
K = keras.optimizers


class Case(NamedTuple):
    """How to compare one optimizer."""

    reference: object  # arguments -> keras optimizer
    hyperparameters: dict
    wrong: dict  # description -> [(text in the source, replacement), ...]
    tolerance: float = 1e-12
    learning_rate: float = RATE


SWAPPED = [("beta_1", "beta_x"), ("beta_2", "beta_1"), ("beta_x", "beta_2")]
ADAM_WRONG = {
    "swapped betas": SWAPPED,
    "epsilon inside the root": [
        ("xp.sqrt(second_moment) + epsilon", "xp.sqrt(second_moment + epsilon)")
    ],
    "no correction": [("learning_rate * correction", "learning_rate")],
    "only the first moment corrected": [("(1 - beta_2 ** step) ** 0.5 / ", "1 / ")],
    "correction multiplied": [("** 0.5 / (1 - beta_1", "** 0.5 * (1 - beta_1")],
    "correction one step late": [("beta_1 ** step", "beta_1 ** (step + 1)")],
    "correction without its root": [("** 0.5 /", "/")],
    "wrong sign": [("-learning_rate", "learning_rate")],
    "learning rate squared": [("-learning_rate", "-learning_rate * learning_rate")],
    "gradient not squared": [("gradient ** 2", "gradient")],
    "no root": [("xp.sqrt(second_moment)", "second_moment")],
    "gradient not averaged": [("(1 - beta_1) * gradient", "gradient")],
    "multiplied instead of divided": [("first_moment / (xp", "first_moment * (xp")],
}
CASES = {
    "sgd": Case(
        lambda **a: K.SGD(**a),
        {},
        {
            "wrong sign": [("-learning_rate", "learning_rate")],
            "learning rate squared": [("-learning_rate", "-learning_rate * learning_rate")],
            "sign of the gradient": [("* gradient", "* xp.sign(gradient)")],
            "twice the step": [("-learning_rate", "-2 * learning_rate")],
        },
    ),
    "momentum": Case(
        lambda dampening=0.0, **a: K.SGD(**a),
        {"momentum": 0.875},
        {
            "wrong sign": [("velocity - learning_rate", "velocity + learning_rate")],
            "no memory": [("momentum * velocity - ", "-")],
            "dampened": [("(1 - dampening)", "(1 - momentum)")],
            "learning rate squared": [("- learning_rate", "- learning_rate * learning_rate")],
            "look-ahead": [("delta = velocity", "delta = momentum * velocity")],
            "velocity forgotten": [("{'velocity': velocity}", "slots")],
        },
    ),
    "nesterov": Case(
        lambda **a: K.SGD(nesterov=True, **a),
        {"momentum": 0.875},
        {
            "no look-ahead": [
                ("delta = momentum * velocity - learning_rate * gradient", "delta = velocity")
            ],
            "look-ahead from the old velocity": [
                ("delta = momentum * velocity", "delta = momentum * slots['velocity']")
            ],
            "wrong sign": [("- learning_rate", "+ learning_rate")],
            "look-ahead without the gradient": [
                (
                    "delta = momentum * velocity - learning_rate * gradient",
                    "delta = momentum * velocity",
                )
            ],
        },
    ),
    "adagrad": Case(
        K.Adagrad,
        {"initial_accumulator_value": 0.125, **EPSILON},
        {
            "epsilon outside the root": [
                ("xp.sqrt(accumulator + epsilon)", "(xp.sqrt(accumulator) + epsilon)")
            ],
            "no root": [("xp.sqrt(accumulator + epsilon)", "(accumulator + epsilon)")],
            "gradient not squared": [("gradient ** 2", "abs(gradient)")],
            "accumulator starts at 0": [
                ("xp.full_like(parameter, initial_accumulator_value)", "xp.zeros_like(parameter)")
            ],
            "divided before it is updated": [
                ("xp.sqrt(accumulator", "xp.sqrt(slots['accumulator']")
            ],
            "multiplied instead of divided": [("gradient / xp", "gradient * xp")],
            "wrong sign": [("-learning_rate", "learning_rate")],
        },
    ),
    "rmsprop": Case(
        K.RMSprop,
        {"rho": 0.875, **EPSILON},
        {
            "epsilon outside the root": [
                ("xp.sqrt(spread + epsilon)", "(xp.sqrt(spread) + epsilon)")
            ],
            "rho on the wrong side": [
                ("(1 - rho)", "rho_"),
                ("rho * ", "(1 - rho) * "),
                ("rho_", "rho"),
            ],
            "sum instead of mean": [("(1 - rho) * ", "")],
            "no root": [("xp.sqrt(spread + epsilon)", "(spread + epsilon)")],
            "divided before it is updated": [
                ("spread = mean_square\n", "spread = slots['mean_square']\n")
            ],
            "wrong sign": [("delta = -step", "delta = step")],
        },
    ),
    "adam": Case(K.Adam, BETAS | EPSILON, ADAM_WRONG),
    "nadam": Case(
        K.Nadam,
        BETAS | EPSILON,
        {
            "swapped betas": SWAPPED,
            "epsilon inside the root": [
                (
                    "square_correction * second_moment)",
                    "square_correction * second_moment + epsilon)",
                ),
                ("root + epsilon", "root"),
            ],
            "constant momentum": [
                ("momentum = beta_1 * (1 - 0.5 * 0.96 ** step)", "momentum = beta_1"),
            ],
            "product not carried": [("product = product * momentum", "product = momentum")],
            "no look-ahead": [("ahead * first_moment + here * gradient", "ahead * first_moment")],
            "next momentum of this step": [("(step + 1)", "step")],
            "no correction of the square": [("square_correction * second_moment", "second_moment")],
            "wrong sign": [("-learning_rate", "learning_rate")],
        },
        tolerance=1e-9,  # Keras rounds 0.96 to float32 in one of its two places
        learning_rate=2.0**-11,
    ),
    "adadelta": Case(
        K.Adadelta,
        {"rho": 0.875, **EPSILON},
        {
            "epsilon outside the roots": [
                ("mean_square + epsilon)", "mean_square) + epsilon"),
            ],
            "changes of the wrong step": [
                (
                    "change = -xp.sqrt(mean_square_change + epsilon)",
                    "change = -xp.sqrt(mean_square + epsilon)",
                )
            ],
            "change not squared": [("change ** 2", "change ** 4")],
            "roots exchanged": [
                (
                    "xp.sqrt(mean_square_change + epsilon) / xp.sqrt(mean_square + epsilon)",
                    "xp.sqrt(mean_square + epsilon) / xp.sqrt(mean_square_change + epsilon)",
                )
            ],
            "learning rate inside the mean": [
                ("change ** 2", "(learning_rate * change) ** 2"),
            ],
            "wrong sign": [("change = -xp", "change = xp")],
        },
        learning_rate=0.25,
    ),
    "adamw": Case(K.AdamW, BETAS | EPSILON, ADAM_WRONG),
    "adamax": Case(
        K.Adamax,
        BETAS | EPSILON,
        {
            "swapped betas": SWAPPED,
            "epsilon inside the maximum": [
                ("xp.abs(gradient)", "xp.abs(gradient) + epsilon"),
                ("norm + epsilon", "norm"),
            ],
            "no correction": [("learning_rate * correction", "learning_rate")],
            "no decay of the norm": [("beta_2 * norm", "norm")],
            "no absolute value": [("xp.abs(gradient)", "gradient")],
            "mean instead of maximum": [
                (
                    "xp.maximum(beta_2 * norm, xp.abs(gradient))",
                    "beta_2 * norm + (1 - beta_2) * xp.abs(gradient)",
                )
            ],
            "wrong sign": [("-learning_rate", "learning_rate")],
        },
    ),
    "amsgrad": Case(
        functools.partial(K.Adam, amsgrad=True),
        {"beta_1": 0.875, "beta_2": 0.875} | EPSILON,
        {
            "swapped moments": [
                ("first_moment = beta_1 * first_moment", "first_moment = beta_1 * second_moment")
            ],
            "epsilon inside the root": [
                ("xp.sqrt(largest) + epsilon", "xp.sqrt(largest + epsilon)")
            ],
            "the divisor may fall": [("xp.maximum(largest, second_moment)", "second_moment")],
            "minimum": [("xp.maximum(largest", "xp.minimum(largest")],
            "the maximum becomes the moment": [
                ("'second_moment': second_moment", "'second_moment': largest")
            ],
            "no correction": [("learning_rate * correction", "learning_rate")],
            "wrong sign": [("-learning_rate", "learning_rate")],
        },
    ),
    "lion": Case(
        K.Lion,
        BETAS,
        {
            "swapped betas": SWAPPED,
            "no sign": [
                (
                    "xp.sign(beta_1 * mean + (1 - beta_1) * gradient)",
                    "(beta_1 * mean + (1 - beta_1) * gradient)",
                )
            ],
            "mean updated first": [
                ("mean = slots['mean']", "mean = beta_2 * slots['mean'] + (1 - beta_2) * gradient")
            ],
            "one beta": [("beta_2 * mean", "beta_1 * mean"), ("(1 - beta_2)", "(1 - beta_1)")],
            "wrong sign": [("-learning_rate", "learning_rate")],
        },
    ),
    "ftrl": Case(
        K.Ftrl,
        {
            "learning_rate_power": -0.5,
            "initial_accumulator_value": 0.125,
            "l1_regularization_strength": 2.0**-6,
            "l2_regularization_strength": 2.0**-5,
            "l2_shrinkage_regularization_strength": 2.0**-7,
            "beta": 0.125,
        },
        {
            "no sigma": [(" - sigma * parameter", "")],
            "no l1": [("kept - linear", "-linear")],
            "l2 counted once": [("2 * l2", "l2")],
            "beta left out": [(" + beta / (2 * learning_rate)", "")],
            "old accumulator in the quadratic": [
                ("quadratic = total ** power", "quadratic = accumulator ** power")
            ],
            "shrinkage left out": [(" + 2 * l2_shrinkage_regularization_strength * parameter", "")],
            "wrong sign": [("(kept - linear)", "(linear - kept)")],
            "accumulator forgotten": [("'accumulator': total", "'accumulator': accumulator")],
        },
    ),
}

# Other forms of a rule: (name, further hyper-parameters, the wrong variants of this form alone).
FORMS = {
    "rmsprop, momentum": (
        "rmsprop",
        {"momentum": 0.75},
        {
            "no memory": [("momentum * velocity + step", "step")],
            "dampened": [("velocity + step", "velocity + (1 - momentum) * step")],
            "learning rate outside, twice": [
                ("delta = -velocity", "delta = -learning_rate * velocity")
            ],
            "velocity forgotten": [
                ("updated['velocity'] = velocity", "updated['velocity'] = step")
            ],
            "look-ahead": [("delta = -velocity", "delta = -(momentum * velocity + step)")],
            "wrong sign": [("delta = -velocity", "delta = velocity")],
        },
    ),
    "rmsprop, centered": (
        "rmsprop",
        {"centered": True},
        {
            "not centered": [("mean_square - mean ** 2", "mean_square")],
            "mean not squared": [("mean ** 2", "mean")],
            "sign of the mean": [("mean_square - mean ** 2", "mean_square + mean ** 2")],
            "old mean": [("mean ** 2", "slots['mean'] ** 2")],
            "gradient instead of its mean": [("mean ** 2", "gradient ** 2")],
            "mean forgotten": [("updated['mean'] = mean", "updated['mean'] = slots['mean']")],
        },
    ),
    "rmsprop, centered, momentum": (
        "rmsprop",
        {"centered": True, "momentum": 0.75},
        {
            "centre left out of the velocity": [
                (
                    "velocity + step",
                    "velocity + learning_rate * gradient / xp.sqrt(mean_square + epsilon)",
                )
            ]
        },
    ),
}


def fed_gradients(steps, seed=0):
    """Return (steps, 19) gradients, of sizes from 0.001 to 10, some of them 0 for long or always.

    The first 15 belong to a kernel of shape (5, 3), the last 4 to a bias.
    """
    generator = np.random.default_rng(seed)
    gradients = generator.normal(size=(steps, 19)) * 10 ** generator.uniform(-3, 1, size=19)
    gradients[:, 3:6] = 0.0  # a row that never has a gradient
    gradients[steps // 4 : steps // 2, 6:9] = 0.0  # one that pauses
    gradients[: steps // 4, 9:12] = 0.0  # and one that begins late
    return gradients


def initial_parameters():
    """Return the 19 parameters before the first step."""
    return np.random.default_rng(99).normal(size=19) / 4


def split(flat):
    """Return a flat array as kernel and bias."""
    return [flat[:15].reshape(5, 3), flat[15:]]


def trajectory(optimizer, gradients):
    """Return (steps, 19) parameters after each step of a dlkit optimizer on fed gradients."""
    parameters = [part.copy() for part in split(initial_parameters())]
    rows = []
    for gradient in gradients:
        optimizer.apply(split(gradient), parameters)
        rows.append(np.concatenate([part.ravel() for part in parameters]))
    return np.array(rows)


def keras_trajectory(optimizer, gradients, compiled=True):
    """Return (steps, 19) parameters after each step of a Keras optimizer on fed gradients.

    Compiling pays from some fifty steps on.
    """
    variables = [keras.Variable(part, dtype="float64") for part in split(initial_parameters())]
    optimizer.build(variables)
    kernels = keras.ops.convert_to_tensor(gradients[:, :15].reshape(-1, 5, 3), dtype="float64")
    biases = keras.ops.convert_to_tensor(gradients[:, 15:], dtype="float64")

    def step(index):
        optimizer.apply([kernels[index], biases[index]], variables)
        flat = [keras.ops.reshape(variable, (-1,)) for variable in variables]
        return keras.ops.concatenate(flat)

    if compiled and keras.backend.backend() == "tensorflow":
        import tensorflow

        indices = tensorflow.range(len(gradients))
        steps = tensorflow.function(
            lambda: tensorflow.map_fn(
                step, indices, parallel_iterations=1, fn_output_signature="float64"
            )
        )
        return keras.ops.convert_to_numpy(steps())
    return np.array([keras.ops.convert_to_numpy(step(index)) for index in range(len(gradients))])


def ours(name, **arguments):
    """Return the dlkit optimizer of a case."""
    case = CASES[name]
    return optimizers.get(
        name, **{"learning_rate": case.learning_rate, **case.hyperparameters, **arguments}
    )


@functools.cache
def plain_reference(name, steps):
    """Return what Keras makes of the fed gradients, with the hyper-parameters of the case."""
    name, form, _ = FORMS.get(name, (name, {}, {}))
    case = CASES[name]
    arguments = {"learning_rate": case.learning_rate, **case.hyperparameters, **form}
    if name == "adamw":
        arguments["weight_decay"] = 2.0**-4
    return keras_trajectory(case.reference(**arguments), fed_gradients(steps))


def differences(name, steps):
    """Return the largest difference from Keras after each step."""
    rule, form, _ = FORMS.get(name, (name, {}, {}))
    arguments = {"weight_decay": 2.0**-4} if name == "adamw" else form
    mine = trajectory(ours(rule, **arguments), fed_gradients(steps))
    with np.errstate(invalid="ignore"):
        return np.nan_to_num(np.abs(mine - plain_reference(name, steps)), nan=np.inf).max(axis=1)


def agrees(name, steps=200):
    """Return whether a rule, as it now is, agrees with Keras at every step."""
    tolerance = CASES[FORMS[name][0] if name in FORMS else name].tolerance
    return bool((differences(name, steps) <= tolerance).all())


def wrong_variant(name, edits):
    """Return init, advance and update of a rule whose source was edited."""
    rule = RULES[name]
    source = rule if "update" in vars(rule) else rule.__base__
    tree = ast.parse(textwrap.dedent(inspect.getsource(source)))
    tree.body[0].body = tree.body[0].body[1:]  # without the docstring
    code = ast.unparse(tree)
    for old, new in edits:
        assert old in code, f"{old!r} is not in the source of {name}"
        code = code.replace(old, new)
    space = dict(vars(sys.modules[source.__module__]))
    exec(code, space)  # noqa: S102, the text is this project's own source
    wrong = space[source.__name__]
    return {part: staticmethod(getattr(wrong, part)) for part in ("init", "advance", "update")}
