"""The labs: sliders at the left, a picture at the right, and words beneath it.

Each is imported when its name is first used. To add one, write ``dlkit/labs/<name>.py`` and name
it in the table.
"""

from importlib import import_module

_LAZY = {
    "NeuronLab": "dlkit.labs.neuron",
    "ActivationLab": "dlkit.labs.activation",
    "LossLab": "dlkit.labs.loss",
    "BackpropLab": "dlkit.labs.backprop",
    "OptimizerLab": "dlkit.labs.optimizer",
    "TrainingLab": "dlkit.labs.training",
    "RecurrentLab": "dlkit.labs.recurrent",
    "OverfittingLab": "dlkit.labs.overfitting",
    "SweepLab": "dlkit.labs.sweep",
    "LearningRateLab": "dlkit.labs.learning_rate",
    "AttentionLab": "dlkit.labs.attention",
    "ConvolutionLab": "dlkit.labs.convolution",
}

__all__ = list(_LAZY)


def __getattr__(name):
    if name not in _LAZY:
        raise AttributeError(f"module 'dlkit.labs' has no attribute {name!r}")
    found = getattr(import_module(_LAZY[name]), name)
    globals()[name] = found
    return found


def __dir__():
    return sorted(__all__)
