"""One BLAS thread for small matrices: sharing them out costs more than it gains."""

import functools
import threading

_lock = threading.Lock()
_now = {"blocks": 0, "limit": None}


@functools.cache
def _controller():
    import threadpoolctl  # lazily: it looks through all loaded libraries

    return threadpoolctl.ThreadpoolController().select(user_api="blas")


class OneThread:
    """Keep BLAS on one thread inside a ``with`` block.

    On a busy machine two threads make a small network 7 to 25 times slower. The limit belongs to
    the whole process: of several blocks at once the first sets it, and the last lifts it.
    """

    def __enter__(self):
        with _lock:
            if not _now["blocks"]:
                _now["limit"] = _controller().limit(limits=1)
            _now["blocks"] += 1

    def __exit__(self, *error):
        with _lock:
            _now["blocks"] -= 1
            if not _now["blocks"]:
                _now["limit"].restore_original_limits()
