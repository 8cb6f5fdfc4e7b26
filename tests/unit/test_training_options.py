"""Gradient accumulation, class weights, mixed precision, a validation split: as Keras has them."""

import keras
import numpy as np
import pytest

from dlkit import Data, Network, TrainingConfig, TrainingJob, datasets, layers, losses, schedules
from dlkit.keras.engine import KerasEngine
from dlkit.training.accumulation import Accumulation
from dlkit.training.engine import NumpyEngine
from dlkit.training.together import can_train_together, train_together
from dlkit.training.trials import can_share
from dlkit.training.validation_split import with_validation

GENERATOR = np.random.default_rng(0)
X = GENERATOR.normal(size=(70, 6))
LABELS = (X[:, 0] * X[:, 1] > 0).astype("int64") + (X[:, 2] > 0)
DATA = Data(X[:50], LABELS[:50], X[50:], LABELS[50:])
WHOLE = Data(X, LABELS)
CONFIG = TrainingConfig(
    epochs=3, batch_size=8, learning_rate=0.125, optimizer="sgd", early_stopping=False, seed=3
)
ENGINES = {"numpy": NumpyEngine, "keras": KerasEngine}


def make_network(outputs=3, activation="softmax", dropout=0.0, dtype="float64"):
    stack = [
        layers.Dense(9, "tanh", kernel_regularizer="l2"),
        *([layers.Dropout(dropout)] if dropout else []),
        layers.Dense(outputs, activation),
    ]
    return Network(stack, (6,), seed=1, dtype=dtype)


def run(config, network=None, data=DATA):
    job = TrainingJob(network or make_network(), data, config)
    job.start()
    job.wait()
    return job


def run_both(config, data=DATA, **network):
    """Return the histories of the NumPy and of the Keras engine, as dictionaries."""
    models = make_network(**network), make_network(**network).to_keras()
    return [run(config, model, data).history.history for model in models]


def fit(data, epochs, loss, optimizer=None, network=None, **arguments):
    """Return the history of Keras's own ``fit`` of the same network, in float32."""
    model = make_network(**(network or {}), dtype="float32").to_keras()
    optimizer = optimizer or keras.optimizers.SGD(0.125)
    model.compile(optimizer=optimizer, loss=loss, metrics=["accuracy"])
    if data.x_validation is not None:
        arguments["validation_data"] = data.x_validation, data.y_validation
    x, y = data.x_train, data.y_train
    settings = {"epochs": epochs, "batch_size": 8, "shuffle": False, "verbose": 0}
    return model.fit(x, y, **settings, **arguments).history


def alike(ours, theirs, tolerance=1e-5):
    assert set(ours) == set(theirs)
    for name, column in theirs.items():
        np.testing.assert_allclose(ours[name], column, rtol=0, atol=tolerance, err_msg=name)


# -- beside Keras's own fit -------------------------------------------------------------------


def test_all_together_are_what_keras_fit_does():
    """Nine batches of 56 samples an epoch and groups of three: an epoch ends within a group."""
    weights = {0: 0.5, 2: 3.0}
    config = CONFIG.replace(
        shuffle=False, gradient_accumulation_steps=3, class_weight=weights, validation_split=0.2
    )
    optimizer = keras.optimizers.SGD(0.125, gradient_accumulation_steps=3)
    loss = "sparse_categorical_crossentropy"
    theirs = fit(WHOLE, 3, loss, optimizer, class_weight=weights, validation_split=0.2)
    for ours in run_both(config, WHOLE):
        alike(ours, theirs)


@pytest.mark.full
@pytest.mark.parametrize("steps", [2, 3, 5, 8])
@pytest.mark.parametrize("clip", [{}, {"clipnorm": 0.05}, {"weight_decay": 0.01}])
def test_accumulation_is_that_of_keras_fit(steps, clip):
    config = CONFIG.replace(shuffle=False, gradient_accumulation_steps=steps, **clip)
    optimizer = keras.optimizers.SGD(0.125, gradient_accumulation_steps=steps, **clip)
    theirs = fit(DATA, 3, "sparse_categorical_crossentropy", optimizer)
    for ours in run_both(config):
        alike(ours, theirs)


@pytest.mark.full
def test_a_schedule_counts_batches_as_in_keras_fit():
    schedule = schedules.ExponentialDecay(0.25, decay_steps=4, decay_rate=0.5)
    config = CONFIG.replace(
        shuffle=False, gradient_accumulation_steps=3, learning_rate_schedule=schedule
    )
    rate = keras.optimizers.schedules.ExponentialDecay(0.25, 4, 0.5)
    optimizer = keras.optimizers.SGD(rate, gradient_accumulation_steps=3)
    theirs = fit(DATA, 3, "sparse_categorical_crossentropy", optimizer)
    for ours in run_both(config):
        alike(ours, theirs)


@pytest.mark.full
@pytest.mark.parametrize("kind", ["labels", "one-hot", "binary", "logits", "two columns"])
def test_class_weights_are_those_of_keras_fit(kind):
    network, loss = {"outputs": 3, "activation": "softmax"}, "sparse_categorical_crossentropy"
    y, given = LABELS, None
    if kind == "one-hot":
        y, loss = np.eye(3)[LABELS], "categorical_crossentropy"
    if kind == "binary":
        y, loss, network = (
            LABELS % 2,
            "binary_crossentropy",
            {"outputs": 1, "activation": "sigmoid"},
        )
    if kind == "two columns":
        y, loss, network = (
            np.eye(2)[LABELS % 2],
            "binary_crossentropy",
            {"outputs": 2, "activation": "sigmoid"},
        )
        given = "binary_crossentropy"
    if kind == "logits":
        network["activation"] = None
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    data = Data(X[:50], y[:50], X[50:], y[50:])
    weights = {0: 0.25, 1: 2.0}
    config = CONFIG.replace(shuffle=False, class_weight=weights, loss=given)
    theirs = fit(data, 3, loss, network=network, class_weight=weights)
    for ours in run_both(config, data, **network):
        for name in ("loss", "val_loss"):  # the validation loss is not weighted
            np.testing.assert_allclose(ours[name], theirs[name], rtol=0, atol=1e-5)


@pytest.mark.full
@pytest.mark.parametrize("share", [0.1, 0.25, 0.5, 0.9])
def test_the_validation_split_is_that_of_keras_fit(share):
    data = Data(X[:, :], (X[:, 0] > 0).astype("int64"))
    config = CONFIG.replace(shuffle=False, validation_split=share)
    theirs = fit(data, 3, "sparse_categorical_crossentropy", validation_split=share)
    for ours in run_both(config, data):
        alike(ours, theirs)


def mixed_model():
    """Return a model as Keras builds it under the policy: all but the output layer in bfloat16."""
    twin = make_network(dropout=0.0, dtype="float32").to_keras()
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = keras.Sequential(
            [
                keras.Input((6,)),
                keras.layers.Dense(9, "tanh", kernel_regularizer=keras.regularizers.L2(0.01)),
                keras.layers.Dense(3, "softmax", dtype="float32"),
            ]
        )
    finally:
        keras.config.set_dtype_policy(before)
    model.set_weights(twin.get_weights())
    return model


def test_mixed_precision_is_what_keras_fit_does():
    config = CONFIG.replace(shuffle=False, mixed_precision="mixed_bfloat16", record_layers=True)
    ours = run(config, make_network(dtype="float32").to_keras(), DATA)
    model = mixed_model()
    model.compile(
        keras.optimizers.SGD(0.125), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    x, y = DATA.x_train.astype("float32"), DATA.y_train
    theirs = model.fit(x, y, epochs=3, batch_size=8, shuffle=False, verbose=0).history
    plain = run(config.replace(mixed_precision=None), make_network(dtype="float32").to_keras())
    for name, tolerance in {"loss": 2e-5, "accuracy": 1e-7}.items():
        np.testing.assert_allclose(ours.history.history[name], theirs[name], atol=tolerance)
    away = np.abs(np.subtract(plain.history.history["loss"], theirs["loss"])).max()
    assert 1e-4 < away < 1e-2  # it makes a difference, and no large one
    # the model that is handed back is in float32, and so are evaluation and prediction
    assert {layer.dtype_policy.name for layer in ours.model.layers} == {"float32"}
    assert {weight.dtype for weight in ours.model.weights} == {"float32"}
    found = ours.model.predict(DATA.x_validation.astype("float32"), verbose=0)
    right = losses.get("sparse_categorical_crossentropy")(DATA.y_validation, found)
    penalty = float(sum(ours.model.losses))
    assert ours.history.history["val_loss"][-1] == pytest.approx(right + penalty, abs=1e-6)
    # not in the middle of a run, but with the next one it may be another
    ours.reconfigure(config.replace(mixed_precision=None))
    ours.start()
    ours.wait()
    np.testing.assert_array_equal(ours.history.batch_losses, plain.history.batch_losses)
    alike(ours.history.history, plain.history.history, 0)


# -- alone -------------------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_small_batches_together_do_what_a_large_one_does(optimizer):
    data = Data(X[:48], LABELS[:48], X[48:], LABELS[48:])
    config = CONFIG.replace(optimizer=optimizer, learning_rate=0.01)
    large = run(config.replace(batch_size=12), data=data)
    small = run(config.replace(batch_size=3, gradient_accumulation_steps=4), data=data)
    np.testing.assert_allclose(
        small.model.flat_parameters, large.model.flat_parameters, rtol=1e-11, atol=1e-13
    )
    alike(small.history.history, large.history.history, 1e-12)
    means = small.history.batch_losses.reshape(-1, 4).mean(axis=1)
    np.testing.assert_allclose(means, large.history.batch_losses, rtol=1e-11)


def test_what_a_group_leaves_open_at_the_end_is_not_used():
    config = CONFIG.replace(epochs=1, gradient_accumulation_steps=8)  # seven batches
    job = run(config)
    np.testing.assert_array_equal(job.model.flat_parameters, make_network().flat_parameters)
    again = run(config.replace(epochs=2))  # the eighth is the first of the next epoch
    losses_of = again.history.batch_losses
    assert again.engine.optimizer.iterations == 1 and again.engine.optimizer.pending == 6
    np.testing.assert_array_equal(losses_of[:7], job.history.batch_losses)


def test_a_weight_of_two_counts_as_two_samples_and_of_none_as_no_sample():
    x, y = X[:12], LABELS[:12]
    doubled = np.concatenate([np.flatnonzero(y != 0), np.flatnonzero(y == 1)])
    config = CONFIG.replace(batch_size=100, epochs=1, shuffle=False)
    network = make_network
    weighted = run(config.replace(class_weight={0: 0, 1: 2}), network(), Data(x, y, x, y))
    repeated = run(config, network(), Data(x[doubled], y[doubled], x, y))
    # the mean is over the samples, not over the weights
    step = weighted.engine.network.flat_gradients - _penalty_slope(network())
    twin = repeated.engine.network.flat_gradients - _penalty_slope(network())
    np.testing.assert_allclose(step * 12, twin * len(doubled), atol=1e-12)


def _penalty_slope(network):
    network.flat_gradients[...] = 0
    for layer in network.layers:
        layer.add_regularization_gradients()
    return network.flat_gradients


def test_weights_of_time_steps():
    x = np.random.default_rng(0).integers(1, 5, size=(30, 4))
    data = Data(x, (x > 2).astype("int64"), x, (x > 2).astype("int64"))
    config = CONFIG.replace(class_weight={0: 3.0}, batch_size=30, epochs=1)
    network = Network([layers.Embedding(5, 3), layers.Dense(2, "softmax")], (4,), dtype="float64")
    probabilities = network.predict(x)
    (loss,) = run(config, network, data).history.batch_losses
    true = np.take_along_axis(probabilities, data.y_train[..., None], axis=-1)[..., 0]
    expected = -np.mean(np.where(data.y_train == 0, 3.0, 1.0) * np.log(true))
    assert loss == pytest.approx(expected, rel=1e-7)


@pytest.mark.parametrize(
    ("network", "changes"),
    [
        ({}, {}),
        ({"activation": None}, {}),
        ({"activation": "sigmoid"}, {"loss": "hinge"}),
        ({}, {"loss": "kl_divergence"}),
    ],
    ids=["softmax", "logits", "hinge", "divergence"],
)
def test_the_gradient_of_a_weighted_loss_is_its_slope(network, changes):
    y = LABELS if not changes else np.eye(3)[LABELS]
    data = Data(X[:50], y[:50], X[50:], y[50:])
    config = CONFIG.replace(class_weight={0: 0.5, 2: 3.0}, **changes)
    engine = NumpyEngine(make_network(**network), data, config)
    model, loss = engine.network, engine._trained_loss
    model.loss_and_gradients(X[:50], engine._parts["train"][1], loss, check=False)
    exact, direction = (
        model.flat_gradients.copy(),
        np.random.default_rng(2).normal(size=model.flat_parameters.size),
    )
    values = []
    for sign in (1, -1):
        model.flat_parameters += sign * 1e-6 * direction
        values.append(
            model.loss_and_gradients(X[:50], engine._parts["train"][1], loss, check=False)
        )
        model.flat_parameters -= sign * 1e-6 * direction
    assert (values[0] - values[1]) / 2e-6 == pytest.approx(exact @ direction, rel=1e-6)


def test_a_validation_part_of_ones_own_comes_first():
    assert with_validation(DATA, CONFIG.replace(validation_split=0.5)) is DATA
    assert with_validation(WHOLE, CONFIG) is WHOLE
    split = with_validation(WHOLE, CONFIG.replace(validation_split=0.2))
    np.testing.assert_array_equal(split.x_validation, X[56:])
    np.testing.assert_array_equal(split.y_train, LABELS[:56])


@pytest.mark.parametrize("engine", ["numpy", "keras"])
def test_a_run_without_validation(engine):
    model = make_network() if engine == "numpy" else make_network().to_keras()
    job = run(CONFIG.replace(early_stopping=True), model, WHOLE)
    assert set(job.history.history) == {"loss", "accuracy"} and job.history.best_epoch == 3
    with pytest.raises(ValueError, match="needs a validation part"):
        job.report  # noqa: B018
    job.reconfigure(CONFIG.replace(validation_split=0.25))
    job.start()
    job.wait()
    assert set(job.history.history) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    assert len(job.report.to_dict()) and job.diagnosis.label


def test_fit_splits_too():
    history = make_network().fit(X, LABELS, epochs=2, batch_size=8, validation_split=0.2)
    assert len(history.history["val_loss"]) == 2 and len(history.batch_losses) == 14


# -- resumed, refused, kept apart --------------------------------------------------------------

OPTIONS = [
    {"gradient_accumulation_steps": 4},
    {
        "gradient_accumulation_steps": 4,
        "learning_rate_schedule": schedules.ExponentialDecay(0.25, 4, 0.5),
    },
    {"class_weight": {0: 2.5}},
    {"validation_split": 0.25},
]


def resumed(config, make, folder, batches=10):
    job = TrainingJob(make(), WHOLE, config, folder)
    job.step(batches)
    again = TrainingJob.from_checkpoint(folder, make(), WHOLE)
    assert again.config == config
    again.resume()
    again.wait()
    return again


@pytest.mark.parametrize("options", OPTIONS, ids=lambda options: " ".join(options))
def test_a_resumed_run_ends_with_the_same_bits(tmp_path, options):
    def make():
        return make_network(dropout=0.25)

    config = CONFIG.replace(optimizer="adam", learning_rate=0.01, **options)
    whole, again = run(config, make(), WHOLE), resumed(config, make, tmp_path)
    np.testing.assert_array_equal(again.model.flat_parameters, whole.model.flat_parameters)
    np.testing.assert_array_equal(again.history.batch_losses, whole.history.batch_losses)
    assert again.history.history == whole.history.history


@pytest.mark.full
@pytest.mark.parametrize("options", [*OPTIONS, {"mixed_precision": "mixed_bfloat16"}], ids=str)
def test_a_resumed_keras_run_ends_with_the_same_bits(tmp_path, options):
    def make():
        return make_network(dropout=0.25, dtype="float32").to_keras()

    config = CONFIG.replace(optimizer="adam", learning_rate=0.01, record_layers=True, **options)
    whole, again = run(config, make(), WHOLE), resumed(config, make, tmp_path)
    np.testing.assert_array_equal(again.history.batch_losses, whole.history.batch_losses)
    for ours, theirs in zip(again.engine.weights(), whole.engine.weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert again.history.layers == whole.history.layers


SORTED = Data(X[np.argsort(LABELS)], np.sort(LABELS))
REFUSED = [
    ({"mixed_precision": "mixed_bfloat16"}, DATA, "must be None for a Network"),
    ({"class_weight": {3: 2.0}}, DATA, "class_weight must have labels from 0 to 2"),
    ({"validation_split": 0.2}, SORTED, "class 2 occurs only there"),
    ({"validation_split": 1e-20}, WHOLE, "must leave samples to train on"),
    ({"validation_split": 0.999}, WHOLE, "0 would be trained on"),
    ({"class_weight": {0: 2.0}}, Data(X, X, X, X, task_type="regression"), "for regression"),
]


@pytest.mark.parametrize(("options", "data", "words"), REFUSED, ids=[row[2] for row in REFUSED])
def test_what_does_not_fit_is_refused_and_changes_nothing(options, data, words):
    outputs = data.output_dim
    network = make_network(outputs, "softmax" if outputs == 3 else None)
    with pytest.raises(ValueError, match=words):
        TrainingJob(network, data, CONFIG.replace(**options))
    job = TrainingJob(network, data, CONFIG)
    with pytest.raises(ValueError, match=words):
        job.reconfigure(CONFIG.replace(**options))
    assert job.config == CONFIG and job.start()
    job.wait()


def test_sequences_of_labels_have_no_class_weight():
    network = Network([layers.Dense(4)], (6, 5), dtype="float64")
    data = Data(np.ones((3, 6, 5)), np.ones((3, 2), "int64"))
    config = CONFIG.replace(loss="ctc", class_weight={0: 2.0})
    with pytest.raises(ValueError, match="left out with the loss 'ctc'"):
        TrainingJob(network, data, config)


def test_keras_refuses_bfloat16_for_a_model_in_float64():
    with pytest.raises(ValueError, match="float32 weights"):
        TrainingJob(
            make_network().to_keras(), DATA, CONFIG.replace(mixed_precision="mixed_bfloat16")
        )


@pytest.mark.parametrize(
    "options",
    [
        {"gradient_accumulation_steps": 2},
        {"class_weight": {0: 2.0}},
        {"mixed_precision": "mixed_bfloat16"},
        {"validation_split": 0.2},
        {"record_layers": True},
        {"clipnorm": 1.0},
    ],
    ids=str,
)
def test_runs_with_options_are_not_trained_together(options):
    networks = [Network([layers.Dense(3, "softmax")], (6,), seed=seed) for seed in (0, 1)]
    assert can_train_together(networks[0], CONFIG) and can_share(CONFIG)
    config = CONFIG.replace(**options)
    assert not can_train_together(networks[0], config) and not can_share(config)
    with pytest.raises(ValueError, match="Train it with a TrainingJob"):
        train_together(networks, DATA, [config, config])


def test_a_gradient_that_is_not_finite_leaves_the_group_as_it_was():
    optimizer = Accumulation(CONFIG.replace(gradient_accumulation_steps=2))
    parameters = np.ones(3)
    optimizer.apply_flat(np.array([1.0, 2.0, 3.0]), parameters)
    before = optimizer.state
    with pytest.raises(ValueError, match="finite"):
        optimizer.apply_flat(np.array([1.0, np.nan, 3.0]), parameters)
    np.testing.assert_equal(optimizer.state, before)
    optimizer.apply_flat(np.array([3.0, 2.0, 1.0]), parameters)
    np.testing.assert_array_equal(parameters, 1 - 0.125 * np.array([2.0, 2.0, 2.0]))


def test_a_schedule_that_ends_at_zero_only_stops_the_steps():
    data = datasets.moons(samples=60)
    config = TrainingConfig(
        epochs=4,
        batch_size=16,
        early_stopping=False,
        gradient_accumulation_steps=2,
        learning_rate_schedule=schedules.CosineAnnealing(0.01, 4),
    )
    network = Network([layers.Dense(4), layers.Dense(2, "softmax")], (2,))
    job = TrainingJob(network, data, config)
    job.start()
    assert job.wait()
    assert job.status.state == "finished"
    assert job.history.history["val_loss"][-1] == job.history.history["val_loss"][-2]
