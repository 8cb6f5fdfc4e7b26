"""The words of NeuronLab: its sentence, its verdict after learning, and its two tables."""

from html import escape

import numpy as np

from dlkit.display.numbers import counted, equals, exact, fixed, percent, signed
from dlkit.labs.neuron_model import (
    LIMIT,
    loss_and_gradient,
    loss_name,
    says_one,
    targets,
    weighted_sum,
)

_XOR = (
    "No straight line has both true points of XOR on one side and both false ones on the other: "
    "one neuron gets at most 3 of 4 (75 %)."
)
_NAMES = ("w1", "w2", "b")


def count_right(task, parameters, activation):
    """Return how many points of the task the neuron gets right."""
    return int(np.sum(says_one(task.x, parameters, activation) == (task.y == 1)))


def sentence(task, x, parameters, activation, updates):
    """Return what the picture shows, with its numbers."""
    w1, w2, b = parameters
    z = float(weighted_sum(x[None], parameters)[0])
    sign = equals(z, round(w1, 3) * round(x[0], 3) + round(w2, 3) * round(x[1], 3) + round(b, 3))
    output = float(activation.forward(np.array([z]))[0])
    right, points = count_right(task, parameters, activation), len(task.x)
    loss, _ = loss_and_gradient(task.x, task.y, parameters, activation)
    steps = f" after {counted(updates, 'step')} of learning" if updates else ""
    words = (
        f"z = w1·x1 + w2·x2 + b = {exact(w1)}·{exact(x[0])} {added(w2)}·{exact(x[1])} {added(b)} "
        f"{sign} {exact(z)}, and {activation.name}(z) = {exact(output)}. {task.label}"
        f"{steps}: {right} of {points} points right ({percent(right / points)}), {loss_name(activation)} "
        f"{fixed(loss)}."
    )
    return words + (f" {_XOR}" if task.label == "XOR" and updates else "")


def why_stuck(task, parameters, activation):
    """Return why no weight can move, or "" if one can."""
    loss, gradient = loss_and_gradient(task.x, task.y, parameters, activation)
    if np.any(gradient):
        return ""
    if activation.name == "step":
        return (
            "No weight moves: the step is flat everywhere, its slope is 0, and so is the gradient. "
            "To learn by gradient descent, choose a smooth activation such as sigmoid."
        )
    if loss == 0:
        return "No weight moves: the loss is 0 already, so there is nothing left to learn."
    z, (low, high) = weighted_sum(task.x, parameters), targets(activation)
    off = activation.forward(z) != low + (high - low) * task.y
    if np.any(activation.derivative(z[off])):
        return (
            "No weight moves: the gradient is exactly 0, because what the points ask for cancels "
            "out. Move a weight, and it is a little away from there."
        )
    return (
        f"No weight moves: the gradient is exactly 0. At every point where the neuron is wrong, "
        f"the slope of {activation.name} is 0: the neuron is dead. Press Reset or move a weight."
    )


def verdict(task, before, parameters, activation, updates):
    """Return what came of learning.

    Parameters
    ----------
    task : Task
    before, parameters : numpy.ndarray, shape (3,)
        (w1, w2, b) when learning began and when it ended.
    activation : Activation
    updates : int
        How many steps it took.

    Returns
    -------
    str
    """
    right, points = count_right(task, parameters, activation), len(task.x)
    loss_before, _ = loss_and_gradient(task.x, task.y, before, activation)
    loss, gradient = loss_and_gradient(task.x, task.y, parameters, activation)
    words = (
        f"{counted(updates, 'step')}: {right} of {points} right, "
        f"loss {fixed(loss_before)} → {fixed(loss)}. "
    )
    if loss > loss_before and np.abs(parameters).max() >= LIMIT:
        return words + "The loss has grown: the learning rate is too large. Reset, and lower it."
    if right == points:
        by_hand = " For the challenge, press Reset and set the weights by hand."
        return words + f"{task.label} is learnt." + (by_hand if task.label == "AND" else "")
    if task.label == "XOR":
        return words + "XOR is not learnt."
    if stuck := why_stuck(task, parameters, activation):
        return words + stuck
    if np.abs(gradient).max() < 0.02:
        if _is_flat_where_wrong(task, parameters, activation):
            return (
                words
                + f"At every point where the neuron is wrong, {activation.name} is nearly flat, "
                "and hardly any gradient gets through. Press Reset, and lower the learning rate."
            )
        return (
            words
            + "The loss hardly falls any more; the rest lies on the wrong side of the best line found."
        )
    return words + "Not there yet: press Learn again, or change the learning rate."


def _is_flat_where_wrong(task, parameters, activation):
    if activation.name == "sigmoid":
        return False  # with the cross-entropy its slope cancels out
    wrong = task.x[says_one(task.x, parameters, activation) != (task.y == 1)]
    slope = activation.derivative(weighted_sum(wrong, parameters))
    return bool(np.all(np.abs(slope) < 0.05))


def step_table(parameters, gradient, moved, number):
    """Return a table that shows one step of gradient descent, weight by weight, as HTML.

    Parameters
    ----------
    parameters, gradient, moved : numpy.ndarray, shape (3,)
        (w1, w2, b) before the step, the gradient there, and (w1, w2, b) after it.
    number : int
        Which step it was, from 1; 0 for one that has not been taken yet.
    """
    which = f"Step {number} (dashed: the line before it)" if number else "The next step"
    caption = f"{which}: move = −learning rate · gradient"
    rows = "".join(
        f'<tr><th scope="row">{name}</th><td>{fixed(old)}</td><td>{signed(slope, 3)}</td>'
        f"<td>{signed(new - old, 3)}</td><td>{fixed(new)}</td></tr>"
        for name, old, slope, new in zip(_NAMES, parameters, gradient, moved, strict=True)
    )
    return _table(caption, ("", "before", "gradient", "move", "after"), rows)


def points_table(task, parameters, activation):
    """Return the answers of the neuron as HTML: point by point, or class by class if many."""
    one = says_one(task.x, parameters, activation)
    z = weighted_sum(task.x, parameters)
    output = activation.forward(z)
    if len(task.x) > 10:
        rows = "".join(
            f'<tr><th scope="row">{escape(name)}</th><td>{int(np.sum(task.y == label))}</td>'
            f"<td>{int(np.sum((task.y == label) & (one == label)))}</td></tr>"
            for label, name in enumerate(task.classes)
        )
        return _table("Class by class", ("", "points", "right"), rows)
    low, high = targets(activation)
    rows = "".join(
        f'<tr><th scope="row">({x[0]:.0f}, {x[1]:.0f})</th><td>{fixed(z[i])}</td>'
        f"<td>{fixed(output[i])}</td><td>{fixed(high if task.y[i] else low, 0)}</td>"
        f"<td>{'✓ right' if one[i] == task.y[i] else '✗ wrong'}</td></tr>"
        for i, x in enumerate(task.x)
    )
    return _table("Point by point", ("(x1, x2)", "z", "output", "target", "answer"), rows)


def _table(caption, heads, rows):
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in heads)
    return (
        f'<table style="margin:4px 18px 4px 0"><caption style="text-align:left;font-weight:600;white-space:nowrap">'
        f"{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    )


def added(value):
    """Return ``value`` as it stands inside a sum: "+ 0.50" or "− 0.50"."""
    return ("− " if signed(value, 3).startswith("−") else "+ ") + exact(abs(value))
