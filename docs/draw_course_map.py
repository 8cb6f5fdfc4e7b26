"""Draw docs/course_map.png: which lesson stands on which. Run it after adding a lesson."""

from pathlib import Path

from dlkit import figure_summary
from dlkit.plots.chart import Arrow, Box, Chart, Line, Panel
from dlkit.plots.figure import to_figure

# number -> (column, row, title, lab or labs, colour)
LESSONS = {
    "00": (0, 2, "Start here", "TrainingLab", "green"),
    "01": (0, 1, "The neuron", "NeuronLab, ActivationLab", "blue"),
    "02": (1, 1, "Forward and loss", "LossLab", "blue"),
    "03": (2, 1, "Backpropagation", "BackpropLab", "blue"),
    "04": (3, 2, "Optimizers", "OptimizerLab", "green"),
    "05": (4, 2, "Training", "LearningRateLab, SweepLab", "green"),
    "07": (5, 2, "Overfitting", "OverfittingLab", "green"),
    "09": (3, 0, "CNN", "ConvolutionLab", "purple"),
    "10": (4, 0, "RNN", "RecurrentLab", "purple"),
    "11": (5, 0, "Transformer", "AttentionLab", "purple"),
}
# lesson -> those it stands on directly: the arrows. What these stand on is not said again.
STANDS_ON = {
    "00": (),
    "01": (),
    "02": ("01",),
    "03": ("02",),
    "04": ("00", "03"),
    "05": ("04",),
    "07": ("00",),
    "09": ("03",),
    "10": ("03",),
    "11": ("03",),
}
WIDTH, HEIGHT, BUS, OVER = 0.84, 0.5, 0.5, 2.5


def between(first, second):
    """Return an arrow from the right edge of one box to the left edge of another."""
    (x0, y0), (x1, y1) = LESSONS[first][:2], LESSONS[second][:2]
    return Arrow(x0 + WIDTH / 2, y0, x1 - WIDTH / 2, y1)


def course_map():
    """Return the picture as a `Chart`."""
    routed = {("00", "07"), ("03", "04"), ("03", "09"), ("03", "10"), ("03", "11")}  # drawn below
    arrows = {(below, lesson) for lesson, many in STANDS_ON.items() for below in many}
    marks = [between(*pair) for pair in sorted(arrows - routed)]
    over = ([0, 0, 5], [2 + HEIGHT / 2, OVER, OVER])  # 00 to 07, above the others
    marks += [Line(*over, color="text", width=1.5), Arrow(5, OVER, 5, 2 + HEIGHT / 2)]
    marks.append(Arrow(2.3, 1 + HEIGHT / 2, 2.58, 1.75))  # 03 to 04
    marks.append(Line([2, 2, 5], [1 - HEIGHT / 2, BUS, BUS], color="text", width=1.5))
    marks += [Arrow(column, BUS, column, HEIGHT / 2) for column in (3, 4, 5)]
    for number, (column, row, title, lab, color) in LESSONS.items():
        words = f"{number} {title}\n" + lab.replace(", ", "\n")
        marks.append(Box(column, row, WIDTH, HEIGHT, words, color, size=12, filled=True))
    panel = Panel(marks, axes=False, legend=False, x_range=(-0.5, 5.5), y_range=(-0.4, 2.6))
    summary = (
        "Lesson 00 can be done first. 01, 02 and 03 explain how a network works, one after the "
        "other; 04 and 05 how to train it; 07, on overfitting, needs 00 alone; 09, 10 and 11 stand on 03 "
        "and can be done in any order."
    )
    return Chart(panel, summary, width=1120, height=440)


if __name__ == "__main__":
    figure = to_figure(course_map())
    figure.savefig(Path(__file__).with_name("course_map.png"), dpi=130, metadata={"Software": None})
    print(figure_summary(figure))
