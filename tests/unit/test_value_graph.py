"""The drawing of computation graphs: right numbers, and no box or arrow in the way of another."""

import itertools

import pytest

from dlkit import Value, figure_summary
from dlkit.labs.backprop_examples import EXAMPLES, layout_of
from dlkit.plots import value_graph
from dlkit.plots.chart import Box
from dlkit.plots.figure import to_figure
from dlkit.plots.graph_layers import layered
from dlkit.plots.graph_marks import number


def long_jumps():
    x, w, y = Value(1.5, "x"), Value(0.5, "w"), Value(1.0, "y")
    h = (w * x).tanh()
    return ((w * h + x).sigmoid() * w + h - y) ** 2


def wide():
    leaves = [Value(0.1 * k + 0.1, f"a{k}") for k in range(9)]
    total = leaves[0]
    for leaf in leaves[1:]:
        total = total + leaf.tanh() * leaves[0]
    return total


LAYOUTS = {name: layout_of(example) for name, example in EXAMPLES.items()} | {
    "long jumps": layered(long_jumps()),
    "wide": layered(wide()),
}


def overlap(one, other, layout, slack=0.0):
    width, height = layout.box
    return abs(one[0] - other[0]) < width + slack and abs(one[1] - other[1]) < height + slack


def passes_through(way, centre, box):
    """Whether an arrow comes more than a pixel inside a box."""
    for (x0, y0), (x1, y1) in itertools.pairwise(way):
        for step in range(201):
            x, y = x0 + step / 200 * (x1 - x0), y0 + step / 200 * (y1 - y0)
            if abs(x - centre[0]) < box[0] / 2 - 1 and abs(y - centre[1]) < box[1] / 2 - 1:
                return True
    return False


@pytest.mark.parametrize("name", LAYOUTS)
def test_boxes_stand_apart_and_inside_the_picture(name):
    layout = LAYOUTS[name]
    for one, other in itertools.combinations(layout.places.values(), 2):
        assert not overlap(one, other, layout, slack=6)
    for x, y in layout.places.values():
        assert layout.box[0] / 2 <= x <= layout.width - layout.box[0] / 2
        assert layout.box[1] / 2 <= y <= layout.height - layout.box[1] / 2


@pytest.mark.parametrize("name", LAYOUTS)
def test_no_arrow_runs_through_a_box(name):
    layout = LAYOUTS[name]
    for edge, way in layout.ways.items():
        for node, centre in layout.places.items():
            assert not passes_through(way, centre, layout.box), (edge, node)


@pytest.mark.parametrize("name", EXAMPLES)
def test_no_label_hides_a_number_in_a_box_of_the_lab(name):
    layout = LAYOUTS[name]
    for edge, (x, y, _) in layout.label_places.items():
        for centre in layout.places.values():
            inside_x = abs(x - centre[0]) < layout.box[0] / 2
            inside_y = abs(y - centre[1]) < layout.box[1] / 2
            assert not (inside_x and inside_y), edge


def test_every_node_stands_right_of_its_inputs():
    result = long_jumps()
    layout = layered(result)
    for inner, node in layout.edges:
        assert layout.places[inner][0] < layout.places[node][0]
    assert set(layout.places) == set(result.nodes())


def test_the_picture_shows_values_gradients_and_local_derivatives():
    x, w = Value(2.0, "x"), Value(-3.0, "w")
    z = x * w
    z.label = "z"
    loss = z**2
    loss.label = "L"
    loss.backward()
    chart = value_graph(loss)
    texts = [mark.text for mark in chart.panels[0].marks if hasattr(mark, "text")]
    assert "w = −3.00\ngiven\ngrad −24.0" in texts
    assert "z = −6.00\nx · w\ngrad −12.0" in texts
    assert {"×−3.00", "×2.00", "×−12.0"} <= set(texts)
    assert chart.summary == (
        "Computation graph of L = 36.0: 2 given and 2 computed numbers. "
        "∂L/∂x = 36.0, ∂L/∂w = −24.0."
    )
    assert figure_summary(to_figure(chart)) == chart.summary


def test_a_value_used_twice_by_one_node_shows_both_derivatives():
    x = Value(3.0, "x")
    square = x * x
    square.backward()
    marks = value_graph(square).panels[0].marks
    texts = [mark.text for mark in marks if hasattr(mark, "text")]
    assert "×3.00, ×3.00" in texts
    assert any("grad 6.00" in text for text in texts)


def test_a_plain_number_in_a_formula_is_a_box_of_its_own():
    chart = value_graph(Value(2.0, "x") * 0.5)
    assert any(
        isinstance(mark, Box) and "number" in mark.text.split("\n")
        for mark in chart.panels[0].marks
    )
    assert "1 given and 1 computed numbers" in chart.summary, "constants are not counted"


@pytest.mark.parametrize(
    ("wrong", "error", "words"),
    [
        (3.0, TypeError, "must be a Value"),
        (None, TypeError, "must be a Value"),
        (Value(1.0), ValueError, "2 to 60 nodes"),
        (sum(Value(float(k)) for k in range(40)), ValueError, "2 to 60 nodes"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_words(wrong, error, words):
    with pytest.raises(error, match=words):
        value_graph(wrong)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2.0, "2.00"), (-0.3125, "−0.312"), (123.4, "123"), (1234.5, "1234"), (1.2e-5, "1.20e-5"),
        (0.0, "0"), (-0.0, "0"), (9.999, "10.0"), (1e9, "1.00e9"), (-99.96, "−100"),
    ],
)  # fmt: skip
def test_numbers_are_short_and_keep_their_zeros(value, text):
    assert number(value) == text
