"""Keeps a run on the disk while it goes: when a checkpoint is made, and which ones stay."""

import contextlib
import json
from time import perf_counter

import numpy as np

from dlkit.training.checkpoint_match import describe_data, describe_model
from dlkit.training.progress import plain_record

SECONDS = 3.0  # within an epoch, at least so long from one checkpoint to the next
SHARE = 0.05  # of the training time that writing may take; an epoch of milliseconds writes rarely


class Keeper:
    """Writes the checkpoints of one job, in the thread that trains.

    Four stay: the start, with the initial weights; the best epoch so far; the last, and the one
    before it. What goes wrong is noted in the status, and the run goes on.

    Parameters
    ----------
    folder : CheckpointFolder
        Where to.
    engine : Engine
        Holds model, optimizer and random state.
    data : Data
        What it trains on.
    progress : Progress
        Holds the history; takes the notes.
    """

    def __init__(self, folder, engine, data, progress):
        self.folder = folder
        self._engine, self._progress = engine, progress
        self._made_with = {"model": describe_model(engine), "data": describe_data(data)}
        self._roles = {}  # "start", "best", "before", "last" -> number
        self._number = max(self.folder.numbers(), default=0)

    def begin(self, config, callbacks, place):
        """Stand before the first batch of a run; older checkpoints stay until it starts."""
        self._config, self._callbacks, self._place = config, callbacks, place
        self._started, self._best = False, None
        self._end, self._cost = perf_counter(), 0.0

    def go_on(self, roles):
        """Go on with a run that was read from the folder, whose checkpoints these are."""
        self._started, self._roles = True, dict(roles)

    def start(self):
        """Write the start of a fresh run, and remove what was there of another."""
        if self._started:
            return
        tree = {**self._capture("ready"), "weights": self._engine.weights()}
        self._roles = {}
        self._started = True
        with self._timed():
            if self._write(tree, "start"):
                self._clear()

    def offer(self, place):
        """Write a checkpoint if it is time; called by the loop after each chunk and each epoch."""
        ended = place.batch == 0
        if place.batch == self._engine.batches_per_epoch:
            return  # its end comes at once
        waited = perf_counter() - self._end
        due = waited >= max(self._cost / SHARE, 0.0 if ended else SECONDS)
        best = ended and self._progress.status.best_epoch == place.epoch - 1
        if not (due or best):
            return
        tree = self._capture("running")
        if not _all_finite(tree["engine"]):
            return  # the next loss will not be finite, and the run will end
        if best:
            self._best = tree
        if due:
            self._write_all(tree)

    def rest(self, over=False):
        """Write where the run rests; ``over`` says that it has come to its end."""
        self._write_all(self._capture(self._progress.status.state, over))

    def _write_all(self, tree):
        """Write the best epoch if it is a new one, then ``tree`` as the last."""
        with self._timed():
            if self._best is not None and self._best is not tree:
                if not self._write(self._best, "best"):
                    return
            same, self._best = self._best is tree, None
            before = self._roles.get("last")
            if self._write(tree, "last"):
                if same:
                    self._roles["best"] = self._roles["last"]
                if before is not None:
                    self._roles["before"] = before
                self._clear()

    @contextlib.contextmanager
    def _timed(self):
        """Note how long writing takes: it decides when it is time again."""
        began = perf_counter()
        try:
            yield
        finally:
            self._end = perf_counter()
            self._cost = self._end - began

    def _capture(self, state, over=False):
        """Return all that resuming needs; nothing in it changes when the run goes on."""
        callbacks = [
            callback.state() if hasattr(callback, "state") else dict(vars(callback))
            for callback in self._callbacks
        ]
        return {
            "state": state,
            "over": over,
            "place": dict(vars(self._place)),
            "engine": self._engine.snapshot(),
            "callbacks": callbacks,
            "progress": self._progress.memory(),
        }

    def _write(self, tree, role):
        """Write one checkpoint and return whether it is there; a fault is noted, and no more."""
        place, progress = tree["place"], tree["progress"]
        records = [plain_record(record) for record in progress["records"]]
        tree = {**tree, "progress": {**progress, "records": records}}
        header = {
            "about": f"A run of dlkit after {place['step']} steps: {place['epoch'] - 1} whole epochs "
            f"and {place['batch']} batches.",
            "role": role,
            "config": json.loads(self._config.to_json()),
            **self._made_with,
        }
        try:
            self._check_alone()
            self.folder.write(self._number + 1, header, tree)
        except Exception as error:  # noqa: BLE001 - a full disk, or whatever: the run goes on
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
            self._progress.note(
                f"The checkpoint could not be written: {reason.rstrip('.')}. {self._last_good()}"
            )
            return False
        self._number += 1
        self._roles[role] = self._number
        self._progress.note("")
        return True

    def _check_alone(self):
        """Raise if another run has written to the folder: neither may remove what the other keeps."""
        try:
            numbers = self.folder.numbers()
        except OSError:
            return  # writing says what is wrong with the folder
        if max(numbers, default=0) > self._number:
            raise FileExistsError(
                "another job has begun to write its checkpoints to this folder. Go on with that "
                "one, or give each job a folder of its own"
            )

    def _last_good(self):
        last = self._roles.get("last", self._roles.get("start"))
        with contextlib.suppress(OSError):
            if last in self.folder.numbers():
                return f"The last good one is {self.folder.name(last)}."
        return "There is none."

    def _clear(self):
        try:
            self.folder.keep_only(set(self._roles.values()))
        except OSError:
            return  # the folder has gone or cannot be listed: the next writing says so


def _all_finite(tree):
    if isinstance(tree, dict):
        return all(_all_finite(each) for each in tree.values())
    if isinstance(tree, list | tuple):
        return all(_all_finite(each) for each in tree)
    if isinstance(tree, np.ndarray) and tree.dtype.kind in "fc":
        return bool(np.isfinite(tree).all())
    return True
