"""What a job knows about its run: status, history, and the observers that are told."""

import logging
import threading
from time import perf_counter

from dlkit.training.callbacks import sentence
from dlkit.training.layer_records import LayerRecord
from dlkit.training.records import ChunkRecord, EpochRecord, Recorder, Status

_log = logging.getLogger("dlkit.training")


class Progress:
    """Enters the loop's records into history and status, and shows them to observers.

    Parameters
    ----------
    config : TrainingConfig
        The configuration of the run.
    batches : int
        Batches of an epoch.
    """

    def __init__(self, config, batches):
        self._lock = threading.Lock()  # held only to replace a value, never while calling others
        self._observers = ()
        self._said = ""  # the message, without the notes
        self._notes = {}  # stay at the end of every message until they are withdrawn
        self.begin(config, batches, "Ready.")

    def begin(self, config, batches, message):
        """Forget the run before, and stand before the first batch of a new one."""
        self._config, self._recorder = config, Recorder(config)
        self._elapsed = self._sum = 0.0
        with self._lock:
            self._notes.pop("observers", None)
            self._said = message
            self.status = Status(epochs=config.epochs, batches=batches, message=self._words())

    def history(self):
        """Return the `History` up to now."""
        return self._recorder.history()

    def publish(self, **changes):
        """Replace the status by one with some values changed, as one step."""
        with self._lock:
            if "message" in changes:
                self._said = changes["message"]
                changes["message"] = self._words()
            self.status = Status(**{**vars(self.status), **changes})

    def note(self, words):
        """Add some words to this message and to all that follow; "" withdraws them."""
        with self._lock:
            if words != self._notes.get("checkpoint", ""):
                self._notes["checkpoint"] = words
                self.status = Status(**{**vars(self.status), "message": self._words()})

    def _words(self):
        """Return the message with all notes (call with the lock held)."""
        return " ".join(filter(None, (self._said, *self._notes.values())))

    def memory(self):
        """Return all that `recall` needs to go on in another process; records as they are."""
        records, losses, reason = self._recorder.memory()
        status = {**vars(self.status), "message": "", "error": None}
        return {
            "records": records,
            "losses": losses,
            "reason": reason,
            "status": status,
            "sum": self._sum,
        }

    def recall(self, memory, state):
        """Stand where `memory` was taken, in the given state."""
        records = [_record(**record) for record in memory["records"]]
        self._recorder.recall(records, memory["losses"], memory["reason"])
        self._sum, self._elapsed = memory["sum"], memory["status"]["elapsed"]
        with self._lock:
            self._said = memory["status"]["message"]
            self.status = Status(**{**memory["status"], "state": state})

    def go(self):
        """Note that training begins or goes on; pauses do not count as elapsed."""
        self._mark = perf_counter()
        self._recorder.end("")
        self.publish(state="running", message="Training.")

    def rest(self, state, reason):
        """Note that the job rests now, and why; a pause has no reason."""
        self._recorder.end(reason)
        message = f"{state.capitalize()}: {reason}." if reason else f"{state.capitalize()}."
        done = {"remaining": 0.0} if state == "finished" else {}
        self.publish(state=state, message=message, **done)

    def fail(self, error):
        """Note in words that an exception has ended the run."""
        now = self.status
        place = f"after epoch {now.epoch}, batch {now.batch}" if now.epoch else "at its start"
        words = f"Training failed {place}: {error} ({type(error).__name__})"
        self._recorder.end(words)
        self.publish(state="failed", error=words, message=words)

    def take(self, record):
        """Enter a `ChunkRecord` or an `EpochRecord`, then tell the observers."""
        now = perf_counter()
        self._elapsed += max(now - self._mark, 0.0)  # a virtual machine's clock may jump
        self._mark = now
        if isinstance(record, ChunkRecord):
            self._take_chunk(record)
        elif isinstance(record, EpochRecord):
            self._take_epoch(record)
        self.tell(record)

    def tell(self, record):
        """Call every observer; one that raises is dropped and noted in the status."""
        for observer in self._observers:
            try:
                observer(record)
            except Exception as error:  # noqa: BLE001 - a faulty observer must not end the run
                self.remove_observer(observer)
                words = f"{error} ({type(error).__name__})"
                words = f"An observer was dropped because it failed: {words}."
                _log.warning("%s", words)  # seen at once, also in a script
                with self._lock:
                    before = self._notes.get("observers", "")
                    self._said, self._notes["observers"] = "", f"{before} {words}".lstrip()
                    self.status = Status(**{**vars(self.status), "message": self._words()})

    def tell_status(self):
        """Tell the observers the status of now."""
        if self._observers:
            self.tell(self.status)

    def add_observer(self, observer):
        """Tell ``observer`` from now on."""
        with self._lock:
            self._observers = (*self._observers, observer)

    def remove_observer(self, observer):
        """Tell it no longer."""
        with self._lock:
            self._observers = tuple(each for each in self._observers if each != observer)

    def _take_chunk(self, record):
        self._recorder.chunk(record)
        batch, batches = record.batches.stop - 1, self.status.batches
        self._sum = float(record.losses.sum()) + (self._sum if record.batches.start > 1 else 0.0)
        steps = (record.epoch - 1) * batches + batch
        self.publish(
            epoch=record.epoch,
            batch=batch,
            loss=self._sum / batch,
            elapsed=self._elapsed,
            remaining=self._elapsed * (self._config.epochs * batches / steps - 1),
        )

    def _take_epoch(self, record):
        self._recorder.epoch(record)
        validation = {f"val_{name}": value for name, value in record.val_metrics.items()}
        self.publish(
            loss=record.loss,
            val_loss=record.val_loss,
            metrics={**record.metrics, **validation},
            best_epoch=self._recorder.best_epoch,
            elapsed=self._elapsed,
            message=sentence(record, self._config.epochs),
        )


def plain_record(record):
    """Return an `EpochRecord` as a dictionary of plain values."""
    return {**vars(record), "layers": [dict(vars(layer)) for layer in record.layers]}


def _record(layers=(), **values):
    """Return the `EpochRecord` of such a dictionary; older checkpoints have no layers in it."""
    return EpochRecord(**values, layers=tuple(LayerRecord(**layer) for layer in layers))
