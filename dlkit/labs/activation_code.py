"""The programs that do what ActivationLab shows, in dlkit and in Keras."""

_INITIALIZERS = {
    "glorot_normal": "initializers.GlorotNormal()",
    "he_normal": "initializers.HeNormal()",
    "orthogonal": "initializers.Orthogonal()",
    "small": "initializers.RandomNormal(stddev=0.01)",
    "large": "initializers.RandomNormal(stddev=1.0)",
}

_DRAW = """
depth, width = {depth}, {width}
streams = [np.random.default_rng(s) for s in np.random.SeedSequence({seed}).spawn(3)]
samples = streams[0].standard_normal((128, width))
initializer = {initializer}
weights = [initializer((width, width), streams[1], "float64") for _ in range(depth)]
upstream = streams[2].standard_normal((128, width)) / 128  # ∂L/∂a of the last layer
"""

_DLKIT = """import numpy as np

from dlkit import activations, initializers

f = activations.get("{name}"{parameters})
x = {x!r}
print(f"f(x) = {{f(x):.6g}}, slope {{f.derivative(x):.6g}}")
{draw}
a, sums = samples, []
for w in weights:  # forward
    sums.append(a @ w)
    a = f(sums[-1])
print(f"spread of the outputs: layer 1 {{f(sums[0]).std():.6g}}, layer {{depth}} {{a.std():.6g}}")

norms = []
for z, w in zip(sums[::-1], weights[::-1]):  # backward
    delta = f.vjp(z, upstream)  # ∂L/∂z = ∂L/∂a · f'(z)
    norms.append(np.linalg.norm(delta))
    upstream = delta @ w.T
print(f"gradient: layer 1 {{norms[-1]:.6g}}, layer {{depth}} {{norms[0]:.6g}}")
"""

_KERAS = """import keras
import numpy as np
import tensorflow as tf

from dlkit import initializers  # only for the same random numbers


def f(x):
    return keras.activations.{name}(x{parameters})


x = tf.constant({x!r}, "float64")
with tf.GradientTape() as tape:
    tape.watch(x)
    y = f(x)
print(f"f(x) = {{float(y):.6g}}, slope {{float(tape.gradient(y, x)):.6g}}")
{draw}
a, sums = tf.constant(samples), []
with tf.GradientTape() as tape:
    tape.watch(a)
    for w in weights:
        sums.append(keras.ops.matmul(a, w))
        a = f(sums[-1])
gradients = tape.gradient(a, sums, output_gradients=tf.constant(upstream))
first, last = (float(tf.norm(gradient)) for gradient in (gradients[0], gradients[-1]))
spread = float(tf.math.reduce_std(f(sums[0]))), float(tf.math.reduce_std(a))
print(f"spread of the outputs: layer 1 {{spread[0]:.6g}}, layer {{depth}} {{spread[1]:.6g}}")
print(f"gradient: layer 1 {{first:.6g}}, layer {{depth}} {{last:.6g}}")
"""


def dlkit_program(name, parameters, x, network):
    """Return a program in dlkit: value and slope at x, and the signal through the deep network.

    Parameters
    ----------
    name : str
        Of an elementwise activation.
    parameters : tuple of (str, float)
        Its parameters.
    x : float
    network : dict
        ``initializer``, ``depth``, ``width`` and ``seed``, as `deep_signal` takes them.

    Returns
    -------
    str
    """
    return _DLKIT.format(
        name=name,
        parameters=_given(parameters),
        x=x,
        draw=_draw(network),
    )


def keras_program(name, parameters, x, network):
    """Return the same in Keras, with gradients by automatic differentiation; see above."""
    return _KERAS.format(name=name, parameters=_given(parameters), x=x, draw=_draw(network))


def _given(parameters):
    return "".join(f", {key}={value!r}" for key, value in parameters)


def _draw(network):
    chosen = _INITIALIZERS[network["initializer"]]
    return _DRAW.format(**{**network, "initializer": chosen})
