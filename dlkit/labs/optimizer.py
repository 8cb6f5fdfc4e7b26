"""OptimizerLab: any set of update rules racing on a surface, from the start that you choose."""

from dlkit.display.animation import Animation
from dlkit.display.controls import button, menu, slider, toggle
from dlkit.display.lab import Lab
from dlkit.display.numbers import fixed
from dlkit.labs import optimizer_words as words
from dlkit.labs.optimizer_picture import NEAR, arrived, optimizer_chart
from dlkit.labs.optimizer_race import RATES, race
from dlkit.labs.optimizer_surfaces import (
    NAMES,
    NETWORK,
    NETWORK_LABEL,
    STEPS,
    SURFACES,
    WINDOW,
    surface,
)
from dlkit.rules import RULES

_OPENING = ("sgd", "momentum", "adagrad", "adam")
_SEVEN = tuple(RULES)[:7]
_FRAME = 4  # steps
_FARTHEST = surface("rosenbrock").start[0]  # nearer to the valley's end any rate arrives


class OptimizerLab(Lab):
    """Let optimizers race on a surface: the same start, the same noise, each at its best or all alike.

    Parameters
    ----------
    challenge : str, optional
        What the learner should try.
    **values
        Opening values of the controls: ``surface start_x start_y``, one truth value for each
        optimizer (``sgd momentum …``), ``rates learning_rate noise seed step inside``. The start is
        that of the surface, unless you give one.

    Examples
    --------
    >>> lab = OptimizerLab(surface="rosenbrock")              # doctest: +SKIP
    >>> lab.controls.nesterov.value = True                    # doctest: +SKIP
    >>> print(lab.summary())                                  # doctest: +SKIP
    """

    title = "Optimizer lab"
    question = "Which rule gets to the bottom first, and what does it remember on the way?"
    challenge = (
        f"On Rosenbrock's valley, from x = {fixed(_FARTHEST, 1)} or less, set one learning rate for "
        f"all with which an optimizer comes within {NEAR} of the lowest point (1, 1), and show that step."
    )
    frame_seconds = 0.08

    def __init__(self, *, challenge=None, **values):
        name = values.get("surface", "ravine")
        if isinstance(name, str) and name in NAMES:
            start_x, start_y = surface(name).start
            values = {"start_x": start_x, "start_y": start_y, **values}
        super().__init__(challenge=challenge, **values)

    def control_groups(self):
        surfaces = [(ground.label, name) for name, ground in SURFACES.items()]
        surfaces.append((NETWORK_LABEL, NETWORK))
        rates = [
            ("each its own best", "own"),
            ("each its default", "default"),
            ("the same for all", "same"),
        ]
        runners = {name: self._runner(name) for name in RULES}
        return {
            "The surface": {
                "surface": menu(
                    "ravine", surfaces, label="surface",
                    help="The loss over two numbers. The ravine is 50 times as steep across as along. "
                    "Noisy fits a line through 30 points and asks one of them at each step. The real "
                    "loss is that of a small network on iris flowers, along two random directions "
                    "from where it was trained to; it was computed on a grid and is interpolated.",
                ),
                "start_x": slider(
                    -1.8, -WINDOW, WINDOW, step=0.02, label="start x", help="Where all begin: across."
                ),
                "start_y": slider(
                    0.6, -WINDOW, WINDOW, step=0.02, label="start y", help="Where all begin: upwards."
                ),
            },
            "Who races": {name: runners[name] for name in _SEVEN},
            "And these": {name: runners[name] for name in RULES if name not in _SEVEN},
            "The conditions": {
                "rates": menu(
                    "own", rates, label="learning rates",
                    help=f"Each its own best: {len(RATES)} rates from {RATES[0]:g} to {RATES[-1]:g} "
                    "are tried from your start. Each its default: what Keras takes if you say nothing. Or one "
                    "rate for all, which is not fair.",
                ),
                "learning_rate": slider(
                    0.02, RATES[0], RATES[-1], logarithmic=True, label="learning rate",
                    help="The one rate for all.",
                ),
                "noise": slider(
                    0.0, 0, 1, label="noise",
                    help="Random numbers added to every gradient: the same for all at each step.",
                ),
                "seed": slider(
                    0, 0, 20, whole=True, label="seed", help="Draws other noise, or other samples."
                ),
            },
            "Look": {
                "step": slider(
                    60, 0, STEPS, whole=True, label="step", help="Replays the race up to this step."
                ),
                "inside": menu(
                    "adam", [(RULES[name].title, name) for name in RULES], label="look inside",
                    help="Whose gradient, memory and step the two lower pictures show. If it does "
                    "not race, they show the first that does.",
                ),
            },
        }  # fmt: skip

    def prepare(self):
        self._animation = Animation(lambda error: self.say(str(error), problem=True))
        self._allow()

    def buttons(self):
        return [
            button(
                "Race", lambda: self.guard(self.run), name="race", main=True,
                help="Plays the race from the start.",
            ),
            button("Stop", lambda: self.guard(self.stop), name="stop", help="Halts the replay."),
        ]  # fmt: skip

    def run(self):
        """Play the race from the start, in a thread of its own; see `wait`.

        Returns
        -------
        bool
            Whether this call has started it.
        """
        self.say("")
        started = self._animation.start(self._frames(), self.frame_seconds)
        if not started:
            self.say("The race is being played already.")
        return started

    def wait(self, timeout=None):
        """Wait until the replay has ended; return whether it has, after ``timeout`` seconds at most."""
        return self._animation.wait(timeout)

    def stop(self):
        """Halt the replay where it is."""
        if not self._animation.stop():
            self.say("Nothing is being played.")
        self.refresh()

    def close(self):
        """End the replay, and remove the lab from the page."""
        self._animation.stop()
        super().close()

    def changed(self, name):
        if name == "surface":
            with self.quietly():
                start = surface(self.controls.surface.value).start
                self.controls.start_x.value, self.controls.start_y.value = start
        if name == "rates":
            self._allow()

    def met(self):
        """Whether one rate for all has brought somebody down Rosenbrock's valley by this step."""
        controls = self.controls
        if controls.surface.value != "rosenbrock" or controls.rates.value != "same":
            return False
        is_far = controls.start_x.value < _FARTHEST + 1e-6
        return is_far and arrived(surface("rosenbrock"), self.paths(), controls.step.value) > 0

    def paths(self):
        """Return the race as a tuple of `Path`, one for each optimizer that is ticked.

        Returns
        -------
        tuple of dlkit.labs.optimizer_race.Path
        """
        controls = self.controls
        one = float(controls.learning_rate.value)
        rate = {"own": None, "default": "default", "same": one}[controls.rates.value]
        start = float(controls.start_x.value), float(controls.start_y.value)
        noise, seed = float(controls.noise.value), int(controls.seed.value)
        return race(controls.surface.value, self.runners(), start, rate, noise, seed)

    def runners(self):
        """Return the names of those that race."""
        return tuple(name for name in RULES if self.controls[name].value)

    def chart(self):
        """Return paths, losses and the inside of one optimizer, with the sentence for them."""
        paths, controls = self.paths(), self.controls
        return optimizer_chart(
            controls.surface.value,
            paths,
            controls.step.value,
            self._looked_into(paths),
            words.sentence(self._settings(), paths),
        )

    def details(self):
        """Return the numbers of every optimizer at this step, as a table to unfold."""
        return words.table(self.controls.surface.value, self.paths(), self.controls.step.value)

    def dlkit_code(self):
        """Return the race as a program in dlkit."""
        return words.dlkit_code(self._settings(), self.paths())

    def keras_code(self):
        """Return the race with Keras's own optimizers."""
        return words.keras_code(self._settings(), self.paths())

    def _settings(self):
        return self.controls.values()

    def _looked_into(self, paths):
        wanted = self.controls.inside.value
        return next((path for path in paths if path.name == wanted), paths[0] if paths else None)

    def _allow(self):
        self.controls.learning_rate.disabled = self.controls.rates.value != "same"

    def _frames(self):
        for step in range(0, STEPS + 1, _FRAME):
            with self.quietly():
                self.controls.step.value = step
            if step < STEPS:
                self.draw(speak=False)
            else:
                self.refresh()
            yield

    def _runner(self, name):
        summary = (RULES[name].__doc__ or "").strip().split("\n")[0]
        return toggle(name in _OPENING, label=RULES[name].title, help=summary)
