"""From columns to numbers for a network: a scikit-learn pipeline, fitted on the training rows."""

from functools import partial

import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, OrdinalEncoder, StandardScaler

MISSING = ("median", "mean", "most_frequent", "drop")
CATEGORIES = ("one-hot", "ordinal")
SCALING = {"standard": StandardScaler, "minmax": MinMaxScaler, "none": None}
MOST_ONE_HOT = 50
_FENCE = 3.0


def _name_of(taken, feature, category):
    """Return the name of a category's column: one that no column of the table has."""
    name = f"{feature}_{category}"
    return f"{feature} = {category}" if name in taken else name


class Fences(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    r"""Bring outliers to a fence: :math:`[q_1 - 3\,(q_3 - q_1),\; q_3 + 3\,(q_3 - q_1)]`.

    The quartiles q₁ and q₃ are those of the training rows. Where they are equal there is no fence.

    Source: J. W. Tukey, "Exploratory data analysis", 1977, section 2D ("outer fences").
    """

    def fit(self, X, y=None):
        """Measure the quartiles of the columns of ``X``, without checks."""
        X = np.asarray(X, dtype="float64")
        quartiles = np.full((2, X.shape[1]), np.nan)
        gaps = np.isnan(X).any(axis=0)
        quartiles[:, ~gaps] = np.percentile(X[:, ~gaps], [25, 75], axis=0)
        for column in np.flatnonzero(gaps):
            known = X[~np.isnan(X[:, column]), column]
            quartiles[:, column] = np.percentile(known, [25, 75]) if len(known) else 0.0
        q1, q3 = quartiles
        reach = np.where(q3 > q1, _FENCE * (q3 - q1), np.inf)
        self.low_, self.high_ = q1 - reach, q3 + reach
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X):
        """Return ``X`` within the fences, without checks."""
        return np.clip(X, self.low_, self.high_)

    def outside(self, X):
        """Return which values of ``X`` lie beyond the fences, without checks."""
        return (X < self.low_) | (X > self.high_)


def build_encoder(numbers, categories, ordered, *, missing, encode, clip, scaling):
    """Return an unfitted scikit-learn pipeline, without checks.

    Parameters
    ----------
    numbers, categories : list of str
        Columns of numbers, and of words without an order.
    ordered : dict of str to list of str
        Columns of words with an order.
    missing, encode, scaling : str
        As in `prepare`.
    clip : bool
        Whether outliers are brought to the fences.
    """
    scaler = SCALING[scaling]

    def steps(*found):
        return Pipeline([(type(step).__name__.lower(), step) for step in found if step is not None])

    fill = "median" if missing == "drop" else missing
    fence = Fences() if clip else None
    one_hot = OneHotEncoder(
        handle_unknown="infrequent_if_exist",
        max_categories=MOST_ONE_HOT,
        sparse_output=False,
        dtype="float32",
        feature_name_combiner=partial(_name_of, {*numbers, *categories, *ordered}),
    )
    by_number = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    transformers = []
    if numbers:
        imputer = SimpleImputer(strategy=fill, keep_empty_features=True)
        transformers.append(("numbers", steps(fence, imputer, scaler and scaler()), numbers))
    if categories and encode == "one-hot":
        transformers.append(("categories", steps(one_hot), categories))
    if categories and encode == "ordinal":
        transformers.append(("categories", steps(by_number, scaler and scaler()), categories))
    for name, order in ordered.items():
        grades = OrdinalEncoder(
            categories=[order], handle_unknown="use_encoded_value", unknown_value=np.nan
        )
        middle = SimpleImputer(strategy="median", keep_empty_features=True)
        transformers.append(
            (f"order of {name}", steps(grades, middle, scaler and scaler()), [name])
        )
    together = ColumnTransformer(
        transformers, sparse_threshold=0.0, verbose_feature_names_out=False
    )
    return Pipeline([("columns", together)])
