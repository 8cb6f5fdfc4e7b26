"""The data of ``dlkit train``: a set that the kit knows by name, or a CSV file."""

import difflib
from pathlib import Path

from dlkit.cli_train_parts import WrongUseError
from dlkit.cli_train_words import in_options, prepared_in_options


def data_of(name, settings):
    """Return the `Data` of a built-in set, or the `Prepared` of a CSV file.

    What is said of a file speaks of the options of the command.
    """
    makers = _makers()
    if name in makers:
        for option in ("target", "task_type", "drop", "group", "time"):
            if settings[option]:
                raise WrongUseError(
                    f"--{option.replace('_', '-')} is for CSV files; {name} is a built-in set.{_file_of(name)}"
                )
        return makers[name](seed=settings["seed"])
    if not Path(name).is_file():
        near = difflib.get_close_matches(name, makers, n=1, cutoff=0.5)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise WrongUseError(
            f"There is no file {name}, and no built-in set of that name.{hint} The sets are "
            f"{', '.join(makers)}. A table of your own: dlkit train FILE.csv --target COLUMN."
        )
    return prepared_in_options(_prepared(name, settings))


def _makers():
    """Return the sets that this command can train on: name -> function that takes the seed."""
    from dlkit.datasets import DATASETS, DOWNLOADS, OWN

    known = DATASETS | OWN | DOWNLOADS
    del known["sentences"]  # a label at each place, which takes another kind of network
    return known


def _file_of(name):
    """Return where the CSV file of a built-in set is, as a sentence; "" if it has none."""
    from dlkit.datasets import OWN, file_of

    is_table = name in OWN and file_of(name).suffix == ".csv"
    return f" Its file can be given instead: {file_of(name)}." if is_table else ""


def _prepared(name, settings):
    from dataclasses import replace

    from dlkit.preparation import prepare, read_csv

    table = read_csv(name)
    read = tuple(table.attrs.pop("notes"))
    target = settings["target"]
    if target is None:
        columns = ", ".join(map(str, table.columns))
        raise WrongUseError(f"--target must name the column to predict, one of: {columns}.")
    asked = {"drop": settings["drop"], "group": settings["group"], "time": settings["time"]}
    _check_columns(table, target, **asked)
    try:
        made = prepare(
            table, target, **asked, task_type=settings["task_type"], seed=settings["seed"],
            name=Path(name).stem,
        )  # fmt: skip
    except ValueError as error:
        raise ValueError(in_options(str(error))) from None
    return replace(made, notes=(*read, *made.notes))


def _check_columns(table, target, drop, group, time):
    """Raise `WrongUseError` unless each option names a column of its own."""
    from dlkit import checks

    named = [("target", target), ("group", group), ("time", time)]
    named = [(option, column) for option, column in named if column is not None]
    named += [("drop", column) for column in drop]
    seen = {}
    for option, column in named:
        try:
            checks.choice(f"--{option}", column, table.columns)
        except ValueError as error:
            raise WrongUseError(str(error)) from None
        if seen.setdefault(column, option) != option:
            raise WrongUseError(f"--{seen[column]} and --{option} both name the column {column!r}.")
    if group is not None and time is not None:
        raise WrongUseError(
            "--group and --time cannot be given together: choose what matters more."
        )
