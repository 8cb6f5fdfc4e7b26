"""Exercises of lesson 03: write backward passes, measure them, and catch a wrong one."""

from dlkit.exercises.checks_03 import (
    BACKWARD,
    CROSS_ENTROPY,
    NUMERICAL,
    cross_entropy_gradient,
    numerical_gradient,
    tanh_layer_backward,
)
from dlkit.exercises.graph_backward import GRAPH, graph_gradients
from dlkit.exercises.planted_fault import WRONG_ANSWERS, examine_find, find_wrong_gradients
from dlkit.exercises.registry import Exercise

EXERCISES = (
    Exercise(
        id="03.1",
        title="Backward through a tanh layer",
        level="fill in",
        statement=r"""
The layer $y = \tanh(x w + b)$ has `x` of shape (batch, inputs), `w` of shape (inputs, units) and
`b` of shape (units,). From above comes `upstream`, the derivative of the loss with respect to y,
shape (batch, units).

Return the three gradients `dw`, `db`, `dx`, in this order.
""",
        starter="""def my_backward(x, w, b, upstream):
    dz = ...
    dw = ...
    db = ...
    dx = ...
    return dw, db, dx


check("03.1", my_backward)
""",
        hints=(
            (
                "Go backward one operation at a time: first through tanh, then through the product "
                "and the sum. Compute y first; you need it."
            ),
            (
                "Through tanh: dz = upstream · (1 − y²), elementwise. What shape must each gradient "
                "have? Often only one product fits."
            ),
            (
                "`dw = x.T @ dz`, `db = dz.sum(axis=0)`, `dx = dz @ w.T`, with "
                "`dz = upstream * (1 - np.tanh(x @ w + b) ** 2)`."
            ),
        ),
        solution=tanh_layer_backward,
        examine=BACKWARD,
        wrong_answers=BACKWARD.wrong_answers(),
    ),
    Exercise(
        id="03.2",
        title="Cross-entropy with a temperature",
        level="build",
        statement=r"""
With a temperature $T$ the probabilities are $p = \mathrm{softmax}(z / T)$: a high temperature makes
them more alike. The loss is the mean over the batch of $-\ln p_{\mathrm{label}}$.

Write a function that takes the logits `z` of shape (batch, classes), whole-number `labels` of
shape (batch,) and `temperature`, and returns the gradient of the loss with respect to z.
""",
        starter="""def my_gradient(z, labels, temperature):
    ...


check("03.2", my_gradient)
""",
        hints=(
            "Without a temperature and for one sample, the gradient is p minus the one-hot target.",
            (
                "Two factors come on top: the loss is a mean over the batch, and z / T is inside "
                "(chain rule)."
            ),
            (
                "`(p - target) / (temperature * len(z))`, where p is the softmax of `z / temperature` "
                "along axis 1, and `target = np.eye(z.shape[1])[labels]`."
            ),
        ),
        solution=cross_entropy_gradient,
        examine=CROSS_ENTROPY,
        wrong_answers=CROSS_ENTROPY.wrong_answers(),
    ),
    Exercise(
        id="03.3",
        title="Measure a gradient",
        level="build",
        statement=r"""
Write a function that measures the gradient of any `f` at `x` by central differences. `f` takes an
array of the shape of x and returns a number; `x` may have any number of axes; `step` is the h of
$(f(x + h) - f(x - h)) / 2h$.

The result has the shape of x. Leave x as it was.
""",
        starter="""def my_numerical_gradient(f, x, step):
    ...


check("03.3", my_numerical_gradient)
""",
        hints=(
            "Nudge one element up, call f, nudge it down, call f. Then the next element.",
            (
                "`for index in np.ndindex(x.shape):` goes through all positions of an array of any "
                "shape; `x[index]` is one element."
            ),
            (
                "Make `nudged = x.copy()` for each index, set `nudged[index] = x[index] + step`, then "
                "`x[index] - step`, and divide the difference of the two values of f by (2 * step)."
            ),
        ),
        solution=numerical_gradient,
        examine=NUMERICAL,
        wrong_answers=NUMERICAL.wrong_answers(),
    ),
    Exercise(
        id="03.4",
        title="Walk the graph backward",
        level="build",
        statement="""
A computation graph as bare lists: `nodes[i]` holds one pair (j, local derivative) for every input
j of node i, and is empty for a leaf. Inputs always have smaller numbers than their users, and the
last node is the result. For example:

    nodes = [[], [], [(0, 3.0), (1, 2.0)], [(2, 0.5), (0, 1.0)]]

Node 2 is computed from the leaves 0 and 1, and node 3 from the nodes 2 and 0. Return a list with
the derivative of the result with respect to every node.
""",
        starter="""def my_walk(nodes):
    gradients = ...
    return gradients


check("03.4", my_walk)
""",
        hints=(
            "Do the example on paper: how does node 0 reach the result, and over how many paths?",
            "Begin with zeros, and 1 for the last node. Then go from the last node to the first.",
            (
                "For every pair `j, local` in `nodes[i]`: "
                "`gradients[j] += gradients[i] * local`, with i from `len(nodes) - 1` down to 0."
            ),
        ),
        solution=graph_gradients,
        examine=GRAPH,
        wrong_answers=GRAPH.wrong_answers(),
    ),
    Exercise(
        id="03.5",
        title="Find the planted fault",
        level="open",
        statement="""
Somebody wrote a backward pass, and some of its gradients may be wrong. Write a detective.

Your function gets `loss`, a function that takes a dictionary of parameters (name to array) and
returns the loss; `parameters`, such a dictionary; and `gradients`, a dictionary with the same
names that holds what the backward pass claims. Return the list of the names whose gradient is
wrong, which may be empty.

The faults are of several kinds: a wrong sign, a wrong factor, one wrong element, two elements
exchanged, one percent. The loss may be large or tiny, and its gradients with it. Leave
`parameters` as they were.
""",
        starter="""def my_detective(loss, parameters, gradients):
    ...


check("03.5", my_detective)
""",
        hints=(
            "For each parameter, measure the gradient as in exercise 03.3 and compare.",
            (
                "Copy the whole dictionary before you nudge one element of one array: "
                "`nudged = {name: array.copy() for name, array in parameters.items()}`."
            ),
            (
                "Compare relatively: a gradient is wrong when `np.linalg.norm(claimed - measured)` is "
                "above `1e-5 * np.linalg.norm(measured)`, with a step of 1e-5."
            ),
        ),
        solution=find_wrong_gradients,
        examine=examine_find,
        wrong_answers=WRONG_ANSWERS,
    ),
)
