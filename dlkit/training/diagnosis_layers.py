"""The rules that look at the layers: dead units, gradients that vanish or explode.

They speak only where the history holds records of layers (``record_layers=True``).
"""

import numpy as np

from dlkit.training.diagnosis_advice import advise
from dlkit.training.diagnosis_words import percent, say, sureness

FEWEST_EPOCHS = 5  # a trend can be told from chance after so many
DEAD = 0.6  # share of dead units in one layer
STARVED = 3e-3  # gradient norm of the first trained layer / of the last one
LARGE = 20  # gradient norm of the first epoch, in units of the loss before learning
HIGH = 2.5  # loss of the first batch, likewise: weights or inputs far too large


def _trained(curves):
    return [layer for layer in curves.layers if np.isfinite(layer.gradient_norm).any()]


def exploding_gradients(curves):
    """Gradients are huge from the first epoch on, and so was the loss before the first step."""
    trained = _trained(curves)
    if not trained or not len(curves.batch_losses) or not 0 < curves.start < np.inf:
        return None
    largest = max(trained, key=lambda layer: np.nan_to_num(layer.gradient_norm[0]))
    norm, first = float(largest.gradient_norm[0]), float(curves.batch_losses[0])
    if not (norm >= LARGE * curves.start and first >= HIGH * curves.start):
        return None
    evidence = [
        (
            f"In epoch 1 the gradient of {largest.name!r} has norm {say(norm)}, "
            f"{say(norm / curves.start)} times the loss that guessing reaches; in epoch "
            f"{curves.epochs} it is {say(largest.gradient_norm[-1])}."
        ),
        f"The very first batch had a loss of {say(first)}, before any step.",
    ]
    sure = sureness(norm / curves.start, LARGE, 10 * LARGE)
    return "exploding_gradients", sure, evidence, advise("exploding_gradients", curves)


def vanishing_gradients(curves):
    """The first layer gets next to no gradient, and little is learnt."""
    trained = _trained(curves)
    if len(trained) < 3 or curves.explained >= 0.5:
        return None
    first, last = trained[0], trained[-1]
    ratios = first.gradient_norm / np.maximum(last.gradient_norm, 1e-300)
    ratio = float(np.nanmedian(ratios))
    if not ratio <= STARVED:
        return None
    evidence = [
        (
            f"The gradient of the first layer, {first.name!r}, is {say(ratio)} times that of the "
            f"last one, {last.name!r} (median of {curves.epochs} epochs; in the last one "
            f"{say(first.gradient_norm[-1])} and {say(last.gradient_norm[-1])})."
        ),
        (
            f"The training loss went from {say(curves.loss[0])} in epoch 1 to "
            f"{say(curves.loss[-1])} in epoch {curves.epochs}."
        ),
    ]
    sure = sureness(-np.log10(max(ratio, 1e-30)), -np.log10(STARVED), 6)
    return "vanishing_gradients", sure, evidence, advise("vanishing_gradients", curves)


def dead_relu(curves):
    """Most ReLUs of a layer give 0 for every sample, and have for half the run."""
    if curves.epochs < FEWEST_EPOCHS:
        return None
    half = curves.epochs // 2
    late = {
        layer.name: float(np.median(layer.dead_share[half:]))
        for layer in curves.layers
        if np.isfinite(layer.dead_share).all()
    }
    if not late or max(late.values()) < DEAD:
        return None
    name = max(late, key=late.get)
    shares = next(layer.dead_share for layer in curves.layers if layer.name == name)
    evidence = [
        (
            f"{percent(shares[-1])} of the units of {name!r} give 0 for every one of the samples "
            f"tried in epoch {curves.epochs}; in epoch 1 it was {percent(shares[0])}."
        )
    ]
    if curves.unscaled:
        evidence.append(curves.unscaled)
    return "dead_relu", sureness(late[name], DEAD, 0.9), evidence, advise("dead_relu", curves)
