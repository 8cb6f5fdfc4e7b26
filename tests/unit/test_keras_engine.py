"""The Keras engine: NumPy's losses, exact snapshots, no recompilation, clear errors."""

import keras
import numpy as np
import pytest

from dlkit import Data, Network, TrainingConfig, layers, losses, models, schedules
from dlkit.keras import warm as warm_module
from dlkit.keras.engine import KerasEngine
from dlkit.keras.program import PlainProgram
from dlkit.training.engine import Engine, NumpyEngine, engine_for

GENERATOR = np.random.default_rng(0)
X = GENERATOR.normal(size=(70, 6))
LABELS = (X[:, 0] * X[:, 1] > 0).astype("int64") + (X[:, 2] > 0)


def make_data(kind="labels", dtype="float32"):
    x = X.astype(dtype)
    if kind == "regression":
        y = np.stack([np.sin(X[:, 0]), X[:, 1] * X[:, 2]], axis=1).astype(dtype)
    else:
        y = {"labels": LABELS, "one-hot": np.eye(3)[LABELS], "binary": LABELS % 2}[kind]
    task_type = "regression" if kind == "regression" else "classification"
    return Data(x[:50], y[:50], x[50:], y[50:], task_type=task_type)


def make_network(kind="labels", dtype="float64"):
    outputs, activation = {
        "labels": (3, "softmax"),
        "one-hot": (3, "linear"),  # logits
        "binary": (1, "sigmoid"),
        "regression": (2, None),
    }[kind]
    stack = [
        layers.Dense(9, "tanh", kernel_regularizer="l2"),
        layers.BatchNormalization(momentum=0.75),
        layers.Dense(outputs, activation),
    ]
    return Network(stack, (6,), seed=1, dtype=dtype)


def noisy_model(seed=0):
    return keras.Sequential(
        [
            keras.Input((6,)),
            keras.layers.Dense(8, "relu", kernel_initializer=keras.initializers.HeUniform(seed)),
            keras.layers.BatchNormalization(),
            keras.layers.Dropout(0.5, seed=seed),
            keras.layers.GaussianNoise(0.1, seed=seed),
            keras.layers.Dense(3, kernel_initializer=keras.initializers.HeUniform(seed + 1)),
        ]
    )


CONFIG = TrainingConfig(batch_size=8, learning_rate=2.0**-7, seed=5)


def train(engine, epochs=2, chunk=None):
    """Return all batch losses of some epochs, ``chunk`` batches at a time (None: whole epochs)."""
    found = []
    for epoch in range(1, epochs + 1):
        engine.begin_epoch(epoch)
        number = engine.batches_per_epoch
        step = chunk or number
        for first in range(0, number, step):
            found.extend(engine.run(first, min(step, number - first)))
    return np.array(found)


@pytest.fixture(scope="module")
def warm():
    """One engine for the tests that only train: building one is what takes the time."""
    return KerasEngine(noisy_model(), make_data(), CONFIG)


@pytest.fixture
def engine(warm):
    warm.reconfigure(CONFIG)
    return warm


@pytest.mark.parametrize("kind", ["labels", "one-hot", "binary", "regression"])
@pytest.mark.parametrize("optimizer", [pytest.param("sgd", marks=pytest.mark.full), "adam"])
def test_losses_and_metrics_are_those_of_the_numpy_engine(kind, optimizer):
    config = CONFIG.replace(optimizer=optimizer, seed=3)
    network, data = make_network(kind), make_data(kind, "float64")
    ours = KerasEngine(network.to_keras(), data, config)
    theirs = NumpyEngine(network, data, config)
    assert ours.batches_per_epoch == theirs.batches_per_epoch == 7  # the last batch has two samples
    for part in ("train", "validation"):
        compare(ours.evaluate(part), theirs.evaluate(part))
    np.testing.assert_allclose(train(ours), train(theirs), rtol=0, atol=1e-6)
    assert ours.train_metrics() == pytest.approx(theirs.train_metrics(), abs=1e-6)
    for part in ("train", "validation"):
        compare(ours.evaluate(part), theirs.evaluate(part))
    np.testing.assert_allclose(
        ours.predict(data.x_validation), theirs.predict(data.x_validation), atol=1e-6
    )


def compare(found, expected, tolerance=1e-6):
    assert found[0] == pytest.approx(expected[0], abs=tolerance)
    assert found[1] == pytest.approx(expected[1], abs=tolerance)


@pytest.mark.parametrize(
    "kind",
    [
        "regression",
        *[pytest.param(kind, marks=pytest.mark.full) for kind in ("binary", "labels", "one-hot")],
    ],
)
def test_the_plain_path_for_other_backends_gives_the_same_losses(kind, monkeypatch):
    network, data = make_network(kind, "float32"), make_data(kind)
    compiled = KerasEngine(network.to_keras(), data, CONFIG)
    monkeypatch.setattr(warm_module, "CompiledProgram", PlainProgram)
    plain = KerasEngine(network.to_keras(), data, CONFIG)
    assert type(plain._warm.runner) is not type(compiled._warm.runner)
    np.testing.assert_allclose(train(plain, 1), train(compiled, 1), rtol=0, atol=1e-5)
    assert plain.train_metrics() == pytest.approx(compiled.train_metrics(), abs=1e-5)
    compare(plain.evaluate("validation"), compiled.evaluate("validation"), 1e-5)


@pytest.mark.parametrize("chunk", [1, 2, 5])
def test_the_size_of_chunks_changes_no_bit(engine, chunk):
    whole = train(engine)
    engine.reset()
    np.testing.assert_array_equal(train(engine, chunk=chunk), whole)


def test_rewinding_gives_the_same_run_again_and_another_seed_another_one(engine):
    first, weights = train(engine), engine.weights()
    engine.reset()
    np.testing.assert_array_equal(train(engine), first)
    for a, b in zip(engine.weights(), weights, strict=True):
        np.testing.assert_array_equal(a, b)
    engine.reconfigure(CONFIG.replace(seed=6))
    assert not np.array_equal(train(engine), first)


def test_the_seed_reaches_dropout_too(engine):
    first = train(engine.reconfigure(CONFIG.replace(shuffle=False)) or engine, 1)
    engine.reconfigure(CONFIG.replace(shuffle=False, seed=6))
    assert not np.array_equal(train(engine, 1), first)


@pytest.mark.parametrize("optimizer", ["adam", "momentum", "nadam"])
def test_a_restored_snapshot_continues_to_the_bit(engine, optimizer):
    engine.reconfigure(CONFIG.replace(optimizer=optimizer))
    engine.begin_epoch(1)
    engine.run(0, 3)
    saved = engine.snapshot()
    expected = [*engine.run(3, 4), *engine.train_metrics().values()]
    engine.begin_epoch(2)
    engine.run(0, 2)
    engine.set_learning_rate(0.5)
    engine.restore(saved)
    np.testing.assert_array_equal([*engine.run(3, 4), *engine.train_metrics().values()], expected)


def test_a_snapshot_is_a_copy(engine):
    saved = engine.snapshot()
    before = [array.copy() for array in saved["weights"]]
    train(engine, 1)
    for a, b in zip(saved["weights"], before, strict=True):
        np.testing.assert_array_equal(a, b)


def test_learning_rate_batch_size_and_seed_cause_no_new_compilation(engine):
    runner = engine._warm.runner
    for settings in ({"batch_size": 16}, {"learning_rate": 0.5}, {"seed": 9}, {"epochs": 3}):
        engine.reconfigure(CONFIG.replace(**settings))
        train(engine, 1)
        assert engine._warm.runner is runner
    again = KerasEngine(engine.model, engine.data, CONFIG)
    assert again._warm.runner is runner


def test_a_kept_model_takes_labels_of_another_form():
    model = models.build_sequential_model(6, 3, units=(4,))
    config = CONFIG.replace(loss="sparse_categorical_crossentropy")
    engines = [KerasEngine(model, make_data(kind), config) for kind in ("one-hot", "labels")]
    assert engines[0].evaluate("validation") == engines[1].evaluate("validation")


def test_batch_size_and_learning_rate_take_effect(engine):
    start = engine.weights()
    moved = {}
    for rate in (2.0**-10, 2.0**-5):
        engine.reconfigure(CONFIG.replace(learning_rate=rate, optimizer="sgd"))
        engine.begin_epoch(1)
        engine.run(0, 1)
        moved[rate] = engine.weights()[0] - start[0]
    np.testing.assert_allclose(moved[2.0**-5], 32 * moved[2.0**-10], rtol=0.01, atol=1e-6)
    engine.reconfigure(CONFIG.replace(batch_size=20))
    assert engine.batches_per_epoch == 3
    engine.reconfigure(CONFIG.replace(batch_size=5000))
    assert engine.batches_per_epoch == 1
    assert len(train(engine, 1)) == 1


def test_set_learning_rate_counts_from_the_next_step_until_reset(engine):
    engine.reconfigure(CONFIG.replace(optimizer="sgd"))
    engine.begin_epoch(1)
    engine.set_learning_rate(1e-30)  # so small that float32 weights stay
    before = engine.weights()
    engine.run(0, 1)
    np.testing.assert_array_equal(engine.weights()[0], before[0])
    engine.reset()
    engine.begin_epoch(1)
    engine.run(0, 1)
    assert not np.array_equal(engine.weights()[0], before[0])
    for wrong in (0, -1, float("nan"), "0.1", None):
        with pytest.raises((TypeError, ValueError), match="learning_rate"):
            engine.set_learning_rate(wrong)


def test_a_schedule_gives_each_step_its_rate(engine):
    engine.reconfigure(CONFIG.replace(optimizer="sgd"))
    constant = train(engine, 1, chunk=1)
    schedule = schedules.StepDecay(2.0**-7, decay_steps=3, decay_rate=1e-25)
    engine.reconfigure(CONFIG.replace(optimizer="sgd", learning_rate_schedule=schedule))
    engine.begin_epoch(1)
    losses_found = engine.run(0, 3)
    kept = engine.weights()[0]
    engine.run(3, 2)
    np.testing.assert_array_equal(losses_found, constant[:3])
    np.testing.assert_array_equal(engine.weights()[0], kept)


def test_losses_that_are_not_finite_come_back_as_they_are(engine):
    engine.reconfigure(CONFIG.replace(optimizer="sgd", learning_rate=1e30))
    found = train(engine)
    assert np.isfinite(found[0])
    assert not np.isfinite(found).all()
    engine.reset()
    assert np.isfinite(engine.run(0, 1)).all()


def test_what_a_user_compiled_is_left_alone_and_not_needed():
    model = models.build_sequential_model(6, 3, units=(4,))
    optimizer = model.optimizer
    train(KerasEngine(model, make_data(), CONFIG), 1)
    assert model.optimizer is optimizer
    bare = keras.Sequential([keras.layers.Dense(3, "softmax")])  # neither compiled nor built
    train(KerasEngine(bare, make_data(), CONFIG), 1)
    assert getattr(bare, "optimizer", None) is None


def test_frozen_layers_stay():
    model = noisy_model()
    model.layers[0].trainable = False
    before = model.layers[0].get_weights()[0]
    engine = KerasEngine(model, make_data(), CONFIG)
    train(engine, 1)
    np.testing.assert_array_equal(model.layers[0].get_weights()[0], before)
    model.layers[0].trainable = True
    engine.reconfigure(CONFIG)
    train(engine, 1)
    assert not np.array_equal(model.layers[0].get_weights()[0], before)


def test_sequences_of_labels_train_a_language_model():
    tokens = np.tile(np.arange(6), (20, 2))
    data = Data(tokens[:, :-1], tokens[:, 1:], tokens[:4, :-1], tokens[:4, 1:])
    model = models.build_language_model(6, 11, num_layers=1, num_heads=2, embedding_dim=16)
    engine = KerasEngine(model, data, CONFIG.replace(learning_rate=0.02, batch_size=4))
    before = engine.evaluate("validation")
    train(engine, 6)
    after = engine.evaluate("validation")
    assert after[0] < before[0]
    assert after[1]["accuracy"] > 0.9  # each token is followed by the next


def test_activity_penalties_count_in_training_and_evaluation():
    def model(strength):
        start = keras.initializers.GlorotUniform(0)
        return keras.Sequential(
            [
                keras.Input((6,)),
                keras.layers.Dense(
                    3,
                    kernel_initializer=start,
                    activity_regularizer=keras.regularizers.L2(strength),
                ),
            ]
        )

    plain, punished = (KerasEngine(model(s), make_data(), CONFIG) for s in (0.0, 0.5))
    assert punished.evaluate("validation")[0] > plain.evaluate("validation")[0] + 0.01
    assert punished.run(0, 1)[0] > plain.run(0, 1)[0] + 0.01


@pytest.mark.parametrize(
    "loss",
    [
        losses.BinaryCrossentropy(),
        losses.CategoricalCrossentropy(label_smoothing=0.25),
        losses.Hinge(),
        "kl_divergence",
        "mse",
        "sparse_categorical_crossentropy",
    ],
)
def test_a_loss_of_the_configuration_is_used(loss):
    model = models.build_sequential_model(6, 3, units=(4,))
    engine = KerasEngine(model, make_data(), CONFIG.replace(loss=loss))
    one_hot = np.eye(3, dtype="float32")[engine.data.y_validation]
    y = engine.data.y_validation if loss == "sparse_categorical_crossentropy" else one_hot
    expected = losses.get(loss)(y, engine.predict(engine.data.x_validation))
    assert engine.evaluate("validation")[0] == pytest.approx(expected, abs=1e-5)


def test_it_is_the_engine_of_a_keras_model(engine):
    assert isinstance(engine, Engine)
    found = engine_for(engine.model, engine.data, CONFIG)
    assert isinstance(found, KerasEngine)
    assert found.name == "keras"


def two_inputs():
    a, b = keras.Input((6,)), keras.Input((6,))
    return keras.Model([a, b], keras.layers.Dense(3)(keras.layers.Add()([a, b])))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": None}, "model must be a Keras model"),
        ({"model": keras.layers.Dense(3)}, "model must be a Keras model"),
        ({"model": models.build_sequential_model(5, 3)}, "takes inputs of shape"),
        ({"model": models.build_sequential_model(6, 2)}, "the data have 3 classes"),
        ({"model": models.build_sequential_model(6, 1)}, "the data have 3 classes"),
        ({"model": two_inputs()}, "one input and one output"),
        ({"data": (X, LABELS)}, "data must be a dlkit.Data"),
        ({"data": make_data("regression")}, "the data have 2 targets"),
        ({"config": {"epochs": 3}}, "config must be a dlkit.TrainingConfig"),
        ({"config": None}, "config must be a dlkit.TrainingConfig"),
    ],
)
def test_wrong_arguments_are_named_and_nothing_is_trained(change, message):
    good = {"model": models.build_sequential_model(6, 3), "data": make_data(), "config": CONFIG}
    with pytest.raises((TypeError, ValueError), match=message):
        KerasEngine(**{**good, **change})


def test_a_wrong_configuration_changes_nothing(engine):
    warm, before = engine._warm, engine.weights()
    for wrong in (None, {"epochs": 3}):
        with pytest.raises(TypeError, match="config must be"):
            engine.reconfigure(wrong)
    assert engine._warm is warm
    assert engine.config is CONFIG
    np.testing.assert_array_equal(engine.weights()[0], before[0])


def test_an_unknown_part_is_named(engine):
    with pytest.raises(ValueError, match="Did you mean 'validation'"):
        engine.evaluate("validaton")


@pytest.mark.parametrize(("first", "count"), [(-1, 1), (0, 0), (0, 8), (7, 1)])
def test_batches_outside_the_epoch_are_refused(engine, first, count):
    engine.begin_epoch(1)
    with pytest.raises(ValueError, match="must lie within the 7 batches"):
        engine.run(first, count)


def test_arrays_of_another_model_are_refused_and_change_nothing(engine):
    before = engine.weights()
    with pytest.raises(ValueError, match="arrays to set"):
        engine.set_weights(before[:-1])
    with pytest.raises(ValueError, match="has shape"):
        engine.set_weights([before[1], *before[1:]])
    np.testing.assert_array_equal(engine.weights()[0], before[0])


@pytest.mark.full
def test_warm_runs_leak_little_memory(engine):
    import os

    resource = pytest.importorskip("resource")

    def megabytes():
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * resource.getpagesize() / 2**20

    if not os.path.exists("/proc/self/statm"):
        pytest.skip("memory is read from /proc")
    for _ in range(5):
        train(engine.reconfigure(CONFIG) or engine, 1)
    before = megabytes()
    for _ in range(30):
        train(engine.reconfigure(CONFIG) or engine, 1)
    assert (megabytes() - before) / 30 < 1  # a model built anew leaks about 4


@pytest.mark.parametrize(
    "dtypes", [("float64", "float32"), ("float16", "float64"), ("int64", "float32")]
)
def test_parts_in_other_dtypes_train_like_those_of_the_model(dtypes):
    generator = np.random.default_rng(0)
    x, y = generator.integers(-4, 5, (24, 3)), generator.integers(0, 2, 24)
    losses = []
    for kinds in (("float32", "float32"), dtypes):
        parts = [x.astype(kind) for kind in kinds]
        model = keras.Sequential(
            [keras.Input((3,)), keras.layers.Dense(2, kernel_initializer="ones")]
        )
        engine = KerasEngine(model, Data(parts[0], y, parts[1], y), TrainingConfig(batch_size=8))
        engine.begin_epoch(1)
        losses.append([*engine.run(0, 3), engine.evaluate("validation")[0]])
    np.testing.assert_array_equal(losses[0], losses[1])
