"""Several jobs on one model: one has it at a time, and the others say so in words."""

import gc
import threading
import weakref

import numpy as np
import pytest
from fake_engine import FakeEngine

from dlkit import Network, TrainingConfig, datasets, layers
from dlkit.training import TrainingJob, find_learning_rate, owners, train_together

CONFIG = TrainingConfig(epochs=2, early_stopping=False, seed=4)


@pytest.fixture(scope="module")
def digits():
    return datasets.digits(flat=True)


def make_model(kind="numpy"):
    stack = [layers.Dense(8, "relu"), layers.Dropout(0.5), layers.Dense(10, "softmax")]
    network = Network(stack, (64,))
    return network.to_keras() if kind == "keras" else network


def losses(job, way="resume"):
    getattr(job, way)()
    job.wait()
    return job.history.batch_losses


@pytest.fixture(scope="module", params=["numpy", "keras"])
def kind(request):
    return request.param


@pytest.fixture(scope="module")
def whole(kind, digits):
    """The losses of a run that nothing has come between."""
    return losses(TrainingJob(make_model(kind), digits, CONFIG))


def test_a_job_in_the_middle_says_that_another_has_its_model(kind, digits, whole):
    older = TrainingJob(make_model(kind), digits, CONFIG)
    older.step(20)
    newer = TrainingJob(older.model, digits, CONFIG)
    for go_on in (older.start, older.resume, older.step):
        assert go_on() is False
        assert "taken over" in older.status.message and "rewind()" in older.status.message
    assert (older.status.state, len(older.history.batch_losses)) == ("paused", 20)
    assert older.diagnosis.label and older.report.text()
    newer.step(10)
    assert older.rewind() is True
    assert newer.resume() is False and "taken over" in newer.status.message
    np.testing.assert_array_equal(losses(older), whole)


def test_jobs_made_side_by_side_each_begin_at_their_initial_weights(kind, digits, whole):
    jobs = [None, None]
    jobs[0] = TrainingJob(make_model(kind), digits, CONFIG)
    jobs[1] = TrainingJob(jobs[0].model, digits, CONFIG)
    for job in jobs:
        np.testing.assert_array_equal(losses(job, "start"), whole)
    np.testing.assert_array_equal(losses(jobs[0], "start"), whole)


def test_a_model_in_training_has_no_second_job(kind, digits, whole):
    job = TrainingJob(make_model(kind), digits, CONFIG)
    spare = TrainingJob(make_model(kind), digits, CONFIG)
    held = threading.Event()
    job.add_observer(lambda record: held.wait(10))
    job.start()
    with pytest.raises(RuntimeError, match=r"stop\(\) that job first"):
        TrainingJob(job.model, digits, CONFIG)
    if kind == "keras":
        with pytest.raises(RuntimeError, match=r"stop\(\) that job first"):
            find_learning_rate(job.model, digits, CONFIG, steps=10)
    held.set()
    job.wait()
    np.testing.assert_array_equal(job.history.batch_losses, whole)
    assert spare.status.state == "ready"


def test_what_fails_leaves_the_job_that_rests_on_the_model_alone(kind, digits, whole, tmp_path):
    other = datasets.digits(seed=1, flat=True)
    TrainingJob(make_model(kind), digits, CONFIG, tmp_path / "run").step(5)
    job = TrainingJob(make_model(kind), digits, CONFIG)
    job.step(20)
    with pytest.raises(ValueError, match="mean_absolute"):
        TrainingJob(job.model, digits, CONFIG.replace(loss="mean_absolute"))
    with pytest.raises(ValueError, match="data"):
        TrainingJob.from_checkpoint(tmp_path / "run", job.model, other)
    np.testing.assert_array_equal(losses(job), whole)


def test_training_networks_together_takes_them_over(digits):
    job = TrainingJob(make_model(), digits, CONFIG)
    job.step(20)
    train_together([job.model, make_model()], digits, [CONFIG, CONFIG])
    assert job.resume() is False
    assert "taken over" in job.status.message


def slow():
    engine = FakeEngine(batches=100, seconds=0.002)
    return TrainingJob(engine, None, CONFIG), TrainingJob(engine, None, CONFIG)


@pytest.mark.parametrize("way", ["pause", "stop"])
def test_a_job_that_was_told_to_hold_is_waited_for(way):
    first, second = slow()
    first.start()
    getattr(first, way)()
    assert second.start() is True
    assert first.rewind() is False and "stop() that job first" in first.status.message
    with pytest.raises(RuntimeError, match=r"stop\(\) that job first"):
        first.reconfigure(CONFIG)
    assert first.start() is False
    assert second.stop() and first.rewind() is True
    second.wait()


def test_of_many_jobs_started_at_once_one_runs():
    engine = FakeEngine(batches=100, seconds=0.001)
    jobs = [TrainingJob(engine, None, CONFIG) for _ in range(20)]
    barrier, answers = threading.Barrier(20), []

    def press(job):
        barrier.wait()
        answers.append(job.start())

    presses = [threading.Thread(target=press, args=(job,)) for job in jobs]
    for thread in presses:
        thread.start()
    for thread in presses:
        thread.join()
    assert sorted(answers) == 19 * [False] + [True]
    (running,) = [job for job in jobs if job.status.state == "running"]
    running.stop()
    running.wait()


def test_models_and_jobs_are_not_kept_alive(digits):
    job = TrainingJob(make_model(), digits, CONFIG)
    alive, model = weakref.ref(job), job.model
    del job
    gc.collect()
    assert alive() is None and owners.owner(model) is None
