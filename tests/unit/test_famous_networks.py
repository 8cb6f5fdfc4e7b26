"""The famous networks: published counts, live counts of Keras's own, and every one of them runs."""

import math
import threading

import keras
import numpy as np
import pytest

from dlkit import models
from dlkit.keras.builders import FAMOUS, build_famous_model, count_famous_parameters

PUBLISHED = {
    "lenet5": 61_706,
    "alexnet": 60_965_224,
    "vgg16": 138_357_544,
    "googlenet": 6_998_552,
    "resnet18": 11_689_512,
    "resnet50": 25_557_032,
}


def side_of(name):
    return max(FAMOUS[name].smallest, 16)


@pytest.mark.parametrize("name", FAMOUS)
def test_full_size_has_the_published_number_of_parameters(name):
    assert count_famous_parameters(name) == PUBLISHED[name] == FAMOUS[name].parameters
    assert FAMOUS[name].source and FAMOUS[name].year >= 1998


def shapes_of(build):
    """The shapes of a model's variables and its layers with a bias, made without their values."""
    found = []

    def work():
        with keras.StatelessScope(initialize_variables=False):
            model = build()
        biases = [layer.bias for layer in model.layers if getattr(layer, "use_bias", False)]
        found.extend([model.trainable_variables, biases])

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    return [sum(math.prod(variable.shape) for variable in part) for part in found]


def test_keras_counts_the_same_in_its_own_vgg_16_and_resnet_50():
    trained, _ = shapes_of(lambda: keras.applications.VGG16(weights=None))
    assert trained == PUBLISHED["vgg16"]
    # Keras gives the convolutions of ResNet a bias, which the batch normalization makes useless.
    trained, biases = shapes_of(lambda: keras.applications.ResNet50(weights=None))
    assert trained - (biases - 1000) == PUBLISHED["resnet50"]


def test_counting_leaves_nothing_behind():
    count_famous_parameters("lenet5")
    with keras.StatelessScope():
        pass
    threads = [thread.name for thread in threading.enumerate()]
    assert "dlkit-count" not in threads
    assert count_famous_parameters("lenet5", (16, 16, 3), 4) == (
        (25 * 3 + 1) * 6 + (25 * 6 + 1) * 16 + (16 + 1) * 120 + 121 * 84 + 85 * 4
    )


def narrow(name):
    """Return a network with a sixteenth of the filters, six images for it, and their classes."""
    side = side_of(name)
    model = build_famous_model(name, (side, side, 1), 3, width=1 / 16, seed=1)
    x = np.random.default_rng(0).random((6, side, side, 1)).astype("float32")
    return model, x, np.array([0, 1, 2, 0, 1, 2])


@pytest.mark.parametrize(
    "name", ["lenet5", *(pytest.param(n, marks=pytest.mark.full) for n in FAMOUS if n != "lenet5")]
)
def test_a_narrow_one_has_the_counted_parameters_and_answers(name):
    model, x, _ = narrow(name)
    trained = sum(math.prod(variable.shape) for variable in model.trainable_variables)
    assert trained == count_famous_parameters(name, x.shape[1:], 3, width=1 / 16)
    answers = keras.ops.convert_to_numpy(model(x))
    assert answers.shape == (6, 3) and np.allclose(answers.sum(axis=1), 1, atol=1e-5)


@pytest.mark.full
@pytest.mark.parametrize("name", FAMOUS)
def test_a_narrow_one_trains(name):
    model, x, y = narrow(name)
    before = [variable.numpy().copy() for variable in model.trainable_variables]
    model.train_on_batch(x, y)
    moved = [
        not np.array_equal(old, variable.numpy())
        for old, variable in zip(before, model.trainable_variables, strict=True)
    ]
    assert any(moved)


def test_the_same_seed_gives_the_same_weights_and_another_one_others():
    first, same, other = (
        build_famous_model("lenet5", (16, 16, 1), 4, seed=seed).get_weights() for seed in (3, 3, 4)
    )
    assert all(np.array_equal(a, b) for a, b in zip(first, same, strict=True))
    assert not np.array_equal(first[0], other[0])


def test_alexnet_shows_each_half_of_the_maps_to_one_convolution():
    model = build_famous_model("alexnet", (67, 67, 1), 2, width=1 / 16)
    kernels = [tuple(layer.kernel.shape) for layer in model.layers if hasattr(layer, "kernel")]
    assert kernels[:4] == [(11, 11, 1, 6), (5, 5, 3, 8), (5, 5, 3, 8), (3, 3, 16, 24)]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("vgg61", (32, 32, 1), 10), "Did you mean 'vgg16'"),
        (("vgg16", (31, 32, 1), 10), "at least 32 pixels"),
        (("alexnet", (66, 67, 3), 10), "at least 67 pixels"),
        (("lenet5", (32, 32), 10), "input_shape must"),
        (("lenet5", (32, 32, 1), 0), "output_dim must"),
    ],
)
def test_wrong_arguments_are_named_before_any_work(arguments, words):
    with pytest.raises((TypeError, ValueError), match=words):
        build_famous_model(*arguments)
    with pytest.raises((TypeError, ValueError), match=words):
        count_famous_parameters(*arguments)


@pytest.mark.parametrize("width", [0, -1, 5, "1", None, math.nan])
def test_the_width_is_checked(width):
    with pytest.raises((TypeError, ValueError), match="width must"):
        build_famous_model("resnet18", (8, 8, 1), 3, width=width)
    assert "build_famous_model" in models.__all__
