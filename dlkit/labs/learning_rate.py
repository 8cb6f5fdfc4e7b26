"""LearningRateLab: the range test, every schedule drawn, and what it does to real runs."""

from dlkit import datasets
from dlkit.display.controls import button, menu, slider, stops
from dlkit.display.numbers import percent
from dlkit.labs.background import BackgroundLab
from dlkit.labs.learning_rate_model import (
    NAMES,
    RateSettings,
    first_runs,
    range_test,
    runs_by_epoch,
)
from dlkit.labs.learning_rate_picture import learning_rate_chart
from dlkit.labs.learning_rate_words import dlkit_program, keras_program, sentence, titles
from dlkit.labs.sweep_words import OPTIMIZERS

FAILS, WORKS = 0.8, 0.95
_LOWEST, _HIGHEST = 0.0001, 3.0


class LearningRateLab(BackgroundLab):
    """Find a learning rate, choose how it changes over a run, and see whether that helps.

    Parameters
    ----------
    challenge : str, optional
        What the learner should try.
    **values
        Opening values of the controls: ``dataset depth optimizer batch_size epochs learning_rate
        schedule warm_up end reference``.

    Examples
    --------
    >>> lab = LearningRateLab(schedule="OneCycle")   # doctest: +SKIP
    >>> lab.run(); lab.wait()                        # doctest: +SKIP
    >>> print(lab.summary())                         # doctest: +SKIP
    """

    title = "Learning-rate lab"
    question = "How long should a step be, and should it stay as long throughout the run?"
    challenge = (
        f"On the digits, rescue a run: choose a learning rate at which networks with a constant rate "
        f"stay below {percent(FAILS)}, and a schedule with the same highest rate that brings the mean of the "
        f"five seeds above {percent(WORKS)}."
    )
    start_help = (
        "Trains five networks with the schedule and five to compare them with, from the same initial "
        "weights and with the same batches."
    )

    def control_groups(self):
        return {
            "Network": {
                "dataset": menu(
                    "digits", [(name.replace("_", " "), name) for name in datasets.DATASETS],
                    label="data set", help="What is learnt.",
                ),
                "depth": stops(
                    3, (1, 3, 6), label="hidden layers",
                    help="Layers of 32 ReLU units between input and output.",
                ),
                "optimizer": menu(
                    "adam", [(name, name) for name in OPTIMIZERS], label="optimizer",
                    help="The rule that turns gradients into steps.",
                ),
                "batch_size": stops(
                    128, (16, 32, 64, 128, 256), label="batch size",
                    help="Samples a step; larger batches, fewer steps in an epoch.",
                ),
                "epochs": stops(
                    8, (5, 8, 10, 20), label="epochs", help="Passes through the training data.",
                ),
            },
            "Learning rate": {
                "learning_rate": slider(
                    0.03, _LOWEST, _HIGHEST, logarithmic=True, label="highest rate",
                    help="The top of the schedule, and the rate of constant runs.",
                ),
                "schedule": menu(
                    "CosineAnnealing", [(name, name) for name in NAMES], label="schedule",
                    help="How the rate changes from step to step.",
                ),
                "warm_up": stops(
                    0.1, [(percent(share), share) for share in
                          (0.0, 0.05, 0.1, 0.2, 0.3, 0.5)],
                    label="warm-up",
                    help="Share of the steps in which the rate rises from 0 before the schedule begins.",
                ),
                "end": stops(
                    0.01, [("1/1000", 0.001), ("1/100", 0.01), ("1/10", 0.1), ("1/2", 0.5)],
                    label="ends at", unit="of top",
                    help="The rate after the last step as a share of the highest (not for Constant; "
                    "OneCycle ends at a twenty-fifth at most).",
                ),
                "reference": menu(
                    "constant",
                    [("constant rate", "constant"), ("same without warm-up", "no_warm_up")],
                    label="compared with",
                    help="What the other five networks do.",
                ),
            },
        }  # fmt: skip

    def prepare(self):
        super().prepare()
        settings = self._settings()
        opening = settings == RateSettings()
        self.runs = first_runs(settings) if opening else None
        self._tested = {settings.tested: range_test(*settings.tested)} if opening else {}

    def buttons(self):
        return [
            button(
                "Range test", lambda: self.guard(self.range_test), name="range-test",
                help="A short run whose rate grows with every batch, from 0.00001 to 10.",
            ),
            button(
                "Use suggestion", lambda: self.guard(self.use_suggestion), name="use-suggestion",
                help="Sets the highest rate to what the range test suggests.",
            ),
            *super().buttons(),
        ]  # fmt: skip

    def range_test(self):
        """Do the range test of the present network; it takes a moment.

        Returns
        -------
        LearningRateRange
        """
        settings = self._settings()
        found = range_test(*settings.tested)
        self._tested = {settings.tested: found}
        self.say("")
        self.refresh()
        return found

    def use_suggestion(self):
        """Set the highest rate to the suggestion of the range test; do the test first if needed."""
        found = self.tested or self.range_test()
        if found.suggestion is None:
            self.say("The loss never fell, so there is nothing to suggest.")
            return
        suggested = float(f"{found.suggestion:.2g}")  # as it is shown
        self.controls.learning_rate.value = min(max(suggested, _LOWEST), _HIGHEST)

    @property
    def tested(self):
        """The range test of the present network, or None if it was not done yet."""
        return self._tested.get(self._settings().tested)

    def _work(self, settings):
        settings = RateSettings.among(settings)
        self.runs = None
        self._tested = {settings.tested: range_test(*settings.tested)}
        yield
        for runs in runs_by_epoch(settings):
            self.runs = runs
            yield

    def changed(self, name):
        if self.running:
            self.say("The new settings take effect with the next Start.")
        elif self.runs is not None and self.runs.settings != self._settings():
            made = self.runs.settings
            self.say(
                f"The two lower panels still show {made.schedule} at {made.learning_rate:.4g}. Press "
                "Start for the new settings."
            )

    def chart(self):
        settings, tested, runs = self._settings(), self.tested, self.runs
        words = sentence(settings, tested, runs)
        return learning_rate_chart(settings, tested, runs, titles(settings, tested, runs), words)

    def met(self):
        runs = self.runs
        if runs is None or runs.epochs < runs.settings.epochs:
            return False
        if runs.settings.dataset != "digits" or runs.settings.reference != "constant":
            return False
        scheduled, compared = (ends.mean() for ends in runs.ends("val_accuracy"))
        return bool(scheduled > WORKS and compared < FAILS)

    def _settings(self):
        return RateSettings.among(self.controls.values())

    def dlkit_code(self):
        return dlkit_program(self._settings())

    def keras_code(self):
        return keras_program(self._settings())
