"""The rule for overfitting and the three signs it looks for."""

import numpy as np

from dlkit.training.diagnosis_advice import advise
from dlkit.training.diagnosis_words import last, say, sureness

RISE = 0.10  # rise of the validation loss above its lowest value
GAP = 0.25  # validation minus training loss, as a share of the starting loss
DROP = 0.06  # fall of the validation accuracy below its best


def overfitting(curves):
    """Validation gets worse while training gets better, or stays far behind it."""
    if curves.val_loss is None:
        return None
    gaps = _gaps(curves)
    signs = [
        sign for sign in (_rises(curves, gaps), _falls_off(curves), _apart(curves, gaps)) if sign
    ]
    if not signs:
        return None
    evidence = [sentence for sentence, _ in signs[:2]]
    if curves.val_accuracy is not None:
        evidence.append(
            f"Accuracy: {last(curves.accuracy)} in training, {last(curves.val_accuracy)} in "
            "validation."
        )
    sure = max(sign[1] for sign in signs)
    return "overfitting", sure, evidence, advise("overfitting", curves)


def _gaps(curves):
    """Return validation minus training loss, and training minus validation accuracy or None."""
    accuracy = None
    if curves.accuracy is not None and curves.val_accuracy is not None:
        accuracy = float(np.median(curves.accuracy[-3:]) - np.median(curves.val_accuracy[-3:]))
    return curves.val_end - curves.end, accuracy


def _rises(curves, gaps):
    """The validation loss has turned while the training loss goes on falling."""
    best, lowest = curves.best, float(curves.val_loss.min())
    rise = curves.val_end - lowest
    # One confident mistake among few validation samples makes the loss rise, and nothing is wrong.
    harmless = gaps[1] is not None and gaps[1] < 0.05
    enough = max(RISE * abs(lowest), (0.2 if harmless else 0.06) * curves.start)
    falling = curves.end < 0.9 * curves.loss[best]
    if best > curves.epochs - 4 or rise <= enough or not falling:
        return None
    sentence = (
        f"The validation loss is lowest in epoch {best + 1} ({say(lowest)}) and "
        f"{say(curves.val_loss[-1])} in epoch {curves.epochs}, while the training loss fell from "
        f"{say(curves.loss[best])} to {say(curves.loss[-1])}."
    )
    return sentence, sureness(rise, enough, 4 * enough)


def _falls_off(curves):
    """The validation accuracy drops while the training accuracy goes on rising."""
    if curves.val_accuracy is None or curves.epochs < 8:
        return None
    smooth = np.median(np.lib.stride_tricks.sliding_window_view(curves.val_accuracy, 3), axis=1)
    best = int(np.argmax(smooth)) + 1  # the middle epoch of the best three
    drop = float(smooth.max() - smooth[-1])
    gain = float(np.median(curves.accuracy[-3:]) - curves.accuracy[best])
    learnt = curves.accuracy[-1] >= 0.7  # below that, both curves may be no more than noise
    if drop < DROP or gain < DROP or not learnt:
        return None
    sentence = (
        f"The validation accuracy fell from {curves.val_accuracy[best]:.2f} in epoch {best + 1} to "
        f"{last(curves.val_accuracy)}, while the training accuracy rose from "
        f"{curves.accuracy[best]:.2f} to {last(curves.accuracy)}."
    )
    return sentence, sureness(drop, DROP, 3 * DROP)


def _apart(curves, gaps):
    """The training loss is far below the validation loss, though that may not rise."""
    if curves.below_zero:
        return None
    wide = gaps[0] > GAP * curves.start and curves.val_end > 2 * curves.end
    if gaps[1] is not None:
        wide = gaps[1] > 0.08 and (wide or (gaps[1] > 0.15 and curves.val_end > 2 * curves.end))
    if not wide:
        return None
    sentence = (
        f"In epoch {curves.epochs} the validation loss ({say(curves.val_loss[-1])}) is far above "
        f"the training loss ({say(curves.loss[-1])})."
    )
    return sentence, sureness(gaps[0] / curves.start, GAP, 3 * GAP)
