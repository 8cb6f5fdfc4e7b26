"""Numbers that stand in a table as text: with a decimal comma, thousands, a currency or a unit."""

import re

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
    **{"eur": "€", "usd": "$", "gbp": "£", "chf": "chf"},
}
MULTIPLES = {"": 1.0, "k": 1e3, "tsd": 1e3, "mio": 1e6, "mn": 1e6}
_SHAPE = re.compile(
    r"(?P<before>[€$£¥]|eur|usd|gbp|chf)?\s*(?P<sign>[-+−]?)\s*"
    r"(?P<number>\d[\d.,'\u00a0\u202f ]*(?:e[-+]?\d+)?|[.,]\d+)\s*"
    r"(?:(?<=[.,])[-–—]+\s*)?(?P<after>\D.*)?",  # 12,– € is written without cents
    re.IGNORECASE,
)
_AMOUNT = re.compile(rf"({'|'.join(MULTIPLES)})({'|'.join(['', *map(re.escape, CURRENCIES)])})")
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
        converted to another unit, but ``"250 k"`` and ``"€250k"`` are 250000.
    """
    found = _SHAPE.fullmatch(text.strip())
    if found is None:
        return None
    factor, unit = _unit(found["before"] or "", found["after"] or "")
    value = _read(re.sub(r"['\u00a0\u202f ]", "", found["number"]), decimal)
    if factor is None or value is None:
        return None
    return factor * (-value if found["sign"] in ("-", "−") else value), unit


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


def decimal_sign(texts):
    """Return the decimal sign that the numbers of a column use, "." where nothing tells.

    Parameters
    ----------
    texts : iterable of str
        The fields of the column.
    """
    votes = {",": 0, ".": 0}
    for text in texts:
        signs = re.findall(r"\d([.,])(?=\d)", text)
        if len(set(signs)) == 2:
            votes[signs[-1]] += 1  # 1.234,5 and 1,234.5: the last one
        elif len(signs) == 1 and not re.search(r"[.,]\d{3}(?!\d)", text):
            votes[signs[0]] += 1
        elif len(signs) > 1:
            votes["," if signs[0] == "." else "."] += 1  # 1.234.567
    return "," if votes[","] > votes["."] else "."


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
    return MULTIPLES[amount[1]], "".join(currencies)


def _read(digits, decimal):
    other = "," if decimal == "." else "."
    for sign in ".,":
        whole = digits.split("," if sign == "." else ".")[0]
        if digits.count(sign) > 1 and not re.fullmatch(rf"\d{{1,3}}([{sign}]\d{{3}})+", whole):
            return None  # a date or a version, such as 3.4.2024
    if decimal in digits and other in digits:
        thousands, decimal = (
            (other, decimal) if digits.rfind(decimal) > digits.rfind(other) else (decimal, other)
        )
        digits = digits.replace(thousands, "").replace(decimal, ".")
    elif digits.count(other) == 1 and not re.fullmatch(rf"\d{{1,3}}[{other}]\d{{3}}", digits):
        digits = digits.replace(other, ".")  # 3,5 in a column of points
    else:
        digits = digits.replace(other, "").replace(decimal, ".")
    try:
        return float(digits)
    except ValueError:
        return None
