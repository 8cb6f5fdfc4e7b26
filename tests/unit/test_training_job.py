"""TrainingJob with real threads: start, pause, step, stop, resume, rewind, faults, observers."""

import dataclasses
import pickle
import random
import signal
import threading
import time

import numpy as np
import pytest
from fake_engine import FakeEngine

from dlkit.training import ChunkRecord, EpochRecord, Status, TrainingConfig, TrainingJob
from dlkit.training.gate import Gate

CHUNK = 0.05  # seconds: the longest chunk


made = []


def make(engine=None, **settings):
    settings = {"epochs": 5, "early_stopping": False, **settings}
    made.append(TrainingJob(engine or FakeEngine(), None, TrainingConfig(**settings)))
    return made[-1]


def slow(**settings):
    """A job that would run for many seconds."""
    return make(FakeEngine(batches=100, seconds=0.002), epochs=50, **settings)


def result(job):
    return job.engine.weight, job.history.batch_losses.copy(), job.history.history


def same(a, b):
    np.testing.assert_array_equal(a[1], b[1])
    assert (a[0], a[2]) == (b[0], b[2])


def until(condition, seconds=5.0):
    end = time.perf_counter() + seconds
    while not condition():
        assert time.perf_counter() < end, "waited too long"
        time.sleep(0.001)


def training_threads():
    # Python goes on listing a thread whose start was interrupted, though it never comes to life
    every = threading.enumerate()
    return [thread for thread in every if thread.name == "dlkit-training" and thread.is_alive()]


@pytest.fixture(autouse=True)
def no_thread_is_left(request):
    """Hold each test to its threads; one that failed half-way does not drag others down."""
    failed = request.session.testsfailed
    yield
    if request.session.testsfailed > failed:
        for job in made:
            job.stop()
    made.clear()
    until(lambda: not training_threads(), 10.0)


def test_a_run_from_start_to_end():
    job = make()
    assert (job.status.state, job.status.epochs, job.status.batches) == ("ready", 5, 10)
    assert job.start() is True
    assert job.wait() is True
    status = job.status
    assert (status.state, status.epoch, status.batch) == ("finished", 5, 10)
    assert (status.remaining, status.error) == (0.0, None)
    assert status.val_loss == job.history.history["val_loss"][-1]
    assert status.metrics == {"accuracy": 0.5, "val_accuracy": 0.5}
    assert job.history.stop_reason == "all 5 epochs are done"
    assert len(job.history.batch_losses) == 50
    assert job.evaluate()["loss"] == status.val_loss


def test_status_is_a_snapshot():
    job = make()
    before = job.status
    job.start()
    job.wait()
    assert before.state == "ready"
    with pytest.raises(dataclasses.FrozenInstanceError):
        before.state = "running"


@pytest.mark.parametrize("state", ["ready", "paused", "stopped", "finished"])
def test_of_a_hundred_starts_exactly_one_starts(state):
    job = make(FakeEngine(batches=100, seconds=0.0005), epochs=1 if state == "finished" else 20)
    if state != "ready":
        job.step(3)
    if state == "stopped":
        job.stop()
    if state == "finished":
        job.start()
        job.wait()
    assert job.status.state == state
    barrier, answers = threading.Barrier(100), []

    def press():
        barrier.wait()
        answers.append(job.start())

    presses = [threading.Thread(target=press) for _ in range(100)]
    for thread in presses:
        thread.start()
    for thread in presses:
        thread.join()
    assert sorted(answers) == 99 * [False] + [True]
    assert len(training_threads()) == 1
    job.stop()
    job.wait()


def test_the_other_starts_get_a_plain_message():
    job = slow()
    job.start()
    assert not job.start()
    assert job.status.message == "The run is going already."
    assert not job.step()
    assert "pause it" in job.status.message
    job.stop()
    job.wait()


def test_a_stop_before_the_first_batch_is_honoured():
    for _ in range(20):
        job = make(FakeEngine(seconds=0.01))
        inside = threading.Event()
        job.add_observer(lambda record, inside=inside: inside.wait(2.0))
        job.start()  # the observer holds the thread at its first words, before any batch
        job.stop()
        inside.set()
        job.wait()
        assert (job.status.state, job.status.epoch, job.engine.step) == ("stopped", 0, 0)
        assert job.history.stop_reason == "stopped by hand"


@pytest.mark.parametrize("pace", [None, 1.0, 40.0])
@pytest.mark.parametrize("way", ["pause", "stop"])
def test_pause_and_stop_are_honoured_at_once(way, pace):
    """Within one chunk and 50 ms; the quickest of five, because the machine may be busy."""
    job = slow()
    job.pace = pace
    took = []
    for _ in range(5):
        job.start()
        before = job.engine.step
        until(lambda before=before: job.engine.step > before)
        began = time.perf_counter()
        getattr(job, way)()
        job.wait()
        took.append(time.perf_counter() - began)
        assert job.status.state == {"pause": "paused", "stop": "stopped"}[way]
    assert min(took) < CHUNK + 0.05


@pytest.mark.parametrize("go_on", ["start", "resume"])
@pytest.mark.parametrize("way", ["pause", "stop"])
def test_going_on_loses_nothing(way, go_on):
    whole = make(FakeEngine(batches=20))
    whole.start()
    whole.wait()
    job = make(FakeEngine(batches=20, seconds=0.0005))
    job.start()
    until(lambda: job.status.batch >= 2)
    getattr(job, way)()
    job.wait()
    assert not training_threads()
    assert job.status.state != "finished"
    assert getattr(job, go_on)() is True
    job.wait()
    assert job.history.stop_reason == "all 5 epochs are done"
    same(result(whole), result(job))


def interrupt_at_random(job, generator):
    """Drive a job to its end through pauses, stops and steps at random moments."""
    while job.status.state != "finished":
        going = generator.choice([job.start, job.resume, lambda: job.step(generator.randint(1, 9))])
        going()
        time.sleep(generator.random() * 0.004)
        generator.choice([job.pause, job.stop, lambda: None])()
        if generator.random() < 0.7:
            job.wait(0.01)


@pytest.mark.parametrize("seed", range(3))
def test_stops_at_random_moments(seed):
    check_random_moments(seed)


@pytest.mark.full
@pytest.mark.parametrize("seed", range(100, 300))
def test_stops_at_many_random_moments(seed):
    check_random_moments(seed)


def check_random_moments(seed):
    generator = random.Random(seed)
    whole = make(FakeEngine(batches=40), epochs=6)
    whole.start()
    whole.wait()
    job = make(FakeEngine(batches=40, seconds=0.0003), epochs=6)
    # start() after the end would begin anew, so resume() alone goes on here
    job.start, driver = job.resume, job
    interrupt_at_random(driver, generator)
    job.wait()
    same(result(whole), result(job))


def test_status_is_never_torn_and_never_goes_back():
    job = make(FakeEngine(batches=30, seconds=0.0001), epochs=10_000)
    seen, places, done = [], set(), threading.Event()

    def watch():
        while not done.is_set():
            status = job.status
            if (status.epoch, status.batch) not in places:
                places.add((status.epoch, status.batch))
                seen.append(status)
            job.start()  # a refused start publishes a message in between

    job.start()
    watcher = threading.Thread(target=watch)
    watcher.start()
    until(lambda: len(places) > 50 and job.status.epoch > 2, 20.0)
    done.set()
    watcher.join()
    job.stop()
    job.wait()
    order = [(status.epoch, status.batch) for status in seen]
    assert order == sorted(order)
    for status in seen:
        if status.epoch:
            assert 1 <= status.batch <= status.batches == 30
            assert (status.best_epoch or 0) <= status.epoch


def test_rewind_gives_the_same_numbers_to_the_bit():
    job = make()
    job.start()
    job.wait()
    first = result(job)
    assert job.rewind() is True
    assert (job.status.state, job.status.epoch, job.engine.weight) == ("ready", 0, 0.0)
    assert len(job.history.batch_losses) == 0
    job.start()
    job.wait()
    same(first, result(job))


def test_start_after_the_end_begins_a_fresh_run():
    job = make()
    job.start()
    job.wait()
    first = result(job)
    assert not job.resume()
    assert "start() begins anew" in job.status.message
    assert not job.step()
    assert job.start() is True
    job.wait()
    same(first, result(job))


def test_rewind_stops_a_run_that_is_going():
    job = slow()
    job.start()
    until(lambda: job.status.batch >= 1)
    assert job.rewind() is True
    assert (job.status.state, job.engine.step) == ("ready", 0)
    assert job.step() is True
    assert (job.status.state, job.engine.step) == ("paused", 1)


def test_start_right_after_stop_goes_on():
    job = slow()
    job.start()
    for _ in range(20):
        assert job.stop() is True
        assert job.start() is True
    assert job.status.state == "running"
    job.stop()
    job.wait()


def test_steps_include_the_validation_and_the_end():
    job = make(FakeEngine(batches=3), epochs=2)
    assert job.step() is True
    status = job.status
    assert (status.state, status.epoch, status.batch, status.val_loss) == ("paused", 1, 1, None)
    job.step(2)
    assert (job.status.batch, len(job.history)) == (3, 1)
    assert job.status.val_loss is not None
    job.step(batches=2)
    job.step()
    assert (job.status.state, len(job.history)) == ("finished", 2)


def test_steps_know_no_pace():
    job = make()
    job.pace = 0.5
    began = time.perf_counter()
    job.step(10)
    job.step(5)
    assert time.perf_counter() - began < 1.0
    assert job.engine.step == 15


def test_the_pace_is_kept_and_can_be_changed_while_it_runs():
    job = make(FakeEngine(batches=100), epochs=50)
    job.pace = 100.0
    began = time.perf_counter()
    job.start()
    until(lambda: job.engine.step >= 12)
    time.sleep(0.1)
    most = job.engine.step, time.perf_counter() - began
    assert most[0] <= 100.0 * most[1] + 2 * 3 + 3  # chunks of 3, two of them late at most
    job.pace = 0.1
    time.sleep(0.05)  # what was due is trained by now
    before = job.engine.step
    time.sleep(0.2)
    assert job.engine.step == before
    job.pace = None  # wakes it although the next batch is due in seconds
    until(lambda: job.engine.step > before + 50, 2.0)
    job.stop()
    job.wait()


def test_a_pace_of_ages_is_a_wait_that_can_be_ended():
    job = make()
    job.pace = 1e-12  # the next batch is due in 30 000 years, longer than a lock can wait
    job.start()
    until(lambda: job.engine.step >= 1)
    time.sleep(0.05)
    assert job.status.state == "running"
    job.pause()
    assert job.wait(5.0) is True
    assert job.status.state == "paused"


@pytest.mark.parametrize("pace", [0, -1, float("nan"), float("inf"), "fast", True])
def test_a_wrong_pace_changes_nothing(pace):
    job = make()
    job.pace = 7
    with pytest.raises((TypeError, ValueError), match="pace"):
        job.pace = pace
    assert job.pace == 7


def test_full_speed_goes_by_chunks_of_twenty_to_fifty_milliseconds():
    gate = Gate()
    gate.open()
    for seconds_per_batch in (0.0001, 0.002, 0.011, 0.02):
        sizes = []
        for _ in range(12):
            sizes.append(gate(10_000))
            gate.measured(sizes[-1], sizes[-1] * seconds_per_batch)
        assert 0.02 <= sizes[-1] * seconds_per_batch <= 0.05
        assert all(after <= 2 * size for size, after in zip(sizes, sizes[1:]))
    gate.measured(1, 1.5)  # a batch longer than a chunk goes alone, and the next ones recover
    assert gate(10_000) == 1
    assert gate(0) == 0


def test_the_first_point_comes_at_once_and_chunks_grow():
    job, sizes = slow(), []
    job.add_observer(lambda r: isinstance(r, ChunkRecord) and sizes.append(len(r.batches)))
    job.start()
    until(lambda: len(sizes) > 5)
    job.stop()
    job.wait()
    assert sizes[0] == 1
    assert 2 <= max(sizes) <= 25  # a batch takes 2 ms or more


@pytest.mark.parametrize("state", ["ready", "finished"])
def test_what_cannot_be_done_now_returns_false_and_says_why(state):
    job = make()
    if state == "finished":
        job.start()
        job.wait()
    assert not job.pause()
    assert job.status.message == "Nothing is running that could be paused."
    assert not job.stop()
    assert job.status.message == "Nothing is running that could be stopped."
    assert job.status.state == state


def test_a_paused_run_can_be_stopped():
    job = make()
    job.step()
    assert job.stop() is True
    assert (job.status.state, job.history.stop_reason) == ("stopped", "stopped by hand")
    assert job.resume() is True
    job.wait()
    assert job.status.state == "finished"


def test_an_exception_in_the_thread_reaches_the_caller_in_words():
    job = make(FakeEngine(fail_at=23))
    job.start()
    with pytest.raises(ArithmeticError, match="planted"):
        job.wait()
    status = job.status
    assert status.state == "failed"
    assert status.error.startswith(f"Training failed after epoch {status.epoch}, batch ")
    assert "the planted fault (ArithmeticError)" in status.error
    with pytest.raises(ArithmeticError):
        job.wait()  # again, as often as it is asked
    job.engine.fail_at = None
    assert job.start() is True  # and the job is usable
    assert job.wait() is True
    assert job.status.error is None


def test_a_fault_before_the_first_batch():
    job = make(FakeEngine(fail_at=0))
    with pytest.raises(ArithmeticError):
        job.step()
    assert job.status.error.startswith("Training failed at its start")


def test_a_diverged_run_stops_and_says_so():
    job = make(FakeEngine(losses={13: float("nan")}))
    job.start()
    assert job.wait() is True  # it is no error of the program
    assert job.status.state == "stopped"
    assert "not finite (nan) in epoch 2, batch 4" in job.history.stop_reason
    assert "smaller learning rate" in job.status.message
    assert np.isnan(job.history.batch_losses[-1])
    assert not job.resume()  # it would only diverge again


def test_an_interrupted_wait_pauses_the_run():
    job = slow()
    job.start()
    until(lambda: job.status.batch >= 1)
    timer = threading.Timer(0.05, signal.raise_signal, [signal.SIGINT])
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        job.wait()
    timer.join()
    assert job.status.state == "paused"
    assert job.status.message == "Interrupted: the run is paused; resume() goes on."
    assert job.resume() is True
    job.stop()
    job.wait()


def test_an_interrupted_wait_for_a_stop_says_nothing_of_a_pause(monkeypatch):
    job = slow()
    job.start()
    until(lambda: job.status.batch >= 1)

    def interrupted(timeout):
        monkeypatch.undo()
        job.stop()
        raise KeyboardInterrupt

    monkeypatch.setattr(job._resting, "wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        job.wait()
    job.wait()
    assert job.status.state == "stopped"
    assert job.status.message == "Stopped: stopped by hand."


def test_a_thread_that_cannot_be_started_leaves_a_job_at_rest(monkeypatch):
    def refused(thread):
        raise RuntimeError("can't start new thread")

    job = make()
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refused)
        with pytest.raises(RuntimeError, match="new thread"):
            job.start()
    assert job.wait(2.0) is True
    assert job.status.state == "stopped"
    assert job.history.stop_reason == "no thread could be started"
    assert job.start() is True  # and the job is usable
    assert job.wait() is True
    assert job.status.state == "finished"


def test_wait_with_a_timeout():
    job = slow()
    assert job.wait() is True  # nothing runs
    job.start()
    began = time.perf_counter()
    assert job.wait(0.05) is False
    assert job.wait(timeout=0) is False
    assert time.perf_counter() - began < 1.0
    with pytest.raises((TypeError, ValueError), match="timeout"):
        job.wait("long")
    job.stop()
    assert job.wait(5) is True


def test_observers_get_chunks_epochs_and_changes_of_state():
    job = make(FakeEngine(batches=3), epochs=2)
    records = []
    job.add_observer(records.append)
    job.step()
    job.start()
    job.wait()
    states = [record.state for record in records if isinstance(record, Status)]
    assert states == ["running", "paused", "running", "finished"]
    batches = [n for r in records if isinstance(r, ChunkRecord) for n in r.batches]
    assert batches == [1, 2, 3, 1, 2, 3]
    assert [r.epoch for r in records if isinstance(r, EpochRecord)] == [1, 2]
    job.remove_observer(records.append)
    job.rewind()
    assert len(records) == 4 + 2 + sum(isinstance(r, ChunkRecord) for r in records)


def test_an_observer_that_fails_is_dropped_and_noted():
    job = make(epochs=1)
    calls, good = [], []

    def faulty(record):
        calls.append(record)
        raise KeyError("broken view")

    messages = []
    job.add_observer(faulty)
    job.add_observer(lambda record: (good.append(record), messages.append(job.status.message)))
    job.start()
    job.wait()
    assert job.status.state == "finished"
    assert len(calls) == 1 and len(good) > 3
    assert "An observer was dropped because it failed: 'broken view' (KeyError)." in messages


def test_an_observer_may_stop_the_run_that_it_watches():
    job = slow()

    def goal(record):
        if isinstance(record, ChunkRecord) and record.step >= 5:
            job.stop()
            job.wait()  # must not wait for itself
            assert not job.rewind()

    job.add_observer(goal)
    job.start()
    assert job.wait(5) is True
    assert job.status.state == "stopped"


@pytest.mark.parametrize("observer", [None, 3, "print"])
def test_an_observer_must_be_a_function(observer):
    with pytest.raises(TypeError, match="observer"):
        make().add_observer(observer)


def test_reconfigure_rewinds_and_takes_the_new_numbers():
    job = make()
    job.start()
    job.wait()
    job.reconfigure(job.config.replace(epochs=2, seed=7))
    assert (job.status.state, job.status.epochs, job.engine.seed) == ("ready", 2, 7)
    job.start()
    job.wait()
    assert len(job.history) == 2
    assert job.history.config.seed == 7


def test_what_needs_rest_says_so():
    job = slow()
    job.start()
    for use in (lambda: job.reconfigure(job.config), job.evaluate, lambda: job.report):
        with pytest.raises(RuntimeError, match="pause it, stop it or wait"):
            use()
    assert job.status.state == "running"
    job.stop()
    assert "loss" in job.evaluate()  # waits for the stop that was asked for


def test_batches_and_epochs_at_once_are_refused():
    job = make()
    for batches in (1, 3):
        with pytest.raises(ValueError, match=f"not both at once.*batches={batches} and epochs=2"):
            job.step(batches, epochs=2)
    assert job.status == Status(epochs=5, batches=job.status.batches, message="Ready.")
    assert job.step() and job.status.batch == 1
    assert job.step(batches=2) and job.status.batch == 3


def test_a_refusal_shows_why_and_counts_as_false():
    job = make()
    for action, words in ((job.pause, "could be paused"), (job.stop, "could be stopped")):
        answer = action()
        assert not answer and [answer] == [False] and answer + True == 1
        assert repr(answer) == str(answer) == f"False: {job.status.message}"
        assert words in repr(answer)
        again = pickle.loads(pickle.dumps(answer))
        assert (again, repr(again)) == (answer, repr(answer))
    job = slow()
    job.start()
    for action in (job.start, job.resume, job.step):
        answer = action()
        assert not answer and "going already" in repr(answer)
    job.stop()


def test_two_observers_that_fail_are_both_named_once():
    job = make(epochs=1)
    for fault in ("first view", "second view"):

        def faulty(record, fault=fault):
            raise ValueError(fault)

        job.add_observer(faulty)
    job.start()
    job.wait()
    for _ in range(2):
        assert job.status.message.count("first view") == 1
        assert job.status.message.count("second view") == 1
        job._progress.note("The disk is full.")
    assert job.status.message.endswith("The disk is full.")
    job._progress.note("")
    assert job.status.message.startswith("Finished: ") and "disk" not in job.status.message


@pytest.mark.parametrize("batches", [0, -1, 1.5, "3", True])
def test_a_wrong_number_of_steps(batches):
    job = make()
    with pytest.raises((TypeError, ValueError), match="batches"):
        job.step(batches)
    assert job.status.state == "ready"


def test_a_wrong_configuration():
    with pytest.raises(TypeError, match="config must be a TrainingConfig"):
        TrainingJob(FakeEngine(), None, {"epochs": 3})
    job = make()
    with pytest.raises(TypeError, match="config must be a TrainingConfig"):
        job.reconfigure({"epochs": 3})
    assert job.status.state == "ready"


def test_elapsed_leaves_pauses_out():
    job = make(FakeEngine(batches=100, seconds=0.001))
    began = time.perf_counter()
    job.step(20)
    time.sleep(0.3)
    job.step(20)
    assert 0.04 < job.status.elapsed < time.perf_counter() - began - 0.3
    assert job.status.remaining == pytest.approx(job.status.elapsed * 460 / 40)
