"""The programs that do what NeuronLab shows, in dlkit and in Keras."""

from dlkit.labs.neuron_model import targets

_CORNERS = {
    "and": "y = np.array([[0.0], [0.0], [0.0], [1.0]])  # AND",
    "or": "y = np.array([[0.0], [1.0], [1.0], [1.0]])  # OR",
    "xor": "y = np.array([[0.0], [1.0], [1.0], [0.0]])  # XOR",
}
_FIRST_SPECIES = {"iris": 0, "iris_overlapping": 1}


def dlkit_program(task, your_input, parameters, activation, learning_rate):
    """Return a program in dlkit: the sum, the answers, the loss, and one step of learning.

    Parameters
    ----------
    task : str
        A key of ``TASK_LABELS``.
    your_input : numpy.ndarray, shape (2,)
    parameters : numpy.ndarray, shape (3,)
        (w1, w2, b).
    activation : Activation
        Of ``NEURON_ACTIVATIONS``.
    learning_rate : float

    Returns
    -------
    str
    """
    name = activation.name
    kind = "BinaryCrossentropy" if name == "sigmoid" else "MeanSquaredError"
    ours = [f"from dlkit.losses import {kind}"]
    if name == "step":
        ours += ["", "", "def step(z):", "    return (z > 0).astype(float)", ""]
    else:
        ours.insert(0, f"from dlkit.activations import {name}")
    return "\n".join(
        (
            *("import numpy as np", *_iris_import(task)),
            *("", *ours, ""),
            *_data(task),
            *_neuron(your_input, parameters),
            f'print(f"your input: z = {{z.item():.6g}}, {name}(z) = {{{name}(z).item():.6g}}")',
            "",
            "z = x @ w + b",
            f"output = {name}(z)",
            *_loss_and_slope(activation),
            _COUNT.format(middle=_middle(activation)),
            'print(f"{right} of {len(y)} points right, loss {loss:.6g}")',
            "",
            f"learning_rate = {float(learning_rate)!r}",
            "w = w - learning_rate * x.T @ dz  # dz is ∂L/∂z, so x.T @ dz is ∂L/∂w",
            "b = b - learning_rate * dz.sum()",
            _AFTER,
        )
    )


def keras_program(task, your_input, parameters, activation, learning_rate):
    """Return the same in Keras; see `dlkit_program`."""
    name = activation.name
    first = [
        *("import keras", "import numpy as np", *_iris_import(task), ""),
        *(["", *_KERAS_STEP, "", ""] if name == "step" else []),
        *_data(task),
        *_neuron(your_input, parameters),
    ]
    model = [
        "",
        f"layer = keras.layers.Dense(1, activation={_keras_activation(activation)})",
        "model = keras.Sequential([keras.Input((2,)), layer])",
        "model.set_weights([w, b])",
        f'print(f"your input: z = {{z.item():.6g}}, {name}(z) = {{model(your_input).numpy().item():.6g}}")',
        "",
        "output = model.predict(x, verbose=0)",
        *_goals(activation),
        _COUNT.format(middle=_middle(activation)),
        f"model.compile(keras.optimizers.SGD({float(learning_rate)!r}), {_keras_loss(activation)})",
    ]
    if name == "step":
        learn = [
            f"loss = model.evaluate(x, {_goal_name(activation)}, batch_size=len(x), verbose=0)",
            'print(f"{right} of {len(y)} points right, loss {loss:.6g}")',
            'print("after one step: nothing has moved, for the step has no slope")',
        ]
    else:
        learn = [
            f"loss = model.train_on_batch(x, {_goal_name(activation)})  # all points in one batch",
            'print(f"{right} of {len(y)} points right, loss {loss:.6g}")',
            "w, b = layer.get_weights()",
            _AFTER,
        ]
    return "\n".join([*first, *model, *learn])


_COUNT = "right = int(((output > {middle}) == (y == 1)).sum())"
_AFTER = 'print(f"after one step: w1 {w[0].item():.6g}, w2 {w[1].item():.6g}, bias {b.item():.6g}")'
_KERAS_STEP = ("def step(z):", '    return keras.ops.cast(z > 0, "float32")')


def _iris_import(task):
    return ["from sklearn.datasets import load_iris"] if task in _FIRST_SPECIES else []


def _data(task):
    if task in _CORNERS:
        return ["x = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])", _CORNERS[task]]
    first = _FIRST_SPECIES[task]
    return [
        "iris = load_iris()",
        f"chosen = np.isin(iris.target, ({first}, {first + 1}))",
        "petals = iris.data[chosen, 2:4]",
        "x = (petals - petals.min(axis=0)) / np.ptp(petals, axis=0)",
        f"y = (iris.target[chosen] == {first + 1}).astype(float)[:, None]",
    ]


def _neuron(your_input, parameters):
    (x1, x2), (w1, w2, b) = your_input.tolist(), parameters.tolist()
    return [
        "",
        f"your_input = np.array([[{x1!r}, {x2!r}]])",
        f"w, b = np.array([[{w1!r}], [{w2!r}]]), np.array([{b!r}])",
        "z = your_input @ w + b",
    ]


def _middle(activation):
    return f"{sum(targets(activation)) / 2:g}"


def _goal_name(activation):
    return "goals" if targets(activation)[0] else "y"


def _goals(activation):
    """Return the line that turns classes 0 and 1 into what the neuron should give, if it must."""
    if not targets(activation)[0]:
        return []
    return [f"goals = 2 * y - 1  # {activation.name} lies between -1 and 1"]


def _loss_and_slope(activation):
    goal = _goal_name(activation)
    if activation.name == "sigmoid":  # sigmoid and loss together: exact, also where it is flat
        return [
            "binary_crossentropy = BinaryCrossentropy(from_logits=True)",
            "loss, dz = binary_crossentropy(y, z), binary_crossentropy.gradient(y, z)",
        ]
    squared_error = "mean_squared_error = MeanSquaredError()"
    loss = f"loss = mean_squared_error({goal}, output)"
    if activation.name == "step":
        slope = "dz = np.zeros_like(z)  # the step is flat, so that no gradient gets through"
        return [squared_error, loss, slope]
    upstream = f"mean_squared_error.gradient({goal}, output)"
    return [
        *_goals(activation),
        squared_error,
        loss,
        f"dz = {activation.name}.vjp(z, {upstream})",
    ]


def _keras_activation(activation):
    """Return the activation as Keras's layer takes it; parameters where the defaults differ."""
    if activation.name == "step":
        return "step"
    if activation.name == "leaky_relu":
        return f"keras.layers.LeakyReLU(negative_slope={activation.negative_slope!r})"
    return f'"{activation.name}"'


def _keras_loss(activation):
    sigmoid = activation.name == "sigmoid"
    return '"binary_crossentropy"' if sigmoid else '"mean_squared_error"'
