"""What lesson 05 says of trained networks, as means of the seeds 0 to 4 on the fixed split."""

import functools
import os
from pathlib import Path

import lesson_cells
import numpy as np
import pytest

from dlkit import (
    Data,
    Network,
    TrainingConfig,
    TrainingJob,
    datasets,
    find_learning_rate,
    losses,
    schedules,
)
from dlkit.exercises import large_batch as large_batch_module
from dlkit.labs import LearningRateLab, TrainingLab
from dlkit.layers import Dense
from dlkit.training import ReduceLROnPlateau, train_together

LESSON = Path(__file__).parents[2] / "notebooks" / "05_training.ipynb"
SEEDS = range(5)
PASSED_ON = ("Dense", "Network", "TrainingConfig", "TrainingJob")  # what earlier cells import
SEED_BY_SEED = [0, *(pytest.param(seed, marks=pytest.mark.full) for seed in SEEDS[1:])]
DEEP = (32, 32, 32)


@functools.cache
def digits():
    return datasets.digits(flat=True)


def reader(seed, hidden=(32,)):
    layers = [Dense(units, "relu", kernel_initializer="he_normal") for units in hidden]
    return Network([*layers, Dense(10, "softmax")], (64,), seed=seed, dtype="float64")


def five_runs(hidden=(32,), data=None, **settings):
    settings = {"epochs": 10, "early_stopping": False, **settings}
    configs = [TrainingConfig(**settings, seed=seed) for seed in SEEDS]
    networks = [reader(seed, hidden) for seed in SEEDS]
    return train_together(networks, data or digits(), configs)


def accuracies(histories):
    return np.array([run.history["val_accuracy"][-1] for run in histories])


def score(**settings):
    return accuracies(five_runs(**settings)).mean()


def sgd(rate, size):
    return score(optimizer="sgd", learning_rate=rate, batch_size=size)


# The batch size


def test_larger_batches_alone_make_the_run_worse():
    assert sgd(0.05, 16) > 0.92
    assert sgd(0.05, 256) < 0.7


def test_the_linear_rule_repairs_it():
    assert sgd(0.8, 256) > 0.9


def test_the_linear_rule_holds_from_a_small_rate_and_breaks_from_a_large_one():
    assert sgd(0.32, 256) > 0.87 and sgd(0.02, 256) < 0.5
    assert sgd(0.4, 64) > 0.94
    assert sgd(1.6, 256) < 0.8


@pytest.mark.full
def test_the_linear_rule_holds_for_all_three_sizes():
    small = [sgd(0.02 * size / 16, size) for size in (16, 64, 256)]
    assert max(small) - min(small) < 0.02
    assert sgd(0.1, 16) > 0.94


def test_noise_falls_with_the_root_of_the_batch_size():
    network, loss = reader(0), losses.SparseCategoricalCrossentropy()
    data, generator = digits(), np.random.default_rng(0)
    network.loss_and_gradients(data.x_train, data.y_train, loss)
    whole = network.flat_gradients.copy()
    times_root = []
    for size in (1, 16, 64, 256):
        squares = []
        for _ in range(100):
            batch = generator.integers(len(data.x_train), size=size)
            network.loss_and_gradients(data.x_train[batch], data.y_train[batch], loss)
            squares.append(np.sum((network.flat_gradients - whole) ** 2))
        times_root.append(np.sqrt(np.mean(squares) * size))
    assert max(times_root) / min(times_root) < 1.15


# The learning rate


@pytest.mark.parametrize(
    "rate, low, high", [(0.00003, 0, 0.3), (0.003, 0.94, 1), (0.03, 0.94, 1), (0.3, 0, 0.5)]
)
@pytest.mark.full
def test_too_small_right_and_too_large(rate, low, high):
    assert low <= score(learning_rate=rate) <= high


@pytest.mark.parametrize("seed", SEED_BY_SEED)
def test_the_range_test_suggests_a_good_rate_with_every_seed(seed):
    found = find_learning_rate(reader(seed), digits(), TrainingConfig(seed=seed), maximum=10.0)
    assert 0.003 <= found.suggestion <= 0.03


def deep(schedule):
    return five_runs(DEEP, batch_size=128, learning_rate_schedule=schedule)


def test_warm_up_rescues_a_rate_that_is_too_high_and_cosine_alone_does_not():
    cosine = accuracies(deep(schedules.CosineAnnealing(0.1, 120)))
    both = accuracies(deep(schedules.Warmup(schedules.CosineAnnealing(0.1, 84), 36)))
    assert cosine.mean() < 0.8
    assert both.mean() > 0.94 and both.min() > 0.9


@pytest.mark.full
def test_at_that_rate_warm_up_alone_helps_a_constant_run():
    assert accuracies(deep(schedules.Constant(0.1))).mean() < 0.8
    assert accuracies(deep(schedules.Warmup(0.1, 36))).mean() > 0.85


@pytest.mark.full
def test_at_a_good_rate_falling_helps_a_little_and_warm_up_does_not():
    def ends(schedule):
        return np.array([run.history["val_loss"][-1] for run in deep(schedule)])

    constant, cosine = ends(schedules.Constant(0.03)), ends(schedules.CosineAnnealing(0.03, 120))
    assert (cosine < constant).all(), f"below it with every seed: {cosine / constant}"
    warm = accuracies(deep(schedules.Warmup(0.03, 36))).mean()
    assert abs(warm - accuracies(deep(schedules.Constant(0.03))).mean()) < 0.02


@pytest.mark.full
@pytest.mark.parametrize("rate", [0.3, 0.5, 1.0])
def test_for_sgd_no_such_case_is_found(rate):
    def runs(schedule):
        kept = five_runs(optimizer="sgd", learning_rate_schedule=schedule)
        return accuracies(kept).mean()

    assert runs(schedules.Warmup(rate, 45)) < runs(schedules.Constant(rate)) + 0.02


@pytest.mark.full
def test_with_sgd_it_is_the_fall_that_rescues_and_not_the_warm_up():
    def runs(schedule):
        kept = five_runs(DEEP, batch_size=128, optimizer="sgd", learning_rate_schedule=schedule)
        return accuracies(kept).mean()

    cosine = runs(schedules.CosineAnnealing(0.7, 120))
    assert cosine > runs(schedules.Constant(0.7)) + 0.15
    assert cosine > runs(schedules.Warmup(0.7, 36)) + 0.15
    assert cosine > runs(schedules.Warmup(schedules.CosineAnnealing(0.7, 84), 36)) - 0.02


def test_a_plateau_lowers_the_rate():
    plateau = ReduceLROnPlateau(factor=0.3, patience=3)
    config = TrainingConfig(
        optimizer="sgd", learning_rate=1.0, epochs=30, plateau=plateau, early_stopping=False
    )
    job = TrainingJob(reader(0), digits(), config)
    job.start()
    job.wait()
    rates = [record.learning_rate for record in job.history.records]
    assert rates == sorted(rates, reverse=True) and rates[-1] < 0.1


# Accumulation, the planted fault, and all together


def test_accumulated_batches_equal_the_large_one():
    data = digits()
    exact = Data(data.x_train[:1408], data.y_train[:1408], data.x_validation, data.y_validation)

    def trained(**settings):
        network = reader(0)
        config = TrainingConfig(epochs=5, early_stopping=False, **settings)
        job = TrainingJob(network, exact, config)
        job.start()
        job.wait()
        return network.flat_parameters

    in_parts = trained(batch_size=32, gradient_accumulation_steps=4)
    assert np.abs(in_parts - trained(batch_size=128)).max() < 1e-12


def tidy():
    data = digits()
    order = np.argsort(data.y_train, kind="stable")
    return Data(data.x_train[order], data.y_train[order], data.x_validation, data.y_validation)


@pytest.mark.parametrize("seed", SEED_BY_SEED)
def test_sorted_digits_look_like_overfitting_and_are_none(seed):
    data = tidy()
    config = TrainingConfig(
        optimizer="sgd", learning_rate=0.1, epochs=10, shuffle=False, early_stopping=False
    )
    network = reader(seed)
    job = TrainingJob(network, data, config.replace(seed=seed))
    job.start()
    job.wait()
    assert job.diagnosis.label == "overfitting"
    assert job.history.history["accuracy"][-1] > 0.8  # while it is trained, it looks good
    seen = network.evaluate(data.x_train, data.y_train)["accuracy"]
    unseen = network.evaluate(data.x_validation, data.y_validation)["accuracy"]
    assert seen < 0.7 and abs(seen - unseen) < 0.1
    answers = network.predict(data.x_validation).argmax(axis=1)
    assert (answers >= 8).mean() > 0.5  # what it learnt last


def test_shuffling_repairs_it():
    settings = {"optimizer": "sgd", "learning_rate": 0.1, "data": tidy()}
    assert score(**settings, shuffle=False) < 0.65
    assert score(**settings) > 0.93


@pytest.mark.full
def test_the_tidy_run_is_hidden_better_by_adam():
    with_adam = score(data=tidy(), learning_rate=0.003, shuffle=False)
    assert 0.8 < with_adam < score(data=tidy(), learning_rate=0.003) - 0.02


@pytest.mark.full
def test_digits_mlp_reads_97_percent():
    best = accuracies(five_runs((128, 64, 32), learning_rate=0.002, epochs=20))
    assert best.mean() >= 0.97


def test_adam_at_the_right_end_of_the_training_lab_kills_units():
    lab = TrainingLab(
        architecture="mlp_16",
        optimizer="adam",
        epochs=10,
        batch_size=256,
        learning_rate=0.1,
        pace=0.0,
    )
    lab.run()
    lab.wait()
    assert lab.job.diagnosis.label != "healthy"
    lab.close()


def test_a_mean_of_exactly_95_percent_passes_exercise_5(monkeypatch):
    rounded = 0.95 - 2e-16  # what the mean of three shares can come to
    assert rounded < 0.95
    monkeypatch.setattr(large_batch_module, "_accuracy", lambda config: rounded)
    assert "95.0 %" in large_batch_module.examine_large_batch(large_batch_module.large_batch)


def test_the_goal_of_the_training_lab_is_met_by_the_linear_rule():
    goal = {"at_least": 0.9, "within_epochs": 10, "changing_only": ["learning_rate"]}
    settings = {"architecture": "mlp_16", "optimizer": "momentum", "epochs": 10, "pace": 0.0}
    lab = TrainingLab(**settings, batch_size=256, learning_rate=0.005, goal=goal)
    for rate, met in ((0.005, False), (0.005 * 16, True)):
        lab.controls.learning_rate.value = rate
        lab.run()
        lab.wait()
        assert lab.met() is met
    lab.close()


# What the lesson's own cells compute


def sources():
    return lesson_cells.sources(LESSON)


def run(words, *, until=None, **names):
    names = {"np": np, **{name: globals()[name] for name in PASSED_ON}, **names}
    return lesson_cells.run_cell(LESSON, words, until, names)


def test_by_hand_the_border_lies_at_two_fifteenths(capsys):
    cell = run("def train(w, batch_size", until='print("batches of 2')
    reached = {}
    for size, rate in ((2, 0.02), (4, 0.02), (4, 0.13), (4, 0.135)):
        cell["train"](0.0, batch_size=size, learning_rate=rate, epochs=3)
        lines = capsys.readouterr().out.split("\n")[:3]
        reached[size, rate] = [abs(float(line.split("= ")[1]) - 2) for line in lines]
    assert reached[2, 0.02][-1] < reached[4, 0.02][-1], "two steps an epoch get further than one"
    inside, outside = reached[4, 0.13], reached[4, 0.135]
    assert inside == sorted(inside, reverse=True), "below 2/15 the distance shrinks"
    assert outside == sorted(outside), "above 2/15 it grows"


def test_one_cycle_gains_more_than_two_points():
    (source,) = [source for source in sources() if 'schedule="OneCycle"' in source]
    cell = run('schedule="OneCycle"', until="print(", LearningRateLab=LearningRateLab)
    cell["twin"].close()
    gain = cell["one_cycle"] - cell["constant"]
    assert "constant + 0.02" in source and gain > 0.02, f"OneCycle gains {gain:.1%} only"
    assert len(cell["twin"].runs.ends("val_accuracy")[0]) == len(SEEDS), "a mean of five seeds"


@pytest.mark.full
def test_neither_early_stopping_nor_dropout_helps_against_the_wrong_order():
    config = TrainingConfig(
        optimizer="sgd", learning_rate=0.1, epochs=10, shuffle=False, early_stopping=False
    )
    final = run("def final(", until='print("mean of', hers=tidy(), config=config)["final"]
    in_order = final()
    assert in_order < 0.65
    assert final(early_stopping=True) == in_order, "early stopping does not even set in"
    dropout = final(dropout=0.3)
    assert dropout < in_order - 0.02, f"{in_order:.0%} without dropout, {dropout:.0%} with it"
    assert final(shuffle=True) > 0.93


def test_her_batch_losses_jump_where_a_new_digit_begins():
    config = TrainingConfig(
        optimizer="sgd", learning_rate=0.1, epochs=10, shuffle=False, early_stopping=False
    )
    jumps = []
    for seed in SEEDS:
        job = TrainingJob(reader(seed), tidy(), config.replace(seed=seed))
        job.start()
        job.wait()
        last = job.history.batch_losses[-45:]
        jumps.append(last.max() / np.median(last))
    assert np.mean(jumps) > 10, f"the highest loss is {np.mean(jumps):.0f} times the median"


@pytest.mark.full
def test_early_stopping_ends_in_time_and_after_the_best_epoch():
    for seed in SEEDS:
        config = TrainingConfig(epochs=60, learning_rate=0.01, patience=5, seed=seed)
        job = TrainingJob(reader(seed), digits(), config)
        job.start()
        job.wait()
        assert job.history.best_epoch < len(job.history) < 60, f"seed {seed}"


def test_what_16_bits_lose():
    cell = run("def bfloat16(", until='print("bfloat16: 0.00000002')
    half, bfloat16 = np.float16, cell["bfloat16"]
    assert half(1) + half(1 / 2048) == 1 and half(0.00000002) == 0
    with np.errstate(over="ignore"):
        assert np.isinf(np.float32(70000).astype(half))
    assert bfloat16(0.00000002) == pytest.approx(2e-8, rel=0.01), "bfloat16 has float32's range"
    assert bfloat16(70000) == 70144 and bfloat16(1 + 1 / 256) == 1, "and two to three digits"
    assert np.float32(half(0.00000002 * 1024)) / 1024 == pytest.approx(2e-8, rel=0.01)


def test_the_program_for_every_backend_has_ten_lines_and_is_keras_alone():
    program = run("KERAS_BACKEND", until="names = ")["PROGRAM"]
    lines = program.strip().splitlines()
    assert len(lines) == 10, "the words say: a program of ten lines"
    imported = {line.split()[1] for line in lines if line.startswith(("import ", "from "))}
    assert imported == {"keras", "dlkit"}
    compile(program, "PROGRAM", "exec")


def test_momentum_with_batches_of_16_reads_more_than_90_percent():
    settings = {"optimizer": "momentum", "learning_rate": 0.005, "hidden": (16,)}
    assert score(**settings, batch_size=16) > 0.9
    assert score(**settings, batch_size=256) < 0.9


@pytest.mark.full
def test_half_the_bits_read_as_many_digits():
    cell = run("def in_bits(", data=digits())
    ratio = cell["mixed_loss"] / cell["full_loss"]
    assert 0 < abs(ratio - 1) < 0.02, f"the losses differ by the factor {ratio:.4f}"
    assert abs(cell["mixed_score"] - cell["full_score"]) < 0.01
    assert cell["full_score"] > 0.8, "both have learnt"


@pytest.mark.full
def test_the_ten_lines_run_on_every_backend_that_is_installed():
    cell = run("KERAS_BACKEND", os=os)  # the cell itself asserts that each reads more than 80 %
    assert cell["backends"]


@pytest.mark.full
def test_the_curves_of_too_small_and_too_large_rates():
    def losses_of(rate):
        return np.mean([run.history["loss"] for run in five_runs(learning_rate=rate)], axis=0)

    small, large = losses_of(0.0003), losses_of(0.3)
    assert (np.diff(small) < 0).all() and small[-1] > 0.5, f"0.0003 crawls: {small}"
    assert 0.7 < score(learning_rate=0.0003) < 0.9
    assert (large[2:] > 1.6).all() and np.ptp(large[2:]) < 0.5, f"0.3 is stuck: {large}"


@pytest.mark.full
def test_a_factor_of_three_hardly_matters_and_ten_is_a_good_range():
    scores = [score(learning_rate=rate) for rate in (0.003, 0.01, 0.03)]
    assert min(scores) > 0.94 and max(scores) - min(scores) < 0.02, scores


@pytest.mark.full
def test_the_table_of_schedules_as_the_words_read_it():
    constant, cosine = (accuracies(deep(make(0.03))).mean() for make in (
        schedules.Constant, lambda rate: schedules.CosineAnnealing(rate, 120)))  # fmt: skip
    assert 0.003 < cosine - constant < 0.03, f"about a point: {constant:.1%}, {cosine:.1%}"
    lost = 1 - accuracies(deep(schedules.Constant(0.1))).mean()
    assert 0.2 < lost < 0.45, f"constant runs at 0.1 lose {lost:.0%}, about a third"
