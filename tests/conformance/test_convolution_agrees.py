"""Windows of every geometry: outputs and gradients are Keras's, odd shapes and strides included."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

from dlkit.layers import AveragePooling2D, Conv1D, Conv2D, MaxPooling2D

SIZES, STRIDES = (1, 2, 3, (3, 2), 5), (1, 2, 3, (2, 1))
IMAGES = ((7, 6, 2), (5, 5, 1), (3, 2, 2))


pytestmark = pytest.mark.usefixtures("module_in_float64")


def difference(layer, twin, x):
    """Return by how much output and gradients differ, relative where they are above 1."""
    generator = np.random.default_rng(1)
    layer.build(x.shape[1:], generator, "float64")
    twin.build((None, *x.shape[1:]))
    if layer.parameters:
        layer.parameters["bias"][...] = generator.normal(size=layer.filters)
        twin.set_weights(list(layer.parameters.values()))
    point = tf.constant(np.ascontiguousarray(x))
    with tf.GradientTape() as tape:
        tape.watch(point)
        expected = twin(point)
        upstream = generator.normal(size=expected.shape)
        total = tf.reduce_sum(expected * upstream)
    wanted = tape.gradient(total, [point, *twin.trainable_variables])
    found = [layer.forward(x), layer.backward(upstream), *layer.gradients.values()]
    worst = 0.0
    for ours, theirs in zip(found, [expected, *wanted], strict=True):
        theirs = np.asarray(theirs)
        assert ours.shape == theirs.shape
        worst = max(worst, np.max(np.abs(ours - theirs) / np.maximum(1, np.abs(theirs))))
    return worst


def inputs(shape, samples=2):
    """Return a read-only array whose numbers do not stand side by side."""
    x = np.random.default_rng(0).normal(-1, 1, (*shape[::-1], samples)).T
    x.flags.writeable = False
    return x


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("kind", ["Conv2D", "MaxPooling2D", "AveragePooling2D"])
def test_every_geometry_agrees(kind, padding):
    tried = 0
    for size, strides, shape in itertools.product(SIZES, STRIDES, IMAGES):
        if padding == "valid" and np.any(np.array(shape[:2]) < size):
            continue
        arguments = {"strides": strides, "padding": padding}
        first = (3, size) if kind == "Conv2D" else (size,)
        layer = {"Conv2D": Conv2D, "MaxPooling2D": MaxPooling2D}.get(kind, AveragePooling2D)
        layer = layer(*first, **arguments)
        twin = getattr(keras.layers, kind)(*first, **arguments)
        assert difference(layer, twin, inputs(shape, samples=1 + tried % 2)) <= 1e-12, arguments
        tried += 1
    assert tried >= 30


@pytest.mark.parametrize("padding", ["same", "valid"])
def test_every_geometry_along_time_agrees(padding):
    for size, strides, time in itertools.product((1, 2, 3, 6), (1, 2, 3), (6, 7)):
        layer, twin = (
            kind(3, size, strides=strides, padding=padding, activation="softplus")
            for kind in (Conv1D, keras.layers.Conv1D)
        )
        assert difference(layer, twin, inputs((time, 2))) <= 1e-10
