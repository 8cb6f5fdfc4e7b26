"""One BLAS thread for small matrices: sharing them out costs more than it gains."""

import functools
import threading

_taken = threading.Lock()  # held by the one block in the process that has set the limit


@functools.cache
def _controller():
    import threadpoolctl  # lazily: it looks through all loaded libraries

    return threadpoolctl.ThreadpoolController().select(user_api="blas")


class OneThread:
    """Keep BLAS on one thread inside a ``with`` block.

    On a busy machine two threads make a small network 7 to 25 times slower. The limit belongs to
    the whole process, and the thread that has set it must lift it: of several blocks at once one
    sets it, and the others run along.
    """

    def __enter__(self):
        self._limit = None
        if _taken.acquire(blocking=False):
            self._limit = _controller().limit(limits=1)
            self._limit.__enter__()

    def __exit__(self, *error):
        if self._limit is not None:
            self._limit.__exit__(*error)
            _taken.release()
