"""ActivationLab: any activation with its slope, where it is flat, and what ten layers make of it."""

from html import escape

import numpy as np

from dlkit.activations import ACTIVATIONS
from dlkit.display.controls import menu, slider, stops
from dlkit.display.lab import Lab
from dlkit.display.numbers import counted, fixed, percent, short
from dlkit.labs import activation_code
from dlkit.labs.activation_picture import activation_chart, fate
from dlkit.labs.activation_zones import HIGH, LOW, SATURATED, is_dead, is_saturated, zones
from dlkit.labs.deep_signal import INITIALIZERS, deep_signal

ELEMENTWISE = {name: f for name, f in ACTIVATIONS.items() if f.elementwise}
"""The activations that have a curve; softmax has none, its outputs depend on each other."""

SURVIVES = (0.1, 10.0)
"""The gradient survives if layer 1 gets between these multiples of what the last layer gets."""

_CHALLENGE_DEPTH = 10
_OPENING = {"activation": "sigmoid", "initializer": "glorot_normal"}
_BENDS = 0.5  # by what share of its steepest slope the slope of an activation changes at least


class ActivationLab(Lab):
    """Look at an activation and its slope, and at what it does to a signal in a deep network.

    Parameters
    ----------
    challenge : str, optional
        What the learner should try.
    **values
        Opening values of the controls: ``activation parameter x depth width initializer seed``.
        ``parameter`` is ``alpha`` or ``negative_slope`` where the activation has one.

    Examples
    --------
    >>> lab = ActivationLab(activation="relu")                # doctest: +SKIP
    >>> lab.controls.initializer.value = "he_normal"          # doctest: +SKIP
    >>> print(lab.summary())                                  # doctest: +SKIP
    """

    title = "Activation lab"
    question = "Where does an activation let learning through, and what is left after ten layers?"
    challenge = (
        "Find an activation that clearly bends, other than sigmoid, and initial weights that suit it, "
        "other than Glorot's, for which the gradient in layer 1 is between a tenth and ten times that "
        "in layer 10."
    )

    def __init__(self, *, challenge=None, **values):
        name = values.get("activation", _OPENING["activation"])
        if isinstance(name, str) and name in ELEMENTWISE:
            values.setdefault("parameter", _parameter(name)[1])
        super().__init__(challenge=challenge, **values)

    def control_groups(self):
        functions = [(name.replace("_", " "), name) for name in ELEMENTWISE]
        schemes = [(label, name) for name, (label, _) in INITIALIZERS.items()]
        return {
            "The activation": {
                "activation": menu(
                    _OPENING["activation"],
                    functions,
                    label="activation",
                    help="The function f of every layer.",
                ),
                "parameter": slider(
                    0,
                    0,
                    2,
                    step=0.01,
                    label="no parameter",
                    help="What the formula leaves open: alpha, or the slope for negative x.",
                ),
                "x": slider(
                    1, LOW, HIGH, step=0.05, label="x", help="Where the tangent touches the curve."
                ),
            },
            "The deep network": {
                "initializer": menu(
                    _OPENING["initializer"],
                    schemes,
                    label="initial weights",
                    help="The variance of the random weights: 2 / (inputs + outputs of the layer), or "
                    "2 / inputs; small and large give the standard deviation. Biases are 0.",
                ),
                "depth": slider(
                    10, 1, 20, whole=True, label="layers", help="Layers, one after the other."
                ),
                "width": stops(
                    64, (8, 16, 32, 64, 128), label="units", help="Units in each layer."
                ),
                "seed": slider(
                    0,
                    0,
                    50,
                    whole=True,
                    label="seed",
                    help="Draws other random weights, inputs and gradients.",
                ),
            },
        }

    def prepare(self):
        self._name_parameter()

    def changed(self, name):
        if name == "activation":
            with self.quietly():
                self.controls.parameter.value = _parameter(self.controls.activation.value)[1]
            self._name_parameter()

    def met(self):
        """Whether the gradient survives ten layers or more, with other settings than sigmoid's."""
        controls = self.controls
        left = all(controls[name].value != opening for name, opening in _OPENING.items())
        if not left or controls.depth.value < _CHALLENGE_DEPTH or _bend(self._function()) < _BENDS:
            return False
        return fate(self._signal().survival, SURVIVES) == "survives"

    def chart(self):
        """Return the curve, the forward and the backward pass, with the sentence for them."""
        f, x, signal = self._function(), float(self.controls.x.value), self._signal()
        return activation_chart(f, x, signal, SURVIVES, self._words(f, x, signal))

    def details(self):
        """Return the formula, and the numbers of every layer as a table to unfold."""
        name = self.controls.activation.value
        formula = ELEMENTWISE[name].__doc__.split("\n")[0]
        signal = self._signal()
        rows = "".join(
            f'<tr><th scope="row">{layer + 1}</th><td>{short(signal.mean[layer])}</td>'
            f"<td>{short(signal.deviation[layer])}</td>"
            f"<td>{fixed(signal.slope[layer], 3)}</td><td>{percent(signal.saturated[layer])}</td>"
            f"<td>{percent(signal.flat[layer])}</td><td>{percent(signal.dead[layer])}</td>"
            f"<td>{short(signal.gradient[layer])}</td></tr>"
            for layer in range(len(signal.mean))
        )
        head = "".join(
            f'<th scope="col">{text}</th>'
            for text in (
                "layer", "mean", "standard deviation", "mean slope", "saturated outputs", "outputs of slope 0",
                "dead units", "gradient ‖∂L/∂z‖",
            )
        )  # fmt: skip
        return (
            f"<p><strong>{escape(name)}</strong>: {escape(formula)}</p>"
            "<details><summary>The numbers, layer by layer</summary>"
            f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></details>"
        )

    def dlkit_code(self):
        return activation_code.dlkit_program(*self._for_code())

    def keras_code(self):
        return activation_code.keras_program(*self._for_code())

    def _for_code(self):
        controls = self.controls
        names = ("initializer", "depth", "width", "seed")
        network = {name: controls[name].value for name in names}
        return controls.activation.value, self._parameters(), float(controls.x.value), network

    def _words(self, f, x, signal):
        depth = len(signal.mean)
        words = (
            f"{f.name}: at x = {fixed(x)} the value is {fixed(float(f(x)))} and the slope "
            f"{fixed(float(f.derivative(x)), 3)}; {_zones_in_words(f)}. Through "
            f"{counted(depth, 'layer')} of {self.controls.width.value} units "
            f"({self.controls.initializer.value}) the spread of the outputs goes from "
            f"{short(signal.deviation[0], 2)} to {short(signal.deviation[-1], 2)}, and the "
            f"gradient {fate(signal.survival, SURVIVES)}"
        )
        if signal.survival == signal.survival:  # not NaN
            words += f": in layer 1 it is {short(signal.survival, 2)} times that in layer {depth}"
        words += (
            f". In layer {depth} the mean slope is {fixed(signal.slope[-1])}, and "
            f"{percent(signal.dead[-1])} of the units are dead."
        )
        if _bend(f) == 0 and depth > 1:
            words += " But linear layers one after the other can do no more than a single one."
        return words

    def _function(self):
        f = ELEMENTWISE[self.controls.activation.value]
        return f.with_parameters(**dict(self._parameters()))

    def _parameters(self):
        key, _ = _parameter(self.controls.activation.value)
        return ((key, float(self.controls.parameter.value)),) if key else ()

    def _signal(self):
        controls = self.controls
        return deep_signal(
            controls.activation.value,
            self._parameters(),
            controls.initializer.value,
            controls.depth.value,
            controls.width.value,
            controls.seed.value,
        )

    def _name_parameter(self):
        key, _ = _parameter(self.controls.activation.value)
        self.controls.parameter.description = key.replace("_", " ") or "no parameter"
        self.controls.parameter.disabled = not key


def _parameter(name):
    """Return the name and the default of the number that an activation leaves open, or ("", 0)."""
    for key, value in ELEMENTWISE[name].parameters.items():
        if not isinstance(value, bool):
            return key, float(value)
    return "", 0.0


def _bend(f):
    """Return by how much the slope of an activation changes, as a share of its steepest slope."""
    slopes = f.derivative(np.linspace(LOW, HIGH, 241))
    return float(np.ptp(slopes) / np.abs(slopes).max())


def _zones_in_words(f):
    parts = []
    for words, which in (
        (f"saturated (slope below {SATURATED} in size)", is_saturated),
        ("dead (slope 0)", is_dead),
    ):
        found = [_interval(a, b) for a, b in zones(f, which)]
        if found:
            parts.append(f"{words} for {' and '.join(found)}")
    return ", ".join(parts) or "nowhere flat"


def _interval(a, b):
    if a <= LOW and b >= HIGH:
        return "all x shown"
    if a <= LOW:
        return f"x below {short(b)}"
    if b >= HIGH:
        return f"x above {short(a)}"
    return f"x from {short(a)} to {short(b)}"
