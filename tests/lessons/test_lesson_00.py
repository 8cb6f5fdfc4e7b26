"""What lesson 00 says of trees and networks on a table, with a network that got every care."""

from pathlib import Path

import nbformat
import pytest

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "00_start_here.ipynb"


def cell_with(words, names):
    """Run the one cell of the lesson that contains ``words``, and return its names."""
    cells = nbformat.read(NOTEBOOK, as_version=4).cells
    (source,) = [cell.source for cell in cells if cell.cell_type == "code" and words in cell.source]
    exec(compile(source, NOTEBOOK.name, "exec"), names)  # noqa: S102 - our own lesson
    return names


@pytest.mark.full
def test_boosting_beats_the_network_at_its_best_learning_rate_on_every_table():
    import numpy as np

    from dlkit import Network
    from dlkit.layers import Dense

    lesson = cell_with("def parcels", {"np": np})
    for seed in range(5):
        table = lesson["parcels"](seed)
        x, y = table.x_train, table.y_train
        unseen = (table.x_validation, table.y_validation)
        trees = lesson["HistGradientBoostingRegressor"](random_state=seed).fit(x, y.ravel())
        errors = []
        for learning_rate in (0.003, 0.01, 0.03, 0.1):
            layers = [Dense(units, "relu") for units in (128, 64, 32)] + [Dense(1)]
            network = Network(layers, table.input_shape, seed=seed, dtype="float64")
            care = {"epochs": 100, "early_stopping": True, "patience": 15}
            network.fit(x, y, validation_data=unseen, learning_rate=learning_rate, **care)
            errors.append(lesson["squared_error"](network.predict, *unseen))
        assert 2 * lesson["squared_error"](trees.predict, *unseen) < min(errors), f"table {seed}"


def reader(seed):
    from dlkit import Network
    from dlkit.layers import Dense

    layers = [Dense(units, "relu") for units in (128, 64, 32)] + [Dense(10, "softmax")]
    return Network(layers, input_shape=(64,), seed=seed, dtype="float64")


def accuracies(seeds=range(5), **settings):
    from dlkit import datasets

    data = datasets.digits(flat=True)
    exam = (data.x_validation, data.y_validation)
    for seed in seeds:
        run = reader(seed).fit(
            data.x_train, data.y_train, validation_data=exam, seed=seed, **settings
        )
        yield run.history["val_accuracy"][-1]


def test_one_epoch_reads_more_than_half_from_every_start():
    assert min(accuracies(epochs=1)) > 0.5


def test_the_network_is_about_as_good_as_one_classical_fit():
    from sklearn.linear_model import LogisticRegression

    from dlkit import datasets

    data = datasets.digits(flat=True)
    classical = LogisticRegression(max_iter=1000).fit(data.x_train, data.y_train)
    classical = classical.score(data.x_validation, data.y_validation)
    deep = list(accuracies(epochs=20, learning_rate=0.003))
    assert classical > 0.95 and abs(sum(deep) / len(deep) - classical) < 0.02


def test_each_tenfold_rate_repairs_the_run_a_little_more():
    sgd = {"epochs": 10, "optimizer": "sgd"}
    means = [sum(accuracies(learning_rate=rate, **sgd)) / 5 for rate in (0.0001, 0.001, 0.01, 0.1)]
    assert means == sorted(means), f"0.0001, 0.001, 0.01, 0.1: {means}"
    assert means[0] < 0.25 and means[-1] > 0.9
