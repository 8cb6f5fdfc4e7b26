"""Training that you can hold: a run in a background thread with start, pause, step and rewind."""

import contextlib
import threading
from time import perf_counter

from dlkit import checks
from dlkit.training import checkpoint_resume, owners
from dlkit.training.callbacks import standard_callbacks
from dlkit.training.checkpoint import Keeper
from dlkit.training.config import TrainingConfig, check_config
from dlkit.training.engine import engine_for
from dlkit.training.flag import Flag
from dlkit.training.gate import Gate
from dlkit.training.loop import Place, training_loop
from dlkit.training.progress import Progress
from dlkit.training.records import ChunkRecord, EndRecord
from dlkit.training.refusal import Refusal
from dlkit.training.validation_split import with_validation

STARTING = 1.0  # seconds that a thread may take to come to life


class TrainingJob:
    """One model, its data and its configuration, trained in a background thread.

    Each method may be called from any thread. One that cannot do what it is asked now (start what
    runs already, pause what does not run) returns a `Refusal`: it is false, and shows why, as
    ``status.message`` does; nothing else changes then.

    A model has one job at a time. A new job takes it over from one that is at rest, which then
    cannot go on in the middle of its run nor report on it, for the weights are no longer its own.
    It keeps history and diagnosis; its `rewind` takes the model back.

    Parameters
    ----------
    model : Network or keras.Model
        Trained in place. Its weights of this moment are the initial weights of the run.
    data : Data
        What it is trained and validated on.
    config : TrainingConfig, optional
        How; the defaults if left out.
    checkpoint_dir : str or path, optional
        A folder for checkpoints, without any yet. While the job trains it then writes down where
        the run is: where it rests, at the end of an epoch and every few seconds within one (less
        often where that would take more than a twentieth of the time). `from_checkpoint` goes on
        from there, also after a crash, to the same result to the bit.

    Raises
    ------
    TypeError, ValueError
        If the model, the data and the configuration do not fit each other.
    RuntimeError
        If another job is training the model.
    OSError
        If nothing can be written to ``checkpoint_dir``; as ``FileExistsError`` if another run
        has left its checkpoints there.

    Examples
    --------
    >>> job = TrainingJob(network, data, TrainingConfig(epochs=20))  # doctest: +SKIP
    >>> job.start()                                                  # doctest: +SKIP
    >>> job.wait()                                                   # doctest: +SKIP
    >>> job.history.best_epoch                                       # doctest: +SKIP
    """

    def __init__(self, model, data, config=None, checkpoint_dir=None):
        config = check_config(TrainingConfig() if config is None else config)
        owners.settle(model)
        folder = None
        if checkpoint_dir is not None:
            folder = checkpoint_resume.unused_folder(checkpoint_dir, config)
        self._lock = threading.Lock()  # one change of state at a time; not held while training
        self._model, self._data, self._config = model, data, config
        self._thread = None
        self._resting = Flag(True)  # set while no thread trains; unlike Thread.join, an
        # interrupted wait for it leaves no wrong answer behind (Python 3.11)
        self._gate = Gate()
        self._keeper = None
        try:
            with self._lock, owners.taken_over(model, self):
                self._engine = engine_for(model, data, config)
                self._progress = Progress(config, self._engine.batches_per_epoch)
                if folder is not None:
                    self._keeper = Keeper(folder, self._engine, data, self._progress)
                self._prepare("Ready.")
        except BaseException:
            if folder is not None:
                folder.withdraw()
            raise

    @classmethod
    def from_checkpoint(cls, checkpoint_dir, model, data):
        """Return a job that stands where the last good checkpoint of a folder was made.

        It has the configuration and the history of that run, is paused (or at its end), and goes
        on writing checkpoints; `resume` goes on to the same numbers, bit for bit, on the same
        machine. If the last checkpoint is damaged, the one before it is used, and
        ``status.message`` names the damaged file.

        Parameters
        ----------
        checkpoint_dir : str or path
            The folder that was given to the job.
        model : Network or keras.Model
            Built as then; its weights are replaced.
        data : Data
            The same as then.

        Returns
        -------
        TrainingJob

        Raises
        ------
        FileNotFoundError
            If there is no checkpoint.
        ValueError
            If all are damaged, or model or data are others; the model is unchanged then.
        """
        return checkpoint_resume.resume(cls, checkpoint_dir, model, data)

    @property
    def checkpoint_dir(self):
        """The folder of the checkpoints, a `Path`; None without checkpoints."""
        return None if self._keeper is None else self._keeper.folder.path

    model = property(lambda self: self._model, doc="The model that is trained, in place.")
    data = property(lambda self: self._data, doc="The data that it is trained on.")
    config = property(lambda self: self._config, doc="The configuration; see `reconfigure`.")
    engine = property(lambda self: self._engine, doc="The engine that trains the model.")
    status = property(lambda self: self._progress.status, doc="Where the job is now: a `Status`.")

    @property
    def history(self):
        """The numbers of the run up to now: a `History`."""
        return self._progress.history()

    @property
    def pace(self):
        """Batches per second, or None for full speed; may be set at any time."""
        return self._gate.pace

    @pace.setter
    def pace(self, value):
        hint = "Use None for full speed."
        self._gate.pace = (
            None if value is None else checks.number("pace", value, above=0, hint=hint)
        )

    @property
    def report(self):
        """The `Report` of the run up to now. Pause, stop or wait first: it uses the model.

        Raises ``RuntimeError`` while the job runs, and if another run has taken over the model.
        """
        self._must_rest("make a report")
        self._must_have_model()
        from dlkit.report import Report  # lazily: a report stands above training

        return Report(self._model, with_validation(self._data, self._config), self.history)

    @property
    def diagnosis(self):
        """What the numbers up to now say: a `Diagnosis`. Safe while the job runs."""
        from dlkit.training.diagnosis import diagnose

        return diagnose(self.history, with_validation(self._data, self._config))

    def evaluate(self, part="validation"):
        """Return loss and metrics with the weights of now; pause, stop or wait first.

        Parameters
        ----------
        part : {"train", "validation"}
            Which part of the data.

        Returns
        -------
        dict
            ``loss``, and ``accuracy`` or ``mae``.

        Raises
        ------
        RuntimeError
            While the job runs, and if another run has taken over the model.
        """
        checks.choice("part", part, ("train", "validation"))
        self._must_rest("evaluate")
        self._must_have_model()
        loss, metrics = self._engine.evaluate(part)
        return {"loss": loss, **metrics}

    def start(self):
        """Start the run, or go on where it was paused or stopped.

        After the end of a run it begins a fresh one, from the same initial weights (`rewind`).

        Returns
        -------
        bool
            True if this call has started it; a `Refusal` if it was running already. Of any number
            of simultaneous calls exactly one gets True.
        """
        return self._launch("The run is going already.", fresh_after_end=True)

    def resume(self):
        """Go on where the run was paused or stopped; begin it if it has not begun.

        Returns
        -------
        bool
            A `Refusal` if it is running already or has come to its end (`start` begins anew).
        """
        return self._launch("The run is going already.")

    def step(self, batches=None, epochs=None):
        """Train a few batches, at once and whatever the pace, then pause; returns when done.

        The step that ends an epoch includes its validation; the one that ends the run ends it.

        Parameters
        ----------
        batches : int, optional
            How many, 1 or more; 1 if left out.
        epochs : int, optional
            Train to the end of so many epochs instead, the one that is under way counts as one.

        Returns
        -------
        bool
            A `Refusal` if the job is running (pause it first) or has come to its end.

        Raises
        ------
        TypeError, ValueError
            If a number is not allowed, or both are given.
        Exception
            What went wrong in the training thread, as in `wait`.
        """
        budget = 1 if batches is None else checks.whole_number("batches", batches)
        if epochs is not None:
            if batches is not None:
                raise ValueError(
                    "step takes batches=… or epochs=…, and not both at once, but got "
                    f"batches={batches} and epochs={epochs}."
                )
            epochs = checks.whole_number("epochs", epochs)
            self._come_to_rest_if_held()
            status = self.status  # once: the next one may be of another moment
            size, done = status.batches, status.batch
            budget = epochs * size - (done if done < size else 0)
        launched = self._launch("The run is going already: pause it, then step.", budget)
        return launched and self.wait()

    def pause(self):
        """Ask the run to hold after the batches in hand, and to be ready to go on.

        Returns
        -------
        bool
            A `Refusal` if nothing runs. `wait` returns when the job has come to rest.
        """
        with self._lock:
            if not self._runs_freely():
                return self._decline("Nothing is running that could be paused.")
            self._gate.close("paused")
            return True

    def stop(self):
        """Ask the run to end after the batches in hand; `resume` can take it up again.

        The weights stay as they are then; those of the best epoch come back only at the end of a
        whole run.

        Returns
        -------
        bool
            A `Refusal` if nothing runs or is paused. `wait` returns when the job has come to rest.
        """
        with self._lock:
            if not self._resting.is_set() and self.status.state == "running":
                self._gate.close("stopped")
                return True
            if self.status.state != "paused":
                return self._decline("Nothing is running that could be stopped.")
            self._progress.rest("stopped", "stopped by hand")
        self._progress.tell_status()
        return True

    def rewind(self):
        """Go back to before the first batch: same initial weights, same order of batches.

        The next run then gives the same numbers, bit for bit. A run that is going is stopped first.
        A model that another job has taken over is taken back.

        Returns
        -------
        bool
            A `Refusal` only if called by an observer, from within the run, or while another job
            trains the model.
        """
        try:
            return self._rewind("Back at the initial weights.")
        except owners.ModelInUseError as error:
            return self._decline(str(error))

    def reconfigure(self, config):
        """Take another configuration and rewind, without building the model anew.

        Parameters
        ----------
        config : TrainingConfig
            For example ``job.config.replace(learning_rate=0.01)``.

        Raises
        ------
        RuntimeError
            If this job or another one is training the model.
        TypeError, ValueError
            If the model cannot be trained so; the job is unchanged then.
        """
        check_config(config)
        self._must_rest("reconfigure")
        self._rewind("Ready with the new configuration.", config)

    def wait(self, timeout=None):
        """Wait until the job has come to rest: finished, stopped, paused or failed.

        Interrupting the wait (the ■ button, Ctrl+C) pauses the run; `resume` goes on.

        Parameters
        ----------
        timeout : float, optional
            Seconds to wait at most.

        Returns
        -------
        bool
            True if it rests, False if the time was up.

        Raises
        ------
        Exception
            What went wrong in the training thread, if the run has failed.
        """
        if timeout is not None:
            timeout = checks.number("timeout", timeout, minimum=0)
        until = float("inf") if timeout is None else perf_counter() + timeout
        try:
            while not self._resting.is_set() and not self._inside():
                left = until - perf_counter()
                if left <= 0:
                    return False
                self._rests_within(min(0.1, left))  # Windows cannot interrupt a long wait
        except KeyboardInterrupt:
            paused = self.pause()  # False if it ends anyway
            self._resting.wait(1.0)
            if paused:
                self._progress.publish(message="Interrupted: the run is paused; resume() goes on.")
            raise
        if self.status.state == "failed":
            raise self._error
        return self._resting.is_set()

    def add_observer(self, observer):
        """Call ``observer(record)`` with each record from now on.

        Records are a `ChunkRecord` after some batches and an `EpochRecord` after an epoch, from the
        training thread, and the new `Status` at each change of state, from the thread that changed
        it. An observer that raises is dropped, and ``status.message`` says so.

        Parameters
        ----------
        observer : callable
            Should be quick: training waits for it.
        """
        if not callable(observer):
            raise TypeError(f"observer must be a function, but got {checks.describe(observer)}.")
        self._progress.add_observer(observer)

    def remove_observer(self, observer):
        """Call it no longer; one that is not there is no error."""
        self._progress.remove_observer(observer)

    def _come_to_rest_if_held(self):
        """Wait for the batches in hand if the run has been asked to pause or to stop."""
        with self._lock:
            held = not self._runs_freely()
        if held:
            self._come_to_rest()

    @contextlib.contextmanager
    def _at_rest(self):
        """Keep the job at rest during the block; raise ``RuntimeError`` if it is running."""
        with self._lock:
            if not self._resting.is_set():
                raise owners.ModelInUseError(
                    "Another job is training this model now: stop() that job first, or make a new "
                    "model."
                )
            yield

    def _launch(self, refusal, budget=None, fresh_after_end=False):
        """Start a thread that trains until it is held; return whether this call has."""
        while True:
            owners.settle(self._model, self)
            with self._lock:
                if self._runs_freely():
                    return self._decline(refusal)
                if self._resting.is_set():
                    if self._over and not fresh_after_end:
                        return self._decline(self._why_over())
                    mine = owners.owner(self._model) is self
                    if not mine and not self._over and self.status.state != "ready":
                        return self._decline(owners.why_not(self._model))
                    if self._over or not mine:
                        try:
                            self._begin_anew("")
                        except owners.ModelInUseError as error:
                            return self._decline(str(error))
                    self._set_going(budget)
                    return True
            if not self._come_to_rest():
                return self._decline("The run has not come to rest yet.")

    def _set_going(self, budget):
        """Start the thread (call with the lock held); the job is at rest again if that fails."""
        self._gate.open(budget)
        thread = threading.Thread(target=self._work, name="dlkit-training", daemon=True)
        try:
            self._thread, self._launched = thread, perf_counter()
            self._resting.clear()
            self._progress.go()
            thread.start()
        except BaseException as error:
            self._gate.close("stopped")
            if isinstance(error, KeyboardInterrupt):  # it may live already, and rests by itself
                self._resting.wait(1.0)
            if not thread.is_alive() and not self._resting.is_set():
                self._progress.rest("stopped", "no thread could be started")
                self._resting.set()
            raise

    def _work(self):
        """Train until the gate is closed or the run is over: what the thread does."""
        try:
            self._progress.tell_status()
            self._train()
            self._progress.tell_status()
        finally:
            self._resting.set()

    def _train(self):
        try:
            if self._keeper is not None:
                self._keeper.start()
            for record in self._loop:
                if record is None:
                    state = self._gate.closed or "paused"
                    self._progress.rest(state, "stopped by hand" if state == "stopped" else "")
                    if self._keeper is not None:
                        self._keeper.rest()
                    return
                if isinstance(record, EndRecord):
                    self._over = True
                    self._progress.rest(record.state, record.reason)
                    if self._keeper is not None:
                        self._keeper.rest(over=True)
                    return
                if isinstance(record, ChunkRecord):
                    self._gate.measured(len(record.batches), record.seconds)
                self._progress.take(record)
        except BaseException as error:  # noqa: BLE001 - whatever it is, wait() raises it
            self._error, self._over = error, True
            self._progress.fail(error)

    def _rewind(self, message, config=None):
        while True:
            owners.settle(self._model, self)
            with self._lock:
                if self._resting.is_set():
                    self._begin_anew(message, config)
                    break
                if not self._inside():
                    self._gate.close("stopped")
            if not self._come_to_rest():
                return self._decline("An observer cannot rewind the run that it watches.")
        self._progress.tell_status()
        return True

    def _begin_anew(self, message, config=None):
        """Have the model, and stand before the first batch (call with the lock held)."""
        over = self._over
        another = owners.owner(self._model) is not self
        # whoever interrupts the change leaves a job that begins anew, and not one that goes on
        # with the weights of another
        self._over = over or another
        try:
            with owners.taken_over(self._model, self):
                if config is not None:
                    self._engine.reconfigure(config)
                    self._config = config
                self._prepare(message)
        except Exception:
            if another:  # it has the model still
                self._over = over
            raise

    def _prepare(self, message):
        """Be ready before the first batch, at the initial weights."""
        config = self._config
        self._over = True  # whoever interrupts this leaves a job that begins anew
        self._engine.reset()
        self._line_up(standard_callbacks(config), Place())
        self._progress.begin(config, self._engine.batches_per_epoch, message)
        self._over, self._error = False, None

    def _line_up(self, callbacks, place):
        """Make the loop that begins at a place; the engine must stand there."""
        keep = None
        if self._keeper is not None:
            self._keeper.begin(self._config, callbacks, place)
            keep = self._keeper.offer
        parts = self._engine, self._config, self._gate, callbacks, place, keep
        self._loop = training_loop(*parts)

    def _go_on_from(self, found, folder):
        """Stand where a checkpoint was made (see `checkpoint_resume`)."""
        state = found.content["state"]
        callbacks = standard_callbacks(self._config)
        checkpoint_resume.load_callbacks(callbacks, state["callbacks"])
        place = Place(**state["place"])
        self._engine.begin_epoch(place.epoch)
        self._engine.restore(state["engine"])
        self._keeper = Keeper(folder, self._engine, self._data, self._progress)
        self._line_up(callbacks, place)
        self._keeper.go_on(found.roles)
        self._over = state["over"]
        rests = "paused" if state["state"] == "running" else state["state"]
        self._progress.recall(state["progress"], rests)
        self._progress.publish(message=checkpoint_resume.message(found, self.status))

    def _inside(self):
        """Whether the calling thread is the one that trains: an observer's call."""
        return self._thread is threading.current_thread()

    def _runs_freely(self):
        """Whether a run is going that nobody has asked to hold (call with the lock held)."""
        running = not self._resting.is_set() and self.status.state == "running"
        return running and not self._gate.closed

    def _come_to_rest(self):
        """Wait for the training thread to end; False at once if the call comes from inside it."""
        while not self._inside() and not self._rests_within(0.1):
            pass
        return self._resting.is_set()

    def _rests_within(self, seconds):
        """Wait for the training thread to end; return whether it has, or never came to be."""
        if self._resting.wait(seconds) or not self._is_lost():
            return self._resting.is_set()
        with self._lock:
            if self._is_lost():
                self._progress.rest("stopped", "interrupted before it began")
                self._resting.set()
        return self._resting.is_set()

    def _is_lost(self):
        """Whether no thread lives that could end the run: a second interrupt cut off `_set_going`."""
        going = not self._resting.is_set() and not self._thread.is_alive()
        return going and perf_counter() - self._launched > STARTING

    def _must_rest(self, what):
        with self._lock:
            free = self._runs_freely()
        if free or not self._come_to_rest():
            raise RuntimeError(f"The job is running: pause it, stop it or wait() to {what}.")

    def _must_have_model(self):
        if owners.owner(self._model) is not self:
            raise RuntimeError(
                "Another run has taken over this model since, so its weights are no longer those "
                "of this one, whose history and diagnosis are still here. Make a report before "
                "the next run, or give each run a model of its own."
            )

    def _why_over(self):
        if self.status.state in ("ready", "paused"):  # a rewind was interrupted half-way
            return "The run was interrupted on its way back to its beginning; start() begins anew."
        return "The run has come to its end; start() begins anew."

    def _decline(self, message):
        self._progress.publish(message=message)
        return Refusal(message)
