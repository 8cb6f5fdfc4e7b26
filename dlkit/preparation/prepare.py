"""`prepare`: from a table or a CSV file to data that a network can be trained on."""

import os
from pathlib import Path

import numpy as np
import pandas

from dlkit import checks
from dlkit.datasets import Data
from dlkit.datasets.splitting import check_fractions, check_seed
from dlkit.preparation.columns import decide
from dlkit.preparation.encoding import CATEGORIES, MISSING, SCALING, build_encoder
from dlkit.preparation.features import by_kind, check_memory, said_of, selected
from dlkit.preparation.leaks import find_leaks
from dlkit.preparation.parts import split_rows
from dlkit.preparation.prepared import Prepared, frame_of
from dlkit.preparation.reading import read_csv
from dlkit.preparation.rows import (
    check_enough,
    classes_of_training,
    drop_rows,
    rows_to_use,
    truth_of,
)
from dlkit.preparation.target import check_table, column_of, guess_task
from dlkit.words import counted

OUTLIERS = ("clip", "keep", "drop")
DUPLICATES = ("drop", "keep")
LEAKS = ("report", "drop")


def prepare(
    table,
    target,
    *,
    task_type=None,
    group=None,
    time=None,
    validation_fraction=0.2,
    test_fraction=0.0,
    drop=(),
    missing="median",
    duplicates="drop",
    outliers="clip",
    categories="one-hot",
    ordinal=None,
    scaling="standard",
    scale_target=None,
    select=None,
    leaks="report",
    seed=0,
    name="",
):
    """Clean, encode, scale and split a table; everything is learned from the training rows alone.

    Parameters
    ----------
    table : str, path or pandas.DataFrame
        A CSV file (see `read_csv`) or a table; the table is not changed.
    target : str
        The column to predict.
    task_type : {"classification", "regression"}, optional
        By default: words, truth values and few different whole numbers are classes.
    group : str, optional
        A column (a patient, a house): rows with the same value stay in the same part. It is no
        feature.
    time : str, optional
        A column of dates or numbers: the earliest rows train, the latest are the test.
    validation_fraction, test_fraction : float
        Shares of the rows (or groups).
    drop : str or sequence of str
        Columns to leave out.
    missing : {"median", "mean", "most_frequent", "drop"}
        What stands for a missing number; ``"drop"`` leaves such training rows out (other parts are
        filled with the median). A missing category is a category of its own.
    duplicates : {"drop", "keep"}
        What happens to rows that are the same in every column.
    outliers : {"clip", "keep", "drop"}
        Numbers more than three times the distance between the quartiles beyond them are brought to
        that fence, or kept, or their training rows left out.
    categories : {"one-hot", "ordinal"}
        A column for each category, or one number for all.
    ordinal : dict of str to list of str, optional
        Columns whose categories have an order, from low to high.
    scaling : {"standard", "minmax", "none"}
        To mean 0 and standard deviation 1, to 0 … 1, or not at all.
    scale_target : bool, optional
        Whether a regression target is scaled to mean 0 and standard deviation 1 (it is by default);
        `Prepared.target_in_units` brings predictions back.
    select : int, optional
        Keep that many features: those with the highest F-score (`SelectKBest`).
    leaks : {"report", "drop"}
        What happens to columns that predict the target nearly perfectly.
    seed : int
        Fixes the split.
    name : str
        What the data is called.

    Returns
    -------
    Prepared
        ``.data`` to train on, ``.report`` in words, ``.leaks``, ``.transform(new_rows)``.

    Raises
    ------
    TypeError, ValueError
        If an argument does not fit the table, the target has a single class, or too few rows are
        left.
    OSError
        If the file cannot be read.
    """
    if task_type is not None:
        checks.choice("task_type", task_type, ("classification", "regression"))
    check_fractions(validation_fraction, test_fraction)
    checks.choice("missing", missing, MISSING)
    checks.choice("duplicates", duplicates, DUPLICATES)
    checks.choice("outliers", outliers, OUTLIERS)
    checks.choice("categories", categories, CATEGORIES)
    checks.choice("scaling", scaling, SCALING)
    checks.choice("leaks", leaks, LEAKS)
    if scale_target is not None:
        checks.truth_value("scale_target", scale_target)
    if select is not None:
        select = checks.whole_number("select", select)
    seed = check_seed(seed)
    checks.text("name", name)
    drop = (drop,) if isinstance(drop, str) else checks.texts("drop", drop, least=0)
    table, notes, name = _read(table, name)
    decimal = table.attrs.get("decimal")
    sign = decimal or "."
    column_of("target", target, table)
    for argument, column in (("group", group), ("time", time)):
        if column is not None:
            column_of(argument, column, table)
            if column in drop:
                raise ValueError(f"drop must not hold {column!r}, which {argument} names.")
            if column == target:
                raise ValueError(f"{argument} must be another column than the target {target!r}.")
    if group is not None and time is not None:
        raise ValueError(
            f"group and time must not be given together, but got group={group!r} and time={time!r}. "
            "Choose what matters more."
        )
    for column in drop:
        column_of("drop", column, table)
    if target in drop:
        raise ValueError(f"drop must not hold the target {target!r}.")
    ordinal = _checked_order(ordinal, table, target)

    table = table.drop(columns=[column for column in drop if column != target])
    notes += [f"Left out as you asked: {', '.join(drop)}."] if drop else []
    before = len(table)
    table, notes = rows_to_use(table, target, duplicates, notes)
    guessed = task_type is None
    task_type = task_type or guess_task(table[target], sign)
    truth, classes, unit, said = truth_of(table[target], task_type, sign)
    notes += said
    if guessed and classes and len(classes) > 2 and all(each.isdecimal() for each in classes):
        notes.append(
            f"{target} holds {len(classes)} different whole numbers: taken as classes. For quantities "
            "take task_type='regression'."
        )
    known = ~np.isnan(truth)
    if not known.all():
        notes.append(
            f"{counted(int((~known).sum()), 'row')} left out, as {target} is no number there."
        )
        table, truth = table[known], truth[known]
    check_enough(table, target, truth, task_type, classes, before)
    labels = truth.astype("int64") if task_type == "classification" else (truth,)
    parts, said = split_rows(
        labels,
        None if group is None else table[group],
        None if time is None else table[time],
        validation_fraction,
        test_fraction,
        seed,
    )
    notes += said
    found = find_leaks(
        table.iloc[parts["train"]], target, task_type, group=group, time=time,
        **{part: table.iloc[rows] for part, rows in parts.items() if part != "train"},
    )  # fmt: skip
    left_out = {group, target} - {None}
    if leaks == "drop":
        telling = {
            leak.column for leak in found if leak.kind in ("predicts the target", "missing where")
        }
        notes += [f"{column} is left out as a leak." for column in sorted(telling)]
        left_out |= telling
    features = [column for column in table.columns if column not in left_out]
    training = table.iloc[parts["train"]]
    columns = [decide(each, training[each], ordinal.get(each), sign) for each in features]
    del training
    notes += [column.note for column in columns if column.note]
    columns = tuple(column for column in columns if column.kind != "left out")
    if not columns:
        why = [note for note in notes if note.startswith("Left out") or " is left out" in note]
        why = " ".join(why) or f"It holds nothing but {' and '.join(sorted(left_out))}."
        raise ValueError(f"table must have a column to predict from, but none is left. {why}")
    if task_type == "classification":
        parts, truth, classes, said = classes_of_training(parts, truth, classes)
        notes += said
    frames = {part: frame_of(table.iloc[rows], columns) for part, rows in parts.items()}
    parts, frames, said = drop_rows(parts, frames, columns, missing, outliers)
    notes += said
    check_memory(columns, len(table))
    encoder = build_encoder(
        *by_kind(columns, ordinal), missing=missing, encode=categories, clip=outliers == "clip",
        scaling=scaling,
    )  # fmt: skip
    y = {part: truth[rows] for part, rows in parts.items()}
    encoder.fit(frames["train"])
    if select is not None:
        encoder, said = selected(encoder, frames["train"], y["train"], select, task_type)
        notes += said
    notes += said_of(frames["train"], columns, missing, outliers, scaling)
    mean, spread = 0.0, 1.0
    if task_type == "regression" and scale_target is not False:
        mean, spread = float(y["train"].mean()), float(y["train"].std()) or 1.0
        unit = f" {unit}" if unit else ""
        notes.append(
            f"{target} is scaled: 0 stands for {mean:.6g}{unit}, and 1 more for {spread:.6g}{unit} more."
        )
    arrays = {}
    for part in parts:
        x = encoder.transform(frames.pop(part))
        arrays[f"x_{part}"] = _fixed(x.astype("float32", copy=False))
        arrays[f"y_{part}"] = (
            y[part].astype("int64")
            if task_type == "classification"
            else ((y[part] - mean) / spread).astype("float32")
        )
    data = Data(
        **arrays,
        task_type=task_type,
        name=name,
        class_names=classes,
        feature_names=[str(feature) for feature in encoder.get_feature_names_out()],
        target_name=target,
        target_unit="standard deviations" if spread != 1.0 or mean else "",
    )
    notes.append(f"Result: {data!r}.")
    rows = {part: table.index[places] for part, places in parts.items()}
    return Prepared(data, tuple(notes), tuple(found), columns, encoder, mean, spread, rows, decimal)


def _read(table, name):
    if isinstance(table, pandas.DataFrame):
        return check_table("table", table), [], name
    if not isinstance(table, str | os.PathLike):
        check_table("table", table)
    read = read_csv(table)
    return read, list(read.attrs.pop("notes")), name or Path(table).stem


def _checked_order(ordinal, table, target):
    if ordinal is None:
        return {}
    if not isinstance(ordinal, dict):
        raise TypeError(
            "ordinal must be a dictionary such as {'size': ['small', 'large']}, but got "
            f"{checks.describe(ordinal)}."
        )
    for column, order in ordinal.items():
        column_of("ordinal", column, table)
        if column == target:
            raise ValueError(f"ordinal must hold features, but {column!r} is the target.")
        checks.texts("ordinal", order, least=2)
        if len({text.strip().casefold() for text in order}) < len(order):
            raise ValueError(
                f"ordinal must name each category of {column!r} once, but got {order!r}."
            )
    return {column: [text.strip() for text in order] for column, order in ordinal.items()}


def _fixed(x):
    """Return an array that `Data` need not copy."""
    x = np.ascontiguousarray(x)
    x = x if x.base is None else x.copy()
    x.flags.writeable = False
    return x
