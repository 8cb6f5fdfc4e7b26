"""A layout for any computation graph: layers from left to right, arrows round the boxes.

Source: Sugiyama, Tagawa and Toda 1981, "Methods for visual understanding of hierarchical system
structures".
"""

from itertools import pairwise

from dlkit.plots.graph_layout import GraphLayout


def layered(result, width=752.0, row=70.0, box_height=48.0):
    """Return a layout of any graph: each node right of its inputs, leaves close to their users.

    Parameters
    ----------
    result : Value
        The last node.
    width : float
        In pixels; a graph of many layers becomes wider.
    row : float
        Distance of neighbouring boxes in a layer.
    box_height : float
        Height of a box.

    Returns
    -------
    GraphLayout
    """
    layer = _layers(result)
    columns = _columns(result, layer)
    orders = _without_crossings(columns, _neighbours(result, layer))
    count, tallest = len(columns), max(map(len, columns))
    width = max(width, count * 112.0)
    height = max(tallest, 2) * row
    box_width = min(width / count - 38, 92.0)
    places = {}
    for index, order in enumerate(orders):
        x = box_width / 2 + 2 + index * (width - box_width - 4) / max(count - 1, 1)
        for rank, item in enumerate(order):
            places[item] = (x, height / 2 + ((len(order) - 1) / 2 - rank) * row)
    bends = {}
    for node in result.nodes():
        for inner in node.inputs:
            between = [places[inner, node, k] for k in range(layer[inner] + 1, layer[node])]
            # level past the boxes of a layer, slanted only between layers
            bends[inner, node] = [
                (x + side * box_width / 2, y) for x, y in between for side in (-1, 1)
            ]
    nodes = {node: places[node] for node in result.nodes()}
    edges = tuple(dict.fromkeys((i, node) for node in result.nodes() for i in node.inputs))
    return GraphLayout(width, height, (box_width, box_height), nodes, edges, bends)


def _layers(result):
    """Node -> layer: after all its inputs, and a leaf just before its first user."""
    nodes, layer = result.nodes(), {}
    for node in nodes:
        layer[node] = 1 + max((layer[inner] for inner in node.inputs), default=-1)
    for node in nodes:
        if not node.inputs:
            users = [layer[other] for other in nodes if node in other.inputs]
            layer[node] = min(users, default=1) - 1
    return layer


def _columns(result, layer):
    """Layer by layer: its nodes, and a way through for each arrow that passes it."""
    columns = [[] for _ in range(max(layer.values()) + 1)]
    for node in result.nodes():
        columns[layer[node]].append(node)
        for inner in dict.fromkeys(node.inputs):
            for step in range(layer[inner] + 1, layer[node]):
                columns[step].append((inner, node, step))
    return columns


def _neighbours(result, layer):
    """Item -> the items of the layers next to it with which it is connected."""
    near = {}
    for node in result.nodes():
        for inner in dict.fromkeys(node.inputs):
            chain = [inner]
            chain += [(inner, node, step) for step in range(layer[inner] + 1, layer[node])]
            chain.append(node)
            for left, right in pairwise(chain):
                near.setdefault(left, []).append(right)
                near.setdefault(right, []).append(left)
    return near


def _without_crossings(columns, near):
    """Order each layer by the mean height of its neighbours, sweeping to and fro."""
    orders = [list(column) for column in columns]
    for sweep in range(8):
        height = {
            item: rank - (len(order) - 1) / 2 for order in orders for rank, item in enumerate(order)
        }
        indices = range(len(orders)) if sweep % 2 else range(len(orders) - 1, -1, -1)
        for index in indices:
            beside = {
                item: [height[other] for other in near.get(item, [])] or [height[item]]
                for item in orders[index]
            }
            mean = {item: sum(values) / len(values) for item, values in beside.items()}
            orders[index].sort(key=mean.__getitem__)
            for rank, item in enumerate(orders[index]):
                height[item] = rank - (len(orders[index]) - 1) / 2
    return orders
