"""A progress bar for a run, in a terminal and in a notebook."""

from dlkit import checks
from dlkit.training.records import ChunkRecord, EpochRecord, Status


class ProgressBar:
    """Show a run as a bar of tqdm: give it to ``fit(callbacks=[…])`` or ``job.add_observer``.

    It counts batches, and says the epoch and the losses. In a notebook it appears in the cell that
    makes it, since a bar made by a training thread would land in whatever cell runs then.

    Parameters
    ----------
    file : text file, optional
        Where to write instead, as text; by default a widget in a notebook, and the standard error
        stream elsewhere.

    Raises
    ------
    TypeError
        If nothing can be written to ``file``.
    """

    def __init__(self, file=None):
        if file is not None and not hasattr(file, "write"):
            raise TypeError(f"file must be a text file or None, but got {checks.describe(file)}.")
        self._file = file
        self._values = {}
        self._bar = self._make()

    def __call__(self, record):
        """Take in a record, without checks."""
        if isinstance(record, ChunkRecord):
            done = record.step + len(record.losses)
            self._bar.set_description(f"epoch {record.epoch}", refresh=False)
            self._values["loss"] = f"{record.losses[-1]:.3g}"
            self._bar.set_postfix(self._values, refresh=False)
            self._bar.update(done - self._bar.n)
        elif isinstance(record, EpochRecord):
            self._values["loss"] = f"{record.loss:.3g}"
            if record.val_loss is not None:
                self._values["val_loss"] = f"{record.val_loss:.3g}"
            self._bar.set_postfix(self._values, refresh=False)
        elif isinstance(record, Status):
            self._change(record)

    def close(self):
        """Leave the bar as it is; a later run gets a new one."""
        self._bar.close()

    def _change(self, status):
        if status.state == "running":
            if self._bar.disable:  # the run before has closed it
                self._bar = self._make()
            done = max(status.epoch - 1, 0) * status.batches + status.batch
            self._bar.reset(total=status.epochs * status.batches)
            self._bar.initial = self._bar.n = done
        self._bar.refresh()
        if status.state in ("finished", "stopped", "failed"):
            self._bar.close()

    def _make(self):
        if self._file is not None:
            from tqdm import tqdm
        else:
            from tqdm.autonotebook import tqdm
        return tqdm(total=None, unit="batch", file=self._file, dynamic_ncols=self._file is None)
