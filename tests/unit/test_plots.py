"""Pictures of results: what they hold, what their sentences say, and what is refused."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from dlkit import plots
from dlkit.plots.chart import Chart, Heat, Line, Points, Text
from dlkit.plots.figure import figure_summary, to_figure
from dlkit.plots.results import (
    confusion_matrix,
    predicted_against_true,
    sample_images,
    training_curves,
    weights_as_images,
)
from dlkit.plots.style import PALETTE

RUN = {
    "loss": [2.0, 1.0, 0.5, 0.25],
    "val_loss": [1.8, 1.1, 0.7, 0.9],
    "accuracy": [0.3, 0.6, 0.8, 0.9],
    "val_accuracy": [0.35, 0.55, 0.75, 0.7],
}
REGRESSION = {"loss": [2.0, 1.0], "val_loss": [1.8, 1.1], "mae": [1.0, 0.8], "val_mae": [0.9, 0.7]}
Y_TRUE = np.array([0, 0, 0, 1, 1, 2])
Y_PRED = np.array([0, 0, 1, 1, 1, 0])
CHARTS = {
    "one run": lambda: training_curves(RUN),
    "regression": lambda: training_curves(REGRESSION),
    "three runs": lambda: training_curves({"Adam": RUN, "SGD": RUN, "a long name": REGRESSION}),
    "without validation": lambda: training_curves({"loss": RUN["loss"]}),
    "confusion": lambda: confusion_matrix(Y_TRUE, Y_PRED, ["ant", "bee", "cow"]),
    "predicted": lambda: predicted_against_true([1.0, 2.0], [1.5, 2.5], "price", "euro"),
    "samples": lambda: sample_images(np.eye(8)[None].repeat(3, 0), [1, 2, 3], [1, 2, 4]),
    "weights": lambda: weights_as_images(np.eye(16)[:, :3] - 0.5),
}


def marks(chart, kind):
    return [mark for panel in chart.panels for mark in panel.marks if isinstance(mark, kind)]


@pytest.mark.parametrize("name", CHARTS)
def test_every_picture_has_words_and_draws(name):
    chart = CHARTS[name]()
    assert isinstance(chart, Chart)
    assert chart.summary.strip()
    for panel in chart.panels:
        assert panel.title
        if panel.axes:
            assert panel.x_label
            assert panel.y_label
        for mark in panel.marks:
            color = getattr(mark, "color", "text")
            assert color in PALETTE or color in ("text", "#ffffff", "#111111")
    figure = to_figure(chart)
    assert figure_summary(figure) == chart.summary
    assert len(figure.axes) == len(chart.panels)


@pytest.mark.parametrize("name", CHARTS)
def test_nothing_is_clipped_or_overlaps(name):
    figure = to_figure(CHARTS[name]())
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    page = figure.bbox
    legends = []
    for axes in figure.axes:
        words = [axes.title, axes._left_title, axes.xaxis.label, axes.yaxis.label, *axes.texts]
        for axis, (low, high) in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
            ticks = zip(axis.get_ticklocs(), axis.get_ticklabels(), strict=True)
            words += [text for at, text in ticks if axes.axison and low <= at <= high]
        if axes.get_legend() is not None:
            words += axes.get_legend().get_texts()
            legends.append(axes.get_legend().get_window_extent(renderer))
        for text in words:
            if text.get_text() and text.get_visible():
                box = text.get_window_extent(renderer)
                where = (text.get_text(), box.bounds, page.bounds)
                assert box.x0 >= -1, where
                assert box.y0 >= -1, where
                assert box.x1 <= page.x1 + 1, where
                assert box.y1 <= page.y1 + 1, where
    for left, right in itertools.pairwise(legends):
        assert not left.overlaps(right)


def test_training_is_solid_validation_is_dashed_the_best_epoch_is_marked():
    loss, accuracy = training_curves(RUN).panels
    for panel, key in ((loss, "loss"), (accuracy, "accuracy")):
        training, validation = (mark for mark in panel.marks if isinstance(mark, Line))
        assert (training.label, training.dash) == ("training", "solid")
        assert (validation.label, validation.dash) == ("validation", "dashed")
        np.testing.assert_array_equal(training.x, [1, 2, 3, 4])
        np.testing.assert_array_equal(training.y, RUN[key])
        np.testing.assert_array_equal(validation.y, RUN[f"val_{key}"])
        (best,) = (mark for mark in panel.marks if isinstance(mark, Points))
        assert (best.x[0], best.y[0]) == (3, RUN[f"val_{key}"][2])
        assert best.label == "best epoch (3)"


def test_the_sentences_hold_the_numbers():
    summary = training_curves(RUN).summary
    assert "training from 2 to 0.25" in summary
    assert "validation from 1.8 to 0.9, lowest 0.7" in summary
    assert "Best epoch: 3" in summary
    assert "validation from 0.35 to 0.7, highest 0.75" in summary
    assert training_curves(RUN).panels[0].title == "Validation loss 0.7 in epoch 3"


def test_several_runs_differ_in_colour_and_keep_their_dashes():
    chart = training_curves({"fast": RUN, "slow": RUN | {"val_loss": [3, 2, 1, 0.8]}})
    lines = [mark for mark in chart.panels[0].marks if isinstance(mark, Line)]
    assert [line.dash for line in lines] == ["solid", "dashed"] * 3  # two runs and the key
    assert lines[0].color == lines[1].color != lines[2].color == lines[3].color
    assert chart.panels[0].title == "Lowest loss: fast (0.7)"
    assert [mark.label for mark in chart.panels[0].labelled()] == [
        "fast",
        "slow",
        "training",
        "validation",
    ]
    assert "slow, validation from 3 to 0.8" in chart.summary


def test_a_run_that_diverged_can_be_drawn():
    chart = training_curves({"loss": [1.0, np.nan, np.inf], "val_loss": [np.nan] * 3})
    assert "not a finite number" in chart.summary
    assert "validation never finite" in chart.summary
    to_figure(chart).canvas.draw()


def test_a_single_epoch_is_seen():
    chart = training_curves({"loss": [1.0], "val_loss": [2.0]})
    assert len(marks(chart, Points)) == 3  # both curves and the best epoch


def test_the_confusion_matrix_counts():
    chart = CHARTS["confusion"]()
    (heat,) = marks(chart, Heat)
    np.testing.assert_array_equal(heat.values, [[2, 1, 0], [0, 2, 0], [1, 0, 0]])
    assert "4 of 6 right (0.667)" in chart.summary
    assert "ant taken for bee (once)" in chart.summary
    assert "ant 2 of 3, bee 2 of 2, cow 0 of 1" in chart.summary
    at = {(text.x, text.y): text.text for text in marks(chart, Text)}
    assert at[1, 2] == "1"  # true ant (top row, y = 2), predicted bee (x = 1)
    assert at[0, 0] == "1"  # true cow (bottom row), predicted ant
    assert chart.panels[0].y_ticks[0] == (2, "ant")


@settings(max_examples=30, deadline=None)
@given(data=st.data(), classes=st.integers(2, 12), count=st.integers(1, 60))
def test_a_confusion_matrix_holds_every_sample_once(data, classes, count):
    labels = arrays.arrays(np.int64, count, elements=st.integers(0, classes - 1))
    y_true, y_pred = data.draw(labels), data.draw(labels)
    names = [f"c{index}" for index in range(classes)]
    (heat,) = marks(confusion_matrix(y_true, y_pred, names), Heat)
    assert heat.values.sum() == count
    assert np.trace(heat.values) == (y_true == y_pred).sum()
    np.testing.assert_array_equal(heat.values.sum(axis=1), np.bincount(y_true, minlength=classes))


def test_a_perfect_matrix_says_so():
    assert "no class is confused" in confusion_matrix(Y_TRUE, Y_TRUE).summary


def test_predicted_against_true_measures_by_hand():
    # errors 1, 0, −1 → RMSE √(2/3); spread 8 → R² = 1 − 2/8
    chart = predicted_against_true([[1.0], [3.0], [5.0]], [2.0, 3.0, 4.0], "price", "euro")
    assert "R² = 0.750" in chart.summary
    assert "0.816 euro" in chart.summary
    assert "for 3 samples" in chart.summary
    assert chart.panels[0].x_label == "true price (euro)"
    flat = predicted_against_true([2.0, 2.0], [2.0, 2.0])
    assert "R²" not in flat.summary  # undefined where nothing varies


def test_wrong_predictions_are_named_in_words():
    chart = CHARTS["samples"]()
    assert "1 taken for something else" in chart.summary
    assert "4 (is 3)" in [text.text for text in marks(chart, Text)]
    assert marks(chart, Heat)[0].color_map == "ink"


def test_weights_share_one_scale_around_zero():
    kernel = np.zeros((16, 3))
    kernel[5, 1] = -2.0
    kernel[0, 2] = 1.0
    chart = weights_as_images(kernel)
    heats = marks(chart, Heat)
    assert {(heat.low, heat.high) for heat in heats} == {(-2.0, 2.0)}
    assert heats[1].values[1, 1] == -2.0  # weight 5 of a 4 × 4 image
    assert "from -2 to 1; the largest is in number 1" in chart.summary
    filters = weights_as_images(np.ones((3, 3, 2, 5)), units=[4])
    assert len(marks(filters, Heat)) == 1
    assert "1 filter as images of 3 × 3" in filters.summary


IMAGES = np.zeros((2, 4, 4))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: training_curves(None), TypeError, "history must be"),
        (lambda: training_curves({}), ValueError, "runs must hold"),
        (lambda: training_curves({"loss": []}), ValueError, "finished epoch"),
        (lambda: training_curves({"a": {"val_loss": [1]}}), ValueError, "must hold 'loss'"),
        (lambda: training_curves(RUN, ["los"]), ValueError, "Did you mean 'loss'"),
        (lambda: training_curves(RUN, []), ValueError, "quantities must hold"),
        (lambda: training_curves(RUN, best_epoch=5), ValueError, "best_epoch"),
        (lambda: training_curves({"a": RUN, "b": RUN}, best_epoch=1), ValueError, "single run"),
        (lambda: training_curves(RUN, loss_scale="lin"), ValueError, "loss_scale"),
        (lambda: confusion_matrix([0, 1], [0]), ValueError, "numbers of samples"),
        (lambda: confusion_matrix([0.5], [0]), ValueError, "y_true must hold whole"),
        (lambda: confusion_matrix([0], [-1]), ValueError, "y_pred must hold whole"),
        (lambda: confusion_matrix([], []), ValueError, "y_true must not be empty"),
        (lambda: confusion_matrix([[0]], [[0]]), ValueError, "axes"),
        (lambda: confusion_matrix([0, 2], [0, 1], ["a"]), ValueError, "class_names must name 3"),
        (lambda: confusion_matrix([0, 40], [0, 1]), ValueError, "cannot be read"),
        (lambda: predicted_against_true([1], [np.nan]), ValueError, "y_pred must hold finite"),
        (lambda: predicted_against_true([[1, 2]], [[1, 2]]), ValueError, "one target"),
        (lambda: predicted_against_true([1], [1], unit=3), TypeError, "unit must be"),
        (lambda: sample_images(IMAGES[..., None].repeat(3, 3)), ValueError, "one channel"),
        (lambda: sample_images(np.zeros((2, 15))), ValueError, "15 pixels"),
        (lambda: sample_images(np.zeros((401, 2, 2))), ValueError, "400 are the most"),
        (lambda: sample_images(IMAGES, [1]), ValueError, "y must have shape"),
        (lambda: sample_images(IMAGES, predictions=[1, 2]), ValueError, "need y"),
        (lambda: sample_images(IMAGES, columns=0), ValueError, "columns"),
        (lambda: weights_as_images(np.zeros((15, 2))), ValueError, "image_shape"),
        (lambda: weights_as_images(np.zeros((16, 2)), units=[2]), ValueError, "units"),
        (lambda: weights_as_images(np.zeros((16, 2)), units=[]), ValueError, "at least one unit"),
        (lambda: weights_as_images(np.zeros(16)), ValueError, "axes"),
    ],
)
def test_bad_input_is_named(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_the_names_are_handed_on():
    assert plots.training_curves is training_curves
    assert plots.weights_as_images is weights_as_images
