"""One BLAS thread for small matrices: sharing them out costs more than it gains."""

import contextlib
import functools
import sys
import threading

SHARED = 2**18  # multiplications in a batch from which on BLAS shares products among threads
SMALL = 2**25  # multiplications at once up to which one thread is faster than several


class OneThread:
    """Keep BLAS on one thread inside a ``with`` block.

    On a busy machine two threads make a small network 7 to 25 times slower. The limit belongs to
    the whole process: of several blocks at once, in whichever threads, the first sets it and the
    last one out lifts it.
    """

    _lock = threading.RLock()
    _inside = ()  # the blocks that hold the limit
    _before = None  # how many threads each library had without it

    def __enter__(self):
        frame = sys._getframe(1)
        thread = threading.get_ident()
        with self._lock:
            # an interrupt may cut a block off before its end: it is known by its frame
            inside = [block for block in self._inside if block.is_running()]
            self.thread, self.frame = thread, frame
            if OneThread._before is None:
                OneThread._before = [library.get_num_threads() for library in _libraries()]
            if not inside:
                _set([1] * len(self._before))
            OneThread._inside = (*inside, self)

    def __exit__(self, *error):
        with self._lock:
            OneThread._inside = tuple(block for block in self._inside if block is not self)
            self.frame = None
            if not self._inside and self._before is not None:
                _set(self._before)
                OneThread._before = None

    def is_running(self):
        """Return whether the block goes on: its frame is on the stack of its thread."""
        here = self.thread == threading.get_ident()
        frame = sys._getframe() if here else sys._current_frames().get(self.thread)
        while frame is not None and frame is not self.frame:
            frame = frame.f_back
        return frame is not None

    @classmethod
    def holds_here(cls):
        """Return whether a block goes on in this very thread."""
        thread = threading.get_ident()
        return any(block.thread == thread and block.is_running() for block in cls._inside)


@functools.cache
def _libraries():
    import threadpoolctl  # lazily: it looks through all loaded libraries

    return threadpoolctl.ThreadpoolController().select(user_api="blas").lib_controllers


def _set(numbers):
    for library, number in zip(_libraries(), numbers, strict=True):
        library.set_num_threads(number)
        # since 3.8 nobody else may set it until the thread that did says that it is done
        getattr(library, "clear_controlling_thread", lambda: None)()


def threads_for(network, samples):
    """Return what a network computes a batch within: one thread where that is faster.

    Parameters
    ----------
    network : Network
    samples : int
        In the batch.

    Returns
    -------
    context manager
        One that does nothing where BLAS shares nothing out, or is limited already.
    """
    shared = network.products * samples >= SHARED
    small = network.products_at_once * samples < SMALL
    if shared and small and not OneThread.holds_here():
        return OneThread()
    return contextlib.nullcontext()
