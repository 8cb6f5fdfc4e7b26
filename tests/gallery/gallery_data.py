"""The data sets of the gallery, and what can be spoilt in one."""

import dataclasses
from functools import lru_cache

import numpy as np
from sklearn import datasets as made

from dlkit import datasets
from dlkit.datasets import split

LARGEST = 400  # training samples of a run; larger sets are cut, so that a run lasts 0.1 s


def clusters(seed):
    """Four classes in eight dimensions, several clusters each."""
    x, y = made.make_classification(
        480, 8, n_informative=6, n_redundant=1, n_classes=4, class_sep=1.6, random_state=seed
    )
    return split(x, y, seed=seed, scale=True, name="clusters")


def shells(seed):
    """Three classes, one inside the other, in three dimensions."""
    x, y = made.make_gaussian_quantiles(n_samples=480, n_features=3, n_classes=3, random_state=seed)
    return split(x, y, seed=seed, scale=True, name="shells")


def lattice(seed):
    """Two classes on a board of three by three fields."""
    x = np.random.default_rng(seed).uniform(-1.5, 1.5, (480, 2))
    y = (np.floor(x + 0.5).sum(axis=1) % 2).astype("int64")
    return split(x, y, seed=seed, name="lattice")


def stripes(seed):
    """Images of 8 by 8: stripes across, upright, or slanted, in noise."""
    random = np.random.default_rng(seed)
    y = np.arange(480) % 3
    row, column = np.mgrid[:8, :8]
    along = np.stack([row + 0 * column, column + 0 * row, (row + column) / np.sqrt(2)])[y]
    phase, width = random.uniform(0, 2 * np.pi, 480), random.uniform(0.9, 1.8, 480)
    x = np.sin(along * width[:, None, None] + phase[:, None, None])
    x = x + random.normal(0, 0.3, x.shape)
    return split(x[..., None], y, seed=seed, name="stripes")


def friedman(seed):
    """Friedman's first function: a product, a square and two straight parts."""
    x, y = made.make_friedman1(480, n_features=7, noise=0.5, random_state=seed)
    return split(x, y, seed=seed, task_type="regression", scale=True, scale_y=True, name="friedman")


def roll(seed):
    """How far along a rolled-up sheet in space a point lies."""
    x, y = made.make_swiss_roll(480, noise=0.3, random_state=seed)
    return split(x, y, seed=seed, task_type="regression", scale=True, scale_y=True, name="roll")


def waves(seed):
    """A hilly surface over the plane."""
    random = np.random.default_rng(seed)
    x = random.uniform(-2, 2, (480, 2))
    y = np.sin(1.5 * x[:, 0]) * np.cos(x[:, 1]) + 0.3 * x[:, 0] + random.normal(0, 0.08, 480)
    return split(x, y, seed=seed, task_type="regression", scale=True, scale_y=True, name="waves")


def tilted(seed):
    """A tilted plane in ten dimensions, with noise: half of them matter."""
    x, y = made.make_regression(480, 10, n_informative=5, noise=15.0, random_state=seed)
    return split(x, y, seed=seed, task_type="regression", scale=True, scale_y=True, name="tilted")


OWN = {
    maker.__name__: maker
    for maker in (clusters, shells, lattice, stripes, friedman, roll, waves, tilted)
}
DEVELOPMENT = ("digits", "wine", "moons", "spirals", "xor", "blobs", "clusters", "diabetes")
DEVELOPMENT += ("sine", "friedman", "roll")
HELD_OUT = ("iris", "breast_cancer", "circles", "and", "shells", "lattice", "stripes")
HELD_OUT += ("waves", "tilted")
IMAGES = ("digits", "stripes")
NUMBERS = ("diabetes", "sine", "friedman", "roll", "waves", "tilted")  # regression


@lru_cache(maxsize=64)
def plain_data(name, seed):
    """Return a data set as it is, cut to `LARGEST` training samples."""
    data = OWN[name](seed) if name in OWN else datasets.get(name, seed=seed)
    return dataclasses.replace(data, x_train=data.x_train[:LARGEST], y_train=data.y_train[:LARGEST])


def spoilt_data(name, seed, few=None, noise=0.0, shuffled=False, empty=False, shift=0.0):
    """Return a data set with a fault in it.

    Parameters
    ----------
    name, seed
        Which one; the fault depends on the seed, too.
    few : int, optional
        Training samples to keep.
    noise : float
        Share of wrong labels in training and validation, or the noise of targets in units of their
        own standard deviation.
    shuffled : bool
        Whether the targets belong to other samples.
    empty : bool
        Whether the inputs are noise that tells nothing.
    shift : float
        Added to all inputs: they are far from mean 0 then.
    """
    data, random = plain_data(name, seed), np.random.default_rng([seed, 77])
    changes = {}
    for part in ("train", "validation"):
        x, y = getattr(data, f"x_{part}"), getattr(data, f"y_{part}")
        if noise and data.task_type == "regression":
            y = y + random.normal(0, noise, y.shape).astype(y.dtype)
        elif noise:
            wrong = random.random(len(y)) < noise
            y = np.where(wrong, random.integers(0, data.output_dim, len(y)), y)
        y = random.permutation(y) if shuffled else y
        x = random.normal(0, 1, x.shape).astype(x.dtype) if empty else x
        x = x + np.asarray(shift, x.dtype)
        if few and part == "train":
            x, y = x[:few], y[:few]
        changes |= {f"x_{part}": x, f"y_{part}": y}
    return dataclasses.replace(data, **changes)
