"""The numbers of each epoch as a table that any spreadsheet opens."""

import csv
import io

from dlkit import files
from dlkit.training.records import EpochRecord


class CSVLog:
    """Write one row an epoch to a CSV file: give it to ``fit(callbacks=[…])`` or ``add_observer``.

    The columns are those of Keras's ``CSVLogger``: ``epoch`` (counted from 0), the metrics by name;
    and ``learning_rate`` and ``seconds`` after them. A run that goes on from a checkpoint goes on
    in the same file: rows from its first epoch on are replaced, those before it stay.

    Parameters
    ----------
    path : str or path
        The file; its folder must exist.

    Raises
    ------
    TypeError, ValueError
        If ``path`` is no path.
    OSError
        If its folder does not exist, or it is a folder itself.
    """

    def __init__(self, path):
        self.path = files.check_target(path)
        self._last = None

    def __call__(self, record):
        """Take in a record; all but those of epochs are passed over without checks."""
        if not isinstance(record, EpochRecord):
            return
        row = _row(record)
        if self._last is None or record.epoch != self._last + 1:
            kept = _rows_before(self.path, record.epoch, list(row)) if record.epoch > 1 else []
            text = _as_text([list(row), *kept, row.values()]).encode()
            files.write_atomically(self.path, lambda file: file.write(text))
        else:
            with self.path.open("a", encoding="utf-8", newline="") as file:
                file.write(_as_text([row.values()]))
        self._last = record.epoch


def _row(record):
    row = {"epoch": record.epoch - 1, "loss": record.loss, **record.metrics}
    if record.val_loss is not None:
        row["val_loss"] = record.val_loss
        row |= {f"val_{name}": value for name, value in record.val_metrics.items()}
    return {**row, "learning_rate": record.learning_rate, "seconds": record.seconds}


def _rows_before(path, epoch, head):
    """Return the rows of earlier epochs, if the file has the same columns."""
    if not path.is_file():
        return []
    try:
        with path.open(encoding="utf-8", newline="") as file:
            found, *rows = csv.reader(file)
    except (ValueError, csv.Error):
        return []
    if found != head:
        return []
    return [row for row in rows if row and row[0].isdecimal() and int(row[0]) < epoch - 1]


def _as_text(rows):
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
