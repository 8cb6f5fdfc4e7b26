"""What a report says beyond right and wrong: ROC, calibration, worst mistakes, time."""

import json

import numpy as np
import pytest

from dlkit import datasets, layers
from dlkit.datasets import Data
from dlkit.network import Network
from dlkit.report import Report
from dlkit.report.mistakes import MOST, as_images, wrong_numbers
from dlkit.report.probabilities import calibration, probabilities, roc
from dlkit.training.config import TrainingConfig
from dlkit.training.job import TrainingJob

HISTORY = {"loss": [1.0, 0.5], "val_loss": [1.1, 0.7]}
X = np.arange(8.0).reshape(4, 2)


def test_area_by_counting_pairs():
    # pairs (positive, negative) ranked rightly: 3 of 4
    chances = np.array([0.1, 0.6, 0.4, 0.9])
    found = np.stack([1 - chances, chances], axis=1)
    truth = np.array([0, 0, 1, 1])
    report = roc(truth, found)
    assert report["auc"] == pytest.approx(0.75)
    (row,) = report["classes"]
    assert row["label"] == 1
    assert row["false_positive_rate"] == [0.0, 0.0, 0.5, 0.5, 1.0]
    assert row["true_positive_rate"] == [0.0, 0.5, 0.5, 1.0, 1.0]


def test_one_against_the_rest_is_the_share_of_pairs_for_each_class():
    random = np.random.default_rng(0)
    truth = random.integers(0, 3, 300)
    found = random.dirichlet([1, 1, 1], 300)
    report = roc(truth, found)
    areas = []
    for row in report["classes"]:
        of, others = found[truth == row["label"], row["label"]], found[truth != row["label"]]
        others = others[:, row["label"]]
        areas.append(np.mean(of[:, None] > others))
        assert row["auc"] == pytest.approx(areas[-1])
        assert len(row["true_positive_rate"]) <= 101
        assert (row["false_positive_rate"][0], row["true_positive_rate"][-1]) == (0, 1)
    assert report["auc"] == pytest.approx(np.mean(areas))


def test_a_class_that_never_occurs_has_no_area():
    found = np.array([[0.5, 0.3, 0.2], [0.1, 0.7, 0.2]])
    report = roc(np.array([0, 1]), found)
    assert [row["auc"] for row in report["classes"]] == [1.0, 1.0, None]
    assert report["auc"] == 1.0
    assert roc(np.array([0, 0]), found[:, :2])["auc"] is None


def test_calibration_by_hand():
    # confidence 0.6 twice (one right), 0.9 twice (both right): (|0.5 − 0.6| + |1 − 0.9|) / 2
    found = np.array([[0.6, 0.4], [0.6, 0.4], [0.1, 0.9], [0.1, 0.9]])
    report = calibration(np.array([0, 1, 1, 1]), found)
    assert report["expected_calibration_error"] == pytest.approx(0.1)
    assert report["confidence"] == pytest.approx([0.6, 0.9])
    assert report["accuracy"] == pytest.approx([0.5, 1.0])
    assert report["samples"] == [2, 2]
    assert report["overconfidence"] == pytest.approx(0.0)


def test_calibration_counts_every_sample_also_on_the_edges_of_bins():
    chances = np.round(np.random.default_rng(1).uniform(0.5, 1, 500), 1)
    found = np.stack([1 - chances, chances], axis=1)
    truth = np.random.default_rng(2).integers(0, 2, 500)
    report = calibration(truth, found)
    assert sum(report["samples"]) == 500
    right, share = np.dot(report["samples"], report["accuracy"]), np.mean(found.argmax(1) == truth)
    assert right / 500 == pytest.approx(share)


@pytest.mark.parametrize("shape", [(4,), (4, 1)])
def test_probabilities_of_every_kind_of_output(shape):
    z = np.array([-2.0, 0.0, 1.0, 800.0])
    p = np.array([1 / (1 + np.e**2), 0.5, 1 / (1 + 1 / np.e), 1.0])
    for outputs, logits in ((p, False), (z, True)):
        found = probabilities(outputs.reshape(shape), (4,), 2, logits)
        assert np.allclose(found[:, 1], p)
        assert np.allclose(found.sum(axis=1), 1)
    assert np.allclose(probabilities(np.stack([0 * z, z], axis=1), (4,), 2), found)
    assert probabilities(np.array([0, 1, 1, 0]), (4,), 2) is None


def test_the_worst_mistakes_come_first():
    truth = np.array([0, 0, 1, 1])
    found = np.array([[0.4, 0.6], [0.1, 0.9], [0.2, 0.8], [0.7, 0.3]])
    data = Data(X, truth, X, truth, class_names=["ant", "bee"], feature_names=["a <b>", "c"])
    report = Report(found, data, HISTORY)
    assert [mistake["row"] for mistake in report.mistakes] == [1, 3, 0]
    assert report.mistakes[0] == {
        "row": 1,
        "true": 0,
        "predicted": 1,
        "probability": pytest.approx(0.9),
        "probability_of_true": pytest.approx(0.1),
    }
    assert "row 1: ant taken for bee (0.900)" in report.chart().summary
    page = report.html()
    assert "The worst mistakes" in page
    assert "a &lt;b&gt;" in page  # the values stand beside the mistake
    labels_only = Report(np.array([1, 0, 1, 0]), data, HISTORY)
    assert [mistake["row"] for mistake in labels_only.mistakes] == [0, 3]
    assert labels_only.roc is labels_only.calibration is None


def test_the_largest_errors_of_numbers():
    y = np.array([[1.0, 5.0], [2.0, 5.0], [3.0, 5.0]])
    found = y + [[0.5, -2.0], [0.0, 0.0], [3.0, 1.0]]
    assert wrong_numbers(y, found) == [
        {"row": 2, "output": 0, "true": 3.0, "predicted": 6.0, "error": 3.0},
        {"row": 0, "output": 1, "true": 5.0, "predicted": 3.0, "error": -2.0},
    ]
    target = [1.0, 2.0, 3.0, 4.0]
    data = Data(X, target, X, target, task_type="regression")
    report = Report([1.0, 2.0, 3.0, 9.0], data, HISTORY)
    assert "row 3: predicted 9 for a true 4" in report.chart().summary
    assert Report(target, data, HISTORY).mistakes == []


@pytest.fixture(scope="module")
def job():
    data = datasets.digits()
    network = Network([layers.Flatten(), layers.Dense(10, "softmax")], data.input_shape)
    job = TrainingJob(network, data, TrainingConfig(epochs=2))
    job.start()
    job.wait()
    return job


def test_mistakes_on_images_are_shown_as_images(job):
    report = job.report
    assert 0 < len(report.mistakes) <= MOST
    panel = report.chart().panels[-1]
    shown = [mark.values for mark in panel.marks if hasattr(mark, "values")]
    assert len(shown) == len(report.mistakes)
    pixels = as_images(job.data.x_validation, [report.mistakes[0]["row"]])[0]
    assert np.allclose(np.corrcoef(shown[0].ravel(), pixels.ravel())[0, 1], 1)
    assert report.figure().axes


def test_colour_images_are_seen_as_grey_and_tables_are_no_images():
    colour = np.zeros((2, 4, 5, 3))
    colour[1, ..., 0] = 3.0
    assert np.allclose(as_images(colour, [1]), 1.0)
    assert as_images(np.zeros((2, 64)), [0]) is None
    assert as_images(colour, []) is None


def test_time_stands_on_the_page_and_in_the_dictionary_only(job):
    report = job.report
    seconds = sum(record.seconds for record in job.history.records)
    assert report.to_dict()["run"]["seconds"] == pytest.approx(seconds)
    assert f"{seconds:.2f} s" in report.html()
    assert "validation took" not in report._repr_mimebundle_()["text/html"]
    assert json.loads(json.dumps(report.to_dict(), allow_nan=False)) == report.to_dict()


def test_many_classes_and_labels_per_time_step_still_make_a_report():
    random = np.random.default_rng(0)
    steps = random.integers(0, 40, (6, 5))
    data = Data(steps, steps, steps, steps)
    report = Report(random.dirichlet(np.ones(data.output_dim), (6, 5)), data, HISTORY)
    assert report.figure().axes
    assert report.html()
