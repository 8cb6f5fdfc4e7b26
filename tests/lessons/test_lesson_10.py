"""Lesson 10: what it says of memory, clipping, baselines and text, as means of five seeds.

The functions are those of the notebook itself, so that lesson and test cannot drift apart.
"""

from pathlib import Path

import nbformat
import numpy as np
import pytest

from dlkit.labs.recurrent_training import corpus_lines, train_adding, train_characters
from dlkit.labs.recurrent_writer import obeys_grammar, write_lines

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "10_rnn.ipynb"
SEEDS = range(5)


@pytest.fixture(scope="module")
def sources():
    cells = nbformat.read(NOTEBOOK, as_version=4).cells
    return [cell.source for cell in cells if cell.cell_type == "code"]


def joined(sources, *wanted):
    """Return the names that some cells define, up to where they begin to train many networks."""
    names = {}
    for words in wanted:
        (source,) = [source for source in sources if words in source]
        cut = {"def learn(": "runs = {", "def forecast(": "for clip in (None"}[words]
        exec(source[: source.index("\n" + cut)], names)  # noqa: S102 - cells of our own lesson
    return names


@pytest.fixture(scope="module")
def adding(sources):
    return joined(sources, "def learn(")


# -- the adding problem, 60 time steps --------------------------------------------------------------


def test_gru_learns_to_remember_and_a_simple_rnn_only_guesses(adding):
    guess = 1 / 6
    errors = {
        name: adding["learn"](adding[name], seed=0, epochs=epochs)[1][-1]
        for name, epochs in (("GRU", 15), ("SimpleRNN", 6))
    }
    assert errors["GRU"] < 0.01 < 0.12 < errors["SimpleRNN"] < 1.5 * guess


@pytest.mark.full
def test_lstm_and_gru_learn_it_from_every_start_and_simple_rnn_from_none(adding):
    errors = {
        name: [adding["learn"](adding[name], seed)[1][-1] for seed in SEEDS]
        for name in ("SimpleRNN", "LSTM", "GRU")
    }
    assert max(errors["LSTM"] + errors["GRU"]) < 0.01 < 0.1 < min(errors["SimpleRNN"])
    assert np.mean(errors["LSTM"]) < np.mean(errors["SimpleRNN"]) / 10


@pytest.mark.full
def test_gru_is_within_two_points_of_lstm_with_fewer_parameters(adding):
    """Points: percent of 500 held-out sums that are off by less than 0.1, after 20 epochs each."""
    data, right, sizes = adding["data"], {}, {}
    for cell in ("lstm", "gru"):
        networks = [train_adding(cell, seed) for seed in SEEDS]
        off = [np.abs(n.predict(data.x_validation) - data.y_validation) for n in networks]
        right[cell] = 100 * np.mean([np.mean(each < 0.1) for each in off])
        sizes[cell] = networks[0].flat_parameters.size
    assert right["lstm"] > 90
    assert right["gru"] >= right["lstm"] - 2
    assert sizes["gru"] < sizes["lstm"]


# -- clipping, reading from both ends, forecasting ---------------------------------------------------


def test_clipping_saves_every_run(sources):
    names = joined(sources, "def learn(", "def forecast(")
    free = [names["forecast"](seed, None)[0] for seed in SEEDS]
    clipped = [names["forecast"](seed, 1.0)[0] for seed in SEEDS]
    assert all(curve[-1] > 1e6 for curve in free)
    assert np.mean([curve[-10:].mean() for curve in clipped]) < 0.2


@pytest.mark.full
def test_the_lstm_beats_as_it_is_now_and_not_linear_regression(sources):
    names = joined(sources, "def learn(")
    (source,) = [source for source in sources if "def off_by(" in source]
    seeds = "for seed in range(5):\n    network = Network([LSTM(16)"
    assert seeds in source, "the lesson takes five seeds"
    exec(source, names)  # noqa: S102 - a cell of our own lesson
    assert names["linear"] < 0.7 * names["as_now"]
    assert names["linear"] * 0.95 < names["lstm"] < 0.85 * names["as_now"]


# -- text -------------------------------------------------------------------------------------------


@pytest.mark.full
def test_four_fifths_of_what_an_lstm_writes_obey_the_grammar():
    """The mean over five trainings: at least 80 % of the lines, and half of these are new."""
    obeys, corpus = obeys_grammar(), {line for part in corpus_lines() for line in part}
    share, new = [], []
    for seed in SEEDS:
        lines = write_lines(train_characters("lstm", seed), 300)
        good = [line for line in lines if obeys(line)]
        share.append(len(good) / len(lines))
        new.append(np.mean([line not in corpus for line in good]))
    assert np.mean(share) >= 0.8, share
    assert np.mean(new) >= 0.5, new
