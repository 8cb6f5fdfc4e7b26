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
        assert not go_on()
        assert "taken over" in older.status.message and "rewind()" in older.status.message
    assert (older.status.state, len(older.history.batch_losses)) == ("paused", 20)
    assert older.diagnosis.label
    for measure in (older.evaluate, lambda: older.report):  # they would be those of the newer run
        with pytest.raises(RuntimeError, match="weights are no longer those"):
            measure()
    newer.step(10)
    assert older.rewind() is True
    assert not newer.resume() and "taken over" in newer.status.message
    np.testing.assert_array_equal(losses(older), whole)
    assert older.evaluate()["loss"] == older.status.val_loss and older.report.text()


@pytest.mark.parametrize("back", ["rewind", "start", "step", "reconfigure"])
def test_an_interrupt_while_a_model_is_taken_back_leaves_no_mixture(digits, monkeypatch, back):
    older = TrainingJob(make_model(), digits, CONFIG)
    if back in ("rewind", "reconfigure"):  # start and step take a model at the beginning alone
        older.step(20)
    newer = TrainingJob(older.model, digits, CONFIG)
    newers = losses(newer)
    newer.rewind()
    newer.step(10)

    def interrupted():
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(older.engine, "reset", interrupted)
        with pytest.raises(KeyboardInterrupt):
            getattr(older, back)(*([CONFIG] if back == "reconfigure" else []))
    answer = older.resume()  # it would go on with the weights of the newer one
    assert not answer and "start() begins anew" in repr(answer)
    assert not newer.resume() and "taken over" in newer.status.message
    expected = losses(TrainingJob(make_model(), digits, CONFIG))
    np.testing.assert_array_equal(losses(older, "start"), expected)
    assert newer.rewind() == True  # noqa: E712 - and nobody is left with the model for ever
    np.testing.assert_array_equal(losses(newer), newers)


def test_a_refused_configuration_leaves_both_jobs_as_they_were(kind, digits, whole):
    older = TrainingJob(make_model(kind), digits, CONFIG)
    older.step(20)
    newer = TrainingJob(older.model, digits, CONFIG)
    expected = losses(newer)
    newer.rewind()
    newer.step(20)
    with pytest.raises(ValueError, match="mean_absolute"):
        older.reconfigure(CONFIG.replace(loss="mean_absolute"))
    assert not older.resume() and "taken over" in older.status.message
    np.testing.assert_array_equal(losses(newer), expected)
    older.rewind()
    np.testing.assert_array_equal(losses(older), whole)


def test_nobody_trains_a_model_whose_learning_rate_is_searched():
    engine = FakeEngine(batches=10)
    resting = TrainingJob(engine, None, CONFIG)
    resting.step(3)
    with owners.borrowed(engine):
        for action in (resting.resume, resting.rewind):
            assert "until the search" in repr(action())
        with pytest.raises(RuntimeError, match="until the search"):
            TrainingJob(engine, None, CONFIG)
        with pytest.raises(RuntimeError, match="until the search"), owners.borrowed(engine):
            pass
    assert resting.resume() and resting.wait()
    assert owners.owner(engine) is resting


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


def test_what_fails_leaves_the_job_that_rests_on_the_model_alone(
    kind, digits, whole, tmp_path, monkeypatch
):
    other = datasets.digits(seed=1, flat=True)
    TrainingJob(make_model(kind), digits, CONFIG, tmp_path / "run").step(5)
    job = TrainingJob(make_model(kind), digits, CONFIG)
    job.step(20)
    with pytest.raises(ValueError, match="mean_absolute"):
        TrainingJob(job.model, digits, CONFIG.replace(loss="mean_absolute"))
    with pytest.raises(ValueError, match="data"):
        TrainingJob.from_checkpoint(tmp_path / "run", job.model, other)

    def failing(*arguments):
        raise OSError("the folder has gone")

    with monkeypatch.context() as patch:  # at the very end, when the engine has been made
        patch.setattr("dlkit.training.job.Keeper", failing)
        with pytest.raises(OSError, match="has gone"):
            TrainingJob(job.model, digits, CONFIG, tmp_path / "other")
    np.testing.assert_array_equal(losses(job), whole)


def test_training_networks_together_takes_them_over(digits):
    job = TrainingJob(make_model(), digits, CONFIG)
    job.step(20)
    train_together([job.model, make_model()], digits, [CONFIG, CONFIG])
    assert not job.resume()
    assert "taken over" in job.status.message


def test_networks_of_which_one_is_in_training_are_all_left_alone(digits):
    whole = losses(TrainingJob(make_model(), digits, CONFIG))
    resting, busy = (TrainingJob(make_model(), digits, CONFIG) for _ in range(2))
    resting.step(20)
    held = threading.Event()
    busy.add_observer(lambda record: held.wait(10))
    busy.start()
    twice = [resting.model, resting.model, busy.model]
    with pytest.raises(RuntimeError, match=r"stop\(\) that job first"):
        train_together(twice, digits, 3 * [CONFIG])
    held.set()
    busy.wait()
    np.testing.assert_array_equal(losses(resting), whole)


def slow():
    engine = FakeEngine(batches=100, seconds=0.002)
    return TrainingJob(engine, None, CONFIG), TrainingJob(engine, None, CONFIG)


@pytest.mark.parametrize("way", ["pause", "stop"])
def test_a_job_that_was_told_to_hold_is_waited_for(way):
    first, second = slow()
    first.start()
    getattr(first, way)()
    assert second.start() is True
    assert not first.rewind() and "stop() that job first" in first.status.message
    with pytest.raises(RuntimeError, match=r"stop\(\) that job first"):
        first.reconfigure(CONFIG)
    assert not first.start()
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
