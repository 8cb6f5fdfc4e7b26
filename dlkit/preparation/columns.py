"""What each column of a table is, decided on the training rows alone, and its values as numbers."""

from dataclasses import dataclass

import numpy as np
import pandas

from dlkit.preparation.numbers import are_codes, convert, decimal_sign, in_millions, parse_number
from dlkit.preparation.values import DATE, TRUTH, days_of, factorize, is_length, numbers_of
from dlkit.words import counted

MOST_CATEGORIES = 50
UNKNOWN = "missing"  # a category of its own; no text can be it, for it counts as missing itself
_ENOUGH = 0.8  # the share of values that must read as a number or date for the column to be one


@dataclass(frozen=True)
class Column:
    """What one column of the table is.

    Attributes
    ----------
    name : str
    kind : {"number", "category", "date", "left out"}
    note : str
        What was found or done, as a sentence; empty where nothing needs saying.
    decimal, unit : str
        How numbers that stand as text are read.
    day_first : bool
        Whether 3.4.2024 and 3/4/2024 are the third of April.
    start : float
        Dates count as days from here (days since 1970).
    spellings : dict
        Folded spelling -> the usual one, of a category.
    """

    name: str
    kind: str
    note: str = ""
    decimal: str = "."
    unit: str = ""
    day_first: bool = True
    start: float = 0.0
    spellings: dict | None = None

    @property
    def features(self):
        """The names of the columns that it gives before categories are encoded."""
        if self.kind == "date":
            return [
                f"{self.name} (days)",
                f"{self.name} (year, sine)",
                f"{self.name} (year, cosine)",
            ]
        return [] if self.kind == "left out" else [self.name]

    def values(self, series):
        """Return its features for any rows, without checks: floats with NaN, or texts."""
        if self.kind == "number":
            return [numbers_of(series, self.decimal, self.unit)]
        if self.kind == "date":
            days = days_of(series, self.day_first)
            turn = 2 * np.pi * days / 365.2425
            return [days - self.start, np.sin(turn), np.cos(turn)]
        if self.kind == "category":
            codes, texts = factorize(series)
            usual = [self.spellings.get(text.casefold(), text) for text in texts]
            return [np.array([*usual, UNKNOWN], dtype=object)[codes]]
        return []


def decide(name, series, ordered=None, decimal="."):
    """Return the `Column` of the training rows, without checks.

    Parameters
    ----------
    name : str
        What the column is called.
    series : pandas.Series
        Its training rows.
    ordered : sequence, optional
        The categories in their order, if it was said that they have one.
    decimal : {".", ","}
        How numbers were written in the file that they come from: counts where a column of texts
        does not tell.
    """
    if ordered is None and pandas.api.types.is_datetime64_any_dtype(series.dtype):
        return _date(name, series, True, "")
    if ordered is None and pandas.api.types.is_numeric_dtype(series.dtype):
        return _checked(Column(name, "number", decimal=decimal), series)
    codes, texts = factorize(series)
    if not len(texts):
        return Column(name, "left out", f"{name} is left out: it is empty in every training row.")
    if ordered is not None:
        spellings = {str(text).strip().casefold(): str(text).strip() for text in ordered}
        note = f"{name} has an order: {' < '.join(spellings.values())}."
        strange = [text for text in texts if text.casefold() not in spellings]
        if strange:
            shown = ", ".join(repr(text[:20]) for text in strange[:3])
            note += f" What is not in it ({shown}) counts as missing."
        return Column(name, "category", note, spellings=spellings)
    counts = np.bincount(codes[codes >= 0], minlength=len(texts))
    if are_codes(texts):
        why = f"{name} holds codes of {len(texts[0])} digits, as they begin with 0: no numbers. "
        return _category(name, texts, counts, why)
    return (
        _truth(name, texts)
        or _text_date(name, series, texts, counts)
        or _number(name, series, texts, counts, decimal)
        or _category(name, texts, counts)
    )


def date_column(series):
    """Return a column of dates, numbers or sortable texts as floats to sort by, NaN where missing."""
    if pandas.api.types.is_numeric_dtype(series.dtype):
        return numbers_of(series, ".", "")
    column = decide("time", series)
    if column.kind == "date":
        return days_of(series, column.day_first)
    if column.kind == "number":
        return column.values(series)[0]
    return np.full(len(series), np.nan)


def _truth(name, texts):
    folded = {text.casefold() for text in texts}
    if len(folded) > 1 and folded <= set(TRUTH):
        return Column(
            name, "number", f"{name} holds {' and '.join(sorted(texts))}: read as 1 and 0."
        )
    return None


def _number(name, series, texts, counts, decimal):
    decimal = decimal_sign(texts, decimal)
    plain = [parse_number(text, decimal) for text in texts]
    amounts = [in_millions(text) for text in texts]
    parsed = plain if amounts == texts else [parse_number(text, decimal) for text in amounts]
    if any(found and is_length(found[1]) for found in parsed):
        parsed = plain  # M are metres, as there are other lengths
    readable = np.array([found is not None for found in parsed])
    if counts[readable].sum() < _ENOUGH * counts.sum():
        return None
    units = {}
    for found, count in zip(parsed, counts, strict=True):
        if found and found[1]:
            units[found[1]] = units.get(found[1], 0) + count
    unit = max(units, key=units.get) if units else ""
    said = ["read as numbers" + (" with a decimal comma" if decimal == "," else "")]
    if unit:
        said[0] += f", in {unit}"
    for other in sorted(set(units) - {unit}):
        fits = convert(1.0, other, unit) is not None
        said.append(
            f"{counted(int(units[other]), 'value')} in {other} "
            + (f"converted to {unit}" if fits else f"taken for missing, as {other} does not fit")
        )
    if parsed != plain:
        said.append("M stands for millions")
    brackets = sum(
        int(count) for text, found, count in zip(texts, parsed, counts, strict=True)
        if found and "(" in text
    )  # fmt: skip
    if brackets:
        said.append(f"{counted(brackets, 'value')} in brackets read as negative")
    strange = [text for text, fine in zip(texts, readable, strict=True) if not fine]
    if strange:
        shown = ", ".join(repr(text[:20]) for text in strange[:3])
        many = counted(int(counts[~readable].sum()), "value")
        said.append(f"{many} taken for missing, as no number ({shown})")
    column = Column(name, "number", f"{name}: {'; '.join(said)}.", decimal=decimal, unit=unit)
    return _checked(column, series)


def _checked(column, series):
    """Leave a column of numbers out if it is empty or says the same wherever it is known."""
    values = column.values(series)[0]
    known = values[~np.isnan(values)]
    if not len(known):
        why = "it is empty in every training row"
    elif known.min() == known.max():  # what is missing would be filled with the same number
        where = "in every training row" if len(known) == len(values) else "wherever it is known"
        why = f"it is {known[0]:g} {where}"
    else:
        return column
    return Column(column.name, "left out", f"{column.name} is left out: {why}.")


def _text_date(name, series, texts, counts):
    found = [DATE.fullmatch(text) for text in texts]
    dates = np.array([match is not None for match in found])
    if counts[dates].sum() < _ENOUGH * counts.sum():
        return None
    firsts = [int(match[5]) for match in found if match and match[5]]
    seconds = [int(match[6]) for match in found if match and match[6]]
    month_first = max(firsts, default=0) <= 12 < max(seconds, default=0)
    note = ""
    if firsts and not month_first and max(firsts) <= 12:
        note = " (whether day or month comes first cannot be seen; day is taken)"
    return _date(name, series, not month_first, note)


def _date(name, series, day_first, note):
    days = days_of(series, day_first)
    if np.isnan(days).all() or np.nanmin(days) == np.nanmax(days):
        return Column(name, "left out", f"{name} is left out: it names one date at most.")
    said = f"{name} holds dates{note}: read as days since the first one, and the season as two numbers."
    return Column(name, "date", said, day_first=day_first, start=float(np.nanmin(days)))


def _category(name, texts, counts, why=""):
    spellings, often = {}, {}
    for text, count in zip(texts, counts, strict=True):
        folded = text.casefold()
        if count > often.get(folded, 0):
            often[folded], spellings[folded] = count, text
    different = len(spellings)
    if different == 1:
        return Column(
            name, "left out", f"{name} is left out: it is {texts[0][:30]!r} wherever it is known."
        )
    if different > MOST_CATEGORIES and different > 0.5 * counts.sum():
        return Column(name, "left out",
                      f"{why}{name} is left out: {different} different texts in {counts.sum()} rows are names "
                      "or free text, not categories.")  # fmt: skip
    merged = len(texts) - different
    note = f"{why}{name} has {different} categories"
    if merged:
        note += f"; {counted(merged, 'other spelling')} joined with them (upper and lower case)"
    return Column(name, "category", f"{note}.", spellings=spellings)
