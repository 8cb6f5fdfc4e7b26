"""A finished run in one place: measures, curves, and the diagnosis in words."""

from dataclasses import asdict

import numpy as np

from dlkit import checks
from dlkit.datasets.data import Data
from dlkit.files import check_target, write_atomically
from dlkit.report.metrics import (
    classification_metrics,
    in_figures,
    predict,
    predicted_labels,
    regression_metrics,
)
from dlkit.report.mistakes import wrong_classes, wrong_numbers
from dlkit.report.probabilities import calibration, probabilities, roc
from dlkit.report.run import describe_run, facts_of
from dlkit.training.curves import columns
from dlkit.training.diagnosis import diagnose

NAMES = {
    "accuracy": "accuracy",
    "precision": "precision (mean of classes)",
    "recall": "recall (mean of classes)",
    "f1": "F1 (mean of classes)",
    "roc_auc": "area under the ROC curve",
    "expected_calibration_error": "expected calibration error",
    "r2": "R²",
    "mae": "mean absolute error",
    "rmse": "root mean squared error",
}
"""Measure -> its name in words."""

LONGEST_NAME = 25  # of a target, in the label of an axis


class Report:
    """What came out of a run, computed once, with the weights as they are now.

    Parameters
    ----------
    model : Network, Keras model, or array_like
        What was trained; or its predictions for ``part``: probabilities or logits (samples,
        classes), labels (samples,), or targets (samples, outputs).
    data : Data or Prepared
        What it was trained on. With what `prepare` gave, numbers of a regression are in the units
        of the table (the losses are those of the scaled target), rows are those of the table, and
        possible leaks and what was done to the table are in the report.
    history : History, Keras History, or mapping of lists
        The run; ``loss`` is needed.
    part : {"validation", "test"}
        What to measure on. The test part should be looked at once, at the very end.

    Raises
    ------
    TypeError, ValueError
        If something does not fit, or the model's predictions are not finite.

    Examples
    --------
    >>> report = Report(network, data, job.history)  # doctest: +SKIP
    >>> print(report.text())                         # doctest: +SKIP
    """

    def __init__(self, model, data, history, part="validation"):
        prepared = data if isinstance(getattr(data, "data", None), Data) else None
        data = data if prepared is None else prepared.data
        if not isinstance(data, Data):
            raise TypeError(f"data must be a Data or Prepared, but got {checks.describe(data)}.")
        checks.choice("part", part, ("validation", "test"))
        if getattr(data, f"x_{part}") is None:
            raise ValueError(f"part={part!r} needs a {part} part, but data has none.")
        self._curves = columns(history)
        self.diagnosis = diagnose(history, data)
        self.part, self._data, self.prepared = part, data, prepared
        x, y = getattr(data, f"x_{part}"), getattr(data, f"y_{part}")
        given = hasattr(model, "__array__") or isinstance(model, list | tuple)
        outputs = model if given else predict(model, x)
        self.roc = self.calibration = None
        if data.task_type == "classification":
            truth = data.labels(part)
            logits = getattr(model, "output_activation", None) == "linear"
            found = predicted_labels(outputs, truth.shape, data.output_dim, logits)
            self._y_true, self._y_pred = truth.ravel(), found.ravel()
            self.metrics = classification_metrics(self._y_true, self._y_pred, data.output_dim)
            chances = probabilities(outputs, truth.shape, data.output_dim, logits)
            if chances is not None:
                self._judge(chances)
            self.mistakes = wrong_classes(self._y_true, self._y_pred, chances)
        else:
            outputs = checks.array("predictions", outputs, dtype="float64")
            outputs = outputs.reshape(len(outputs), -1)
            self._y_pred = checks.array("predictions", outputs, shape=y.shape)
            self._y_true = y.astype("float64")
            if prepared is not None:
                self._to_units()
            self.metrics = regression_metrics(self._y_true, self._y_pred)
            self.mistakes = wrong_numbers(self._y_true, self._y_pred)
        if prepared is not None and prepared.rows:
            for mistake in self.mistakes:
                label = _plain(prepared.rows[part][mistake["row"]])
                mistake["table_row"] = label if isinstance(label, int | str) else str(label)
        self.run = describe_run(self._curves, history, None if given else model)

    def _judge(self, chances):
        """Take in what the probabilities tell beyond the decided classes."""
        self.roc = roc(self._y_true, chances)
        self.calibration = calibration(self._y_true, chances)
        self.metrics["roc_auc"] = self.roc["auc"]
        error = self.calibration["expected_calibration_error"]
        self.metrics["expected_calibration_error"] = error

    def _to_units(self):
        """Bring truth, predictions and absolute errors from the scaled target to the table's."""
        self._y_true = self.prepared.target_in_units(self._y_true)
        self._y_pred = self.prepared.target_in_units(self._y_pred)
        for name in {"mae", "val_mae"} & self._curves.keys():
            self._curves[name] = self._curves[name] * self.prepared.target_spread

    data = property(lambda self: self._data, doc="The data that it was measured on.")
    curves = property(lambda self: self._curves, doc="The history: name -> array, one per epoch.")
    truth = property(lambda self: self._y_true, doc="The true labels or targets.")
    predictions = property(lambda self: self._y_pred, doc="The decided labels or the outputs.")

    @property
    def class_names(self):
        """The names of the classes; their numbers where they have none. None for regression."""
        if self._data.task_type == "regression":
            return None
        numbers = tuple(str(label) for label in range(self._data.output_dim))
        return self._data.class_names or numbers

    @property
    def unit(self):
        """What errors of a regression are counted in, in words; "" for classification."""
        name, unit = self._data.target_name, self._data.target_unit
        name = name if len(name) <= LONGEST_NAME else "the target"
        if self._data.task_type == "classification":
            return ""
        if self.prepared is not None:
            return f"units of {name}"
        if unit == "standard deviations":
            return f"standard deviations of {name}"
        return unit or "units of the target"

    @property
    def leaks(self):
        """What `prepare` found suspicious, most telling first: a tuple of `Leak`."""
        return () if self.prepared is None else self.prepared.leaks

    @property
    def finding(self):
        """One sentence: how good it is, and what the diagnosis says."""
        count = f"{len(self._y_true)} {self.part} samples"
        name = f"{self._data.name or 'The run'}: "
        if self._data.task_type == "classification":
            result = f"{self.metrics['accuracy']:.1%} of {count} right"
        else:
            unit = self._data.target_unit if self.prepared is None else self.unit
            r2 = self.metrics["r2"]
            first = "" if r2 is None else f"R² {r2:.3f}, "
            error = " ".join(filter(None, (in_figures(self.metrics["rmse"]), unit)))
            result = f"{first}typical error {error} on {count}"
        count = sum(not leak.is_hint for leak in self.leaks)
        leaks = f"; possible leaks: {count}" if count else ""
        return f"{name}{result}. Diagnosis: {self.diagnosis.title.lower()}{leaks}"

    def to_dict(self):
        """Return everything as a dictionary that JSON can hold; what is unknown is None."""
        return _plain(
            {
                "data": self._data.name,
                "task_type": self._data.task_type,
                "part": self.part,
                "samples": len(self._y_true),
                "class_names": self.class_names and list(self.class_names),
                "target": self._target(),
                "metrics": self.metrics,
                "roc": self.roc,
                "calibration": self.calibration,
                "mistakes": self.mistakes,
                "run": self.run,
                "history": {key: curve.tolist() for key, curve in self._curves.items()},
                "diagnosis": self.diagnosis.to_dict(),
                "leaks": [asdict(leak) for leak in self.leaks],
                "notes": [] if self.prepared is None else self.prepared.notes,
            }
        )

    def _target(self):
        """Return what a regression predicts, and what 0 and 1 of the scaled target stand for."""
        if self._data.task_type == "classification":
            return None
        known = self.prepared
        return {
            "name": self._data.target_name,
            "unit": self.unit,
            "mean": None if known is None else known.target_mean,
            "spread": None if known is None else known.target_spread,
        }

    def measures(self):
        """Return the overall measures as a list of (name in words, value with three digits)."""
        pairs = []
        for key, name in NAMES.items():
            if key in self.metrics:
                value = self.metrics[key]
                if (
                    self.metrics.get("classes_averaged", self._data.output_dim)
                    < self._data.output_dim
                ):
                    count = self.metrics["classes_averaged"]
                    name = name.replace("of classes", f"of the {count} classes that occur")
                shown = "unknown" if value is None else f"{value:.3f}"
                if key in ("mae", "rmse"):
                    name, shown = f"{name} ({self.unit})", in_figures(value)
                pairs.append((name, shown))
        return pairs

    def run_facts(self):
        """Return what is known of the run as a list of (name in words, value in words)."""
        facts = facts_of(self.run)
        if self.unit and self.prepared is not None and self.prepared.target_spread != 1.0:
            spread = in_figures(self.prepared.target_spread)
            facts.append(("scale of the losses", f"1 stands for {spread} {self.unit}"))
        return facts

    def text(self):
        """Return the report as lines of text, without times, paths or addresses."""
        from dlkit.report.text import report_text

        return report_text(self)

    def chart(self):
        """Return the whole report as one `Chart`: curves, predictions, and the worst mistakes."""
        from dlkit.report.drawing import report_chart

        return report_chart(self)

    def figure(self):
        """Return the chart as a matplotlib figure; `figure_summary` gives its sentence."""
        from dlkit.plots.figure import to_figure

        return to_figure(self.chart())

    def html(self):
        """Return a whole page: tables, words and the picture, in one file without links."""
        from dlkit.report.html import report_page

        return report_page(self)

    def save_html(self, path):
        """Write `html` to a file, which is complete or not there at all.

        Parameters
        ----------
        path : str or path
            The file; its folder must exist.
        """
        path = check_target(path)
        page = self.html().encode("utf-8")
        write_atomically(path, lambda file: file.write(page))

    def _repr_mimebundle_(self, include=None, exclude=None):
        from dlkit.report.html import report_fragment

        return {"text/plain": self.text(), "text/html": report_fragment(self)}

    def __repr__(self):
        return f"Report({self.finding})"


def _plain(value):
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value
