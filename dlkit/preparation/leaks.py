"""Leaks: what lets a model look good here and fail on new data, found with the evidence."""

from dataclasses import dataclass

import numpy as np
import pandas

from dlkit import checks
from dlkit.preparation.columns import date_column, decide
from dlkit.preparation.values import numbers_of

MOST_ROWS = 4000  # that a column is judged on
_FEWEST = 40
_FEWEST_EMPTY = 10  # and as many that are not: fewer may be on one side by chance
_NEARLY = {"classification": 0.98, "regression": 0.995}


@dataclass(frozen=True)
class Leak:
    """One leak.

    Attributes
    ----------
    kind : {"predicts the target", "missing where", "same rows", "same group", "overlap in time"}
    column : str
        The column, or ``""`` where it is about whole rows.
    evidence : str
        What was seen, with numbers.
    advice : str
        What to do.
    """

    kind: str
    column: str
    evidence: str
    advice: str

    @property
    def is_hint(self):
        """Whether it matters only if the future is to be predicted: parts drawn at random overlap."""
        return self.kind == "overlap in time"

    def __str__(self):
        return f"{self.evidence} {self.advice}"


def find_leaks(table, target, task_type=None, validation=None, test=None, group=None, time=None):
    """Return what in a table would let a model look better than it is.

    A column is suspicious if it alone predicts the target nearly perfectly for rows that were not
    used to learn the rule (0.995 of the variance, or 0.98 of the rows that the most frequent class
    does not explain), or if where it is missing does. Between the parts it looks for rows that are
    the same, for groups in two parts, and for parts that overlap in time.

    Parameters
    ----------
    table : pandas.DataFrame
        The rows to train on, or all rows.
    target : str
        The column to predict.
    task_type : {"classification", "regression"}, optional
        By default what the target looks like.
    validation, test : pandas.DataFrame, optional
        The other parts.
    group : str, optional
        A column whose values must not be in two parts.
    time : str, optional
        A column of dates or numbers by which the parts must follow each other.

    Returns
    -------
    list of Leak
        The most telling first, overlaps in time last; empty where nothing was found.

    Raises
    ------
    TypeError, ValueError
        If an argument is no table, or a column is not there.
    """
    from dlkit.preparation.target import check_table, column_of, guess_task, read_target

    table = check_table("table", table)
    column_of("target", target, table)
    parts = {"validation": validation, "test": test}
    parts = {name: check_table(name, part) for name, part in parts.items() if part is not None}
    for name, part in parts.items():
        missing = [column for column in table.columns if column not in part.columns]
        if missing:
            raise ValueError(f"{name} must have the columns of table, but lacks {missing[0]!r}.")
    for name, value in (("group", group), ("time", time)):
        if value is not None:
            column_of(name, value, table)
    if task_type is not None:
        checks.choice("task_type", task_type, ("classification", "regression"))
    known = table[table[target].notna()]
    decimal = table.attrs.get("decimal", ".")  # where it was read from a file
    task_type = task_type or guess_task(known[target], decimal)
    truth = read_target(known[target], task_type, decimal)
    leaks = _telling_columns(known, target, truth, task_type, group, decimal)
    for name, part in parts.items():
        leaks += _same_rows(table, part, name, target)
        leaks += _same_groups(table, part, name, target, group)
    for name, part in parts.items():
        leaks += _overlap(table, part, name, target, group, time)
    return leaks


def _telling_columns(table, target, truth, task_type, group, decimal):
    rows = np.flatnonzero(~np.isnan(truth))
    if len(rows) < _FEWEST:
        return []
    rows = np.random.default_rng(0).permutation(rows)[:MOST_ROWS]
    table, truth = table.iloc[rows], truth[rows]
    half = len(rows) // 2
    if task_type == "classification":
        truth = np.unique(truth, return_inverse=True)[1]
    leaks = []
    for name in table.columns:
        if name in (target, group):
            continue
        series = table[name]
        empty = series.isna().to_numpy()
        tells = _missing_tells(name, target, empty, truth, half, task_type)
        if tells:
            advice = f"It was probably filled in afterwards: leave it out (drop=[{name!r}])."
            leaks.append(Leak("missing where", name, tells, advice))
            continue
        for values in _as_numbers(name, series, decimal):
            fine = ~np.isnan(values)
            if fine.sum() < _FEWEST or fine.mean() < 0.3:
                continue
            score = _explained(values[fine], truth[fine], int(fine.sum()) // 2, task_type)
            if score >= _NEARLY[task_type]:
                what = (
                    "variance"
                    if task_type == "regression"
                    else "rows beyond the most frequent class"
                )
                leaks.append((score, Leak("predicts the target", name,
                    f"{name} alone predicts {target} nearly perfectly: {score:.1%} of the {what} in "
                    f"{int(fine.sum()) - int(fine.sum()) // 2} rows that were not used to find the rule.",
                    f"Is {name} known before {target} is? If not, it is a copy or came afterwards: "
                    f"leave it out (drop=[{name!r}]).")))  # fmt: skip
                break
    scored = sorted((each for each in leaks if isinstance(each, tuple)), key=lambda each: -each[0])
    return [leak for _, leak in scored] + [each for each in leaks if isinstance(each, Leak)]


def _missing_tells(name, target, empty, truth, half, task_type):
    """Return how the target is seen from where a column is empty, or "" if it is not."""
    few = min(empty.sum(), (~empty).sum())
    if task_type == "classification" and few:
        score = _explained(empty.astype(float), truth, half, task_type)
        return "" if score < _NEARLY[task_type] else (
            f"Whether {name} is missing tells the class for {score:.1%} of the rows that the most "
            "frequent class does not explain.")  # fmt: skip
    if few < _FEWEST_EMPTY:
        return ""
    # the share of all pairs (one row with it, one without) in which the row without it is higher
    ranks = pandas.Series(truth).rank().to_numpy()[empty]
    higher = (ranks.sum() - len(ranks) * (len(ranks) + 1) / 2) / (len(ranks) * (~empty).sum())
    score, where = max((higher, "higher"), (1 - higher, "lower"))
    return "" if score < _NEARLY[task_type] else (
        f"{target} is {where} where {name} is missing than where it is known, in {score:.1%} of all pairs "
        "of such rows.")  # fmt: skip


def _as_numbers(name, series, decimal):
    """Yield the values of a column as floats; categories by number, names by nothing."""
    if pandas.api.types.is_numeric_dtype(series.dtype):
        yield numbers_of(series, ".", "")
        return
    column = decide(name, series, decimal=decimal)
    if column.kind == "category":
        codes, _ = pandas.factorize(column.values(series)[0])
        if codes.max() < len(codes) / 4:
            yield codes.astype(float)
    elif column.kind in ("number", "date"):
        yield column.values(series)[0]


def _explained(values, truth, half, task_type):
    """Return how much of the second half a rule explains that was read off the first half.

    The rule: the mean (or the most frequent class) of the rows with the nearest value.
    """
    found, places = np.unique(values[:half], return_inverse=True)
    counts = np.bincount(places)
    if task_type == "regression":
        means = np.bincount(places, truth[:half]) / counts
        rest = truth[half:]
        spread = ((rest - rest.mean()) ** 2).sum()
        if spread == 0:
            return 0.0
        # between the nearest values, a straight line; the border would extrapolate, so it is clipped
        return 1.0 - ((np.interp(values[half:], found, means) - rest) ** 2).sum() / spread
    classes = int(truth.max()) + 1
    votes = np.zeros((len(found), classes))
    np.add.at(votes, (places, truth[:half]), 1)
    right = np.clip(np.searchsorted(found, values[half:]), 1, max(len(found) - 1, 1))
    left = right - 1
    right = np.minimum(right, len(found) - 1)
    nearest = np.where(values[half:] - found[left] < found[right] - values[half:], left, right)
    correct = (votes.argmax(axis=1)[nearest] == truth[half:]).mean()
    usual = np.bincount(truth[half:]).max() / len(truth[half:])
    return (correct - usual) / (1 - usual) if usual < 1 else 0.0


def _hashes(table, columns):
    try:
        return pandas.util.hash_pandas_object(table[columns], index=False).to_numpy()
    except TypeError:  # lists and other things that have no hash
        return pandas.util.hash_pandas_object(table[columns].astype(str), index=False).to_numpy()


def _same_rows(table, part, name, target):
    features = [column for column in table.columns if column != target]
    same = np.isin(_hashes(part, features), _hashes(table, features)) if features else np.zeros(1)
    # one number often comes twice without being the same thing
    if not same.any() or sum(_tells_apart(table[column]) for column in features) < 2:
        return []
    whole = [*features, target]
    copies = np.isin(_hashes(part, whole), _hashes(table, whole))
    if copies.any():
        return [Leak("same rows", "",
            f"{int(copies.sum())} of {len(part)} {name} rows ({copies.mean():.0%}) also stand in the "
            "training part.",
            "Remove duplicates before splitting (duplicates='drop'), or keep what belongs together with "
            "group=.")]  # fmt: skip
    return [Leak("same rows", "",
        f"{int(same.sum())} of {len(part)} {name} rows ({same.mean():.0%}) are like a training row in "
        f"everything but {target}.",
        "If such rows are about the same thing, name the column that says which in group=.")]  # fmt: skip


def _tells_apart(series):
    return len(set(_hashes(series.dropna().to_frame(), [series.name]))) > 1


def _same_groups(table, part, name, target, group):
    leaks = []
    for column in table.columns if group is None else [group]:
        if column == target or (group is None and not _names_things(table[column])):
            continue
        same = part[column].isin(table[column].dropna())
        if same.mean() > (0.2 if group is None else 0):
            leaks.append(Leak("same group", column,
                f"{same.mean():.0%} of the {name} rows share their {column} with training rows "
                f"({table[column].nunique()} different ones in training).",
                f"If rows of one {column} are alike, split with group={column!r}."))  # fmt: skip
    return leaks


def _names_things(series):
    """Whether a column looks like the name of a person or thing that comes in several rows."""
    if pandas.api.types.is_float_dtype(series.dtype):
        return False
    words = str(series.name).lower().replace("_", " ").replace("-", " ").split()
    named = bool({"id", "number", "nr", "no", "code", "patient", "customer", "user"} & set(words))
    different, known = series.nunique(), int(series.notna().sum())
    return named and 10 <= different <= known / 1.5


def _overlap(table, part, name, target, group, time):
    leaks = []
    for column in table.columns if time is None else [time]:
        if column in (target, group):
            continue
        if time is None and (
            pandas.api.types.is_numeric_dtype(table[column].dtype)
            or decide(column, table[column].iloc[:1000]).kind != "date"
        ):
            continue
        before, after = date_column(table[column]), date_column(part[column])
        if np.isnan(before).all() or np.isnan(after).all():
            continue
        early = float(np.nanmean(after < np.nanmax(before)))
        if early > 0:
            leaks.append(Leak("overlap in time", column,
                f"{early:.0%} of the {name} rows are earlier than the last training row ({column}).",
                f"If the model is to predict the future, split with time={column!r}"
                + (f" instead of group={group!r}." if group else ".")))  # fmt: skip
    return leaks
