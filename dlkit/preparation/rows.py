"""Which rows of a table can be used, and for what."""

import numpy as np

from dlkit.preparation.encoding import Fences
from dlkit.preparation.features import by_kind
from dlkit.preparation.target import read_classes, target_column
from dlkit.words import counted


def rows_to_use(table, target, duplicates, notes):
    """Return the rows that are different and have a target, and notes, without checks."""
    try:
        same = table.duplicated().to_numpy()
    except TypeError:  # lists and other things that cannot be compared
        same = table.astype(str).duplicated().to_numpy()
    if same.any() and duplicates == "drop":
        which = (
            "row that is a copy of another" if same.sum() == 1 else "rows that are copies of others"
        )
        notes.append(f"{int(same.sum())} {which} left out.")
        table = table[~same]
    elif same.any():
        which = "row is a copy of another" if same.sum() == 1 else "rows are copies of others"
        notes.append(f"{int(same.sum())} {which}, kept as you asked.")
    missing = table[target].isna().to_numpy()
    if missing.any():
        notes.append(
            f"{counted(int(missing.sum()), 'row')} without {target} left out: nothing to learn from."
        )
        table = table[~missing]
    return table, notes


def truth_of(series, task_type, decimal="."):
    """Return the target as floats (NaN where missing), its classes, its unit, and notes."""
    if not len(series):
        raise ValueError(
            f"target must be known for some rows, but {series.name!r} is always missing."
        )
    if task_type == "regression":
        column = target_column(series, decimal)
        return column.values(series)[0], None, column.unit, [column.note] if column.note else []
    codes, classes, notes = read_classes(series)
    return np.where(codes < 0, np.nan, codes.astype("float64")), classes, "", notes


def check_enough(table, target, truth, task_type, classes, before):
    """Raise ``ValueError`` unless there is something to learn from in what is left of the rows."""
    rows = counted(len(table), "row") + (f" left of {before}" if before > len(table) else "")
    if len(table) < 2:
        raise ValueError(
            f"table must hold 2 or more rows with a known {target}, but holds {len(table)}."
        )
    if task_type == "classification" and len(np.unique(truth)) < 2:
        raise ValueError(
            f"target must have two or more classes, but {target!r} is {classes[0]!r} in all "
            f"{rows}: there is nothing to learn."
        )
    if task_type == "classification" and len(np.unique(truth)) > max(2, len(truth) // 2, 20):
        raise ValueError(
            f"target must have classes that come more than once, but {target!r} has {len(np.unique(truth))} "
            f"different values in {len(truth)} rows. For quantities take task_type='regression'."
        )


def classes_of_training(parts, truth, classes):
    """Number the classes that training has; leave rows of other classes out, and say so."""
    known = np.unique(truth[parts["train"]]).astype("int64")
    if len(known) < 2:
        raise ValueError(
            f"table must hold more rows: all {len(parts['train'])} training rows have the class "
            f"{classes[known[0]]!r}. Change the seed or the split, or collect more of the other classes."
        )
    number = np.full(len(classes), np.nan)
    number[known] = np.arange(len(known))
    truth, notes, kept = number[truth.astype("int64")], [], {}
    for part, rows in parts.items():
        strange = np.isnan(truth[rows])
        if strange.any():
            notes.append(
                f"{int(strange.sum())} of {len(rows)} {part} rows have classes that training never saw; "
                "they are left out, although a model would get all of them wrong."
            )
        kept[part] = rows[~strange]
        if not len(kept[part]):
            raise ValueError(
                f"table must hold classes that come in several parts, but the {part} part has only "
                "classes that training never saw. Change the split."
            )
    folded = {}
    for each in (classes[i] for i in known):
        folded.setdefault(each.casefold(), []).append(each)
    for alike in folded.values():
        if len(alike) > 1:
            shown = " and ".join(map(repr, alike))
            notes.append(f"{shown} are counted as different classes: are they the same?")
    missing = set(known) - {known[int(n)] for n in truth[kept["validation"]]}
    if missing:
        shown = ", ".join(repr(classes[i]) for i in sorted(missing)[:5])
        notes.append(f"Validation has no row of {shown}: nothing is measured about it.")
    return kept, truth, [classes[i] for i in known], notes


def drop_rows(parts, frames, columns, missing, outliers):
    """Leave training rows out because of missing numbers or outliers, where that was asked for."""
    frame, plain = frames["train"], by_kind(columns, {})[0]
    values = frame[plain].to_numpy(dtype="float64") if plain else np.zeros((len(frame), 0))
    keep, notes = np.ones(len(frame), dtype=bool), []
    if missing == "drop":
        keep &= ~np.isnan(values).any(axis=1)
        notes.append(
            f"{counted(int((~keep).sum()), 'training row')} with a missing number left out."
        )
    if outliers == "drop":
        far = Fences().fit(values).outside(values).any(axis=1) & keep
        notes.append(f"{counted(int(far.sum()), 'training row')} with an outlier left out.")
        keep &= ~far
    if not keep.any():
        raise ValueError(
            "table must hold complete rows to train on, but none is left after missing="
            f"{missing!r} and outliers={outliers!r}. Take missing='median' or outliers='clip'."
        )
    if keep.all():
        return parts, frames, notes
    parts, frames = dict(parts), dict(frames)
    parts["train"], frames["train"] = parts["train"][keep], frame[keep]
    return parts, frames, notes
