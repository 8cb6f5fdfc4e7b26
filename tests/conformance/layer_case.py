"""One layer beside Keras's twin: values, gradients and state in float64."""

import dataclasses

import numpy as np
import tensorflow as tf


@dataclasses.dataclass
class Case:
    """One layer, Keras's twin, an input shape, and formulae that must be told apart.

    ``inputs`` makes x from a generator and a shape; ``wrong`` maps a fault's name to the method
    that it replaces and the faulty function; ``weights`` is the range of the parameters' values;
    ``answers`` keeps what Keras has said.
    """

    make: object
    keras_layer: object
    input_shape: tuple
    wrong: dict = dataclasses.field(default_factory=dict)
    tolerance: float = 1e-12
    weights: tuple = (0.5, 1.5)
    inputs: object = lambda generator, shape: generator.normal(1, 2, shape)
    answers: dict = dataclasses.field(default_factory=dict, repr=False)


def largest_difference(case):
    """Return by how much outputs, gradients and state differ after training and inference."""
    generator = np.random.default_rng(8)
    x = case.inputs(generator, (6, *case.input_shape))
    layer = case.make()
    layer.build(case.input_shape, np.random.default_rng(3), "float64")
    arrays = [*layer.parameters.values(), *layer.state.values()]
    for array in arrays:
        array[...] = generator.uniform(*case.weights, array.shape)
    # What Keras says does not depend on our formulae: with the same weights it is asked once.
    asked = tuple((array.shape, array.tobytes()) for array in (x, *arrays))
    if asked not in case.answers:
        case.answers[asked] = keras_answers(case, x, arrays, generator)
    differences = []
    for training, upstream, expected, slopes, state in case.answers[asked]:
        pairs = [(layer.forward(x, training=training), expected)]
        pairs.append((layer.backward(upstream), slopes[0]))
        for found, want in zip(layer.gradients.values(), slopes[1:], strict=True):
            pairs.append((found, want.reshape(found.shape)))
        # the state in Keras's order: moving mean, moving variance
        pairs += list(zip(layer.state.values(), state, strict=False))
        for found, want in pairs:
            assert found.shape == want.shape
            differences.append(float(np.max(np.abs(found - want))))
    return max(differences)


def keras_answers(case, x, arrays, generator):
    """Return what Keras's twin says in training and in inference, as arrays.

    Each time: training or not, the gradient sent backward, the output, the gradients of x and of
    the parameters, and the state.
    """
    twin = case.keras_layer()
    twin.build((None, *case.input_shape))
    # Keras has an axis more for the heads of an attention
    pairs = zip(arrays, twin.weights, strict=True)
    twin.set_weights([array.reshape(variable.shape) for array, variable in pairs])
    answers = []
    for training in (True, False):
        point = tf.constant(x)
        with tf.GradientTape() as tape:
            tape.watch(point)
            expected = twin(point, training=training)
            upstream = generator.normal(size=expected.shape)
            total = tf.reduce_sum(expected * upstream)
        slopes = tape.gradient(total, [point, *twin.trainable_variables])
        # whole numbers have no gradient: None there, and 0 here
        slopes[0] = np.zeros(x.shape) if slopes[0] is None else slopes[0]
        slopes = [np.array(tf.convert_to_tensor(slope)) for slope in slopes]
        state = [np.array(tf.convert_to_tensor(v)) for v in twin.non_trainable_variables]
        answers.append((training, upstream, np.array(expected), slopes, state))
    return answers
