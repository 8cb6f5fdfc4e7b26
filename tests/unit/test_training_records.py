"""Records and History: plain, immutable, with Keras's names."""

import copy
import dataclasses
import json
import pickle

import numpy as np
import pytest

from dlkit.training import ChunkRecord, EpochRecord, History, Status, TrainingConfig
from dlkit.training.records import Recorder, best_epoch


def epoch(number, loss=0.5, val_loss=0.6):
    val_metrics = {} if val_loss is None else {"accuracy": 0.8}
    return EpochRecord(number, loss, {"accuracy": 0.9}, val_loss, val_metrics, 0.001, 0.01)


def test_history_has_keras_keys_in_keras_order():
    history = History([epoch(1), epoch(2, val_loss=0.5)])
    assert list(history.history) == ["loss", "accuracy", "val_loss", "val_accuracy"]
    assert history.history["val_loss"] == [0.6, 0.5]
    assert history.epoch == [0, 1]
    assert len(history) == 2


def test_without_validation_there_are_no_val_columns():
    history = History([epoch(1, val_loss=None), epoch(2, loss=0.4, val_loss=None)])
    assert list(history.history) == ["loss", "accuracy"]
    assert history.best_epoch == 2


def test_an_empty_history():
    history = History()
    assert history.history == {}
    assert history.best_epoch is None
    assert history.batch_losses.shape == (0,)
    assert repr(history) == "History(epochs=0, batches=0)"


def test_nothing_handed_out_can_change_the_run():
    history = History([epoch(1)], np.ones(3))
    history.history["loss"].append(7)
    assert history.history["loss"] == [0.5]
    with pytest.raises(ValueError, match="read-only"):
        history.batch_losses[0] = 2
    with pytest.raises(AttributeError):
        history.stop_reason = "x"
    with pytest.raises(dataclasses.FrozenInstanceError):
        Status().epoch = 3
    for metrics in (history.records[0].metrics, history.records[0].val_metrics, Status().metrics):
        with pytest.raises(TypeError, match="cannot be changed"):
            metrics["accuracy"] = 9.0
        for again in (copy.deepcopy(metrics), pickle.loads(pickle.dumps(metrics))):
            assert again == metrics == json.loads(json.dumps(metrics))
    losses = np.ones(2)
    with pytest.raises(ValueError, match="read-only"):
        ChunkRecord(1, range(1, 3), losses).losses[0] = 9.0
    losses[0] = 2.0  # the one who made it may go on using its array


@pytest.mark.parametrize(
    ("values", "min_delta", "best"),
    [
        ([], 0, None),
        ([3, 2, 1], 0, 3),
        ([3, 1, 1, 2], 0, 2),
        ([3, 2.95, 2.8], 0.1, 3),
        ([3, 2.95, 2.91], 0.1, 1),
        ([float("nan"), 2, 3], 0, 2),
        ([float("nan")], 0, None),
        ([float("inf"), float("inf")], 0, None),
    ],
)
def test_best_epoch(values, min_delta, best):
    assert best_epoch(values, min_delta) == best


def test_min_delta_counts_only_with_early_stopping():
    records = [epoch(1, val_loss=3.0), epoch(2, val_loss=2.95)]
    on = TrainingConfig(min_delta=0.1)
    assert History(records, config=on).best_epoch == 1
    assert History(records, config=on.replace(early_stopping=False)).best_epoch == 2


def test_a_chunk_gives_one_record_a_batch():
    chunk = ChunkRecord(2, range(4, 6), np.array([0.5, 0.25]), 13, (0.1, 0.2), 0.02)
    first, second = chunk
    assert (first.epoch, first.batch, first.step, first.loss) == (2, 4, 14, 0.5)
    assert (second.batch, second.step, second.learning_rate, second.seconds) == (5, 15, 0.2, 0.01)


def test_the_recorder_grows_and_its_views_stay_as_they_were():
    recorder = Recorder(TrainingConfig())
    early = recorder.history()
    for step in range(3000):
        recorder.chunk(ChunkRecord(1, range(step + 1, step + 2), np.array([float(step)])))
        if step == 999:
            middle = recorder.history()
    recorder.epoch(epoch(1))
    recorder.end("done")
    late = recorder.history()
    assert (len(early.batch_losses), len(middle.batch_losses)) == (0, 1000)
    np.testing.assert_array_equal(middle.batch_losses, np.arange(1000.0))
    np.testing.assert_array_equal(late.batch_losses, np.arange(3000.0))
    assert (len(early), len(late), early.stop_reason, late.stop_reason) == (0, 1, "", "done")
