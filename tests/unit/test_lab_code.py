"""The programs of `lab.code()` run alone, and print the numbers that the lab shows."""

import contextlib
import io
import re

import numpy as np
import pytest

from dlkit.labs import ActivationLab, BackpropLab, NeuronLab
from dlkit.labs.activation import ELEMENTWISE
from dlkit.labs.backprop_examples import EXAMPLES
from dlkit.labs.backprop_walk import loss_at, updated
from dlkit.labs.neuron_model import NEURON_ACTIVATIONS, loss_and_gradient, task
from dlkit.labs.neuron_words import count_right

NUMBER = re.compile(r"-?\d+\.?\d*(?:e[+-]?\d+)?")
FEW = ("sigmoid", "leaky_relu", "gelu")  # the others are of the full tier
DIGITS = 5.1e-6  # six digits are printed


def printed(program):
    """Run a program on its own, and return the lines that it prints."""
    assert len(program.splitlines()) <= 40
    assert max(map(len, program.splitlines())) <= 100
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(program, "program", "exec"), {"__name__": "__main__"})
    return out.getvalue().splitlines()


def after(words, line):
    """Return the numbers of a line that follow these words (a regular expression)."""
    return [float(found) for found in re.findall(rf"(?:{words}) ({NUMBER.pattern})", line)]


def both(lab):
    """Return what the two programs print, once they print the same words."""
    code = lab.code()
    ours, theirs = printed(code.dlkit), printed(code.keras)
    assert [NUMBER.sub("#", line) for line in ours] == [NUMBER.sub("#", line) for line in theirs]
    return ours, theirs


def close(found, expected, tolerance=DIGITS, floor=1e-9):
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=floor)


@pytest.mark.parametrize(
    ("activation", "name"),
    [
        ("sigmoid", "and"),
        ("leaky_relu", "iris"),
        pytest.param("tanh", "or", marks=pytest.mark.full),
        pytest.param("gelu", "iris_overlapping", marks=pytest.mark.full),
    ],
)
def test_a_neuron_and_its_next_step(activation, name):
    lab = NeuronLab(activation=activation, task=name, w1=0.7, w2=-1.3, bias=0.25, x1=0.35)
    function, points = NEURON_ACTIVATIONS[activation], task(name)
    parameters = np.array([0.7, -1.3, 0.25])
    z = 0.7 * 0.35 - 1.3 * 0.4 + 0.25
    loss, gradient = loss_and_gradient(points.x, points.y, parameters, function)
    for lines, tolerance in zip(both(lab), (DIGITS, 2e-5), strict=True):  # Keras: float32
        close(after("=", lines[0]), [z, float(function(z))], tolerance)
        close(after("loss", lines[1]), [loss], tolerance)
        assert lines[1].startswith(f"{count_right(points, parameters, function)} of")
        close(after("w1|w2|bias", lines[2]), parameters - gradient, tolerance, 1e-6)
    lab.close()


def test_a_step_does_not_learn_in_either():
    lab = NeuronLab(activation="step", task="xor")
    ours, theirs = printed(lab.code().dlkit), printed(lab.code().keras)
    assert ours[:2] == theirs[:2]
    assert ours[2] == "after one step: w1 1.5, w2 -1, bias 0.5"
    assert "nothing has moved" in theirs[2]
    lab.close()


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=() if name in FEW else pytest.mark.full)
        for name in sorted(ELEMENTWISE)
    ],
)
def test_every_activation_and_its_deep_network(name):
    lab = ActivationLab(activation=name, depth=4, width=16, x=-0.7, seed=3)
    if not lab.controls.parameter.disabled:
        lab.controls.parameter.value = 0.3
    f, signal = lab._function(), lab._signal()
    for lines, tolerance in zip(both(lab), (DIGITS, 1e-5), strict=True):
        close(after("=|slope", lines[0]), [float(f(-0.7)), float(f.derivative(-0.7))], tolerance)
        close(after(r"layer \d+", lines[1]), signal.deviation[[0, -1]], tolerance)
        close(after(r"layer \d+", lines[2]), signal.gradient[[0, -1]], tolerance)
    lab.close()


@pytest.mark.parametrize("initializer", ["he_normal", "orthogonal", "small", "large"])
def test_every_initialisation(initializer):
    lab = ActivationLab(activation="elu", initializer=initializer, depth=3, width=8)
    signal = lab._signal()
    for lines in both(lab):
        close(after(r"layer \d+", lines[2]), signal.gradient[[0, -1]], 1e-5)
    lab.close()


@pytest.mark.parametrize("example", sorted(EXAMPLES))
def test_every_graph_with_all_its_gradients_and_an_update(example):
    lab = BackpropLab(example=example, learning_rate=0.5)
    lab.all_backward()
    walk = lab._walk()
    for lines in both(lab):
        close(after("loss", lines[0]), [walk.loss])
        found = dict(re.findall(r"∂L/∂(\w+) = (\S+)", "\n".join(lines)))
        expected = {name: walk.gradient(name)[0] for name in EXAMPLES[example].opening}
        assert found.keys() == expected.keys()
        close([float(found[name]) for name in found], [expected[name] for name in found])
        later = loss_at(example, updated(example, lab._numbers(), 0.5, 10.0))
        close(after("update:", lines[-1]), [later])
    lab.close()


def test_the_code_follows_the_controls_and_can_be_seen_in_the_lab():
    lab = NeuronLab()
    assert lab._code.value == ""
    lab.show_code()
    assert "your_input" in lab._code.value and "In Keras" in lab._code.value
    lab.controls.w1.value = -2.5
    assert "-2.5" in lab.code().dlkit and "-2.5" in lab.code().keras
    assert "-2.5" in re.sub(r"<[^>]+>", "", lab._code.value)
    lab.show_code()
    assert lab._code.value == ""
    lab.close()
