"""Data sets, split and ready to train on: real ones that come with scikit-learn, and made ones.

``DATASETS`` maps a name to a function that takes ``seed`` and returns a `Data`; menus read it.
``SEQUENCES`` does the same for sets in which the order of time steps carries the meaning, ``OWN``
for those that lie as files in the folder ``data/``, each with its card, ``DOWNLOADS`` for those that
are fetched from the network when they are first asked for.
scikit-learn is imported when the first set is asked for, not with this module.
"""

from dlkit import checks
from dlkit.datasets.augmenting import augment
from dlkit.datasets.bundled import breast_cancer, diabetes, digits, iris, wine
from dlkit.datasets.data import Data
from dlkit.datasets.downloads import cifar10, fashion_mnist, mnist
from dlkit.datasets.fetching import DownloadError
from dlkit.datasets.image_folder import image_folder
from dlkit.datasets.made import and_, blobs, circles, logic, moons, or_, sine, spirals, xor
from dlkit.datasets.own import file_of, houses, sensor, sentences, shapes
from dlkit.datasets.sequences import (
    adding_problem,
    copy_task,
    parity,
    reverse_copy,
    sine_mixture,
)
from dlkit.datasets.splitting import split

DATASETS = {
    "digits": digits,
    "iris": iris,
    "wine": wine,
    "breast_cancer": breast_cancer,
    "diabetes": diabetes,
    "moons": moons,
    "circles": circles,
    "spirals": spirals,
    "blobs": blobs,
    "xor": xor,
    "and": and_,
    "or": or_,
    "sine": sine,
    "parity": parity,
}

SEQUENCES = {
    "adding_problem": adding_problem,
    "copy_task": copy_task,
    "reverse_copy": reverse_copy,
    "sine_mixture": sine_mixture,
}

OWN = {"houses": houses, "sensor": sensor, "sentences": sentences, "shapes": shapes}
DOWNLOADS = {"mnist": mnist, "fashion_mnist": fashion_mnist, "cifar10": cifar10}

__all__ = [
    "DATASETS",
    "DOWNLOADS",
    "Data",
    "DownloadError",
    "OWN",
    "SEQUENCES",
    "adding_problem",
    "and_",
    "augment",
    "blobs",
    "breast_cancer",
    "cifar10",
    "circles",
    "copy_task",
    "diabetes",
    "digits",
    "fashion_mnist",
    "file_of",
    "get",
    "houses",
    "image_folder",
    "iris",
    "logic",
    "mnist",
    "moons",
    "or_",
    "parity",
    "reverse_copy",
    "sensor",
    "sentences",
    "shapes",
    "sine",
    "sine_mixture",
    "spirals",
    "split",
    "wine",
    "xor",
]


def get(name, **arguments):
    """Return the data set called ``name``.

    Parameters
    ----------
    name : str
        A key of `DATASETS`, `SEQUENCES`, `OWN` or `DOWNLOADS`.
    **arguments
        What its function takes, such as ``seed``.

    Returns
    -------
    Data

    Raises
    ------
    TypeError, ValueError
        If the name is unknown (the nearest known one is suggested) or an argument does not fit.
    """
    makers = DATASETS | SEQUENCES | OWN | DOWNLOADS
    return makers[checks.choice("name", name, makers)](**arguments)
