"""The report of a run: measures by hand, every form of it, and what is refused."""

import json
import warnings
from dataclasses import replace
from html import escape
from html.parser import HTMLParser
from types import SimpleNamespace

import numpy as np
import pandas
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score, precision_score, recall_score

from dlkit import datasets, layers, prepare
from dlkit.datasets import Data
from dlkit.network import Network
from dlkit.plots.figure import figure_summary
from dlkit.report import Report
from dlkit.training.config import TrainingConfig
from dlkit.training.job import TrainingJob

HISTORY = {
    "loss": [1.0, 0.6, 0.4, 0.3, 0.2, 0.15],
    "val_loss": [1.1, 0.7, 0.5, 0.35, 0.3, 0.32],
    "accuracy": [0.5, 0.7, 0.8, 0.85, 0.9, 0.95],
    "val_accuracy": [0.5, 0.7, 0.8, 0.8, 0.9, 0.9],
}
X = np.zeros((6, 2))
Y = np.array([0, 0, 0, 1, 1, 2])
ANIMALS = Data(X, Y, X, Y, name="animals", class_names=["ant", "bee", "cow"])
FOUND = np.array([0, 0, 1, 1, 1, 0])
PRICES = Data(
    X[:4],
    [1.0, 3.0, 5.0, 3.0],
    X[:4],
    [1.0, 3.0, 5.0, 3.0],
    task_type="regression",
    name="prices",
    target_name="price",
    target_unit="euro",
)
GUESSES = [2.0, 3.0, 4.0, 3.0]
REGRESSION = {"loss": [4.0, 2.0], "val_loss": [4.0, 3.0], "mae": [2.0, 1.0], "val_mae": [2.0, 1.5]}


def test_measures_of_classes_by_hand():
    report = Report(FOUND, ANIMALS, HISTORY)
    # ant: found 3, right 2, there are 3; bee: found 3, right 2, there are 2; cow: never found
    expected = [(2 / 3, 2 / 3, 2 / 3, 3), (2 / 3, 1.0, 0.8, 2), (0.0, 0.0, 0.0, 1)]
    for row, (precision, recall, f1, samples) in zip(
        report.metrics["per_class"], expected, strict=True
    ):
        assert row["precision"] == pytest.approx(precision)
        assert row["recall"] == pytest.approx(recall)
        assert row["f1"] == pytest.approx(f1)
        assert row["samples"] == samples
    assert report.metrics["accuracy"] == pytest.approx(4 / 6)
    assert report.metrics["precision"] == pytest.approx((2 / 3 + 2 / 3) / 3)
    assert report.metrics["recall"] == pytest.approx((2 / 3 + 1) / 3)
    assert report.metrics["f1"] == pytest.approx((2 / 3 + 0.8) / 3)
    assert report.metrics["confusion_matrix"] == [[2, 1, 0], [0, 2, 0], [1, 0, 0]]


def test_a_class_that_occurs_nowhere_is_not_averaged():
    seen = Data(X, Y, X[:5], Y[:5])  # no cow to validate on
    report = Report(Y[:5], seen, HISTORY)
    means = ("precision", "recall", "f1")
    assert [report.metrics[key] for key in means] == [1.0, 1.0, 1.0]
    assert "precision (mean of the 2 classes that occur)  1.000" in report.text()
    found = np.array([0, 0, 2, 1, 1])  # a cow that is none
    metrics = Report(found, seen, HISTORY).metrics
    for key, score in zip(means, (precision_score, recall_score, f1_score), strict=True):
        expected = score(Y[:5], found, average="macro", zero_division=0.0)
        assert metrics[key] == pytest.approx(expected)
    assert "mean of classes" in Report(found, seen, HISTORY).text()


def test_an_emoji_in_a_name_is_no_warning():
    data = replace(PRICES, target_name="price \U0001f3e0")
    report = Report(GUESSES, data, REGRESSION)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "\U0001f3e0" in report.html()


def test_measures_of_numbers_by_hand():
    # errors 1, 0, −1, 0: MAE 1/2, RMSE √(1/2); spread 8: R² = 1 − 2/8
    report = Report(GUESSES, PRICES, REGRESSION)
    assert report.metrics["mae"] == pytest.approx(0.5)
    assert report.metrics["rmse"] == pytest.approx(np.sqrt(0.5))
    assert report.metrics["r2"] == pytest.approx(0.75)


@pytest.fixture(scope="module")
def prepared():
    random = np.random.default_rng(0)
    size = random.normal(80, 20, 100)
    price = 3000 * size + random.normal(0, 9000, 100)
    table = {"size": size, "copy": price * 0.03, "price": price}
    return prepare(pandas.DataFrame(table), "price", name="flats")


def test_a_prepared_table_is_reported_in_its_own_units_and_rows(prepared):
    data = prepared.data
    found = data.y_validation + 0.1 * np.arange(1, len(data.y_validation) + 1)[:, None]
    spread, count = prepared.target_spread, len(found)
    report = Report(found, prepared, REGRESSION)
    assert report.metrics["mae"] == pytest.approx(0.1 * spread * (count + 1) / 2, rel=1e-5)
    scaled = Report(found, data, REGRESSION)
    assert report.metrics["rmse"] == pytest.approx(scaled.metrics["rmse"] * spread, rel=1e-5)
    assert report.metrics["r2"] == pytest.approx(scaled.metrics["r2"])
    worst = report.mistakes[0]
    assert worst["error"] == pytest.approx(0.1 * spread * count, rel=1e-5)
    assert worst["table_row"] == prepared.rows["validation"][worst["row"]]
    stored = report.to_dict()
    assert json.loads(json.dumps(stored, allow_nan=False)) == stored
    assert stored["target"]["spread"] == spread
    assert stored["history"]["val_mae"] == [2.0 * spread, 1.5 * spread]
    assert stored["history"]["loss"] == REGRESSION["loss"]
    assert f"row {worst['table_row']}:" in report.chart().summary
    labels = [panel.y_label for panel in report.chart().panels]
    assert "mean absolute error (units of price)" in labels
    assert "mean absolute error (units of price)" in report.text()
    assert f"1 stands for {spread:,.0f} units of price" in report.text()


def test_leaks_come_first_and_the_page_tells_what_was_done(prepared):
    guesses = prepared.data.y_validation
    report = Report(guesses, prepared, REGRESSION)
    (leak,) = report.leaks
    assert "possible leaks: 1" in report.finding
    assert str(leak) in report.text()
    page = Report(guesses, prepared, REGRESSION).html()
    assert page.index("copy alone predicts price") < page.index("Measured on")
    assert all(escape(note) in page for note in prepared.notes)
    stored = report.to_dict()
    assert stored["leaks"][0]["column"] == "copy"
    assert stored["notes"] == list(prepared.notes)
    assert not Page(page).open


def test_dates_that_overlap_are_a_hint_and_no_leak():
    random = np.random.default_rng(0)
    days = pandas.date_range("2024-01-01", periods=100).strftime("%Y-%m-%d")
    table = pandas.DataFrame({"size": random.normal(size=100), "day": days})
    dated = prepare(table.assign(price=table["size"] + random.normal(size=100)), "price")
    report = Report(dated.data.y_validation, dated, REGRESSION)
    (hint,) = report.leaks
    assert "possible leaks" not in report.finding
    for said in (report.text(), report.html()):
        assert "Look at this first" not in said and escape(str(hint), quote=False)[:60] in said


def test_errors_of_a_scaled_target_are_called_standard_deviations():
    data = replace(PRICES, target_unit="standard deviations")
    report = Report(GUESSES, data, REGRESSION)
    assert "mean absolute error (standard deviations of price)" in report.text()
    assert report.chart().panels[1].y_label.endswith("(standard deviations of price)")


def test_the_words_list_the_mistakes_that_the_picture_shows():
    data = Data(np.zeros((20, 1)), np.arange(20.0), np.zeros((20, 1)), np.arange(20.0) ** 2,
        task_type="regression")  # fmt: skip
    chart = Report(np.zeros(20), data, REGRESSION).chart()
    shown = [mark.text for mark in chart.panels[-1].marks]
    assert chart.summary.count("for a true") == len(shown)
    assert all(text in chart.summary for text in shown)


@settings(max_examples=40, deadline=None)
@given(data=st.data(), classes=st.integers(2, 6), count=st.integers(1, 40))
def test_laws_of_the_measures(data, classes, count):
    label = st.lists(st.integers(0, classes - 1), min_size=count, max_size=count)
    y_true, y_pred = np.array(data.draw(label)), np.array(data.draw(label))
    names = [str(index) for index in range(classes)]
    x = np.zeros((count, 1))
    metrics = Report(y_pred, Data(x, y_true, x, y_true, class_names=names), HISTORY).metrics
    matrix = np.array(metrics["confusion_matrix"])
    assert matrix.sum() == count
    assert metrics["accuracy"] == pytest.approx(np.trace(matrix) / count)
    for index, row in enumerate(metrics["per_class"]):
        found, there = matrix[:, index].sum(), matrix[index].sum()
        assert row["precision"] == pytest.approx(matrix[index, index] / max(found, 1))
        assert row["recall"] == pytest.approx(matrix[index, index] / max(there, 1))
        assert row["samples"] == there


def test_outputs_of_every_shape_give_the_same_report():
    expected = Report(FOUND, ANIMALS, HISTORY)
    for outputs in (FOUND[:, None], list(FOUND)):
        assert Report(outputs, ANIMALS, HISTORY).to_dict() == expected.to_dict()
    for outputs in (np.eye(3)[FOUND], 5 * np.eye(3)[FOUND] - 3):  # know more than the labels
        metrics = Report(outputs, ANIMALS, HISTORY).metrics
        assert expected.metrics.items() <= metrics.items()


def test_a_single_output_is_decided_at_one_half_or_as_a_logit_at_zero():
    data = Data(X, Y > 0, X, Y > 0)
    probability = np.array([0.1, 0.4, 0.6, 0.9, 0.8, 0.49])
    expected = [[2, 1], [1, 2]]
    assert Report(probability, data, HISTORY).metrics["confusion_matrix"] == expected
    logits = np.log(probability / (1 - probability))[:, None]
    assert Report(logits, data, HISTORY).metrics["confusion_matrix"] == expected
    model = SimpleNamespace(predict=lambda x: np.full((6, 1), 0.3), output_activation="linear")
    assert Report(model, data, HISTORY).metrics["confusion_matrix"] == [[0, 3], [0, 3]]


def test_one_hot_labels_and_labels_per_time_step():
    data = Data(X, np.eye(3)[Y], X, np.eye(3)[Y])
    assert Report(np.eye(3)[FOUND], data, HISTORY).metrics["accuracy"] == pytest.approx(4 / 6)
    steps = np.array([[0, 1, 2], [2, 2, 0]])
    data = Data(steps, steps, steps, steps)
    assert Report(np.eye(3)[steps], data, HISTORY).metrics["accuracy"] == 1.0


def test_the_run_is_described():
    run = Report(FOUND, ANIMALS, HISTORY).run
    assert (run["epochs"], run["best_epoch"]) == (6, 5)
    assert (run["loss"], run["val_loss"], run["best_val_loss"]) == (0.15, 0.32, 0.3)
    assert run["parameters"] is None


@pytest.fixture(scope="module")
def job():
    data = datasets.iris(test_fraction=0.2)
    network = Network(
        [layers.Dense(8, activation="tanh"), layers.Dense(3, activation="softmax")],
        data.input_shape,
        dtype="float64",
    )
    job = TrainingJob(network, data, TrainingConfig(epochs=12, learning_rate=0.02))
    job.start()
    assert job.wait(60)
    return job


def test_the_report_of_a_job(job):
    report = job.report
    data = job.data
    right = job.model.predict(data.x_validation).argmax(axis=1) == data.y_validation
    assert report.metrics["accuracy"] == pytest.approx(right.mean())
    assert report.run["parameters"] == 4 * 8 + 8 + 8 * 3 + 3
    assert report.run["best_epoch"] == job.history.best_epoch
    assert report.run["stop_reason"] == job.history.stop_reason != ""
    assert report.diagnosis == job.diagnosis
    test = Report(job.model, data, job.history, part="test")
    assert test.to_dict()["samples"] == len(data.x_test)


def test_the_text_says_everything_and_stays_the_same(job):
    text = job.report.text()
    assert text == job.report.text() == job.report._repr_mimebundle_()["text/plain"]
    report = job.report
    for words in (
        f"{report.metrics['accuracy']:.3f}",
        f"{report.metrics['f1']:.3f}",
        "versicolor",
        "Confusion matrix",
        f"{report.run['epochs']} of 12",
        f"{report.run['loss']:.4f}",
        f"{report.run['best_val_loss']:.4f}",
        "67",
        report.diagnosis.text(),
    ):
        assert words in text
    assert "seconds" not in text


def test_the_dictionary_goes_through_json(job):
    stored = job.report.to_dict()
    assert json.loads(json.dumps(stored, allow_nan=False)) == stored
    assert stored["history"]["loss"] == job.history.history["loss"]
    diverged = {"loss": [1.0, np.nan], "val_loss": [np.inf, np.nan]}
    stored = Report(FOUND, ANIMALS, diverged).to_dict()
    assert json.dumps(stored, allow_nan=False)
    assert stored["history"]["loss"] == [1.0, None]
    assert stored["diagnosis"]["label"] == "diverging"


def test_the_picture_says_the_finding(job):
    report = job.report
    chart = report.chart()
    assert chart.title == report.finding
    assert len(chart.panels) == 6
    assert f"{report.metrics['accuracy']:.1%}" in chart.title
    assert report.diagnosis.title.lower() in chart.title
    assert chart.title in chart.summary
    assert f"best epoch ({report.run['best_epoch']})" in [
        getattr(mark, "label", "") for mark in chart.panels[0].marks
    ]
    assert figure_summary(report.figure()) == chart.summary
    regression = Report(GUESSES, PRICES, REGRESSION)
    assert "R² 0.750, typical error 0.707 euro" in regression.chart().title
    assert regression.chart().panels[2].y_label == "predicted price (euro)"


@pytest.mark.parametrize("name", ["classes", "numbers"])
def test_the_words_of_the_picture_stay_on_the_page(name, job):
    report = job.report if name == "classes" else Report(GUESSES, PRICES, REGRESSION)
    figure = report.figure()
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    texts = [figure._suptitle]
    for axes in figure.axes:
        texts += [axes._left_title, axes.title]
        if not axes.axison:
            texts += axes.texts
            continue
        texts += [axes.xaxis.label, axes.yaxis.label]
        for axis, (low, high) in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
            ticks = zip(axis.get_ticklocs(), axis.get_ticklabels(), strict=True)
            texts += [text for at, text in ticks if low <= at <= high]
    for text in texts:
        if text.get_text():
            box = text.get_window_extent(renderer)
            assert box.x0 >= -1, text
            assert box.y0 >= -1, text
            assert box.x1 <= figure.bbox.x1 + 1, text
            assert box.y1 <= figure.bbox.y1 + 1, text


def test_without_a_finished_epoch_there_is_still_a_report():
    report = Report(FOUND, ANIMALS, {"loss": []})
    assert report.run["best_epoch"] is None
    assert "0" in dict(report.run_facts())["epochs run"]
    assert len(report.chart().panels) == 2  # the matrix and the mistakes
    assert report.diagnosis.label == "not_enough_evidence"
    assert report.text()


class Page(HTMLParser):
    """Notes what a screen reader and a firewall would ask of a page."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.images, self.headers, self.links = [], [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.tags.append(tag)
        if tag not in ("meta", "img"):
            self.open.append(tag)
        if tag == "img":
            self.images.append(attributes)
        if tag == "th":
            self.headers.append(attributes.get("scope"))
        if tag == "html":
            self.language = attributes["lang"]
        self.links += [attributes[key] for key in ("href", "src") if key in attributes]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_is_whole_accessible_and_self_contained(job):
    text = job.report.html()
    page = Page(text)
    assert not page.open
    assert page.language == "en"
    assert page.tags.count("h1") == page.tags.count("main") == page.tags.count("title") == 1
    assert page.tags.count("caption") == page.tags.count("table") == 5
    assert set(page.headers) == {"row", "col"}
    (image,) = page.images
    assert image["alt"] == job.report.chart().summary
    assert all(link.startswith("data:image/png;base64,") for link in page.links)
    assert "http" not in text
    assert "color-scheme: light dark" in text
    fragment = job.report._repr_mimebundle_()["text/html"]
    assert not Page(fragment).images  # nothing in a stored output depends on the machine's fonts
    assert fragment in text


def test_names_cannot_break_the_page():
    data = Data(X, Y, X, Y, name="<script>", class_names=["<b>", "a & b", '"c"'])
    page = Page(Report(FOUND, data, HISTORY).html())
    assert not page.open
    assert "script" not in page.tags
    assert "b" not in page.tags


def test_saving_is_all_or_nothing(job, tmp_path):
    path = tmp_path / "a report.html"
    job.report.save_html(path)
    assert path.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert [entry.name for entry in tmp_path.iterdir()] == ["a report.html"]
    with pytest.raises(FileNotFoundError, match="does not exist"):
        job.report.save_html(tmp_path / "nowhere" / "report.html")
    with pytest.raises(TypeError, match="path must be"):
        job.report.save_html(3)


def test_a_model_with_a_progress_bar_is_asked_to_be_quiet():
    asked = []

    def predict(x, verbose="auto"):
        asked.append(verbose)
        return np.eye(3)[FOUND]

    weights = [np.zeros((2, 3)), np.zeros(3)]
    model = SimpleNamespace(predict=predict, trainable_weights=weights)
    report = Report(model, ANIMALS, SimpleNamespace(history=HISTORY))
    assert asked == [0]
    assert report.run["parameters"] == 9


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ((FOUND, "animals", HISTORY), TypeError, "data must be a Data"),
        ((FOUND, ANIMALS, None), TypeError, "history must be"),
        ((FOUND, ANIMALS, {}), ValueError, "'loss'"),
        ((FOUND, ANIMALS, HISTORY, "tset"), ValueError, "part must be"),
        ((FOUND, ANIMALS, HISTORY, "test"), ValueError, "has none"),
        ((3, ANIMALS, HISTORY), TypeError, "model must be"),
        ((FOUND[:5], ANIMALS, HISTORY), ValueError, "predictions must have shape"),
        ((FOUND + 2, ANIMALS, HISTORY), ValueError, "labels from 0 to 2"),
        ((FOUND + 0.5, ANIMALS, HISTORY), ValueError, "one output per class"),
        ((np.full((6, 3), np.nan), ANIMALS, HISTORY), ValueError, "finite"),
        ((["a"] * 6, ANIMALS, HISTORY), TypeError, "numbers"),
        ((GUESSES[:3], PRICES, REGRESSION), ValueError, "predictions must have shape"),
        (
            (SimpleNamespace(predict=lambda x: np.full((6, 3), np.nan)), ANIMALS, HISTORY),
            ValueError,
            "diverged",
        ),
    ],
)
def test_bad_input_is_named(arguments, error, words):
    with pytest.raises(error, match=words):
        Report(*arguments)
