"""How many batches the loop trains next: full speed, a pace one can watch, or none for now."""

from time import perf_counter

from dlkit.training.flag import Flag

CHUNK_SECONDS = 0.03  # short enough that pause and stop feel immediate, long enough to cost nothing
LONGEST_WAIT = 1.0  # seconds at a time; a queue has a limit, and an interrupt may swallow a ring


class Gate:
    """Answers the loop's ``chunk_size(left)``; other threads set its pace and close it.

    At full speed a chunk is as many batches as last about 30 ms, measured as the run goes. At a
    pace, the gate waits until the next batches are due, and a `close` ends the waiting at once.
    """

    def __init__(self):
        self._pace = None
        self._closed = None
        self._budget = None
        self._wake = Flag()
        self._size = 1  # batches that fit into a chunk; at most doubled from one chunk to the next
        self._last = (-float("inf"), 0)  # when the last chunk at a pace was due, and its size

    @property
    def pace(self):
        """Batches per second, or None for full speed."""
        return self._pace

    @pace.setter
    def pace(self, value):
        self._pace = value
        self._wake.set()

    @property
    def closed(self):
        """The state that was asked for (``"paused"`` or ``"stopped"``), or None while open."""
        return self._closed

    def close(self, state):
        """Ask the loop to hold before its next chunk."""
        self._closed = state
        self._wake.set()

    def open(self, budget=None):
        """Let batches through, all of them or ``budget`` of them; a budget knows no pace."""
        self._closed, self._budget = None, budget
        self._last = (-float("inf"), 0)

    def measured(self, batches, seconds):
        """Take in how long a chunk took."""
        fitting = int(CHUNK_SECONDS * batches / max(seconds, 1e-9))
        self._size = max(1, min(fitting, 2 * self._size))

    def __call__(self, left):
        """Return how many of the ``left`` batches to train now; 0 means to hold."""
        count = min(left, self._size)
        if self._budget is not None:
            count = min(count, self._budget)
            self._budget -= count
        else:
            count = self._wait(count)
        return 0 if self._closed else count

    def _wait(self, count):
        """Wait until the batches before are due; return how many come next."""
        while (pace := self._pace) and not self._closed:
            began, batches = self._last
            due, now = began + batches / pace, perf_counter()
            if due <= now:
                count = min(count, max(1, int(pace * CHUNK_SECONDS)))
                # a late chunk does not make the next ones hurry
                self._last = (max(due, now - CHUNK_SECONDS), count)
                return count
            self._wake.wait(min(due - now, LONGEST_WAIT))
            self._wake.clear()
        self._last = (perf_counter(), count)
        return count
