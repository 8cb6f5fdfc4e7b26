"""Sequences made by a rule: what a network must remember, and for how long, is known."""

import numpy as np

from dlkit import checks
from dlkit.datasets.data import Data
from dlkit.datasets.splitting import check_fractions, check_seed, split

LARGEST = 100_000_000  # numbers in the inputs; more would not fit beside a browser


def parity(seed=0, samples=2000, bits=8, validation_fraction=0.2, test_fraction=0.0):
    """Return rows of bits, labelled by whether the number of ones is odd.

    No single bit, and no group of fewer than all, says anything about the label: the hardest case
    for a network that learns by small steps.

    Parameters
    ----------
    seed : int
        Fixes the bits and the split.
    samples : int
        How many rows, 20 or more.
    bits : int
        Bits per row, 2 to 64.
    validation_fraction, test_fraction : float
        Shares of all samples.

    Returns
    -------
    Data
        Inputs 0.0 and 1.0 of shape (bits,), two classes: even and odd.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of range.
    """
    bits = checks.whole_number("bits", bits, minimum=2, maximum=64)
    samples, generator, split_seed = _checked(
        seed, samples, bits, validation_fraction, test_fraction
    )
    x = generator.integers(0, 2, (samples, bits))
    y = x.sum(axis=1) % 2
    y[:2], x[:2] = (0, 1), 0  # both classes, whatever the seed
    x[1, 0] = 1
    return split(
        x,
        y,
        seed=split_seed,
        validation_fraction=validation_fraction,
        test_fraction=test_fraction,
        name="parity",
        class_names=("even", "odd"),
        feature_names=[f"bit {i + 1}" for i in range(bits)],
    )


def adding_problem(seed=0, samples=2000, length=60, validation_fraction=0.2, test_fraction=0.0):
    """Return the adding problem: add the two marked numbers of a long sequence.

    One mark stands in the first half and one in the second, so the first number must be kept over
    many steps. Whoever always answers 1 has a mean squared error of 1/6 ≈ 0.167.

    Parameters
    ----------
    seed : int
        Fixes the sequences and the split.
    samples : int
        How many sequences, 20 or more.
    length : int
        Time steps, 2 or more.
    validation_fraction, test_fraction : float
        Shares of all samples.

    Returns
    -------
    Data
        Inputs of shape (length, 2): a number drawn evenly from 0 to 1, and its mark, 0 or 1. One
        target: the sum of the two marked numbers.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of range.

    Notes
    -----
    After S. Hochreiter and J. Schmidhuber, "Long short-term memory", Neural Computation 9, 1997,
    experiment 4 (there with numbers from −1 to 1).
    """
    length = checks.whole_number("length", length, minimum=2, maximum=10_000)
    samples, generator, split_seed = _checked(
        seed, samples, 2 * length, validation_fraction, test_fraction
    )
    x = np.zeros((samples, length, 2))
    x[..., 0] = generator.uniform(0.0, 1.0, (samples, length))
    rows = np.arange(samples)
    x[rows, generator.integers(0, length // 2, samples), 1] = 1.0
    x[rows, generator.integers(length // 2, length, samples), 1] = 1.0
    return split(
        x,
        (x[..., 0] * x[..., 1]).sum(axis=1),
        seed=split_seed,
        validation_fraction=validation_fraction,
        test_fraction=test_fraction,
        task_type="regression",
        name="adding_problem",
        feature_names=("number", "mark"),
        target_name="sum of the marked numbers",
    )


def copy_task(
    seed=0,
    samples=2000,
    length=5,
    delay=10,
    symbols=8,
    validation_fraction=0.2,
    test_fraction=0.0,
):
    """Return the copy task: repeat some symbols after a pause.

    The input is ``length`` symbols, ``delay`` blanks, then ``length`` times the sign to recall; the
    truth is blank until then, and the symbols in their order after it.

    Parameters
    ----------
    seed : int
        Fixes the sequences and the split.
    samples : int
        How many sequences, 20 or more.
    length, delay : int
        Symbols to keep, 1 or more, and steps to keep them for, 0 or more.
    symbols : int
        How many different symbols, 2 or more.
    validation_fraction, test_fraction : float
        Shares of all samples.

    Returns
    -------
    Data
        Whole numbers of shape (2·length + delay,): 0 is blank, 1 … symbols the symbols, symbols + 1
        the sign to recall. The labels have the same shape, one for each time step.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of range.

    Notes
    -----
    After S. Hochreiter and J. Schmidhuber 1997; in this form A. Graves, G. Wayne and I. Danihelka,
    "Neural Turing machines", 2014, section 4.1.
    """
    delay = checks.whole_number("delay", delay, minimum=0, maximum=10_000)
    length, symbols = _sizes(length, symbols)
    time = 2 * length + delay
    samples, generator, _ = _checked(seed, samples, time, validation_fraction, test_fraction)
    kept = generator.integers(1, symbols + 1, (samples, length))
    x, y = np.zeros((2, samples, time), dtype="int64")
    x[:, :length], x[:, length + delay :], y[:, length + delay :] = kept, symbols + 1, kept
    names = ("blank", *(f"symbol {i}" for i in range(1, symbols + 1)), "recall")
    return _in_order("copy_task", x, y, validation_fraction, test_fraction, names)


def reverse_copy(
    seed=0, samples=2000, length=10, symbols=8, validation_fraction=0.2, test_fraction=0.0
):
    """Return sequences of symbols whose truth is the same sequence from its end to its start.

    What belongs at a place depends on the symbol at the mirrored place, and on nothing else: whoever
    does not know positions cannot find it.

    Parameters
    ----------
    seed : int
        Fixes the sequences and the split.
    samples : int
        How many sequences, 20 or more.
    length : int
        Symbols per sequence, 2 or more.
    symbols : int
        How many different symbols, 2 or more. Guessing is right once in ``symbols`` times.
    validation_fraction, test_fraction : float
        Shares of all samples.

    Returns
    -------
    Data
        Whole numbers 0 … symbols − 1 of shape (length,); labels of the same shape.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of range.
    """
    length, symbols = _sizes(length, symbols, shortest=2)
    samples, generator, _ = _checked(seed, samples, length, validation_fraction, test_fraction)
    x = generator.integers(0, symbols, (samples, length))
    names = tuple(f"symbol {i}" for i in range(symbols))
    return _in_order("reverse_copy", x, x[:, ::-1], validation_fraction, test_fraction, names)


def sine_mixture(
    seed=0,
    samples=1000,
    window=30,
    periods=(24.0, 7.3),
    noise=0.1,
    validation_fraction=0.2,
    test_fraction=0.0,
):
    """Return windows of one time series, a sum of sine waves with noise, and the value after each.

    The series is y(t) = Σ sin(2πt/p + φ) + noise over the periods p, with phases φ drawn at random.
    The parts follow each other in time, and no window of one reaches into another.

    Parameters
    ----------
    seed : int
        Fixes phases and noise.
    samples : int
        How many windows, 20 or more.
    window : int
        Time steps in a window, 1 or more.
    periods : sequence of float
        Length of each wave in time steps, each above 0.
    noise : float
        Standard deviation of the normal noise, 0 or more.
    validation_fraction, test_fraction : float
        Shares of all windows: the later ones.

    Returns
    -------
    Data
        Inputs of shape (window, 1), one target: the next value. The best reachable mean squared
        error is noise², and that only for whoever knows the waves.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of range.
    """
    window = checks.whole_number("window", window, maximum=10_000)
    noise = checks.number("noise", noise, minimum=0)
    periods = checks.array("periods", periods, ndim=1, dtype="float64")
    for period in periods:
        checks.number("periods", float(period), above=0)
    samples, generator, _ = _checked(seed, samples, window, validation_fraction, test_fraction)
    cuts = _cuts(samples, validation_fraction, test_fraction)
    # between two parts, a window's length of the series is left out
    t = np.arange(samples + window * len(cuts))
    phases = generator.uniform(0.0, 2 * np.pi, len(periods))
    series = np.sin(2 * np.pi * t[:, None] / periods + phases).sum(axis=1)
    series += generator.normal(0.0, noise, len(t))
    parts, start = {}, 0
    for part, count in cuts.items():
        windows = np.lib.stride_tricks.sliding_window_view(
            series[start : start + count + window], window + 1
        ).astype("float32")
        parts[f"x_{part}"], parts[f"y_{part}"] = windows[:, :-1, None], windows[:, -1]
        start += count + window
    return Data(
        **parts,
        task_type="regression",
        name="sine_mixture",
        feature_names=("value",),
        target_name="next value",
    )


def _sizes(length, symbols, shortest=1):
    length = checks.whole_number("length", length, minimum=shortest, maximum=10_000)
    return length, checks.whole_number("symbols", symbols, minimum=2, maximum=10_000)


def _checked(seed, samples, each, validation_fraction, test_fraction):
    """Check what makers share; return samples, a generator, and a seed for the split."""
    seed = check_seed(seed)
    most = min(10_000_000, LARGEST // each)
    samples = checks.whole_number("samples", samples, minimum=20, maximum=most)
    check_fractions(validation_fraction, test_fraction)
    made, split_seed = np.random.SeedSequence(seed).generate_state(2)
    return samples, np.random.default_rng(int(made)), int(split_seed)


def _cuts(samples, validation_fraction, test_fraction):
    """Return part -> number of samples; the test part only where one is wanted."""
    validation, test = (int(np.ceil(samples * f)) for f in (validation_fraction, test_fraction))
    train = samples - validation - test
    if train < 1:
        raise ValueError(
            f"validation_fraction and test_fraction leave {train} of {samples} samples to train on: "
            "make them smaller, or take more samples."
        )
    return {"train": train, "validation": validation, **({"test": test} if test else {})}


def _in_order(name, x, y, validation_fraction, test_fraction, class_names):
    """Cut samples that were drawn independently, in the order in which they came."""
    parts, start = {}, 0
    for part, count in _cuts(len(x), validation_fraction, test_fraction).items():
        parts[f"x_{part}"], parts[f"y_{part}"] = x[start : start + count], y[start : start + count]
        start += count
    return Data(**parts, name=name, class_names=class_names)
