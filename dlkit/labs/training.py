"""TrainingLab: choose data, a network and its settings, press Start, and watch it learn."""

import contextlib
import functools
import threading
import time
from dataclasses import dataclass

from dlkit import checks, datasets
from dlkit.display.controls import button
from dlkit.display.lab import Lab
from dlkit.labs.architectures import ARCHITECTURES, build_model, check_fit
from dlkit.labs.goals import Goal
from dlkit.labs.training_chart import Run, training_chart
from dlkit.labs.training_controls import control_groups
from dlkit.labs.training_words import progress_sentence, report_html, runs_table
from dlkit.report.script import export_script
from dlkit.training.config import TrainingConfig
from dlkit.training.job import TrainingJob
from dlkit.training.records import Status

_FRAME_SECONDS = 1 / 12  # ten a second reach the page, also when a chunk ends late
_SENTENCE_SECONDS = 0.5
_RUNS_KEPT = 5
_BUILDING = "Building the network, which takes Keras a few seconds …"
_VIEW = ("pace", "overlay")  # how one looks at a run, not what it is


@dataclass(frozen=True)
class KeptRun:
    """A run that has ended, with the settings that made it.

    Parameters
    ----------
    number : int
        Counted from 1.
    settings : dict
        Values of the controls when it was started.
    history : History
        Its numbers.
    diagnosis : str
        The label of its diagnosis.
    drawn : Run
        The same, ready to be drawn.
    """

    number: int
    settings: dict
    history: object
    diagnosis: str
    drawn: Run


class TrainingLab(Lab):
    """Train a network on real data, and watch loss and accuracy while it learns.

    Parameters
    ----------
    goal : Goal or dict, optional
        What to reach; the lab says when it is reached.
    challenge : str, optional
        The goal in words of your own.
    **values
        Opening values of the controls: ``dataset architecture engine epochs learning_rate
        batch_size optimizer early_stopping seed pace overlay``.

    Examples
    --------
    >>> lab = TrainingLab(epochs=5, pace=0.0)   # doctest: +SKIP
    >>> lab.run(); lab.wait()                   # doctest: +SKIP
    >>> print(lab.summary())                    # doctest: +SKIP
    """

    title = "Training lab"
    question = "How do epochs, learning rate and batch size change the way a network learns?"

    def __init__(self, *, goal=None, challenge=None, **values):
        if goal is None:
            goal = Goal(at_least=0.96, within_epochs=10, changing_only=("learning_rate",))
        self.goal = Goal.from_value(goal)
        challenge = self.goal.sentence() if challenge in (None, "") else challenge
        super().__init__(challenge=challenge, **values)

    def control_groups(self):
        return control_groups()

    def prepare(self):
        self._jobs = {}
        self._runs = ()
        self._number = 0
        self._settings = None
        self._switched = False
        self._opening = self.controls.values()
        self._starting = threading.Lock()
        self._drawn = self._spoken = 0.0
        self._report = ""
        self._follow_architecture()
        self.job = self._job_for(self.controls.values())

    def buttons(self):
        self._buttons = {
            "start": button(
                "Start", lambda: self.guard(self.run), name="start", main=True,
                help="Trains from the initial weights with the settings at the left.",
            ),
            "pause": button(
                "Pause", lambda: self.guard(self.pause), name="pause",
                help="Holds after the present batch; press again to go on.",
            ),
            "step": button(
                "Step", lambda: self.guard(self.step), name="step",
                help="Trains one single batch, then waits.",
            ),
            "stop": button(
                "Stop", lambda: self.guard(self.stop), name="stop",
                help="Ends the run after the present batch and writes the report.",
            ),
            "rewind": button(
                "Rewind", lambda: self.guard(self.rewind), name="rewind",
                help="Back to the same initial weights, before the first batch.",
            ),
            "forget": button(
                "Forget runs", lambda: self.guard(self.forget), name="forget",
                help="Clears the list of earlier runs.",
            ),
        }  # fmt: skip
        return list(self._buttons.values())

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
            if state == "paused" and _made_by(self._settings) == _made_by(self.controls.values()):
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
        self._settings, self._report = None, ""
        self.say("")
        self.refresh()

    def forget(self):
        """Clear the list of earlier runs."""
        self._runs, self._report = (), ""
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

    @property
    def runs(self):
        """The runs that have ended, oldest first: tuple of `KeptRun`."""
        return self._runs

    def close(self):
        """Stop what runs, and remove the lab from the page."""
        super().close()  # first, so that no report is written for nobody
        for job in self._jobs.values():
            job.stop()

    def changed(self, name):
        if name == "pace":
            self._set_pace()
        if name in _VIEW:
            return
        if name == "architecture":
            self._follow_architecture()
        if name == "engine":
            self._switched = False
        settings = self.controls.values()
        data = datasets.get(settings["dataset"])
        check_fit(settings["architecture"], settings["engine"], data)
        if self.job.status.state in ("running", "paused"):
            self.say("The new settings take effect with the next Start.")
        elif self._settings is not None:
            self.say("The picture still shows the last run. Press Start for the new settings.")

    def _follow_architecture(self):
        """Switch to Keras for a network that only Keras builds, and back to NumPy after it."""
        chosen, engine = ARCHITECTURES[self.controls.architecture.value], self.controls.engine
        if chosen.hidden is None and engine.value == "numpy":
            engine.value = "keras"
            self._switched = True
            self.say(f"{chosen.label}: the engine is now Keras.")
        elif chosen.hidden is not None and self._switched:
            engine.value = "numpy"

    def state(self):
        return {
            **super().state(),
            "goal": self.goal.to_dict(),
            "challenge": self.challenge,
            "opening": self._opening,
        }

    @classmethod
    def from_state(cls, state):
        cls.check_state(state)
        lab = cls(goal=state.get("goal"), challenge=state.get("challenge"), **state["controls"])
        opening = state.get("opening", {})
        if not isinstance(opening, dict):
            raise TypeError(
                "The entry opening of state must be a dictionary of values of controls, but got "
                f"{checks.describe(opening)}."
            )
        for name in opening:
            checks.choice("a name in opening", name, lab._opening)
        lab._opening = {**lab._opening, **opening}
        return lab

    def met(self):
        return self._settings is not None and not self._verdict()

    def _verdict(self):
        return self.goal.verdict(
            self.job.history, _made_by(self._opening), _made_by(self._settings)
        )

    # The picture and the words

    def chart(self):
        settings = self._settings or self.controls.values()
        metric = "accuracy" if self.job.data.task_type == "classification" else "mae"
        runs = [run.drawn for run in self._shown_runs()]
        present = self._drawable(self.job.history, f"run {self._number}" if runs else "")
        return training_chart(
            [*runs, present],
            epochs=settings["epochs"],
            metric=metric,
            summary=self._words(),
        )

    def details(self):
        return self._report + runs_table(self._runs)

    def _words(self):
        words = progress_sentence(self.job.status, self.job.history)
        over = self.job.status.state in ("finished", "stopped") and self._settings is not None
        return f"{words} {self._verdict()}".strip() if over else words

    def _shown_runs(self):
        """Return the earlier runs on the same data, for only they can be compared."""
        if not self.controls.overlay.value or self._settings is None:
            return ()
        return [
            run
            for run in self._runs
            if run.number != self._number and run.settings["dataset"] == self._settings["dataset"]
        ]

    def _drawable(self, history, label):
        return Run(label, history, self.job.engine.batches_per_epoch, self._number - 1)

    # The run

    def _job_for(self, settings):
        key = _job_key(settings)
        config = TrainingConfig(
            **{
                name: settings[name]
                for name in (
                    "epochs", "learning_rate", "batch_size", "optimizer", "early_stopping", "seed"
                )
            }
        )  # fmt: skip
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
        if self._is_new(settings):
            self.say(_BUILDING)
        self.job = self._job_for(settings)
        if self.message == _BUILDING:
            self.say("")
        self._settings, self._report = settings, ""
        self._number = 1 + max((run.number for run in self._runs), default=0)
        self._set_pace()

    def _is_new(self, settings):
        return settings["engine"] == "keras" and _job_key(settings) not in self._jobs

    def _set_pace(self):
        self.job.pace = self.controls.pace.value or None

    def _observe(self, job, record):
        if self._closed or job is not self.job:
            return
        if isinstance(record, Status):
            self._on_status(job.status)  # of now: another thread may have told a later one
        elif time.perf_counter() - self._drawn >= _FRAME_SECONDS:
            self._draw_frame()

    def _draw_frame(self):
        """Draw curves from the training thread, unless another thread is drawing just now."""
        if not self._drawing.acquire(blocking=False):
            return
        try:
            self._drawn = time.perf_counter()
            if self._closed:
                return
            speak = self._drawn - self._spoken >= _SENTENCE_SECONDS
            self._spoken = self._drawn if speak else self._spoken
            self.draw(speak=speak)
        finally:
            self._drawing.release()

    def _on_status(self, status):
        self._buttons["pause"].description = "Resume" if status.state == "paused" else "Pause"
        if status.error:
            self.say(status.error, problem=True)
        if status.state in ("finished", "stopped") and self._settings is not None:
            self._remember()
            if len(self.job.history.batch_losses):
                self._report = report_html(self.job)
        self.refresh()

    def _remember(self):
        """Keep the present run among the earlier ones, if it has got through an epoch."""
        history = self.job.history
        if self._settings is None or not len(history):
            return
        kept = KeptRun(
            self._number,
            self._settings,
            history,
            self.job.diagnosis.label,
            self._drawable(history, f"run {self._number}"),
        )
        others = tuple(run for run in self._runs if run.number != self._number)
        self._runs = (*others, kept)[-_RUNS_KEPT:]


def _job_key(settings):
    """Return what a model is built from: runs that agree in it share one."""
    return tuple(settings[name] for name in ("dataset", "architecture", "engine", "seed"))


def _made_by(settings):
    """Return the settings that decide a run, without those of how one looks at it."""
    return {name: value for name, value in (settings or {}).items() if name not in _VIEW}
