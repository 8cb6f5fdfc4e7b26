"""What LossLab shows as a program of its own: its data, its loss and its fit, without the lab."""

import re
import textwrap

from dlkit.labs.loss_curves import CROSSENTROPIES, REGRESSION
from dlkit.labs.loss_fit import RIDGE

_DLKIT = """\
import numpy as np

from dlkit import losses
from dlkit.activations import sigmoid
from dlkit.optimizers import LBFGS

loss = losses.get({arguments})
{one}
print("loss of one prediction:", round(loss(truth, answer), 4))
slopes = loss.gradient(truth, answer)[0]
print("gradient:", round(float({chain}), 4))

{data}

{fit}
print("w:", round(float(w), 3))
print("b:", round(float(b), 3))
"""

_SMOOTH = """\

def whole_loss(parameters):
    w, b = parameters
    z = w * x + b
    p = sigmoid(z)
    given, t = {given}, {t}
    slope = weights * {slope} / len(x)
    value = np.mean(weights * loss.per_sample(t, given)) + {ridge} * w**2
    return float(value), np.array([slope @ x + 2 * {ridge} * w, slope.sum()])


w, b = LBFGS().minimize(whole_loss, np.zeros(2), max_iterations=300).x"""

_KINKED = """\
t = {t}  # this loss has kinks; the best line goes through two of them, so try all pairs
i, j = np.triu_indices(len(x), 1)
i, j = i[x[i] != x[j]], j[x[i] != x[j]]
w = (t[j] - t[i]) / (x[j] - x[i])
b = t[i] - w * x[i]
z = w[:, None] * x + b[:, None]  # (lines, points)
value = loss.per_sample(t[None, :, None], z[:, :, None]) @ weights
best = np.flatnonzero(value <= value.min() + 1e-9)
best = best[np.argmin(np.abs(w[best]))]  # of equally good lines the flattest
w, b = w[best], b[best]"""

_KERAS = """\
import keras
import numpy as np
import tensorflow as tf
from keras import layers, losses, ops

{data}


def loss(y_true, z):
    y_true, p = ops.cast(y_true, "float32"), ops.sigmoid(z)
    t, given = {t}, {given}
    return losses.{name}({taken})


{one}
with tf.GradientTape() as tape:
    value = losses.{name}({taken_one})
slopes = tape.gradient(value, answer)[0].numpy()
print("loss of one prediction:", round(float(value[0]), 4))
print("gradient:", round(float({chain}), 4))

dense = layers.Dense(1, kernel_initializer="zeros"{regularizer})
model = keras.Sequential([keras.Input((1,)), dense])
steps = 3000  # each on all points
schedule = keras.optimizers.schedules.CosineDecay(0.3, steps)
model.compile(keras.optimizers.Adam(schedule), loss, steps_per_execution=100)
x, y, weights = (np.tile(array, steps)[:, None] for array in (x, y, weights))
model.fit(x, y, sample_weight=weights[:, 0], batch_size=len(x) // steps, shuffle=False, verbose=0)
w, b = (float(ops.ravel(array)[0]) for array in (dense.kernel, dense.bias))
print(f"w: {{w:.2f}}\\nb: {{b:.2f}}")
"""


def dlkit_program(shown):
    """Return the program in dlkit for the chosen loss (the blue one), as text.

    Parameters
    ----------
    shown : Shown

    Returns
    -------
    str
    """
    name, classes = shown.curves[0].name, shown.data.classes
    kinked = name == "hinge" or (name == "mean_absolute_error" and not classes)
    t = "2 * y - 1" if name == "hinge" else "y"
    body = _KINKED.format(t=t) if kinked else _SMOOTH.format(
        **_wiring(name, classes), ridge=RIDGE if classes else 0)  # fmt: skip
    text = _DLKIT.format(
        arguments=_arguments([f'"{name}"'], shown.measured[0].loss.arguments()),
        one=_one(shown),
        chain=_chain(shown),
        data=_data(shown),
        fit=body,
    )
    for unused, line in (
        ("sigmoid(", "from dlkit.activations import sigmoid\n"),
        ("LBFGS(", "from dlkit.optimizers import LBFGS\n"),
    ):
        if unused not in text:
            text = text.replace(line, "")
    return text


def keras_program(shown):
    """Return the program in Keras for the chosen loss (the blue one), as text.

    Parameters
    ----------
    shown : Shown

    Returns
    -------
    str
    """
    name, classes = shown.curves[0].name, shown.data.classes
    given, t = _keras_wiring(name, classes)
    arguments = shown.measured[0].loss.arguments()
    return _KERAS.format(
        name=name,
        t=t,
        given=given,
        taken=_arguments(["t", "given"], arguments),
        taken_one=_arguments(["truth", "answer"], arguments),
        one=_one(shown).replace("), np.array(", "), tf.Variable("),
        chain=_chain(shown),
        data=_data(shown),
        regularizer=f", kernel_regularizer=keras.regularizers.L2({RIDGE})" if classes else "",
    )


def _arguments(first, arguments):
    return ", ".join([*first, *(f"{key}={value!r}" for key, value in arguments.items())])


def _one(shown):
    """The one prediction of the upper pictures: as it is given to the loss, from logits if it can."""
    name, z, t = shown.curves[0].name, round(shown.logit, 6), round(shown.truth, 6)
    p = f"1 / (1 + np.exp({-z!r}))"
    truth, prediction = f"[[{t!r}]]", f"[[{z!r}]]"
    if name in CROSSENTROPIES[1:] or name == "kl_divergence":
        truth = f"[{int(t)}]" if name.startswith("sparse") else f"[[{1 - t!r}, {t!r}]]"
        prediction = f"[[0.0, {z!r}]]"
    if name == "kl_divergence":
        prediction = "[[1 - p, p]]"
    if shown.data.classes and name in REGRESSION:
        prediction = "[[p]]"
    if name == "hinge":
        truth = f"[[{2 * t - 1!r}]]"
    line = f"truth, answer = np.array({truth}), np.array({prediction})"
    uses_p = re.search(r"\bp\b", prediction + _chain(shown))
    return f"p = {p}  # of snow; what it gains, rain loses\n{line}" if uses_p else line


def _chain(shown):
    """From the slopes over what the loss is given to the one over the axis of the lab's curves."""
    name, by_p = shown.curves[0].name, shown.over == "probability"
    if name == "kl_divergence":  # what p gains, 1 - p loses
        return "slopes[1] - slopes[0]" if by_p else "(slopes[1] - slopes[0]) * p * (1 - p)"
    if name in CROSSENTROPIES:  # the logit of rain stays at 0
        return "slopes[-1] / (p * (1 - p))" if by_p else "slopes[-1]"
    given_p = shown.data.classes and name in REGRESSION
    return "slopes[0] * p * (1 - p)" if given_p and not by_p else "slopes[0]"


def _data(shown):
    sample, data = shown.measured[0].sample, shown.data
    wrap = textwrap.TextWrapper(99, initial_indent="    ", subsequent_indent="    ")
    x = "\n".join(wrap.wrap(", ".join(f"{value + 0.0:g}" for value in sample.x)))
    if data.classes:
        counts = [data.snow, 100 - data.snow, data.outliers]
        what, y = "temperature (°C) of each day", f"y = np.repeat([1, 0, 1], {counts})"
        y += "  # 1 snow, 0 rain; the last ones are wrong"
    else:
        values = "\n".join(wrap.wrap(", ".join(f"{value + 0.0:g}" for value in sample.y)))
        what, y = "height (km) of each thermometer", f"y = np.array([  # °C\n{values}\n])"
    weights = "weights = np.ones(len(x))"
    if data.classes and data.balance:
        weights = "weights = (len(y) / (2 * np.bincount(y)))[y]  # both classes weigh alike"
    return f"x = np.array([  # {what}\n{x}\n])\n{y}\n{weights}"


def _wiring(name, classes):
    """From z and p to what the loss is given, and from its slope to that of z."""
    pair = "np.column_stack([{}, {}])".format
    if not classes or name == "binary_crossentropy":
        return {"given": "z[:, None]", "t": "y[:, None]", "slope": "loss.slope(t, given)[:, 0]"}
    if name in REGRESSION:
        slope = "loss.slope(t, given)[:, 0] * p * (1 - p)"
        return {"given": "p[:, None]", "t": "y[:, None]", "slope": slope}
    t = "y" if name.startswith("sparse") else pair("1 - y", "y")
    if name == "kl_divergence":
        slope = "(loss.slope(t, given) @ [-1, 1]) * p * (1 - p)"
        return {"given": pair("1 - p", "p"), "t": t, "slope": slope}
    return {"given": pair("0 * z", "z"), "t": t, "slope": "loss.slope(t, given)[:, 1]"}


def _keras_wiring(name, classes):
    pair = "ops.concatenate([{}, {}], -1)".format
    if not classes or name == "binary_crossentropy":
        return "z", "y_true"
    if name == "hinge":
        return "z", "2 * y_true - 1"
    if name in REGRESSION:
        return "p", "y_true"
    t = "y_true" if name.startswith("sparse") else pair("1 - y_true", "y_true")
    return pair("1 - p", "p") if name == "kl_divergence" else pair("0 * z", "z"), t
