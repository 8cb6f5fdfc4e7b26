"""LossLab: every loss as a curve over the prediction, and which loss moves the fit how."""

from dlkit.display.lab import Lab
from dlkit.labs.loss_code import dlkit_program, keras_program
from dlkit.labs.loss_controls import loss_controls
from dlkit.labs.loss_curves import CROSSENTROPIES, REGRESSION, make_loss
from dlkit.labs.loss_data import COOLING
from dlkit.labs.loss_model import Data, measure
from dlkit.labs.loss_picture import loss_chart
from dlkit.labs.loss_shown import Shown
from dlkit.labs.loss_words import TO_CLASSES, TO_NUMBERS, sentence, table

_OF_NUMBERS = ("truth",)
_OF_CLASSES = ("label_smoothing", "yes", "from_logits", "snow", "balance")
_ENOUGH, _FAR, _NEAR = 4, 10.0, 1.0


class LossLab(Lab):
    """Compare two losses: as curves over one prediction, and by the lines that they fit.

    The data are made, so that the truth is known: thermometers on a mountain, some of them in the
    sun, or days with snow or rain, some of them noted wrongly.

    Parameters
    ----------
    challenge : str, optional
        What the learner should try.
    **values
        Opening values of the controls: ``task loss against delta label_smoothing from_logits truth
        yes prediction outliers distance snow balance seed``. A loss that needs two classes
        brings them with it.

    Examples
    --------
    >>> lab = LossLab(loss="huber", delta=0.5)                # doctest: +SKIP
    >>> lab.controls.outliers.value = 6                       # doctest: +SKIP
    >>> print(lab.summary())                                  # doctest: +SKIP
    """

    title = "Loss lab"
    question = "What does a loss ask for, and where does it put the line?"
    challenge = (
        "Predict a temperature. Put four or more thermometers in the sun, by 10 °C or more, and choose "
        "a loss (and its delta) whose blue line still finds the cooling of 6.5 °C per km, to within 1. "
        "On one mountain in four no loss does: then draw another with seed."
    )

    def __init__(self, *, challenge=None, **values):
        super().__init__(challenge=challenge, **values)
        self._switch_controls()

    def control_groups(self):
        """Return the controls, in groups."""
        return loss_controls()

    def prepare(self):
        """Make task and losses fit each other, whatever they were opened with."""
        if not {self.controls.loss.value, self.controls.against.value} <= set(REGRESSION):
            self.controls.task.value = "classification"

    def changed(self, name):
        """Let the task follow a loss that needs two classes, and the losses follow the task."""
        controls = self.controls
        with self.quietly():
            if name == "task":
                chosen = {controls.loss.value, controls.against.value}
                if controls.task.value == "classification" and chosen <= set(REGRESSION):
                    controls.loss.value = "binary_crossentropy"
                    controls.against.value = "mean_squared_error"
                elif controls.task.value == "regression" and not chosen <= set(REGRESSION):
                    controls.loss.value = "mean_squared_error"
                    controls.against.value = "mean_absolute_error"
                    self.say(TO_NUMBERS)
            elif name in ("loss", "against") and controls[name].value not in REGRESSION:
                if controls.task.value == "regression":
                    controls.task.value = "classification"
                    self.say(TO_CLASSES)
        self._switch_controls()

    def met(self):
        """Whether the blue line finds the planted cooling in spite of the outliers."""
        controls = self.controls
        if controls.task.value != "regression" or controls.outliers.value < _ENOUGH:
            return False
        if controls.distance.value < _FAR:
            return False
        return abs(self._measured(controls.loss.value).line.w - COOLING) <= _NEAR

    def chart(self):
        """Return the curves, the slopes, the fits and the pulls, with the sentence for them."""
        shown = self.shown()
        return loss_chart(shown, sentence(shown))

    def details(self):
        """Return the formulae of both losses and their numbers, as a table to unfold."""
        return table(self.shown())

    def dlkit_code(self):
        """Return a program in dlkit that computes the blue loss and its line."""
        return dlkit_program(self.shown())

    def keras_code(self):
        """Return a program in Keras that computes the blue loss and its line."""
        return keras_program(self.shown())

    def shown(self):
        """Return all that the picture shows, in numbers.

        Returns
        -------
        dlkit.labs.loss_shown.Shown
        """
        controls = self.controls
        names = (controls.loss.value, controls.against.value)
        classes = controls.task.value == "classification"
        over = "number"
        if classes:
            over = "logit" if controls.from_logits.value or "hinge" in names else "probability"
        delta, smoothing = controls.delta.value, controls.label_smoothing.value
        return Shown(
            curves=tuple(make_loss(name, delta, smoothing, over == "logit") for name in names),
            measured=tuple(self._measured(name) for name in names),
            data=self._data(),
            over=over,
            truth=float(controls.yes.value) if classes else float(controls.truth.value),
            logit=float(controls.prediction.value),
        )

    def _measured(self, name):
        controls = self.controls
        return measure(name, controls.delta.value, controls.label_smoothing.value, self._data())

    def _data(self):
        controls = self.controls
        common = (controls.task.value, controls.outliers.value, float(controls.distance.value))
        if controls.task.value == "regression":
            return Data(*common, seed=controls.seed.value)
        return Data(*common, controls.snow.value, controls.balance.value, controls.seed.value)

    def _switch_controls(self):
        """Hide what does not belong to the task, and switch off what has no effect."""
        controls = self.controls
        names = {controls.loss.value, controls.against.value}
        classes = controls.task.value == "classification"
        self.show_only(list(controls.groups()), without=_OF_NUMBERS if classes else _OF_CLASSES)
        controls.delta.disabled = "huber" not in names
        controls.label_smoothing.disabled = not names & set(CROSSENTROPIES[:2])
        controls.from_logits.disabled = "hinge" in names
