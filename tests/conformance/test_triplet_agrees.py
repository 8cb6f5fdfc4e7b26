"""TripletLoss agrees with TensorFlow's autodiff and with PyTorch; wrong ones are caught."""

import numpy as np
import peers
import pytest
import tensorflow as tf

from dlkit.losses import TripletLoss

TRIPLET = np.random.default_rng(3).normal(size=(3, 16, 5))
FAR_OUT = 1e3 * np.random.default_rng(4).choice([-1.0, 1.0, 0.5], size=(3, 16, 5))
FORMS = [(0.25, True), (2.0, True), (0.25, False), (2.0, False)]


def by_tensorflow(triplet, margin, squared):
    """Return the value and the three gradients, in float64."""
    points = [tf.constant(part) for part in triplet]
    with tf.GradientTape() as tape:
        tape.watch(points)
        near = tf.reduce_sum(tf.math.squared_difference(points[0], points[1]), -1)
        far = tf.reduce_sum(tf.math.squared_difference(points[0], points[2]), -1)
        if not squared:
            near, far = tf.sqrt(near), tf.sqrt(far)
        value = tf.reduce_mean(tf.nn.relu(near - far + margin))
    return float(value), [part.numpy() for part in tape.gradient(value, points)]


def differences(form, triplet=TRIPLET):
    loss = TripletLoss(*form)
    value, gradients = by_tensorflow(triplet, *form)
    found = [loss.gradient(*triplet), loss.value_and_gradient(*triplet)[1]]
    pairs = [(loss(*triplet), value), (loss.value_and_gradient(*triplet)[0], value)]
    pairs += [pair for each in found for pair in zip(each, gradients, strict=True)]
    return peers.worst(pairs)


@pytest.mark.parametrize("triplet", [TRIPLET, FAR_OUT], ids=["ordinary", "far out"])
@pytest.mark.parametrize("form", FORMS)
def test_agrees_with_tensorflow(form, triplet):
    assert differences(form, triplet) <= 1e-12
    reached = TripletLoss(*form).per_sample(*triplet) == 0
    assert reached.any() and not reached.all()


@peers.needs_torch
@pytest.mark.parametrize("triplet", [TRIPLET, FAR_OUT], ids=["ordinary", "far out"])
@pytest.mark.parametrize("margin", [0.25, 2.0])
def test_agrees_with_pytorch(margin, triplet):
    """PyTorch has the plain distance; its epsilon, which it adds to the differences, is set to 0."""
    theirs = peers.torch.nn.TripletMarginLoss(margin=margin, eps=0.0)
    value, gradients = peers.by_torch(theirs, list(triplet))
    loss = TripletLoss(margin, squared=False)
    pairs = [(loss(*triplet), value), *zip(loss.gradient(*triplet), gradients, strict=True)]
    assert peers.worst(pairs) <= 1e-12


@peers.needs_torch
def test_agrees_with_pytorch_on_squared_distances():
    def squared(a, b):
        return ((a - b) ** 2).sum(-1)

    theirs = peers.torch.nn.TripletMarginWithDistanceLoss(distance_function=squared, margin=1.0)
    value, gradients = peers.by_torch(theirs, list(TRIPLET))
    loss = TripletLoss(1.0)
    pairs = [(loss(*TRIPLET), value), *zip(loss.gradient(*TRIPLET), gradients, strict=True)]
    assert peers.worst(pairs) <= 1e-12


right = {name: getattr(TripletLoss, name) for name in ("per_sample", "slope", "distance")}


def far_minus_near(self, a, p, n):
    return np.maximum(self.distance(a, n) - self.distance(a, p) + self.margin, 0)


def margin_taken_away(self, a, p, n):
    return np.maximum(self.distance(a, p) - self.distance(a, n) - self.margin, 0)


def never_satisfied(self, a, p, n):
    return self.distance(a, p) - self.distance(a, n) + self.margin


def from_the_positive(self, a, p, n):
    return np.maximum(self.distance(a, p) - self.distance(p, n) + self.margin, 0)


def slope_of_all(self, a, p, n):
    near, far = self.distance_slope(a, p), self.distance_slope(a, n)
    return near - far, -near, far


def anchor_pulled_alone(self, a, p, n):
    near, _, far = right["slope"](self, a, p, n)
    return near, np.zeros_like(near), far


def upside_down(self, a, p, n):
    return tuple(-part for part in right["slope"](self, a, p, n))


def mean_over_features(self, a, b):
    return right["distance"](self, a, b) / a.shape[-1]


def half_the_slope(self, a, b):
    return a - b


@pytest.mark.parametrize(
    ("method", "wrong"),
    [
        ("per_sample", far_minus_near),
        ("per_sample", margin_taken_away),
        ("per_sample", never_satisfied),
        ("per_sample", from_the_positive),
        ("slope", slope_of_all),
        ("slope", anchor_pulled_alone),
        ("slope", upside_down),
        ("distance", mean_over_features),
        ("distance_slope", half_the_slope),
    ],
)
@pytest.mark.parametrize("form", FORMS[1:3])
def test_wrong_variants_are_caught(form, method, wrong, monkeypatch):
    monkeypatch.setattr(TripletLoss, method, wrong)
    assert differences(form) > 1e-6
