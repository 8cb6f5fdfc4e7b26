"""BackpropLab: a computation graph, walked forward and backward one node at a time."""

from dlkit import checks
from dlkit.display.controls import button, menu, slider
from dlkit.display.lab import Lab
from dlkit.labs import backprop_code
from dlkit.labs import backprop_words as words
from dlkit.labs.backprop_examples import EXAMPLES
from dlkit.labs.backprop_picture import backprop_chart
from dlkit.labs.backprop_walk import Walk, loss_at, updated

LIMIT = 10.0
"""Weights and logits stay between -LIMIT and LIMIT, where their sliders end."""

_ROLES = ("input", "weight", "bias", "logit", "target")
_RANGES = {"input": 3.0, "target": 3.0}
_STEP, _FINE_STEP = 0.1, 0.01  # of the sliders: by hand, and once an update has moved them
_GOAL_EXAMPLE, _GOAL_LOSS, _GOAL_UPDATES = "network", 0.01, 6


class BackpropLab(Lab):
    """Walk through a computation graph forward and backward, and see every gradient arise.

    The graph is one of `dlkit.Value`. The gradient of a node is the sum, over the nodes that use
    it, of ∂L/∂user · ∂user/∂node (Linnainmaa 1970).

    Parameters
    ----------
    challenge : str, optional
        What the learner should try.
    **values
        Opening values of the controls: ``example`` (``"neuron"``, ``"shared"``, ``"network"``,
        ``"softmax"``), the numbers of the example by name (``x w b y`` …), ``learning_rate``,
        ``nudged`` and ``nudge``.

    Examples
    --------
    >>> lab = BackpropLab(example="shared")               # doctest: +SKIP
    >>> lab.all_forward(); lab.step_forward()             # doctest: +SKIP
    >>> print(lab.summary())                              # doctest: +SKIP
    """

    title = "Backprop lab"
    question = "How does every number of a network learn what it has to do with the loss?"
    challenge = (
        f"Choose the network of two layers. With Update alone, and by moving nothing but the "
        f"learning rate, bring its loss below {_GOAL_LOSS} in at most {_GOAL_UPDATES} updates."
    )

    def __init__(self, *, challenge=None, **values):
        example = checks.choice("example", values.get("example", "neuron"), EXAMPLES)
        opening = dict(EXAMPLES[example].opening)
        super().__init__(
            challenge=challenge, **{"nudged": EXAMPLES[example].trainable[0], **opening, **values}
        )

    def control_groups(self):
        roles = {
            name: role for example in EXAMPLES.values() for name, role in example.roles.items()
        }
        names = sorted(roles, key=lambda name: (_ROLES.index(roles[name]), name))
        return {
            "The graph": {
                "example": menu(
                    "neuron",
                    [(example.label, key) for key, example in EXAMPLES.items()],
                    label="example",
                    help="Which graph is drawn. It opens with numbers of its own, nothing computed.",
                ),
            },
            "The given numbers": {name: _number_slider(name, roles[name]) for name in names},
            "One update": {
                "learning_rate": slider(
                    0.1,
                    0.001,
                    100,
                    logarithmic=True,
                    label="learning rate",
                    help="How far an update goes against the gradient. One can also go too far.",
                ),
            },
            "The nudge check": {
                "nudged": menu(
                    "w",
                    names,
                    label="nudge",
                    help="Which given number is nudged, to measure its gradient without any rule.",
                ),
                "nudge": slider(
                    0.01,
                    1e-6,
                    1,
                    logarithmic=True,
                    label="by h",
                    help="How far it is nudged, up and down.",
                ),
            },
        }

    def prepare(self):
        self._steps = self._updates = 0
        self._opening = self._numbers()
        self._by_hand = self._opening != EXAMPLES[self._example()].opening
        self._show_controls()

    def buttons(self):
        return [
            button(
                "Next step", lambda: self.guard(self.step_forward), name="step-forward", main=True,
                help="Goes one node on: forward to the loss, then backward to the given numbers.",
            ),
            button(
                "Undo step", lambda: self.guard(self.step_back), name="step-back",
                help="Takes the last step back.",
            ),
            button(
                "All forward", lambda: self.guard(self.all_forward), name="all-forward",
                help="Computes all values, and no gradient yet.",
            ),
            button(
                "All backward", lambda: self.guard(self.all_backward), name="all-backward",
                help="Computes all values and all gradients.",
            ),
            button(
                "Update", lambda: self.guard(self.update), name="update",
                help="Takes one step of gradient descent, and computes the new loss.",
            ),
            button(
                "Reset", lambda: self.guard(self.reset), name="reset",
                help="Brings back the numbers with which the graph was opened, nothing computed.",
            ),
        ]  # fmt: skip

    # What the buttons do; each may be called from a cell just as well

    def step_forward(self):
        """Go one node on: forward to the loss, then backward to the leaves."""
        if self._steps == self._walk().last_step:
            self.say("All gradients are known. Press Update to use them, or Undo step to go back.")
            return
        self._go_to(self._steps + 1)

    def step_back(self):
        """Take the last step back."""
        if self._steps == 0:
            self.say("This is the beginning: no step has been taken.")
            return
        self._go_to(self._steps - 1)

    def all_forward(self):
        """Compute all values, and no gradient yet."""
        self._go_to(self._walk().forward_count)

    def all_backward(self):
        """Compute all values and all gradients."""
        self._go_to(self._walk().last_step)

    def update(self):
        """Take one step of gradient descent and compute the new loss; gradients are then unknown.

        What was not computed yet is computed first.
        """
        before, example = self._numbers(), self._example()
        after = updated(example, before, self.controls.learning_rate.value, LIMIT)
        if after == before:
            self.say("No weight moves: every gradient is 0, or the weight is at its slider's end.")
            return
        self._updates += 1
        with self.quietly():
            for name in EXAMPLES[example].trainable:
                self.controls[name].step = _FINE_STEP
                self.controls[name].value = after[name]
        self._go_to(self._walk().forward_count)
        loss = loss_at(example, after)
        found = words.after_update(self._updates, loss_at(example, before), loss, after, LIMIT)
        if example == _GOAL_EXAMPLE and self._updates >= _GOAL_UPDATES and loss >= _GOAL_LOSS:
            found += (
                f" Challenge not met in {_GOAL_UPDATES} updates: press Reset, and choose another "
                "learning rate."
            )
        self.say(found)

    def reset(self):
        """Bring back the numbers with which the graph was opened, with nothing computed."""
        with self.quietly():
            for name, value in self._opening.items():
                self.controls[name].step = _STEP
                self.controls[name].value = value
        self._updates = 0
        self._by_hand = self._opening != EXAMPLES[self._example()].opening
        self._go_to(0)

    def changed(self, name):
        if name == "example":
            example = EXAMPLES[self._example()]
            with self.quietly():
                for leaf, value in example.opening.items():
                    self.controls[leaf].step = _STEP
                    self.controls[leaf].value = value
                self._show_controls(example.trainable[0])
            self._steps = self._updates = 0
            self._opening, self._by_hand = self._numbers(), False
        elif name in EXAMPLES[self._example()].opening:
            self._by_hand = True

    def met(self):
        """Whether the network's loss is below 0.01, by at most 6 updates and nothing else."""
        return bool(
            self._example() == _GOAL_EXAMPLE
            and not self._by_hand
            and 0 < self._updates <= _GOAL_UPDATES
            and loss_at(_GOAL_EXAMPLE, self._numbers()) < _GOAL_LOSS
        )

    def state(self):
        """Return the state: controls, steps and updates taken, and the opening numbers."""
        return {
            **super().state(),
            "steps": self._steps,
            "updates": self._updates,
            "by_hand": self._by_hand,
            "opening": dict(self._opening),
        }

    def restore(self, state):
        last = self._walk().last_step
        steps = checks.whole_number("steps", state.get("steps", 0), minimum=0, maximum=last)
        updates = checks.whole_number("updates", state.get("updates", 0), minimum=0)
        by_hand = checks.truth_value("by_hand", state.get("by_hand", False))
        opening = state.get("opening", self._opening)
        if not isinstance(opening, dict) or opening.keys() != self._opening.keys():
            raise ValueError(
                f"opening must be a dictionary with the numbers {', '.join(self._opening)}, but "
                f"got {checks.describe(opening)}."
            )
        checked = {}
        for name, value in opening.items():
            low, high, _ = self.controls[name].bounds
            checked[name] = checks.number(f"opening {name}", value, minimum=low, maximum=high)
        self._steps, self._updates, self._by_hand, self._opening = steps, updates, by_hand, checked
        for name in EXAMPLES[self._example()].trainable:
            self.controls[name].step = _FINE_STEP if updates else _STEP
        self.refresh()

    # The picture and the words

    def chart(self):
        """Return the graph as far as it is known, with the sentence that says it."""
        walk = self._walk()
        return backprop_chart(
            walk, words.title(walk), words.rules(walk), words.remark(walk), words.sentence(walk)
        )

    def details(self):
        """Return the nudge check and the table of the next update."""
        walk = self._walk()
        check = words.nudge_check(walk, self.controls.nudged.value, self.controls.nudge.value)
        return check + words.update_table(walk, self.controls.learning_rate.value, LIMIT)

    def dlkit_code(self):
        return backprop_code.dlkit_program(*self._for_code())

    def keras_code(self):
        return backprop_code.keras_program(*self._for_code())

    def _for_code(self):
        return self._example(), self._numbers(), self.controls.learning_rate.value

    # The graph, as the controls have it

    def _example(self):
        return self.controls.example.value

    def _numbers(self):
        return {
            name: float(self.controls[name].value) for name in EXAMPLES[self._example()].opening
        }

    def _walk(self):
        return Walk(self._example(), self._numbers(), self._steps)

    def _go_to(self, steps):
        self._steps = steps
        self.say("")
        self.refresh()

    def _show_controls(self, nudged=None):
        """Show the sliders of this example only, and offer its numbers to the nudge check."""
        names = list(EXAMPLES[self._example()].opening)
        nudged = checks.choice("nudged", nudged or self.controls.nudged.value, names)
        for name in self.controls.groups()["The given numbers"]:
            self.controls[name].layout.display = None if name in names else "none"
        self.controls.nudged.options = names
        self.controls.nudged.value = nudged


def _number_slider(name, role):
    limit = _RANGES.get(role, LIMIT)
    words = f"The {role} {name} of the graph."
    return slider(0, -limit, limit, step=_STEP, label=f"{role} {name}", help=words)
