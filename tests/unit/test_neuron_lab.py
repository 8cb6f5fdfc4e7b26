"""NeuronLab: driven without a browser, its numbers checked by hand and by finite differences."""

import base64
import json
import re
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlkit.labs import NeuronLab
from dlkit.labs.neuron_model import (
    LIMIT,
    NEURON_ACTIVATIONS,
    TASK_LABELS,
    boundary,
    descend,
    loss_and_gradient,
    says_one,
    targets,
    task,
)
from dlkit.plots.chart import Area, Heat, Line, Points

STARTS = [tuple(row) for row in np.random.default_rng(7).uniform(-4, 4, (6, 3)).round(1).tolist()]


def make(**values):
    lab = NeuronLab(**values)
    lab.frame_seconds = 0
    return lab


def learn(lab):
    assert lab.run()
    assert lab.wait(60)
    return lab


def animations():
    return [thread for thread in threading.enumerate() if thread.name == "dlkit-animation"]


def without_problem(lab):
    assert "Please note" not in lab._message.value
    assert lab.summary() and lab.details()


@pytest.fixture(scope="module")
def shared():
    return make()


weights = st.floats(-LIMIT, LIMIT)
shares = st.floats(0, 1)


# The sum


@given(x1=shares, x2=shares, w1=weights, w2=weights, b=weights)
@settings(max_examples=40)
def test_the_steps_in_the_picture_add_up_to_the_weighted_sum(shared, x1, x2, w1, w2, b):
    with shared.quietly():
        shared.controls.set({"x1": x1, "x2": x2, "w1": w1, "w2": w2, "bias": b})
    steps = [mark for mark in shared.chart().panels[0].marks if isinstance(mark, Area)]
    sums = [0.0, w1 * x1, w1 * x1 + w2 * x2, w1 * x1 + w2 * x2 + b]
    for step, start, end in zip(steps[:3], sums[:-1], sums[1:], strict=True):
        assert np.allclose((step.x0, step.x1), sorted((start, end)))
    assert np.allclose((steps[3].x0, steps[3].x1), sorted((0, sums[-1])))
    (low, high), _ = shared.chart().panels[0].ranges()
    assert low <= min(sums) and max(sums) <= high


def test_the_numbers_by_hand():
    lab = make(x1=0.5, x2=0.25, w1=2.0, w2=-4.0, bias=1.0, activation="relu")
    assert "2.00·0.50 − 4.00·0.25 + 1.00 = 1.00, and relu(z) = 1.00" in lab.sentence
    assert lab.chart().panels[0].title == "z = 1.00 − 1.00 + 1.00 = 1.00"
    # relu's targets are 0 and 1, so class 1 begins at 0.5: z = 1, -3, 3, -1 at the four corners
    assert "AND: 1 of 4 points right (25 %)" in lab.sentence


def test_a_rounded_sum_is_not_called_equal():
    lab = make(x1=0.333, x2=0.0, w1=1.234)
    assert "≈" in lab.sentence
    assert "≈" not in make(x1=0.35, w1=1.3, x2=0.05, w2=-0.7).sentence


# The line


@pytest.mark.parametrize("name", NEURON_ACTIVATIONS)
def test_on_the_decision_line_the_output_is_halfway_between_the_targets(name):
    f = NEURON_ACTIVATIONS[name]
    halfway = sum(targets(f)) / 2
    z = boundary(name)
    if name != "step":
        assert float(f(z)) == pytest.approx(halfway, abs=1e-9)
    beyond = np.linspace(-30, 30, 2001)
    assert np.array_equal(np.asarray(f(beyond)) > halfway + 1e-9, beyond > z + 1e-9)
    lab = make(activation=name, w1=2.0, w2=-3.0, bias=0.7)
    line = next(mark for mark in lab.chart().panels[1].marks if isinstance(mark, Line))
    assert np.allclose(2 * line.x - 3 * line.y + 0.7, z, atol=1e-6)


def test_the_surface_and_the_crosses_show_the_same_neuron():
    lab = make(task="xor", w1=3.0, w2=1.0, bias=-1.0)
    plane = lab.chart().panels[1]
    heat = next(mark for mark in plane.marks if isinstance(mark, Heat))
    middle = heat.x0 + (np.arange(40) + 0.5) * (heat.x1 - heat.x0) / 40
    z = 3 * middle[None, :] + middle[:, None] - 1
    assert np.allclose(heat.values, 1 / (1 + np.exp(-z)))
    wrong = next(m for m in plane.marks if isinstance(m, Points) and m.label == "wrong")
    assert {(float(x), float(y)) for x, y in zip(wrong.x, wrong.y)} == {(0, 1), (1, 1)}
    assert plane.title == "2 of 4 points right"


def test_without_weights_there_is_no_line():
    lab = make(w1=0.0, w2=0.0)
    line = next(mark for mark in lab.chart().panels[1].marks if isinstance(mark, Line))
    assert np.isnan(line.x).all()
    without_problem(lab)


# Learning


@pytest.mark.parametrize("name", [name for name in NEURON_ACTIVATIONS if name != "step"])
def test_the_gradient_is_that_of_finite_differences(name):
    f, points = NEURON_ACTIVATIONS[name], task("iris_overlapping")
    at = np.array([1.3, -0.6, 0.21])
    _, gradient = loss_and_gradient(points.x, points.y, at, f)
    for index, nudge in enumerate(1e-6 * np.eye(3)):
        above, _ = loss_and_gradient(points.x, points.y, at + nudge, f)
        below, _ = loss_and_gradient(points.x, points.y, at - nudge, f)
        assert gradient[index] == pytest.approx((above - below) / 2e-6, rel=1e-5, abs=1e-8)


@pytest.mark.parametrize("gate", ["and", "or"])
@pytest.mark.parametrize("start", STARTS[:3])
def test_or_and_and_are_learnt_from_any_start(gate, start):
    lab = learn(make(task=gate, w1=start[0], w2=start[1], bias=start[2]))
    assert "4 of 4 points right (100 %)" in lab.sentence
    assert f"{gate.upper()} is learnt." in lab.message
    assert not animations()


@pytest.mark.parametrize("start", STARTS[:3])
def test_xor_is_never_learnt_and_the_lab_says_why(start):
    lab = learn(make(task="xor", w1=start[0], w2=start[1], bias=start[2]))
    right = int(re.search(r"(\d) of 4 points right", lab.sentence)[1])
    assert right <= 3
    assert "XOR is not learnt." in lab.message
    assert "at most 3 of 4 (75 %)" in lab.sentence


def test_no_weights_whatever_answer_more_than_three_of_xor():
    points = task("xor")
    best = {name: 0 for name in NEURON_ACTIVATIONS}
    for parameters in np.random.default_rng(3).uniform(-LIMIT, LIMIT, (500, 3)):
        for name, f in NEURON_ACTIVATIONS.items():
            right = int((says_one(points.x, parameters, f) == (points.y == 1)).sum())
            best[name] = max(best[name], right)
    assert set(best.values()) == {3}


def test_iris_petals_are_told_apart_and_the_overlapping_ones_nearly():
    assert "100 of 100 points right" in learn(make(task="iris")).sentence
    lab = learn(make(task="iris_overlapping"))
    assert 90 <= int(re.search(r"(\d+) of 100 points right", lab.sentence)[1]) < 100


def test_a_step_goes_against_the_gradient_and_the_table_says_how_far():
    lab = make(task="or", learning_rate=0.5)
    points, f = task("or"), NEURON_ACTIVATIONS["sigmoid"]
    before = np.array([1.5, -1.0, 0.5])
    slopes = []
    for nudge in 1e-6 * np.eye(3):
        above, _ = loss_and_gradient(points.x, points.y, before + nudge, f)
        below, _ = loss_and_gradient(points.x, points.y, before - nudge, f)
        slopes.append((above - below) / 2e-6)
    assert "The next step" in lab.details()
    lab.step()
    after = np.array([lab.controls[name].value for name in ("w1", "w2", "bias")])
    assert after == pytest.approx(before - 0.5 * np.array(slopes), abs=1e-6)
    assert "Step 1 (dashed" in lab.details()
    for move in after - before:
        assert f"{move:+.3f}".replace("-", "−") in lab.details()
    dashed = [m for m in lab.chart().panels[1].marks if getattr(m, "dash", "") == "dashed"]
    assert np.allclose(1.5 * dashed[0].x - dashed[0].y + 0.5, 0, atol=1e-6)
    lab.controls.x1.value = 0.3
    assert "The next step" in lab.details()


def test_what_cannot_learn_says_so_and_starts_nothing():
    lab = make(activation="step")
    assert lab.run() is False and "slope is 0" in lab.message
    lab.step()
    assert "slope is 0" in lab.message and "after" not in lab.sentence
    lab = make(activation="relu", task="and", w1=-5.0, w2=-5.0, bias=-5.0)
    assert lab.run() is False and "dead" in lab.message
    lab = make(activation="relu", task="and", w1=1.0, w2=1.0, bias=-1.0)
    assert lab.run() is False and "the loss is 0 already" in lab.message
    lab = make(task="xor", w1=0.0, w2=0.0, bias=0.0)
    lab.step()
    assert "cancels out" in lab.message and "dead" not in lab.message
    assert not animations()


def test_a_learning_rate_that_is_too_large_is_named():
    lab = learn(make(activation="linear", learning_rate=10.0))
    assert "the learning rate is too large" in lab.message
    assert max(abs(lab.controls[name].value) for name in ("w1", "w2", "bias")) <= LIMIT


def test_a_neuron_that_is_thrown_onto_a_flat_part_is_told_apart_from_the_best_line():
    assert "gelu is nearly flat" in learn(make(activation="gelu", task="and")).message
    overlapping = learn(make(task="iris_overlapping"))
    assert "wrong side of the best line" in overlapping.message


def test_a_single_step_is_not_called_steps():
    lab = learn(learn(make(task="and")))
    assert lab.message.startswith("1 step: 4 of 4 right")


def test_descend_does_not_change_what_it_is_given():
    points, at = task("and"), np.array([1.0, 2.0, 3.0])
    descend(points.x, points.y, at, NEURON_ACTIVATIONS["tanh"], 1.0)
    assert at.tolist() == [1.0, 2.0, 3.0]


# The run as a thread


def test_one_run_at_a_time_and_stop_ends_it():
    lab = NeuronLab(learning_rate=0.01)
    assert lab.run() is True
    assert lab.run() is False
    assert "already" in lab.message
    lab.step()
    assert "already" in lab.message
    lab.stop()
    assert not animations() and "Stopped" in lab.message
    lab.stop()
    assert "Nothing is running" in lab.message


@pytest.mark.parametrize(
    "end", [NeuronLab.close, NeuronLab.reset, lambda lab: setattr(lab.controls.task, "value", "or")]
)
def test_closing_resetting_and_another_task_end_the_thread(end):
    lab = NeuronLab(learning_rate=0.01)
    lab.run()
    end(lab)
    assert not animations()
    assert lab.wait(0) is True


def test_what_fails_while_it_learns_is_said_and_raised(monkeypatch):
    lab = make()
    monkeypatch.setattr(lab, "_advance", lambda steps: 1 / 0)
    lab.run()
    with pytest.raises(ZeroDivisionError):
        lab.wait(10)
    assert "Please note" in lab._message.value and "division" in lab.message


def test_a_hand_that_moves_a_weight_while_it_learns_is_followed():
    lab = NeuronLab(task="or", learning_rate=0.01)
    lab.frame_seconds = 0.02
    lab.run()
    lab.controls.w1.value = 9.0
    lab.stop()
    assert lab.controls.w1.value > 8


@pytest.mark.parametrize("value", [-0.0, -1e-4, 1e-4])
def test_nothing_is_written_as_minus_zero(value):
    lab = make(w2=value, bias=value)
    assert "− 0.00" not in lab.sentence and "−0.00 " not in lab.sentence
    assert "− 0.00" not in lab.chart().panels[0].title


def test_reset_brings_back_the_opening_weights():
    lab = learn(make(w1=0.25, w2=-0.5, bias=2.0))
    lab.reset()
    assert [lab.controls[n].value for n in ("w1", "w2", "bias")] == [0.25, -0.5, 2.0]
    assert lab.summary() == make(w1=0.25, w2=-0.5, bias=2.0).summary()


# The challenge


def test_the_challenge_is_met_by_hand_and_not_by_learning():
    lab = make()
    assert lab.met() is False
    lab.controls.w1.value, lab.controls.w2.value, lab.controls.bias.value = 1.0, 1.0, -1.5
    assert lab.met() is True
    assert lab.summary().endswith("Challenge met.") and "✓ Challenge met" in lab._sentence.value
    lab = learn(make())
    assert "4 of 4" in lab.sentence and lab.met() is False and "by hand" in lab.message
    lab.reset()
    assert lab.met() is False


@pytest.mark.parametrize("detour", [("task", "or"), ("activation", "tanh")])
def test_learnt_weights_do_not_count_as_set_by_hand_after_a_detour(detour):
    lab = learn(make())
    name, opening = detour[0], lab.controls[detour[0]].value
    lab.controls[name].value = detour[1]
    lab.controls[name].value = opening
    assert "4 of 4" in lab.sentence and not lab.met()
    lab = NeuronLab.from_state(json.loads(json.dumps(lab.state())))
    assert not lab.met()
    for weight, value in (("w1", 1.0), ("w2", 1.0), ("bias", -1.5)):
        assert not lab.met()
        lab.controls[weight].value = value
    assert lab.met() and "of learning" not in lab.sentence


# Every control, every state, every wrong argument


def test_every_control_at_both_ends(shared):
    for control in map(shared.controls.__getitem__, shared.controls):
        opening = control.value
        ends = control.bounds[:2] if hasattr(control, "bounds") else control.options
        for end in ends:
            control.value = end[1] if isinstance(end, tuple) else end
            without_problem(shared)
        control.value = opening


@given(
    values=st.fixed_dictionaries(
        {
            "x1": shares,
            "x2": shares,
            "w1": st.sampled_from([-LIMIT, -0.0, 0.0, 1e-12, LIMIT]) | weights,
            "w2": st.sampled_from([-LIMIT, 0.0, LIMIT]) | weights,
            "bias": st.sampled_from([-LIMIT, 0.0, 0.5, LIMIT]) | weights,
            "activation": st.sampled_from(list(NEURON_ACTIVATIONS)),
            "task": st.sampled_from(list(TASK_LABELS)),
            "learning_rate": st.floats(0.01, 10),
        }
    ),
    steps=st.integers(0, 3),
)
@settings(max_examples=25)
def test_odd_combinations_raise_nothing(shared, values, steps):
    for name, value in values.items():
        shared.controls[name].value = value
    for _ in range(steps):
        shared.guard(shared.step)
    without_problem(shared)
    assert "nan" not in shared.sentence and "nan" not in shared.details()
    again = NeuronLab.from_state(json.loads(json.dumps(shared.state())))
    assert again.summary() == shared.summary() and again.details() == shared.details()
    again.close()


def test_the_state_remembers_learning_and_the_way_back():
    lab = make(task="or")
    lab.step()
    again = NeuronLab.from_state(json.loads(json.dumps(lab.state())))
    assert again.state() == lab.state()
    assert "after 1 step of learning" in again.sentence
    again.reset()
    assert again.controls.w1.value == 1.5


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"weight": 1}, "'weight'"),
        ({"activation": "sigmiod"}, "Did you mean 'sigmoid'"),
        ({"task": "nand"}, "Did you mean 'and'"),
        ({"w1": 11}, "w1 must be"),
        ({"w1": "1"}, "w1 must be"),
        ({"bias": float("nan")}, "bias must be"),
        ({"x1": np.zeros(2)}, "x1 must be"),
        ({"learning_rate": 0}, "learning_rate must be"),
        ({"challenge": 3}, "challenge must be"),
    ],
)
def test_wrong_arguments_are_named(values, words):
    with pytest.raises((TypeError, ValueError), match=re.escape(words)):
        NeuronLab(**values)


@pytest.mark.parametrize(
    "change",
    [
        {"updates": -1},
        {"updates": 1.5},
        {"from_learning": ["w3"]},
        {"from_learning": 3},
        {"last_step": [[1, 2, 3]]},
        {"last_step": "x"},
        {"opening": {"w1": 99, "w2": 0, "bias": 0}},
        {"opening": None},
        {"opening": {"w1": 1.0}},
        {"opening": [1.0, 2.0, 3.0]},
        {"lab": "ActivationLab"},
    ],
)
def test_a_damaged_state_is_refused(change):
    with pytest.raises((TypeError, ValueError)):
        NeuronLab.from_state({**make().state(), **change})


# What a notebook stores


def test_the_stored_form_has_a_picture_words_and_the_widget():
    lab = make()
    bundle, metadata = lab._repr_mimebundle_()
    assert {"text/plain", "image/png", "application/vnd.jupyter.widget-view+json"} <= set(bundle)
    assert base64.b64decode(bundle["image/png"]).startswith(b"\x89PNG")
    assert metadata["image/png"]["alt"] == lab.sentence
    assert bundle["text/plain"] == make()._repr_mimebundle_()[0]["text/plain"] == lab.summary()
    assert not re.search(r"0x[0-9a-f]{6}|/\w+/|\d\d:\d\d", bundle["text/plain"])
    assert lab.sentence in repr(lab)
    assert lab.figure().text_alternative == lab.sentence


def test_the_picture_has_no_number_that_is_none():
    for name in TASK_LABELS:
        lab = make(task=name, w1=0.0, w2=0.0)
        drawn = re.sub(r'href="data:[^"]*"', "", lab._picture.value)
        assert not re.search(r"\b(nan|inf)\b", drawn)
