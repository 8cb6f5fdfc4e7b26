"""The rules of a diagnosis, one function each, in the order in which they are asked.

Each takes `Curves` and returns None, or (label, sureness, evidence, advice). The numbers in capital
letters are where one label ends and the next begins.
"""

import numpy as np

from dlkit.training.curves import FEWEST_VALIDATED
from dlkit.training.diagnosis_advice import advise
from dlkit.training.diagnosis_layers import (
    FEWEST_EPOCHS,
    dead_relu,
    exploding_gradients,
    vanishing_gradients,
)
from dlkit.training.diagnosis_overfitting import overfitting
from dlkit.training.diagnosis_pace import slow, stuck
from dlkit.training.diagnosis_words import last, percent, say, sureness

JUMP, HIGH_JUMP = 0.15, 0.25  # a rise of the training loss by this share within one epoch
SWING = 0.15  # mean movement per epoch, as a share of the loss, of a curve that swings
THROWN = 5  # the first epoch's mean loss as a multiple of the first batch's
POOR = 0.40  # a run that removed less than this share of the starting loss has learnt little


def not_finite(curves):
    """A loss is not a finite number."""
    if curves.finite and "finite" not in curves.stop_reason.lower():
        return None
    return "diverging", 0.98, [_where_not_finite(curves)], advise("diverging", curves)


def growing(curves):
    """The loss grows beyond where it started."""
    if curves.epochs < 3:
        return None
    lowest, first = float(curves.loss.min()), float(curves.loss[0])
    half = curves.loss[curves.epochs // 2 :]
    grows = curves.end > 1.2 * max(first, lowest) and half[-1] >= half[0]
    # A loss may go below 0; "1.2 times" means nothing there.
    if lowest <= 0 or not grows or curves.end < 1.5 * lowest:
        return None
    evidence = [
        (
            f"The training loss grew from {say(first)} in epoch 1 to {say(curves.loss[-1])} in "
            f"epoch {curves.epochs}, {say(curves.end / lowest)} times its lowest value."
        )
    ]
    return "diverging", sureness(curves.end / first, 1.2, 3), evidence, advise("diverging", curves)


def not_enough_evidence(curves):
    """Too few epochs to tell a trend from chance."""
    if curves.epochs >= FEWEST_EPOCHS:
        return None
    evidence = [
        (
            f"The run has {curves.epochs} epoch{'s' * (curves.epochs != 1)} so far; a trend can be told "
            f"from chance after {FEWEST_EPOCHS}."
        )
    ]
    return "not_enough_evidence", 0.98, evidence, advise("few_epochs", curves)


def unstable(curves):
    """The loss jumps up again and again, or swings without settling."""
    jumps = curves.jumps(curves.loss, JUMP, 0.03)
    high = curves.jumps(curves.loss, HIGH_JUMP, 0.05)
    needed = max(2, 0.1 * curves.epochs)
    late = curves.loss[curves.epochs // 2 :]
    moves = np.diff(late)
    swing = float(np.abs(moves).mean() / max(abs(late.mean()), 1e-300))
    ups = float((moves > 0).mean())
    swings = swing > SWING and ups >= 0.35 and np.abs(moves).mean() > 0.028 * curves.start
    val_jumps = ()
    if curves.val_loss is not None:
        val_jumps = curves.jumps(curves.val_loss, 0.5, 0.2)
    if len(jumps) >= max(3, 0.11 * curves.epochs) or len(high) >= needed or swings:
        evidence = _jump_sentences(curves.loss, jumps, "training")
        if swings:
            evidence.append(
                f"In the second half of the run the training loss moves by {percent(swing)} of its "
                f"value per epoch on average, and upwards in {percent(ups)} of the epochs."
            )
        sure = max(sureness(len(jumps), needed, 3 * needed), sureness(swing, SWING, 4 * SWING))
    elif len(val_jumps) >= max(3, 0.15 * curves.epochs):
        evidence = _jump_sentences(curves.val_loss, val_jumps, "validation")
        sure = sureness(len(val_jumps), 3, 10)
    else:
        return None
    return "unstable", sure, evidence, advise("unstable", curves)


def thrown(curves):
    """The first steps threw the loss far above where it started, and it had to come back."""
    steps = np.asarray(curves.batch_losses, dtype=float)
    if not len(steps) or not 0 < curves.start < np.inf or curves.loss[0] < THROWN * steps[0]:
        return None
    evidence = [
        (
            f"The first steps threw the loss from {say(steps[0])} up to {say(steps.max())}; the "
            f"mean of epoch 1 is {say(curves.loss[0])}, of epoch {curves.epochs} "
            f"{say(curves.loss[-1])}."
        )
    ]
    sure = sureness(curves.loss[0] / steps[0], THROWN, 10 * THROWN)
    return "unstable", sure, evidence, advise("unstable", curves)


def underfitting(curves):
    """The loss has gone flat while it is still high, in training and validation alike."""
    if curves.explained >= POOR or not curves.flat or curves.below_zero:
        return None
    validates = curves.val_loss is not None and curves.val_end < 0.52 * curves.start
    high = curves.baseline_loss is not None and curves.val_loss is not None and not validates
    if validates or (curves.good_accuracy and not high):
        return None
    evidence = [
        (
            f"The training loss has gone flat at {say(curves.loss[-1])}, which is "
            f"{percent(1 - curves.explained)} of the {say(curves.start)} before learning."
        )
    ]
    if curves.accuracy is not None:
        evidence.append(f"The training accuracy is only {last(curves.accuracy)}.")
    if curves.val_loss is not None:
        evidence.append(
            f"The validation loss ({say(curves.val_loss[-1])}) is close to it, so the network is "
            "too small or held back, or the inputs do not tell more."
        )
    sure = sureness(POOR - curves.explained, 0, 0.3) * (1 if curves.val_loss is not None else 0.8)
    return "underfitting", sure, evidence, advise("underfitting", curves)


def well(curves):
    """Nothing wrong: healthy, or done before the run was over. Always answers."""
    if curves.too_few_validated:
        count = curves.too_few_validated
        evidence = [
            (
                f"The validation part has {count} sample{'s' * (count != 1)}: the curves of so few are "
                f"mostly chance. They tell something from {FEWEST_VALIDATED} samples on."
            )
        ]
        return "not_enough_evidence", 0.98, evidence, advise("few_validated", curves)
    if curves.below_zero:
        evidence = [
            (
                f"The training loss went from {say(curves.loss[0])} to {say(curves.loss[-1])}. A loss "
                "that starts at 0 or goes below it has no floor that the curves tell, so how much is "
                "left to learn cannot be said."
            )
        ]
        return "not_enough_evidence", 0.9, evidence, advise("below_zero", curves)
    if curves.at_chance:  # and not flat, or `stuck` would have spoken
        evidence = [
            (
                f"The training loss still falls, from {say(curves.loss[0])} in epoch 1 to "
                f"{say(curves.loss[-1])} in epoch {curves.epochs}, and has only come down to where "
                "always giving the same answer is."
            )
        ]
        return "not_enough_evidence", 0.9, evidence, advise("on_its_way", curves)
    if curves.val_loss is None:
        evidence = [
            (
                f"The training loss fell from {say(curves.start)} to {say(curves.loss[-1])}, but there "
                "is no validation loss, so overfitting cannot be seen."
            )
        ]
        return "not_enough_evidence", 0.9, evidence, advise("no_validation", curves)
    known = 1.0
    if curves.baseline_loss is None and curves.accuracy is None:
        known = 0.7
    half = (curves.epochs + 1) // 2
    lowest = float(curves.val_loss.min())
    gained = float(curves.val_loss[:half].min()) - lowest
    total = max(float(curves.val_loss[0]) - lowest, 1e-300)
    evidence = [
        (
            f"Training and validation loss fell together, to {say(curves.loss[-1])} and "
            f"{say(curves.val_loss[-1])}; the best epoch is {curves.best + 1} of {curves.epochs}."
        )
    ]
    if known < 1:
        evidence.append("How low the loss could go cannot be told from the curves alone.")
    if curves.epochs >= 10 and gained <= 0.01 * total:
        reached = int(np.argmax(curves.val_loss <= lowest + 0.01 * total)) + 1
        evidence.append(f"Nearly all was gained by epoch {reached}; the rest changed little.")
        sure = known * sureness(half - reached, -1, half)
        return "good_fit_reached_early", sure, evidence, advise("good_fit_reached_early", curves)
    falling = curves.steadiness >= 0.1 and curves.best >= curves.epochs - 2
    if falling:
        evidence.append("Both still fall at the end.")
    sure = known * sureness(curves.explained, 0.3, 0.9)
    return "healthy", sure, evidence, advise("still_falling" if falling else "healthy", curves)


RULES = (
    not_finite,
    dead_relu,
    exploding_gradients,
    growing,
    not_enough_evidence,
    vanishing_gradients,
    unstable,
    stuck,
    thrown,
    overfitting,
    slow,
    underfitting,
    well,
)
"""Asked in this order; the last one always answers."""


def _where_not_finite(curves):
    for values, name in ((curves.loss, "training"), (curves.val_loss, "validation")):
        if values is not None and not np.isfinite(values).all():
            epoch = int(np.argmin(np.isfinite(values)))
            return f"The {name} loss is {values[epoch]} in epoch {epoch + 1}."
    batches = np.asarray(curves.batch_losses)
    if not np.isfinite(batches).all():
        batch = int(np.argmin(np.isfinite(batches)))
        return f"The loss of batch {batch + 1} of the run is {batches[batch]}."
    return f"A loss that is not finite stopped the run after epoch {curves.epochs}."


def _jump_sentences(values, jumps, name):
    if not len(jumps):
        return []
    worst = max(jumps, key=lambda at: values[at] - values[at - 1])
    return [
        (
            f"The {name} loss jumps up {len(jumps)} times in {len(values)} epochs, most in epoch "
            f"{worst + 1}: from {say(values[worst - 1])} to {say(values[worst])}."
        )
    ]
