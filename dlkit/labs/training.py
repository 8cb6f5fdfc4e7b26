"""TrainingLab: choose data, a network and its settings, press Start, and watch it learn."""

import functools

from dlkit import checks, datasets
from dlkit.display.controls import button
from dlkit.labs import training_code, training_words
from dlkit.labs.architectures import ARCHITECTURES, check_fit
from dlkit.labs.goals import Goal, next_goal
from dlkit.labs.running import RunningLab
from dlkit.labs.saved_script import save_under_new_name
from dlkit.labs.training_chart import epoch_ticks, training_chart
from dlkit.labs.training_controls import control_groups
from dlkit.labs.training_layers import layers_chart, weight_spreads
from dlkit.labs.training_runs import VIEW, comparison, job_key, made_by, reference
from dlkit.training.layer_curves import read_layers

_GOAL = Goal(at_least=0.96, within_epochs=10, changing_only=("learning_rate",))


class TrainingLab(RunningLab):
    """Train a network on real data, and watch loss and accuracy while it learns.

    Parameters
    ----------
    goal : Goal or dict, optional
        What to reach; the lab says when it is reached. Without one it is a goal for the data with
        which the lab opens, or for the digits if those data have no accuracy.
    challenge : str, optional
        The goal in words of your own.
    **values
        Opening values of the controls: ``dataset architecture engine epochs learning_rate
        batch_size optimizer early_stopping seed pace view overlay compare script``.

    Examples
    --------
    >>> lab = TrainingLab(epochs=5, pace=0.0)   # doctest: +SKIP
    >>> lab.run(); lab.wait()                   # doctest: +SKIP
    >>> print(lab.summary())                    # doctest: +SKIP
    """

    title = "Training lab"
    question = "How do epochs, learning rate and batch size change the way a network learns?"

    def __init__(self, *, goal=None, challenge=None, **values):
        self._set_by_hand = goal is not None
        self.goal = Goal.from_value(goal if self._set_by_hand else _GOAL)
        super().__init__(challenge=None if challenge == "" else challenge, **values)

    def control_groups(self):
        return control_groups()

    def prepare(self):
        self._switched = False
        self._fitting(self.goal)
        self._known = None, ()
        self._follow_architecture()
        self._opening = self.controls.values()
        self._check_accuracy()
        self.challenge = self.challenge or self._goal_in_words()
        super().prepare()

    def buttons(self):
        shown = super().buttons()
        self._buttons["forget"] = button(
            "Forget runs", lambda: self.guard(self.forget), name="forget",
            help="Clears the list of earlier runs.",
        )  # fmt: skip
        self._buttons["save"] = button(
            "Save script", lambda: self.guard(self.save_script), name="save-script",
            help="Writes this run as a Python file beside the notebook, under a new name.",
        )  # fmt: skip
        self._buttons["goal"] = button(
            "Next goal", lambda: self.guard(self.next_goal), name="next-goal",
            help="Sets a goal that is harder to reach.",
        )  # fmt: skip
        return [*shown, *(self._buttons[name] for name in ("forget", "save", "goal"))]

    # What these buttons do; each may be called from a cell just as well

    def save_script(self):
        """Write the present run as a Python file in the present folder, under a name not yet used.

        The menu *script in* chooses dlkit or Keras; `export_script` writes to a path of your own.

        Returns
        -------
        list of pathlib.Path
            The script, and the files beside it that it needs.
        """
        framework = self.controls.script.value
        written = save_under_new_name(self.export_script, framework)
        self.say(training_words.saved(written, framework))
        return written

    def next_goal(self):
        """Set a goal that is harder to reach than the present one."""
        harder = next_goal(self.goal, self._opening["dataset"])
        if harder is None:
            self.say("There is no harder goal. Try another data set, or set one of your own.")
            return
        self.goal = harder
        self.pose(self._goal_in_words())
        self.say("")
        self.refresh()

    def changed(self, name):
        if name == "pace":
            self._set_pace()
        if name in VIEW:
            return
        if name == "architecture":
            self._follow_architecture()
        if name == "engine":
            self._switched = False
        settings = self.controls.values()
        check_fit(settings["architecture"], settings["engine"], _data(settings["dataset"]))
        if self._settings is not None and made_by(self._settings) == made_by(settings):
            return
        if self.job.status.state in ("running", "paused"):
            self.say("The new settings take effect with the next Start.")
        elif self._settings is not None:
            self.say("The picture still shows the last run. Press Start for the new settings.")

    def _follow_architecture(self):
        """Switch to Keras for a network that only Keras builds, and back to NumPy after it."""
        chosen, engine = ARCHITECTURES[self.controls.architecture.value], self.controls.engine
        if chosen.hidden is None and engine.value == "numpy":
            engine.value = "keras"
            self._switched = True
            self.say(f"{chosen.label}: the engine is now Keras.")
        elif chosen.hidden is not None and self._switched:
            engine.value = "numpy"

    def state(self):
        return {
            **super().state(),
            "goal": self.goal.to_dict(),
            "switched": self._switched,
            "opening": self._opening,
        }

    def restore(self, state):
        opening = state.get("opening", {})
        if not isinstance(opening, dict):
            raise TypeError(
                "The entry opening of state must be a dictionary of values of controls, but got "
                f"{checks.describe(opening)}."
            )
        for name in opening:
            checks.choice("a name in opening", name, self._opening)
        self._switched = checks.truth_value("switched", state.get("switched", False))
        if state.get("goal") is not None:
            self.goal = self._fitting(state["goal"])
        self._opening = {**self._opening, **opening}
        if not state.get("challenge"):
            self.pose(self._goal_in_words())
        self.refresh()

    def _fitting(self, value):
        """Return a goal, whose controls this lab has."""
        goal = Goal.from_value(value)
        for name in goal.changing_only:
            checks.choice("a name in changing_only", name, list(self.controls))
        return goal

    def _check_accuracy(self):
        """Raise if the goal cannot be reached on the opening data; one of the lab's own moves on."""
        name = self._opening["dataset"]
        if _data(name).task_type == "classification":
            return
        if self._set_by_hand:
            raise ValueError(
                f"goal asks for an accuracy, but the data set {name} has none, for its targets are "
                "numbers. Leave goal out, or open the lab with other data, such as 'digits'."
            )
        self._opening["dataset"] = "digits"

    def _goal_in_words(self):
        return self.goal.sentence(self._opening["dataset"])

    def met(self):
        return self._settings is not None and not self._verdict()

    def _verdict(self):
        return self.goal.verdict(self.job.history, made_by(self._opening), made_by(self._settings))

    # The picture and the words

    def chart(self):
        if self.controls.view.value == "layers":
            return self._layers()
        epochs = (self._settings or self.controls.values())["epochs"]
        metric = "accuracy" if self._data.task_type == "classification" else "mae"
        runs = self._shown_runs()
        other = reference(runs, self.controls.compare.value)
        status, history = self.job.status, self.job.history
        present = self._drawable(history, f"run {self._number}" if runs else "")
        return training_chart(
            [*(run.drawn for run in runs), present],
            epochs=epochs,
            metric=metric,
            summary=self._words(status, history),
            strong=None if other is None else other.drawn,
        )

    def details(self):
        """Return, as HTML, the goal when it is met, what the run looks like, and all runs."""
        met = training_words.met_html(self.goal, self.job.history) if self.met() else ""
        compared = training_words.paragraph("Compared.", self.comparison())
        table = training_words.runs_table(self._runs, self._settings)
        return met + (self._report or self._diagnosis) + compared + table

    def comparison(self):
        """Return in words what differs between this run and an earlier one on the same data.

        Returns
        -------
        str
            "" while there is nothing to compare. The menu *compare with* chooses the earlier run.
        """
        resting = self.job.status.state != "running"
        if self._settings is None or not resting or not len(self.job.history):
            return ""
        other = reference(self._earlier(), self.controls.compare.value)
        return "" if other is None else comparison(self._kept(), other)

    def report(self):
        return training_words.report_html(self.job)

    def live_diagnosis(self):
        if not len(self.job.history):
            return ""
        return training_words.diagnosis_html(self.job.diagnosis, len(self.job.history))

    def dlkit_code(self):
        return training_code.dlkit_program(self.controls.values())

    def keras_code(self):
        return training_code.keras_program(self.controls.values())

    @property
    def _data(self):
        """The data of the run that is shown; before it those that are chosen."""
        return _data((self._settings or self.controls.values())["dataset"])

    def _words(self, status, history):
        if self._settings is None:
            samples = len(self._data.x_train)
            return training_words.ready_sentence(self.controls.values(), samples)
        words = training_words.progress_sentence(status, history)
        over = status.state in ("finished", "stopped")
        return f"{words} {self._verdict()}".strip() if over else words

    def _layers(self):
        epochs = (self._settings or self.controls.values())["epochs"]
        ticks, words = epoch_ticks(epochs), self._words(self.job.status, self.job.history)
        return layers_chart(*self._measured(), epochs=epochs, x_ticks=ticks, words=words)

    def _measured(self):
        """Return what is known of the layers, read once an epoch: `layers_chart` takes it."""
        chosen = job_key(self.controls.values())
        if self._settings is None and self._jobs.get(chosen) is not self.job:
            return (), None  # the chosen network is made by Start
        history, status = self.job.history, self.job.status
        key = self.job, self._number, len(history), status.state
        if self._known[0] != key:
            self._known = key, (read_layers(history), weight_spreads(self.job.model))
        return self._known[1]

    def _earlier(self):
        """Return the earlier runs on the same data, for only they can be compared."""
        return [
            run
            for run in self._runs
            if run.number != self._number and run.settings["dataset"] == self._settings["dataset"]
        ]

    def _shown_runs(self):
        shown = self.controls.overlay.value and self._settings is not None
        return self._earlier() if shown else []


@functools.lru_cache(maxsize=4)
def _data(name):
    return datasets.get(name)
