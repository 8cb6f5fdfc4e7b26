"""Panels of a report besides the curves: ROC, reliability, and the worst mistakes."""

from dlkit.plots.chart import Bars, Chart, Line, Panel, Points, Text
from dlkit.plots.images import sample_images
from dlkit.plots.run_curves import say
from dlkit.plots.style import DASHES, series_color

MOST_CURVES = 6  # the worst ones; more cannot be told apart
MOST_LINES = 10


def roc_chart(roc, names):
    """Return the ROC curves as a picture; of many classes those with the smallest area.

    Parameters
    ----------
    roc : dict
        From `dlkit.report.probabilities.roc`, with an area.
    names : sequence of str
        Of the classes.
    """
    judged = [row for row in roc["classes"] if row["auc"] is not None]
    shown = sorted(judged, key=lambda row: row["auc"])[:MOST_CURVES]
    dashes = [dash for dash in DASHES if dash != "dotted"]
    marks = [Line([0, 1], [0, 1], "guessing", "grey", "dotted")]
    for index, row in enumerate(shown):
        label = f"{names[row['label']]} ({row['auc']:.3f})"
        curve = row["false_positive_rate"], row["true_positive_rate"]
        marks.append(Line(*curve, label, series_color(index), dashes[index // 2 % len(dashes)]))
    some = "" if len(shown) == len(judged) else f", the {len(shown)} worst of {len(judged)} shown"
    against = "" if len(judged) == 1 else " (mean, each class against the rest)"
    sentence = f"Area under the ROC curve {roc['auc']:.3f}{against}"
    panel = Panel(
        marks,
        title=f"Area under ROC {roc['auc']:.3f}{some}",
        x_label="false positive rate (share of the others)",
        y_label="true positive rate (share of the class)",
        x_range=(-0.02, 1.02),
        y_range=(-0.02, 1.02),
    )
    each = ", ".join(f"{names[row['label']]} {row['auc']:.3f}" for row in judged)
    return Chart(panel, f"{sentence}: {each}.")


def calibration_chart(calibration):
    """Return the reliability curve: how often it is right, by how sure it is.

    Parameters
    ----------
    calibration : dict
        From `dlkit.report.probabilities.calibration`.
    """
    confidence, accuracy = calibration["confidence"], calibration["accuracy"]
    total = sum(calibration["samples"])
    shares = [count / total for count in calibration["samples"]]
    error, over = calibration["expected_calibration_error"], calibration["overconfidence"]
    finding = (
        "too sure of itself" if over > 0.02 else "too modest" if over < -0.02 else "calibrated"
    )
    marks = [
        Bars(confidence, shares, "share of samples", "sky", width=0.05, opacity=0.4),
        Line([0, 1], [0, 1], "perfectly calibrated", "grey", "dotted"),
        Line(confidence, accuracy, "", "blue"),
        Points(confidence, accuracy, "bins", "blue"),
    ]
    panel = Panel(
        marks,
        title=f"{finding.capitalize()}: expected calibration error {error:.3f}",
        x_label="confidence (probability of the answer)",
        y_label="accuracy (share of samples)",
        x_range=(-0.02, 1.02),
        y_range=(-0.02, 1.02),
    )
    each = ", ".join(
        f"{say(right)} at {say(sure)}" for sure, right in zip(confidence, accuracy, strict=True)
    )
    return Chart(
        panel, f"Calibration: {finding}, expected calibration error {error:.3f}; accuracy {each}."
    )


def mistakes_chart(lines, images, truth, predicted, names, unit):
    """Return the worst mistakes as a picture: images, or else lines of words.

    Parameters
    ----------
    lines : sequence of str
        Each mistake in words.
    images : numpy.ndarray or None
        (mistakes, height, width).
    truth, predicted : sequence of int
        Classes of each mistake; not used without images of classes.
    names : sequence of str
        Of the classes.
    unit : str
        What numbers are counted in, in words; "" for classes.
    """
    title = f"Largest errors ({unit})" if unit else "Worst mistakes"
    if images is not None and not unit:
        low, high = float(images.min()), float(images.max())
        images = (images - low) / ((high - low) or 1.0)
        chart = sample_images(images, truth, predicted, names, columns=4, title=title)
        return Chart(chart.panels, f"{title}: {'; '.join(lines)}.")
    shown = lines[:MOST_LINES]
    marks = [Text(0.0, -index, line, size=11) for index, line in enumerate(shown)]
    panel = Panel(
        [Text(mark.x, mark.y, mark.text, anchor="start", size=11) for mark in marks],
        title=title,
        axes=False,
        x_range=(-0.02, 1.0),
        y_range=(0.5 - MOST_LINES, 0.7),
    )
    return Chart(panel, f"{title}: {'; '.join(shown)}.")
