"""The values of a column: its different texts, and what they are as numbers or as days."""

import re

import numpy as np
import pandas

from dlkit.preparation.numbers import MISSING_WORDS, UNITS, convert, in_millions, parse_number

TRUTH = {"yes": 1.0, "true": 1.0, "y": 1.0, "no": 0.0, "false": 0.0, "n": 0.0}
DATE = re.compile(r"(\d{4})-(\d\d?)-(\d\d?)([T ].*)?|(\d\d?)[./](\d\d?)[./](\d{4})( .*)?")


def factorize(series):
    """Return codes (−1 where missing) and the different texts of a column, stripped."""
    try:
        codes, found = pandas.factorize(series)
    except TypeError:
        raise TypeError(
            f"table must hold single values in each cell, but column {series.name!r} holds lists or "
            "the like. Leave it out (drop=), or make columns of it."
        ) from None
    if any(isinstance(value, complex | np.complexfloating) for value in found):
        raise _complex(series)
    stripped = [str(value).strip() for value in found]
    again = {}
    for text in stripped:
        if text.casefold() not in MISSING_WORDS and text not in again:
            again[text] = len(again)
    places = np.array([*(again.get(text, -1) for text in stripped), -1])
    return places[codes], list(again)


def _complex(series):
    return TypeError(
        f"table must hold real numbers, but column {series.name!r} holds complex ones. Leave it out "
        "(drop=), or make two columns of it, such as its size and its angle."
    )


def numbers_of(series, decimal, unit):
    """Return a column as float64; what is no number, or in a unit that does not fit, is NaN."""
    if pandas.api.types.is_complex_dtype(series.dtype):
        raise _complex(series)
    if pandas.api.types.is_numeric_dtype(series.dtype):
        found = series.to_numpy(dtype="float64", na_value=np.nan)
        return np.where(np.isfinite(found), found, np.nan)
    codes, texts = factorize(series)
    return np.array([*(_in_unit(text, decimal, unit) for text in texts), np.nan])[codes]


def days_of(series, day_first):
    """Return dates as days since 1970 (float64); what is no date is NaN."""
    if pandas.api.types.is_datetime64_any_dtype(series.dtype):
        if series.dt.tz is not None:
            series = series.dt.tz_convert("UTC").dt.tz_localize(None)
        seconds = series.to_numpy(dtype="datetime64[s]")
        days = seconds.astype("int64") / 86400.0
        return np.where(np.isnat(seconds), np.nan, days)
    codes, texts = factorize(series)
    found = [_read_date(text, day_first) for text in texts]
    return np.array([*found, np.nan], dtype="float64")[codes]


def _in_unit(text, decimal, unit):
    folded = text.casefold()
    if folded in TRUTH:
        return TRUTH[folded]
    parsed = parse_number(text if is_length(unit) else in_millions(text), decimal)
    value = convert(*parsed, unit) if parsed else None
    return np.nan if value is None else value


def _read_date(text, day_first):
    found = DATE.fullmatch(text)
    if found is None:
        return np.nan
    if found[1]:
        year, month, day, clock = found[1], found[2], found[3], found[4]
    else:
        first, second, year, clock = found[5], found[6], found[7], found[8]
        day, month = (first, second) if day_first else (second, first)
    try:
        stamp = pandas.Timestamp(f"{int(year):04d}-{int(month):02d}-{int(day):02d}{clock or ''}")
    except (ValueError, OverflowError):
        return np.nan
    stamp = stamp.tz_convert("UTC").tz_localize(None) if stamp.tzinfo else stamp
    return stamp.to_datetime64().astype("datetime64[us]").astype("int64") / 86_400e6


def is_length(unit):
    """Return whether a unit is one of length."""
    return UNITS.get(unit, ("",))[0] == "length"
