"""The parts of an exported script as Python text: data, model, configuration."""

import inspect
import json

import numpy as np

from dlkit import datasets, layers
from dlkit.network import Network
from dlkit.training.config import TrainingConfig

ARRAYS = ("x_train", "y_train", "x_validation", "y_validation", "x_test", "y_test")
WORDS = ("task_type", "name", "class_names", "feature_names", "target_name", "target_unit")


def data_code(data, seeds, file_name):
    """Return how a script gets the data: by name and seed, or from a file beside it.

    Parameters
    ----------
    data : Data
        What the run was trained on.
    seeds : sequence of int
        Which seeds to try first for a data set of the kit; then come 0 … 9.
    file_name : str
        What the file beside the script would be called.

    Returns
    -------
    str, dict or None
        The code, and the arrays of the file if it is needed.
    """
    makers = datasets.DATASETS | datasets.SEQUENCES
    maker = makers.get(getattr(data, "name", ""))
    if maker is not None:
        known = inspect.signature(maker).parameters
        forms = [{"flat": True}, {}] if "flat" in known else [{}]
        for seed in [*seeds, *range(10)] if "seed" in known else [None]:
            for form in forms:
                arguments = form if seed is None else {"seed": seed, **form}
                if _same(maker(**arguments), data):
                    given = "".join(f", {name}={value!r}" for name, value in arguments.items())
                    return f"data = datasets.get({data.name!r}{given})", None
    arrays = {name: getattr(data, name, None) for name in ARRAYS}
    arrays = {name: array for name, array in arrays.items() if array is not None}
    defaults = {"task_type": "classification", "target_name": "target"}
    words = {name: getattr(data, name, None) for name in WORDS}
    given = "".join(
        f", {name}={value!r}"
        for name, value in words.items()
        if value and value != defaults.get(name)
    )
    lines = (
        f"with np.load(FOLDER / {file_name!r}, allow_pickle=False) as arrays:",
        f"    data = Data(**arrays{given})",
    )
    return "\n".join(lines), arrays


def _same(made, data):
    for name in ARRAYS:
        mine, theirs = getattr(made, name), getattr(data, name, None)
        if (mine is None) != (theirs is None):
            return False
        if mine is not None and (mine.dtype != theirs.dtype or not np.array_equal(mine, theirs)):
            return False
    return made.task_type == data.task_type


def network_code(network, seeds, file_name):
    """Return how a script builds a network with these layers and these weights.

    Parameters
    ----------
    network : Network
        With the initial weights of the run.
    seeds : sequence of int
        Which seeds may have drawn them.
    file_name : str
        What the file beside the script would be called.

    Returns
    -------
    str, dict or None
        The code, and the weights of the file if no seed gives them.
    """
    config, weights = network.get_config(), network.get_weights()
    config = _without_usual_names(config)
    for seed in seeds:
        drawn = Network.from_config({**config, "seed": seed}).get_weights()
        if all(np.array_equal(drawn[name], weights[name]) for name in weights):
            return _network_text({**config, "seed": seed}), None
    lines = (
        _network_text(config),
        f"with np.load(FOLDER / {file_name!r}, allow_pickle=False) as arrays:",
        "    network.set_weights(dict(arrays))",
    )
    return "\n".join(lines), weights


def _without_usual_names(config):
    """Leave the names of layers out if the network would find the same ones by itself."""
    plain = {**config, "layers": [_nameless(each) for each in config["layers"]]}
    same = Network.from_config(plain).get_config()["layers"] == config["layers"]
    return plain if same else config


def _nameless(value):
    if isinstance(value, list):
        return [_nameless(each) for each in value]
    if isinstance(value, dict):
        is_layer = "layer_kind" in value
        return {
            key: _nameless(each) for key, each in value.items() if not (is_layer and key == "name")
        }
    return value


def _network_text(config):
    stack = "".join(f"        {_value(each)},\n" for each in config["layers"])
    shape = tuple(config["input_shape"])
    return (
        f"network = Network(\n    [\n{stack}    ],\n    input_shape={shape!r},\n"
        f"    seed={config['seed']!r},\n    dtype={config['dtype']!r},\n)"
    )


def _value(value):
    """Return a value of a layer's configuration as Python text; inner layers as calls."""
    if isinstance(value, list):
        return f"[{', '.join(_value(each) for each in value)}]"
    if not (isinstance(value, dict) and "layer_kind" in value):
        return repr(value)
    settings = dict(value)
    kind = settings.pop("layer_kind")
    known = inspect.signature(layers.LAYERS[kind]).parameters
    given = []
    for name, setting in settings.items():
        default = known[name].default if name in known else inspect.Parameter.empty
        default = list(default) if isinstance(default, tuple) else default
        if setting == default and type(setting) is type(default):
            continue
        given.append(f"{name}={_value(setting)}")
    return f"layers.{kind}({', '.join(given)})"


def config_code(config):
    """Return the configuration as Python text, defaults left out."""
    values = json.loads(config.to_json())
    defaults = json.loads(TrainingConfig().to_json())
    given = "".join(
        f"    {name}={value!r},\n" for name, value in values.items() if value != defaults[name]
    )
    return f"config = TrainingConfig(\n{given})" if given else "config = TrainingConfig()"
