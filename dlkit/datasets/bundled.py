"""Real data sets that come with scikit-learn: nothing is downloaded."""

from functools import cache

from dlkit import checks
from dlkit.datasets.splitting import check_fractions, check_seed, split


def digits(seed=0, flat=False, validation_fraction=0.2, test_fraction=0.0):
    """Return 1,797 handwritten digits, real images of 8 × 8 pixels, grey values divided by 16.

    Parameters
    ----------
    seed : int
        Fixes the split, and nothing else depends on it.
    flat : bool
        False: inputs of shape (8, 8, 1), channels last. True: the same numbers as (64,).
    validation_fraction, test_fraction : float
        Shares of all samples; each part holds the ten digits in proportion.

    Returns
    -------
    Data
        Inputs float32 from 0 (paper) to 1 (ink), labels int64 0–9.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of range.

    Source: E. Alpaydin and C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine
    Learning Repository, 1998 (test part).
    """
    flat = checks.truth_value("flat", flat)
    check_seed(seed)
    check_fractions(validation_fraction, test_fraction)
    loaded = _load_digits()
    pixels = loaded.data if flat else loaded.images[..., None]
    return split(
        pixels / 16.0,
        loaded.target,
        seed=seed,
        validation_fraction=validation_fraction,
        test_fraction=test_fraction,
        name="digits",
        class_names=[str(digit) for digit in range(10)],
    )


@cache  # reading the file takes longer than everything else here; `split` copies what it returns
def _load_digits():
    from sklearn.datasets import load_digits

    return load_digits()


def iris(seed=0, validation_fraction=0.2, test_fraction=0.0):
    """Return 150 iris flowers of three species, four lengths each, standardised.

    Parameters are those of `digits`. Features are scaled to mean 0 and standard deviation 1 as
    measured on the training part.

    Returns
    -------
    Data
        Inputs of shape (4,), three classes.

    Source: R. A. Fisher, "The use of multiple measurements in taxonomic problems", 1936.
    """
    return _table("load_iris", "iris", seed, validation_fraction, test_fraction)


def wine(seed=0, validation_fraction=0.2, test_fraction=0.0):
    """Return 178 wines from three cultivars, 13 chemical measurements each, standardised.

    Parameters are those of `digits`; scaling as in `iris`.

    Returns
    -------
    Data
        Inputs of shape (13,), three classes.

    Source: S. Aeberhard and M. Forina, "Wine", UCI Machine Learning Repository, 1992.
    """
    return _table("load_wine", "wine", seed, validation_fraction, test_fraction)


def breast_cancer(seed=0, validation_fraction=0.2, test_fraction=0.0):
    """Return 569 breast tumours, malignant (0) or benign (1), 30 measurements each, standardised.

    Parameters are those of `digits`; scaling as in `iris`.

    Returns
    -------
    Data
        Inputs of shape (30,), two classes.

    Source: W. N. Street, W. H. Wolberg and O. L. Mangasarian, "Nuclear feature extraction for
    breast tumor diagnosis", 1993.
    """
    return _table("load_breast_cancer", "breast_cancer", seed, validation_fraction, test_fraction)


def diabetes(seed=0, validation_fraction=0.2, test_fraction=0.0):
    """Return 442 diabetes patients: ten measurements, and how far the disease moved in a year.

    Parameters are those of `digits`. Features and target are scaled to mean 0 and standard
    deviation 1 as measured on the training part (scikit-learn's ready-scaled version would have
    looked at all patients), so a mean squared error of 1 is what predicting the mean reaches.

    Returns
    -------
    Data
        Inputs of shape (10,), one target.

    Source: B. Efron, T. Hastie, I. Johnstone and R. Tibshirani, "Least angle regression", 2004.
    """
    return _table(
        "load_diabetes",
        "diabetes",
        seed,
        validation_fraction,
        test_fraction,
        target="disease progression",
        scaled=False,
    )


def _table(loader, name, seed, validation_fraction, test_fraction, target=None, **options):
    check_seed(seed)
    check_fractions(validation_fraction, test_fraction)
    import sklearn.datasets

    loaded = getattr(sklearn.datasets, loader)(**options)
    about = {"name": name, "feature_names": [str(feature) for feature in loaded.feature_names]}
    if target is None:
        about["class_names"] = [str(label) for label in loaded.target_names]
    else:
        about |= {
            "task_type": "regression",
            "target_name": target,
            "target_unit": "standard deviations",
        }
    return split(
        loaded.data,
        loaded.target,
        seed=seed,
        validation_fraction=validation_fraction,
        test_fraction=test_fraction,
        scale=True,
        scale_y=target is not None,
        **about,
    )
