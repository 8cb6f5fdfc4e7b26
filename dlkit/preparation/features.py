"""What is done to the features, and how that is said."""

import numpy as np
from sklearn.feature_selection import SelectKBest, f_classif, f_regression
from sklearn.pipeline import Pipeline

from dlkit.preparation.encoding import Fences
from dlkit.words import counted

LARGEST = 2 * 2**30  # bytes of all features


def by_kind(columns, ordinal):
    """Return the columns of numbers, of words, and of words with an order, without checks."""
    plain = [each for column in columns if column.kind != "category" for each in column.features]
    words = [column.name for column in columns if column.kind == "category"]
    order = {name: ordinal[name] for name in words if name in ordinal}
    return plain, [name for name in words if name not in order], order


def said_of(frame, columns, missing, outliers, scaling):
    """Return sentences about missing numbers, outliers and scaling , without checks."""
    notes, plain = [], by_kind(columns, {})[0]
    values = frame[plain].to_numpy(dtype="float64") if plain else np.zeros((len(frame), 0))
    empty = np.isnan(values).sum(axis=0)
    if empty.any() and missing != "drop":
        worst = int(empty.argmax())
        notes.append(
            f"{counted(int(empty.sum()), 'missing number')} in "
            f"{counted(int((empty > 0).sum()), 'column')} (training rows) replaced by the "
            f"{missing.replace('_', ' ')} of the column; most in {plain[worst]} "
            f"({empty[worst] / len(values):.0%})."
        )
    if outliers == "clip" and plain:
        far = Fences().fit(values).outside(values).sum(axis=0)
        if far.any():
            worst = int(far.argmax())
            notes.append(
                f"{counted(int(far.sum()), 'outlier')} in {counted(int((far > 0).sum()), 'column')} "
                f"brought to the fence; most in {plain[worst]} ({int(far[worst])})."
            )
    words = {"standard": "mean 0 and standard deviation 1", "minmax": "0 … 1", "none": ""}[scaling]
    notes += [f"Numbers are scaled to {words}, as measured on the training rows."] if words else []
    if len(frame) < 50:
        notes.append(
            f"Only {counted(len(frame), 'row')} to train on: what is measured says little."
        )
    return notes


def selected(encoder, frame, y, select, task_type):
    """Return the encoder with a step that keeps the best features; raise for too few."""
    width = len(encoder.get_feature_names_out())
    if select > width:
        raise ValueError(
            f"select must be at most the number of features, {width}, but got {select}."
        )
    score = f_classif if task_type == "classification" else f_regression
    chosen = SelectKBest(score, k=select)
    with np.errstate(all="ignore"):
        chosen.fit(encoder.transform(frame), y)
    whole = Pipeline([*encoder.steps, ("select", chosen)])
    kept = ", ".join(map(str, whole.get_feature_names_out()[:10]))
    return whole, [f"Kept the {select} of {width} features with the highest F-score: {kept}."]


def check_memory(columns, rows):
    """Raise ``ValueError`` if the features would not fit into memory."""
    width = sum(
        min(len(column.spellings), 50) if column.kind == "category" else len(column.features)
        for column in columns
    )
    if rows * width * 4 > LARGEST:
        raise ValueError(
            f"table must be smaller: {rows} rows with {width} features would take "
            f"{rows * width * 4 / 2**30:.1f} GB. Leave columns out (drop=), take categories='ordinal', "
            "or take a part of the rows."
        )
