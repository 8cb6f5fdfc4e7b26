"""Lines of comment above the header of a file: how many there are."""

from dlkit.preparation.numbers import MISSING_WORDS, parse_number


def marked(lines):
    """Return how many of the first lines begin with ``#``, if there are others after them."""
    return next((i for i, line in enumerate(lines) if not line.lstrip().startswith("#")), 0)


def comments_above(lines, split):
    """Return how many of the first lines are comments, without checks.

    Lines that begin with ``#`` are; but the last of them is the header if it has as many fields as
    the line below and that line does not look like a header itself: one of words alone above a
    column with a number.

    Parameters
    ----------
    lines : list of str
        The first lines of the file that are not empty.
    split : callable
        Lines -> the fields of each.
    """
    count = marked(lines)
    if not count:
        return 0
    last, below, *rows = split(lines[count - 1 : count + 20])
    return count if len(last) != len(below) or _is_header(below, rows) else count - 1


def _is_header(fields, rows):
    if any(_is_number(field) or field.strip().casefold() in MISSING_WORDS for field in fields):
        return False
    return any(_is_number(field) for row in rows for field in row)


def _is_number(field):
    return parse_number(field) is not None
