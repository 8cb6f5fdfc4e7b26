"""A job under stress: interrupts everywhere, clocks that go backwards, NaN, thousands of cycles."""

import gc
import itertools
import random
import signal
import sys
import threading
import time

import numpy as np
import pytest
from fake_engine import FakeEngine
from test_training_job import made, no_thread_is_left, until  # noqa: F401

from dlkit import CSVLog, Network, layers
from dlkit.training import TrainingConfig, TrainingJob, gate, job, progress
from dlkit.training.flag import Flag
from dlkit.training.parts import TrainingParts

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(64, 4)).astype("float32")
Y = (X[:, 0] > 0).astype("int64")


def make(engine=None, data=None, **settings):
    settings = {"epochs": 5, "early_stopping": False, **settings}
    made.append(TrainingJob(engine or FakeEngine(), data, TrainingConfig(**settings)))
    return made[-1]


def real(**settings):
    network = Network([layers.Dense(4, "relu"), layers.Dense(2, "softmax")], 4)
    return make(network, TrainingParts(X, Y, X, Y), **settings)


def test_a_step_may_be_an_epoch():
    trained = make(FakeEngine(batches=4))
    trained.step(epochs=1)
    assert (trained.status.epoch, trained.status.batch, len(trained.history)) == (1, 4, 1)
    trained.step(3)
    trained.step(epochs=1)  # to the end of the one that is under way
    assert (trained.status.epoch, trained.status.batch, len(trained.history)) == (2, 4, 2)
    trained.step(epochs=2)
    assert len(trained.history) == 4
    trained.step(epochs=9)
    assert trained.status.state == "finished"
    with pytest.raises(ValueError, match="epochs must be"):
        make().step(epochs=0)


# -- interrupts --------------------------------------------------------------------------------


def all_at_once(trained, generator):
    """Use every method, in the order of a nervous learner."""
    generator.choice([trained.start, trained.resume, trained.step])()
    generator.choice([trained.pause, trained.stop, lambda: trained.wait(0.002), trained.step])()
    generator.choice([trained.rewind, trained.start, lambda: trained.step(2)])()
    trained.wait(0.001)


def check_interrupt(seed, times=1):
    """Interrupt at random moments of the calls; the job must then do all that it promises."""
    generator = random.Random(seed)
    trained = make(FakeEngine(batches=20, seconds=0.0002))
    expected = make(FakeEngine(batches=20))
    expected.start()
    expected.wait()

    fired = []

    def interrupt(number, frame):
        while frame is not None and frame.f_code is not all_at_once.__code__:
            frame = frame.f_back
        if frame is not None:
            fired.append(number)
            if len(fired) == times:
                signal.setitimer(signal.ITIMER_REAL, 0)
            raise KeyboardInterrupt

    before, hook = signal.signal(signal.SIGALRM, interrupt), sys.unraisablehook
    sys.unraisablehook = lambda _: None  # pytest's own does not bear an interrupt
    moments = generator.random() * 0.012 + 1e-5, generator.random() * 0.002 + 5e-4
    try:
        signal.setitimer(signal.ITIMER_REAL, *moments)
        while len(fired) < times:  # Python swallows an interrupt that meets it throwing things away
            try:
                all_at_once(trained, generator)
            except KeyboardInterrupt:
                pass
            except RuntimeError as error:  # what Python's Thread.start makes of two interrupts
                assert "lock" in str(error)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        sys.unraisablehook = hook
    trained.stop()
    assert trained.wait(5.0)
    assert trained.status.state in ("ready", "paused", "stopped", "finished")
    assert trained.rewind() is True
    assert trained.start() is True
    assert trained.wait(10.0)
    assert trained.engine.weight == expected.engine.weight
    np.testing.assert_array_equal(trained.history.batch_losses, expected.history.batch_losses)


needs_alarm = pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="no alarm on Windows")


@needs_alarm
@pytest.mark.parametrize("seed", range(15))
def test_an_interrupt_at_any_moment_leaves_a_usable_job(seed):
    check_interrupt(seed)


@needs_alarm
@pytest.mark.parametrize("seed", range(100, 115))
def test_a_learner_who_interrupts_thrice_still_has_a_job(seed):
    check_interrupt(seed, times=3)


@needs_alarm
@pytest.mark.full
@pytest.mark.parametrize("times", [1, 2, 4])
@pytest.mark.parametrize("block", range(10))
def test_many_interrupts(block, times):
    for seed in range(1000 + 50 * block, 1050 + 50 * block):
        check_interrupt(seed, times)


# -- clocks ------------------------------------------------------------------------------------


def test_a_clock_that_goes_backwards_does_no_harm(monkeypatch):
    """The wall clock is set back by an hour: the kit does not look at it."""
    hours = itertools.count()
    monkeypatch.setattr(time, "time", lambda: 1e9 - 3600 * next(hours))
    trained = make(FakeEngine(seconds=0.0002))
    trained.pace = 5000.0
    trained.start()
    assert trained.wait(10.0)
    assert trained.status.state == "finished"
    assert 0 < trained.status.elapsed < 10


def test_even_a_steady_clock_that_jumps_does_no_harm(monkeypatch):
    """Some virtual machines break the promise of a monotonic clock when they wake up."""
    steps, now = itertools.cycle([0.01, 0.01, -50.0, 0.01, 70.0]), [1e4]

    def jumping():
        now[0] += next(steps)
        return now[0]

    for module in (progress, gate):
        monkeypatch.setattr(module, "perf_counter", jumping)
    trained = make()
    seen = []
    trained.add_observer(lambda record: seen.append(trained.status.elapsed))
    trained.start()
    assert trained.wait(10.0)
    assert trained.status.state == "finished"
    assert min(seen) >= 0 and seen == sorted(seen)


# -- what is not finite, and what raises ---------------------------------------------------------


def test_nan_in_the_data_is_refused_before_any_work():
    x = X.copy()
    x[3, 1] = np.nan
    network = Network([layers.Dense(2, "softmax")], 4)
    with pytest.raises(ValueError, match="x_train must hold finite numbers, but 1 of 256"):
        TrainingJob(network, TrainingParts(x, Y, X, Y), TrainingConfig())


def test_nan_in_a_gradient_stops_the_run_and_brings_the_weights_back():
    trained = real(optimizer="sgd", learning_rate=0.1)
    network = trained.engine.network
    usual, calls = network.loss_and_gradients, []

    def faulty(*arguments, **more):
        loss = usual(*arguments, **more)
        calls.append(network.flat_parameters.copy())
        if len(calls) == 6:
            network.flat_gradients[2] = np.nan
        return loss

    network.loss_and_gradients = faulty
    trained.start()
    assert trained.wait(10.0)
    assert trained.status.state == "stopped"
    assert "not finite (nan) in epoch 3" in trained.status.message
    assert np.isfinite(network.flat_parameters).all()
    assert any((network.flat_parameters == before).all() for before in calls)


def test_a_callback_that_raises_is_dropped_and_the_run_goes_on(tmp_path):
    folder = tmp_path / "logs"
    folder.mkdir()
    trained, messages = make(FakeEngine(seconds=0.001)), []
    log = CSVLog(folder / "run.csv")
    trained.add_observer(log)
    trained.add_observer(lambda record: messages.append(trained.status.message))
    folder.rename(tmp_path / "moved")
    trained.start()
    assert trained.wait(10.0)
    assert trained.status.state == "finished"
    assert any("An observer was dropped" in message and "folder" in message for message in messages)


def test_an_error_after_an_epoch_fails_the_run_in_words(monkeypatch):
    class Faulty:
        def after_epoch(self, engine, record):
            raise OSError("the shelf is full")

        def at_end(self, engine):
            """Nothing."""

    monkeypatch.setattr(job, "standard_callbacks", lambda config: [Faulty()])
    trained = make()
    trained.start()
    with pytest.raises(OSError, match="the shelf is full"):
        trained.wait()
    assert trained.status.state == "failed"
    assert "the shelf is full (OSError)" in trained.status.error


# -- a thousand times ----------------------------------------------------------------------------


def memory():
    """Return the megabytes that this process holds now."""
    gc.collect()
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 1e6


def open_files():
    import os

    return len(os.listdir("/proc/self/fd"))


def check_cycles(trained, cycles, most):
    def cycle(index):
        trained.start()
        until(lambda: trained.status.batch or trained.status.state != "running")
        (trained.stop if index % 3 else trained.rewind)()
        trained.wait()

    for index in range(30):
        cycle(index)
    before = memory(), open_files(), threading.active_count()
    for index in range(cycles):
        cycle(index)
    after = memory(), open_files(), threading.active_count()
    assert after[1:] == before[1:]
    assert (after[0] - before[0]) / cycles <= most, f"{before} -> {after}"


on_linux = pytest.mark.skipif(not hasattr(signal, "SIGRTMIN"), reason="needs /proc")


@on_linux
def test_start_and_stop_leak_nothing():
    check_cycles(real(epochs=100), 60, 0.05)


@on_linux
@pytest.mark.full
def test_a_thousand_starts_and_stops_leak_nothing():
    check_cycles(real(epochs=100), 1000, 0.01)


@on_linux
@pytest.mark.full
def test_a_thousand_starts_and_stops_of_keras_leak_nothing():
    import keras

    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, "softmax")])
    from dlkit import Data

    check_cycles(make(model, Data(X, Y, X, Y), epochs=100), 1000, 0.2)


def check_stops(times):
    """Return the seconds from each stop to rest, beyond the chunk that was under way."""
    trained = make(FakeEngine(batches=200, seconds=0.001), epochs=10_000)
    took = []
    for _ in range(times):
        trained.start()
        before = trained.engine.step
        until(lambda before=before: trained.engine.step > before)
        time.sleep(RANDOM.random() * 0.01)
        began = time.perf_counter()
        trained.stop()
        assert trained.wait(5.0)
        took.append(time.perf_counter() - began)
    return took


@pytest.mark.full
def test_a_thousand_stops_are_honoured_in_time():
    took = check_stops(1000)
    assert max(took) < gate.CHUNK_SECONDS + 0.05 + 0.02, f"{sorted(took)[-5:]}"


# -- the flag under all this ---------------------------------------------------------------------


def test_a_flag_wakes_everybody_who_waits():
    flag, woken = Flag(), []
    waiting = [
        threading.Thread(target=lambda: woken.append(flag.wait(10.0)), daemon=True)
        for _ in range(20)
    ]
    for thread in waiting:
        thread.start()
    time.sleep(0.02)
    assert not woken and not flag.is_set()
    began = time.perf_counter()
    flag.set()
    for thread in waiting:
        thread.join(10.0)
    assert woken == 20 * [True]
    assert time.perf_counter() - began < 5.0
    assert flag.wait(0.0) is True
    flag.clear()
    assert flag.wait(0.001) is False
    assert not flag._bells  # nobody's bell is left hanging


def test_no_ring_is_missed():
    for _ in range(2000):
        flag = Flag()
        thread = threading.Thread(target=flag.set)
        thread.start()
        assert flag.wait(10.0) is True
        thread.join()
