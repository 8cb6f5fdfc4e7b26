"""What `prepare` gives back, and the same treatment for new rows."""

import os
from dataclasses import dataclass

import numpy as np
import pandas

from dlkit import checks
from dlkit.datasets import Data
from dlkit.preparation.reading import read_like
from dlkit.preparation.target import check_table


def frame_of(table, columns):
    """Return the features of rows before encoding, without checks: a table of floats and words."""
    plain = [name for column in columns if column.kind != "category" for name in column.features]
    numbers = np.empty((len(table), len(plain)), order="F")
    place, words = 0, {}
    for column in columns:
        for name, values in zip(column.features, column.values(table[column.name]), strict=True):
            if column.kind == "category":
                words[name] = pandas.Series(values, dtype=object)
            else:
                numbers[:, place] = values
                place += 1
    frame = pandas.DataFrame(numbers, columns=plain, copy=False)
    return frame.assign(**words) if words else frame


@dataclass(frozen=True, eq=False, repr=False)
class Prepared:
    """A table that is ready to train on, and what was done to it.

    Attributes
    ----------
    data : Data
    notes : tuple of str
        What was done, sentence by sentence.
    leaks : tuple of Leak
        What may make a model look better than it is.
    columns : tuple of Column
        The columns that are used, and how each is read.
    encoder : sklearn.pipeline.Pipeline
        Fitted on the training rows.
    target_mean, target_spread : float
        How a regression target was scaled; 0 and 1 where it was not.
    rows : dict of str to pandas.Index
        Part ("train", "validation", "test") -> the rows of the table that are its samples, by the
        table's index; those of a CSV file are numbered from 0, the header not counted.
    decimal : {".", ","}, optional
        The decimal sign of the file; None if the table did not come from one.
    """

    data: Data
    notes: tuple
    leaks: tuple
    columns: tuple
    encoder: object
    target_mean: float = 0.0
    target_spread: float = 1.0
    rows: dict | None = None
    decimal: str | None = None

    @property
    def report(self):
        """What was done, in words, suspicious things first."""
        lines = [
            str(leak) if leak.is_hint else f"Look at this first: {leak}" for leak in self.leaks
        ]
        return "\n".join(f"- {line}" for line in (*lines, *self.notes))

    def transform(self, rows):
        """Return new rows as the network takes them, treated as the training rows were.

        Numbers that stand as text are read with the decimal sign of the training rows: if
        ``"5.105"`` was 5105 there, it is so here.

        Parameters
        ----------
        rows : pandas.DataFrame, list of dict, dict of lists, str or path
            Rows with the columns of the table (the target is not needed), or a CSV file.

        Returns
        -------
        numpy.ndarray of float32, shape (rows, features)

        Raises
        ------
        TypeError, ValueError
            If it is no table, or a column is missing.
        """
        table = self._table_of(rows)
        for column in self.columns:
            if column.name not in table.columns:
                near = [each for each in table.columns if each.casefold() == column.name.casefold()]
                hint = f" Is it {near[0]!r}?" if near else " Put None where a value is not known."
                raise ValueError(
                    f"rows must have the column {column.name!r}, which is missing.{hint}"
                )
        found = self.encoder.transform(frame_of(table, self.columns))
        return np.asarray(found, dtype="float32")

    def target_in_units(self, values):
        """Return scaled targets or predictions in the unit of the table.

        Parameters
        ----------
        values : array_like
            Numbers as in ``data.y_train``.

        Returns
        -------
        numpy.ndarray of float64

        Raises
        ------
        TypeError, ValueError
            If they are no numbers, or the task is classification.
        """
        values = checks.array("values", values, dtype="float64")
        if self.data.task_type == "classification":
            raise ValueError("values must be targets of a regression, but this is classification.")
        return values * self.target_spread + self.target_mean

    def _table_of(self, rows):
        if isinstance(rows, str | os.PathLike):
            usual = ("number", self.decimal or ".")  # what pandas may read
            texts = {each.name for each in self.columns if (each.kind, each.decimal) != usual}
            return read_like(rows, decimal=self.decimal, texts=texts)
        if isinstance(rows, dict) or (
            isinstance(rows, list) and rows and all(isinstance(row, dict) for row in rows)
        ):
            try:
                rows = pandas.DataFrame(rows)
            except (ValueError, TypeError):
                raise ValueError(
                    "rows must be a table whose columns have the same length, but got "
                    f"{checks.describe(rows)}. One row is written [{{'column': value}}]."
                ) from None
        return check_table("rows", rows)

    def __repr__(self):
        leaks = f", {len(self.leaks)} things to look at" if self.leaks else ""
        return f"Prepared({self.data!r}{leaks})"
