"""The rules for runs that do not get far: not learning, or learning too slowly."""

import numpy as np

from dlkit.training.diagnosis_advice import advise, rate_share
from dlkit.training.diagnosis_words import last, percent, say, sureness

FLAT = 0.05  # a total fall below this share of the start is no fall
STEADY = 0.45  # pace of the second half / of the first, of a curve that hardly slows down


def stuck(curves):
    """The loss does not fall, or ends where guessing would be: not learning, or far too slowly."""
    fall = (curves.start - curves.end) / curves.start if curves.start > 0 else 0.0
    moved = (curves.loss[0] - curves.end) / curves.start if curves.start > 0 else 0.0
    if curves.below_zero:
        return None
    chance = curves.at_chance
    falling = not curves.flat and curves.steadiness > 0.1
    if chance and falling and moved >= FLAT:  # a rare class: the start is far above chance
        return None
    if not chance and max(fall, moved) >= FLAT:
        return None
    if not chance and curves.good_accuracy:
        return None
    if curves.steadiness >= STEADY and not _usual_steps(curves):
        return _too_slow(curves)
    evidence = [
        (
            f"The training loss went from {say(curves.loss[0])} in epoch 1 to {say(curves.loss[-1])} "
            f"in epoch {curves.epochs}, and no longer falls."
        )
    ]
    if chance and curves.baseline_loss is not None:
        evidence.append(
            f"Always giving the same answer would reach a loss of {say(curves.baseline_loss)}."
        )
    elif chance:
        guess = np.exp(-curves.end)
        evidence.append(
            f"Its accuracy, {last(curves.accuracy)}, is that of guessing ({guess:.2f})."
        )
    sure = 0.85 if chance else sureness(FLAT - moved, 0, FLAT)
    return "not_learning", sure, evidence, advise("not_learning", curves)


def slow(curves):
    """Much is left to learn, and the loss falls as fast at the end as at the start."""
    if curves.below_zero:
        return None
    short = rate_share(curves) < 1 / 3  # of the usual learning rate; NaN is not
    if curves.explained >= 0.5 or curves.steadiness < (0.3 if short else STEADY):
        return None
    if _usual_steps(curves):
        return None
    if (
        not short
        and curves.good_accuracy
        and (curves.explained >= 0.25 or curves.accuracy[-1] >= 0.9)
    ):
        return None
    return _too_slow(curves)


def _usual_steps(curves):
    """Whether the learning rate is known, and not much below what is usual for the optimizer."""
    return rate_share(curves) >= 1 / 3


def _too_slow(curves):
    evidence = [
        (
            f"The training loss falls steadily, from {say(curves.loss[0])} in epoch 1 to "
            f"{say(curves.loss[-1])} in epoch {curves.epochs}, but only {percent(max(0, curves.explained))} of the way, and "
            "it hardly slows down: the steps are too short for so few epochs."
        )
    ]
    sure = sureness(min(curves.steadiness, 1.0), 0.2, 1.0)
    return "learning_rate_too_low", sure, evidence, advise("learning_rate_too_low", curves)
