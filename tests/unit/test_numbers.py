"""How numbers are written for a reader."""

import pytest

from dlkit.display.numbers import counted, equals, exact, fixed, percent, short, signed


@pytest.mark.parametrize(
    ("write", "value", "text"),
    [
        (fixed, 1.5, "1.50"),
        (fixed, -1.5, "−1.50"),
        (fixed, -0.001, "0.00"),
        (signed, 0.25, "+0.25"),
        (signed, -0.25, "−0.25"),
        (signed, -0.0, "+0.00"),
        (short, -1.5e-7, "−1.5e-7"),
        (short, 1.23e15, "1.23e15"),
        (short, -0.0, "0"),
        (short, 687.9, "688"),
        (short, 123456.0, "123000"),
        (short, 1.5e-4, "0.00015"),
        (short, 0.01234, "0.0123"),
        (exact, 1.2, "1.20"),
        (exact, 1.105, "1.105"),
        (exact, -0.0004, "0.00"),
        (percent, 0.955, "96 %"),
        (percent, 0.0, "0 %"),
    ],
)
def test_numbers_are_written_as_a_reader_wants_them(write, value, text):
    assert write(value) == text


def test_a_rounded_result_is_not_called_equal():
    assert equals(1.3 * 0.85, 1.3 * 0.85) == "="
    assert equals(1.2345, 1.2345) == "≈"


@pytest.mark.parametrize(
    ("number", "noun", "text"),
    [(1, "epoch", "1 epoch"), (0, "epoch", "0 epochs"), (2, "batch", "2 batches")],
)
def test_one_is_singular(number, noun, text):
    assert counted(number, noun) == text
