"""From all samples to `Data`: split by seed, scale by what the training part knows."""

from math import ceil

import numpy as np

from dlkit import checks
from dlkit.datasets.cleaning import clean_targets
from dlkit.datasets.data import TASK_TYPES, Data

# What `split` hands on to `Data`.
_ABOUT = ("task_type", "name", "class_names", "feature_names", "target_name", "target_unit")
LARGEST_SEED = 2**32 - 1  # what scikit-learn accepts


def check_seed(seed):
    """Return ``seed`` as an ``int`` between 0 and 2³² − 1, or raise."""
    return checks.whole_number("seed", seed, minimum=0, maximum=LARGEST_SEED)


def check_fractions(validation_fraction, test_fraction):
    """Return both fractions as floats, or raise unless each and their sum leave training data."""
    validation = checks.number("validation_fraction", validation_fraction, above=0, below=1)
    test = checks.number("test_fraction", test_fraction, minimum=0, below=1)
    if validation + test >= 1:
        raise ValueError(
            f"validation_fraction + test_fraction must leave something to train on, but is "
            f"{validation + test:g}. 0.2 and 0.2 are usual."
        )
    return validation, test


def split(
    x, y, *, seed, validation_fraction=0.2, test_fraction=0.0, scale=False, scale_y=False, **about
):
    """Split samples into the parts of a `Data`, the same way for the same seed.

    The validation part is drawn first, so it is the same with and without a test part. Classes
    are spread in proportion over the parts (stratified).

    Parameters
    ----------
    x : ndarray, shape (samples, ...)
        All inputs.
    y : ndarray, shape (samples,)
        All labels or targets.
    seed : int
        Fixes the split.
    validation_fraction, test_fraction : float
        Shares of all samples.
    scale, scale_y : bool
        Whether features, and targets, are brought to mean 0 and standard deviation 1, as measured
        on the training part alone: the other parts stand for data not seen yet.
    **about
        The other fields of `Data`.

    Returns
    -------
    Data
        Inputs float32, labels int64, regression targets float32.

    Raises
    ------
    ValueError
        If there are too few samples for parts in which every class occurs.
    """
    seed = check_seed(seed)
    validation, test = check_fractions(validation_fraction, test_fraction)
    scale, scale_y = checks.truth_value("scale", scale), checks.truth_value("scale_y", scale_y)
    task_type = checks.choice("task_type", about.get("task_type", "classification"), TASK_TYPES)
    for name in about:
        checks.choice("a further argument", name, _ABOUT)
    x, y = checks.array("x", x, ndim=range(2, 33)), checks.array("y", y, ndim=1)
    checks.same_length(x=x, y=y)
    y = clean_targets("y", y, task_type).reshape(len(y))
    if scale_y and task_type == "classification":
        raise ValueError("scale_y must be False for classification: labels are no quantities.")
    from sklearn.model_selection import train_test_split
    from sklearn.preprocessing import StandardScaler

    classification = task_type == "classification"
    count, needed = len(x), len(np.unique(y)) if classification else 1
    # Rounded up, as scikit-learn does, so that train_test_split(test_size=0.2) draws the same rows.
    sizes = {"validation": ceil(validation * count), "test": ceil(test * count)}
    sizes["training"] = count - sum(sizes.values())
    for part, size in sizes.items():
        if size < needed and not (part == "test" and test == 0):
            raise ValueError(
                f"The {part} part would get {size} of {count} samples, but needs {needed} or more "
                "(one per class). Change the fractions or take more samples."
            )

    rows = np.arange(count)

    def draw(rows, size):
        labels = y[rows] if classification else None
        return train_test_split(rows, test_size=size, random_state=seed, stratify=labels)

    train, validate = draw(rows, sizes["validation"])
    parts = {"train": train, "validation": validate}
    if sizes["test"]:
        parts["train"], parts["test"] = draw(train, sizes["test"])
    x = np.asarray(x, dtype="float64")
    if scale:
        x = StandardScaler().fit(x[parts["train"]]).transform(x)
    if scale_y:
        column = np.asarray(y, dtype="float64").reshape(-1, 1)
        y = StandardScaler().fit(column[parts["train"]]).transform(column)[:, 0]
    y = np.asarray(y, dtype="int64" if classification else "float32")
    arrays = {}
    for part, chosen in parts.items():
        arrays[f"x_{part}"] = x[chosen].astype("float32")
        arrays[f"y_{part}"] = y[chosen]
    return Data(**arrays, **about)
