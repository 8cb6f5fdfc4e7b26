"""The curve of a learning-rate range test."""

from dlkit import checks
from dlkit.plots.chart import Chart, Line, Panel, Points
from dlkit.training.learning_rate_finder import LearningRateRange


def learning_rate_range(found, title=""):
    """Return the losses of a range test over the learning rate, both suggestions marked.

    Parameters
    ----------
    found : LearningRateRange
        What ``find_learning_rate`` returned.
    title : str
        Above the picture; by default it says the suggestion.

    Returns
    -------
    Chart
        Its summary is that of ``found``.

    Raises
    ------
    TypeError
        If ``found`` is something else.
    """
    if not isinstance(found, LearningRateRange):
        raise TypeError(
            "found must be what find_learning_rate returned, but got "
            f"{checks.describe(found)}. Write learning_rate_range(find_learning_rate(model, data))."
        )
    checks.text("title", title)
    rates, smoothed = found.learning_rates, found.smoothed
    marks = [
        Line(rates, found.losses, "loss of each batch", "sky", "dotted", 1.2, 0.7),
        Line(rates, smoothed, "moving average", "blue"),
    ]
    for rate, words, color, marker in (
        (found.steepest, "steepest descent", "vermillion", "circle"),
        (found.one_tenth, "a tenth of the lowest", "purple", "diamond"),
    ):
        if rate is not None:
            nearest = abs(rates - rate).argmin()
            label = f"{words}: {rate:.2g}"
            marks.append(
                Points(
                    [rates[nearest]], [smoothed[nearest]], label, color, marker, 11, filled=False
                )
            )
    suggestion = found.suggestion
    finding = "The loss never fell" if suggestion is None else f"Suggested: {suggestion:.2g}"
    low = float(min(found.losses.min(), smoothed.min()))
    high = float(1.15 * smoothed.max())
    panel = Panel(
        marks,
        title=title or finding,
        x_label="learning rate (grows with every batch)",
        y_label="loss (mean per sample)",
        x_scale="log",
        y_range=(min(0.0, low), high if high > 0 else 1.0),
    )
    return Chart([panel], found.summary, width=620, height=360)
