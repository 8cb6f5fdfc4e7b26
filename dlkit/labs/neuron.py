"""NeuronLab: one neuron, its sum built up term by term, its line in the plane, and how it learns."""

import numpy as np

from dlkit import checks
from dlkit.display.animation import Animation
from dlkit.display.controls import button, menu, slider
from dlkit.display.lab import Lab
from dlkit.display.numbers import counted
from dlkit.labs import neuron_code
from dlkit.labs import neuron_words as words
from dlkit.labs.neuron_model import (
    LIMIT,
    NEURON_ACTIVATIONS,
    TASK_LABELS,
    descend,
    loss_and_gradient,
    task,
)
from dlkit.labs.neuron_picture import neuron_chart

_UPDATES, _FRAMES = 600, 60
_LOSS_ENOUGH = 0.1
_FLAT = 1e-3
_WEIGHTS = ("w1", "w2", "bias")
_STEP, _FINE_STEP = 0.1, 0.01  # of their sliders: by hand, and once the neuron has learnt


class NeuronLab(Lab):
    """Move the weights of one neuron, see its sum, its line and its answers, and let it learn.

    Class 1 is said where the output lies above the middle of the two targets. Learning is gradient
    descent over all points of the task: binary cross-entropy after a sigmoid, mean squared error
    after any other activation.

    Parameters
    ----------
    challenge : str, optional
        What the learner should try.
    **values
        Opening values of the controls: ``x1 x2 w1 w2 bias activation task learning_rate``.

    Examples
    --------
    >>> lab = NeuronLab(task="or")   # doctest: +SKIP
    >>> lab.run(); lab.wait()        # doctest: +SKIP
    >>> print(lab.summary())         # doctest: +SKIP
    """

    title = "Neuron lab"
    question = "What does one neuron compute, and which questions can it answer?"
    challenge = "Set the weights by hand (no learning) so that AND is right in all four cases."
    frame_seconds = 0.05  # between two frames of learning

    def control_groups(self):
        def weight(value, label, help):
            return slider(value, -LIMIT, LIMIT, step=_STEP, label=label, help=help)

        tasks = [(label, name) for name, label in TASK_LABELS.items()]
        functions = [(name.replace("_", " "), name) for name in NEURON_ACTIVATIONS]
        return {
            "Your input": {
                "x1": slider(
                    0.8,
                    0,
                    1,
                    step=0.05,
                    label="x1",
                    help="First input of the point whose sum is shown.",
                ),
                "x2": slider(
                    0.4,
                    0,
                    1,
                    step=0.05,
                    label="x2",
                    help="Second input of the point whose sum is shown.",
                ),
            },
            "The neuron": {
                "w1": weight(1.5, "weight w1", "How strongly x1 counts, and in which direction."),
                "w2": weight(-1.0, "weight w2", "How strongly x2 counts, and in which direction."),
                "bias": weight(0.5, "bias b", "Added to the sum: it shifts the line."),
                "activation": menu(
                    "sigmoid",
                    functions,
                    label="activation",
                    help="Turns the sum z into the output. The step is flat and cannot learn.",
                ),
            },
            "The task": {
                "task": menu(
                    "and",
                    tasks,
                    label="task",
                    help="The points to be told apart: three logic gates, or petals of real iris "
                    "flowers.",
                ),
                "learning_rate": slider(
                    1.0,
                    0.01,
                    10,
                    logarithmic=True,
                    label="learning rate",
                    help="How far a step goes against the gradient.",
                ),
            },
        }

    def prepare(self):
        self._opening = {name: float(self.controls[name].value) for name in _WEIGHTS}
        self._animation = Animation(lambda error: self.say(str(error), problem=True))
        self._updates = 0
        self._last_step = None
        self._from_learning = set()  # weights that no hand has moved since the last learning

    def buttons(self):
        return [
            button(
                "Step", lambda: self.guard(self.step), name="step",
                help="Takes one step of gradient descent; the table shows which weight moves.",
            ),
            button(
                "Learn", lambda: self.guard(self.run), name="learn", main=True,
                help=f"Takes up to {_UPDATES} steps while you watch.",
            ),
            button(
                "Stop", lambda: self.guard(self.stop), name="stop", help="Ends the learning.",
            ),
            button(
                "Reset", lambda: self.guard(self.reset), name="reset",
                help="Brings back the weights and the bias with which the lab was opened.",
            ),
        ]  # fmt: skip

    # What the buttons do; each may be called from a cell just as well

    def step(self):
        """Take one step of gradient descent and show how far each weight moves."""
        if self._animation.running:
            self.say("The neuron is learning already. Press Stop first.")
            return
        self.say("")
        stuck = words.why_stuck(*self._case())
        if stuck:
            self.say(stuck)
        else:
            self._advance(1)

    def run(self):
        """Learn: many steps in a thread of its own, watched; see `wait`.

        Returns
        -------
        bool
            Whether this call has started it. While one run is going, a message says so.
        """
        if self._animation.running:
            self.say("The neuron is learning already.")
            return False
        self.say("")
        stuck = words.why_stuck(*self._case())
        if stuck:
            self.say(stuck)
            return False
        return self._animation.start(self._learn(), self.frame_seconds)

    def wait(self, timeout=None):
        """Wait until learning has ended.

        Parameters
        ----------
        timeout : float, optional
            Seconds to wait at most.

        Returns
        -------
        bool
            Whether it has ended.
        """
        return self._animation.wait(timeout)

    def stop(self):
        """End the learning."""
        if self._animation.stop():
            self.say(f"Stopped after {counted(self._updates, 'step')}.")
        else:
            self.say("Nothing is running that could be stopped.")

    def reset(self):
        """Bring back the opening weights and forget what was learnt."""
        self._animation.stop()
        self._updates, self._last_step = 0, None
        self._from_learning = set()
        self._take(np.array(list(self._opening.values())))
        self.say("")
        self.refresh()

    def close(self):
        """End the learning, and remove the lab from the page."""
        self._animation.stop()
        super().close()

    def changed(self, name):
        self._last_step = None
        if name in self._from_learning:
            self._from_learning.remove(name)
            if not self._from_learning:
                self._updates = 0
        if name in ("task", "activation"):
            self._animation.stop()
            self._updates = 0
            task(self.controls.task.value)

    def met(self):
        """Whether AND is right in all four cases, by weights that were set and not learnt.

        After learning, all three weights have to be moved by hand, or reset, to count as set.
        """
        if self.controls.task.value != "and" or self._from_learning:
            return False
        return words.count_right(*self._case()) == 4

    def state(self):
        """Return the state: controls, what was learnt in how many steps, and the opening weights."""
        last = None if self._last_step is None else [part.tolist() for part in self._last_step]
        return {
            **super().state(),
            "updates": self._updates,
            "from_learning": sorted(self._from_learning),
            "last_step": last,
            "opening": dict(self._opening),
        }

    def restore(self, state):
        self._updates = checks.whole_number("updates", state.get("updates", 0), minimum=0)
        learnt = state.get("from_learning", _WEIGHTS if self._updates else ())
        self._from_learning = {
            checks.choice("a name in from_learning", name, _WEIGHTS)
            for name in checks.texts("from_learning", learnt, least=0)
        }
        last = state.get("last_step")
        if last is not None:
            self._last_step = tuple(checks.array("last_step", last, shape=(3, 3), dtype=float))
        opening = state.get("opening", self._opening)
        if not isinstance(opening, dict) or opening.keys() != self._opening.keys():
            raise ValueError(
                f"opening must be a dictionary with the numbers {', '.join(_WEIGHTS)}, but got "
                f"{checks.describe(opening)}."
            )
        self._opening = {
            name: checks.number(f"opening {name}", opening[name], minimum=-LIMIT, maximum=LIMIT)
            for name in _WEIGHTS
        }
        self._take(self._parameters())
        self.refresh()

    # The picture and the words

    def chart(self):
        """Return the sum, the activation and the plane, with the sentence that says them."""
        case, x = self._case(), self._input()
        summary = words.sentence(case[0], x, *case[1:], self._updates)
        earlier = None if self._last_step is None else self._last_step[0]
        return neuron_chart(case[0], x, *case[1:], summary, earlier)

    def details(self):
        """Return the answers point by point, and the last or the next step, as two tables."""
        case = self._case()
        if self._last_step is None:
            step = (case[1], *self._descend(case[1]))
            table = words.step_table(*step, number=0)
        else:
            table = words.step_table(*self._last_step, number=self._updates)
        return f'<div style="display:flex;flex-wrap:wrap;align-items:flex-start">{words.points_table(*case)}{table}</div>'

    def dlkit_code(self):
        return neuron_code.dlkit_program(*self._for_code())

    def keras_code(self):
        return neuron_code.keras_program(*self._for_code())

    def _for_code(self):
        controls = self.controls
        numbers = self._input(), self._parameters()
        return controls.task.value, *numbers, self._activation(), controls.learning_rate.value

    # The neuron, as its controls have it

    def _input(self):
        return np.array([self.controls.x1.value, self.controls.x2.value])

    def _parameters(self):
        return np.array([self.controls[name].value for name in _WEIGHTS], dtype=float)

    def _take(self, parameters):
        """Make these the weights and the bias, without a new picture."""
        with self.quietly():
            for name, value in zip(_WEIGHTS, parameters.tolist(), strict=True):
                self.controls[name].step = _FINE_STEP if self._updates else _STEP
                self.controls[name].value = value

    def _activation(self):
        return NEURON_ACTIVATIONS[self.controls.activation.value]

    def _case(self):
        return task(self.controls.task.value), self._parameters(), self._activation()

    def _descend(self, parameters):
        """Return the gradient and the weights after one step with the present learning rate."""
        task, _, activation = self._case()
        rate = self.controls.learning_rate.value
        return descend(task.x, task.y, parameters, activation, rate)

    def _advance(self, steps):
        """Take that many steps, or fewer if the task is learnt or nothing moves; draw once.

        Returns
        -------
        bool
            Whether it makes sense to go on.
        """
        useful, after = True, self._parameters()
        for _ in range(steps):
            before = after
            gradient, after = self._descend(before)
            self._updates += 1
            useful = np.abs(gradient).max() > _FLAT and not self._learnt(after)
            if not useful:
                break
        self._last_step, self._from_learning = (before, gradient, after), set(_WEIGHTS)
        self._take(after)
        self.refresh()
        return useful

    def _learnt(self, parameters):
        task, _, activation = self._case()
        loss, _ = loss_and_gradient(task.x, task.y, parameters, activation)
        return loss <= _LOSS_ENOUGH and words.count_right(task, parameters, activation) == len(
            task.x
        )

    def _learn(self):
        """Frames of learning: slow at first, so that single steps can be seen, then faster."""
        before, first = self._parameters(), self._updates
        for frame in range(1, _FRAMES + 1):
            goal = round(_UPDATES * (frame / _FRAMES) ** 2)
            if not self._advance(max(goal - (self._updates - first), 1)):
                break
            yield
        task, parameters, activation = self._case()
        self.say(words.verdict(task, before, parameters, activation, self._updates - first))
