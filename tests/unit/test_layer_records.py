"""Records of layers: right by hand, the same from both engines, kept, and without any effect."""

import dataclasses
import json

import numpy as np
import pytest

from dlkit import Data, Network, TrainingConfig, TrainingJob, layers
from dlkit.keras.engine import KerasEngine
from dlkit.training import EpochRecord, History, LayerRecord
from dlkit.training.engine import NumpyEngine
from dlkit.training.layer_records import measured_batch

GENERATOR = np.random.default_rng(0)
X = GENERATOR.normal(size=(70, 6))
LABELS = (X[:, 0] * X[:, 1] > 0).astype("int64") + (X[:, 2] > 0)
DATA = Data(X[:50], LABELS[:50], X[50:], LABELS[50:])
CONFIG = TrainingConfig(
    epochs=2, batch_size=8, learning_rate=2.0**-7, record_layers=True, early_stopping=False, seed=3
)


def make_network(dropout=0.0):
    stack = [
        layers.Dense(9, "tanh", kernel_regularizer="l2"),
        layers.Dense(8, "relu"),
        *([layers.Dropout(dropout)] if dropout else []),
        layers.BatchNormalization(momentum=0.75),
        layers.Dense(4),
        layers.Activation("relu"),
        layers.Dense(3, "softmax"),
    ]
    network = Network(stack, (6,), seed=1, dtype="float64")
    network.parameters["dense_1/bias"][[2, 5, 6]] = -1e3  # three dead units of eight
    network.parameters["dense_2/bias"][1] = -1e3  # and one of four
    return network


def train(engine, epochs=2, chunk=None):
    """Return the layers' records of each epoch, trained ``chunk`` batches at a time."""
    found = []
    for epoch in range(1, epochs + 1):
        engine.begin_epoch(epoch)
        number = engine.batches_per_epoch
        for first in range(0, number, chunk or number):
            engine.run(first, min(chunk or number, number - first))
        found.append(engine.layer_records())
    return found


def run(config=CONFIG, network=None, data=DATA):
    job = TrainingJob(network or make_network(), data, config)
    job.start()
    job.wait()
    return job


def close(ours, theirs, tolerance):
    assert [each.name for each in ours] == [each.name for each in theirs]
    for a, b in zip(ours, theirs, strict=True):
        for field in ("gradient_norm", "update_ratio", "dead_share"):
            expected = getattr(b, field)
            if expected is not None:
                expected = pytest.approx(expected, rel=tolerance, abs=1e-12)
            assert getattr(a, field) == expected, (a, b)


def test_numbers_that_you_can_check_on_paper():
    """x = (3, 4), t = 1, w = (0.6, 0.8), b = 0: y = 5, L = 16, dL/dw = 8 x, dL/db = 8."""
    network = Network([layers.Dense(1, "relu", name="only")], (2,), dtype="float64")
    network.set_weights({"only/kernel": [[0.6], [0.8]], "only/bias": [0.0]})
    data = Data([[3.0, 4.0]], [1.0], [[3.0, 4.0]], [1.0], task_type="regression")
    config = TrainingConfig(epochs=1, learning_rate=0.25, optimizer="sgd", record_layers=True)
    history = run(config, network, data).history
    # ‖g‖ = 8 √(9 + 16 + 1); the update is a quarter of it, ‖w‖ = 1; then w x < 0: the unit is dead
    assert history.layers == {
        "only": [
            {
                "gradient_norm": pytest.approx(8 * 26**0.5, rel=1e-14),
                "update_ratio": pytest.approx(2 * 26**0.5, rel=1e-14),
                "dead_share": 1.0,
            }
        ]
    }


def test_gradient_and_update_are_those_of_the_last_full_batch():
    engine = NumpyEngine(make_network(), DATA, CONFIG)
    twin = NumpyEngine(make_network(), DATA, CONFIG.replace(record_layers=False))
    for each in (engine, twin):
        each.begin_epoch(1)
    engine.run(0, 7)
    twin.run(0, 5)  # six batches of eight and one of two: the sixth is measured
    network = twin.network
    before = {name: array.copy() for name, array in network.parameters.items()}
    twin.run(5, 1)
    records = {record.name: record for record in engine.layer_records()}
    for layer in ("dense", "dense_1", "batch_normalization", "dense_2", "dense_3"):
        names = [name for name in before if name.split("/")[0] == layer]
        squares = [
            sum(float(np.sum(np.square(each(name)))) for name in names)
            for each in (
                lambda name: network.gradients[name],
                lambda name: network.parameters[name] - before[name],
                lambda name: before[name],
            )
        ]
        assert records[layer].gradient_norm == pytest.approx(squares[0] ** 0.5, rel=1e-12)
        ratio = (squares[1] / squares[2]) ** 0.5
        assert records[layer].update_ratio == pytest.approx(ratio, rel=1e-9)


def test_dead_units_are_counted():
    (first, _) = train(NumpyEngine(make_network(), DATA, CONFIG.replace(learning_rate=1e-9)))
    shares = {record.name: record.dead_share for record in first}
    assert shares["dense_1"] == 3 / 8 and shares["activation"] == 1 / 4
    others = ("dense", "batch_normalization", "dense_2", "dense_3")
    assert [shares[name] for name in others] == [None] * 4
    activation = next(record for record in first if record.name == "activation")
    assert activation.gradient_norm is None and activation.update_ratio is None


def test_a_channel_is_dead_only_if_it_is_dead_everywhere():
    stack = [layers.Conv2D(4, 3, activation="relu"), layers.Flatten(), layers.Dense(2, "softmax")]
    network = Network(stack, (5, 5, 1))
    network.parameters["conv2d/bias"][0] = -1e3
    network.parameters["conv2d/bias"][1:] = 1e3
    images = np.random.default_rng(1).normal(size=(20, 5, 5, 1)).astype("float32")
    data = Data(images, np.arange(20) % 2)
    (records, _) = train(NumpyEngine(network, data, CONFIG))
    assert records[0].name == "conv2d" and records[0].dead_share == 0.25


@pytest.mark.parametrize("clip", [{}, pytest.param({"clipnorm": 0.1}, marks=pytest.mark.full)])
@pytest.mark.parametrize("steps", [1, pytest.param(3, marks=pytest.mark.full)])
def test_both_engines_record_the_same(steps, clip):
    config = CONFIG.replace(gradient_accumulation_steps=steps, **clip)
    network = make_network()
    keras_engine = KerasEngine(network.to_keras(), DATA, config)
    theirs = train(NumpyEngine(network, DATA, config))
    for a, b in zip(train(keras_engine), theirs, strict=True):
        close(a, b, 1e-6)
    # the size of chunks changes nothing, and neither does a second run with the same engine
    keras_engine.reset()
    for a, b in zip(train(keras_engine, chunk=3), theirs, strict=True):
        close(a, b, 1e-6)


@pytest.mark.parametrize("chunk", [1, 2, 5, 6])
@pytest.mark.parametrize("steps", [1, 4])
def test_the_size_of_chunks_changes_no_bit(chunk, steps):
    config = CONFIG.replace(gradient_accumulation_steps=steps)
    whole = train(NumpyEngine(make_network(), DATA, config))
    assert train(NumpyEngine(make_network(), DATA, config), chunk=chunk) == whole


def test_recording_changes_no_bit_of_the_run():
    with_records, without = run(), run(CONFIG.replace(record_layers=False))
    np.testing.assert_array_equal(with_records.model.flat_parameters, without.model.flat_parameters)
    np.testing.assert_array_equal(with_records.history.batch_losses, without.history.batch_losses)
    assert with_records.history.history == without.history.history
    assert without.history.layers == {} and without.history.records[0].layers == ()


@pytest.mark.parametrize("share", [3, 1, 0.5, 0.4])
def test_where_the_measured_batch_lies_changes_no_keras_run(share):
    """One batch an epoch, a last batch that is full, and one that is not."""
    config = CONFIG.replace(batch_size=round(share * len(DATA.x_train)))
    network = make_network()
    runs = [
        run(config.replace(record_layers=records), network.to_keras()) for records in (True, False)
    ]
    with_records, without = (job.history for job in runs)
    np.testing.assert_allclose(with_records.batch_losses, without.batch_losses, rtol=1e-5)
    assert len(with_records.batch_losses) == len(without.batch_losses)
    assert any(layer[-1]["gradient_norm"] for layer in with_records.layers.values())


def test_recording_changes_no_bit_with_dropout():
    with_records = run(network=make_network(0.5))
    without = run(CONFIG.replace(record_layers=False), make_network(0.5))
    np.testing.assert_array_equal(with_records.history.batch_losses, without.history.batch_losses)


@pytest.mark.parametrize("size", [1, 7, 50, 64])
@pytest.mark.parametrize("steps", [1, 2, 3, 5, 9])
def test_the_measured_batch_is_the_last_full_one_that_is_followed_by_an_update(size, steps):
    batches, step = -(-50 // size), 0
    for _ in range(4):
        pending = step % steps
        full = [b for b in range(batches) if (b + 1) * size <= 50] or [0]
        due = [b for b in full if (step + b + 1) % steps == 0]
        for first in range(batches):
            found = measured_batch(50, size, first, (pending + first) % steps, steps)
            assert found == due[-1] if due else found < 0
        step += batches


def test_an_epoch_without_an_update_has_no_gradient():
    config = CONFIG.replace(epochs=3, batch_size=50, gradient_accumulation_steps=3)
    columns = run(config).history.layers["dense"]
    assert [row["gradient_norm"] is None for row in columns] == [True, True, False]
    assert [row["update_ratio"] is None for row in columns] == [True, True, False]


def test_weights_that_are_all_zero_have_no_ratio():
    network = Network([layers.Dense(3, "softmax", kernel_initializer="zeros")], (6,))
    columns = run(CONFIG.replace(epochs=2, batch_size=50), network).history.layers["dense"]
    assert columns[0]["update_ratio"] is None and columns[0]["gradient_norm"] > 0
    assert columns[1]["update_ratio"] > 0


def test_they_survive_a_checkpoint_and_json(tmp_path):
    whole = run(network=make_network(0.25)).history.layers
    assert json.loads(json.dumps(whole)) == whole and len(whole["dense"]) == 2
    job = TrainingJob(make_network(0.25), DATA, CONFIG, tmp_path)
    job.step(13)  # after the measured batch of the second epoch, before its end
    again = TrainingJob.from_checkpoint(tmp_path, make_network(0.25), DATA)
    assert again.config == CONFIG and again.history.layers["dense"] == whole["dense"][:1]
    again.resume()
    again.wait()
    assert again.history.layers == whole
    assert TrainingJob.from_checkpoint(tmp_path, make_network(0.25), DATA).history.layers == whole


def test_checkpoints_without_layers_can_still_be_read():
    old = {"epoch": 1, "loss": 0.5, "metrics": {}, "val_loss": None, "val_metrics": {}}
    from dlkit.training import progress

    record = progress._record(**old, learning_rate=0.1, seconds=1.0)
    assert record == EpochRecord(1, 0.5, {}, None, {}, 0.1, 1.0) and record.layers == ()


def test_observers_cannot_change_them():
    job = run()
    (record, *_) = job.history.records[0].layers
    with pytest.raises(dataclasses.FrozenInstanceError):
        record.gradient_norm = 0.0
    job.history.layers["dense"][0]["gradient_norm"] = -1.0
    assert job.history.layers["dense"][0]["gradient_norm"] > 0
    columns = History([EpochRecord(1, 0.5, {}, 0.6, {}, 0.1, 1.0, (LayerRecord("a", 2.0),))])
    assert columns.layers == {
        "a": [{"gradient_norm": 2.0, "update_ratio": None, "dead_share": None}]
    }


def test_a_network_is_ready_for_its_next_batch_afterwards():
    job = run()
    network = job.model
    with pytest.raises(RuntimeError, match="forward"):
        network.backward(np.zeros((50, 3)))
    assert network.forward(X).shape == (70, 3)
