"""Data sets made by a rule, for lessons in which the truth must be known."""

import numpy as np

from dlkit import checks
from dlkit.datasets.data import Data
from dlkit.datasets.splitting import check_fractions, check_seed, split

GATES = {
    "and": (0, 0, 0, 1),
    "or": (0, 1, 1, 1),
    "xor": (0, 1, 1, 0),
    "nand": (1, 1, 1, 0),
    "nor": (1, 0, 0, 0),
}
"""Gate -> its answers to (0, 0), (0, 1), (1, 0), (1, 1)."""

PLANE = ("x1", "x2")
FEWEST = 20


def moons(seed=0, samples=400, noise=0.15, validation_fraction=0.2, test_fraction=0.0):
    """Return two half moons that hold each other: two classes that no straight line separates.

    Parameters
    ----------
    seed : int
        Fixes the points and the split.
    samples : int
        How many points, 20 or more.
    noise : float
        Standard deviation of the normal noise added to each coordinate, 0 or more.
    validation_fraction, test_fraction : float
        Shares of all samples.

    Returns
    -------
    Data
        Inputs of shape (2,), two classes.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of range.
    """
    samples, noise, seeds = _checked(seed, samples, noise, validation_fraction, test_fraction)
    from sklearn.datasets import make_moons

    x, y = make_moons(samples, noise=noise, random_state=seeds[0])
    return _plane("moons", x, y, seeds[1], validation_fraction, test_fraction)


def circles(seed=0, samples=400, noise=0.1, validation_fraction=0.2, test_fraction=0.0):
    """Return a ring of radius 1 (class 0) around a ring of radius 0.4 (class 1).

    Parameters and result are those of `moons`.
    """
    samples, noise, seeds = _checked(seed, samples, noise, validation_fraction, test_fraction)
    from sklearn.datasets import make_circles

    x, y = make_circles(samples, noise=noise, factor=0.4, random_state=seeds[0])
    return _plane("circles", x, y, seeds[1], validation_fraction, test_fraction)


def blobs(seed=0, samples=400, noise=1.0, classes=3, validation_fraction=0.2, test_fraction=0.0):
    """Return clouds of normally spread points around centres drawn between −5 and 5.

    Parameters are those of `moons`, and:

    Parameters
    ----------
    classes : int
        How many clouds, 2 to 10.
    noise : float
        Standard deviation within each cloud.

    Returns
    -------
    Data
        Inputs of shape (2,), as many classes as asked for.
    """
    classes = checks.whole_number("classes", classes, minimum=2, maximum=10)
    samples, noise, seeds = _checked(seed, samples, noise, validation_fraction, test_fraction)
    from sklearn.datasets import make_blobs

    x, y = make_blobs(
        samples, centers=classes, cluster_std=noise, center_box=(-5, 5), random_state=seeds[0]
    )
    return _plane("blobs", x, y, seeds[1], validation_fraction, test_fraction)


def spirals(seed=0, samples=400, noise=0.05, turns=1.0, validation_fraction=0.2, test_fraction=0.0):
    """Return two spiral arms wound around each other.

    For class c and r from 0.1 to 1: angle = 2π·turns·r + π·c, x = r·(cos angle, sin angle).

    Parameters are those of `moons`, and:

    Parameters
    ----------
    turns : float
        How often each arm goes round, above 0; the more, the harder.

    Returns
    -------
    Data
        Inputs of shape (2,), two classes.
    """
    turns = checks.number("turns", turns, above=0, maximum=10)
    samples, noise, seeds = _checked(seed, samples, noise, validation_fraction, test_fraction)
    generator = np.random.default_rng(seeds[0])
    y = np.arange(samples) % 2
    r = generator.uniform(0.1, 1.0, samples)
    angle = 2 * np.pi * turns * r + np.pi * y
    x = r[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    x += generator.normal(0.0, noise, x.shape)
    return _plane("spirals", x, y, seeds[1], validation_fraction, test_fraction)


def logic(gate="xor", seed=0, samples=4, noise=0.0, validation_fraction=0.2, test_fraction=0.0):
    """Return the truth table of a logic gate, or clouds of points around its four corners.

    Parameters
    ----------
    gate : {"and", "or", "xor", "nand", "nor"}
    seed : int
        Fixes noise and split.
    samples : int
        4: the table itself, which is then training and validation part at once, for there is
        nothing else to know. 20 or more: that many points, the same number at each corner.
    noise : float
        Standard deviation of the normal noise around the corners (0,0), (0,1), (1,0), (1,1).
    validation_fraction, test_fraction : float
        Shares of all samples; unused for the table.

    Returns
    -------
    Data
        Inputs of shape (2,), two classes.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of range.
    """
    checks.choice("gate", gate, GATES)
    samples = checks.whole_number("samples", samples, minimum=4)
    fewest = 4 if samples == 4 else FEWEST
    samples, noise, seeds = _checked(
        seed, samples, noise, validation_fraction, test_fraction, fewest
    )
    corner = np.arange(samples) % 4
    x = np.stack([corner // 2, corner % 2], axis=1).astype("float64")
    x += np.random.default_rng(seeds[0]).normal(0.0, noise, x.shape)
    y = np.array(GATES[gate])[corner]
    if samples == 4:
        x = x.astype("float32")
        return Data(x, y, x, y, name=gate, class_names=("0", "1"), feature_names=PLANE)
    return _plane(gate, x, y, seeds[1], validation_fraction, test_fraction)


def xor(seed=0, samples=400, noise=0.15, validation_fraction=0.2, test_fraction=0.0):
    """Return four clouds labelled by XOR (see `logic`): no straight line separates them."""
    return logic("xor", seed, samples, noise, validation_fraction, test_fraction)


def and_(seed=0, samples=400, noise=0.15, validation_fraction=0.2, test_fraction=0.0):
    """Return four clouds labelled by AND (see `logic`): one neuron is enough."""
    return logic("and", seed, samples, noise, validation_fraction, test_fraction)


def or_(seed=0, samples=400, noise=0.15, validation_fraction=0.2, test_fraction=0.0):
    """Return four clouds labelled by OR (see `logic`): one neuron is enough."""
    return logic("or", seed, samples, noise, validation_fraction, test_fraction)


def sine(seed=0, samples=400, noise=0.1, periods=2.0, validation_fraction=0.2, test_fraction=0.0):
    """Return points of a sine wave with noise: y = sin(π·periods·x / 3) + noise, x from −3 to 3.

    Parameters are those of `moons`, and:

    Parameters
    ----------
    periods : float
        How many waves fit between −3 and 3, above 0.

    Returns
    -------
    Data
        Inputs of shape (1,), one target. The best reachable mean squared error is noise².
    """
    periods = checks.number("periods", periods, above=0, maximum=100)
    samples, noise, seeds = _checked(seed, samples, noise, validation_fraction, test_fraction)
    generator = np.random.default_rng(seeds[0])
    x = generator.uniform(-3.0, 3.0, (samples, 1))
    y = np.sin(np.pi * periods * x[:, 0] / 3) + generator.normal(0.0, noise, samples)
    return split(
        x,
        y,
        seed=seeds[1],
        validation_fraction=validation_fraction,
        test_fraction=test_fraction,
        task_type="regression",
        name="sine",
        feature_names=("x",),
        target_name="y",
    )


def _checked(seed, samples, noise, validation_fraction, test_fraction, fewest=FEWEST):
    """Check what makers share; return samples, noise, and a seed each for points and split."""
    seed = check_seed(seed)
    samples = checks.whole_number("samples", samples, minimum=fewest, maximum=10_000_000)
    noise = checks.number("noise", noise, minimum=0)
    check_fractions(validation_fraction, test_fraction)
    seeds = np.random.SeedSequence(seed).generate_state(2)
    return samples, noise, [int(word) for word in seeds]


def _plane(name, x, y, seed, validation_fraction, test_fraction):
    return split(
        x,
        y,
        seed=seed,
        validation_fraction=validation_fraction,
        test_fraction=test_fraction,
        name=name,
        class_names=[str(label) for label in np.unique(y)],
        feature_names=PLANE,
    )
