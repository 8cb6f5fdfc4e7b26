"""The column to predict: which task it asks for, and its values."""

import re

import numpy as np
import pandas

from dlkit import checks
from dlkit.preparation.columns import Column, decide
from dlkit.preparation.values import TRUTH, factorize, numbers_of

MOST_CLASSES = 20


def check_table(name, value):
    """Return ``value`` if it is a table with rows and columns of different names, or raise."""
    if not isinstance(value, pandas.DataFrame):
        raise TypeError(
            f"{name} must be a table (pandas.DataFrame) or the path of a CSV file, but got "
            f"{checks.describe(value)}."
        )
    if value.shape[0] == 0 or value.shape[1] < 1:
        raise ValueError(
            f"{name} must hold rows and columns, but is empty: its shape is {value.shape}."
        )
    if not value.columns.is_unique:
        twice = value.columns[value.columns.duplicated()][0]
        raise ValueError(f"{name} must name each column differently, but {twice!r} comes twice.")
    if not all(isinstance(column, str) for column in value.columns):
        value = value.set_axis([str(column) for column in value.columns], axis=1)
        if not value.columns.is_unique:
            raise ValueError(f"{name} must name its columns by different texts.")
    return value


def column_of(name, column, table):
    """Return ``column`` if the table has it, or name the nearest one that it has."""
    return checks.choice(name, column, table.columns)


def guess_task(series, decimal="."):
    """Return what a target asks for: words, truth values and few whole numbers are classes."""
    if pandas.api.types.is_bool_dtype(series.dtype):
        return "classification"
    column = decide(str(series.name), series, decimal=decimal)
    if column.kind == "left out" and pandas.api.types.is_numeric_dtype(series.dtype):
        return "classification" if (series.dropna() % 1 == 0).all() else "regression"
    if column.kind != "number":
        return "classification"
    values = column.values(series)[0]
    values = values[~np.isnan(values)]
    whole = bool(len(values)) and bool((values % 1 == 0).all())
    few = len(np.unique(values)) <= min(MOST_CLASSES, max(2, len(values) // 4))
    return "classification" if whole and few else "regression"


def target_column(series, decimal="."):
    """Return how a target of regression is read, or raise ``ValueError`` if it is no numbers."""
    column = decide(str(series.name), series, decimal=decimal)
    if column.kind == "number":
        return column
    if pandas.api.types.is_numeric_dtype(series.dtype):
        return Column(str(series.name), "number")
    raise ValueError(
        f"target must be a column of numbers for regression, but {series.name!r} holds "
        f"{series.iloc[0]!r}. Take task_type='classification' for words."
    )


def read_target(series, task_type, decimal="."):
    """Return a target as float64, NaN where missing; classes by the number of their text."""
    if task_type == "regression":
        return target_column(series, decimal).values(series)[0]
    codes, _, _ = read_classes(series)
    return np.where(codes < 0, np.nan, codes.astype("float64"))


def read_classes(series):
    """Return the number of each row's class (−1: missing), the classes, sorted, and notes."""
    if pandas.api.types.is_numeric_dtype(series.dtype) and not pandas.api.types.is_bool_dtype(
        series.dtype
    ):
        values = numbers_of(series, ".", "")
        found = np.unique(values[~np.isnan(values)])
        codes = np.where(np.isnan(values), -1, np.searchsorted(found, values))
        # as few digits as tell them apart: 3 and not 3.0, but 1000001 and not 1e+06
        names = [f"{value:.17g}" if value % 1 == 0 else repr(float(value)) for value in found]
        return codes.astype("int64"), names, []
    codes, texts = factorize(series)
    shared = _shared(texts)
    counts = np.bincount(codes[codes >= 0], minlength=len(texts))
    names = {}  # by the most frequent spelling
    for place in np.argsort(-counts, kind="stable"):
        names.setdefault(shared[place], texts[place])
    classes = sorted(names.values())
    number = {name: i for i, name in enumerate(classes)}
    places = np.array([*(number[names[each]] for each in shared), -1])
    joined = [f"{text!r} read as {names[each]!r}" for text, each in zip(texts, shared, strict=True)
              if text != names[each]]  # fmt: skip
    more = ", …" if len(joined) > 3 else ""
    notes = [f"{series.name}: other spellings of a class joined, {', '.join(joined[:3])}{more}."]
    return places[codes], classes, notes if joined else []


def _shared(texts):
    """Return what the spellings of one class share: Yes and yes, 1 and 1.0, but not a and A."""
    folded = [text.casefold() for text in texts]
    answers = set(folded) <= set(TRUTH)
    return [
        fold.rstrip("0").rstrip(".") if re.fullmatch(r"[-+]?\d+\.0+", fold)
        else fold if len(fold) > 2 or answers
        else text
        for text, fold in zip(texts, folded, strict=True)
    ]  # fmt: skip
