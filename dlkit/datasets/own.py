"""Data sets of our own making, from the folder ``data/`` of the project; each has a data card there."""

import csv
import json
from pathlib import Path

import numpy as np

from dlkit import checks
from dlkit.datasets.data import Data
from dlkit.datasets.splitting import check_fractions, check_seed, split

FOLDER = Path(__file__).parents[2] / "data"
SIDE = 16  # pixels of a drawn shape
SPIKE = 99.0  # degrees; what is above is the error value of the sensor


def houses(seed=0, validation_fraction=0.2, test_fraction=0.0):
    """Return 784 invented houses, cleaned by `dlkit.prepare`, with their price.

    The leaking column ``commission`` and the ``id`` are left out. To clean the table yourself, give
    `dlkit.prepare` the path that `file_of` ("houses") returns.

    Parameters
    ----------
    seed : int
        Fixes the split.
    validation_fraction, test_fraction : float
        Shares of all houses.

    Returns
    -------
    Data
        One target, the price, scaled to mean 0 and standard deviation 1.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of range.
    FileNotFoundError
        If the folder ``data/`` is not there.
    """
    check_seed(seed)
    check_fractions(validation_fraction, test_fraction)
    from dlkit.preparation import prepare

    return prepare(
        file_of("houses"),
        "price",
        drop=["commission", "id"],
        ordinal={"energy class": ["F", "E", "D", "C", "B", "A"]},
        validation_fraction=validation_fraction,
        test_fraction=test_fraction,
        seed=seed,
        name="houses",
    ).data


def sensor(seed=0, window=24, validation_fraction=0.2, test_fraction=0.0):
    """Return windows of an hourly temperature in °C, and the value after each.

    Windows with a gap, an empty value or an error value in them are left out; the parts follow each
    other in time, and no window of one reaches into another.

    Parameters
    ----------
    seed : int
        Taken so that all sets are called alike; time decides the parts.
    window : int
        Hours in a window, 1 to 500.
    validation_fraction, test_fraction : float
        Shares of the year: the later ones.

    Returns
    -------
    Data
        Inputs of shape (window, 1), one target, both scaled by mean and standard deviation of the
        hours that train.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of range.
    FileNotFoundError
        If the folder ``data/`` is not there.
    """
    check_seed(seed)
    window = checks.whole_number("window", window, maximum=500)
    validation, test = check_fractions(validation_fraction, test_fraction)
    with open(file_of("sensor"), encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))[1:]
    times = np.array([time for time, _ in rows], dtype="datetime64[h]")
    series = np.full(int((times[-1] - times[0]).astype(int)) + 1, np.nan)
    series[(times - times[0]).astype(int)] = [
        float(value) if value else np.nan for _, value in rows
    ]
    series[series > SPIKE] = np.nan
    cuts = np.cumsum([1 - validation - test, validation, test]) * len(series)
    cuts = [0, *np.round(cuts).astype(int)]
    known = series[: cuts[1]]
    scaled = (series - np.nanmean(known)) / np.nanstd(known)
    parts = {}
    for part, start, stop in zip(("train", "validation", "test"), cuts, cuts[1:], strict=False):
        if stop - start <= window:
            if part == "test" and not test:
                continue
            raise ValueError(
                f"window must be shorter than the {part} part of {stop - start} hours, but got {window}."
            )
        views = np.lib.stride_tricks.sliding_window_view(scaled[start:stop], window + 1)
        whole = views[~np.isnan(views).any(axis=1)].astype("float32")
        parts |= {f"x_{part}": whole[:, :-1, None], f"y_{part}": whole[:, -1]}
    return Data(
        **parts,
        task_type="regression",
        name="sensor",
        feature_names=("temperature",),
        target_name="temperature of the next hour",
        target_unit="standard deviations",
    )


def sentences(seed=0, length=24, validation_fraction=0.2, test_fraction=0.0):
    """Return sentences of a small grammar as numbers of words, and at each place the word that follows.

    Number 0 fills up what is shorter than ``length`` and stands before the first word; words are
    numbered in alphabetical order. Sentences of which copies exist are kept once, so no sentence
    is in two parts.

    Parameters
    ----------
    seed : int
        Fixes the split.
    length : int
        Words of a sentence, the full stop included, 2 to 200; longer ones are cut.
    validation_fraction, test_fraction : float
        Shares of all sentences.

    Returns
    -------
    Data
        Whole numbers of shape (length,), labels of the same shape; ``class_names`` are the words.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of range.
    FileNotFoundError
        If the folder ``data/`` is not there.
    """
    seed = check_seed(seed)
    length = checks.whole_number("length", length, minimum=2, maximum=200)
    validation, test = check_fractions(validation_fraction, test_fraction)
    lines = file_of("sentences").read_text(encoding="utf-8").splitlines()
    lines = [line.split() for line in dict.fromkeys(lines)]
    words = sorted({word for line in lines for word in line})
    number = {word: i for i, word in enumerate(words, 1)}
    y = np.zeros((len(lines), length), dtype="int64")
    for row, line in zip(y, lines, strict=True):
        row[: len(line)] = [number[word] for word in line[:length]]
    x = np.concatenate([np.zeros((len(y), 1), dtype="int64"), y[:, :-1]], axis=1)
    order = np.random.default_rng(seed).permutation(len(y))
    counts = [int(np.ceil(len(y) * share)) for share in (validation, test)]
    places = {"validation": order[: counts[0]], "test": order[counts[0] : sum(counts)]}
    places["train"] = order[sum(counts) :]
    parts = {}
    for part in ("train", "validation", "test"):
        if len(places[part]):
            parts |= {f"x_{part}": x[places[part]], f"y_{part}": y[places[part]]}
    return Data(**parts, name="sentences", class_names=("(nothing)", *words))


def shapes(seed=0, validation_fraction=0.2, test_fraction=0.0):
    """Return 1,000 drawn shapes, grey pictures of 16 × 16 pixels: circle, square, triangle, cross.

    Parameters are those of `houses`.

    Returns
    -------
    Data
        Inputs of shape (16, 16, 1) from 0 to 1, four classes.
    """
    check_seed(seed)
    check_fractions(validation_fraction, test_fraction)
    from PIL import Image

    path = file_of("shapes")
    with Image.open(path, formats=["PNG"]) as image:
        sheet = np.asarray(image.convert("L"))
    truth = json.loads(path.with_name("truth.json").read_text(encoding="utf-8"))
    rows, columns = sheet.shape[0] // SIDE, sheet.shape[1] // SIDE
    pictures = (
        sheet.reshape(rows, SIDE, columns, SIDE).transpose(0, 2, 1, 3).reshape(-1, SIDE, SIDE, 1)
    )
    kinds = truth["kinds"]
    return split(
        pictures / 255.0,
        np.array([kinds.index(each["kind"]) for each in truth["pictures"]]),
        seed=seed,
        validation_fraction=validation_fraction,
        test_fraction=test_fraction,
        name="shapes",
        class_names=kinds,
    )


FILES = {
    "houses": "houses.csv",
    "sensor": "sensor.csv",
    "sentences": "sentences.txt",
    "shapes": "shapes.png",
    "seedlings": "seedlings.csv",
}


def file_of(name):
    """Return the path of a file in the folder ``data/``, whose data card lies beside it.

    Parameters
    ----------
    name : {"houses", "sensor", "sentences", "shapes", "seedlings"}

    Returns
    -------
    pathlib.Path

    Raises
    ------
    TypeError, ValueError
        If the name is unknown.
    FileNotFoundError
        If the folder ``data/`` is not there.
    """
    path = FOLDER / checks.choice("name", name, FILES) / FILES[name]
    if not path.is_file():
        raise FileNotFoundError(
            f"There is no data/{name}/{FILES[name]} beside the package: the data sets of our own making "
            "are part of the project's folder, not of an installed copy. "
            "dlkit.datasets.digits() needs no file."
        )
    return path
