"""What all losses have in common: checks of arguments, the mean over the batch, configuration."""

import numpy as np

from dlkit import checks
from dlkit.activation_base import snake_case

# Keras clips probabilities to epsilon … 1 - epsilon before it takes a logarithm.
EPSILON = 1e-7


class Loss:
    """How wrong predictions are, as one number, and the gradient that says how to improve them.

    A subclass gives ``per_sample`` (the formula, averaged over the last axis or summed over it)
    and, below it, ``slope``, its derivative with respect to ``y_pred``. The loss is the mean of
    ``per_sample`` over all samples, as in Keras, so the gradient is ``slope`` divided by their
    number.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong type or out of range.
    """

    task_type = "regression"
    from_logits = False
    takes_labels = True  # whether it compares y_pred with y_true, as training does
    fuses_with = None  # the output activation that this loss can take over: "softmax", "sigmoid"

    @property
    def name(self):
        """The name in Keras's spelling, such as ``mean_squared_error``."""
        return snake_case(type(self).__name__)

    def per_sample(self, y_true, y_pred):
        """Return the loss of each sample, without checks: the shape of y_pred but its last axis."""
        raise NotImplementedError(f"{type(self).__name__} must define per_sample.")

    def slope(self, y_true, y_pred):
        """Return ∂ per_sample / ∂ y_pred, without checks, in the shape of y_pred."""
        raise NotImplementedError(f"{type(self).__name__} must define slope.")

    def targets(self, y_true, y_pred):
        """Return y_true in the form that the formulas take: y_pred's shape and dtype."""
        return np.asarray(y_true).reshape(y_pred.shape).astype(y_pred.dtype, copy=False)

    def value_and_gradient(self, y_true, y_pred):
        """Return the loss and its gradient at once, without checks: what a training loop calls.

        Parameters
        ----------
        y_true : numpy.ndarray
        y_pred : numpy.ndarray

        Returns
        -------
        tuple
            The loss (float) and ∂loss/∂y_pred (shape of ``y_pred``).
        """
        y_true = self.targets(y_true, y_pred)
        samples = y_pred.size // y_pred.shape[-1]
        value = float(np.mean(self.per_sample(y_true, y_pred)))
        return value, self.slope(y_true, y_pred) / samples

    def __call__(self, y_true, y_pred):
        """Return the loss, the mean over all samples.

        Parameters
        ----------
        y_true : array_like
            The truth; the shape of ``y_pred`` (a last axis of length 1 may be left out).
        y_pred : array_like
            The predictions, (batch, …, outputs).

        Returns
        -------
        float

        Raises
        ------
        TypeError, ValueError
            If the two do not fit together, or hold what this loss cannot take.
        """
        y_true, y_pred, _ = self.check(y_true, y_pred)
        return float(np.mean(self.per_sample(y_true, y_pred)))

    def gradient(self, y_true, y_pred):
        """Return ∂loss/∂y_pred, in the shape of ``y_pred`` (arguments as in a call).

        Returns
        -------
        numpy.ndarray, shape of y_pred
        """
        y_true, y_pred, dtype = self.check(y_true, y_pred)
        samples = y_pred.size // y_pred.shape[-1]
        return (self.slope(y_true, y_pred) / samples).astype(dtype)

    def check(self, y_true, y_pred):
        """Return (y_true, y_pred, dtype of the gradient), ready for the formulas, or say why not.

        Raises
        ------
        TypeError, ValueError
            If something is not finite, empty, of another shape, or out of this loss's domain.
        """
        y_pred = checks.array("y_pred", y_pred, ndim=range(1, 33))
        dtype = y_pred.dtype if y_pred.dtype.kind == "f" else np.dtype("float64")
        y_pred = y_pred.astype(np.float32 if dtype.itemsize < 4 else dtype, copy=False)
        y_true = checks.array("y_true", y_true)
        self.check_shapes(y_true, y_pred)
        y_true = self.targets(y_true, y_pred)
        self.check_domain(y_true, y_pred)
        return y_true, y_pred, dtype

    def check_shapes(self, y_true, y_pred):
        """Raise ``ValueError`` unless y_true has y_pred's shape, but for a last axis of length 1."""
        without_last = y_pred.shape[:-1] if y_pred.shape[-1] == 1 else None
        if y_true.shape not in (y_pred.shape, without_last, (*y_pred.shape, 1)):
            raise ValueError(
                f"y_true must have y_pred's shape {y_pred.shape}, but its shape is "
                f"{y_true.shape}.{self.shape_hint(y_true, y_pred)}"
            )

    def shape_hint(self, y_true, y_pred):
        """Return the likely fix for shapes that do not agree, as a sentence after a space."""
        return ""

    def check_domain(self, y_true, y_pred):
        """Raise ``ValueError`` if the numbers are outside what this loss is defined for."""

    def metrics(self, y_true, y_pred):
        """Return what one reports next to this loss, without checks.

        Parameters
        ----------
        y_true, y_pred : numpy.ndarray

        Returns
        -------
        dict
            ``{"accuracy": …}`` for classification, ``{"mae": …}`` for regression.
        """
        return {"mae": float(np.mean(np.abs(self.targets(y_true, y_pred) - y_pred)))}

    def arguments(self):
        """Return the constructor's arguments as a dictionary."""
        return {}

    def get_config(self):
        """Return the name and the arguments, ready for JSON."""
        return {"name": self.name, **self.arguments()}

    def __repr__(self):
        inside = ", ".join(f"{key}={value}" for key, value in self.arguments().items())
        return f"{type(self).__name__}({inside})"


def check_probabilities(name, values, hint=""):
    """Raise ``ValueError`` unless all values lie between 0 and 1 (but for rounding)."""
    low, high = float(values.min()), float(values.max())
    if low < -1e-6 or high > 1 + 1e-6:
        raise ValueError(
            f"{name} must hold probabilities, between 0 and 1, but its values reach from "
            f"{low:.6g} to {high:.6g}.{hint}"
        )


def check_takes_labels(loss):
    """Return the loss if a network can be trained on labels with it, or raise ``ValueError``."""
    if not loss.takes_labels:
        raise ValueError(
            f"loss must be one of y_true and y_pred, but got {loss!r}, which compares an anchor, a "
            "positive and a negative: call it with three outputs of the network, and hand its "
            "gradients to backward."
        )
    return loss
