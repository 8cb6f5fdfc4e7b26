"""Made sequences: the rule holds in every sample, and the seed alone decides."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlkit import datasets
from dlkit.datasets import SEQUENCES

PARTS = ("train", "validation", "test")
SMALL = {"samples": 60, "test_fraction": 0.2}


def parts(data):
    return [(getattr(data, f"x_{part}"), getattr(data, f"y_{part}")) for part in PARTS]


@pytest.mark.parametrize("name", SEQUENCES)
def test_the_seed_alone_decides(name):
    first, again, other = (datasets.get(name, seed=seed, samples=40) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first.x_train, again.x_train)
    np.testing.assert_array_equal(first.y_validation, again.y_validation)
    assert not np.array_equal(first.x_train, other.x_train)
    assert first.name == name


@pytest.mark.parametrize("name", SEQUENCES)
def test_the_parts_have_the_sizes_that_were_asked_for(name):
    sizes = [len(x) for x, _ in parts(datasets.get(name, **SMALL))]
    assert sizes == [36, 12, 12]


@given(st.integers(0, 50), st.integers(2, 12))
@settings(max_examples=15, deadline=None)
def test_parity_is_odd_where_the_ones_are(seed, bits):
    data = datasets.parity(seed, samples=80, bits=bits)
    for x, y in [(data.x_train, data.y_train), (data.x_validation, data.y_validation)]:
        np.testing.assert_array_equal(x.sum(axis=1) % 2, y)
    assert set(np.unique(data.y_validation)) == {0, 1}


@given(st.integers(0, 50), st.integers(2, 70))
@settings(max_examples=15, deadline=None)
def test_adding_adds_one_number_of_each_half(seed, length):
    for x, y in parts(datasets.adding_problem(seed, length=length, **SMALL)):
        numbers, marks = x[..., 0], x[..., 1]
        assert (marks[:, : length // 2].sum(axis=1) == 1).all()
        assert (marks[:, length // 2 :].sum(axis=1) == 1).all()
        np.testing.assert_allclose((numbers * marks).sum(axis=1), y[:, 0], rtol=1e-6)


def test_answering_one_to_the_adding_problem_costs_a_sixth():
    y = datasets.adding_problem(samples=20_000, length=4).y_train
    assert np.mean((y - 1) ** 2) == pytest.approx(1 / 6, rel=0.03)


@given(st.integers(0, 50), st.integers(1, 9), st.integers(0, 9), st.integers(2, 9))
@settings(max_examples=15, deadline=None)
def test_copying_recalls_after_the_delay(seed, length, delay, symbols):
    data = datasets.copy_task(seed, length=length, delay=delay, symbols=symbols, **SMALL)
    for x, y in parts(data):
        np.testing.assert_array_equal(y[:, length + delay :], x[:, :length])
        assert not y[:, : length + delay].any()
        assert (x[:, length + delay :] == symbols + 1).all()
        assert not x[:, length : length + delay].any()
        assert x[:, :length].min() >= 1
    assert data.output_dim == symbols + 2


@given(st.integers(0, 50), st.integers(2, 9), st.integers(2, 9))
@settings(max_examples=15, deadline=None)
def test_reverse_copy_is_reversed(seed, length, symbols):
    data = datasets.reverse_copy(seed, length=length, symbols=symbols, **SMALL)
    for x, y in parts(data):
        np.testing.assert_array_equal(x[:, ::-1], y)
    assert data.output_dim == symbols


def test_the_series_goes_on_where_its_windows_end():
    data = datasets.sine_mixture(window=12, noise=0.0, **SMALL)
    for x, y in parts(data):
        np.testing.assert_array_equal(x[1:, -1, 0], y[:-1, 0])
        np.testing.assert_array_equal(x[1:, :-1], x[:-1, 1:])
    # no value of one part is seen in another
    seen = [set(np.round(np.append(x[:, 0, 0], y), 6)) for x, y in parts(data)]
    assert not seen[0] & seen[1] | seen[1] & seen[2]


def test_the_series_has_the_periods_that_were_asked_for():
    data = datasets.sine_mixture(samples=2400, window=1, periods=(24.0,), noise=0.05)
    spectrum = abs(np.fft.rfft(data.x_train[:1920, 0, 0]))
    assert np.argmax(spectrum) == 1920 / 24


@pytest.mark.parametrize(
    "maker, arguments, name",
    [
        ("parity", {"bits": 1}, "bits"),
        ("adding_problem", {"length": 1}, "length"),
        ("copy_task", {"symbols": 1}, "symbols"),
        ("copy_task", {"delay": -1}, "delay"),
        ("reverse_copy", {"length": 1}, "length"),
        ("reverse_copy", {"samples": 10**9}, "samples"),
        ("sine_mixture", {"periods": [0.0]}, "periods"),
        ("sine_mixture", {"noise": -1}, "noise"),
        ("sine_mixture", {"validation_fraction": 0.99, "samples": 20}, "validation_fraction"),
    ],
)
def test_what_cannot_be_made_is_refused_by_name(maker, arguments, name):
    with pytest.raises(ValueError, match=name):
        datasets.get(maker, **arguments)
