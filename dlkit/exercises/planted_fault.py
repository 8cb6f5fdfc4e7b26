"""Exercise 03.5: find the gradients that are wrong, judged on planted faults of several kinds."""

import numpy as np

from dlkit.exercises import running
from dlkit.exercises.registry import WrongAnswer
from dlkit.exercises.running import Mistaken

_X = np.random.default_rng(3).normal(size=(5, 3))  # 5 samples, 3 inputs
_TARGET = np.random.default_rng(4).normal(size=(5, 2))


def find_wrong_gradients(loss, parameters, gradients):
    """Return the names of the parameters whose gradient disagrees with central differences."""
    step = 1e-5
    wrong = []
    for name, values in parameters.items():
        measured = np.empty_like(values)
        for index in np.ndindex(values.shape):
            nudged = {key: array.copy() for key, array in parameters.items()}
            nudged[name][index] = values[index] + step
            above = loss(nudged)
            nudged[name][index] = values[index] - step
            below = loss(nudged)
            measured[index] = (above - below) / (2 * step)
        error = np.linalg.norm(gradients[name] - measured)
        if error > 1e-5 * np.linalg.norm(measured):  # relative: gradients differ in size
            wrong.append(name)
    return wrong


def _loss(parameters):
    """The mean squared error of a small tanh network; also for complex parameters."""
    y = np.tanh(_X @ parameters["hidden/kernel"] + parameters["hidden/bias"])
    y = y @ parameters["output/kernel"] + parameters["output/bias"]
    return np.mean((y - _TARGET) ** 2)


def _scaled(factor):
    return lambda parameters: factor * _loss(parameters)


def _parameters():
    generator = np.random.default_rng(5)
    return {
        "hidden/kernel": generator.normal(size=(3, 4)) * 0.6,
        "hidden/bias": generator.normal(size=4) * 0.3,
        "output/kernel": generator.normal(size=(4, 2)) * 0.6,
        "output/bias": generator.normal(size=2) * 0.3,
    }


def _right_gradients(parameters):
    gradients = {}
    for name, values in parameters.items():
        gradients[name] = np.empty_like(values)
        for index in np.ndindex(values.shape):
            nudged = {key: array.astype(complex) for key, array in parameters.items()}
            nudged[name][index] += 1e-30j
            gradients[name][index] = _loss(nudged).imag / 1e-30
    return gradients


def _exchanged(gradient):
    wrong = gradient.copy()
    wrong.flat[[0, -1]] = gradient.flat[[-1, 0]]
    return wrong


def _last_element(gradient):
    wrong = gradient.copy()
    wrong.flat[-1] *= 1.5
    return wrong


# The faults of each case by parameter, what to say when the learner misses them, and, in the last,
# by how much loss and gradients are smaller than elsewhere: the same loss in another unit.
_CASES = (
    (
        {"hidden/bias": lambda gradient: gradient / 5},
        "You missed a gradient that is five times too small (a mean where a sum belongs).",
    ),
    (
        {"output/kernel": lambda gradient: -gradient},
        ("You missed a gradient whose sign is wrong. Compare the numbers themselves, not their "
        "sizes."),
    ),
    (
        {"hidden/kernel": _last_element},
        ("You missed a gradient that is wrong in one element only. Check every element of every "
        "parameter."),
    ),
    (
        {"hidden/kernel": lambda gradient: 1.01 * gradient},
        ("You missed a gradient that is wrong by one percent. Your tolerance is too wide: central "
        "differences agree to about 1e-9."),
    ),
    (
        {"hidden/bias": _exchanged},
        "You missed a gradient in which two elements are exchanged. Their sum is right and each of "
        "them is wrong: compare element by element.",
    ),
    (
        {"output/bias": lambda gradient: gradient - 0.5},
        "You missed a gradient that is too small in every element. Take the absolute value of the "
        "difference.",
    ),
    (
        {"hidden/kernel": lambda gradient: gradient * 1.3, "output/bias": lambda gradient: 2 + 0 * gradient},
        ("In one case two gradients are wrong, and you reported one. Look at all parameters before "
        "you return."),
    ),
    (
        {"hidden/kernel": lambda gradient: 1.01 * gradient},
        ("You missed a gradient that is wrong by one percent where all gradients are tiny, below "
        "1e-4. A fixed tolerance does not see that: compare the difference with the size of the "
        "gradient."),
        1e-4,
    ),
)  # fmt: skip


def examine_find(answer):
    """Hand the learner's function right and wrong gradients; say which fault it overlooks."""
    if not callable(answer):
        raise Mistaken(
            "The check needs your function itself: give its name without parentheses and arguments."
        )
    parameters = _parameters()
    right = _right_gradients(parameters)
    names = list(parameters)
    alarms = _names(running.call(answer, _loss, parameters, right), names)
    found = []
    for faults, _, *scale in _CASES:
        factor = scale[0] if scale else 1.0
        given = {name: factor * faults.get(name, np.copy)(right[name]) for name in names}
        found.append(_names(running.call(answer, _scaled(factor), parameters, given), names))
    if all(report == set(names) for report in [alarms, *found]):
        raise Mistaken(
            "You report every gradient, right or wrong. A measured gradient never agrees to the "
            "last digit: use central differences with a step of about 1e-5 (far smaller steps drown in "
            "rounding), and allow a small relative difference."
        )
    if all(
        report == set(names) - set(faults)
        for report, (faults, *_) in zip(found, _CASES, strict=True)
    ):
        raise Mistaken("Those are the gradients that are right. Asked were the wrong ones.")
    if not any([alarms, *found]):
        raise Mistaken("You never report a fault, and all cases but one hold one or two.")
    for (faults, message, *_), report in zip(_CASES, found, strict=True):
        if not set(faults) <= report:
            raise Mistaken(message)
    if alarms or any(
        report - set(faults) for (faults, *_), report in zip(_CASES, found, strict=True)
    ):
        raise Mistaken(
            "You report gradients that are right. Use central differences, whose error falls with "
            "the square of the step, and a relative tolerance such as 1e-5."
        )
    return "This test finds a wrong sign in any network. Run it on every backward pass you write."


def _names(answer, known):
    if isinstance(answer, np.ndarray):
        answer = answer.tolist()
    if isinstance(answer, str) or not isinstance(answer, list | tuple | set):
        raise Mistaken(
            "Return a list of names, for example ['hidden/bias'], or an empty list, but not "
            f"something of type {type(answer).__name__}."
        )
    strangers = [name for name in answer if name not in known]
    if strangers:
        raise Mistaken(f"{strangers[0]!r} is no parameter. The names are the keys of `parameters`.")
    return set(answer)


# --- the catalogue ------------------------------------------------------------------------------
def _searching(decide, step=1e-5, central=True):
    """An answer that measures as it should, or by forward differences, and then decides."""

    def answer(loss, parameters, gradients):
        wrong = []
        for name, values in parameters.items():
            measured = np.empty_like(values)
            for index in np.ndindex(values.shape):
                sides = []
                for sign in (1, -1 if central else 0):
                    nudged = {key: array.copy() for key, array in parameters.items()}
                    nudged[name][index] += sign * step
                    sides.append(loss(nudged))
                measured[index] = (sides[0] - sides[1]) / (2 * step if central else step)
            if decide(gradients[name], measured):
                wrong.append(name)
        return wrong

    return answer


def _differ(given, measured, tolerance=1e-5):
    return np.linalg.norm(given - measured) > tolerance * np.linalg.norm(measured)


def _spoiling(loss, parameters, gradients):
    for values in parameters.values():
        values += 1e-5
    return []


WRONG_ANSWERS = (
    WrongAnswer(lambda loss, parameters, gradients: [], "You never report a fault"),
    WrongAnswer(_searching(lambda g, m: (g != m).any()), "You report every gradient"),
    WrongAnswer(
        _searching(lambda g, m: not _differ(g, m)), "Those are the gradients that are right"
    ),
    WrongAnswer(_searching(lambda g, m: _differ(abs(g), abs(m))), "whose sign is wrong"),
    WrongAnswer(_searching(lambda g, m: _differ(g.flat[:1], m.flat[:1])), "in one element only"),
    WrongAnswer(_searching(lambda g, m: _differ(g, m, 0.05)), "wrong by one percent"),
    WrongAnswer(_searching(lambda g, m: np.linalg.norm(g - m) > 1e-6), "A fixed tolerance"),
    WrongAnswer(_searching(lambda g, m: np.abs(g - m).max() > 1e-5), "A fixed tolerance"),
    WrongAnswer(_searching(lambda g, m: not np.allclose(g, m, 1e-5, 1e-6)), "A fixed tolerance"),
    WrongAnswer(_searching(lambda g, m: _differ(g.sum(), m.sum())), "two elements are exchanged"),
    WrongAnswer(_searching(lambda g, m: (g - m).max() > 1e-6), "too small in every element"),
    WrongAnswer(lambda *arguments: _searching(_differ)(*arguments)[:1], "you reported one"),
    WrongAnswer(
        _searching(lambda g, m: _differ(g, m, 1e-3), step=1e-3, central=False),
        "You report gradients that are right",
    ),
    WrongAnswer(_spoiling, "changes one of its arguments in place"),
    WrongAnswer(lambda loss, parameters, gradients: "hidden/bias", "Return a list of names"),
    WrongAnswer(lambda loss, parameters, gradients: ["bias"], "'bias' is no parameter"),
)
