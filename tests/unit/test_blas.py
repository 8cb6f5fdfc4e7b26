"""One BLAS thread where that is faster, and as many as before everywhere else."""

import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import threadpoolctl

from dlkit import Network, blas
from dlkit.blas import OneThread, threads_for
from dlkit.layers import LSTM, Activation, Conv2D, Dense, Embedding, Flatten

# a signal never comes between a lock and its with statement, as a trace may
SOURCE = Path(blas.__file__).read_text(encoding="utf-8").splitlines()
LOCKING = {number for number, line in enumerate(SOURCE, 1) if "with self._lock" in line}
GENERATOR = np.random.default_rng(0)


def blas_threads():
    return {
        info["num_threads"]
        for info in threadpoolctl.threadpool_info()
        if info["user_api"] == "blas"
    }


def test_blas_runs_on_one_thread_inside_and_as_before_outside():
    before, seen = blas_threads(), []

    def work():
        with OneThread():
            seen.append(blas_threads())

    for _ in range(3):  # each time from another thread, as runs are
        worker = threading.Thread(target=work)
        worker.start()
        worker.join()
        assert blas_threads() == before
    assert seen == 3 * [{1}]


def test_a_loop_of_ones_own_runs_on_one_blas_thread_too():
    """On a busy machine a network whose products BLAS shares out is ten times slower."""
    seen, before = {}, blas_threads()

    class Looking(Activation):
        def compute_output(self, x, training):
            seen.setdefault("forward", set()).update(blas_threads())
            return super().compute_output(x, training)

        def compute_gradients(self, upstream):
            seen.setdefault("backward", set()).update(blas_threads())
            return super().compute_gradients(upstream)

    network = Network([Dense(256, "relu"), Looking("relu"), Dense(3, "softmax")], (64,))
    x, y = GENERATOR.normal(size=(64, 64)), GENERATOR.integers(3, size=64)
    calls = {
        "loss_and_gradients": lambda: network.loss_and_gradients(x, y),
        "forward and backward": lambda: network.backward(network.forward(x)),
        "predict": lambda: network.predict(x),
        "evaluate": lambda: network.evaluate(x, y),
    }
    for name, call in calls.items():
        seen.clear()
        call()
        assert seen["forward"] == {1}, name
        assert seen.get("backward", {1}) == {1}, name
        assert blas_threads() == before, name


def test_blas_is_as_before_after_many_runs_at_once():
    before, barrier = blas_threads(), threading.Barrier(8)

    def work():
        barrier.wait()
        for _ in range(50):
            with OneThread():
                pass

    workers = [threading.Thread(target=work) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert blas_threads() == before


def test_the_last_block_out_lifts_the_limit_in_whichever_thread():
    before, steps, seen = blas_threads(), threading.Barrier(2), {}

    def other():
        steps.wait()  # the first is inside
        with OneThread():
            steps.wait()
            steps.wait()  # the first is out
            seen["later"] = blas_threads()
        seen["at the end"] = blas_threads()

    worker = threading.Thread(target=other)
    worker.start()
    with OneThread():
        steps.wait()
        steps.wait()
    steps.wait()
    worker.join()
    assert seen == {"later": {1}, "at the end": before}


def test_an_interrupt_at_any_line_leaves_the_limit_working():
    before = blas_threads()

    def interrupt_at(number):
        """Run a block that is interrupted at a line of the module; return whether there was one."""
        count = 0

        def trace(frame, event, _):
            nonlocal count
            if frame.f_code.co_filename != blas.__file__:
                return None
            if event == "line" and frame.f_lineno not in LOCKING:
                count += 1
                if count == number:
                    raise KeyboardInterrupt
            return trace

        sys.settrace(trace)
        try:
            with OneThread():
                pass
        except KeyboardInterrupt:
            return True
        finally:
            sys.settrace(None)
        return False

    number = 1
    while interrupt_at(number):
        with OneThread():
            assert blas_threads() == {1}, f"no limit after an interrupt at line {number}"
        assert blas_threads() == before, f"the limit stays after an interrupt at line {number}"
        number += 1
    assert number > 10


def test_a_limit_that_fails_is_tried_again(monkeypatch):
    before = blas_threads()
    with monkeypatch.context() as patch:
        patch.setattr(blas, "_set", lambda numbers: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            OneThread().__enter__()
    with OneThread():
        assert blas_threads() == {1}
    assert blas_threads() == before


@pytest.mark.parametrize(
    "stack, shape, expected",
    [
        ([Dense(32), Dense(10)], (64,), 64 * 32 + 32 * 10),
        ([Conv2D(16, 3), Flatten(), Dense(10)], (8, 8, 1), 36 * 9 * 16 + 36 * 16 * 10),
        ([Embedding(1000, 8), LSTM(4)], (20,), 20 * (8 * 16 + 4 * 16)),
        ([Dense(5)], (7, 3), 7 * 15),
    ],
)
def test_products_of_a_sample(stack, shape, expected):
    network = Network(stack, shape)
    steps = 20 if any(isinstance(layer, LSTM) for layer in stack) else 1
    assert (network.products, network.products_at_once) == (expected, expected // steps)


def test_tiny_and_large_networks_are_not_limited():
    before, small = blas_threads(), Network([Dense(8), Dense(2)], (4,))
    middle, large = (Network([Dense(units)], (256,)) for units in (64, 4096))
    for network, expected in ((small, before), (middle, {1}), (large, before)):
        with threads_for(network, 64):
            assert blas_threads() == expected, network.products
    with OneThread(), threads_for(middle, 64):  # in a block already: nothing is set anew
        assert len(OneThread._inside) == 1
