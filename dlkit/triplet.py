"""TripletLoss: the loss of an embedding in which like lies near like."""

import numpy as np

from dlkit import checks
from dlkit.loss_base import Loss


class TripletLoss(Loss):
    """L = max(d(a, p) - d(a, n) + margin, 0): a, p and n are anchor, positive and negative.

    ::

        d(a, b) = Σ_k (a_k - b_k)², or its root with ``squared=False``

    The anchor is to lie nearer to a positive (of its own kind) than to a negative, by the margin;
    a triplet that has reached this has no gradient. The loss is the mean over the batch.

    The paper takes the squared distance of embeddings of length 1 and a margin of 0.2. PyTorch's
    ``TripletMarginLoss`` takes the distance itself, that is ``squared=False``, and adds 1e-6 to each
    difference, which this does not; where two points are one, the slope of their distance is
    taken as 0. Keras has none.

    Parameters
    ----------
    margin : float
        By how much nearer, in the units of d; above 0.
    squared : bool
        Whether d is the squared distance.

    Source: Schroff, Kalenichenko and Philbin (2015), "FaceNet", equation 3.
    """

    task_type = "classification"
    takes_labels = False

    def __init__(self, margin=1.0, squared=True):
        self.margin = checks.number("margin", margin, above=0)
        self.squared = checks.truth_value("squared", squared)

    def arguments(self):
        return {"margin": self.margin, "squared": self.squared}

    def distance(self, a, b):
        """Return d(a, b) of each row, without checks: the shape but its last axis."""
        square = np.sum((a - b) ** 2, axis=-1)
        return square if self.squared else np.sqrt(square)

    def distance_slope(self, a, b):
        """Return ∂d/∂a, without checks, in the shape of a (∂d/∂b is its negative)."""
        if self.squared:
            return 2 * (a - b)
        d = self.distance(a, b)[..., np.newaxis]
        return (a - b) / np.where(d > 0, d, 1)

    def per_sample(self, anchor, positive, negative):
        """Return the loss of each triplet, without checks: the shape but its last axis."""
        near, far = self.distance(anchor, positive), self.distance(anchor, negative)
        return np.maximum(near - far + self.margin, 0)

    def slope(self, anchor, positive, negative):
        """Return the derivatives of per_sample by anchor, positive and negative, without checks."""
        active = self.per_sample(anchor, positive, negative)[..., np.newaxis] > 0
        near = active * self.distance_slope(anchor, positive)
        far = active * self.distance_slope(anchor, negative)
        return near - far, -near, far

    def value_and_gradient(self, anchor, positive, negative):
        """Return the loss and its gradient (a triple) at once, without checks."""
        samples = anchor.size // anchor.shape[-1]
        slopes = self.slope(anchor, positive, negative)
        value = float(np.mean(self.per_sample(anchor, positive, negative)))
        return value, tuple(slope / samples for slope in slopes)

    def __call__(self, anchor, positive, negative):
        """Return the loss, the mean over all triplets.

        Parameters
        ----------
        anchor, positive, negative : array_like
            (batch, …, features): embeddings; the positives belong to the anchors' kind, the
            negatives to another.

        Returns
        -------
        float

        Raises
        ------
        TypeError, ValueError
            If the three have not the same shape, or a number is not finite.
        """
        *triplet, _ = self.check(anchor, positive, negative)
        return float(np.mean(self.per_sample(*triplet)))

    def gradient(self, anchor, positive, negative):
        """Return ∂loss/∂anchor, ∂loss/∂positive and ∂loss/∂negative (arguments as in a call).

        Returns
        -------
        tuple of numpy.ndarray
            Three, each of the shape of ``anchor``.
        """
        *triplet, dtype = self.check(anchor, positive, negative)
        samples = triplet[0].size // triplet[0].shape[-1]
        return tuple((slope / samples).astype(dtype) for slope in self.slope(*triplet))

    def check(self, anchor, positive, negative):
        """Return (anchor, positive, negative, dtype of the gradients), or say what is wrong."""
        anchor = checks.array("anchor", anchor, ndim=range(1, 33))
        positive = checks.array("positive", positive, ndim=range(1, 33))
        negative = checks.array("negative", negative, ndim=range(1, 33))
        if not anchor.shape == positive.shape == negative.shape:
            raise ValueError(
                f"anchor, positive and negative must have one shape, but theirs are {anchor.shape}, "
                f"{positive.shape} and {negative.shape}."
            )
        dtype = np.result_type(anchor, positive, negative)
        dtype = dtype if dtype.kind == "f" else np.dtype("float64")
        working = np.float32 if dtype.itemsize < 4 else dtype
        return *(each.astype(working, copy=False) for each in (anchor, positive, negative)), dtype

    def metrics(self, anchor, positive, negative):
        """Return the share of anchors nearer to their positive than to their negative, unchecked."""
        near, far = self.distance(anchor, positive), self.distance(anchor, negative)
        return {"accuracy": float(np.mean(near < far))}
