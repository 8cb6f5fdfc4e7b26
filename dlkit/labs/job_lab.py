"""A lab around one `TrainingJob`: Start, Pause, Stop, frames while it trains, wait, close."""

import functools
import threading
import time

from dlkit import checks
from dlkit.display.controls import button
from dlkit.labs.live import LiveLab
from dlkit.training.records import EpochRecord, Status


class JobLab(LiveLab):
    """Base of the labs that train one network, and show what it does while it learns.

    A lab supplies `_make_job`, and as it needs them `_on_epoch`, `_on_frame` and `_on_rest`. All four
    run where nothing else uses the network, so they may ask it for answers; `chart` may not.
    """

    def _make_job(self, settings):
        """Return a `TrainingJob` for the values of the controls."""
        raise NotImplementedError

    def _on_epoch(self, record):
        """Take in an `EpochRecord`, in the training thread."""

    def _on_frame(self):
        """Make ready what the next picture shows, in the training thread."""

    def _on_rest(self, status):
        """Take in that the run has come to rest: paused, stopped, finished or failed."""

    def prepare(self):
        super().prepare()
        self.job, self.settings = None, None  # settings: those that the run was started with
        self._starting = threading.Lock()

    def buttons(self):
        self._pause = button(
            "Pause", lambda: self.guard(self.pause), name="pause",
            help="Holds after the present batch; press again to go on.",
        )  # fmt: skip
        return [
            button(
                "Start", lambda: self.guard(self.run), name="start", main=True,
                help="Trains from the initial weights with the settings at the left.",
            ),
            self._pause,
            button(
                "Stop", lambda: self.guard(self.stop), name="stop",
                help="Ends the run after the present batch.",
            ),
        ]  # fmt: skip

    @property
    def run_state(self):
        """Where the run is: ``"ready"`` before the first one, else the state of its `Status`."""
        return "ready" if self.job is None else self.job.status.state

    def run(self):
        """Start a run with the present settings; a paused one with the same settings goes on.

        Returns
        -------
        bool
            True if this call has started it. While a run is going, a plain message says so.
        """
        self.say("")  # before the lock, so that it wipes no answer to a click that came second
        if not self._starting.acquire(blocking=False):
            self.say("A run is being started already.")
            return False
        try:
            if self._closed:
                return False
            if self.run_state == "running":
                self.say("A run is going already. Press Stop first, or watch it finish.")
                return False
            settings = self.controls.values()
            same = self.settings is not None and self.training_settings() == self.settings
            if self.run_state == "paused" and same:
                return self.job.resume()
            self._leave()
            job = self._make_job(settings)
            job.add_observer(functools.partial(self.guard, self._observe, job))
            self.job, self.settings = job, self.training_settings()
            self.set_pace()
            return job.start()
        finally:
            self._starting.release()

    def training_settings(self):
        """Return the values of the controls that decide a run: all but the pace."""
        return {name: value for name, value in self.controls.values().items() if name != "pace"}

    def pause(self):
        """Pause a run that is going; go on with one that is paused."""
        if self.run_state == "running":
            self.job.pause()
        elif self.run_state == "paused":
            self.job.resume()
        else:
            self.say("Nothing is running. Press Start.")

    def stop(self):
        """End the run after the present batch."""
        if self.run_state in ("running", "paused"):
            self.job.stop()
        else:
            self.say("Nothing is running that could be stopped.")

    def wait(self, timeout=None):
        """Wait until the run has come to rest.

        Parameters
        ----------
        timeout : float, optional
            Seconds to wait at most.

        Returns
        -------
        bool
            Whether it rests.
        """
        if timeout is not None:
            timeout = checks.number("timeout", timeout, minimum=0)
        return True if self.job is None else self.job.wait(timeout)

    def set_pace(self):
        """Give the run the pace that its control says, in epochs a second; 0 is full speed."""
        if self.job is not None:
            pace = self.controls.pace.value * self.job.engine.batches_per_epoch
            self.job.pace = pace or None

    def close(self):
        """Stop what runs, and remove the lab from the page."""
        super().close()  # first, so that nothing is drawn for nobody
        if self.job is not None:
            self.job.stop()

    def _leave(self):
        """Wait for the thread of the last run, whose settings no longer count."""
        if self.job is not None:
            self.job.stop()
            if self.job.status.state != "failed":
                self.job.wait(60)

    def _observe(self, job, record):
        if self._closed or job is not self.job:
            return
        if isinstance(record, Status):
            if record.state != "running":
                self._on_rest(job.status)
            self._pause.description = "Resume" if record.state == "paused" else "Pause"
            if job.status.error:
                self.say(job.status.error, problem=True)
            self.refresh()
            return
        if isinstance(record, EpochRecord):
            self._on_epoch(record)
            if self._frame_is_due(time.perf_counter()):
                self._on_frame()
                self._draw_frame()
