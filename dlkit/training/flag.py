"""An event that an interrupt cannot break."""

from queue import Empty, SimpleQueue


class Flag:
    """What `threading.Event` is, for programs in which Ctrl+C may come at any moment.

    The one of Python takes a lock in Python code: an interrupt between taking it and noting that
    it is taken leaves it locked for ever, and every thread that asks the event next hangs. Here a
    waiting thread listens to a queue of its own, and queues of this kind are written in C.
    """

    def __init__(self, is_set=False):
        self._set = is_set
        self._bells = []

    def is_set(self):
        """Return whether it is set."""
        return self._set

    def clear(self):
        """Take it back."""
        self._set = False

    def set(self):
        """Set it, and wake all who wait."""
        self._set = True
        for bell in tuple(self._bells):
            bell.put(None)

    def wait(self, timeout):
        """Wait until it is set, so many seconds at most; return whether it is."""
        bell = SimpleQueue()
        try:
            self._bells.append(bell)
            if not self._set:  # asked after the bell hangs, so that no ring is missed
                bell.get(timeout=timeout)
        except Empty:
            pass
        finally:
            if bell in self._bells:
                self._bells.remove(bell)
        return self._set
