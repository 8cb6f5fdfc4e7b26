"""The two names of the older API that show something: a panel of settings, and the results."""

import ipywidgets as widgets
import numpy as np

from dlkit import checks
from dlkit.datasets import Data
from dlkit.display.controls import Controls, slider, stops, toggle
from dlkit.display.words import Words, display
from dlkit.pipeline import KINDS
from dlkit.report import Report


class DLConfig(widgets.VBox):
    """Four controls; read them as ``epochs``, ``batch_size``, ``learning_rate``, ``early_stopping``.

    Parameters
    ----------
    kind : {"sequential", "cnn", "rnn"}
        What will be trained.
    """

    def __init__(self, kind):
        checks.choice("kind", kind, KINDS)
        title = {"sequential": "multilayer perceptron", "cnn": "CNN", "rnn": "RNN"}[kind]
        fields = {
            "epochs": slider(
                50, 1, 500, whole=True, label="epochs", help="Passes through the training data."
            ),
            "batch_size": stops(
                32,
                (16, 32, 64, 128, 256),
                label="batch size",
                help="Samples whose gradients are averaged for one step.",
            ),
            "learning_rate": slider(
                0.001,
                0.0001,
                0.1,
                logarithmic=True,
                label="learning rate",
                help="Length of a step along the negative gradient.",
            ),
            "early_stopping": toggle(
                True,
                label="early stopping (patience 5)",
                help="Ends the run when the validation loss has not improved for five epochs, "
                "and brings the best weights back.",
            ),
        }
        self.kind, self.controls = kind, Controls({"Training": fields})
        super().__init__([widgets.HTML(f"<b>Training of the {title}</b>"), *fields.values()])

    epochs = property(lambda self: self.controls.epochs.value, doc="Whole number.")
    batch_size = property(lambda self: self.controls.batch_size.value, doc="Whole number.")
    learning_rate = property(lambda self: self.controls.learning_rate.value, doc="Float.")
    early_stopping = property(lambda self: self.controls.early_stopping.value, doc="True or False.")

    @property
    def value(self):
        """All four by name: ``train_dl_model(kind, ..., **config.value)`` takes them."""
        return self.controls.values()


def render_dl_config(kind="sequential"):
    """Return a panel with sliders for epochs, batch size, learning rate and early stopping.

    Parameters
    ----------
    kind : {"sequential", "cnn", "rnn"}
        What will be trained, for its title.

    Returns
    -------
    DLConfig
        A widget; ``.value`` is a dictionary of the four settings, and each is a property too.

    Raises
    ------
    ValueError
        If ``kind`` is unknown.
    """
    return DLConfig(kind)


def display_dl_training_results(history, predictions, y_test, task_type="classification"):
    """Show the curves of a run and its predictions against the truth; return the report.

    Parameters
    ----------
    history : History, Keras History, or mapping of lists
        The run; ``loss`` is needed.
    predictions : array_like, shape (samples, outputs) or (samples,)
        Probabilities or labels of the classes, or predicted targets.
    y_test : array_like, shape (samples,)
        The truth.
    task_type : {"classification", "regression"}

    Returns
    -------
    Report
        Shows its tables if it is the last value of a cell.

    Raises
    ------
    TypeError, ValueError
        If something does not fit.
    """
    y_test = checks.array("y_test", y_test, ndim=(1, 2))
    predictions = checks.array("predictions", predictions, ndim=(1, 2))
    checks.same_length(predictions=predictions, y_test=y_test)
    # the report of predictions never looks at the inputs
    x = np.zeros((len(y_test), 1))
    data = Data(x, y_test, x, y_test, x, y_test, task_type=task_type)
    wide = predictions.ndim == 2 and task_type == "classification"
    if wide and predictions.shape[1] > data.output_dim:  # a class that the test part lacks
        names = [str(label) for label in range(predictions.shape[1])]
        data = Data(x, y_test, x, y_test, x, y_test, class_names=names)
    report = Report(predictions, data, history, part="test")
    figure = report.figure()
    display(figure, plain="")
    display(Words(report.chart().summary))
    return report
