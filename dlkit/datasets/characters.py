"""The sentences of ``data/sentences`` as a text of characters, for a small language model."""

import functools
import importlib.util

import numpy as np

from dlkit import checks
from dlkit.datasets.own import file_of

END = "\n"
"""Stands before each sentence and after it; its number is 0."""


@functools.cache
def lines():
    """Return the sentences, in the order of the file.

    Returns
    -------
    tuple of str

    Raises
    ------
    FileNotFoundError
        If the folder ``data/`` is not there.
    """
    return tuple(file_of("sentences").read_text(encoding="utf-8").splitlines())


@functools.cache
def alphabet():
    """Return the characters that occur: the end of a line first, the rest in their order.

    Returns
    -------
    str
        The place of a character is its number.
    """
    return END + "".join(sorted(set("".join(lines()))))


def encode(text):
    """Return the numbers of the characters of a text.

    Parameters
    ----------
    text : str
        Of characters of `alphabet` alone.

    Returns
    -------
    numpy.ndarray
        Whole numbers, (characters,).

    Raises
    ------
    TypeError, ValueError
        If it is no text, or holds a character that the sentences do not have.
    """
    known = alphabet()
    unknown = sorted(set(checks.text("text", text)) - set(known))
    if unknown:
        raise ValueError(
            f"text must be made of the characters {known.strip()!r}, the space and the end of a "
            f"line, but holds {''.join(unknown)!r}. The sentences are in lower case."
        )
    return np.array([known.index(character) for character in text], dtype="int64")


def decode(numbers):
    """Return the text of a sequence of numbers.

    Parameters
    ----------
    numbers : array_like
        Whole numbers, (characters,), each below the length of `alphabet`.

    Returns
    -------
    str

    Raises
    ------
    TypeError, ValueError
        If a number stands for no character.
    """
    known = alphabet()
    numbers = checks.array("numbers", numbers, ndim=1, allow_empty=True)
    for number in numbers:
        checks.whole_number("each of numbers", number, minimum=0, maximum=len(known) - 1)
    return "".join(known[int(number)] for number in numbers)


def windows(length=48):
    """Return pieces of the text, and at each place the character that follows.

    Each piece begins where a sentence begins, and goes on with the sentences after it. Sentences
    that do not fit into a piece as a whole are left out.

    Parameters
    ----------
    length : int
        Characters of a piece, 16 or more.

    Returns
    -------
    x, y : numpy.ndarray
        Whole numbers, (pieces, length); ``y[:, t]`` is what comes after ``x[:, t]``. ``x[:, 0]``
        is 0: a new line.

    Raises
    ------
    TypeError, ValueError
        If length is no whole number, or too small.
    """
    length = checks.whole_number("length", length, minimum=16, maximum=200)
    text = END + "".join(line + END for line in lines() if len(line) < length)
    numbers = encode(text)
    starts = np.flatnonzero(numbers == 0)
    starts = starts[starts + length < len(numbers)]
    pieces = numbers[starts[:, np.newaxis] + np.arange(length + 1)]
    return pieces[:, :-1], pieces[:, 1:]


@functools.cache
def _grammar():
    place = file_of("sentences").with_name("generate.py")
    description = importlib.util.spec_from_file_location("dlkit_sentences_grammar", place)
    module = importlib.util.module_from_spec(description)
    description.loader.exec_module(module)
    return module


def obeys_grammar(line):
    """Return whether a line is a sentence of the grammar in ``data/sentences/generate.py``.

    Parameters
    ----------
    line : str
        Without the end of the line.

    Returns
    -------
    bool

    Raises
    ------
    TypeError
        If line is no text.
    """
    return bool(_grammar().obeys_grammar(checks.text("line", line)))


def is_new(line):
    """Return whether a line does not stand in the file, whether it obeys the grammar or not.

    Parameters
    ----------
    line : str

    Returns
    -------
    bool

    Raises
    ------
    TypeError
        If line is no text.
    """
    return checks.text("line", line) not in _known_lines()


@functools.cache
def _known_lines():
    return frozenset(lines())
