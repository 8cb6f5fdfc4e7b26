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
