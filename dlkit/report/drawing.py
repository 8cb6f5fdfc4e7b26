"""The whole report as one picture."""

from dataclasses import replace

import numpy as np

from dlkit.plots.chart import Chart
from dlkit.plots.predictions import MOST_CLASSES, confusion_matrix, predicted_against_true
from dlkit.plots.run_curves import training_curves
from dlkit.report.metrics import in_figures
from dlkit.report.mistakes import as_images
from dlkit.report.pictures import calibration_chart, mistakes_chart, roc_chart

COLUMNS = 3


def report_chart(report):
    """Return curves, predictions against the truth, ROC, calibration and mistakes as a `Chart`."""
    charts, data = [], report.data
    if np.isfinite(report.curves["loss"]).any():
        best = report.run["best_epoch"] if "val_loss" in report.curves else None
        curves = training_curves(report.curves, best_epoch=best)
        charts.append(replace(curves, panels=[_in_unit(each, report) for each in curves.panels]))
    if data.task_type == "classification" and data.output_dim <= MOST_CLASSES:
        charts.append(confusion_matrix(report.truth, report.predictions, report.class_names))
    elif data.task_type == "regression" and report.truth.shape[1] == 1:
        axes = data.target_name, "" if report.prepared is not None else data.target_unit
        charts.append(predicted_against_true(report.truth, report.predictions, *axes))
    if report.roc is not None and report.roc["auc"] is not None:
        charts.append(roc_chart(report.roc, report.class_names))
    if report.calibration is not None:
        charts.append(calibration_chart(report.calibration))
    if report.mistakes:
        charts.append(_mistakes(report))
    if not charts:
        raise ValueError("There is nothing to draw: no finished epoch, and too many classes.")
    panels = [panel for chart in charts for panel in chart.panels]
    columns = 2 if len(panels) == 4 else min(COLUMNS, len(panels))
    return Chart(
        panels,
        " ".join([f"{report.finding}.", *(chart.summary for chart in charts)]),
        title=report.finding,
        columns=columns,
        width=max(450 * columns, 10 * len(report.finding), 640),
        height=440 * -(-len(panels) // columns),
    )


def _in_unit(panel, report):
    """Return a panel of curves whose axis names the unit of the target, if it has one."""
    known = report.unit or "units of the target"
    return replace(panel, y_label=panel.y_label.replace("units of the target", known))


def _mistakes(report):
    x = getattr(report.data, f"x_{report.part}")
    rows = [mistake["row"] for mistake in report.mistakes]
    one_each = len(report.truth) == len(x)
    return mistakes_chart(
        mistake_lines(report),
        as_images(x, rows) if one_each else None,
        [mistake["true"] for mistake in report.mistakes],
        [mistake["predicted"] for mistake in report.mistakes],
        report.class_names,
        report.unit,
    )


def mistake_lines(report):
    """Return each of the worst mistakes in words."""
    lines, names = [], report.class_names
    for mistake in report.mistakes:
        row = f"row {mistake.get('table_row', mistake['row'])}"
        if names is None:
            row += f", output {mistake['output']}" if "output" in mistake else ""
            found, true = (in_figures(mistake[key], ".4g") for key in ("predicted", "true"))
            lines.append(f"{row}: predicted {found} for a true {true}")
            continue
        line = f"{row}: {names[mistake['true']]} taken for {names[mistake['predicted']]}"
        if "probability" in mistake:
            line += f" ({mistake['probability']:.3f})"
        lines.append(line)
    return lines
