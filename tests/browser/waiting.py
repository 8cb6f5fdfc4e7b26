"""Wait for a condition, and say what was seen instead."""

import time


def wait_for(condition, words, timeout=20):
    """Wait until ``condition()`` holds.

    Parameters
    ----------
    condition : callable
        Without arguments; asked twenty times a second.
    words : str or callable
        What is wrong if it never holds; a callable is asked for it at the end.
    timeout : float
        In seconds.

    Raises
    ------
    AssertionError
        With the words, once the time is over.
    """
    until = time.monotonic() + timeout
    while time.monotonic() < until:
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError(f"after {timeout} s: {words() if callable(words) else words}")
