"""Faults in the update rules and their host: betas, epsilon, corrections, signs, clipping, decay."""

from mutant import Mutant

HOST = "tests/unit/test_optimizers.py"
CONFORMANCE = "tests/conformance/test_optimizers.py"
FIRST = "tests/unit/test_rules.py::test_the_first_step_goes_against_the_gradient"
LBFGS = (
    "test_the_two_loops_are_the_matrices",
    "test_the_direction_by_hand",
    "test_the_line_search_keeps_both_conditions",
    "test_the_cubic_is_exact",
    "test_memory_keeps_the_newest",
    "test_a_step_without_curvature_is_not_remembered",
    "test_minimize",
)


def tests(entry):
    """Return the tests of an optimizer: its first step, and step by step beside Keras."""
    if entry == "lbfgs":
        return tuple(f"tests/unit/test_lbfgs.py::{name}" for name in LBFGS)
    return f"{FIRST}[{entry}]", f"{CONFORMANCE}::{entry}"


def rule(file):
    """Return a maker of mutants for the rules of one file, ``place`` being a rule's method."""

    def fault(entry, place, find, replace, why, *more):
        return Mutant(entry, f"dlkit/rules/{file}.py: {place}", find, replace, why, more)

    return fault


def host(entry, place, find, replace, why, *more):
    """Return a mutant of what all optimizers share, to be noticed by the tests of one of them."""
    return Mutant(entry, f"dlkit/optimizers/{place}", find, replace, why, more)


descent, adaptive, moments = rule("descent"), rule("adaptive"), rule("moments")
relatives, leader = rule("adam_family"), rule("follow_the_leader")
newton, DIRECTION = rule("quasi_newton"), "lbfgs.direction"
BY_HAND = f"{CONFORMANCE}::test_momentum_as_a_moving_average_by_hand"

MUTANTS = [
    descent("sgd", "sgd.update", "-learning_rate", "learning_rate", "uphill"),
    descent("sgd", "sgd.update", "learning_rate *", "learning_rate**2 *", "learning rate squared"),
    descent("sgd", "sgd.update", "* gradient", "* xp.sign(gradient)", "sign of the gradient alone"),
    host(
        "sgd", "stepping.py: _scale", "square**0.5", "square", "norm without its root in clipnorm"
    ),
    host(
        "sgd",
        "stepping.py: _scale",
        "1.0 if norm <= allowed else allowed / norm",
        "allowed / norm",
        "small gradients stretched to the norm",
    ),
    host(
        "sgd",
        "stepping.py: clip_scales",
        "_scale(sum(squares), global_clipnorm)] * len(segments)",
        "_scale(square, global_clipnorm) for square in squares]",
        "global norm taken of each",
    ),
    host(
        "sgd",
        "stepping.py: take_step",
        "np.clip(gradient, -limit, limit)",
        "np.minimum(gradient, limit)",
        "clipvalue on one side",
    ),
    descent(
        "momentum",
        "momentum.update",
        "- learning_rate",
        "+ learning_rate",
        "velocity with the wrong sign (deep-learning-with-python-notebooks#19)",
    ),
    descent(
        "momentum",
        "momentum.update",
        "momentum * velocity -",
        "learning_rate * momentum * velocity -",
        "velocity times the learning rate (Boltzmann.jl#14)",
    ),
    descent(
        "momentum",
        "momentum.update",
        "(1 - dampening)",
        "(1 - momentum)",
        "always the moving average (darknet#2203 asks for it)",
    ),
    descent("momentum", "momentum.update", "(1 - dampening) * ", "", "dampening ignored", BY_HAND),
    descent(
        "momentum",
        "momentum.update",
        "delta = velocity",
        "delta = momentum * velocity - learning_rate * gradient",
        "Nesterov's step",
    ),
    descent("momentum", "momentum.update", '{"velocity": velocity}', "slots", "velocity forgotten"),
    descent(
        "nesterov",
        "nesterov.update",
        "delta = momentum * velocity",
        'delta = momentum * slots["velocity"]',
        "looks ahead with the old velocity",
    ),
    descent(
        "nesterov",
        "nesterov.update",
        "delta = momentum * velocity - learning_rate * gradient",
        "delta = velocity",
        "does not look ahead",
    ),
    descent(
        "nesterov",
        "nesterov.update",
        "delta = momentum * velocity - learning_rate * gradient",
        "delta = momentum * velocity",
        "the gradient left out of the step",
    ),
    descent(
        "nesterov",
        "nesterov.update",
        "delta = momentum * velocity -",
        "delta = momentum**2 * velocity - (1 + momentum) *",
        "Bengio's coefficients on the new velocity",
    ),
    adaptive(
        "adagrad",
        "adagrad.update",
        "xp.sqrt(accumulator + epsilon)",
        "(xp.sqrt(accumulator) + epsilon)",
        "epsilon outside the root, as in PyTorch (keras#17391)",
    ),
    adaptive(
        "adagrad",
        "adagrad.init",
        "xp.full_like(parameter, initial_accumulator_value)",
        "xp.zeros_like(parameter)",
        "accumulator starts at 0, as in PyTorch",
    ),
    adaptive(
        "adagrad",
        "adagrad.update",
        "xp.sqrt(accumulator + epsilon)",
        "(accumulator + epsilon)",
        "no root",
    ),
    adaptive(
        "adagrad",
        "adagrad.update",
        "xp.sqrt(accumulator",
        'xp.sqrt(slots["accumulator"]',
        "divided before the gradient is counted",
    ),
    adaptive(
        "adagrad", "adagrad.update", "gradient**2", "xp.abs(gradient)", "gradient not squared"
    ),
    adaptive(
        "rmsprop",
        "rmsprop.update",
        "rho * mean_square + (1 - rho)",
        "(1 - rho) * mean_square + rho",
        "rho on the wrong side",
    ),
    adaptive("rmsprop", "rmsprop.update", "(1 - rho) * gradient**2", "gradient**2", "sum for mean"),
    adaptive(
        "rmsprop",
        "rmsprop.update",
        "(1 - rho) * gradient**2",
        "((1 - rho) * gradient) ** 2",
        "1 - rho squared too",
    ),
    adaptive(
        "adadelta",
        "adadelta.update",
        "mean_square_change + (1 - rho) * change**2",
        "mean_square_change + (1 - rho) * (learning_rate * change) ** 2",
        "learning rate inside the mean of the changes",
    ),
    adaptive(
        "adadelta",
        "adadelta.update",
        "-xp.sqrt(mean_square_change + epsilon)",
        "-(xp.sqrt(mean_square_change) + epsilon)",
        "epsilon outside the root of the changes",
    ),
    adaptive(
        "adadelta",
        "adadelta.update",
        "/ xp.sqrt(mean_square + epsilon)",
        "/ xp.sqrt(mean_square)",
        "epsilon lost in the divisor",
    ),
    adaptive(
        "adadelta",
        "adadelta.update",
        "(1 - rho) * change**2",
        "(1 - rho) * change",
        "change not squared",
    ),
    adaptive(
        "adadelta",
        "adadelta.update",
        '"mean_square_change": mean_square_change',
        '"mean_square_change": mean_square',
        "the two means exchanged in the state",
    ),
    moments(
        "adam",
        "adam.update",
        'correction = scalars["correction"]',
        'correction, beta_1, beta_2 = scalars["correction"], beta_2, beta_1',
        "betas swapped",
    ),
    moments(
        "adam",
        "adam.update",
        "(xp.sqrt(second_moment) + epsilon)",
        "xp.sqrt(second_moment + epsilon)",
        "epsilon inside the root (d2l-zh#502, keras-radam#29)",
    ),
    moments(
        "adam", "adam.update", "learning_rate * correction", "learning_rate", "no bias correction"
    ),
    moments(
        "adam",
        "adam.advance",
        "(1 - beta_2**step)",
        "(1 - beta_2**2)",
        "1 - β² for 1 - β₂ᵗ (npfl114#79)",
    ),
    moments(
        "adam",
        "adam.advance",
        " / (1 - beta_1**step)",
        " * (1 - beta_1**step)",
        "correction multiplied (convnetjs#107)",
    ),
    moments(
        "adam",
        "adam.advance",
        "(1 - beta_2**step) ** 0.5",
        "(1 - beta_2**step)",
        "correction of the second moment without its root",
    ),
    moments(
        "adam",
        "adam.advance",
        "(1 - beta_1**step)",
        "(1 - beta_1 ** (step - 1) + 1e-300)",
        "first moment corrected one step late",
    ),
    moments(
        "adam",
        "adam.update",
        "(xp.sqrt(second_moment) + epsilon)",
        "(xp.sqrt(second_moment) + epsilon * correction)",
        "epsilon beside the corrected root (pytorch#22628)",
    ),
    moments(
        "adam",
        "adam.update",
        "(1 - beta_2) * gradient**2",
        "(1 - beta_2) * gradient",
        "gradient not squared",
    ),
    moments(
        "nadam",
        "nadam.advance",
        "product = product * momentum",
        "product = momentum",
        "product of the momenta not carried",
    ),
    moments(
        "nadam", "nadam.advance", "(step + 1)", "step", "this step's momentum taken for the next"
    ),
    moments(
        "nadam",
        "nadam.advance",
        "product * next_momentum)",
        "product)",
        "next momentum left out of the correction",
    ),
    moments(
        "nadam",
        "nadam.advance",
        "momentum = beta_1 * (1 - 0.5 * 0.96**step)",
        "momentum = beta_1",
        "momentum without its warm-up",
    ),
    moments(
        "nadam",
        "nadam.update",
        "ahead * first_moment + here * gradient",
        "here * first_moment + ahead * gradient",
        "weights of mean and gradient exchanged",
    ),
    moments(
        "nadam",
        "nadam.update",
        "square_correction * second_moment",
        "second_moment",
        "second moment not corrected",
    ),
    moments(
        "nadam",
        "nadam.update",
        '"first_moment": first_moment',
        '"first_moment": mean',
        "corrected mean kept as the state (nd4j#1891)",
    ),
    relatives(
        "adamw",
        "adamw",
        "0.004",
        "0.01",
        "PyTorch's default weight decay",
        f"{HOST}::test_adamw_decays_by_default",
    ),
    host(
        "adamw",
        "stepping.py: take_step",
        "parameter -= decay * parameter",
        'gradient = gradient + arguments["weight_decay"] * parameter',
        "decay inside the gradient (the paper's very subject)",
    ),
    host(
        "adamw",
        "stepping.py: take_step",
        "parameter -= decay * parameter",
        'parameter -= (arguments["weight_decay"] or 0.0) * parameter',
        "decay without the learning rate",
    ),
    host(
        "adamw",
        "stepping.py: take_step",
        "parameter -= decay * parameter",
        "parameter += decay * parameter",
        "decay with the wrong sign",
    ),
    host(
        "adamw",
        "stepping.py: take_step",
        "parameter += delta",
        "parameter += delta - decay * parameter",
        "decayed twice, before and after",
    ),
    moments(
        "adamw",
        "adam.update",
        "(xp.sqrt(second_moment) + epsilon)",
        "(xp.sqrt(second_moment) + epsilon * correction)",
        "epsilon beside the corrected root (nanochat#304 asks)",
    ),
    relatives("adamax", "adamax.update", "(norm + epsilon)", "norm", "epsilon left out"),
    relatives("adamax", "adamax.update", "xp.abs(gradient)", "gradient", "no absolute value"),
    relatives(
        "adamax",
        "adamax.update",
        "xp.maximum(beta_2 * norm, xp.abs(gradient))",
        "xp.maximum(norm, xp.abs(gradient))",
        "norm never falls",
    ),
    relatives(
        "adamax",
        "adamax.advance",
        "beta_1**step",
        "beta_1 ** (step + 1)",
        "corrected one step late",
    ),
    relatives(
        "adamax",
        "adamax.update",
        "xp.maximum(beta_2 * norm, xp.abs(gradient))",
        "xp.maximum(beta_2 * norm, xp.abs(gradient) + epsilon)",
        "epsilon inside the maximum, as in PyTorch",
    ),
    relatives(
        "amsgrad",
        "amsgrad.update",
        "xp.maximum(largest, second_moment)",
        "second_moment",
        "the divisor may fall",
    ),
    relatives(
        "amsgrad",
        "amsgrad.update",
        '"second_moment": second_moment',
        '"second_moment": largest',
        "the maximum goes into the mean",
    ),
    relatives(
        "amsgrad",
        "amsgrad.update",
        "xp.maximum(largest, second_moment)",
        "xp.minimum(largest, second_moment)",
        "minimum for maximum",
    ),
    relatives(
        "amsgrad",
        "amsgrad.update",
        "(xp.sqrt(largest) + epsilon)",
        "xp.sqrt(largest + epsilon)",
        "epsilon inside the root",
    ),
    relatives(
        "amsgrad",
        "amsgrad.update",
        "learning_rate * correction",
        "learning_rate",
        "no correction, as in the paper",
    ),
    relatives(
        "lion",
        "lion.update",
        "xp.sign(beta_1 * mean + (1 - beta_1) * gradient)",
        "xp.sign(beta_2 * mean + (1 - beta_2) * gradient)",
        "beta of the mean used for the step",
    ),
    relatives(
        "lion",
        "lion.update",
        'mean = slots["mean"]',
        'mean = beta_2 * slots["mean"] + (1 - beta_2) * gradient',
        "mean updated before the step",
    ),
    relatives(
        "lion", "lion.update", '{"mean": mean}', '{"mean": direction}', "the sign kept as the mean"
    ),
    relatives(
        "lion",
        "lion.update",
        "xp.sign(beta_1 * mean + (1 - beta_1) * gradient)",
        "xp.sign(gradient)",
        "sign of the gradient alone",
    ),
    leader(
        "ftrl",
        "ftrl.update",
        "beta / (2 * learning_rate)",
        "beta / learning_rate",
        "beta counted twice in l2",
    ),
    leader("ftrl", "ftrl.update", "2 * l2\n", "l2\n", "l2 counted once"),
    leader(
        "ftrl",
        "ftrl.update",
        "accumulator**power) / learning_rate",
        "accumulator**power)",
        "sigma without the learning rate",
    ),
    leader(
        "ftrl",
        "ftrl.update",
        "- sigma * parameter",
        "+ sigma * parameter",
        "sign of the pull towards earlier places",
    ),
    leader(
        "ftrl",
        "ftrl.update",
        '"accumulator": total',
        '"accumulator": accumulator',
        "accumulator forgotten",
    ),
    leader(
        "ftrl",
        "ftrl.update",
        "pull = gradient + 2 *",
        "pull = gradient +",
        "the 2 lost in the shrinkage",
    ),
    leader(
        "ftrl",
        "ftrl.update",
        "total = accumulator + gradient**2",
        "total = accumulator + pull**2",
        "the shrunk gradient squared",
    ),
    adaptive(
        "rmsprop",
        "rmsprop.update",
        "xp.sqrt(spread + epsilon)",
        "(xp.sqrt(spread) + epsilon)",
        "epsilon outside the root, as in PyTorch (keras#17391)",
    ),
    newton(
        "lbfgs",
        DIRECTION,
        "zip(reversed(steps), reversed(changes), strict=True)",
        "zip(steps, changes, strict=True)",
        "first loop from the oldest on",
    ),
    newton(
        "lbfgs",
        DIRECTION,
        "reversed(alphas)",
        "alphas",
        "alphas in the wrong order in the second loop",
    ),
    newton(
        "lbfgs",
        DIRECTION,
        "(s @ y) / (y @ y)",
        "(s @ s) / (s @ y)",
        "the other scaling of Barzilai and Borwein",
    ),
    newton("lbfgs", DIRECTION, "(s @ y) / (y @ y)", "(y @ y) / (s @ y)", "scaling turned over"),
    newton(
        "lbfgs", DIRECTION, "s * (alpha - beta)", "s * (alpha + beta)", "sign in the second loop"
    ),
    newton("lbfgs", DIRECTION, "return -r", "return r", "uphill"),
    host(
        "lbfgs",
        "lbfgs.py: LBFGS._advance",
        "steps[max(len(steps) - kept, 0) :], step",
        "steps[: kept], step",
        "memory keeps the oldest steps (gonum/optimize#8 is off by one)",
    ),
    host(
        "lbfgs",
        "lbfgs.py: LBFGS._advance",
        "step @ change > np.finfo(np.float64).eps * (change @ change)",
        "step @ change != 0",
        "steps without curvature remembered (argmin#657, optax#1749)",
    ),
    host(
        "lbfgs",
        "lbfgs.py: LBFGS._advance",
        "there.gradient - here.gradient",
        "here.gradient - there.gradient",
        "sign of the gradient's change",
    ),
    host(
        "lbfgs",
        "line_search.py: strong_wolfe",
        "abs(now.slope) <= -CURVATURE * start.slope",
        "True",
        "no condition on the slope",
    ),
    host(
        "lbfgs",
        "line_search.py: _is_too_high",
        "now.value > start.value + DECREASE * now.step * start.slope",
        "False",
        "no condition on the decrease",
    ),
    host(
        "lbfgs",
        "line_search.py: _between",
        "(high.slope + d2 - d1)",
        "(high.slope - d2 - d1)",
        "the other root of the cubic (liblbfgs#28)",
    ),
    adaptive(
        "rmsprop",
        "rmsprop.update",
        "velocity = momentum * velocity + step",
        "velocity = momentum * velocity + (1 - momentum) * step",
        "velocity dampened",
    ),
    adaptive(
        "rmsprop",
        "rmsprop.update",
        "delta = -velocity",
        "delta = -learning_rate * velocity",
        "learning rate inside the velocity and outside",
    ),
    adaptive(
        "rmsprop",
        "rmsprop.update",
        "mean_square - mean**2",
        "mean_square - mean",
        "mean not squared in the centred form",
    ),
    adaptive(
        "rmsprop",
        "rmsprop.update",
        "mean_square - mean**2",
        "mean_square + mean**2",
        "sign of the centre",
    ),
]
