"""The NumPy engine: exactly the plain loop, to the bit, on checked data."""

import sys

import numpy as np
import pytest

from dlkit import Network, datasets, losses, optimizers
from dlkit.datasets import Data
from dlkit.layers import BatchNormalization, Dense, Dropout
from dlkit.training import Engine, TrainingConfig, TrainingJob, epoch_order
from dlkit.training.engine import NumpyEngine, engine_for
from dlkit.training.parts import TrainingParts, loss_for

GENERATOR = np.random.default_rng(0)


def small_data(samples=50, task_type="classification"):
    x = GENERATOR.normal(size=(samples, 4)).astype("float32")
    y = (x[:, 0] > 0).astype(int) + (x[:, 1] > 0)
    if task_type == "regression":
        y = x @ np.arange(8.0).reshape(4, 2)
    return Data(x[:40], y[:40], x[40:], y[40:], task_type=task_type)


def small_network(last="softmax", outputs=3, **settings):
    layers = [Dense(8, "relu"), BatchNormalization(), Dropout(0.25), Dense(outputs, last)]
    return Network(layers, (4,), **settings)


def flat(weights):
    return np.concatenate([array.ravel() for array in weights.values()])


def same(a, b):
    np.testing.assert_array_equal(a.batch_losses, b.batch_losses)
    assert a.history == b.history


@pytest.mark.parametrize("task_type", ["classification", "regression"])
@pytest.mark.parametrize("clipping", [{}, {"clipnorm": 0.1, "weight_decay": 0.01}])
def test_a_job_is_exactly_the_loop_that_you_would_write_by_hand(task_type, clipping):
    data = small_data(task_type=task_type)
    regression = task_type == "regression"
    ending = {"last": "linear", "outputs": 2} if regression else {}
    loss = losses.get("mse" if regression else "sparse_categorical_crossentropy")
    metric = "mae" if regression else "accuracy"
    config = TrainingConfig(
        epochs=3, batch_size=16, learning_rate=0.01, early_stopping=False, seed=5, **clipping
    )
    job = TrainingJob(small_network(seed=5, **ending), data, config)
    job.start()
    job.wait()

    network = small_network(seed=5, **ending)
    optimizer = optimizers.get("adam", learning_rate=0.01, **clipping)
    batch_losses, history = [], {name: [] for name in ("loss", metric, "val_loss", f"val_{metric}")}
    for epoch in (1, 2, 3):
        order = epoch_order(40, 5, epoch)
        loss_sum = metric_sum = 0.0
        for start in (0, 16, 32):
            chosen = order[start : start + 16]
            x, y = data.x_train[chosen], data.y_train[chosen]
            batch_losses.append(network.loss_and_gradients(x, y, loss))
            metric_sum += loss.metrics(y, network.outputs)[metric] * len(x)
            optimizer.apply(network.gradients, network.parameters)
            loss_sum += batch_losses[-1] * len(x)
        validation = network.evaluate(data.x_validation, data.y_validation, loss)
        history["loss"].append(loss_sum / 40)
        history[metric].append(metric_sum / 40)
        history["val_loss"].append(validation["loss"])
        history[f"val_{metric}"].append(validation[metric])

    np.testing.assert_array_equal(job.history.batch_losses, batch_losses)
    np.testing.assert_array_equal(job.model.flat_parameters, network.flat_parameters)
    got = job.history.history
    assert got["loss"] == history["loss"]
    assert got["val_loss"] == history["val_loss"]
    assert got[f"val_{metric}"] == history[f"val_{metric}"]
    np.testing.assert_allclose(got[metric], history[metric], rtol=1e-6)  # summed in another order


def train(engine, chunks, epochs=2):
    """Train whole epochs in chunks of the given sizes, over and over; return all numbers."""
    numbers = []
    for epoch in range(1, epochs + 1):
        engine.begin_epoch(epoch)
        first = index = 0
        while first < engine.batches_per_epoch:
            count = min(chunks[index % len(chunks)], engine.batches_per_epoch - first)
            numbers += list(engine.run(first, count))
            first, index = first + count, index + 1
        metrics = engine.train_metrics()
        numbers += [metrics["loss"], metrics["accuracy"], engine.evaluate("validation")[0]]
    return numbers


def test_the_size_of_chunks_changes_no_bit():
    x = GENERATOR.normal(size=(700, 4))
    data = Data(x[:600], np.arange(600) % 3, x[600:], np.arange(100) % 3)
    results = []
    for chunks in ([1000], [1], [2, 5, 1, 30]):
        engine = NumpyEngine(small_network(), data, TrainingConfig(batch_size=4))
        results.append(train(engine, chunks))
    assert results[0] == results[1] == results[2]


@pytest.mark.parametrize("optimizer", sorted(set(optimizers.OPTIMIZERS) - {"lbfgs"}))
def test_snapshot_and_restore_to_the_bit(optimizer):
    config = TrainingConfig(batch_size=4, optimizer=optimizer, learning_rate=0.01)
    engine = NumpyEngine(small_network(), small_data(), config)
    engine.begin_epoch(1)
    engine.run(0, 3)
    snapshot = engine.snapshot()
    first = [*engine.run(3, 7), *engine.train_metrics().values(), *flat(engine.weights())]
    engine.restore(snapshot)
    second = [*engine.run(3, 7), *engine.train_metrics().values(), *flat(engine.weights())]
    assert first == second
    engine.restore(snapshot)  # using it twice must not have changed it
    assert first[:7] == list(engine.run(3, 7))


def test_rewind_brings_back_weights_dropout_and_order_to_the_bit():
    job = TrainingJob(small_network(), small_data(), TrainingConfig(epochs=4, batch_size=8))
    initial = flat(job.engine.weights())
    job.start()
    job.wait()
    first = job.history
    job.rewind()
    np.testing.assert_array_equal(flat(job.engine.weights()), initial)
    job.start()
    job.wait()
    same(first, job.history)
    fresh = TrainingJob(small_network(), job.data, job.config)
    fresh.start()
    fresh.wait()
    same(first, fresh.history)


def test_the_initial_weights_are_those_that_the_model_had():
    """A trained network goes on from where it is, as in transfer learning."""
    network, data = small_network(), small_data()
    network.fit(data.x_train, data.y_train, epochs=2)
    trained = flat(network.get_weights())
    job = TrainingJob(network, data, TrainingConfig(epochs=1))
    np.testing.assert_array_equal(flat(network.get_weights()), trained)
    job.step(2)
    job.rewind()
    np.testing.assert_array_equal(flat(network.get_weights()), trained)


def test_reconfigure_is_as_good_as_new():
    data = small_data()
    job = TrainingJob(small_network(), data, TrainingConfig(epochs=2))
    job.start()
    job.wait()
    changes = {"batch_size": 7, "optimizer": "sgd", "learning_rate": 0.1, "seed": 3}
    job.reconfigure(job.config.replace(**changes))
    job.start()
    job.wait()
    fresh = TrainingJob(small_network(), data, TrainingConfig(epochs=2, **changes))
    fresh.start()
    fresh.wait()
    same(job.history, fresh.history)


def test_a_reconfiguration_that_does_not_fit_changes_nothing():
    job = TrainingJob(small_network(), small_data(), TrainingConfig(epochs=2))
    job.step()
    config, weights = job.config, flat(job.engine.weights())
    with pytest.raises(ValueError, match="y_train does not fit"):
        job.reconfigure(config.replace(loss="binary_crossentropy"))
    assert (job.config, job.status.state) == (config, "paused")
    np.testing.assert_array_equal(flat(job.engine.weights()), weights)
    assert job.resume() and job.wait()


def test_the_seed_of_the_run_leaves_the_initial_weights_alone():
    data = small_data()
    jobs = [TrainingJob(small_network(), data, TrainingConfig(seed=seed)) for seed in (0, 1)]
    np.testing.assert_array_equal(*(flat(job.engine.weights()) for job in jobs))
    for job in jobs:
        job.step(2)
    assert (flat(jobs[0].engine.weights()) != flat(jobs[1].engine.weights())).any()


def test_the_order_of_samples():
    orders = [epoch_order(100, seed, epoch) for seed in (0, 1) for epoch in (1, 2)]
    for order in orders:
        np.testing.assert_array_equal(np.sort(order), np.arange(100))
    assert len({tuple(order) for order in orders}) == 4
    np.testing.assert_array_equal(epoch_order(100, 1, 2), orders[3])
    np.testing.assert_array_equal(epoch_order(5, 0, 3, shuffle=False), np.arange(5))


def test_without_shuffling_the_samples_come_as_they_are():
    data, config = small_data(), TrainingConfig(batch_size=10, shuffle=False)
    engine = NumpyEngine(small_network(), data, config)
    engine.begin_epoch(1)
    loss = engine.run(0, 1)[0]
    network, sparse = small_network(), losses.get("sparse_categorical_crossentropy")
    engine.reset()
    network.layers[2].random = engine.network.layers[2].random
    assert loss == network.loss_and_gradients(data.x_train[:10], data.y_train[:10], sparse)


@pytest.mark.parametrize(("batch_size", "batches"), [(1, 40), (16, 3), (40, 1), (1000, 1)])
def test_batches_of_an_epoch(batch_size, batches):
    job = TrainingJob(small_network(), small_data(), TrainingConfig(batch_size=batch_size))
    assert job.status.batches == batches
    job.step(batches)
    assert len(job.history) == 1


CHOICES = [
    ("classification", "softmax", 3, "int", "sparse_categorical_crossentropy", False),
    ("classification", "linear", 3, "int", "sparse_categorical_crossentropy", True),
    ("classification", "softmax", 3, "one-hot", "categorical_crossentropy", False),
    ("classification", "linear", 3, "one-hot", "categorical_crossentropy", True),
    ("classification", "sigmoid", 1, "int", "binary_crossentropy", False),
    ("classification", "linear", 1, "int", "binary_crossentropy", True),
    ("classification", "sigmoid", 1, "one-hot", "binary_crossentropy", False),
    ("regression", "linear", 1, "float", "mean_squared_error", None),
]


@pytest.mark.parametrize(("task", "last", "outputs", "labels", "name", "logits"), CHOICES)
def test_the_loss_fits_task_labels_and_last_activation(task, last, outputs, labels, name, logits):
    classes = max(outputs, 2)
    y = GENERATOR.integers(0, classes, 50)
    y = {"int": y, "one-hot": np.eye(classes)[y], "float": y * 0.5}[labels]
    x = GENERATOR.normal(size=(50, 4))
    data = Data(x[:40], y[:40], x[40:], y[40:], task_type=task)
    engine = NumpyEngine(small_network(last, outputs), data, TrainingConfig())
    assert engine.loss.name == name
    if logits is not None:
        assert engine.loss.from_logits is logits
    engine.begin_epoch(1)
    before = engine.evaluate("train")[0]
    for _ in range(30):
        engine.run(0, 2)
    assert engine.evaluate("train")[0] < before


def test_a_loss_by_name_sees_logits_and_a_loss_object_is_taken_as_it_is():
    network, data = small_network("linear"), small_data()
    assert loss_for(network, data, "sparse_categorical_crossentropy").from_logits is True
    given = losses.SparseCategoricalCrossentropy()
    assert loss_for(network, data, given) is given


def check_refused(words, network=None, **changes):
    data = small_data()
    names = ("x_train", "y_train", "x_validation", "y_validation")
    arrays = {name: getattr(data, name) for name in names}
    arrays |= {key: value for key, value in changes.items() if key in names}
    parts = TrainingParts(**arrays, task_type=changes.get("task_type", "classification"))
    network = network or small_network()
    before = flat(network.get_weights())
    with pytest.raises((TypeError, ValueError), match=words):
        TrainingJob(network, parts, TrainingConfig())
    np.testing.assert_array_equal(flat(network.get_weights()), before)


def test_data_that_do_not_fit_are_refused_before_any_work():
    x, y = np.zeros((40, 4)), np.arange(40) % 3
    check_refused("x_train must have shape", x_train=np.zeros((40, 5)))
    check_refused("x_validation must have shape", x_validation=np.zeros((10, 2, 2)))
    check_refused("x_train must hold numbers", x_train=np.array([["a"] * 4] * 40))
    check_refused("x_train must hold finite", x_train=np.where(x == 0, np.nan, x))
    check_refused("x_train must not be empty", x_train=np.zeros((0, 4)), y_train=np.zeros(0))
    check_refused("y_train does not fit", y_train=y + 1)
    check_refused("y_train does not fit", y_train=y - 1)
    check_refused("y_train does not fit", y_train=y[:39])
    check_refused("y_train does not fit", y_train=np.array(["cat"] * 40))
    check_refused("y_validation does not fit", y_validation=np.full(10, 7))
    check_refused("y_train does not fit", y_train=np.eye(4)[y])
    check_refused("y_train does not fit", task_type="regression", y_train=np.zeros((40, 2)))


@pytest.mark.parametrize("data", [None, 3, (1, 2), {"x": 1}])
def test_data_of_another_kind_are_refused(data):
    with pytest.raises(TypeError, match="data must be a Data"):
        TrainingJob(small_network(), data)


@pytest.mark.parametrize("model", [None, "mlp", 3, Network, object()])
def test_a_model_of_another_kind_is_refused_without_loading_keras(model):
    loaded = "keras" in sys.modules
    with pytest.raises(TypeError, match="model must be a Network or a Keras model"):
        TrainingJob(model, small_data())
    assert ("keras" in sys.modules) == loaded


def test_the_engine_keeps_the_protocol():
    engine = engine_for(small_network(), small_data(), TrainingConfig())
    assert isinstance(engine, NumpyEngine)
    assert isinstance(engine, Engine)


@pytest.mark.parametrize("learning_rate", [1e4, 1e30])
def test_a_diverged_network_gets_finite_weights_back(learning_rate, capsys, recwarn):
    config = TrainingConfig(
        epochs=50, batch_size=4, optimizer="sgd", learning_rate=learning_rate, early_stopping=False
    )
    data = small_data(task_type="regression")
    network = Network([Dense(8, "relu"), Dense(2)], (4,))
    job = TrainingJob(network, data, config)
    job.start()
    job.wait()
    assert job.status.state == "stopped"
    assert "not finite" in job.history.stop_reason
    assert np.isfinite(network.flat_parameters).all()
    assert np.isfinite(job.history.batch_losses[:-1]).all()
    assert not np.isfinite(job.history.batch_losses[-1])
    assert capsys.readouterr().err == ""
    assert not [warning for warning in recwarn if warning.category is RuntimeWarning]


def test_a_gradient_that_is_not_finite_counts_as_a_loss_that_is_not():
    engine = NumpyEngine(small_network(), small_data(), TrainingConfig(batch_size=4))
    engine.begin_epoch(1)
    original = engine.network.loss_and_gradients

    def poisoned(*arguments, **settings):
        loss = original(*arguments, **settings)
        engine.network.flat_gradients[3] = np.inf
        return loss

    engine.network.loss_and_gradients = poisoned
    before = engine.network.flat_parameters.copy()
    np.testing.assert_array_equal(engine.run(0, 5), [np.nan])
    np.testing.assert_array_equal(engine.network.flat_parameters, before)


def test_a_new_learning_rate_counts_until_the_reset():
    engine = NumpyEngine(small_network(), small_data(), TrainingConfig(learning_rate=0.01))
    engine.set_learning_rate(0.5)
    assert engine.optimizer.learning_rate == 0.5
    engine.reset()
    assert engine.optimizer.learning_rate == 0.01


def test_digits_are_learnt_mean_of_five_seeds_and_none_below():
    """The network of the first lab: 64-128-64-32-10, at most 20 epochs, best weights back."""
    data = datasets.digits(flat=True)
    accuracies = []
    for seed in range(5):
        hidden = [Dense(units, "relu", kernel_initializer="he_uniform") for units in (128, 64, 32)]
        network = Network([*hidden, Dense(10, "softmax")], (64,), seed=seed)
        config = TrainingConfig(epochs=20, learning_rate=0.002, seed=seed)
        job = TrainingJob(network, data, config)
        job.start()
        job.wait()
        accuracies.append(job.evaluate()["accuracy"])
        best = job.history.best_epoch
        assert accuracies[-1] == job.history.history["val_accuracy"][best - 1]
    assert np.mean(accuracies) >= 0.97, accuracies
    assert min(accuracies) >= 0.96, accuracies
