"""The controls of LossLab."""

from dlkit.display.controls import menu, slider, toggle
from dlkit.labs.loss_words import MENU

_TASKS = (("a temperature", "regression"), ("snow or rain", "classification"))


def loss_controls():
    """Return group title -> field name -> widget."""
    kinds = [(label, name) for name, label in MENU.items()]
    return {
        "Two losses": {
            "task": menu("regression", _TASKS, label="predict", help="What the truth is made of."),
            "loss": menu(
                "mean_squared_error",
                kinds,
                label="loss",
                help="The blue, solid curve and line.",
            ),
            "against": menu(
                "mean_absolute_error",
                kinds,
                label="compare with",
                help="The orange, dashed curve and line.",
            ),
            "delta": slider(
                1,
                0.1,
                10,
                logarithmic=True,
                label="Huber's delta",
                help="Errors up to delta cost their square, larger ones grow in a straight line.",
            ),
            "label_smoothing": slider(
                0,
                0,
                0.5,
                step=0.01,
                label="label smoothing",
                help="Share of the truth that is spread evenly over the classes; the sparse "
                "cross-entropy has none.",
            ),
        },
        "One prediction": {
            "prediction": slider(
                4,
                -10,
                10,
                step=0.1,
                label="prediction",
                help="What the model says: a temperature in °C, or the logit z of snow.",
            ),
            "truth": slider(0, -5, 5, step=0.1, label="truth", unit="°C", help="What was so."),
            "yes": toggle(
                False, label="the truth is snow", help="With two classes: snow (1) or rain (0)."
            ),
            "from_logits": toggle(
                True,
                label="draw over the logit z",
                help="Or over the probability p = σ(z). Hinge takes z, so with it the curve is "
                "always over z.",
            ),
        },
        "The data": {
            "outliers": slider(
                3,
                0,
                8,
                whole=True,
                label="wrong points",
                help="Thermometers in the sun, or warm days noted as snow.",
            ),
            "distance": slider(
                12, 0, 12, step=0.5, label="wrong by", unit="°C", help="How far they lie off."
            ),
            "snow": slider(
                50,
                2,
                80,
                whole=True,
                label="days with snow",
                help="Of 100 days: the balance of the two classes.",
            ),
            "balance": toggle(
                False,
                label="class_weight: both weigh alike",
                help="Each day is weighted by 1 / the number of days of its class.",
            ),
            "seed": slider(
                0,
                0,
                50,
                whole=True,
                label="seed",
                help="Draws other measuring errors and days.",
            ),
        },
    }
