"""The controls and the buttons of the training lab."""

from dlkit import datasets
from dlkit.display.controls import button, menu, slider, stops, toggle
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
                help="The layers of the network; 128-64-32 are the sizes of hidden layers, also with "
                "dropout or batch normalization. CNN, LSTM and Transformer need images.",
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
            "view": menu(
                "curves",
                [("loss and accuracy", "curves"), ("inside the layers", "layers")],
                label="picture",
                help="Loss and accuracy over the epochs; or gradient, step, dead units and weights "
                "of each layer.",
            ),
            "overlay": toggle(
                True, label="show earlier runs", help="Draws the runs before behind this one."
            ),
            "compare": menu(
                "previous",
                [
                    ("the run before", "previous"),
                    ("the best run", "best"),
                    ("the first run", "first"),
                ],
                label="compare with",
                help="Which earlier run on the same data this one is compared with, in words; it is "
                "drawn stronger than the others.",
            ),
            "script": menu(
                "dlkit",
                [("dlkit", "dlkit"), ("Keras", "keras")],
                label="script in",
                help="What Save script writes: a program in dlkit, which repeats the run to the "
                "digit, or one for Keras's own fit.",
            ),
        },
    }


def run_buttons(lab):
    """Return name -> button of everything that one can do with a run.

    Parameters
    ----------
    lab : RunningLab

    Returns
    -------
    dict of str to ipywidgets.Button
    """

    def made(label, action, help, main=False):
        return button(
            label, lambda: lab.guard(action), name=label.lower().replace(" ", "-"), main=main,
            help=help,
        )  # fmt: skip

    return {
        "start": made(
            "Start",
            lab.run,
            "Trains from the initial weights with the settings at the left.",
            main=True,
        ),
        "pause": made("Pause", lab.pause, "Holds after the present batch; press again to go on."),
        "step": made("Step", lab.step, "Trains one single batch, then waits."),
        "stop": made("Stop", lab.stop, "Ends the run after the present batch, with a report."),
        "rewind": made(
            "Rewind", lab.rewind, "Back to the same initial weights, before the first batch."
        ),
    }
