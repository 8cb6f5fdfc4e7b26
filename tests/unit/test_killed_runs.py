"""Kill −9 at random moments: the run goes on from the last good checkpoint to the same bits."""

import random
import subprocess
import sys
import time
from pathlib import Path

import killed_run
import pytest

from dlkit.training import TrainingJob

SCRIPT = Path(__file__).with_name("killed_run.py")


@pytest.fixture(scope="module")
def expected():
    """The bits of an undisturbed run, by engine."""
    known = {}

    def find(engine):
        if engine not in known:
            model, data = killed_run.make_model(engine), killed_run.make_data()
            job = TrainingJob(model, data, killed_run.CONFIG)
            job.start()
            job.wait()
            known[engine] = killed_run.outcome(job)
        return known[engine]

    return find


def kill(engine, folder, seconds):
    """Start the run in a process of its own, and kill it so long after it has begun to train."""
    command = [sys.executable, SCRIPT, engine, folder]
    child = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=SCRIPT.parent
    )
    with child:
        assert child.stdout.readline() == "going\n"
        time.sleep(seconds)
        child.kill()


def check_kill(engine, folder, expected, seed, kills=1):
    generator = random.Random(seed)
    for _ in range(kills):
        kill(engine, folder, generator.random() * 0.6)
    model = killed_run.make_model(engine, seed=99)  # its weights are replaced
    data = killed_run.make_data()
    try:
        job = TrainingJob.from_checkpoint(folder, model, data)
    except FileNotFoundError as error:  # killed before the first one was complete
        assert "must hold a checkpoint" in str(error) or "must be a folder" in str(error)
        job = TrainingJob(killed_run.make_model(engine), data, killed_run.CONFIG, folder)
    step = len(job.history.batch_losses)
    assert "damaged" not in job.status.message
    job.resume()
    job.wait()
    assert job.status.state == "finished"
    assert killed_run.outcome(job) == expected(engine)
    assert not list(Path(folder).glob(".*"))  # nothing half-written is left
    return step


@pytest.mark.parametrize("seed", range(3))
def test_a_killed_run_goes_on_to_the_same_bits(tmp_path, expected, seed):
    check_kill("numpy", tmp_path / "run", expected, seed)


def test_a_run_killed_twice_and_rewound_gives_the_same_bits(tmp_path, expected):
    check_kill("numpy", tmp_path / "run", expected, seed=7, kills=2)
    model = killed_run.make_model("numpy", seed=99)
    job = TrainingJob.from_checkpoint(tmp_path / "run", model, killed_run.make_data())
    assert not job.resume()  # it is at its end
    job.start()  # begins anew, from the initial weights of then
    job.wait()
    assert killed_run.outcome(job) == expected("numpy")


def test_a_keras_run_that_was_stopped_goes_on_to_the_same_bits(tmp_path, expected):
    data = killed_run.make_data()
    job = TrainingJob(killed_run.make_model("keras"), data, killed_run.CONFIG, tmp_path)
    job.step(20)
    model = killed_run.make_model("keras", seed=99)  # other layer names, other weights
    again = TrainingJob.from_checkpoint(tmp_path, model, data)
    again.resume()
    again.wait()
    assert killed_run.outcome(again) == expected("keras")
    again.rewind()
    again.start()
    again.wait()
    assert killed_run.outcome(again) == expected("keras")
    model.layers[0].trainable = False
    with pytest.raises(ValueError, match=r"model must be .*frozen is \[1\] here and \[\]"):
        TrainingJob.from_checkpoint(tmp_path, model, data)


@pytest.mark.full
@pytest.mark.parametrize("block", range(10))
def test_two_hundred_kills(tmp_path, expected, block):
    steps = [
        check_kill("numpy", tmp_path / str(seed), expected, seed, kills=1 + seed % 2)
        for seed in range(1000 + 20 * block, 1020 + 20 * block)
    ]
    assert len(set(steps)) > 5  # they were killed at different moments


@pytest.mark.full
def test_a_killed_keras_run_goes_on_to_the_same_bits(tmp_path, expected):
    for seed in range(20):
        check_kill("keras", tmp_path / str(seed), expected, seed)
