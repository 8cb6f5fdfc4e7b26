"""Numbers that stand in a table as text: with a decimal comma, thousands, a currency or a unit."""

import re

MISSING_WORDS = ("", "?", "-", "--", "–", "—", ".")
MISSING_WORDS += ("n/a", "na", "nan", "none", "null", "missing", "unknown")
# unit -> (quantity, factor to the first unit of that quantity)
UNITS = {
    **dict.fromkeys(("m²", "m2", "sqm", "qm", "sq m"), ("area", 1.0)),
    **dict.fromkeys(("ft²", "ft2", "sqft", "sq ft", "sq. ft."), ("area", 0.09290304)),
    "ha": ("area", 10_000.0),
    "mm": ("length", 0.001),
    "cm": ("length", 0.01),
    "m": ("length", 1.0),
    "km": ("length", 1000.0),
    "in": ("length", 0.0254),
    "ft": ("length", 0.3048),
    "mi": ("length", 1609.344),
    "mg": ("mass", 1e-6),
    "g": ("mass", 0.001),
    "kg": ("mass", 1.0),
    "t": ("mass", 1000.0),
    "lb": ("mass", 0.45359237),
    "ms": ("time", 0.001),
    "s": ("time", 1.0),
    "min": ("time", 60.0),
    "h": ("time", 3600.0),
    "d": ("time", 86400.0),
    "ml": ("volume", 0.001),
    "l": ("volume", 1.0),
}
CURRENCIES = {
    **{sign: sign for sign in "€$£¥"},
    **{"us$": "$", "eur": "€", "euro": "€", "usd": "$", "gbp": "£", "chf": "chf"},
}
MULTIPLES = {"": 1.0, "k": 1e3, "tsd": 1e3, "mio": 1e6, "mn": 1e6, "mrd": 1e9, "bn": 1e9}
_MULTIPLES_OF_MONEY = {"m": 1e6, "b": 1e9}  # 3 m are metres, and 12 b is a house
_MONEY = "|".join(map(re.escape, sorted(CURRENCIES, key=len, reverse=True)))
_SHAPE = re.compile(
    rf"(?P<early>[-+−–]?)\s*(?P<before>{_MONEY})?\s*(?P<sign>[-+−–]?)\s*"
    r"(?P<number>\d[\d.,'\u00a0\u202f ]*(?:e[-+]?\d+)?|[.,]\d+)"
    r"(?P<late>(?<=[.,]\d\d)-)?\s*"  # 1.250,00- as ledgers write it; 5- may be a grade
    r"(?:(?<=[.,])[-–—]+\s*)?(?P<after>\D.*)?",  # 12,– € is written without cents
    re.IGNORECASE,
)
_IN_BRACKETS = re.compile(r"([^()\d]*)\(([^()]*\d[^()]*)\)([^()\d]*)")
_AMOUNT = re.compile(rf"({'|'.join([*MULTIPLES, *_MULTIPLES_OF_MONEY])})({_MONEY}|)")
_THREE_DIGITS = re.compile(r"(?<!\d)([1-9]\d{0,2})[.,]\d{3}(?!\d)")
# as they are looked up: without blanks and points, in lower case
_UNITS = {re.sub(r"[.\s]", "", unit): unit for unit in (*UNITS, "%", "°c", "°f", "°")}


def parse_number(text, decimal="."):
    """Return (number, unit) of a text such as ``"1.250,5 €"``, or None if it is no number.

    Parameters
    ----------
    text : str
        One field of a table.
    decimal : {".", ","}
        The decimal sign where only the column can tell: ``"1,250"`` is 1250 or 1.25.

    Returns
    -------
    tuple of (float, str) or None
        The unit as in `UNITS` or `CURRENCIES`, ``""`` where none stands; the number is not
        converted to another unit, but ``"250 k"`` and ``"€250k"`` are 250000, and ``"(5.00)"`` is
        −5, as in ledgers.
    """
    text = text.strip()
    bracketed = _IN_BRACKETS.fullmatch(text)
    found = _SHAPE.fullmatch("".join(bracketed.groups()) if bracketed else text)
    if found is None:
        return None
    signs = [sign for sign in (found["early"], found["sign"], found["late"]) if sign]
    factor, unit = _unit(found["before"] or "", found["after"] or "")
    value = _read(re.sub(r"['\u00a0\u202f ]", "", found["number"]), decimal)
    if factor is None or value is None or len(signs) + bool(bracketed) > 1:
        return None
    if bracketed and unit in UNITS:
        return None  # a size with a remark, perhaps
    return factor * (-value if bracketed or signs not in ([], ["+"]) else value), unit


def in_millions(text):
    """Return a text such as ``"1.5M"`` as ``"1.5 mio"``: M for metres in a column without lengths.

    Parameters
    ----------
    text : str
        One field of a column in which nothing else is a length.
    """
    return f"{text[:-1]} mio" if re.search(r"\d ?M$", text) else text


def are_codes(texts):
    """Return whether texts of digits are codes, such as postal codes, rather than numbers.

    They are if all have the same length, four digits or more, and some begin with a zero.

    Parameters
    ----------
    texts : sequence of str
        The fields of a column that are not empty.
    """
    length = len(texts[0]) if texts else 0
    return (
        length > 3
        and all(len(text) == length and text.isdecimal() for text in texts)
        and any(text[0] == "0" for text in texts)
    )


def decimal_sign(texts, usual="."):
    """Return the decimal sign that the numbers of a column use.

    Parameters
    ----------
    texts : iterable of str
        The fields of the column.
    usual : {".", ","}
        That of the file, for columns in which nothing tells.
    """
    votes, money, whole = {",": 0, ".": 0}, {",": 0, ".": 0}, False
    for text in texts:
        signs = re.findall(r"\d([.,])(?=\d)", text)
        unsure = _THREE_DIGITS.search(text) if len(signs) == 1 else None
        if len(set(signs)) == 2:
            votes[signs[-1]] += 1  # 1.234,5 and 1,234.5: the last one
        elif len(signs) > 1:
            votes[_other(signs[0])] += 1  # 1.234.567
        elif signs and not unsure:
            votes[signs[0]] += 1
        elif re.search(_MONEY, text, re.IGNORECASE):
            whole = whole or not signs or len(unsure[1]) > 1
            if signs:
                money[_other(signs[0])] += 1
    if votes[","] == votes["."] and whole:  # 950 € and 1.250 €: nobody writes tenths of a cent
        votes = money
    if votes[","] == votes["."]:
        return usual
    return "," if votes[","] > votes["."] else "."


def _other(sign):
    return "," if sign == "." else "."


def convert(value, unit, wanted):
    """Return a value in another unit of the same quantity, or None where that makes no sense.

    Parameters
    ----------
    value : float
        In ``unit``.
    unit, wanted : str
        Keys of `UNITS`, or ``""``: a number without a unit counts as having the wanted one.
    """
    if unit == wanted or not unit:
        return value
    if unit not in UNITS or wanted not in UNITS or UNITS[unit][0] != UNITS[wanted][0]:
        return None
    return value * UNITS[unit][1] / UNITS[wanted][1]


def _unit(before, after):
    """Return (factor, unit) of what stands around a number; the factor of what is unknown is None."""
    before, written = before.lower(), after.strip().lower()
    after = re.sub(r"[.\s]", "", written)
    if after in _UNITS and not before:
        return 1.0, written if written in UNITS else _UNITS[after]
    amount = _AMOUNT.fullmatch(after)
    currencies = {CURRENCIES[sign] for sign in (before, amount and amount[2]) if sign}
    if amount is None or len(currencies) > 1:
        return None, ""
    multiples = MULTIPLES | _MULTIPLES_OF_MONEY if currencies else MULTIPLES
    return multiples.get(amount[1]), "".join(currencies)


def _read(digits, decimal):
    other = _other(decimal)
    for sign in ".,":
        whole = digits.split("," if sign == "." else ".")[0]
        if digits.count(sign) > 1 and not re.fullmatch(rf"\d{{1,3}}([{sign}]\d{{3}})+", whole):
            return None  # a date or a version, such as 3.4.2024
    if decimal in digits and other in digits:
        thousands, decimal = (
            (other, decimal) if digits.rfind(decimal) > digits.rfind(other) else (decimal, other)
        )
        digits = digits.replace(thousands, "").replace(decimal, ".")
    elif digits.count(other) == 1 and not _THREE_DIGITS.fullmatch(digits):
        digits = digits.replace(other, ".")  # 3,5 in a column of points
    else:
        digits = digits.replace(other, "").replace(decimal, ".")
    try:
        return float(digits)
    except ValueError:
        return None
