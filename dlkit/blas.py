"""One BLAS thread for small matrices: sharing them out costs more than it gains."""

import contextlib
import functools
import threading

SHARED = 2**18  # multiplications in a product from which on BLAS shares it out among threads
SMALL = 2**25  # multiplications in a batch up to which one thread is faster than several

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
        One that does nothing where no product is shared out anyway: a limit takes 30 µs.
    """
    small = network.flat_parameters.size * samples < SMALL
    shared = network.products * samples >= SHARED
    return OneThread() if small and shared else contextlib.nullcontext()
