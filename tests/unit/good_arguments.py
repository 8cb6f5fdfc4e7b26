"""A good value and its kind for every argument of every public name.

Where to add what a new name needs: an argument that means the same wherever it stands has a row in
`ARGUMENTS`; what holds for one callable alone has a row in `SPECIAL`, under the callable's name.
A new loss that is no regression has a row in `LOSS_ARGUMENTS`, a class whose methods need more than
a constructor call one in `INSTANCES`.
"""

import functools
import math
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from bad_values import (
    Argument,
    Made,
    array,
    choice,
    count,
    dictionary,
    function,
    labels,
    number,
    path,
    probabilities,
    shape,
    text,
    thing,
    truth,
)
from public_names import Callable

from dlkit import (
    activations,
    autodiff,
    datasets,
    initializers,
    layers,
    losses,
    optimizers,
    regularizers,
    schedules,
)
from dlkit.display.lab import Lab
from dlkit.display.quiz import Quiz
from dlkit.network import Network
from dlkit.report import Report
from dlkit.training import EpochRecord, TrainingConfig, TrainingJob

random = np.random.default_rng(7)
X = np.round(random.normal(size=(6, 4)), 2).astype("float32")
LABELS = np.array([0, 1, 2, 0, 1, 2])
ONE_HOT = np.eye(3, dtype="float32")[LABELS]
SHARES = random.dirichlet(np.ones(3), 6).astype("float32")
IMAGES = random.integers(0, 2, (6, 4, 4)).astype("float32")
CURVES = {"loss": [1.0, 0.6, 0.4], "val_loss": [1.1, 0.8, 0.9]}
QUIZ = ("Two and two?", ["3", "4"], 1, ["One too few.", "Yes."])
PARAMETERS = {"w": np.ones((2, 3), "float32")}
GRADIENTS = {"w": np.full((2, 3), 0.5, "float32")}


def network():
    """Return a small network with something of everything, after a step."""
    stack = [
        layers.Dense(5, "relu", kernel_regularizer="l2"),
        layers.BatchNormalization(),
        layers.Dropout(0.2),
        layers.Dense(3, "softmax"),
    ]
    made = Network(stack, 4)
    made.loss_and_gradients(X, LABELS)
    made.forward(X)
    return made


@functools.cache
def data():
    """Return a small `Data` of three classes."""
    return datasets.Data(X, LABELS, X, LABELS, X, LABELS, name="six points")


def job():
    """Return a job that has not begun."""
    return TrainingJob(network(), data(), TrainingConfig(epochs=1))


@functools.cache
def keras_model():
    """Return a small Keras model."""
    return network().to_keras()


@functools.cache
def picture():
    """Return a chart and its figure."""
    from dlkit import plots

    chart = plots.training_curves(CURVES)
    return chart, plots.to_figure(chart)


@functools.cache
def _temporary():
    return tempfile.TemporaryDirectory(prefix="dlkit-bad-input-")


def folder():
    """Return a folder for files; it goes when the tests end."""
    return Path(_temporary().name)


@functools.cache
def saved(kind):
    """Return the file of a saved network or Keras model."""
    if kind == "network":
        network().save(folder() / "saved.npz")
        return folder() / "saved.npz"
    from dlkit.keras.saving import save_model

    return save_model(keras_model(), folder() / "saved.keras")


def rate(good=0.01, **more):
    """Return a learning rate or another number above 0."""
    return number(good, above=0, **more)


def share(good=0.5, **more):
    """Return a number from 0 to 1."""
    return number(good, minimum=0, maximum=1, **more)


def fraction(good=0.2, **more):
    """Return a number from 0, below 1."""
    return number(good, minimum=0, below=1, **more)


def sizes(good):
    """Return one or more whole numbers of 1 or more."""
    bad = (None, "3", (), [], (0,), (-1,), (2.5,), ("3",), (math.nan,), True, {}, object(), 0)
    return Argument(good, bad, (list(good), good[0], np.int64(good[0])))


def window(good, axes):
    """Return the size of a window, or its steps: a whole number, or one for each axis."""
    bad = (None, "3", (), [], (0,) * axes, (2,) * 4, (2.5,) * axes, 2.5, 0, -1, True, {}, math.nan)
    return Argument(good, (*bad, object(), math.inf, "", b"3"), ((good,) * axes, np.int64(good)))


def optional(argument):
    """Return the same argument where None is allowed."""
    bad = tuple(value for value in argument.bad if value is not None)
    return Argument(**{**vars(argument), "bad": bad, "odd": (*argument.odd, None)})


def registered(good, registry, *others, **more):
    """Return a name of a registry, or an object of its kind."""
    return choice(good, list(registry), **more, others=(object, int, {"name": "qq"}, *others))


LOSS = optional(registered("sparse_categorical_crossentropy", losses.LOSSES, lambda y: y))
OPTIMIZER = registered("adam", optimizers.OPTIMIZERS)
INITIALIZER = registered("zeros", initializers.INITIALIZERS)
REGULARIZER = optional(registered("l2", regularizers.REGULARIZERS))
ACTIVATION = registered("tanh", activations.ACTIVATIONS, math.tanh)
DTYPE = choice("float32", ("float32", "float64"), others=("int32", "complex64", int, np.int8))
TASK = choice("classification", ("classification", "regression"))
NOT_A_SCHEDULE = ("text", "", True, object(), [], {}, 0, -1.0, math.inf, "Constan", {"name": "qq"})
SCHEDULE = Argument(schedules.Constant(0.1), (*NOT_A_SCHEDULE, None), (0.01, np.float32(0.5)))


def arrays_in(good, **more):
    """Return a dictionary of arrays by name, as an optimizer takes it."""
    whole = good["w"]
    spoilt = [{"v": whole}, {"w": whole, "v": whole}, {"w": whole[:1]}, {"w": whole.astype(str)}]
    spoilt += [{"w": None}, {"w": "text"}, {"w": [[1.0], [1.0, 2.0]]}, [whole, whole], whole[0]]
    spoilt += [{"w": whole.astype(complex)}, {"w": whole.astype(object)}, {"w": whole[:0]}]
    bad = (None, "text", {}, [], object(), True, {1.0}, *spoilt)
    return Argument(good, bad, names=("gradient", "parameter", "dtype"), **more)


ARGUMENTS = {
    # networks and layers
    "x": array(X),
    "y": labels(LABELS, 3),
    "upstream": array(np.ones((6, 3), "float32")),
    "network": thing(Made(network), layers.Dense(3), Network),
    "layers": Argument(
        Made(lambda: [layers.Dense(3)]),
        (None, 3, "text", [], {}, layers.Dense(3), [layers.Dense], [None], ["dense"], [3]),
    ),
    "input_shape": shape((4,)),
    "dtype": DTYPE,
    "seed": number(0, minimum=0, whole=True),
    "training": truth(False),
    "check": truth(True),
    "to_input": truth(False),
    "units": count(3),
    "use_bias": truth(True),
    "center": truth(True),
    "scale": truth(True),
    "rate": fraction(),
    "epsilon": rate(0.001),
    "activation": ACTIVATION,
    "regularizer": REGULARIZER,
    "initializer": INITIALIZER,
    "loss": LOSS,
    "optimizer": OPTIMIZER,
    "weights": dictionary(
        Made(lambda: network().get_weights()), {}, {"dense/kernel": X}, {"dense/kernle": X}
    ),
    "random_state": dictionary(
        Made(lambda: network().random_state), {}, {"dropout": 3}, {"dropout": {"state": 1}}
    ),
    "batch_size": count(2),
    "epochs": count(1),
    "learning_rate": rate(),
    "validation_data": Argument(
        Made(lambda: (X, LABELS)), (3, "text", [], (X,), (X, LABELS, X), (X, LABELS[:-1]), {})
    ),
    "callbacks": Argument((), (3, None, "text", [3], ["print"], math.nan)),
    "early_stopping": truth(False),
    "tolerance": rate(),
    "step": rate(1e-5),
    "input_gradient": truth(True),
    # initializers and regularizers
    "shape": shape((3, 4)),
    "generator": number(3, minimum=0, whole=True, names=("generator",)),
    "stddev": number(0.1, minimum=0),
    "l1": number(0.1, minimum=0),
    "l2": number(0.1, minimum=0),
    "w": array(X, any_shape=True),
    # schedules
    "then": SCHEDULE,
    "initial_learning_rate": rate(),
    "maximum_learning_rate": rate(),
    "decay_steps": count(10),
    "first_decay_steps": count(10),
    "warmup_steps": count(10),
    "total_steps": number(10, minimum=2, whole=True),
    "decay_rate": number(0.5, above=0, maximum=1),
    "end_learning_rate": number(0.001, minimum=0),
    "power": rate(2.0),
    "alpha": share(),
    "t_mul": number(2.0, minimum=1),
    "m_mul": number(0.5, above=0, maximum=1),
    "rise_fraction": number(0.3, above=0, below=1),
    "start_divisor": number(25.0, minimum=1),
    "end_divisor": number(25.0, minimum=1),
    "schedule": SCHEDULE,
    # data
    "samples": number(40, minimum=20, whole=True, maximum=10_000_000),
    "noise": number(0.1, minimum=0),
    "validation_fraction": number(0.2, above=0, below=1),
    "test_fraction": fraction(),
    "flat": truth(True),
    "task_type": TASK,
    "part": choice("validation", ("train", "validation")),
    "data": thing(Made(data), datasets.Data, X),
    # training
    "config": thing(Made(lambda: TrainingConfig(epochs=1)), {"epochs": 3}, TrainingConfig),
    "model": thing(Made(network), Network, layers.Dense(2), names=("model", "predictions")),
    "history": dictionary(
        CURVES, {"loss": "text"}, {"loss": [1.0], "val_loss": [1.0, 2.0]}, {"loss": 3.0},
        {"loss": [[1.0], [2.0]]}, {"loss": [None]}, {"val_loss": [1.0]},
    ),
    "observer": function(print),
    "batches": count(1),
    "timeout": number(0.01, minimum=0, optional=True),
    "pace": rate(optional=True),
    # builders
    "input_dim": count(4),
    "output_dim": count(3),
    "dropout_rate": fraction(),
    "vocabulary_size": count(5),
    "embedding_dim": count(4),
    "num_layers": count(1),
    "num_heads": count(2),
    "intermediate_dim": count(4),
    "sequence_length": count(5),
    "kernel_size": count(3),
    "pool_size": count(2),
    "cell": choice("gru", ("lstm", "gru", "simple")),
    "bidirectional": truth(False),
    "positions": choice("none", ("learned", "sinusoidal", "none")),
    # pictures
    "class_names": Argument(("a", "b", "c"), (3, "abc", [1, 2, 3], ["a"], [], {}, math.nan, True)),
    "title": text("A title"),
    "columns": number(3, minimum=1, maximum=50, whole=True),
    # words
    "label": text("w"),
    "question": text("Why?", empty=False),
    "challenge": text("Try.", optional=True),
    "docstring": truth(False),
    "id": Argument("00.1", (None, 3, 1.2, "", "99.9", [], {}, True, "text"), names=("exercise",)),
    "level": number(1, minimum=1, maximum=9, whole=True, optional=True),
    "path": path("file"),
    "state": dictionary({}),
}  # fmt: skip


# layer -> the shape of one input, where it is not (4,)
LAYER_INPUTS = {
    "Flatten": (2, 2),
    "Conv2D": (4, 4, 2),
    "Conv1D": (4, 2),
    "MaxPooling2D": (4, 4, 2),
    "AveragePooling2D": (4, 4, 2),
    "GlobalAveragePooling2D": (4, 4, 2),
    "GlobalAveragePooling1D": (4, 2),
    "PositionalEncoding": (4, 2),
}

# loss -> (y_true, y_pred)
LOSS_ARGUMENTS = {
    "BinaryCrossentropy": (probabilities(ONE_HOT), probabilities(SHARES)),
    "CategoricalCrossentropy": (probabilities(ONE_HOT), probabilities(SHARES)),
    "SparseCategoricalCrossentropy": (labels(LABELS, 3), probabilities(SHARES, width=False)),
    "Hinge": (array(2 * ONE_HOT - 1), array(SHARES)),
    "KLDivergence": (probabilities(SHARES), probabilities(SHARES)),
}
REGRESSION = (array(ONE_HOT), array(SHARES))


def _family(each):
    """Return what all kinds of activations, losses, optimizers … have in common."""
    owner, kind = each.owner, each.owner or each.function
    if not isinstance(kind, type):
        return {}
    constructor = owner is None
    if issubclass(kind, activations.Activation):
        if constructor or each.function == "with_parameters":
            return _activation_parameters(kind)
        arrays = {"x": array(X, any_shape=True), "upstream": array(X)}
        taken = each.parameters()
        return {name: arrays[name] for name in taken if name in arrays} | _activation_parameters(
            kind
        )
    if issubclass(kind, losses.Loss):
        y_true, y_pred = LOSS_ARGUMENTS.get(kind.__name__, REGRESSION)
        smoothing = {"from_logits": truth(False), "label_smoothing": fraction(), "delta": rate()}
        return smoothing if constructor else {"y_true": y_true, "y_pred": y_pred}
    if issubclass(kind, initializers.Initializer):
        given = {name: number(0.01) for name in kind.defaults}
        two = replace(SCALAR_TOO, odd=([3, 4],)) if kind.__name__ == "Orthogonal" else SCALAR_TOO
        return given if constructor else {"shape": two}
    if issubclass(kind, optimizers.Optimizer):
        if constructor:
            return _optimizer_arguments(kind)
        methods = {**OPTIMIZER_METHODS, "state": _optimizer_state(kind)}
        return {name: methods[name] for name in each.parameters() if name in methods}
    if issubclass(kind, schedules.Schedule) and not constructor:
        bad = tuple(value for value in number(3, minimum=0).bad if np.size(value) != 2)
        return {"step": Argument(3, (*bad, [1, -1], [math.nan]), ([1, 2], np.int64(3)))}
    if issubclass(kind, layers.Layer):
        return _layer_constructor(kind) if constructor else _layer_methods(kind)
    if issubclass(kind, autodiff.Value):
        other = number(2.0, names=("other", "exponent", "base", "data"))
        return {name: other for name in ("other", "exponent", "base", "data")}
    if issubclass(kind, Lab):
        return _lab_arguments(kind, constructor)
    return {}


SCALAR_TOO = Argument((3, 4), tuple(bad for bad in shape((3,)).bad if bad not in ((), [])), ((), 3))
GENERATOR = Argument(Made(lambda: np.random.default_rng(0)), (3.5, "text", [], {}, True, object()))


def _layer_constructor(kind):
    names = (3, True, "", "a/b", [], {}, object(), math.nan, b"dense")
    axes = getattr(kind, "axes", 2)
    targets = (*shape((2, 2)).bad[:-2], (-1, -1), (-2, 2))
    targets = tuple(bad for bad in targets if bad != (-1,))
    return {
        "momentum": share(),
        "filters": count(3),
        "kernel_size": window(2, axes),
        "pool_size": window(2, axes),
        "strides": optional(window(1, axes)) if "Pooling" in kind.__name__ else window(1, axes),
        "padding": choice("same", ("valid", "same")),
        "keepdims": truth(True),
        "input_dim": number(5, minimum=1, maximum=2**24, whole=True),
        "output_dim": count(3),
        "sequence_length": optional(count(4)),
        "kind": choice("learned", ("sinusoidal", "learned")),
        "layers": Argument(
            Made(lambda: [layers.Dense(4)]),
            (None, 3, "text", [], {}, layers.Dense(4), [layers.Dense], [None], [3], [{}]),
        ),
        "name": Argument("mine", names, (None,)),
        "target_shape": Argument((2, 2), targets, ([2, 2], (-1,), (-1, 2))),
    }


def _layer_methods(kind):
    given, taken = instance_of(kind).output_shape, LAYER_INPUTS.get(kind.__name__, (4,))
    return {
        "x": array(np.ones((6, *taken), "float32"), alone=True),
        "upstream": array(np.ones((6, *given), "float32")),
        "generator": GENERATOR,
        "input_shape": shape(taken),
    }


def _activation_parameters(kind):
    return {
        name: truth(value) if isinstance(value, bool) else number(value, minimum=0)
        for name, value in kind.defaults.items()
    }


def _optimizer_arguments(kind):
    limits = {name: row.limits for name, row in kind.rule.hyperparameters.items()}
    values = {name: row.default for name, row in kind.rule.hyperparameters.items()}
    own = {name: number(values[name], **limits[name]) for name in limits}
    own |= {name: rate(1.0, optional=True) for name in ("clipnorm", "clipvalue", "global_clipnorm")}
    return own | {"weight_decay": number(0.1, minimum=0, optional=True)}


OPTIMIZER_METHODS = {
    "gradients": arrays_in(GRADIENTS),
    "parameters": arrays_in(PARAMETERS),
    "flat_gradients": array(np.full(6, 0.5, "float32"), width=False),
    "flat_parameters": Argument(
        Made(lambda: np.ones(6, "float32")),
        (None, 3, "text", [1.0] * 6, np.ones((2, 3)), np.ones(5), np.ones(6, int), np.ones(0)),
        names=("flat_parameters", "flat_gradients", "parameters"),
    ),
    "segments": Argument(
        Made(lambda: [("w", 0, 6, (6,))]),
        (3, "text", [3], [("w", 0)], [("w", 0, 5, (5,))], [("w", 1, 6, (5,))], {}, [], [(1, 2, 3)],
         [("w", "0", 6, (6,))], [("w", 0, math.nan, (6,))], [("w", 0, None, (6,))]),
    ),
    "learning_rate": rate(),
}  # fmt: skip


def _optimizer_state(kind):
    spoilt = (
        {},
        {"iterations": -1},
        {"iterations": "3"},
        {"iteratons": 1},
        {"iterations": 2.5},
        {"iterations": 0, "learning_rate": -1},
        {"iterations": math.nan},
    )
    names = ("state", "iterations", "learning_rate")
    return dictionary(Made(lambda: kind().state), *spoilt, names=names)


def _lab_arguments(kind, constructor):
    if not constructor:
        state = {"lab": kind.__name__, "controls": {}}
        bad = ({}, {"lab": kind.__name__}, {**state, "lab": "NeuronLap"}, {**state, "controls": 3})
        bad += ({**state, "controls": {"qq": 3}},)
        state = dictionary(state, *bad, names=("state", "control"))
        found = {"state": state, "timeout": ARGUMENTS["timeout"]}
        return found
    own = {"challenge": text("Try.", optional=True)}
    for name, made in shown(kind).controls.items():
        own[name] = _control(made)
    return own


@functools.cache
def shown(kind):
    """Return one lab of a kind, made once."""
    return kind()


def _control(made):
    """Return what a control takes, in few values: each of them makes all widgets of a lab."""
    if hasattr(made, "bounds"):
        return Argument(made.value, ("3", math.nan, made.bounds[0] - 1))
    if isinstance(made.value, bool):
        return Argument(made.value, ("yes", 1))
    return Argument(made.value, ("qqqq", None))


def value_of(x):
    """Return a result with a graph."""
    return autodiff.Value(x, "x").tanh() * 2


RANGES = (
    3,
    "ab",
    (1.0,),
    (1.0, 2.0, 3.0),
    ("a", "b"),
    (math.nan, 1.0),
    (2.0, 1.0),
    (1.0, 1.0),
    True,
)
TEXTS = (None, 3, "text", [], ["only one"], ["a", "a"], [1, 2], [None, "b"], {}, True, ["", "b"])
CLASS_LABELS = labels(LABELS, None, width=False)

KERAS_SEED = {"seed": number(0, minimum=0, whole=True, optional=True)}
KERAS = {**KERAS_SEED, "vocabulary_size": count(optional=True, beside={"input_shape": (3,)})}

# callable -> argument -> what it takes; "*" holds what is always given beside it
SPECIAL = {
    "activations.get": {"activation": optional(ACTIVATION)},
    "losses.get": {"loss": registered("huber", losses.LOSSES, None), "delta": rate()},
    "losses.default_loss": {
        "y": array(LABELS, any_shape=True),
        "output_activation": text("softmax"),
        "output_shape": shape((3,)),
    },
    "initializers.get": {"initializer": registered("zeros", initializers.INITIALIZERS, None)},
    "initializers.compute_fans": {"shape": Argument((3, 4), shape((3, 4)).bad[:5])},
    "initializers.truncated_normal": {"generator": GENERATOR, "shape": SCALAR_TOO},
    "optimizers.get": {"optimizer": registered("adam", optimizers.OPTIMIZERS, None)},
    "schedules.get": {"schedule": replace(SCHEDULE, names=("schedule", "learning_rate"))},
    "Network.forward": {"x": array(X, alone=True)},
    "Network.predict": {"x": array(X, alone=True)},
    "Network.copy": {"dtype": optional(DTYPE)},
    "Network.from_config": {
        "config": dictionary(
            Made(lambda: network().get_config()), {}, {"layers": []},
            {"layers": 3, "input_shape": [4], "seed": 0, "dtype": "float32"},
            {"layers": [{"kind": "Dens"}], "input_shape": [4], "seed": 0, "dtype": "float32"},
            {"layers": [{}], "input_shape": [4], "seed": 0, "dtype": "float32"},
            {"layers": [3], "input_shape": [4], "seed": 0, "dtype": "float32"},
            {"layers": [{"kind": "Dense", "unit": 3}], "input_shape": [4], "seed": 0, "dtype": "float32"},
            names=("config", "kind of layer", "layers"),
        )
    },
    "schedules.InverseTimeDecay": {"decay_rate": number(0.5, minimum=0)},
    "schedules.Warmup": {"initial_learning_rate": number(0.01, minimum=0)},
    "layers.Dense": {"activation": optional(ACTIVATION)},
    "layers.Conv2D": {"activation": optional(ACTIVATION)},
    "layers.Conv1D": {"activation": optional(ACTIVATION)},
    "layers.Activation": {"activation": optional(ACTIVATION)},
    "Network.initialize": {"seed": number(0, minimum=0, whole=True, optional=True)},
    "Network.load": {"path": path(Made(lambda: saved("network")), "no/such/file.npz", ".")},
    "Network.save": {"path": path(Made(lambda: folder() / "n.npz"), "no/such/folder/n.npz", ".")},
    "Network.fit": {"patience": count(), "weight_decay": number(0.1, minimum=0, optional=True), "*": {"epochs": 1}},
    "gradcheck.check_gradients": {"*": {"loss": None}},
    "datasets.get": {"name": choice("moons", list(datasets.DATASETS))},
    "datasets.blobs": {"classes": number(3, minimum=2, maximum=10, whole=True)},
    "datasets.spirals": {"turns": number(1.0, above=0, maximum=10)},
    "datasets.sine": {"periods": number(2.0, above=0, maximum=100)},
    "datasets.logic": {
        "gate": choice("xor", ("and", "or", "xor", "nand", "nor")),
        "samples": number(4, minimum=4, whole=True, maximum=10_000_000),
    },
    "datasets.split": {
        "x": array(np.repeat(X, 4, axis=0), width=False, any_shape=True),
        "y": labels(np.repeat(LABELS, 4), None, width=False),
        "scale": truth(True),
        "scale_y": truth(False),
    },
    "datasets.Data": {
        "*": {"x_test": X, "y_test": LABELS},
        **{f"x_{part}": array(X, width=False, any_shape=True) for part in ("train", "validation")},
        **{f"y_{part}": labels(LABELS, None) for part in ("train", "validation")},
        "x_test": array(X, none=True),
        "y_test": labels(LABELS, None, none=True),
        **{name: text("text") for name in ("name", "target_name", "target_unit")},
        "class_names": Argument(("a", "b", "c"), (3, "abc", [1, 2, 3], ["a"], math.nan, True)),
        "feature_names": Argument(tuple("abcd"), (3, "abcd", [1, 2, 3, 4], ["a"], math.nan, True)),
    },
    "datasets.Data.labels": {"part": choice("train", ("train", "validation", "test"))},
    "training.TrainingConfig": {
        "optimizer_arguments": Argument({"beta_1": 0.8}, (3, "text", [], None, {1: 2}, {"beta_3": 0.5},
            {"beta_1": 2}, {"beta_1": "a"}, {"learning_rate": 1}), names=("optimizer_arguments", "beta_1")),
        "patience": count(),
        "min_delta": number(0.0, minimum=0),
        "clipnorm": rate(optional=True),
        "clipvalue": rate(optional=True),
        "global_clipnorm": rate(optional=True),
        "weight_decay": number(0.1, minimum=0, optional=True),
        "learning_rate_schedule": optional(SCHEDULE),
        "log_every": count(optional=True),
        "shuffle": truth(True),
    },
    "training.TrainingConfig.from_json": {
        "text": Argument("{}", (None, 3, "", "text", "[]", "3", "{", b"{}", [], {}, True), names=("text",)),
    },
    "training.TrainingConfig.learning_rate_at": {"step": number(3, minimum=0)},
    "training.TrainingConfig.learning_rates": {
        name: number(3, minimum=0, whole=True) for name in ("step", "count")
    },
    "training.TrainingConfig.replace": {name: ARGUMENTS[name] for name in ("epochs", "seed", "learning_rate")},
    "training.TrainingJob": {"config": optional(ARGUMENTS["config"])},
    "training.TrainingJob.remove_observer": {"observer": Argument(print)},
    "training.epoch_order": {
        "number": number(5, minimum=0, whole=True),
        "epoch": count(1),
        "shuffle": truth(True),
    },
    "training.training_loop": {
        "engine": thing(Made(lambda: job().engine), network()),
        "chunk_size": function(lambda left: 1),
        "callbacks": Argument((), (3, None, "text", [3], math.nan)),
    },
    "training.History": {
        "records": Argument((EpochRecord(1, 0.5, {}, 0.6, {}, 0.1, 1.0),), (3, None, "text", [3], {"a": 1}, True)),
        "batch_losses": Argument([0.5, math.nan], (3.0, None, "text", ["a"], [[1.0], [2.0]], {}, [1j])),
        "config": optional(ARGUMENTS["config"]),
        "stop_reason": text(""),
    },
    "training.diagnosis.diagnose": {},
    "diagnose": {"data": optional(ARGUMENTS["data"])},
    "plots.answers_over_plane": {
        "models": dictionary({"one": lambda x: x[:, 0] > 0}, {}, {"one": 3}),
        "x": array(X[:, :2], alone=False),
        "y": labels(LABELS % 2, 2),
        **{name: Argument(("a", "b"), (3, "ab", ("a",), (1, 2), [], {}, None, ("a", "b", "c")))
           for name in ("class_names", "axis_names")},
    },
    "Report": {"part": choice("validation", ("validation", "test"))},
    "Report.save_html": {"path": path(Made(lambda: folder() / "r.html"), "no/such/folder/r.html", ".")},
    "show": {"things": Argument(activations.get, (), names=("show",)), "docstring": truth(False)},
    "figure_summary": {},
    "plots.figure_summary": {"figure": thing(Made(lambda: picture()[1]))},
    "plots.to_figure": {"chart": thing(Made(lambda: picture()[0]))},
    "plots.value_graph": {"result": thing(Made(lambda: value_of(0.5)), autodiff.Value(1.0))},
    "plots.training_curves": {
        "runs": dictionary(CURVES, {}, {"loss": []}, {"loss": "text"}, {"a": {}}, {"a": {"acc": [1]}},
            {"loss": [[1.0]]}, {"loss": [None]}, names=("runs", "history", "run ")),
        "quantities": Argument(("loss",), (3, "loss", ["los"], [3], [], {}, [None], True, math.nan)),
        "best_epoch": number(1, minimum=1, maximum=3, whole=True, optional=True),
        "loss_scale": choice("linear", ("linear", "log")),
    },
    "plots.confusion_matrix": {"y_true": CLASS_LABELS, "y_pred": CLASS_LABELS},
    "plots.predicted_against_true": {
        "y_true": array(X[:, 0], width=False),
        "y_pred": array(X[:, 1], width=False),
        "name": text("target"),
        "unit": text("mm"),
    },
    "plots.sample_images": {
        "x": array(IMAGES, width=False, any_shape=True),
        "y": labels(LABELS, None, none=True),
        "predictions": labels(LABELS, None, none=True),
        "*": {"y": LABELS},
    },
    "plots.weights_as_images": {
        "kernel": array(X[:4], any_shape=True),
        "image_shape": optional(shape((2, 2))),
        "units": Argument([0, 1], (3, "text", [4], [-1], [0.5], ["0"], [], [None], True, math.nan)),
    },
    "plots.Chart": {
        "panels": Argument(Made(lambda: picture()[0].panels), (None, 3, "text", [], ["panel"], {}, True)),
        "summary": text("A line.", empty=False),
        "width": rate(300.0),
        "height": rate(300.0),
        "columns": count(optional=True),
        "shares": Argument((1.0,), (3, "text", [0], [-1.0], ["a"], [math.nan], [1.0, 1.0], True)),
    },
    "plots.Panel": {
        "marks": Argument((), (None, 3, "text", ["line"], [3], True)),
        **{name: text("word") for name in ("x_label", "y_label")},
        **{f"{axis}_range": Argument((0.0, 1.0), RANGES) for axis in "xy"},
        **{f"{axis}_scale": choice("linear", ("linear", "log")) for axis in "xy"},
        **{f"{axis}_ticks": Argument(((0.0, "0"),), (3, "text", [3], [("a", 0)], True)) for axis in "xy"},
        **{name: truth(True) for name in ("axes", "equal", "legend")},
    },
    "Quiz": {
        "choices": Argument(QUIZ[1], TEXTS),
        "explanations": Argument(QUIZ[3], (None, 3, "text", [], ["only one"], [1, 2], {}, True)),
        "answer": Argument(1, (-1, 2, 1.5, "5", "qqq", True, [], math.nan, object())),
    },
    "Quiz.choose": {"choice": Argument(1, (-1, 2, 1.5, "5", "qqq", "C", True, [], math.nan, None, {}))},
    "Quiz.predict": {"choices": Argument(QUIZ[1], TEXTS)},
    "labs.TrainingLab": {"goal": Argument({"at_least": 0.9}, (3, "text", [], True, {1: 2}, {"at_least": 2}, {"metric": "acuracy"}, {"at_lest": 0.5},
        {"within_epochs": 0}, {"changing_only": 3}), (None,), names=("goal", "at_least", "metric", "within_epochs", "changing_only"))},
    "labs.TrainingLab.step": {"batches": count(1)},
    "exercises.check": {"answer": Argument(...)},
    "exercises.quiz": {"id": Argument("00.a", (None, 3, 0.1, "", "99.9", [], {}, True), misspelt=(("00a", "00.a"),))},
    "keras.builders.build_sequential_model": {**KERAS_SEED, "units": sizes((3, 2)), "activation": choice("relu", ("relu", "leaky_relu", "softplus"))},
    "keras.builders.build_cnn_model": {
        **KERAS_SEED,
        "input_shape": shape((4, 4, 1)), "filters": sizes((2, 2)),
        "activation": choice("relu", ("relu", "leaky_relu", "softplus")),
    },
    "keras.builders.build_rnn_model": {"input_shape": shape((3, 2)), "units": sizes((3,)), **KERAS},
    "keras.builders.build_language_model": KERAS_SEED,
    "keras.builders.build_transformer_model": {"input_shape": shape((3, 2)), **KERAS},
    "keras.saving.save_model": {
        "model": thing(Made(keras_model), network()),
        "path": path(Made(lambda: folder() / "m.keras"), "m.h5", "m.pkl", "m", "no/such/folder/m.keras"),
    },
    "keras.saving.load_model": {"path": path(Made(lambda: saved("model")), "m.h5", "m", "no/such/m.keras")},
    "keras.convert.from_keras": {"model": thing(Made(keras_model), network())},
}  # fmt: skip


# class -> an instance ready for its methods, where calling the class is not enough
INSTANCES = {
    Network: network,
    TrainingJob: job,
    TrainingConfig: TrainingConfig,
    datasets.Data: lambda: datasets.Data(X, LABELS, X, LABELS, X, LABELS),
    Report: lambda: Report(network(), data(), CURVES),
    Quiz: lambda: Quiz(*QUIZ),
}


def _seen(layer):
    layer.forward(np.ones((6, *LAYER_INPUTS.get(type(layer).__name__, (4,))), "float32"))
    return layer


def instance_of(owner):
    """Return an instance of a class, ready for its methods."""
    if owner in INSTANCES:
        return INSTANCES[owner]()
    if issubclass(owner, Lab):
        return owner()
    made = owner(**good_arguments(Callable(f"{_place(owner)}.{owner.__name__}", owner)))
    if isinstance(made, layers.Layer):
        _seen(made)
    if isinstance(made, optimizers.Optimizer):
        made.apply(GRADIENTS, {"w": PARAMETERS["w"].copy()})
    return made


def _place(owner):
    return owner.__module__.removeprefix("dlkit.")


@functools.cache
def arguments_for(each):
    """Return name -> `Argument` for a public callable; raise ``KeyError`` for what nobody gave."""
    own = {**_family(each), **SPECIAL.get(each.name, {})}
    found = {}
    for name, parameter in each.parameters().items():
        if name in own:
            found[name] = own[name]
        elif parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
            found |= {extra: own[extra] for extra in own if extra != "*"}
        elif name.endswith("_initializer"):
            found[name] = INITIALIZER
        elif name.endswith("_regularizer"):
            found[name] = REGULARIZER
        else:
            found[name] = ARGUMENTS[name]
    return {name: found[name] for name in found if name in each.parameters() or each.open_ended}


def good_arguments(each):
    """Return good values for the arguments that a callable needs, fresh for this call."""
    given = dict(SPECIAL.get(each.name, {}).get("*", {}))
    for name, argument in arguments_for(each).items():
        parameter = each.parameters().get(name)
        if parameter is not None and parameter.default is parameter.empty:
            given.setdefault(name, fresh(argument.good))
    return given


def fresh(value):
    """Return a good value for one call; arrays are copied."""
    if isinstance(value, Made):
        return value.make()
    return value.copy() if isinstance(value, np.ndarray) else value
