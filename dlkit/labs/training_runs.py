"""The runs that a training lab keeps, what made them, and how two of them differ."""

from dataclasses import dataclass

from dlkit.display.numbers import percent
from dlkit.labs.architectures import ARCHITECTURES
from dlkit.labs.training_chart import Run
from dlkit.training.config import TrainingConfig

VIEW = ("pace", "overlay", "compare", "view", "script")
"""Controls that say how one looks at a run, not what it is."""

KEPT = 5
"""So many runs can be told apart in one picture."""

_CONFIGURED = ("epochs", "learning_rate", "batch_size", "optimizer", "early_stopping", "seed")


@dataclass(frozen=True)
class KeptRun:
    """A run that has ended, with the settings that made it.

    Parameters
    ----------
    number : int
        Counted from 1.
    settings : dict
        Values of the controls when it was started.
    history : History
        Its numbers.
    diagnosis : str
        The label of its diagnosis.
    drawn : Run
        The same, ready to be drawn.
    """

    number: int
    settings: dict
    history: object
    diagnosis: str
    drawn: Run

    @property
    def best_loss(self):
        """Validation loss of the best epoch; None without one."""
        return _at_best(self.history, "val_loss")

    @property
    def best_accuracy(self):
        """Validation accuracy in that epoch; None without one."""
        return _at_best(self.history, "val_accuracy")


def config_of(settings):
    """Return the `TrainingConfig` of the values of the controls."""
    chosen = {name: settings[name] for name in _CONFIGURED}
    return TrainingConfig(**chosen, record_layers=True)  # the diagnosis looks at the layers, too


def job_key(settings):
    """Return what a model is built from: runs that agree in it share one."""
    return tuple(settings[name] for name in ("dataset", "architecture", "engine", "seed"))


def made_by(settings):
    """Return the settings that decide a run, without those of how one looks at it."""
    return {name: value for name, value in (settings or {}).items() if name not in VIEW}


def reference(runs, which):
    """Return the run to compare with, or None if there is none.

    Parameters
    ----------
    runs : sequence of KeptRun
        The earlier runs on the same data, oldest first.
    which : str
        ``"previous"``, ``"best"`` (lowest validation loss) or ``"first"``.

    Returns
    -------
    KeptRun or None
    """
    if not runs:
        return None
    if which == "best":
        return min(runs, key=lambda run: _number(run.best_loss))
    return runs[-1 if which == "previous" else 0]


def differences(settings, others):
    """Return the names of the settings in which two runs differ."""
    mine, theirs = made_by(settings), made_by(others)
    return [name for name in mine if mine[name] != theirs.get(name)]


def comparison(run, other):
    """Say in words what differs between two runs: settings, and how good they became.

    Parameters
    ----------
    run, other : KeptRun

    Returns
    -------
    str
    """
    names = differences(run.settings, other.settings)
    words = f"Run {run.number} against run {other.number}: "
    words += _settings_in_words(run, other, names) + _results_in_words(run, other)
    if names == ["seed"]:
        return words + " Only the seed differs: so much is chance."
    if len(names) == 1:
        name = names[0].replace("_", " ")
        return words + f" Only the {name} differs, so (for this seed) it is the cause."
    if names:
        return words + " Several settings differ, so this cannot tell which of them did it."
    return words


def setting_in_words(name, value):
    """Return a value of a control as the learner reads it."""
    if name == "architecture":
        return ARCHITECTURES[value].label
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:.4g}" if isinstance(value, float) else str(value).replace("_", " ")


def _settings_in_words(run, other, names):
    if not names:
        return "the same settings."
    parts = [
        f"{name.replace('_', ' ')} {setting_in_words(name, run.settings[name])} instead of "
        f"{setting_in_words(name, other.settings[name])}"
        for name in names
    ]
    return ", ".join(parts) + "."


def _results_in_words(run, other):
    mine, theirs = run.best_loss, other.best_loss
    if mine is None or theirs is None:
        return ""
    words = (
        f" Its best validation loss is {mine:.3g} (epoch {run.history.best_epoch}) instead of "
        f"{theirs:.3g} (epoch {other.history.best_epoch})"
    )
    words += f", {_change(mine, theirs)}"
    if run.best_accuracy is not None and other.best_accuracy is not None:
        points = 100 * (run.best_accuracy - other.best_accuracy)
        how = "more" if points > 0 else "less"
        words += (
            f"; the validation accuracy then is {percent(run.best_accuracy, 1)} instead of "
            f"{percent(other.best_accuracy, 1)}"
        )
        words += f", {abs(points):.1f} points {how}" if abs(points) >= 0.05 else ", the same"
    return words + "."


def _change(mine, theirs):
    share = 100 * (mine - theirs) / theirs if theirs > 0 else 0.0
    if abs(share) < 0.5:
        return "the same"
    return f"{abs(share):.0f} % {'higher' if share > 0 else 'lower'}"


def _at_best(history, name):
    values, best = history.history.get(name), history.best_epoch
    return values[best - 1] if values and best else None


def _number(value):
    return float("inf") if value is None else value
