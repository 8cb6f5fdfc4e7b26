"""Data sets, split and ready to train on: real ones that come with scikit-learn, and made ones.

``DATASETS`` maps a name to a function that takes ``seed`` and returns a `Data`; menus read it.
scikit-learn is imported when the first set is asked for, not with this module.
"""

from dlkit import checks
from dlkit.datasets.bundled import breast_cancer, diabetes, digits, iris, wine
from dlkit.datasets.data import Data
from dlkit.datasets.made import and_, blobs, circles, logic, moons, or_, sine, spirals, xor
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
}

__all__ = [
    "DATASETS",
    "Data",
    "and_",
    "blobs",
    "breast_cancer",
    "circles",
    "diabetes",
    "digits",
    "get",
    "iris",
    "logic",
    "moons",
    "or_",
    "sine",
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
        A key of `DATASETS`.
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
    return DATASETS[checks.choice("name", name, DATASETS)](**arguments)
