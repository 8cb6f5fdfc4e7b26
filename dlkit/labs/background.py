"""A lab that computes in a thread of its own: Start, Stop, frames while it works, wait, close."""

import threading
import time

from dlkit import checks
from dlkit.display.controls import button
from dlkit.labs.live import LiveLab


class BackgroundLab(LiveLab):
    """Base of the labs that train several networks at once, away from the learner's cell.

    A lab supplies `_work`; whatever it shows it keeps in attributes that are replaced as a whole,
    so that the drawing thread never sees half of a change.
    """

    start_help = "Computes with the settings at the left, in the background."
    stop_help = "Ends the work after the present epoch; what is there already stays."

    def _work(self, settings):
        """Do the work in small parts, and yield after each.

        Parameters
        ----------
        settings : dict
            Values of the controls when it was started.

        Yields
        ------
        None
            The lab is drawn, and Stop is heard, between two parts.
        """
        raise NotImplementedError

    def prepare(self):
        super().prepare()
        self._starting = threading.Lock()
        self._halt = threading.Event()
        self._thread, self._failure = None, None

    def buttons(self):
        return [
            button(
                "Start", lambda: self.guard(self.run), name="start", main=True, help=self.start_help
            ),
            button("Stop", lambda: self.guard(self.stop), name="stop", help=self.stop_help),
        ]  # fmt: skip

    @property
    def running(self):
        """Whether the lab is at work."""
        thread = self._thread
        return thread is not None and thread.is_alive()

    def run(self):
        """Start the work with the present settings; see `wait`.

        Returns
        -------
        bool
            True if this call has started it. While work is going on, a plain message says so.
        """
        with self._starting:
            if self._closed:
                return False
            if self.running:
                self.say("It is at work already. Press Stop first, or watch it finish.")
                return False
            self.say("")
            self._halt, self._failure = threading.Event(), None
            self._thread = threading.Thread(
                target=self._run, args=(self.controls.values(), self._halt), daemon=True,
                name=f"dlkit-{type(self).__name__}",
            )  # fmt: skip
            self._thread.start()
            return True

    def stop(self):
        """End the work after its present part."""
        if self.running:
            self._halt.set()
        else:
            self.say("Nothing is running that could be stopped.")

    def wait(self, timeout=None):
        """Wait until the work has come to rest.

        Parameters
        ----------
        timeout : float, optional
            Seconds to wait at most.

        Returns
        -------
        bool
            Whether it rests.

        Raises
        ------
        Exception
            What went wrong in the thread, if something did.
        """
        if timeout is not None:
            timeout = checks.number("timeout", timeout, minimum=0, maximum=threading.TIMEOUT_MAX)
        thread = self._thread  # the thread takes itself away when it ends
        if thread is not None:
            thread.join(timeout)
        if self._failure is not None and not self.running:
            raise self._failure
        return not self.running

    def close(self):
        """End the work, and remove the lab from the page."""
        super().close()
        self._halt.set()

    def _run(self, settings, halt):
        try:
            for _ in self._work(settings):
                if halt.is_set() or self._closed:
                    break
                if self._frame_is_due(time.perf_counter()):
                    self._draw_frame()
        except Exception as error:  # noqa: BLE001 - an exception in a thread reaches nobody else
            self._failure = error
            self.say(str(error) or type(error).__name__, problem=True)
        finally:
            self._thread = None if self._thread is threading.current_thread() else self._thread
            self.guard(self.refresh)
