"""Logs and progress of a run: as CSV, for TensorBoard, as a bar, as lines."""

import csv
import io
import logging

import killed_run
import pytest
from fake_engine import FakeEngine

from dlkit import CSVLog, ProgressBar
from dlkit.training import EpochRecord, TrainingConfig, TrainingJob

DATA = killed_run.make_data()


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def record(epoch, **more):
    values = {"loss": 0.5, "metrics": {"accuracy": 0.9}, "val_loss": 0.6, "seconds": 1.0}
    values |= {"val_metrics": {"accuracy": 0.8}, "learning_rate": 0.1, **more}
    return EpochRecord(epoch=epoch, **values)


# -- CSV ---------------------------------------------------------------------------------------


def test_a_run_as_csv(tmp_path):
    path = tmp_path / "run.csv"
    network = killed_run.make_model("numpy")
    parts = DATA.x_train, DATA.y_train
    validation = DATA.x_validation, DATA.y_validation
    history = network.fit(
        *parts, epochs=4, batch_size=8, validation_data=validation, callbacks=[CSVLog(path)]
    )
    found = rows(path)
    assert [int(row["epoch"]) for row in found] == history.epoch
    for name, values in history.history.items():
        assert [float(row[name]) for row in found] == values
    assert {float(row["learning_rate"]) for row in found} == {0.001}
    assert path.read_text().startswith("epoch,loss,accuracy,val_loss,val_accuracy,learning_rate,")


def test_keras_reads_the_same_columns(tmp_path):
    import keras

    model = killed_run.make_model("keras")
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(
        DATA.x_train,
        DATA.y_train,
        verbose=0,
        validation_data=(DATA.x_validation, DATA.y_validation),
        callbacks=[keras.callbacks.CSVLogger(tmp_path / "keras.csv")],
    )
    log = CSVLog(tmp_path / "ours.csv")
    log(record(1))
    theirs, ours = rows(tmp_path / "keras.csv"), rows(tmp_path / "ours.csv")
    assert set(theirs[0]) <= set(ours[0])
    assert theirs[0]["epoch"] == ours[0]["epoch"] == "0"


def test_a_run_that_goes_on_goes_on_in_the_same_file(tmp_path):
    path, folder = tmp_path / "run.csv", tmp_path / "checkpoints"
    config = TrainingConfig(epochs=5, batch_size=10, early_stopping=False)
    job = TrainingJob(killed_run.make_model("numpy"), DATA, config, folder)
    job.add_observer(CSVLog(path))
    job.step(epochs=2)
    with path.open("a") as file:
        file.write("2,9,9,9,9,9,9\n")  # an epoch after the checkpoint, lost in the crash
    again = TrainingJob.from_checkpoint(folder, killed_run.make_model("numpy"), DATA)
    again.add_observer(CSVLog(path))
    again.resume()
    again.wait()
    assert [float(row["loss"]) for row in rows(path)] == again.history.history["loss"]
    again.rewind()
    again.start()  # a fresh run has a fresh table
    again.wait()
    assert [int(row["epoch"]) for row in rows(path)] == [0, 1, 2, 3, 4]


def test_a_file_of_something_else_is_replaced(tmp_path):
    path = tmp_path / "run.csv"
    for content in (b"a,b\n1,2\n", b"\xff\xfe\x00", b"", b"epoch,loss\n0,1\n"):
        path.write_bytes(content)
        CSVLog(path)(record(3))
        assert [row["epoch"] for row in rows(path)] == ["2"]


def test_without_validation_there_are_no_columns_of_it(tmp_path):
    log = CSVLog(tmp_path / "run.csv")
    log(record(1, val_loss=None, val_metrics={}))
    assert list(rows(tmp_path / "run.csv")[0]) == [
        "epoch",
        "loss",
        "accuracy",
        "learning_rate",
        "seconds",
    ]


# -- a bar -------------------------------------------------------------------------------------


def make(**settings):
    return TrainingJob(FakeEngine(batches=20), None, TrainingConfig(epochs=3, **settings))


def test_a_bar_counts_batches_and_says_the_losses():
    stream, job = io.StringIO(), make()
    job.add_observer(ProgressBar(stream))
    job.start()
    job.wait()
    last = stream.getvalue().rstrip().split("\r")[-1]
    assert "epoch 3" in last and "60/60" in last
    assert f"loss={job.status.loss:.3g}, val_loss={job.status.val_loss:.3g}" in last


def test_a_bar_goes_on_where_the_run_goes_on(tmp_path):
    config = TrainingConfig(epochs=3)
    TrainingJob(FakeEngine(batches=20), None, config, tmp_path).step(25)
    job = TrainingJob.from_checkpoint(tmp_path, FakeEngine(batches=20), None)
    stream = io.StringIO()
    job.add_observer(ProgressBar(stream))
    job.step(5)
    assert "30/60" in stream.getvalue().split("\r")[-1]
    job.resume()
    job.wait()
    assert "60/60" in stream.getvalue().rstrip().split("\r")[-1]


def test_a_second_run_gets_a_second_bar():
    stream, job = io.StringIO(), make()
    job.add_observer(ProgressBar(stream))
    for count in (1, 2):
        job.start()
        job.wait()
        assert stream.getvalue().count("60/60") >= count
        assert stream.getvalue().count("\n") == count


def test_a_bar_that_is_closed_early_says_how_far_it_came():
    stream = io.StringIO()
    bar, job = ProgressBar(stream), make()
    job.add_observer(bar)
    job.step(30)
    bar.close()
    assert "30/60" in stream.getvalue().rstrip().split("\r")[-1]


def test_a_run_that_diverges_ends_its_bar():
    stream = io.StringIO()
    job = TrainingJob(
        FakeEngine(batches=20, losses={25: float("nan")}), None, TrainingConfig(epochs=3)
    )
    job.add_observer(ProgressBar(stream))
    job.start()
    job.wait()
    assert job.status.state == "stopped"
    assert stream.getvalue().endswith("\n"), "what is printed next stands on a line of its own"


# -- TensorBoard -------------------------------------------------------------------------------


def scalars(folder):
    import tensorflow as tf

    found = {}
    for path in sorted(folder.rglob("events*")):
        for raw in tf.data.TFRecordDataset(str(path)):
            event = tf.compat.v1.Event.FromString(raw.numpy())
            for value in event.summary.value:
                assert value.metadata.plugin_data.plugin_name in ("scalars", "")
                key = (path.parent.name, value.tag)
                found.setdefault(key, []).append((event.step, float(tf.make_ndarray(value.tensor))))
    return found


def test_a_numpy_run_for_tensorboard(tmp_path):
    from dlkit import TensorBoardLog

    job = make()
    log = TensorBoardLog(tmp_path / "logs")
    job.add_observer(log)
    job.start()
    job.wait()
    log.close()
    found = scalars(tmp_path / "logs")
    assert set(found) == {
        ("train", "batch_loss"),
        ("train", "epoch_loss"),
        ("train", "epoch_accuracy"),
        ("train", "epoch_learning_rate"),
        ("validation", "epoch_loss"),
        ("validation", "epoch_accuracy"),
    }
    assert [step for step, _ in found["train", "batch_loss"]] == list(range(60))
    for part, name in (("train", "loss"), ("validation", "val_loss")):
        values = [value for _, value in found[part, "epoch_loss"]]
        assert values == pytest.approx(job.history.history[name], rel=1e-6)


# -- lines -------------------------------------------------------------------------------------


def test_a_line_each_tenth_of_the_epochs(caplog):
    with caplog.at_level(logging.INFO, logger="dlkit.training"):
        job = TrainingJob(FakeEngine(), None, TrainingConfig(epochs=35, early_stopping=False))
        job.start()
        job.wait()
    lines = [entry.getMessage() for entry in caplog.records]
    assert [int(line.split()[1]) for line in lines] == [4, 8, 12, 16, 20, 24, 28, 32, 35]
    assert lines[0].startswith("epoch 4 of 35: training loss 0.")


def test_a_run_that_stops_early_writes_its_last_line(caplog):
    job = TrainingJob(
        FakeEngine(val_losses=[0.5, 0.4, 0.6, 0.7, 0.8]),
        None,
        TrainingConfig(epochs=100, patience=2),
    )
    with caplog.at_level(logging.INFO, logger="dlkit.training"):
        job.start()
        job.wait()
    assert [entry.getMessage().split(":")[0] for entry in caplog.records] == ["epoch 4 of 100"]


def test_an_observer_that_fails_is_named_to_the_end(caplog):
    job = make()

    def broken(record):
        raise RuntimeError("boom")

    job.add_observer(broken)
    job.start()
    job.wait()
    assert job.status.message.startswith("Finished") and "boom" in job.status.message
    assert any("boom" in entry.getMessage() for entry in caplog.records), "a script shows it, too"
    job.rewind()
    assert "boom" not in job.status.message
