"""The file that is there while .venv is being made: who makes it. Standard library only."""

import contextlib
import os
import time

from tools.trouble import OTHER, Problem

WINDOWS_SECONDS = 30 * 60  # Windows cannot be asked about a program: so long it counts as running


def claim(marker):
    """Make the marker with this program's number; say so where another one is at work."""
    try:
        with open(marker, "x", encoding="ascii") as file:
            file.write(str(os.getpid()))
        return
    except FileExistsError:
        if at_work(marker):
            raise Problem(
                OTHER,
                "Another start.py is setting up .venv already: wait until it has finished, then run "
                "this again. If there is none, delete the file .venv.unfinished and the folder .venv.",
            ) from None
    with open(marker, "w", encoding="ascii") as file:
        file.write(str(os.getpid()))


def release(marker):
    """Leave the marker, because .venv is unfinished, but with nobody at work."""
    with contextlib.suppress(OSError):  # an error is on its way already; it says more
        open(marker, "w").close()


def at_work(marker):
    """Return whether the marker names another program that is running."""
    try:
        with open(marker, encoding="ascii") as file:
            number = int(file.read())
        if number <= 0 or number == os.getpid():  # a container gives the same number each time
            return False
        if os.name == "nt":  # os.kill would end it there
            return time.time() - os.path.getmtime(marker) < WINDOWS_SECONDS
        os.kill(number, 0)
        return True
    except (OSError, ValueError, OverflowError):  # also a program of somebody else: not start.py
        return False
