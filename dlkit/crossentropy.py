"""The cross-entropies, from probabilities and (``from_logits=True``) from logits.

From logits softmax and logarithm are one formula: nothing overflows, and nothing is clipped.
"""

import numpy as np

from dlkit import checks
from dlkit.activations import log_softmax, sigmoid, softmax
from dlkit.loss_base import EPSILON, Loss, check_probabilities

_LOGITS_HINT = " If they are logits (no softmax or sigmoid at the end), use from_logits=True."


def clip(p):
    """Return p cut to EPSILON … 1 - EPSILON, and where it lay inside (there the slope is 1)."""
    low, high = p.dtype.type(EPSILON), p.dtype.type(1 - EPSILON)
    return np.clip(p, low, high), (p >= low) & (p <= high)


class Crossentropy(Loss):
    """What the cross-entropies share: their arguments, and the accuracy as metric.

    Parameters
    ----------
    from_logits : bool
        Whether ``y_pred`` holds logits (any numbers) rather than probabilities.
    label_smoothing : float
        Share of the truth that is spread evenly over the classes; 0 or more, below 1.
    """

    task_type = "classification"
    fuses_with = "softmax"

    def __init__(self, from_logits=False, label_smoothing=0.0):
        self.from_logits = checks.truth_value("from_logits", from_logits)
        self.label_smoothing = checks.number("label_smoothing", label_smoothing, minimum=0, below=1)

    def arguments(self):
        return {"from_logits": self.from_logits, "label_smoothing": self.label_smoothing}

    def on_logits(self):
        """Return the same loss for logits: what a network uses to fuse it with its softmax."""
        return type(self)(**{**self.arguments(), "from_logits": True})

    def check_domain(self, y_true, y_pred):
        check_probabilities("y_true", y_true)
        if not self.from_logits:
            check_probabilities("y_pred", y_pred, _LOGITS_HINT)

    def metrics(self, y_true, y_pred):
        truth = self.targets(y_true, y_pred).argmax(axis=-1)
        return {"accuracy": float(np.mean(y_pred.argmax(axis=-1) == truth))}


class BinaryCrossentropy(Crossentropy):
    """L = -mean_k [t log p + (1 - t) log(1 - p)], t the truth (0 … 1), p = y_pred or σ(y_pred).

    Label smoothing s: t = y_true (1 - s) + s / 2.
    """

    fuses_with = "sigmoid"

    def smooth(self, y_true):
        """Return the smoothed targets t = y_true (1 - s) + s / 2, of the shape of ``y_true``."""
        return y_true * (1 - self.label_smoothing) + 0.5 * self.label_smoothing

    def per_sample(self, y_true, y_pred):
        t = self.smooth(y_true)
        if self.from_logits:
            z = y_pred
            return np.mean(np.maximum(z, 0) - z * t + np.log1p(np.exp(-np.abs(z))), axis=-1)
        p, _ = clip(y_pred)
        return -np.mean(t * np.log(p) + (1 - t) * np.log(1 - p), axis=-1)

    def slope(self, y_true, y_pred):
        t = self.smooth(y_true)
        outputs = y_pred.shape[-1]
        if self.from_logits:
            return (sigmoid.forward(y_pred) - t) / outputs
        p, inside = clip(y_pred)
        return inside * (p - t) / (p * (1 - p)) / outputs

    def metrics(self, y_true, y_pred):
        truth = self.targets(y_true, y_pred) > 0.5
        return {"accuracy": float(np.mean((y_pred > (0 if self.from_logits else 0.5)) == truth))}


class CategoricalCrossentropy(Crossentropy):
    """L = -Σ_k t_k log p_k, t the one-hot truth, p = y_pred / Σ y_pred or softmax(y_pred).

    Label smoothing s over K classes: t = y_true (1 - s) + s / K.
    """

    def smooth(self, y_true):
        """Return the smoothed targets t = y_true (1 - s) + s / K, of the shape of ``y_true``."""
        return y_true * (1 - self.label_smoothing) + self.label_smoothing / y_true.shape[-1]

    def per_sample(self, y_true, y_pred):
        t = self.smooth(y_true)
        if self.from_logits:
            return -np.sum(t * log_softmax.forward(y_pred), axis=-1)
        p, _ = clip(y_pred / y_pred.sum(axis=-1, keepdims=True))
        return -np.sum(t * np.log(p), axis=-1)

    def slope(self, y_true, y_pred):
        t = self.smooth(y_true)
        if self.from_logits:
            return softmax.forward(y_pred) - t
        total = y_pred.sum(axis=-1, keepdims=True)
        share = y_pred / total
        p, inside = clip(share)
        g = -t / p * inside
        return (g - np.sum(g * share, axis=-1, keepdims=True)) / total

    def shape_hint(self, y_true, y_pred):
        if y_true.ndim == y_pred.ndim - 1 or (y_true.ndim and y_true.shape[-1] == 1):
            return " For whole-number labels use SparseCategoricalCrossentropy."
        return ""

    def check_domain(self, y_true, y_pred):
        super().check_domain(y_true, y_pred)
        sums = y_true.sum(axis=-1)
        if np.abs(sums - 1).max() > 1e-3:
            raise ValueError(
                f"Each row of y_true must sum to 1 (one-hot), but a sum is {sums.flat[0]:.6g}."
                if sums.size == 1
                else "Each row of y_true must sum to 1 (one-hot), but the sums reach from "
                f"{sums.min():.6g} to {sums.max():.6g}."
            )
        if not self.from_logits and np.min(y_pred.sum(axis=-1)) <= 0:
            raise ValueError("Each row of y_pred must have a sum above 0, but one has not.")


class SparseCategoricalCrossentropy(Crossentropy):
    """L = -log p_c, c the true class as a whole number, p = y_pred / Σ y_pred or softmax(y_pred).

    ``y_true`` has y_pred's shape without the last axis (or with 1 there). The same loss as
    `CategoricalCrossentropy` without having to write the labels one-hot.
    """

    def __init__(self, from_logits=False):
        super().__init__(from_logits=from_logits)

    def arguments(self):
        return {"from_logits": self.from_logits}

    def targets(self, y_true, y_pred):
        return np.asarray(y_true).reshape(y_pred.shape[:-1]).astype(np.int64, copy=False)

    def per_sample(self, y_true, y_pred):
        z = y_pred if self.from_logits else np.log(clip(y_pred)[0])
        truth = y_true[..., np.newaxis]
        return -np.take_along_axis(log_softmax.forward(z), truth, axis=-1)[..., 0]

    def slope(self, y_true, y_pred):
        z = y_pred if self.from_logits else np.log(clip(y_pred)[0])
        truth = y_true[..., np.newaxis]
        delta = softmax.forward(z)
        np.put_along_axis(delta, truth, np.take_along_axis(delta, truth, axis=-1) - 1, axis=-1)
        if self.from_logits:
            return delta
        p, inside = clip(y_pred)
        return delta / p * inside

    def value_and_gradient(self, y_true, y_pred):
        if not self.from_logits or y_pred.ndim != 2:
            return super().value_and_gradient(y_true, y_pred)
        # Value and gradient share the exponentials: this is the inner loop of most training.
        samples, classes = y_pred.shape
        z = y_pred - y_pred.max(axis=-1, keepdims=True)
        p = np.exp(z)
        total = p.sum(axis=-1, keepdims=True)
        p /= total
        # Where the true classes stand, counted through all rows: much faster than z[row, class].
        true = self.targets(y_true, y_pred) + np.arange(0, z.size, classes)
        value = float((np.log(total[:, 0]) - z.take(true)).sum()) / samples
        p.reshape(-1)[true] -= 1  # now softmax minus truth, the gradient of each sample's loss
        p /= samples
        return value, p

    def check(self, y_true, y_pred):
        labels = checks.array("y_true", y_true)
        if labels.dtype.kind == "f" and np.any(labels % 1):
            raise ValueError(
                "y_true must hold whole-number class labels, but some are fractions, such as "
                f"{labels[labels % 1 != 0].flat[0]:.6g}. For one-hot or soft labels use "
                "CategoricalCrossentropy."
            )
        return super().check(y_true, y_pred)

    def check_shapes(self, y_true, y_pred):
        if y_true.shape not in (y_pred.shape[:-1], (*y_pred.shape[:-1], 1)):
            hint = " For one-hot labels use CategoricalCrossentropy."
            raise ValueError(
                f"y_true must have y_pred's shape {y_pred.shape} without the last axis, but its "
                f"shape is {y_true.shape}.{hint if y_true.shape == y_pred.shape else ''}"
            )

    def check_domain(self, y_true, y_pred):
        classes = y_pred.shape[-1]
        if y_true.min() < 0 or y_true.max() >= classes:
            raise ValueError(
                f"y_true must hold labels from 0 to {classes - 1} (y_pred has {classes} classes), "
                f"but they reach from {y_true.min()} to {y_true.max()}."
            )
        if not self.from_logits:
            check_probabilities("y_pred", y_pred, _LOGITS_HINT)

    def metrics(self, y_true, y_pred):
        return {"accuracy": float(np.mean(y_pred.argmax(-1) == self.targets(y_true, y_pred)))}
