"""How each fault is planted: a draw of a description, and of its control, for every label."""

import copy

import numpy as np
from gallery_data import IMAGES, NUMBERS

HARD = ("spirals", "lattice", "roll", "xor", "circles", "shells")  # no straight border helps
SHORT = ("digits", "wine", "iris", "breast_cancer", "blobs", "stripes", "tilted", "diabetes")


def plain(name, seed, random, epochs=None):
    """Describe a run that should go well: all choices but the data set are drawn."""
    optimizer = str(random.choice(["adam", "adam", "nadam", "rmsprop", "momentum", "sgd"]))
    low, high = {
        "adam": (0.001, 0.01),
        "nadam": (0.001, 0.01),
        "rmsprop": (0.0007, 0.004),
        "momentum": (0.01, 0.04),
        "sgd": (0.03, 0.2),
    }[optimizer]
    if name in HARD and optimizer in ("adam", "nadam", "rmsprop"):
        low, high = 2 * low, 1.5 * high
    units = [[32], [64], [32, 32], [64, 32], [24, 24, 24]][random.integers(5)]
    if epochs is None:
        epochs = int(random.integers(10, 26) if name in SHORT else random.integers(25, 61))
    stopping = bool(random.random() < 0.4)
    return {
        "engine": "numpy",
        "dataset": name,
        "seed": int(seed),
        "data": {},
        "model": {
            "units": units,
            "activation": str(random.choice(["relu", "relu", "tanh", "gelu", "elu"])),
            "kernel_initializer": str(random.choice(["glorot_uniform", "he_normal"])),
            "dropout_rate": float(random.choice([0, 0, 0, 0.1])),
            **({"filters": 4} if name in IMAGES and random.random() < 0.15 else {}),
        },
        "config": {
            "epochs": epochs,
            "batch_size": int(random.choice([16, 32, 32, 64])),
            "learning_rate": _log(random, low, high),
            "optimizer": optimizer,
            "early_stopping": stopping,
            **({"patience": int(random.choice([5, 8]))} if stopping else {}),
        },
    }


def healthy(name, seed, random):
    return plain(name, seed, random), {}


def good_fit_reached_early(name, seed, random):
    spec = plain(name, seed, random, int(random.integers(50, 90)))
    rate = _short(1.5 * spec["config"]["learning_rate"])
    spec["config"].update(early_stopping=False, batch_size=16, learning_rate=rate)
    if random.random() < 0.6:
        spec["config"]["weight_decay"] = _log(random, 0.002, 0.03)
    return spec, {}


def overfitting(name, seed, random):
    spec = plain(name, seed, random, int(random.integers(40, 90)))
    kind = random.integers(3)
    if kind == 0:
        spec["data"] = {"few": int(random.integers(20, 60))}
    elif kind == 1:
        spec["data"] = {"noise": float(random.choice([0.3, 0.5, 0.8]))}
    else:
        spec["data"] = {"few": int(random.integers(60, 120)), "noise": 0.25}
    spec["model"].update(units=[[128], [96, 64], [128, 64]][random.integers(3)], dropout_rate=0.0)
    spec["config"].update(early_stopping=False, batch_size=16)
    if random.random() < 0.3:
        spec["config"].update(early_stopping=True, patience=int(random.choice([8, 12])))
    return spec, {}


def underfitting(name, seed, random):
    spec = plain(name, seed, random, int(random.integers(35, 60)))
    spec["config"].update(early_stopping=False, optimizer="adam", batch_size=16)
    spec["config"]["learning_rate"] = _log(random, 0.006, 0.03)
    spec["model"].update(dropout_rate=0.0, filters=0, kernel_initializer="glorot_uniform")
    control = {"model": {"units": [48, 48], "dropout_rate": 0.0, "l2": 0.0}}
    kind = random.integers(4)
    if kind <= 1:
        spec["model"]["units"] = [[], [1], [2], [2, 2]][random.integers(4)]
    elif kind == 2:
        spec["model"].update(l2=_log(random, 0.005, 0.08), units=[[16], [32]][random.integers(2)])
    else:
        units = [[8], [12], [16, 16]][random.integers(3)]
        spec["model"].update(dropout_rate=float(random.choice([0.5, 0.6, 0.7])), units=units)
    return spec, control


def unstable(name, seed, random):
    spec = plain(name, seed, random, int(random.integers(20, 40)))
    spec["config"].update(early_stopping=False, batch_size=int(random.choice([8, 16, 32])))
    rate = spec["config"]["learning_rate"]
    spec["config"]["learning_rate"] = _short(rate * _log(random, 5, 60))
    return spec, {"config": {"learning_rate": rate}}


def diverging(name, seed, random):
    spec = plain(name, seed, random, int(random.integers(12, 30)))
    optimizer = str(random.choice(["sgd", "momentum", "adam", "rmsprop"]))
    low, high = (0.3, 20) if optimizer in ("adam", "rmsprop") else (0.5, 30)
    rate = _log(random, low, high)
    spec["config"].update(optimizer=optimizer, learning_rate=rate, early_stopping=False)
    spec["model"]["activation"] = str(random.choice(["relu", "elu", "gelu", "leaky_relu"]))
    return spec, {"config": {"learning_rate": _short(rate / 100)}}


def not_learning(name, seed, random):
    spec = plain(name, seed, random, int(random.integers(8, 30)))
    spec["data"] = [{"shuffled": True}, {"empty": True}][random.integers(2)]
    spec["model"]["units"] = [[], [4], [8], [4, 4]][random.integers(4)]
    if random.random() < 0.5:
        spec["model"].update(l2=_log(random, 0.003, 0.03))
    rate = spec["config"]["learning_rate"]
    spec["config"].update(early_stopping=False, batch_size=64, learning_rate=_short(rate / 2))
    return spec, {"data": {}}


def vanishing_gradients(name, seed, random):
    spec = plain(name, seed, random, int(random.integers(10, 30)))
    kind = random.integers(3)
    depth, width = int(random.integers(5, 9)), int(random.choice([16, 24, 32]))
    spec["model"].update(units=[width] * depth, dropout_rate=0.0, filters=0)
    if kind == 0:
        spec["model"]["activation"] = "sigmoid"
    else:
        spec["model"].update(
            activation=str(random.choice(["tanh", "relu", "sigmoid"])),
            kernel_initializer=_log(random, 0.003, 0.06),
        )
    spec["config"]["early_stopping"] = False
    control = {
        "units": [width] * 2,
        "activation": "relu",
        "kernel_initializer": "he_normal",
    }
    return spec, {"model": control}


def exploding_gradients(name, seed, random):
    spec = plain(name, seed, random, int(random.integers(10, 25)))
    depth, width = int(random.integers(3, 7)), int(random.choice([24, 32, 48]))
    spec["model"].update(
        units=[width] * depth,
        activation=str(random.choice(["relu", "elu", "leaky_relu", "gelu"])),
        kernel_initializer=_log(random, 0.4, 1.2),
        dropout_rate=0.0,
        filters=0,
    )
    spec["config"].update(early_stopping=False, optimizer=str(random.choice(["adam", "rmsprop"])))
    spec["config"]["learning_rate"] = _log(random, 0.0005, 0.005)
    return spec, {"model": {"kernel_initializer": "he_normal"}}


def dead_relu(name, seed, random):
    spec = plain(name, seed, random, int(random.integers(10, 30)))
    depth, width = int(random.integers(1, 4)), int(random.choice([16, 32, 64]))
    spec["model"].update(activation="relu", units=[width] * depth, filters=0, dropout_rate=0.0)
    spec["config"]["early_stopping"] = False
    kind = random.integers(3)
    if kind == 0:
        bias = -_log(random, 1, 8)
        spec["model"]["bias"] = _short(bias)
        return spec, {"model": {"bias": 0.0}}
    if kind == 1:
        spec["data"] = {"shift": float(random.choice([-1, 1])) * _log(random, 5, 50)}
        return spec, {"data": {}}
    optimizer = str(random.choice(["adam", "sgd", "momentum"]))
    rate = _log(random, 0.1, 1.0) if optimizer == "adam" else _log(random, 0.4, 3.0)
    spec["config"].update(optimizer=optimizer, learning_rate=rate)
    return spec, {"config": {"learning_rate": _short(rate / 50)}}


def learning_rate_too_low(name, seed, random):
    spec = plain(name, seed, random, int(random.integers(10, 31)))
    rate = _short(spec["config"]["learning_rate"] / _log(random, 15, 200))
    spec["config"].update(learning_rate=rate, early_stopping=False)
    return spec, {"config": {"learning_rate": _short(rate * 10)}}


PLANTS = {
    plant.__name__: plant
    for plant in (
        healthy,
        good_fit_reached_early,
        overfitting,
        underfitting,
        unstable,
        diverging,
        not_learning,
        vanishing_gradients,
        exploding_gradients,
        dead_relu,
        learning_rate_too_low,
    )
}
"""Label -> function(data set, seed, random) -> (description, what the control has otherwise)."""


def suits(label, name):
    """Whether a fault can take effect on a data set at all."""
    if label == "underfitting":
        return name not in ("and", "blobs", "iris", "wine", "breast_cancer", "tilted", "diabetes")
    if label in ("dead_relu", "vanishing_gradients"):
        return name != "diabetes"  # its controls explain half of it only
    return not (label == "good_fit_reached_early" and name in ("diabetes", "spirals", "roll"))


def changed(spec, changes):
    """Return a description with some settings replaced; ``data`` is replaced as a whole."""
    new = copy.deepcopy(spec)
    for place, values in changes.items():
        new[place] = {**values} if place == "data" else {**new[place], **values}
    return new


def loss_of(name):
    """Return "regression" or "classification"."""
    return "regression" if name in NUMBERS else "classification"


def _log(random, low, high):
    return _short(np.exp(random.uniform(np.log(low), np.log(high))))


def _short(value):
    return float(f"{value:.3g}")
