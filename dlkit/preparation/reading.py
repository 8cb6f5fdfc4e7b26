"""Reading a CSV file that anybody may have written: how it is written is found, and said."""

import codecs
import csv
import itertools
import re
import warnings

import pandas

from dlkit import checks
from dlkit.files import check_path
from dlkit.preparation.comments import comments_above, marked
from dlkit.preparation.numbers import MISSING_WORDS, are_codes
from dlkit.words import counted

LIMIT = 512 * 2**20  # bytes of a file
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
BLANKS = r"\s+"
_WRITTEN = {**DELIMITERS, BLANKS: "blanks"}
DECIMALS = {".": "point", ",": "comma"}
_NA_VALUES = sorted({form for word in MISSING_WORDS for form in (word, word.upper(), word.title())})
_NUMBER = re.compile(r"[-+]?\d+(\.\d+)?([eE][-+]?\d+)?")
_WITH_COMMA = re.compile(r"[-+]?(\d{1,3}(\.\d{3})+|\d+),\d+")
_WITH_POINT = re.compile(r"[-+]?(\d{1,3}(,\d{3})+|\d+)\.\d+")
_UNSURE = re.compile(r"[-+]?[1-9]\d{0,2}[.,]\d{3}")  # 1.234 may have thousands or three digits
_THOUSANDS = {
    ",": re.compile(r"[-+]?[1-9]\d{0,2}(\.\d{3})+(,\d+)?"),
    ".": re.compile(r"[-+]?[1-9]\d{0,2}(,\d{3})+(\.\d+)?"),
}
_MAGIC = {
    b"PK\x03\x04": "a zip archive or an Excel file: open it and export it as CSV",
    b"\xd0\xcf\x11\xe0": "an old Excel file: open it and export it as CSV",
    b"\x1f\x8b": "compressed by gzip: unpack it first",
    b"%PDF": "a PDF",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"PAR1": "a Parquet file: read it with pandas.read_parquet and give the table",
    b"\x93NUMPY": "a NumPy file: read it with numpy.load",
}  # fmt: skip


def read_csv(path, delimiter=None, decimal=None, encoding=None):
    """Read a table from a text file whose delimiter, decimal sign and encoding are found.

    Lines above the header that begin with ``#`` are comments, and left out.

    Parameters
    ----------
    path : str or path
        A file of at most 512 MB.
    delimiter : {",", ";", "\\t", "|"}, optional
        What stands between two fields; found by trying all four on the first lines, and runs of
        blanks if none of them fits and each line has the same number of words.
    decimal : {".", ","}, optional
        The decimal sign; found by what the numbers of the first lines look like.
    encoding : str, optional
        Such as ``"utf-8"`` or ``"cp1252"``. Found: a byte-order mark decides, then UTF-8 if the
        whole file is valid, else Windows-1252.

    Returns
    -------
    pandas.DataFrame
        Its ``attrs["notes"]`` is a list of sentences: how the file was read; ``attrs["decimal"]``
        is the decimal sign.

    Raises
    ------
    TypeError, ValueError
        If an argument does not fit; if the file is empty, too large, no text, or damaged: the
        message then names the line.
    OSError
        If the file is not there or cannot be read.
    """
    return read_like(path, delimiter, decimal, encoding)


def read_like(path, delimiter=None, decimal=None, encoding=None, texts=()):
    """Read a file as `read_csv` does, but the columns of these names as they are written."""
    path = check_path(path)
    if delimiter is not None:
        delimiter = checks.choice("delimiter", delimiter, DELIMITERS)
    if decimal is not None:
        decimal = checks.choice("decimal", decimal, DECIMALS)
    if encoding is not None:
        encoding = _known_encoding(encoding)
    if path.is_dir():
        raise IsADirectoryError(f"path must be a file, but {path} is a folder.")
    if not path.exists():
        raise FileNotFoundError(f"There is no file {path}. Check the name, or give the full path.")
    size = path.stat().st_size
    if size > LIMIT:
        raise ValueError(
            f"path must be a file of at most {LIMIT // 2**20} MB, but {path.name} has "
            f"{size / 2**20:,.0f} MB. Take a part of its rows."
        )
    encoding, notes = _find_encoding(path, encoding)
    lines = _first_lines(path, encoding)
    delimiter = delimiter or _find_delimiter(lines[marked(lines) :])
    comments = comments_above(lines, lambda some: _split(some, delimiter))
    rows = _split(lines[comments:], delimiter)
    fields = [field.strip() for row in rows[1:] or rows for field in row]
    decimal = decimal or _find_decimal(fields, delimiter)
    thousands = _find_thousands(fields, decimal)
    notes.append(
        f"Read {path.name}: fields separated by {_WRITTEN[delimiter]}, decimal "
        f"{DECIMALS[decimal]}, encoding {encoding}."
    )
    if comments:
        notes.append(
            f"{counted(comments, 'line')} of comment above the header left out: {_short(lines[0])}"
            f"{', …' if comments > 1 else ''}."
        )
    as_text = set(_columns_of_text(rows, thousands, decimal))
    as_text |= {i for i, name in enumerate(_tidy_names(rows[0], [])) if name in texts}
    table = _parse(
        path, delimiter, decimal, thousands, encoding, _has_header(rows), as_text, notes, comments
    )
    table.attrs.update(notes=notes, decimal=decimal)
    return table


def _split(lines, delimiter):
    """Return the fields of each line."""
    if delimiter == BLANKS:
        return [line.split() for line in lines]
    return list(csv.reader(lines, delimiter=delimiter, skipinitialspace=True))


def _known_encoding(encoding):
    checks.text("encoding", encoding, allow_empty=False)
    try:
        return codecs.lookup(encoding).name
    except (LookupError, ValueError):
        raise ValueError(
            f"encoding must be the name of an encoding such as 'utf-8' or 'cp1252', but got "
            f"{encoding!r}."
        ) from None


def _find_encoding(path, given):
    """Return the encoding and notes about it; raise for what is no text."""
    with open(path, "rb") as file:
        head = file.read(4096)
    if not head.strip():
        raise ValueError(f"{path.name} must hold a table, but it is empty.")
    for magic, what in _MAGIC.items():
        if head.startswith(magic):
            raise ValueError(f"{path.name} must be a text file, but it looks like {what}.")
    marks = {
        codecs.BOM_UTF8: "utf-8-sig",
        codecs.BOM_UTF16_LE: "utf-16",
        codecs.BOM_UTF16_BE: "utf-16",
    }
    marked = next((name for mark, name in marks.items() if head.startswith(mark)), None)
    encoding = given or marked or "utf-8"
    problem = _cannot_decode(path, encoding)
    if problem is None:
        return encoding, []
    if given or marked:
        raise ValueError(f"{path.name} is damaged, or is not in {encoding}: {problem}.")
    problem = _cannot_decode(path, "cp1252")
    if problem is not None:
        raise ValueError(
            f"{path.name} must be a text file, but it is neither in UTF-8 nor in Windows-1252 "
            f"({problem}). If you know its encoding, give encoding=."
        )
    return "cp1252", ["The file is no UTF-8, so it was read as Windows-1252: look at the accents."]


def _cannot_decode(path, encoding):
    """Return why a file cannot be decoded, or None; control characters count as no text."""
    decoder = codecs.getincrementaldecoder(encoding)()
    with open(path, "rb") as file:
        while True:
            block = file.read(2**20)
            try:
                text = decoder.decode(block, final=not block)
            except UnicodeError as error:
                return f"{getattr(error, 'reason', error)} near byte {file.tell()}"
            if "\0" in text:
                return "it holds NUL characters, as binary files do"
            if not block:
                return None


def _first_lines(path, encoding, most=200, longest=2**24):
    with open(path, encoding=encoding, newline="") as file:
        lines = file.read(longest).splitlines(keepends=True)
    lines = [line for line in lines if line.strip()]
    return lines[:most] if len(lines) < 2 or len(lines) > most else lines


def _find_delimiter(lines):
    """Return the delimiter that cuts most lines into the same number of fields, above one."""

    def score(delimiter):
        widths = [len(row) for row in csv.reader(lines, delimiter=delimiter, skipinitialspace=True)]
        width = max(set(widths), key=widths.count)
        return (widths.count(width) / len(widths) if width > 1 else 0.0, width)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            scores = {delimiter: score(delimiter) for delimiter in DELIMITERS}
        except csv.Error as error:
            raise ValueError(f"The file must be a table, but it is damaged: {error}.") from None
    words = {0 if '"' in line else len(line.split()) for line in lines}
    if (
        not any(share for share, _ in scores.values())
        and len(words) == 1
        and words.isdisjoint({0, 1})
    ):
        return BLANKS
    return max(scores, key=scores.get)


def _find_decimal(fields, delimiter):
    sure = [field for field in fields if _UNSURE.fullmatch(field) is None]
    for some in (sure, fields):
        commas = sum(_WITH_COMMA.fullmatch(field) is not None for field in some)
        points = sum(_WITH_POINT.fullmatch(field) is not None for field in some)
        if commas != points:
            break
    return "," if commas > points and delimiter != "," else "."


def _find_thousands(fields, decimal):
    """Return the sign between thousands where numbers need one; 1.234 alone proves nothing."""
    pattern = _THOUSANDS[decimal]
    sign = "." if decimal == "," else ","
    grouped = [field for field in fields if pattern.fullmatch(field)]
    sure = any(field.count(sign) > 1 or decimal in field for field in grouped)
    return sign if grouped and (sure or decimal == "," or sign == ",") else None


def _columns_of_text(rows, thousands, decimal):
    """Return the places of columns that pandas would read as numbers though they are none.

    Where the sign of thousands means something else, 3.4.2024 would be the number 342024; a code
    such as 01067 would lose its zero.
    """
    columns = {}
    for row in rows[1:]:
        for place, field in enumerate(map(str.strip, row)):
            if field.casefold() not in MISSING_WORDS:
                columns.setdefault(place, []).append(field)
    found = {place for place, fields in columns.items() if are_codes(fields)}
    if thousands is not None:
        grouped = _THOUSANDS[decimal]
        for place, fields in columns.items():
            signed = (field for field in fields if thousands in field)
            if any(grouped.fullmatch(field) is None for field in signed):
                found.add(place)
    return found


def _has_header(rows):
    return not all(_NUMBER.fullmatch(field.strip()) for field in rows[0])


def _parse(path, delimiter, decimal, thousands, encoding, header, as_text, notes, comments):
    first = _line_after(path, encoding, comments)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", pandas.errors.DtypeWarning)
            warnings.simplefilter("error", pandas.errors.ParserWarning)
            table = pandas.read_csv(
                path, sep=delimiter, decimal=decimal, thousands=thousands, encoding=encoding,
                header=0 if header else None, dtype=dict.fromkeys(as_text, "str"),
                na_values=_NA_VALUES, skipinitialspace=True, index_col=False, on_bad_lines="error",
                skiprows=first[0] - 1 if comments else None,
            )  # fmt: skip
    except pandas.errors.ParserWarning:
        raise ValueError(
            f"{path.name} is damaged: its rows have more fields than its header has names. Taken as the "
            f"header: line {first[0]}, {first[1]}. If that is a comment, delete it."
        ) from None
    except pandas.errors.ParserError as error:
        raise ValueError(f"{path.name} is damaged: {_plainly(str(error))}") from None
    except pandas.errors.EmptyDataError:
        raise ValueError(f"{path.name} must hold a table, but it holds none.") from None
    if not len(table):
        raise ValueError(f"{path.name} must hold rows, but has a header only.")
    if not header:
        notes.append("The first line holds numbers only, so the columns are called column 1, 2 …")
        table.columns = [f"column {i + 1}" for i in range(table.shape[1])]
    table.columns = _tidy_names(table.columns, notes)
    return table


def _line_after(path, encoding, comments):
    """Return the number of the first line behind so many that are not empty, and its words."""
    with open(path, encoding=encoding) as file:
        filled = ((i, _short(line)) for i, line in enumerate(file, 1) if line.strip())
        return next(itertools.islice(filled, comments, None))


def _short(line):
    line = line.strip()
    return repr(line if len(line) <= 60 else line[:59] + "…")


def _tidy_names(columns, notes):
    names = [str(name).strip() for name in columns]
    unnamed = [i for i, name in enumerate(names) if not name or name.startswith("Unnamed: ")]
    for i in unnamed:
        names[i] = f"column {i + 1}"
    if unnamed:
        notes.append(f"{counted(len(unnamed), 'column')} without a name: called after the place.")
    seen = {}
    for i, name in enumerate(names):
        seen[name] = seen.get(name, 0) + 1
        if seen[name] > 1:
            names[i] = f"{name} ({seen[name]})"
            notes.append(f"The name {name!r} comes twice; the later column is called {names[i]!r}.")
    return names


def _plainly(message):
    """Return what pandas says of a damaged file in words that a learner can use."""
    found = re.search(r"Expected (\d+) fields in line (\d+), saw (\d+)", message)
    if found:
        expected, line, saw = found.groups()
        return (
            f"line {line} has {saw} fields, but the lines before it have {expected}. Look for a "
            "delimiter inside a text; such a field needs quotes."
        )
    if "EOF inside string" in message:
        row = re.search(r"row (\d+)", message)
        where = f" in row {row.group(1)}" if row else ""
        return f"a quoted text{where} has no closing quote."
    return message
