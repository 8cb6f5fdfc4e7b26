"""The words of BackpropLab: the title, the chain rule with its numbers, the nudge check, the table."""

import re
from html import escape

from dlkit.display.numbers import fixed, short
from dlkit.labs.backprop_examples import EXAMPLES
from dlkit.labs.backprop_walk import finite_difference, updated


def title(walk):
    """Return what the present step has found, in a few words.

    Parameters
    ----------
    walk : Walk

    Returns
    -------
    str
    """
    n, name = walk.forward_count, walk.present
    if walk.steps == 0:
        return f"Nothing is computed yet: {n} empty boxes"
    if not walk.going_backward:
        end = ": the loss is known" if walk.steps == n else ""
        return f"Forward, node {walk.steps} of {n}: {name}{end}"
    if not walk.backward_taken:
        return "Backward begins at the loss: ∂L/∂L = 1"
    end = ": all gradients are known" if walk.steps == walk.last_step else ""
    return f"Backward, node {walk.backward_taken} of {n}: {name} hands its gradient on{end}"


def rules(walk):
    """Return the mathematics of the present step, line by line, with the numbers.

    Parameters
    ----------
    walk : Walk

    Returns
    -------
    list of str
        One or two: how the node is computed, or the chain rule for each of its inputs.
    """
    if walk.steps == 0:
        return [EXAMPLES[walk.example].words]
    if walk.present_step is not None:
        found = [part.chain_text for part in walk.present_step.contributions]
    elif walk.going_backward:
        found = ["∂L/∂L = 1"]
    else:
        found = [walk.forward_texts[walk.present]]
    return [_typeset(line) for line in found]


def remark(walk):
    """Return what is to be said about the present step beside its mathematics.

    Parameters
    ----------
    walk : Walk

    Returns
    -------
    str
    """
    if walk.steps == 0:
        return "Press Next step to compute the first box."
    if walk.going_backward and walk.present_step is None:
        return "If the loss grows by a little, the loss grows by just that: we start with 1."
    step = next(step for step in walk.backward_steps if step.node.label == walk.present)
    slopes = _typeset(", ".join(part.local_text for part in step.contributions))
    if not walk.going_backward:
        return f"Noted for the way back: {slopes}"
    partly = any(not walk.gradient(part.input.label)[1] for part in step.contributions)
    more = " “So far”: used elsewhere too, more will be added." if partly else ""
    return f"Local derivatives: {slopes}.{more}"


def sentence(walk):
    """Return what the picture shows, in one or two sentences.

    Parameters
    ----------
    walk : Walk

    Returns
    -------
    str
    """
    words = f"{EXAMPLES[walk.example].label.capitalize()}. {title(walk)}. {'; '.join(rules(walk))}."
    if walk.steps >= walk.forward_count:
        words += f" Loss {short(walk.loss)}."
    return words


def nudge_check(walk, name, step):
    """Return the comparison of a measured gradient with the one of backpropagation, as HTML.

    Parameters
    ----------
    walk : Walk
    name : str
        The leaf that is nudged.
    step : float
        How far, to each side.

    Returns
    -------
    str
    """
    above, below, measured = finite_difference(walk.example, walk.numbers, name, step)
    gradient, complete = walk.gradient(name)
    if complete:
        found = f"{_digits(gradient)} (they differ by {short(abs(measured - gradient), 2)})"
    else:
        found = "not known yet; go backward to the end"
    return (
        f"<p><strong>Nudge check at {escape(name)}</strong>: L({escape(name)} + {short(step)}) = "
        f"{fixed(above, 6)}, L({escape(name)} − {short(step)}) = {fixed(below, 6)}.<br>"
        f"finite difference: <strong>{_digits(measured)}</strong>, backprop: "
        f"<strong>{found}</strong></p>"
    )


def update_table(walk, learning_rate, limit):
    """Return what the next update would do, weight by weight, as an HTML table.

    Parameters
    ----------
    walk : Walk
    learning_rate, limit : float
        As for `updated`.

    Returns
    -------
    str
    """
    after = updated(walk.example, walk.numbers, learning_rate, limit)
    rows = ""
    for name in EXAMPLES[walk.example].trainable:
        gradient, complete = walk.gradient(name)
        now = walk.numbers[name]
        cells = (
            (_digits(gradient), _digits(after[name] - now), _digits(after[name]))
            if complete
            else ("?", "?", "?")
        )
        rows += f'<tr><th scope="row">{escape(name)}</th><td>{_digits(now)}</td>' + "".join(
            f"<td>{cell}</td>" for cell in cells
        )
        rows += "</tr>"
    head = "".join(
        f'<th scope="col">{text}</th>' for text in ("", "now", "gradient", "move", "after")
    )
    return (
        '<table><caption style="white-space:nowrap">The next update: move = −learning rate · gradient'
        "</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _digits(value):
    """Four digits after the point, or two significant ones where that would show nothing."""
    return fixed(value, 4) if value == 0 or abs(value) >= 0.001 else short(value, 2)


def after_update(count, before, after, numbers, limit):
    """Return what an update has done to the loss.

    Parameters
    ----------
    count : int
        Which update it was.
    before, after : float
        The loss.
    numbers : dict of str to float
        The numbers after it.
    limit : float
        Where a number stops.

    Returns
    -------
    str
    """
    found = f"Update {count}: loss {short(before)} → {short(after)}."
    stopped = [name for name, value in numbers.items() if abs(value) >= limit]
    if stopped:
        found += f" Stopped at the end of the slider: {', '.join(stopped)}."
    if after > before:
        return found + " The loss has grown: the step was too long. Lower the learning rate."
    if before - after < 0.001 * before:
        return found + " It hardly moves: the gradients are nearly 0."
    return found + " The values are new, so the old gradients no longer hold."


def _typeset(text):
    """A real minus sign, and powers as one writes them: e**2 is e²."""
    return re.sub(r"\*\*1\b", "", text.replace("-", "−").replace("**2", "²"))
