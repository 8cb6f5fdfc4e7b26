"""Exercise 05.4: a configuration for large batches, judged by training with it."""

import functools

import numpy as np

from dlkit import datasets, schedules
from dlkit.exercises.registry import WrongAnswer
from dlkit.exercises.running import Mistaken, call
from dlkit.training.config import TrainingConfig
from dlkit.training.together import can_train_together, train_together
from dlkit.training.trials import build_mlp

BATCH_SIZE, EPOCHS, NEEDED, SEEDS = 256, 10, 0.95, (0, 1, 2)
_FACTORS = (4, 100)  # the second for rates so far off that a factor of four changes nothing


def large_batch():
    """Return a configuration that reads 95 % of the digits with batches of 256, in ten epochs."""
    from dlkit import TrainingConfig, schedules

    return TrainingConfig(
        batch_size=256,
        epochs=10,
        optimizer="adam",  # 60 steps in all, so each must be long
        learning_rate_schedule=schedules.Warmup(schedules.CosineAnnealing(0.08, 42), 18),
        early_stopping=False,
    )


def examine_large_batch(answer):
    """Train three networks with the learner's configuration; say in which direction to go."""
    if isinstance(answer, TrainingConfig):
        raise Mistaken(
            "Give a function that returns it: `def my_config(): return TrainingConfig(…)`."
        )
    if not callable(answer):
        raise Mistaken("The check needs your function itself: its name without parentheses.")
    answer = call(answer)
    if isinstance(answer, dict):
        raise Mistaken(
            "Your function returned a dictionary. Return a TrainingConfig(...) with these values."
        )
    if not isinstance(answer, TrainingConfig):
        raise Mistaken(f"Give a TrainingConfig(...). What came is of type {type(answer).__name__}.")
    if answer.batch_size != BATCH_SIZE:
        raise Mistaken(
            f"The batch size must be {BATCH_SIZE}; yours is {answer.batch_size}. With small batches "
            "there is nothing to solve here."
        )
    if answer.epochs > EPOCHS:
        raise Mistaken(
            f"At most {EPOCHS} epochs are allowed, that is 60 steps; you asked for {answer.epochs}."
        )
    if not can_train_together(_network(0), answer):
        raise Mistaken(
            "Leave clipping, plateau, accumulation, class weights and the like out: optimizer, "
            "learning rate and schedule are enough here."
        )
    accuracy = _accuracy(answer)
    if accuracy >= NEEDED - 1e-9:  # three shares whose mean is 0.95 but for the rounding
        return f"{accuracy:.1%} of the digits in {answer.epochs} epochs.".replace("%", " %")
    raise Mistaken(_advice(answer, accuracy))


def _advice(config, accuracy):
    reached = f"Your networks read {100 * accuracy:.1f} % (mean of three seeds); 95 % are needed."
    for factor in _FACTORS:
        shorter, longer = (_accuracy(_scaled(config, each)) for each in (1 / factor, factor))
        if longer > max(accuracy, shorter) + 0.01:
            return f"{reached} Your steps are too short: {factor} times the rate would read more."
        if shorter > accuracy + 0.01:
            return (
                f"{reached} Your steps are too long: a rate {factor} times lower would read more."
            )
        if accuracy > 0.5:
            break  # learning well enough to feel a factor of four
    if config.epochs < EPOCHS:
        return f"{reached} The rate is about right; you may use {EPOCHS} epochs."
    return f"{reached} The rate is about right for this optimizer; try another one, or a schedule."


def _scaled(config, factor):
    """Return the configuration with all its learning rates multiplied."""
    schedule = config.learning_rate_schedule
    if schedule is None:
        return config.replace(learning_rate=config.learning_rate * factor)
    return config.replace(learning_rate_schedule=_Times(schedule, factor))


class _Times(schedules.Schedule):
    """Another schedule, multiplied."""

    def __init__(self, schedule, factor):
        self.schedule, self.factor = schedule, factor

    def value(self, xp, step):
        return self.factor * self.schedule.value(xp, step)


@functools.cache
def _data():
    return datasets.digits(flat=True)


def _network(seed):
    return build_mlp(_data(), seed, width=32, dtype="float64")


def _accuracy(config):
    configs = [config.replace(seed=seed, early_stopping=False) for seed in SEEDS]
    histories = train_together([_network(seed) for seed in SEEDS], _data(), configs)
    ends = [run.history.get("val_accuracy", [0.0])[-1] for run in histories]
    return float(np.mean(ends))


def _wrong(message, **changes):
    return WrongAnswer(lambda: _config(**changes), message)


def _config(**changes):
    return TrainingConfig(**{"batch_size": 256, "epochs": 10, "early_stopping": False, **changes})


LARGE_BATCH_WRONG_ANSWERS = (
    _wrong("Your steps are too short"),
    _wrong("Your steps are too short", optimizer="sgd", learning_rate=0.05),
    _wrong("Your steps are too long", learning_rate=0.5),
    _wrong("Your steps are too long", optimizer="sgd", learning_rate=100.0),
    _wrong("Your steps are too short", optimizer="sgd", learning_rate=0.001),
    _wrong("The batch size must be 256", batch_size=32, learning_rate=0.01),
    _wrong("At most 10 epochs", epochs=50, learning_rate=0.01),
    _wrong("Leave clipping", learning_rate=0.05, clipnorm=1.0),
    _wrong("you may use 10 epochs", learning_rate=0.04, epochs=3),
    WrongAnswer(lambda: {"learning_rate": 0.05}, "returned a dictionary"),
    WrongAnswer(lambda: 0.05, "What came is of type float"),
    WrongAnswer(_config(learning_rate=0.05), "Give a function that returns it"),
)
