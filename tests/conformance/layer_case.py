"""One layer beside Keras's twin: values, gradients and state in float64."""

import dataclasses

import numpy as np
import tensorflow as tf


@dataclasses.dataclass
class Case:
    """One layer, Keras's twin, an input shape, and formulae that must be told apart.

    ``inputs`` makes x from a generator and a shape; ``wrong`` maps a fault's name to the method
    that it replaces and the faulty function; ``weights`` is the range of the parameters' values.
    """

    make: object
    keras_layer: object
    input_shape: tuple
    wrong: dict = dataclasses.field(default_factory=dict)
    tolerance: float = 1e-12
    weights: tuple = (0.5, 1.5)
    inputs: object = lambda generator, shape: generator.normal(1, 2, shape)


def largest_difference(case):
    """Return by how much outputs, gradients and state differ after training and inference."""
    generator = np.random.default_rng(8)
    x = case.inputs(generator, (6, *case.input_shape))
    layer, twin = case.make(), case.keras_layer()
    layer.build(case.input_shape, np.random.default_rng(3), "float64")
    twin.build((None, *case.input_shape))
    arrays = layer.parameters | layer.state
    for array in arrays.values():
        array[...] = generator.uniform(*case.weights, array.shape)
    # Keras has an axis more for the heads of an attention
    pairs = zip(arrays.values(), twin.weights, strict=True)
    twin.set_weights([array.reshape(variable.shape) for array, variable in pairs])
    differences = []
    for training in (True, False):
        point = tf.constant(x)
        with tf.GradientTape() as tape:
            tape.watch(point)
            expected = twin(point, training=training)
            upstream = generator.normal(size=expected.shape)
            total = tf.reduce_sum(expected * upstream)
        wanted = tape.gradient(total, [point, *twin.trainable_variables])
        pairs = [(layer.forward(x, training=training), expected)]
        pairs.append((layer.backward(upstream), wanted[0]))
        for found, want in zip(layer.gradients.values(), wanted[1:], strict=True):
            pairs.append((found, tf.reshape(want, found.shape)))
        # the state in Keras's order: moving mean, moving variance
        pairs += list(zip(layer.state.values(), twin.non_trainable_variables, strict=False))
        for found, want in pairs:
            # whole numbers have no gradient: None there, and 0 here
            want = np.zeros(x.shape) if want is None else np.asarray(tf.convert_to_tensor(want))
            assert found.shape == want.shape
            differences.append(float(np.max(np.abs(found - want))))
    return max(differences)
