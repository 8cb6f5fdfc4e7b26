"""When a planted fault counts as one that took effect: the definition of each label.

Written down before any rule was asked. B is the loss of the best constant prediction (what guessing
reaches); a run that meets no criterion, or more than its own, is thrown away, so borderline runs are
not in the gallery. The criteria leave gaps between labels on purpose, and may look at things that a
diagnosis never sees: the data, and the *control*, which is the same run without the fault.
"""

from dataclasses import dataclass

import numpy as np

from dlkit.training.curves import baseline


@dataclass(frozen=True)
class Facts:
    """What is measured in one run; losses are in units of B."""

    epochs: int
    finite: bool
    loss: np.ndarray
    val_loss: np.ndarray
    end: float
    val_end: float
    lowest: float
    best: int
    ups: int
    first_batch: float
    dead: float
    dead_early: float
    gradient_ratio: float
    gradient_start: float


def facts_of(history, data):
    """Measure a run."""
    scale = baseline(data)[0]
    columns, batches = history.history, history.batch_losses
    loss = np.array(columns.get("loss", ()), "float64") / scale
    val_loss = np.array(columns.get("val_loss", ()), "float64") / scale
    finite = all(np.isfinite(values).all() for values in (loss, val_loss, batches))
    finite &= "finite" not in history.stop_reason and len(loss) > 0
    rise = np.diff(loss)
    layers = list(history.layers.values())
    trained = [_column(layer, "gradient_norm") for layer in layers]
    trained = [norms / scale for norms in trained if np.isfinite(norms).any()]
    dead = [_column(layer, "dead_share") for layer in layers]
    dead = [shares for shares in dead if np.isfinite(shares).any()]
    half = len(loss) // 2
    ratio = np.nan
    if len(trained) > 1:
        ratio = float(np.nanmedian(trained[0] / np.maximum(trained[-1], 1e-300)))
    return Facts(
        epochs=len(loss),
        finite=bool(finite),
        loss=loss,
        val_loss=val_loss,
        end=float(np.median(loss[-3:])) if len(loss) else np.nan,
        val_end=float(np.median(val_loss[-3:])) if len(loss) else np.nan,
        lowest=float(np.min(val_loss)) if len(loss) else np.nan,
        best=int(np.argmin(val_loss)) if len(loss) else 0,
        ups=int(((rise > 0.15 * loss[:-1]) & (rise > 0.03)).sum()) if len(loss) else 0,
        first_batch=float(batches[0] / scale) if len(batches) else np.nan,
        dead=max((float(np.median(shares[half:])) for shares in dead), default=0.0),
        dead_early=max((float(shares[0]) for shares in dead), default=0.0),
        gradient_ratio=ratio,
        gradient_start=max((float(norms[0]) for norms in trained), default=np.nan),
    )


def _column(layer, name):
    return np.array([np.nan if row[name] is None else row[name] for row in layer])


def calm(run):
    """No sign of the faults that layers show, and no jumping."""
    flows = not run.gradient_ratio < 0.01  # a single layer has no ratio: NaN
    return run.ups <= 1 and run.dead < 0.4 and flows and run.first_batch < 3 and run.loss[0] < 3


def learnt(run):
    """Validation ends well below guessing, near its best, with training not far ahead."""
    kept = run.val_end - run.lowest <= 0.03
    return calm(run) and run.val_end <= 0.5 and kept and run.val_end - run.end <= 0.2


def late_gain(run):
    """Share of the whole fall of the validation loss that the second half brought."""
    half = (run.epochs + 1) // 2
    total = max(run.val_loss[0] - run.lowest, 1e-12)
    return float((run.val_loss[:half].min() - run.lowest) / total)


def healthy(run, control):
    """Has learnt, and the second half of the run was worth at least 2 % of all that was gained."""
    return run.epochs >= 8 and learnt(run) and late_gain(run) >= 0.02


def good_fit_reached_early(run, control):
    """Has learnt, and the second half of the run brought less than half a per cent."""
    return run.epochs >= 12 and learnt(run) and late_gain(run) <= 0.005


def overfitting(run, control):
    """Validation is clearly worse at the end than at its best, while training went on falling."""
    rise = run.val_end - run.lowest
    turned = run.best <= run.epochs - 4 and rise >= 0.08 and rise >= 0.15 * run.lowest
    return turned and run.end < 0.9 * run.loss[run.best] and calm(run)


def underfitting(run, control):
    """Flat, high, validation high and not far above; the control ends at 60 % of that or less."""
    if not calm(run) or not 0.6 <= run.end <= 0.92 or run.epochs < 9:
        return False
    flat = abs(float(np.median(run.loss[run.epochs // 2 : run.epochs // 2 + 3])) - run.end) < 0.03
    alike = run.val_end >= 0.45 and run.val_end - run.end < 0.12
    return flat and alike and control.end <= 0.6 * run.end


def learning_rate_too_low(run, control):
    """Falls nearly all the time and at a steady pace, not far; ten times the rate gets farther."""
    half = run.epochs // 2
    early, late = run.loss[0] - run.loss[half], run.loss[half] - run.loss[-1]
    steady = late >= 0.35 * early and np.mean(np.diff(run.loss) < 0) >= 0.75
    falls = run.loss[0] - run.end >= 0.005 and run.end >= 0.5
    return calm(run) and steady and falls and control.finite and control.end <= run.end - 0.15


def not_learning(run, control):
    """Stays where guessing is, in training and validation, and no layer is dead or cut off."""
    there = 0.93 <= run.end <= 1.1 and run.val_end >= 0.95
    flat = abs(run.loss[run.epochs // 2] - run.end) <= 0.02 and run.epochs >= 6
    return calm(run) and there and flat


def unstable(run, control):
    """Jumps up in an eighth of the epochs or more (at least 3), without running away."""
    jumps = run.ups >= max(3, 0.12 * run.epochs)
    return jumps and run.finite and run.end < 1.5 and run.dead < 0.6 and run.epochs >= 8


def diverging(run, control):
    """Not finite, or at least twice guessing and growing; it began as runs usually begin."""
    if not run.first_batch < 3:
        return False
    if not run.finite:
        return True
    growing = run.end >= 1.5 * run.loss[0] and run.epochs >= 5
    return growing and run.end >= 2 and run.dead < 0.6


def exploding_gradients(run, control):
    """From the first epoch on gradients are 30 B or more, and 20 times those of the control."""
    large = run.gradient_start >= 30 and run.gradient_start >= 20 * control.gradient_start
    return run.finite and run.epochs >= 5 and large and run.first_batch >= 3 and run.dead < 0.6


def vanishing_gradients(run, control):
    """The first layer gets a thousandth of the last one's gradient or less, and little is learnt."""
    starved = run.gradient_ratio <= 1e-3 and run.finite and run.epochs >= 6
    return starved and run.end >= 0.6 and run.dead < 0.6 and run.ups <= 1 and control.end < 0.6


def dead_relu(run, control):
    """In some layer 60 % of the units or more are dead, and the control ends clearly lower."""
    costs = control.finite and run.end >= control.end + 0.05
    return run.finite and run.epochs >= 6 and run.dead >= 0.6 and costs and run.ups <= 1


CRITERIA = {
    criterion.__name__: criterion
    for criterion in (
        healthy,
        good_fit_reached_early,
        overfitting,
        underfitting,
        unstable,
        diverging,
        not_learning,
        vanishing_gradients,
        exploding_gradients,
        dead_relu,
        learning_rate_too_low,
    )
}
"""Label -> criterion(facts of the run, facts of its control) -> bool."""


def took_effect(label, run, control):
    """Whether a run that was planted to be so is so, and meets no other criterion."""
    if not run.finite or run.epochs == 0:
        return label == "diverging" and diverging(run, control)
    met = {name for name, criterion in CRITERIA.items() if criterion(run, control)}
    return met == {label}
