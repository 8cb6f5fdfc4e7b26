"""What an argument takes that means the same wherever it stands: `ARGUMENTS`."""

import math

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
    shape,
    text,
    thing,
    truth,
)
from good_things import CURVES, LABELS, X, data, network

from dlkit import (
    activations,
    datasets,
    initializers,
    layers,
    losses,
    optimizers,
    regularizers,
    schedules,
)
from dlkit.network import Network
from dlkit.training import TrainingConfig


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
    "mask_zero": truth(True),
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


SCALAR_TOO = Argument((3, 4), tuple(bad for bad in shape((3,)).bad if bad not in ((), [])), ((), 3))
GENERATOR = Argument(Made(lambda: np.random.default_rng(0)), (3.5, "text", [], {}, True, object()))
