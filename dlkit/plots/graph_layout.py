"""Where the boxes of a computation graph stand, how its arrows run, and where their labels go."""

import math
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

LABEL_ROOM = (40.0, 13.0)
"""Width and height of what a label takes at most, in pixels, whatever number it shows."""

_ALONG = (0.5, 0.38, 0.62, 0.26, 0.74)  # where a label may stand on its arrow
_CROSSED = 150.0  # a label crossed by an arrow is as bad as one that hides so many pixels


@dataclass(frozen=True, eq=False)
class GraphLayout:
    """Places of boxes and bends of arrows, in pixels from the bottom left corner.

    Parameters
    ----------
    width, height : float
        Size of the drawing.
    box : tuple of float
        Width and height of every box.
    places : dict
        Node -> (x, y) of its centre. A node may be anything that a dictionary takes as a key.
    edges : sequence of (node, node)
        From an input to the node that uses it.
    bends : dict
        (input, node) -> points through which that arrow runs; left out for a straight one.
    """

    width: float
    height: float
    box: tuple
    places: dict
    edges: tuple
    bends: dict = field(default_factory=dict)

    @cached_property
    def ways(self):
        """(input, node) -> the points of the arrow: out of one box, into the other."""
        return {edge: self._way(*edge) for edge in self.edges}

    @cached_property
    def label_places(self):
        """(input, node) -> (x, y, on the arrow or beside it) of the arrow's label.

        Clear of boxes, arrows and other labels where there is room. They depend on the layout
        alone, so that nothing jumps when the numbers change.
        """
        taken = [(x, y, *self.box) for x, y in self.places.values()]
        found = {}
        for edge, way in self.ways.items():
            start, end = max(_stretches(way), key=lambda stretch: math.dist(*stretch))
            others = [
                part
                for other in self.ways
                if other != edge
                for part in _stretches(self.ways[other])
            ]
            options = [place for along in _ALONG for place in _beside(start, end, along)]
            costs = [_cost((*place[:2], *LABEL_ROOM), taken, others) for place in options]
            found[edge] = options[costs.index(min(costs))]
            taken.append((*found[edge][:2], *LABEL_ROOM))
        return found

    def _way(self, inner, node):
        (x0, y0), (x1, y1) = self.places[inner], self.places[node]
        half_width, half_height = self.box[0] / 2, self.box[1] / 2
        if x1 - x0 < self.box[0]:  # one above the other
            down = 1 if y1 < y0 else -1
            return [(x0, y0 - down * half_height), (x1, y1 + down * half_height)]
        # several arrows enter a box one above the other, in the order in which they come
        heights = sorted({self._comes_from(edge) for edge in self.edges if edge[1] == node})
        rank = heights.index(self._comes_from((inner, node))) - (len(heights) - 1) / 2
        into = y1 + rank * 0.4 * self.box[1]
        bends = self.bends.get((inner, node), ())
        return [(x0 + half_width, y0), *bends, (x1 - half_width, into)]

    def _comes_from(self, edge):
        return [self.places[edge[0]], *self.bends.get(edge, ())][-1][1]


def _stretches(way):
    return list(pairwise(way))


def _beside(start, end, along):
    """The two places beside an arrow, left and right of it, or one on it where it is long."""
    (x0, y0), (x1, y1) = start, end
    x, y, length = x0 + along * (x1 - x0), y0 + along * (y1 - y0), math.dist(start, end)
    if length > 1.8 * LABEL_ROOM[0] and abs(y1 - y0) < 0.5 * length:
        return [(x, y, True)]
    across, up = -(y1 - y0) / length, (x1 - x0) / length
    away = (LABEL_ROOM[0] * abs(across) + LABEL_ROOM[1] * abs(up)) / 2 + 1
    sides = [(x + away * across, y + away * up), (x - away * across, y - away * up)]
    return [(*place, False) for place in sides]


def _cost(room, taken, stretches):
    """How many pixels of a rectangle (x, y, width, height) are taken, and arrows crossing it."""
    hidden = sum(_shared(room, other) for other in taken)
    return hidden + _CROSSED * sum(_crosses(stretch, room) for stretch in stretches)


def _shared(one, other):
    """The area that two rectangles have in common."""
    width = (one[2] + other[2]) / 2 - abs(one[0] - other[0])
    height = (one[3] + other[3]) / 2 - abs(one[1] - other[1])
    return max(width, 0.0) * max(height, 0.0)


def _crosses(stretch, room):
    (x0, y0), (x1, y1) = stretch
    x, y, width, height = room
    return any(
        abs(x0 + t / 20 * (x1 - x0) - x) < width / 2
        and abs(y0 + t / 20 * (y1 - y0) - y) < height / 2
        for t in range(21)
    )
