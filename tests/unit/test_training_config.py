"""TrainingConfig: every wrong value is named before any work, and JSON loses nothing."""

import copy
import dataclasses
import json
import pickle

import pytest

from dlkit import losses, optimizers, schedules
from dlkit.training import TrainingConfig


def test_defaults_are_those_of_the_lessons():
    config = TrainingConfig()
    assert (config.epochs, config.batch_size, config.learning_rate) == (50, 32, 0.001)
    assert (config.early_stopping, config.patience, config.min_delta) == (True, 5, 0.0)
    assert (config.optimizer, config.loss, config.seed, config.shuffle) == ("adam", None, 0, True)


WRONG = [
    ({"epochs": 0}, ValueError, "epochs"),
    ({"epochs": 2.5}, ValueError, "whole number"),
    ({"epochs": "20"}, TypeError, "Remove the quotes"),
    ({"epochs": True}, TypeError, "epochs"),
    ({"batch_size": -1}, ValueError, "batch_size"),
    ({"batch_size": None}, TypeError, "batch_size"),
    ({"learning_rate": 0}, ValueError, "between 0.0001 and 0.1"),
    ({"learning_rate": float("nan")}, ValueError, "learning_rate"),
    ({"learning_rate": float("inf")}, ValueError, "learning_rate"),
    ({"learning_rate": [0.1]}, TypeError, "learning_rate"),
    ({"optimizer": "adm"}, ValueError, "Did you mean 'adam'"),
    ({"optimizer": 3}, TypeError, "optimizer"),
    ({"optimizer_arguments": {"beta1": 0.9}}, TypeError, "Did you mean 'beta_1'"),
    ({"optimizer_arguments": {"beta_1": 1.5}}, ValueError, "beta_1"),
    ({"optimizer_arguments": {"learning_rate": 0.1}}, ValueError, "configuration itself"),
    ({"optimizer_arguments": ["beta_1"]}, TypeError, "dictionary"),
    ({"loss": "mean_square_error"}, ValueError, "Did you mean 'mean_squared_error'"),
    ({"loss": 1}, TypeError, "loss"),
    ({"early_stopping": 1}, TypeError, "early_stopping"),
    ({"patience": 0}, ValueError, "patience"),
    ({"min_delta": -0.1}, ValueError, "min_delta"),
    ({"seed": -1}, ValueError, "seed"),
    ({"seed": 0.5}, ValueError, "seed"),
    ({"clipnorm": 0}, ValueError, "clipnorm"),
    ({"clipnorm": 1, "clipvalue": 1}, ValueError, "Only one"),
    ({"weight_decay": -1}, ValueError, "weight_decay"),
    ({"learning_rate_schedule": "cosine"}, (TypeError, ValueError), "schedule"),
    ({"learning_rate_schedule": abs}, TypeError, "dlkit.schedules.*class Mine"),
    ({"learning_rate_schedule": schedules.StepDecay}, TypeError, r"such as StepDecay\("),
    ({"learning_rate": schedules.Constant(0.1)}, TypeError, "take a schedule as learning_rate_s"),
    ({"log_every": 0}, ValueError, "log_every"),
    ({"shuffle": "yes"}, TypeError, "shuffle"),
    ({"gradient_accumulation_steps": 0}, ValueError, "gradient_accumulation_steps"),
    ({"gradient_accumulation_steps": None}, TypeError, "gradient_accumulation_steps"),
    (
        {"gradient_accumulation_steps": 2, "optimizer": "lbfgs"},
        ValueError,
        "gradient_accumulation_steps must be 1",
    ),
    ({"class_weight": [1.0, 2.0]}, TypeError, "Write {0: 1.0, 1: 5.0}"),
    ({"class_weight": {"cat": 1.0}}, ValueError, "whole numbers from 0 on"),
    ({"class_weight": {True: 1.0}}, ValueError, "whole numbers from 0 on"),
    ({"class_weight": {0: -1.0}}, ValueError, r"class_weight\[0\]"),
    ({"class_weight": {0: 0.0}}, ValueError, "above 0"),
    ({"class_weight": {}}, ValueError, "above 0"),
    ({"mixed_precision": "mixed_bfloat"}, ValueError, "Did you mean 'mixed_bfloat16'"),
    ({"mixed_precision": True}, TypeError, "mixed_precision"),
    ({"validation_split": 1}, ValueError, "validation_split"),
    ({"validation_split": -0.1}, ValueError, "validation_split"),
    ({"record_layers": 1}, TypeError, "record_layers"),
]


@pytest.mark.parametrize(("arguments", "kind", "words"), WRONG, ids=str)
def test_a_wrong_value_is_named(arguments, kind, words):
    with pytest.raises(kind, match=words):
        TrainingConfig(**arguments)
    with pytest.raises(kind, match=words):
        TrainingConfig().replace(**arguments)


def test_it_cannot_be_changed_in_place():
    config = TrainingConfig(optimizer_arguments={"beta_1": 0.8})
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.epochs = 3
    with pytest.raises(TypeError):
        config.optimizer_arguments["beta_1"] = 5
    with pytest.raises(TypeError):
        config.replace(class_weight={0: 2.0}).class_weight[0] = 5


def test_the_dictionary_that_was_given_is_copied():
    arguments = {"beta_1": 0.8}
    config = TrainingConfig(optimizer_arguments=arguments)
    arguments["beta_1"] = 7
    assert config.optimizer_arguments["beta_1"] == 0.8


def test_replace_changes_only_what_it_is_told():
    config = TrainingConfig(epochs=7, seed=3)
    changed = config.replace(learning_rate=0.01)
    assert (changed.epochs, changed.seed, changed.learning_rate) == (7, 3, 0.01)
    assert config.learning_rate == 0.001


def test_an_unknown_field_suggests_the_nearest():
    with pytest.raises(TypeError, match="Did you mean 'batch_size'"):
        TrainingConfig().replace(batchsize=3)
    with pytest.raises(TypeError, match="Did you mean 'epochs'"):
        TrainingConfig.from_json('{"epoch": 3}')


ROUND_TRIPS = [
    {},
    {"epochs": 3, "batch_size": 7, "learning_rate": 0.1 + 0.2, "seed": 2**40},
    {"optimizer": "Momentum", "optimizer_arguments": {"momentum": 0.875}},
    {"optimizer": optimizers.Adam(0.01, beta_1=0.8, clipnorm=2.0)},
    {"loss": "mse"},
    {"loss": losses.Huber(delta=0.5)},
    {"loss": losses.SparseCategoricalCrossentropy(from_logits=True)},
    {"learning_rate_schedule": schedules.Constant(0.25)},
    {"early_stopping": False, "shuffle": False, "weight_decay": 0.0, "log_every": 2},
    {"gradient_accumulation_steps": 4, "validation_split": 0.1, "record_layers": True},
    {"class_weight": {0: 0.1 + 0.2, 12: 5}, "mixed_precision": "mixed_bfloat16"},
]


@pytest.mark.parametrize("arguments", ROUND_TRIPS, ids=str)
def test_json_both_ways(arguments):
    config = TrainingConfig(**arguments)
    back = TrainingConfig.from_json(config.to_json())
    assert back.to_json() == config.to_json()
    assert back.learning_rate == config.learning_rate
    assert back.build_optimizer().get_config() == config.build_optimizer().get_config()
    assert json.loads(config.to_json())["epochs"] == config.epochs
    assert back == config or {"loss", "learning_rate_schedule"} & set(arguments)


@pytest.mark.parametrize("text", ["", "[1]", "{", '{"epochs": 0}', '{"epochs": null}', 5, "null"])
def test_wrong_json_is_refused(text):
    with pytest.raises((TypeError, ValueError)):
        TrainingConfig.from_json(text)


@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, lambda c: pickle.loads(pickle.dumps(c))]
)
def test_copies_are_equal(duplicate):
    config = TrainingConfig(epochs=3, optimizer_arguments={"beta_1": 0.5}, class_weight={1: 2.0})
    assert duplicate(config) == config


def test_an_optimizer_object_is_taken_apart():
    optimizer = optimizers.Adam(0.01, beta_1=0.8, global_clipnorm=1.5)
    config = TrainingConfig(optimizer=optimizer)
    assert (config.optimizer, config.learning_rate, config.global_clipnorm) == ("adam", 0.01, 1.5)
    assert config.optimizer_arguments["beta_1"] == 0.8
    assert config.build_optimizer() is not optimizer
    with pytest.raises(ValueError, match="left out"):
        TrainingConfig(optimizer=optimizer, optimizer_arguments={"beta_1": 0.7})


def test_a_schedule_replaces_the_learning_rate():
    class Halving(schedules.Schedule):
        def value(self, xp, step):
            return 0.5**step

    config = TrainingConfig(learning_rate_schedule=Halving())
    assert [config.learning_rate_at(step) for step in range(3)] == [1.0, 0.5, 0.25]
    assert config.build_optimizer().learning_rate == 1.0
    assert TrainingConfig(learning_rate=0.3).learning_rate_at(99) == 0.3


@pytest.mark.parametrize(("epochs", "every"), [(1, 1), (10, 1), (11, 2), (50, 5), (500, 50)])
def test_the_log_has_at_most_ten_lines(epochs, every):
    assert TrainingConfig(epochs=epochs).log_interval == every
    assert TrainingConfig(epochs=epochs, log_every=3).log_interval == 3


def test_repr_says_what_differs_from_the_defaults():
    assert repr(TrainingConfig()) == "TrainingConfig()"
    config = TrainingConfig(epochs=3, optimizer="sgd")
    assert repr(config) == "TrainingConfig(epochs=3, optimizer='sgd')"
    assert eval(repr(config)) == config  # the text is the code that makes it
