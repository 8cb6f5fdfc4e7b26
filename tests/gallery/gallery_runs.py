"""From a description of a run to the run: plain dictionaries in, `History` out."""

import numpy as np
from gallery_data import spoilt_data

from dlkit import initializers, layers
from dlkit.network import Network
from dlkit.training.config import TrainingConfig
from dlkit.training.job import TrainingJob

MODEL = {
    "units": [32],
    "filters": 0,  # of a convolution before the dense layers
    "activation": "relu",
    "kernel_initializer": "glorot_uniform",  # a name, or a number: the standard deviation
    "bias": 0.0,
    "dropout_rate": 0.0,
    "l2": 0.0,
}
"""What a model is like unless the description says otherwise."""


def data_of(spec):
    """Return the `Data` of a description."""
    return spoilt_data(spec["dataset"], spec["seed"], **spec["data"])


def network_of(spec, data):
    """Return the `Network` of a description."""
    model = {**MODEL, **spec["model"]}
    kernel, bias = _initializers(model)
    penalty = {"kernel_regularizer": _l2(model["l2"])}
    common = {"activation": model["activation"], "bias_initializer": bias, **penalty}
    stack = []
    if model["filters"]:
        stack.append(layers.Conv2D(model["filters"], 3, kernel_initializer=kernel, **common))
    if len(data.input_shape) > 1:
        stack.append(layers.Flatten())
    for units in model["units"]:
        stack.append(layers.Dense(units, kernel_initializer=kernel, **common))
        if model["dropout_rate"]:
            stack.append(layers.Dropout(model["dropout_rate"]))
    last = "softmax" if data.task_type == "classification" else "linear"
    stack.append(
        layers.Dense(data.output_dim, activation=last, kernel_initializer=kernel, **penalty)
    )
    return Network(stack, data.input_shape, seed=spec["seed"])


def keras_model_of(spec, data):
    """Return the same as a Keras model: built by dlkit, so its initial weights are the same."""
    return network_of(spec, data).to_keras()


def train(spec):
    """Train what a description describes, and return (history, data)."""
    data = data_of(spec)
    make = keras_model_of if spec["engine"] == "keras" else network_of
    config = TrainingConfig(**{"seed": spec["seed"], "record_layers": True, **spec["config"]})
    job = TrainingJob(make(spec, data), data, config)
    with np.errstate(all="ignore"):
        job.start()
        job.wait()
    return job.history, data


def _initializers(model):
    kernel = model["kernel_initializer"]
    if not isinstance(kernel, str):
        kernel = initializers.RandomNormal(stddev=kernel)
    return kernel, initializers.Constant(value=model["bias"])


def _l2(strength):
    from dlkit import regularizers

    return regularizers.L2(strength) if strength else None
