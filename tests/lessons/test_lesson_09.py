"""Lesson 09: what it says of shifted digits, augmentation and a wrong axis, as means of five seeds.

The functions are those of the notebook itself, so that lesson and test cannot drift apart.
"""

from pathlib import Path

import nbformat
import numpy as np
import pytest

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "09_cnn.ipynb"
SEEDS = range(5)
DEFINED = ("def shifted(", "def train(", "def reader(")


@pytest.fixture(scope="module")
def lesson():
    """The names that the lesson's first cells define."""
    cells = nbformat.read(NOTEBOOK, as_version=4).cells
    sources = [cell.source for cell in cells if cell.cell_type == "code"]
    names = {}
    for wanted in DEFINED:
        (source,) = [source for source in sources if wanted in source]
        exec(source, names)  # noqa: S102 - cells of our own lesson
    return names


def large(lesson):
    from dlkit.datasets import augment

    x, y = lesson["data"].x_train, lesson["data"].y_train
    copies = [augment(x, seed=s, flip=False, shift=0.1, fill="constant") for s in range(3)]
    return np.concatenate([x, *copies]), np.tile(y, 4)


def trained(lesson, make, x, y, seeds, **settings):
    networks = [make(seed) for seed in seeds]
    for seed, network in zip(seeds, networks, strict=True):
        lesson["train"](network, x, y, seed=seed, **settings)
    return networks


def test_a_shift_costs_dense_layers_nearly_everything_and_convolutions_less(lesson):
    x, y = lesson["data"].x_train, lesson["data"].y_train
    dense = trained(lesson, lesson["dense_reader"], x, y, [0], epochs=15, learning_rate=0.002)
    convolutional = trained(lesson, lesson["reader"], x, y, [0], epochs=3, learning_rate=0.004)
    straight, _, two = lesson["exam"](dense)
    assert straight > 0.95 and two < 0.25
    straight, _, two = lesson["exam"](convolutional)
    assert straight > 0.93 and two > 0.35


def test_the_whole_image_is_shifted_and_paper_comes_in(lesson):
    x = np.arange(128, dtype="float32").reshape(2, 8, 8, 1) + 1
    moved = lesson["shifted"](x, 2, -1)
    assert np.array_equal(moved[:, :7, 2:], x[:, 1:, :6])
    assert not moved[:, 7].any() and not moved[:, :, :2].any()


@pytest.mark.full
def test_dense_layers_as_the_mean_of_five_seeds(lesson):
    x, y = lesson["data"].x_train, lesson["data"].y_train
    networks = trained(lesson, lesson["dense_reader"], x, y, SEEDS, epochs=15, learning_rate=0.002)
    straight, one, two = lesson["exam"](networks)
    assert straight > 0.96 and 0.4 < one < 0.55 and two < 0.17


@pytest.mark.full
def test_convolutions_as_the_mean_of_five_seeds(lesson):
    x, y = lesson["data"].x_train, lesson["data"].y_train
    networks = trained(lesson, lesson["reader"], x, y, SEEDS, epochs=8, learning_rate=0.004)
    straight, one, two = lesson["exam"](networks)
    assert straight > 0.97 and 0.68 < one < 0.79 and 0.48 < two < 0.64


@pytest.mark.full
def test_convolutions_with_augmentation_read_more_than_985_in_a_thousand(lesson):
    settings = {"epochs": 8, "learning_rate": 0.004, "batch_size": 64}
    networks = trained(lesson, lesson["reader"], *large(lesson), SEEDS, **settings)
    straight, one, two = lesson["exam"](networks)
    assert straight >= 0.985 and one > 0.92 and two > 0.68


@pytest.mark.full
def test_dense_layers_gain_from_copies_but_stay_behind(lesson):
    settings = {"epochs": 8, "learning_rate": 0.002, "batch_size": 64}
    networks = trained(lesson, lesson["dense_reader"], *large(lesson), SEEDS, **settings)
    straight, one, two = lesson["exam"](networks)
    assert straight < 0.985 and 0.7 < one < 0.92 and two < 0.45


@pytest.mark.full
def test_channels_first_loses_what_convolutions_bring_sideways(lesson):
    data, shifted = lesson["data"], lesson["shifted"]
    networks = trained(
        lesson,
        lambda seed: lesson["reader"](seed, (1, 8, 8)),
        np.moveaxis(data.x_train, -1, 1),
        data.y_train,
        SEEDS,
        epochs=8,
        learning_rate=0.004,
    )

    def score(*moves):
        images = [np.moveaxis(shifted(data.x_validation, *move), -1, 1) for move in moves]
        return np.mean(
            [n.evaluate(x, data.y_validation)["accuracy"] for n in networks for x in images]
        )

    assert 0.9 < score((0, 0)) < 0.96
    assert score((1, 0), (-1, 0)) < 0.55 < score((0, 1), (0, -1))
