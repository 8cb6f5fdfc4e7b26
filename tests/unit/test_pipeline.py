"""The older API's names: the whole way from raw iris to a report, and what is refused."""

import numpy as np
import pytest

import dlkit
from dlkit import DLTrainer, datasets, prepare_dl_data, train_dl_model

FOUR = ["accuracy", "loss", "val_accuracy", "val_loss"]


@pytest.fixture(scope="module")
def iris():
    from sklearn.datasets import load_iris
    from sklearn.model_selection import train_test_split

    x, y = load_iris(return_X_y=True)
    x, x_test, y, y_test = train_test_split(x, y, test_size=0.2, random_state=0, stratify=y)
    x, x_val, y, y_val = train_test_split(x, y, test_size=0.2, random_state=0, stratify=y)
    return x, y, x_val, y_val, x_test, y_test


@pytest.mark.parametrize("seeds", [2, pytest.param(5, marks=pytest.mark.full)])
def test_iris_from_raw_to_ninety_percent_as_the_mean_over_seeds(iris, seeds):
    x, y, x_val, y_val, x_test, y_test = prepare_dl_data(*iris, "classification")
    accuracies = []
    for seed in range(seeds):
        model = DLTrainer.build_sequential_model(4, 3, "classification", seed=seed)
        history, trained = DLTrainer.train_dl_model(
            model,
            x,
            y,
            x_val,
            y_val,
            epochs=50,
            batch_size=32,
            learning_rate=0.001,
            early_stopping=True,
        )
        assert trained is model
        assert sorted(history.history) == FOUR
        found = np.asarray(model(x_test)).argmax(axis=1)
        accuracies.append(float(np.mean(found == y_test)))
    assert np.mean(accuracies) >= 0.9, accuracies


def test_what_is_scaled_is_scaled_by_the_training_part(iris):
    x, _, x_val, _, _, _ = prepare_dl_data(*iris, "classification")
    np.testing.assert_allclose(x.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(x.std(axis=0), 1, atol=1e-6)
    raw, raw_val = iris[0], iris[2]
    np.testing.assert_allclose(x_val, (raw_val - raw.mean(0)) / raw.std(0), atol=1e-6)


def test_preparing_twice_changes_nothing_more(iris):
    once = prepare_dl_data(*iris)
    for first, second in zip(once, prepare_dl_data(*once)):
        np.testing.assert_allclose(first, second, atol=1e-6)
        assert first.dtype == second.dtype


@pytest.mark.parametrize("dtype", [str, object])
def test_words_become_numbers_in_sorted_order(iris, dtype):
    names = np.array(["virginica", "setosa", "versicolor"], dtype)
    worded = [names[part] if i % 2 else part for i, part in enumerate(iris)]
    y = prepare_dl_data(*worded)[1]
    np.testing.assert_array_equal(np.sort(names)[y], names[iris[1]])


def test_labels_with_gaps_and_one_hot_rows_are_numbered(iris):
    gaps = [part * 5 + 3 if i % 2 else part for i, part in enumerate(iris)]
    rows = [np.eye(3)[part] if i % 2 else part for i, part in enumerate(iris)]
    for given in (gaps, rows):
        np.testing.assert_array_equal(prepare_dl_data(*given)[1], iris[1])


def test_images_are_scaled_by_channel_and_targets_stay():
    generator = np.random.default_rng(0)
    x, y = generator.integers(0, 256, (9, 4, 4, 3)), generator.normal(5, 2, 9)
    parts = prepare_dl_data(x, y, x, y, x, y, "regression")
    np.testing.assert_allclose(parts[0].mean(axis=(0, 1, 2)), 0, atol=1e-6)
    np.testing.assert_array_equal(parts[1], y.astype("float32"))


def test_a_class_that_training_never_saw_is_named(iris):
    x, y, x_val, y_val, x_test, y_test = iris
    with pytest.raises(ValueError, match="y_val holds the class 7, which does not occur"):
        prepare_dl_data(x, y, x_val, np.where(y_val == 1, 7, y_val), x_test, y_test)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"X_val": np.ones((24, 3))}, "X_val must have the same features as X_train"),
        ({"X_train": np.full((96, 4), np.nan)}, "X_train"),
        ({"y_train": np.full(96, 0.5)}, "task_type='regression'"),
        ({"y_test": np.zeros(3, int)}, "y_test"),
        ({"task_type": "ranking"}, "task_type"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(iris, change, message):
    names = ["X_train", "y_train", "X_val", "y_val", "X_test", "y_test"]
    with pytest.raises(ValueError, match=message):
        prepare_dl_data(**dict(zip(names, iris)) | change)


@pytest.mark.parametrize(
    "kind, data",
    [
        ("sequential", datasets.diabetes(test_fraction=0.2)),
        ("cnn", datasets.digits(test_fraction=0.2)),
        ("rnn", datasets.sine_mixture(samples=60, window=6, test_fraction=0.2)),
    ],
    ids=["sequential", "cnn", "rnn"],
)
def test_one_call_builds_trains_and_predicts(kind, data):
    parts = [getattr(data, f"{a}_{part}") for part in ("train", "validation", "test") for a in "xy"]
    model, history, predictions = train_dl_model(
        kind, *parts, data.task_type, epochs=1, batch_size=64, learning_rate=0.01
    )
    assert len(history) == 1
    assert predictions.shape == (len(data.x_test), data.output_dim)
    np.testing.assert_allclose(predictions, np.asarray(model(data.x_test)), rtol=1e-4, atol=1e-5)


def test_the_wrong_kind_for_the_data_names_the_right_one(iris):
    parts = prepare_dl_data(*iris)
    with pytest.raises(ValueError, match="kind='sequential' takes these"):
        train_dl_model("cnn", *parts)
    with pytest.raises(ValueError, match="learning_rate"):
        train_dl_model("sequential", *parts, learning_rate=-1)


def test_the_panel_gives_the_four_settings():
    panel = dlkit.render_dl_config("sequential")
    assert panel.value == {
        "epochs": 50,
        "batch_size": 32,
        "learning_rate": pytest.approx(0.001),
        "early_stopping": True,
    }
    panel.controls.epochs.value = 7
    assert panel.epochs == panel.value["epochs"] == 7
    with pytest.raises(ValueError, match="kind"):
        dlkit.render_dl_config("forest")


@pytest.mark.parametrize("labels", [True, False], ids=["labels", "probabilities"])
def test_results_are_shown_with_their_measures(capsys, labels):
    run = {"loss": [1.0, 0.5], "val_loss": [1.1, 0.6]}
    y_test, probabilities = [0, 1, 1, 0], np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.7, 0.3]])
    given = probabilities.argmax(axis=1) if labels else probabilities
    report = dlkit.display_dl_training_results(run, given, y_test)
    assert report.metrics["accuracy"] == 0.75
    assert report.finding in capsys.readouterr().out


def test_results_of_a_regression():
    run = {"loss": [1.0, 0.5], "val_loss": [1.1, 0.6]}
    report = dlkit.display_dl_training_results(run, [[1.0], [2.5]], [1.0, 2.0], "regression")
    assert report.metrics["mae"] == 0.25
