"""TripletLoss: numbers by hand, nudged gradients, laws, errors, and an embedding that it trains."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from dlkit import losses
from dlkit.layers import Dense
from dlkit.losses import TripletLoss
from dlkit.network import Network
from dlkit.training import TrainingConfig

FORMS = [TripletLoss(0.75), TripletLoss(0.75, squared=False)]
points = arrays.arrays(np.float64, (3, 4, 2), elements=st.floats(-3, 3, width=32))


def test_values_by_hand():
    anchor, positive, negative = [[0.0, 0.0]], [[3.0, 4.0]], [[0.0, 6.0]]
    assert TripletLoss(1.0, squared=False)(anchor, positive, negative) == 0.0  # 5 - 6 + 1
    assert TripletLoss(2.0, squared=False)(anchor, positive, negative) == 1.0
    assert TripletLoss(1.0)(anchor, positive, negative) == 0.0  # 25 - 36 + 1
    assert TripletLoss(12.0)(anchor, positive, negative) == 1.0
    two = [[0.0, 0.0]] * 2, [[3.0, 4.0]] * 2, [[0.0, 6.0], [0.0, 2.0]]
    assert TripletLoss(2.0, squared=False)(*two) == 3.0  # the mean of 1 and 5


def test_gradients_by_hand():
    triplet = [[0.0, 0.0]], [[3.0, 4.0]], [[0.0, 6.0]]
    anchor, positive, negative = TripletLoss(12.0).gradient(*triplet)
    # 2 (a - p) - 2 (a - n)
    np.testing.assert_allclose(anchor, [[-6.0, 4.0]])
    np.testing.assert_allclose(positive, [[6.0, 8.0]])
    np.testing.assert_allclose(negative, [[0.0, -12.0]])
    anchor, positive, negative = TripletLoss(2.0, squared=False).gradient(*triplet)
    np.testing.assert_allclose(anchor, [[-0.6, 0.2]])
    np.testing.assert_allclose(positive, [[0.6, 0.8]])
    np.testing.assert_allclose(negative, [[0.0, -1.0]])


@pytest.mark.parametrize("loss", FORMS)
def test_gradient_is_the_central_difference(loss):
    triplet = list(np.random.default_rng(1).normal(size=(3, 12, 4)))
    each = loss.per_sample(*triplet)
    assert (each == 0).any() and (each > 0.1).any()  # some have reached the margin, some have not
    gradients = loss.gradient(*triplet)
    value, fast = loss.value_and_gradient(*triplet)
    assert value == loss(*triplet) == pytest.approx(np.mean(each))
    for which in range(3):
        np.testing.assert_array_equal(fast[which], gradients[which])
        for place in np.ndindex(12, 4):
            ends = []
            for sign in (1, -1):
                moved = [part.copy() for part in triplet]
                moved[which][place] += sign * 1e-6
                ends.append(loss(*moved))
            slope = (ends[0] - ends[1]) / 2e-6
            assert gradients[which][place] == pytest.approx(slope, rel=1e-6, abs=1e-8)


@pytest.mark.parametrize("loss", FORMS)
@given(points)
def test_laws(loss, triplet):
    value, gradients = loss.value_and_gradient(*triplet)
    assert value >= 0 and np.isfinite(gradients).all()
    # moving all three together changes nothing
    np.testing.assert_allclose(sum(gradients), 0, atol=1e-12)
    assert loss(*(triplet + 1.5)) == pytest.approx(value, abs=1e-9)
    for i in np.flatnonzero(loss.per_sample(*triplet) == 0):
        assert not any(part[i].any() for part in gradients)


def test_equal_points_have_no_slope_and_the_margin_as_loss():
    point = np.ones((2, 3))
    for loss in FORMS:
        assert loss(point, point, point) == 0.75
        assert not np.any(loss.gradient(point, point, point))


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_huge_embeddings_stay_finite_and_keep_their_dtype(dtype):
    triplet = (1e3 * np.random.default_rng(0).choice([-1.0, 1.0], (3, 5, 8))).astype(dtype)
    for loss in FORMS:
        with np.errstate(over="raise", invalid="raise", divide="raise"):
            assert np.isfinite(loss(*triplet))
            for gradient in loss.gradient(*triplet):
                assert gradient.dtype == dtype and np.isfinite(gradient).all()


@pytest.mark.parametrize(
    ("triplet", "error", "words"),
    [
        (
            (np.ones((2, 3)), np.ones((2, 4)), np.ones((2, 3))),
            ValueError,
            "positive and negative must have one shape",
        ),
        (
            (np.ones((2, 3)), np.ones((2, 3)), np.ones((1, 3))),
            ValueError,
            "negative must have one shape",
        ),
        ((np.ones(()), np.ones(()), np.ones(())), ValueError, "anchor must have"),
        ((np.ones((0, 3)), np.ones((0, 3)), np.ones((0, 3))), ValueError, "anchor must not be"),
        ((np.ones((2, 3)), np.full((2, 3), np.nan), np.ones((2, 3))), ValueError, "positive .*fin"),
        ((None, np.ones((2, 3)), np.ones((2, 3))), TypeError, "anchor must hold numbers"),
    ],
)
def test_what_does_not_fit_is_refused(triplet, error, words):
    for call in (TripletLoss(), TripletLoss().gradient):
        with pytest.raises(error, match=words):
            call(*triplet)


@pytest.mark.parametrize("arguments", [{"margin": 0}, {"margin": "1"}, {"squared": 1}])
def test_wrong_arguments_are_refused(arguments):
    with pytest.raises((TypeError, ValueError), match=next(iter(arguments))):
        TripletLoss(**arguments)


def test_found_by_name():
    made = losses.get("triplet_loss", margin=0.5, squared=False)
    assert made.get_config() == {"name": "triplet_loss", "margin": 0.5, "squared": False}
    assert losses.get(made.get_config()).get_config() == made.get_config()
    assert isinstance(losses.get("TripletLoss"), TripletLoss)


def test_training_on_labels_with_it_is_refused():
    network, x = Network([Dense(2)], (3,)), np.ones((4, 3))
    with pytest.raises(ValueError, match="anchor"):
        TrainingConfig(loss="triplet_loss")
    with pytest.raises(ValueError, match="anchor"):
        network.fit(x, np.ones((4, 2)), loss=TripletLoss())


def test_an_embedding_learns_to_tell_kinds_apart():
    """Two kinds that differ in one of four numbers alone; the others are noise."""
    generator = np.random.default_rng(0)
    network, loss = Network([Dense(2)], (4,), dtype="float64"), TripletLoss(1.0)

    def draw(count, kind):
        x = generator.normal(size=(count, 4))
        x[:, 0] = np.where(kind, 1.0, -1.0) + 0.1 * generator.normal(size=count)
        return x

    def triplets(count):
        kind = generator.random(count) < 0.5
        return draw(count, kind), draw(count, kind), draw(count, ~kind)

    test = triplets(200)
    before = loss.metrics(*(network.predict(x) for x in test))["accuracy"]
    for _ in range(150):
        batch = triplets(32)
        gradients = loss.gradient(*(network.predict(x) for x in batch))
        total = 0
        for x, gradient in zip(batch, gradients, strict=True):
            network.forward(x)
            network.backward(gradient)
            total = total + network.flat_gradients
        network.flat_parameters -= 0.02 * total
    after = loss.metrics(*(network.predict(x) for x in test))["accuracy"]
    assert before < 0.8 and after > 0.97
