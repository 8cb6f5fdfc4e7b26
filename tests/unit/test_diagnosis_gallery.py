"""The diagnosis is measured on the gallery of runs with planted faults (tests/gallery)."""

import numpy as np
import pytest
from follow_advice import follow_all, helped
from gallery_criteria import CRITERIA, facts_of
from gallery_data import DEVELOPMENT, HELD_OUT, NUMBERS
from gallery_plants import PLANTS
from gallery_runs import data_of, train
from gallery_store import CURVES, RUNS, load
from measure_diagnosis import BEGIN, END, GOOD, PAGE, ask, figures, measured_text

from dlkit.training.diagnosis import TITLES, diagnose
from dlkit.training.records import History

COMPARED = ("underfitting", "learning_rate_too_low", "exploding_gradients")
COMPARED += ("vanishing_gradients", "dead_relu")  # whose criteria need the control as well


@pytest.fixture(scope="module")
def gallery():
    return load()


@pytest.fixture(scope="module")
def held_out():
    return ask("held_out")


# The gallery


def test_the_gallery_is_large_varied_and_small_on_disk(gallery):
    specs = [spec for spec, _ in gallery]
    assert len(specs) >= 600
    assert CURVES.stat().st_size + RUNS.stat().st_size <= 1.5e6
    assert {spec["label"] for spec in specs} == set(PLANTS) == set(CRITERIA)
    assert set(PLANTS) | {"not_enough_evidence"} == set(TITLES)
    assert {spec["engine"] for spec in specs} == {"numpy", "keras"}
    assert {spec["dataset"] in NUMBERS for spec in specs} == {True, False}
    assert len({spec["config"]["batch_size"] for spec in specs}) >= 4


def test_the_parts_share_neither_data_set_nor_seed(gallery):
    parts = {"development": [], "held_out": []}
    for spec, _ in gallery:
        parts[spec["part"]].append(spec)
    held_out = parts["held_out"]
    assert len(held_out) >= len(gallery) / 3
    assert sum(spec["label"] == "healthy" for spec in held_out) >= 150
    assert min(sum(spec["label"] == label for spec in held_out) for label in PLANTS) >= 10
    assert not set(DEVELOPMENT) & set(HELD_OUT)
    for field, allowed in (("dataset", (DEVELOPMENT, HELD_OUT)), ("seed", None)):
        first, second = ({spec[field] for spec in part} for part in parts.values())
        assert not first & second
        if allowed:
            assert first <= set(allowed[0]) and second <= set(allowed[1])


def test_stored_runs_meet_the_criterion_of_their_label(gallery):
    for spec, history in gallery[::5]:
        if spec["label"] not in COMPARED and len(history):
            facts = facts_of(history, data_of(spec))
            assert CRITERIA[spec["label"]](facts, facts), spec


def test_stored_numbers_are_those_of_the_run_described(gallery):
    again = [item for item in gallery if item[0]["label"] == "healthy"]
    again = [item for item in again if item[0]["engine"] == "numpy" and len(item[1]) <= 15][:3]
    assert len(again) == 3
    for spec, history in again:
        now, _ = train(spec)
        for name, values in now.history.items():
            np.testing.assert_allclose(values[:3], history.history[name][:3], rtol=0.01)
        assert list(now.layers) == list(history.layers)


# The figures


def test_held_out_runs_are_named_rightly(held_out):
    found = figures(held_out)
    assert found["right"] >= 0.95
    assert found["healthy_called_sick"] <= 0.02


def test_the_page_holds_the_measured_figures():
    page = PAGE.read_text(encoding="utf-8")
    assert page.split(BEGIN)[1].split(END)[0] == measured_text()


def test_curves_alone_seldom_call_a_healthy_run_sick():
    found = figures(ask("held_out", curves_only=True))
    assert found["healthy_called_sick"] <= 0.04


def test_every_answer_has_evidence_with_numbers_and_advice_with_arguments(held_out):
    for _, found in held_out:
        assert any(character.isdigit() for character in found.evidence[0])
        assert 0.3 < found.confidence <= 1
        assert found.is_good or "`" in found.advice[0]
        assert found.label == "diverging" or "nan" not in found.text()
        if found.label not in GOOD:
            assert found.advice[0].change


def test_the_first_three_epochs_of_a_calm_run_are_not_enough_evidence(held_out):
    for spec, history in load("held_out")[:160:8]:
        short = History(history.records[:3], history.batch_losses, history.config)
        assert diagnose(short, data_of(spec)).label == "not_enough_evidence"


# The advice


def test_the_first_advice_helps_in_a_sample(gallery):
    sample = {}
    for spec, history in gallery:
        if spec["engine"] == "numpy" and spec["config"]["epochs"] <= 25:
            sample.setdefault(spec["label"], []).append((spec, history))
    runs = [item for items in sample.values() for item in items[1:3]]
    answers = [answer for answer in (helped(*item) for item in runs) if answer is not None]
    assert len(answers) >= 12
    assert sum(good for _, good in answers) >= 0.75 * len(answers)


@pytest.mark.full
def test_the_first_advice_helps_in_four_of_five_runs(gallery):
    tried, good = follow_all(gallery)
    assert sum(tried.values()) >= 400
    assert sum(good.values()) >= 0.8 * sum(tried.values())
