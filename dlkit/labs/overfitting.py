"""OverfittingLab: a network, few noisy points, and every remedy against learning them by heart."""

import functools
from pathlib import Path

from dlkit import checks
from dlkit.datasets import Data
from dlkit.display.controls import button
from dlkit.files import check_target, write_atomically
from dlkit.labs.job_lab import JobLab
from dlkit.labs.overfitting_code import dlkit_program, keras_program
from dlkit.labs.overfitting_controls import control_groups
from dlkit.labs.overfitting_model import (
    PROBLEMS,
    answers_on_grid,
    augmented,
    build_network,
    config_for,
    make_data,
    measure,
)
from dlkit.labs.overfitting_picture import overfitting_chart
from dlkit.labs.overfitting_run import Measured
from dlkit.labs.overfitting_words import diagnosis_html, diagnosis_of, sentence
from dlkit.training.job import TrainingJob

LOWEST, NARROWEST = 0.22, 0.12
_FIXED = (
    "problem", "samples", "noise", "seed", "layers", "width", "early_stopping", "epochs",
    "learning_rate",
)  # fmt: skip
_DATA = ("problem", "samples", "noise", "seed")


class OverfittingLab(JobLab):
    """Watch a network learn few noisy points by heart, and close the gap.

    Both losses are measured alike after each epoch: on the training points without their copies,
    without dropout and without penalties, so that the gap between them means something.

    Parameters
    ----------
    challenge : str, optional
        What to try, in words of your own.
    **values
        Opening values of the controls: ``problem samples noise augmentation seed layers width
        batch_normalization dropout l1 l2 early_stopping epochs learning_rate pace``.

    Examples
    --------
    >>> lab = OverfittingLab(dropout=0.3, pace=0.0)   # doctest: +SKIP
    >>> lab.run(); lab.wait()                         # doctest: +SKIP
    >>> print(lab.summary())                          # doctest: +SKIP
    """

    title = "Overfitting lab"
    question = "When does a network learn the rule, and when does it learn its points by heart?"
    challenge = (
        "On the curve, with the same 20 points (noise, seed), layers, units, epochs and learning "
        f"rate, and without early stopping: bring the validation loss to {LOWEST} or lower, with a "
        f"gap of {NARROWEST} at most."
    )

    def __init__(self, *, challenge=None, **values):
        name = values.get("problem")
        opening = PROBLEMS[name].opening if isinstance(name, str) and name in PROBLEMS else {}
        super().__init__(challenge=challenge, **{**opening, **values})

    def control_groups(self):
        return control_groups()

    def prepare(self):
        super().prepare()
        self._run = Measured(self.training_settings())
        self._reference, self._found = None, None
        self._data = self._data_for(self._run.settings)
        self._opening = {name: PROBLEMS["curve"].opening.get(name) for name in _FIXED}
        self._opening |= {"problem": "curve", "seed": 0, "early_stopping": False}

    def buttons(self):
        return [
            *super().buttons(),
            button(
                "Keep as reference", lambda: self.guard(self.keep), name="keep",
                help="Keeps this run in grey, to compare the next ones with.",
            ),
            button(
                "Forget reference", lambda: self.guard(self.forget), name="forget",
                help="Removes the grey curves.",
            ),
        ]  # fmt: skip

    @property
    def data(self):
        """The `Data` that the picture shows: training points without copies, and validation."""
        return self._data

    @property
    def measured(self):
        """The present run: its ``columns``, ``numbers``, ``gap`` and ``best`` epoch."""
        return self._run

    @property
    def diagnosis(self):
        """The `Diagnosis` of the run that has come to rest, or None."""
        return None if self.run_state == "running" else self._found

    @property
    def reference(self):
        """The run that is kept as reference, or None."""
        return self._reference

    def keep(self):
        """Keep the present run as reference: it stays in the picture, in grey."""
        if not self._run.epochs:
            self.say("There is no run to keep yet. Press Start.")
            return
        self._reference = self._run.frozen()
        self.say("This run is kept as reference, in grey.")
        self.refresh()

    def forget(self):
        """Remove the reference."""
        self._reference = None
        self.say("")
        self.refresh()

    def changed(self, name):
        if name == "pace":
            self.set_pace()
            return
        if name == "problem":
            with self.quietly():
                self.controls.set(PROBLEMS[self.controls.problem.value].opening)
        if self.run_state in ("running", "paused"):
            self.say("The new settings take effect with the next Start.")
        elif name in _DATA or not self._run.epochs:
            self._run, self._found = Measured(self.training_settings()), None
            self._data = self._data_for(self._run.settings)
        else:
            self.say("The picture still shows the last run. Press Start for the new settings.")

    # The run

    def _make_job(self, settings):
        if self._reference is None and self._run.epochs:
            self._reference = self._run.frozen()
        data = self._data_for(settings)
        x, y = augmented(data, settings["augmentation"], settings["seed"])
        trained = Data(
            x, y, data.x_validation, data.y_validation,
            task_type=data.task_type, class_names=data.class_names,
        )  # fmt: skip
        job = TrainingJob(build_network(settings, data), trained, config_for(settings))
        self._data, self._run, self._found = data, Measured(self.training_settings()), None
        return job

    def _on_epoch(self, record):
        self._run.add(measure(self.job.model, self._data, record))

    def _on_frame(self):
        self._run.answers = answers_on_grid(self.job.model, self._data.name)

    def _on_rest(self, status):
        reason = self.job.history.stop_reason
        if "not finite" in reason:
            self.say(reason, problem=True)
        if not self._run.epochs:
            return
        self._on_frame()
        if status.state == "finished" and self.job.config.early_stopping:
            self._run.kept = self.job.history.best_epoch
        self._found = diagnosis_of(self._run, self._data)

    @staticmethod
    def _data_for(settings):
        return _data(settings["problem"], *(settings[name] for name in _DATA[1:]))

    # The picture and the words

    def chart(self):
        run, reference = self._run, self._shown_reference()
        words = sentence(run, reference, self.run_state)
        if self.diagnosis is not None:
            words += f" Diagnosis: {self.diagnosis.title.lower()}."
        return overfitting_chart(self._data, run, reference, run.settings["epochs"], words)

    def details(self):
        return "" if self.diagnosis is None else diagnosis_html(self.diagnosis)

    def met(self):
        run = self._run
        if self.diagnosis is None or run.settings["epochs"] != run.epochs:
            return False
        same = all(run.settings[name] == self._opening[name] for name in _FIXED)
        return same and run.numbers["val_loss"] <= LOWEST and abs(run.gap) <= NARROWEST

    def _shown_reference(self):
        """Return the reference if its problem is that of the picture."""
        kept = self._reference
        return kept if kept and kept.settings["problem"] == self._data.name else None

    # What lasts

    def dlkit_code(self):
        return dlkit_program(self.training_settings())

    def keras_code(self):
        return keras_program(self.training_settings())

    def export_script(self, path, framework="dlkit"):
        """Write the program of `code` to a file: the present settings, without the lab.

        Parameters
        ----------
        path : str or path
            The file, ending in ``.py``; its folder must exist.
        framework : {"dlkit", "keras"}
            Which of the two programs.

        Returns
        -------
        list of pathlib.Path
            The script.

        Raises
        ------
        TypeError, ValueError, OSError
            If an argument does not fit, or nothing can be written there.
        """
        checks.choice("framework", framework, ("dlkit", "keras"))
        path = check_target(path)
        if path.suffix != ".py":
            raise ValueError(f"path must end in .py, but got {path.name!r}. Write 'my_run.py'.")
        program = getattr(self.code(), framework)
        write_atomically(path, lambda file: file.write(program.encode()))
        return [Path(path)]

    def state(self):
        kept = None if self._reference is None else self._reference.to_dict()
        return {**super().state(), "reference": kept}

    def restore(self, state):
        kept = state.get("reference")
        if kept is not None:
            self._reference = Measured.from_dict(kept, list(self.training_settings()))
            self.refresh()


@functools.lru_cache(maxsize=8)
def _data(problem, samples, noise, seed):
    return make_data(problem, samples, noise, seed)
