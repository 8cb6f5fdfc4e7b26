"""compare: whether a difference is more than chance between the seeds, and what it says of it."""

import numpy as np
import pytest

from dlkit import TrainingConfig, compare, datasets
from dlkit.training import Comparison, EpochRecord, History
from dlkit.training.chance import clearly_apart, holm, paired_p_value, seed_spread
from dlkit.training.sweep import Sweep
from dlkit.training.trials import Trial

MOONS = datasets.moons(samples=60)
QUICK = TrainingConfig(epochs=2, batch_size=16)


def fixed(values, rate=0.1):
    """Return a Sweep whose runs have these accuracies."""
    trials = []
    for seed, value in enumerate(values):
        record = EpochRecord(1, 1.0, {}, 1.0, {"accuracy": float(value)}, 0.1, 0.0)
        trials.append(Trial({"learning_rate": rate}, seed, History([record], (), QUICK)))
    return Sweep(trials, QUICK)


def compared(scores):
    """Return the Comparison of variants with these accuracies, one row each."""
    return Comparison({}, {f"way {i}": fixed(row) for i, row in enumerate(scores)})


@pytest.mark.parametrize("samples", [None, 50])  # accuracies of 50 samples come in steps of 2 %
@pytest.mark.parametrize(("ways", "seeds"), [(2, 2), (2, 3), (2, 5), (2, 10), (7, 5)])
def test_equal_ways_are_seldom_called_different(ways, seeds, samples):
    generator = np.random.default_rng(ways * seeds)
    alarms = 0
    for _ in range(400):
        start = generator.normal(0.8, 0.02, seeds)  # the seed's part, that all ways share
        scores = start + generator.normal(0, 0.02, (ways, seeds))
        if samples:
            scores = np.round(scores * samples) / samples
        alarms += bool(clearly_apart(dict(enumerate(scores)), 1 / samples if samples else 0.0))
    assert alarms / 400 < 0.08


@pytest.mark.parametrize(("seeds", "lead"), [(3, 0.3), (5, 0.1), (10, 0.04)])
def test_different_ways_are_found(seeds, lead):
    generator = np.random.default_rng(seeds)
    found = 0
    for _ in range(100):
        scores = 0.8 + generator.normal(0, 0.02, (2, seeds))
        scores[0] += lead
        found += bool(clearly_apart(dict(enumerate(scores))))
    assert found >= 90


def test_the_p_value_is_that_of_the_paired_t_test():
    from scipy import stats

    a, b = np.random.default_rng(0).normal(size=(2, 5))
    assert paired_p_value(a - b) == pytest.approx(stats.ttest_rel(a, b).pvalue, rel=1e-12)
    difference = compared([a / 100 + 0.5, b / 100 + 0.5]).difference("way 0", "way 1")
    assert difference["p_value"] == pytest.approx(stats.ttest_rel(a, b).pvalue, rel=1e-9)


def test_the_spread_is_that_of_a_sample():
    # (0.8, 0.9, 1.0): squares 0.01 + 0 + 0.01, divided by 2
    assert seed_spread([0.8, 0.9, 1.0]) == pytest.approx(0.1)
    assert np.isnan(seed_spread([0.8])) and np.isnan(seed_spread([0.8, np.inf]))
    found = compared([[0.8, 0.9, 1.0], [0.5, 0.5, 0.5]])
    assert found.table["spread"].tolist() == pytest.approx([0.1, 0.0])
    assert found.difference("way 0", "way 1")["spread"] == pytest.approx(0.1)
    assert "0.900 ± 0.100 over 3 seeds" in found.summary


def test_holm_by_hand():
    # Holm (1979): 0.01 · 4, then 0.02 · 3, 0.03 · 2 and 0.2 · 1, never less than the one before.
    np.testing.assert_allclose(holm([0.2, 0.01, 0.03, 0.02]), [0.2, 0.04, 0.06, 0.06])
    np.testing.assert_allclose(holm([0.6, 0.7]), [1.0, 1.0])


def test_differences_that_do_not_vary():
    assert paired_p_value(np.zeros(5)) == 1
    assert paired_p_value(np.full(5, 0.25)) < 1e-12
    # One sample of 100 more in each of two seeds: less than such an accuracy can show.
    assert paired_p_value(np.full(2, 0.01), step=0.01) > 0.05
    assert paired_p_value(np.full(5, 0.5), step=0.01) < 0.001


def test_equal_scores_are_no_difference():
    found = compared(np.full((2, 5), 0.9))
    assert not found.difference("way 0", "way 1")["exceeds_spread"]
    assert "seeds alone could explain" in found.summary


def test_a_way_that_always_diverges_is_clearly_worse_and_once_is_chance():
    bad = History([EpochRecord(1, np.inf, {}, np.inf, {}, 0.1, 0.0)], (), QUICK)
    good = [
        Trial({}, s, History([EpochRecord(1, 1.0, {}, 0.5 + s / 100, {}, 0.1, 0.0)], (), QUICK))
        for s in range(5)
    ]
    for diverged, clear in ((5, True), (1, False)):
        worse = [Trial({}, s, bad) for s in range(diverged)] + good[diverged:]
        found = Comparison({}, {"a": Sweep(good, QUICK), "b": Sweep(worse, QUICK)})
        difference = found.difference("a", "b")
        assert difference["exceeds_spread"] == clear
        assert difference["difference"] == -np.inf == -found.difference("b", "a")["difference"]
        assert np.isnan(difference["spread"])


def test_the_summary_names_who_is_clearly_worse():
    generator = np.random.default_rng(1)
    scores = 0.9 + generator.normal(0, 0.01, (3, 5)) - np.array([[0], [0.001], [0.4]])
    summary = compared(scores).summary
    assert "Better by more than the seed spread than way 2." in summary
    assert summary.count("way 0") == summary.count("way 1") == 1


def test_accuracies_come_in_steps_of_one_validation_sample():
    found = compare(MOONS, ["sgd", "adam"], QUICK, seeds=2, learning_rates=None)
    assert found.validation_samples == len(MOONS.y_validation)
    one_more = Comparison({}, {"a": fixed([0.75, 0.8]), "b": fixed([0.5, 0.55])}, 4)
    assert not one_more.difference("a", "b")["exceeds_spread"]


def test_one_seed_has_no_spread():
    found = compare(MOONS, ["sgd", "adam"], QUICK, seeds=1, learning_rates=None)
    assert "±" not in found.summary and "seed spread" not in found.summary
    assert "One seed cannot tell" in found.summary and "seeds=5" in found.summary
    assert found.table["spread"].isna().all()
    difference = found.difference("sgd", "adam")
    assert not difference["exceeds_spread"] and np.isnan(difference["p_value"])


@pytest.mark.parametrize(
    ("chosen", "word"), [(0.01, "smallest"), (0.1, None), (1.0, "largest")], ids=str
)
def test_which_edge(chosen, word):
    tried = Sweep(
        [t for r in (0.01, 0.1, 1.0) for t in fixed([0.9 if r == chosen else 0.5], r).trials],
        QUICK,
    )
    found = Comparison({"a": tried, "b": tried}, {"a": fixed([0.9, 0.8]), "b": fixed([0.7, 0.8])})
    if word:
        assert f"a, b: the {word} rate tried ({chosen:g})" in found.summary
        assert "learning_rates=" in found.summary
    else:
        assert "rate tried" not in found.summary


@pytest.mark.parametrize("rates", [(0.1,), (0.1, 1.0)], ids=["one rate", "equally good rates"])
def test_no_edge(rates):
    tried = Sweep([trial for rate in rates for trial in fixed([0.9], rate).trials], QUICK)
    found = Comparison({"a": tried, "b": tried}, {"a": fixed([0.9, 0.8]), "b": fixed([0.7, 0.8])})
    assert "rate tried" not in found.summary
