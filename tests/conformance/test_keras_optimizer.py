"""The rules run in Keras: the same numbers as in NumPy, in fit, in a saved file."""

import keras
import numpy as np
import optimizer_cases as cases
import pytest

from dlkit import optimizers, schedules
from dlkit.keras.optimizer import RuleOptimizer, RuleSchedule, _dense
from dlkit.rules import RULES

SCHEDULES = {
    "Constant": schedules.Constant(0.01),
    "StepDecay": schedules.StepDecay(0.01, 7, 0.5),
    "ExponentialDecay": schedules.ExponentialDecay(0.01, 7, 0.7),
    "InverseTimeDecay": schedules.InverseTimeDecay(0.01, 7, 0.7),
    "PolynomialDecay": schedules.PolynomialDecay(0.01, 40, 0.001, 1.5),
    "CosineAnnealing": schedules.CosineAnnealing(0.01, 40, 0.1),
    "CosineRestarts": schedules.CosineRestarts(0.01, 7, 1.5, 0.8, 0.1),
    "Warmup": schedules.Warmup(schedules.CosineAnnealing(0.01, 40), 9, 0.001),
    "OneCycle": schedules.OneCycle(0.01, 40),
}


def small_task():
    generator = np.random.default_rng(0)
    x = generator.normal(size=(96, 4)).astype("float32")
    return x, (x[:, 0] + x[:, 1] > 0).astype("int64")


def small_model(optimizer):
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(8, activation="tanh"),
            keras.layers.Dense(2, activation="softmax"),
        ]
    )
    model.compile(optimizer, "sparse_categorical_crossentropy")
    return model


@pytest.mark.parametrize("name", RULES)
def test_the_rule_in_keras_equals_the_rule_in_numpy(name, float64):
    """With hyper-parameters that are not exact in binary, and everything else switched on."""
    rate = schedules.Warmup(schedules.CosineAnnealing(0.01, 150, 0.01), 40, 0.001)
    arguments = {"learning_rate": rate, "weight_decay": 0.0625, "global_clipnorm": 2.0}
    gradients = cases.fed_gradients(200, seed=2)
    mine = cases.trajectory(optimizers.get(name, **arguments), gradients)
    hosted = optimizers.get(name, **arguments).to_keras()
    theirs = cases.keras_trajectory(hosted, gradients)
    assert np.abs(mine - theirs).max() <= 1e-12


@pytest.mark.parametrize("name", RULES)
def test_a_wrong_rule_is_wrong_in_keras_too(name, monkeypatch):
    """The Keras host has no copy of the rule: an edit of the rule changes what Keras does."""
    edits = next(iter(cases.CASES[name].wrong.values()))
    gradients = cases.fed_gradients(8)
    right = cases.keras_trajectory(cases.ours(name).to_keras(), gradients, compiled=False)
    for part, function in cases.wrong_variant(name, edits).items():
        monkeypatch.setattr(RULES[name], part, function)
    wrong = cases.keras_trajectory(cases.ours(name).to_keras(), gradients, compiled=False)
    assert not np.allclose(right, wrong, rtol=0, atol=1e-9)


# One with two slots and a carried scalar, one with slots that do not start at 0.
SAVED = [
    name if name in ("nadam", "ftrl") else pytest.param(name, marks=pytest.mark.full)
    for name in RULES
]


@pytest.mark.parametrize("name", SAVED)
def test_trains_saves_and_reloads(name, tmp_path):
    """The model that was reloaded, in safe mode, goes on with the same bits."""
    x, y = small_task()
    rate = schedules.OneCycle(0.02, 60)
    model = small_model(optimizers.get(name, learning_rate=rate, clipnorm=1.0).to_keras())
    model.fit(x, y, epochs=1, batch_size=32, verbose=0)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    assert isinstance(again.optimizer, RuleOptimizer)
    assert again.optimizer.get_config() == model.optimizer.get_config()
    assert int(again.optimizer.iterations) == 3
    same_values(model.optimizer.variables, again.optimizer.variables)
    for one in (model, again):
        generator = np.random.default_rng(1)
        for _ in range(3):
            gradients = [generator.normal(size=v.shape) for v in one.trainable_variables]
            gradients = [keras.ops.convert_to_tensor(g, dtype="float32") for g in gradients]
            one.optimizer.apply(gradients, one.trainable_variables)
    same_values(model.variables, again.variables)


def test_accumulates_gradients():
    """Two half batches, accumulated, are one step with the mean of their gradients."""
    gradients = cases.fed_gradients(20)
    twice = np.repeat(gradients, 2, axis=0) * np.tile([0.5, 1.5], 20)[:, None]
    hosted = cases.ours("nadam").to_keras(gradient_accumulation_steps=2)
    after = cases.keras_trajectory(hosted, twice)[1::2]
    expected = cases.trajectory(cases.ours("nadam"), gradients)
    np.testing.assert_allclose(after, expected, rtol=0, atol=1e-9)


def test_learns_with_accumulation_and_embedding():
    """Sparse gradients, as an embedding has them on some backends, are made dense."""
    generator = np.random.default_rng(0)
    x = generator.integers(0, 10, size=(64, 3))
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((3,), dtype="int32"),
            keras.layers.Embedding(10, 4),
            keras.layers.Flatten(),
            keras.layers.Dense(1),
        ]
    )
    model.compile(optimizers.Adam(0.05).to_keras(gradient_accumulation_steps=2), "mse")
    history = model.fit(x, (x.sum(axis=1) / 10.0), epochs=15, batch_size=16, verbose=0)
    assert history.history["loss"][-1] < history.history["loss"][0] / 10


def test_a_dense_tensor_with_methods_of_these_names_stays_as_it_is():
    """Every tensor of PyTorch has the methods ``indices`` and ``values``; only a sparse one has them."""

    class Tensor:
        def indices(self):
            raise RuntimeError("a dense tensor has no indices")

        values = indices

        def __array__(self, dtype=None, copy=None):
            return np.array([1.0, 2.0], dtype or "float32")

    np.testing.assert_array_equal(keras.ops.convert_to_numpy(_dense(Tensor())), [1.0, 2.0])


@pytest.mark.parametrize("name", schedules.SCHEDULES)
def test_schedules_are_the_same_in_keras(name, float64):
    schedule = SCHEDULES[name]
    hosted = RuleSchedule.from_config(RuleSchedule(schedule).get_config())
    steps = np.arange(60)
    got = [float(hosted(keras.ops.convert_to_tensor(step))) for step in steps]
    np.testing.assert_allclose(got, schedule(steps), rtol=0, atol=1e-14)


RATE = np.float64(0.125)  # its dtype makes Keras compute the schedule in float64
K = keras.optimizers.schedules
REFERENCES = {
    "StepDecay": (K.ExponentialDecay(RATE, 7, 0.75, staircase=True), (7, 0.75)),
    "ExponentialDecay": (K.ExponentialDecay(RATE, 7, 0.75), (7, 0.75)),
    "InverseTimeDecay": (K.InverseTimeDecay(RATE, 7, 0.75), (7, 0.75)),
    "PolynomialDecay": (K.PolynomialDecay(RATE, 40, 2.0**-9, 1.5), (40, 2.0**-9, 1.5)),
    "CosineAnnealing": (K.CosineDecay(RATE, 40, 0.125), (40, 0.125)),
    "CosineRestarts": (K.CosineDecayRestarts(RATE, 7, 1.5, 0.75, 0.125), (7, 1.5, 0.75, 0.125)),
}


@pytest.mark.parametrize("name", REFERENCES)
def test_schedules_agree_with_those_of_keras(name):
    reference, arguments = REFERENCES[name]
    steps = np.arange(100)
    expected = [float(reference(keras.ops.convert_to_tensor(step))) for step in steps]
    got = schedules.SCHEDULES[name](float(RATE), *arguments)(steps)
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-12)


def test_warmup_agrees_with_that_of_keras():
    reference = K.CosineDecay(np.float64(2.0**-9), 40, 0.125, warmup_target=0.125, warmup_steps=8)
    steps = np.arange(60)
    expected = [float(reference(keras.ops.convert_to_tensor(step))) for step in steps]
    then = schedules.CosineAnnealing(0.125, 40, 0.125)
    got = schedules.Warmup(then, 8, 2.0**-9)(steps)
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-12)


def test_a_rule_that_divides_by_the_learning_rate_refuses_to_start_at_zero():
    with pytest.raises(ValueError, match="scheduled learning_rate must be .*above 0"):
        RuleOptimizer("ftrl", schedules.Warmup(0.1, 10))


def test_the_learning_rate_is_a_variable_that_can_be_set():
    hosted = optimizers.Adam(0.01).to_keras()
    hosted.learning_rate = 0.5
    assert float(hosted.learning_rate) == 0.5


def test_a_keras_schedule_is_taken():
    keras_schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.5)
    hosted = RuleOptimizer("sgd", keras_schedule)
    assert float(hosted.learning_rate) == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        (("adm", 0.1), ValueError, "Did you mean 'adam'"),
        (("adam", -0.1), ValueError, "learning_rate must be"),
        (("adam", 0.1, {"beta_1": 1.5}), ValueError, "beta_1 must be"),
        (("adam", 0.1, {"beta1": 0.5}), TypeError, "Did you mean 'beta_1'"),
        (("adam", 0.1, None, -1.0), ValueError, "weight_decay must be"),
    ],
)
def test_wrong_arguments_are_refused(arguments, error, words):
    """Keras alone would take a negative learning rate, and beta_1=1.5, without a word."""
    with pytest.raises(error, match=words):
        RuleOptimizer(*arguments)


def same_values(ones, others):
    for one, other in zip(ones, others, strict=True):
        np.testing.assert_array_equal(
            keras.ops.convert_to_numpy(one), keras.ops.convert_to_numpy(other)
        )


@pytest.mark.parametrize("form", cases.FORMS)
def test_other_forms_in_keras_equal_those_in_numpy(form, float64):
    name, arguments, _ = cases.FORMS[form]
    gradients = cases.fed_gradients(30, seed=3)
    mine = cases.trajectory(cases.ours(name, **arguments), gradients)
    hosted = cases.ours(name, **arguments).to_keras()
    again = RuleOptimizer.from_config(hosted.get_config())
    assert np.abs(mine - cases.keras_trajectory(again, gradients, compiled=False)).max() <= 1e-12
