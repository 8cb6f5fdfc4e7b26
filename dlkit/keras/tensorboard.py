"""Event files for TensorBoard from any run of the kit, whichever engine trains it."""

import numpy as np

from .. import files
from ..training.records import ChunkRecord, EpochRecord, Status


class TensorBoardLog:
    """Write what TensorBoard shows: give it to ``fit(callbacks=[…])`` or ``job.add_observer``.

    Tags and folders are those of Keras's own ``TensorBoard`` callback (use that one with a model's
    ``fit``), so that runs of both lie over each other: ``train/`` and ``validation/`` with
    ``epoch_loss``, ``epoch_accuracy`` …, and ``batch_loss`` in ``train/``. Look at them with
    ``tensorboard --logdir folder`` (a package of its own, which writing does not need).

    Parameters
    ----------
    folder : str or path
        Where to; made where it is missing.

    Raises
    ------
    TypeError, ValueError
        If ``folder`` is no path.
    ImportError
        If TensorFlow is not installed: it writes the files.
    OSError
        If the folder cannot be made.
    """

    def __init__(self, folder):
        self.folder = files.check_path(folder, "folder")
        if self.folder.exists() and not self.folder.is_dir():
            raise NotADirectoryError(f"folder must be a folder, but {self.folder} is a file.")
        try:
            import tensorflow as tf
        except ImportError:
            raise ImportError(
                "TensorBoardLog needs TensorFlow, which writes the files. Use CSVLog instead."
            ) from None
        self.folder.mkdir(parents=True, exist_ok=True)
        self._tf, self._writers = tf, {}
        self._metadata = tf.compat.v1.SummaryMetadata()
        self._metadata.plugin_data.plugin_name = "scalars"
        self._metadata.data_class = 1  # scalars, as TensorBoard's own writer marks them

    def __call__(self, record):
        """Take in a record, without checks."""
        if isinstance(record, ChunkRecord):
            for index, loss in enumerate(record.losses):
                self._write("train", "batch_loss", loss, record.step + index)
        elif isinstance(record, EpochRecord):
            self._take_epoch(record)
        elif isinstance(record, Status) and record.state != "running":
            for writer in self._writers.values():
                writer.flush()

    def close(self):
        """Close the files; a later record opens new ones."""
        for writer in self._writers.values():
            writer.close()
        self._writers = {}

    def _take_epoch(self, record):
        step = record.epoch - 1
        values = {"loss": record.loss, **record.metrics, "learning_rate": record.learning_rate}
        for name, value in values.items():
            self._write("train", f"epoch_{name}", value, step)
        if record.val_loss is not None:
            for name, value in {"loss": record.val_loss, **record.val_metrics}.items():
                self._write("validation", f"epoch_{name}", value, step)

    def _write(self, part, tag, value, step):
        if part not in self._writers:
            self._writers[part] = self._tf.summary.create_file_writer(str(self.folder / part))
        with self._writers[part].as_default():
            self._tf.summary.write(tag, np.float32(value), step, metadata=self._metadata)
