"""The diagnosis: hand-made curves at the borders, laws, and real runs with planted faults."""

import copy
import dataclasses
import json

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dlkit import datasets, layers
from dlkit.network import Network
from dlkit.training.config import TrainingConfig
from dlkit.training.diagnosis import TITLES, Diagnosis, diagnose
from dlkit.training.job import TrainingJob
from dlkit.training.layer_records import LayerRecord
from dlkit.training.records import EpochRecord, History

GOOD = ("healthy", "good_fit_reached_early")
EPOCH = np.arange(30)
FALLING = 2.3 * np.exp(-EPOCH / 5)


def label(loss, val_loss=None, **more):
    history = {"loss": loss, **more}
    return diagnose(history if val_loss is None else {**history, "val_loss": val_loss}).label


# Hand-made curves


def test_curves_that_fall_together_are_healthy():
    assert label(FALLING + 0.05, FALLING + 0.1) == "healthy"


def test_curves_that_were_done_half_way_are_called_so():
    fast = 2.3 * np.exp(-EPOCH / 1.5)
    found = diagnose({"loss": fast + 0.05, "val_loss": fast + 0.1})
    assert found.label == "good_fit_reached_early"
    assert "epoch 8;" in found.text()  # 2.3 e^(-7 / 1.5) is the first within 1 % of the whole fall


def test_a_rising_validation_loss_is_overfitting_and_names_the_epoch():
    val_loss = FALLING + 0.3 + 0.03 * EPOCH
    found = diagnose({"loss": FALLING, "val_loss": val_loss})
    assert found.label == "overfitting"
    best = int(np.argmin(val_loss)) + 1
    assert f"epoch {best} ({val_loss.min():.3g})" in found.evidence[0]
    assert f"{val_loss[-1]:.3g} in epoch 30" in found.evidence[0]
    assert "`early_stopping=True`" in found.advice[0]
    assert any("`dropout_rate`" in advice for advice in found.advice)


@pytest.mark.parametrize(("slope", "sick"), [(0.002, False), (0.05, True)])
def test_how_far_the_validation_loss_must_rise(slope, sick):
    assert (label(FALLING, FALLING + 0.3 + slope * EPOCH) == "overfitting") == sick


def test_a_wide_gap_is_overfitting_even_if_nothing_rises():
    val_loss = np.maximum(FALLING, 1.2)
    accuracy = {"accuracy": 1 - FALLING / 2.6, "val_accuracy": np.minimum(1 - FALLING / 2.6, 0.6)}
    assert label(FALLING, val_loss, **accuracy) == "overfitting"


def test_a_falling_validation_accuracy_is_overfitting():
    accuracy = np.linspace(0.6, 0.95, 30)
    val_accuracy = np.concatenate([np.linspace(0.6, 0.9, 10), np.linspace(0.9, 0.8, 20)])
    found = diagnose(
        {
            "loss": np.linspace(1.5, 0.5, 30),
            "val_loss": np.linspace(1.5, 0.7, 30),
            "accuracy": accuracy,
            "val_accuracy": val_accuracy,
        }
    )
    assert found.label == "overfitting"
    assert "validation accuracy fell" in found.evidence[0]


def test_one_confident_mistake_is_no_overfitting():
    accuracy = {"accuracy": np.full(30, 0.99), "val_accuracy": np.full(30, 0.98)}
    fast = 0.7 * np.exp(-EPOCH / 1.5)
    assert label(fast, fast + 0.02 + 0.002 * EPOCH, **accuracy) in GOOD


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("where", ["loss", "val_loss"])
def test_a_loss_that_is_no_number_is_diverging(bad, where):
    history = {"loss": FALLING + 0.1, "val_loss": FALLING + 0.2}
    history[where] = np.where(EPOCH == 12, bad, history[where])
    found = diagnose(history)
    assert found.label == "diverging"
    assert "epoch 13" in found.evidence[0]
    assert found.confidence >= 0.9
    assert "`learning_rate`" in found.advice[0]


def test_a_batch_that_is_no_number_is_diverging_before_any_epoch_is_done():
    found = diagnose(History((), [2.3, 50.0, np.nan], TrainingConfig(learning_rate=3.0)))
    assert found.label == "diverging"
    assert "batch 3" in found.evidence[0]
    assert "now 3, try 0.002" in found.advice[0]


def test_a_growing_loss_is_diverging():
    assert label(0.5 * 1.2**EPOCH, 0.6 * 1.2**EPOCH) == "diverging"


def test_a_straight_small_fall_is_a_learning_rate_too_low():
    found = diagnose({"loss": 2.3 - 0.003 * EPOCH, "val_loss": 2.31 - 0.003 * EPOCH})
    assert found.label == "learning_rate_too_low"
    assert "`learning_rate`" in found.advice[0]
    assert found.advice[0].startswith("Raise")


def test_a_flat_loss_is_not_learning():
    accuracy = {"accuracy": np.full(30, 0.1), "val_accuracy": np.full(30, 0.1)}
    assert label(np.full(30, 2.303), np.full(30, 2.303), **accuracy) == "not_learning"
    assert label(np.full(30, 2.303)) == "not_learning"


def test_a_high_plateau_is_underfitting():
    loss = 0.6 + 0.3 * np.exp(-EPOCH / 3)
    found = diagnose({"loss": loss, "val_loss": loss + 0.01, "accuracy": np.full(30, 0.68)})
    assert found.label == "underfitting"
    assert "`units`" in found.advice[0]


def test_a_loss_that_jumps_is_unstable():
    loss = FALLING + 0.2 + np.where(EPOCH % 4 == 3, 0.8, 0.0)
    found = diagnose({"loss": loss, "val_loss": loss})
    assert found.label == "unstable"
    assert "jumps up 7 times" in found.evidence[0]  # in epochs 4, 8 … 28


@pytest.mark.parametrize("epochs", [0, 1, 4])
def test_few_epochs_are_not_enough(epochs):
    assert label(FALLING[:epochs], FALLING[:epochs]) == "not_enough_evidence"
    assert label(FALLING[:5] + 0.1, FALLING[:5] + 0.1) != "not_enough_evidence"


def test_without_validation_a_falling_loss_is_not_enough():
    found = diagnose({"loss": FALLING + 0.05})
    assert found.label == "not_enough_evidence"
    assert "`validation_data`" in found.advice[0]


def test_the_configuration_changes_the_advice():
    records = [
        EpochRecord(index + 1, float(loss), {}, float(loss + 0.3 + 0.03 * index), {}, 0.01, 0.0)
        for index, loss in enumerate(FALLING)
    ]
    for stopping, words in ((True, "is on"), (False, "early_stopping=True")):
        history = History(records, config=TrainingConfig(early_stopping=stopping))
        assert words in diagnose(history).advice[0]


def test_a_diagnosis_reads_as_one_paragraph_and_goes_into_json():
    found = diagnose({"loss": FALLING, "val_loss": FALLING + 0.3 + 0.03 * EPOCH})
    assert "\n" not in found.text()
    assert found.text() == str(found)
    assert found.text().startswith("Overfitting (")
    assert not found.is_good
    stored = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert stored["label"] == "overfitting"
    assert tuple(stored["advice"]) == found.advice
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.label = "healthy"


# Layers


def with_layers(norms, dead=(0.0,), loss=None, batch=2.4, **config):
    """A history of 12 epochs in which each layer shows the same in every epoch."""
    loss = np.linspace(2.3, 2.25, 12) if loss is None else loss
    dead = (*dead, *[None] * (len(norms) - len(dead)))
    layers = tuple(
        LayerRecord(f"dense_{number}", norm, 0.001, share)
        for number, (norm, share) in enumerate(zip(norms, dead))
    )
    records = [
        EpochRecord(number + 1, float(value), {}, float(value), {}, 0.001, 0.0, layers)
        for number, value in enumerate(loss)
    ]
    return History(records, [batch, batch], TrainingConfig(record_layers=True, **config))


def test_a_first_layer_without_gradient_is_vanishing_gradients():
    found = diagnose(with_layers((1e-6, 1e-4, 1e-2)))
    assert found.label == "vanishing_gradients"
    assert "'dense_0', is 0.0001 times that of the last one, 'dense_2'" in found.evidence[0]
    assert found.advice[0].change == {"activation": "relu", "kernel_initializer": "he_normal"}


def test_small_gradients_alone_are_none():
    assert diagnose(with_layers((1e-6, 1e-6, 1e-6))).label != "vanishing_gradients"
    well = 2.3 * np.exp(-np.arange(12) / 3) + 0.1
    assert diagnose(with_layers((1e-6, 1e-4, 1e-2), loss=well)).label in GOOD


def test_gradients_that_are_huge_from_the_start_are_exploding():
    loss = np.linspace(500, 100, 12)
    data = datasets.get("iris")
    found = diagnose(with_layers((3000.0, 900.0, 800.0), loss=loss, batch=900.0), data)
    assert found.label == "exploding_gradients"
    assert "'dense_0' has norm 3e+03" in found.evidence[0]
    assert "`kernel_initializer=" in found.advice[0]
    assert diagnose(with_layers((3.0, 2.0, 2.0), loss=loss, batch=900.0), data).label != found.label


def test_units_that_are_dead_for_half_the_run_are_dead_relu():
    found = diagnose(with_layers((0.1, 0.1, 0.1), dead=(0.1, 0.9)))
    assert found.label == "dead_relu"
    assert "90 % of the units of 'dense_1'" in found.evidence[0]
    assert diagnose(with_layers((0.1, 0.1, 0.1), dead=(0.1, 0.3))).label != "dead_relu"


def test_dead_units_after_long_steps_are_blamed_on_the_steps():
    found = diagnose(with_layers((0.1, 0.1), dead=(0.9,), learning_rate=0.5))
    assert found.label == "dead_relu"
    assert found.advice[0].change == {"learning_rate": 0.002}


def test_dead_units_with_inputs_far_from_zero_are_blamed_on_the_inputs():
    iris = datasets.get("iris")
    far = dataclasses.replace(iris, x_train=iris.x_train + 30, x_validation=iris.x_validation + 30)
    found = diagnose(with_layers((0.1, 0.1), dead=(0.9,)), far)
    assert "have mean 30" in found.evidence[1]
    assert found.advice[0].change == {"data": "scale"}


def test_advice_is_a_sentence_with_a_change_that_a_configuration_takes():
    found = diagnose(History((), [2.3, np.nan], TrainingConfig(learning_rate=3.0)))
    advice = found.advice[0]
    assert isinstance(advice, str)
    assert TrainingConfig().replace(**advice.change).learning_rate == 0.002
    assert copy.deepcopy(advice) == advice
    assert copy.deepcopy(advice).change == advice.change


# Laws

CURVE = st.lists(st.floats(1e-3, 1e3), min_size=1, max_size=40)


@settings(max_examples=60, deadline=None)
@given(loss=CURVE, data=st.data())
def test_any_curves_get_a_whole_diagnosis(loss, data):
    history = {"loss": loss}
    numbers = st.lists(st.floats(-10, 1e3), min_size=len(loss), max_size=len(loss))
    shares = st.lists(st.floats(0, 1), min_size=len(loss), max_size=len(loss))
    for key, kind in (("val_loss", numbers), ("accuracy", shares), ("val_accuracy", shares)):
        if data.draw(st.booleans()):
            history[key] = data.draw(kind)
    found = diagnose(history)
    assert isinstance(found, Diagnosis)
    assert found.label in TITLES
    assert 0 <= found.confidence <= 1
    assert found.evidence
    assert found.advice or found.is_good
    assert "nan" not in found.text()


@settings(max_examples=60, deadline=None)
@given(loss=CURVE, data=st.data(), power=st.integers(-8, 8))
def test_the_unit_of_the_loss_does_not_matter(loss, data, power):
    assume(len(loss) >= 5)
    val_loss = data.draw(st.lists(st.floats(1e-3, 1e3), min_size=len(loss), max_size=len(loss)))
    scale = 2.0**power  # exact, so that no rounding decides
    first = diagnose({"loss": loss, "val_loss": val_loss})
    scaled = diagnose({"loss": np.array(loss) * scale, "val_loss": np.array(val_loss) * scale})
    assert first.label == scaled.label
    assert first.confidence == pytest.approx(scaled.confidence, abs=0.011)


@settings(max_examples=50, deadline=None)
@given(loss=CURVE, at=st.integers(0, 39), bad=st.sampled_from([np.nan, np.inf]))
def test_one_bad_number_anywhere_is_diverging(loss, at, bad):
    loss[at % len(loss)] = bad
    assert label(loss) == "diverging"


# Bad input


@pytest.mark.parametrize(
    ("history", "error", "words"),
    [
        (None, TypeError, "history must be"),
        ([1, 2], TypeError, "history must be"),
        ({}, ValueError, "must hold 'loss'"),
        ({"val_loss": [1]}, ValueError, "holds 'val_loss'"),
        ({"loss": "falling"}, TypeError, "loss"),
        ({"loss": ["a", "b"]}, TypeError, "numbers"),
        ({"loss": [[1, 2], [3, 4]]}, ValueError, "axes"),
        ({"loss": [1, 2], "val_loss": [1]}, ValueError, "'val_loss' has 1"),
        ({"loss": [1, 2], "accuracy": [90, 95]}, ValueError, "Divide percentages by 100"),
    ],
)
def test_bad_histories_are_named(history, error, words):
    with pytest.raises(error, match=words):
        diagnose(history)


def test_bad_data_are_named():
    with pytest.raises(TypeError, match="data must be a Data"):
        diagnose({"loss": FALLING}, data="digits")


# Real runs


def train(name, seed=0, units=(64, 32), change=None, dropout=0.0, made=None, **config):
    data = datasets.get(name, seed=seed, **(made or {}))
    data = change(data, seed) if change else data
    stack = [layers.Flatten()] if len(data.input_shape) > 1 else []
    for count in units:
        stack += [layers.Dense(count, activation="relu")]
        stack += [layers.Dropout(dropout)] if dropout else []
    last = "softmax" if data.task_type == "classification" else "linear"
    network = Network(
        [*stack, layers.Dense(data.output_dim, activation=last)], data.input_shape, seed=seed
    )
    settings = {"epochs": 30, "early_stopping": False, "seed": seed, **config}
    job = TrainingJob(network, data, TrainingConfig(**settings))
    job.start()
    assert job.wait(timeout=100)
    return job


def few(data, seed):
    return dataclasses.replace(data, x_train=data.x_train[:40], y_train=data.y_train[:40])


def guessed_labels(data, seed):
    y = np.random.default_rng(seed).integers(0, data.output_dim, len(data.y_train))
    return dataclasses.replace(data, y_train=y)


WILD = ("diverging", "unstable", "not_learning")
FAULTS = {
    "learning rate 1e-5": (("learning_rate_too_low",), "digits", {"learning_rate": 1e-5}),
    "slow SGD": (
        ("learning_rate_too_low",),
        "digits",
        {"learning_rate": 1e-4, "optimizer": "sgd"},
    ),
    "slow on wine": (("learning_rate_too_low",), "wine", {"learning_rate": 1e-5}),
    "slow regression": (("learning_rate_too_low",), "diabetes", {"learning_rate": 1e-5}),
    "learning rate 1": (WILD, "digits", {"learning_rate": 1.0}),
    "SGD at 10": (WILD, "digits", {"learning_rate": 10.0, "optimizer": "sgd"}),
    "regression at 5": (("diverging",), "sine", {"learning_rate": 5.0, "optimizer": "sgd"}),
    "regression at 0.3": (WILD, "diabetes", {"learning_rate": 0.3}),
    "40 images": (("overfitting",), "digits", {"change": few, "units": (256,), "epochs": 60}),
    "guessed labels": (
        ("overfitting",),
        "digits",
        {"change": guessed_labels, "units": (128,), "learning_rate": 0.003},
    ),
    "large on few patients": (
        ("overfitting",),
        "diabetes",
        {"units": (256, 128), "epochs": 60},
    ),
    "no hidden units, spirals": (
        ("underfitting",),
        "spirals",
        {"units": (), "epochs": 80, "learning_rate": 0.01},
    ),
    "no hidden units, circles": (
        ("underfitting", "not_learning"),
        "circles",
        {"units": (), "epochs": 80, "learning_rate": 0.01},
    ),
    "no hidden units, sine": (
        ("underfitting",),
        "sine",
        {"units": (), "epochs": 80, "learning_rate": 0.03},
    ),
}
HEALTHY = {
    "digits": {"epochs": 20},
    "digits with early stopping": {"early_stopping": True, "epochs": 40},
    "digits with dropout": {"dropout": 0.2, "epochs": 20},
    "iris": {"epochs": 40, "learning_rate": 0.003, "units": (16,)},
    "wine": {"epochs": 40},
    "breast_cancer": {"epochs": 20},
    "moons": {"epochs": 60, "learning_rate": 0.01, "units": (16,)},
    "circles": {"epochs": 60, "learning_rate": 0.01, "units": (16,)},
    "spirals": {"epochs": 150, "learning_rate": 0.01},
    "blobs": {"epochs": 30, "learning_rate": 0.01, "units": (16,)},
    "xor": {"epochs": 40, "learning_rate": 0.01, "units": (16,)},
    "and": {"epochs": 60, "learning_rate": 0.03, "units": ()},
    "sine": {"epochs": 80, "learning_rate": 0.01},
    "diabetes": {"early_stopping": True, "units": (16,)},
}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("seed", [0, *(pytest.param(s, marks=pytest.mark.full) for s in (11, 12))])
def test_planted_faults_are_found(fault, seed):
    labels, name, arguments = FAULTS[fault]
    found = train(name, seed, **arguments).diagnosis
    assert found.label in labels, found.text()


@pytest.mark.parametrize("run", HEALTHY)
@pytest.mark.parametrize("seed", [0, *(pytest.param(s, marks=pytest.mark.full) for s in (11, 12))])
def test_healthy_runs_are_not_called_sick(run, seed):
    job = train(run.split()[0], seed, **HEALTHY[run])
    assert job.diagnosis.label in GOOD, job.diagnosis.text()


def test_a_job_can_be_asked_while_it_is_young():
    job = train("iris", epochs=2)
    assert job.diagnosis.label == "not_enough_evidence"


# Small validation parts, rare classes, losses below zero


def sized(rows, validated, positives=None):
    """Return data of two classes with so many training and validation samples."""
    generator = np.random.default_rng(0)
    y = np.arange(rows + validated) % 2
    if positives is not None:
        y = (np.arange(rows + validated) % 100 < positives).astype(int)
    x = generator.normal(size=(rows + validated, 2)).astype("float32")
    return datasets.Data(x[:rows], y[:rows], x[rows:], y[rows:])


@pytest.mark.parametrize(("validated", "words"), [(1, "has 1 sample:"), (9, "has 9 samples:")])
def test_few_validation_samples_are_not_enough_evidence(validated, words):
    curves = {"loss": FALLING, "val_loss": FALLING + 0.3 + 0.05 * EPOCH}
    found = diagnose(curves, sized(20, validated))
    assert found.label == "not_enough_evidence"
    assert words in found.evidence[0]
    assert "`validation_split`" in found.advice[0]
    assert diagnose(curves, sized(20, 10)).label == "overfitting"


def test_what_training_alone_shows_is_said_with_few_validation_samples():
    assert diagnose({"loss": 0.7 * 1.2**EPOCH, "val_loss": FALLING}, sized(9, 2)).label == (
        "diverging"
    )
    broken = {"loss": FALLING, "val_loss": np.full(30, np.inf)}
    assert diagnose(broken, sized(9, 2)).label == "diverging"


def rare_run(end, epochs=30, half=None):
    """A run from 0.557 down to ``end`` on 2 % positives, whose constant answer has loss 0.098."""
    loss = end + (0.557 - end) * np.exp(-np.arange(epochs) / (epochs / (half or 4)))
    share = {"accuracy": np.full(epochs, 0.98), "val_accuracy": np.full(epochs, 0.98)}
    return {"loss": loss, "val_loss": loss + 0.035, **share}


@pytest.mark.parametrize("end", [0.05, 0.063, 0.08, 0.09])
def test_a_rare_class_that_is_being_learnt_is_not_called_not_learning(end):
    found = diagnose(rare_run(end), sized(500, 100, positives=2))
    assert found.label in (*GOOD, "not_enough_evidence")
    assert "Lower `learning_rate`" not in found.text()
    assert "no longer falls" not in found.text()
    assert "flat" not in found.text()
    if found.advice:
        assert any("`class_weight`" in advice for advice in found.advice)


def test_a_rare_class_that_is_not_found_gets_class_weight_as_advice():
    found = diagnose(rare_run(0.0975, half=15), sized(500, 100, positives=2))
    assert found.label == "not_learning"
    assert "`class_weight`" in found.advice[0]
    assert "Lower `learning_rate`" not in found.advice[0]


@pytest.mark.parametrize("shift", [0.0, 5.0])
def test_a_loss_that_goes_below_zero_falls(shift):
    loss = shift - 9.67 * (1 - np.exp(-EPOCH / 6))
    found = diagnose({"loss": loss, "val_loss": loss + 0.1})
    assert found.label == "not_enough_evidence"
    assert "below" in found.evidence[0] and "%" not in found.text()


def test_a_loss_that_is_zero_all_along_is_not_called_not_learning():
    for curves in ({"loss": np.zeros(30)}, {"loss": np.zeros(30), "val_loss": np.zeros(30)}):
        assert diagnose(curves).label in ("not_enough_evidence", *GOOD)
