"""The programs that do what BackpropLab shows, in dlkit and in Keras."""

from dlkit.labs.backprop_examples import EXAMPLES

# The same lines serve both: `tanh` and its like are methods of Value there, functions of Keras here
_VALUE = {
    "neuron": ("a = (w * x + b).tanh()", "L = (a - y) ** 2"),
    "shared": ("h = (w * x).tanh()", "L = (w * h - y) ** 2  # w is used twice"),
    "network": (
        "h1 = (w11 * x1 + w12 * x2).tanh()",
        "h2 = (w21 * x1 + w22 * x2).tanh()",
        "o = (v1 * h1 + v2 * h2).sigmoid()",
        "L = (o - y) ** 2",
    ),
    "softmax": (
        "e1, e2, e3 = z1.exp(), z2.exp(), z3.exp()",
        "p = e1 / (e1 + e2 + e3)",
        "L = -p.log()",
    ),
}
_KERAS = {
    "neuron": ("a = ops.tanh(w * x + b)", "L = (a - y) ** 2"),
    "shared": ("h = ops.tanh(w * x)", "L = (w * h - y) ** 2  # w is used twice"),
    "network": (
        "h1 = ops.tanh(w11 * x1 + w12 * x2)",
        "h2 = ops.tanh(w21 * x1 + w22 * x2)",
        "o = ops.sigmoid(v1 * h1 + v2 * h2)",
        "L = (o - y) ** 2",
    ),
    "softmax": (
        "e1, e2, e3 = ops.exp(z1), ops.exp(z2), ops.exp(z3)",
        "p = e1 / (e1 + e2 + e3)",
        "L = -ops.log(p)",
    ),
}


def dlkit_program(example, numbers, learning_rate):
    """Return a program in dlkit: the loss, every gradient, and the loss after one update.

    Parameters
    ----------
    example : str
        A key of ``EXAMPLES``.
    numbers : dict of str to float
        Leaf -> number.
    learning_rate : float

    Returns
    -------
    str
    """
    leaves = [f'{name} = Value({value!r}, "{name}")' for name, value in numbers.items()]
    return "\n".join(
        (
            "from dlkit import Value",
            "",
            *leaves,
            f"learning_rate = {float(learning_rate)!r}",
            "",
            "",
            "def loss():",
            *(f"    {line}" for line in _VALUE[example]),
            "    return L",
            "",
            "",
            "L = loss()",
            'print(f"loss {L.data:.6g}")',
            "L.backward()",
            f"for leaf in ({', '.join(numbers)}):",
            '    print(f"∂L/∂{leaf.label} = {leaf.gradient:.6g}")',
            "",
            f"for leaf in ({_tuple(example)}):",
            "    leaf.data -= learning_rate * leaf.gradient",
            'print(f"loss after one update: {loss().data:.6g}")',
        )
    )


def keras_program(example, numbers, learning_rate):
    """Return the same in Keras, with gradients by automatic differentiation; see above."""
    leaves = [
        f'{name} = keras.Variable({value!r}, dtype="float64", name="{name}")'
        for name, value in numbers.items()
    ]
    return "\n".join(
        (
            "import keras",
            "import tensorflow as tf",
            "from keras import ops",
            "",
            *leaves,
            f"learning_rate = {float(learning_rate)!r}",
            "",
            "",
            "def loss():",
            *(f"    {line}" for line in _KERAS[example]),
            "    return L",
            "",
            "",
            "with tf.GradientTape() as tape:",
            "    L = loss()",
            'print(f"loss {float(L):.6g}")',
            f"leaves = [{', '.join(numbers)}]",
            "gradients = tape.gradient(L, [leaf.value for leaf in leaves])",
            "for leaf, gradient in zip(leaves, gradients):",
            '    print(f"∂L/∂{leaf.name} = {float(gradient):.6g}")',
            "",
            "for leaf, gradient in zip(leaves, gradients):",
            f"    if leaf.name in {EXAMPLES[example].trainable!r}:".replace("'", '"'),
            "        leaf.assign(leaf - learning_rate * gradient)",
            'print(f"loss after one update: {float(loss()):.6g}")',
        )
    )


def _tuple(example):
    names = EXAMPLES[example].trainable
    return f"{names[0]}," if len(names) == 1 else ", ".join(names)
