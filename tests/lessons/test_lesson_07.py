"""What lesson 07 claims, as means of five seeds, computed by the very cells of the lesson."""

from pathlib import Path

import nbformat
import numpy as np
import pytest

from dlkit import diagnose

LESSON = Path(__file__).parents[2] / "notebooks" / "07_overfitting.ipynb"
SEEDS = range(5)
# words in a cell -> the line at which it begins to train, for the cells that define
DEFINING = {
    "from dlkit.regularizers import L1L2": "show(",
    "digits = datasets.digits": "small =",
    "def mislabel": "runs = {",
    "def train(": None,
    "images = x.reshape": "results =",
    "def hers": "found =",
    "origin = ": "seen_before =",
    "def repaired": "honest,",
}


@pytest.fixture(scope="module")
def lesson():
    """The names that the cells of the lesson define, without the runs."""
    cells = [cell.source for cell in nbformat.read(LESSON, 4).cells if cell.cell_type == "code"]
    names = {"np": np}
    for words, training in DEFINING.items():
        (source,) = [source for source in cells if words in source]
        exec(source.partition(f"\n{training}")[0] if training else source, names)
    names["none"] = names["five_seeds"]("none")
    return names


def test_degree_eleven_is_worse_still_on_most_days_and_most_of_it_at_the_ends():
    cells = [cell.source for cell in nbformat.read(LESSON, 4).cells if cell.cell_type == "code"]
    (source,) = [source for source in cells if "def temperature" in source]
    names = {}
    exec(source.partition("\nerror = {}")[0], names)
    hours, new_hours, read = names["hours"], names["new_hours"], names["read_thermometer"]
    squares = []
    for seed in range(200):
        day = np.random.default_rng(seed)
        curve = names["Polynomial"].fit(hours, read(hours, day), 11)
        squares.append((curve(new_hours) - read(new_hours, day)) ** 2)
    squares = np.array(squares)
    ends = (new_hours < 1) | (new_hours > 23)
    assert squares[:, ends].sum() > 0.9 * squares.sum()
    assert np.mean(np.sqrt(squares.mean(axis=1)) > 8.3) > 0.9  # the first day


def gap_of(found):
    return found[:, 0] - found[:, 1]


def closes(lesson, name):
    """Return (points closed, spread of the seeds, points gained in the exam) of a remedy."""
    without, found = lesson["none"], lesson["five_seeds"](name)
    closed = gap_of(without).mean() - gap_of(found).mean()
    spread = max(gap_of(without).std(), gap_of(found).std())
    return closed, spread, (found - without)[:, 2].mean()


def test_the_gap_is_planted(lesson):
    assert 0.1 < np.mean(lesson["y"] != lesson["right"][:160]) < 0.2
    assert lesson["none"][:, 0].mean() > 97
    assert gap_of(lesson["none"]).mean() > 25
    assert gap_of(lesson["none"]).min() > 20  # in every seed


@pytest.mark.parametrize("name", ["dropout 0.5", "4 × data"])
def test_a_remedy_closes_it(lesson, name):
    closed, spread, better = closes(lesson, name)
    assert closed > 12 and closed > 2 * spread and better > 4


@pytest.mark.full
@pytest.mark.parametrize("name", ["L2 0.01", "augmentation", "early stopping"])
def test_the_other_remedies_close_it_too(lesson, name):
    closed, spread, better = closes(lesson, name)
    assert closed > 12 and closed > 2 * spread and better > 4


@pytest.mark.full
def test_l1_closes_some_of_it_and_leaves_sparse_weights(lesson):
    closed, spread, better = closes(lesson, "L1 0.001")
    assert closed > 8 and closed > 2 * spread and better > 2
    shares = {
        l1: np.mean(
            [
                np.mean(np.abs(lesson["train"](seed, l1=l1).parameters["dense/kernel"]) < 1e-3)
                for seed in SEEDS
            ]
        )
        for l1 in (0.0, 0.001)
    }
    assert shares[0.0] < 0.05 and shares[0.001] > 0.5


@pytest.mark.full
def test_batch_normalization_does_not_close_it(lesson):
    closed, _, _ = closes(lesson, "batch norm.")
    assert closed < 8


@pytest.mark.full
def test_more_data_closes_it_step_by_step(lesson):
    gaps = []
    for n in (160, 320, 1280):
        x, y = lesson["pool"][:n], lesson["labels"][:n]
        found = [lesson["accuracies"](lesson["train"](seed, x, y), x, y) for seed in SEEDS]
        gaps.append(gap_of(np.array(found)).mean())
    assert gaps[0] > gaps[1] + 5 > gaps[2] + 8


@pytest.mark.full
def test_it_is_more_data_and_not_only_fewer_looks_at_each(lesson):
    x, y = lesson["pool"][:640], lesson["labels"][:640]
    lesson["UPDATES"] = 1200  # each of the 640 digits is seen 60 times, as each of the 160
    try:
        found = [lesson["accuracies"](lesson["train"](seed, x, y), x, y) for seed in SEEDS]
    finally:
        lesson["UPDATES"] = 300
    found = np.array(found)
    assert found[:, 0].mean() > 95  # learnt by heart again
    assert gap_of(found).mean() < gap_of(lesson["none"]).mean() - 5
    assert found[:, 2].mean() > lesson["none"][:, 2].mean() + 5


@pytest.mark.full
def test_five_neighbours_beat_the_network_without_a_remedy(lesson):
    from sklearn.neighbors import KNeighborsClassifier

    score = KNeighborsClassifier(5).fit(lesson["x"], lesson["y"]).score(*lesson["exam"])
    assert 100 * score > lesson["none"][:, 2].mean() + 2


@pytest.mark.full
def test_the_three_runs_are_called_by_their_names(lesson):
    run, pool, right = (lesson[name] for name in ("run", "pool", "right"))
    exam, validation = lesson["exam"], lesson["validation"]
    assert diagnose(run((1,), pool, right, exam, 40, 0.01, "tanh")).label == "underfitting"
    assert diagnose(run((32,), pool, right, exam, 20)).is_good
    found = diagnose(run((128, 64), lesson["x"], lesson["y"], validation, 60))
    assert found.label == "overfitting"


@pytest.mark.full
def test_augmenting_before_the_split_flatters_and_after_it_does_not(lesson):
    proud, on_exam = np.mean([lesson["hers"](seed)[:2] for seed in SEEDS], axis=0)
    assert proud > 98 and proud - on_exam > 6
    honest, _, on_exam = np.mean([lesson["repaired"](seed) for seed in SEEDS], axis=0)
    assert abs(honest - on_exam) < 5
