"""Every layer's gradients, of parameters and inputs, are central differences of its own output.

Off the kinks: where a layer has some, the numbers are far enough from them. Differences are
compared by norm; a gradient that is exactly zero (a bias before a normalization) has no relative
error, so that a billionth of the layer's largest gradient, or of 1, is always allowed.
"""

import copy

import numpy as np
import pytest
from test_layers_agree import CASES

from dlkit.layers import LAYERS, Dropout, Embedding, Residual
from dlkit.layers.dense import Dense

STEP = 2.0**-17  # its square, and the rounding divided by it, are both below 1e-10
TOLERANCE = 1e-7
FLOOR = 1e-9
SEEDS = 20
SAMPLES = 3


def apart(generator, shape):
    """Return numbers of which no two are closer than 0.01: a maximum has one winner."""
    count = int(np.prod(shape))
    numbers = generator.permutation(count) - count / 2 + generator.uniform(-0.2, 0.2, count)
    return (numbers / 12).reshape(shape)


# Cases of the table whose inputs are made to lie on the kinks, and what is random.
OFF_THE_KINKS = {name: apart for name in CASES if name.startswith("MaxPooling")}
MORE = {
    "Dropout, a third": (lambda: Dropout(1 / 3), (7,)),
    "Residual, with dropout": (lambda: Residual([Dense(4, "tanh"), Dropout(0.5), Dense(3)]), (3,)),
}


def prepare(name, seed):
    """Return a built layer with parameters away from their initial values, and an input."""
    generator = np.random.default_rng(100 + seed)
    if name in MORE:
        make, shape = MORE[name]
        x = generator.normal(size=(SAMPLES, *shape))
    else:
        case = CASES[name]
        make, shape = case.make, case.input_shape
        x = OFF_THE_KINKS.get(name, case.inputs)(generator, (SAMPLES, *shape))
        if not name.startswith("Embedding"):
            x = x / 4  # no activation is saturated
    layer = make()
    layer.build(shape, generator, "float64")
    for array in layer.parameters.values():
        array[...] = generator.normal(0, 0.5, array.shape)
    for array in layer.state.values():
        array[...] = generator.uniform(0.5, 1.5, array.shape)
    return layer, np.array(x, dtype="float64"), generator


def central_differences(value, array):
    """Return (value(array + step) - value(array - step)) / 2 step for each element, in place."""
    differences = np.empty_like(array)
    for place in np.ndindex(array.shape):
        kept = array[place]
        array[place] = kept + STEP
        above = value()
        array[place] = kept - STEP
        below = value()
        array[place] = kept
        differences[place] = (above - below) / (2 * STEP)
    return differences


def errors(layer, x, generator, training):
    """Return {what: error by norm} for the input and each parameter."""
    fresh = copy.deepcopy(layer)  # with the random numbers that the layer is about to draw
    y = layer.forward(x, training=training)
    upstream = generator.normal(size=y.shape)
    found = {"input": layer.backward(upstream).copy()}
    found |= {key: gradient.copy() for key, gradient in layer.gradients.items()}
    if isinstance(layer, Embedding):
        assert not found.pop("input").any()  # whole numbers have no gradient
    random = fresh.uses_random and training

    def value():
        if not random:
            return float((fresh.forward(x, training=training) * upstream).sum())
        trial = copy.deepcopy(fresh)
        return float((trial.forward(x, training=training) * upstream).sum())

    wanted = {
        key: central_differences(value, x if key == "input" else fresh.parameters[key])
        for key in found
    }
    largest = max([1.0, *(np.linalg.norm(gradient) for gradient in wanted.values())])
    return {
        key: max(0.0, np.linalg.norm(found[key] - wanted[key]) - FLOOR * largest)
        / max(np.linalg.norm(wanted[key]), np.finfo(float).tiny)
        for key in found
    }


def test_the_table_has_every_layer():
    assert {name.split(",")[0] for name in CASES} == set(LAYERS)


# The fast tier: one seed of the first case of each layer, and of what is random.
@pytest.mark.parametrize(
    ("name", "seed"),
    [
        pytest.param(name, seed, marks=[] if seed == 0 and not more else pytest.mark.full)
        for name, more in [(name, "," in name) for name in CASES] + [(name, False) for name in MORE]
        for seed in range(SEEDS)
    ],
)
def test_gradients_are_central_differences(name, seed):
    for training in (False, True):
        found = errors(*prepare(name, seed), training)
        assert max(found.values()) <= TOLERANCE, found


@pytest.mark.parametrize("name", ["Dense", "LayerNormalization", "Conv1D"])
def test_a_gradient_wrong_in_the_sixth_digit_is_caught(name, monkeypatch):
    kind = LAYERS[name]
    right = kind.compute_gradients

    def wrong(self, upstream):
        result = right(self, upstream)
        for gradient in self.gradients.values():
            gradient *= 1 + 1e-6
        return result

    monkeypatch.setattr(kind, "compute_gradients", wrong)
    found = errors(*prepare(name, 0), False)
    assert min(error for key, error in found.items() if key != "input") > TOLERANCE
