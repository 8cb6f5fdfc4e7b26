"""Data sets: shapes, splits, scaling, what cannot be changed, and what is refused."""

import copy
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlkit import datasets
from dlkit.datasets import DATASETS, Data

NAMES = sorted(DATASETS)


def parts(data):
    names = ["train", "validation"] + (["test"] if data.x_test is not None else [])
    return [(getattr(data, f"x_{name}"), getattr(data, f"y_{name}")) for name in names]


def rows(data):
    """All samples as a sorted list of tuples, to compare contents whatever the order."""
    joined = [
        np.column_stack([x.reshape(len(x), -1), y.reshape(len(y), -1)]) for x, y in parts(data)
    ]
    return sorted(map(tuple, np.concatenate(joined)))


@pytest.mark.parametrize("name", NAMES)
def test_every_set_is_ready_to_train_on(name):
    data = DATASETS[name]()
    assert data.name == name
    for x, y in parts(data):
        assert x.dtype == np.float32
        assert np.isfinite(x).all()
        assert len(x) == len(y) > 0
        assert x.shape[1:] == data.input_shape
    if data.task_type == "classification":
        assert data.y_train.dtype == np.int64
        assert len(data.class_names) == data.output_dim
        for _, y in parts(data):
            assert set(np.unique(y)) == set(range(data.output_dim))
    else:
        assert data.y_train.shape == (len(data.x_train), 1)
        assert data.output_dim == 1


@pytest.mark.parametrize("name", NAMES)
def test_the_seed_alone_decides(name):
    first, again, other = DATASETS[name](3), DATASETS[name](3), DATASETS[name](4)
    np.testing.assert_array_equal(first.x_train, again.x_train)
    np.testing.assert_array_equal(first.y_validation, again.y_validation)
    assert not np.array_equal(first.x_train, other.x_train)


def test_digits_are_the_split_that_scikit_learn_draws():
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    loaded = load_digits()
    x_train, x_validation, y_train, y_validation = train_test_split(
        loaded.images, loaded.target, test_size=0.2, random_state=5, stratify=loaded.target
    )
    data = datasets.digits(5)
    np.testing.assert_array_equal(data.x_train[..., 0] * 16, x_train)
    np.testing.assert_array_equal(data.x_validation[..., 0] * 16, x_validation)
    np.testing.assert_array_equal(data.y_train, y_train)
    np.testing.assert_array_equal(data.y_validation, y_validation)


def test_flat_digits_are_the_same_numbers():
    images, flat = datasets.digits(2), datasets.digits(2, flat=True)
    assert images.input_shape == (8, 8, 1)
    assert flat.input_shape == (64,)
    np.testing.assert_array_equal(images.x_train.reshape(-1, 64), flat.x_train)
    np.testing.assert_array_equal(images.y_validation, flat.y_validation)
    assert flat.x_train.min() == 0.0
    assert flat.x_train.max() == 1.0


def test_digits_are_spread_in_proportion():
    data = datasets.digits(1)
    shares = [np.bincount(y) / len(y) for _, y in parts(data)]
    np.testing.assert_allclose(shares[0], shares[1], atol=0.004)


@pytest.mark.parametrize("name", ["digits", "wine", "diabetes", "moons"])
def test_parts_are_disjoint_and_complete(name):
    with_test = DATASETS[name](0, test_fraction=0.2)
    without = DATASETS[name](0)
    total = sum(len(x) for x, _ in parts(with_test))
    assert total == sum(len(x) for x, _ in parts(without))
    if name in ("digits", "moons"):  # others are scaled by what their training part knows
        assert rows(with_test) == rows(without)
        # The validation part is the same with and without a test part.
        np.testing.assert_array_equal(with_test.x_validation, without.x_validation)
        np.testing.assert_array_equal(with_test.y_validation, without.y_validation)


@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer", "diabetes"])
def test_scaling_looks_at_the_training_part_only(name):
    data = DATASETS[name](0)
    np.testing.assert_allclose(data.x_train.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(data.x_train.std(axis=0), 1, atol=1e-4)
    assert np.abs(data.x_validation.mean(axis=0)).max() > 0.01
    if name == "diabetes":
        assert data.y_train.mean() == pytest.approx(0, abs=1e-5)
        assert data.y_train.std() == pytest.approx(1, abs=1e-4)
        assert data.target_unit == "standard deviations"


def test_logic_is_the_truth_table():
    for gate, rule in {
        "and": np.logical_and,
        "or": np.logical_or,
        "xor": np.logical_xor,
        "nand": lambda a, b: ~np.logical_and(a, b),
        "nor": lambda a, b: ~np.logical_or(a, b),
    }.items():
        data = datasets.logic(gate)
        assert sorted(map(tuple, data.x_train)) == [(0, 0), (0, 1), (1, 0), (1, 1)]
        answers = rule(data.x_train[:, 0].astype(bool), data.x_train[:, 1].astype(bool))
        np.testing.assert_array_equal(data.y_train, answers.astype(int))


def test_sine_without_noise_is_the_formula():
    data = datasets.sine(0, noise=0.0, periods=1.5)
    expected = np.sin(np.pi * 1.5 * data.x_train.astype("float64") / 3)
    np.testing.assert_allclose(data.y_train, expected, atol=1e-5)


def test_spirals_without_noise_are_two_arms_half_a_turn_apart():
    data = datasets.spirals(0, noise=0.0, turns=1.0)
    radius = np.linalg.norm(data.x_train, axis=1)
    assert radius.min() >= 0.0999
    assert radius.max() <= 1.0001
    angle = np.arctan2(data.x_train[:, 1], data.x_train[:, 0])
    expected = 2 * np.pi * radius + np.pi * data.y_train
    np.testing.assert_allclose(np.cos(angle - expected), 1.0, atol=1e-4)


@settings(max_examples=25, deadline=None)
@given(
    name=st.sampled_from(["moons", "circles", "spirals", "blobs", "xor", "sine"]),
    seed=st.integers(0, 2**32 - 1),
    samples=st.integers(20, 200),
    noise=st.floats(0, 2),
)
def test_makers_give_as_many_samples_as_asked_for(name, seed, samples, noise):
    data = DATASETS[name](seed, samples=samples, noise=noise)
    assert sum(len(x) for x, _ in parts(data)) == samples
    assert len(data.x_validation) == int(np.ceil(0.2 * samples))


@pytest.mark.parametrize(
    ("maker", "arguments", "error", "words"),
    [
        ("digits", {"seed": -1}, ValueError, "seed"),
        ("digits", {"seed": 0.5}, ValueError, "seed"),
        ("digits", {"seed": "0"}, TypeError, "quotes"),
        ("digits", {"seed": 2**32}, ValueError, "seed"),
        ("digits", {"flat": 1}, TypeError, "flat"),
        ("digits", {"validation_fraction": 0}, ValueError, "validation_fraction"),
        ("digits", {"validation_fraction": np.nan}, ValueError, "validation_fraction"),
        ("digits", {"test_fraction": 1.0}, ValueError, "test_fraction"),
        ("digits", {"validation_fraction": 0.6, "test_fraction": 0.4}, ValueError, "train on"),
        ("iris", {"validation_fraction": 0.001}, ValueError, "validation part"),
        ("diabetes", {"seed": None}, TypeError, "seed"),
        ("moons", {"samples": 3}, ValueError, "samples"),
        ("moons", {"samples": True}, TypeError, "samples"),
        ("moons", {"noise": -0.1}, ValueError, "noise"),
        ("circles", {"noise": np.inf}, ValueError, "noise"),
        ("spirals", {"turns": 0}, ValueError, "turns"),
        ("blobs", {"classes": 1}, ValueError, "classes"),
        ("xor", {"samples": 7}, ValueError, "samples"),
        ("sine", {"periods": -1}, ValueError, "periods"),
    ],
)
def test_bad_arguments_are_named(maker, arguments, error, words):
    with pytest.raises(error, match=words):
        DATASETS[maker](**arguments)


def test_unknown_names_suggest_the_nearest():
    with pytest.raises(ValueError, match="Did you mean 'digits'"):
        datasets.get("digit")
    with pytest.raises(ValueError, match="Did you mean 'xor'"):
        datasets.logic("xorr")
    assert datasets.get("iris", seed=1).name == "iris"


X, Y = np.arange(12.0).reshape(6, 2), np.array([0, 1, 0, 1, 2, 0])


def test_data_cannot_be_changed_and_leaves_the_callers_arrays_alone():
    x = X.copy()
    data = Data(x, Y, X, Y)
    x[0, 0] = 99.0  # the caller's array stays writable, and the data do not follow it
    assert data.x_train[0, 0] == 0.0
    for array in (data.x_train, data.y_train, data.x_validation, data.y_validation):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1
    with pytest.raises(AttributeError):
        data.name = "other"
    view = X.view()
    view.flags.writeable = False
    assert not np.shares_memory(Data(view, Y, X, Y).x_train, X)


def test_data_can_be_copied():
    data = copy.deepcopy(Data(X, Y, X, Y, name="mine", class_names=["a", "b", "c"]))
    assert data.name == "mine"
    assert data.class_names == ("a", "b", "c")
    assert not data.x_train.flags.writeable


def test_labels_and_targets_are_put_in_order():
    assert Data(X, Y.astype(float), X, Y).y_train.dtype == np.int64
    assert Data(X, Y[:, None], X, Y).y_train.shape == (6,)
    one_hot = Data(X, np.eye(3)[Y], X, np.eye(3)[Y])
    assert one_hot.output_dim == 3
    np.testing.assert_array_equal(one_hot.labels("train"), Y)
    assert Data(X, [0, 0, 0, 0, 0, 0], X, Y * 0).output_dim == 2
    assert Data(X, X[:, 0], X, X[:, 0], task_type="regression").y_train.shape == (6, 1)
    assert Data(X, X, X, X, task_type="regression").output_dim == 2
    assert Data(X > 3, Y, X > 3, Y).x_train.dtype == np.float32
    assert Data(X.astype(int), Y, X.astype(int), Y).x_train.dtype.kind == "i"


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"x_train": []}, ValueError, "x_train must not be empty"),
        ({"x_train": X[:, 0]}, ValueError, r"reshape\(-1, 1\)"),
        ({"x_train": X * np.nan}, ValueError, "x_train must hold finite"),
        ({"x_train": [["a", "b"]] * 6}, TypeError, "x_train must hold numbers"),
        ({"x_train": X[:5]}, ValueError, "numbers of samples"),
        ({"x_validation": X[:, :1]}, ValueError, "x_validation must have the same shape"),
        ({"y_train": Y + 0.5}, ValueError, "task_type='regression'"),
        ({"y_train": Y - 1}, ValueError, "from -1 to 1"),
        ({"y_train": np.zeros((6, 2, 2))}, ValueError, "y_train must have 1 or 2 axes"),
        ({"y_validation": np.eye(3)[Y]}, ValueError, "y_validation must have the same shape"),
        ({"x_test": X}, ValueError, "x_test and y_test belong together"),
        ({"task_type": "classificaton"}, ValueError, "Did you mean 'classification'"),
        ({"name": 3}, TypeError, "name must be a string"),
        ({"class_names": ["a", "b"]}, ValueError, "class_names must name every class"),
        ({"class_names": "abc"}, TypeError, "class_names must be a list"),
        ({"class_names": [1, 2, 3]}, TypeError, "class_names must hold strings"),
        ({"feature_names": ["a"]}, ValueError, "feature_names must name all 2"),
        ({"task_type": "regression", "class_names": ["a"]}, ValueError, "class_names is for"),
    ],
)
def test_bad_data_are_named(changes, error, words):
    good = {"x_train": X, "y_train": Y, "x_validation": X, "y_validation": Y}
    with pytest.raises(error, match=words):
        Data(**{**good, **changes})


def test_labels_of_a_part_that_is_not_there():
    with pytest.raises(ValueError, match="part must be one of"):
        Data(X, Y, X, Y).labels("test")
    with pytest.raises(ValueError, match="regression"):
        Data(X, Y, X, Y, task_type="regression").labels()


def test_repr_says_what_is_in_it():
    text = repr(datasets.digits(test_fraction=0.2))
    for words in (
        "digits",
        "1077 training",
        "360 validation",
        "360 test",
        "(8, 8, 1)",
        "10 classes",
    ):
        assert words in text


def test_importing_the_module_leaves_scikit_learn_alone():
    code = "import sys, dlkit.datasets; print('sklearn' in sys.modules or 'scipy' in sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "False"


def test_the_seedlings_are_what_their_generator_writes():
    folder = Path(__file__).parents[2] / "data" / "seedlings"
    names = runpy.run_path(str(folder / "generate.py"), run_name="generate")
    stored = (folder / "seedlings.csv").read_text(encoding="utf-8")
    assert stored == names["table"]()
    values = np.loadtxt(stored.splitlines(), delimiter=",", skiprows=1)
    truth = 0.9 * values[:, 0] + 0.08 * values[:, 1] - 10.3 > 0
    assert values.shape == (200, 3)
    assert (truth == values[:, 2]).mean() == 0.9  # as the data card says
