"""Exercise 03.4: the backward walk over a computation graph, on bare lists."""

from dlkit.exercises.judging import FunctionCheck, Mistake


def graph_gradients(nodes):
    """Return d(last node)/d(node) for every node; nodes[i] lists (input, local derivative)."""
    gradients = [0.0] * len(nodes)
    gradients[-1] = 1.0  # the result changes as fast as itself
    for i in reversed(range(len(nodes))):  # every user of a node comes before the node
        for j, local_derivative in nodes[i]:
            gradients[j] += gradients[i] * local_derivative  # paths add up
    return gradients


def _graphs():
    from dlkit.autodiff import Value

    # A hand-made graph in which node 2 and node 0 are used more than once.
    by_hand = [
        [],
        [],
        [(0, 3.0), (1, -2.0)],
        [(2, 0.5)],
        [(2, 1.7), (0, 0.25)],
        [(3, -1.2), (4, 0.8), (2, 0.6)],
    ]
    # A real one: a neuron whose weight is used twice, and whose output meets its input again.
    x, w, b = Value(0.7), Value(-0.6), Value(0.2)
    y = (x * w + b).tanh()
    result = (y * y + w) * y + x
    steps = {step.node: step.contributions for step in result.backward_steps()}
    nodes = result.nodes()
    real = [
        [(nodes.index(part.input), part.local_derivative) for part in steps.get(node, ())]
        for node in nodes
    ]
    return [(by_hand,), (real,)]


def _sum_over_paths(nodes):
    """The chain rule taken literally: add up, over all paths, the product of what lies on them."""

    def paths(start, end):
        if start == end:
            return 1.0
        return sum(local * paths(inner, end) for inner, local in nodes[start])

    return [paths(len(nodes) - 1, end) for end in range(len(nodes))]


def _walk(nodes, change, order=reversed, seed=1.0, start=0.0):
    gradients = [start] * len(nodes)
    gradients[-1] = seed
    for i in order(range(len(nodes))):
        for j, local in nodes[i]:
            gradients[j] = change(gradients[j], gradients[i], local)
    return gradients


def _right(old, upstream, local):
    return old + upstream * local


def _too_early(nodes):
    gradients, queue = [0.0] * len(nodes), [len(nodes) - 1]
    gradients[-1] = 1.0
    while queue:
        i = queue.pop(0)
        for j, local in nodes[i]:
            gradients[j] += gradients[i] * local
            queue.append(j)
    return gradients


GRAPH = FunctionCheck(
    arguments=("nodes",),
    cases=_graphs,
    oracle=_sum_over_paths,
    praise="This is the whole of backpropagation; one of the graphs came from a real `Value`.",
    mistakes=(
        Mistake(
            "A node that is used twice keeps only the last contribution. Add each to what is there "
            "already: += instead of =.",
            lambda nodes: _walk(nodes, lambda old, upstream, local: upstream * local),
        ),
        Mistake(
            "You walk from the first node to the last. Go backward: a node can pass its gradient "
            "on only when it has received all of it.",
            lambda nodes: _walk(nodes, _right, order=iter),
        ),
        Mistake(
            "All gradients stay 0, because nothing starts the walk: the gradient of the last node "
            "is 1.",
            lambda nodes: _walk(nodes, _right, seed=0.0),
        ),
        Mistake(
            "You add the local derivatives and forget what comes from above: multiply each with "
            "the gradient of the node itself (chain rule).",
            lambda nodes: _walk(nodes, lambda old, upstream, local: old + local),
        ),
        Mistake(
            "You pass the gradients on unchanged. Multiply with the local derivative on the way.",
            lambda nodes: _walk(nodes, lambda old, upstream, local: old + upstream),
        ),
        Mistake(
            "You add the gradient and the local derivative. The chain rule multiplies them.",
            lambda nodes: _walk(nodes, lambda old, upstream, local: old + upstream + local),
        ),
        Mistake(
            "Some nodes pass their gradient on before all of it has arrived, and again later. "
            "Visit each node once, from the last to the first.",
            _too_early,
        ),
        Mistake(
            "Every gradient must start at 0; yours start at 1. Only that of the last node is 1.",
            lambda nodes: _walk(nodes, _right, start=1.0),
        ),
        Mistake(
            "These are the right gradients, listed from the last node to the first. The list runs "
            "like `nodes`: node 0 comes first.",
            lambda nodes: _sum_over_paths(nodes)[::-1],
        ),
        Mistake(
            "Where paths meet, their shares are added, not multiplied: += instead of *=.",
            lambda nodes: _walk(nodes, lambda old, upstream, local: old * upstream * local),
        ),
    ),
)
