"""The controls of the overfitting lab."""

from dlkit.display.controls import menu, slider, stops, toggle
from dlkit.labs.overfitting_model import PROBLEMS

FULL_SPEED = 0.0
PACES = (("10/s", 10.0), ("50/s", 50.0), ("200/s", 200.0), ("full", FULL_SPEED))
_STRENGTHS = (
    ("0", 0.0), ("1e-5", 1e-5), ("3e-5", 3e-5), ("1e-4", 1e-4), ("3e-4", 3e-4), ("0.001", 1e-3),
    ("0.003", 3e-3), ("0.01", 1e-2), ("0.03", 3e-2), ("0.1", 0.1),
)  # fmt: skip


def control_groups():
    """Return group title -> field name -> widget."""
    opening = PROBLEMS["curve"].opening
    return {
        "Data": {
            "problem": menu(
                "curve",
                [(problem.label, name) for name, problem in PROBLEMS.items()],
                label="problem",
                help="What is learnt. A new problem brings settings with it that show the gap.",
            ),
            "samples": stops(
                opening["samples"],
                (10, 15, 20, 30, 50, 80, 150, 300, 800),
                label="training points",
                help="How many points the network learns from. The validation part stays the same.",
            ),
            "noise": slider(
                opening["noise"], 0, 0.6, step=0.02, label="noise",
                help="Standard deviation of the noise on the points; for digits the share of labels "
                "that are wrong. In training and validation alike.",
            ),
            "augmentation": stops(
                0,
                (0, 1, 3, 7, 15),
                label="changed copies",
                help="Augmentation: as many changed copies of each training point join it. Digits are "
                "shifted and turned a little; points are moved by noise of 0.1.",
            ),
            "seed": slider(
                0, 0, 20, whole=True, label="seed",
                help="Fixes the draw of the points, the initial weights and the batches.",
            ),
        },
        "Network": {
            "layers": slider(
                opening["layers"], 0, 4, whole=True, label="hidden layers",
                help="ReLU layers between input and output; with 0 the model is linear.",
            ),
            "width": stops(
                opening["width"],
                (2, 4, 8, 16, 32, 64, 128, 256),
                label="units per layer",
                help="How wide each hidden layer is.",
            ),
            "batch_normalization": toggle(
                False, label="batch normalization",
                help="Normalizes what leaves each hidden layer, by the mean and spread of the batch.",
            ),
        },
        "Remedies": {
            "dropout": slider(
                0, 0, 0.8, step=0.05, label="dropout",
                help="Share of the hidden units that is switched off at random in each step; none "
                "when a loss is measured.",
            ),
            "l1": stops(
                0.0, _STRENGTHS, label="L1",
                help="Price of each weight's size: drives weights that help little to 0.",
            ),
            "l2": stops(
                0.0, _STRENGTHS, label="L2",
                help="Price of each weight's square: keeps weights small.",
            ),
            "early_stopping": toggle(
                False, label="early stopping",
                help="Ends the run when the validation loss has not improved for a twentieth of the "
                "epochs (5 at least), and brings the best weights back.",
            ),
        },
        "Training": {
            "epochs": stops(
                opening["epochs"],
                (10, 20, 40, 60, 100, 200, 400, 600, 1000, 2000),
                label="epochs",
                help="Passes through the training points and their copies, in batches of 32.",
            ),
            "learning_rate": slider(
                opening["learning_rate"], 0.0001, 0.1, logarithmic=True, label="learning rate",
                help="Length of a step; the optimizer is Adam.",
            ),
            "pace": stops(
                200.0, PACES, label="pace", unit="epochs", help="Epochs per second, so that you can watch."
            ),
        },
    }  # fmt: skip
