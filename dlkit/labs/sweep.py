"""SweepLab: a map of learning rates and batch sizes, a real network in every cell, each seed apart."""

from dlkit import datasets
from dlkit.display.controls import menu, slider, stops
from dlkit.labs.background import BackgroundLab
from dlkit.labs.sweep_model import (
    BATCH_SIZES,
    RATES,
    SweepSettings,
    first_map,
    sweep_by_epoch,
)
from dlkit.labs.sweep_picture import sweep_chart
from dlkit.labs.sweep_words import (
    OPTIMIZERS,
    cell_table,
    dlkit_program,
    keras_program,
    map_sentence,
)

GOAL, GOAL_BATCH, GOAL_EPOCHS = 0.965, 128, 10
_VIEW = ("metric", "learning_rate", "batch_size")


class SweepLab(BackgroundLab):
    """Train a network for every pair of learning rate and batch size, several seeds each.

    Parameters
    ----------
    challenge : str, optional
        What the learner should try.
    **values
        Opening values of the controls: ``dataset width epochs optimizer seeds metric
        learning_rate batch_size``.

    Examples
    --------
    >>> lab = SweepLab(optimizer="adam")        # doctest: +SKIP
    >>> lab.run(); lab.wait()                   # doctest: +SKIP
    >>> print(lab.summary())                    # doctest: +SKIP
    """

    title = "Sweep lab"
    question = (
        "Which learning rate belongs to which batch size, and how much of a difference is chance?"
    )
    challenge = (
        f"Large batches are fast, but they take few steps. On the digits, find a cell with batch size "
        f"{GOAL_BATCH} or 256 that reads at least {100 * GOAL:g} % (mean of three seeds or more) "
        f"after {GOAL_EPOCHS} epochs at most, and choose it."
    )
    start_help = (
        "Trains a network for every cell and seed, and fills the map epoch by epoch: a second or two "
        "as the lab opens, up to half a minute with more epochs, units and seeds."
    )

    def control_groups(self):
        return {
            "Every network": {
                "dataset": menu(
                    "digits", [(name.replace("_", " "), name) for name in datasets.DATASETS],
                    label="data set", help="What all of them learn.",
                ),
                "width": stops(
                    16, (4, 8, 16, 32, 64), label="hidden units",
                    help="Units in the one hidden layer (ReLU, He's initial weights).",
                ),
                "epochs": slider(
                    2, 1, 20, whole=True, label="epochs",
                    help="Passes through the training data. Small batches take more steps in each.",
                ),
                "optimizer": menu(
                    "sgd", [(name, name) for name in OPTIMIZERS], label="optimizer",
                    help="The rule that turns gradients into steps.",
                ),
                "seeds": stops(
                    3, (1, 3, 5), label="seeds",
                    help="Networks in each cell: other initial weights, other batches, all else equal.",
                ),
            },
            "The map": {
                "metric": menu(
                    "accuracy",
                    [
                        ("accuracy (or error)", "accuracy"),
                        ("validation loss", "val_loss"),
                        ("training loss", "loss"),
                        ("spread of the seeds", "spread"),
                    ],
                    label="colour",
                    help="What the cells show: mean ± standard deviation over the seeds, at each run's "
                    "best epoch. Dark is good (of spreads: wide). Vermillion frame: the best; dashed orange: the seeds "
                    "cannot tell it from the best; purple: your choice. One seed has no spread.",
                ),
            },
            "Your cell": {
                "learning_rate": stops(
                    0.1, [(f"{rate:g}", rate) for rate in RATES], label="learning rate",
                    help="Chooses the column of the purple cell; its runs are drawn at the right.",
                ),
                "batch_size": stops(
                    32, BATCH_SIZES, label="batch size",
                    help="Chooses the row of the purple cell.",
                ),
            },
        }  # fmt: skip

    def prepare(self):
        super().prepare()
        settings = self._settings()
        self.found = first_map(settings) if settings == SweepSettings() else None

    def _settings(self):
        return SweepSettings.among(self.controls.values())

    @property
    def cell(self):
        """Row and column of the chosen cell."""
        return (
            BATCH_SIZES.index(self.controls.batch_size.value),
            RATES.index(self.controls.learning_rate.value),
        )

    def _work(self, settings):
        self.found = None
        for found in sweep_by_epoch(SweepSettings.among(settings)):
            if found is not None:
                self.found = found
            yield

    def changed(self, name):
        if name in _VIEW:
            return
        if self.running:
            self.say("The new settings take effect with the next Start.")
        elif self.found is not None and self.found.settings != self._settings():
            self.say("The map still shows the last sweep. Press Start for the new settings.")

    def chart(self):
        return sweep_chart(self.found, self.controls.metric.value, self.cell, self._words())

    def details(self):
        return cell_table(self.found, self.cell)

    def met(self):
        found, (row, column) = self.found, self.cell
        if found is None or not found.done or BATCH_SIZES[row] < GOAL_BATCH:
            return False
        settings = found.settings
        if settings.dataset != "digits" or settings.epochs > GOAL_EPOCHS or settings.seeds < 3:
            return False
        return bool(found.statistics("accuracy")[0][row, column] >= GOAL)

    def _words(self):
        return map_sentence(self.found, self.controls.metric.value, self.cell)

    def dlkit_code(self):
        return dlkit_program(self._settings(), self.cell)

    def keras_code(self):
        return keras_program(self._settings(), self.cell)
