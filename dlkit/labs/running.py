"""What a lab that trains is made of: the buttons around a `TrainingJob`, and its live picture."""

import contextlib
import functools
import threading
import time

from dlkit import checks, datasets
from dlkit.labs.architectures import build_model
from dlkit.labs.live import LiveLab
from dlkit.labs.training_chart import Run
from dlkit.labs.training_controls import run_buttons
from dlkit.labs.training_runs import KEPT, KeptRun, config_of, job_key, made_by
from dlkit.report.script import export_script
from dlkit.training.job import TrainingJob
from dlkit.training.records import EpochRecord, Status

_DIAGNOSIS_SECONDS = 1.0  # it costs milliseconds, and nobody reads faster
_BUILDING = "Building the network, which takes Keras a few seconds …"


class RunningLab(LiveLab):
    """Base of a lab that trains: Start, Pause, Step, Stop and Rewind, and the run in a thread.

    A lab supplies `report` and `live_diagnosis`, besides what `Lab` asks for, and has at least the
    controls of `dlkit.labs.training_controls`.
    """

    def prepare(self):
        super().prepare()
        self._jobs = {}
        self._runs = ()
        self._number = 0
        self._settings = None
        self._starting = threading.Lock()
        self._diagnosed = 0.0
        self._report = self._diagnosis = ""
        self.job = self._job_for(self.controls.values())

    def buttons(self):
        self._buttons = run_buttons(self)
        return list(self._buttons.values())

    # What a lab supplies

    def report(self):
        """Return the report of the run that has ended, as HTML."""
        return ""

    def live_diagnosis(self):
        """Return what the numbers of the run that goes on say so far, as HTML."""
        return ""

    # What the buttons do; each may be called from a cell just as well

    def run(self):
        """Start a run with the present settings; a paused one with the same settings goes on.

        See `wait`. A paused run with other settings is kept among the earlier runs.

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
            state = self.job.status.state
            if state == "running":
                self.say("A run is going already. Press Stop first, or watch it finish.")
                return False
            if state == "paused" and made_by(self._settings) == made_by(self.controls.values()):
                return self.job.resume()
            self._begin()
            return self.job.start()
        finally:
            self._starting.release()

    def pause(self):
        """Pause a run that is going; go on with one that is paused."""
        state = self.job.status.state
        if state == "running":
            self.job.pause()
        elif state == "paused":
            self.job.resume()
        else:
            self.say("Nothing is running. Press Start.")

    def step(self, batches=1):
        """Train one batch (or several), then wait.

        Parameters
        ----------
        batches : int
            How many.
        """
        batches = checks.whole_number("batches", batches)
        with self._starting:  # Keras takes seconds to build: whoever starts meanwhile is waited for
            if self.job.status.state == "running":
                self.job.pause()
                self.job.wait(5)
            if self.job.status.state != "paused":
                self._begin()
        self.say("")
        self.job.step(batches)
        self.refresh()

    def stop(self):
        """End the run after the present batch."""
        if self.job.status.state in ("running", "paused"):
            self.job.stop()
        else:
            self.say("Nothing is running that could be stopped.")

    def rewind(self):
        """Go back to the initial weights; a run that has got somewhere is kept."""
        if self.job.status.state == "running":
            self.job.pause()
            self.job.wait(5)
        self._remember()
        self.job.rewind()
        self._settings, self._report, self._diagnosis = None, "", ""
        self.say("")
        self.refresh()

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
        return self.job.wait(timeout)

    def export_script(self, path, framework="dlkit"):
        """Write the present run as a Python file that reproduces its numbers.

        Parameters
        ----------
        path, framework
            See `dlkit.export_script`.

        Returns
        -------
        list of pathlib.Path
            The script, and the files beside it that it needs.
        """
        return export_script(self.job, path, framework)

    def forget(self):
        """Clear the list of earlier runs."""
        self._runs, self._report = (), ""
        self.say("")
        self.refresh()

    @property
    def runs(self):
        """The runs that have ended, oldest first: tuple of `KeptRun`."""
        return self._runs

    def close(self):
        """Stop what runs, and remove the lab from the page."""
        super().close()  # first, so that no report is written for nobody
        for job in self._jobs.values():
            job.stop()

    # The run

    def _job_for(self, settings):
        key, config = job_key(settings), config_of(settings)
        if key not in self._jobs:
            data = datasets.get(settings["dataset"])
            model = build_model(settings["architecture"], settings["engine"], data, key[-1])
            job = TrainingJob(model, data, config)
            job.add_observer(functools.partial(self.guard, self._observe, job))
            if len(self._jobs) >= 4:  # a compiled Keras model takes megabytes
                self._jobs.pop(next(iter(self._jobs)))
            self._jobs[key] = job
        elif self._jobs[key].config != config:
            self._jobs[key].reconfigure(config)
        else:
            self._jobs[key].rewind()
        return self._jobs[key]

    def _begin(self):
        with contextlib.suppress(Exception):  # a failed run has been told of already
            self.job.wait(60)  # until its report is written
        self._remember()
        settings = self.controls.values()
        if settings["engine"] == "keras" and job_key(settings) not in self._jobs:
            self.say(_BUILDING)
        self.job = self._job_for(settings)
        if self.message == _BUILDING:
            self.say("")
        self._settings, self._report, self._diagnosis = settings, "", ""
        self._number = 1 + max((run.number for run in self._runs), default=0)
        self._set_pace()

    def _set_pace(self):
        self.job.pace = self.controls.pace.value or None

    def _observe(self, job, record):
        if self._closed or job is not self.job:
            return
        now = time.perf_counter()
        if isinstance(record, Status):
            self._on_status(job.status)  # of now: another thread may have told a later one
        elif isinstance(record, EpochRecord) and now - self._diagnosed >= _DIAGNOSIS_SECONDS:
            self._diagnosed = now
            self._show_diagnosis()
        elif self._frame_is_due(now):
            self._draw_frame()

    def _show_diagnosis(self):
        """Write from the training thread what the run looks like so far."""
        self._diagnosis = self.live_diagnosis()
        with self._brush() as free:
            if free:
                self._details.value = self.details()

    def _on_status(self, status):
        self._buttons["pause"].description = "Resume" if status.state == "paused" else "Pause"
        if status.error:
            self.say(status.error, problem=True)
        if status.state in ("finished", "stopped") and self._settings is not None:
            self._remember()
            self._diagnosis = ""
            if len(self.job.history.batch_losses):
                self._report = self.report()
        elif status.state == "paused":
            self._diagnosis = self.live_diagnosis()
        self.refresh()

    def _drawable(self, history, label):
        return Run(label, history, self.job.engine.batches_per_epoch, self._number - 1)

    def _remember(self):
        """Keep the present run among the earlier ones, if it has got through an epoch."""
        if self._settings is None or not len(self.job.history):
            return
        kept = self._kept()
        others = tuple(run for run in self._runs if run.number != kept.number)
        self._runs = (*others, kept)[-KEPT:]

    def _kept(self):
        """Return the present run as it would be kept."""
        history, number = self.job.history, self._number
        return KeptRun(
            number,
            self._settings,
            history,
            self.job.diagnosis.label,
            self._drawable(history, f"run {number}"),
        )
