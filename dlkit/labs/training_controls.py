"""The controls of the training lab."""

from dlkit import datasets
from dlkit.display.controls import menu, slider, stops, toggle
from dlkit.labs.architectures import ARCHITECTURES

FULL_SPEED = 0.0
PACES = (("1/s", 1.0), ("5/s", 5.0), ("20/s", 20.0), ("100/s", 100.0), ("full", FULL_SPEED))
_OPTIMIZERS = ("sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "nadam")


def control_groups():
    """Return group title -> field name -> widget."""
    data_sets = [(name.replace("_", " "), name) for name in datasets.DATASETS]
    networks = [(entry.label, name) for name, entry in ARCHITECTURES.items()]
    return {
        "Data and network": {
            "dataset": menu(
                "digits",
                data_sets,
                label="data set",
                help="What is learnt. Digits are 1,797 real handwritten digits, 8×8 pixels.",
            ),
            "architecture": menu(
                "mlp_128_64_32",
                networks,
                label="architecture",
                help="The layers of the network; 128-64-32 are the sizes of hidden layers.",
            ),
            "engine": menu(
                "numpy",
                [("NumPy (dlkit's own)", "numpy"), ("Keras", "keras")],
                label="engine",
                help="Who computes: dlkit's readable NumPy code, or Keras on TensorFlow. "
                "Both start an MLP from the same weights.",
            ),
        },
        "Training": {
            "epochs": slider(
                20, 1, 500, whole=True, label="epochs", help="Passes through the training data."
            ),
            "learning_rate": slider(
                0.001,
                0.0001,
                0.1,
                logarithmic=True,
                label="learning rate",
                help="Length of a step along the negative gradient.",
            ),
            "batch_size": stops(
                32,
                (16, 32, 64, 128, 256),
                label="batch size",
                help="Samples whose gradients are averaged for one step.",
            ),
            "optimizer": menu(
                "adam",
                [(name, name) for name in _OPTIMIZERS],
                label="optimizer",
                help="The rule that turns gradients into steps.",
            ),
            "early_stopping": toggle(
                True,
                label="early stopping (patience 5)",
                help="Ends the run when the validation loss has not improved for five epochs, "
                "and brings the best weights back.",
            ),
            "seed": slider(
                0, 0, 20, whole=True, label="seed", help="Fixes initial weights and batches."
            ),
        },
        "View": {
            "pace": stops(
                100.0,
                PACES,
                label="pace",
                unit="batches",
                help="Batches per second, so that you can watch.",
            ),
            "overlay": toggle(
                True, label="show earlier runs", help="Draws the runs before behind this one."
            ),
        },
    }
