"""Networks trained together get what each would get alone."""

import time
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlkit import Network, TrainingConfig, TrainingJob, datasets, layers, losses, schedules
from dlkit.training import train_together
from dlkit.training.records import Recorder
from dlkit.training.runs_axis import Runs, softmax_crossentropy
from dlkit.training.together import can_train_together, together_by_epoch
from dlkit.training.trials import build_mlp

MOONS = datasets.moons(samples=60)
SINE = datasets.sine(samples=60)
DIGITS = datasets.digits()


def network(data=MOONS, seed=0, dropout=0.0, activation="tanh", last=None, dtype="float64"):
    stack = [layers.Flatten()] if len(data.input_shape) > 1 else []
    last = last or ("softmax" if data.task_type == "classification" else "linear")
    stack += [layers.Dense(6, activation), layers.Dropout(dropout), layers.Dense(5)]
    stack += [layers.Activation("relu"), layers.Dense(data.output_dim, last)]
    return Network(stack, data.input_shape, seed=seed, dtype=dtype)


def alone(model, data, config):
    job = TrainingJob(model, data, config)
    job.start()
    job.wait()
    return job.history


def same(together, model, history, single):
    assert together.history.keys() == history.history.keys()
    for name, values in history.history.items():
        np.testing.assert_allclose(together.history[name], values, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(together.batch_losses, history.batch_losses, rtol=1e-9)
    np.testing.assert_allclose(model.flat_parameters, single.flat_parameters, rtol=1e-9, atol=1e-12)
    reason = together.stop_reason.replace("from before the epoch are", "from before are")
    assert reason == history.stop_reason
    assert together.best_epoch == history.best_epoch


def check(data, configs, **kind):
    models = [network(data, config.seed, **kind) for config in configs]
    for config, model, found in zip(configs, models, train_together(models, data, configs)):
        single = network(data, config.seed, **kind)
        same(found, model, alone(single, data, config), single)


@pytest.mark.parametrize(
    "optimizer", ["sgd", "nesterov", "adagrad", "adam", "nadam", "ftrl", "lion"]
)
def test_each_gets_what_it_would_get_alone(optimizer):
    config = TrainingConfig(epochs=3, batch_size=13, optimizer=optimizer)
    configs = [config.replace(learning_rate=0.01 * (i + 1), seed=i) for i in range(4)]
    check(MOONS, configs, dropout=0.3)


@pytest.mark.parametrize(
    "changes",
    [
        {"shuffle": False},
        {"weight_decay": 0.01},
        {"early_stopping": False},
        {"learning_rate_schedule": schedules.ExponentialDecay(0.01, 5, 0.5)},
        {"patience": 1, "epochs": 12, "learning_rate": 0.3},
        {"batch_size": 1000},
        {"loss": "mean_squared_error", "optimizer": "rmsprop"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_options_mean_the_same(changes):
    data = SINE if "loss" in changes else MOONS
    config = TrainingConfig(epochs=3, batch_size=16, learning_rate=0.02).replace(**changes)
    check(data, [config.replace(seed=seed) for seed in (0, 0, 3)])


def test_each_run_follows_its_own_schedule():
    shapes = schedules.Constant(0.05), schedules.ExponentialDecay(0.05, 5, 0.5), None, None
    config = TrainingConfig(epochs=3, batch_size=16, learning_rate=0.02)
    check(MOONS, [config.replace(learning_rate_schedule=shape) for shape in shapes])


def test_images_and_logits():
    config = TrainingConfig(epochs=1, batch_size=200, learning_rate=0.01)
    check(DIGITS, [config, config.replace(seed=1)], activation="relu", last="linear")


@given(st.lists(st.tuples(st.floats(1e-4, 0.1), st.integers(0, 3)), min_size=1, max_size=5))
@settings(max_examples=8, deadline=None)
def test_any_mix_of_rates_and_seeds(mix):
    config = TrainingConfig(epochs=2, batch_size=20)
    check(MOONS, [config.replace(learning_rate=rate, seed=seed) for rate, seed in mix])


def test_the_fast_crossentropy_is_the_one_of_the_kit():
    generator = np.random.default_rng(0)
    scores, labels = generator.normal(0, 30, (3, 7, 5)), generator.integers(0, 5, (3, 7))
    loss = losses.SparseCategoricalCrossentropy(from_logits=True)
    scores[0, 0], scores[1, :3] = 2.0, [0, 4, 4, 1, 4]  # several classes are as likely
    labels[1, :3] = 1, 2, 4  # argmax takes the first: only the first of these three is right
    per_sample, slope, right = softmax_crossentropy(labels, scores.swapaxes(1, 2))
    np.testing.assert_array_equal(right, scores.argmax(axis=-1) == labels)
    assert right[1, :3].tolist() == [True, False, False]
    np.testing.assert_allclose(per_sample, loss.per_sample(labels, scores), rtol=1e-13, atol=1e-13)
    expected = loss.slope(labels, scores).swapaxes(1, 2)
    np.testing.assert_allclose(slope, expected, rtol=1e-12, atol=1e-15)


def test_right_answers_beside_scores_that_are_no_numbers():
    scores, labels = np.random.default_rng(0).normal(size=(2, 4, 3)), np.zeros((2, 4), int)
    scores[0, 0], scores[1, 0] = [np.nan, 1, 2], [3, 3, 1]  # a row without and one with two maxima
    with np.errstate(all="ignore"):
        *_, right = softmax_crossentropy(labels, scores.swapaxes(1, 2))
    np.testing.assert_array_equal(right, scores.argmax(axis=-1) == labels)


def test_one_that_diverges_leaves_the_others_alone():
    config = TrainingConfig(epochs=3, batch_size=16, optimizer="sgd", early_stopping=False)
    wild = config.replace(learning_rate=1e200, loss="mean_squared_error")
    calm = wild.replace(learning_rate=0.05)
    models = [network(SINE), network(SINE)]
    first = network(SINE).flat_parameters.copy()
    broken, fine = train_together(models, SINE, [wild, calm])
    assert "not finite" in broken.stop_reason
    np.testing.assert_array_equal(models[0].flat_parameters, first)
    single = network(SINE)
    same(fine, models[1], alone(single, SINE, calm), single)


def test_more_runs_than_fit_at_once(monkeypatch):
    from dlkit.training import together

    monkeypatch.setattr(together, "AT_ONCE", 200)
    config = TrainingConfig(epochs=2, batch_size=16)
    check(MOONS, [config.replace(seed=seed) for seed in range(5)])


@pytest.mark.parametrize(
    "change, stack",
    [
        ({"clipnorm": 1.0}, None),
        ({"optimizer": "lbfgs"}, None),
        ({}, [layers.Dense(3, kernel_regularizer="l2"), layers.Dense(2, "softmax")]),
        ({}, [layers.Dense(3), layers.BatchNormalization(), layers.Dense(2, "softmax")]),
        ({}, [layers.Activation("softmax")]),
        ({}, [layers.Reshape((2, 1)), layers.Dense(3), layers.Flatten(), layers.Dense(2)]),
    ],
)
def test_what_cannot_share_is_refused(change, stack):
    model = Network(stack, (2,)) if stack else network()
    config = TrainingConfig(**change)
    assert not can_train_together(model, config)
    with pytest.raises(ValueError, match="TrainingJob"):
        train_together([model], MOONS, [config])


def test_layers_along_a_sequence_cannot_share():
    model = Network([layers.Dense(3), layers.Flatten(), layers.Dense(2, "softmax")], (5, 4))
    assert not can_train_together(model, TrainingConfig()), (
        "its first layer sees 4 features, not 20"
    )


@pytest.mark.parametrize("last", ["relu", "softmax"])
def test_what_stands_before_a_loss_on_logits_keeps_its_slope(last):
    loss = losses.SparseCategoricalCrossentropy(from_logits=True)
    config = TrainingConfig(epochs=2, batch_size=16, loss=loss, early_stopping=False)
    check(MOONS, [config, config.replace(seed=1)], activation="softmax", last=last)


def test_runs_that_differ_in_more_are_refused():
    config = TrainingConfig()
    with pytest.raises(ValueError, match="configs must be alike"):
        train_together([network(), network()], MOONS, [config, config.replace(batch_size=8)])
    with pytest.raises(ValueError, match="same layers"):
        train_together([network(), network(activation="relu")], MOONS, [config, config])
    with pytest.raises(ValueError, match="networks"):
        train_together([network()], MOONS, [config, config])
    with pytest.raises(TypeError, match="networks"):
        train_together([], MOONS, [])


def test_epoch_by_epoch_is_the_same_and_can_be_left():
    data = datasets.moons()
    configs = [
        TrainingConfig(epochs=3, learning_rate=rate, early_stopping=False, seed=seed)
        for rate in (0.01, 0.1)
        for seed in (0, 1)
    ]

    def networks():
        return [build_mlp(data, config.seed, width=8, dtype="float64") for config in configs]

    whole, again = networks(), networks()
    expected = train_together(whole, data, configs)
    seen = list(together_by_epoch(again, data, configs))
    assert [len(histories[0]) for histories in seen] == [1, 2, 3]
    for history, other in zip(expected, seen[-1]):
        assert history.history == other.history and history.stop_reason == other.stop_reason
    for network, other in zip(whole, again):
        assert np.array_equal(network.flat_parameters, other.flat_parameters)

    first = next(together_by_epoch(networks(), data, configs))
    assert [history.history["loss"] for history in first] == [
        history.history["loss"][:1] for history in expected
    ]


def test_runs_shared_out_among_threads_keep_their_order(monkeypatch):
    monkeypatch.setattr("joblib.cpu_count", lambda: 3)
    monkeypatch.setattr("dlkit.training.together.SHARE", 100)
    data = datasets.moons()
    rates = [0.001, 0.003, 0.01, 0.03, 0.1, 1e9, 0.02, 0.2, 0.005, 0.05, 0.3, 0.0001, 1.0]
    configs = [
        TrainingConfig(epochs=4, learning_rate=rate, optimizer="sgd", patience=2, seed=seed)
        for seed, rate in enumerate(rates)
    ]
    many = [build_mlp(data, config.seed, width=6, dtype="float64") for config in configs]
    for config, model, history in zip(configs, many, train_together(many, data, configs)):
        single = build_mlp(data, config.seed, width=6, dtype="float64")
        same(history, model, alone(single, data, config), single)


def test_a_fault_in_one_thread_comes_out(monkeypatch):
    monkeypatch.setattr("joblib.cpu_count", lambda: 2)
    monkeypatch.setattr("dlkit.training.together.SHARE", 100)
    configs = [TrainingConfig(epochs=1, seed=seed) for seed in range(8)]
    models = [network() for _ in configs]

    def fail(*_):
        raise RuntimeError("planted")

    monkeypatch.setattr("dlkit.training.runs_axis.epoch_order", fail)
    before = [model.flat_parameters.copy() for model in models]
    with pytest.raises(RuntimeError, match="planted"):
        train_together(models, MOONS, configs)
    for model, weights in zip(models, before):
        assert np.array_equal(model.flat_parameters, weights)


def test_the_runs_share_the_data_instead_of_copying_it(monkeypatch):
    monkeypatch.setattr("dlkit.training.together.KEPT", 1)  # asked for and given back at once
    x = np.random.default_rng(0).normal(size=(4000, 100)).astype("float32")
    data = datasets.Data(x, (x[:, 0] > 0).astype(int))
    configs = [TrainingConfig(epochs=1, early_stopping=False, seed=seed) for seed in range(16)]
    models = [build_mlp(data, seed, width=8) for seed in range(16)]
    tracemalloc.start()
    try:
        train_together(models, data, configs)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8 * x.nbytes, f"{peak / x.nbytes:.1f} times the data for 16 runs"


def test_one_thread_or_several_the_bits_are_the_same(monkeypatch):
    monkeypatch.setattr("dlkit.training.together.SHARE", 100)
    configs = [TrainingConfig(epochs=3, batch_size=16, seed=seed) for seed in range(7)]
    results = []
    for n_jobs in (1, 3):
        models = [network(seed=config.seed, dropout=0.2) for config in configs]
        histories = train_together(models, MOONS, configs, n_jobs=n_jobs)
        weights = [model.flat_parameters for model in models]
        results.append(([history.history for history in histories], np.array(weights)))
    assert results[0][0] == results[1][0]
    assert np.array_equal(results[0][1], results[1][1])


def test_the_seconds_of_all_runs_are_no_more_than_went_by(monkeypatch):
    monkeypatch.setattr("dlkit.training.together.SHARE", 100)
    configs = [TrainingConfig(epochs=3, early_stopping=False, seed=seed) for seed in range(9)]
    models = [network(DIGITS, seed=config.seed) for config in configs]
    began = time.perf_counter()
    histories = train_together(models, DIGITS, configs, n_jobs=3)
    passed = time.perf_counter() - began
    assert sum(record.seconds for history in histories for record in history.records) <= passed


@pytest.mark.parametrize("thread", [0, 1])
def test_an_interrupt_reaches_every_thread_between_two_batches(monkeypatch, thread):
    monkeypatch.setattr("dlkit.training.together.SHARE", 1)
    configs = [TrainingConfig(epochs=1, batch_size=1, seed=seed) for seed in range(4)]
    models = [network(seed=config.seed) for config in configs]
    plain, batches = Runs._batch, {0: 0, 1: 0}

    def interrupted(self, *given):
        here = self.everyone[0].network.seed  # thread 0 has the runs 0 and 2, thread 1 the others
        batches[here] += 1
        if here == thread and batches[here] == 2:
            raise KeyboardInterrupt
        time.sleep(0.01)
        return plain(self, *given)

    monkeypatch.setattr(Runs, "_batch", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train_together(models, MOONS, configs, n_jobs=2)
    assert batches[1 - thread] < len(MOONS.x_train), "the other thread ended its epoch"


class OwnMetric(losses.SparseCategoricalCrossentropy):
    def metrics(self, y_true, y_pred):
        return {"accuracy": 0.5, "error": 1.0}


def test_a_loss_of_ones_own_keeps_its_metrics():
    config = TrainingConfig(epochs=1, loss=OwnMetric(from_logits=True))
    (history,) = train_together([network(last="linear")], MOONS, [config])
    assert history.history["accuracy"] == [0.5] and history.history["val_error"] == [1.0]


def test_histories_are_made_once_however_many_epochs_there_are(monkeypatch):
    made = []
    plain = Recorder.history
    monkeypatch.setattr(Recorder, "history", lambda self: made.append(1) or plain(self))
    configs = [TrainingConfig(epochs=9, early_stopping=False, seed=seed) for seed in range(3)]
    train_together([network() for _ in configs], MOONS, configs)
    assert len(made) == 3, "memory would grow with the square of the epochs"
