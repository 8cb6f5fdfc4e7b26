"""BackpropLab, driven without a browser: right gradients, a consistent walk, every control."""

import itertools
import json
import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dlkit.labs import BackpropLab
from dlkit.labs.backprop_examples import EXAMPLES, layout_of
from dlkit.labs.backprop_walk import Walk, finite_difference, loss_at
from dlkit.plots.chart import Box
from dlkit.plots.figure import figure_summary
from dlkit.plots.graph_layout import LABEL_ROOM


@pytest.fixture(name="lab")
def a_lab():
    lab = BackpropLab()
    yield lab
    lab.close()


def whole(example, numbers=None):
    walk = Walk(example, numbers or dict(EXAMPLES[example].opening), 0)
    return Walk(example, walk.numbers, walk.last_step)


def boxes(lab):
    """Name of a node -> its box."""
    marks = lab.chart().panels[0].marks
    found = [mark for mark in marks if isinstance(mark, Box) and " = " in mark.text]
    return {mark.text.split(" = ")[0]: mark for mark in found}


# --- the mathematics ------------------------------------------------------------------------------


def by_hand(example, n):
    """The losses once more, in plain Python."""
    if example == "neuron":
        return (math.tanh(n["w"] * n["x"] + n["b"]) - n["y"]) ** 2
    if example == "shared":
        return (n["w"] * math.tanh(n["w"] * n["x"]) - n["y"]) ** 2
    if example == "softmax":
        total = sum(math.exp(n[name]) for name in ("z1", "z2", "z3"))
        return -math.log(math.exp(n["z1"]) / total)
    h1 = math.tanh(n["w11"] * n["x1"] + n["w12"] * n["x2"])
    h2 = math.tanh(n["w21"] * n["x1"] + n["w22"] * n["x2"])
    return (1 / (1 + math.exp(-(n["v1"] * h1 + n["v2"] * h2))) - n["y"]) ** 2


@pytest.mark.parametrize("example", EXAMPLES)
@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_values_and_gradients_are_right_at_any_numbers(example, data):
    numbers = {name: data.draw(st.floats(-2, 2)) for name in EXAMPLES[example].opening}
    walk = whole(example, numbers)
    assert walk.loss == pytest.approx(by_hand(example, numbers), rel=1e-12, abs=1e-15)
    for name in numbers:
        gradient, complete = walk.gradient(name)
        _, _, measured = finite_difference(example, numbers, name, 1e-5)
        assert complete
        assert gradient == pytest.approx(measured, rel=1e-6, abs=1e-8)


def test_softmax_gradient_is_prediction_minus_truth():
    numbers = {"z1": 0.3, "z2": -1.0, "z3": 1.5}
    total = sum(math.exp(value) for value in numbers.values())
    walk = whole("softmax", numbers)
    for name, truth in (("z1", 1), ("z2", 0), ("z3", 0)):
        assert walk.gradient(name)[0] == pytest.approx(math.exp(numbers[name]) / total - truth)


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_walk_shows_what_value_computes(example):
    walk = whole(example)
    twin = EXAMPLES[example].graph(walk.numbers)
    twin.backward()
    for node in twin.nodes():
        assert walk.nodes[node.label].data == node.data
        assert walk.gradient(node.label) == (node.gradient, True)


def test_a_weight_used_twice_gets_the_sum_of_two_paths():
    walk = whole("shared")
    parts = [
        part.amount
        for step in walk.backward_steps
        for part in step.contributions
        if part.input.label == "w"
    ]
    assert len(parts) == 2
    assert walk.gradient("w")[0] == sum(parts)


# --- the walk ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_step_reveals_one_thing_and_undo_hides_it_again(example):
    lab = BackpropLab(example=example)
    last = lab._walk().last_step
    pictures = [(lab._picture.value, lab.summary())]
    known = [sum("= ?" in box.text for box in boxes(lab).values())]
    for _ in range(last):
        lab.step_forward()
        pictures.append((lab._picture.value, lab.summary()))
        known.append(sum("= ?" in box.text for box in boxes(lab).values()))
    n = (last - 1) // 2
    assert known == [*range(n, -1, -1), *[0] * (n + 1)], "one value per forward step"
    assert len({picture for picture, _ in pictures}) == last + 1, "every step changes the picture"
    for expected in reversed(pictures[:-1]):
        lab.step_back()
        assert (lab._picture.value, lab.summary()) == expected
    lab.close()


def test_at_both_ends_the_lab_says_so(lab):
    lab.step_back()
    assert "beginning" in lab.message
    lab.all_backward()
    before = lab.summary()
    lab.step_forward()
    assert "All gradients are known" in lab.message
    assert lab.summary() == before


def test_all_forward_and_all_backward_are_the_single_steps(lab):
    other = BackpropLab()
    for _ in range(5):
        other.step_forward()
    lab.all_forward()
    assert lab.summary() == other.summary()
    for _ in range(6):
        other.step_forward()
    lab.all_backward()
    assert lab.summary() == other.summary()
    assert lab._picture.value == other._picture.value


def test_the_chain_rule_is_written_out_with_the_numbers():
    lab = BackpropLab(x=2.0, w=1.0, b=0.0, y=3.0)
    lab.all_forward()
    lab.step_forward()
    assert "∂L/∂L = 1" in lab.sentence
    lab.step_forward()
    a = math.tanh(2.0)
    assert f"∂L/∂e = ∂L/∂L · ∂L/∂e = 1 · (−{2 * (3 - a):.4g}) = −{2 * (3 - a):.4g}" in lab.sentence
    texts = " ".join(mark.text for mark in lab.chart().panels[0].marks if hasattr(mark, "text"))
    assert "∂L/∂e = ∂L/∂L · ∂L/∂e = 1 ·" in texts, "in the picture too"


def test_the_second_share_is_added_to_the_first():
    lab = BackpropLab(example="shared")
    lab.all_forward()
    for _ in range(4):
        lab.step_forward()
    assert "so far" in boxes(lab)["w"].text
    lab.all_backward()
    assert "∂L/∂w = −0.7107 + ∂L/∂p · ∂p/∂w = −0.7107 + (−0.6047) · 1 = −1.315" in lab.sentence
    assert "grad" in boxes(lab)["w"].text


def test_known_unknown_and_present_differ_without_colour(lab):
    lab.step_forward()
    found = boxes(lab)
    assert found["p"].border > 2 * found["w"].border
    assert found["p"].filled
    assert found["z"].dash == "dashed"
    assert found["w"].dash == "solid"
    assert "?" in found["z"].text


def test_sliders_keep_the_place_in_the_walk(lab):
    lab.all_backward()
    lab.controls.w.value = 1.5
    walk = lab._walk()
    assert walk.steps == walk.last_step
    assert walk.loss == pytest.approx((math.tanh(1.5 * 2 + 0.2) - 1) ** 2)


# --- update, nudge, challenge -------------------------------------------------------------------------


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_update_is_gradient_descent_and_lowers_the_loss(example):
    lab = BackpropLab(example=example, learning_rate=0.05)
    numbers = lab._numbers()
    walk = whole(example, numbers)
    lab.update()
    for name in numbers:
        moved = -0.05 * walk.gradient(name)[0] if name in EXAMPLES[example].trainable else 0
        assert lab.controls[name].value == pytest.approx(numbers[name] + moved, abs=1e-12)
    assert lab._walk().loss < walk.loss
    assert lab.message.startswith("Update 1: loss")
    assert "grad ?" in boxes(lab)["L"].text, "old gradients no longer hold"


def test_a_step_that_is_too_long_is_named():
    lab = BackpropLab(example="shared", learning_rate=3.0)
    lab.update()
    assert "The loss has grown" in lab.message
    for _ in range(3):
        lab.update()
    assert "No weight moves" in lab.message or "end of the slider" in lab.message
    assert abs(lab.controls.w.value) <= 10


def test_zero_gradients_move_nothing():
    lab = BackpropLab(
        example="network", **dict.fromkeys(("v1", "v2", "w11", "w12", "w21", "w22"), 0)
    )
    lab.update()
    assert "No weight moves" in lab.message
    assert lab._updates == 0


def test_nudge_check_agrees_and_waits_for_the_backward_pass(lab):
    lab.controls.nudged.value = "b"
    assert "not known yet" in lab.details()
    lab.all_backward()
    gradient = lab._walk().gradient("b")[0]
    assert f"backprop: <strong>{gradient:.4f}".replace("-", "−") in lab.details()
    lab.controls.nudge.value = 1e-4
    assert f"finite difference: <strong>{gradient:.4f}".replace("-", "−") in lab.details()
    lab.controls.nudge.value = 1.0
    assert f"finite difference: <strong>{gradient:.2f}".replace("-", "−") not in lab.details()


def solved():
    lab = BackpropLab(example="network", learning_rate=5.0)
    for _ in range(4):
        assert not lab.met()
        lab.update()
    return lab


def test_the_challenge_is_recognised():
    lab = solved()
    assert lab.met()
    assert lab.summary().endswith("Challenge met.")
    assert "Challenge met" in lab._sentence.value
    lab.reset()
    assert not lab.met()


def test_the_challenge_cannot_be_met_by_hand_or_slowly():
    lab = solved()
    lab.controls.y.value = 0.3
    assert not lab.met()
    started_closer = BackpropLab(example="network", learning_rate=5.0, v1=-0.3)
    slow = BackpropLab(example="network", learning_rate=1.0)
    for _ in range(14):
        started_closer.update()
        slow.update()
        assert not slow.met()
        assert not started_closer.met()
    other = BackpropLab(example="neuron", learning_rate=0.5)
    other.update()
    assert other._walk().loss < 0.01
    assert not other.met()


@pytest.mark.parametrize(("learning_rate", "met"), [(0.1, False), (5.0, True), (100.0, False)])
def test_neither_end_of_the_learning_rate_meets_the_challenge(learning_rate, met):
    lab = BackpropLab(example="network", learning_rate=learning_rate)
    for _ in range(6):
        assert "Challenge not met" not in lab.message
        lab.update()
    assert lab.met() is met
    assert ("Challenge not met in 6 updates: press Reset" in lab.message) is not met


def test_reset_brings_back_the_opening(lab):
    first = lab.summary(), lab._numbers()
    lab.all_backward()
    lab.update()
    lab.controls.x.value = -1
    lab.reset()
    assert (lab.summary(), lab._numbers()) == first


# --- controls, state, robustness ----------------------------------------------------------------------


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_control_at_both_ends(example):
    lab = BackpropLab(example=example)
    lab.all_backward()
    for control in map(lab.controls.__getitem__, lab.controls):
        if not hasattr(control, "bounds"):
            continue
        opening = control.value
        for end in control.bounds[:2]:
            control.value = end
            assert lab.message == ""
            assert math.isfinite(lab._walk().loss)
            lab.update()
            assert "Please note" not in lab._message.value
        control.value = opening
    for leaf in EXAMPLES[example].opening:
        lab.controls.nudged.value = leaf
        assert f"Nudge check at {leaf}" in lab.details()
    assert figure_summary(lab.figure()) == lab.sentence
    lab.close()


@pytest.mark.parametrize("example", EXAMPLES)
def test_all_numbers_at_their_ends_together(example):
    names = list(EXAMPLES[example].opening)
    lab = BackpropLab(example=example, nudge=1.0)
    for signs in itertools.islice(itertools.product((0, 1), repeat=len(names)), 16):
        for name, sign in zip(names, signs, strict=True):
            lab.controls[name].value = lab.controls[name].bounds[sign]
        lab.all_backward()
        lab.update()
        assert "Please note" not in lab._message.value
        assert all(math.isfinite(node.gradient) for node in lab._walk().nodes.values())
    lab.close()


def test_only_the_sliders_of_the_example_are_shown(lab):
    for example, content in EXAMPLES.items():
        lab.controls.example.value = example
        group = lab.controls.groups()["The given numbers"]
        shown = {name for name in group if group[name].layout.display != "none"}
        assert shown == set(content.opening)
        assert set(lab.controls.nudged.options) == shown
        assert lab._numbers() == content.opening
        assert lab._steps == 0


@given(data=st.data())
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_state_survives_json(data):
    example = data.draw(st.sampled_from(list(EXAMPLES)))
    lab = BackpropLab(example=example)
    actions = [lab.step_forward, lab.step_back, lab.all_forward, lab.all_backward, lab.update]
    for action in data.draw(st.lists(st.sampled_from(actions), max_size=6)):
        action()
    name = data.draw(st.sampled_from(list(EXAMPLES[example].opening)))
    if data.draw(st.booleans()):
        lab.controls[name].value = data.draw(st.floats(-2, 2))
    lab.controls.nudged.value = name
    twin = BackpropLab.from_state(json.loads(json.dumps(lab.state())))
    assert twin.state() == lab.state()
    assert (twin.summary(), twin.details(), twin.met()) == (lab.summary(), lab.details(), lab.met())
    for leaf in EXAMPLES[example].opening:
        assert twin.controls[leaf].step == lab.controls[leaf].step
    lab.reset()
    twin.reset()
    assert twin.state() == lab.state()
    lab.close()
    twin.close()


@pytest.mark.parametrize(
    ("values", "error", "words"),
    [
        ({"example": "neurn"}, ValueError, "Did you mean 'neuron'"),
        ({"example": 3}, TypeError, "example must be one of"),
        ({"learning_rate": -1}, ValueError, "learning_rate"),
        ({"w": math.nan}, ValueError, "w must be"),
        ({"w": "1"}, TypeError, "w must be"),
        ({"x": 4.0}, ValueError, "x must be"),
        ({"wieght": 1.0}, ValueError, "control must be one of"),
        ({"nudged": "z1"}, ValueError, "nudged must be one of"),
        ({"challenge": 3}, TypeError, "challenge must be a string"),
    ],
)
def test_wrong_arguments_are_refused_in_words(values, error, words):
    with pytest.raises(error, match=words):
        BackpropLab(**values)


@pytest.mark.parametrize(
    "change",
    [{"steps": -1}, {"steps": 12}, {"steps": 1.5}, {"updates": -1}, {"opening": {"x": 1.0}},
     {"opening": {"x": 1, "w": 1, "b": 99, "y": 1}}, {"by_hand": "no"}],
)  # fmt: skip
def test_a_damaged_state_is_refused(lab, change):
    with pytest.raises((TypeError, ValueError)):
        BackpropLab.from_state({**lab.state(), **change})


def test_plain_text_is_the_same_each_time_and_speaks_in_sentences():
    one, other = BackpropLab(example="network"), BackpropLab(example="network")
    for lab in (one, other):
        lab.all_backward()
    bundle, metadata = one._repr_mimebundle_()
    assert bundle["text/plain"] == other._repr_mimebundle_()[0]["text/plain"]
    assert bundle["text/plain"].startswith(
        "BackpropLab: Two layers, 2-2-1. Backward, node 14 of 14"
    )
    assert metadata["image/png"]["alt"] == one.sentence
    assert len(bundle["image/png"]) > 5000


def test_loss_at_is_the_loss_that_is_shown(lab):
    lab.all_forward()
    assert f"{loss_at('neuron', lab._numbers()):.3g}" in lab.sentence


@pytest.mark.parametrize("example", EXAMPLES)
def test_labels_have_room_between_the_boxes(example):
    layout = layout_of(EXAMPLES[example])
    for (x0, y0), (x1, y1) in (way[-2:] for way in layout.ways.values()):
        if abs(x1 - x0) > abs(y1 - y0):  # a label stands on the arrow, between both boxes
            assert x1 - x0 >= LABEL_ROOM[0] + 4
