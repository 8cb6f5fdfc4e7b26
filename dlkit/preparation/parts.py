"""Which rows train, validate and test: at random, in proportion, by group, or by time."""

from math import ceil

import numpy as np

from dlkit.preparation.columns import date_column


def split_rows(labels, groups, times, validation_fraction, test_fraction, seed):
    """Return part -> row numbers, and sentences about it, without checks.

    Parameters
    ----------
    labels : ndarray or None
        Classes, to be spread in proportion; None for regression.
    groups, times : pandas.Series or None
        Rows of one group stay together; rows are cut by time, the latest last.
    validation_fraction, test_fraction : float
        Shares of the rows, or of the groups.
    seed : int
        Fixes what is drawn.

    Returns
    -------
    tuple of (dict, list of str)
    """
    if times is not None:
        return _by_time(times, validation_fraction, test_fraction)
    if groups is not None:
        return _by_group(groups, validation_fraction, test_fraction, seed)
    return _at_random(labels, validation_fraction, test_fraction, seed)


def _sizes(count, validation_fraction, test_fraction, of="rows"):
    validation, test = ceil(validation_fraction * count), ceil(test_fraction * count)
    if count - validation - test < 1:
        raise ValueError(
            f"table must hold more {of}: {count} leave none to train on after {validation} for "
            f"validation and {test} for the test. Make validation_fraction and test_fraction smaller."
        )
    return validation, test


def _by_time(times, validation_fraction, test_fraction):
    moments = date_column(times)
    if np.isnan(moments).all():
        raise ValueError(
            f"time must name a column of dates or numbers, but {times.name!r} is none."
        )
    order = np.argsort(moments, kind="stable")
    known = order[~np.isnan(moments[order])]
    validation, test = _sizes(len(known), validation_fraction, test_fraction)
    starts = [len(known) - test - validation, len(known) - test]
    for place, start in enumerate(starts):  # what happened at one moment stays together
        while 0 < start < len(known) and moments[known[start]] == moments[known[start - 1]]:
            start -= 1
        starts[place] = start
    if starts[0] < 1 or (starts[1] <= starts[0]):
        raise ValueError(
            f"time must tell the rows apart, but too many rows of {times.name!r} have the same value."
        )
    parts = {"train": known[: starts[0]], "validation": known[starts[0] : starts[1]]}
    if test:
        parts["test"] = known[starts[1] :]
    left = len(order) - len(known)
    notes = [
        f"Split by time ({times.name}): the model trains on the past and is judged on what follows."
    ]
    notes += [f"{left} rows without {times.name} are left out."] if left else []
    return parts, notes


def _by_group(groups, validation_fraction, test_fraction, seed):
    codes, found = (
        groups.astype(object).where(groups.notna(), None).factorize(use_na_sentinel=False)
    )
    validation, test = _sizes(len(found), validation_fraction, test_fraction, "groups")
    drawn = np.random.default_rng(seed).permutation(len(found))
    chosen = {"validation": drawn[:validation], "test": drawn[validation : validation + test]}
    chosen["train"] = drawn[validation + test :]
    parts = {
        part: np.flatnonzero(np.isin(codes, chosen[part]))
        for part in ("train", "validation", "test")
        if len(chosen[part])
    }
    return parts, [
        f"Split by group ({groups.name}): none of the {len(found)} groups is in two parts."
    ]


def _at_random(labels, validation_fraction, test_fraction, seed):
    from sklearn.model_selection import train_test_split

    count = len(labels[0]) if isinstance(labels, tuple) else len(labels)
    classes = None if isinstance(labels, tuple) else labels
    validation, test = _sizes(count, validation_fraction, test_fraction)
    notes = []
    if classes is not None:
        smallest = np.bincount(classes)[np.unique(classes)].min()
        needed, most = 3 if test else 2, len(np.unique(classes))
        room = min(size for size in (validation, test or validation, count - validation - test))
        if smallest < needed or room < most:
            notes.append(
                f"Split at random and not in proportion, because the smallest class has {smallest} "
                f"row(s) and the smallest part {room}."
            )
            classes = None
        else:
            notes.append("Split at random, each class in proportion (stratified).")
    else:
        notes.append("Split at random.")

    def draw(rows, size):
        among = None if classes is None else classes[rows]
        try:
            return train_test_split(rows, test_size=size, random_state=seed, stratify=among)
        except ValueError:  # rounding left a class with a single row
            notes.append("The last cut is at random, because a class has too few rows left.")
            return train_test_split(rows, test_size=size, random_state=seed)

    parts = dict(zip(("train", "validation"), draw(np.arange(count), validation), strict=True))
    if test:
        parts["train"], parts["test"] = draw(parts["train"], test)
    return parts, notes
