"""Checkpoints of a job: what they hold, when they are made, how a run goes on from them."""

import json
import logging
import shutil

import killed_run
import numpy as np
import pytest
from fake_engine import FakeEngine

from dlkit import Network, layers, optimizers, schedules
from dlkit.training import ChunkRecord, TrainingConfig, TrainingJob, checkpoint, checkpoint_files
from dlkit.training.checkpoint_tree import decode, encode
from dlkit.training.loop import Place, training_loop
from dlkit.training.parts import TrainingParts
from dlkit.training.progress import Progress

DATA = killed_run.make_data()


@pytest.fixture
def always(monkeypatch):
    """Write a checkpoint after each chunk."""
    monkeypatch.setattr(checkpoint, "SECONDS", 0.0)
    monkeypatch.setattr(checkpoint, "SHARE", float("inf"))


def network(**settings):
    return killed_run.make_model("numpy", **settings)


def begin(folder, config=killed_run.CONFIG, model=None):
    return TrainingJob(model or network(), DATA, config, folder)


def finish(job):
    job.resume()
    job.wait()
    assert job.status.state == "finished"
    return killed_run.outcome(job)


def undisturbed(config, model):
    return finish(TrainingJob(model, DATA, config))


def headers(folder):
    return {path.stem: json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}


SETTINGS = {
    "early stopping": {"patience": 1, "learning_rate": 0.05, "epochs": 30},
    "no early stopping": {"early_stopping": False},
    "min_delta": {"min_delta": 0.05, "patience": 3},
    "schedule": {"learning_rate_schedule": schedules.OneCycle(0.01, 100)},
    "plateau": {
        "plateau": {"monitor": "loss", "factor": 0.5, "patience": 1, "min_delta": 0.5},
        "epochs": 6,
    },
    "clipping": {"clipnorm": 0.1, "weight_decay": 0.01},
    "in order": {"shuffle": False},
    **{name: {"optimizer": name} for name in optimizers.OPTIMIZERS},
    "lbfgs": {"optimizer": "lbfgs", "batch_size": 50, "epochs": 30, "patience": 30},
}


@pytest.mark.parametrize("name", SETTINGS)
def test_a_run_goes_on_to_the_same_bits(name, tmp_path):
    config = TrainingConfig(**{"epochs": 3, "batch_size": 4, **SETTINGS[name]})
    expected = undisturbed(config, network())
    for steps in (20,) if name in optimizers.OPTIMIZERS else (13, 30):  # 13 end an epoch
        folder = tmp_path / str(steps)
        job = begin(folder, config)
        job.step(steps)
        job.start()
        job.stop()
        job.wait()
        again = TrainingJob.from_checkpoint(folder, network(seed=5), DATA)
        if again.status.state != "finished":
            assert finish(again) == expected
        assert killed_run.outcome(again) == expected


def test_every_place_of_a_run_is_a_place_to_go_on_from(tmp_path):
    """Within an epoch, at its last batch before its validation, and at the end."""
    expected = undisturbed(killed_run.CONFIG, network())
    folder, places = tmp_path / "run", []
    job = begin(folder)
    while job.status.state != "finished":
        job.step(8)
        places.append(tmp_path / f"copy{len(places)}")
        shutil.copytree(folder, places[-1])
    assert len(places) > 5
    for place in places:
        again = TrainingJob.from_checkpoint(place, network(), DATA)
        if again.status.state != "finished":
            finish(again)
        assert killed_run.outcome(again) == expected


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_initial_weights_and_best_weights_are_kept(tmp_path, dtype):
    config = TrainingConfig(epochs=40, batch_size=4, learning_rate=0.1, patience=4)
    stack = [layers.Dense(6, "tanh"), layers.Dense(3)]
    job = begin(tmp_path, config, Network(stack, 5, dtype=dtype))
    first = job.engine.weights()
    job.start()
    job.wait()
    assert "early stopping" in job.history.stop_reason
    other = Network([layers.Dense(6, "tanh"), layers.Dense(3)], 5, seed=8, dtype=dtype)
    again = TrainingJob.from_checkpoint(tmp_path, other, DATA)
    for name, array in job.engine.weights().items():
        np.testing.assert_array_equal(again.engine.weights()[name], array)
    assert again.history.best_epoch == job.history.best_epoch < len(job.history)
    assert (again.status.state, again.history.stop_reason) == (
        job.status.state,
        job.history.stop_reason,
    )
    assert not again.resume()
    again.rewind()
    for name, array in first.items():
        np.testing.assert_array_equal(again.engine.weights()[name], array)


def test_start_best_last_and_the_one_before_stay(tmp_path, always):
    job = begin(tmp_path)
    finish(job)
    found = headers(tmp_path)
    roles = [header["role"] for header in found.values()]
    assert len(found) <= 4
    assert roles[0] == "start" and roles[-2:] == ["last", "last"]
    best = [h for h in found.values() if h["state"]["place"]["epoch"] == job.history.best_epoch + 1]
    assert any(header["state"]["place"]["batch"] == 0 for header in best)
    assert sorted(path.stem for path in tmp_path.glob("*.npz")) == list(found)


def test_the_text_of_a_checkpoint_can_be_read(tmp_path):
    job = begin(tmp_path)
    job.step(15)
    job.stop()
    last = headers(tmp_path).popitem()[1]
    assert last["about"] == "A run of dlkit after 15 steps: 1 whole epochs and 2 batches."
    assert last["config"]["optimizer"] == "nadam"
    assert last["data"]["x_train"]["shape"] == [50, 5]
    assert [layer["layer_kind"] for layer in last["model"]["layers"]][0] == "Dense"


def test_a_checkpoint_shows_status_and_history(tmp_path):
    job = begin(tmp_path)
    job.step(31)
    job.start()
    job.pause()
    job.wait()
    again = TrainingJob.from_checkpoint(str(tmp_path), network(), DATA)
    for name in (
        "epoch",
        "epochs",
        "batch",
        "batches",
        "loss",
        "val_loss",
        "metrics",
        "best_epoch",
    ):
        assert getattr(again.status, name) == getattr(job.status, name)
    assert again.status.state == "paused"
    assert again.status.message.startswith("Read from checkpoint-0000")
    assert "resume() goes on" in again.status.message
    assert again.history.history == job.history.history
    assert again.config == job.config
    assert again.checkpoint_dir == tmp_path
    assert again.diagnosis.label == job.diagnosis.label


def test_a_second_run_in_the_folder_is_refused(tmp_path):
    begin(tmp_path).step()
    before = headers(tmp_path)
    with pytest.raises(FileExistsError, match="checkpoint_dir=.*from_checkpoint"):
        begin(tmp_path)
    assert headers(tmp_path) == before


def test_two_jobs_in_one_folder_spare_each_other(tmp_path):
    first, second = begin(tmp_path), begin(tmp_path, model=network(seed=1))
    first.step(batches=3)
    mine = headers(tmp_path)
    second.step(batches=1)
    assert "another job" in second.status.message, "the second run is not kept, and says so"
    assert headers(tmp_path) == mine, "what the first job has written stays"
    again = TrainingJob.from_checkpoint(tmp_path, network(), DATA)
    again.step(batches=1)
    first.step(batches=1)
    assert "another job" in first.status.message, "it was taken over by the job that went on"
    assert TrainingJob.from_checkpoint(tmp_path, network(), DATA).status.batch == 4


def test_what_is_wrong_with_a_file_is_said_in_words(tmp_path):
    job = begin(tmp_path)
    job.step(batches=1)
    newest = max(tmp_path.glob("*.json"))
    for content, words in ((b"", "no complete JSON"), (b"{}", "'checksum' is missing")):
        newest.write_bytes(content)
        job = TrainingJob.from_checkpoint(tmp_path, network(), DATA)
        assert words in job.status.message
    newest.with_suffix(".npz").unlink()
    for path in tmp_path.glob("*.npz"):
        path.unlink()
    with pytest.raises(ValueError, match="npz is damaged: the file is missing"):
        TrainingJob.from_checkpoint(tmp_path, network(), DATA)


def test_rewinding_keeps_the_old_checkpoints_until_the_new_run_starts(tmp_path):
    job = begin(tmp_path)
    job.step(20)
    job.rewind()
    assert len(headers(tmp_path)) >= 2
    job.reconfigure(job.config.replace(learning_rate=0.5, learning_rate_schedule=None))
    job.step()
    found = headers(tmp_path)
    assert {header["config"]["learning_rate"] for header in found.values()} == {0.5}
    again = TrainingJob.from_checkpoint(tmp_path, network(), DATA)
    assert len(again.history.batch_losses) in (0, 1)


def other_data(**changes):
    parts = {name: getattr(DATA, name) for name in ("x_train", "y_train", "x_validation")}
    return TrainingParts(**{**parts, "y_validation": DATA.y_validation, **changes})


CHANGED = DATA.x_train.copy()
CHANGED[7, 2] += 1e-6


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (other_data(x_train=CHANGED), "data must be .*the values of x_train are others here"),
        (
            other_data(x_train=DATA.x_train[:40], y_train=DATA.y_train[:40]),
            r"x_train.shape are \[40, 5\] here and \[50, 5\] in the checkpoint",
        ),
        (other_data(y_validation=DATA.y_validation[::-1].copy()), "the values of y_validation"),
    ],
)
def test_other_data_are_refused(tmp_path, data, words):
    begin(tmp_path).step(3)
    model = network(seed=4)
    before = model.get_weights()
    with pytest.raises(ValueError, match=words):
        TrainingJob.from_checkpoint(tmp_path, model, data)
    for name, array in model.get_weights().items():
        np.testing.assert_array_equal(array, before[name])


@pytest.mark.parametrize(
    ("stack", "words"),
    [
        ([layers.Dense(7, "relu"), layers.Dense(3, "softmax")], "number of layers is 2 here and 4"),
        (
            [
                layers.Dense(7, "relu"),
                layers.BatchNormalization(),
                layers.Dropout(0.3),
                layers.Dense(3, "softmax"),
            ],
            r"layers\[0\].units is 7 here and 6 in the checkpoint",
        ),
        (
            [
                layers.Dense(6, "relu"),
                layers.BatchNormalization(),
                layers.Dropout(0.4),
                layers.Dense(3, "softmax"),
            ],
            r"layers\[2\].rate is 0.4 here and 0.3",
        ),
    ],
)
def test_another_model_is_refused(tmp_path, stack, words):
    begin(tmp_path).step(3)
    with pytest.raises(ValueError, match=f"model must be .*{words}"):
        TrainingJob.from_checkpoint(tmp_path, Network(stack, 5), DATA)


def test_there_must_be_a_checkpoint(tmp_path):
    with pytest.raises(FileNotFoundError, match="checkpoint_dir must be a folder"):
        TrainingJob.from_checkpoint(tmp_path / "none", network(), DATA)
    with pytest.raises(FileNotFoundError, match="checkpoint_dir must hold a checkpoint"):
        TrainingJob.from_checkpoint(tmp_path, network(), DATA)


def test_an_engine_of_your_own_is_kept_too(tmp_path):
    job = TrainingJob(FakeEngine(), None, TrainingConfig(epochs=3), tmp_path)
    job.step(17)
    again = TrainingJob.from_checkpoint(tmp_path, FakeEngine(), None)
    again.resume()
    again.wait()
    job.resume()
    job.wait()
    assert again.engine.weight == job.engine.weight
    np.testing.assert_array_equal(again.history.batch_losses, job.history.batch_losses)


def test_a_fast_run_writes_rarely_and_a_slow_one_at_each_epoch(tmp_path, monkeypatch):
    """The share of the time is what is promised: 5 % of it, and every few seconds."""
    clock = [0.0]
    monkeypatch.setattr(checkpoint, "perf_counter", lambda: clock[0])
    written = []

    def write(folder, number, header, tree):
        clock[0] += 0.01
        written.append((tree["place"]["epoch"], tree["place"]["batch"], round(clock[0], 2)))

    monkeypatch.setattr(checkpoint_files.CheckpointFolder, "write", write)

    def run(seconds, batches, epochs):
        clock[0] = 0.0
        written.clear()
        config = TrainingConfig(epochs=epochs, early_stopping=False)
        engine = FakeEngine(batches, val_losses=[2.0] * 10**4)  # no new best epoch
        progress, place = Progress(config, batches), Place()
        keeper = checkpoint.Keeper(
            checkpoint_files.CheckpointFolder(tmp_path), engine, None, progress
        )
        keeper.begin(config, [], place)
        keeper.start()
        progress.go()
        for record in training_loop(engine, config, lambda left: 1, (), place, keeper.offer):
            if isinstance(record, ChunkRecord):
                clock[0] += seconds
            progress.take(record)
        return list(written), clock[0]

    places, took = run(0.001, 10, 200)  # an epoch of 10 ms
    assert 0.01 * len(places) < 0.07 * took
    places, took = run(1.0, 5, 4)  # an epoch of 5 s
    ends = [(epoch, batch) for epoch, batch, _ in places if batch == 0]
    assert {(2, 0), (3, 0), (4, 0), (5, 0)} <= set(ends)
    places, took = run(0.5, 100, 1)  # an epoch of 50 s
    gaps = np.diff([at for *_, at in places])
    assert 3.0 <= gaps[:-1].min() and gaps.max() < 3.0 + 0.5 * 2 + 0.1


def test_trees_come_back_to_the_bit():
    tree = {
        "numbers": [1, -(2**80), 0.1, float("inf"), float("-inf"), True, None, "text", "ü"],
        "arrays": (np.arange(6, dtype="int8").reshape(2, 3), np.zeros((0, 4)), np.float32(0.1)),
        "is": {"is": "array", 3: ("a", 1.5), (1, 2): []},
        "fortran": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        "scalar": np.array(3.5),
    }
    arrays = []
    text = json.dumps(encode(tree, arrays), allow_nan=False)
    back = decode(json.loads(text), arrays)
    assert repr(back) == repr(tree)
    nan = decode(encode(float("nan"), []), [])
    assert nan != nan
    for odd in (object(), {1, 2}, b"bytes", np.array([object()]), print):
        with pytest.raises(TypeError, match="cannot be kept"):
            encode([odd], [])


def test_a_narrow_float_of_machine_learning_comes_back():
    import ml_dtypes

    value = np.array([[1.5, -2.0, 3e38]], dtype=ml_dtypes.bfloat16)
    arrays = []
    back = decode(json.loads(json.dumps(encode(value, arrays))), arrays)
    assert back.dtype == value.dtype
    np.testing.assert_array_equal(back.view("uint16"), value.view("uint16"))


def test_no_checkpoint_without_a_folder(tmp_path, monkeypatch, caplog):
    monkeypatch.chdir(tmp_path)
    with caplog.at_level(logging.INFO):
        job = TrainingJob(network(), DATA, killed_run.CONFIG)
        finish(job)
    assert job.checkpoint_dir is None
    assert not list(tmp_path.iterdir())
