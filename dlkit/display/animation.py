"""A short animation in a thread of its own: it ends by itself, on request, or with its lab."""

import threading

from dlkit import checks


class Animation:
    """Shows frames one after the other, at most one run at a time.

    Between two runs there is neither a thread nor a timer.

    Parameters
    ----------
    on_error : callable
        Called as ``on_error(error)``, in the thread, with what a frame raised. `wait` raises it
        too.
    """

    def __init__(self, on_error):
        self._on_error = on_error
        self._starting = threading.Lock()
        self._stop = threading.Event()
        self._thread = None
        self._error = None

    @property
    def running(self):
        """Whether frames are being shown."""
        return self._thread is not None and self._thread.is_alive()

    def start(self, frames, seconds):
        """Show the frames in a thread, unless a run is going already.

        Parameters
        ----------
        frames : generator
            Each ``next`` draws one frame. When the run is stopped it is closed.
        seconds : float
            Pause after each frame.

        Returns
        -------
        bool
            Whether this call has started it.
        """
        with self._starting:
            if self.running:
                return False
            self._error = None
            self._stop = threading.Event()
            self._thread = threading.Thread(
                target=self._play,
                args=(frames, seconds, self._stop),
                name="dlkit-animation",
                daemon=True,
            )
            self._thread.start()
        return True

    def stop(self):
        """End the run after the present frame, and wait until it has ended.

        Returns
        -------
        bool
            Whether there was one to end.
        """
        thread = self._thread
        if thread is None or not thread.is_alive():
            return False
        self._stop.set()
        if thread is not threading.current_thread():
            thread.join(timeout=5)
        return True

    def wait(self, timeout=None):
        """Wait until the run has ended, and raise what went wrong in it.

        Parameters
        ----------
        timeout : float, optional
            Seconds to wait at most.

        Returns
        -------
        bool
            Whether it has ended.
        """
        if timeout is not None:
            timeout = checks.number("timeout", timeout, minimum=0, maximum=threading.TIMEOUT_MAX)
        if self._thread is not None:
            self._thread.join(timeout)
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        return not self.running

    def _play(self, frames, seconds, stop):
        try:
            for _ in frames:
                if stop.wait(seconds):
                    break
        except Exception as error:  # noqa: BLE001 - nobody would hear of it in a thread
            self._error = error
            self._on_error(error)
        finally:
            frames.close()
