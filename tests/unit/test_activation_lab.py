"""ActivationLab: zones against finite differences, the deep network against its own loss."""

import base64
import json
import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlkit.activations import ACTIVATIONS
from dlkit.labs import ActivationLab
from dlkit.labs.activation import ELEMENTWISE, SURVIVES
from dlkit.labs.activation_zones import HIGH, LOW, SATURATED, is_dead, is_saturated, zones
from dlkit.labs.deep_signal import INITIALIZERS, QUANTILES, deep_signal, random_network
from dlkit.plots.chart import Area, Bars, Line, Points


def without_problem(lab):
    assert "Please note" not in lab._message.value
    assert lab.summary() and lab.details()


def signal(name, initializer="glorot_normal", depth=10, width=64, seed=0):
    return deep_signal(name, tuple(_numbers(ELEMENTWISE[name])), initializer, depth, width, seed)


def _numbers(f):
    return [(key, value) for key, value in f.parameters.items() if not isinstance(value, bool)]


@pytest.fixture(scope="module")
def shared():
    return ActivationLab(depth=3, width=16)


# The curve and its zones


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_zones_agree_with_finite_differences(name):
    f, h = ELEMENTWISE[name], 1e-4
    x = np.random.default_rng(5).uniform(LOW + 0.01, HIGH - 0.01, 400)
    ends = [end for which in (is_dead, is_saturated) for zone in zones(f, which) for end in zone]
    kinks = {"relu": (0,), "leaky_relu": (0,), "elu": (0,), "selu": (0,), "hard_sigmoid": (-3, 3)}
    near = [*ends, *kinks.get(name, ())]
    x = x[[min([abs(at - end) for end in near], default=1) > 2e-3 for at in x]]
    slope = (f(x + h) - f(x - h)) / (2 * h)
    dead = np.any([(a <= x) & (x <= b) for a, b in zones(f, is_dead)] or [x > HIGH], axis=0)
    saturated = np.any(
        [(a <= x) & (x <= b) for a, b in zones(f, is_saturated)] or [x > HIGH], axis=0
    )
    assert len(x) > 300
    assert np.array_equal(dead, slope == 0)
    assert np.array_equal(dead | saturated, np.abs(slope) < SATURATED)
    assert not (dead & saturated).any()


def test_zones_by_hand():
    root = math.sqrt(1 - 4 * SATURATED)  # y (1 - y) = 0.05
    edge = math.log((1 + root) / (1 - root))
    assert np.allclose(zones(ACTIVATIONS["sigmoid"], is_saturated), [(LOW, -edge), (edge, HIGH)])
    edge = math.atanh(math.sqrt(1 - SATURATED))
    assert np.allclose(zones(ACTIVATIONS["tanh"], is_saturated), [(LOW, -edge), (edge, HIGH)])
    assert zones(ACTIVATIONS["relu"], is_dead) == [(LOW, 0.0)]
    assert zones(ACTIVATIONS["relu"], is_saturated) == []
    assert np.allclose(zones(ACTIVATIONS["hard_sigmoid"], is_dead), [(LOW, -3), (3, HIGH)])
    assert zones(ACTIVATIONS["linear"], is_dead) == zones(ACTIVATIONS["linear"], is_saturated) == []


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_the_picture_shows_zones_curve_slope_and_tangent(name):
    lab = ActivationLab(activation=name, x=1.3, depth=2, width=8)
    f, panel = ELEMENTWISE[name], lab.chart().panels[0]
    shown = [(m.x0, m.x1) for m in panel.marks if isinstance(m, Area) and m.x0 < m.x1]
    assert sorted(shown) == sorted(zones(f, is_dead) + zones(f, is_saturated))
    _, slope, curve, tangent = [mark for mark in panel.marks if isinstance(mark, Line)]
    assert np.allclose(curve.y, f(curve.x))
    assert np.allclose(slope.y, f.derivative(slope.x))
    steepness = (f(1.3 + 1e-6) - f(1.3 - 1e-6)) / 2e-6
    assert (tangent.y[1] - tangent.y[0]) / (tangent.x[1] - tangent.x[0]) == pytest.approx(steepness)
    assert tangent.y.mean() == pytest.approx(float(f(1.3)))
    assert f"the slope {float(steepness):.3f}".replace("-", "−") in lab.sentence
    without_problem(lab)


def test_the_menu_has_every_elementwise_activation_and_no_other():
    offered = {value for _, value in ActivationLab(depth=1).controls.activation.options}
    assert offered == {name for name, f in ACTIVATIONS.items() if f.elementwise}


def test_the_parameter_follows_the_activation():
    lab = ActivationLab(depth=2)
    parameter = lab.controls.parameter
    assert parameter.disabled and parameter.description == "no parameter"
    lab.controls.activation.value = "leaky_relu"
    assert (parameter.value, parameter.description) == (0.01, "negative slope")
    assert not parameter.disabled
    assert "saturated (slope below 0.05 in size) for x below 0" in lab.sentence
    parameter.value = 0.3
    assert "nowhere flat" in lab.sentence
    parameter.value = 0.0
    assert "dead (slope 0) for x below 0" in lab.sentence
    lab.controls.activation.value = "elu"
    assert (parameter.value, parameter.description) == (1.0, "alpha")
    assert ActivationLab(activation="elu", depth=1).controls.parameter.value == 1.0
    assert ActivationLab(activation="elu", parameter=0.5, depth=1).controls.parameter.value == 0.5


# The deep network


@pytest.mark.parametrize("name", ["tanh", "gelu", "softplus"])
def test_the_gradient_of_each_layer_is_that_of_finite_differences(name):
    f, depth, h = ELEMENTWISE[name], 3, 1e-5
    samples, weights, upstream = random_network("he_normal", depth, 8, 1)
    measured = signal(name, "he_normal", depth, 8, 1).gradient

    def loss(layer, nudge):
        a = samples
        for number, w in enumerate(weights):
            a = f(a @ w + (nudge if number == layer else 0))
        return (upstream * a).sum(axis=1)

    for layer in range(depth):
        # Samples do not mix, so one nudge of a unit gives its gradient for all samples at once.
        slopes = [(loss(layer, h * unit) - loss(layer, -h * unit)) / (2 * h) for unit in np.eye(8)]
        assert np.linalg.norm(slopes) == pytest.approx(measured[layer], rel=1e-6)


def test_the_forward_numbers_are_those_of_the_network():
    samples, weights, _ = random_network("he_normal", 6, 32, 4)
    measured, a = signal("relu", "he_normal", 6, 32, 4), samples
    for layer, w in enumerate(weights):
        z = a @ w
        a = np.maximum(z, 0)
        assert measured.mean[layer] == pytest.approx(a.mean())
        assert measured.deviation[layer] == pytest.approx(a.std())
        assert np.allclose(measured.quantiles[layer], np.quantile(a, QUANTILES))
        assert measured.slope[layer] == pytest.approx((z > 0).mean())
        assert measured.flat[layer] == pytest.approx((z <= 0).mean())
        assert measured.dead[layer] == pytest.approx(np.mean([(unit <= 0).all() for unit in z.T]))


def test_an_orthogonal_linear_network_keeps_every_length():
    measured = signal("linear", "orthogonal", 20, 32)
    assert np.allclose(measured.gradient, measured.gradient[0], rtol=1e-12)
    assert measured.deviation == pytest.approx(np.full(20, measured.deviation[0]), rel=0.02)
    assert measured.survival == pytest.approx(1)


def _survivals(name, initializer):
    return [signal(name, initializer, seed=seed).survival for seed in range(5)]


def test_what_the_lesson_says_about_ten_layers_holds_for_every_seed():
    low, high = SURVIVES
    assert max(_survivals("sigmoid", "glorot_normal")) < 1e-4
    assert low < min(_survivals("tanh", "glorot_normal"))
    assert max(_survivals("tanh", "glorot_normal")) < 1
    assert low < min(_survivals("relu", "he_normal"))
    assert max(_survivals("relu", "he_normal")) < high
    assert max(_survivals("relu", "glorot_normal")) < low
    assert max(_survivals("tanh", "small")) < 1e-8
    assert min(_survivals("relu", "large")) > 1e5


def test_dead_units_and_saturation_are_counted():
    assert signal("relu", "he_normal").dead[-1] > 0.02
    assert signal("relu", "he_normal").saturated.max() == 0
    assert 0.4 < signal("relu", "he_normal").flat[0] < 0.6
    assert signal("sigmoid").dead.max() == signal("sigmoid").flat.max() == 0
    assert signal("tanh", "large").saturated[-1] > 0.5


def test_the_picture_shows_what_was_measured():
    lab = ActivationLab(activation="relu", initializer="he_normal")
    measured = signal("relu", "he_normal")
    _, forward, flat, backward = lab.chart().panels
    bars = [mark for mark in flat.marks if isinstance(mark, Bars)]
    assert np.allclose(bars[0].y, measured.flat)
    assert np.allclose(bars[1].y, measured.dead)
    line = next(mark for mark in backward.marks if isinstance(mark, Line))
    assert np.allclose(line.y, measured.gradient / measured.gradient[-1])
    median = next(mark for mark in forward.marks if isinstance(mark, Points))
    assert np.allclose(median.y, measured.quantiles[:, 2])
    low, high = backward.ranges()[1]
    assert low < line.y.min() and line.y.max() < high
    assert f"{measured.survival:.2g} times that in layer 10" in lab.sentence
    assert f"{100 * measured.dead[-1]:.0f} % of the units are dead" in lab.sentence
    assert lab.details().count("<tr>") == 11


def test_nothing_jumps_when_another_network_is_drawn():
    lab = ActivationLab(activation="relu")
    ranges = set()
    for initializer in INITIALIZERS:
        lab.controls.initializer.value = initializer
        ranges.add(tuple(panel.ranges() for panel in lab.chart().panels[:3]))
    assert len(ranges) == 1


def test_one_layer_alone():
    lab = ActivationLab(depth=1)
    assert "Through 1 layer of 64 units" in lab.sentence and "1 times that" in lab.sentence
    without_problem(lab)


# The challenge


def test_the_challenge_is_met_by_relu_with_he_and_not_by_fewer_layers():
    lab = ActivationLab()
    assert lab.met() is False and "vanishes" in lab.sentence
    lab.controls.activation.value = "relu"
    assert lab.met() is False
    lab.controls.initializer.value = "he_normal"
    assert lab.met() is True and "survives" in lab.sentence
    assert "✓ Challenge met" in lab._sentence.value
    lab.controls.depth.value = 9
    assert lab.met() is False
    lab.controls.depth.value, lab.controls.initializer.value = 10, "large"
    assert lab.met() is False and "explodes" in lab.sentence


@pytest.mark.parametrize(
    "values",
    [
        {"activation": "tanh"},
        {"initializer": "large"},
        {"activation": "linear"},
        {"activation": "linear", "initializer": "orthogonal"},
        {"activation": "leaky_relu", "parameter": 1.0, "initializer": "orthogonal"},
        {"activation": "leaky_relu", "parameter": 0.9, "initializer": "orthogonal"},
    ],
)
def test_the_challenge_is_not_met_by_one_choice_or_without_a_bend(values):
    lab = ActivationLab(**values)
    assert "survives" in lab.sentence and lab.met() is False
    straight = values.get("activation") == "linear" or values.get("parameter") == 1.0
    assert ("no more than a single one" in lab.sentence) is straight
    lab.close()


@pytest.mark.parametrize("name", ["tanh", "relu", "leaky_relu", "elu", "gelu", "silu", "mish"])
def test_the_challenge_is_met_by_every_bent_activation_with_he(name):
    lab = ActivationLab(activation=name, initializer="he_normal")
    assert lab.met() is True
    lab.close()


# Every control, every state, every wrong argument


def test_every_control_at_both_ends(shared):
    for control in map(shared.controls.__getitem__, shared.controls):
        opening = control.value
        ends = control.bounds[:2] if hasattr(control, "bounds") else control.options
        for end in ends:
            control.value = end[1] if isinstance(end, tuple) else end
            without_problem(shared)
        control.value = opening


@given(
    values=st.fixed_dictionaries(
        {
            "activation": st.sampled_from(list(ELEMENTWISE)),
            "parameter": st.sampled_from([0.0, 2.0]) | st.floats(0, 2),
            "x": st.sampled_from([LOW, 0.0, -0.0, HIGH]) | st.floats(LOW, HIGH),
            "initializer": st.sampled_from(list(INITIALIZERS)),
            "depth": st.integers(1, 20),
            "width": st.sampled_from([8, 16, 32]),
            "seed": st.integers(0, 50),
        }
    )
)
@settings(max_examples=25)
def test_odd_combinations_raise_nothing(shared, values):
    for name, value in values.items():
        shared.controls[name].value = value
    without_problem(shared)
    assert "nan" not in shared.sentence and "inf" not in shared.sentence
    drawn = re.sub(r'href="data:[^"]*"', "", shared._picture.value)
    assert not re.search(r"\b(nan|inf)\b", drawn)
    again = ActivationLab.from_state(json.loads(json.dumps(shared.state())))
    assert again.summary() == shared.summary() and again.state() == shared.state()
    again.close()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"activation": "softmax"}, "activation must be"),
        ({"activation": "rleu"}, "Did you mean 'relu'"),
        ({"activation": 3}, "activation must be"),
        ({"initialiser": "he_normal"}, "Did you mean 'initializer'"),
        ({"depth": 2.5}, "depth must be"),
        ({"depth": 0}, "depth must be"),
        ({"width": 63}, "width must be"),
        ({"x": float("inf")}, "x must be"),
        ({"parameter": -1}, "parameter must be"),
    ],
)
def test_wrong_arguments_are_named(values, words):
    with pytest.raises((TypeError, ValueError), match=re.escape(words)):
        ActivationLab(**values)


# What a notebook stores


def test_the_stored_form_has_a_picture_words_and_the_widget():
    lab = ActivationLab(activation="tanh")
    bundle, metadata = lab._repr_mimebundle_()
    assert {"text/plain", "image/png", "application/vnd.jupyter.widget-view+json"} <= set(bundle)
    assert base64.b64decode(bundle["image/png"]).startswith(b"\x89PNG")
    assert metadata["image/png"]["alt"] == lab.sentence
    assert bundle["text/plain"] == ActivationLab(activation="tanh").summary()
    assert lab.figure().text_alternative == lab.sentence
    lab.close()
