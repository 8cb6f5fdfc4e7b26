"""All that LossLab shows at one moment, in numbers: for its picture, its words and its programs."""

from dataclasses import dataclass

import numpy as np

from dlkit.activations import sigmoid
from dlkit.display.numbers import fixed
from dlkit.labs.loss_model import Data, Measured, curve
from dlkit.loss_base import Loss

SHORT = {
    "mean_squared_error": "MSE",
    "mean_absolute_error": "MAE",
    "huber": "Huber",
    "log_cosh": "log cosh",
    "binary_crossentropy": "binary CE",
    "categorical_crossentropy": "categ. CE",
    "sparse_categorical_crossentropy": "sparse CE",
    "hinge": "hinge",
    "kl_divergence": "KL",
}
"""Names that fit into the title of a panel."""


@dataclass(frozen=True, eq=False)
class Shown:
    """All that the picture shows.

    Parameters
    ----------
    curves : tuple of Loss
        The chosen loss and the one beside it, for the curves.
    measured : tuple of Measured
        The same two, fitted.
    data : Data
    over : str
        ``"number"``, ``"logit"`` or ``"probability"``: what the curves run over.
    truth : float
        On that axis; with two classes 0 or 1.
    logit : float
        What the model says: a number, or the logit of "yes".
    """

    curves: tuple[Loss, Loss]
    measured: tuple[Measured, Measured]
    data: Data
    over: str
    truth: float
    logit: float

    @property
    def prediction(self):
        """What the model says, on the axis of the curves."""
        return float(sigmoid(self.logit)) if self.over == "probability" else self.logit

    @property
    def names(self):
        """Short names of the two losses."""
        return tuple(SHORT[loss.name] for loss in self.curves)

    def at_prediction(self):
        """Return the two losses at the prediction, and the two slopes."""
        pairs = [
            curve(loss, self.truth, np.array([self.prediction]), self.over) for loss in self.curves
        ]
        return tuple(float(v[0]) for v, _ in pairs), tuple(float(s[0]) for _, s in pairs)


def border(line):
    """Return on which side of its boundary a line says snow, in words."""
    at = line.boundary
    if not np.isfinite(at) or abs(at) > 99:
        return "always" if line(2.0) > 0 else "never"
    return f"{'below' if line.w < 0 else 'above'} {fixed(at, 1)} °C"
